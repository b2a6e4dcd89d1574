package stats

import (
	"math"
	"testing"
)

// near fails unless got is want to nine digits.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9) {
		t.Errorf("%s: got %.17g; want %.17g", what, got, want)
	}
}

func bools(ys ...int) []bool {
	out := make([]bool, len(ys))
	for i, y := range ys {
		out[i] = y == 1
	}
	return out
}

// Sixty rows with tied scores, and what scikit-learn 1.2.1 and scipy 1.10.1
// make of them.
var (
	sampleLabels = bools(0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0)
	sampleScores = []float64{
		0.13, 0.35, 0.18, 0.58, 0.25, 0.16, 0.5, 0.52, 0.59, 0.01, 0.35, 0.71, 0.05, 0.18, 0.28, 0.61, 0.47, 0.22, 0.21, 0.24,
		0.93, 0.44, 0.22, 0.64, 0.52, 0.25, 0.02, 0.3, 0.19, 0.59, 0.46, 0.54, 0.72, 0.47, 0.56, 0.55, 0.7, 0.23, 0.39, 0.13,
		0.04, 0.22, 0.08, 0.34, 0.86, 0.09, 0.39, 0.35, 0.42, 0.26, 0.5, 0.48, 0.68, 0.29, 0.53, 0.56, 0.04, 0.61, 0.09, 0.54,
	}
	sampleNumbers = []float64{
		10.578, 10.268, 8.227, 9.644, 4.007, 6.606, 11.089, 3.614, 12.54, 4.762, 12.27, 7.464, 12.337, 10.393, 5.389, 13.747, 14.325, 9.803, 9.178, 9.52,
		7.075, 13.296, 8.371, 9.846, 7.62, 8.122, 6.167, 13.771, 9.538, 12.898, 10.04, 7.917, 9.02, 8.319, 10.024, 8.874, 9.1, 5.864, 7.579, 14.962,
	}
	samplePredicted = []float64{
		9.907, 9.214, 8.564, 11.051, 2.553, 6.397, 10.457, 1.853, 13.275, 4.739, 12.341, 6.712, 12.792, 9.854, 5.246, 12.639, 13.109, 11.139, 8.671, 9.812,
		7.041, 12.855, 7.863, 10.476, 7.318, 7.971, 6.189, 14.948, 10.219, 13.281, 9.476, 6.535, 9.97, 9.285, 9.883, 9.416, 9.881, 6.695, 8.5, 14.506,
	}
)

func TestMetricsAgreeWithScikitLearn(t *testing.T) {
	c := Confuse(sampleLabels, sampleScores, 0.5)
	for metric, want := range map[string]float64{
		"accuracy": 0.7166666666666667, "balanced_accuracy": 0.7, "precision": 0.6818181818181818,
		"recall": 0.6, "f1": 0.6382978723404256, "mcc": 0.4092237955355674,
	} {
		near(t, metric, c.Value(metric), want)
	}
	near(t, "roc_auc by placements", AUC(sampleLabels, sampleScores), 0.7228571428571429)
	for metric, want := range map[string]float64{
		"roc_auc": 0.7228571428571429, "average_precision": 0.6536055541333432,
		"log_loss": 0.6398929808469149, "brier": 0.21259166666666668,
	} {
		s, _, err := Scored(metric, sampleLabels, sampleScores)
		if err != nil {
			t.Fatal(err)
		}
		near(t, metric, s(nil), want)
	}
	for metric, want := range map[string]float64{
		"mae": 0.6641250000000001, "rmse": 0.7979728848776755, "mape": 0.08206253916868575,
		"r2": 0.9175814431996037, "median_ae": 0.5969999999999995, "bias": -0.03827499999999993,
	} {
		s, err := Numeric(metric, sampleNumbers, samplePredicted)
		if err != nil {
			t.Fatal(err)
		}
		near(t, metric, s(nil), want)
	}
}

func TestWorkedValues(t *testing.T) {
	y := bools(0, 0, 1, 1)
	s := []float64{.1, .4, .35, .8}
	near(t, "AUC", AUC(y, s), 0.75)
	near(t, "average precision", AveragePrecision(y, s)(nil), 0.8333333333333333)
	near(t, "AUC of a tie", AUC(bools(1, 0), []float64{.5, .5}), 0.5)
	near(t, "Brier", Mean(Squares(bools(0, 1, 1, 0), []float64{.1, .9, .8, .3}))(nil), 0.0375)
	near(t, "ECE in two bins", ECE(bools(0, 0, 1, 1, 1), []float64{.25, .25, .55, .75, .75}, 2)(nil), 0.29)

	label, predicted := []float64{3, -.5, 2, 7}, []float64{2.5, 0, 2, 8}
	for metric, want := range map[string]float64{"mae": .5, "rmse": math.Sqrt(.375), "r2": .9486081370449679} {
		f, err := Numeric(metric, label, predicted)
		if err != nil {
			t.Fatal(err)
		}
		near(t, metric, f(nil), want)
	}

	i := Proportion{19, 38}.Interval(0.95)
	near(t, "Wilson low", i.Low, .348499283643951)
	near(t, "Wilson high", i.High, .651500716356049)
	i = Proportion{7, 30}.Interval(0.95)
	near(t, "Wilson low, scipy", i.Low, 0.11792388144489496)
	near(t, "Wilson high, scipy", i.High, 0.40928326158122164)
	low, high := ClopperPearson(Proportion{7, 30}, 0.95)
	near(t, "Clopper-Pearson low, scipy", low, 0.09933786495802023)
	near(t, "Clopper-Pearson high, scipy", high, 0.42283652297821944)
	near(t, "McNemar", McNemar(10, 25), .016673847800120715)
}

func TestWorkedValuesOfPSI(t *testing.T) {
	near(t, "ten bins of 0.1",
		PSI([]float64{.1, .1, .1, .1, .1, .1, .1, .1, .1, .1}, []float64{.08, .12, .09, .11, .10, .10, .07, .13, .10, .10}),
		0.028687185368971503)
	share := func(n float64, counts ...float64) []float64 {
		out := make([]float64, len(counts))
		for i, c := range counts {
			out[i] = c / n
		}
		return out
	}
	near(t, "counts", PSI(share(88, 16, 18, 16, 14, 12, 12), share(88, 16, 16, 16, 16, 16, 8)), 0.037218381577290835)
	for floor, want := range map[float64]float64{0.0001: 1.62, 0.01: 0.67} {
		got := PSI([]float64{.5, .5, floor}, []float64{.5, .3, .2})
		if math.Abs(got-want) > 0.005 {
			t.Errorf("new category at floor %g: got %.4f; want %.2f", floor, got, want)
		}
	}
	b := BinCategories(map[string]int{"a": 50, "b": 50}, map[string]int{"a": 50, "b": 30, "c": 20}, 0, 0)
	var want float64
	for i, r := range []float64{.5, .5, 0} {
		c := []float64{.5, .3, .2}[i]
		r, c = (r+1e-4)/1.0003, (c+1e-4)/1.0003
		want += (r - c) * math.Log(r/c)
	}
	near(t, "new category with joint smoothing", b.PSI(), want)
}

func TestWorkedValuesOfFairness(t *testing.T) {
	y := bools(0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1)
	d := bools(0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0)
	group := "bbabbcccaacabccbcc"
	rates := func(metric string) (out []Proportion) {
		for _, g := range "abc" {
			var c Confusion
			for i, at := range group {
				if at == g {
					score := 0.0
					if d[i] {
						score = 1
					}
					one := Confuse(y[i:i+1], []float64{score}, 0.5)
					c = Confusion{c.TP + one.TP, c.FP + one.FP, c.TN + one.TN, c.FN + one.FN}
				}
			}
			p, ok := c.Rate(metric)
			if !ok {
				t.Fatalf("%s is no rate", metric)
			}
			out = append(out, p)
		}
		return out
	}
	r := Resampling{Draws: 500, Seed: 1, Confidence: 0.95}
	near(t, "demographic parity difference", r.Difference(rates("selection_rate")).Value, 0.25)
	near(t, "demographic parity ratio", r.LeastRatio(rates("selection_rate")).Value, 2.0/3)
	near(t, "equalized odds difference", r.WorstDifference([]Layer{{rates("recall"), -1}, {rates("fpr"), -1}}).Value, 1)
	near(t, "equal opportunity difference", r.Difference(rates("recall")).Value, 0.2)
}

func TestPublishedIntervals(t *testing.T) {
	for _, c := range []struct {
		name      string
		got       Interval
		low, high float64
		digits    float64
	}{
		{"Newcombe 1998, independent, 56/70 against 48/80", Newcombe(Proportion{56, 70}, Proportion{48, 80}, 0.95), 0.0524, 0.3339, 1e-4},
		{"Newcombe 1998, paired, 36 12 2 0", Pairs{36, 12, 2, 0}.Interval(0.95), 0.0569, 0.3404, 1e-4},
		{"Koopman 1984, 36/40 over 16/80", Ratio(Proportion{36, 40}, Proportion{16, 80}, 0.95), 2.94, 7.15, 5e-3},
	} {
		if math.Abs(c.got.Low-c.low) > c.digits || math.Abs(c.got.High-c.high) > c.digits {
			t.Errorf("%s: got (%.4f, %.4f); want (%.4f, %.4f)", c.name, c.got.Low, c.got.High, c.low, c.high)
		}
	}
}

func TestBCaAgreesWithScipy(t *testing.T) {
	// scipy.stats.bootstrap, BCa, 200,000 draws.
	skewed := make([]float64, len(sampleNumbers))
	for i, v := range sampleNumbers {
		skewed[i] = math.Exp(v / 3)
	}
	for _, c := range []struct {
		name      string
		x         []float64
		low, high float64
	}{
		{"Brier losses", Squares(sampleLabels, sampleScores), 0.164576844102627, 0.27730702800294454},
		{"a skewed mean", skewed, 25.607165731047836, 46.94207021255627},
	} {
		r := Resampling{Draws: 50_000, Seed: 3, Confidence: 0.95}
		value, i := r.BCa(len(c.x), func([]int32) Statistic { return Mean(c.x) })
		slack := 0.02 * (c.high - c.low)
		if math.Abs(i.Low-c.low) > slack || math.Abs(i.High-c.high) > slack {
			t.Errorf("%s: got %g (%g, %g); want (%g, %g)", c.name, value, i.Low, i.High, c.low, c.high)
		}
	}
}
