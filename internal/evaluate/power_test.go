package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// leastScale is the least whole number of copies of the rows on which an item's
// interval lies within its limit.
func leastScale(t *testing.T, build func(copies int) Request, item string, limit project.Limit) int {
	t.Helper()
	for k := 1; k < 60; k++ {
		m := find(t, run(t, build(k)), item)
		if m.Status == StatusOK && m.Low != nil && (limit.Min == nil || *m.Low >= *limit.Min) && (limit.Max == nil || *m.High <= *limit.Max) {
			return k
		}
	}
	t.Fatalf("%s: not within its limit on 60 copies", item)
	return 0
}

// TestNeededIsWhatDecides copies the rows until the measure is decided, and
// finds the n that it said on the first copy between the last two.
func TestNeededIsWhatDecides(t *testing.T) {
	groups := func(k int) []string { // 70 % right in a, 58 % in b
		return slices.Concat(repeat("a,1,.9", 35*k), repeat("a,1,.1", 15*k), repeat("a,0,.1", 40*k), repeat("a,0,.9", 10*k), repeat("b,1,.9", 29*k), repeat("b,1,.1", 21*k), repeat("b,0,.1", 35*k), repeat("b,0,.9", 15*k))
	}
	flawless := func(k int) []string { return slices.Concat(repeat("a,1,.9", 12*k), repeat("a,0,.1", 20*k)) }
	for _, c := range []struct {
		name, item string
		rows       func(copies int) []string
		limit      project.Limit
		set        func(s *project.Spec, l project.Limit)
		n          int // that one copy counts
	}{
		{"a rate", "recall", groups, project.Limit{Min: ptr(0.6)}, metricOf("recall"), 100},
		{"a gap of rates", "recall gap{g=b}", groups, project.Limit{Max: ptr(0.14)}, gapOf("recall"), 50},
		{"a gap of rates of which less is better", "fpr gap{g=b}", groups, project.Limit{Max: ptr(0.12)}, gapOf("fpr"), 50},
		{"a gap of rates of which neither is better", "selection_rate gap{g=b}", groups, project.Limit{Max: ptr(0.04)}, gapOf("selection_rate"), 100},
		{"a gap to the best", "recall gap to best{g=b}", groups, project.Limit{Max: ptr(0.2)}, behindBest("recall"), 50},
		{"a gap to the best of which less is better", "fpr gap to best{g=b}", groups, project.Limit{Max: ptr(0.2)}, behindBest("fpr"), 50},
		{"a difference of groups", "tpr_difference{g}", groups, project.Limit{Max: ptr(0.25)}, fairnessOf("tpr_difference"), 100},
		{"the worse of two differences", "equalized_odds_difference{g}", groups, project.Limit{Max: ptr(0.25)}, fairnessOf("equalized_odds_difference"), 200},
		{"a ratio of groups", "tpr_ratio{g}", groups, project.Limit{Min: ptr(0.7)}, fairnessOf("tpr_ratio"), 100},
		{"an f1 without errors", "f1", flawless, project.Limit{Min: ptr(0.95)}, metricOf("f1"), 32},
		{"a balanced accuracy without errors", "balanced_accuracy", flawless, project.Limit{Min: ptr(0.95)}, metricOf("balanced_accuracy"), 32},
		{"an area of 1", "roc_auc", flawless, project.Limit{Min: ptr(0.95)}, metricOf("roc_auc"), 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			build := func(k int) Request {
				rows := c.rows(k)
				r := request(t, firstOf(scored(rows...)), secondOf(scored(rows...)))
				r.Spec.Draws = 50
				c.set(r.Spec, c.limit)
				return r
			}
			got := find(t, run(t, build(1)), c.item)
			least := leastScale(t, build, c.item, c.limit)
			if got.N != c.n || got.Needed > least*c.n || got.Needed <= (least-1)*c.n {
				t.Errorf("%d count, and %d are needed; want %d, and more than %d and at most %d", got.N, got.Needed, c.n, (least-1)*c.n, least*c.n)
			}
		})
	}
}

func metricOf(name string) func(*project.Spec, project.Limit) {
	return func(s *project.Spec, l project.Limit) { s.Metrics[name] = l }
}

func gapOf(name string) func(*project.Spec, project.Limit) {
	return func(s *project.Spec, l project.Limit) {
		s.Slices = &project.Slices{By: []string{"g"}, MinRows: 10, Metrics: map[string]project.SliceLimit{name: {MaxGap: l.Max}}}
	}
}

func behindBest(name string) func(*project.Spec, project.Limit) {
	return func(s *project.Spec, l project.Limit) {
		s.Slices = &project.Slices{By: []string{"g"}, MinRows: 10, Metrics: map[string]project.SliceLimit{name: {MaxGapBest: l.Max}}}
	}
}

func fairnessOf(name string) func(*project.Spec, project.Limit) {
	return func(s *project.Spec, l project.Limit) {
		s.Fairness = &project.Fairness{By: []string{"g"}, MinRows: 10, Metrics: map[string]project.Limit{name: l}}
	}
}

// TestNeededOfAMedian: six rows give an interval of a median, and a limit takes
// as many as the sign test.
func TestNeededOfAMedian(t *testing.T) {
	build := func(k int) Request {
		r := taskRequest(t, "regression", rowsOf("y", k, "1", "2", "3", "4", "5"), rowsOf("p,ms", k, "1.1,10", "2.2,20", "3.3,30", "4.4,40", "5.5,50"))
		r.Spec.Metrics = map[string]project.Limit{"median_ae": {Max: ptr(0.35)}, "quantile(ms,0.5)": {Max: ptr(35)}, "quantile(ms,0.7)": {Min: ptr(35)}}
		return r
	}
	for item, want := range map[string]int{"median_ae": 6, "quantile(ms,0.5)": 6, "quantile(ms,0.7)": 11} {
		if got := find(t, run(t, build(1)), item); got.Low != nil || got.Needed != want {
			t.Errorf("%s of 5 rows: %d are needed; want %d", item, got.Needed, want)
		}
		got := find(t, run(t, build(3)), item)
		least := leastScale(t, build, item, build(1).Spec.Metrics[item])
		if got.Needed > 5*least || got.Needed <= 5*(least-1) {
			t.Errorf("%s: %d are needed; want more than %d and at most %d", item, got.Needed, 5*(least-1), 5*least)
		}
	}
}

// TestNeededOverUnits: an interval over units closes in with the root of their
// number and with Student's quantile.
func TestNeededOverUnits(t *testing.T) {
	build := func(k int) Request {
		var test, said strings.Builder
		test.WriteString("id,u,y\n")
		said.WriteString("id,p\n")
		for i := range 100 * k {
			y := (i * 7 / 5) % 2
			p := 0.9
			if u := i / 5; u%4 == 0 || i%9 == 0 {
				p = 0.2
			}
			if y == 0 {
				p = 1 - p
			}
			fmt.Fprintf(&test, "%d,u%d,%d\n", i, i/5, y)
			fmt.Fprintf(&said, "%d,%g\n", i, p)
		}
		r := request(t, test.String(), said.String())
		r.Spec.Test.Unit, r.Spec.Draws = "u", 2000
		r.Spec.Metrics = map[string]project.Limit{"accuracy": {Min: ptr(0.55)}}
		return r
	}
	got := find(t, run(t, build(1)), "accuracy")
	n, ok := stats.NeededUnits(20, *got.Value, *got.Low, 0.55, 0.95)
	if !ok || got.N != 100 || got.Needed != 5*n {
		t.Errorf("%d of %d are needed; want the rows of %d units", got.Needed, got.N, n)
	}
	if least := leastScale(t, build, "accuracy", project.Limit{Min: ptr(0.55)}); math.Abs(float64(got.Needed)/100-float64(least)) > 1.5 {
		t.Errorf("%d are needed, and %d copies decide", got.Needed, least)
	}
}

// TestTooFewSaysHowManyWouldDo shows the rows of which the rule makes those of
// the whole, by what share of them the measure counts.
func TestTooFewSaysHowManyWouldDo(t *testing.T) {
	rows := slices.Concat(repeat("a,1,.9", 12), repeat("a,0,.1", 28), repeat("b,1,.9", 4), repeat("b,0,.1", 36))
	r := request(t, firstOf(scored(rows...)), secondOf(scored(rows...)))
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 30, Metrics: map[string]project.SliceLimit{"recall": {Min: ptr(0.5)}, "roc_auc": {Min: ptr(0.5)}}}
	r.Spec.Fairness = &project.Fairness{By: []string{"g"}, MinRows: 30, Metrics: map[string]project.Limit{"tpr_difference": {Max: ptr(0.5)}}}
	result := run(t, r)
	for item, want := range map[string][3]int{
		"recall{g=a}": {12, 40, 30}, "recall{g=b}": {4, 40, 30},
		"roc_auc{g=b}":      {4, 40, leastOfAClass},
		"tpr_difference{g}": {4, 80, 30}, // of group b, which is the last to have enough
	} {
		if m := find(t, result, item); m.Status != StatusTooFew || [3]int{m.N, m.Rows, m.Needed} != want {
			t.Errorf("%s: got %+v; want too few, %v", item, m.Measure, want)
		}
	}

	units := request(t, rowsOf("u,y", 4, "a,1", "a,0", "b,1", "b,0", "c,1"), rowsOf("p", 4, ".9", ".1", ".8", ".3", ".4"))
	units.Spec.Test.Unit = "u"
	units.Spec.Metrics["roc_auc"] = project.Limit{Min: ptr(0.5)}
	// Units of 8, 8 and 4 rows tell as much as 400/144 of equal size.
	if m := find(t, run(t, units), "roc_auc"); m.Status != StatusTooFew || m.N != 20 || m.Needed != 108 {
		t.Errorf("three units: got %+v; want 108 rows", m.Measure)
	}
}

// TestAClassIsComparedWithABaseline: what is needed for the recall of one class
// comes from the pairs of its rows.
func TestAClassIsComparedWithABaseline(t *testing.T) {
	r := classesRequest(t)
	r.Spec.Baseline = &project.Baseline{Kind: "constant", Metric: "recall(b)", Gain: 0.9}
	got := find(t, run(t, r), "recall(b) vs constant")
	if got.Status != StatusOK || got.Method != "newcombe_paired" || got.N != 40 || *got.Value != 1 {
		t.Fatalf("got %+v, value %v", got.Measure, value(got.Value))
	}
	if want, _ := (stats.Pairs{First: 40}).Needed(0.9, 0.95); got.Needed != want {
		t.Errorf("%d are needed; want %d", got.Needed, want)
	}
}

// TestNothingIsNeededWhereItCannotBeTold: an area that ties all pairs has no
// better interval on more such rows.
func TestNothingIsNeededWhereItCannotBeTold(t *testing.T) {
	r := request(t, rowsOf("y", 30, "1", "0"), rowsOf("p", 30, ".4", ".4"))
	r.Spec.Metrics["roc_auc"] = project.Limit{Min: ptr(0.45)}
	if m := find(t, run(t, r), "roc_auc"); !m.Degenerate || m.Method != "hoeffding" || *m.Value < 0.45 || *m.Low > 0.45 || m.Needed != 0 {
		t.Errorf("got %+v; want a degenerate interval around the limit, and no number", m.Measure)
	}
}
