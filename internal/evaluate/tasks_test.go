package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// taskRequest is an evaluation under a spec of the task that names the usual
// columns, and asks for the metrics without a limit.
func taskRequest(t testing.TB, task, test, predictions string, metrics ...string) Request {
	t.Helper()
	r := request(t, test, predictions)
	s := r.Spec
	s.Task, s.Predictions, s.Test = task, project.SpecPredictions{ID: "id"}, project.TestSet{File: "test.csv", Digest: r.Test.Digest, ID: "id", Label: "y", Positive: "1"}
	switch task {
	case "binary", "regression":
		s.Predictions.Column, s.Predictions.Threshold = "p", ptr(0.5)
	case "multiclass":
		s.Predictions.Prefix = "p_"
	case "multilabel":
		s.Test.Label, s.Test.Labels = "", []string{"b", "a"}
		s.Predictions.Prefix, s.Predictions.Threshold = "p_", ptr(0.5)
	case "forecasting":
		s.Predictions.Column, s.Test.Time, s.Test.Season = "p", "t", 1
	case "ranking":
		s.Predictions.Column, s.Test.Group = "p", "q"
	case "generative":
		s.Test.Label = ""
	}
	for _, m := range metrics {
		s.Metrics[m] = project.Limit{Min: ptr(0.1)}
	}
	return r
}

// rowsOf repeats lines n times, each with an id of its own before it.
func rowsOf(header string, n int, lines ...string) string {
	var b strings.Builder
	b.WriteString("id," + header + "\n")
	for i := range n * len(lines) {
		fmt.Fprintf(&b, "r%04d,%s\n", i, lines[i%len(lines)])
	}
	return b.String()
}

func check(t *testing.T, r Request, want map[string]float64) *Result {
	t.Helper()
	result := run(t, r)
	for item, v := range want {
		got := find(t, result, item)
		if got.Status != StatusOK || math.Abs(*got.Value-v) > 1e-9 {
			t.Errorf("%s: got %+v, value %v; want %g", item, got.Measure, value(got.Value), v)
		}
		if got.Low != nil && (*got.Low > *got.Value || *got.High < *got.Value) {
			t.Errorf("%s: %g lies outside (%g, %g)", item, *got.Value, *got.Low, *got.High)
		}
	}
	return result
}

func value(v *float64) any {
	if v == nil {
		return "none"
	}
	return *v
}

// classes are 5 rows of which 3 are decided rightly, 40 times: a is right,
// wrong and right, b right, c wrong.
func classesRequest(t *testing.T, metrics ...string) Request {
	test := rowsOf("g,w,y", 40, "u,1,a", "v,1,a", "u,3,b", "v,1,c", "u,1,a")
	predictions := rowsOf("p_c,p_a,p_b,ms", 40, "0.1,0.8,0.1,5", "0.1,0.2,0.7,10", "0.1,0.3,0.6,20", "0.2,0.4,0.4,30", "0.1,0.7,0.2,40")
	return taskRequest(t, "multiclass", test, predictions, metrics...)
}

func TestMulticlass(t *testing.T) {
	r := classesRequest(t, "accuracy", "recall(a)", "precision(a)", "specificity(a)", "f1(b)", "log_loss", "roc_auc(a)", "top_k_accuracy(2)", "mean(ms)", "rate(ms)", "quantile(ms,0.5)")
	delete(r.Spec.Metrics, "rate(ms)")
	r.Spec.Baseline = &project.Baseline{Kind: "constant", Metric: "accuracy"}
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"recall(a)": {Min: ptr(0.1), MaxGap: ptr(0.9)}, "accuracy": {MaxGap: ptr(0.9)}, "mean(ms)": {Max: ptr(50)}}}
	result := check(t, r, map[string]float64{
		"accuracy": 3. / 5, "recall(a)": 2. / 3, "precision(a)": 2. / 3, "specificity(a)": 1. / 2, "f1(b)": 2. / 3,
		"log_loss":   -(math.Log(.8) + math.Log(.2) + math.Log(.6) + math.Log(.2) + math.Log(.7)) / 5,
		"roc_auc(a)": 4. / 6, "top_k_accuracy(2)": 4. / 5, "mean(ms)": 21, "quantile(ms,0.5)": 20,
		"accuracy vs constant": 0, "recall(a) gap{g=v}": 2. / 3, "recall(a){g=u}": 1, "accuracy gap{g=u}": 3./5 - 1, "mean(ms){g=v}": 20,
	})
	for item, want := range map[string]string{"accuracy": "wilson", "recall(a)": "wilson", "roc_auc(a)": "delong", "top_k_accuracy(2)": "wilson", "log_loss": "bca", "mean(ms)": "bca", "quantile(ms,0.5)": "order_statistics"} {
		if got := find(t, result, item); got.Method != want || got.Threshold != nil {
			t.Errorf("%s: method %s at threshold %v; want %s without one", item, got.Method, value(got.Threshold), want)
		}
	}
	if got := find(t, result, "recall(a)"); got.N != 120 || got.Rows != 200 {
		t.Errorf("recall(a) rests on %d of %d rows; want 120 of 200", got.N, got.Rows)
	}
	want := &Labels{Column: "y", Classes: []ClassRows{{"a", 120}, {"b", 40}, {"c", 40}}}
	if diff := cmp.Diff(want, result.Datacheck.Sets.Test.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if got := result.Evaluation.Predictions; got.Scores != nil || !slices.Equal(got.Columns, []string{"p_a", "p_b", "p_c"}) {
		t.Errorf("predictions %+v; want their three columns", got)
	}
}

// TestDecisionsDecide takes decisions from their own column where there is one.
func TestDecisionsDecide(t *testing.T) {
	r := taskRequest(t, "multiclass", rowsOf("y", 30, "1.0", "2", "3"), rowsOf("d", 30, "1", "2", "2"), "accuracy", "recall(2)", "recall(3)", "mcc")
	r.Spec.Predictions = project.SpecPredictions{ID: "id", Decision: "d"}
	check(t, r, map[string]float64{"accuracy": 2. / 3, "recall(2)": 1, "recall(3)": 0, "mcc": 0.612372435695794})
}

func TestWeights(t *testing.T) {
	r := classesRequest(t, "accuracy", "recall(a)", "mean(ms)")
	r.Spec.Test.Weight = "w"
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 101, Metrics: map[string]project.SliceLimit{"accuracy": {Min: ptr(0.1)}}}
	result := check(t, r, map[string]float64{"accuracy": 5. / 7, "recall(a)": 2. / 3, "mean(ms)": (5. + 10 + 60 + 30 + 40) / 7})
	got := find(t, result, "accuracy")
	if got.Method != "bca" || !strings.Contains(got.Detail, "weighted: the rows tell as much as 150.8 of equal weight") {
		t.Errorf("accuracy by %s, %q; want BCa, and what the weights leave", got.Method, got.Detail)
	}
	// u has 120 rows, whose weights 1, 3, 1 tell as much as 25/11·40 = 90.9.
	if got := find(t, result, "accuracy{g=u}"); got.Status != StatusTooFew || got.N != 90 {
		t.Errorf("accuracy{g=u} is %s on %d; want too few, on 90", got.Status, got.N)
	}
	r.Test = file(t, "test.csv", strings.Replace(rowsOf("g,w,y", 40, "u,0,a", "v,0,a", "u,0,b", "v,0,c", "u,0,a"), ",0,a", ",1,a", 1))
	r.Spec.Test.Digest, r.Spec.Slices = r.Test.Digest, nil
	if got := find(t, run(t, r), "mean(ms)"); got.Status != StatusTooFew || got.Value != nil || got.Detail != "by their weights they tell as much as 1 of equal weight; 15 are needed" {
		t.Errorf("one row with a weight: got %+v", got.Measure)
	}
}

// TestDuplicatedRowsAreWeights: a row of weight 2 is two rows.
func TestDuplicatedRowsAreWeights(t *testing.T) {
	lines := []string{"1,2,a", "0,1,b", "1,1,c", "1,2,d"}
	once := taskRequest(t, "binary", rowsOf("y,w,g", 20, lines...), rowsOf("p", 20, ".9", ".2", ".4", ".3"), "recall", "roc_auc", "log_loss", "f1")
	once.Spec.Test.Weight = "w"
	twice := taskRequest(t, "binary", rowsOf("y,w,g", 20, lines[0], lines[0], lines[1], lines[2], lines[3], lines[3]), rowsOf("p", 20, ".9", ".9", ".2", ".4", ".3", ".3"), "recall", "roc_auc", "log_loss", "f1")
	a, b := run(t, once), run(t, twice)
	for _, item := range []string{"recall", "roc_auc", "log_loss", "f1"} {
		x, y := find(t, a, item), find(t, b, item)
		if math.Abs(*x.Value-*y.Value) > 1e-12 || x.Method != "bca" {
			t.Errorf("%s: %g weighted (%s), %g repeated", item, *x.Value, x.Method, *y.Value)
		}
	}
}

func TestMultilabel(t *testing.T) {
	test := rowsOf("g,a,b", 40, "u,1,0", "v,1,1", "u,0,1", "v,0,0")
	predictions := rowsOf("p_a,p_b", 40, ".9,.1", ".6,.4", ".3,.8", ".6,.2")
	r := taskRequest(t, "multilabel", test, predictions, "subset_accuracy", "hamming_loss", "recall(a)", "recall(b)", "precision(a)", "f1_micro", "roc_auc(a)", "average_precision(b)")
	r.Spec.Baseline = &project.Baseline{Kind: "prior", Metric: "hamming_loss"}
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"recall(b)": {Min: ptr(0.1), MaxGap: ptr(0.9)}}}
	result := check(t, r, map[string]float64{
		"subset_accuracy": 1. / 2, "hamming_loss": 1. / 4, "recall(a)": 1, "recall(b)": 1. / 2, "precision(a)": 2. / 3, "f1_micro": 6. / 8,
		"roc_auc(a)": 3.5 / 4, "average_precision(b)": 1, "hamming_loss vs prior": 1. / 4, "recall(b){g=v}": 0, "recall(b) gap{g=v}": 1. / 2,
	})
	if got := find(t, result, "recall(a)"); value(got.Threshold) != 0.5 || got.N != 80 || got.Method != "clopper_pearson" {
		t.Errorf("recall(a): got %+v", got.Measure)
	}
	if diff := cmp.Diff(&Labels{Column: "b, a", Classes: []ClassRows{{"a", 80}, {"b", 80}}}, result.Datacheck.Sets.Test.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestRanking(t *testing.T) {
	lines, said := []string{}, []string{}
	for q := range 40 {
		lines = append(lines, fmt.Sprintf("q%d,%s,0", q, string("uv"[q%2])), fmt.Sprintf("q%d,%s,1", q, string("uv"[q%2])))
		said = append(said, ".5", []string{".9", ".1"}[q/2%2]) // every other pair of queries has the relevant row first
	}
	r := taskRequest(t, "ranking", rowsOf("q,g,y", 1, lines...), rowsOf("p", 1, said...), "mrr", "hit_rate(1)", "ndcg(2)")
	r.Spec.Baseline = &project.Baseline{Kind: "constant", Metric: "mrr"}
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"mrr": {Min: ptr(0.1), MaxGap: ptr(0.5)}}}
	result := check(t, r, map[string]float64{
		"mrr": .75, "hit_rate(1)": .5, "ndcg(2)": (1 + 1/math.Log2(3)) / 2, "mrr vs constant": 0, "mrr{g=u}": .75, "mrr gap{g=u}": 0,
	})
	got := find(t, result, "mrr")
	if got.N != 40 || got.Rows != 80 || got.Method != "cluster_bootstrap" || got.Detail != "drawn over 40 queries" {
		t.Errorf("mrr: got %+v; want it to rest on 40 queries", got.Measure)
	}
	r.Spec.Slices.MinRows = 21
	if got := find(t, run(t, r), "mrr{g=u}"); got.Status != StatusTooFew || got.N != 20 {
		t.Errorf("mrr{g=u} is %s on %d; want too few, on 20 queries", got.Status, got.N)
	}
}

func TestForecasting(t *testing.T) {
	var test, train, predictions []string
	for i := range 60 {
		test = append(test, fmt.Sprintf("%s,2026-01-%02dT%02d:00:00Z,%d", string("xy"[i%2]), 2+i/24, i/2%24, 10+i/2%3))
		train = append(train, fmt.Sprintf("%s,2026-01-01T%02d:%02d:00Z,%d", string("xy"[i%2]), i/2/3, i/2%3, i/2%3))
		predictions = append(predictions, fmt.Sprintf("%d,9,11", 11+i/2%3))
	}
	for i := range test {
		test[i] = strings.Replace(test[i], fmt.Sprintf("01-%02dT", 2+i/24), fmt.Sprintf("01-%02dT", 2+i/48), 1)
	}
	r := taskRequest(t, "forecasting", rowsOf("s,t,y", 1, test...), rowsOf("p,lo,hi", 1, predictions...), "mase", "mae", "interval_coverage(lo,hi)")
	r.Spec.Test.Series = "s"
	source := file(t, "train.csv", strings.ReplaceAll(rowsOf("s,t,y", 1, train...), "r0", "t0"))
	r.Train, r.Spec.Train = &source, &project.TrainSet{File: "train.csv", ID: "id", Label: "y", Time: "t"}
	r.Spec.Baseline = &project.Baseline{Kind: "last_value", Metric: "mae"}
	// In training a series goes 0, 1, 2, 0, …: of 29 steps 20 are by 1, 9 by 2.
	result := check(t, r, map[string]float64{"mae": 1, "mase": 29. / 38, "interval_coverage(lo,hi)": 2. / 3, "mae vs last_value": 9 - 1})
	if got := find(t, result, "mae vs last_value"); value(got.Reference) != 9. || !strings.Contains(got.Detail, "the last training label before it") {
		t.Errorf("last value: got %+v", got)
	}
	if got := find(t, result, "interval_coverage(lo,hi)"); got.Method != "wilson" || got.N != 60 {
		t.Errorf("interval_coverage: got %+v", got.Measure)
	}

	// Without training data the test set's own labels are all that is known.
	r.Train, r.Spec.Train = nil, nil
	result = check(t, r, map[string]float64{"mase": 29. / 38, "mae vs last_value": 38./29 - 1})
	if got := find(t, result, "mae vs last_value"); got.N != 58 || !strings.Contains(got.Detail, "2 rows have none and are not compared") {
		t.Errorf("last value of the test set: got %+v", got.Measure)
	}

	// Two labels of one series at one time leave no order.
	r.Test = file(t, "test.csv", strings.Replace(rowsOf("s,t,y", 1, test...), "T01:", "T00:", 1))
	r.Spec.Test.Digest, r.Spec.Baseline = r.Test.Digest, nil
	result = run(t, r)
	if got := find(t, result, "mase"); got.Status != StatusError || got.Detail != "test.csv: lines 2 and 4 are of one series at one time" {
		t.Errorf("mase: got %+v", got.Measure)
	}
	if got := find(t, result, "mae"); got.Status != StatusOK {
		t.Errorf("mae: got %+v", got.Measure)
	}
}

func TestGenerative(t *testing.T) {
	var test, predictions []string
	for i := range 100 {
		test = append(test, fmt.Sprintf("p%02d,%s", i/5, string("uv"[i/5%2])))
		predictions = append(predictions, fmt.Sprintf("%d,%v", i/5%4, i%2 == 0))
	}
	r := taskRequest(t, "generative", rowsOf("prompt,g", 1, test...), rowsOf("judge,refused", 1, predictions...), "mean(judge)", "rate(refused)", "quantile(judge,0.9)")
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"mean(judge)": {Min: ptr(0.1)}}}
	r.IDKey = []byte("key")
	plain := check(t, r, map[string]float64{"mean(judge)": 1.5, "rate(refused)": .5, "quantile(judge,0.9)": 3, "mean(judge){g=u}": 1})
	if plain.Stored != nil || plain.Datacheck.Sets.Test.Labels != nil {
		t.Error("scores or labels where there are none")
	}
	r.Spec.Test.Unit = "prompt"
	together := check(t, r, map[string]float64{"mean(judge)": 1.5})
	a, b := find(t, plain, "mean(judge)"), find(t, together, "mean(judge)")
	if b.Method != "cluster_bootstrap" || b.Detail != "drawn over 20 units" || *b.High-*b.Low < 1.5*(*a.High-*a.Low) {
		t.Errorf("five answers alike to each prompt: [%g, %g] by row, [%g, %g] by prompt (%s)", *a.Low, *a.High, *b.Low, *b.High, b.Detail)
	}
	if got := find(t, together, "mean(judge){g=u}"); got.Status != StatusTooFew || got.Detail != "they belong to 10 units, which tell as much as 10 of equal size; 15 are needed" {
		t.Errorf("ten prompts: got %+v", got.Measure)
	}
}

// TestColumnsDoNotDrawScoresAnew: a metric of a column has draws of its own,
// and leaves those of the scores alone.
func TestColumnsDoNotDrawScoresAnew(t *testing.T) {
	r := classesRequest(t, "log_loss", "mean(ms)")
	before := run(t, r)
	r.Spec.Metrics["quantile(ms,0.9)"] = project.Limit{Max: ptr(1)}
	r.Spec.Test.Classes = []string{"c", "b", "a"}
	r.Predictions = file(t, "preds.csv", rowsOf("p_c,p_a,p_b,ms", 40, "0.1,0.8,0.1,6", "0.1,0.2,0.7,10", "0.1,0.3,0.6,20", "0.2,0.4,0.4,30", "0.1,0.7,0.2,40"))
	after := run(t, r)
	if a, b := find(t, before, "log_loss"), find(t, after, "log_loss"); a.Seed != b.Seed || *a.Low != *b.Low {
		t.Errorf("log_loss is drawn anew: %+v, %+v", a.Measure, b.Measure)
	}
	if a, b := find(t, before, "mean(ms)"), find(t, after, "mean(ms)"); a.Seed == b.Seed {
		t.Errorf("mean(ms) has seed %s for other values", a.Seed)
	}
}

// TestChampionOfEveryTask stores predictions and compares others with them.
func TestChampionOfEveryTask(t *testing.T) {
	for name, tt := range map[string]struct {
		r, other Request
		metric   string
		want     float64
		stored   string
	}{
		"multiclass": {classesRequest(t), classesRequest(t), "accuracy", 3./5 - 1./5, "id,score:a,score:b,score:c\n"},
		"multilabel": {
			taskRequest(t, "multilabel", rowsOf("a,b", 40, "1,0", "0,1"), rowsOf("p_a,p_b", 40, ".9,.1", ".1,.9")),
			taskRequest(t, "multilabel", rowsOf("a,b", 40, "1,0", "0,1"), rowsOf("p_a,p_b", 40, ".9,.1", ".1,.2")), "subset_accuracy", .5, "id,score:a,score:b\n",
		},
		"decisions": {
			taskRequest(t, "multiclass", rowsOf("y", 40, "a", "b"), rowsOf("d", 40, "a", "b")),
			taskRequest(t, "multiclass", rowsOf("y", 40, "a", "b"), rowsOf("d", 40, "a", "a")), "accuracy", .5, "id,decision\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []*Request{&tt.r, &tt.other} {
				if r.IDKey = []byte("key"); name == "decisions" {
					r.Spec.Predictions = project.SpecPredictions{ID: "id", Decision: "d"}
				}
			}
			if name == "multiclass" {
				tt.other.Predictions = file(t, "preds.csv", rowsOf("p_c,p_a,p_b,ms", 40, "0.1,0.1,0.8,5", "0.1,0.2,0.7,10", "0.1,0.3,0.6,20", "0.2,0.4,0.4,30", "0.1,0.2,0.7,40"))
			}
			stored := run(t, tt.other).Stored
			if !strings.HasPrefix(string(stored), tt.stored) {
				t.Errorf("stored %.60q; want it to begin with %q", stored, tt.stored)
			}
			r := tt.r
			r.Spec.Champion = &project.ChampionLimit{Channel: "production", Metric: tt.metric, Margin: 0.01}
			r.Spec.Baseline = &project.Baseline{Kind: "previous", Metric: tt.metric}
			r.Champion = &Champion{Channel: "production", Digest: artifact.Digest([]byte("champion")), Predictions: file(t, "champion.csv", string(stored))}
			check(t, r, map[string]float64{tt.metric + " vs production": tt.want, tt.metric + " vs previous": tt.want})
			r.Champion = nil
			if got := find(t, run(t, r), tt.metric+" vs previous"); got.Status != StatusUndefined || got.Detail != "there is no previous model whose predictions are known" {
				t.Errorf("without a champion: got %+v", got.Measure)
			}
		})
	}
}

// TestStatusesOfEveryTask brings about each status without a number, for each
// task.
func TestStatusesOfEveryTask(t *testing.T) {
	some := func(r Request, change func(*project.Spec)) Request {
		change(r.Spec)
		return r
	}
	slice := func(metric string, least int) func(*project.Spec) {
		return func(s *project.Spec) {
			s.Slices = &project.Slices{By: []string{"g"}, MinRows: least, Metrics: map[string]project.SliceLimit{metric: {Min: ptr(0.1), MaxGap: ptr(0.5)}}}
		}
	}
	three := rowsOf("p_a,p_b,p_c", 20, ".8,.1,.1", ".1,.8,.1")
	for name, tt := range map[string]struct {
		r    Request
		want map[string]string
	}{
		"multiclass, a class without rows": {
			some(taskRequest(t, "multiclass", rowsOf("y", 20, "a", "b"), three, "recall(c)", "f1_macro", "accuracy", "roc_auc(c)", "roc_auc_ovr_macro"), func(s *project.Spec) { s.Test.Classes = []string{"a", "b", "c"} }),
			map[string]string{"recall(c)": "undefined: none of 40 rows is c", "f1_macro": "undefined: none of 40 rows is c", "roc_auc(c)": "undefined: none of 40 rows is c", "roc_auc_ovr_macro": "undefined: none of 40 rows is c", "accuracy": "ok"},
		},
		"multiclass, a class that is never decided": {
			taskRequest(t, "multiclass", rowsOf("y", 20, "a", "c"), rowsOf("p_a,p_c", 20, ".8,.2"), "precision(c)", "precision_macro"),
			map[string]string{"precision(c)": "undefined: no row is decided c", "precision_macro": "undefined: no row is decided c"},
		},
		"multiclass, a small slice": {
			some(taskRequest(t, "multiclass", rowsOf("g,y", 20, "u,a", "u,b", "u,a", "v,b"), rowsOf("p_a,p_b", 40, ".8,.2", ".1,.9")), slice("recall(a)", 30)),
			map[string]string{"recall(a){g=u}": "ok", "recall(a){g=v}": "too_few: 30 are asked for", "recall(a) gap{g=v}": "too_few: 30 are asked for"},
		},
		"multiclass, a label is missing": {
			taskRequest(t, "multiclass", rowsOf("y", 20, "a", "")+"x,b\n", rowsOf("p_a,p_b", 20, ".8,.2", ".1,.9")+"x,.5,.5\n", "accuracy", "recall(a)"),
			map[string]string{"accuracy": "no_labels: 20 of 41 rows of test.csv have no y; the first at line 3", "recall(a)": "no_labels: 20 of 41 rows of test.csv have no y; the first at line 3"},
		},
		"multiclass, a class that nobody knows": {
			taskRequest(t, "multiclass", rowsOf("y", 20, "a", "b"), rowsOf("p_a,p_b", 20, ".8,.2", ".1,.9"), "recall(z)"),
			map[string]string{"recall(z)": "error"},
		},
		"multilabel, a label without rows": {
			taskRequest(t, "multilabel", rowsOf("a,b", 20, "1,0", "0,0"), rowsOf("p_a,p_b", 20, ".8,.2", ".1,.1"), "recall(b)", "recall_macro", "roc_auc_macro", "recall_micro"),
			map[string]string{"recall(b)": "undefined: none of 40 rows is b", "recall_macro": "undefined: 0 of 40 rows have label b", "roc_auc_macro": "undefined: 0 of 40 rows have label b", "recall_micro": "ok"},
		},
		"multilabel, a rare label": {
			some(taskRequest(t, "multilabel", rowsOf("g,a,b", 20, "u,0,0", "v,0,0")+"x,u,1,1\n", rowsOf("p_a,p_b", 20, ".8,.2", ".1,.1")+"x,.9,.1\n"), slice("roc_auc(a)", 10)),
			map[string]string{"roc_auc(a){g=u}": "too_few: only 1 rows of one class, and 10 are needed"},
		},
		"multilabel, a label is missing": {
			taskRequest(t, "multilabel", rowsOf("a,b", 20, "1,0", "0,"), rowsOf("p_a,p_b", 20, ".8,.2", ".1,.1"), "hamming_loss"),
			map[string]string{"hamming_loss": "no_labels: 20 of 40 rows of test.csv have no b; the first at line 3"},
		},
		"multilabel, no threshold": {
			some(taskRequest(t, "multilabel", rowsOf("a,b", 20, "1,0", "0,1"), rowsOf("p_a,p_b", 20, ".8,.2", ".1,.1"), "hamming_loss"), func(s *project.Spec) { s.Predictions.Threshold = nil }),
			map[string]string{"hamming_loss": "error: hamming_loss needs predictions.threshold"},
		},
		"forecasting, one value for all": {
			taskRequest(t, "forecasting", rowsOf("t,y", 40, "1,3"), rowsOf("p", 40, "3"), "mase", "r2"),
			map[string]string{"mase": "error: test.csv: lines 2 and 3 are of one series at one time", "r2": "undefined: the labels do not vary"},
		},
		"forecasting, a label is missing": {
			taskRequest(t, "forecasting", "id,t,y\na,1,3\nb,2,\nc,3,1\n", "id,p\na,1\nb,2\nc,3\n", "mae"),
			map[string]string{"mae": "no_labels: 1 of 3 rows of test.csv have no y; the first at line 3"},
		},
		"forecasting, a small slice": {
			some(taskRequest(t, "forecasting", "id,g,t,y\na,u,1,3\nb,u,2,4\nc,u,3,1\n", "id,p\na,1\nb,2\nc,3\n", "mase"), slice("mae", 4)),
			map[string]string{"mae{g=u}": "too_few: 4 are asked for", "mase": "ok"},
		},
		"forecasting, a season too long": {
			some(taskRequest(t, "forecasting", "id,t,y\na,1,3\nb,2,4\nc,3,1\n", "id,p\na,1\nb,2\nc,3\n", "mase"), func(s *project.Spec) { s.Test.Season = 3 }),
			map[string]string{"mase": "undefined: a series repeats itself after a season, or is too short for one"},
		},
		"ranking, nothing is relevant": {
			taskRequest(t, "ranking", rowsOf("q,y", 20, "q1,0", "q2,0"), rowsOf("p", 20, "1", "2"), "mrr", "ndcg(5)"),
			map[string]string{"mrr": "undefined: no query has a relevant row", "ndcg(5)": "undefined: no query has a relevant row"},
		},
		"ranking, few queries": {
			taskRequest(t, "ranking", rowsOf("q,y", 20, "q1,0", "q2,1"), rowsOf("p", 20, "1", "2"), "mrr"),
			map[string]string{"mrr": "too_few: they belong to 2 units, which tell as much as 2 of equal size; 15 are needed"},
		},
		"ranking, a label is missing": {
			taskRequest(t, "ranking", rowsOf("q,y", 20, "q1,0", "q2,"), rowsOf("p", 20, "1", "2"), "mrr"),
			map[string]string{"mrr": "no_labels: 20 of 40 rows of test.csv have no y; the first at line 3; labels exist only where the score is below 2"},
		},
		"ranking, a metric of another task": {
			taskRequest(t, "ranking", rowsOf("q,y", 20, "q1,0", "q2,1"), rowsOf("p", 20, "1", "2"), "mae"),
			map[string]string{"mae": "error: metric mae is not one for task ranking"},
		},
		"generative, a rate of what is no share": {
			taskRequest(t, "generative", rowsOf("g", 20, "u", "v"), rowsOf("c", 20, "1", "2"), "rate(c)", "mean(c)"),
			map[string]string{"rate(c)": "error: row 1 has c 2, and a rate is of values 0 and 1", "mean(c)": "ok"},
		},
		"generative, a small slice": {
			some(taskRequest(t, "generative", rowsOf("g", 20, "u", "v"), rowsOf("c", 20, "1", "2")), slice("mean(c)", 21)),
			map[string]string{"mean(c){g=u}": "too_few: 21 are asked for"},
		},
		"generative, an empty slice": {
			some(taskRequest(t, "generative", rowsOf("x", 20, "1", "2"), rowsOf("c", 20, "1", "2")), func(s *project.Spec) {
				s.Slices = &project.Slices{By: []string{"x:5"}, MinRows: 0, Metrics: map[string]project.SliceLimit{"mean(c)": {Min: ptr(0.1)}}}
			}),
			map[string]string{"mean(c){x=[5,inf)}": "undefined: no rows"},
		},
		"a slice in which no row counts": {
			some(taskRequest(t, "regression", rowsOf("g,w,y", 20, "u,1,2", "v,0,3"), rowsOf("p,c", 20, "1,2", "2,4"), "mean(c)"), func(s *project.Spec) {
				slice("mae", 5)(s)
				s.Test.Weight = "w"
			}),
			map[string]string{"mae{g=v}": "too_few: 5 are asked for", "mae gap{g=v}": "too_few: 5 are asked for", "mae{g=u}": "ok", "mean(c)": "ok"},
		},
		"a column where a label is missing": {
			taskRequest(t, "multiclass", rowsOf("y", 20, "a", "")+"x,b\n", rowsOf("p_a,p_b,c", 20, ".8,.2,1", ".1,.9,2")+"x,.5,.5,3\n", "mean(c)", "mcc"),
			map[string]string{"mean(c)": "ok", "mcc": "no_labels: 20 of 41 rows of test.csv have no y; the first at line 3"},
		},
		"linear without training data": {
			some(taskRequest(t, "regression", rowsOf("x,y", 20, "1,2", "2,3"), rowsOf("p", 20, "1", "2")), func(s *project.Spec) { s.Baseline = &project.Baseline{Kind: "linear", Metric: "mae"} }),
			map[string]string{"mae vs linear": "error: linear needs training data in which every row has its label"},
		},
		"the first rows of all": {
			some(taskRequest(t, "regression", "id,t,y\na,1,3\nb,1,4\n", "id,p\na,1\nb,2\n"), func(s *project.Spec) {
				s.Test.Time, s.Baseline = "t", &project.Baseline{Kind: "last_value", Metric: "mae"}
			}),
			map[string]string{"mae vs last_value": "undefined: no row has a label before it in time"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := run(t, tt.r)
			for item, want := range tt.want {
				m := find(t, result, item)
				got := m.Status
				if m.Status != StatusOK {
					got += ": " + m.Detail
				}
				if want == "error" && m.Detail != "" {
					got = m.Status
				}
				if got != want {
					t.Errorf("%s: got %s; want %s", item, got, want)
				}
				if m.Status != StatusOK && (m.Value != nil || m.Low != nil || m.High != nil) {
					t.Errorf("%s: %+v has a number", item, m.Measure)
				}
			}
		})
	}
}

// TestBadFilesOfEveryTask shows what is said of files that no task can be
// evaluated on.
func TestBadFilesOfEveryTask(t *testing.T) {
	many := []string{}
	for i := range maxClasses + 1 {
		many = append(many, fmt.Sprintf("c%d", i))
	}
	abc := func(test, predictions string) Request {
		return taskRequest(t, "multiclass", test, predictions, "log_loss")
	}
	unit := func(r Request) Request { r.Spec.Test.Unit = "u"; return r }
	weight := func(r Request) Request { r.Spec.Test.Weight = "w"; return r }
	two := rowsOf("y", 2, "a", "b")
	for name, tt := range map[string]struct {
		r    Request
		want string
	}{
		"a class that is NaN":       {abc(rowsOf("y", 2, "a", "NaN"), ""), "test.csv: line 3, column y: NaN is no label\nhint: leave the cell empty where there is none"},
		"too many classes":          {abc(rowsOf("y", 1, many...), ""), "test.csv: column y: more than 1000 classes\nhint: name the column of the truth in data.test.label; numbers are predicted by task regression"},
		"a label beyond the spec's": {func() Request { r := abc(two, ""); r.Spec.Test.Classes = []string{"a", "c"}; return r }(), "test.csv: line 3, column y: the label \"b\" is no class; they are a, c\nhint: name every class in data.test.classes"},
		"a class named twice":       {func() Request { r := abc(two, ""); r.Spec.Test.Classes = []string{"1", "1.0"}; return r }(), "classes \"1\" and \"1.0\" are the same\nhint: name each class once, in data.test.classes or predictions.columns"},
		"no column for a class":     {abc(two, rowsOf("p_a", 2, ".5")), "preds.csv: no column \"p_b\"; the columns are id, p_a\nhint: did you mean \"p_a\"?"},
		"a column of no class":      {abc(two, rowsOf("p_a,p_b,p_c", 2, ".5,.2,.3", ".5,.2,.3")), "preds.csv: column p_c: begins like the scores of a class or label, and is of none\nhint: name every class in data.test.classes, or the columns of the scores in predictions.columns"},
		"a score beyond one":        {abc(two, rowsOf("p_a,p_b", 2, ".5,.5", "1.5,-.5")), "preds.csv: line 3, column p_a: the score 1.5 is not a probability, and log_loss needs one\nhint: write probabilities between 0 and 1, or judge by accuracy or roc_auc_ovr_macro"},
		"probabilities of a half":   {abc(two, rowsOf("p_a,p_b", 2, ".5,.5", ".2,.3")), "preds.csv: line 3, column p_a: the probabilities of the row sum to 0.5, and log_loss needs 1\nhint: write the probability of every class"},
		"a row without a score":     {abc(two, rowsOf("p_a,p_b", 2, ".5,.5", ".2,")), "preds.csv: line 3, column p_b: a row without a score\nhint: let the model score every row"},
		"a row without a decision": {func() Request {
			r := abc(two, rowsOf("d", 2, "a", ""))
			r.Spec.Predictions = project.SpecPredictions{ID: "id", Decision: "d"}
			return r
		}(), "preds.csv: line 3, column d: a row without a decision\nhint: let the model decide every row"},
		"a decision of no class": {func() Request {
			r := abc(two, rowsOf("d", 2, "a", "z"))
			r.Spec.Predictions = project.SpecPredictions{ID: "id", Decision: "d"}
			return r
		}(), "preds.csv: line 3, column d: the decision \"z\" is no class; they are a, b\nhint: name every class in data.test.classes"},
		"a label of three values":  {taskRequest(t, "multilabel", rowsOf("a,b", 1, "1,0", "0,1", "2,1"), "", "jaccard"), "test.csv: line 4, column a: \"2\" is a third label beside \"1\" and \"0\", and task binary has two\nhint: name the column of the truth in data.test.label"},
		"a relevance below none":   {taskRequest(t, "ranking", rowsOf("q,y", 2, "1,1", "1,-1"), "", "mrr"), "test.csv: line 3, column y: -1 is no relevance\nhint: write 0 for what is not relevant, and more for what is more relevant"},
		"a row without a query":    {taskRequest(t, "ranking", rowsOf("q,y", 2, "1,1", ",1"), "", "mrr"), "test.csv: line 3, column q: a row without a query\nhint: write in every row to which query it belongs"},
		"a row without a unit":     {unit(abc(rowsOf("u,y", 2, "1,a", ",b"), "")), "test.csv: line 3, column u: a row without a unit\nhint: write in every row to which unit it belongs"},
		"a unit that cuts queries": {unit(taskRequest(t, "ranking", rowsOf("q,u,y", 2, "1,1,1", "1,2,1"), "", "mrr")), "test.csv: line 3, column u: another unit than line 2, which belongs to the same q\nhint: a query's rows belong together, so a unit holds whole queries"},
		"weights that cut queries": {weight(taskRequest(t, "ranking", rowsOf("q,w,y", 2, "1,1,1", "1,2,1"), "", "mrr")), "test.csv: line 3, column w: another weight than line 2, which belongs to the same q\nhint: a weight is a query's: write the same in all of its rows"},
		"a slice that cuts queries": {func() Request {
			r := taskRequest(t, "ranking", rowsOf("q,g,y", 2, "1,u,1", "1,v,1"), rowsOf("p", 2, "1", "2"), "mrr")
			r.Spec.Slices = &project.Slices{By: []string{"g"}, Metrics: map[string]project.SliceLimit{"mrr": {Min: ptr(0.1)}}}
			return r
		}(), "test.csv: line 3, column g: another value than line 2, which belongs to the same q\nhint: slice a ranking by what its queries have in common"},
		"a weight below zero":     {weight(abc(rowsOf("w,y", 2, "1,a", "-1,b"), "")), "test.csv: line 3, column w: -1 is no weight\nhint: write a number of at least 0 in every row"},
		"a row without a weight":  {weight(abc(rowsOf("w,y", 2, "1,a", ",b"), "")), "test.csv: line 3, column w: NaN is no weight\nhint: write a number of at least 0 in every row"},
		"no weight at all":        {weight(abc(rowsOf("w,y", 2, "0,a", "0,b"), "")), "test.csv: column w: every weight is 0\nhint: give the rows that count a weight above 0"},
		"a row without a time":    {taskRequest(t, "forecasting", rowsOf("t,y", 2, "1,1", ",1"), rowsOf("p", 2, "1", "2"), "mae"), "test.csv: line 3, column t: a row without a time\nhint: write a time in every row"},
		"a time among numbers":    {taskRequest(t, "forecasting", rowsOf("t,y", 2, "1,1", "2026-01-01,1"), rowsOf("p", 2, "1", "2"), "mae"), "test.csv: line 3, column t: \"2026-01-01\" is no time\nhint: write a number in every row, or a time such as 2026-01-31 or 2026-01-31T12:00:00Z"},
		"a row without its value": {taskRequest(t, "generative", rowsOf("g", 2, "u", "v"), rowsOf("c", 2, "1", ""), "mean(c)"), "preds.csv: line 3, column c: a row without a value\nhint: write one in every row, or leave the metric of this column out"},
		"a value beyond all":      {taskRequest(t, "generative", rowsOf("g", 2, "u", "v"), rowsOf("c", 2, "1", "inf"), "mean(c)"), "preds.csv: line 3, column c: the value +Inf is not a finite number\nhint: write a finite number in every row"},
		"a column of text":        {taskRequest(t, "generative", rowsOf("g", 2, "u", "v"), rowsOf("c", 2, "1", "x"), "mean(c)"), "preds.csv: line 3, column c: \"x\" is not a number"},
		"the truth as its column": {func() Request {
			both := rowsOf("a,b", 2, "1,0", "0,1")
			r := taskRequest(t, "multilabel", both, both, "jaccard")
			r.Spec.Predictions = project.SpecPredictions{ID: "id", Columns: map[string]string{"a": "a", "b": "b"}, Threshold: ptr(0.5)}
			return r
		}(), "reading preds.csv: column a is the truth itself, and cannot be its prediction\nhint: name the column of the scores in predictions.column"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Run(t.Context(), tt.r); err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestLeastSquares holds the fit against the normal equations, solved by
// elimination, and takes a repeated column for none.
func TestLeastSquares(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		n, p := 20+rng.IntN(30), 1+rng.IntN(4)
		columns, y := make([][]float64, p), make([]float64, n)
		for k := range columns {
			columns[k] = make([]float64, n)
			for i := range columns[k] {
				columns[k][i] = rng.NormFloat64()*math.Pow(10, float64(k)) + 100*float64(k)
			}
		}
		for i := range y {
			y[i] = rng.NormFloat64() + columns[0][i]
		}
		intercept, slope := leastSquares(append(columns, columns[0]), y)
		if slope[p] != 0 {
			t.Errorf("the repeated column has slope %g; want 0", slope[p])
		}
		// The residuals of least squares are orthogonal to all columns.
		for k := -1; k < p; k++ {
			var sum, size float64
			for i := range y {
				fit := intercept
				for c := range columns {
					fit += slope[c] * columns[c][i]
				}
				x := 1.0
				if k >= 0 {
					x = columns[k][i]
				}
				sum, size = sum+(y[i]-fit)*x, size+math.Abs((y[i]-fit)*x)
			}
			if math.Abs(sum) > 1e-8*size {
				t.Errorf("residuals lean on column %d by %g of %g", k, sum, size)
			}
		}
	}
}

func TestLinearBaseline(t *testing.T) {
	var test, train, predictions []string
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 100 {
		x := rng.Float64()
		test = append(test, fmt.Sprintf("%.6f,k,%.6f", x, 2+3*x))
		predictions = append(predictions, fmt.Sprintf("%.6f", 2+3*x+float64(i%3-1)))
		x = rng.Float64()
		train = append(train, fmt.Sprintf("%.6f,k,%.6f", x, 2+3*x))
	}
	r := taskRequest(t, "regression", rowsOf("x,c,y", 1, test...), rowsOf("p", 1, predictions...))
	source := file(t, "train.csv", strings.ReplaceAll(rowsOf("x,c,y", 1, train...), "\nr", "\nt"))
	r.Train, r.Spec.Train = &source, &project.TrainSet{File: "train.csv", ID: "id", Label: "y"}
	r.Spec.Baseline = &project.Baseline{Kind: "linear", Metric: "mae"}
	got := find(t, run(t, r), "mae vs linear")
	if got.Status != StatusOK || math.Abs(*got.Value+0.66) > 0.01 || math.Abs(*got.Reference) > 1e-5 || got.Detail != "every row gets the least squares of 1 training columns" {
		t.Errorf("got %+v, reference %v; want the line that the labels lie on", got.Measure, value(got.Reference))
	}
	source = file(t, "train.csv", "id,z,y\nt1,1,2\n")
	if got := find(t, run(t, r), "mae vs linear"); got.Status != StatusError || got.Detail != "linear needs columns of numbers that training and test data have in common" {
		t.Errorf("no column in common: got %+v", got.Measure)
	}
}

// TestNoiseOfCalibration: a metric of calibration says what chance makes of it,
// and a limit below that is not judged by the value.
func TestNoiseOfCalibration(t *testing.T) {
	several := taskRequest(t, "multiclass", rowsOf("y", 20, "a", "b", "b", "a", "a"), rowsOf("p_a,p_b", 20, ".7,.3", ".2,.8", ".6,.4", ".9,.1", ".4,.6"), "ece")
	two := taskRequest(t, "binary", rowsOf("w,y", 20, "1,1", "2,0", "1,0", "1,1", "1,0"), rowsOf("p", 20, ".7", ".2", ".6", ".9", ".4"), "ece_count", "brier_reliability", "ece")
	weighted := two
	spec := *two.Spec
	weighted.Spec = &spec
	weighted.Spec.Test.Weight = "w"
	for name, r := range map[string]Request{"several classes": several, "two": two, "weighted": weighted} {
		result := run(t, r)
		for item := range r.Spec.Metrics {
			got := find(t, result, item)
			if got.Status != StatusOK || got.Null95 == nil || !(*got.Null95 > 0) || got.Method != "bootstrap_centred" || got.Low == nil || *got.Low > *got.Value || *got.High < *got.Value {
				t.Errorf("%s: %s: got %+v, chance %v", name, item, got.Measure, value(got.Null95))
			}
		}
	}
}

// TestNeededOfEveryTask: where the value meets a limit and the interval's end
// does not, a measure says how many rows would.
func TestNeededOfEveryTask(t *testing.T) {
	r := classesRequest(t)
	r.Spec.Metrics = map[string]project.Limit{"recall(a)": {Min: ptr(0.65)}, "log_loss": {Max: ptr(0.9)}, "accuracy": {Min: ptr(0.1)}, "mean(ms)": {Max: ptr(21.5)}}
	result := run(t, r)
	for item, want := range map[string]bool{"recall(a)": true, "log_loss": true, "mean(ms)": true, "accuracy": false} {
		if got := find(t, result, item); (got.Needed > got.N) != want {
			t.Errorf("%s: %v [%v, %v] on %d needs %d", item, *got.Value, *got.Low, *got.High, got.N, got.Needed)
		}
	}
	p := stats.Proportion{X: 80, N: 120}
	if n, _ := p.Needed(0.65, 0.95); find(t, result, "recall(a)").Needed != n {
		t.Errorf("recall(a) needs %d; want Wilson's %d", find(t, result, "recall(a)").Needed, n)
	}
}
