package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPoissonVariates(t *testing.T) {
	const n = 400_000
	times := make([]int32, n+1)
	poisson(generator(21, 1), times)
	var seen [14]float64
	var sum, squares float64
	for _, k := range times {
		seen[k]++
		sum, squares = sum+float64(k), squares+square(float64(k))
	}
	if got := sum / n; math.Abs(got-1) > 4/math.Sqrt(n) {
		t.Errorf("mean %g; want 1", got)
	}
	if got := squares/n - square(sum/n); math.Abs(got-1) > 0.02 {
		t.Errorf("variance %g; want 1", got)
	}
	want := math.Exp(-1)
	for k := range 6 {
		if got := seen[k] / n; math.Abs(got-want) > 4*math.Sqrt(want/n) {
			t.Errorf("share of %d: %g; want %g", k, got, want)
		}
		want /= float64(k + 1)
	}
	if got := poissonOf(math.MaxUint32); got != 12 && got != 13 {
		t.Errorf("the greatest variate is %d; want 12 or 13", got)
	}
}

// TestResamplingsAgree: rows that are units of their own have the interval of
// BCa, whether their number is fixed (but for Student's quantile) or Poisson's.
func TestResamplingsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 1))
	y, s := sample(rng, 400, true)
	unit := make([]int32, len(y))
	for i := range unit {
		unit[i] = int32(i)
	}
	r := Resampling{Draws: 20_000, Seed: 4, Confidence: 0.95}
	for name, statistic := range map[string]Statistic{"AUC": Ranked(y, s), "Brier": Mean(Squares(y, s))} {
		value, want := r.BCa(len(y), always(statistic))
		for method, run := range map[string]func() (float64, Interval){
			"poisson_bootstrap": func() (float64, Interval) { return r.Poisson(len(y), always(statistic)) },
			"cluster_bootstrap": func() (float64, Interval) { return r.Clustered(unit, always(statistic)) },
		} {
			got, i := run()
			near(t, name, got, value)
			width := want.High - want.Low
			if i.Method != method || i.Draws != r.Draws || math.Abs(i.Low-want.Low) > 0.03*width || math.Abs(i.High-want.High) > 0.03*width {
				t.Errorf("%s: got %+v; want %s about (%g, %g)", name, i, method, want.Low, want.High)
			}
		}
	}
}

// TestCopiesWithinAUnitChangeNothing: a unit whose rows are written twice says
// no more, and neither the units' codes nor where their rows stand matter.
func TestCopiesWithinAUnitChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 1))
	var unit, codes, twice []int32
	var x, xx []float64
	for u := range 30 {
		for range 1 + u%4 {
			v := rng.NormFloat64() + float64(u%5)
			unit, codes, x = append(unit, int32(u)), append(codes, int32(1000-7*u)), append(x, v)
			twice, xx = append(twice, int32(u)), append(xx, v)
		}
	}
	twice, xx = append(twice, unit...), append(xx, x...)
	r := Resampling{Draws: 500, Seed: 6, Confidence: 0.9}
	value, want := r.Clustered(unit, always(Mean(x)))
	for name, run := range map[string]func() (float64, Interval){
		"other codes": func() (float64, Interval) { return r.Clustered(codes, always(Mean(x))) },
		"rows twice":  func() (float64, Interval) { return r.Clustered(twice, always(Mean(xx))) },
	} {
		got, i := run()
		near(t, name, got, value)
		near(t, name+", low", i.Low, want.Low)
		near(t, name+", high", i.High, want.High)
	}
	if _, alone := r.Poisson(len(x), always(Mean(x))); !(want.High-want.Low > alone.High-alone.Low) {
		t.Errorf("units %+v are no wider than rows %+v", want, alone)
	}
}

func TestResamplingRefuses(t *testing.T) {
	r := Resampling{Draws: 300, Seed: 6, Confidence: 0.95}
	x := make([]float64, 100)
	few, lone, many := make([]int32, 100), make([]int32, 100), make([]int32, 100)
	for i := range x {
		x[i] = float64(i % 7)
		few[i], many[i] = int32(i%14), int32(i%50)
		if i > 60 {
			lone[i] = int32(i)
		}
	}
	flat := always(Mean(make([]float64, 100)))
	nothing := always(func([]int32) float64 { return math.NaN() })
	for _, c := range []struct {
		name string
		run  func() (float64, Interval)
		want Interval
	}{
		{"fourteen units", func() (float64, Interval) { return r.Clustered(few, always(Mean(x))) },
			noInterval("cluster_bootstrap", "14 units, which tell as much as 13.97 of equal size, are too few: at least 15 are needed")},
		{"forty units of which one has most rows", func() (float64, Interval) { return r.Clustered(lone, always(Mean(x))) },
			noInterval("cluster_bootstrap", "40 units, which tell as much as 2.66 of equal size, are too few: at least 15 are needed")},
		{"no rows", func() (float64, Interval) { return r.Clustered(nil, always(Mean(nil))) },
			noInterval("cluster_bootstrap", "0 units, which tell as much as NaN of equal size, are too few: at least 15 are needed")},
		{"a constant by units", func() (float64, Interval) { return r.Clustered(many, flat) },
			drawn(noInterval("cluster_bootstrap", "all draws are equal"), 300)},
		{"a constant by Poisson", func() (float64, Interval) { return r.Poisson(100, flat) },
			drawn(noInterval("poisson_bootstrap", "all draws are equal"), 300)},
		{"no value", func() (float64, Interval) { return r.Poisson(100, nothing) },
			noInterval("poisson_bootstrap", "undefined on the sample itself")},
		{"most draws without a positive row", func() (float64, Interval) {
			return r.Poisson(20, always(AveragePrecision(bools(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), x[:20])))
		}, drawn(noInterval("poisson_bootstrap", "121 of 300 draws are undefined"), 300)},
	} {
		_, got := c.run()
		if diff := cmp.Diff(fmt.Sprint(c.want), fmt.Sprint(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func drawn(i Interval, draws int) Interval {
	i.Draws = draws
	return i
}

func TestManyUnitsAreScaled(t *testing.T) {
	rng := rand.New(rand.NewPCG(24, 1))
	x, unit := make([]float64, 2*maxRows), make([]int32, 2*maxRows)
	for i := range x {
		unit[i] = int32(i / 4)
		x[i] = rng.NormFloat64()
		if i%4 > 0 {
			x[i] = x[i-1] // the rows of a unit are alike
		}
	}
	build := func(rows []int32) Statistic {
		if rows == nil {
			return Mean(x)
		}
		part := make([]float64, len(rows))
		for k, row := range rows {
			part[k] = x[row]
		}
		return Mean(part)
	}
	r := Resampling{Draws: 300, Seed: 1, Confidence: 0.95}
	for _, c := range []struct {
		name   string
		run    func() (float64, Interval)
		half   float64
		detail string
	}{
		{"units", func() (float64, Interval) { return r.Clustered(unit, build) }, z(0.95) * math.Sqrt(4.0/(2*maxRows)),
			"each draw resamples 25000 of 50000 units, scaled by the root of their ratio"},
		{"rows", func() (float64, Interval) { return r.Poisson(len(x), build) }, z(0.95) * math.Sqrt(1.0/(2*maxRows)),
			"each draw resamples 100000 of 200000 units, scaled by the root of their ratio"},
	} {
		value, i := c.run()
		if got := (i.High - i.Low) / 2; math.Abs(got-c.half) > 0.15*c.half {
			t.Errorf("%s: half width %g; want about %g", c.name, got, c.half)
		}
		if i.Low > value || i.High < value || i.Detail != c.detail {
			t.Errorf("%s: got %+v around %g; want %q", c.name, i, value, c.detail)
		}
	}
}

func TestUnitsDoNotDependOnProcessors(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 1))
	y, s := sample(rng, 300, false)
	unit := make([]int32, 300)
	for i := range unit {
		unit[i] = int32(i % 60)
	}
	run := func(procs int) []any {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		r := Resampling{Draws: 730, Seed: 8, Confidence: 0.9}
		_, a := r.Poisson(300, always(Ranked(y, s)))
		_, b := r.Clustered(unit, always(Ranked(y, s)))
		return []any{a, b, r.IPS(logs(generator(1, 1), 300))}
	}
	want := run(1)
	for _, procs := range []int{2, 5} {
		if diff := cmp.Diff(want, run(procs)); diff != "" {
			t.Errorf("with %d processors (-one +many):\n%s", procs, diff)
		}
	}
}

func TestPairedIsTheDifferenceOnTheSameRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 1))
	a, b, d := make([]float64, 90), make([]float64, 90), make([]float64, 90)
	for i := range a {
		a[i] = rng.NormFloat64()
		b[i] = a[i] + rng.NormFloat64()/10
		d[i] = a[i] - b[i]
	}
	r := Resampling{Draws: 400, Seed: 3, Confidence: 0.95}
	value, got := r.BCa(90, Paired(always(Mean(a)), always(Mean(b))))
	wantValue, want := r.BCa(90, always(Mean(d)))
	near(t, "difference", value, wantValue)
	near(t, "low", got.Low, want.Low)
	near(t, "high", got.High, want.High)
}

// TestPairedCalibrationIsNeverNarrower than BCa, and of one model against
// itself there is none.
func TestPairedCalibrationIsNeverNarrower(t *testing.T) {
	r := Resampling{Draws: 300, Seed: 2, Confidence: 0.95}
	for seed := range 20 {
		y, p := calibrated(generator(uint64(seed), 27), 150)
		q := shrunk(p)
		_, least := r.BCa(150, Paired(always(ECE(y, q, CalibrationBins)), always(ECE(y, p, CalibrationBins))))
		got := pairedCalibration(r, y, q, p)
		if got.Low > least.Low || got.High < least.High || got.Method != "bootstrap_centred" || got.Draws != 300 || got.Degenerate {
			t.Errorf("seed %d: got %+v; want no less than %+v", seed, got, least)
		}
		if same := pairedCalibration(r, y, p, p); same.Usable() || !same.Degenerate {
			t.Errorf("seed %d, against itself: got %+v; want none", seed, same)
		}
	}
	// One that always hits has no draws that differ.
	y := bools(1, 0, 1, 0, 1, 1, 0, 0)
	sure, unsure := []float64{1, 0, 1, 0, 1, 1, 0, 0}, []float64{.9, .3, .7, .2, .6, .8, .4, .1}
	if got := pairedCalibration(r, y, sure, unsure); got.Usable() || got.Detail != "one of the calibration errors has no interval" {
		t.Errorf("against one that always hits: got %+v; want none", got)
	}
}
