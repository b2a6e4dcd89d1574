package evaluate

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
)

const (
	goodTest  = "id,age,y\na,20,1\nb,30,0\nc,70,1\nd,50,0\n"
	goodPreds = "id,p\na,.9\nb,.2\nc,.8\nd,.1\n"
)

func TestBadFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, test, preds string
		change            func(*Request)
		want              []string // all in the error
		place             *table.Error
	}{
		{name: "empty predictions", preds: "", want: []string{"preds.csv"}},
		{name: "header only", preds: "id,p\n", want: []string{"preds.csv", "no rows"}},
		{name: "empty test set", test: "id,age,y\n", want: []string{"test.csv", "no rows"}},
		{name: "missing score column", preds: "id,q\na,.9\n", want: []string{`no column "p"`, "id, q"}},
		{name: "missing label column", test: "id,age,z\na,20,1\n", want: []string{`no column "y"`}},
		{name: "missing id column", preds: "key,p\na,.9\n", want: []string{`no column "id"`}},
		{name: "score is text", preds: "id,p\na,.9\nb,high\nc,.8\nd,.1\n", want: []string{"line 3", "column p", "high"}},
		{name: "score is NaN", preds: "id,p\na,.9\nb,.2\nc,NaN\nd,.1\n", want: []string{"preds.csv", "line 4", "column p", "NaN"}},
		{name: "score is infinite", preds: "id,p\na,.9\nb,.2\nc,inf\nd,.1\n", want: []string{"line 4", "column p", "finite"}},
		{name: "score is empty", preds: "id,p\na,.9\nb,\nc,.8\nd,.1\n", want: []string{"line 3", "column p", "without a score"}},
		{name: "score is no probability", preds: "id,p\na,.9\nb,-.2\nc,.8\nd,.1\n", want: []string{"line 3", "-0.2", "not a probability", "log_loss"}},
		{name: "id twice in the predictions", preds: "id,p\na,.9\nb,.2\na,.8\nd,.1\n", want: []string{"preds.csv", "line 4", "column id", `"a"`, "line 2", "hint:"}},
		{name: "id twice in the test set", test: goodTest + "b,30,0\n", want: []string{"test.csv", "line 6", `"b"`}},
		{name: "row without an id", test: goodTest + ",30,0\n", want: []string{"test.csv", "line 6", "without an id"}},
		{name: "no id matches", preds: "id,p\n1,.9\n2,.2\n", want: []string{"no id matches", `"1"`, `"a"`, "hint:"}},
		{name: "third label", test: "id,age,y\na,20,1\nb,30,0\nc,70,2\nd,50,0\n", want: []string{"line 4", "column y", `"2"`, "third label"}},
		{name: "positive label that is not there", test: "id,age,y\na,20,yes\nb,30,no\nc,70,yes\nd,50,no\n", want: []string{`"yes"`, `"no"`, "data.test.positive"}},
		{name: "slices of an unknown column", change: by("regoin"), want: []string{`no column "regoin"`}},
		{name: "bins of a text", test: "id,age,y\na,20,1\nb,old,0\nc,70,1\nd,50,0\n", change: by("age:25"), want: []string{"age:25", "line 3", "old"}},
		{name: "bins that do not ascend", change: by("age:25,25"), want: []string{"ascending"}},
		{name: "the same slices twice", change: by("age:25", "age:25"), want: []string{"two results"}},
		{name: "another test set than the spec pins", change: func(r *Request) { r.Spec.Test.Digest = "sha256:" + strings.Repeat("0", 64) }, want: []string{"not the pinned one"}},
		{name: "other bytes than the digest", change: func(r *Request) { r.Predictions.Digest = "sha256:" + strings.Repeat("0", 64) }, want: []string{"not the pinned one", "preds.csv"}},
		{name: "unknown grade", change: func(r *Request) { r.Grade = "good" }, want: []string{`"good"`}},
		{name: "a task that cannot be evaluated", change: func(r *Request) { r.Spec.Task = "ranking" }, want: []string{"ranking"}},
		{name: "the labels for predictions", change: func(r *Request) {
			r.Predictions, r.Spec.Predictions.Column = r.Test, "y"
		}, want: []string{"column y is the truth itself", "hint:"}},
		{name: "id and score in one column", change: func(r *Request) { r.Spec.Predictions.ID = "p" }, want: []string{"both id and score"}},
		{name: "other row counts without an id", preds: "id,p\na,.9\n", change: func(r *Request) { r.Spec.Test.ID = "" }, want: []string{"1 rows against 4", "data.test.id"}},
		{name: "the champion of another channel", change: func(r *Request) {
			r.Spec.Champion = &project.ChampionLimit{Channel: "production", Metric: "roc_auc"}
			r.Champion = &Champion{Channel: "staging"}
		}, want: []string{"staging", "production"}},
		{name: "training data that the spec does not name", change: func(r *Request) { r.Train = &r.Test }, want: []string{"names none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.test == "" {
				c.test = goodTest
			}
			if c.preds == "" && c.name != "empty predictions" {
				c.preds = goodPreds
			}
			r := request(t, c.test, c.preds)
			r.Spec.Metrics["log_loss"] = project.Limit{Max: ptr(1)}
			if c.change != nil {
				c.change(&r)
			}
			_, err := Run(t.Context(), r)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if pinned := strings.Contains(c.want[0], "pinned"); pinned != errors.Is(err, ErrPinned) {
				t.Errorf("ErrPinned is %v", !pinned)
			}
		})
	}
}

func by(columns ...string) func(*Request) {
	return func(r *Request) {
		r.Spec.Slices = &project.Slices{By: columns, MinRows: 1, Metrics: map[string]project.SliceLimit{"recall": {Min: ptr(0.5)}}}
	}
}

func TestOpenFails(t *testing.T) {
	r := request(t, goodTest, goodPreds)
	broken := errors.New("disk on fire")
	r.Predictions.Open = func() (ReaderAtCloser, int64, error) { return nil, 0, broken }
	if _, err := Run(t.Context(), r); !errors.Is(err, broken) || !strings.Contains(err.Error(), "preds.csv") {
		t.Errorf("got %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, request(t, goodTest, goodPreds)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
}

func TestStatusesWithoutANumber(t *testing.T) {
	ask := func(r *Request) {
		for _, name := range []string{"roc_auc", "recall", "precision", "log_loss", "mcc", "selection_rate"} {
			r.Spec.Metrics[name] = project.Limit{Min: ptr(0)}
		}
		r.Spec.Baseline = &project.Baseline{Kind: "prior", Metric: "roc_auc"}
		r.Spec.Slices = &project.Slices{By: []string{"age:25,60"}, MinRows: 2, Metrics: map[string]project.SliceLimit{"recall": {Min: ptr(0.5)}, "accuracy": {MaxGap: ptr(0.5)}}}
		r.Spec.Fairness = &project.Fairness{By: []string{"age:40"}, MinRows: 1, Metrics: map[string]project.Limit{"tpr_difference": {Max: ptr(0.5)}, "selection_rate_difference": {Max: ptr(0.5)}}}
	}
	for _, c := range []struct {
		name, test, preds string
		want              map[string]string // item → status and n
	}{
		{
			"one class only", "id,age,y\na,20,1\nb,30,1\nc,70,1\nd,50,1\n", goodPreds,
			map[string]string{"roc_auc": "undefined", "recall": "ok", "mcc": "undefined", "log_loss": "ok", "roc_auc vs prior": "undefined"},
		},
		{
			"no positive", "id,age,y\na,20,0\nb,30,0\nc,70,0\nd,50,0\n", goodPreds,
			map[string]string{"roc_auc": "undefined", "recall": "undefined", "precision": "ok", "tpr_difference{age}": "undefined", "selection_rate_difference{age}": "ok"},
		},
		{
			"nobody selected", goodTest, "id,p\na,.1\nb,.2\nc,.1\nd,.1\n",
			map[string]string{"precision": "undefined", "recall": "ok", "mcc": "undefined", "selection_rate": "ok"},
		},
		{
			"a label is missing", "id,age,y\na,20,1\nb,30,\nc,70,1\nd,50,0\n", goodPreds,
			map[string]string{"roc_auc": "no_labels", "recall": "no_labels", "selection_rate": "ok", "tpr_difference{age}": "no_labels", "selection_rate_difference{age}": "ok", "recall{age=[60,inf)}": "no_labels"},
		},
		{
			"small and empty slices", "id,age,y\na,30,1\nb,30,0\nc,70,1\nd,50,1\n", goodPreds,
			map[string]string{"recall{age=(-inf,25)}": "too_few", "recall{age=[25,60)}": "ok", "recall{age=[60,inf)}": "too_few", "accuracy gap{age=[25,60)}": "ok", "accuracy gap{age=[60,inf)}": "too_few"},
		},
		{
			"a slice without predictions", goodTest, "id,p\na,.9\nb,.2\nd,.1\n",
			map[string]string{"recall{age=[60,inf)}": "too_few", "roc_auc": "ok"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, c.test, c.preds)
			ask(&r)
			result := run(t, r)
			for item, want := range c.want {
				got := find(t, result, item)
				if got.Status != want {
					t.Errorf("%s: status %s (%s); want %s", item, got.Status, got.Detail, want)
				}
				if got.Status != StatusOK && (got.Value != nil || got.Low != nil || got.Detail == "" && got.N > 0) {
					t.Errorf("%s: %+v has a number, or no reason", item, got.Measure)
				}
			}
		})
	}
}

func TestGroupBelowMinRowsIsNamed(t *testing.T) {
	r := request(t, goodTest, goodPreds)
	r.Spec.Fairness = &project.Fairness{By: []string{"age:60"}, MinRows: 2, Metrics: map[string]project.Limit{"equalized_odds_difference": {Max: ptr(0.5)}}}
	r.Spec.Metrics["brier"] = project.Limit{}
	r.Spec.Predictions.Threshold = ptr(0.5)
	got := find(t, run(t, r), "equalized_odds_difference{age}")
	if got.Status != StatusUndefined || !strings.Contains(got.Detail, "[60,inf)") { // no negatives there
		t.Errorf("got %+v", got.Measure)
	}
	r.Spec.Fairness.Metrics = map[string]project.Limit{"tpr_difference": {Max: ptr(0.5)}}
	got = find(t, run(t, r), "tpr_difference{age}")
	if got.Status != StatusTooFew || got.N != 1 || !strings.Contains(got.Detail, "(-inf,60)") {
		t.Errorf("got %+v", got.Measure)
	}
}

func TestJoinCounts(t *testing.T) {
	r := request(t, goodTest, "id,p\nd,.1\nx,.7\na,.9\ny,.2\nc,.8\n")
	if diff := cmp.Diff(Join{By: "id", Matched: 3, Missing: 1, Extra: 2}, run(t, r).Evaluation.Join); diff != "" {
		t.Errorf("join (-want +got):\n%s", diff)
	}
}

func TestPredictionsInTheTestSetItself(t *testing.T) {
	both := "malignant,p\nTrue,0.9\nfalse,0.2\ntrue,0.7\nFALSE,0.8\n"
	r := request(t, both, both)
	r.Spec.Test.ID, r.Spec.Predictions.ID, r.Spec.Test.Label = "", "", "malignant"
	r.Spec.Metrics["roc_auc"] = project.Limit{Min: ptr(0.5)}
	r.Grade = "claimed"
	result := run(t, r)
	if got := find(t, result, "roc_auc"); *got.Value != 0.75 {
		t.Errorf("roc_auc %g; want 0.75", *got.Value)
	}
	if got := result.Evaluation.Join; got.By != "row" || got.Matched != 4 {
		t.Errorf("join %+v", got)
	}
	if result.Stored != nil || result.Datacheck.Sets.Test.IDs != nil {
		t.Error("ids or stored predictions without an id column")
	}
}

func TestPositiveLabel(t *testing.T) {
	for _, c := range []struct {
		labels   []string
		positive string
		want     []bool
	}{
		{[]string{"1", "0"}, "1", []bool{true, false}},
		{[]string{"1.0", "0.0"}, "1", []bool{true, false}},
		{[]string{"true", "false"}, "1", []bool{true, false}},
		{[]string{"1", "0"}, "true", []bool{true, false}},
		{[]string{"0", "1"}, "0", []bool{true, false}},
		{[]string{"bad", "good"}, "bad", []bool{true, false}},
		{[]string{"2", "1"}, "2", []bool{true, false}},
		{[]string{"0", "0"}, "1", []bool{false, false}},
		{[]string{"001", "002"}, "1", []bool{true, false}},
	} {
		var rows strings.Builder
		rows.WriteString("y\n")
		for _, l := range c.labels {
			rows.WriteString(l + "\n")
		}
		tab, err := table.Read(t.Context(), "t.csv", strings.NewReader(rows.String()), int64(rows.Len()), table.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readTruth(tab, "y", c.positive, "binary")
		if err != nil {
			t.Errorf("%q for %q: %v", c.labels, c.positive, err)
			continue
		}
		if diff := cmp.Diff(c.want, got.positive); diff != "" {
			t.Errorf("%q for %q (-want +got):\n%s", c.labels, c.positive, diff)
		}
	}
}

func TestDriftOfOddColumns(t *testing.T) {
	r := request(t, "id,n,c,k,m,y\na,1,u,7,1,1\nb,2,v,7,,0\nc,inf,new,7,3,1\nd,4,u,7,x,0\n", goodPreds)
	train := file(t, "train.csv", "id,n,c,k,m\ne,1,u,7,1\nf,2,v,7,2\ng,3,u,7,3\nh,,v,7,4\n")
	r.Train = &train
	r.Spec.Train = &project.TrainSet{File: "train.csv", ID: "id"}
	r.Spec.Drift = &project.Drift{Method: "psi", Max: 0.2, Columns: []string{"n", "c", "k", "m", "gone"}}
	got := map[string]string{}
	for _, one := range run(t, r).Drift.Results {
		got[one.Item] = one.Status
		if one.Status == StatusOK && !(*one.High > *one.Value) {
			t.Errorf("%s: %+v has no width", one.Item, one.Measure)
		}
	}
	if diff := cmp.Diff(map[string]string{"n": "ok", "c": "ok", "k": "ok", "m": "ok", "gone": "error"}, got); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}
