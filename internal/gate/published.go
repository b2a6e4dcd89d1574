package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/ledger"
	"github.com/weighlock/weighlock/internal/modelfile"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/schema"
)

// Published is everything in a repository that concerns one image, with
// signatures checked now.
type Published struct {
	Repo       *oci.Repository
	Image      oci.Descriptor
	Tag        string // as asked for; empty by digest
	Content    *pack.Content
	Spec       *project.Spec
	SpecDigest string
	Files      []ModelFile
	Evidence   []Evidence // what rules read
	Claim      *Claim     // what a tracker says of the model's origin
	Verdicts   []Verdict  // earlier ones, earliest first
	Ignored    []verdict.Ignored
	Gone       []catalog.Gone
	Chain      *ledger.State // of attempts
	summaries  []Evidence
	parameters map[string]any // that the project asks for
	trust      *sign.Trust
	rules      Rules
}

// Believes says whether there is a verifier file, so that any signature can
// count at all.
func (p *Published) Believes() bool { return p.trust != nil }

// All is every statement that counts: what rules read, and the verdicts and
// summaries that were made of it.
func (p *Published) All() []Evidence {
	all := slices.Concat(p.Evidence, p.summaries)
	for _, v := range p.Verdicts {
		all = append(all, v.Evidence)
	}
	slices.SortFunc(all, func(a, b Evidence) int { return compare(a.Name, b.Name, a.Digest, b.Digest) })
	return all
}

// Verdict is an earlier verdict on the image, signed by the gate's role.
type Verdict struct {
	Evidence
	Report *verdict.Report
}

// compare orders verdicts by trusted time, and those without one by the moment
// that they themselves name.
func (v Verdict) compare(other Verdict) int {
	return cmp.Or(v.Time.Compare(other.Time), cmp.Compare(v.Report.Now, other.Report.Now), cmp.Compare(v.Digest, other.Digest))
}

// OpenPublished reads the image behind a reference and all that is attached
// to it. The tag is resolved once.
func OpenPublished(ctx context.Context, repo *oci.Repository, ref oci.Reference, rules Rules) (*Published, error) {
	p := &Published{Repo: repo, Tag: ref.Tag, rules: rules}
	var err error
	if p.Image, err = Resolve(ctx, repo, ref); err != nil {
		return nil, err
	}
	if rules.Verifier != nil {
		if p.trust, err = sign.NewTrust(rules.Verifier, sign.At(rules.Now)); err != nil {
			return nil, fmt.Errorf("verifier file %s: %w", rules.Verifier.Path, err)
		}
	}
	if p.Content, err = pack.Open(ctx, repo, p.Image.Digest); err != nil {
		return nil, err
	}
	if err := p.readSpec(); err != nil {
		return nil, err
	}
	if err := p.readStatements(ctx); err != nil {
		return nil, err
	}
	if err := p.readChain(ctx); err != nil {
		return nil, err
	}
	return p, p.checkTag()
}

// Resolve finds the image behind a reference, once. A tag that leads to another
// digest than the one beside it is refused.
func Resolve(ctx context.Context, repo *oci.Repository, ref oci.Reference) (oci.Descriptor, error) {
	name := ref.Digest
	if name == "" {
		name = ref.Tag
	}
	if name == "" {
		return oci.Descriptor{}, fmt.Errorf("%w: %s names no version\nhint: add :VERSION or @sha256:…; `weighlock ls %s` lists them", ErrUsage, repo, repo)
	}
	d, err := repo.Resolve(ctx, name)
	if err != nil {
		return d, fmt.Errorf("resolving %s of %s: %w", name, repo, err)
	}
	if ref.Digest != "" && ref.Tag != "" {
		tagged, err := repo.Resolve(ctx, ref.Tag)
		if err != nil {
			return d, fmt.Errorf("resolving %s of %s: %w", ref.Tag, repo, err)
		}
		if tagged.Digest != d.Digest {
			return d, fmt.Errorf("%w: the tag %s of %s is %s, not %s", ErrIntegrity, ref.Tag, repo, artifact.Short(tagged.Digest), artifact.Short(d.Digest))
		}
	}
	return d, nil
}

func (p *Published) readSpec() error {
	text, err := p.Content.Metadata("spec.json")
	if err != nil {
		return fmt.Errorf("the image has no spec: %w", err)
	}
	if p.Spec, err = project.ParseSpec(text); err != nil {
		return fmt.Errorf("spec of the image: %w", err)
	}
	if p.SpecDigest, err = p.Spec.Digest(); err != nil {
		return err
	}
	switch text, err := p.Content.Metadata(parametersFile); {
	case errors.Is(err, pack.ErrNoFile):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(text, &p.parameters); err != nil {
			return fmt.Errorf("parameters of the image: %w", err)
		}
	}
	switch text, err := p.Content.Metadata(claimFile); {
	case errors.Is(err, pack.ErrNoFile):
	case err != nil:
		return err
	default:
		if p.Claim, err = parseClaim(text); err != nil {
			return fmt.Errorf("what the image claims of its run: %w", err)
		}
	}
	if p.Spec.Name != p.Repo.Name() {
		return fmt.Errorf("%w: the image is of the model %q, the repository of %q", ErrIntegrity, p.Spec.Name, p.Repo.Name())
	}
	return nil
}

// Verify reads every byte of the image against its digest. Opening reads only
// what it needs, so that listing a repository does not fetch its models.
func (p *Published) Verify(ctx context.Context) error {
	raw, _, err := p.Repo.Manifest(ctx, p.Image.Digest)
	if err != nil {
		return err
	}
	m, err := oci.ParseManifest(raw)
	if err != nil {
		return err
	}
	for _, d := range append([]oci.Descriptor{m.Config}, m.Layers...) {
		if err := readBlob(ctx, p.Repo, d); err != nil {
			return fmt.Errorf("image %s: %w", artifact.Short(p.Image.Digest), err)
		}
	}
	return p.Content.Verify()
}

func readBlob(ctx context.Context, repo *oci.Repository, d oci.Descriptor) error {
	rc, err := repo.Blob(ctx, d)
	if err != nil {
		return err
	}
	defer rc.Close()
	_, err = io.Copy(io.Discard, rc)
	return err
}

// Close lets go of what was fetched.
func (p *Published) Close() error { return p.Content.Close() }

// readFiles verifies the image and looks at what each of its files is.
func (p *Published) readFiles(ctx context.Context) error {
	if err := p.Verify(ctx); err != nil {
		return err
	}
	p.Files = nil
	for _, f := range p.Content.Files {
		m, err := p.inspect(ctx, f)
		if err != nil {
			return err
		}
		p.Files = append(p.Files, *m)
	}
	return complete(p.Files, p.Spec, func(path string) (io.ReaderAt, io.Closer, error) {
		r, _, err := p.Content.OpenFile(path)
		return r, io.NopCloser(nil), err
	})
}

func (p *Published) inspect(ctx context.Context, f pack.FileInfo) (*ModelFile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, size, err := p.Content.OpenFile(f.Path)
	if err != nil {
		return nil, err
	}
	found := modelfile.Inspect(f.Path, r, size, nil)
	return &ModelFile{
		ID: f.Path, Digest: f.Digest, Size: f.Size, Role: f.Role,
		Format: found.Format, Status: found.Status, Findings: list(found.Findings),
	}, nil
}

func (p *Published) readStatements(ctx context.Context) error {
	attached, gone, err := catalog.Bundles(ctx, p.Repo, p.Image.Digest)
	if err != nil {
		return err
	}
	p.Gone = gone
	admitted, ignored, err := Admit(p.trust, p.Spec.Name, raw(attached))
	if err != nil {
		return err
	}
	p.Ignored = ignored
	for _, e := range admitted {
		switch e.Name {
		case "verdict":
			if err := p.addVerdict(e); err != nil {
				return err
			}
		case "vsa":
			p.summaries = append(p.summaries, e)
		case "attempt":
		default:
			p.Evidence = append(p.Evidence, e)
		}
	}
	if err := p.ignoreForeign(); err != nil {
		return err
	}
	slices.SortFunc(p.Verdicts, Verdict.compare)
	return nil
}

// ignoreForeign sets aside what is attached here and is about something else:
// anybody who can push can attach one image's evidence to another. Specs are
// about themselves, and what else concerns the image names it, all of its
// files, or the predictions that were evaluated.
func (p *Published) ignoreForeign() error {
	var files, predictions []string
	for _, f := range p.Content.Files {
		files = append(files, f.Digest)
	}
	for _, e := range of(p.Evidence, "evaluation") {
		var ev evaluate.Evaluation
		if err := json.Unmarshal(e.Statement.Predicate, &ev); err != nil {
			return fmt.Errorf("evaluation %s: %w", artifact.Short(e.Digest), err)
		}
		if e.Statement.About(p.Image.Digest) {
			predictions = append(predictions, ev.Predictions.Digest)
		}
	}
	foreign := func(e Evidence) bool {
		if e.Name == "spec" || e.Statement.About(p.Image.Digest) || covers(e, files) || slices.ContainsFunc(predictions, e.Statement.About) {
			return false
		}
		p.Ignored = append(p.Ignored, verdict.Ignored{Digest: e.Digest, Type: e.Name, Reason: "it is about another image"})
		return true
	}
	p.Evidence = slices.DeleteFunc(p.Evidence, foreign)
	p.summaries = slices.DeleteFunc(p.summaries, foreign)
	slices.SortFunc(p.Ignored, func(a, b verdict.Ignored) int { return compare(a.Digest, b.Digest) })
	return nil
}

func (p *Published) addVerdict(e Evidence) error {
	if !e.Statement.About(p.Image.Digest) {
		p.Ignored = append(p.Ignored, verdict.Ignored{Digest: e.Digest, Type: e.Name, Reason: "it is about another image"})
		return nil
	}
	var r verdict.Report
	if err := json.Unmarshal(e.Statement.Predicate, &r); err != nil {
		return fmt.Errorf("verdict %s: %w", artifact.Short(e.Digest), err)
	}
	p.Verdicts = append(p.Verdicts, Verdict{Evidence: e, Report: &r})
	return nil
}

// readChain reads the attempts of the repository. Each verdict knows how many
// came before it and was followed by its own, so a chain that is shorter than
// that has been cut.
//
// A publish may die between its verdict and its attempt. Where that was of an
// image that is published already, and the verdict an allow, it is set aside:
// what was recorded before stands as it did. A refusal is never set aside, or
// whoever cuts off the attempt that recorded it would have it forgotten, and
// where another attempt took its place it is an error: Unrecorded finds it, and
// the next publish of the image records it.
func (p *Published) readChain(ctx context.Context) error {
	p.Chain = &ledger.State{}
	if p.trust == nil {
		return nil
	}
	chain := ledger.Attempts(p.Repo)
	least := 0
	for _, v := range p.Verdicts {
		chain.Least = max(chain.Least, v.Report.Attempts.Count)
		least = chain.Least + 1
	}
	var err error
	if p.Chain, err = chain.Read(ctx, p.trust); err != nil {
		return fmt.Errorf("attempts of %s: %w", p.Repo, err)
	}
	if recorded := p.recorded(); recorded != nil && p.onlyAllows(recorded) {
		p.setAside(recorded)
		return nil
	}
	if chain.Least = least; len(p.Chain.Entries) < least {
		if _, err = chain.Read(ctx, p.trust); err != nil { // which says so, unless it has grown
			return fmt.Errorf("attempts of %s: %w", p.Repo, err)
		}
	}
	if left := unrecorded(p.Verdicts, p.Chain, p.Image.Digest); len(left) > 0 {
		return fmt.Errorf("%w: the verdict %s on %s is %q, and no attempt in %s records it\nhint: either a publish was killed or an attempt was taken away; publishing the same model again records it",
			ErrIntegrity, artifact.Short(left[0].Digest), artifact.Short(p.Image.Digest), left[0].Report.Outcome, p.Repo)
	}
	return nil
}

// Unrecorded are the refusals of an image that no entry of the chain names,
// earliest first: a publish leaves one that dies between its verdict and its
// attempt.
func Unrecorded(ctx context.Context, repo *oci.Repository, model string, image oci.Descriptor, trust *sign.Trust, chain *ledger.State) ([]Verdict, error) {
	attached, gone, err := catalog.Bundles(ctx, repo, image.Digest)
	if err != nil {
		return nil, err
	}
	for _, g := range gone {
		if name, _ := artifact.PredicateName(g.Claim); name == "verdict" {
			return nil, fmt.Errorf("%w: the verdict %s on %s is listed in %s and cannot be read\nhint: whoever keeps that repository may bring it back; publishing over it would hide what it said", ErrIntegrity, artifact.Short(g.Manifest), artifact.Short(image.Digest), repo)
		}
	}
	admitted, _, err := Admit(trust, model, raw(attached))
	if err != nil {
		return nil, err
	}
	p := &Published{Image: image}
	for _, e := range of(admitted, "verdict") {
		if err := p.addVerdict(e); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(p.Verdicts, Verdict.compare)
	return unrecorded(p.Verdicts, chain, image.Digest), nil
}

func unrecorded(verdicts []Verdict, chain *ledger.State, image string) []Verdict {
	named := attempted(chain, image)
	return slices.DeleteFunc(slices.Clone(verdicts), func(v Verdict) bool {
		return named[v.Digest] || v.Report.Outcome == verdict.Allow
	})
}

// attempted are the digests of the verdicts on an image that a chain names.
func attempted(chain *ledger.State, image string) map[string]bool {
	named := map[string]bool{}
	for _, e := range chain.Entries {
		if a, err := ReadAttempt(e); err == nil && a.Model.Digest == image {
			named[a.Verdict] = true
		}
	}
	return named
}

// recorded are the digests of the verdicts that the chain names for this
// image and that are attached to it; nil where there is none.
func (p *Published) recorded() map[string]bool {
	named := attempted(p.Chain, p.Image.Digest)
	var found map[string]bool
	for _, v := range p.Verdicts {
		if !named[v.Digest] {
			continue
		}
		if found == nil {
			found = map[string]bool{}
		}
		found[v.Digest] = true
	}
	return found
}

// onlyAllows says whether every verdict that is not recorded is an allow.
func (p *Published) onlyAllows(recorded map[string]bool) bool {
	return !slices.ContainsFunc(p.Verdicts, func(v Verdict) bool {
		return !recorded[v.Digest] && v.Report.Outcome != verdict.Allow
	})
}

// setAside leaves the verdicts that the chain records.
func (p *Published) setAside(recorded map[string]bool) {
	p.Verdicts = slices.DeleteFunc(p.Verdicts, func(v Verdict) bool {
		if recorded[v.Digest] {
			return false
		}
		p.Ignored = append(p.Ignored, verdict.Ignored{Digest: v.Digest, Type: v.Name, Reason: "no attempt in the chain names it: its publish did not come to its end"})
		return true
	})
	slices.SortFunc(p.Ignored, func(a, b verdict.Ignored) int { return compare(a.Digest, b.Digest) })
}

// checkTag refuses a version tag that has been moved to an image whose
// verdicts, or whose entries in the chain of attempts, are about other
// versions.
func (p *Published) checkTag() error {
	versions := p.versions()
	if p.Tag == "" || len(versions) == 0 || slices.Contains(versions, p.Tag) || slices.Contains(versions, "") {
		return nil
	}
	if p.rules.Verifier != nil {
		if _, channel := p.rules.Verifier.Channels[p.Tag]; channel {
			return nil
		}
	}
	return fmt.Errorf("%w: the tag %s of %s leads to %s, which was judged as version %s", ErrIntegrity, p.Tag, p.Repo, artifact.Short(p.Image.Digest), versions[len(versions)-1])
}

// versions are those that the image was judged as: what the chain of attempts
// says, then what the verdicts that are attached say.
func (p *Published) versions() (all []string) {
	for _, e := range p.Chain.Entries {
		if a, err := ReadAttempt(e); err == nil && a.Model.Digest == p.Image.Digest {
			all = append(all, a.Model.Version)
		}
	}
	for _, v := range p.Verdicts {
		all = append(all, v.Report.Model.Version)
	}
	return all
}

// Judge judges the image by what is attached to it. It evaluates nothing
// anew: what is not there is missing.
func (p *Published) Judge(ctx context.Context) (*Decision, error) {
	if err := p.readFiles(ctx); err != nil {
		return nil, err
	}
	missing, err := p.missing(ctx)
	if err != nil {
		return nil, err
	}
	q := p.question()
	q.Missing = missing
	return Decide(ctx, *q)
}

func (p *Published) question() *Question {
	q := &Question{
		Command: "gate", Published: true, Version: p.Tag, Repository: p.Repo.Name(),
		Model: Model{Name: p.Spec.Name, Task: p.Spec.Task, Digest: p.Image.Digest, Files: p.Files},
		Spec:  p.Spec, SpecDigest: p.SpecDigest,
		Evidence: slices.Clone(p.Evidence), Claim: p.Claim, Ignored: slices.Clone(p.Ignored),
		Attempts: p.attempts(len(p.Chain.Entries)),
		Verifier: p.rules.Verifier, Trust: p.trust, Policy: p.rules.Policy,
		Level: p.rules.Level, Now: p.rules.Now, Engine: p.rules.Engine,
		Locate: p.locate(), Tighten: p.parameters,
	}
	if e, err := q.current("evaluation"); err == nil && e != nil {
		var ev evaluate.Evaluation
		if json.Unmarshal(e.Statement.Predicate, &ev) == nil {
			q.Predictions = ev.Predictions.Digest
		}
	}
	return q
}

// missing lists what earlier verdicts on this image, or the chain of
// attempts, name and what cannot be read any more.
func (p *Published) missing(ctx context.Context) ([]Missing, error) {
	present := map[string]bool{}
	for _, e := range p.Evidence {
		present[e.Digest] = true
	}
	for _, v := range p.Verdicts {
		present[v.Digest] = true
	}
	files, err := catalog.Files(ctx, p.Repo, p.Image.Digest)
	if err != nil {
		return nil, err
	}
	out := []Missing{}
	need := func(kind, digest string, file bool) error {
		if digest == "" || present[digest] {
			return nil
		}
		if file {
			ok, err := catalog.HasFile(ctx, p.Repo, files, digest)
			if err != nil {
				return err
			}
			if ok {
				present[digest] = true
				return nil
			}
		}
		present[digest] = true // named once is enough
		out = append(out, Missing{Type: kind, Digest: digest})
		return nil
	}
	for _, g := range p.Gone {
		name, ok := artifact.PredicateName(g.Claim)
		if !ok {
			name = "statement"
		}
		if err := need(name, g.Manifest, false); err != nil {
			return nil, err
		}
	}
	for _, v := range p.Verdicts {
		if err := p.named(v, need); err != nil {
			return nil, err
		}
	}
	if len(p.Verdicts) > 0 {
		kept, err := catalog.HasSpec(ctx, p.Repo, p.SpecDigest)
		if err != nil {
			return nil, err
		}
		if !kept {
			out = append(out, Missing{Type: "committed spec", Digest: p.SpecDigest})
		}
	}
	if err := p.chained(need); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Missing) int { return compare(a.Type, b.Type, a.Digest, b.Digest) })
	return out, nil
}

// named asks for everything that a verdict rests on.
func (p *Published) named(v Verdict, need func(kind, digest string, file bool) error) error {
	for _, s := range v.Report.Sources {
		if err := need(s.Type, s.Digest, false); err != nil {
			return err
		}
	}
	r := v.Report
	pieces := []Missing{{"input", r.Input}, {"policy", r.Policy}, {"parameters", r.Parameters}, {"verifier", r.Verifier}}
	for _, e := range of(p.Evidence, "evaluation") {
		var ev evaluate.Evaluation
		if err := json.Unmarshal(e.Statement.Predicate, &ev); err != nil {
			return fmt.Errorf("evaluation %s: %w", artifact.Short(e.Digest), err)
		}
		pieces = append(pieces, Missing{"stored predictions", ev.Predictions.Stored})
		if ev.Training != nil {
			pieces = append(pieces, Missing{"stored training ids", ev.Training.Stored})
		}
	}
	for _, m := range pieces {
		if err := need(m.Type, m.Digest, true); err != nil {
			return err
		}
	}
	return nil
}

// chained asks for the verdicts that the chain of attempts names for this
// image. An image that a gate has signed was published, so the chain must have
// an entry about it: else verdicts and chain were taken away together.
func (p *Published) chained(need func(kind, digest string, file bool) error) error {
	published := false
	for _, e := range p.Chain.Entries {
		a, err := ReadAttempt(e)
		if err != nil || a.Model.Digest != p.Image.Digest {
			continue
		}
		published = true
		if err := need("verdict", a.Verdict, false); err != nil {
			return err
		}
	}
	if !published && len(of(p.Evidence, "sign")) > 0 {
		return need("attempt", p.Image.Digest, false)
	}
	return nil
}

// attempts counts the first n entries of the chain.
func (p *Published) attempts(n int) Attempts {
	if p.trust == nil {
		return Attempts{}
	}
	return CountAttempts(p.Chain, n, p.Spec.Test.Digest)
}

// locate finds paths in the project file that the image carries, or what is
// nearest to them, as Project.Location does: a replay names the same places.
func (p *Published) locate() func(string) *verdict.Location {
	for _, name := range project.FileNames() {
		text, err := p.Content.Metadata(name)
		if err != nil {
			continue
		}
		doc, err := schema.Decode("project", name, text)
		if err != nil {
			return nil
		}
		return func(path string) *verdict.Location {
			line, col, _ := doc.Position(path)
			return &verdict.Location{File: name, Line: line, Col: col}
		}
	}
	return nil
}

// Attempt is one entry of the attempts chain (schema/predicate/attempt/v1).
type Attempt struct {
	Model      verdict.Model   `json:"model"`
	Repository string          `json:"repository"`
	Sequence   int             `json:"sequence"`
	Previous   string          `json:"previous,omitempty"`
	Kind       string          `json:"kind"`
	Outcome    verdict.Outcome `json:"outcome"`
	Verdict    string          `json:"verdict,omitempty"`
	Spec       string          `json:"spec"`
	Data       string          `json:"data"`
	Time       string          `json:"time"`
	Reasons    []string        `json:"reasons"`
}

// Refused lists what was tried to publish in a repository and has no version
// there, by the verified chain of attempts, earliest first. Without a verifier
// file nobody is believed, and none is known.
func Refused(ctx context.Context, repo *oci.Repository, rules Rules, versions map[string]bool) ([]Attempt, error) {
	if rules.Verifier == nil {
		return nil, nil
	}
	trust, err := sign.NewTrust(rules.Verifier, sign.At(rules.Now))
	if err != nil {
		return nil, fmt.Errorf("verifier file %s: %w", rules.Verifier.Path, err)
	}
	chain, err := ledger.Attempts(repo).Read(ctx, trust)
	if err != nil {
		return nil, fmt.Errorf("attempts of %s: %w", repo, err)
	}
	var refused []Attempt
	for _, e := range chain.Entries {
		a, err := ReadAttempt(e)
		if err != nil || a.Kind != "publish" || versions[a.Model.Version] {
			continue
		}
		refused = append(refused, *a)
	}
	return refused, nil
}

// ReadAttempt reads the attempt out of a verified entry.
func ReadAttempt(e ledger.Entry) (*Attempt, error) {
	if e.Verified == nil || e.Verified.Statement.PredicateType != artifact.PredicateType("attempt") {
		return nil, fmt.Errorf("%w: entry %d of the attempts is not an attempt", ErrIntegrity, e.Sequence)
	}
	var a Attempt
	if err := json.Unmarshal(e.Verified.Statement.Predicate, &a); err != nil {
		return nil, fmt.Errorf("entry %d of the attempts: %w", e.Sequence, err)
	}
	return &a, nil
}

// CountAttempts counts, over the first n entries of a chain, all attempts and
// denials, and on one evaluation set the different specs and the looks.
func CountAttempts(s *ledger.State, n int, data string) Attempts {
	var (
		out   = Attempts{Counted: true}
		specs = map[string]bool{}
	)
	for _, e := range s.Entries[:min(n, len(s.Entries))] {
		out.Count++
		out.Head = e.Manifest
		a, err := ReadAttempt(e)
		if err != nil {
			continue // withdrawals and incidents share the chain
		}
		if a.Outcome != verdict.Allow {
			out.Denials++
		}
		if a.Data == data {
			out.Looks++
			specs[a.Spec] = true
		}
	}
	out.Specs = len(specs)
	return out
}
