package project

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/schema"
)

// of is a small project of a task, with its data.test, predictions and spec.
func of(task, test, predictions, spec string) string {
	text := fmt.Sprintf("name: m\ntask: %s\nfile: model.bin\ndata:\n  train: {file: train.csv, id: id, label: y}\n  test: {file: test.csv, id: id%s}\n", task, test)
	if predictions != "" {
		text += "predictions: {file: p.csv, " + predictions + "}\n"
	}
	if spec != "" {
		text += "spec: {" + spec + "}\n"
	}
	return text
}

// good is, for each task, what a project file needs.
var good = map[string][2]string{
	"binary":      {", label: y", "column: p, threshold: 0.5"},
	"multiclass":  {", label: y, classes: [a, b, c]", "prefix: p_"},
	"multilabel":  {", labels: [a, b]", "columns: {a: pa, b: pb}, threshold: 0.5"},
	"regression":  {", label: y", "column: p"},
	"forecasting": {", label: y, time: t, series: s, season: 7", "column: p"},
	"ranking":     {", label: y, group: q", "column: p"},
	"generative":  {", unit: prompt", "id: id"},
}

// sample is a metric with arguments, for each of its forms.
func sample(form string) string {
	base, args, _ := strings.Cut(strings.TrimSuffix(form, ")"), "(")
	return base + "(" + map[string]string{
		"b": "2", "k": "3", "q": "0.9", "class": "a", "label": "a", "column": "cost", "column,q": "cost,0.95", "low,high": "lo,hi",
		"reward,propensity,target": "r,p,t", "reward,propensity,target,predicted,other": "r,p,t,q,o",
		"fp=,fn=": "fp=1,fn=5", "tp=,fp=,fn=,tn=": "tp=1,fp=-1,fn=-5,tn=0",
	}[args] + ")"
}

// TestEveryMetricOfEveryTask loads a limit on each metric that a task is said
// to have, and holds the lists against those of the formulas.
func TestEveryMetricOfEveryTask(t *testing.T) {
	for _, task := range Tasks() {
		var all []string
		for _, m := range Metrics(task) {
			all = append(all, m.Name)
		}
		for _, form := range Calls(task) {
			all = append(all, sample(form))
		}
		for _, name := range all {
			load(t, of(task, good[task][0], good[task][1], fmt.Sprintf("metrics: {%q: {min: 0.5}}, slices: {by: [g], %q: {max_gap: 0.1}}, champion: {channel: c, metric: %q, margin: 0.1}", name, name, name)))
		}
		for _, m := range stats.Metrics() {
			one := m.Name
			if len(m.Args) > 0 {
				one = sample(strings.NewReplacer("(n)", "(k)", "(fp=a,fn=b)", "(fp=,fn=)", "(tp=a,fp=b,fn=c,tn=d)", "(tp=,fp=,fn=,tn=)").Replace(m.Name))
			}
			if Fits(m, task) != slices.Contains(all, one) {
				t.Errorf("task %s: formulas have %s: %v; the lists have %s: %v", task, m.Name, Fits(m, task), one, slices.Contains(all, one))
			}
		}
	}
}

// TestRefusesByTask shows what is said of columns and metrics that do not fit
// a task.
func TestRefusesByTask(t *testing.T) {
	at := func(task, spec string) string { return of(task, good[task][0], good[task][1], spec) }
	for name, tt := range map[string]struct{ text, want string }{
		"no label":                        {of("binary", "", "column: p", ""), "6:3: data.test.label: found nothing, expected the column that holds the truth, for task binary\nhint: add label to data.test"},
		"no labels":                       {of("multilabel", "", "prefix: p_", ""), "6:3: data.test.labels: found nothing, expected the columns that hold the truth, one for each label, for task multilabel\nhint: add labels to data.test"},
		"no group":                        {of("ranking", ", label: y", "column: p", ""), "6:3: data.test.group: found nothing, expected the column that names the query which a row belongs to, for task ranking"},
		"no time":                         {of("forecasting", ", label: y", "column: p", ""), "6:3: data.test.time: found nothing, expected the column by which rows follow each other, for task forecasting"},
		"no score":                        {of("ranking", good["ranking"][0], "id: id", ""), "7:1: predictions.column: found nothing, expected the column of the score, for task ranking\nhint: add column to predictions"},
		"no scores of classes":            {of("multiclass", ", label: y", "id: id", ""), "7:1: predictions.columns: found nothing, expected the column of each class or label, or prefix, for task multiclass"},
		"one column for several classes":  {of("multiclass", ", label: y", "prefix: p_, column: p", ""), "7:40: predictions.column: found a field that task multiclass does not have, expected it for binary, regression, forecasting, ranking and generative only\nhint: name a column for each class or label in columns"},
		"columns of classes for two":      {of("binary", ", label: y", "column: p, prefix: p_", ""), "predictions.prefix: found a field that task binary does not have, expected it for multiclass and multilabel only\nhint: name the column of the score in column"},
		"decisions of a binary task":      {of("binary", ", label: y", "column: p, decision: d", ""), "predictions.decision: found a field that task binary does not have, expected it for multiclass only\nhint: decisions of 0 and 1 are scores too: name their column in column, or columns, with threshold 0.5"},
		"a threshold for classes":         {of("multiclass", ", label: y", "prefix: p_, threshold: 0.5", ""), "predictions.threshold: found a field that task multiclass does not have"},
		"labels of a binary task":         {of("binary", ", label: y, labels: [a]", "column: p", ""), "data.test.labels: found a field that task binary does not have, expected it for multilabel only\nhint: name the column of the truth in label"},
		"season of a regression":          {of("regression", ", label: y, season: 7", "column: p", ""), "data.test.season: found a field that task regression does not have, expected it for forecasting only"},
		"columns and prefix":              {of("multilabel", ", labels: [a]", "columns: {a: pa}, prefix: p_", ""), "predictions.prefix: found predictions.columns beside it, expected one of the two"},
		"no column for a label":           {of("multilabel", ", labels: [a, b]", "columns: {a: pa}", ""), `7:28: predictions.columns: found no column for "b", expected one for each of a, b`},
		"a column for another class":      {of("multiclass", ", label: y, classes: [a, b]", "columns: {a: pa, b: pb, c: pc}", ""), `7:52: predictions.columns.c: found "c", expected one of a, b`},
		"a label twice":                   {of("multilabel", ", labels: [a, a]", "prefix: p_", ""), `6:46: data.test.labels[1]: found "a" a second time, expected each once`},
		"a class that there is not":       {at("multiclass", `metrics: {"recall(setossa)": {min: 0.5}}`), `8:18: spec.metrics["recall(setossa)"]: found "setossa", expected one of a, b, c`},
		"a label that is nearly there":    {of("multilabel", ", labels: [spam, rude]", "prefix: p_, threshold: 0.5", `metrics: {recall(span): {min: 0.5}}`), `spec.metrics["recall(span)"]: found "span", expected one of spam, rude; nearest is spam`},
		"scores where only decisions are": {of("multiclass", ", label: y", "decision: d", "metrics: {log_loss: {max: 1}}"), "8:18: spec.metrics.log_loss: found no predictions.columns and no predictions.prefix, expected the scores of each class, which log_loss is about\nhint: name the columns of the scores, or judge the decisions by accuracy, f1_macro or recall(class)"},
		"a decision without a threshold":  {of("multilabel", ", labels: [a]", "prefix: p_", "metrics: {f1_micro: {min: 0.5}}"), "spec.metrics.f1_micro: found no predictions.threshold"},
		"a number that is none":           {at("multiclass", `metrics: {"top_k_accuracy(x)": {min: 0.5}}`), `8:18: spec.metrics["top_k_accuracy(x)"]: found metric top_k_accuracy(x), expected arguments as in top_k_accuracy(k), where k is a whole number from 1`},
		"a share for a whole number":      {at("ranking", `metrics: {"ndcg(0.5)": {min: 0.5}}`), `expected arguments as in ndcg(k), where k is a whole number from 1`},
		"half of a share":                 {at("binary", `metrics: {"precision_at(1.5)": {min: 0.5}}`), `expected arguments as in precision_at(k), where k is a whole number from 1, or a share of the rows below 1`},
		"a quantile beyond one":           {at("generative", `metrics: {"quantile(cost,95)": {max: 1}}`), `expected arguments as in quantile(column,q), where q lies between 0 and 1`},
		"a weight of nothing":             {at("binary", `metrics: {"f_beta(0)": {min: 0.5}}`), `expected arguments as in f_beta(b), where b is a number above 0`},
		"a cost without its number":       {at("binary", `metrics: {"cost(fp=1)": {max: 1}}`), `expected arguments as in cost(fp=,fn=), each with a number`},
		"blanks in a metric":              {at("generative", `metrics: {"quantile(cost, 0.9)": {max: 1}}`), "found metric quantile(cost, 0.9), expected quantile(cost,0.9), without blanks"},
		"a metric of another task":        {at("ranking", `metrics: {mae: {max: 1}}`), "found metric mae, expected one for task ranking: mrr, ndcg(k), map(k), hit_rate(k), mean(column), rate(column), quantile(column,q)"},
		"a call that nobody knows":        {at("ranking", `metrics: {"ndgc(10)": {min: 0.5}}`), "found metric ndgc(10), expected one for task ranking: mrr, ndcg(k)"},
		"a baseline of text":              {at("generative", "baseline: {kind: prior, metric: mean(cost), gain: 0}"), `spec.baseline.kind: found "prior", expected previous, for task generative`},
		"weights and fairness":            {of("binary", ", label: y, weight: w", "column: p, threshold: 0.5", "fairness: {by: [g], tpr_difference: {max: 0.1}}"), "8:8: spec.fairness: found data.test.weight, expected no weights: fairness compares counts of rows"},
		"units and fairness":              {of("binary", ", label: y, unit: u", "column: p, threshold: 0.5", "fairness: {by: [g], tpr_difference: {max: 0.1}}"), "8:8: spec.fairness: found data.test.unit, expected no units: fairness takes each row for one of its own"},
		"a gap that is too wide":          {at("multiclass", `slices: {by: [g], "recall(a)": {max_gap: 1}}`), `spec.slices["recall(a)"].max_gap: found a limit that every model meets`},
		"a task that is none":             {strings.Replace(of("binary", ", label: y", "", ""), "task: binary", "task: bin", 1), "2:7: task: found text \"bin\", expected one of binary, multiclass, multilabel, regression, ranking, forecasting, generative; nearest is binary\nhint: write binary"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"weighlock.yaml": tt.text})
			_, err := Load(dir)
			var found schema.Errors
			if !errors.As(err, &found) || len(found) != 1 {
				t.Fatalf("got %v; want one problem", err)
			}
			if got := strings.ReplaceAll(err.Error(), filepath.Join(dir, "weighlock.yaml")+":", ""); !strings.Contains(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestSpecsOfTasks shows the spec of each task, with its defaults, and reads
// it back.
func TestSpecsOfTasks(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	head := `{"confidence":0.95,"draws":2000,"judge":"bound","level":"start","metrics":{},"name":"m","near_duplicates":{"max":0.01},`
	for task, want := range map[string]string{
		"multiclass":  `"predictions":{"id":"id","prefix":"p_"},"schema":"https://weighlock.dev/spec/v1","task":"multiclass","test":{"classes":["a","b","c"],"digest":"` + digest + `","file":"test.csv","id":"id","label":"y","positive":"1"},`,
		"multilabel":  `"predictions":{"columns":{"a":"pa","b":"pb"},"id":"id","threshold":0.5},"schema":"https://weighlock.dev/spec/v1","task":"multilabel","test":{"digest":"` + digest + `","file":"test.csv","id":"id","labels":["a","b"],"positive":"1"},`,
		"forecasting": `"predictions":{"column":"p","id":"id"},"schema":"https://weighlock.dev/spec/v1","task":"forecasting","test":{"digest":"` + digest + `","file":"test.csv","id":"id","label":"y","positive":"1","season":7,"series":"s","time":"t"},`,
		"ranking":     `"predictions":{"column":"p","id":"id"},"schema":"https://weighlock.dev/spec/v1","task":"ranking","test":{"digest":"` + digest + `","file":"test.csv","group":"q","id":"id","label":"y","positive":"1"},`,
		"generative":  `"predictions":{"id":"id"},"schema":"https://weighlock.dev/spec/v1","task":"generative","test":{"digest":"` + digest + `","file":"test.csv","id":"id","positive":"1","unit":"prompt"},`,
	} {
		s, err := load(t, of(task, good[task][0], good[task][1], "")).Spec(digest)
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(text), head+want+`"train":{"file":"train.csv","id":"id","label":"y"}}`; got != want {
			t.Errorf("task %s: got\n%s\nwant\n%s", task, got, want)
		}
		if _, err := ParseSpec(text); err != nil {
			t.Errorf("task %s: %v", task, err)
		}
	}
	if s, err := load(t, of("forecasting", ", label: y, time: t", "column: p", "")).Spec(digest); err != nil || s.Test.Season != 1 {
		t.Errorf("season: got %v, %v; want 1", s, err)
	}
}
