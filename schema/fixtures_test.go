package schema

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/google/go-cmp/cmp"
)

// fixtures lists the files of a document's folder valid or invalid.
func fixtures(t testing.TB, name, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", filepath.FromSlash(name), kind, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readFixture(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestFixtures shows each document whole, and each way to break it. An
// invalid fixture begins with the path that it breaks, and breaks no other.
func TestFixtures(t *testing.T) {
	for _, name := range Names() {
		valid, invalid := fixtures(t, name, "valid"), fixtures(t, name, "invalid")
		if len(valid) == 0 || len(invalid) < 3 {
			t.Errorf("%s: got %d valid and %d invalid fixtures; want at least 1 and 3", name, len(valid), len(invalid))
		}
		for _, file := range valid {
			if _, err := Decode(name, file, readFixture(t, file)); err != nil {
				t.Errorf("%s is refused:\n%v", file, err)
			}
		}
		for _, file := range invalid {
			text := readFixture(t, file)
			first, _, _ := strings.Cut(string(text), "\n")
			want, ok := strings.CutPrefix(first, "# breaks ")
			if !ok {
				t.Errorf("%s does not begin with # breaks PATH", file)
				continue
			}
			_, err := Decode(name, file, text)
			var found Errors
			if !errors.As(err, &found) {
				t.Errorf("%s: got %v; want Errors", file, err)
				continue
			}
			var paths []string
			for _, p := range found {
				paths = append(paths, p.Path)
				if p.File != file || p.Line < 1 || p.Col < 1 {
					t.Errorf("%s: no place in %+v", file, p)
				}
			}
			if diff := cmp.Diff([]string{want}, paths); diff != "" {
				t.Errorf("%s: paths (-want +got):\n%s%v", file, diff, err)
			}
		}
	}
}

// TestAgreesWithCUE holds the walk in Go against CUE's own evaluator: on all
// fixtures, and on every document that comes of putting another value in the
// place of one node, or none: each node gets the next of them in turn.
func TestAgreesWithCUE(t *testing.T) {
	others := []*node{
		{kind: cue.NullKind}, {kind: cue.BoolKind, text: "true"}, {kind: cue.NumberKind, text: "-1"}, {kind: cue.NumberKind, text: "0.5"},
		{kind: cue.NumberKind, text: "7"}, {kind: cue.StringKind, text: ""}, {kind: cue.StringKind, text: "x*y"}, {kind: cue.ListKind}, {kind: cue.StructKind},
	}
	for _, name := range Names() {
		ctx := cuecontext.New()
		dir, definition, err := locate(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := newLoader(FS).definition(ctx, dir, definition)
		if err != nil {
			t.Fatal(err)
		}
		f, err := shared().form(name)
		if err != nil {
			t.Fatal(err)
		}
		agree := func(root *node, what string) {
			got := f.valid(root)
			v := d.Unify(ctx.CompileBytes(root.encode(nil)))
			if want := v.Validate(cue.Concrete(true), cue.Final()); got != (want == nil) {
				t.Errorf("%s, %s: got valid %v; CUE says %v", name, what, got, want)
			}
		}
		for _, file := range slices.Concat(fixtures(t, name, "valid"), fixtures(t, name, "invalid")) {
			root, found := read([]File{{file, readFixture(t, file)}})
			if len(found) > 0 {
				t.Fatal(found)
			}
			agree(root, file)
		}
		root, _ := read([]File{{"whole.yaml", readFixture(t, fixtures(t, name, "valid")[0])}})
		turn := 0
		each(root, "", func(path string, parent *node, i int) {
			kept := slices.Clone(parent.items)
			was := parent.items[i]
			if turn++; turn%4 == 0 {
				parent.items = slices.Delete(slices.Clone(kept), i, i+1)
				agree(root, "without "+path)
			} else {
				other := *others[turn%len(others)]
				other.key = was.key
				parent.items[i] = &other
				agree(root, path+" as "+other.say())
			}
			parent.items = kept
			parent.items[i] = was
		})
	}
}

// each visits every node below n, with its parent and index.
func each(n *node, path string, visit func(path string, parent *node, i int)) {
	for i, c := range n.items {
		at := join(path, c.key)
		each(c, at, visit)
		visit(at, n, i)
	}
}
