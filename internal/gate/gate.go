// Package gate decides whether a model may pass. It gathers statements and
// files, verifies them against the verifier file, builds the one input
// document that rules read, and lets the policy engine judge it. What is
// missing stays missing in that document: the gate fills no gap and takes no
// default for evidence. It writes nothing; signing and pushing a verdict are
// internal/publish's.
package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/internal/verifier"
)

// Errors that decide an exit status.
var (
	// ErrIntegrity: a pinned digest, a signature or a statement does not hold.
	ErrIntegrity = errors.New("integrity")
	// ErrUsage: the question itself cannot be asked so.
	ErrUsage = errors.New("usage")
)

// Question is everything that a decision rests on, gathered and verified.
type Question struct {
	Command    string // gate, publish or replay
	Published  bool   // judged as it lies in a registry
	Model      Model
	Version    string
	Repository string // last path element; empty where there is none

	Spec       *project.Spec
	SpecDigest string
	// Predictions is the digest of the file that was evaluated.
	Predictions string

	Evidence []Evidence
	Claim    *Claim // what a tracker says of the model's origin; nil where none does
	Ignored  []verdict.Ignored
	Missing  []Missing
	Attempts Attempts

	Verifier *verifier.File // nil: self-declared
	Trust    *sign.Trust    // made from Verifier; nil with it
	Level    string         // that the project or the caller asks for
	Mode     string
	Policy   *policy.Bundle
	Tighten  map[string]any // parameters that the project asks for beside the verifier file's
	Now      time.Time
	Engine   verdict.Engine
	// Locate finds a path of the project file, for reports; may be nil.
	Locate func(path string) *verdict.Location
}

// Model is what is judged.
type Model struct {
	Name, Task, Digest string
	Files              []ModelFile
}

// Decision is a report with the exact bytes that it was made from, so that it
// can be replayed.
type Decision struct {
	Report     *verdict.Report
	Input      []byte // canonical JSON, schema input
	Archive    []byte // the policy, as a deterministic OPA bundle
	Parameters []byte // canonical JSON
	Verifier   []byte // canonical JSON; nil where self-declared
}

// Decide judges a question. An error means that there is no verdict; it never
// means that the model may pass.
func Decide(ctx context.Context, q Question) (*Decision, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	level, mode := q.level(), q.mode()
	input, err := q.input(level)
	if err != nil {
		return nil, fmt.Errorf("building the input of the rules: %w", err)
	}
	d := &Decision{}
	if d.Input, err = canonical.Marshal(input); err != nil {
		return nil, fmt.Errorf("writing the input of the rules: %w", err)
	}
	options, values, err := q.values(level)
	if err != nil {
		return nil, err
	}
	if d.Parameters, err = canonical.Marshal(values); err != nil {
		return nil, fmt.Errorf("writing the policy's parameters: %w", err)
	}
	if d.Archive, err = q.Policy.Archive(); err != nil {
		return nil, fmt.Errorf("writing the policy's bundle: %w", err)
	}
	checks, err := q.Policy.Evaluate(ctx, d.Input, options)
	if err != nil {
		return nil, fmt.Errorf("evaluating the policy: %w", err)
	}
	verdict.Sort(checks)
	q.locate(checks, input)
	d.Report = &verdict.Report{
		Model:      verdict.Model{Name: q.Model.Name, Digest: q.Model.Digest, Version: q.Version},
		Outcome:    verdict.Decide(checks),
		Level:      level,
		Mode:       mode,
		Standing:   q.standing(),
		Signing:    input.Context.Signing,
		Now:        stamp(q.Now),
		Spec:       q.SpecDigest,
		Input:      artifact.Digest(d.Input),
		Policy:     artifact.Digest(d.Archive),
		Parameters: artifact.Digest(d.Parameters),
		Checks:     checks,
		Sources:    Sources(q.Evidence),
		Ignored:    append([]verdict.Ignored{}, q.Ignored...),
		Attempts:   verdict.Attempts{Count: q.Attempts.Count, Denials: q.Attempts.Denials, Head: q.Attempts.Head},
		Engine:     q.Engine,
	}
	if q.Verifier != nil {
		d.Verifier = q.Verifier.Canonical()
		d.Report.Verifier = artifact.Digest(d.Verifier)
	}
	if d.Report.Outcome == verdict.Allow {
		d.Report.Expires = stamp(q.Now.AddDate(0, 0, q.allowDays()))
	}
	return d, nil
}

func (q *Question) check() error {
	switch {
	case q.Model.Name == "" || !artifact.ValidDigest(q.Model.Digest):
		return errors.New("no model to judge: name or digest is missing")
	case len(q.Model.Files) == 0:
		return errors.New("no model to judge: it has no files")
	case q.Spec == nil || !artifact.ValidDigest(q.SpecDigest):
		return errors.New("no spec to judge by")
	case q.Policy == nil:
		return errors.New("no policy to judge with")
	case q.Now.IsZero():
		return errors.New("no moment to judge at")
	}
	for _, level := range q.asked() {
		if !slices.Contains(levels, level) {
			return fmt.Errorf("level %q is not known, so nothing is judged by it\nhint: one of %v", level, levels)
		}
	}
	return nil
}

// asked are the levels that anybody asks for.
func (q *Question) asked() []string {
	asked := []string{q.Level, q.Spec.Level}
	if q.Verifier != nil {
		asked = append(asked, q.Verifier.Level)
	}
	return slices.DeleteFunc(asked, func(level string) bool { return level == "" })
}

var levels = []string{"start", "release", "regulated"}

// level is the strictest that anybody asks for.
func (q *Question) level() string {
	most := 0
	for _, l := range q.asked() {
		most = max(most, slices.Index(levels, l))
	}
	return levels[most]
}

// mode is the verifier file's where it has one, else the project's.
func (q *Question) mode() string {
	if q.Verifier != nil && q.Verifier.Mode != "" {
		return q.Verifier.Mode
	}
	if q.Mode == verdict.ModeObserve {
		return verdict.ModeObserve
	}
	return verdict.ModeEnforce
}

func (q *Question) standing() string {
	if q.Verifier == nil {
		return verdict.StandingSelfDeclared
	}
	return verdict.StandingTrusted
}

const defaultAllowDays = 30

func (q *Question) allowDays() int {
	if q.Verifier != nil && q.Verifier.AllowDays > 0 {
		return q.Verifier.AllowDays
	}
	return defaultAllowDays
}

// values are what rules read at a level, and the options that make them so:
// the policy's own, the verifier file's in their place, and of what the project
// asks for whatever is stricter.
func (q *Question) values(level string) (policy.Options, map[string]any, error) {
	options := policy.Options{Level: level, Parameters: q.parameters()}
	values, err := q.Policy.Parameters(options)
	if err != nil {
		return options, nil, fmt.Errorf("reading the policy's parameters: %w", err)
	}
	stricter, err := q.withRescoring(level, values)
	if err != nil {
		return options, nil, err
	}
	if len(q.Tighten) > 0 {
		if stricter, err = tighten(stricter, q.Tighten); err != nil {
			return options, nil, err
		}
	}
	if reflect.DeepEqual(values, stricter) {
		return options, values, nil
	}
	options.Parameters = stricter
	if values, err = q.Policy.Parameters(options); err != nil {
		return options, nil, fmt.Errorf("%w: policy.parameters: %w", ErrUsage, err)
	}
	return options, values, nil
}

// parameters are the verifier file's overrides of values that rules read.
func (q *Question) parameters() map[string]any {
	values := map[string]any{}
	if q.Verifier == nil {
		return values
	}
	for name, v := range q.Verifier.Parameters {
		values[name] = v
	}
	if len(q.Verifier.Formats) > 0 {
		values["allowed_formats"] = q.Verifier.Formats
	}
	if q.Verifier.Least != nil {
		values["least"] = q.Verifier.Least
	}
	return values
}

// locate gives each check the place in the project file that its limit comes
// from, or that its rule says.
func (q *Question) locate(checks []verdict.Check, in *Input) {
	if q.Locate == nil {
		return
	}
	paths := in.paths()
	for i := range checks {
		if path := cmp.Or(checks[i].Place, paths[checks[i].Item]); path != "" {
			checks[i].Location = q.Locate(path)
		}
	}
}

// Sources lists evidence as reports name it.
func Sources(evidence []Evidence) []verdict.Source {
	list := make([]verdict.Source, 0, len(evidence))
	for _, e := range evidence {
		s := verdict.Source{Type: e.Name, Digest: e.Digest, Signer: e.Signer, Roles: e.Roles, Trusted: e.Trusted}
		if !e.Time.IsZero() {
			s.Time = stamp(e.Time)
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b verdict.Source) int {
		return compare(a.Type, b.Type, a.Digest, b.Digest)
	})
	return list
}

// stamp is a moment as every document writes it: UTC, whole seconds.
func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
