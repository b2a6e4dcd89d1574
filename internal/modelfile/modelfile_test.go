package modelfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func inspect(b []byte, allow ...string) Finding {
	return Inspect("f", bytes.NewReader(b), int64(len(b)), allow)
}

// TestRealFiles reads what scikit-learn, joblib, numpy and pandas wrote
// (testdata/generate.py).
func TestRealFiles(t *testing.T) {
	unsafe := func(format, finding string) Finding { return Finding{format, Unsafe, []string{finding}} }
	want := map[string]Finding{
		"function.joblib":  unsafe("pickle", "names posixpath.join, which is not on the list of what a model may load"),
		"tree-xz.joblib":   {"unknown", Error, []string{"is packed with xz, which cannot be looked into; save it without, or with zlib"}},
		"tree-lzma.joblib": {"unknown", Error, []string{"is packed with lzma, which cannot be looked into; save it without, or with zlib"}},
		"ridge.joblib":     safe("joblib"),
		"generate.py":      unsafe("executable", "is a script"),
	}
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			w, ok := want[name]
			if !ok {
				w = safe(map[string]string{".joblib": "joblib", ".pkl": "pickle", ".npy": "npy", ".npz": "npz"}[filepath.Ext(name)])
			}
			if d := cmp.Diff(w, inspect(b)); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
			if w.Status != Safe {
				return
			}
			for _, cut := range []int{1, 2, 7, len(b) / 2} {
				if got := inspect(b[:len(b)-cut]); got.Status == Safe {
					t.Errorf("cut by %d bytes it is %+v", cut, got)
				}
			}
			if got := inspect(append(bytes.Clone(b), 0)); got.Status == Safe && filepath.Ext(name) != ".npz" {
				t.Errorf("with a byte behind it is %+v", got)
			}
		})
	}
}
