package capture

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/table"
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
// command could read besides is not controlled here: the statement says what
// it was given.
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
	return r.signPredictions(ctx, model, file, made.rows)
}

func (r *run) signPredictions(ctx context.Context, model []read, file lineage.File, rows int) error {
	p, test := r.project.Predictions, r.inputNamed("test")
	files := infos(model)
	predicate := &Predictions{
		Model: r.lineage.Model, Run: r.record.Start.ID, Grade: lineage.GradeComputed, Files: files, Command: p.Command,
		Data:        Rows{Name: "test", Digest: test.Digest, Rows: rows, Withheld: r.labels()},
		Predictions: Scores{Path: file.Path, Digest: file.Digest, Rows: rows, Column: p.Column, Columns: p.Columns, Prefix: p.Prefix, Decision: p.Decision},
	}
	subjects := about(append(files, lineage.File{Path: test.Path, Digest: test.Digest}, file))
	if err := r.sign(ctx, "predictions", subjects, predicate); err != nil {
		return err
	}
	r.result.Predictions = predicate
	return nil
}

// made is the scorer's output, checked, beside the file that it is to become.
type made struct {
	*os.File
	rows int
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
	m := made{out, test.Rows}
	err = r.runScorer(ctx, test, out)
	if err == nil {
		err = r.checkScores(ctx, test, out)
	}
	if err != nil {
		m.drop()
		return made{}, err
	}
	return m, nil
}

// readTest reads the evaluation set. What a CSV or JSONL file holds stays the
// text that it is, so that the scorer sees what it would see in the file.
func (r *run) readTest(ctx context.Context) (*table.Table, error) {
	t := r.project.Data.Test
	f, err := os.Open(r.project.Abs(t.File))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	o := table.Options{Text: []string{t.ID}}
	switch strings.ToLower(path.Ext(t.File)) {
	case ".csv":
		header, _ := csv.NewReader(io.NewSectionReader(f, 0, info.Size())).Read()
		o.Text = append(o.Text, header...)
	case ".jsonl", ".ndjson":
		first, err := table.Read(ctx, t.File, f, info.Size(), o) // its rows name the columns
		if err != nil {
			return nil, err
		}
		o.Text = append(o.Text, first.Names()...)
	}
	read, err := table.Read(ctx, t.File, f, info.Size(), o)
	if err != nil {
		return nil, err
	}
	if read.Rows == 0 {
		return nil, fmt.Errorf("%s has no rows", t.File)
	}
	return read, nil
}

// runScorer feeds the rows without the label to the scorer, in their order,
// and collects what it says.
func (r *run) runScorer(ctx context.Context, test *table.Table, out io.Writer) error {
	shell, err := r.d.find(r.project.Dir, "sh")
	if err != nil {
		return err
	}
	var given []*table.Column
	var header []string
	for _, label := range r.labels() {
		if !slices.Contains(test.Names(), label) {
			return fmt.Errorf("%s has no column %s", test.Name, label)
		}
	}
	for _, c := range test.Columns {
		if !slices.Contains(r.labels(), c.Name) {
			given, header = append(given, c), append(header, c.Name)
		}
	}
	pr, pw := io.Pipe()
	defer pr.Close()
	go func() { pw.CloseWithError(table.WriteCSV(pw, header, rowsOf(given, test.Rows))) }()
	command := r.project.Predictions.Command
	cmd := &exec.Cmd{Path: shell, Args: []string{"sh", "-c", command}, Dir: r.project.Dir, Env: r.d.environ(), Stdin: pr, Stdout: out, Stderr: r.d.Err}
	exit, err := r.d.wait(ctx, cmd)
	if err != nil {
		return fmt.Errorf("running %q: %w", command, err)
	}
	if exit != 0 {
		return fmt.Errorf("%q ended with status %d\nhint: %s", command, exit, contract)
	}
	return ctx.Err()
}

// labels are the columns of the truth; none where the task does without.
func (r *run) labels() []string {
	t := r.project.Data.Test
	if t.Label != "" {
		return []string{t.Label}
	}
	return append([]string{}, t.Labels...)
}

func rowsOf(columns []*table.Column, n int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		cells := make([]string, len(columns))
		for i := range n {
			for j, c := range columns {
				cells[j] = c.String(i)
			}
			if !yield(cells) {
				return
			}
		}
	}
}

// contract is what a scorer must do.
const contract = "it gets the rows without labels as CSV on standard input, and writes predictions as CSV to standard output"

// checkScores refuses output that has not exactly one finite score for each
// row.
func (r *run) checkScores(ctx context.Context, test *table.Table, out *os.File) error {
	p, idColumn := r.project.Predictions, r.project.Data.Test.ID
	info, err := out.Stat()
	if err != nil {
		return err
	}
	named, numbers := p.Named()
	o := table.Options{Columns: named}
	if p.ID != "" {
		o.Columns, o.Text = append([]string{p.ID}, named...), []string{p.ID}
	}
	what := fmt.Sprintf("the output of %q", p.Command)
	if info.Size() == 0 {
		return fmt.Errorf("%s is empty\nhint: %s", what, contract)
	}
	got, err := table.Read(ctx, path.Base(p.File), out, info.Size(), o)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	for _, column := range numbers {
		if err := finite(got, column); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if p.ID == "" || idColumn == "" { // rows are matched by place
		if got.Rows != test.Rows {
			return fmt.Errorf("%s has %d rows, %s has %d\nhint: %s", what, got.Rows, test.Name, test.Rows, contract)
		}
		return nil
	}
	if err := sameIDs(test, idColumn, got, p.ID); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func finite(t *table.Table, column string) error {
	scores, err := t.Float64s(column)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(scores, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	if i >= 0 {
		return t.At(i, column, "the score is missing or not a finite number")
	}
	return nil
}

// sameIDs refuses ids that are not those of want, each once: then there are as
// many rows too.
func sameIDs(want *table.Table, wantColumn string, got *table.Table, gotColumn string) error {
	known, err := want.Column(wantColumn)
	if err != nil {
		return err
	}
	ids, err := got.Column(gotColumn)
	if err != nil {
		return err
	}
	left := make(map[string]bool, want.Rows)
	for i := range want.Rows {
		id := known.String(i)
		if id == "" || left[id] {
			return want.At(i, wantColumn, fmt.Sprintf("the id %q is missing or given twice", id))
		}
		left[id] = true
	}
	for i := range got.Rows {
		id := ids.String(i)
		once, there := left[id]
		switch {
		case !there:
			return got.At(i, gotColumn, fmt.Sprintf("the id %q is not in %s", id, want.Name))
		case !once:
			return got.At(i, gotColumn, fmt.Sprintf("the id %q is given twice", id))
		}
		left[id] = false
	}
	for i := range want.Rows {
		if id := known.String(i); left[id] {
			return fmt.Errorf("no prediction for id %q (%s, line %d)\nhint: %s", id, want.Name, want.Line(i), contract)
		}
	}
	return nil
}
