// Package publish takes a trained model to its repository: it stages the
// image, measures it, has it judged, and only on an allow signs it and gives
// it its version tag. Whatever the outcome, evidence, verdict and attempt are
// left in the repository, so that a refusal cannot be forgotten. It refuses to
// move a version that is there.
package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/ledger"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Options say what is published, where to.
type Options struct {
	Dir string // the project's folder
	Ref string // repository:version
}

// Deps are what publishing needs of the world.
type Deps struct {
	Rules    gate.Rules
	Key      *sign.Key      // signs as evaluator and gate
	TSA      sign.Authority // nil: times are claimed
	IDKey    []byte
	Open     func(ref string) (*oci.Repository, oci.Reference, error)
	Getenv   func(string) string
	Now      func() time.Time
	Progress pack.Progress // may be nil
	Scorer   gate.Scorer   // runs predictions.command, where it is to be rescored
}

// Result is what came of it.
type Result struct {
	Report     *verdict.Report
	Repository string
	Digest     string // of the staged image
	Version    string // as asked for
	Tagged     bool   // the version tag is there
	Attempt    int    // sequence number in the chain
}

// Run publishes. A denial is a result, not an error.
func Run(ctx context.Context, d Deps, o Options) (*Result, error) {
	if d.Key == nil {
		return nil, fmt.Errorf("%w: publishing signs the verdict, and there is no key\nhint: make one with `weighlock keygen`, or name one with --key", gate.ErrUsage)
	}
	if d.Rules.Verifier == nil {
		return nil, fmt.Errorf("%w: publishing needs a verifier file, which says whose signatures count\nhint: `weighlock keygen` writes a first one; name it with --verifier", gate.ErrUsage)
	}
	p := &publication{Deps: d}
	w, err := gate.Opening{Dir: o.Dir, Rules: d.Rules, Getenv: d.Getenv, Progress: d.Progress, Stage: func(project *project.Project) (*oci.Repository, error) {
		return p.open(ctx, o.Ref, project.Name)
	}}.Open(ctx)
	if err != nil {
		return nil, err
	}
	p.w = w
	if err := p.stage(ctx); err != nil {
		return nil, err
	}
	if err := p.measure(ctx); err != nil {
		return nil, err
	}
	if err := p.judge(ctx); err != nil {
		return nil, err
	}
	return p.record(ctx)
}

// mayPublish refuses a key whose measures and verdicts nobody would believe,
// before anything is pushed: an entry by such a key would break the chain of
// attempts for all others.
func mayPublish(d Deps, model string) error {
	trust, err := sign.NewTrust(d.Rules.Verifier, sign.At(d.Rules.Now))
	if err != nil {
		return fmt.Errorf("verifier file %s: %w", d.Rules.Verifier.Path, err)
	}
	if err := trust.Lets(d.Key, model, "evaluator", "gate"); err != nil {
		return fmt.Errorf("%w\nhint: publish with the key that the verifier file gives the roles evaluator and gate; `weighlock gate` judges without one", err)
	}
	return nil
}

// publication is one publish under way.
type publication struct {
	Deps
	w        *gate.Workspace
	repo     *oci.Repository
	version  string
	taken    string // digest that has the version already, or empty
	image    *pack.Image
	measured *gate.Measured
	signed   [][]byte // bundles of the measures
	chain    *ledger.Chain
	state    *ledger.State
	decision *gate.Decision
}

// open finds out whether the model may be published under the reference, and
// where it is to be staged: nowhere, if the version is there already and it
// must be seen first whether this is it.
func (p *publication) open(ctx context.Context, text, model string) (*oci.Repository, error) {
	if err := mayPublish(p.Deps, model); err != nil {
		return nil, err
	}
	repo, ref, err := p.Open(text)
	if err != nil {
		return nil, err
	}
	p.repo, p.version = repo, ref.Tag
	if err := p.checkTarget(ref, model); err != nil {
		return nil, err
	}
	switch taken, err := repo.Resolve(ctx, p.version); {
	case errors.Is(err, oci.ErrNotFound):
		return repo, nil
	case err != nil:
		return nil, fmt.Errorf("looking for version %s: %w", p.version, err)
	default:
		p.taken = taken.Digest
		return nil, nil
	}
}

func (p *publication) checkTarget(ref oci.Reference, model string) error {
	switch {
	case ref.Digest != "":
		return fmt.Errorf("%w: %s names a digest; a publish gives a version\nhint: %s:1.0.0", gate.ErrUsage, p.repo, p.repo)
	case ref.Tag == "":
		return fmt.Errorf("%w: %s names no version\nhint: %s:1.0.0", gate.ErrUsage, p.repo, p.repo)
	case artifact.Internal(ref.Tag):
		return fmt.Errorf("%w: the tag %s is of a form that Weighlock keeps for itself\nhint: give a version, such as 1.0.0", gate.ErrUsage, ref.Tag)
	case p.repo.Name() != model:
		return fmt.Errorf("%w: the model is called %q, the repository %q\nhint: the repository's last path element must be the model's name", gate.ErrUsage, model, p.repo.Name())
	}
	if _, channel := p.Rules.Verifier.Channels[ref.Tag]; channel {
		return fmt.Errorf("%w: %q is a channel, not a version\nhint: give a version, such as 1.0.0; the verifier file says what a channel holds", gate.ErrUsage, ref.Tag)
	}
	return nil
}

// stage completes the image, untagged. A version that is there with other
// content is refused before anything is pushed.
func (p *publication) stage(ctx context.Context) (err error) {
	if p.image, err = p.w.Image(ctx); err != nil {
		return fmt.Errorf("staging the image: %w", err)
	}
	if p.taken == "" {
		return nil
	}
	if p.image.Descriptor.Digest != p.taken {
		return fmt.Errorf("%w: version %s is %s already, and this model is %s; versions never move\nhint: publish it under another version", gate.ErrUsage, p.version, artifact.Short(p.taken), artifact.Short(p.image.Descriptor.Digest))
	}
	// The image was only digested, and is there; what of it may be gone is pushed.
	if p.image, err = pack.Push(ctx, p.repo, p.w.Pack, p.Progress); err != nil {
		return fmt.Errorf("staging the image: %w", err)
	}
	return p.w.Holds(p.image)
}

// measure evaluates the staged digest and signs what was found.
func (p *publication) measure(ctx context.Context) error {
	open := func(ref string) (*oci.Repository, error) {
		repo, _, err := p.Open(ref)
		return repo, err
	}
	champion, err := gate.Champion(ctx, p.w.Spec, p.Rules.Verifier, p.Rules.Now, p.repo, open)
	if err != nil {
		return err
	}
	p.w.MayRescore(p.Scorer, func() (gate.Rules, error) { return p.Rules, nil })
	if p.measured, err = p.w.Measure(ctx, p.image.Descriptor.Digest, p.version, champion, p.IDKey); err != nil {
		return err
	}
	for _, s := range p.measured.Statements {
		b, err := p.Key.Sign(ctx, s, p.TSA)
		if err != nil {
			return fmt.Errorf("signing the %s: %w", s.Name(), err)
		}
		p.signed = append(p.signed, b)
	}
	return nil
}

func (p *publication) judge(ctx context.Context) error {
	trust, err := sign.NewTrust(p.Rules.Verifier, sign.At(p.Rules.Now))
	if err != nil {
		return err
	}
	p.chain = ledger.Attempts(p.repo)
	if p.state, err = p.chain.Read(ctx, trust); err != nil {
		return fmt.Errorf("attempts of %s: %w", p.repo, err)
	}
	p.decision, err = p.w.JudgeStaged(ctx, gate.Staged{
		Version: p.version, Repository: p.repo.Name(), Image: p.image.Descriptor.Digest,
		Predictions: p.measured.Result.Evaluation.Predictions.Digest,
		Signed:      p.signed,
		Attempts:    gate.CountAttempts(p.state, len(p.state.Entries), p.w.Spec.Test.Digest),
	}, p.Rules)
	return err
}

// record leaves the decision in the repository: on an allow the image's
// signature first, then evidence, verdict and summary, the attempt, and last
// the version tag, so that a tag never stands without what it rests on.
func (p *publication) record(ctx context.Context) (*Result, error) {
	r := p.decision.Report
	result := &Result{Report: r, Repository: p.repo.String(), Digest: p.image.Descriptor.Digest, Version: p.version}
	if r.Outcome == verdict.Allow {
		s, err := attest.NewSignature(attest.Of(Location(p.repo), p.image.Descriptor.Digest))
		if err != nil {
			return nil, err
		}
		if _, err := p.attach(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := p.pushEvidence(ctx); err != nil {
		return nil, err
	}
	bundle, err := p.pushVerdict(ctx)
	if err != nil {
		return nil, err
	}
	entry, err := p.appendAttempt(ctx, artifact.Digest(bundle))
	if err != nil {
		return nil, err
	}
	result.Attempt = entry.Sequence
	if r.ExitCode() != verdict.ExitOK {
		return result, nil
	}
	if err := p.repo.TagIfAbsent(ctx, p.image.Descriptor, p.version); err != nil {
		var taken *oci.ExistsError
		if !errors.As(err, &taken) || taken.Digest != p.image.Descriptor.Digest {
			return nil, fmt.Errorf("tagging %s: %w", p.version, err)
		}
	}
	result.Tagged = true
	return result, nil
}

// attach signs a statement about the image and attaches it.
func (p *publication) attach(ctx context.Context, s *attest.Statement) ([]byte, error) {
	b, err := p.Key.Sign(ctx, s, p.TSA)
	if err != nil {
		return nil, fmt.Errorf("signing the %s: %w", s.Name(), err)
	}
	return b, p.attachBundle(ctx, s.PredicateType, b)
}

func (p *publication) attachBundle(ctx context.Context, predicateType string, bundle []byte) error {
	_, err := Attach(ctx, p.repo, p.image.Descriptor, predicateType, bundle, p.Now())
	return err
}

// pushVerdict signs and attaches the verdict, and the SLSA summary of it.
func (p *publication) pushVerdict(ctx context.Context) ([]byte, error) {
	r := p.decision.Report
	about := []attest.Subject{attest.Of(p.w.Project.Name, r.Model.Digest)}
	s, err := attest.New("verdict", about, r)
	if err != nil {
		return nil, fmt.Errorf("stating the verdict: %w", err)
	}
	bundle, err := p.attach(ctx, s)
	if err != nil {
		return nil, err
	}
	summary, err := attest.NewVSA(about, p.summary())
	if err != nil {
		return nil, err
	}
	_, err = p.attach(ctx, summary)
	return bundle, err
}

// Location is a repository as a URI that says nothing of this machine.
func Location(repo *oci.Repository) string {
	if strings.HasPrefix(repo.String(), "oci:") {
		return "oci:" + repo.Name()
	}
	return "oci://" + repo.String()
}

func (p *publication) summary() attest.VSA {
	r := p.decision.Report
	v := attest.VSA{
		Verifier: p.Rules.Verifier.ID, Time: p.Rules.Now,
		Resource: Location(p.repo) + "@" + r.Model.Digest,
		Policy:   attest.Resource{URI: "https://weighlock.dev/policies/" + r.Level, Digest: map[string]string{"sha256": artifact.Hex(r.Policy)}},
		Passed:   r.Outcome == verdict.Allow,
	}
	if v.Verifier == "" {
		v.Verifier = "https://weighlock.dev/verifier"
	}
	if v.Passed {
		v.Levels = []string{"WEIGHLOCK_" + strings.ToUpper(r.Level)}
	}
	for _, s := range r.Sources {
		v.Inputs = append(v.Inputs, attest.Resource{Digest: map[string]string{"sha256": artifact.Hex(s.Digest)}})
	}
	return v
}

// appendAttempt adds this attempt to the repository's chain, after those that
// earlier publishes of this image were to add and did not live to.
func (p *publication) appendAttempt(ctx context.Context, bundle string) (ledger.Entry, error) {
	trust, err := sign.NewTrust(p.Rules.Verifier, sign.At(p.Rules.Now))
	if err != nil {
		return ledger.Entry{}, err
	}
	left, err := gate.Unrecorded(ctx, p.repo, p.w.Project.Name, p.image.Descriptor, trust, p.state)
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("looking for verdicts that no attempt records: %w", err)
	}
	for _, v := range left {
		if v.Digest == bundle {
			continue
		}
		if _, err := p.appendVerdict(ctx, trust, v.Report, v.Digest); err != nil {
			return ledger.Entry{}, err
		}
	}
	return p.appendVerdict(ctx, trust, p.decision.Report, bundle)
}

// appendVerdict adds an attempt that ended with a verdict.
func (p *publication) appendVerdict(ctx context.Context, trust *sign.Trust, r *verdict.Report, bundle string) (ledger.Entry, error) {
	about := attest.Of(p.w.Project.Name, r.Model.Digest)
	entry, _, err := p.chain.AppendRetry(ctx, trust, func(sequence int, previous string) ([]byte, error) {
		s, err := attest.New("attempt", []attest.Subject{about}, gate.Attempt{
			Model: r.Model, Repository: p.repo.Name(), Sequence: sequence, Previous: previous, Kind: "publish",
			Outcome: r.Outcome, Verdict: bundle, Spec: r.Spec, Data: p.w.Spec.Test.Digest,
			Time: p.Now().UTC().Truncate(time.Second).Format(time.RFC3339), Reasons: reasons(r),
		})
		if err != nil {
			return nil, err
		}
		return p.Key.Sign(ctx, s, p.TSA)
	})
	if err != nil {
		return entry, fmt.Errorf("recording the attempt: %w", err)
	}
	return entry, nil
}

func reasons(r *verdict.Report) []string {
	out := []string{}
	for _, c := range r.Checks {
		switch c.Status {
		case verdict.Fail, verdict.Undecided, verdict.Error:
			out = append(out, c.Rule+":"+c.Item)
		}
	}
	return out
}
