package evaluate

import (
	"fmt"
	"math"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// design is what the pinned test set says about its rows beside their labels:
// what they count, and which belong together. Its lists are by row.
type design struct {
	weight      []float64
	unit, query []int32
	scale       []float64
	noScale     string
	pinned      map[string][]float64 // columns that metrics of policies name
}

// readDesign reads the columns that the spec names for it.
func readDesign(spec *project.Spec, test *table.Table) (d *design, err error) {
	d = &design{}
	if name := spec.Test.Weight; name != "" {
		if d.weight, err = weights(test, name); err != nil {
			return nil, err
		}
	}
	if name := spec.Test.Unit; name != "" {
		if d.unit, err = codesOf(test, name, "unit"); err != nil {
			return nil, err
		}
	}
	if name := spec.Test.Group; name != "" {
		if d.query, err = codesOf(test, name, "query"); err != nil {
			return nil, err
		}
		if err = d.wholeQueries(test, spec); err != nil {
			return nil, err
		}
	}
	d.pinned, err = pinnedColumns(test, PinnedColumnsOf(metricNames(spec)...))
	return d, err
}

// weights are what rows count: finite, not negative, and not all of them 0.
func weights(t *table.Table, column string) ([]float64, error) {
	values, err := t.Float64s(column)
	if err != nil {
		return nil, err
	}
	any := false
	for i, v := range values {
		if !(v >= 0) || math.IsInf(v, 1) {
			return nil, t.At(i, column, fmt.Sprintf("%v is no weight\nhint: write a number of at least 0 in every row", v))
		}
		any = any || v > 0
	}
	if !any {
		return nil, &table.Error{File: t.Name, Column: column, Problem: "every weight is 0\nhint: give the rows that count a weight above 0"}
	}
	return values, nil
}

// codesOf numbers the values of a column by their first rows.
func codesOf(t *table.Table, column, what string) ([]int32, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	known := map[string]int32{}
	out := make([]int32, t.Rows)
	for i := range out {
		if c.IsNull(i) {
			return nil, t.At(i, column, fmt.Sprintf("a row without a %s\nhint: write in every row to which %s it belongs", what, what))
		}
		text := c.String(i)
		code, ok := known[text]
		if !ok {
			code = int32(len(known))
			known[text] = code
		}
		out[i] = code
	}
	return out, nil
}

// wholeQueries refuses units and weights that part the rows of a query.
func (d *design) wholeQueries(t *table.Table, spec *project.Spec) error {
	first := map[int32]int{}
	for i, q := range d.query {
		k, seen := first[q]
		switch {
		case !seen:
			first[q] = i
		case d.unit != nil && d.unit[i] != d.unit[k]:
			return t.At(i, spec.Test.Unit, fmt.Sprintf("another unit than %s, which belongs to the same %s\nhint: a query's rows belong together, so a unit holds whole queries", place(t, k, i), spec.Test.Group))
		case d.weight != nil && d.weight[i] != d.weight[k]:
			return t.At(i, spec.Test.Weight, fmt.Sprintf("another weight than %s, which belongs to the same %s\nhint: a weight is a query's: write the same in all of its rows", place(t, k, i), spec.Test.Group))
		}
	}
	return nil
}

// whole refuses slices that part the rows of a query, whose ranking would then
// be another.
func (d *design) whole(t *table.Table, spec *project.Spec, p *parts) error {
	first := map[int32]int{}
	for i, q := range d.query {
		k, seen := first[q]
		switch {
		case !seen:
			first[q] = i
		case p.code[i] != p.code[k]:
			return t.At(i, columnOf(p.by), fmt.Sprintf("another value than %s, which belongs to the same %s\nhint: slice a ranking by what its queries have in common", place(t, k, i), spec.Test.Group))
		}
	}
	return nil
}

// give hands a sample what is known of its rows.
func (d *design) give(s *sample) {
	s.weight, s.unit, s.query, s.scale = ofRows(d.weight, s.rows), ofRows(d.unit, s.rows), ofRows(d.query, s.rows), ofRows(d.scale, s.rows)
	s.noScale, s.pinned = d.noScale, takeColumns(d.pinned, s.rows)
}

// leastUnits is the number of units of equal size, or of rows of equal weight,
// from which an interval is drawn: over fewer units stats.Clustered has none.
const leastUnits = 15

// tooFewToDraw is the measure where an interval over units or weighted rows
// would mislead. Units of unequal size, and rows of unequal weight, count for
// fewer.
func (s *sample) tooFewToDraw() (m Measure, few bool) {
	why, growth := "", 0.0
	lacks := func(k float64, what string) {
		if why == "" {
			why = fmt.Sprintf("%s; %d are needed", what, leastUnits)
		}
		growth = max(growth, leastUnits/k)
	}
	if unit := s.drawn(); unit != nil {
		sizes := sizesOf(unit)
		if k := stats.Kish(sizes); !(k >= leastUnits) {
			lacks(k, fmt.Sprintf("they belong to %d units, which tell as much as %.4g of equal size", len(sizes), k))
		}
	}
	if s.weight != nil {
		if k := stats.Kish(s.weight); !(k >= leastUnits) {
			lacks(k, fmt.Sprintf("by their weights they tell as much as %.4g of equal weight", k))
		}
	}
	m = without(StatusTooFew, why, s.n(), s.n())
	if growth > 0 { // and is a number
		m.Needed = int(math.Ceil(float64(s.n())*growth - 1e-9))
	}
	return m, why != ""
}

// sizesOf counts the rows of each unit, in the order of their first rows.
func sizesOf(unit []int32) (sizes []float64) {
	place := map[int32]int{}
	for _, code := range unit {
		k, ok := place[code]
		if !ok {
			k = len(sizes)
			place[code] = k
			sizes = append(sizes, 0)
		}
		sizes[k]++
	}
	return sizes
}

// drawn are the units that are drawn for an interval: those of the spec, else
// the queries of a ranking; nil where rows are.
func (s *sample) drawn() []int32 {
	if s.unit != nil {
		return s.unit
	}
	return s.query
}

// interval is drawn over rows, or over units where rows belong together.
func (s *sample) interval(r stats.Resampling, build stats.Build) (float64, stats.Interval) {
	if unit := s.drawn(); unit != nil {
		return r.Clustered(unit, build)
	}
	return r.BCa(s.n(), build)
}

// tell says over what an interval of the sample was drawn.
func (s *sample) tell() string {
	var told []string
	if s.unit != nil {
		told = append(told, fmt.Sprintf("drawn over %d units", len(sizesOf(s.unit))))
	} else if s.query != nil {
		told = append(told, fmt.Sprintf("drawn over %d queries", len(sizesOf(s.query))))
	}
	if s.weight != nil {
		told = append(told, fmt.Sprintf("weighted: the rows tell as much as %.4g of equal weight", stats.Kish(s.weight)))
	}
	return strings.Join(told, "; ")
}
