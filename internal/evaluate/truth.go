package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
)

// truth is the label of every row of the test set.
type truth struct {
	positive []bool    // binary
	value    []float64 // regression, forecasting; how relevant a row is for ranking
	class    []int32   // multiclass: place among names, -1 where there is none
	is       []bool    // multilabel: row by row, one for each of names
	names    []string  // classes or labels
	missing  int
	detail   string // where labels are missing
	without  []bool // which rows have no label that counts; nil where all have one
	young    *int   // rows whose label was read too early; nil where nobody says when
	taken    int    // labels that are there, and were read too early
	unseen   *int   // rows without label whose declared decision shows none; nil where none is declared
	selected string // why the labels that there are speak for some decisions only
}

// readLabels reads the truth of a test set by its task.
func readLabels(t *table.Table, spec *project.Spec, classes *classList) (*truth, error) {
	switch label := spec.Test.Label; spec.Task {
	case "multiclass":
		return readClassLabels(t, label, classes)
	case "multilabel":
		return readManyLabels(t, spec.Test.Labels, spec.Test.Positive)
	case "generative":
		if label == "" {
			return &truth{}, nil
		}
		_, err := t.Column(label)
		return &truth{}, err
	case "ranking":
		found, err := readTruth(t, label, "", spec.Task)
		if err != nil {
			return nil, err
		}
		for i, v := range found.value {
			if v < 0 {
				return nil, t.At(i, label, fmt.Sprintf("%v is no relevance\nhint: write 0 for what is not relevant, and more for what is more relevant", v))
			}
		}
		return found, nil
	default:
		return readTruth(t, label, spec.Test.Positive, spec.Task)
	}
}

func readClassLabels(t *table.Table, label string, classes *classList) (*truth, error) {
	found := &truth{names: classes.names}
	c, err := t.Column(label)
	if err != nil {
		return nil, err
	}
	found.countMissing(t, c)
	found.class, err = classes.codes(t, label, "label")
	return found, err
}

// readManyLabels reads one column of two values for each label.
func readManyLabels(t *table.Table, labels []string, positive string) (*truth, error) {
	found := &truth{names: slices.Clone(labels), is: make([]bool, t.Rows*len(labels))}
	slices.Sort(found.names)
	missing := make([]bool, t.Rows)
	for k, label := range found.names {
		one, err := readTruth(t, label, positive, "binary")
		if err != nil {
			return nil, err
		}
		c, err := t.Column(label)
		if err != nil {
			return nil, err
		}
		for i, is := range one.positive {
			found.is[i*len(labels)+k] = is
			missing[i] = missing[i] || c.IsNull(i)
		}
		if found.detail == "" {
			found.detail = one.detail
		}
	}
	for i, is := range missing {
		if is {
			found.lose(i, t.Rows)
		}
	}
	return found, nil
}

// readTruth reads the labels of a table. A binary label is positive where it
// equals positive as a number, a truth value or a text: 1, 1.0 and true are
// the same.
func readTruth(t *table.Table, label, positive, task string) (*truth, error) {
	c, err := t.Column(label)
	if err != nil {
		return nil, err
	}
	found := &truth{}
	found.countMissing(t, c)
	if task == "binary" {
		return found, found.readClasses(t, c, positive)
	}
	return found, found.readNumbers(t, c)
}

func (f *truth) countMissing(t *table.Table, c *table.Column) {
	for i := range t.Rows {
		if c.IsNull(i) {
			if f.missing == 0 {
				f.detail = "the first at " + place(t, i, 0)
			}
			f.lose(i, t.Rows)
		}
	}
	if f.missing > 0 {
		f.detail = fmt.Sprintf("%d of %d rows of %s have no %s; %s", f.missing, t.Rows, t.Name, c.Name, f.detail)
	}
}

func (f *truth) readNumbers(t *table.Table, c *table.Column) error {
	values, err := t.Float64s(c.Name)
	if err != nil {
		return err
	}
	for i, v := range values {
		if !c.IsNull(i) && (math.IsNaN(v) || math.IsInf(v, 0)) {
			return t.At(i, c.Name, fmt.Sprintf("%v is no label\nhint: write a finite number, or leave the cell empty", v))
		}
	}
	f.value = values
	return nil
}

func (f *truth) readClasses(t *table.Table, c *table.Column, positive string) error {
	want := class(positive)
	texts, code, ok := numbered(c, t.Rows, mostSpellings)
	var seen []string
	is := make([]bool, len(texts)+1) // of none, and of each text
	for k, text := range texts {
		of := class(text)
		if of == class("NaN") {
			return t.At(slices.Index(code, uint16(k+1)), c.Name, "NaN is no label\nhint: leave the cell empty where there is none")
		}
		is[k+1] = of == want
		if !contains(seen, of) {
			seen = append(seen, of)
		}
		if len(seen) > 2 {
			return t.At(slices.Index(code, uint16(k+1)), c.Name, fmt.Sprintf("%q is a third label beside %q and %q, and task binary has two", text, seen[0], seen[1])+
				"\nhint: name the column of the truth in data.test.label")
		}
	}
	if !ok {
		return &table.Error{File: t.Name, Column: c.Name, Problem: fmt.Sprintf("its labels are written in more than %d ways", mostSpellings) +
			"\nhint: write each of the two labels alike in every row"}
	}
	if len(seen) == 2 && !contains(seen, want) {
		return &table.Error{File: t.Name, Column: c.Name, Problem: fmt.Sprintf("the labels are %q and %q, and neither is the positive one, %q", seen[0], seen[1], positive) +
			"\nhint: set data.test.positive to the label that counts as positive"}
	}
	f.positive = make([]bool, t.Rows)
	for i, k := range code {
		f.positive[i] = is[k]
	}
	return nil
}

// mostSpellings bounds in how many ways two labels may be written, as in 1,
// 1.0 and true.
const mostSpellings = 100

// class is a label's text such that 1, 1.0 and true are one class.
func class(text string) string {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "true":
		return "1"
	case "false":
		return "0"
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return text
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// countPositive is the number of positive rows.
func countPositive(positive []bool) int {
	n := 0
	for _, p := range positive {
		if p {
			n++
		}
	}
	return n
}
