package stats

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// replications is the number of samples per case; STATS_REPLICATIONS asks for
// more than the quick few hundred.
func replications(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("STATS_REPLICATIONS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("STATS_REPLICATIONS %q is no number of replications", text)
	}
	return n
}

const confidence = 0.95

// coverageCase is one method on samples of one kind.
type coverageCase struct {
	name  string
	truth float64
	least float64 // asymptotic methods on small samples fall short by a little
	draw  func(rng random, r Resampling) Interval
}

// TestCoverage draws samples from a known truth and counts how often each
// interval holds it: at least the confidence less the method's known
// shortfall and four standard errors of the count. With STATS_REPLICATIONS it
// prints a table too, and wants each method within one percent of nominal but
// those that cannot be.
func TestCoverage(t *testing.T) {
	auc := normalCDF(1 / math.Sqrt2) // of two normals one standard deviation apart
	cases := []coverageCase{
		{"wilson, 0.9 of 60", 0.9, 0.93, func(rng random, _ Resampling) Interval {
			return Proportion{binomial(rng, 60, 0.9), 60}.Interval(confidence)
		}},
		{"wilson and exact, 0.99 of 50", 0.99, 0.90, func(rng random, _ Resampling) Interval {
			return Proportion{binomial(rng, 50, 0.99), 50}.Interval(confidence)
		}},
		{"newcombe, 0.7 of 80 against 0.6 of 50", 0.1, 0.94, func(rng random, _ Resampling) Interval {
			return Newcombe(Proportion{binomial(rng, 80, 0.7), 80}, Proportion{binomial(rng, 50, 0.6), 50}, confidence)
		}},
		{"newcombe paired, 100 rows", 0.1, 0.94, func(rng random, _ Resampling) Interval {
			n := make([]int, 4)
			multinomial(rng, 100, []float64{.6, .2, .1, .1}, n)
			return Pairs{n[0], n[1], n[2], n[3]}.Interval(confidence)
		}},
		{"koopman, 0.3 of 60 over 0.2 of 80", 1.5, 0.94, func(rng random, _ Resampling) Interval {
			return Ratio(Proportion{binomial(rng, 60, 0.3), 60}, Proportion{binomial(rng, 80, 0.2), 80}, confidence)
		}},
		{"delong, 200 rows", auc, 0.93, func(rng random, _ Resampling) Interval {
			y, s := sample(rng.Rand, 200, false)
			_, i := DeLong(y, s, confidence)
			return i
		}},
		{"paired delong of two equal models", 0, 0.93, func(rng random, _ Resampling) Interval {
			y := make([]bool, 200)
			a, b := make([]float64, 200), make([]float64, 200)
			for i := range y {
				y[i] = rng.Float64() < .3
				common := rng.NormFloat64()
				if y[i] {
					common++
				}
				a[i], b[i] = common+rng.NormFloat64(), common+rng.NormFloat64()
			}
			_, i := DeLongPaired(y, a, b, confidence)
			return i
		}},
		{"delong gap of a part that is like the rest", 0, 0.93, func(rng random, _ Resampling) Interval {
			y, s := sample(rng.Rand, 400, false)
			marked := make([]bool, len(y))
			for i := range marked {
				marked[i] = i < 100
			}
			_, i := DeLongGap(y, s, marked, confidence)
			return i
		}},
		{"bca of a skewed mean, 100 rows", 1, 0.92, func(rng random, r Resampling) Interval {
			x := make([]float64, 100)
			for i := range x {
				x[i] = rng.ExpFloat64()
			}
			_, i := r.BCa(len(x), func([]int32) Statistic { return Mean(x) })
			return i
		}},
		{"bca of f1 over cells, 300 rows", 2 * .2 / (2*.2 + .1 + .1), 0.93, func(rng random, r Resampling) Interval {
			n := make([]int, 4)
			multinomial(rng, 300, []float64{.2, .1, .6, .1}, n)
			return r.DecisionInterval(fromCells(n), "f1")
		}},
		{"order statistics of the median, 50 rows", math.Ln2, 0.95, func(rng random, _ Resampling) Interval {
			x := make([]float64, 50)
			for i := range x {
				x[i] = rng.ExpFloat64()
			}
			return MedianInterval(x, confidence)
		}},
		{"calibration error of a calibrated model, 300 rows", 0, 0.94, func(rng random, r Resampling) Interval {
			y, p := make([]bool, 300), make([]float64, 300)
			for i := range y {
				p[i] = rng.Float64()
				y[i] = rng.Float64() < p[i]
			}
			null := r.CalibrationNull(p, CalibrationBins, 0.975)
			_, i := r.Calibration(len(y), null[0], func([]int32) Statistic { return ECE(y, p, CalibrationBins) })
			return i
		}},
		{"psi without drift, 455 against 114 rows", 0, 0.94, drifted(455, 114, 0)},
		{"psi of some drift, 2000 against 1000 rows", psiTruth(0.25), 0.93, drifted(2000, 1000, 0.25)},
		{"psi of strong drift, 2000 against 1000 rows", psiTruth(0.9), 0.93, drifted(2000, 1000, 0.9)},
	}
	cases = append(cases, resampledCases()...)
	cases = append(cases, weightedCases()...)
	cases = append(cases, momentCases()...)
	cases = append(cases, binCases()...)
	cases = append(cases, partCases()...)
	cases = append(cases, offPolicyCases()...)
	reps := replications(t, 200)
	for k, c := range cases {
		rng := generator(11, k)
		var tails tails
		for range reps {
			tails.count(c.draw(rng, Resampling{Draws: 400, Seed: rng.Uint64(), Confidence: confidence}), c.truth)
		}
		got := 1 - float64(tails.below+tails.above+tails.none)/float64(reps)
		if slack := 4 * math.Sqrt(c.least*(1-c.least)/float64(reps)); got < c.least-slack {
			t.Errorf("%s: covers %.3f; want at least %.3f", c.name, got, c.least)
		}
		report(t, c.name, got, tails)
	}
}

// tails counts the samples whose interval lies above the truth, below it, and
// those that have none.
type tails struct{ below, above, none int }

func (c *tails) count(i Interval, truth float64) {
	switch {
	case !i.Usable():
		c.none++
	case truth < i.Low:
		c.below++
	case truth > i.High:
		c.above++
	}
}

func tilted(by float64) (flat, tilt []float64) {
	for i := range 10 {
		flat = append(flat, 0.1)
		tilt = append(tilt, 0.1*(1+by*float64(2*i-9)/9))
	}
	return flat, tilt
}

func psiTruth(by float64) float64 { return PSI(tilted(by)) }

func drifted(n, m int, by float64) func(random, Resampling) Interval {
	return func(rng random, r Resampling) Interval {
		flat, tilt := tilted(by)
		b := Binned{Bins: make([]string, 10), Reference: make([]int, 10), Current: make([]int, 10)}
		multinomial(rng, n, flat, b.Reference)
		multinomial(rng, m, tilt, b.Current)
		_, i := r.PSI(b)
		return i
	}
}

// TestNullQuantiles: without an effect one sample in twenty lies above, and
// the field's surprises of small samples are there.
func TestNullQuantiles(t *testing.T) {
	reps := replications(t, 400)
	var psi, aboveTenth, parity, wide, ece int
	r := Resampling{Draws: 2000, Seed: 5, Confidence: 0.95}
	flat, _ := tilted(0)
	twelve := make([]Proportion, 12)
	for i := range twelve {
		twelve[i] = Proportion{30, 100}
	}
	parityNull := r.Difference(twelve).Null95
	rng := generator(12, 1)
	p := make([]float64, 100)
	for i := range p {
		p[i] = (float64(i) + 0.5) / 100
	}
	eceNull := r.CalibrationNull(p, CalibrationBins, 0.95)[0]
	y := make([]bool, len(p))
	for range reps {
		b := Binned{Bins: make([]string, 10), Reference: make([]int, 10), Current: make([]int, 10)}
		multinomial(rng, 455, flat, b.Reference)
		multinomial(rng, 114, flat, b.Current)
		v := b.PSI()
		psi += above(v, b.Null95())
		aboveTenth += above(v, 0.1)
		least, most := spread(redraw(rng, twelve))
		parity += above(most-least, parityNull)
		wide += above(most-least, 0.1)
		for i := range y {
			y[i] = rng.Float64() < p[i]
		}
		ece += above(ECE(y, p, CalibrationBins)(nil), eceNull)
	}
	slack := 4 * math.Sqrt(0.25/float64(reps))
	for _, c := range []struct {
		name  string
		count int
		want  float64
		slack float64
	}{
		{"PSI above its null quantile", psi, 0.055, slack / 2},
		{"PSI of 455 against 114 rows above 0.1", aboveTenth, 0.46, slack},
		{"parity gap above its null quantile", parity, 0.05, slack / 2},
		{"parity gap of twelve groups of 100 above 0.1", wide, 0.91, slack},
		{"calibration error above its null quantile", ece, 0.05, slack / 2},
	} {
		got := float64(c.count) / float64(reps)
		judge(t, math.Abs(got-c.want) <= c.slack, "%s: %.4f of samples, bar %.4f ± %.4f", c.name, got, c.want, c.slack)
		if math.Abs(got-c.want) > c.slack {
			t.Errorf("%s: %.3f of samples; want about %.3f", c.name, got, c.want)
		}
	}
}

func above(v, limit float64) int {
	if v > limit {
		return 1
	}
	return 0
}

func BenchmarkIntervals(b *testing.B) {
	rng := rand.New(rand.NewPCG(13, 1))
	y, s := sample(rng, 15_000, false)
	r := Resampling{Draws: 2000, Seed: 1, Confidence: 0.95}
	loss, _ := LogLosses(y, s)
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"log_loss", func() { r.BCa(len(loss), func([]int32) Statistic { return Mean(loss) }) }},
		{"average_precision", func() { r.BCa(len(y), func([]int32) Statistic { return AveragePrecision(y, s) }) }},
		{"roc_auc", func() { DeLong(y, s, 0.95) }},
		{"f1", func() { r.DecisionInterval(Confuse(y, s, 0.5), "f1") }},
		{"ece", func() {
			null := r.CalibrationNull(s, CalibrationBins, 0.95, 0.975)
			r.Calibration(len(y), null[1], func([]int32) Statistic { return ECE(y, s, CalibrationBins) })
		}},
		{"psi", func() { r.PSI(BinNumbers(s[:10_000], s[10_000:])) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.run()
			}
		})
	}
}
