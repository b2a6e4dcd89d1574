package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/policies"
)

var update = flag.Bool("update", false, "rewrite generated files")

// story is what happens to a model that passes, so that one rule no longer
// does: changes by path to the input that passes every rule.
type story struct {
	item, because string
	changes       map[string]any
	parameters    map[string]any
}

const otherDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// interval are the changes that give a result another value.
func interval(at string, value, low, high float64) map[string]any {
	return map[string]any{at + "/value": value, at + "/low": low, at + "/high": high}
}

var stories = map[string]story{
	"data/complete": {"test", "test rows repeat training rows under other ids", map[string]any{
		"data/document/overlap/near_duplicates": 240, "data/document/overlap/share": 0.02}, nil},
	"drift/training_data": {"age", "the people in the test data are older than those in the training data",
		interval("drift/results/age", 0.31, 0.27, 0.36), nil},
	"evaluation/baseline": {"roc_auc vs prior", "the model is hardly better than one score for everybody",
		interval("evaluation/results/roc_auc vs prior", 0.01, -0.01, 0.03), nil},
	"evaluation/champion": {"log_loss vs production", "the model in use is better",
		interval("evaluation/results/log_loss vs production", -0.02, -0.03, -0.01), nil},
	"evaluation/explanations": {"explanations for positive", "those who are refused get a reason, but for a few", map[string]any{
		"evaluation/explanations/covered": 3080, "evaluation/explanations/invalid": 12,
		"evaluation/explanations/first":                      map[string]any{"row": 41, "why": "missing"},
		"evaluation/results/explanations for positive/value": 0.989717223650, "evaluation/results/explanations for positive/low": 0.9855, "evaluation/results/explanations for positive/high": 0.993,
	}, nil},
	"evaluation/fairness": {"tpr_difference{sex}", "one sex is found far more often than the other",
		interval("evaluation/results/tpr_difference{sex}", 0.12, 0.09, 0.15), nil},
	"evaluation/metrics": {"recall", "too many positives are missed",
		interval("evaluation/results/recall", 0.412, 0.391, 0.433), nil},
	"evaluation/search": {"credit-default", "the model is worse on a crossing of two columns, of which nobody thought", map[string]any{
		"evaluation/search/found": []any{map[string]any{
			"by": "region*device", "group": "west*mobile", "rows": 611,
			"loss": 0.31, "rest": 0.12, "effect": 0.84, "p": 0.00001, "adjusted": 0.002,
		}}}, nil},
	"evaluation/slices": {"recall{age=(-inf,25)}", "the model does not work for the young, good as it is on the whole",
		interval("evaluation/results/recall{age=(-inf,25)}", 0.412, 0.371, 0.455), nil},
	"evidence/attempts": {"credit-default", "it was tried before, and refused", map[string]any{
		"attempts/count": 3, "attempts/denials": 2, "attempts/looks": 4, "attempts/head": otherDigest}, nil},
	"evidence/complete": {"credit-default", "somebody deleted an evaluation that an earlier verdict rests on", map[string]any{
		"missing": []any{map[string]any{"type": "evaluation", "digest": otherDigest}}}, nil},
	"lineage/pinned": {"credit-default", "the model file is not the one that the recorded run wrote", map[string]any{
		"model/files/0/digest": otherDigest}, nil},
	"model/format": {"model.json", "the file is a pickle that calls a program", map[string]any{
		"model/files/0/status": "unsafe", "model/files/0/format": "pickle", "model/files/0/findings": []any{"posix.system"}}, nil},
	"predictions/bound": {"credit-default", "nobody saw the predictions being made", map[string]any{
		"predictions/bound": nil}, nil},
	"predictions/rescored": {"credit-default", "two scores were edited after the scorer had written them", map[string]any{
		"evaluation/grade": "computed", "evaluation/rescored/disagreed": 2, "evaluation/rescored/largest": 0.8, "evaluation/rescored/disagreements": []any{
			map[string]any{"id": strings.Repeat("5f3a", 16), "submitted": 0.91, "rescored": 0.11},
			map[string]any{"id": strings.Repeat("c07e", 16), "submitted": 0.2, "rescored": 0.31},
		}}, map[string]any{"rescore": map[string]any{"rows": 1000}}},
	"predictions/sensitivity": {"flips{income *1.1}", "a tenth more income turns one decision in eight",
		interval("evaluation/results/flips{income *1.1}", 0.124, 0.105, 0.146), nil},
	"spec/before_training": {"credit-default", "a limit was lowered once the numbers were known", map[string]any{
		"spec/digest": otherDigest, "run/changes": []any{map[string]any{"path": "spec.metrics.recall.min", "was": "0.55", "is": "0.40"}}}, nil},
	"spec/least": {"credit-default", "the verifier file asks for a limit that the spec does not have", nil,
		map[string]any{"least": map[string]any{"metrics": map[string]any{"ece": map[string]any{"max": 0.1}}}}},
	"trust/image_signed": {"credit-default", "the image lies in the registry, and nobody signed it", map[string]any{
		"signatures": []any{}}, nil},
	"trust/single_signer": {"credit-default", "one key builds, evaluates and decides", map[string]any{
		"context/signing": "single-signer"}, nil},
}

// kept are the parameters by which an example passes, where the policy's own
// do not ask for anything.
var kept = map[string]map[string]any{
	"predictions/rescored": {"rescore": map[string]any{"rows": 1000}},
	"spec/least":           {"least": map[string]any{"metrics": map[string]any{"recall": map[string]any{"min": 0.5}}}},
}

// TestExamplesAreWhatRulesSay makes explain's examples by judging the input
// that the rules' own tests pass, and that input with one thing changed.
func TestExamplesAreWhatRulesSay(t *testing.T) {
	b, err := policy.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]example{}
	for _, r := range b.Rules() {
		s, ok := stories[r.ID]
		if !ok {
			t.Errorf("rule %s has no example; add one to stories", r.ID)
			continue
		}
		passes := judged(t, b, r.ID, s.item, nil, kept[r.ID])
		fails := judged(t, b, r.ID, s.item, s.changes, s.parameters)
		if passes.Status != verdict.Pass {
			t.Errorf("%s: the example that passes is %s: %s", r.ID, passes.Status, passes.Message)
		}
		if !slices.Contains([]verdict.Status{verdict.Fail, verdict.Undecided, verdict.Warn}, fails.Status) {
			t.Errorf("%s: the example that does not pass is %s: %s", r.ID, fails.Status, fails.Message)
		}
		out[r.ID] = example{
			Passes: shownCheck{passes.Item, string(passes.Status), passes.Message, ""},
			Fails:  shownCheck{fails.Item, string(fails.Status), fails.Message, s.because},
		}
	}
	for _, id := range slices.Sorted(maps.Keys(stories)) {
		if _, ok := b.Rule(id); !ok {
			t.Errorf("there is no rule %s", id)
		}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		t.Fatal(err)
	}
	const file = "explain_examples.json"
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := []byte(explainExamples); !bytes.Equal(text.Bytes(), want) {
		t.Errorf("%s is out of date\nhint: go test ./internal/cli -update", file)
	}
}

// judged is the check of one rule for one item.
func judged(t *testing.T, b *policy.Bundle, rule, item string, changes, parameters map[string]any) verdict.Check {
	t.Helper()
	text, err := os.ReadFile("../policy/testdata/input.json")
	if err != nil {
		t.Fatal(err)
	}
	var input any
	if err := json.Unmarshal(text, &input); err != nil {
		t.Fatal(err)
	}
	for at, value := range changes {
		change(t, input, strings.Split(at, "/"), value)
	}
	if text, err = json.Marshal(input); err != nil {
		t.Fatal(err)
	}
	checks, err := b.Evaluate(t.Context(), text, policy.Options{Level: "release", Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Rule == rule && c.Item == item {
			return c
		}
	}
	t.Errorf("%s says nothing about %s", rule, item)
	return verdict.Check{}
}

// change puts a value where it stands or may stand; nil takes it away.
func change(t *testing.T, in any, at []string, value any) {
	t.Helper()
	switch v := in.(type) {
	case map[string]any:
		switch {
		case len(at) > 1:
			change(t, v[at[0]], at[1:], value)
		case value == nil:
			delete(v, at[0])
		default:
			v[at[0]] = value
		}
	case []any:
		i, err := strconv.Atoi(at[0])
		if err != nil || len(at) < 2 {
			t.Fatalf("no place %s in a list", path.Join(at...))
		}
		change(t, v[i], at[1:], value)
	default:
		t.Fatalf("there is no %s", path.Join(at...))
	}
}

// TestEvidenceHasACommand shows that explain says of all that a rule reads how
// it comes to be.
func TestEvidenceHasACommand(t *testing.T) {
	b, err := policy.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range b.Rules() {
		for _, p := range r.Evidence {
			if produced(p) == "" {
				t.Errorf("%s reads %s, and nothing is said of where that comes from", r.ID, p)
			}
		}
	}
}
