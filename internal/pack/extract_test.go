package pack

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"

	"github.com/weighlock/weighlock/internal/oci"
)

// TestExtractFetchesOneFile shows that a file is fetched by range, from
// whatever place in its layer, and that nothing else of the model is.
func TestExtractFetchesOneFile(t *testing.T) {
	var bytes atomic.Int64
	inner := ociserver.New(ocimem.New(), nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			w = &counting{w, &bytes}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	repo, _, err := oci.Open(strings.TrimPrefix(server.URL, "http://")+"/acme/m", oci.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sizes := map[string]int{"big.bin": 5 << 20, "a.json": 10, "b/empty.json": 0, "b/" + strings.Repeat("long", 40) + ".json": 700, "c.json": 512}
	var in Input
	in.Name, in.Task, in.Created = "m", "binary", noon
	for name, size := range sizes {
		abs := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(abs), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(abs, weights(size), 0o666); err != nil {
			t.Fatal(err)
		}
		in.Files = append(in.Files, File{Path: name, Abs: abs})
	}
	image, err := Push(t.Context(), repo, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, size := range sizes {
		t.Run(fmt.Sprintf("%.10s of %d bytes", name, size), func(t *testing.T) {
			c, err := Open(t.Context(), repo, image.Descriptor.Digest)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			bytes.Store(0)
			var seen int64
			out := t.TempDir()
			at, err := c.Extract(t.Context(), name, out, func(n int64) { seen += n })
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(at)
			if err != nil || string(got) != string(weights(size)) {
				t.Errorf("got %d bytes, %v; want the %d that were pushed", len(got), err, size)
			}
			if n := bytes.Load(); n != int64(size) || seen != int64(size) {
				t.Errorf("fetched %d bytes, told of %d; want %d", n, seen, size)
			}
		})
	}
}

// TestExtractRefusesOtherBytes shows that a file whose bytes are not those
// that files.json names is not left behind.
func TestExtractRefusesOtherBytes(t *testing.T) {
	repo := layout(t)
	dir := t.TempDir()
	abs := filepath.Join(dir, "big.bin")
	if err := os.WriteFile(abs, weights(5<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	image, err := Push(t.Context(), repo, Input{Name: "m", Task: "binary", Created: noon, Files: []File{{Path: "big.bin", Abs: abs}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), repo, image.Descriptor.Digest)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	blob := filepath.Join(strings.TrimPrefix(repo.String(), "oci:"), "blobs", "sha256", strings.TrimPrefix(c.layers[0].desc.Digest, "sha256:"))
	f, err := os.OpenFile(blob, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), 1<<20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out := t.TempDir()
	_, err = c.Extract(t.Context(), "big.bin", out, func(int64) {})
	want := "content is not what its digest says"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v; want %s", err, want)
	}
	left, err := os.ReadDir(out)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c *counting) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return c.ResponseWriter.Write(b)
}

var _ io.Writer = (*counting)(nil)
