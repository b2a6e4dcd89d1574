package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weighlock/weighlock/internal/cli"
	"github.com/weighlock/weighlock/internal/tsa"
)

// TestMain lets scripts run this very program as `weighlock`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weighlock": func() { os.Exit(program()) }})
}

// program is weighlock with a clock that a script can set, or shift by a
// duration so that the stories also pass in other years. It tells its process
// id to whoever may want to interrupt it, and may become an ordinary user.
func program() int {
	env := cli.OS()
	if pid := os.Getenv("TEST_PID"); pid != "" {
		// Where there is no room for it, nobody will interrupt the program.
		_ = os.WriteFile(pid, []byte(strconv.Itoa(os.Getpid())), 0o666)
	}
	if user, err := strconv.Atoi(os.Getenv("TEST_USER")); err == nil {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(user), syscall.Setuid(user)); err != nil {
			panic(err)
		}
	}
	if clock := os.Getenv("TEST_CLOCK"); clock != "" {
		at, err := time.Parse(time.RFC3339, clock)
		if err != nil {
			panic(err)
		}
		env.Now = func() time.Time { return at }
	}
	if shift := os.Getenv("TEST_CLOCK_SHIFT"); shift != "" {
		by, err := time.ParseDuration(shift)
		if err != nil {
			panic(err)
		}
		env.Now = func() time.Time { return time.Now().Add(by) }
	}
	ctx, stop := cli.Signals(context.Background())
	defer stop()
	return cli.Run(ctx, env, os.Args[1:])
}

// TestScripts runs the stories in testdata/script: one file, one behaviour,
// with exact exit statuses. Read them to learn the tool.
func TestScripts(t *testing.T) { runScripts(t, "", "testdata/script/*.txtar") }

// TestStoryTwoYearsAhead tells the whole story with the clock of the program
// and of the timestamp authority two years ahead: nothing in it may expire.
func TestStoryTwoYearsAhead(t *testing.T) {
	runScripts(t, "17520h", "testdata/script/story.txtar")
}

func runScripts(t *testing.T, shift, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts match %s: %v", pattern, err)
	}
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup:               func(e *testscript.Env) error { return setup(e, shift) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":     exit,
			"tsa":      startTSA,
			"registry": startRegistry,
			"copytree": copyTree,
			"edit":     edit,
			"credit":   credit,
			"release":  release,
			"ordinary": ordinary,
			"trap":     setTrap,
			"clock":    setClock,
			"antedate": antedate,
			"parquet":  toParquet,
			"truncate": truncate,
		},
	})
}

// setup gives each script a home of its own, its own keys, and Go's caches.
func setup(e *testscript.Env, shift string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
	e.Setenv("WEIGHLOCK_CONFIG", filepath.Join(e.WorkDir, "config"))
	e.Setenv("WEIGHLOCK_PASSWORD", "correct horse")
	e.Setenv("NO_COLOR", "1")
	e.Setenv("ROOT", root)
	e.Setenv("EXAMPLES", filepath.Join(root, "examples"))
	e.Setenv("TEST_CLOCK_SHIFT", shift)
	e.Setenv("COSIGN", os.Getenv("WEIGHLOCK_COSIGN"))
	pid := filepath.Join(e.WorkDir, ".pid")
	e.Setenv("TEST_PID", pid)
	e.Values[settingKey{}] = &setting{pid: pid, traps: map[string]int{}}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "GOROOT", "GOPROXY"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return err
		}
		e.Setenv(name, strings.TrimSpace(string(out)))
	}
	e.Setenv("GIT_AUTHOR_NAME", "test")
	e.Setenv("GIT_AUTHOR_EMAIL", "test@example.com")
	e.Setenv("GIT_COMMITTER_NAME", "test")
	e.Setenv("GIT_COMMITTER_EMAIL", "test@example.com")
	return nil
}

// exit N PROGRAM ARGS: run it, and fail unless it ends with status N. Output
// can be matched by stdout and stderr.
func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit STATUS PROGRAM [ARGS...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// startTSA: tsa [SHIFT] serves a timestamp authority, sets WEIGHLOCK_TSA, and
// writes its certificates to $WORK/tsa.pem.
func startTSA(ts *testscript.TestScript, _ bool, args []string) {
	var by time.Duration
	shift := ts.Getenv("TEST_CLOCK_SHIFT")
	if len(args) > 0 {
		shift = args[0]
	}
	if shift != "" {
		var err error
		by, err = time.ParseDuration(shift)
		ts.Check(err)
	}
	s := settingOf(ts)
	authority, err := tsa.New(func() time.Time { return s.now(by) })
	ts.Check(err)
	server := httptest.NewServer(s.trapped("tsa", authority))
	ts.Defer(server.Close)
	ts.Setenv("WEIGHLOCK_TSA", server.URL)
	ts.Check(os.WriteFile(ts.MkAbs("tsa.pem"), authority.CertificatesPEM(), 0o644))
	ts.Setenv("TSA_CHAIN", ts.MkAbs("tsa.pem"))
}

// startRegistry serves an empty registry with the referrers API and sets
// REGISTRY to its host and port.
func startRegistry(ts *testscript.TestScript, _ bool, _ []string) {
	store := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(settingOf(ts).trapped("registry", store))
	ts.Defer(server.Close)
	ts.Setenv("REGISTRY", strings.TrimPrefix(server.URL, "http://"))
}

// copyTree: copytree FROM TO copies a folder of regular files.
func copyTree(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: copytree FROM TO")
	}
	from, to := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	ts.Check(filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o644)
	}))
}

// edit: edit FILE WAS IS replaces text that must be there.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: edit FILE WAS IS")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	if !strings.Contains(string(b), args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(string(b), args[1], args[2])), 0o644))
}

// credit: credit DIR lays out the credit-default example with its generated
// data in a folder that is a Go module and a git checkout of its own.
func credit(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: credit DIR")
	}
	copyTree(ts, false, []string{filepath.Join(ts.Getenv("EXAMPLES"), "credit-default"), args[0]})
	dir := ts.MkAbs(args[0])
	tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	ts.Check(err)
	for _, name := range tests {
		ts.Check(os.Remove(name))
	}
	ts.Check(os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/credit-default\n\ngo 1.26\n"), 0o644))
	for _, line := range []string{"go run ./generate", "git init -q", "git add -A", "git commit -q -m first"} {
		words := strings.Fields(line)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com", "HOME="+ts.Getenv("HOME"))
		if out, err := cmd.CombinedOutput(); err != nil {
			ts.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
}
