// Package capture watches a training run, behind `weighlock run -- CMD`: it
// signs the spec, records the start, runs the command untouched, and signs
// what came of it: the run, its lineage, and the predictions that the model
// makes on the evaluation rows without their labels. Everything is kept in the
// local layout beside the project file; a run that is killed leaves what was
// there before. It refuses to record what it did not see: a model that the
// command did not write, inputs that changed meanwhile, predictions that do
// not match the rows. Judging is left to internal/gate.
package capture

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
)

// Options say what to run.
type Options struct {
	Dir     string   // the project's folder, or its project file; the command runs in the folder
	Command []string // program and arguments
}

// Deps are the world's side of a run.
type Deps struct {
	Key     *sign.Key       // the builder's
	TSA     sign.Authority  // nil: times are claimed
	Trust   *sign.Trust     // whose signed spec is reused; nil: only one under Key
	Local   *oci.Repository // nil: OpenLocal of the project
	Now     func() time.Time
	Rand    io.Reader // for the run's id; nil: crypto/rand
	In      io.Reader // the command's streams, passed through
	Out     io.Writer
	Err     io.Writer
	Environ []string      // of this process; the command gets it without signing secrets
	Self    string        // this program, as scorer.Command has it
	Grace   time.Duration // between asking the command to stop and ending it; 0: 30 s
}

// Result is what a run came to. Where Exit is not 0 only the failed run was
// recorded.
type Result struct {
	Exit        int // the command's status; 128 + signal where one ended it
	Interrupted bool
	Run         string // id
	Spec        *Commitment
	Lineage     *lineage.Lineage // nil where the command failed
	Changed     string           // a path by which the work tree differed from its commit, if it did
	Predictions *Predictions     // nil unless the project has predictions.command
	Stored      []Stored         // statements about this run
}

// Errors that a caller tells apart.
var (
	// ErrUsage: nothing was run, because of how it was asked for.
	ErrUsage = errors.New("cannot run")
	// ErrChanged: an input is not what it was before the command ran.
	ErrChanged = errors.New("an input changed while the command ran")
	// ErrOutput: the command succeeded and left no model.
	ErrOutput = errors.New("the command left no model")
	// ErrScorer: predictions.command failed, or its output does not fit.
	ErrScorer = errors.New("the predictions could not be made")
)

var errNoKey = fmt.Errorf("%w: no signing key\nhint: make one with weighlock keygen, or name it with --key", ErrUsage)

// run is one run on its way.
type run struct {
	d       Deps
	project *project.Project
	command []string
	program string // resolved
	inputs  []input
	before  snapshot
	lineage lineage.Lineage
	record  Record
	result  Result
}

// Run signs the spec of the project in o.Dir, runs the command, and signs what
// it saw. A command that fails is no error: Result.Exit says so. With
// ErrScorer there is a result too: the run and its lineage were recorded.
func Run(ctx context.Context, d Deps, o Options) (*Result, error) {
	r, err := prepare(d, o)
	if err != nil {
		return nil, err
	}
	if err := r.observe(ctx); err != nil {
		return nil, err
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.execute(ctx); err != nil {
		return nil, err
	}
	if r.result.Exit != 0 {
		return r.failed(ctx)
	}
	return r.finished(ctx)
}

// prepare checks everything that can be checked before anything is done.
func prepare(d Deps, o Options) (*run, error) {
	if d.Key == nil {
		return nil, errNoKey
	}
	if len(o.Command) == 0 || o.Command[0] == "" {
		return nil, fmt.Errorf("%w: no command\nhint: weighlock run -- python train.py", ErrUsage)
	}
	p, err := project.Load(o.Dir)
	if err != nil {
		return nil, err
	}
	if d.Local == nil {
		if d.Local, err = OpenLocal(p.Dir); err != nil {
			return nil, err
		}
	}
	r := &run{d: d, project: p, command: o.Command}
	if r.program, err = d.find(p.Dir, o.Command[0]); err != nil {
		return nil, err
	}
	if err := r.checkScorer(); err != nil {
		return nil, err
	}
	return r, ignoreLocal(d.Local)
}

// observe records what is known before the command runs.
func (r *run) observe(ctx context.Context) error {
	var err error
	if r.inputs, err = r.readInputs(ctx); err != nil {
		return fmt.Errorf("reading inputs: %w", err)
	}
	if r.before, err = r.snapshot(); err != nil {
		return err
	}
	l := &r.lineage
	*l = lineage.Lineage{Model: lineage.Model{Name: r.project.Name}, Grade: lineage.GradeComputed, Command: r.command, Inputs: []lineage.Input{}}
	for _, in := range r.inputs {
		l.Inputs = append(l.Inputs, in.Input)
	}
	if b := r.project.Base; b != nil {
		l.Parents = []lineage.Parent{{Name: b.Name, Digest: b.Digest}}
	}
	if err := r.readParameters(); err != nil {
		return err
	}
	if l.Environment, err = r.environment(ctx); err != nil {
		return err
	}
	l.Code = r.code(ctx)
	l.Packages = r.packages(ctx)
	l.Trigger, l.Tracker = r.trigger(), r.tracker()
	return ctx.Err()
}

// begin commits the spec, then records the start.
func (r *run) begin(ctx context.Context) error {
	spec, err := CommitSpec(ctx, r.d, r.project, r.inputNamed("test").Digest)
	if err != nil {
		return fmt.Errorf("committing the spec: %w", err)
	}
	var id [16]byte
	if _, err := io.ReadFull(r.d.rand(), id[:]); err != nil {
		return fmt.Errorf("drawing the run's id: %w", err)
	}
	now, err := r.d.notBefore(ctx, spec)
	if err != nil {
		return err
	}
	start := Start{ID: hex.EncodeToString(id[:]), Spec: spec.Digest, Bundle: spec.Bundle, Command: r.command, Time: stamp(now)}
	r.record = Record{Model: r.lineage.Model, Start: start, Outputs: []lineage.File{}}
	if r.d.TSA != nil {
		if r.record.StartToken, err = startToken(ctx, r.d.TSA, start); err != nil {
			return fmt.Errorf("timestamping the start: %w", err)
		}
	}
	r.lineage.Run, r.lineage.Started = start.ID, start.Time
	r.result.Run, r.result.Spec = start.ID, spec
	return nil
}

// failed signs the record of a run that is about no file, and can never be
// published.
func (r *run) failed(ctx context.Context) (*Result, error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer stop()
	subjects := []attest.Subject{attest.Of("spec", r.record.Start.Spec)}
	if err := r.sign(ctx, "run", subjects, r.record); err != nil {
		return nil, fmt.Errorf("the command ended with status %d; recording it: %w", r.result.Exit, err)
	}
	return &r.result, nil
}

// finished signs run and lineage, then makes and signs the predictions.
func (r *run) finished(ctx context.Context) (*Result, error) {
	if err := r.inputsUnchanged(ctx); err != nil {
		return nil, err
	}
	model, err := r.readModel(ctx)
	if err != nil {
		return nil, err
	}
	others, err := r.readOutputs(ctx, model)
	if err != nil {
		return nil, err
	}
	files := infos(model)
	r.record.Outputs = append(append(r.record.Outputs, files...), others...)
	r.lineage.Outputs, r.lineage.Ended = r.record.Outputs, r.record.Ended
	if _, err := r.lineage.Canonical(); err != nil {
		return nil, err
	}
	subjects := about(files)
	if err := r.sign(ctx, "run", subjects, r.record); err != nil {
		return nil, err
	}
	if err := r.sign(ctx, "lineage", subjects, &r.lineage); err != nil {
		return nil, err
	}
	r.result.Lineage = &r.lineage
	return &r.result, r.score(ctx, model)
}

// sign makes a statement, signs it, and keeps it in the local layout.
func (r *run) sign(ctx context.Context, predicate string, subjects []attest.Subject, value any) error {
	if len(subjects) > attest.MaxSubjects {
		return fmt.Errorf("signing the %s: %d files, more than the %d that a statement can be about\nhint: put small files into one archive", predicate, len(subjects), attest.MaxSubjects)
	}
	statement, err := attest.New(predicate, subjects, value)
	if err != nil {
		return fmt.Errorf("signing the %s: %w", predicate, err)
	}
	bundle, err := r.d.Key.Sign(ctx, statement, r.d.TSA)
	if err != nil {
		return err
	}
	s, err := store(ctx, r.d.Local, predicate, bundle, r.d.now())
	if err != nil {
		return err
	}
	r.result.Stored = append(r.result.Stored, s)
	return nil
}

// startToken is a timestamp over the start record, so that not only the
// builder's clock says when the run began.
func startToken(ctx context.Context, tsa sign.Authority, start Start) (string, error) {
	digest, err := canonical.Digest(start)
	if err != nil {
		return "", err
	}
	sum, err := hex.DecodeString(artifact.Hex(digest))
	if err != nil {
		return "", err
	}
	token, err := tsa.Timestamp(ctx, sum)
	return base64.StdEncoding.EncodeToString(token), err
}

// about are the subjects of a statement about files.
func about(files []lineage.File) []attest.Subject {
	var subjects []attest.Subject
	for _, f := range files {
		subjects = append(subjects, attest.Of(f.Path, f.Digest))
	}
	return subjects
}

func (d Deps) now() time.Time { return d.Now().UTC().Truncate(time.Second) }

func (d Deps) rand() io.Reader {
	if d.Rand == nil {
		return rand.Reader
	}
	return d.Rand
}
