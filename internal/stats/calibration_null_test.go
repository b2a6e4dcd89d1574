package stats

import (
	"math"
	"testing"
)

// TestNullOfCalibrationMetrics: of samples whose probabilities are true, one
// in twenty lies above the 95 % quantile, with weights too.
func TestNullOfCalibrationMetrics(t *testing.T) {
	rng := generator(41, 1)
	n := 120
	b := Binary{Positive: make([]bool, n), Score: make([]float64, n), Weight: make([]float64, n)}
	for i := range n {
		b.Score[i], b.Weight[i] = rng.Float64(), rng.ExpFloat64()
	}
	const reps = 400
	for _, name := range []string{"ece", "mce", "ece_count", "brier_reliability"} {
		m, _ := Lookup(name)
		null, err := b.Null(Resampling{Draws: 1000, Seed: 3}, m, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for range reps {
			for i, p := range b.Score {
				b.Positive[i] = rng.Float64() < p
			}
			count += above(statisticOf(t, b, m)(nil), null[0])
		}
		if got := float64(count) / reps; math.Abs(got-0.05) > 0.04 {
			t.Errorf("%s: %.3f of samples lie above the quantile; want about 0.05", name, got)
		}
	}
}

func TestNullOfECEIsCalibrationNull(t *testing.T) {
	rng := generator(42, 1)
	b := Binary{Positive: make([]bool, 200), Score: make([]float64, 200)}
	for i := range b.Score {
		b.Score[i] = rng.Float64()
	}
	r := Resampling{Draws: 4000, Seed: 5}
	m, _ := Lookup("ece")
	got, err := b.Null(r, m, 0.95)
	want := r.CalibrationNull(b.Score, CalibrationBins, 0.95)
	if err != nil || math.Abs(got[0]-want[0]) > 0.02*want[0] {
		t.Errorf("got %g, %v; want about %g", got, err, want)
	}
}

func TestNullOfManyRowsIsScaled(t *testing.T) {
	n := 4 * maxRows
	b := Binary{Positive: make([]bool, n), Score: make([]float64, n)}
	for i := range b.Score {
		b.Score[i] = (float64(i%1000) + 0.5) / 1000
	}
	r := Resampling{Draws: 50, Seed: 5}
	for name, fall := range map[string]float64{"mce": 2, "brier_reliability": 4} {
		m, _ := Lookup(name)
		all, err := b.Null(r, m, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		quarter, err := Binary{Positive: b.Positive[:maxRows], Score: b.Score[:maxRows]}.Null(r, m, 0.5)
		if ratio := quarter[0] / all[0]; err != nil || math.Abs(ratio-fall) > 0.3*fall {
			t.Errorf("%s: a quarter of the rows have %g times the quantile, %v; want about %g", name, ratio, err, fall)
		}
	}
}

func TestNullIsRefused(t *testing.T) {
	two := Binary{Positive: bools(1, 0), Score: []float64{.5, 1.5}}
	weighed := Binary{Positive: bools(1, 0), Score: []float64{.5, .5}, Weight: []float64{1, -1}}
	for _, c := range []struct {
		name, metric, want string
		b                  Binary
	}{
		{"a metric that chance does not raise", "brier", `metric "brier" is not one of calibration; they are brier_reliability, ece, ece_count, mce`, two},
		{"a score above 1", "mce", "row 1 has score 1.5, which is not a probability, and mce needs one\nhint: write probabilities between 0 and 1", two},
		{"a negative weight", "mce", "the weight of row 1 is -1\nhint: weights are finite and not negative", weighed},
	} {
		m, _ := Lookup(c.metric)
		if got, err := c.b.Null(Resampling{Draws: 10}, m, 0.95); got != nil || err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func TestTopLabel(t *testing.T) {
	b, err := three().TopLabel()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "ece of the top label", value(t, b, "ece"), value(t, three(), "ece"))
	c := three()
	c.Prob[0] = 0.75
	if _, err := c.TopLabel(); err == nil || err.Error() != "the probabilities of row 0 sum to 1.25, and the top label needs 1\nhint: write the probabilities of all classes" {
		t.Errorf("got %v", err)
	}
	c.Names = nil
	if _, err := c.TopLabel(); err == nil || err.Error() != "a multiclass sample of 0 classes\nhint: name two classes or more" {
		t.Errorf("got %v", err)
	}
}
