package prepush

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/project"
)

// checkout is a real git repository in a folder of the test's own.
type checkout struct {
	t   testing.TB
	dir string
}

func newCheckout(t testing.TB, options ...string) *checkout {
	t.Helper()
	c := &checkout{t, t.TempDir()}
	c.git(append([]string{"init", "-q", "-b", "main"}, options...)...)
	return c
}

// environ is git's, away from the configuration of whoever runs the test, and
// without the upkeep that a commit leaves running behind it.
func environ() []string {
	return append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") }),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=maintenance.auto", "GIT_CONFIG_VALUE_0=false",
	)
}

func (c *checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = c.dir, environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// write puts text into a file, and commits everything where text is none.
func (c *checkout) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// commit writes files, given as name, text, name, text, and commits all.
func (c *checkout) commit(files ...string) string {
	c.t.Helper()
	for i := 0; i < len(files); i += 2 {
		c.write(files[i], files[i+1])
	}
	c.git("add", "-A")
	c.git("commit", "-q", "--allow-empty", "-m", "c")
	return c.git("rev-parse", "HEAD")
}

func (c *checkout) changed(remote string, updates ...Update) ([]string, error) {
	c.t.Helper()
	r, err := OpenRepository(c.t.Context(), c.dir, environ())
	if err != nil {
		return nil, err
	}
	folders, err := r.changed(c.t.Context(), remote, updates)
	var dirs []string
	for _, f := range folders {
		dirs = append(dirs, f.dir)
	}
	return dirs, err
}

func push(local, remote string) Update {
	if remote == "" {
		remote = strings.Repeat("0", len(local))
	}
	return Update{"refs/heads/main", local, "refs/heads/main", remote}
}

func TestChanged(t *testing.T) {
	tests := map[string]struct {
		want []string
		make func(c *checkout, base string) []Update
	}{
		"one model of two": {[]string{"m/a"}, func(c *checkout, base string) []Update {
			return []Update{push(c.commit("m/a/preds.csv", "2"), base)}
		}},
		"no model": {nil, func(c *checkout, base string) []Update {
			return []Update{push(c.commit("README", "2", "m/readme", "m/a is nearby"), base)}
		}},
		"a folder whose name begins alike": {nil, func(c *checkout, base string) []Update {
			return []Update{push(c.commit("m/ab/preds.csv", "2"), base)}
		}},
		"a new model": {[]string{"new model"}, func(c *checkout, base string) []Update {
			return []Update{push(c.commit("new model/weighlock.cue", "x"), base)}
		}},
		"a deleted model is no error": {nil, func(c *checkout, base string) []Update {
			c.git("rm", "-rq", "m/a")
			return []Update{push(c.commit(), base)}
		}},
		"a model that lost its project file": {nil, func(c *checkout, base string) []Update {
			c.git("rm", "-q", "m/a/weighlock.yaml")
			return []Update{push(c.commit(), base)}
		}},
		"a moved model": {[]string{"m/c"}, func(c *checkout, base string) []Update {
			c.git("mv", "m/a", "m/c")
			return []Update{push(c.commit(), base)}
		}},
		"changed and changed back": {nil, func(c *checkout, base string) []Update {
			c.commit("m/a/preds.csv", "2")
			return []Update{push(c.commit("m/a/preds.csv", "1"), base)}
		}},
		"several refs": {[]string{"m/a", "m/b"}, func(c *checkout, base string) []Update {
			first := c.commit("m/a/preds.csv", "2")
			c.git("checkout", "-q", "-b", "other", base)
			return []Update{push(first, base), {"refs/heads/other", c.commit("m/b/preds.csv", "2"), "refs/heads/other", none}}
		}},
		"a deletion": {nil, func(_ *checkout, base string) []Update {
			return []Update{{"(delete)", none, "refs/heads/main", base}}
		}},
		"a new branch on what the remote has": {[]string{"m/a"}, func(c *checkout, base string) []Update {
			c.git("update-ref", "refs/remotes/origin/main", base)
			return []Update{push(c.commit("m/a/preds.csv", "2"), "")}
		}},
		"a new branch without new commits": {nil, func(c *checkout, base string) []Update {
			c.git("update-ref", "refs/remotes/origin/main", base)
			return []Update{push(base, "")}
		}},
		"a new branch that merged what the remote has": {[]string{"m/a"}, func(c *checkout, base string) []Update {
			c.git("checkout", "-q", "-b", "upstream")
			c.git("update-ref", "refs/remotes/origin/main", c.commit("m/b/preds.csv", "2"))
			c.git("checkout", "-q", "-b", "feature", base)
			c.commit("m/a/preds.csv", "2")
			c.git("merge", "-q", "--no-edit", "upstream")
			return []Update{push(c.git("rev-parse", "HEAD"), "")}
		}},
		"a first push": {[]string{"m/a", "m/b"}, func(_ *checkout, base string) []Update {
			return []Update{push(base, "")}
		}},
		"a remote that is ahead of what is known here": {[]string{"m/a"}, func(c *checkout, base string) []Update {
			c.git("update-ref", "refs/remotes/origin/main", base)
			return []Update{push(c.commit("m/a/preds.csv", "2"), two)}
		}},
		"a remote that is ahead, and was never seen": {[]string{"m/a", "m/b"}, func(c *checkout, _ string) []Update {
			return []Update{push(c.commit("m/a/preds.csv", "2"), two)}
		}},
		"a forced push": {[]string{"m/a", "m/b"}, func(c *checkout, base string) []Update {
			was := c.commit("m/a/preds.csv", "2")
			c.git("reset", "-q", "--hard", base)
			return []Update{push(c.commit("m/b/preds.csv", "2"), was)}
		}},
		"a history of its own": {[]string{"m/z"}, func(c *checkout, base string) []Update {
			c.git("update-ref", "refs/remotes/origin/main", base)
			c.git("checkout", "-q", "--orphan", "root")
			c.git("rm", "-rqf", ".")
			return []Update{push(c.commit("m/z/weighlock.json", "{}"), "")}
		}},
		"a tag with a message": {[]string{"m/a"}, func(c *checkout, base string) []Update {
			c.git("update-ref", "refs/remotes/origin/main", base)
			c.commit("m/a/preds.csv", "2")
			c.git("tag", "-m", "one", "v1")
			return []Update{{"refs/tags/v1", c.git("rev-parse", "v1"), "refs/tags/v1", none}}
		}},
		"a tag on a tree": {[]string{"m/a", "m/b"}, func(c *checkout, base string) []Update {
			return []Update{{"refs/tags/t", c.git("rev-parse", base+"^{tree}"), "refs/tags/t", none}}
		}},
		"a tag on a file": {nil, func(c *checkout, base string) []Update {
			return []Update{{"refs/tags/t", c.git("rev-parse", base+":README"), "refs/tags/t", none}}
		}},
		"a name that git would quote": {[]string{"m/ä\tö"}, func(c *checkout, base string) []Update {
			return []Update{push(c.commit("m/ä\tö/weighlock.yaml", "x"), base)}
		}},
		"a model at the top": {[]string{".", "m/a", "m/b"}, func(c *checkout, base string) []Update {
			return []Update{push(c.commit("weighlock.yaml", "x", "m/a/x", "1", "m/b/x", "1"), base)}
		}},
		"a model inside another's folder": {[]string{"m/a", "m/a/inner"}, func(c *checkout, _ string) []Update {
			base := c.commit("m/a/inner/weighlock.yaml", "x")
			return []Update{push(c.commit("m/a/inner/preds.csv", "2"), base)}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			base := c.commit("README", "1", "m/a/weighlock.yaml", "x", "m/a/preds.csv", "1", "m/b/weighlock.yaml", "x", "m/b/preds.csv", "1", "m/ab/preds.csv", "1")
			got, err := c.changed("origin", test.make(c, base)...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("changed models (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChangedInASHA256Repository(t *testing.T) {
	c := newCheckout(t, "--object-format=sha256")
	base := c.commit("m/a/weighlock.yaml", "x", "m/b/weighlock.yaml", "x")
	tip := c.commit("m/b/preds.csv", "2")
	if len(tip) != 64 {
		t.Fatalf("%s is no SHA-256 name", tip)
	}
	for remote, want := range map[string][]string{base: {"m/b"}, "": {"m/a", "m/b"}} {
		got, err := c.changed("origin", push(tip, remote))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("changed models (-want +got):\n%s", diff)
		}
	}
}

func TestAnAddressHasNoRefsHere(t *testing.T) {
	c := newCheckout(t)
	base := c.commit("m/a/weighlock.yaml", "x", "m/b/weighlock.yaml", "x")
	c.git("update-ref", "refs/remotes/origin/main", base)
	got, err := c.changed("https://example.com/*", push(c.commit("m/a/x", "1"), ""))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"m/a", "m/b"}, got); diff != "" {
		t.Errorf("changed models (-want +got):\n%s", diff)
	}
}

// TestProjectFileNames holds the names against the package that reads them.
func TestProjectFileNames(t *testing.T) {
	_, err := project.Load(t.TempDir())
	if err == nil {
		t.Fatal("an empty folder is a project")
	}
	if want := "looked for " + strings.Join(project.FileNames(), ", "); !strings.Contains(err.Error(), want) {
		t.Errorf("got %v; want it to say %q", err, want)
	}
}
