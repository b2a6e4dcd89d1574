package capture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/project"
)

func TestTriggers(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		want lineage.Trigger
	}{
		"a person": {nil, lineage.Trigger{Kind: "manual"}},
		"a push on GitHub": {[]string{"GITHUB_EVENT_NAME=push", "GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=a/b", "GITHUB_RUN_ID=7"},
			lineage.Trigger{Kind: "push", URL: "https://github.com/a/b/actions/runs/7"}},
		"a schedule on GitHub":   {[]string{"CI=true", "GITHUB_EVENT_NAME=schedule"}, lineage.Trigger{Kind: "schedule"}},
		"a button on GitHub":     {[]string{"GITHUB_EVENT_NAME=workflow_dispatch"}, lineage.Trigger{Kind: "manual"}},
		"a new event on GitHub":  {[]string{"GITHUB_EVENT_NAME=sponsored"}, lineage.Trigger{Kind: "unknown"}},
		"a schedule on GitLab":   {[]string{"CI_PIPELINE_SOURCE=schedule", "CI_JOB_URL=https://gl.example/1"}, lineage.Trigger{Kind: "schedule", URL: "https://gl.example/1"}},
		"some other CI":          {[]string{"CI=1", "BUILD_URL=https://ci.example/2"}, lineage.Trigger{Kind: "unknown", URL: "https://ci.example/2"}},
		"a variable given twice": {[]string{"GITHUB_EVENT_NAME=push", "GITHUB_EVENT_NAME=schedule"}, lineage.Trigger{Kind: "schedule"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &run{d: Deps{Environ: c.env}}
			if d := cmp.Diff(&c.want, r.trigger()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRemotesWithoutCredentials(t *testing.T) {
	for remote, want := range map[string]string{
		"https://git.example/a.git":               "https://git.example/a.git",
		"https://token@git.example/a.git":         "https://git.example/a.git",
		"https://u:p@git.example/a.git?token=x#y": "https://git.example/a.git",
		"ssh://git:p@git.example/a.git":           "ssh://git@git.example/a.git",
		"git@git.example:a.git":                   "git@git.example:a.git",
		"/srv/a.git":                              "/srv/a.git",
		"https://u:p%zz@git.example/a.git":        "",
	} {
		if got := withoutCredentials(remote); got != want {
			t.Errorf("%s: got %q; want %q", remote, got, want)
		}
	}
}

// bin is a folder of scripts that stand for tools which are not installed.
func bin(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPackagesAreThoseOfTheToolsThatTheRunUses(t *testing.T) {
	pip := `[ "$*" = "-m pip list --format json" ] && echo '[{"name":"numpy","version":"1.26.4"},{"name":"joblib","version":"1.4"}]'`
	conda := `echo '[{"name":"numpy","version":"1.26.4","channel":"pypi"},{"name":"mkl","version":"2024.1","channel":"defaults"}]'`
	rscript := `printf 'stats\t4.3\nxgboost\t1.7\n'`
	golang := `echo '{"Path":"example.com/me","Main":true}'; echo '{"Path":"a.example/x","Version":"v1.2.3"}
{"Path":"b.example/y","Version":"v1.0.0","Replace":{"Path":"c.example/z","Version":"v1.0.1"}}'`
	pypi := []lineage.Package{{Ecosystem: "pypi", Name: "joblib", Version: "1.4"}, {Ecosystem: "pypi", Name: "numpy", Version: "1.26.4"}}
	for name, c := range map[string]struct {
		command string
		tools   map[string]string
		files   []string
		env     string
		want    lineage.Packages
	}{
		"python":                      {"python3.11", map[string]string{"python3.11": pip, "python3": "exit 1"}, nil, "", lineage.Packages{Status: "listed", List: pypi}},
		"a project with requirements": {"make", map[string]string{"python3": pip}, []string{"requirements.txt"}, "", lineage.Packages{Status: "listed", List: pypi}},
		"python without pip":          {"python3", map[string]string{"python3": "exit 1"}, nil, "", lineage.Packages{Status: "unknown", List: []lineage.Package{}}},
		"conda, what pip has counted once": {"python", map[string]string{"python": pip, "conda": conda}, nil, "CONDA_PREFIX=/opt/conda",
			lineage.Packages{Status: "listed", List: append([]lineage.Package{{Ecosystem: "conda", Name: "mkl", Version: "2024.1"}}, pypi...)}},
		"R": {"Rscript", map[string]string{"Rscript": rscript}, nil, "",
			lineage.Packages{Status: "listed", List: []lineage.Package{{Ecosystem: "cran", Name: "stats", Version: "4.3"}, {Ecosystem: "cran", Name: "xgboost", Version: "1.7"}}}},
		"Go, with a replacement": {"./train", map[string]string{"go": golang}, []string{"go.mod"}, "",
			lineage.Packages{Status: "listed", List: []lineage.Package{{Ecosystem: "go", Name: "a.example/x", Version: "v1.2.3"}, {Ecosystem: "go", Name: "c.example/z", Version: "v1.0.1"}}}},
		"half of it unknown": {"python", map[string]string{"python": pip}, []string{"go.mod"}, "", lineage.Packages{Status: "unknown", List: pypi}},
		"a broken answer":    {"python", map[string]string{"python": "echo '[{\"name\":\"\"}]'"}, nil, "", lineage.Packages{Status: "unknown", List: []lineage.Package{}}},
		"nothing known":      {"./train", nil, nil, "", lineage.Packages{Status: "unknown", List: []lineage.Package{}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range c.files {
				if err := os.WriteFile(filepath.Join(dir, f), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			r := &run{d: Deps{Environ: []string{"PATH=" + bin(t, c.tools), c.env}}, project: &project.Project{Dir: dir}, command: []string{c.command}}
			if d := cmp.Diff(c.want, r.packages(t.Context())); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMachine(t *testing.T) {
	path := bin(t, map[string]string{"nvidia-smi": "echo 'NVIDIA H100 80GB HBM3'; echo 'NVIDIA H100 80GB HBM3'"})
	image := "acme/train@sha256:" + strings.Repeat("0", 64)
	r := &run{d: Deps{Environ: []string{"PATH=" + path, "CI_JOB_IMAGE=acme/train:1", "WEIGHLOCK_IMAGE=" + image}}, project: &project.Project{Dir: t.TempDir()}}
	e, err := r.environment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"}, e.GPUs); d != "" {
		t.Error(d)
	}
	if e.Image != image || e.Memory < 1<<20 {
		t.Errorf("got %+v", e)
	}
	r.d.Environ = r.d.Environ[:2]
	if e, err = r.environment(t.Context()); err != nil || e.Image != "" {
		t.Errorf("an image by tag alone: %q, %v", e.Image, err)
	}
}

func TestRefusedParameters(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"an empty file":        {"p.yaml", "", "empty"},
		"a list":               {"p.yaml", "- a\n", "not a mapping of names to values"},
		"a name twice in YAML": {"p.yaml", "a: 1\na: 2\n", "a is given twice"},
		"a name twice in JSON": {"p.json", `{"a":1,"a":2}`, "duplicate key"},
		"one path two ways":    {"p.yaml", "a: {b: 1}\na.b: 2\n", "a.b is given twice"},
		"an alias":             {"p.yaml", "a: &x {b: 1}\nc: *x\n", "line 2: an alias, where a value is expected\nhint: write the value out"},
		"two documents":        {"p.yaml", "a: 1\n---\nb: 2\n", "more than one document"},
		"broken YAML":          {"p.yaml", "a: [", "yaml"},
		"too much":             {"p.yaml", strings.Repeat("x", maxParameters+1), "more than"},
		"too deep":             {"p.yaml", "a: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), "nested too deep"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := flatten(c.file, []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want an error with %q", err, c.want)
			}
		})
	}
}

func FuzzFlatten(f *testing.F) {
	f.Add([]byte("depth: 3\nopt: {lr: 0.10}\nlayers: [8, 4]\n"))
	f.Add([]byte(`{"a":{"b":[1,2,{"c":null}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		flat, err := flatten("p.yaml", text)
		if err == nil && flat == nil {
			t.Error("no parameters, no error")
		}
	})
}

func FuzzPackageLists(f *testing.F) {
	f.Add([]byte(`[{"name":"numpy","version":"1"}]`))
	f.Add([]byte("stats\t4.3\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		fromJSON, _ := named("pypi", text)
		fromTabs, _ := tabbed("cran", text)
		for _, p := range append(fromJSON, fromTabs...) {
			if strings.TrimSpace(p.Name) == "" || strings.TrimSpace(p.Version) == "" {
				t.Errorf("%q gives %+v", text, p)
			}
		}
	})
}
