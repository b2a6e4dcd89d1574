package scorer

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/table"
)

// Rows are what a command is given: rows of a data set, without its labels.
type Rows struct {
	Name   string   // for messages
	ID     string   // a column; empty where rows are matched by place
	Labels []string // columns; none where the task does without
	test   *table.Table
	picked []int32 // rows of test, in order
	// changed is a column that is written with other texts, one for each row;
	// empty where none is.
	changed string
	texts   []string
}

// ReadRows reads a data set of one file or several, in which every label must
// be. What a CSV or JSONL file holds stays the text that it is, so that the
// command sees what it would see in the file.
func ReadRows(ctx context.Context, name string, files []table.File, id string, labels []string) (*Rows, error) {
	o := table.Options{Text: []string{id}}
	for _, f := range files {
		names, err := written(ctx, f, o)
		if err != nil {
			return nil, err
		}
		o.Text = append(o.Text, names...)
	}
	t, err := table.ReadAll(ctx, files, o)
	if err != nil {
		return nil, err
	}
	if len(files) > 1 {
		t.Name = name
	}
	if t.Rows == 0 {
		return nil, fmt.Errorf("%s has no rows", name)
	}
	for _, label := range labels {
		if !slices.Contains(t.Names(), label) {
			return nil, fmt.Errorf("%s has no column %s", name, label)
		}
	}
	rows := &Rows{Name: name, ID: id, Labels: labels, test: t, picked: make([]int32, t.Rows)}
	for i := range rows.picked {
		rows.picked[i] = int32(i)
	}
	return rows, nil
}

// written are the columns of a file whose values are texts as they are written;
// none where it keeps numbers.
func written(ctx context.Context, f table.File, o table.Options) ([]string, error) {
	switch strings.ToLower(path.Ext(f.Name)) {
	case ".csv":
		header, _ := csv.NewReader(io.NewSectionReader(f.R, 0, f.Size)).Read() // table.ReadAll says what is wrong with it
		return header, nil
	case ".jsonl", ".ndjson":
		t, err := table.Read(ctx, f.Name, f.R, f.Size, o) // its rows name the columns
		if err != nil {
			return nil, err
		}
		return t.Names(), nil
	}
	return nil, nil
}

// Pick is some of the rows, by their place in the data set, in this order.
func (r *Rows) Pick(places []int32) *Rows {
	picked := *r
	picked.Name, picked.picked = "the sample of "+r.Name, places
	return &picked
}

// Change is the same rows with other values of a column, one for each row.
func (r *Rows) Change(column string, texts []string) *Rows {
	other := *r
	other.Name, other.changed, other.texts = r.Name+" with another "+column, column, texts
	return &other
}

// Places are those of the rows in the data set, in order. They are not to be
// written to.
func (r *Rows) Places() []int32 { return r.picked }

// Table is the whole data set, labels included: not for the command.
func (r *Rows) Table() *table.Table { return r.test }

// Len is how many rows there are.
func (r *Rows) Len() int { return len(r.picked) }

// Write writes the rows as CSV, every column but the labels.
func (r *Rows) Write(w io.Writer) error {
	var shown []*table.Column
	var header []string
	for _, c := range r.test.Columns {
		if !slices.Contains(r.Labels, c.Name) {
			shown, header = append(shown, c), append(header, c.Name)
		}
	}
	cells := make([]string, len(shown))
	return table.WriteCSV(w, header, func(yield func([]string) bool) {
		for i, row := range r.picked {
			for j, c := range shown {
				cells[j] = c.String(int(row))
				if c.Name == r.changed {
					cells[j] = r.texts[i]
				}
			}
			if !yield(cells) {
				return
			}
		}
	})
}

// Answer is what a command said, and how to read it.
type Answer struct {
	Command string // for messages
	Name    string // its suffix says the form
	ID      string // a column; empty where rows are matched by place
	// Numbers are the columns of scores, Flags those of numbers or of true and
	// false, which are 1 and 0; Texts are read as they are written.
	Numbers, Flags, Texts []string
}

// Said is what an answer says of each row, by column, in the rows' order.
type Said struct {
	Numbers map[string][]float64 // those of Flags among them
	Texts   map[string][]string
}

// misfit is an answer that does not fit the rows. Brief says so without a
// value out of the rows, for statements that many may read.
type misfit struct {
	error
	brief string
}

func (m misfit) Unwrap() error { return m.error }

// Brief is why an answer was refused, without any id or value of a row.
func Brief(err error) string {
	var m misfit
	if errors.As(err, &m) {
		return m.brief
	}
	return "the answer is no table with a number for each row"
}

// Read gives what the answer says of each row, in the rows' order. It refuses
// an answer that has not exactly one finite number for each in every column of
// numbers.
func (a Answer) Read(ctx context.Context, rows *Rows, r io.ReaderAt, size int64) (*Said, error) {
	what := fmt.Sprintf("the output of %q", a.Command)
	if size == 0 {
		return nil, misfit{fmt.Errorf("%s is empty\nhint: %s", what, Contract), "the answer is empty"}
	}
	o := table.Options{Columns: slices.Concat(a.Numbers, a.Flags, a.Texts), Text: slices.Clone(a.Texts)}
	if a.ID != "" {
		o.Columns, o.Text = append(o.Columns, a.ID), append(o.Text, a.ID)
	}
	got, err := table.Read(ctx, a.Name, r, size, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	numbers, err := a.numbers(got)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	at, err := a.places(rows, got, what)
	if err != nil {
		return nil, err
	}
	said := &Said{Numbers: map[string][]float64{}, Texts: map[string][]string{}}
	for name, values := range numbers {
		said.Numbers[name] = make([]float64, len(at))
		for i, place := range at {
			said.Numbers[name][i] = values[place]
		}
	}
	for _, name := range a.Texts {
		c, err := got.Column(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		said.Texts[name] = make([]string, len(at))
		for i, place := range at {
			said.Texts[name][i] = c.String(place)
		}
	}
	return said, nil
}

// places are where the answer speaks of each row.
func (a Answer) places(rows *Rows, got *table.Table, what string) ([]int, error) {
	if a.ID != "" && rows.ID != "" {
		at, err := rows.places(got, a.ID)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return at, nil
	}
	if got.Rows != rows.Len() {
		err := fmt.Errorf("%s has %d rows, %s has %d\nhint: %s", what, got.Rows, rows.Name, rows.Len(), Contract)
		return nil, misfit{err, fmt.Sprintf("the answer has %d rows for %d", got.Rows, rows.Len())}
	}
	at := make([]int, got.Rows)
	for i := range at {
		at[i] = i
	}
	return at, nil
}

func (a Answer) numbers(t *table.Table) (map[string][]float64, error) {
	numbers := map[string][]float64{}
	for _, name := range slices.Concat(a.Numbers, a.Flags) {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if c.Kind == table.Bool && slices.Contains(a.Flags, name) {
			numbers[name], err = flags(t, c)
		} else {
			numbers[name], err = finite(t, name)
		}
		if err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

func flags(t *table.Table, c *table.Column) ([]float64, error) {
	values := make([]float64, t.Rows)
	for i := range values {
		switch {
		case c.IsNull(i):
			return nil, unscored(t, i, c.Name)
		case c.Bools[i]:
			values[i] = 1
		}
	}
	return values, nil
}

func finite(t *table.Table, column string) ([]float64, error) {
	scores, err := t.Float64s(column)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(scores, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	if i >= 0 {
		return nil, unscored(t, i, column)
	}
	return scores, nil
}

func unscored(t *table.Table, i int, column string) error {
	return misfit{t.At(i, column, "the score is missing or not a finite number"), "a score of the answer is missing or not a finite number"}
}

// places finds each row in an answer, and refuses ids that are not those of
// the rows, each once: then there are as many rows too.
func (r *Rows) places(got *table.Table, column string) ([]int, error) {
	known, err := r.test.Column(r.ID)
	if err != nil {
		return nil, err
	}
	ids, err := got.Column(column)
	if err != nil {
		return nil, err
	}
	const none = -1
	order, at := make(map[string]int, r.Len()), make([]int, r.Len())
	for i, row := range r.picked {
		id := known.String(int(row))
		if _, twice := order[id]; twice || id == "" {
			return nil, r.test.At(int(row), r.ID, fmt.Sprintf("the id %q is missing or given twice", id))
		}
		order[id], at[i] = i, none
	}
	for i := range got.Rows {
		id := ids.String(i)
		place, there := order[id]
		switch {
		case !there:
			return nil, misfit{got.At(i, column, fmt.Sprintf("the id %q is not in %s", id, r.Name)), "the answer names an id that was not asked for"}
		case at[place] != none:
			return nil, misfit{got.At(i, column, fmt.Sprintf("the id %q is given twice", id)), "the answer names an id twice"}
		}
		at[place] = i
	}
	if i := slices.Index(at, none); i >= 0 {
		row := int(r.picked[i])
		err := fmt.Errorf("no prediction for id %q (%s, line %d)\nhint: %s", known.String(row), r.test.File(row), r.test.Line(row), Contract)
		return nil, misfit{err, fmt.Sprintf("the answer has %d rows for %d", got.Rows, r.Len())}
	}
	return at, nil
}
