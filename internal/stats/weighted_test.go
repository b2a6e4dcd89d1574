package stats

import (
	"math"
	"testing"
)

func TestKish(t *testing.T) {
	for _, c := range []struct {
		name   string
		weight []float64
		want   float64
	}{
		{"equal weights", []float64{3, 3, 3, 3}, 4},
		{"one row has all", []float64{0, 5, 0}, 1},
		{"1 and 3", []float64{1, 3}, 1.6},
		{"no weight", []float64{0, 0}, math.NaN()},
		{"no rows", nil, math.NaN()},
		{"a negative weight", []float64{1, -1, 4}, math.NaN()},
		{"a weight that is no number", []float64{1, math.NaN()}, math.NaN()},
		{"an infinite weight", []float64{1, math.Inf(1)}, math.NaN()},
	} {
		if got := Kish(c.weight); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: got %g; want %g", c.name, got, c.want)
		}
	}
}

func TestWeightedMeanCountsRowsByWeight(t *testing.T) {
	mean := WeightedMean([]float64{1, 2, math.NaN()}, []float64{1, 3, 0})
	near(t, "all rows", mean(nil), 1.75)
	near(t, "the second twice", mean([]int32{1, 2, 5}), 13.0/7)
	near(t, "the first alone", mean([]int32{4, 0, 1}), 1)
	for name, got := range map[string]float64{
		"no row drawn":                 mean([]int32{0, 0, 1}),
		"a weight that is no number":   WeightedMean([]float64{1, 2}, []float64{1, math.NaN()})(nil),
		"a negative weight":            WeightedMean([]float64{1, 2}, []float64{2, -1})(nil),
		"a value that is not a number": WeightedMean([]float64{1, math.NaN()}, []float64{2, 1})(nil),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: got %g; want NaN", name, got)
		}
	}
}
