package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// blocks are the README's shell blocks: those that are indented, as commands
// are there, and those fenced as sh, bash or console.
func blocks(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var block []string
	fence := ""
	end := func() {
		if len(block) > 0 {
			out = append(out, strings.Join(block, "\n")+"\n")
		}
		block = nil
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```") && fence != "":
			fence = ""
			end()
		case strings.HasPrefix(line, "```"):
			end()
			if fence = strings.TrimPrefix(line, "```"); fence == "" {
				fence = "text"
			}
		case fence == "sh" || fence == "bash" || fence == "console":
			block = append(block, strings.TrimPrefix(line, "$ "))
		case fence == "" && strings.HasPrefix(line, "    "):
			block = append(block, line[4:])
		case fence == "":
			end()
		}
	}
	end()
	return out
}

// TestReadmeFirstMinute types the README's first minute, as it stands there,
// beside the breast-cancer example's files: three commands, and a verdict.
func TestReadmeFirstMinute(t *testing.T) {
	i := slices.IndexFunc(blocks(t), func(b string) bool { return strings.Contains(b, "weighlock init model.joblib preds.csv\n") })
	if i < 0 {
		t.Fatal("README.md has no block with: weighlock init model.joblib preds.csv")
	}
	block := blocks(t)[i]
	if n := strings.Count(block, "\nweighlock "); n > 3 {
		t.Errorf("the first minute takes %d commands of weighlock:\n%s", n, block)
	}
	dir := t.TempDir()
	// The program is this test's own; the Makefile's target must be there.
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^build:`).Match(makefile) {
		t.Error("the Makefile has no target build")
	}
	if err := os.Mkdir(filepath.Join(dir, "my-model"), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "Makefile"), []byte("build:\n\t@:\n"))
	for _, name := range []string{"model.joblib", "preds.csv"} {
		text, err := os.ReadFile(filepath.Join("../../examples/breast-cancer", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "my-model", name), text)
	}
	c := exec.CommandContext(t.Context(), "sh", "-e", "-c", block)
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir, "WEIGHLOCK_CONFIG="+filepath.Join(dir, "config"), "NO_COLOR=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"ALLOWED  my-model  at level start", "roc_auc", "0.9825 [0.9689, 0.9961] n=200 (delong)"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the first minute does not end in %q:\n%s", want, out)
		}
	}
}

var (
	inline = regexp.MustCompile("`(weighlock [^`]+)`")
	flags  = regexp.MustCompile(`(?:^|\s)(--[a-z][a-z-]*)`)
	word   = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// TestReadmeCommands asks the program about every command that the README
// names, in a block or in a sentence: it must be there, with these flags.
func TestReadmeCommands(t *testing.T) {
	var lines []string
	for _, b := range blocks(t) {
		for line := range strings.Lines(b) {
			line, _, _ = strings.Cut(line, "  #")
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "weighlock ") {
				lines = append(lines, line)
			}
		}
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range inline.FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, strings.Join(strings.Fields(m[1]), " "))
	}
	if len(lines) < 8 {
		t.Fatalf("README.md names %d commands; something is wrong with how they are read", len(lines))
	}
	helps := map[string]string{}
	for _, line := range lines {
		ours, _, _ := strings.Cut(line+" ", " -- ") // what follows is another program's
		help := helpOf(t, helps, strings.Fields(ours)[1:])
		for _, m := range flags.FindAllStringSubmatch(ours, -1) {
			if m[1] != "--help" && !regexp.MustCompile(regexp.QuoteMeta(m[1])+`\b`).MatchString(help) {
				t.Errorf("README.md says %q, and the command has no flag %s", line, m[1])
			}
		}
	}
}

// helpOf is the help of the command that words begin with: a command alone,
// or one with its subcommand.
func helpOf(t *testing.T, known map[string]string, words []string) string {
	t.Helper()
	if words[0] == "--help" {
		return ""
	}
	path := words[:1]
	if len(words) > 1 && word.MatchString(words[1]) && (words[0] == "hook" || words[0] == "completion" || words[0] == "help") {
		path = words[:2]
	}
	name := strings.Join(path, " ")
	if help, ok := known[name]; ok {
		return help
	}
	ask, say := append(slices.Clone(path), "--help"), "weighlock "+name
	if len(path) == 2 && path[0] == "help" { // a topic says nothing of itself
		ask, say = path, ""
	}
	out, err := exec.CommandContext(t.Context(), "weighlock", ask...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), say) {
		t.Errorf("README.md names the command %q, which the program does not know: %v", "weighlock "+name, err)
	}
	known[name] = string(out)
	return known[name]
}
