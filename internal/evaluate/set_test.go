package evaluate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/table"
)

// cutUp cuts a CSV text into n files with the same header, of differing length.
func cutUp(t testing.TB, dir, stem, text string, n int) {
	t.Helper()
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	header, rows := lines[0], lines[1:]
	for i := range n {
		from, to := len(rows)*i*i/(n*n), len(rows)*(i+1)*(i+1)/(n*n)
		put(t, dir, fmt.Sprintf("%s-%d.csv", stem, i), header+strings.Join(rows[from:to], "")+"\n")
	}
}

func put(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func set(t testing.TB, dir, pattern string) Source {
	t.Helper()
	s, err := FileSource("set", dir, pattern)
	if err != nil {
		t.Fatal(err)
	}
	return *s
}

// TestSetIsEvaluatedAsOneFile: cutting the files into several changes nothing
// but their digests.
func TestSetIsEvaluatedAsOneFile(t *testing.T) {
	w := newWorld(400)
	whole, dir := full(t, w), t.TempDir()
	cutUp(t, dir, "in/test", w.test, 4)
	cutUp(t, dir, "in/train", w.train, 2)
	cutUp(t, dir, "preds", w.predictions, 3)
	r := full(t, w)
	r.Test, r.Predictions = set(t, dir, "in/test-*.csv"), set(t, dir, "preds-?.csv")
	train := set(t, dir, "in/train-*.csv")
	r.Train, r.Test.Name, train.Name = &train, whole.Test.Name, whole.Train.Name
	r.Spec.Test.Digest = r.Test.Digest
	seed := regexp.MustCompile(`"seed": "[0-9a-f]+",`)
	text := func(r Request) string {
		got := run(t, r)
		var b strings.Builder
		for _, one := range got.Evaluation.Results { // the draws of an interval depend on the digests
			fmt.Fprintln(&b, one.Item, one.Status, *cmp.Or(one.Value, ptr(-1)), one.N, one.Rows)
		}
		got.Datacheck.Overlap.Files = nil // where a set is among them
		for _, v := range []any{got.Evaluation.Join, got.Datacheck, got.Drift, got.Stored} {
			text, err := json.MarshalIndent(v, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			b.Write(text)
		}
		return strings.NewReplacer(r.Test.Digest, "TEST", r.Predictions.Digest, "PREDICTIONS", r.Train.Digest, "TRAIN").Replace(seed.ReplaceAllString(b.String(), ""))
	}
	if d := gocmp.Diff(text(whole), text(r)); d != "" {
		t.Errorf("one file (-), a set (+):\n%s", d)
	}
}

func TestSetIsPinned(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "in/b.csv", "id,p\n2,0.5\n")
	put(t, dir, "in/a.csv", "id,p\n1,0.5\n")
	s := set(t, dir, "in/*.csv")
	want, err := lineage.SetDigest([]lineage.File{
		{Path: "a.csv", Digest: artifact.Digest([]byte("id,p\n1,0.5\n"))}, {Path: "b.csv", Digest: artifact.Digest([]byte("id,p\n2,0.5\n"))},
	})
	if err != nil || s.Digest != want || s.Size != 22 || s.Path != "in/*.csv" {
		t.Errorf("got %s, %d bytes of %s, %v; want %s, 22 bytes of in/*.csv", s.Digest, s.Size, s.Path, err, want)
	}
	away := t.TempDir()
	put(t, away, "elsewhere/a.csv", "id,p\n1,0.5\n")
	put(t, away, "elsewhere/b.csv", "id,p\n2,0.5\n")
	if got := set(t, away, "elsewhere/?.csv").Digest; got != want {
		t.Errorf("in another folder: got %s; want %s", got, want)
	}
	files, done, err := s.files("in/*.csv")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		b := make([]byte, f.Size)
		if _, err := f.R.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		got = append(got, f.Name+" "+string(b))
	}
	done()
	if d := gocmp.Diff([]string{"in/a.csv id,p\n1,0.5\n", "in/b.csv id,p\n2,0.5\n"}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for name, change := range map[string]func(){
		"a file that came":     func() { put(t, dir, "in/c.csv", "id,p\n3,0.5\n") },
		"a file that is empty": func() { put(t, dir, "in/c.csv", "") },
		"a file that went":     func() { os.Remove(filepath.Join(dir, "in/b.csv")) },
		"a file that changed":  func() { put(t, dir, "in/b.csv", "id,p\n2,0.6\n") },
		"a file renamed":       func() { os.Rename(filepath.Join(dir, "in/b.csv"), filepath.Join(dir, "in/0.csv")) },
		"all but one":          func() { os.Remove(filepath.Join(dir, "in/b.csv")) },
	} {
		t.Run(name, func(t *testing.T) {
			change()
			_, _, err := s.files("in/*.csv")
			hint := "\nhint: a file of the set was changed, added or taken away; run again when nothing writes there"
			if !errors.Is(err, ErrPinned) || !strings.HasSuffix(err.Error(), hint) {
				t.Errorf("got %v; want ErrPinned%s", err, hint)
			}
			os.RemoveAll(filepath.Join(dir, "in"))
			put(t, dir, "in/b.csv", "id,p\n2,0.5\n")
			put(t, dir, "in/a.csv", "id,p\n1,0.5\n")
		})
	}
	os.RemoveAll(filepath.Join(dir, "in"))
	if _, _, err := s.files("in/*.csv"); err == nil || !strings.HasPrefix(err.Error(), "opening in/*.csv: no file matches in/*.csv\nhint:") {
		t.Errorf("all gone: got %v", err)
	}
}

// TestOneFileOfASetIsNoFile: a set of one file and that file are never taken
// for each other.
func TestOneFileOfASetIsNoFile(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.csv", "id,p\n1,0.5\n")
	alone, among := set(t, dir, "a.csv"), set(t, dir, "a*.csv")
	if alone.Digest != artifact.Digest([]byte("id,p\n1,0.5\n")) || alone.Digest == among.Digest {
		t.Errorf("the file is %s, the set %s", alone.Digest, among.Digest)
	}
	among.Digest = alone.Digest
	if _, _, err := among.files("a*.csv"); !errors.Is(err, ErrPinned) {
		t.Errorf("the set under the file's digest: got %v; want ErrPinned", err)
	}
}

// A file of a set that is written to behind its digest is refused, too.
func TestFileOfASetThatChangesBehindItsDigestIsRefused(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(300)
	cutUp(t, dir, "preds", w.predictions, 2)
	r := request(t, w.test, w.predictions)
	r.Predictions = set(t, dir, "preds-*.csv")
	steady := r.Predictions.Set
	r.Predictions.Set = func() ([]Member, error) {
		all, err := steady()
		pinned, readErr := os.ReadFile(filepath.Join(dir, "preds-1.csv"))
		other := bytes.Clone(pinned)
		other[len(other)-2] ^= 1
		all[1].Open = func() (ReaderAtCloser, int64, error) {
			return &turning{pinned, other, make([]bool, len(pinned)+1)}, int64(len(pinned)), nil
		}
		return all, errors.Join(err, readErr)
	}
	if _, err := Run(t.Context(), r); !errors.Is(err, artifact.ErrChanged) {
		t.Errorf("got %v; want ErrChanged", err)
	}
}

func TestErrorsNameTheFileOfASet(t *testing.T) {
	test := map[string]string{"test/a.csv": "id,y\n1,0\n2,1\n", "test/b.csv": "id,y\n3,0\n4,1\n"}
	preds := map[string]string{"preds/a.csv": "id,p\n1,0.5\n2,0.5\n", "preds/b.csv": "id,p\n3,0.5\n4,0.5\n"}
	for name, c := range map[string]struct{ file, text, want string }{
		"an id of another file":   {"preds/b.csv", "id,p\n3,0.5\n1,0.5\n", `preds/b.csv: line 3, column id: id "1" for the second time; the first is at preds/a.csv, line 2`},
		"an id of the same file":  {"preds/b.csv", "id,p\n3,0.5\n3,0.5\n", `preds/b.csv: line 3, column id: id "3" for the second time; the first is at line 2`},
		"no id":                   {"test/b.csv", "id,y\n3,0\n,1\n", "test/b.csv: line 3, column id: a row without an id"},
		"no score":                {"preds/b.csv", "id,p\n3,\n4,0.5\n", "preds/b.csv: line 2, column p: a row without a score"},
		"a score that is no such": {"preds/b.csv", "id,p\n3,0.5\n4,high\n", `preds/b.csv: line 3, column p: "high" is not a number`},
		"a ragged row":            {"preds/b.csv", "id,p\n3,0.5,1\n4,0.5\n", "preds/b.csv: line 2"},
		"another column":          {"preds/b.csv", "id,q\n3,0.5\n4,0.5\n", `preds/b.csv: no column "p"`},
		"a column more":           {"test/b.csv", "id,y,z\n3,0,1\n4,1,1\n", "test/b.csv: column z: is not in test/a.csv"},
		"ids that do not meet":    {"preds/a.csv", "id,p\na,0.5\nb,0.5\n", "no id matches"},
		"no format":               {"preds/c.txt", "id,p\n", "preds/c.txt: a table's name must end in"},
		"nothing in a file":       {"preds/c.csv", "", "preds/c.csv: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, texts := range []map[string]string{test, preds, {c.file: c.text}} {
				for file, text := range texts {
					put(t, dir, file, text)
				}
			}
			if c.want == "no id matches" {
				put(t, dir, "preds/b.csv", "id,p\nc,0.5\n")
				c.want = "joining preds/* to test/*: no id matches"
			}
			r := request(t, test["test/a.csv"], preds["preds/a.csv"])
			r.Test, r.Predictions = set(t, dir, "test/*"), set(t, dir, "preds/*")
			r.Spec.Test.Digest = r.Test.Digest
			_, err := Run(t.Context(), r)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
}

// TestFilesThatAreTestAndTrainingData are found by their bytes, whatever they
// are called, and whether they are named alone or by a pattern.
func TestFilesThatAreTestAndTrainingData(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"in/a.csv": "id,x,y\n1,1,0\n", "in/b.csv": "id,x,y\n2,2,1\n", "in/none.csv": "id,x,y\n",
		"old/c.csv": "id,x,y\n3,3,1\n", "old/copy.csv": "id,x,y\n2,2,1\n", "old/again.csv": "id,x,y\n2,2,1\n", "old/n.csv": "id,x,y\n",
	} {
		put(t, dir, name, text)
	}
	for _, c := range []struct {
		test, train string
		want        *float64
	}{
		{"in/a.csv", "old/c.csv", nil},
		{"in/b.csv", "old/copy.csv", nil}, // their digests say it
		{"in/*.csv", "old/c.csv", ptr(0)},
		{"in/[a-b].csv", "old/*.csv", ptr(1)},
		{"in/*.csv", "in/*.csv", ptr(2)},
		{"in/b.csv", "old/*.csv", ptr(1)},
		{"in/*.csv", "old/copy.csv", ptr(1)},
		{"in/b*.csv", "old/again.csv", ptr(1)},
		{"in/*.csv", "old/?.csv", ptr(0)}, // a file without rows is nobody's
	} {
		test, train := set(t, dir, c.test), set(t, dir, c.train)
		rows := func(s Source) *table.Table {
			r, err := s.Table(t.Context(), table.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		got := sharedFiles(test, rows(test), train, rows(train))
		if (got == nil) != (c.want == nil) || got != nil && float64(*got) != *c.want {
			t.Errorf("%s and %s: got %v; want %v", c.test, c.train, got, c.want)
		}
	}
}

// TestPlacesInOtherFilesOfASet: what an error says of a further row names its
// file, where that is another.
func TestPlacesInOtherFilesOfASet(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.csv", "q,y,u,w,t\n1,0,1,1,1\n1,1,1,1,2\n")
	put(t, dir, "b.csv", "q,y,u,w,t\n1,,2,2,2\n1,0,1,2,1\n")
	s := set(t, dir, "?.csv")
	rows, err := s.Table(t.Context(), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want string }{
		"in another file":       {place(rows, 0, 3), "a.csv, line 2"},
		"in the same file":      {place(rows, 2, 3), "line 2"},
		"one time in two files": {sameTime(rows, 1, 2), "a.csv, line 3, and b.csv, line 2, are of one series at one time"},
		"one time in one file":  {sameTime(rows, 2, 3), "b.csv: lines 2 and 3 are of one series at one time"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s; want %s", name, c.got, c.want)
		}
	}
}
