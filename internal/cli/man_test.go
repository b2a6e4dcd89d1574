package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wrote runs weighlock man into a new folder and gives the pages by name.
func wrote(t *testing.T, environ map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	var out, said bytes.Buffer
	env := Env{Out: &out, Err: &said, Now: time.Now, Getenv: func(name string) string { return environ[name] }}
	if status := Run(t.Context(), env, []string{"man", dir}); status != 0 {
		t.Fatalf("ended with %d: %s", status, said.String())
	}
	pages := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pages[e.Name()] = string(text)
	}
	return pages
}

func TestManHasAPageForEveryCommandAndTopic(t *testing.T) {
	pages := wrote(t, map[string]string{"SOURCE_DATE_EPOCH": "1767225600"})
	var got []string
	for name, text := range pages {
		got = append(got, name)
		if !strings.HasPrefix(text, ".nh\n.TH ") && !strings.HasPrefix(text, ".TH ") {
			t.Errorf("%s begins with %q", name, text[:min(40, len(text))])
		}
		if !strings.Contains(text, "Jan 2026") {
			t.Errorf("%s does not carry the date of SOURCE_DATE_EPOCH", name)
		}
		if m := regexp.MustCompile(`(?m)^[.'][^A-Za-z\\].*`).FindString(text); m != "" {
			t.Errorf("%s: %q would be read as a request", name, m)
		}
	}
	want := []string{"weighlock.1"}
	for _, c := range (&app{}).root().Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			want = append(want, "weighlock-"+c.Name()+".1")
			for _, below := range c.Commands() {
				want = append(want, "weighlock-"+c.Name()+"-"+below.Name()+".1")
			}
		}
	}
	for _, topic := range topics() {
		want = append(want, "weighlock-"+topic.name+".7")
	}
	want = append(want, "weighlock-completion.1", "weighlock-completion-bash.1", "weighlock-completion-zsh.1", "weighlock-completion-fish.1", "weighlock-completion-powershell.1")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(pages, wrote(t, map[string]string{"SOURCE_DATE_EPOCH": "1767225600"})); diff != "" {
		t.Errorf("the second time it is otherwise (-first +second):\n%s", diff)
	}
}

func TestRoffIsOnlyText(t *testing.T) {
	for line, want := range map[string]string{
		".so /etc/passwd": `\&.so /etc/passwd`,
		"'br":             `\(aqbr`,
		`a\nb`:            `a\enb`,
		"--json `x`":      `\-\-json \(gax\(ga`,
	} {
		if got := roff(line); got != want {
			t.Errorf("%s: got %s; want %s", line, got, want)
		}
	}
}
