package starter

import (
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestWorkflowIsTheExamples: what init writes for GitHub is the workflow that
// examples/workflows shows, which actionlint and the actions' tests look at.
func TestWorkflowIsTheExamples(t *testing.T) {
	want, err := os.ReadFile("../../examples/workflows/pull-request.yml")
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := Workflow("github", "."); err != nil || string(got) != string(want) {
		t.Errorf("internal/starter/ci/github.yml is not examples/workflows/pull-request.yml any more: copy it (%v)", err)
	}
}

func TestWorkflowTargets(t *testing.T) {
	for _, w := range workflows {
		for target, want := range map[string]string{
			".": ".", "models/churn": "models/churn", "models/my model #1": `models/my model #1`, "yes": "yes", "a\nb": "a\nb",
		} {
			file, text, err := Workflow(w.name, target)
			if err != nil || file != w.path {
				t.Fatalf("%s: %s, %v", w.name, file, err)
			}
			var v any
			if err := yaml.Unmarshal(text, &v); err != nil {
				t.Fatalf("%s for %q is no YAML: %v", w.name, target, err)
			}
			if got := targets(v); len(got) != 1 || got[0] != want {
				t.Errorf("%s for %q has the targets %q; want %q", w.name, target, got, want)
			}
		}
	}
}

func targets(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if text, ok := inner.(string); ok && key == "target" {
				out = append(out, text)
			}
			out = append(out, targets(inner)...)
		}
	case []any:
		for _, inner := range v {
			out = append(out, targets(inner)...)
		}
	}
	return out
}

func TestUnknownWorkflow(t *testing.T) {
	if _, _, err := Workflow("jenkins", "."); err == nil || !strings.Contains(err.Error(), "github or gitlab") {
		t.Errorf("got %v", err)
	}
}
