package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// driftColumns enumerates the columns whose drift must be judged: those that
// the spec names, else all but id, time and label.
func driftColumns(spec *project.Spec, test *table.Table, scored bool) []string {
	out := []string{}
	switch {
	case spec.Drift == nil:
	case len(spec.Drift.Columns) > 0:
		out = slices.Clone(spec.Drift.Columns)
	default:
		out = candidates(spec, test, scored)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// drift compares the test set with the training data, column by column.
func (j *judge) drift(ctx context.Context, columns []string, test, train *table.Table) ([]DriftResult, error) {
	limit := &project.Limit{Max: &j.spec.Drift.Max}
	results := []DriftResult{}
	for _, name := range columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		results = append(results, DriftResult{Item: name, Measure: j.driftOf(name, test, train, limit)})
	}
	return results, nil
}

func (j *judge) driftOf(name string, test, train *table.Table, limit *project.Limit) Measure {
	current, err := test.Column(name)
	if err != nil {
		return without(StatusError, oneLine(err), 0, test.Rows)
	}
	reference, err := train.Column(name)
	if err != nil {
		return without(StatusError, oneLine(err), 0, test.Rows)
	}
	b := bin(reference, current, train.Rows, test.Rows)
	value, i := j.resampling("drift " + name).PSI(b)
	m := with(value, i, test.Rows, test.Rows)
	m.Null95 = number(b.Null95())
	m = j.finish(m, "drift "+name, false)
	m.note(fmt.Sprintf("%d bins", len(b.Bins)))
	m.Needed = max(j.needed(m, limit, nil), neededNull(m, limit, 1))
	return m
}

func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// bin puts numbers into quantiles, and anything else into categories.
func bin(reference, current *table.Column, n, m int) stats.Binned {
	if reference.Kind == table.Number && current.Kind == table.Number {
		return stats.BinNumbers(finite(reference.Numbers), finite(current.Numbers))
	}
	was, missing := categories(reference, n)
	is, absent := categories(current, m)
	return stats.BinCategories(was, is, missing, absent)
}

// finite turns infinities into missing values, as NaN is one.
func finite(x []float64) []float64 {
	for i, v := range x {
		if math.IsInf(v, 0) {
			out := slices.Clone(x)
			for k := i; k < len(out); k++ {
				if math.IsInf(out[k], 0) {
					out[k] = math.NaN()
				}
			}
			return out
		}
	}
	return x
}

func categories(c *table.Column, rows int) (count map[string]int, missing int) {
	count = map[string]int{}
	if c.Kind == table.Text {
		byCode := make([]int, len(c.Dict))
		for i := range rows {
			if c.IsNull(i) {
				missing++
			} else {
				byCode[c.Codes[i]]++
			}
		}
		for code, n := range byCode {
			if n > 0 {
				count[c.Dict[code]] += n
			}
		}
		return count, missing
	}
	for i := range rows {
		if c.IsNull(i) {
			missing++
		} else {
			count[c.String(i)]++
		}
	}
	return count, missing
}
