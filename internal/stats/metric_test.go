package stats

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	mm := []string{"multiclass", "multilabel"}
	any := []string{"binary", "multiclass", "multilabel", "regression", "forecasting", "ranking"}
	for text, want := range map[string]Metric{
		"recall":                   {"recall", "recall", nil, []string{"binary"}, More, Rate, false},
		"accuracy":                 {"accuracy", "accuracy", nil, []string{"binary", "multiclass"}, More, Rate, false},
		"f_beta(2)":                {"f_beta(2)", "f_beta", []string{"2"}, []string{"binary"}, More, Decision, false},
		"f_beta_macro(0.5)":        {"f_beta_macro(0.5)", "f_beta_macro", []string{"0.5"}, mm, More, Decision, false},
		"recall( setosa )":         {"recall(setosa)", "recall", []string{"setosa"}, mm, More, Rate, false},
		"recall(a, b (old))":       {"recall(a, b (old))", "recall", []string{"a, b (old)"}, mm, More, Rate, false},
		"precision_at(100)":        {"precision_at(100)", "precision_at", []string{"100"}, []string{"binary"}, More, Score, false},
		"lift_at(0.1)":             {"lift_at(0.1)", "lift_at", []string{"0.1"}, []string{"binary"}, More, Score, false},
		" cost( fn = 5 , fp=1e-1)": {"cost(fn=5,fp=1e-1)", "cost", []string{"fn=5", "fp=1e-1"}, []string{"binary"}, Less, Decision, false},
		"quantile(latency, 0.95)":  {"quantile(latency,0.95)", "quantile", []string{"latency", "0.95"}, any, Neither, Quantile, false},
		"ndcg(10)":                 {"ndcg(10)", "ndcg", []string{"10"}, []string{"ranking"}, More, PerQuery, false},
		"interval_width(low,high)": {"interval_width(low,high)", "interval_width", []string{"low", "high"}, []string{"regression", "forecasting"}, Less, Error, false},
		"calibration_slope":        {"calibration_slope", "calibration_slope", nil, []string{"binary"}, One, Score, true},
		"quantile(0.5,0.5)":        {"quantile(0.5,0.5)", "quantile", []string{"0.5", "0.5"}, any, Neither, Quantile, false},
	} {
		got, ok := Lookup(text)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", text, ok, diff)
		}
	}
}

func TestLookupRefuses(t *testing.T) {
	for _, text := range []string{
		"", "acuracy", "Recall", "recall(", "recall)", "recall()", "recall( )", "accuracy(setosa)", "f_beta", "f_beta()", "f_beta(0)", "f_beta(-1)",
		"f_beta(two)", "f_beta(inf)", "f_beta(NaN)", "f_beta(1,2)", "f_beta(0x1p3)", "f_beta(1e999)", "precision_at(0)", "precision_at(1.5)",
		"precision_at(-3)", "ndcg(0.5)", "ndcg(0)", "mrr(5)", "cost(fp=1)", "cost(fp=1,fp=2)", "cost(fp=1,tp=2)", "cost(1,2)", "cost(fp=1,fn=)",
		"cost(fp=1,fn=x)", "cost(fp=1,fn=2,fn=3)", "quantile(latency)", "quantile(latency,1)", "quantile(latency,0)", "quantile(,0.5)",
		"interval_width(low)", "interval_width(low,low)", "expected_value(tp=1,fp=2,fn=3)", "recall(a) ,", "pinball(1)", "top_k_accuracy(1.5)", "mean()",
	} {
		if got, ok := Lookup(text); ok {
			t.Errorf("%q: got %+v; want none", text, got)
		}
	}
}

// TestMetricsAreListedInOrder: Lookup searches the table by halves.
func TestMetricsAreListedInOrder(t *testing.T) {
	all := Metrics()
	for i, m := range all {
		if m.Base != strings.SplitN(m.Name, "(", 2)[0] || len(m.Tasks) == 0 {
			t.Errorf("%q has base %q and tasks %v", m.Name, m.Base, m.Tasks)
		}
		if i > 0 && cmp.Diff(all[i-1].Name, m.Name) == "" {
			t.Errorf("%q is listed twice", m.Name)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b Metric) int { return strings.Compare(a.Base, b.Base) }) {
		t.Error("metrics are not listed by name")
	}
	for _, m := range all {
		if got, ok := Lookup(example(m)); !ok || got.Base != m.Base || cmp.Diff(m.Tasks, got.Tasks) != "" {
			t.Errorf("%s as %s: got %+v, %v", m.Name, example(m), got, ok)
		}
	}
}

// example gives a metric's placeholders values.
func example(m Metric) string {
	values := map[string]string{
		"b": "2", "k": "0.25", "n": "3", "q": "0.75", "class": "b", "column": "x", "low": "lo", "high": "hi",
		"reward": "r", "propensity": "p", "target": "t", "predicted": "q", "other": "o",
		"fp=a": "fp=1", "fp=b": "fp=-1.5", "fn=b": "fn=5", "fn=c": "fn=-4", "tp=a": "tp=3", "tn=d": "tn=0.25",
	}
	if m.Args == nil {
		return m.Base
	}
	var args []string
	for _, a := range m.Args {
		args = append(args, values[a])
	}
	if m.Base == "rate" {
		args = []string{"flag"}
	}
	return m.Base + "(" + strings.Join(args, ",") + ")"
}
