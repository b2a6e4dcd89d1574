package stats

import (
	"math"
	"testing"
)

// parityExample is a worked case of Fairlearn's documentation: 18 rows
// in groups a, b and c.
func parityExample() (y, decided []bool, group []int) {
	y = bools(0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1)
	decided = bools(0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0)
	for _, g := range "bbabbcccaacabccbcc" {
		group = append(group, int(g-'a'))
	}
	return y, decided, group
}

func exampleRates(t *testing.T, rate string) []Proportion {
	t.Helper()
	y, decided, group := parityExample()
	var tables [3]Confusion
	for i, g := range group {
		c := &tables[g]
		switch {
		case y[i] && decided[i]:
			c.TP++
		case y[i]:
			c.FN++
		case decided[i]:
			c.FP++
		default:
			c.TN++
		}
	}
	var out []Proportion
	for _, c := range tables {
		p, ok := GroupRate(c, rate)
		if !ok {
			t.Fatalf("%s is no rate of groups", rate)
		}
		out = append(out, p)
	}
	return out
}

func TestWorkedParity(t *testing.T) {
	const every, a, b = -1, 0, 1
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	for _, c := range []struct {
		name              string
		rates             []string
		reference         int
		difference, ratio float64
	}{
		{"demographic parity and disparate impact", []string{"selection_rate"}, every, 0.25, 2.0 / 3},
		{"equal opportunity", []string{"recall"}, every, 0.2, 2.0 / 3},
		{"false positive rates", []string{"fpr"}, every, 1, 0},
		{"predictive parity", []string{"precision"}, every, 2.0 / 3, 1.0 / 3},
		{"false omission rates", []string{"false_omission_rate"}, every, 1.0 / 3, 2.0 / 3},
		{"equalized odds", []string{"recall", "fpr"}, every, 1, 0},
		{"equal opportunity against the middle group", []string{"recall"}, a, 0.1, 0.8},
		{"equal opportunity against the best group", []string{"recall"}, b, 0.2, 2.0 / 3},
		{"false omission rates against a", []string{"false_omission_rate"}, a, 1.0 / 3, 2.0 / 3},
		{"false positive rates against one without any", []string{"fpr"}, b, 1, 0},
	} {
		var layers []Layer
		for _, rate := range c.rates {
			layers = append(layers, Layer{exampleRates(t, rate), c.reference})
		}
		difference, ratio := r.WorstDifference(layers), r.WorstRatio(layers)
		near(t, c.name+": difference", difference.Value, c.difference)
		near(t, c.name+": ratio", ratio.Value, c.ratio)
		for what, p := range map[string]Parity{"difference": difference, "ratio": ratio} {
			if !(p.Interval.Low <= p.Value && p.Value <= p.Interval.High && p.Interval.Low >= 0 && p.Interval.High <= 1) {
				t.Errorf("%s: %s %g lies outside (%g, %g)", c.name, what, p.Value, p.Interval.Low, p.Interval.High)
			}
		}
	}
}

func TestARateOfNothingHasNoParity(t *testing.T) {
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	good := Layer{[]Proportion{{3, 9}, {4, 9}}, -1}
	for name, l := range map[string]Layer{
		"a group without such rows":   {[]Proportion{{3, 9}, {0, 0}}, -1},
		"a reference without":         {[]Proportion{{3, 9}, {0, 0}}, 1},
		"a group without, referenced": {[]Proportion{{3, 9}, {0, 0}}, 0},
	} {
		if p := r.WorstDifference([]Layer{good, l}); !math.IsNaN(p.Value) || p.Interval.Usable() || !math.IsNaN(p.Null95) {
			t.Errorf("%s: got difference %+v; want none", name, p)
		}
		if p := r.WorstRatio([]Layer{good, l}); !math.IsNaN(p.Value) || p.Interval.Usable() || !math.IsNaN(p.Null95) {
			t.Errorf("%s: got ratio %+v; want none", name, p)
		}
	}
	zero := Layer{[]Proportion{{0, 9}, {0, 9}}, 0}
	if p := r.WorstRatio([]Layer{good, zero}); !math.IsNaN(p.Value) {
		t.Errorf("two rates of 0: got ratio %g; want none", p.Value)
	}
}

// TestLayersAgreeWithAllPairs holds the difference and the ratio of a layer
// against going through all pairs one by one.
func TestLayersAgreeWithAllPairs(t *testing.T) {
	rng := generator(5, 0)
	for range 500 {
		l := Layer{Reference: rng.IntN(5) - 1}
		for range max(2, l.Reference+1) + rng.IntN(4) {
			n := 1 + rng.IntN(20)
			l.Groups = append(l.Groups, Proportion{binomial(rng, n, rng.Float64()), n})
		}
		difference, ratio := 0.0, 1.0
		positive := false
		for i, a := range l.Groups {
			positive = positive || a.X > 0
			for j, b := range l.Groups {
				if i == j || l.Reference >= 0 && i != l.Reference && j != l.Reference {
					continue
				}
				difference = max(difference, a.Value()-b.Value())
				if b.X > 0 {
					ratio = min(ratio, a.Value()/b.Value())
				}
			}
		}
		if !positive {
			ratio = math.NaN()
		}
		if got := l.difference(); math.Abs(got-difference) > 1e-12 {
			t.Fatalf("%+v: got difference %g; want %g", l, got, difference)
		}
		if got := l.ratio(); math.Abs(got-ratio) > 1e-12 || math.IsNaN(got) != math.IsNaN(ratio) {
			t.Fatalf("%+v: got ratio %g; want %g", l, got, ratio)
		}
	}
}

func TestMoverOfWilsonIsNewcombe(t *testing.T) {
	a, b := Proportion{56, 70}, Proportion{48, 80}
	estimate := func(p Proportion) IntervalEstimate {
		low, high := wilson(p, 0.95)
		return IntervalEstimate{Value: p.Value(), Interval: Interval{Low: low, High: high}}
	}
	got, want := Mover(estimate(a), estimate(b)), Newcombe(a, b, 0.95)
	near(t, "low", got.Low, want.Low)
	near(t, "high", got.High, want.High)
	biased := estimate(a)
	biased.Biased = true
	far := Mover(biased, estimate(b))
	near(t, "low of a biased value", far.Low, biased.Interval.Low-estimate(b).Interval.High)
	near(t, "high of a biased value", far.High, biased.Interval.High-estimate(b).Interval.Low)
	if i := Mover(IntervalEstimate{Value: 0.5, Interval: noInterval("bca", "")}, estimate(b)); i.Usable() {
		t.Errorf("without an interval of one: got %+v; want none", i)
	}
}

// trueProbabilities draws outcomes whose probabilities are off by shift.
func trueProbabilities(rng random, n int, shift float64) (positive []bool, probability []float64) {
	for range n {
		p := 0.2 + 0.6*rng.Float64()
		positive = append(positive, rng.Float64() < p+shift)
		probability = append(probability, p)
	}
	return positive, probability
}

func calibrationLayer(rng random, shift float64, sizes ...int) CalibrationLayer {
	l := CalibrationLayer{Groups: len(sizes), Reference: -1}
	for g, n := range sizes {
		s := 0.0
		if g == 0 {
			s = shift
		}
		y, p := trueProbabilities(rng, n, s)
		l.Positive, l.Probability = append(l.Positive, y...), append(l.Probability, p...)
		for range n {
			l.Group = append(l.Group, int32(g))
		}
	}
	return l
}

func TestCalibrationDifference(t *testing.T) {
	rng := generator(3, 0)
	l := calibrationLayer(rng, 0.15, 2000, 2000, 500)
	r := Resampling{Draws: 300, Seed: 2, Confidence: 0.95}
	got := r.CalibrationDifference([]CalibrationLayer{l})
	var errors []float64
	for g := range l.Groups {
		var y []bool
		var p []float64
		for i, of := range l.Group {
			if int(of) == g {
				y, p = append(y, l.Positive[i]), append(p, l.Probability[i])
			}
		}
		errors = append(errors, ECE(y, p, CalibrationBins)(nil))
	}
	near(t, "greatest minus least", got.Value, max(errors[0], errors[1], errors[2])-min(errors[0], errors[1], errors[2]))
	if !(got.Interval.Low > 0.05 && got.Interval.Low < got.Value && got.Value < got.Interval.High) {
		t.Errorf("got %+v; want an interval around the value, away from 0", got)
	}
	if got.Null95 > 0.06 || got.Null95 < 0.005 {
		t.Errorf("got null %g; want what 500 rows do by chance", got.Null95)
	}
	against := l
	against.Reference = 0
	near(t, "against the group that is off", r.CalibrationDifference([]CalibrationLayer{against}).Value, errors[0]-min(errors[1], errors[2]))
	empty := l
	empty.Groups = 4
	if p := r.CalibrationDifference([]CalibrationLayer{empty}); !math.IsNaN(p.Value) || p.Interval.Usable() {
		t.Errorf("with an empty group: got %+v; want none", p)
	}
}

// TestManyRowsAreDrawnAtOnce holds the quick draw of a calibration error
// against that of row by row.
func TestManyRowsAreDrawnAtOnce(t *testing.T) {
	s := calibrationLayer(generator(9, 0), 0.05, 3000, 2000).share()
	var mean, square [2][2]float64
	const draws = 400
	for quick := range 2 {
		rng := generator(10, quick)
		for range draws {
			for g, e := range s.draw(rng, quick == 1) {
				mean[quick][g] += e.Value / draws
				square[quick][g] += e.Value * e.Value / draws
			}
		}
	}
	for g := range 2 {
		sd := [2]float64{}
		for q := range 2 {
			sd[q] = math.Sqrt(square[q][g] - mean[q][g]*mean[q][g])
		}
		if math.Abs(mean[0][g]-mean[1][g]) > 0.3*sd[0] || math.Abs(sd[0]-sd[1]) > 0.2*sd[0] {
			t.Errorf("group %d: got mean %g and deviation %g; want %g and %g", g, mean[1][g], sd[1], mean[0][g], sd[0])
		}
	}
}

// TestParityNullIsReachedByChance counts how often groups that are alike
// differ by more than the quantile that is said to be chance's.
func TestParityNullIsReachedByChance(t *testing.T) {
	reps := replications(t, 200)
	slack := 4 * math.Sqrt(0.05*0.95/float64(reps))
	count := func(name string, beyond func(random, Resampling) bool) {
		rng := generator(21, len(name))
		n := 0
		for range reps {
			if beyond(rng, Resampling{Draws: 200, Seed: rng.Uint64(), Confidence: 0.95}) {
				n++
			}
		}
		share := float64(n) / float64(reps)
		judge(t, share <= 0.05+slack, "%s: %.4f beyond the null, bar %.4f", name, share, 0.05+slack)
		if share > 0.05+slack {
			t.Errorf("%s: got %.3f beyond the null's 95 %% quantile; want 0.05", name, share)
		}
	}
	count("calibration of three groups", func(rng random, r Resampling) bool {
		p := r.CalibrationDifference([]CalibrationLayer{calibrationLayer(rng, 0, 200, 100, 60)})
		return p.Value > p.Null95
	})
	count("gap of the first of twelve slices to the best", func(rng random, r Resampling) bool {
		var parts []IntervalEstimate
		for range 12 {
			p := Proportion{binomial(rng, 100, 0.7), 100}
			parts = append(parts, IntervalEstimate{Value: p.Value(), Interval: p.Interval(0.95)})
		}
		p := r.GapToBest(parts, 0)
		return p.Value > p.Null95
	})
	count("ratio against a reference, in two strata", func(rng random, r Resampling) bool {
		var layers []Layer
		for _, rate := range []float64{0.3, 0.6} {
			l := Layer{Reference: 1}
			for range 3 {
				l.Groups = append(l.Groups, Proportion{binomial(rng, 80, rate), 80})
			}
			layers = append(layers, l)
		}
		p := r.WorstRatio(layers)
		return p.Value < p.Null95
	})
}

func TestGapToBest(t *testing.T) {
	estimate := func(x, n int) IntervalEstimate {
		p := Proportion{x, n}
		return IntervalEstimate{Value: p.Value(), Interval: p.Interval(0.95)}
	}
	r := Resampling{Draws: 500, Seed: 4, Confidence: 0.95}
	parts := []IntervalEstimate{estimate(60, 100), estimate(80, 100), estimate(75, 100)}
	got := r.GapToBest(parts, 0)
	near(t, "gap", got.Value, 0.2)
	first, second := Newcombe(Proportion{80, 100}, Proportion{60, 100}, 0.95), Newcombe(Proportion{75, 100}, Proportion{60, 100}, 0.95)
	near(t, "low", got.Interval.Low, max(first.Low, second.Low))
	near(t, "high", got.Interval.High, max(first.High, second.High))
	best := r.GapToBest(parts, 1)
	near(t, "gap of the best", best.Value, 0)
	near(t, "low of the best", best.Interval.Low, 0)
	if best.Interval.High <= 0 || best.Null95 <= 0 {
		t.Errorf("the best: got %+v; want room for another to be it", best)
	}
	parts[2].Interval = noInterval("bca", "")
	if p := r.GapToBest(parts, 0); p.Interval.Usable() || !math.IsNaN(p.Null95) {
		t.Errorf("a slice without an interval: got %+v; want none", p)
	}
}

// TestCalibrationDifferenceCoverage counts how often the interval holds the
// true difference: of groups that are off by nothing and by 0.15, and of two
// that are alike.
func TestCalibrationDifferenceCoverage(t *testing.T) {
	reps := replications(t, 200)
	for _, shift := range []float64{0, 0.15} {
		rng := generator(31, int(100*shift))
		held := 0
		for range reps {
			r := Resampling{Draws: 200, Seed: rng.Uint64(), Confidence: 0.95}
			i := r.CalibrationDifference([]CalibrationLayer{calibrationLayer(rng, shift, 600, 400)}).Interval
			if max(i.Low, 0) <= shift && shift <= i.High {
				held++
			}
		}
		share := float64(held) / float64(reps)
		least := 0.94 - 4*math.Sqrt(0.05*0.95/float64(reps))
		judge(t, share >= least, "difference of calibration errors, off by %g: covers %.4f, bar %.4f", shift, share, least)
		if share < least {
			t.Errorf("off by %g: covers %.3f; want at least 0.94", shift, share)
		}
	}
}
