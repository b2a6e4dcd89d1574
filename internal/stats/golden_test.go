package stats

import (
	"math"
	"slices"
	"testing"
)

// TestWeightedMetricsAgreeWithScikitLearn holds the sixty rows and the forty
// numbers, of weights 1 2 3 4 1 2 …, against scikit-learn 1.2.1; calibration
// is by scipy 1.10.1.
func TestWeightedMetricsAgreeWithScikitLearn(t *testing.T) {
	half := 0.5
	weights := func(n int) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = float64(1 + i%4)
		}
		return w
	}
	b := Binary{Positive: sampleLabels, Score: sampleScores, Threshold: &half, Weight: weights(60)}
	for metric, want := range map[string]float64{
		"accuracy": 0.7333333333333333, "balanced_accuracy": 0.7211272794253085, "precision": 0.6779661016949152,
		"recall": 0.6557377049180327, "specificity": 0.7865168539325843, "fpr": 0.2134831460674157,
		"selection_rate": 0.3933333333333333, "f1": 0.6666666666666666, "f_beta(2)": 0.6600660066006601,
		"mcc": 0.4447188492414223, "cohen_kappa": 0.4445473060544344, "roc_auc": 0.7480198931663289,
		"average_precision": 0.6708799331877069, "brier": 0.20066333333333336, "log_loss": 0.5974394361594259,
		"calibration_slope": 0.8819221074158055, "calibration_intercept": 0.058731889773747215,
	} {
		near(t, metric, value(t, b, metric), want)
	}
	b.Weight = nil
	near(t, "slope", value(t, b, "calibration_slope"), 0.6125268060835632)
	near(t, "intercept", value(t, b, "calibration_intercept"), 0.020710366548534365)
	n := Numbers{Label: sampleNumbers, Predicted: samplePredicted, Weight: weights(40)}
	for metric, want := range map[string]float64{
		"mae": 0.68711, "mse": 0.68628421, "rmse": 0.8284227242175337, "mape": 0.08614391493304444,
		"r2": 0.9140265555743778, "pinball(0.9)": 0.371367,
	} {
		near(t, metric, value(t, n, metric), want)
	}
}

// TestPublishedValues are of textbooks, papers and the examples of
// scikit-learn's manual.
func TestPublishedValues(t *testing.T) {
	half := 0.5
	decided := func(tp, fp, fn, tn int) Binary {
		y := slices.Concat(bools(slices.Repeat([]int{1}, tp)...), bools(slices.Repeat([]int{0}, fp)...), bools(slices.Repeat([]int{1}, fn)...), bools(slices.Repeat([]int{0}, tn)...))
		s := slices.Concat(slices.Repeat([]float64{1}, tp+fp), slices.Repeat([]float64{0}, fn+tn))
		return Binary{Positive: y, Score: s, Threshold: &half}
	}
	classes := Classes{Names: []string{"0", "1", "2"}, Label: []int32{0, 1, 2, 0, 1, 2}, Decision: []int32{0, 2, 1, 0, 0, 1}}
	top := Classes{
		Names: []string{"0", "1", "2"}, Label: []int32{0, 1, 2, 2},
		Prob: []float64{.5, .2, .2, .3, .4, .2, .2, .4, .3, .7, .2, .1},
	}
	labels := Labels{Names: []string{"a", "b"}, Is: bools(0, 1, 1, 1), Score: []float64{0, 0, 0, 0}, Threshold: half}
	jaccard := Labels{Names: []string{"a", "b", "c"}, Is: bools(0, 1, 1, 1, 1, 0), Score: []float64{1, 1, 1, 1, 0, 0}, Threshold: half}
	one := Queries{Query: make([]int32, 5), Relevance: []float64{10, 0, 0, 1, 5}}
	scored := func(s ...float64) Queries { q := one; q.Score = s; return q }
	mrr := Queries{Query: []int32{0, 0, 0, 1, 1, 1, 2, 2, 2}, Relevance: []float64{0, 0, 1, 0, 1, 0, 1, 0, 0}, Score: []float64{3, 2, 1, 3, 2, 1, 3, 2, 1}}
	two := Queries{
		Query:     []int32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		Relevance: []float64{1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0},
		Score:     []float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1},
	}
	pinball := func(p ...float64) Numbers { return Numbers{Label: []float64{1, 2, 3}, Predicted: p} }
	for _, c := range []struct {
		name, metric string
		s            rowSample
		want, digits float64
	}{
		{"Matthews' coefficient of 6, 1, 2 and 3", "mcc", decided(6, 1, 2, 3), 0.478, 5e-4},
		{"kappa of 20 5 10 15, Cohen's form", "cohen_kappa", decided(20, 5, 10, 15), 0.4, 1e-12},
		{"macro precision, manual", "precision_macro", classes, 2.0 / 9, 1e-12},
		{"micro precision, manual", "precision_micro", classes, 1.0 / 3, 1e-12},
		{"weighted recall, manual", "recall_weighted", classes, 1.0 / 3, 1e-12},
		{"macro F1, manual", "f1_macro", classes, 0.8 / 3, 1e-12},
		{"macro F0.5, manual", "f_beta_macro(0.5)", classes, 0.23809523809523805, 1e-12},
		{"kappa of no agreement beyond chance", "cohen_kappa", classes, 0, 1e-12},
		{"top 2, manual", "top_k_accuracy(2)", top, 0.75, 1e-12},
		{"Hamming loss, manual", "hamming_loss", labels, 0.75, 1e-12},
		{"Jaccard, manual", "jaccard", jaccard, (2.0/3 + 1.0/2) / 2, 1e-12},
		{"nDCG, manual", "ndcg(5)", scored(.1, .2, .3, 4, 70), 0.6956940443813074, 1e-12},
		{"nDCG of bad scores, manual", "ndcg(5)", scored(.05, 1.1, 1, .5, 0), 0.49368019137737595, 1e-12},
		{"nDCG at 4, manual", "ndcg(4)", scored(.05, 1.1, 1, .5, 0), 0.35202411006344875, 1e-12},
		{"nDCG at 1 of a tie, manual", "ndcg(1)", scored(1, 0, 0, 0, 1), 0.75, 1e-12},
		{"reciprocal ranks 1/3, 1/2, 1", "mrr", mrr, 11.0 / 18, 1e-12},
		{"MAP of two queries, Croft, Metzler and Strohman 2010, chapter 8", "map(10)", two, 0.53, 5e-3},
		{"pinball at 0.1, manual", "pinball(0.1)", pinball(0, 2, 3), 0.1 / 3, 1e-12},
		{"pinball at 0.1 above, manual", "pinball(0.1)", pinball(1, 2, 4), 0.3, 1e-12},
		{"pinball at 0.9, manual", "pinball(0.9)", pinball(0, 2, 3), 0.3, 1e-12},
	} {
		if got := value(t, c.s, c.metric); !(math.Abs(got-c.want) <= c.digits) {
			t.Errorf("%s: got %.17g; want %.17g", c.name, got, c.want)
		}
	}
}

func TestBinaryByHand(t *testing.T) {
	half := 0.5
	b := Binary{
		Positive: bools(1, 1, 0, 1, 0, 0, 0, 1, 0, 0), Threshold: &half,
		Score:   []float64{.9, .8, .8, .6, .5, .4, .3, .2, .1, 0},
		Columns: map[string][]float64{"ms": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "judged": {1, 0, 0, 1, 1, 0, 0, 0, 0, 0}},
	} // at 0.5: tp 3, fp 2, fn 1, tn 4
	for metric, want := range map[string]float64{
		"cost(fp=1,fn=5)":                         0.7,
		"expected_value(tp=3,fp=-1,fn=-4,tn=0.5)": (9.0 - 2 - 4 + 2) / 10,
		"cohen_kappa":                             0.4,
		"precision_at(2)":                         0.75, // one for sure, and one of two that tie
		"precision_at(3)":                         2.0 / 3,
		"precision_at(0.3)":                       2.0 / 3,
		"recall_at(4)":                            0.75,
		"gain_at(4)":                              0.75,
		"lift_at(4)":                              0.75 / 0.4,
		"lift_at(10)":                             1,
		"mean(ms)":                                5.5,
		"rate(judged)":                            0.3,
		"quantile(ms,0.5)":                        5.5,
		"quantile(ms,0.95)":                       10,
		"quantile(ms,0.9)":                        9.5,
		"brier_uncertainty":                       0.24,
	} {
		near(t, metric, value(t, b, metric), want)
	}
	if v := value(t, b, "precision_at(11)"); !math.IsNaN(v) {
		t.Errorf("precision of 11 among 10 rows: got %g; want NaN", v)
	}
}

func TestCalibrationByHand(t *testing.T) {
	b := Binary{Positive: bools(0, 1, 1, 1), Score: []float64{.2, .2, .25, .9}}
	// Bin 3 (0.2 to 0.3) holds three rows: 2/3 happen, 0.65/3 are said.
	gap := (2 - 0.65) / 3
	for metric, want := range map[string]float64{
		"ece": (3*gap + 0.1) / 4, "mce": gap, "brier_reliability": (3*gap*gap + 0.01) / 4,
		"brier_resolution": (3*square(2.0/3-0.75) + square(0.25)) / 4, "brier_uncertainty": 0.1875,
		// Each bin of equal count holds 0.4 rows: 0.8 rows at each of 2 bins
		// are of 0.2, with half of them happening.
		"ece_count": (2*0.3 + 0.75 + 0.1) / 4,
	} {
		near(t, metric, value(t, b, metric), want)
	}
}

// TestMurphysPartsMakeUpTheBrierScore where each bin has one probability.
func TestMurphysPartsMakeUpTheBrierScore(t *testing.T) {
	b := Binary{
		Positive: bools(0, 1, 1, 1, 0, 0, 1, 0), Score: []float64{.25, .25, .75, .75, .75, .05, .05, .95},
		Weight: []float64{1, 2, .5, 3, 1, 1, .25, 4},
	}
	near(t, "Brier", value(t, b, "brier_reliability")-value(t, b, "brier_resolution")+value(t, b, "brier_uncertainty"), value(t, b, "brier"))
}

func TestForecastsByHand(t *testing.T) {
	b := Numbers{Label: []float64{1, 3, 2, 6}, Predicted: []float64{1, 2, 4, 6}, Season: 1, Columns: map[string][]float64{
		"low": {0, 2, 4, 6}, "high": {1, 2.5, 5, 6},
	}}
	near(t, "mase, steps of 2 1 4", value(t, b, "mase"), (3.0/4)/(7.0/3))
	b.Season = 2
	near(t, "mase by season, steps of 1 3", value(t, b, "mase"), (3.0/4)/2)
	b.Scale = []float64{1, 2, 4, 8}
	near(t, "mase by a given scale", value(t, b, "mase"), (0.5+0.5)/4)
	near(t, "smape", value(t, b, "smape"), (0+2.0/5+4.0/6+0)/4)
	near(t, "mse", value(t, b, "mse"), 5.0/4)
	near(t, "coverage", value(t, b, "interval_coverage(low,high)"), 0.5)
	near(t, "width", value(t, b, "interval_width(low,high)"), 2.5/4)
}

func TestSeasonalScale(t *testing.T) {
	got := SeasonalScale([]int32{5, 9, 5, 9, 5, 5}, []float64{1, 10, 2, 10, 4, 8}, 2)
	want := []float64{4.5, math.NaN(), 4.5, math.NaN(), 4.5, 4.5} // |4−1| and |8−2|; two rows have no season before
	for i := range want {
		if !alike(got[i], want[i], 1) {
			t.Errorf("row %d: got %g; want %g", i, got[i], want[i])
		}
	}
	for i, v := range SeasonalScale(nil, []float64{1, 2, 3}, 0) {
		if !math.IsNaN(v) {
			t.Errorf("row %d of season 0: got %g; want NaN", i, v)
		}
	}
}

func TestUndefinedForecasts(t *testing.T) {
	flat := Numbers{Label: []float64{2, 2, 2}, Predicted: []float64{1, 2, 3}, Season: 1}
	short := Numbers{Label: []float64{1, 2}, Predicted: []float64{1, 2}, Season: 7}
	for name, s := range map[string]Numbers{"labels that do not vary": flat, "fewer rows than a season": short} {
		if v := value(t, s, "mase"); !math.IsNaN(v) {
			t.Errorf("mase with %s: got %g; want NaN", name, v)
		}
	}
	far := Numbers{Label: []float64{1e200, -1e200}, Predicted: []float64{-1e200, 1e200}}
	if v := value(t, far, "mse"); !math.IsNaN(v) {
		t.Errorf("mse beyond the range of numbers: got %g; want NaN", v)
	}
	if v := value(t, far, "rmse"); !(math.Abs(v/2e200-1) < 1e-15) {
		t.Errorf("rmse of large errors: got %g; want 2e200", v)
	}
	near(t, "r2 of large errors", value(t, far, "r2"), -3)
}

func TestNotes(t *testing.T) {
	half := Labels{Names: []string{"a", "b"}, Is: bools(1, 0, 0, 0), Score: []float64{1, 0, 0, 0}, Threshold: 0.5}
	lost := Queries{Query: []int32{1, 1, 2, 2}, Relevance: []float64{1, 0, 0, 0}, Score: []float64{2, 1, 2, 1}}
	for _, c := range []struct {
		name, metric string
		s            rowSample
		want         string
	}{
		{"certain and wrong", "log_loss", Binary{Positive: bools(1, 0), Score: []float64{0, .5}}, "1 rows have probability 0 for what happened: clipped to 2^-52, the true loss is infinite"},
		{"certain and right", "log_loss", Binary{Positive: bools(1, 0), Score: []float64{1, 0}}, ""},
		{"certain of a class", "log_loss", three(), "1 rows have probability 0 for what happened: clipped to 2^-52, the true loss is infinite"},
		{"an infinite logit", "calibration_slope", Binary{Positive: bools(1, 0), Score: []float64{0, .5}}, "1 rows have probability 0 or 1, whose logit is infinite"},
		{"a row without labels", "jaccard", half, "1 rows have no label to count, so jaccard has no value there; micro and macro averages are over labels"},
		{"a query without a relevant row", "mrr", lost, "1 of 2 queries have no relevant row and are left out"},
	} {
		s := c.s
		if k, ok := s.(Classes); ok {
			k.Prob = slices.Clone(k.Prob)
			copy(k.Prob, []float64{0, .5, .5})
			s = k
		}
		m, _ := Lookup(c.metric)
		if _, note, err := s.Statistic(m); err != nil || note != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, note, err, c.want)
		}
	}
	near(t, "reciprocal rank of the query that is left", value(t, lost, "mrr"), 1)
}

func TestConfusionMatrix(t *testing.T) {
	c := three()
	c.Weight = []float64{1, 2, 0.5, 4}
	got, err := c.Confusion()
	if want := []float64{1, 0, 0, 0, 4, 2, 0, 0.5, 0}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}
