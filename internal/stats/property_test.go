package stats

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gonum.org/v1/gonum/stat/distuv"
)

// sample draws labels and scores that carry some signal; coarse scores tie.
func sample(rng *rand.Rand, n int, coarse bool) ([]bool, []float64) {
	y, s := make([]bool, n), make([]float64, n)
	for i := range y {
		y[i] = rng.Float64() < 0.4
		v := rng.NormFloat64()
		if y[i] {
			v++
		}
		s[i] = 1 / (1 + math.Exp(-v))
		if coarse {
			s[i] = math.Round(s[i]*8) / 8
		}
	}
	return y, s
}

// kernel is the comparison of one positive with one negative score.
func kernel(p, n float64) float64 {
	switch {
	case p > n:
		return 1
	case p == n:
		return 0.5
	}
	return 0
}

// slowPlacements are DeLong's structural components by definition, in O(n²).
func slowPlacements(y []bool, s []float64) (auc float64, v10, v01 []float64) {
	for i := range y {
		var sum, count float64
		for j := range y {
			if y[i] == y[j] {
				continue
			}
			if y[i] {
				sum += kernel(s[i], s[j])
			} else {
				sum += kernel(s[j], s[i])
			}
			count++
		}
		if y[i] {
			v10 = append(v10, sum/count)
		} else {
			v01 = append(v01, sum/count)
		}
	}
	return mean(v10), v10, v01
}

func TestPlacementsAgreeWithAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for round := range 40 {
		y, s := sample(rng, 20+round, round%2 == 0)
		_, s2 := sample(rng, len(y), round%4 < 2)
		auc, v10, v01 := slowPlacements(y, s)
		auc2, w10, w01 := slowPlacements(y, s2)
		near(t, "AUC", AUC(y, s), auc)
		near(t, "weighted AUC", Ranked(y, s)(nil), auc)

		_, i := DeLong(y, s, 0.95)
		half := z(0.95) * math.Sqrt(variance(v10)/float64(len(v10))+variance(v01)/float64(len(v01)))
		near(t, "DeLong low", i.Low, max(0, auc-half))
		near(t, "DeLong high", i.High, min(1, auc+half))

		diff, i := DeLongPaired(y, s, s2, 0.95)
		near(t, "difference", diff, auc-auc2)
		half = z(0.95) * math.Sqrt(pairedVariance(v10, w10)+pairedVariance(v01, w01))
		near(t, "paired DeLong low", i.Low, diff-half)
		near(t, "paired DeLong high", i.High, diff+half)
	}
}

// pairedVariance is by covariances, as DeLong wrote it.
func pairedVariance(a, b []float64) float64 {
	ma, mb, cov := mean(a), mean(b), 0.0
	for i := range a {
		cov += (a[i] - ma) * (b[i] - mb)
	}
	cov /= float64(len(a) - 1)
	return (variance(a) + variance(b) - 2*cov) / float64(len(a))
}

func TestAveragePrecisionByThresholds(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 20 {
		y, s := sample(rng, 50, true)
		thresholds := slices.Sorted(slices.Values(s))
		slices.Reverse(thresholds)
		var want, recall float64
		for _, at := range slices.Compact(thresholds) {
			c := Confuse(y, s, at)
			want += (c.Value("recall") - recall) * c.Value("precision")
			recall = c.Value("recall")
		}
		near(t, "average precision", AveragePrecision(y, s)(nil), want)
	}
}

func TestIntervalsDoNotDependOnProcessors(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	y, s := sample(rng, 300, false)
	groups := []Proportion{{30, 100}, {20, 90}, {44, 120}}
	run := func(procs int) []any {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		r := Resampling{Draws: 730, Seed: Seed("digest", "item"), Confidence: 0.9}
		_, a := r.BCa(len(s), func([]int32) Statistic { return AveragePrecision(y, s) })
		_, b := r.Stratified(y, func([]int32) Statistic { return Mean(s) })
		c := r.DecisionInterval(Confuse(y, s, 0.5), "mcc")
		_, d := r.PSI(BinNumbers(s[:200], s[200:]))
		return []any{a, b, c, d, r.Difference(groups), r.LeastRatio(groups), r.CalibrationNull(s, 10, 0.95)}
	}
	want := run(1)
	for _, procs := range []int{2, 3, 7} {
		if diff := cmp.Diff(want, run(procs)); diff != "" {
			t.Errorf("with %d processors (-one +many):\n%s", procs, diff)
		}
	}
}

// TestDrawsArePinned holds the generator still: a change of it changes every
// published interval.
func TestDrawsArePinned(t *testing.T) {
	if got, want := Seed("digest", "item"), uint64(0x269e8909ebedcd44); got != want {
		t.Errorf("seed %x; want %x", got, want)
	}
	rng := generator(1, 2)
	got := []int{below(rng.Uint64(), 1000), below(rng.Uint64()>>32, 1000), binomial(rng, 40, 0.1), binomial(rng, 1000, 0.3), binomial(rng, 1000, 0.9)}
	if want := []int{339, 616, 4, 290, 883}; !slices.Equal(got, want) {
		t.Errorf("draws %v; want %v", got, want)
	}
}

func TestBinomialHasItsMoments(t *testing.T) {
	rng := generator(5, 1)
	for _, c := range []struct {
		n int
		p float64
	}{{1, .5}, {30, .1}, {50, .5}, {200, .03}, {1000, .02}, {5000, .4}, {100_000, .7}, {1_000_000, .006}, {200_000, .006}} {
		const draws = 40_000
		x := make([]float64, draws)
		for i := range x {
			x[i] = float64(binomial(rng, c.n, c.p))
		}
		m, v := float64(c.n)*c.p, float64(c.n)*c.p*(1-c.p)
		if got := mean(x); math.Abs(got-m) > 4*math.Sqrt(v/draws) {
			t.Errorf("binomial(%d, %g): mean %g; want %g", c.n, c.p, got, m)
		}
		if got := variance(x); math.Abs(got-v) > 0.05*v {
			t.Errorf("binomial(%d, %g): variance %g; want %g", c.n, c.p, got, v)
		}
	}
}

// Of counts that are many, as many draws lie in either tail as should.
func TestBinomialOfManyHasItsTails(t *testing.T) {
	rng := generator(5, 2)
	exact := distuv.Binomial{N: 900_000, P: 0.0012}
	const draws = 400_000
	for _, tail := range []struct {
		at    float64
		below float64
	}{{1016, exact.CDF(1016)}, {1080, exact.CDF(1080)}, {1145, exact.CDF(1145)}} {
		n := 0
		for range draws {
			if float64(binomial(rng, 900_000, 0.0012)) <= tail.at {
				n++
			}
		}
		if got := float64(n) / draws; math.Abs(got-tail.below) > 4*math.Sqrt(tail.below*(1-tail.below)/draws)+1e-4 {
			t.Errorf("share up to %v: got %v; want %v", tail.at, got, tail.below)
		}
	}
}

func TestCellsAreRows(t *testing.T) {
	// The bootstrap over the four cells has the distribution of that over rows.
	rng := rand.New(rand.NewPCG(6, 1))
	y, s := sample(rng, 250, false)
	c := Confuse(y, s, 0.5)
	r := Resampling{Draws: 20_000, Seed: 9, Confidence: 0.95}
	byCells := r.DecisionInterval(c, "f1")
	_, byRows := r.BCa(len(y), func([]int32) Statistic {
		return func(w []int32) float64 {
			var c Confusion
			for i := range y {
				k := 1
				if w != nil {
					k = int(w[i])
				}
				one := Confuse(y[i:i+1], s[i:i+1], 0.5)
				c = Confusion{c.TP + k*one.TP, c.FP + k*one.FP, c.TN + k*one.TN, c.FN + k*one.FN}
			}
			return c.Value("f1")
		}
	})
	if math.Abs(byCells.Low-byRows.Low) > 0.005 || math.Abs(byCells.High-byRows.High) > 0.005 {
		t.Errorf("by cells (%g, %g), by rows (%g, %g)", byCells.Low, byCells.High, byRows.Low, byRows.High)
	}
}

func TestLargeSamplesAreScaled(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	x := make([]float64, 3*maxRows)
	for i := range x {
		x[i] = rng.ExpFloat64()
	}
	r := Resampling{Draws: 400, Seed: 1, Confidence: 0.95}
	value, i := r.BCa(len(x), func(rows []int32) Statistic {
		if rows == nil {
			return Mean(x)
		}
		part := make([]float64, len(rows))
		for k, row := range rows {
			part[k] = x[row]
		}
		return Mean(part)
	})
	half := z(0.95) / math.Sqrt(float64(len(x)))
	if got := (i.High - i.Low) / 2; math.Abs(got-half) > 0.15*half {
		t.Errorf("half width %g; want about %g", got, half)
	}
	if i.Low > value || i.High < value {
		t.Errorf("interval (%g, %g) is beside the value %g", i.Low, i.High, value)
	}
}

func TestRatioEndsAreRoots(t *testing.T) {
	limit := square(z(0.95))
	for _, c := range [][2]Proportion{{{5, 40}, {9, 50}}, {{0, 40}, {9, 50}}, {{5, 40}, {0, 50}}, {{40, 40}, {50, 50}}, {{40, 40}, {3, 50}}} {
		i := Ratio(c[0], c[1], 0.95)
		for _, end := range []float64{i.Low, i.High} {
			if end > 0 && !math.IsInf(end, 1) {
				if got := koopman(c[0], c[1], end); math.Abs(got-limit) > 1e-6 {
					t.Errorf("%v: score at %g is %g; want %g", c, end, got, limit)
				}
			}
		}
		if v := c[0].Value() / c[1].Value(); i.Low > v || i.High < v {
			t.Errorf("%v: %g outside (%g, %g)", c, v, i.Low, i.High)
		}
		back := Ratio(c[1], c[0], 0.95)
		if c[0].X > 0 && c[1].X > 0 {
			if math.Abs(back.Low*i.High-1) > 1e-6 || math.Abs(back.High*i.Low-1) > 1e-6 {
				t.Errorf("%v: (%g, %g) against (%g, %g) turned round", c, i.Low, i.High, back.Low, back.High)
			}
		}
	}
}

// TestDeLongGapAgreesWithTheBootstrap over rows, stratum by stratum.
func TestDeLongGapAgreesWithTheBootstrap(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	y, s := sample(rng, 800, true)
	marked := make([]bool, len(y))
	for i := range marked {
		marked[i] = rng.Float64() < 0.3
	}
	gap, i := DeLongGap(y, s, marked, 0.95)
	r := Resampling{Draws: 4000, Seed: 2, Confidence: 0.95}
	value, want := r.Stratified(marked, func([]int32) Statistic {
		all := Ranked(y, s)
		return func(w []int32) float64 {
			var yy []bool
			var ss []float64
			var ww []int32
			for k, in := range marked {
				if in {
					yy, ss = append(yy, y[k]), append(ss, s[k])
					if w != nil {
						ww = append(ww, w[k])
					}
				}
			}
			return all(w) - Ranked(yy, ss)(ww)
		}
	})
	near(t, "gap", gap, value)
	if width := want.High - want.Low; math.Abs(i.Low-want.Low) > 0.06*width || math.Abs(i.High-want.High) > 0.06*width {
		t.Errorf("by DeLong (%g, %g), by bootstrap (%g, %g)", i.Low, i.High, want.Low, want.High)
	}
}
