package evaluate

import (
	"encoding/json"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

func TestEveryItemIsAnswered(t *testing.T) {
	r := full(t, newWorld(1500))
	result := run(t, r)
	items := Items(r.Spec, result.Datacheck)
	asked := map[string]bool{}
	for _, list := range [][]Item{items.Metrics, items.Baseline, items.Champion, items.Slices, items.Fairness} {
		for _, item := range list {
			asked[item.ID] = true
			got := find(t, result, item.ID)
			if got.Status != StatusOK || got.Value == nil || got.Low == nil || got.High == nil {
				t.Errorf("%s: %+v has no number", item.ID, got.Measure)
				continue
			}
			if *got.Low > *got.Value || *got.High < *got.Value {
				t.Errorf("%s: %g lies outside (%g, %g)", item.ID, *got.Value, *got.Low, *got.High)
			}
			if got.N == 0 || got.Rows == 0 || got.Level != 0.95 {
				t.Errorf("%s: n %d, rows %d, level %g", item.ID, got.N, got.Rows, got.Level)
			}
			if item.Metric != got.Metric || item.By != got.By || item.Group != got.Group {
				t.Errorf("%s: parts %+v differ from the result's", item.ID, item)
			}
			if item.Limit == nil || item.Path == "" {
				t.Errorf("%s: no limit or path: %+v", item.ID, item)
			}
		}
	}
	if len(asked) != len(result.Evaluation.Results) {
		t.Errorf("%d items for %d results", len(asked), len(result.Evaluation.Results))
	}
	if len(items.Drift) != len(result.Drift.Results) || len(items.Drift) != 4 {
		t.Errorf("%d drift items, %d results; want 4", len(items.Drift), len(result.Drift.Results))
	}
	if diff := cmp.Diff(Join{By: "id", Matched: 1500}, result.Evaluation.Join); diff != "" {
		t.Errorf("join (-want +got):\n%s", diff)
	}
	if got := find(t, result, "log_loss vs production"); *got.Value <= 0 || got.Reference == nil {
		t.Errorf("the noisier champion is not worse: %+v", got)
	}
}

func TestSameRequestSameBytes(t *testing.T) {
	w := newWorld(600)
	want := ""
	for _, procs := range []int{1, 2, 5} {
		before := runtime.GOMAXPROCS(procs)
		result := run(t, full(t, w))
		runtime.GOMAXPROCS(before)
		text, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = string(text)
		}
		if string(text) != want {
			t.Errorf("with %d processors the bytes differ", procs)
		}
	}
}

// What has nothing to do with a number must not draw its interval anew.
func TestDrawsTurnOnWhatIsMeasuredAlone(t *testing.T) {
	w := newWorld(600)
	before := run(t, full(t, w))
	lines := strings.SplitAfter(w.predictions, "\n")
	slices.Reverse(lines[1 : len(lines)-1])
	turned := strings.Join(lines, "")
	for _, c := range []struct {
		name   string
		world  world
		change func(*Request)
		anew   bool // the metrics are drawn anew; drift never is
	}{
		{"another spec's digest", w, func(r *Request) { r.SpecDigest = artifact.Digest([]byte("other")) }, false},
		{"another model's name", w, func(r *Request) { r.Spec.Name = "other" }, false},
		{"another limit on another metric", w, func(r *Request) { r.Spec.Metrics["roc_auc"] = project.Limit{Min: ptr(0.71)} }, false},
		{"the same scores in another order", world{w.test, w.train, turned, w.champion}, func(*Request) {}, false},
		{"the same scores, written otherwise", world{w.test, w.train, strings.ReplaceAll(w.predictions, ",0.", ",.") + "\n", w.champion}, func(*Request) {}, false},
		{"one score of another value", world{w.test, w.train, strings.Replace(w.predictions, "00000,0.", "00000,0.1", 1), w.champion}, func(*Request) {}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := full(t, c.world)
			c.change(&r)
			after := run(t, r)
			for _, item := range []string{"brier", "f1", "log_loss vs production", "log_loss gap{region=north}"} {
				a, b := find(t, before, item).Measure, find(t, after, item).Measure
				if c.anew == (a.Seed == b.Seed) {
					t.Errorf("%s: got seeds %s and %s; want them to differ: %v", item, a.Seed, b.Seed, c.anew)
				}
				if !c.anew && !reflect.DeepEqual(a, b) {
					t.Errorf("%s: got %+v; want %+v", item, b, a)
				}
			}
			if !reflect.DeepEqual(before.Drift.Results, after.Drift.Results) {
				t.Errorf("got drift %+v; want %+v", after.Drift.Results, before.Drift.Results)
			}
		})
	}
}

func TestItemsAreThoseOfTheContract(t *testing.T) {
	r := request(t, "id,age,region,sex,y\na,24,north,f,1\nb,25,,m,0\nc,,north,f,0\n", "id,p\na,.9\nb,.2\nc,.1\n")
	s := r.Spec
	s.Metrics = map[string]project.Limit{"roc_auc": {Min: ptr(0.7)}}
	s.Baseline = &project.Baseline{Kind: "prior", Metric: "roc_auc", Gain: 0.02}
	s.Champion = &project.ChampionLimit{Channel: "production", Metric: "log_loss", Margin: 0.005}
	s.Slices = &project.Slices{By: []string{"region", "age:25,60"}, MinRows: 1, TooSmall: "report", Metrics: map[string]project.SliceLimit{"recall": {Min: ptr(0.4), MaxGap: ptr(0.1)}}}
	s.Fairness = &project.Fairness{By: []string{"sex"}, MinRows: 1, Metrics: map[string]project.Limit{"tpr_difference": {Max: ptr(0.08)}}}
	items := Items(s, run(t, r).Datacheck)
	var got []string
	for _, list := range [][]Item{items.Metrics, items.Baseline, items.Champion, items.Sets, items.Slices, items.Fairness, items.Drift} {
		for _, item := range list {
			got = append(got, item.ID+" at "+item.Path)
		}
	}
	want := []string{
		"roc_auc at spec.metrics.roc_auc", "roc_auc vs prior at spec.baseline", "log_loss vs production at spec.champion", "test at data.test",
		"recall{region=north} at spec.slices.recall", "recall gap{region=north} at spec.slices.recall",
		"recall{region=(missing)} at spec.slices.recall", "recall gap{region=(missing)} at spec.slices.recall",
		"recall{age=(-inf,25)} at spec.slices.recall", "recall gap{age=(-inf,25)} at spec.slices.recall",
		"recall{age=[25,60)} at spec.slices.recall", "recall gap{age=[25,60)} at spec.slices.recall",
		"recall{age=[60,inf)} at spec.slices.recall", "recall gap{age=[60,inf)} at spec.slices.recall",
		"recall{age=(missing)} at spec.slices.recall", "recall gap{age=(missing)} at spec.slices.recall",
		"tpr_difference{sex} at spec.fairness.tpr_difference",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if got := *items.Champion[0].Limit.Min; got != -0.005 {
		t.Errorf("champion limit %g; want -0.005", got)
	}
	if got := *items.Slices[4].Rows; got != 1 {
		t.Errorf("rows under 25: %d; want 1", got)
	}
	alone := Items(s, nil)
	if len(alone.Metrics) != 1 || len(alone.Slices) != 0 || alone.Slices == nil {
		t.Errorf("without data: %+v", alone)
	}
}

// scored is n rows with labels and scores, for tests that know the answer.
func scored(rows ...string) (test, predictions string) {
	var a, b strings.Builder
	a.WriteString("id,g,y\n")
	b.WriteString("id,p\n")
	for i, row := range rows {
		parts := strings.Split(row, ",") // group, label, score
		id := string(rune('a'+i%26)) + string(rune('a'+i/26))
		a.WriteString(id + "," + parts[0] + "," + parts[1] + "\n")
		b.WriteString(id + "," + parts[2] + "\n")
	}
	return a.String(), b.String()
}

func repeat(row string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = row
	}
	return out
}

func TestKnownAnswers(t *testing.T) {
	var rows []string
	rows = append(rows, repeat("a,1,.9", 40)...) // found
	rows = append(rows, repeat("a,1,.2", 10)...) // missed
	rows = append(rows, repeat("b,1,.9", 15)...)
	rows = append(rows, repeat("b,1,.2", 15)...)
	rows = append(rows, repeat("a,0,.2", 60)...)
	rows = append(rows, repeat("b,0,.9", 10)...)
	r := request(t, firstOf(scored(rows...)), secondOf(scored(rows...)))
	s := r.Spec
	s.Metrics = map[string]project.Limit{"recall": {Min: ptr(0.62)}, "roc_auc": {}, "log_loss": {}}
	s.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"recall": {Min: ptr(0.4), MaxGap: ptr(0.1)}}}
	s.Fairness = &project.Fairness{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.Limit{"tpr_difference": {Max: ptr(0.08)}}}
	s.Baseline = &project.Baseline{Kind: "prior", Metric: "accuracy", Gain: 0.02}
	result := run(t, r)
	for item, want := range map[string]struct {
		value  float64
		n      int
		method string
	}{
		"recall":            {55.0 / 80, 80, "wilson"},
		"recall{g=a}":       {0.8, 50, "wilson"},
		"recall{g=b}":       {0.5, 30, "wilson"},
		"recall gap{g=b}":   {55.0/80 - 0.5, 30, "newcombe"},
		"tpr_difference{g}": {0.3, 80, "newcombe"},
		"accuracy vs prior": {115.0/150 - 80.0/150, 150, "newcombe_paired"}, // 80 of 150 are positive
	} {
		got := find(t, result, item)
		if got.Status != StatusOK || math.Abs(*got.Value-want.value) > 1e-9 || got.N != want.n || got.Method != want.method {
			t.Errorf("%s: got %+v; want %+v", item, got.Measure, want)
		}
	}
	recall := find(t, result, "recall")
	if recall.Needed == 0 || *recall.Threshold != 0.5 {
		t.Errorf("recall %+v says nothing of the n that would decide, or of the threshold", recall.Measure)
	}
	if got := find(t, result, "tpr_difference{g}"); got.Null95 == nil || len(got.Groups) != 2 || *got.Groups[0].Value != 0.8 {
		t.Errorf("fairness %+v has no null quantile or groups", got)
	}
	if got := find(t, result, "accuracy vs prior"); *got.Reference != *number(80.0 / 150) {
		t.Errorf("reference %g", *got.Reference)
	}
}

func firstOf(a, _ string) string  { return a }
func secondOf(_, b string) string { return b }

func TestScoresAreDescribed(t *testing.T) {
	for name, tc := range map[string]struct {
		scores []float64
		want   *Scores
	}{
		"probabilities":   {[]float64{0.25, 0.75, 0.5}, &Scores{Low: 0.25, High: 0.75}},
		"decisions":       {[]float64{1, 0, 1, math.Copysign(0, -1)}, &Scores{Low: 0, High: 1, Values: []float64{0, 1}}},
		"one for all":     {[]float64{0.3, 0.3}, &Scores{Low: 0.3, High: 0.3, Values: []float64{0.3}}},
		"a third at last": {[]float64{1, 0, 1, 0, 2}, &Scores{Low: 0, High: 2}},
		"none":            {nil, nil},
	} {
		if d := cmp.Diff(tc.want, describe(tc.scores)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	r := run(t, request(t, "id,y\na,1\nb,0\nc,0\n", "id,p\nc,0\nb,1\na,1\n"))
	if d := cmp.Diff(&Scores{Low: 0, High: 1, Values: []float64{0, 1}}, r.Evaluation.Predictions.Scores); d != "" {
		t.Errorf("in the evaluation (-want +got):\n%s", d)
	}
}

func TestNumber(t *testing.T) {
	if number(math.NaN()) != nil || number(math.Inf(-1)) != nil {
		t.Error("a number that is not finite is written")
	}
	if got := *number(math.Copysign(0, -1)); math.Signbit(got) {
		t.Error("-0 stays -0")
	}
	if got := *number(0.55 - 0.45); got != 0.1 {
		t.Errorf("got %v; want 0.1", got)
	}
}

func TestBaselines(t *testing.T) {
	w := newWorld(800)
	for _, m := range project.Metrics("binary") {
		r := full(t, w)
		r.Spec.Metrics, r.Spec.Slices, r.Spec.Fairness, r.Spec.Champion, r.Spec.Drift = map[string]project.Limit{m.Name: {}}, nil, nil, nil, nil
		r.Spec.Baseline.Metric = m.Name
		result := run(t, r)
		got, own := find(t, result, m.Name+" vs prior"), find(t, result, m.Name)
		info, _ := stats.Lookup(m.Name)
		switch m.Name {
		case "selection_rate", "brier_uncertainty":
			if got.Status != StatusError {
				t.Errorf("%s: %+v; want an error, since no rate is better", m.Name, got.Measure)
			}
			continue
		case "precision", "calibration_slope", "calibration_intercept": // the prior decides nobody positive, and has no slope
			if got.Status != StatusUndefined {
				t.Errorf("%s: %+v; want undefined", m.Name, got.Measure)
			}
			continue
		}
		if got.Status != StatusOK || got.Reference == nil || got.Low == nil {
			t.Errorf("%s: %+v", m.Name, got)
			continue
		}
		want := *own.Value - *got.Reference
		if info.Better == stats.Less {
			want = -want
		}
		if math.Abs(*got.Value-want) > 1e-9 || *got.Low > *got.Value || *got.High < *got.Value {
			t.Errorf("%s: improvement %g (%g, %g); want %g", m.Name, *got.Value, *got.Low, *got.High, want)
		}
	}
}

func TestRegression(t *testing.T) {
	var test, predictions strings.Builder
	test.WriteString("id,g,y\n")
	predictions.WriteString("id,p\n")
	for i, row := range strings.Fields(strings.Repeat("3,2.5 -.5,0 2,2 7,8 ", 30)) {
		y, p, _ := strings.Cut(row, ",")
		id := string(rune('a'+i%20)) + string(rune('a'+i/20))
		test.WriteString(id + "," + string("ab"[i%2]) + "," + y + "\n")
		predictions.WriteString(id + "," + p + "\n")
	}
	r := request(t, test.String(), predictions.String())
	s := r.Spec
	s.Task, s.Predictions.Threshold = "regression", nil
	for _, m := range project.Metrics("regression") {
		s.Metrics[m.Name] = project.Limit{Max: ptr(1)}
	}
	s.Baseline = &project.Baseline{Kind: "constant", Metric: "mae", Gain: 0.1}
	s.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"mae": {MaxGap: ptr(0.5)}, "bias": {MaxGap: ptr(0.5)}}}
	result := run(t, r)
	for item, want := range map[string]float64{
		"mae": .5, "rmse": math.Sqrt(.375), "r2": .9486081370449679, "bias": .25, "median_ae": .5,
		"mae gap{g=b}": .25, "bias gap{g=b}": .5, "mae vs constant": 2.125 - .5,
	} {
		if got := find(t, result, item); got.Status != StatusOK || math.Abs(*got.Value-want) > 1e-9 {
			t.Errorf("%s: got %+v; want %g", item, got.Measure, want)
		}
	}
}

func TestChampion(t *testing.T) {
	w := newWorld(500)
	champion := func(change func([]string) []string) Request {
		lines := strings.Split(strings.TrimSpace(w.champion), "\n")
		w := w
		w.champion = strings.Join(change(lines), "\n") + "\n"
		return full(t, w)
	}
	t.Run("a few rows less", func(t *testing.T) {
		got := run(t, champion(func(l []string) []string { return l[:len(l)-5] }))
		m := find(t, got, "log_loss vs production")
		if m.Status != StatusOK || m.N != 495 || got.Evaluation.Champion.Rows != 495 || !strings.Contains(m.Detail, "495 of 500") {
			t.Errorf("got %+v", m.Measure)
		}
	})
	t.Run("too many rows less", func(t *testing.T) {
		m := find(t, run(t, champion(func(l []string) []string { return l[:len(l)-6] })), "log_loss vs production")
		if m.Status != StatusError || m.Value != nil {
			t.Errorf("got %+v; want an error", m.Measure)
		}
	})
	t.Run("another key", func(t *testing.T) {
		r := full(t, w)
		r.IDKey = []byte("another")
		if m := find(t, run(t, r), "log_loss vs production"); m.Status != StatusError {
			t.Errorf("got %+v; want an error", m.Measure)
		}
	})
	t.Run("its own predictions", func(t *testing.T) {
		r := full(t, w)
		stored := run(t, r).Stored
		r.Champion.Predictions = file(t, "champion.csv", string(stored))
		m := find(t, run(t, r), "log_loss vs production")
		if m.Status != StatusOK || *m.Value != 0 || !m.Degenerate || m.Method != "exact" || !(*m.High > 0) {
			t.Errorf("got %+v; want 0 with an exact bound", m.Measure)
		}
	})
	t.Run("by every metric", func(t *testing.T) {
		for _, metric := range project.Metrics("binary") {
			r := full(t, w)
			r.Spec.Champion.Metric, r.Spec.Slices, r.Spec.Drift = metric.Name, nil, nil
			m := find(t, run(t, r), metric.Name+" vs production")
			if metric.Name == "selection_rate" || metric.Name == "brier_uncertainty" {
				if m.Status != StatusError {
					t.Errorf("%s: %+v", metric.Name, m.Measure)
				}
				continue
			}
			if m.Status != StatusOK || m.Low == nil || *m.Low > *m.Value || *m.High < *m.Value {
				t.Errorf("%s: %+v", metric.Name, m.Measure)
			}
		}
	})
}

func TestStoredPredictionsJoinAgain(t *testing.T) {
	r := request(t, "id,y\n007,1\n008,0\n", "id,p\n008,0.25\n007,0.75\n")
	r.IDKey = []byte("key")
	got := string(run(t, r).Stored)
	a, b := pseudonym(r.IDKey, "007")+",0.75", pseudonym(r.IDKey, "008")+",0.25"
	if a > b {
		a, b = b, a
	}
	if want := "id,score\n" + a + "\n" + b + "\n"; got != want {
		t.Errorf("stored:\n%s\nwant:\n%s", got, want)
	}
}

func TestDatacheck(t *testing.T) {
	r := request(t, "id,x,c,y\na,1.0000001,u,1\nb,2,v,0\nc,3,,0\nd,4,u,1\n", "id,p\na,.9\nb,.2\nc,.1\nd,.8\n")
	// a repeats t1 under another id; b is in the training data itself; c differs.
	train := file(t, "train.csv", "account,x,c,y\nt1,1,u,0\nb,2,v,0\nt3,3,w,1\nt3,9,w,1\n")
	r.Train = &train
	r.Spec.Train = &project.TrainSet{File: "train.csv", ID: "account", Label: "y"}
	one := 2
	want := &Datacheck{
		Model: Model{Name: "credit"}, Spec: r.SpecDigest,
		Sets: Sets{
			Test: &Set{Digest: r.Test.Digest, Rows: 4, Columns: []Column{{"id", "text", 0, 0}, {"x", "number", 0, 0}, {"c", "text", 1, 0}, {"y", "number", 0, 0}},
				IDs: &IDs{Column: "id", Distinct: 4}, Labels: &Labels{Column: "y", Positive: &one}},
			Train: &Set{Digest: train.Digest, Rows: 4, Columns: []Column{{"account", "text", 0, 0}, {"x", "number", 0, 0}, {"c", "text", 0, 0}, {"y", "number", 0, 0}},
				IDs: &IDs{Column: "account", Distinct: 3, Duplicates: 1}, Labels: &Labels{Column: "y", Positive: &one}},
		},
		Overlap: &Overlap{IDs: 1, NearDuplicates: 1, Share: 0.25, Repeats: new(float64), Columns: []string{"c", "x"}},
		Slices:  []Part{}, Groups: []Part{}, Columns: []string{},
	}
	if diff := cmp.Diff(want, run(t, r).Datacheck); diff != "" {
		t.Errorf("datacheck (-want +got):\n%s", diff)
	}
}

// TestCoarseColumnsAreSeen shows that training rows which repeat each other
// under other ids are counted: by such columns no row can be told from another.
func TestCoarseColumnsAreSeen(t *testing.T) {
	r := request(t, "id,region,y\na,n,1\nb,s,0\n", "id,p\na,.9\nb,.2\n")
	train := file(t, "train.csv", "id,region,y\n1,n,1\n2,n,0\n3,s,1\n4,s,0\n5,w,1\n")
	r.Train = &train
	r.Spec.Train = &project.TrainSet{File: "train.csv", ID: "id", Label: "y"}
	repeats := 0.8 // all but the one of region w
	want := &Overlap{IDs: 0, NearDuplicates: 2, Share: 1, Repeats: &repeats, Columns: []string{"region"}}
	if diff := cmp.Diff(want, run(t, r).Datacheck.Overlap); diff != "" {
		t.Errorf("overlap (-want +got):\n%s", diff)
	}
}
