package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// examined runs doctor in a folder, with an environment of its own, and gives
// its findings by name.
func examined(t *testing.T, dir string, environ map[string]string, args ...string) (map[string]finding, int) {
	t.Helper()
	var out, said bytes.Buffer
	env := Env{
		In: strings.NewReader(""), Out: &out, Err: &said, Now: time.Now,
		Getenv: func(name string) string { return environ[name] }, Environ: []string{},
	}
	status := Run(t.Context(), env, append([]string{"doctor", "--dir", dir, "--json", "all"}, args...))
	var list []finding
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), said.String())
	}
	found := map[string]finding{}
	for _, f := range list {
		if _, twice := found[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		found[f.Name] = f
	}
	return found, status
}

func TestDoctorWithoutGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	found, status := examined(t, t.TempDir(), nil)
	want := finding{
		Name: "git", Status: "fail", Fix: "sudo apt-get install git",
		Message: `git cannot be run, and run and the hook need it: exec: "git": executable file not found in $PATH`,
	}
	if diff := cmp.Diff(want, found["git"]); diff != "" || status != 1 {
		t.Errorf("status %d, finding (-want +got):\n%s", status, diff)
	}
	if found["hook"].Status != "skip" {
		t.Errorf("hook: got %v; want skip", found["hook"])
	}
}

// TestDoctorSaysWhatRepairs shows that every failure comes with something to
// do, whatever is the matter.
func TestDoctorSaysWhatRepairs(t *testing.T) {
	write := func(dir, name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := map[string]struct {
		ill  []string
		make func(dir string) map[string]string
	}{
		"a key that is none": {[]string{"password"}, func(dir string) map[string]string {
			return map[string]string{"WEIGHLOCK_KEY": write(dir, "k", "no key")}
		}},
		"a key of another kind": {[]string{"password"}, func(dir string) map[string]string {
			return map[string]string{"WEIGHLOCK_KEY": write(dir, "k", "-----BEGIN X-----\nAA==\n-----END X-----\n")}
		}},
		"a key that is a folder":      {[]string{"key", "password"}, func(dir string) map[string]string { return map[string]string{"WEIGHLOCK_KEY": dir} }},
		"an id key that is not there": {[]string{"id-key"}, func(dir string) map[string]string { return map[string]string{"WEIGHLOCK_ID_KEY": dir + "/id"} }},
		"an id key that is a folder":  {[]string{"id-key"}, func(dir string) map[string]string { return map[string]string{"WEIGHLOCK_ID_KEY": dir} }},
		"a verifier file without sense": {[]string{"verifier"}, func(dir string) map[string]string {
			return map[string]string{"WEIGHLOCK_VERIFIER": write(dir, "v.yaml", "[]")}
		}},
		"a verifier file that is a folder": {[]string{"verifier"}, func(dir string) map[string]string { return map[string]string{"WEIGHLOCK_VERIFIER": dir} }},
		"a project file without sense":     {[]string{"project"}, func(dir string) map[string]string { write(dir, "weighlock.yaml", "x: 1"); return nil }},
		"two project files": {[]string{"project"}, func(dir string) map[string]string {
			write(dir, "weighlock.yaml", "")
			write(dir, "weighlock.json", "")
			return nil
		}},
		"an authority without address": {[]string{"timestamp"}, func(string) map[string]string { return map[string]string{"WEIGHLOCK_TSA": "nowhere"} }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir, elsewhere := t.TempDir(), t.TempDir()
			if strings.Contains(name, "project") {
				elsewhere = dir
			}
			found, status := examined(t, dir, tt.make(elsewhere))
			var ill []string
			for _, f := range found {
				if f.Status != "fail" {
					continue
				}
				ill = append(ill, f.Name)
				if f.Fix == "" || f.Message == "" {
					t.Errorf("%s: message %q, fix %q", f.Name, f.Message, f.Fix)
				}
			}
			slices.Sort(ill)
			if diff := cmp.Diff(tt.ill, ill); diff != "" || status == 0 {
				t.Errorf("status %d, failures (-want +got):\n%s", status, diff)
			}
		})
	}
}

func TestShellWords(t *testing.T) {
	for word, want := range map[string]string{
		"a/b-c_1.yaml": "a/b-c_1.yaml", "": "''", "my key": "'my key'", "it's": `'it'\''s'`, "$(x)": "'$(x)'",
	} {
		if got := shell(word); got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
}
