package prepush

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/artifact"
)

// TestWhatGitSaysIsNotUnderstood shows a repository and object names that
// make git answer more lines than it was asked for.
func TestWhatGitSaysIsNotUnderstood(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "a\nb")
	if err := os.Mkdir(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	odd := &checkout{t, parent}
	odd.git("init", "-q")
	answer := fmt.Sprintf("false\n%s/.git\n%s\n", parent, parent)
	plain := newCheckout(t)
	plain.commit("m/weighlock.yaml", "x")
	tests := map[string]struct {
		dir     string
		updates []Update
		want    string
	}{
		"a line break in the repository's name": {
			parent, []Update{push(one, "")},
			fmt.Sprintf("git: it does not say where the repository is, but %q\nhint: rename a folder that has a line break in its name, or update git", answer),
		},
		"a line break in an object's name": {
			plain.dir, []Update{{Local: "HEAD\nHEAD"}},
			"git: asked for 3 objects, it answered for 6\nhint: an object name with a line break in it is none; look at what runs the hook",
		},
		"an object that is not there": {
			plain.dir, []Update{push(one, "")},
			"git: the pushed object " + one + " is not in this repository\nhint: push from the repository that holds it",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			models, err := Run(t.Context(), unasked(t), Options{Dir: test.dir, Updates: test.updates})
			if !errors.Is(err, ErrGit) || err.Error() != test.want {
				t.Errorf("got %v, %v; want %s", models, err, test.want)
			}
		})
	}
}

// TestEntriesThatCountAsNone says why each is none; a run only judges anew.
func TestEntriesThatCountAsNone(t *testing.T) {
	whole := entry{
		Format: entryFormat, Dir: "/m", Key: deps().Key, Kept: Kept{Name: "m", Image: "sha256:" + long},
		Basis: basis{Files: []stamp{{Path: "a"}}, Folders: []listing{{".", "x"}}},
	}
	with := func(spoil func(*entry), more string) string {
		e := whole
		spoil(&e)
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		body = append(body, more...)
		return artifact.Digest(body) + "\n" + string(body)
	}
	same := func(*entry) {}
	tests := map[string]struct{ text, want string }{
		"whole":              {with(same, "\n"), ""},
		"empty":              {"", "the cache entry is not whole"},
		"cut":                {with(same, "")[:200], "the cache entry is not whole"},
		"a bit flipped":      {strings.Replace(with(same, ""), `"/m"`, `"/n"`, 1), "the cache entry is not whole"},
		"two of them":        {with(same, "{}"), "something follows the cache entry"},
		"of a later form":    {with(func(e *entry) { e.Format++ }, ""), "the cache entry has format 2, not 1"},
		"without files":      {with(func(e *entry) { e.Basis.Files = nil }, ""), "the cache entry rests on nothing"},
		"without a model":    {with(func(e *entry) { e.Kept.Name = "" }, ""), "the cache entry rests on nothing"},
		"of an image by tag": {with(func(e *entry) { e.Kept.Image = "latest" }, ""), "the cache entry rests on nothing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseEntry([]byte(test.text))
			said := ""
			if err != nil {
				said = err.Error()
			}
			if said != test.want || (got == nil) != (test.want != "") {
				t.Errorf("got %v, %q; want %q", got, said, test.want)
			}
		})
	}
}

// TestAVerdictOnTooManyFilesIsNotKept shows that it is given all the same,
// and that the person hears why it is given again at each push.
func TestAVerdictOnTooManyFilesIsNotKept(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.commit()
	c.write("m/.weighlock/more/first", "")
	for i := range maxBasis {
		if err := os.Link(filepath.Join(c.dir, "m/.weighlock/more/first"), filepath.Join(c.dir, fmt.Sprintf("m/.weighlock/more/%05d", i))); err != nil {
			t.Fatal(err)
		}
	}
	models := c.run(deps())
	expect(t, models, "m: allow")
	if want := "it rests on more than 20000 files"; models[0].Unkept == nil || models[0].Unkept.Error() != want {
		t.Errorf("got %v; want %s", models[0].Unkept, want)
	}
}
