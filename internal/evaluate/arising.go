package evaluate

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
)

// arising is what the pinned test set says of how its labels arose. Its lists
// are by row.
type arising struct {
	// decided says which rows were decided as it takes for a label, and
	// propensity how probable the decision was that was taken; nil where nobody
	// declares them.
	decided    []bool
	propensity []float64
	// single says that all rows were decided alike, so that those that were
	// decided otherwise have been left out.
	single bool
	what   string // the decision in words: granted=1
}

// readArising reads the columns that the spec names for it, and marks the
// labels that cannot count. A label of a row that was decided otherwise than
// it takes for one is refused: it was made up.
func readArising(spec *project.Spec, t *table.Table, labels *truth) (*arising, error) {
	a := &arising{}
	if err := labels.immature(spec, t); err != nil || spec.Test.Decision == "" {
		return a, err
	}
	column := spec.Test.Decision
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	a.what = column + "=" + spec.Test.Decided
	a.decided = make([]bool, t.Rows)
	yes, unseen := 0, 0
	for i := range a.decided {
		if c.IsNull(i) {
			return nil, t.At(i, column, "a row without a decision\nhint: write in every row what was decided of it")
		}
		if a.decided[i] = class(c.String(i)) == class(spec.Test.Decided); a.decided[i] {
			yes++
		} else if labels.has(i) {
			return nil, t.At(i, labelColumn(spec), fmt.Sprintf("a label, though %s is %s, and only %s shows one\nhint: leave the label empty where nobody saw what came of it", column, c.String(i), a.what))
		} else {
			unseen++
		}
	}
	labels.unseen = &unseen
	if a.single = t.Rows > 0 && (yes == 0 || yes == t.Rows); a.single {
		labels.selected = fmt.Sprintf("labels are selective: all %d rows of %s have the same %s, so those that were decided otherwise are left out", t.Rows, t.Name, column)
	}
	if spec.Test.Propensity != "" {
		a.propensity, err = propensities(t, spec.Test.Propensity)
	}
	return a, err
}

// propensities are probabilities above 0.
func propensities(t *table.Table, column string) ([]float64, error) {
	values, err := t.Float64s(column)
	if err != nil {
		return nil, err
	}
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	for i, p := range values {
		switch {
		case c.IsNull(i):
			return nil, t.At(i, column, "a row without a propensity\nhint: write in every row how probable its decision was when it was taken")
		case !(p > 0 && p <= 1):
			return nil, t.At(i, column, fmt.Sprintf("%v is no propensity\nhint: write a probability above 0 and at most 1: that of the decision which was taken", p))
		}
	}
	return values, nil
}

// has says whether a row has a label.
func (f *truth) has(i int) bool { return f.without == nil || !f.without[i] }

// lose takes a row's label away.
func (f *truth) lose(i, rows int) {
	if f.without == nil {
		f.without = make([]bool, rows)
	}
	if !f.without[i] {
		f.without[i] = true
		f.missing++
	}
}

// unripe says that labels were read too early.
func (f *truth) unripe() bool { return f.young != nil && *f.young > 0 }

// silent says that labels are missing or selected, so that what the others say
// does not hold for all rows.
func (f *truth) silent() bool { return f.missing > 0 || f.selected != "" }

// immature takes the labels of rows away that were too young when the labels
// were read: what had not happened by then may happen yet.
func (f *truth) immature(spec *project.Spec, t *table.Table) error {
	if spec.Test.Matures == "" {
		return nil
	}
	after, err := spec.Test.MaturesAfter()
	if err != nil {
		return err
	}
	read, err := spec.Test.ReadAt()
	if err != nil {
		return err
	}
	column := spec.Test.Time
	at, err := instants(t, column)
	if err != nil {
		return err
	}
	first, young, missing := -1, 0, f.missing
	for i, from := range at {
		if !from.Add(after).After(read) {
			continue
		}
		if young++; first < 0 || from.Before(at[first]) {
			first = i
		}
		f.lose(i, t.Rows)
	}
	f.young, f.taken = &young, f.missing-missing
	if young > 0 {
		f.note(fmt.Sprintf("%d of %d rows of %s were too young when the labels were read on %s: a label takes %s from %s, and they are from %s on (line %d)",
			young, t.Rows, t.Name, spec.Test.Labelled, spec.Test.Matures, column, at[first].Format(time.DateOnly), t.Line(first)))
	}
	return nil
}

func (f *truth) note(text string) {
	switch {
	case text == "":
	case f.detail == "":
		f.detail = text
	default:
		f.detail += "; " + text
	}
}

// instants are the moments of a column of dates. A day stands for its first
// moment, and what has no zone for UTC.
func instants(t *table.Table, column string) ([]time.Time, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	const hint = "\nhint: write dates as 2026-03-14, or 2026-03-14T15:04:05Z"
	if c.Kind != table.Text {
		return nil, &table.Error{File: t.Name, Column: column, Problem: fmt.Sprintf("the column holds values of kind %s, not dates, and data.test.matures counts from it", c.Kind) + hint}
	}
	known := make([]time.Time, len(c.Dict))
	valid := make([]bool, len(c.Dict))
	for code, text := range c.Dict {
		known[code], valid[code] = instant(text)
	}
	out := make([]time.Time, t.Rows)
	for i, code := range c.Codes {
		switch {
		case c.IsNull(i):
			return nil, t.At(i, column, "a row without a date, and data.test.matures counts from it"+hint)
		case !valid[code]:
			return nil, t.At(i, column, strconv.Quote(c.Dict[code])+" is no date, and data.test.matures counts from it"+hint)
		}
		out[i] = known[code]
	}
	return out, nil
}

func instant(text string) (time.Time, bool) {
	for _, form := range moments {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// inverse are the weights of some rows by which they speak for all.
func (a *arising) inverse(rows []int32) []float64 {
	out := make([]float64, len(rows))
	for k, row := range rows {
		out[k] = 1 / a.propensity[row]
	}
	return out
}

// finiteOrZero is what a predicate can hold of a number that may be none.
func finiteOrZero(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return *number(v)
}
