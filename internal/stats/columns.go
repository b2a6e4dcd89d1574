package stats

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

var nan = math.NaN()

// column is one of a sample's columns, whole and finite.
func column(columns map[string][]float64, name string, n int) ([]float64, error) {
	x, ok := columns[name]
	if !ok {
		return nil, fmt.Errorf("no column %q among the numbers: %s\nhint: name a column of numbers", name, listed(slices.Sorted(maps.Keys(columns))))
	}
	if err := sameLength("values of "+name, len(x), n); err != nil {
		return nil, err
	}
	return x, allFinite(name, x, 1)
}

func listed(names []string) string {
	if len(names) == 0 {
		return "there is none"
	}
	return strings.Join(names, ", ")
}

// ofColumn says whether the metric is one of a column, which any task has.
func ofColumn(m Metric) bool {
	return len(m.Args) > 0 && (m.Base == "mean" || m.Base == "rate" || m.Base == "quantile" || m.Kind == Policy)
}

// columnMetric is mean, rate or quantile of a column. rate is the share of
// rows whose value is 1, of values that are all 0 or 1.
func columnMetric(m Metric, columns map[string][]float64, n int) (estimate, error) {
	if m.Kind == Policy {
		return policyMetric(m, columns, n)
	}
	x, err := column(columns, m.Args[0], n)
	if err != nil {
		return nil, err
	}
	switch m.Base {
	case "rate":
		for i, v := range x {
			if v != 0 && v != 1 {
				return nil, fmt.Errorf("row %d has %s %v, and a rate is of values 0 and 1\nhint: take mean(%s)", i, m.Args[0], v, m.Args[0])
			}
		}
	case "quantile":
		return quantileOf(x, m.number(1)), nil
	}
	return meanOf(x), nil
}

// quantileOf is the weighted quantile of x at q: the least value up to which
// the weights sum to q of all, and the mean of it and the next where they sum
// to just that (Hyndman and Fan 1996, definition 2: the median where q is a
// half).
func quantileOf(x []float64, q float64) estimate {
	order := ranking(x)
	return func(w []float64) float64 {
		var all float64
		for _, k := range w {
			all += k
		}
		low, passed := nan, 0.0
		for _, row := range order {
			switch {
			case w[row] == 0:
				continue
			case !math.IsNaN(low):
				return low + (x[row]-low)/2
			}
			passed += w[row]
			if passed > all*(q+massSlack) {
				return x[row]
			}
			if passed >= all*(q-massSlack) {
				low = x[row]
			}
		}
		return low
	}
}
