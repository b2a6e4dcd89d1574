package stats

import (
	"math"
	"math/rand/v2"
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

func TestEqualWeightsWeighNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	y, s := sample(rng, 90, true)
	w, x := make([]float64, len(y)), make([]float64, len(y))
	successes := 0
	for i := range w {
		w[i] = 0.25
		if y[i] {
			x[i] = 1
			successes++
		}
	}
	near(t, "mean", WeightedMean(x, w)(nil), float64(successes)/90)
	share, effective, i := WeightedRate(y, w, 0.95)
	// The variance of a share from n rows, without bias, is p(1−p)/(n−1).
	low, high := wilsonEnds(float64(successes)/90, 89, 0.95)
	near(t, "share", share, float64(successes)/90)
	near(t, "effective", effective, 89)
	near(t, "low", i.Low, low)
	near(t, "high", i.High, high)
	auc, got := WeightedDeLong(y, s, w, 0.95)
	wantAUC, want := DeLong(y, s, 0.95)
	near(t, "AUC", auc, wantAUC)
	near(t, "AUC, low", got.Low, want.Low)
	near(t, "AUC, high", got.High, want.High)
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

// wins is the comparison of one positive with one negative score.
func wins(p, n float64) float64 {
	switch {
	case p > n:
		return 1
	case p < n:
		return 0
	}
	return 0.5
}

// TestWeightedAreaByAllPairs compares with the sums over all pairs of rows.
func TestWeightedAreaByAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	for round := range 30 {
		y, s := sample(rng, 25+round, round%2 == 0)
		w := make([]float64, len(y))
		var sum [2]float64
		var rows [2]float64
		class := func(i int) int {
			if y[i] {
				return 1
			}
			return 0
		}
		for i := range w {
			w[i] = float64(rng.IntN(4))
			sum[class(i)] += w[i]
			if w[i] > 0 {
				rows[class(i)]++
			}
		}
		component := func(i int) (v float64) {
			for j := range y {
				switch {
				case y[i] && !y[j]:
					v += w[j] / sum[0] * wins(s[i], s[j])
				case y[j] && !y[i]:
					v += w[j] / sum[1] * wins(s[j], s[i])
				}
			}
			return v
		}
		var auc, v float64
		for i := range y {
			if y[i] {
				auc += w[i] / sum[1] * component(i)
			}
		}
		for i := range y {
			k := class(i)
			v += square(w[i]/sum[k]*(component(i)-auc)) * rows[k] / (rows[k] - 1)
		}
		got, i := WeightedDeLong(y, s, w, 0.9)
		near(t, "AUC", got, auc)
		near(t, "low", i.Low, max(auc-z(0.9)*math.Sqrt(v), 0))
		near(t, "high", i.High, min(auc+z(0.9)*math.Sqrt(v), 1))
	}
}

func TestWeightedDegenerates(t *testing.T) {
	ten := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	none, all := make([]bool, 10), bools(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
	for name, c := range map[string]struct {
		y    []bool
		want Proportion
	}{"none of ten": {none, Proportion{0, 10}}, "ten of ten": {all, Proportion{10, 10}}} {
		share, effective, i := WeightedRate(c.y, ten, 0.95)
		low, high := ClopperPearson(c.want, 0.95)
		near(t, name, share, c.want.Value())
		near(t, name+", effective", effective, 10)
		near(t, name+", low", i.Low, low)
		near(t, name+", high", i.High, high)
		if i.Method != "korn_graubard" || !i.Degenerate {
			t.Errorf("%s: got %+v; want degenerate by korn_graubard", name, i)
		}
	}
	// A row without weight is no row.
	if _, _, i := WeightedRate(bools(1, 0, 0), []float64{0, 2, 2}, 0.95); !i.Degenerate || i.Low != 0 {
		t.Errorf("the only success has no weight: got %+v", i)
	}
	for name, run := range map[string]func() (float64, Interval){
		"a share without weights": func() (float64, Interval) {
			v, _, i := WeightedRate(bools(1, 0), []float64{0, 0}, 0.95)
			return v, i
		},
		"an area with a negative weight": func() (float64, Interval) {
			return WeightedDeLong(bools(1, 0), []float64{.1, .2}, []float64{1, -1}, 0.95)
		},
		"an area with one class of weight": func() (float64, Interval) {
			return WeightedDeLong(bools(1, 0), []float64{.1, .2}, []float64{1, 0}, 0.95)
		},
	} {
		if v, i := run(); !math.IsNaN(v) || i.Usable() || !i.Degenerate {
			t.Errorf("%s: got %g, %+v; want neither value nor interval", name, v, i)
		}
	}
	if v, i := WeightedDeLong(bools(1, 1, 0, 0), []float64{.8, .9, .1, .2}, []float64{1, 2, 1, 1}, 0.95); v != 1 || i.Usable() || !i.Degenerate {
		t.Errorf("a weighted area of 1: got %g, %+v; want no interval", v, i)
	}
}
