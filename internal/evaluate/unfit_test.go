package evaluate

import (
	"testing"

	"github.com/weighlock/weighlock/internal/project"
)

// TestRowsThatDoNotCountAlone: rates of groups count rows, so rows with weights
// or in units are refused rather than counted wrong. The search knows them.
func TestRowsThatDoNotCountAlone(t *testing.T) {
	test := rowsOf("g,w,y", 20, "a,1,1", "a,2,0", "b,1,1", "b,2,0")
	for what, c := range map[string]struct {
		set  func(*project.TestSet)
		want string
	}{
		"weights": {func(s *project.TestSet) { s.Weight = "w" }, "rows have weights, and every row would count once"},
		"units":   {func(s *project.TestSet) { s.Unit = "w" }, "rows belong together in units, and every row would stand alone"},
	} {
		t.Run(what, func(t *testing.T) {
			r := request(t, test, rowsOf("p", 20, ".9", ".2", ".8", ".1"))
			c.set(&r.Spec.Test)
			r.Spec.Fairness = &project.Fairness{By: []string{"g"}, MinRows: 1, Metrics: map[string]project.Limit{"tpr_ratio": {Min: ptr(0.8)}}}
			got := run(t, r)
			if m := find(t, got, "tpr_ratio{g}").Measure; m.Status != StatusError || m.Detail != c.want || m.Value != nil {
				t.Errorf("fairness: got %+v; want error, %s", m, c.want)
			}
			if s := got.Evaluation.Search; s.Status != StatusOK || s.Method.Test != "welch_linearized" || s.Method.MinUnits < 30 {
				t.Errorf("search: got %+v; want one that knows %s", s, what)
			}
		})
	}
}

func TestTasksWithoutFairness(t *testing.T) {
	r := classesRequest(t, "accuracy")
	r.Spec.Fairness = &project.Fairness{By: []string{"y"}, MinRows: 1, Metrics: map[string]project.Limit{"calibration_difference": {Max: ptr(0.1)}}}
	got := run(t, r)
	want := "calibration_difference is no fairness metric that can be computed here"
	if m := find(t, got, "calibration_difference{y}").Measure; m.Status != StatusError || m.Detail != want {
		t.Errorf("fairness: got %+v; want error, %s", m, want)
	}
}

// TestUnitsAcrossSlices: the best slice is found by independent intervals, and
// those of slices that share units are not.
func TestUnitsAcrossSlices(t *testing.T) {
	for by, want := range map[string]string{"u": StatusError, "g": StatusTooFew} {
		r := request(t, rowsOf("g,u,s,y", 40, "a,1,1,1", "a,2,2,0", "b,1,3,1", "b,2,4,0"), rowsOf("p", 40, ".9", ".2", ".8", ".1"))
		r.Spec.Test.Unit = by
		r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 1, Metrics: map[string]project.SliceLimit{"brier": {MaxGapBest: ptr(0.2)}}}
		m := find(t, run(t, r), "brier gap to best{g=a}").Measure
		if by == "u" && (m.Status != want || m.Detail != "units have rows in several slices, so the slices' intervals are not independent") {
			t.Errorf("units across slices: got %+v; want %s", m, want)
		}
		if by == "g" && m.Status != want { // one unit in each slice
			t.Errorf("units within slices: got %+v; want %s", m, want)
		}
	}
}
