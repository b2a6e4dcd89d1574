package actions

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runner is a folder that looks to a script like a step of GitHub Actions.
type runner struct {
	t    *testing.T
	dir  string // the workspace is dir/work
	path string
	env  map[string]string
}

func newRunner(t *testing.T) *runner {
	t.Helper()
	r := &runner{t: t, dir: t.TempDir(), path: os.Getenv("PATH"), env: map[string]string{}}
	for _, name := range []string{"work", "temp", "home"} {
		if err := os.Mkdir(filepath.Join(r.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.env = map[string]string{
		"HOME": r.at("home"), "RUNNER_TEMP": r.at("temp"), "GITHUB_WORKSPACE": r.at("work"),
		"GITHUB_OUTPUT": r.at("output"), "GITHUB_PATH": r.at("path"), "GITHUB_STEP_SUMMARY": r.at("summary"),
		"NO_COLOR": "1",
	}
	return r
}

func (r *runner) at(path string) string { return filepath.Join(r.dir, path) }

// read is a file's text, empty where there is none.
func (r *runner) read(path string) string {
	b, err := os.ReadFile(r.at(path))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	return string(b)
}

// ran is how a script ended.
type ran struct {
	status int
	log    string // both streams, as a runner shows them
}

// bash runs a script in the workspace, with inputs.
func (r *runner) bash(inputs map[string]string, args ...string) ran {
	r.t.Helper()
	return r.shell("bash", inputs, args...)
}

func (r *runner) shell(program string, inputs map[string]string, args ...string) ran {
	r.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = r.at("work")
	env := maps.Clone(r.env)
	maps.Copy(env, inputs)
	cmd.Env = []string{"PATH=" + r.path}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		r.t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), log.String()}
}

// outputs are what the script wrote for the steps that follow.
func (r *runner) outputs() map[string]string {
	r.t.Helper()
	list := map[string]string{}
	for line := range strings.Lines(r.read("output")) {
		k, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if _, twice := list[k]; !ok || twice {
			r.t.Errorf("output %q is no NAME=VALUE, or there twice", line)
		}
		list[k] = v
	}
	return list
}

// tool puts a shell script of a name first on the PATH.
func (r *runner) tool(name, text string) {
	r.t.Helper()
	dir := r.at("tools")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if !strings.HasPrefix(r.path, dir) {
		r.path = dir + ":" + r.path
	}
}

// bare leaves nothing of weighlock on the PATH.
func (r *runner) bare() { r.path = "/usr/local/bin:/usr/bin:/bin" }

// model lays the small model out in a folder of the workspace, and changes it.
func (r *runner) model(folder string, change ...func(name, text string) string) {
	r.t.Helper()
	dir := r.at(filepath.Join("work", folder))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		r.t.Fatal(err)
	}
	for _, name := range []string{"weighlock.yaml", "model.json", "preds.csv", "test.csv"} {
		was := text(r.t, filepath.Join("../cmd/weighlock/testdata/small", name))
		for _, f := range change {
			was = f(name, was)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(was), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// strict asks for more than the model can do.
func strict(name, text string) string {
	if name != "weighlock.yaml" {
		return text
	}
	return strings.Replace(text, "recall: {min: 0.50}", "recall: {min: 0.99}", 1)
}

// observed only looks on.
func observed(name, text string) string {
	if name != "weighlock.yaml" {
		return text
	}
	return text + "mode: observe\n"
}

// undecidable asks for more rows than there are.
func undecidable(name, text string) string {
	if name != "weighlock.yaml" {
		return text
	}
	return strings.Replace(text, "min_rows: 30", "min_rows: 3000", 1)
}

func check(t *testing.T, got ran, status int, phrases ...string) {
	t.Helper()
	if got.status != status {
		t.Errorf("got status %d; want %d", got.status, status)
	}
	for _, p := range phrases {
		if !strings.Contains(got.log, p) {
			t.Errorf("the log does not say %q", p)
		}
	}
	if t.Failed() {
		t.Log(got.log)
	}
}

func script(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}
