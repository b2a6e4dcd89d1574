package capture

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/scorer"
	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/internal/tree"
)

// checkScorer refuses, before anything runs, a scorer whose output could not
// be kept.
func (r *run) checkScorer() error {
	p := r.project.Predictions
	if p == nil || p.Command == "" {
		return nil
	}
	if path.Ext(p.File) != ".csv" {
		return fmt.Errorf("%w: predictions.command writes CSV, and predictions.file is %s\nhint: name a file that ends in .csv", ErrUsage, p.File)
	}
	_, err := r.d.find(r.project.Dir, "sh")
	return err
}

// score runs predictions.command on the evaluation rows without their labels,
// and signs that these predictions are this model's on these rows. What the
// command was kept from is the scorer package's, and the statement says it.
func (r *run) score(ctx context.Context, model []read) error {
	p := r.project.Predictions
	if p == nil || p.Command == "" {
		return nil
	}
	made, err := r.predict(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %w", ErrScorer, err)
	}
	defer made.drop()
	for _, f := range model {
		if !f.untouched() {
			return fmt.Errorf("%w: predictions.command wrote to %s, which is the model", ErrScorer, f.Path)
		}
	}
	if err := r.inputsUnchanged(ctx); err != nil {
		return err
	}
	file, err := made.keep(ctx, r.project.Abs(p.File), p.File)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrScorer, err)
	}
	return r.signPredictions(ctx, model, file, made)
}

func (r *run) signPredictions(ctx context.Context, model []read, file lineage.File, made made) error {
	p, test := r.project.Predictions, r.inputNamed("test")
	files, rows, limits := infos(model), made.rows, scorerLimits(p).Filled()
	predicate := &Predictions{
		Model: r.lineage.Model, Run: r.record.Start.ID, Grade: lineage.GradeComputed, Files: files, Command: p.Command,
		Data:        Rows{Name: "test", Digest: test.Digest, Rows: rows, Withheld: r.project.Outcomes()},
		Predictions: Scores{Path: file.Path, Digest: file.Digest, Rows: rows, Column: p.Column, Columns: p.Columns, Prefix: p.Prefix, Decision: p.Decision},
		Limits:      &limits, Confinement: made.confined,
	}
	subjects := about(append(files, lineage.File{Path: test.Path, Digest: test.Digest}, file))
	if err := r.sign(ctx, "predictions", subjects, predicate); err != nil {
		return err
	}
	r.result.Predictions = predicate
	return nil
}

// scorerLimits are those that the project declares.
func scorerLimits(p *project.Predictions) scorer.Limits {
	return scorer.Limits{Seconds: p.Limits.Seconds, MemoryMiB: p.Limits.MemoryMiB, OutputMiB: p.Limits.OutputMiB}
}

// made is the scorer's output, checked, beside the file that it is to become.
type made struct {
	*os.File
	rows     int
	confined *scorer.Confinement
}

func (m made) drop() {
	m.Close()
	_ = os.Remove(m.Name()) // it has its final name, or is of no use
}

// keep puts the output in place of what was there, whole.
func (m made) keep(ctx context.Context, abs, rel string) (lineage.File, error) {
	if _, err := m.Seek(0, io.SeekStart); err != nil {
		return lineage.File{}, err
	}
	digest, size, err := artifact.DigestReader(stoppable{ctx, m})
	if err != nil {
		return lineage.File{}, err
	}
	if err := m.Chmod(0o644); err != nil {
		return lineage.File{}, err
	}
	if err := m.Sync(); err != nil {
		return lineage.File{}, err
	}
	if err := os.Rename(m.Name(), abs); err != nil {
		return lineage.File{}, err
	}
	return lineage.File{Path: path.Clean(rel), Digest: digest, Size: size}, nil
}

// predict runs the scorer and checks its output.
func (r *run) predict(ctx context.Context) (made, error) {
	test, err := r.readTest(ctx)
	if err != nil {
		return made{}, err
	}
	abs := r.project.Abs(r.project.Predictions.File)
	if err := os.MkdirAll(filepath.Dir(abs), 0o777); err != nil {
		return made{}, writable(err)
	}
	out, err := os.CreateTemp(filepath.Dir(abs), "."+filepath.Base(abs)+".*")
	if err != nil {
		return made{}, writable(err)
	}
	m := made{File: out, rows: test.Len()}
	m.confined, err = r.runScorer(ctx, test, out)
	if err == nil {
		err = r.checkScores(ctx, test, out)
	}
	if err != nil {
		m.drop()
		return made{}, err
	}
	return m, nil
}

// readTest reads the evaluation set.
func (r *run) readTest(ctx context.Context) (*scorer.Rows, error) {
	t := r.project.Data.Test
	files, err := tree.Named(r.project.Dir, path.Clean(t.File))
	if err != nil {
		return nil, err
	}
	var all []table.File
	for _, f := range files {
		open, err := os.Open(f.Abs)
		if err != nil {
			return nil, err
		}
		defer open.Close()
		info, err := open.Stat()
		if err != nil {
			return nil, err
		}
		all = append(all, table.File{Name: f.Path, R: open, Size: info.Size()})
	}
	return scorer.ReadRows(ctx, t.File, all, t.ID, r.project.Outcomes())
}

// runScorer feeds the rows without the label to the scorer, in their order,
// and collects what it says. Predictions of an earlier run are kept from it
// like the labels: a scorer that repeats them would prove nothing.
func (r *run) runScorer(ctx context.Context, test *scorer.Rows, out io.Writer) (*scorer.Confinement, error) {
	shell, err := r.d.find(r.project.Dir, "sh")
	if err != nil {
		return nil, err
	}
	p := r.project.Predictions
	hidden, err := tree.Paths(r.project.Dir, r.project.Data.Test.File, p.File)
	if err != nil {
		return nil, err
	}
	return scorer.Command{
		Text: p.Command, Shell: shell, Dir: r.project.Dir, Environ: r.d.Environ, Declare: p.Environment,
		Limits: scorerLimits(p), Hidden: hidden,
		Stderr: r.d.Err, Self: r.d.Self,
	}.Run(ctx, test.Write, out)
}

// checkScores refuses output that has not exactly one finite score for each
// row.
func (r *run) checkScores(ctx context.Context, test *scorer.Rows, out *os.File) error {
	p := r.project.Predictions
	info, err := out.Stat()
	if err != nil {
		return err
	}
	all, numbers := p.Named()
	answer := scorer.Answer{Command: p.Command, Name: path.Base(p.File), ID: p.ID, Numbers: numbers, Texts: all[len(numbers):]}
	_, err = answer.Read(ctx, test, out, info.Size())
	return err
}
