package policy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEvaluateRefuses(t *testing.T) {
	input := string(tinyInput(""))
	for name, tc := range map[string]struct{ input, level, want string }{
		"an unknown level":   {input, "relase", `level "relase" is unknown; did you mean release?`},
		"no input":           {"", "release", "unexpected end of JSON"},
		"no JSON":            {"{", "release", "policy input"},
		"a list":             {"[]", "release", "cannot unmarshal array"},
		"a key twice":        {`{"model": {}, "model": {}}`, "release", `duplicate key "model"`},
		"no model":           {`{"now": "2026-11-10T08:00:00Z"}`, "release", "policy input: it does not say which model, by name and digest, is to be judged"},
		"a tag for a digest": {strings.Replace(input, tinyDigest, "latest", 1), "release", "does not say which model"},
		"no time":            {strings.Replace(input, `"now"`, `"then"`, 1), "release", "now is no time"},
		"a level of its own": {strings.Replace(input, `"level": "release"`, `"level": "start"`, 1), "release", "context.level is start, but the level asked for is release"},
	} {
		t.Run(name, func(t *testing.T) {
			checks, err := mustLoad(t, tinyTree(tinyPass)).Evaluate(t.Context(), []byte(tc.input), Options{Level: tc.level})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, %v; want an error with %q", checks, err, tc.want)
			}
		})
	}
}

func TestEvaluateStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := library(t).Evaluate(ctx, fullInput(t), Options{Level: "release"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want %v", err, context.Canceled)
	}
}

func TestEvaluateTwiceIsTheSame(t *testing.T) {
	first, err := library(t).Evaluate(t.Context(), fullInput(t), Options{Level: "release"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := library(t).Evaluate(t.Context(), fullInput(t), Options{Level: "release"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("(-first +again)\n%s", diff)
	}
}

func TestParameters(t *testing.T) {
	b := library(t)
	values, err := b.Parameters(Options{Level: "release", Parameters: map[string]any{"min_rows": 500}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"min_rows": 500.0, "least": map[string]any{}, "allowed_formats": []any{"gguf", "joblib", "json", "onnx", "pickle", "safetensors", "text"},
		"rescore": map[string]any{}, "rescore_tolerance": map[string]any{"absolute": 0.0, "relative": 1e-9, "share": 0.0}}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParametersRefuse(t *testing.T) {
	b := library(t)
	for name, tc := range map[string]struct {
		values map[string]any
		want   string
	}{
		"an unknown name":       {map[string]any{"min_row": 1}, "parameter min_row is unknown; did you mean min_rows?"},
		"a text for a number":   {map[string]any{"min_rows": "many"}, `parameter min_rows is "many", but must be int & >=1`},
		"a number out of range": {map[string]any{"min_rows": 0}, "parameter min_rows is 0"},
		"an empty list":         {map[string]any{"allowed_formats": []string{}}, "parameter allowed_formats is []"},
		"nothing":               {map[string]any{"min_rows": nil}, "parameter min_rows is null"},
		"an unknown field":      {map[string]any{"least": map[string]any{"metric": map[string]any{}}}, "parameter least is"},
		"what is no JSON":       {map[string]any{"least": func() {}}, "parameter least"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Parameters(Options{Parameters: tc.values})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v; want an error with %q", err, tc.want)
			}
		})
	}
}

func TestAParameterThatNobodyGave(t *testing.T) {
	tree := with(tinyTree(""), map[string]string{
		tinyFile:                       strings.Replace(tinyHeader, "parameters: []", "parameters: [floor]", 1) + tinyPass,
		"parameters.yaml":              "floor: {type: number, since: 2026-11-01, reason: so}\n",
		"levels/start.yaml":            "name: start\ntitle: x\nrules:\n  model/other: {when: required}\n",
		"rules/model/other/other.rego": strings.NewReplacer("model/judged", "model/other", "model.judged", "model.other").Replace(tinyHeader + tinyPass),
	})
	b := mustLoad(t, tree)
	_, err := b.Evaluate(t.Context(), tinyInput(""), Options{Level: "release"})
	if want := "rule model/judged reads parameter floor, and nobody gave it"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v; want %q", err, want)
	}
	if _, err := b.Parameters(Options{Level: "start"}); err != nil {
		t.Errorf("a level that does not ask for the rule: %v", err)
	}
	if _, err := b.Evaluate(t.Context(), tinyInput(""), Options{Level: "release", Parameters: map[string]any{"floor": 0.5}}); err != nil {
		t.Error(err)
	}
}

func TestAnOverrideDecides(t *testing.T) {
	checks, err := library(t).Evaluate(t.Context(), fullInput(t), Options{Level: "release", Parameters: map[string]any{"min_rows": 12001}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Rule == "data/complete" && c.Item == "test" && c.Status != "undecided" {
			t.Errorf("got %s: %s; want undecided", c.Status, c.Message)
		}
	}
}
