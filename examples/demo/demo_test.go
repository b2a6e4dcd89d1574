package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDemo tells the story as `make demo` does: each command must end with the
// status that the story says, whatever the environment holds. What the README
// shows as real output must be in it.
func TestDemo(t *testing.T) {
	t.Setenv("WEIGHLOCK_VERIFIER", "")
	t.Setenv("WEIGHLOCK_KEY", "of-somebody-else.key")
	// Bars are drawn as the README shows them.
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	t.Setenv("LC_ALL", "C.UTF-8")
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin", "weighlock")
	build := exec.Command("go", "build", "-o", bin, "../../cmd/weighlock")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building weighlock: %v\n%s", err, out)
	}
	told := printed(t, func() error { return tell(bin, "..", filepath.Join(dir, "out")) })

	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(told) {
		lines[steady(line)] = true
	}
	blocks := regexp.MustCompile("(?s)```\n((?:ALLOWED|DENIED) .*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 2 {
		t.Fatalf("the README shows %d verdicts; want an allowed and a denied one", len(blocks))
	}
	for _, block := range blocks {
		for line := range strings.Lines(string(block[1])) {
			if !lines[steady(line)] {
				t.Errorf("the README shows what the demo does not: %s", line)
			}
		}
	}
}

// printed is what a function writes to standard output.
func printed(t *testing.T, f func() error) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	err = f()
	os.Stdout = stdout
	text, read := os.ReadFile(file.Name())
	if err != nil || read != nil {
		t.Fatalf("%v %v\n%s", err, read, text)
	}
	return string(text)
}

// steady is a line without what differs from run to run: digests and times.
func steady(line string) string {
	line = regexp.MustCompile(`[0-9a-f]{12,64}`).ReplaceAllString(strings.TrimRight(line, " \n"), "…")
	return regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:]+Z`).ReplaceAllString(line, "…")
}
