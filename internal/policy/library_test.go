package policy

import (
	"os"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/policies"
)

func library(tb testing.TB) *Bundle {
	tb.Helper()
	b, err := Load(policies.FS)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func fullInput(tb testing.TB) []byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/input.json")
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// rescoring asks for the rescoring that the full input has, so that its rule
// is judged with the others.
var rescoring = map[string]any{"rescore": map[string]any{"rows": 1000}}

func TestFullInputIsAllowed(t *testing.T) {
	for _, level := range []string{"release"} {
		checks, err := library(t).Evaluate(t.Context(), fullInput(t), Options{Level: level, Parameters: rescoring})
		if err != nil {
			t.Fatal(err)
		}
		if got := verdict.Decide(checks); got != verdict.Allow {
			t.Errorf("level %s: got %s; want allow", level, got)
		}
		for _, c := range checks {
			if c.Status != verdict.Pass && c.Status != verdict.NotApplicable {
				t.Errorf("level %s: %s:%s is %s: %s", level, c.Rule, c.Item, c.Status, c.Message)
			}
		}
	}
}

func TestPageIsCurrent(t *testing.T) {
	golden(t, "../../policies/README.md", library(t).Page())
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		library(b)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	bundle, input := library(b), fullInput(b)
	for b.Loop() {
		if _, err := bundle.Evaluate(b.Context(), input, Options{Level: "release"}); err != nil {
			b.Fatal(err)
		}
	}
}
