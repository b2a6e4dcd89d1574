package gate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/verifier"
	"github.com/weighlock/weighlock/policies"
)

func loaded(t *testing.T, tree fs.FS) *policy.Bundle {
	t.Helper()
	b, err := policy.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// How many rows are rescored is the most that anybody asks for; a level that
// asks for a rescoring, and nobody says of how many, wants all.
func TestRowsThatAreAskedFor(t *testing.T) {
	b := loaded(t, policies.FS)
	of := func(rows any) map[string]any { return map[string]any{"rescore": map[string]any{"rows": rows}} }
	for name, c := range map[string]struct {
		level             string
		verifier, project map[string]any
		flag              evaluate.RescoreRows
		want              evaluate.RescoreRows
	}{
		"nobody":                         {"release", nil, nil, 0, 0},
		"the command line":               {"release", nil, nil, 50, 50},
		"the verifier file":              {"release", of(70), nil, 0, 70},
		"the project":                    {"release", nil, of(30), 0, 30},
		"the project, for less":          {"release", of(70), of(30), 0, 70},
		"the command line, for less":     {"release", of(70), of(30), 10, 70},
		"the command line, for all":      {"release", of(70), of(30), evaluate.AllRows, evaluate.AllRows},
		"the level":                      {"regulated", nil, nil, 0, evaluate.AllRows},
		"the level, the project less":    {"regulated", nil, of(30), 10, evaluate.AllRows},
		"the level, the verifier a part": {"regulated", of(70), nil, 0, 70},
	} {
		t.Run(name, func(t *testing.T) {
			w := &Workspace{Project: &project.Project{Parameters: c.project}, Spec: &project.Spec{}}
			rules := Rules{Level: c.level, Policy: b, Verifier: &verifier.File{Parameters: c.verifier}, Rescore: c.flag}
			got, tolerance, err := w.asked(rules)
			if err != nil || got != c.want {
				t.Fatalf("got %v, %v; want %v", got, err, c.want)
			}
			if diff := cmp.Diff(&rescoreTolerance{Relative: 1e-9}, tolerance); diff != "" {
				t.Errorf("tolerance (-want +got):\n%s", diff)
			}
		})
	}
}

// bare is the library as it was before there was a rescoring.
func bare(t *testing.T) fs.FS {
	t.Helper()
	tree := fstest.MapFS{}
	err := fs.WalkDir(policies.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "rules/predictions/rescored/") {
			return err
		}
		text, err := fs.ReadFile(policies.FS, name)
		if name == "parameters.yaml" {
			before, _, _ := strings.Cut(string(text), "\nrescore:")
			text = []byte(before + "\n")
		}
		var kept []string
		for _, line := range strings.Split(string(text), "\n") {
			if !strings.Contains(line, "predictions/rescored") {
				kept = append(kept, line)
			}
		}
		tree[name] = &fstest.MapFile{Data: []byte(strings.Join(kept, "\n"))}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// A policy that knows nothing of rescoring asks for none, and cannot judge one.
func TestPolicyWithoutRescoring(t *testing.T) {
	w := &Workspace{Project: &project.Project{Predictions: &project.Predictions{Command: "sh score.sh"}}, Spec: &project.Spec{}}
	rules := Rules{Level: "regulated", Policy: loaded(t, bare(t)), Now: time.Unix(0, 0)}
	if got, tolerance, err := w.asked(rules); got != 0 || tolerance != nil || err != nil {
		t.Errorf("got %v, %v, %v; want nothing", got, tolerance, err)
	}
	rules.Rescore = 5
	w.MayRescore(Scorer{}, func() (Rules, error) { return rules, nil })
	err := w.rescore(t.Context(), evaluate.Request{}, nil, "")
	if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), "--rescore: the policy has no rule predictions/rescored, which would judge it") {
		t.Errorf("got %v; want that nothing judges it", err)
	}
}

// The scorer's answer is about the image only where it had the image's files.
func TestModelIsUntouched(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "model.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("model")
	w := &Workspace{Project: &project.Project{Dir: dir}, Files: []ModelFile{{ID: "model.json", Digest: artifact.Digest([]byte("model"))}}}
	before, err := w.untouched(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.untouched(before); err != nil {
		t.Errorf("untouched: got %v", err)
	}
	const want = "integrity: model.json is not what the image was made of any more, so the scorer's answer says nothing about it"
	refused := func(what string, before []os.FileInfo) {
		t.Helper()
		if _, err := w.untouched(before); !errors.Is(err, ErrIntegrity) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", what, err, want)
		}
	}
	write("other")
	refused("another model from the start", nil)
	if err := os.Chtimes(file, time.Now(), before[0].ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	refused("written while the scorer ran", before)
	os.Remove(file)
	if _, err := w.untouched(nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("gone: got %v", err)
	}
}

func TestNoShell(t *testing.T) {
	dir := t.TempDir()
	for name, environ := range map[string][]string{"no PATH": nil, "an empty folder": {"PATH=" + dir}, "a relative one": {"PATH=."}} {
		r := &rescoring{Scorer: Scorer{Environ: environ}}
		if got, err := r.shell(); err == nil || !strings.Contains(err.Error(), "no sh in PATH, which runs predictions.command\nhint: ") {
			t.Errorf("%s: got %q, %v; want that there is none", name, got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "sh"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	r := &rescoring{Scorer: Scorer{Environ: []string{"PATH=none:" + dir}}}
	if got, err := r.shell(); got != filepath.Join(dir, "sh") || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
