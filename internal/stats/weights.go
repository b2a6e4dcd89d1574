package stats

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// An estimate is a number made of rows with weights that are finite and not
// negative. It is NaN where the weighted rows allow no number.
type estimate func(w []float64) float64

// rows are a sample's rows by their weights: own is nil where each counts
// once, else the weights divided by unit, a power of two, so that products of
// weights neither overflow nor vanish.
type rows struct {
	n    int
	own  []float64
	unit float64
}

// weigh checks the weights of n rows.
func weigh(n int, weight []float64) (rows, error) {
	r := rows{n: n, unit: 1}
	if weight == nil {
		return r, nil
	}
	if err := sameLength("weights", len(weight), n); err != nil {
		return r, err
	}
	most := 0.0
	for i, w := range weight {
		if !(w >= 0) || math.IsInf(w, 1) {
			return r, fmt.Errorf("the weight of row %d is %v\nhint: weights are finite and not negative", i, w)
		}
		most = max(most, w)
	}
	if most > 0 {
		_, exponent := math.Frexp(most)
		r.unit = math.Ldexp(1, exponent-1)
	}
	r.own = make([]float64, n)
	for i, w := range weight {
		r.own[i] = w / r.unit
	}
	return r, nil
}

func sameLength(what string, got, want int) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%d %s for a sample of %d\nhint: give one for each", got, what, want)
}

// statistic multiplies the rows' own weights with those of a draw. What is not
// finite is no number.
func (r rows) statistic(f estimate) Statistic {
	scratch := sync.Pool{New: func() any { w := make([]float64, r.n); return &w }}
	return func(draw []int32) float64 {
		w := scratch.Get().(*[]float64)
		defer scratch.Put(w)
		r.fill(*w, draw)
		v := f(*w)
		if math.IsInf(v, 0) {
			return math.NaN()
		}
		return v
	}
}

func (r rows) fill(w []float64, draw []int32) {
	switch {
	case draw == nil && r.own == nil:
		for i := range w {
			w[i] = 1
		}
	case draw == nil:
		copy(w, r.own)
	case r.own == nil:
		for i, k := range draw {
			w[i] = float64(k)
		}
	default:
		for i, k := range draw {
			w[i] = float64(k) * r.own[i]
		}
	}
}

// unweighted is an estimate as a statistic of n rows that count once each.
func unweighted(n int, f estimate) Statistic { return rows{n: n, unit: 1}.statistic(f) }

// meanOf is the weighted mean of x; rows without weight do not count, even
// where their x is no number.
func meanOf(x []float64) estimate {
	if !slices.ContainsFunc(x, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
		return meanOfFinite(x)
	}
	return func(w []float64) float64 {
		var sum, n float64
		for i, k := range w {
			if k != 0 {
				sum, n = sum+k*x[i], n+k
			}
		}
		return sum / n
	}
}

// meanOfFinite needs no look at the weights, which are too random in a draw
// for a processor to foresee.
func meanOfFinite(x []float64) estimate {
	return func(w []float64) float64 {
		var sum, n float64
		for i, k := range w {
			sum, n = sum+k*x[i], n+k
		}
		return sum / n
	}
}

// take picks the elements at some rows; all where rows is nil.
func take[T any](x []T, at []int32) []T {
	if at == nil || x == nil {
		return x
	}
	out := make([]T, len(at))
	for i, row := range at {
		out[i] = x[row]
	}
	return out
}

// takeEach picks rows of a matrix of the given width.
func takeEach[T any](x []T, width int, at []int32) []T {
	if at == nil || x == nil {
		return x
	}
	out := make([]T, 0, len(at)*width)
	for _, row := range at {
		out = append(out, x[int(row)*width:(int(row)+1)*width]...)
	}
	return out
}

// unknownTo is the error of a metric that a task's samples do not have.
func unknownTo(task string, m Metric) error {
	return fmt.Errorf("metric %q is not one of task %s; they are %s", m.Name, task, namesOf(task))
}
