package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// outcome is the verdict on a document at level release; unavailable where
// it cannot be judged at all.
func outcome(t *testing.T, b *Bundle, document any) verdict.Outcome {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	checks, err := b.Evaluate(t.Context(), text, Options{Level: "release", Parameters: rescoring})
	if err != nil {
		return verdict.Unavailable
	}
	return verdict.Decide(checks)
}

// put sets what stands at a path, or deletes it, and gives the document back.
// The parts of the path are keys of objects and places in lists.
func put(document any, path []string, value any, remove bool) any {
	key, last := path[0], len(path) == 1
	switch v := document.(type) {
	case map[string]any:
		switch {
		case last && remove:
			delete(v, key)
		case last:
			v[key] = value
		default:
			v[key] = put(v[key], path[1:], value, remove)
		}
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i >= len(v) {
			return document
		}
		switch {
		case last && remove:
			return slices.Delete(v, i, i+1)
		case last:
			v[i] = value
		default:
			v[i] = put(v[i], path[1:], value, remove)
		}
	}
	return document
}

// TestEvidenceThatIsGoneNeverAllows takes each piece of evidence that a rule
// names away from an input that is allowed, or puts something without content
// in its place.
func TestEvidenceThatIsGoneNeverAllows(t *testing.T) {
	b := library(t)
	if got := outcome(t, b, decoded(t, fullInput(t))); got != verdict.Allow {
		t.Fatalf("untouched: got %s; want allow", got)
	}
	paths := map[string]bool{}
	for _, r := range b.Rules() {
		for _, p := range append(slices.Clone(r.Evidence), r.Items) {
			paths[p] = true
		}
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		for name, value := range map[string]any{"null": nil, "an empty object": map[string]any{}, "an empty list": []any{}, "an empty text": "", "a number": 7, "true": true, "a text": "yes"} {
			if good := emptyIsGood[p]; good == name {
				continue
			}
			if got := outcome(t, b, put(decoded(t, fullInput(t)), segments(p), value, false)); got == verdict.Allow {
				t.Errorf("%s put in the place of %s: allowed", name, p)
			}
		}
		if got := outcome(t, b, put(decoded(t, fullInput(t)), segments(p), nil, true)); got == verdict.Allow {
			t.Errorf("%s deleted: allowed", p)
		}
	}
}

// emptyIsGood are lists that are empty in an input that is allowed.
var emptyIsGood = map[string]string{"input.missing": "an empty list", "input.predictions.contrary": "an empty list"}

// TestFieldsThatRulesRestOn deletes one field after another, of every form,
// from an input that is allowed. What may go without changing the verdict is
// listed, so that a rule that goes blind is noticed.
func TestFieldsThatRulesRestOn(t *testing.T) {
	b := library(t)
	var survivors []string
	shapes := map[string]bool{}
	walk(decoded(t, fullInput(t)), nil, func(path []string) {
		s := shape(path)
		if shapes[s] {
			return
		}
		shapes[s] = true
		if outcome(t, b, put(decoded(t, fullInput(t)), path, nil, true)) == verdict.Allow {
			survivors = append(survivors, s)
		}
	})
	slices.Sort(survivors)
	golden(t, "testdata/decides-nothing.txt", []byte(strings.Join(survivors, "\n")+"\n"))
	t.Logf("%d forms of fields deleted, %d of them decide nothing", len(shapes), len(survivors))
}

func walk(v any, at []string, visit func([]string)) {
	if len(at) > 0 {
		visit(at)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], append(slices.Clone(at), key), visit)
		}
	case []any:
		for i := range v {
			walk(v[i], append(slices.Clone(at), strconv.Itoa(i)), visit)
		}
	}
}

// shape is a path with its places in lists as [], and one result standing for
// all of a kind.
func shape(path []string) string {
	var s strings.Builder
	for i, part := range path {
		_, err := strconv.Atoi(part)
		switch {
		case err == nil:
			s.WriteString("[]")
		case i > 1 && path[i-1] == "results":
			fmt.Fprintf(&s, ".<%s>", kindOf(part))
		case i == 0:
			s.WriteString(part)
		default:
			s.WriteString("." + part)
		}
	}
	return s.String()
}

func kindOf(item string) string {
	switch {
	case strings.HasSuffix(item, " *1.1}"), strings.HasSuffix(item, " +0.1}"):
		return "sensitivity"
	case strings.Contains(item, " gap{"):
		return "gap"
	case strings.Contains(item, "_difference{"):
		return "fairness"
	case strings.Contains(item, "{"):
		return "slice"
	case strings.Contains(item, " vs prior"):
		return "baseline"
	case strings.Contains(item, " vs "):
		return "champion"
	case item == "age" || item == "income" || item == "region" || item == "sex" || item == "utilisation":
		return "drift"
	}
	return "metric " + item
}

// TestEpsilonFlipsALimit moves the end of an interval over its limit.
func TestEpsilonFlipsALimit(t *testing.T) {
	b := library(t)
	for name, tc := range map[string]struct {
		path        []string
		meets, miss float64
	}{
		"a floor":         {[]string{"evaluation", "results", "recall", "low"}, 0.55, 0.55 - 1e-9},
		"a ceiling":       {[]string{"evaluation", "results", "log_loss", "high"}, 0.45, 0.45 + 1e-9},
		"a slice's floor": {[]string{"evaluation", "results", "recall{region=north}", "low"}, 0.5, 0.5 - 1e-9},
		"a slice's gap":   {[]string{"evaluation", "results", "recall gap{region=north}", "high"}, 0.1, 0.1 + 1e-9},
		"a difference":    {[]string{"evaluation", "results", "tpr_difference{sex}", "high"}, 0.08, 0.08 + 1e-9},
		"a gain":          {[]string{"evaluation", "results", "roc_auc vs prior", "low"}, 0.02, 0.02 - 1e-9},
		"a margin":        {[]string{"evaluation", "results", "log_loss vs production", "low"}, -0.005, -0.005 - 1e-9},
		"a distance":      {[]string{"drift", "results", "age", "high"}, 0.2, 0.2 + 1e-9},
		"flips":           {[]string{"evaluation", "results", "flips{income *1.1}", "high"}, 0.05, 0.05 + 1e-9},
		"near duplicates": {[]string{"data", "document", "overlap", "share"}, 0.01, 0.01 + 1e-9},
	} {
		if got := outcome(t, b, put(decoded(t, fullInput(t)), tc.path, tc.meets, false)); got != verdict.Allow {
			t.Errorf("%s at its limit: got %s; want allow", name, got)
		}
		if got := outcome(t, b, put(decoded(t, fullInput(t)), tc.path, tc.miss, false)); got != verdict.Deny {
			t.Errorf("%s beyond its limit: got %s; want deny", name, got)
		}
	}
}

// TestNoStatusWithoutANumberAllows gives a metric of each task every status
// that is no number, over all rows and on a slice, and a limit that only a
// number can meet.
func TestNoStatusWithoutANumberAllows(t *testing.T) {
	b := library(t)
	for task, metric := range map[string]string{
		"binary": "f_beta(2)", "multiclass": "recall(cat)", "multilabel": "f1_micro", "regression": "pinball(0.9)",
		"forecasting": "mase", "ranking": "ndcg(10)", "generative": "quantile(latency_ms,0.95)",
	} {
		measured := func(change func(measure map[string]any)) any {
			var document any = decoded(t, fullInput(t))
			set := func(value any, path ...string) { document = put(document, path, value, false) }
			measure := map[string]any{
				"kind": "metric", "item": metric, "metric": metric, "status": "ok", "value": 0.7, "low": 0.6, "high": 0.8,
				"method": "bca", "level": 0.95, "n": 12000, "rows": 12000, "threshold": 0.32,
			}
			change(measure)
			set(task, "model", "task")
			set(task, "spec", "document", "task")
			set(map[string]any{metric: map[string]any{"min": 0.5}}, "spec", "document", "metrics")
			set([]any{map[string]any{"id": metric, "metric": metric, "limit": map[string]any{"min": 0.5}}}, "spec", "items", "metrics")
			set(measure, "evaluation", "results", metric)
			return document
		}
		if got := outcome(t, b, measured(func(map[string]any) {})); got != verdict.Allow {
			t.Errorf("task %s, %s as a number: got %s; want allow", task, metric, got)
		}
		for _, status := range []any{"undefined", "too_few", "no_labels", "error", "", "fine", nil, true} {
			for name, keep := range map[string]bool{"with a number beside it": true, "without": false} {
				got := outcome(t, b, measured(func(m map[string]any) {
					m["status"] = status
					if !keep {
						delete(m, "value")
						delete(m, "low")
						delete(m, "high")
					}
				}))
				if got == verdict.Allow {
					t.Errorf("task %s: %s with status %v, %s: allowed", task, metric, status, name)
				}
			}
		}
		for name, change := range map[string]func(map[string]any){
			"without its value":     func(m map[string]any) { delete(m, "value") },
			"without an interval":   func(m map[string]any) { delete(m, "low"); delete(m, "high") },
			"of an interval of one": func(m map[string]any) { m["degenerate"] = true },
			"of another metric":     func(m map[string]any) { m["metric"] = "accuracy" },
			"of another confidence": func(m map[string]any) { m["level"] = 0.5 },
		} {
			if got := outcome(t, b, measured(change)); got == verdict.Allow {
				t.Errorf("task %s: %s %s: allowed", task, metric, name)
			}
		}
		if needs := task == "binary" || task == "multilabel"; needs {
			if got := outcome(t, b, measured(func(m map[string]any) { delete(m, "threshold") })); got == verdict.Allow {
				t.Errorf("task %s: %s without its threshold: allowed", task, metric)
			}
		}
	}
}
