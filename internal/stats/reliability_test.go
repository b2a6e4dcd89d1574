package stats

import (
	"math"
	"testing"
)

func TestReliabilityIsTheMetric(t *testing.T) {
	for seed := range 5 {
		y, p := calibrated(generator(uint64(seed), 31), 400)
		p[0], p[1] = 0, 1
		all := ReliabilityOf(y[:150], p[:150]).Merge(ReliabilityOf(y[150:], p[150:]))
		if got := all.Len(); got != 400 {
			t.Errorf("got %d rows; want 400", got)
		}
		for _, name := range []string{"ece", "mce", "brier_reliability"} {
			m, _ := Lookup(name)
			near(t, name, all.Value(m), statisticOf(t, Binary{Positive: y, Score: p}, m)(nil))
		}
	}
	var sum, variance float64
	y, p := calibrated(generator(9, 31), 100)
	for _, p := range p {
		sum, variance = sum+p, variance+p*(1-p)
	}
	var got CalibrationSum
	for _, b := range ReliabilityOf(y, p) {
		got.N, got.Probability, got.Variance = got.N+b.N, got.Probability+b.Probability, got.Variance+b.Variance
	}
	near(t, "sum of probabilities", got.Probability, sum)
	near(t, "sum of variances", got.Variance, variance)
}

// TestReliabilityAgreesWithRows: what the sums of bins say of chance and of the
// interval is what draws of the rows say.
func TestReliabilityAgreesWithRows(t *testing.T) {
	const n = 3000
	r := Resampling{Draws: 4000, Seed: 6, Confidence: 0.9}
	y, p := calibrated(generator(4, 31), n)
	for model, score := range map[string][]float64{"calibrated": p, "flat": shrunk(p)} {
		b := Binary{Positive: y, Score: score}
		all := ReliabilityOf(y, score)
		for _, name := range []string{"ece", "mce", "brier_reliability"} {
			m, _ := Lookup(name)
			null, err := b.Null(r, m, 0.5, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			for k, got := range all.Null(r, m, 0.5, 0.95) {
				if math.Abs(got-null[k]) > 0.04*null[k] {
					t.Errorf("%s of a %s model by chance: got %g; want about %g", name, model, got, null[k])
				}
			}
			_, want := r.Calibration(n, null[1], always(statisticOf(t, b, m)))
			closeEnds(t, name+" of a "+model+" model", all.Interval(r, m, null[1]), want)
		}
	}
	ece, _ := Lookup("ece")
	score := append(shrunk(p[:600]), p[600:]...)
	got := gapOfBins(r, ece, ReliabilityOf(y[:600], score[:600]), ReliabilityOf(y[600:], score[600:]))
	closeEnds(t, "gap", got, calibrationGap(r, y, score, 600))
}

func TestReliabilityWithoutAnInterval(t *testing.T) {
	ece, _ := Lookup("ece")
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	some, sure := ReliabilityOf(calibrated(generator(1, 31), 500)), ReliabilityOf(bools(1, 0, 1), []float64{1, 0, 1})
	for _, c := range []struct {
		name string
		got  Interval
		want Interval
	}{
		{"no rows", Reliability{}.Interval(r, ece, 0), noInterval("bootstrap_centred", "undefined on the sample itself")},
		{"a part without rows", gapOfBins(r, ece, Reliability{}, some), noInterval("bootstrap_centred", "no rows")},
		{"a part of all rows", gapOfBins(r, ece, some, Reliability{}), Interval{Method: "exact", Detail: "the slice holds all rows"}},
		{"always right", sure.Interval(r, ece, 0), Interval{Low: nan, High: nan, Method: "bootstrap_centred", Degenerate: true, Detail: "all draws are equal", Draws: 200}},
		{"a part that is always right", gapOfBins(r, ece, sure, some), noInterval("bootstrap_centred", "one of the calibration errors has no interval")},
	} {
		if same := c.got.Usable() == c.want.Usable() && c.got.Method == c.want.Method && c.got.Degenerate == c.want.Degenerate && c.got.Detail == c.want.Detail && c.got.Draws == c.want.Draws; !same {
			t.Errorf("%s: got %+v; want %+v", c.name, c.got, c.want)
		}
	}
	if got := (Reliability{}).Null(r, ece, 0.95); !math.IsNaN(got[0]) {
		t.Errorf("chance without rows: got %g; want none", got[0])
	}
	for _, m := range Metrics() {
		if got, want := m.OfBins(), m.Base == "ece" || m.Base == "mce" || m.Base == "brier_reliability"; got != want {
			t.Errorf("%s of bins: got %t; want %t", m.Name, got, want)
		}
	}
}

// gapOfBins is the gap of a part to all rows.
func gapOfBins(r Resampling, m Metric, part, rest Reliability) Interval {
	return r.ReliabilityGap(m, part, rest, r.HalfReliability(m, part.Merge(rest)))
}
