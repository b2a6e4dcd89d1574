package stats

import (
	"math"
	"testing"
)

func TestNothingIsNoNumber(t *testing.T) {
	for _, c := range []struct {
		name string
		got  float64
	}{
		{"precision where nothing is selected", Confusion{TN: 5, FN: 3}.Value("precision")},
		{"recall without positives", Confusion{TN: 5, FP: 3}.Value("recall")},
		{"balanced accuracy of one class", Confusion{TP: 5, FN: 3}.Value("balanced_accuracy")},
		{"f1 of true negatives only", Confusion{TN: 5}.Value("f1")},
		{"mcc where all are selected", Confusion{TP: 5, FP: 3}.Value("mcc")},
		{"a name that is no metric", Confusion{TP: 5, FP: 3}.Value("acuracy")},
		{"AUC of one class", AUC(bools(1, 1, 1), []float64{.1, .2, .3})},
		{"AUC of nothing", AUC(nil, nil)},
		{"weighted AUC of one class", Ranked(bools(0, 0), []float64{.1, .2})(nil)},
		{"average precision without positives", AveragePrecision(bools(0, 0), []float64{.1, .2})(nil)},
		{"mean of nothing", Mean(nil)(nil)},
		{"ECE of nothing", ECE(nil, nil, 10)(nil)},
		{"median of nothing", Median(nil)(nil)},
		{"PSI against nothing", BinNumbers([]float64{1, 2}, nil).PSI()},
		{"mape with a label of 0", numeric(t, "mape", []float64{0, 1}, []float64{1, 1})},
		{"r2 of constant labels", numeric(t, "r2", []float64{3, 3, 3}, []float64{1, 2, 3})},
		{"ratio where no group is selected", (Resampling{Draws: 200, Confidence: .95}).LeastRatio([]Proportion{{0, 9}, {0, 8}}).Value},
		{"difference to an empty group", (Resampling{Draws: 200, Confidence: .95}).Difference([]Proportion{{1, 9}, {0, 0}}).Value},
	} {
		if !math.IsNaN(c.got) {
			t.Errorf("%s: got %g; want NaN", c.name, c.got)
		}
	}
}

func numeric(t *testing.T, metric string, label, predicted []float64) float64 {
	t.Helper()
	s, err := Numeric(metric, label, predicted)
	if err != nil {
		t.Fatal(err)
	}
	return s(nil)
}

func TestMetricOfAnotherKindIsRefused(t *testing.T) {
	for metric, want := range map[string]string{
		"recall": `metric "recall" is not one of predicted numbers; they are bias, interval_width(low,high), mae, mape, median_ae, mse, pinball(q), quantile(column,q), r2, rmse, smape`,
		"":       `metric "" is not one of predicted numbers; they are bias, interval_width(low,high), mae, mape, median_ae, mse, pinball(q), quantile(column,q), r2, rmse, smape`,
	} {
		if s, err := Numeric(metric, []float64{1}, []float64{2}); s != nil || err == nil || err.Error() != want {
			t.Errorf("of numbers, %q: got %v; want %s", metric, err, want)
		}
	}
	for metric, want := range map[string]string{
		"rmse":   `metric "rmse" is not one of scores; they are average_precision, brier, brier_reliability, brier_resolution, brier_uncertainty, calibration_intercept, calibration_slope, ece, ece_count, gain_at(k), lift_at(k), log_loss, mce, precision_at(k), recall_at(k), roc_auc`,
		"recall": `metric "recall" is not one of scores; they are average_precision, brier, brier_reliability, brier_resolution, brier_uncertainty, calibration_intercept, calibration_slope, ece, ece_count, gain_at(k), lift_at(k), log_loss, mce, precision_at(k), recall_at(k), roc_auc`,
	} {
		if s, note, err := Scored(metric, []bool{true}, []float64{2}); s != nil || note != "" || err == nil || err.Error() != want {
			t.Errorf("of scores, %q: got %q, %v; want %s", metric, note, err, want)
		}
	}
}

func TestNoIntervalHasZeroWidth(t *testing.T) {
	r := Resampling{Draws: 300, Seed: 1, Confidence: 0.95}
	right := make([]bool, 60)
	score := make([]float64, 60)
	flat := make([]float64, 60)
	for i := range right {
		right[i] = i%3 == 0
		score[i] = 0.1
		flat[i] = 0.5
		if right[i] {
			score[i] = 0.9
		}
	}
	_, perfect := DeLong(right, score, 0.95)
	_, tied := DeLong(right, flat, 0.95)
	_, same := DeLongPaired(right, score, score, 0.95)
	_, few := DeLong(bools(1, 0, 0, 0), []float64{.3, .1, .2, .5}, 0.95)
	all := Confuse(right, score, 0.5)
	for _, c := range []struct {
		name       string
		i          Interval
		degenerate bool
		method     string
	}{
		{"recall of 1", Proportion{20, 20}.Interval(0.95), false, "clopper_pearson"},
		{"recall of 0", Proportion{0, 20}.Interval(0.95), false, "clopper_pearson"},
		{"AUC of 1", perfect, true, "clopper_pearson"},
		{"AUC of ties only", tied, true, "hoeffding"},
		{"AUC with one positive", few, true, "hoeffding"},
		{"AUC against itself", same, true, "hoeffding"},
		{"f1 of 1", r.DecisionInterval(all, "f1"), true, "clopper_pearson"},
		{"balanced accuracy of 1", r.DecisionInterval(all, "balanced_accuracy"), true, "clopper_pearson"},
		{"no row decided otherwise", Pairs{Both: 30, Neither: 10}.Interval(0.95), false, "newcombe_paired"},
		{"all rows right twice", Pairs{Both: 30}.Interval(0.95), false, "newcombe_paired"},
		{"two perfect groups", Newcombe(Proportion{9, 9}, Proportion{8, 8}, 0.95), false, "newcombe"},
		{"a constant column", constant(r), false, "exact"},
	} {
		if c.i.Degenerate != c.degenerate || c.i.Method != c.method {
			t.Errorf("%s: degenerate %v by %s; want %v by %s", c.name, c.i.Degenerate, c.i.Method, c.degenerate, c.method)
		}
		if !(c.i.High-c.i.Low > 1e-6) {
			t.Errorf("%s: interval (%g, %g) has no width", c.name, c.i.Low, c.i.High)
		}
	}
	_, unresampled := r.BCa(60, func([]int32) Statistic { return Mean(flat) })
	for name, i := range map[string]Interval{
		"mcc of 1": r.DecisionInterval(all, "mcc"), "mean of a constant": unresampled, "median of four": MedianInterval(flat[:4], 0.95),
	} {
		if !i.Degenerate || i.Usable() {
			t.Errorf("%s: got %+v; want degenerate without ends", name, i)
		}
	}
}

func constant(r Resampling) Interval {
	_, i := r.PSI(BinNumbers([]float64{2, 2, 2, 2}, []float64{2, 2, 2}))
	return i
}

func TestPerfectAUCIsBoundedByDisjointPairs(t *testing.T) {
	y := bools(1, 1, 1, 0, 0, 0, 0, 0)
	auc, i := DeLong(y, []float64{9, 8, 7, 1, 2, 3, 4, 5}, 0.95)
	near(t, "AUC", auc, 1)
	near(t, "low", i.Low, math.Cbrt(0.025)) // three pairs
	near(t, "high", i.High, 1)
}

func TestLogLossOfCertainty(t *testing.T) {
	s, note, err := Scored("log_loss", bools(1, 0), []float64{0, 0.5})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "clipped", s(nil), (52*math.Ln2+math.Ln2)/2)
	if note == "" {
		t.Error("nothing is said about the infinite loss")
	}
	if _, note, _ := Scored("log_loss", bools(1, 0), []float64{1, 0}); note != "" {
		t.Errorf("certain and right: got %q; want no note", note)
	}
}

func TestGap(t *testing.T) {
	all, part := Proportion{70, 100}, Proportion{12, 25}
	i := Gap(all, part, 0.95)
	rest := Newcombe(Proportion{58, 75}, part, 0.95)
	near(t, "low", i.Low, 0.75*rest.Low)
	near(t, "high", i.High, 0.75*rest.High)
	if v := all.Value() - part.Value(); i.Low > v || i.High < v {
		t.Errorf("gap %g lies outside (%g, %g)", v, i.Low, i.High)
	}
	if whole := Gap(all, all, 0.95); whole.Degenerate || whole.Low != 0 || whole.High != 0 {
		t.Errorf("slice of all rows: got %+v; want exactly 0", whole)
	}
}

func TestNeededMeetsTheLimit(t *testing.T) {
	for _, c := range []struct {
		p     Proportion
		limit float64
	}{{Proportion{60, 100}, 0.55}, {Proportion{60, 100}, 0.65}, {Proportion{900, 1000}, 0.89}} {
		n, ok := c.p.Needed(c.limit, 0.95)
		if !ok {
			t.Fatalf("%v against %g: no n", c.p, c.limit)
		}
		meets := func(n int) bool {
			x := c.p.Value() * float64(n)
			low, high := wilsonShare(x, float64(n), 0.95)
			return low >= c.limit || high <= c.limit
		}
		if !meets(n) || meets(n-1) {
			t.Errorf("%v against %g: %d is not the least n", c.p, c.limit, n)
		}
	}
	if n, _ := (Proportion{40, 40}).Needed(0.95, 0.95); n != 72 {
		t.Errorf("no errors in 40 against 0.95: got %d; want 72", n)
	}
	if _, ok := (Proportion{60, 100}).Needed(0.6, 0.95); ok {
		t.Error("a value at its limit: no n decides")
	}
	if n, ok := Needed(100, 0.8, 0.7, 0.75); !ok || n != 400 {
		t.Errorf("half the distance: got %d, %v; want 400", n, ok)
	}
	if n, ok := NeededNull(100, 0.1, 0.2, 1); !ok || n != 200 {
		t.Errorf("half the null: got %d, %v; want 200", n, ok)
	}
}

// wilsonShare is Wilson's interval of a share that need not be whole.
func wilsonShare(x, n, confidence float64) (low, high float64) {
	p, zz := x/n, z(confidence)
	centre, half := p+zz*zz/(2*n), zz*math.Sqrt(p*(1-p)/n+zz*zz/(4*n*n))
	return (centre - half) / (1 + zz*zz/n), (centre + half) / (1 + zz*zz/n)
}

func TestMedianInterval(t *testing.T) {
	x := make([]float64, 20)
	for i := range x {
		x[i] = float64(20 - i)
	}
	// Tables of the binomial distribution: the 6th and 15th of 20 cover 95.9 %.
	i := MedianInterval(x, 0.95)
	near(t, "low", i.Low, 6)
	near(t, "high", i.High, 15)
}

func TestBinNumbers(t *testing.T) {
	nan := math.NaN()
	var hundred []float64
	for i := range 100 {
		hundred = append(hundred, float64(i))
	}
	for _, c := range []struct {
		name               string
		reference, current []float64
		bins               int
		first              string
		last               string
		lastReference      int
		lastCurrent        int
	}{
		{"deciles with open ends", hundred, []float64{-5, 500, 3}, 10, "(-inf,10)", "[90,inf)", 10, 1},
		{"missing is a bin", hundred, []float64{nan, 3}, 11, "(-inf,10)", "(missing)", 0, 1},
		{"few values are bins, and unseen one more", []float64{0, 1, 1, 0}, []float64{1, 2}, 3, "0", "(unseen)", 0, 1},
		{"constant", []float64{4, 4}, []float64{4}, 1, "4", "4", 2, 1},
		{"only missing", []float64{nan, nan}, []float64{nan}, 1, "(missing)", "(missing)", 2, 1},
	} {
		b := BinNumbers(c.reference, c.current)
		k := len(b.Bins)
		if k != c.bins || b.Bins[0] != c.first || b.Bins[k-1] != c.last || b.Reference[k-1] != c.lastReference || b.Current[k-1] != c.lastCurrent {
			t.Errorf("%s: got %+v", c.name, b)
		}
		if total(b.Reference) != len(c.reference) || total(b.Current) != len(c.current) {
			t.Errorf("%s: rows are lost: %+v", c.name, b)
		}
	}
}

func TestManyCategoriesShareABin(t *testing.T) {
	reference, current := map[string]int{}, map[string]int{"new": 7}
	for i := range 80 {
		reference[string(rune('A'+i))] = 100 - i
		current[string(rune('A'+i))] = 1
	}
	b := BinCategories(reference, current, 3, 4)
	want := []string{"(rest)", "(unseen)", "(missing)"}
	k := len(b.Bins)
	if k != 52 {
		t.Fatalf("got %d bins; want 49 and three", k)
	}
	for i, name := range want {
		if b.Bins[49+i] != name {
			t.Errorf("bin %d is %q; want %q", 49+i, b.Bins[49+i], name)
		}
	}
	if b.Current[49] != 31 || b.Current[50] != 7 || b.Current[51] != 4 || b.Reference[51] != 3 {
		t.Errorf("got %v against %v", b.Reference[49:], b.Current[49:])
	}
}
