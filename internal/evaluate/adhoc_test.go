package evaluate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	arrowmemory "github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
)

// onDisk writes files into a folder of their own and gives their paths.
func onDisk(t *testing.T, texts map[string]string) func(name string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string { return filepath.Join(dir, name) }
}

// beside puts the labels of a test set beside the scores of its predictions.
func beside(test, predictions string) string {
	a, b := strings.Split(strings.TrimSpace(test), "\n"), strings.Split(strings.TrimSpace(predictions), "\n")
	var s strings.Builder
	for i := range a {
		_, score, _ := strings.Cut(b[i], ",")
		fmt.Fprintf(&s, "%s,%s\n", a[i], score)
	}
	return s.String()
}

// TestAdHocAnswersAsAProjectDoes: the same question, asked by flags and by a
// spec, has the same answer to the last digit.
func TestAdHocAnswersAsAProjectDoes(t *testing.T) {
	w := newWorld(1500)
	at := onDisk(t, map[string]string{"test.csv": w.test, "preds.csv": w.predictions})
	p, err := AdHoc{
		Predictions: at("preds.csv"), Data: at("test.csv"), ID: "id", Label: []string{"y"}, Score: []string{"p"}, Threshold: "0.4", MinRows: "30",
		Metrics: []string{"roc_auc", "f1", "log_loss", "recall"}, Slices: []string{"region", "age:25,40"},
	}.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conforms(t, "predicate/evaluation", got.Evaluation)
	conforms(t, "predicate/datacheck", got.Datacheck)

	r := request(t, w.test, w.predictions)
	r.Grade, r.Spec.Draws, r.Spec.Predictions.Threshold = "claimed", project.DefaultDraws, ptr(0.4)
	r.Spec.Slices = &project.Slices{By: []string{"region", "age:25,40"}, MinRows: 30, TooSmall: "report", Metrics: map[string]project.SliceLimit{}}
	for _, name := range []string{"roc_auc", "f1", "log_loss", "recall"} {
		// Limits that every value meets, so that no number of rows is named.
		r.Spec.Metrics[name] = project.Limit{Min: ptr(-9)}
		r.Spec.Slices.Metrics[name] = project.SliceLimit{Min: ptr(-9), MaxGap: ptr(9)}
	}
	want := run(t, r)
	if diff := cmp.Diff(want.Evaluation.Results, got.Evaluation.Results); diff != "" {
		t.Errorf("results (-project +ad hoc):\n%s", diff)
	}
	if n := len(got.Evaluation.Results); n != 4+2*4*6 {
		t.Errorf("got %d results; want 4 metrics, and each with its gap on 6 slices", n)
	}
	if got.Evaluation.Grade != "claimed" {
		t.Errorf("got grade %s; want claimed", got.Evaluation.Grade)
	}
	if want := []Assumption{{"task", "binary"}, {"positive", "1"}, {"confidence", "0.95"}, {"draws", "2000"}}; !cmp.Equal(p.Assumed, want) {
		t.Errorf("got assumptions %v; want %v", p.Assumed, want)
	}
}

// TestAdHocWithLabelsBesideTheScores: one file, with and without an id, on
// standard input too, gives the values that two files give.
func TestAdHocWithLabelsBesideTheScores(t *testing.T) {
	w := newWorld(400)
	one := beside(w.test, w.predictions)
	at := onDisk(t, map[string]string{"test.csv": w.test, "preds.csv": w.predictions, "one.csv": one})
	ask := AdHoc{Label: []string{"y"}, Score: []string{"p"}, Metrics: []string{"roc_auc", "recall"}}
	values := func(change func(*AdHoc)) []float64 {
		t.Helper()
		o := ask
		change(&o)
		p, err := o.Prepare()
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all []float64
		for _, res := range r.Evaluation.Results {
			all = append(all, *res.Value)
		}
		return all
	}
	want := values(func(o *AdHoc) { o.Predictions, o.Data, o.ID = at("preds.csv"), at("test.csv"), "id" })
	if len(want) != 2 || want[1] <= 0.5 || want[1] >= 1 {
		t.Fatalf("the world is too simple: %v", want)
	}
	for name, change := range map[string]func(*AdHoc){
		"one file":          func(o *AdHoc) { o.Predictions, o.ID = at("one.csv"), "id" },
		"without an id":     func(o *AdHoc) { o.Predictions = at("one.csv") },
		"by a pattern":      func(o *AdHoc) { o.Predictions = strings.Replace(at("one.csv"), "one", "o*", 1) },
		"on standard input": func(o *AdHoc) { o.Predictions, o.In = StandardInput, strings.NewReader(one) },
		"data on standard input": func(o *AdHoc) {
			o.Predictions, o.Data, o.In = at("preds.csv"), StandardInput, strings.NewReader(w.test)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := values(change); !cmp.Equal(got, want) {
				t.Errorf("got %v; want %v", got, want)
			}
		})
	}
}

func TestAdHocSaysWhatItAssumes(t *testing.T) {
	at := onDisk(t, map[string]string{"p.csv": "y,p\n1,0.5\n0,0.2\n", "d.csv": "y\n1\n0\n"})
	fixed := []Assumption{{"confidence", "0.95"}, {"draws", "2000"}}
	tests := map[string]struct {
		ask  AdHoc
		want []Assumption
	}{
		"everything": {AdHoc{Slices: []string{"y"}}, []Assumption{
			{"task", "binary"}, {"metric", "roc_auc,average_precision,brier,precision,recall"},
			{"data", "none: labels are those beside the scores"}, {"positive", "1"}, {"threshold", "0.5"}, fixed[0], fixed[1], {"min-rows", "100"},
		}},
		"the task of the metrics": {AdHoc{Data: at("d.csv"), Metrics: []string{"mae"}}, []Assumption{
			{"task", "regression"}, {"id", "none: rows are joined in their order"}, fixed[0], fixed[1],
		}},
		"the metrics of the task": {AdHoc{Data: at("d.csv"), ID: "i", Task: "regression"}, []Assumption{{"metric", "mae,rmse,r2"}, fixed[0], fixed[1]}},
		"no threshold where none is needed": {AdHoc{Data: at("d.csv"), ID: "i", Task: "binary", Positive: "0", Metrics: []string{"roc_auc"}}, []Assumption{
			fixed[0], fixed[1],
		}},
		"a threshold for decisions": {AdHoc{Data: at("d.csv"), ID: "i", Task: "binary", Positive: "0", Metrics: []string{"roc_auc"}, Decisions: true}, []Assumption{
			{"threshold", "0.5"}, fixed[0], fixed[1],
		}},
		"nothing": {AdHoc{Data: at("d.csv"), ID: "i", Task: "binary", Positive: "0", Threshold: "0.3", Metrics: []string{"f1"}, Slices: []string{"y"}, MinRows: "2"}, fixed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.ask.Predictions, tt.ask.Label, tt.ask.Score = at("p.csv"), []string{"y"}, []string{"p"}
			p, err := tt.ask.Prepare()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.Assumed); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAdHocRefuses(t *testing.T) {
	at := onDisk(t, map[string]string{
		"p.csv": "id,y,p,z\na,1,0.5,x\nb,0,0.2,x\n", "p2.csv": "", "d.csv": "id,y\na,1\nb,0\n", "q.csv": "id,y,p\na,yes,0.5\nb,no,0.2\n",
		"other.csv": "id,y\nc,1\nd,0\n", "short.csv": "y\n1\n",
	})
	tests := map[string]struct {
		change func(*AdHoc)
		want   string
	}{
		"no predictions":                {func(o *AdHoc) { o.Predictions = "" }, "usage: --predictions is missing\nhint: it names the file with the scores"},
		"no label":                      {func(o *AdHoc) { o.Label = nil }, "usage: --label is missing\nhint: it names the column that holds the truth, for task binary"},
		"no score":                      {func(o *AdHoc) { o.Score = nil }, "usage: --score is missing\nhint: it names the column of the score, for task binary"},
		"the truth as score":            {func(o *AdHoc) { o.Score = []string{"y"} }, "usage: --label and --score are both y: the truth cannot be its own prediction\nhint: name the column of the scores with --score"},
		"the id as score":               {func(o *AdHoc) { o.ID = "p" }, "usage: --id and --score are both p\nhint: name the column of the scores with --score"},
		"two streams":                   {func(o *AdHoc) { o.Predictions, o.Data = "-", "-" }, "usage: standard input cannot be both predictions and data\nhint: leave --data out where the labels stand beside the scores"},
		"an empty stream":               {func(o *AdHoc) { o.Predictions = "-" }, "stdin.csv: is empty\nhint: the first line must name the columns"},
		"no rows of a slice":            {func(o *AdHoc) { o.MinRows, o.Slices = "0", []string{"z"} }, "usage: --min-rows is \"0\", and not a number of rows\nhint: the fewest rows of a slice that is measured, such as 30"},
		"rows of no slice":              {func(o *AdHoc) { o.MinRows = "3" }, "usage: --min-rows is about slices, and there is no --slice\nhint: name columns to slice by, or leave it out"},
		"a folder":                      {func(o *AdHoc) { o.Predictions = at(".") }, "is a folder, not a file\nhint: name a file with rows; - stands for standard input"},
		"a threshold that is no number": {func(o *AdHoc) { o.Threshold = "NaN" }, "usage: --threshold is \"NaN\", and not a number\nhint: the score from which a row counts as positive, such as 0.5"},
		"an unknown metric":             {func(o *AdHoc) { o.Metrics = []string{"roc_au"} }, "usage: roc_au is no metric of task binary\nhint: did you mean \"roc_auc\"? they are "},
		"a metric of another task":      {func(o *AdHoc) { o.Metrics = []string{"roc_auc", "mae"} }, "usage: mae is no metric of task binary\nhint: "},
		"a task that is none":           {func(o *AdHoc) { o.Task = "clustering" }, "usage: task clustering has no metrics that can be computed\nhint: tasks that have: binary, multiclass, multilabel, regression, ranking, forecasting, generative"},
		"a query of a binary task":      {func(o *AdHoc) { o.Group = "z" }, "usage: --group: a flag that task binary does not have, where there ought to be it for ranking only\nhint: leave it out, or name another --task"},
		"a ranking without queries":     {func(o *AdHoc) { o.Task = "ranking" }, "usage: --group is missing\nhint: it names the column that names the query which a row belongs to, for task ranking"},
		"classes without scores":        {func(o *AdHoc) { o.Task, o.Score = "multiclass", nil }, "usage: --score is missing\nhint: it names the column of each class or label, as in name=column or p_*, for task multiclass"},
		"scores of nobody":              {func(o *AdHoc) { o.Task = "multiclass" }, "usage: --score p says no column for a class or label\nhint: write name=column for each, once, or p_* where each column is p_ and the name"},
		"two scores of one row":         {func(o *AdHoc) { o.Score = []string{"p", "z"} }, "usage: --score names 2 columns, and task binary has one\nhint: several are for --task multiclass and --task multilabel"},
		"two labels of one row":         {func(o *AdHoc) { o.Label = []string{"y", "z"} }, "usage: --label names 2 columns, and task binary has one\nhint: several are for --task multilabel"},
		"a season of a binary task":     {func(o *AdHoc) { o.Season = "7" }, "usage: --season is for --task forecasting, and this is binary\nhint: leave it out"},
		"a season of no steps":          {func(o *AdHoc) { o.Task, o.Time, o.Season = "forecasting", "z", "0" }, "usage: --season is \"0\", and not a number of steps\nhint: the steps after which a series repeats, such as 12"},
		"a task without usual metrics":  {func(o *AdHoc) { o.Task, o.Label = "generative", nil }, "usage: --metric is missing, and task generative has no usual metrics\nhint: name some, such as mean(column)"},
		"scores that decisions do not have": {func(o *AdHoc) {
			o.Task, o.Score, o.Decision, o.Metrics = "multiclass", nil, "z", []string{"log_loss"}
		}, "usage: --metric: no predictions.columns and no predictions.prefix, where there ought to be the scores of each class, which log_loss is about\nhint: leave the metric out, or name with --score what it needs"},
		"no such column of a metric": {func(o *AdHoc) { o.Metrics = []string{"mean(ms)"} }, "usage: --metric: " + at("p.csv") + ": no column \"ms\""},
		"no such file":               {func(o *AdHoc) { o.Data = at("none.csv") }, "none.csv\nhint: name a file that is there; - stands for standard input"},
		"several files":              {func(o *AdHoc) { o.Predictions = at("[oq]*.csv") }, at("q.csv") + ": column p: is not in " + at("other.csv")},
		"no file of a pattern":       {func(o *AdHoc) { o.Data = at("x*.csv") }, "usage: no file matches " + at("x*.csv") + "\nhint: a pattern has *, ? and [a-z]"},
		"no such score of a set":     {func(o *AdHoc) { o.Predictions, o.Score = at("[p].csv"), []string{"s"} }, "usage: --score: " + at("p.csv") + ": no column \"s\""},
		"no such score":              {func(o *AdHoc) { o.Score = []string{"s"} }, "usage: --score: " + at("p.csv") + ": no column \"s\"; the columns are id, y, p, z"},
		"no such label":              {func(o *AdHoc) { o.Label = []string{"truth"} }, "usage: --label: " + at("p.csv") + ": no column \"truth\""},
		"no such id":                 {func(o *AdHoc) { o.ID = "key" }, "usage: --id: " + at("p.csv") + ": no column \"key\""},
		"no such slice":              {func(o *AdHoc) { o.Slices = []string{"z", "age:20"} }, "usage: --slice: " + at("p.csv") + ": no column \"age\""},
		"another positive label":     {func(o *AdHoc) { o.Predictions = at("q.csv") }, "hint: name with --positive the label that counts as positive"},
		"ids that do not meet":       {func(o *AdHoc) { o.ID, o.Data = "id", at("other.csv") }, "hint: name the columns that hold the same ids with --id"},
		"other numbers of rows":      {func(o *AdHoc) { o.Data = at("short.csv") }, "hint: name the id column with --id"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := AdHoc{Predictions: at("p.csv"), Label: []string{"y"}, Score: []string{"p"}}
			tt.change(&o)
			p, err := o.Prepare()
			if err == nil {
				_, err = p.Run(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

// TestStandardInput tells formats by their first bytes, and reads no more than
// it may.
func TestStandardInput(t *testing.T) {
	for text, want := range map[string]string{
		"id,p\n": "stdin.csv", "PAR1\x15": "stdin.parquet", "": "stdin.csv", "ARROW1": "stdin.arrow", "\xff\xff\xff\xff\x10": "stdin.arrow",
		"{\"a\"": "stdin.jsonl", " \n\t{": "stdin.jsonl", "\xef\xbb\xbf {": "stdin.jsonl", "\xff\xfei": "stdin.csv", "p{,": "stdin.csv",
	} {
		s, err := spooled("predictions", strings.NewReader(text), 6)
		if err != nil || s.Path != want || s.Digest != artifact.Digest([]byte(text)) {
			t.Errorf("%q: got %+v, %v; want %s", text, s, err, want)
		}
	}
	_, err := spooled("predictions", strings.NewReader("123456"), 5)
	if want := "standard input holds more than 5 bytes\nhint: write it to a file, and name that"; err == nil || err.Error() != want {
		t.Errorf("too much: got %v; want %s", err, want)
	}
}

type labelledRow struct {
	Y int64   `parquet:"y"`
	P float64 `parquet:"p"`
}

// TestStandardInputInEveryFormat evaluates the same rows, however they come.
func TestStandardInputInEveryFormat(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "y", Type: arrow.PrimitiveTypes.Int64}, {Name: "p", Type: arrow.PrimitiveTypes.Float64}}, nil)
	batch := array.NewRecordBuilder(arrowmemory.DefaultAllocator, schema)
	batch.Field(0).(*array.Int64Builder).AppendValues([]int64{0, 1, 0, 1}, nil)
	batch.Field(1).(*array.Float64Builder).AppendValues([]float64{0.1, 0.9, 0.6, 0.4}, nil)
	rows := batch.NewRecordBatch()
	var stream, file, columnar bytes.Buffer
	w := ipc.NewWriter(&stream, ipc.WithSchema(schema))
	f, err := ipc.NewFileWriter(&file, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface {
		Write(arrow.RecordBatch) error
		Close() error
	}{w, f} {
		if err := errors.Join(w.Write(rows), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	q := parquet.NewGenericWriter[labelledRow](&columnar)
	_, err = q.Write([]labelledRow{{0, 0.1}, {1, 0.9}, {0, 0.6}, {1, 0.4}})
	if err := errors.Join(err, q.Close()); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"CSV": "y,p\n0,0.1\n1,0.9\n0,0.6\n1,0.4\n", "JSONL": `{"y":0,"p":0.1}` + "\n" + `{"y":1,"p":0.9}` + "\n" + `{"y":0,"p":0.6}` + "\n" + `{"y":1,"p":0.4}`,
		"an Arrow file": file.String(), "an Arrow stream": stream.String(), "Parquet": columnar.String(),
	} {
		o := AdHoc{Predictions: "-", Label: []string{"y"}, Score: []string{"p"}, Metrics: []string{"roc_auc"}, In: strings.NewReader(text)}
		ask, err := o.Prepare()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := ask.Run(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v := find(t, got, "roc_auc").Value; v == nil || *v != 0.75 {
			t.Errorf("%s: got %v; want 0.75", name, v)
		}
	}
}

func TestRankings(t *testing.T) {
	m := func(v float64) Measure { return Measure{Status: StatusOK, Value: ptr(v), N: 10} }
	few := Measure{Status: StatusTooFew, N: 3}
	e := &Evaluation{Results: []ItemResult{
		{Kind: KindMetric, Item: "recall", Metric: "recall", Measure: m(0.8)},
		{Kind: KindSlice, Metric: "recall", By: "sex", Group: "f", Measure: m(0.9)},
		{Kind: KindSlice, Metric: "recall", By: "sex", Group: "m", Measure: m(0.7)},
		{Kind: KindSlice, Metric: "recall", By: "age:25", Group: "(-inf,25)", Measure: few},
		{Kind: KindGap, Metric: "mae", By: "sex", Group: "f", Measure: m(0.1)},
		{Kind: KindGap, Metric: "mae", By: "sex", Group: "m", Measure: m(0.3)},
		{Kind: KindSlice, Metric: "mae", By: "sex", Group: "f", Measure: m(5)},
		{Kind: KindSlice, Metric: "bias", By: "sex", Group: "f", Measure: m(-0.5)},
		{Kind: KindSlice, Metric: "bias", By: "sex", Group: "m", Measure: m(0.4)},
		{Kind: KindSlice, Metric: "rmse", By: "sex", Group: "f", Measure: m(1)},
		{Kind: KindSlice, Metric: "rmse", By: "sex", Group: "m", Measure: m(2)},
		{Kind: KindMetric, Item: "selection_rate", Metric: "selection_rate", Measure: m(0.5)},
		{Kind: KindSlice, Metric: "selection_rate", By: "sex", Group: "f", Measure: m(0.6)},
		{Kind: KindSlice, Metric: "selection_rate", By: "sex", Group: "m", Measure: m(0.3)},
		{Kind: KindFairness, Item: "tpr_difference{sex}", Metric: "tpr_difference", Measure: m(1)},
	}}
	var got []string
	for _, r := range Rankings(e) {
		line := r.Metric
		if r.Overall != nil {
			line += fmt.Sprintf(" (%g)", *r.Overall.Value)
		}
		for _, s := range r.Slices {
			line += fmt.Sprintf(" %s=%s", columnOf(s.By), s.Group)
		}
		got = append(got, line)
	}
	want := []string{
		"bias sex=f sex=m", "mae sex=m sex=f", "recall (0.8) sex=m sex=f age=(-inf,25)",
		"rmse sex=m sex=f", "selection_rate (0.5) sex=m sex=f",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAdHocOfEveryTask: flags ask of every task what its spec asks.
func TestAdHocOfEveryTask(t *testing.T) {
	classes := classesRequest(t)
	read := func(s Source) string {
		r, size, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		text := make([]byte, size)
		if _, err := r.ReadAt(text, 0); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		return string(text)
	}
	many, manyScores := rowsOf("b,a", 40, "1,0", "0,1", "1,1", "0,0"), rowsOf("p_a,p_b", 40, "0.1,0.8", "0.7,0.6", "0.9,0.4", "0.2,0.1")
	queries, ranks := rowsOf("q,y", 1, ranked(40)...), rowsOf("p", 40, "0.3", "0.9", "0.1")
	series, forecast := rowsOf("t,y", 1, timed(60)...), rowsOf("p", 60, "3")
	decided := rowsOf("d", 40, "a", "b", "b", "a", "a")
	tests := map[string]struct {
		test, predictions string
		ask               AdHoc
		spec              func(*project.Spec)
	}{
		"multiclass": {read(classes.Test), read(classes.Predictions), AdHoc{Task: "multiclass", Label: []string{"y"}, Score: []string{"p_*"}, Unit: "id", Metrics: []string{"accuracy", "log_loss", "recall(a)", "mean(ms)"}},
			func(s *project.Spec) { s.Test.Unit = "id" }},
		"multiclass by columns": {read(classes.Test), read(classes.Predictions), AdHoc{Label: []string{"y"}, Score: []string{"a=p_a", "b=p_b", "c=p_c"}, Weight: "w", Metrics: []string{"f1_macro", "roc_auc(b)"}},
			func(s *project.Spec) {
				s.Test.Weight = "w"
				s.Predictions = project.SpecPredictions{ID: "id", Columns: map[string]string{"a": "p_a", "b": "p_b", "c": "p_c"}}
			}},
		"multiclass by decisions": {read(classes.Test), decided, AdHoc{Label: []string{"y"}, Decision: "d", Metrics: []string{"f1_macro"}},
			func(s *project.Spec) { s.Predictions = project.SpecPredictions{ID: "id", Decision: "d"} }},
		"multilabel":  {many, manyScores, AdHoc{Label: []string{"b", "a"}, Score: []string{"p_*"}, Threshold: "0.5", Metrics: []string{"hamming_loss", "roc_auc_macro"}}, nil},
		"ranking":     {queries, ranks, AdHoc{Label: []string{"y"}, Score: []string{"p"}, Group: "q", Metrics: []string{"ndcg(2)", "mrr"}}, nil},
		"forecasting": {series, forecast, AdHoc{Label: []string{"y"}, Score: []string{"p"}, Time: "t", Season: "3", Metrics: []string{"mase", "mae"}}, func(s *project.Spec) { s.Test.Season = 3 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at := onDisk(t, map[string]string{"test.csv": tt.test, "preds.csv": tt.predictions})
			tt.ask.Predictions, tt.ask.Data, tt.ask.ID = at("preds.csv"), at("test.csv"), "id"
			p, err := tt.ask.Prepare()
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			task, _, _ := strings.Cut(name, " ")
			r := taskRequest(t, task, tt.test, tt.predictions)
			r.Spec.Draws = project.DefaultDraws
			if tt.spec != nil {
				tt.spec(r.Spec)
			}
			for _, m := range tt.ask.Metrics {
				r.Spec.Metrics[m] = project.Limit{}
			}
			if diff := cmp.Diff(run(t, r).Evaluation.Results, got.Evaluation.Results); diff != "" {
				t.Errorf("results (-project +ad hoc):\n%s", diff)
			}
			for _, one := range got.Evaluation.Results {
				if one.Status != StatusOK {
					t.Errorf("%s: got %+v; want a number", one.Item, one.Measure)
				}
			}
			// Against itself, nothing differs.
			first, second, _, err := tt.ask.Pair(t.Context(), at("preds.csv"), at("preds.csv"))
			if err != nil {
				t.Fatal(err)
			}
			c := compare(t, first, second)
			for _, d := range c.Differences {
				if d.Outcome != OutcomeNone || d.Difference.Status != StatusOK || *d.Difference.Value != 0 {
					t.Errorf("%s against itself: got %+v", d.Item, d)
				}
			}
			if len(c.Differences) != len(tt.ask.Metrics) {
				t.Errorf("got %d differences; want %d", len(c.Differences), len(tt.ask.Metrics))
			}
		})
	}
}

// ranked are rows of three by query, of which the first is relevant.
func ranked(queries int) (lines []string) {
	for q := range queries {
		for i := range 3 {
			lines = append(lines, fmt.Sprintf("q%d,%d", q, []int{q % 2, 1 - q%2, 0}[i]))
		}
	}
	return lines
}

// timed are labels at consecutive times.
func timed(n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("%d,%d", i, i%7+1))
	}
	return lines
}

func TestUsualMetricsFit(t *testing.T) {
	for _, task := range project.Tasks() {
		s := &project.Spec{Task: task, Predictions: project.SpecPredictions{Prefix: "p_"}}
		for _, name := range usual(s) {
			if !fits(name, task) {
				t.Errorf("%s is no metric of %s", name, task)
			}
		}
		if got := taskOf(usual(s)); task != "generative" && got != task {
			t.Errorf("the usual metrics of %s are taken for %s", task, got)
		}
	}
}
