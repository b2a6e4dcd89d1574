package evaluate

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/project"
)

// worked is the example of 18 rows in groups a, b and c whose fairness is
// known; h parts them into halves.
func worked(t *testing.T) Request {
	t.Helper()
	var rows []string
	for i := range 18 {
		y, d := "011110101000111111"[i:i+1], "001011100111100110"[i:i+1]
		rows = append(rows, "bbabbcccaacabccbcc"[i:i+1]+","+y+","+d)
	}
	r := request(t, firstOf(scored(rows...)), secondOf(scored(rows...)))
	r.Spec.Fairness = &project.Fairness{By: []string{"g"}, MinRows: 1, Metrics: map[string]project.Limit{}}
	return r
}

func TestWorkedFairness(t *testing.T) {
	limit := project.Limit{Max: ptr(0.5)}
	for reference, want := range map[string]map[string]float64{
		"": {
			"selection_rate_difference": 0.25, "selection_rate_ratio": 2.0 / 3, "tpr_difference": 0.2, "tpr_ratio": 2.0 / 3,
			"fpr_difference": 1, "fpr_ratio": 0, "ppv_difference": 2.0 / 3, "ppv_ratio": 1.0 / 3, "for_difference": 1.0 / 3, "for_ratio": 2.0 / 3,
			"equalized_odds_difference": 1, "equalized_odds_ratio": 0,
		},
		"a":        {"tpr_difference": 0.1, "tpr_ratio": 0.8, "selection_rate_difference": 0.25, "ppv_difference": 2.0 / 3},
		"majority": {"tpr_difference": 0.2, "ppv_difference": 0.5, "fpr_ratio": 0, "for_ratio": 0.75}, // c
		"best":     {"tpr_difference": 0.2, "ppv_ratio": 1.0 / 3, "equalized_odds_difference": 1},
	} {
		r := worked(t)
		for name := range want {
			r.Spec.Fairness.Metrics[name] = limit
		}
		if reference != "" {
			r.Spec.Fairness.Reference = map[string]string{"g": reference}
		}
		result := run(t, r)
		for name, value := range want {
			got := find(t, result, name+"{g}")
			if got.Status != StatusOK || math.Abs(*got.Value-value) > 1e-9 || got.Low == nil || got.Null95 == nil {
				t.Errorf("%s against %q: got %+v; want %g", name, reference, got.Measure, value)
			}
		}
	}
}

func TestAgainstWhom(t *testing.T) {
	for _, c := range []struct {
		reference, metric string
		want              *Against
	}{
		{"", "tpr_difference", nil},
		{"a", "tpr_difference", &Against{"group", "a"}},
		{"majority", "fpr_ratio", &Against{"majority", "c"}},
		{"best", "tpr_difference", &Against{"best", "b"}},
		{"best", "fpr_difference", &Against{"best", "b"}},
		{"best", "selection_rate_ratio", &Against{"best", "a"}},
		{"best", "for_difference", &Against{"best", "b"}},
		{"best", "equalized_odds_ratio", &Against{"best", ""}},
	} {
		r := worked(t)
		r.Spec.Fairness.Metrics[c.metric] = project.Limit{Max: ptr(0.5)}
		if c.reference != "" {
			r.Spec.Fairness.Reference = map[string]string{"g": c.reference}
		}
		if diff := cmp.Diff(c.want, find(t, run(t, r), c.metric+"{g}").Against); diff != "" {
			t.Errorf("%s against %q (-want +got):\n%s", c.metric, c.reference, diff)
		}
	}
}

// TestWithoutTheRowsOfARate shows that a group without positives has no true
// positive rate, which is not a rate of 0, and so on.
func TestWithoutTheRowsOfARate(t *testing.T) {
	rows := slices.Concat(repeat("a,1,.9", 30), repeat("a,0,.2", 30), repeat("b,0,.2", 40), repeat("b,0,.9", 20))
	pure := slices.Concat(repeat("a,1,.9", 30), repeat("a,0,.2", 30), repeat("b,1,.9", 40))
	for _, c := range []struct {
		name, metric string
		rows         []string
		detail       string
		group        string
	}{
		{"no positives", "tpr_difference", rows, "group b: recall rests on no rows", "none of 60 rows is positive"},
		{"no positives, as a ratio", "tpr_ratio", rows, "group b: recall rests on no rows", "none of 60 rows is positive"},
		{"no positives for one of two rates", "equalized_odds_ratio", rows, "group b: recall rests on no rows", "none of 60 rows is positive; recall"},
		{"no negatives", "fpr_difference", pure, "group b: fpr rests on no rows", "all 40 rows are positive"},
		{"no negative decisions", "for_ratio", pure, "group b: false_omission_rate rests on no rows", "no row is decided negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, firstOf(scored(c.rows...)), secondOf(scored(c.rows...)))
			r.Spec.Fairness = &project.Fairness{By: []string{"g"}, MinRows: 10, Metrics: map[string]project.Limit{c.metric: {Min: ptr(0.1), Max: ptr(0.9)}}}
			got := find(t, run(t, r), c.metric+"{g}")
			if got.Status != StatusUndefined || got.Value != nil || got.Detail != c.detail {
				t.Errorf("got %+v; want undefined: %s", got.Measure, c.detail)
			}
			if b := got.Groups[1]; b.Group != "b" || b.Status != StatusUndefined || b.Value != nil || b.Detail != c.group {
				t.Errorf("got group %+v; want undefined: %s", b, c.group)
			}
		})
	}
}

func TestParityWithinStrata(t *testing.T) {
	// Simpson's paradox: within each stratum both groups are selected alike,
	// and over all they are not.
	rows := slices.Concat(
		repeat("a,1,.9,low", 10), repeat("a,0,.1,low", 40), repeat("b,1,.9,low", 40), repeat("b,0,.1,low", 160),
		repeat("a,1,.9,high", 160), repeat("a,0,.1,high", 40), repeat("b,1,.9,high", 40), repeat("b,0,.1,high", 10),
	)
	strata := func(rows []string) Request {
		test, predictions := scored(rows...)
		lines := strings.Split(strings.TrimSpace(test), "\n")
		for i := range lines {
			if i == 0 {
				lines[i] += ",h"
				continue
			}
			lines[i] += "," + rows[i-1][strings.LastIndex(rows[i-1], ",")+1:]
		}
		r := request(t, strings.Join(lines, "\n")+"\n", predictions)
		r.Spec.Fairness = &project.Fairness{By: []string{"g", "g|h"}, MinRows: 10, Metrics: map[string]project.Limit{"selection_rate_difference": {Max: ptr(0.1)}}}
		return r
	}
	r := strata(rows)
	result := run(t, r)
	if got := find(t, result, "selection_rate_difference{g}"); math.Abs(*got.Value-(170.0/250-80.0/250)) > 1e-9 {
		t.Errorf("over all: got %+v; want 0.36", got.Measure)
	}
	got := find(t, result, "selection_rate_difference{g|h}")
	if got.Status != StatusOK || *got.Value != 0 || !strings.HasSuffix(got.Detail, "over 2 strata") || *got.Null95 < 0.1 {
		t.Errorf("within strata: got %+v; want 0, and a null of so few rows", got.Measure)
	}
	var groups []string
	for _, g := range got.Groups {
		groups = append(groups, g.Group)
	}
	if diff := cmp.Diff([]string{"a|high", "b|high", "a|low", "b|low"}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if items := Items(r.Spec, result.Datacheck).Fairness; len(items) != 2 || items[1].ID != "selection_rate_difference{g|h}" || *items[1].Rows != 500 {
		t.Errorf("got items %+v", items)
	}
	low := rows[:250]
	for name, c := range map[string]struct {
		high              []string
		reference, detail string
	}{
		"both groups in both strata": {slices.Concat(repeat("a,1,.9,high", 20), repeat("b,0,.1,high", 20)), "", ""},
		"one group alone":            {repeat("a,1,.9,high", 20), "", "there is only one group in stratum high"},
		"the reference in one only":  {slices.Concat(repeat("b,1,.9,high", 20), repeat("c,0,.1,high", 20)), "a", "the reference a has no rows in stratum high"},
		"another group in one only":  {slices.Concat(repeat("a,1,.9,high", 20), repeat("c,0,.1,high", 20)), "a", ""},
		"a group that is too small":  {slices.Concat(repeat("a,1,.9,high", 20), repeat("b,0,.1,high", 9)), "", "group b|high has 9 rows for selection_rate, 10 are asked for"},
	} {
		r := strata(slices.Concat(low, c.high))
		if c.reference != "" {
			r.Spec.Fairness.Reference = map[string]string{"g|h": c.reference}
		}
		got := find(t, run(t, r), "selection_rate_difference{g|h}").Measure
		if ok := got.Status == StatusOK; ok != (c.detail == "") || !ok && (got.Detail != c.detail || got.Value != nil) {
			t.Errorf("%s: got %+v; want %q", name, got, c.detail)
		}
	}
}

func TestReferenceThatCannotBe(t *testing.T) {
	rows := slices.Concat(repeat("a,1,.9", 20), repeat("best,1,.2", 20))
	for reference, want := range map[string]string{
		"z":    "the reference z is no group of the pinned data",
		"best": "a group is called best, so it cannot be told whether it is the reference",
	} {
		r := request(t, firstOf(scored(rows...)), secondOf(scored(rows...)))
		r.Spec.Fairness = &project.Fairness{By: []string{"g"}, Reference: map[string]string{"g": reference}, MinRows: 10, Metrics: map[string]project.Limit{"tpr_ratio": {Min: ptr(0.8)}}}
		if got := find(t, run(t, r), "tpr_ratio{g}"); got.Status != StatusError || got.Detail != want || got.Value != nil {
			t.Errorf("%s: got %+v; want an error: %s", reference, got.Measure, want)
		}
	}
}

func TestIntersectionalGroups(t *testing.T) {
	r := full(t, newWorld(1500))
	r.Spec.Fairness.By = []string{"sex*age:40"}
	result := run(t, r)
	for name := range r.Spec.Fairness.Metrics {
		got := find(t, result, name+"{sex*age}")
		var groups []string
		for _, g := range got.Groups {
			if !slices.Contains(groups, g.Group) {
				groups = append(groups, g.Group)
			}
		}
		if diff := cmp.Diff([]string{"f*(-inf,40)", "f*[40,inf)", "m*(-inf,40)", "m*[40,inf)"}, groups); diff != "" || got.Status != StatusOK {
			t.Errorf("%s is %s; groups (-want +got):\n%s", name, got.Status, diff)
		}
	}
}

func TestCalibrationNeedsProbabilities(t *testing.T) {
	r := request(t, "id,g,y\na,x,1\nb,y,0\n", "id,p\na,1.5\nb,.2\n")
	r.Spec.Fairness = &project.Fairness{By: []string{"g"}, MinRows: 1, Metrics: map[string]project.Limit{"calibration_difference": {Max: ptr(0.1)}}}
	_, err := Run(t.Context(), r)
	if want := "preds.csv: line 2, column p: the score 1.5 is not a probability, and ece needs one"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestNoFairnessMetric(t *testing.T) {
	r := worked(t)
	for _, name := range []string{"tpr", "tpr_gap", "calibration_ratio", "recall_difference"} {
		r.Spec.Fairness.Metrics = map[string]project.Limit{name: {Max: ptr(0.1)}}
		if got := find(t, run(t, r), name+"{g}"); got.Status != StatusError || got.Detail != name+" is no fairness metric that can be computed here" {
			t.Errorf("%s: got %+v; want an error", name, got.Measure)
		}
	}
}
