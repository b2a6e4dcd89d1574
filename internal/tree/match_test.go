package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatchedFiles(t *testing.T) {
	dir := write(t, map[string][]byte{
		"test/part-2.csv": nil, "test/part-10.csv": nil, "test/part-a.parquet": nil, "test/other.csv": nil, "test/README": nil,
		"days/mon/a.csv": nil, "days/tue/a.csv": nil, "days/tue/b.csv": nil, "days/log": nil, "days/wed/c.csv": nil,
		"a*b.csv": nil, "axb.csv": nil, "[1].csv": nil, "odd[dir]/x.csv": nil,
	})
	if err := os.Symlink("part-2.csv", filepath.Join(dir, "test/part-9.csv")); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"test/part-*.csv":      "test/part-10.csv test/part-2.csv test/part-9.csv",
		"test/part-?.*":        "test/part-2.csv test/part-9.csv test/part-a.parquet",
		"days/*/a.csv":         "days/mon/a.csv days/tue/a.csv",
		"days/[mt]*/*.csv":     "days/mon/a.csv days/tue/a.csv days/tue/b.csv",
		"a*b.csv":              "a*b.csv axb.csv",
		"a[*]b.csv":            "a*b.csv",
		`a\**.csv`:             "a*b.csv",
		"[[]1].csv":            "[1].csv",
		"odd[[]dir]/*.csv":     "odd[dir]/x.csv",
		"test/other.csv":       "test/other.csv",
		"days/../test/oth*":    "days/../test/other.csv",
		dir + "/test/o*.csv":   dir + "/test/other.csv",
		"days/*/[^ab].[^x]*":   "days/wed/c.csv",
		"days/w*/../mon/a.csv": "",
	} {
		got, err := Match(dir, pattern)
		var names []string
		for _, f := range got {
			names = append(names, f.Path)
			if !Matches(pattern, f.Path) || Matches(pattern, f.Path+"/x") {
				t.Errorf("%s: Matches does not tell %s", pattern, f.Path)
			}
			abs := filepath.Join(dir, f.Path)
			if filepath.IsAbs(f.Path) {
				abs = f.Path
			}
			if filepath.Clean(f.Abs) != abs {
				t.Errorf("%s: %s is read from %s", pattern, f.Path, f.Abs)
			}
		}
		if want == "" {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: got %v; want no match", pattern, err)
			}
			continue
		}
		if d := cmp.Diff(strings.Fields(want), names); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", pattern, err, d)
		}
	}
}

func TestMatchIsOfTheFolderItIsIn(t *testing.T) {
	t.Chdir(write(t, map[string][]byte{"a.csv": nil, "b.csv": nil}))
	got, err := Match("", "*.csv")
	if d := cmp.Diff([]File{{Path: "a.csv", Abs: "a.csv"}, {Path: "b.csv", Abs: "b.csv"}}, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestNamedFiles(t *testing.T) {
	dir := write(t, map[string][]byte{"in/a.csv": nil, "in/b.csv": nil})
	at := func(p string) File { return File{Path: p, Abs: filepath.Join(dir, p)} }
	for name, want := range map[string][]File{"in/a.csv": {at("in/a.csv")}, "gone.csv": {at("gone.csv")}, "in/*": {at("in/a.csv"), at("in/b.csv")}} {
		if got, err := Named(dir, name); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
		}
	}
	paths, err := Paths(dir, "gone.csv", "in/*")
	if want := []string{at("gone.csv").Abs, at("in/a.csv").Abs, at("in/b.csv").Abs}; err != nil || !cmp.Equal(want, paths) {
		t.Errorf("got %v, %v; want %v", paths, err, want)
	}
	if paths, err := Paths(dir, "gone.csv", "out/*"); paths != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, %v; want no match", paths, err)
	}
	if got, err := Named(dir, "out/*"); got != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, %v; want no match", got, err)
	}
}

func TestWithin(t *testing.T) {
	for pattern, c := range map[string][2]string{
		"test/part-*.csv": {"test/part-1.csv", "part-1.csv"},
		"*.csv":           {"a.csv", "a.csv"},
		"a/b/*/c?.csv":    {"a/b/x/c1.csv", "x/c1.csv"},
		"/tmp/x/*.csv":    {"/tmp/x/a.csv", "a.csv"},
		`a\*/b*.csv`:      {"a*/b1.csv", "a*/b1.csv"},
	} {
		if got := Within(pattern, c[0]); got != c[1] {
			t.Errorf("%s: got %s; want %s", pattern, got, c[1])
		}
	}
	if Noun("a/*.csv") != "set of files" || Noun("a.csv") != "file" {
		t.Error("a set is called a file, or a file a set")
	}
	if !IsPattern("a/*.csv") || !IsPattern("a?") || !IsPattern("[a]") || IsPattern(`a\b-{1,2}.csv`) {
		t.Error("a pattern is not told by *, ? or [")
	}
}

func TestRefusedMatches(t *testing.T) {
	dir := write(t, map[string][]byte{"in/sub/a.csv": nil, "in/a.csv": nil, "bad/a\nb": nil, ".weighlock/x/a.csv": nil})
	if err := os.Symlink("gone", filepath.Join(dir, "bad/link")); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"none/*.csv": "no file matches none/*.csv\nhint: a pattern has *, ? and [a-z], and * stands for no slash",
		"in/*.txt":   "no file matches in/*.txt\nhint: a pattern has *, ? and [a-z], and * stands for no slash",
		"in/[a.csv":  "in/[a.csv: syntax error in pattern\nhint: close the brackets of the pattern",
		"in/*":       "matching in/*: in/sub is a folder, not a file\nhint: let the pattern name files only",
		"bad/a*":     "matching bad/a*: \"a\\nb\": a file name with a backslash, a control character or broken UTF-8\nhint: give the file another name",
		"bad/l*":     "matching bad/l*: stat " + dir + "/bad/link: no such file or directory",
		"bad/l*/x":   "matching bad/l*/x: stat " + dir + "/bad/link: no such file or directory",
		"*/x/a.csv":  "matching */x/a.csv: \".weighlock/x/a.csv\": .weighlock is Weighlock's own folder\nhint: name the model's own files",
		"in/a.csv/*": "matching in/a.csv/*: open " + dir + "/in/a.csv: not a directory",
	} {
		got, err := Match(dir, pattern)
		if got != nil || err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v; want %s", pattern, got, err, want)
		}
	}
}

func TestMatchesBeyondTheMost(t *testing.T) {
	m := matcher{dir: write(t, map[string][]byte{"a.csv": nil, "b.csv": nil}), most: 1}
	want := "b.csv is beyond the 1 files that a set can have\nhint: put the rows into fewer files"
	if err := m.below("", []string{"*.csv"}); err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}
