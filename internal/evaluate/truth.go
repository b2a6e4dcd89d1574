package evaluate

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/table"
)

// truth is the label of every row of the test set.
type truth struct {
	positive []bool    // binary
	value    []float64 // regression
	missing  int
	detail   string // where labels are missing
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
	for i := range t.Rows {
		if c.IsNull(i) {
			if found.missing == 0 {
				found.detail = fmt.Sprintf("the first at line %d", t.Line(i))
			}
			found.missing++
		}
	}
	if found.missing > 0 {
		found.detail = fmt.Sprintf("%d of %d rows of %s have no %s; %s", found.missing, t.Rows, t.Name, label, found.detail)
	}
	if task == "regression" {
		return found, found.readNumbers(t, c)
	}
	return found, found.readClasses(t, c, positive)
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
	f.positive = make([]bool, t.Rows)
	known := map[string]string{} // text → class, since there are few
	var seen []string
	for i := range t.Rows {
		if c.IsNull(i) {
			continue
		}
		text := c.String(i)
		is, ok := known[text]
		if !ok {
			is = class(text)
			if is == class("NaN") {
				return t.At(i, c.Name, "NaN is no label\nhint: leave the cell empty where there is none")
			}
			known[text] = is
			if !contains(seen, is) {
				seen = append(seen, is)
			}
			if len(seen) > 2 {
				return t.At(i, c.Name, fmt.Sprintf("%q is a third label beside %q and %q, and task binary has two", text, seen[0], seen[1])+
					"\nhint: name the column of the truth in data.test.label")
			}
		}
		f.positive[i] = is == want
	}
	if len(seen) == 2 && !contains(seen, want) {
		return &table.Error{File: t.Name, Column: c.Name, Problem: fmt.Sprintf("the labels are %q and %q, and neither is the positive one, %q", seen[0], seen[1], positive) +
			"\nhint: set data.test.positive to the label that counts as positive"}
	}
	return nil
}

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
