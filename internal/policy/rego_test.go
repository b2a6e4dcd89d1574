package policy

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/weighlock/weighlock/policies"
)

// leastCoverage is the share of lines of rules and libraries that the Rego
// tests must reach, in percent.
const leastCoverage = 95

// TestRego runs the library's own tests. They find the input of
// testdata/input.json as data.fixture; with OPA's program it is
// opa test policies fixture:internal/policy/testdata/input.json.
func TestRego(t *testing.T) {
	modules := regoModules(t)
	coverage := cover.New()
	results, err := tester.NewRunner().
		SetModules(modules).
		SetStore(inmem.NewFromObject(map[string]any{"fixture": decoded(t, fullInput(t)), "parameters": defaults(t)})).
		SetCoverageQueryTracer(coverage).
		SetTimeout(time.Minute).
		Run(t.Context(), modules)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := range results {
		n++
		if !r.Pass() {
			t.Errorf("%s: %s: %v", r.Location, r.Name, r.Error)
		}
	}
	if n < 100 {
		t.Errorf("got %d tests; want all of the library's", n)
	}
	report := coverage.Report(modules)
	for name, file := range report.Files {
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		t.Logf("%5.1f %% %s", file.Coverage, name)
		if file.Coverage < leastCoverage {
			t.Errorf("%s: tests reach %.1f %% of its lines; want %d %%; not reached: %v", name, file.Coverage, leastCoverage, file.NotCovered)
		}
	}
}

func TestEveryRuleHasATest(t *testing.T) {
	for _, r := range library(t).Rules() {
		name := strings.TrimSuffix(r.File, ".rego") + "_test.rego"
		text, err := fs.ReadFile(policies.FS, name)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range []string{"test_pass", "missing", "test_wrong_type"} {
			if !strings.Contains(string(text), want) && r.ID != "evidence/attempts" {
				t.Errorf("%s: has no test called %s", name, want)
			}
		}
	}
}

func regoModules(t *testing.T) map[string]*ast.Module {
	t.Helper()
	modules := map[string]*ast.Module{}
	err := fs.WalkDir(policies.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".rego") {
			return err
		}
		text, err := fs.ReadFile(policies.FS, name)
		if err != nil {
			return err
		}
		modules[name], err = ast.ParseModuleWithOpts(name, string(text), ast.ParserOptions{ProcessAnnotation: true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

func decoded(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func defaults(t *testing.T) map[string]any {
	t.Helper()
	values, err := library(t).Parameters(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestRegoIsFormatted(t *testing.T) {
	err := fs.WalkDir(policies.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".rego") {
			return err
		}
		text, err := fs.ReadFile(policies.FS, name)
		if err != nil {
			return err
		}
		formatted, err := format.SourceWithOpts(name, text, format.Opts{RegoVersion: ast.RegoV1})
		if err == nil {
			golden(t, "../../policies/"+name, formatted)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
