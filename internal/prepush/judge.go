package prepush

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/schema"
)

// judge gates folders of one repository.
type judge struct {
	Deps
	repo      *Repository
	cache     *cache
	contrasts map[string]*contrast
}

// kept looks for a verdict from before.
func (j *judge) kept(m *Model, f folder) bool {
	e, ok := j.cache.find(m.Path, j.Key)
	if ok {
		m.Kept = &e.Kept
		m.Differ, m.Unpushed = apart(f, &e.Basis, j.contrasts)
	}
	return ok
}

// judge gives a folder its verdict now, and keeps it where it allows. What it
// rests on is noted before judging and compared afterwards, so that a file
// which changes meanwhile never stands under a verdict on another.
func (j *judge) judge(ctx context.Context, m Model, f folder) Model {
	p, err := project.Load(m.Path)
	if err != nil {
		m.Err = err
		return m
	}
	rules, err := j.Rules()
	if err != nil {
		m.Err = err
		return m
	}
	m.Observe = observes(rules, p.Mode)
	now, unkept := j.cache.now()
	b, err := take(p, now)
	if err == nil {
		m.Differ, m.Unpushed = apart(f, b, j.contrasts)
	}
	decision, judging := gate.JudgeFolder(ctx, gate.Folder{Dir: m.Path, Rules: rules, Getenv: j.Getenv, Open: layoutsOnly})
	if judging != nil {
		m.Err = judging
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			m.Err = ErrDeadline
		}
		return m
	}
	m.Report = decision.Report
	m.Beyond = beyond(m.Report)
	k, allowed := keep(m.Report)
	if allowed && err != nil {
		m.Unkept = err
	}
	if !allowed || !j.Key.known() || err != nil || elsewhere(p, rules) || !b.untouched(m.Path) {
		return m
	}
	if unkept == nil {
		unkept = j.cache.save(entry{Dir: m.Path, Key: j.Key, Basis: *b, Kept: k})
	}
	m.Unkept = unkept
	return m
}

// elsewhere says whether a verdict rests on a champion in a repository of its
// own, which no basis covers.
func elsewhere(p *project.Project, rules gate.Rules) bool {
	if p.SpecPart == nil || p.SpecPart.Champion == nil || rules.Verifier == nil {
		return false
	}
	return rules.Verifier.Channels[p.SpecPart.Champion.Channel].Repository != ""
}

// layoutsOnly opens a champion's repository if it is a folder on disk. One in
// a registry is not there for a hook; the rules then see no comparison.
func layoutsOnly(ref string) (*oci.Repository, error) {
	if !strings.HasPrefix(ref, "oci:") {
		return nil, nil
	}
	repo, _, err := oci.Open(ref, oci.Options{Transport: noNetwork{}})
	return repo, err
}

type noNetwork struct{}

func (noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("the hook asks nobody over the network, so not %s", r.URL.Host)
}

// observes says in which mode a folder is, for one without a verdict. What
// cannot be read enforces.
func (j *judge) observes(dir string) bool {
	p, err := project.Load(dir)
	if err != nil {
		return false
	}
	rules, err := j.Rules()
	return err == nil && observes(rules, p.Mode)
}

// observesPushed is observes of a project file that only the push holds.
func (j *judge) observesPushed(ctx context.Context, f folder) bool {
	rules, err := j.Rules()
	if err != nil {
		return false
	}
	for _, tip := range f.tips {
		if !observes(rules, j.modeIn(ctx, tip, f.dir)) {
			return false
		}
	}
	return true
}

func (j *judge) modeIn(ctx context.Context, tip, dir string) string {
	for _, name := range project.FileNames() {
		text, err := j.repo.git(ctx, nil, "cat-file", "blob", tip+":"+path.Join(dir, name))
		if err != nil {
			continue
		}
		d, err := schema.Decode("project", name, text)
		if err != nil {
			return verdict.ModeEnforce
		}
		var p struct {
			Mode string `json:"mode"`
		}
		if json.Unmarshal(d.JSON(), &p) != nil {
			return verdict.ModeEnforce
		}
		return p.Mode
	}
	return verdict.ModeEnforce
}

// observes is the verifier file's word where there is one, else the project's.
func observes(rules gate.Rules, mode string) bool {
	if rules.Verifier != nil && rules.Verifier.Mode != "" {
		mode = rules.Verifier.Mode
	}
	return mode == verdict.ModeObserve
}

// outOfReach says, of rules whose evidence a hook may not have, who has it.
var outOfReach = map[string]string{
	"evaluation/champion":  "the champion's predictions lie in a registry, which a hook does not ask: `weighlock gate --repository REF` compares with it here, and CI does",
	"spec/before_training": signed,
	"lineage/pinned":       signed,
	"predictions/bound":    signed,
	"trust/single_signer":  signed,
	"trust/image_signed":   "the image is signed when it is published, and by whoever publishes it: in most teams only CI can",
}

const signed = "this rests on statements that `weighlock run` signs while it watches a training, and leaves in .weighlock beside the project file: train here under it, or, where CI trains and signs, only CI has them"

// beyond explains the checks of a report that lack evidence which may be out
// of a hook's reach: each reason once, after the rules that it is about.
func beyond(r *verdict.Report) []string {
	var reasons []string
	about := map[string][]string{}
	for _, c := range r.Checks {
		why, ok := outOfReach[c.Rule]
		lacks := c.Status == verdict.Undecided || c.Status == verdict.Fail && c.Rule == "trust/single_signer" && r.Signing == "unsigned"
		if !lacks || !ok || slices.Contains(about[why], c.Rule) {
			continue
		}
		if about[why] == nil {
			reasons = append(reasons, why)
		}
		about[why] = append(about[why], c.Rule)
	}
	for i, why := range reasons {
		reasons[i] = strings.Join(about[why], ", ") + ": " + why
	}
	return reasons
}
