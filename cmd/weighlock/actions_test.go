//go:build actions

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// These tests run the workflows of examples/workflows, as they are written,
// with act on this machine. `weighlock/weighlock@main` is the working tree,
// and the binary is built from it; uploads are played by testdata/actions.

// TestActionsLint lints the workflows with the actions that they use beside
// them, so that inputs and outputs are held against each action.yml.
func TestActionsLint(t *testing.T) {
	c := checkout(t)
	for _, file := range c.examples() {
		c.write(".github/workflows/"+filepath.Base(file), strings.NewReplacer("weighlock/weighlock/actions/", "./actions/", "@main", "").Replace(content(t, file)))
	}
	c.write(".github/workflows/caller.yml", content(t, "testdata/actions/caller.yml"))
	for _, name := range []string{"setup", "gate", "publish"} {
		c.write("actions/"+name+"/action.yml", content(t, "../../actions/"+name+"/action.yml"))
	}
	c.commit()
	lint := func() (string, error) {
		cmd := exec.Command(tool(t, "WEIGHLOCK_ACTIONLINT"), "-no-color")
		cmd.Dir = c.dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := lint(); err != nil {
		t.Fatalf("actionlint: %v\n%s", err, out)
	}
	c.edit(".github/workflows/pull-request.yml", "target: .", "tarjet: .")
	if out, err := lint(); err == nil || !strings.Contains(out, `input "tarjet" is not defined`) {
		t.Errorf("got %v, %q; want actionlint to find an input that the action does not have", err, out)
	}
}

// TestActionsPullRequest opens pull requests in a repository of several models.
func TestActionsPullRequest(t *testing.T) {
	enforce := func(c *checkedOut) { c.edit(".github/workflows/pull-request.yml", "mode: project", "mode: enforce") }
	observe := func(c *checkedOut) { c.append("models/small/weighlock.yaml", "mode: observe\n") }
	cases := []struct {
		name    string
		changes []func(*checkedOut)
		green   bool
		verdict string
		want    []string
	}{
		{"a good change", nil, true, "allow", []string{"::notice file=models/small/weighlock.yaml,line=1,title=ALLOWED::", "Summary - ## ✓ ALLOWED: small"}},
		{"a change that forgets the north", []func(*checkedOut){forgetNorth}, false, "deny", []string{"Summary - ## ✗ DENIED: small"}},
		{"the same, only observed", []func(*checkedOut){forgetNorth, observe}, true, "deny", []string{"would be DENIED"}},
		{"the same, where observing is not accepted", []func(*checkedOut){forgetNorth, observe, enforce}, false, "deny", []string{"this workflow enforces"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			repo := checkout(t)
			repo.copy("testdata/small", "models/small")
			repo.write(".github/workflows/pull-request.yml", content(t, "../../examples/workflows/pull-request.yml"))
			repo.edit(".github/workflows/pull-request.yml", "target: .", "target: models/small")
			repo.commit()
			for _, change := range c.changes {
				change(repo)
			}
			repo.commit()
			got := repo.act("pull_request")
			got.check(t, c.green, c.want...)
			got.check(t, c.green, "set-output:: verdict="+c.verdict+"\n", "set-output:: json=")
			if !regexp.MustCompile(`set-output:: digest=sha256:[0-9a-f]{64}\n`).MatchString(got.log) {
				t.Error("the log sets no digest")
			}
			if c.verdict == "deny" {
				repo.deniedNorth(got)
			}
			kept, err := filepath.Glob(filepath.Join(repo.store, "weighlock/*/weighlock.*"))
			if err != nil || len(kept) != 5 {
				t.Errorf("got uploads %v, %v; want the five reports", kept, err)
			}
		})
	}
}

// TestActionsReusable calls it, and sees its outputs in the next job.
func TestActionsReusable(t *testing.T) {
	for name, good := range map[string]bool{"a good change": true, "a change that forgets the north": false} {
		t.Run(name, func(t *testing.T) {
			repo := checkout(t)
			repo.copy("testdata/small", "models/small")
			repo.write(".github/workflows/reusable.yml", content(t, "../../examples/workflows/reusable.yml"))
			repo.write(".github/workflows/caller.yml", content(t, "testdata/actions/caller.yml"))
			if !good {
				forgetNorth(repo)
			}
			repo.commit()
			got := repo.act("push", "-W", ".github/workflows/caller.yml")
			got.check(t, good)
			if saw := strings.Contains(got.log, "the caller saw allow of sha256:"); saw != good {
				t.Errorf("the next job saw an allow: %v; want %v\n%s", saw, good, got.log)
			}
			if !good {
				repo.deniedNorth(got)
			}
		})
	}
}

// TestActionsRelease trains in one job and publishes from another, into a folder on
// disk, under the tag that was pushed.
func TestActionsRelease(t *testing.T) {
	const password = "correct horse"
	for name, good := range map[string]bool{"a good model": true, "a model that asks for too much": false} {
		t.Run(name, func(t *testing.T) {
			repo := checkout(t)
			repo.copy("testdata/small-release", ".")
			repo.write("Makefile", "train:\n\tcp trained.json model.json\n")
			repo.write(".github/workflows/release.yml", content(t, "../../examples/workflows/release.yml"))
			if !good {
				repo.edit("weighlock.yaml", "recall: {min: 0.50}", "recall: {min: 0.99}")
			}
			repo.commit()
			config := t.TempDir()
			in := func(name string) string { return content(t, filepath.Join(config, name)) }
			trusted := []string{"WEIGHLOCK_CONFIG=" + config, "WEIGHLOCK_PASSWORD=" + password}
			repo.run(trusted, "weighlock", "keygen", "--claimed-time")
			registry := "oci:" + filepath.Join(t.TempDir(), "small")
			repo.write("../event.json", `{"ref": "refs/tags/v1.0.0", "ref_name": "v1.0.0", "ref_type": "tag"}`)
			got := repo.act("push", "-e", "../event.json",
				"--var", "MODEL_REPOSITORY="+registry, "--var", "WEIGHLOCK_VERIFIER="+in("verifier.yaml"),
				"-s", "WEIGHLOCK_BUILDER_KEY="+in("weighlock.key"), "-s", "WEIGHLOCK_BUILDER_PASSWORD="+password,
				"-s", "WEIGHLOCK_GATE_KEY="+in("weighlock.key"), "-s", "WEIGHLOCK_GATE_PASSWORD="+password,
				"-s", "WEIGHLOCK_ID_KEY="+in("id.key"))
			if good {
				got.check(t, true, "set-output:: verdict=allow\n", "published "+registry+":v1.0.0")
				repo.run(trusted, "weighlock", "verify", registry+":v1.0.0")
				repo.run(trusted, "weighlock", "gate", registry+":v1.0.0")
			} else {
				got.check(t, false, "set-output:: verdict=deny\n", "not published: there is no tag v1.0.0", "recall{region=")
			}
			if strings.Contains(got.log, strings.Split(in("weighlock.key"), "\n")[1]) || strings.Contains(got.log, password) {
				t.Error("the log holds a secret")
			}
		})
	}
}

// forgetNorth makes the model miss most of the defaults of one region.
func forgetNorth(c *checkedOut) {
	north := map[string]bool{}
	for line := range strings.Lines(c.read("models/small/test.csv")) {
		if w := strings.Split(strings.TrimSpace(line), ","); w[1] == "north" && w[2] == "1" {
			north[w[0]] = len(north)%4 != 0
		}
	}
	var b strings.Builder
	for line := range strings.Lines(c.read("models/small/preds.csv")) {
		if id, _, _ := strings.Cut(line, ","); north[id] {
			line = id + ",0.100\n"
		}
		b.WriteString(line)
	}
	c.write("models/small/preds.csv", b.String())
}

// deniedNorth looks for the annotation on the line that holds the limit of the
// slices, and for the slice in the summary.
func (c *checkedOut) deniedNorth(got acted) {
	c.t.Helper()
	line := 1 + slices.IndexFunc(strings.Split(c.read("models/small/weighlock.yaml"), "\n"), func(l string) bool { return strings.Contains(l, "slices:") })
	annotated := regexp.MustCompile(`::error file=models/small/weighlock\.yaml,line=(\d+),col=\d+,title=FAIL evaluation/slices::recall\{region=north\}`).FindStringSubmatch(got.log)
	if annotated == nil || annotated[1] != strconv.Itoa(line) {
		c.t.Errorf("got annotation %q; want one on line %d of models/small/weighlock.yaml", annotated, line)
	}
	_, summary, _ := strings.Cut(got.log, "Summary - ")
	if !strings.Contains(summary, "| `recall{region=north}` |") {
		c.t.Error("the summary does not name the slice")
	}
	if c.t.Failed() {
		c.t.Log(got.log)
	}
}

// checkedOut is a repository on which workflows are run.
type checkedOut struct {
	t          *testing.T
	dir, store string
	env        []string
}

func checkout(t *testing.T) *checkedOut {
	t.Helper()
	root := t.TempDir()
	c := &checkedOut{t: t, dir: filepath.Join(root, "repository"), store: filepath.Join(root, "store")}
	// Steps on this machine inherit the environment; on a runner they would not.
	plain := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "WEIGHLOCK_") })
	c.env = append(plain, "HOME="+filepath.Join(root, "home"), "XDG_CACHE_HOME="+filepath.Join(root, "cache"), "NO_COLOR=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
	for _, dir := range []string{c.dir, c.store, filepath.Join(root, "home")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.run(nil, "git", "init", "-q", "-b", "main", ".")
	c.linger(filepath.Join(root, "tools"))
	return c
}

// linger puts a bash first on the PATH that stays a moment after a failure.
// act v0.2.89 closes the terminal of a step that fails without having read it
// to the end (pkg/container/host_environment.go, exec), so what a step says
// last, such as annotations, is lost in some runs.
func (c *checkedOut) linger(dir string) {
	c.t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		c.t.Fatal(err)
	}
	text := "#!/bin/sh\n" + bash + ` "$@" || { status=$?; sleep 1; exit "$status"; }` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "bash"), []byte(text), 0o755); err != nil {
		c.t.Fatal(err)
	}
	c.env = append(c.env, "PATH="+dir+":"+os.Getenv("PATH"))
}

func (c *checkedOut) examples() []string {
	files, err := filepath.Glob("../../examples/workflows/*.yml")
	if err != nil || len(files) != 3 {
		c.t.Fatalf("got workflows %v, %v; want three", files, err)
	}
	return files
}

func (c *checkedOut) read(path string) string { return content(c.t, filepath.Join(c.dir, path)) }

func (c *checkedOut) write(path, text string) {
	c.t.Helper()
	path = filepath.Join(c.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c *checkedOut) append(path, text string) { c.write(path, c.read(path)+text) }

func (c *checkedOut) edit(path, was, is string) {
	c.t.Helper()
	text := c.read(path)
	if !strings.Contains(text, was) {
		c.t.Fatalf("%s does not hold %q", path, was)
	}
	c.write(path, strings.Replace(text, was, is, 1))
}

func (c *checkedOut) copy(from, to string) {
	c.t.Helper()
	if err := os.CopyFS(filepath.Join(c.dir, to), os.DirFS(from)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *checkedOut) commit() {
	c.t.Helper()
	c.run(nil, "git", "add", "-A")
	c.run(nil, "git", "commit", "-q", "--allow-empty", "-m", "a change")
}

func (c *checkedOut) run(env []string, name string, args ...string) {
	c.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = c.dir, append(slices.Clone(c.env), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// acted is what a workflow run came to.
type acted struct {
	green bool
	log   string
}

// act runs the workflows for an event on this machine, with no container and
// nothing fetched but what go build may lack.
func (c *checkedOut) act(event string, args ...string) acted {
	c.t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		c.t.Fatal(err)
	}
	args = append([]string{
		event, "-P", "ubuntu-latest=-self-hosted", "--pull=false", "--no-cache-server", "--action-offline-mode",
		"--local-repository", "weighlock/weighlock@main=" + root,
		"--local-repository", "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02=" + filepath.Join(root, "cmd/weighlock/testdata/actions/upload"),
		"--local-repository", "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093=" + filepath.Join(root, "cmd/weighlock/testdata/actions/download"),
		"--env", "STORE=" + c.store,
	}, args...)
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			c.t.Fatal(err)
		}
		args = append(args, "--env", name+"="+strings.TrimSpace(string(out)))
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, tool(c.t, "WEIGHLOCK_ACT"), args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		c.t.Fatalf("act did not end\n%s", out)
	}
	return acted{err == nil, string(out)}
}

func (a acted) check(t *testing.T, green bool, phrases ...string) {
	t.Helper()
	if a.green != green {
		t.Errorf("the run is green: %v; want %v", a.green, green)
	}
	for _, p := range phrases {
		if !strings.Contains(a.log, p) {
			t.Errorf("the log does not say %q", p)
		}
	}
	if t.Failed() {
		t.Log(a.log)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tool is the path of a program that `make actions` installs.
func tool(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s does not name a program; use make actions", variable)
	}
	return path
}
