package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/verdict"
)

// numberless are the statuses of a measure that is no number, and what none
// is.
var numberless = []any{"undefined", "too_few", "no_labels", "error", "", "fine", nil, true}

// answered is one result by the kind of item that it answers, and the rule
// that judges it.
var answered = map[string]struct {
	rule, item string
	path       []string
}{
	"metric":       {"evaluation/metrics", "recall", []string{"evaluation", "results", "recall"}},
	"slice":        {"evaluation/slices", "recall{region=north}", []string{"evaluation", "results", "recall{region=north}"}},
	"gap":          {"evaluation/slices", "recall gap{region=north}", []string{"evaluation", "results", "recall gap{region=north}"}},
	"gap_best":     {"evaluation/slices", "recall gap to best{region=north}", []string{"evaluation", "results", "recall gap to best{region=north}"}},
	"fairness":     {"evaluation/fairness", "tpr_difference{sex}", []string{"evaluation", "results", "tpr_difference{sex}"}},
	"baseline":     {"evaluation/baseline", "roc_auc vs prior", []string{"evaluation", "results", "roc_auc vs prior"}},
	"champion":     {"evaluation/champion", "log_loss vs production", []string{"evaluation", "results", "log_loss vs production"}},
	"explanations": {"evaluation/explanations", "explanations for positive", []string{"evaluation", "results", "explanations for positive"}},
	"drift":        {"drift/training_data", "age", []string{"drift", "results", "age"}},
}

// withEveryKind is the full input, and a limit on the gap to the best slice.
func withEveryKind(t *testing.T) map[string]any {
	t.Helper()
	document := decoded(t, fullInput(t))
	put(document, []string{"spec", "document", "slices", "metrics", "recall", "max_gap_best"}, 0.2, false)
	items := document["data"].(map[string]any)["items"].(map[string]any)
	results := document["evaluation"].(map[string]any)["results"].(map[string]any)
	for _, one := range items["slices"].([]any) {
		item := maps.Clone(one.(map[string]any))
		if _, is := item["limit"].(map[string]any)["min"]; !is {
			continue
		}
		result := maps.Clone(results[item["id"].(string)].(map[string]any))
		id := fmt.Sprintf("recall gap to best{%s=%s}", columnsOf(item["by"].(string)), item["group"])
		item["id"], item["limit"] = id, map[string]any{"max": 0.2}
		result["kind"], result["item"], result["value"], result["low"], result["high"] = "gap_best", id, 0.01, 0, 0.09
		results[id] = result
		items["slices"] = append(items["slices"].([]any), item)
	}
	return document
}

func columnsOf(by string) string {
	parsed, _, _ := project.ParseBy(by)
	return parsed.Columns()
}

func judged(t *testing.T, b *Bundle, document any) []verdict.Check {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	checks, err := b.Evaluate(t.Context(), text, Options{Level: "release", Parameters: rescoring})
	if err != nil {
		t.Fatal(err)
	}
	return checks
}

// TestNoStatusWithoutANumberPasses gives one item of each kind every status
// that is no number, with the number left beside it and without. Only a slice
// that is too small may be a warning, where the spec says that it is reported.
func TestNoStatusWithoutANumberPasses(t *testing.T) {
	b := library(t)
	if got := verdict.Decide(judged(t, b, withEveryKind(t))); got != verdict.Allow {
		t.Fatalf("untouched: got %s; want allow", got)
	}
	for _, kind := range slices.Sorted(maps.Keys(answered)) {
		of := answered[kind]
		for _, status := range numberless {
			for _, tooSmall := range []string{"undecided", "report"} {
				if tooSmall == "report" && status != "too_few" {
					continue
				}
				for _, number := range []bool{true, false} {
					document := withEveryKind(t)
					put(document, []string{"spec", "document", "slices", "too_small"}, tooSmall, false)
					put(document, append(slices.Clone(of.path), "status"), status, false)
					if !number {
						for _, field := range []string{"value", "low", "high"} {
							put(document, append(slices.Clone(of.path), field), nil, true)
						}
					}
					checks := judged(t, b, document)
					reported := status == "too_few" && tooSmall == "report" && of.rule == "evaluation/slices"
					if got := statusOf(checks, of.rule, of.item); got == verdict.Pass || got == "" || got == verdict.Warn && !reported {
						t.Errorf("%s with status %v, too_small %s, number %v: got %q; want no pass", kind, status, tooSmall, number, got)
					}
					if got := verdict.Decide(checks); got == verdict.Allow && !reported {
						t.Errorf("%s with status %v, too_small %s, number %v: allowed", kind, status, tooSmall, number)
					}
				}
			}
		}
	}
}

// TestNoStatusOfAGroupPasses gives one group behind a fairness difference
// every status that is no number, though the difference itself has one.
func TestNoStatusOfAGroupPasses(t *testing.T) {
	b := library(t)
	for _, status := range numberless {
		document := withEveryKind(t)
		put(document, []string{"evaluation", "results", "tpr_difference{sex}", "groups", "0", "status"}, status, false)
		checks := judged(t, b, document)
		if got := statusOf(checks, "evaluation/fairness", "tpr_difference{sex}"); got == verdict.Pass || verdict.Decide(checks) == verdict.Allow {
			t.Errorf("a group with status %v: got %q, and the verdict %s; want neither a pass nor allow", status, got, verdict.Decide(checks))
		}
	}
}

// TestASearchWithoutResultWarns: the search denies nothing, but one that did
// not take place is never a pass.
func TestASearchWithoutResultWarns(t *testing.T) {
	b := library(t)
	for _, status := range numberless {
		document := withEveryKind(t)
		put(document, []string{"evaluation", "search", "status"}, status, false)
		if got := statusOf(judged(t, b, document), "evaluation/search", "credit-default"); got != verdict.Warn {
			t.Errorf("a search with status %v: got %q; want warn", status, got)
		}
	}
}

func statusOf(checks []verdict.Check, rule, item string) verdict.Status {
	for _, c := range checks {
		if c.Rule == rule && c.Item == item {
			return c.Status
		}
	}
	return ""
}

// TestThresholdedAgrees holds the rules' list of the metrics of decisions
// against that of the program: for each task and metric, a result that lacks
// its threshold must be an error where it is one of decisions, and only there.
func TestThresholdedAgrees(t *testing.T) {
	b := library(t)
	for _, task := range project.Tasks() {
		var names []string
		for _, m := range project.Metrics(task) {
			names = append(names, m.Name)
		}
		names = append(names, project.Calls(task)...)
		for _, name := range names {
			document := withEveryKind(t)
			limit := map[string]any{"min": 0.5}
			put(document, []string{"model", "task"}, task, false)
			put(document, []string{"spec", "document", "task"}, task, false)
			put(document, []string{"spec", "document", "metrics"}, map[string]any{name: limit}, false)
			put(document, []string{"spec", "items", "metrics"}, []any{map[string]any{"id": name, "metric": name, "limit": limit}}, false)
			put(document, []string{"evaluation", "results", name}, map[string]any{
				"kind": "metric", "item": name, "metric": name, "status": "ok", "value": 0.7, "low": 0.6, "high": 0.8,
				"method": "bca", "level": 0.95, "n": 12000, "rows": 12000,
			}, false)
			want := verdict.Pass
			if thresholded(task, name) {
				want = verdict.Error
			}
			if got := statusOf(judged(t, b, document), "evaluation/metrics", name); got != want {
				t.Errorf("task %s, %s without a threshold: got %s; want %s", task, name, got, want)
			}
		}
	}
	for _, m := range project.FairnessMetrics("binary") {
		document := withEveryKind(t)
		item := m.Name + "{sex}"
		limit := map[string]any{"max": 0.08}
		result := decoded(t, fullInput(t))["evaluation"].(map[string]any)["results"].(map[string]any)["tpr_difference{sex}"].(map[string]any)
		result["item"], result["metric"] = item, m.Name
		delete(result, "threshold")
		put(document, []string{"spec", "document", "fairness", "metrics"}, map[string]any{m.Name: limit}, false)
		put(document, []string{"data", "items", "fairness"}, []any{map[string]any{"id": item, "metric": m.Name, "by": "sex", "limit": limit}}, false)
		put(document, []string{"evaluation", "results", item}, result, false)
		want := verdict.Pass
		if project.Thresholded("binary", m.Name) {
			want = verdict.Error
		}
		if got := statusOf(judged(t, b, document), "evaluation/fairness", item); got != want {
			t.Errorf("%s without a threshold: got %s; want %s", item, got, want)
		}
	}
}

// thresholded is the program's word for a metric whose arguments are
// placeholders.
func thresholded(task, name string) bool {
	for placeholder, value := range map[string]string{"(b)": "(2)", "(k)": "(1)", "(q)": "(0.5)", "(fp=,fn=)": "(fp=1,fn=1)", "(tp=,fp=,fn=,tn=)": "(tp=1,fp=1,fn=1,tn=1)", "(column,q)": "(column,0.5)"} {
		if at := len(name) - len(placeholder); at > 0 && name[at:] == placeholder {
			name = name[:at] + value
			break
		}
	}
	return project.Thresholded(task, name)
}
