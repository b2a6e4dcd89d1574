package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/artifact"
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
		want              string
	}{
		{name: "empty predictions", preds: "", want: "preds.csv: is empty\nhint: the first line must name the columns"},
		{name: "header only", preds: "id,p\n", want: "preds.csv: no rows\nhint: write one row per row of data, under a header"},
		{name: "empty test set", test: "id,age,y\n", want: "test.csv: no rows\nhint: write one row per row of data, under a header"},
		{name: "missing score column", preds: "id,q\na,.9\n", want: `preds.csv: no column "p"; the columns are id, q`},
		{name: "missing label column", test: "id,age,z\na,20,1\n", want: `test.csv: no column "y"; the columns are id, age, z`},
		{name: "missing id column", preds: "key,p\na,.9\n", want: `preds.csv: no column "id"; the columns are key, p`},
		{name: "score is text", preds: "id,p\na,.9\nb,high\nc,.8\nd,.1\n", want: `preds.csv: line 3, column p: "high" is not a number`},
		{name: "score is NaN", preds: "id,p\na,.9\nb,.2\nc,NaN\nd,.1\n", want: "preds.csv: line 4, column p: the score NaN is not a finite number\nhint: let the model score every row"},
		{name: "score is infinite", preds: "id,p\na,.9\nb,.2\nc,inf\nd,.1\n", want: "preds.csv: line 4, column p: the score +Inf is not a finite number\nhint: let the model score every row"},
		{name: "score is empty", preds: "id,p\na,.9\nb,\nc,.8\nd,.1\n", want: "preds.csv: line 3, column p: a row without a score\nhint: let the model score every row"},
		{name: "score is no probability", preds: "id,p\na,.9\nb,-.2\nc,.8\nd,.1\n", want: "preds.csv: line 3, column p: the score -0.2 is not a probability, and log_loss needs one\nhint: write probabilities between 0 and 1, or judge by roc_auc"},
		{name: "id twice in the predictions", preds: "id,p\na,.9\nb,.2\na,.8\nd,.1\n", want: "preds.csv: line 4, column id: id \"a\" for the second time; the first is at line 2\nhint: write each row once"},
		{name: "id twice in the test set", test: goodTest + "b,30,0\n", want: "test.csv: line 6, column id: id \"b\" for the second time; the first is at line 3\nhint: write each row once"},
		{name: "row without an id", test: goodTest + ",30,0\n", want: "test.csv: line 6, column id: a row without an id\nhint: give every row an id"},
		{name: "no id matches", preds: "id,p\n1,.9\n2,.2\n", want: "joining preds.csv to test.csv: no id matches; column id begins with \"1\", column id with \"a\"\nhint: name the columns that hold the same ids in data.test.id and predictions.id"},
		{name: "a label in too many spellings", test: spellings(), want: "test.csv: column y: its labels are written in more than 100 ways\nhint: write each of the two labels alike in every row"},
		{name: "third label", test: "id,age,y\na,20,1\nb,30,0\nc,70,2\nd,50,0\n", want: "test.csv: line 4, column y: \"2\" is a third label beside \"1\" and \"0\", and task binary has two\nhint: name the column of the truth in data.test.label"},
		{name: "positive label that is not there", test: "id,age,y\na,20,yes\nb,30,no\nc,70,yes\nd,50,no\n", want: "test.csv: column y: the labels are \"yes\" and \"no\", and neither is the positive one, \"1\"\nhint: set data.test.positive to the label that counts as positive"},
		{name: "slices of an unknown column", change: by("regoin"), want: `test.csv: no column "regoin"; the columns are id, age, y`},
		{name: "bins of a text", test: "id,age,y\na,20,1\nb,old,0\nc,70,1\nd,50,0\n", change: by("age:25"), want: "slicing by \"age:25\": test.csv: line 3, column age: \"old\" is not a number\nhint: edges cut a column of numbers; a column of texts is named alone, as in age"},
		{name: "bins that do not ascend", change: by("age:25,25"), want: "slicing by \"age:25,25\": found bin edges 25,25, expected numbers that ascend\nhint: write it as in \"age:25,40,60\" or \"region*age:q4\""},
		{name: "the same slices twice", change: by("age:25", "age:25"), want: "two results are called \"recall{age=(-inf,25)}\"\nhint: slice by each column once"},
		{name: "another test set than the spec pins", change: func(r *Request) { r.Spec.Test.Digest = "sha256:" + strings.Repeat("0", 64) }, want: "the file is not the pinned one: the spec pins test.csv as sha256:000000000000, this one is sha256:041d9e671d13"},
		{name: "other bytes than the digest", change: func(r *Request) { r.Predictions.Digest = "sha256:" + strings.Repeat("0", 64) }, want: "the file is not the pinned one: preds.csv is sha256:2a305bece374, expected sha256:000000000000"},
		{name: "unknown grade", change: func(r *Request) { r.Grade = "good" }, want: `"good" is no grade of evidence; known are claimed, computed and rescored`},
		{name: "a task that cannot be evaluated", change: func(r *Request) { r.Spec.Task = "clustering" }, want: "task clustering cannot be evaluated, only binary, multiclass, multilabel, regression, ranking, forecasting, generative"},
		{name: "the labels for predictions", change: func(r *Request) {
			r.Predictions, r.Spec.Predictions.Column = r.Test, "y"
		}, want: "reading test.csv: column y is the truth itself, and cannot be its prediction\nhint: name the column of the scores in predictions.column"},
		{name: "id and score in one column", change: func(r *Request) { r.Spec.Predictions.ID = "p" }, want: "reading preds.csv: column p is both id and score\nhint: name the column of the scores in predictions.column"},
		{name: "other row counts without an id", preds: "id,p\na,.9\n", change: func(r *Request) { r.Spec.Test.ID = "" }, want: "joining preds.csv to test.csv: 1 rows against 4, and no id column\nhint: name the id column in data.test.id"},
		{name: "the champion of another channel", change: func(r *Request) {
			r.Spec.Champion = &project.ChampionLimit{Channel: "production", Metric: "roc_auc"}
			r.Champion = &Champion{Channel: "staging"}
		}, want: "the champion given is that of channel staging, the spec asks for production"},
		{name: "no spec", change: func(r *Request) { r.Spec = nil }, want: "there is no spec to evaluate by"},
		{name: "a number for a label", test: "id,age,y\na,20,1\nb,30,0.5\nc,70,inf\nd,50,0\n", change: regression, want: "test.csv: line 4, column y: +Inf is no label\nhint: write a finite number, or leave the cell empty"},
		{name: "a label that is no number", test: "id,age,y\na,20,1\nb,30,0.5\nc,70,NaN\nd,50,0\n", change: regression, want: "test.csv: line 4, column y: NaN is no label\nhint: write a finite number, or leave the cell empty"},
		{name: "a class that is NaN", test: "id,age,y\na,20,good\nb,30,bad\nc,70,NaN\nd,50,bad\n", want: "test.csv: line 4, column y: NaN is no label\nhint: leave the cell empty where there is none"},
		{name: "too many values to slice by", test: many("%d"), change: by("age"), want: "test.csv: column age: more than 200 values to slice by\nhint: give the edges of bins, as in \"age:25,40,60\""},
		{name: "too many texts to slice by", test: many("x%d"), change: by("age"), want: "test.csv: column age: more than 200 values to slice by\nhint: slice by a column of few categories"},
		{name: "a champion that scored beyond 1", change: champion("id,score\n" + pseudonym([]byte("key"), "a") + ",1.5\n"), want: "champion-production.csv: line 2, column score: the score 1.5 is not a probability, and log_loss needs one\nhint: write probabilities between 0 and 1, or judge by roc_auc"},
		{name: "a champion without scores", change: champion("id,score\n" + pseudonym([]byte("key"), "a") + ",\n"), want: "champion-production.csv: line 2, column score: a row without a score\nhint: let the model score every row"},
		{name: "a champion of other bytes", change: func(r *Request) {
			champion("id,score\na,1\n")(r)
			r.Champion.Predictions.Digest = "sha256:" + strings.Repeat("0", 64)
		}, want: "reading the predictions of champion sha256:d14a7310bdf5: the file is not the pinned one: champion-production.csv is sha256:edaa56cdf2c7, expected sha256:000000000000"},
		{name: "training data that the spec does not name", change: func(r *Request) { r.Train = &r.Test }, want: "there is training data test.csv, but the spec names none"},
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
			if err == nil || err.Error() != c.want {
				t.Fatalf("got %q; want %q", err, c.want)
			}
			if pinned := strings.Contains(c.want, "pinned"); pinned != errors.Is(err, ErrPinned) {
				t.Errorf("ErrPinned is %v", !pinned)
			}
		})
	}
}

// regression asks for a metric of numbers.
func regression(r *Request) {
	r.Spec.Task, r.Spec.Metrics = "regression", map[string]project.Limit{"mae": {Max: ptr(1)}}
}

// champion has a model in use, with the predictions given.
func champion(predictions string) func(*Request) {
	return func(r *Request) {
		r.IDKey = []byte("key")
		r.Spec.Champion = &project.ChampionLimit{Channel: "production", Metric: "log_loss"}
		r.Champion = &Champion{Channel: "production", Digest: artifact.Digest([]byte("champion")), Predictions: pinned("champion.csv", predictions)}
	}
}

// many is a test set with more values of age than can be slices.
func many(age string) string {
	var b strings.Builder
	b.WriteString(goodTest)
	for i := range maxGroups + 1 {
		fmt.Fprintf(&b, "r%d,"+age+",0\n", i, i)
	}
	return b.String()
}

// spellings is a test set that writes 1 as 1.0, 1.00 and so on.
func spellings() string {
	var b strings.Builder
	b.WriteString("id,age,y\nz,20,no\n")
	for i := range mostSpellings {
		fmt.Fprintf(&b, "r%d,20,1.%s\n", i, strings.Repeat("0", i))
	}
	return b.String()
}

// pinned is a file of no folder.
func pinned(path, text string) Source {
	return Source{Path: path, Digest: artifact.Digest([]byte(text)), Open: func() (ReaderAtCloser, int64, error) {
		return struct {
			io.ReaderAt
			io.Closer
		}{strings.NewReader(text), io.NopCloser(nil)}, int64(len(text)), nil
	}}
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
