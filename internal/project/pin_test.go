package project

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/modelfile"
	"github.com/weighlock/weighlock/internal/tree"
	"github.com/weighlock/weighlock/internal/verdict"
)

// The digests of what TestRepin's data files hold.
const (
	sumA = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" // a
	sumB = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" // b
)

func sum(p *Project) func(string) (string, int64, error) {
	return func(file string) (string, int64, error) {
		text, err := os.ReadFile(p.Abs(file))
		return artifact.Digest(text), int64(len(text)), err
	}
}

// TestRepin shows that of a project file only the digests change, wherever
// they stand; # marks where.
func TestRepin(t *testing.T) {
	tests := map[string]struct{ name, before string }{
		"a block, with comments and odd spaces": {"weighlock.yaml",
			"# ours\nname:   m # keep\ntask: binary\n\nfile: model.onnx\ndata:\n  test:\n    file: a.csv\n    label: y   # truth\n    sha256:   \"#a\"   # pinned\n"},
		"braces on one line, with both files pinned": {"weighlock.yaml",
			"name: m\ntask: binary\nfile: model.onnx\ndata: {train: {file: b.csv, label: y, sha256: #b}, test: {\"label\": y, 'sha256': '#a', file: a.csv}}\n"},
		"a column behind letters of several bytes": {"weighlock.yaml",
			"name: m\ntask: binary\nfile: model.onnx\ndata: {test: {label: äöü€, sha256: #a, file: a.csv}}\n"},
		"lines that end in CR LF": {"weighlock.yaml",
			"name: m\r\ntask: binary\r\nfile: model.onnx\r\ndata:\r\n  test:\r\n    file: a.csv\r\n    label: y\r\n    sha256: #a\r\n"},
		"JSON": {"weighlock.json",
			"{\"name\": \"m\", \"task\": \"binary\", \"file\": \"model.onnx\",\n \"data\": {\"test\": {\"file\": \"a.csv\", \"label\": \"y\",\n\t\"sha256\":\"#a\"}}}\n"},
		"a value on the next line": {"weighlock.yaml",
			"name: m\ntask: binary\nfile: model.onnx\ndata:\n  test:\n    file: a.csv\n    label: y\n    sha256:\n      #a\n"},
		"one data set that stands for two": {"weighlock.yaml",
			"name: m\ntask: binary\nfile: model.onnx\ndata:\n  test: &t\n    label: y\n    sha256: #a\n    file: a.csv\n  train: *t\n"},
		"an old digest that stands elsewhere too": {"weighlock.yaml",
			"# was " + pin + "\nname: m\ntask: binary\nfile: model.onnx\nuse: " + pin + "\ndata: {test: {file: a.csv, label: y, sha256: #a}}\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			with := func(a, b string) string { return strings.NewReplacer("#a", a, "#b", b).Replace(tt.before) }
			dir := folder(t, map[string]string{tt.name: with(pin, pin), "a.csv": "a", "b.csv": "b"})
			p, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			pins, err := p.Pins(sum(p), pointer(p))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Repin(pins); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(p.Path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(with(sumA, sumB), string(got)); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if p, err = Load(dir); err != nil {
				t.Fatal(err)
			}
			if pins, err = p.Pins(sum(p), pointer(p)); err != nil || pins[0].Was != pins[0].Is {
				t.Errorf("pinned anew, and not as it is: %+v, %v", pins, err)
			}
		})
	}
}

func TestPins(t *testing.T) {
	p, err := Load(folder(t, map[string]string{
		"weighlock.yaml": "name: m\ntask: binary\nfile: model.onnx\ndata:\n  train: {file: b.csv}\n  test: {file: a.csv, label: y, sha256: " + pin + "}\n", "a.csv": "a",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := []Pin{{Path: "data.test.sha256", File: "a.csv", Was: pin, Is: sumA, Location: &verdict.Location{File: "weighlock.yaml", Line: 6, Col: 33}}}
	if got, err := p.Pins(sum(p), pointer(p)); err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// TestPinByHand shows the files in which a digest cannot be told for certain:
// they stay as they are, and the value to write is said.
func TestPinByHand(t *testing.T) {
	const head = "name: m\ntask: binary\nfile: model.onnx\n"
	tests := map[string]struct{ name, text, line string }{
		"CUE":                                  {"weighlock.cue", "name: \"m\"\ntask: \"binary\"\nfile: \"model.onnx\"\n_sum: \"" + pin + "\"\ndata: test: {file: \"a.csv\", label: \"y\"\n\tsha256: _sum}\n", "6"},
		"an anchor that stands for both files": {"weighlock.yaml", head + "data:\n  test: {file: a.csv, label: y, sha256: &s " + pin + "}\n  train: {file: b.csv, sha256: *s}\n", "5"},
		"a digest with an escape in it":        {"weighlock.yaml", head + "data: {test: {file: a.csv, label: y, sha256: \"\\x39" + pin[1:] + "\"}}\n", "4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{tt.name: tt.text, "a.csv": "a", "b.csv": "b"})
			p, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			pins, err := p.Pins(sum(p), pointer(p))
			if err != nil {
				t.Fatal(err)
			}
			err = p.Repin(pins)
			want := "to be pinned by hand: " + tt.name + ":" + tt.line + ": data.test.sha256 is " + pin + ", and cannot be written in place\nhint: write \"" + sumA + "\" there"
			if !errors.Is(err, ErrByHand) || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
			if got, err := os.ReadFile(filepath.Join(dir, tt.name)); err != nil || string(got) != tt.text {
				t.Errorf("the file was changed: %v\n%s", err, got)
			}
		})
	}
}

func TestPinRefused(t *testing.T) {
	text := "name: m\ntask: binary\nfile: model.onnx\ndata: {test: {file: a.csv, label: y, sha256: " + pin + "}}\n"
	t.Run("no data", func(t *testing.T) {
		p, err := Load(folder(t, map[string]string{"weighlock.yaml": text}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Pins(sum(p), pointer(p)); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "data.test.file: ") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an empty file", func(t *testing.T) {
		p, err := Load(folder(t, map[string]string{"weighlock.yaml": text, "a.csv": ""}))
		if err != nil {
			t.Fatal(err)
		}
		want := "data.test.file: a.csv is empty, and pins nothing\nhint: write the data first"
		if _, err := p.Pins(sum(p), pointer(p)); err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	})
	const hint = "\nhint: nothing was pinned; pin the file itself once it is there"
	lfs := "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
	for name, c := range map[string]struct{ data, predictions, want string }{
		"a pointer of Git LFS": {lfs, "p", "data.test.file: a.csv is a Git LFS pointer and not the file itself; run git lfs pull" + hint},
		"a pointer of DVC":     {"outs:\n- md5: 00\n  path: a.csv\n", "p", "data.test.file: a.csv is a DVC pointer and not the file itself; run dvc pull" + hint},
		"predictions that are": {"a", lfs, "predictions.file: p.csv is a Git LFS pointer and not the file itself; run git lfs pull" + hint},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Load(folder(t, map[string]string{"weighlock.yaml": text + "predictions: {file: p.csv, column: p}\n", "a.csv": c.data, "p.csv": c.predictions}))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Pins(sum(p), pointer(p)); got != nil || err == nil || err.Error() != c.want {
				t.Errorf("got %+v, %v; want %s", got, err, c.want)
			}
		})
	}
	t.Run("predictions that are a folder", func(t *testing.T) {
		p, err := Load(folder(t, map[string]string{"weighlock.yaml": text + "predictions: {file: p.csv, column: p}\n", "a.csv": "a", "p.csv/x": ""}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Pins(sum(p), pointer(p)); !errors.Is(err, tree.ErrNoFile) || !strings.HasPrefix(err.Error(), "predictions.file: ") {
			t.Errorf("got %v; want %v", err, tree.ErrNoFile)
		}
	})
	t.Run("a project file that somebody edits", func(t *testing.T) {
		p, err := Load(folder(t, map[string]string{"weighlock.yaml": text, "a.csv": "a"}))
		if err != nil {
			t.Fatal(err)
		}
		pins, err := p.Pins(sum(p), pointer(p))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.Path, []byte("# more\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
		want := "weighlock.yaml changed meanwhile, and nothing was pinned\nhint: run it again"
		if err := p.Repin(pins); err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	})
}

func pointer(p *Project) func(string) (string, error) {
	return func(file string) (string, error) {
		f, err := tree.Open(p.Abs(file))
		if err != nil {
			return "", err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return "", err
		}
		return modelfile.Pointer(f, info.Size())
	}
}
