package pack

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// onDisk are the sources of files with the given names and contents.
func onDisk(t testing.TB, files map[string][]byte) []source {
	t.Helper()
	dir := write(t, files)
	var list []File
	for name := range files {
		list = append(list, File{Path: name, Abs: filepath.Join(dir, name)})
	}
	sources, err := survey(list)
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func text(name, content string) source {
	return source{name: "models/.weighlock/" + name, text: []byte(content), inline: true}
}

func ignore(int64) {}

// TestLayerIsTheSameFromEveryOffset holds what an upload reads, from wherever
// it is taken up, against the layer that was digested.
func TestLayerIsTheSameFromEveryOffset(t *testing.T) {
	long := strings.Repeat("long/", 40) + "name-with-ümlaut.bin"
	tests := map[string][]source{
		"one file":         onDisk(t, map[string][]byte{"a.bin": weights(1000)}),
		"folders":          onDisk(t, map[string][]byte{"a.bin": weights(10), "b/c.bin": weights(20), "b/d/e.bin": weights(30)}),
		"a name of 100":    onDisk(t, map[string][]byte{strings.Repeat("n", 100-len("models/")): weights(3)}),
		"a longer name":    onDisk(t, map[string][]byte{strings.Repeat("n", 101-len("models/")): weights(3)}),
		"names beyond tar": onDisk(t, map[string][]byte{long: weights(700), "a.bin": weights(1)}),
		"an empty file":    onDisk(t, map[string][]byte{"a.bin": nil}),
		"empty files":      onDisk(t, map[string][]byte{"a.bin": weights(5), "b.bin": nil, "c.bin": nil, "d.bin": weights(5), "e.bin": nil}),
		"around a block":   onDisk(t, map[string][]byte{"a": weights(511), "b": weights(512), "c": weights(513), "d": weights(1024)}),
		"text":             {text("a.json", "{}"), text("b.json", ""), text("c.json", strings.Repeat("x", 512))},
		"text and files":   append(onDisk(t, map[string][]byte{"a": weights(600)}), text("a.json", "{}")),
		"nothing":          nil,
	}
	for name, group := range tests {
		t.Run(name, func(t *testing.T) {
			var want bytes.Buffer
			if _, err := newCopier().writeTar(t.Context(), &want, group, ignore); err != nil {
				t.Fatal(err)
			}
			l, err := lay(group)
			if err != nil {
				t.Fatal(err)
			}
			if l.size != int64(want.Len()) {
				t.Fatalf("laid out %d bytes; want %d", l.size, want.Len())
			}
			for from := range want.Len() + 1 {
				var reached int64
				r, err := l.open(int64(from), func(at int64) { reached = at })
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if closeErr := r.Close(); closeErr != nil {
					t.Error(closeErr)
				}
				if err != nil || !bytes.Equal(got, want.Bytes()[from:]) {
					t.Fatalf("from %d: got %d bytes, %v; want %d", from, len(got), err, want.Len()-from)
				}
				if from < want.Len() && reached != l.size {
					t.Fatalf("from %d: told of %d bytes; want %d", from, reached, l.size)
				}
			}
			r, err := l.open(0, ignore)
			if err != nil {
				t.Fatal(err)
			}
			if err := iotest.TestReader(r, want.Bytes()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFileOfALayerThatChangedIsRefused(t *testing.T) {
	const changed = ": the file changed while it was read"
	const hint = "\nhint: wait until nothing writes to it, then try again"
	rewrite := func(p string) error { return os.Chtimes(p, noon, noon) }
	replace := func(p string) error {
		if err := os.WriteFile(p+".new", weights(5000), 0o600); err != nil {
			return err
		}
		return os.Rename(p+".new", p)
	}
	tests := map[string]struct {
		change func(p string) error
		after  int // bytes that were read before the file was opened, or the file's and more
		want   string
	}{
		"it grew":              {func(p string) error { return appendTo(p, "x") }, 0, "packing: a.bin" + changed + hint},
		"it shrank":            {func(p string) error { return os.Truncate(p, 10) }, 0, "packing: a.bin" + changed + hint},
		"it was rewritten":     {rewrite, 0, "packing: a.bin" + changed + hint},
		"it was replaced":      {replace, 0, "packing: a.bin" + changed + hint},
		"it vanished":          {os.Remove, 0, "packing: a.bin" + changed + ": open PATH: no such file or directory" + hint},
		"it became a folder":   {func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }, 0, "packing: a.bin" + changed + hint},
		"it grows":             {func(p string) error { return appendTo(p, "x") }, 2048, "packing: a.bin" + changed + hint},
		"it shrinks":           {func(p string) error { return os.Truncate(p, 10) }, 2048, "packing: a.bin" + changed + hint},
		"it is rewritten":      {rewrite, 2048, "packing: a.bin" + changed + hint},
		"it is replaced":       {replace, 2048, "packing: a.bin" + changed + hint},
		"it vanishes":          {os.Remove, 2048, "packing: a.bin" + changed + ": stat PATH: no such file or directory" + hint},
		"it cannot be reached": {func(p string) error { return errors.Join(os.Remove(p), os.Symlink(p, p)) }, 0, "packing: open PATH: too many levels of symbolic links"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			group := onDisk(t, map[string][]byte{"a.bin": weights(5000)})
			l, err := lay(group)
			if err != nil {
				t.Fatal(err)
			}
			r, err := l.open(0, ignore)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := io.ReadFull(r, make([]byte, tt.after)); err != nil {
				t.Fatal(err)
			}
			if err := tt.change(group[0].abs); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if errors.Is(err, ErrChanged) != strings.Contains(tt.want, changed) || strings.ReplaceAll(fmt.Sprint(err), group[0].abs, "PATH") != tt.want {
				t.Errorf("got %v; want %s", err, tt.want)
			}
			if int64(tt.after+len(got)) >= l.size {
				t.Errorf("all %d bytes were read", l.size)
			}
			if _, again := io.ReadAll(r); tt.after == 0 && again == nil {
				t.Error("reading on succeeds")
			}
		})
	}
}

// sum is a progress that remembers how far each phase came, and its steps back.
type sum struct {
	what atomic.Value
	at   atomic.Int64
	of   atomic.Int64
	back atomic.Int64
}

func (s *sum) Start(what string, total int64) {
	s.what.Store(what)
	s.at.Store(0)
	s.of.Store(total)
}

func (s *sum) Add(n int64) {
	s.at.Add(n)
	if n < 0 {
		s.back.Add(n)
	}
}

// TestProgressGoesBackWithACutUpload cuts the upload of a layer, which lies
// on disk in two files, in its middle.
func TestProgressGoesBackWithACutUpload(t *testing.T) {
	inner := ociserver.New(ocimem.New(), nil)
	var cut atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Range"), "8192-") && !cut.Swap(true) {
			io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	}))
	defer s.Close()
	repo, _, err := oci.Open(strings.TrimPrefix(s.URL, "http://")+"/acme/m", oci.Options{Chunk: 4096, Keychain: authn.NewMultiKeychain()})
	if err != nil {
		t.Fatal(err)
	}
	group := onDisk(t, map[string][]byte{"a.bin": weights(9000), "b.bin": weights(7000)})
	d := digester{Hash: sha256.New()}
	if _, err := newCopier().writeTar(t.Context(), &d, group, ignore); err != nil {
		t.Fatal(err)
	}
	p := &sum{}
	if err := (uploaded{repo}).send(t.Context(), group, d.descriptor(), p.Add); err != nil {
		t.Fatal(err)
	}
	if p.at.Load() != d.size || p.back.Load() != -4096 {
		t.Errorf("came to %d of %d bytes, and %d back; want all, and one chunk", p.at.Load(), d.size, p.back.Load())
	}
	if err := (uploaded{repo}).send(t.Context(), group, d.descriptor(), p.Add); err != nil || p.at.Load() != 2*d.size {
		t.Errorf("a layer that is there came to %d, %v; want %d", p.at.Load()-d.size, err, d.size)
	}
}

// TestPushToARegistry reads back, from a registry, an image whose layers went
// there in chunks.
func TestPushToARegistry(t *testing.T) {
	s := httptest.NewServer(ociserver.New(ocimem.New(), nil))
	defer s.Close()
	repo, _, err := oci.Open(strings.TrimPrefix(s.URL, "http://")+"/acme/card-default", oci.Options{Chunk: 1 << 20, Keychain: authn.NewMultiKeychain()})
	if err != nil {
		t.Fatal(err)
	}
	_, in := sample(t)
	p := &sum{}
	img, err := Push(t.Context(), repo, in, p)
	if err != nil {
		t.Fatal(err)
	}
	if img.Descriptor.Digest != golden {
		t.Errorf("got %s; want %s", img.Descriptor.Digest, golden)
	}
	if p.what.Load() != "uploading" || p.at.Load() != p.of.Load() {
		t.Errorf("%v came to %d of %d bytes", p.what.Load(), p.at.Load(), p.of.Load())
	}
	m, err := oci.ParseManifest(img.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range slices.Concat(m.Layers, []oci.Descriptor{m.Config}) {
		if got, err := repo.ReadBlob(t.Context(), l, l.Size); err != nil || artifact.Digest(got) != l.Digest {
			t.Errorf("%s: %v", l.Digest, err)
		}
	}
}
