package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-cmp/cmp"
	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/weighlock/weighlock/internal/artifact"
)

// stores is every kind of place that must pass the suite.
var stores = []struct {
	name string
	make func(t *testing.T) *Repository
}{
	{"layout on disk", func(t *testing.T) *Repository { return open(t, "oci:"+t.TempDir()+"/acme/m") }},
	{"registry with the referrers API", func(t *testing.T) *Repository { return open(t, serve(t, newRegistryDouble(true))+"/acme/m") }},
	{"registry without the referrers API", func(t *testing.T) *Repository { return open(t, serve(t, newRegistryDouble(false))+"/acme/m") }},
	{"registry that takes chunks", func(t *testing.T) *Repository { return open(t, serve(t, newChunkedDouble())+"/acme/m") }},
}

// newChunkedDouble is a registry that keeps count of an upload in pieces, and
// holds a manifest's parts to be there.
func newChunkedDouble() http.Handler { return ociserver.New(ocimem.New(), nil) }

func newRegistryDouble(referrers bool) http.Handler {
	return ggcr.New(ggcr.WithReferrersSupport(referrers), ggcr.Logger(log.New(io.Discard, "", 0)))
}

// serve starts a server on loopback and returns its host and port.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func open(t *testing.T, ref string) *Repository {
	t.Helper()
	r, _, err := Open(ref, Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func eachStore(t *testing.T, test func(t *testing.T, r *Repository)) {
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) { test(t, s.make(t)) })
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func note(text string) Artifact {
	return Artifact{Type: "application/vnd.test.note", Layers: []Layer{{MediaType: "text/plain", Bytes: []byte(text)}}, Annotations: map[string]string{"text": text}}
}

func noteAbout(text string, subject Descriptor) Artifact {
	a := note(text)
	a.Subject = &subject
	return a
}

func TestWhatIsPushedIsReadBack(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		ctx := t.Context()
		d := must[Descriptor](t)(r.PushArtifact(ctx, note("hello")))
		if err := r.Tag(ctx, d, "1.0"); err != nil {
			t.Fatal(err)
		}
		want := Descriptor{MediaType: artifact.MediaTypeManifest, Digest: d.Digest, Size: d.Size, ArtifactType: "application/vnd.test.note", Annotations: map[string]string{"text": "hello"}}
		for _, target := range []string{"1.0", d.Digest} {
			if diff := cmp.Diff(want, must[Descriptor](t)(r.Resolve(ctx, target))); diff != "" {
				t.Errorf("resolving %s (-want +got):\n%s", target, diff)
			}
		}
		raw, got, err := r.Manifest(ctx, d.Digest)
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		m := must[Manifest](t)(ParseManifest(raw))
		text := must[[]byte](t)(r.ReadBlob(ctx, m.Layers[0], 100))
		if string(text) != "hello" {
			t.Errorf("got layer %q; want hello", text)
		}
		at := must[ReaderAtCloser](t)(r.BlobAt(ctx, m.Layers[0]))
		defer at.Close()
		part := make([]byte, 3)
		if _, err := at.ReadAt(part, 2); err != nil || string(part) != "llo" {
			t.Errorf("got %q, %v; want llo", part, err)
		}
		if tags := must[[]string](t)(r.Tags(ctx)); !cmp.Equal(tags, []string{"1.0"}) {
			t.Errorf("got tags %q; want 1.0", tags)
		}
	})
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	absent := artifact.Digest([]byte("absent"))
	eachStore(t, func(t *testing.T, r *Repository) {
		for _, state := range []string{"before the first push", "after it"} {
			ctx := t.Context()
			asks := map[string]func() error{
				"tag":             func() error { _, err := r.Resolve(ctx, "none"); return err },
				"digest":          func() error { _, err := r.Resolve(ctx, absent); return err },
				"manifest":        func() error { _, _, err := r.Manifest(ctx, absent); return err },
				"blob":            func() error { _, err := r.Blob(ctx, Descriptor{Digest: absent}); return err },
				"blob at":         func() error { _, err := r.BlobAt(ctx, Descriptor{Digest: absent}); return err },
				"deleting tag":    func() error { return r.Delete(ctx, "none") },
				"deleting digest": func() error { return r.Delete(ctx, absent) },
				"tagging":         func() error { return r.Tag(ctx, Descriptor{Digest: absent}, "x") },
			}
			for name, ask := range asks {
				if err := ask(); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrNetwork) {
					t.Errorf("%s, %s: got %v; want ErrNotFound", name, state, err)
				}
			}
			if list, err := r.Referrers(ctx, absent, ""); err != nil || len(list) != 0 {
				t.Errorf("referrers, %s: got %v, %v; want none", state, list, err)
			}
			if ok, err := r.HasBlob(ctx, absent); ok || err != nil {
				t.Errorf("has blob, %s: got %v, %v; want false", state, ok, err)
			}
			must[Descriptor](t)(r.PushArtifact(ctx, note("first")))
		}
	})
	eachStore(t, func(t *testing.T, r *Repository) {
		if _, err := r.Tags(t.Context()); !errors.Is(err, ErrNotFound) {
			t.Errorf("tags of a repository that is not there: got %v; want ErrNotFound", err)
		}
	})
}

func TestReferrersAreFoundByType(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		ctx := t.Context()
		image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
		other := must[Descriptor](t)(r.PushArtifact(ctx, note("other image")))
		var want []Descriptor
		for i := range 3 {
			want = append(want, must[Descriptor](t)(r.PushArtifact(ctx, noteAbout(fmt.Sprint(i), image))))
		}
		must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("0", other)))
		odd := noteAbout("odd", image)
		odd.Type = "application/vnd.test.odd"
		oddOne := must[Descriptor](t)(r.PushArtifact(ctx, odd))
		must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("1", image))) // again
		sortDescriptors(want)
		if diff := cmp.Diff(want, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, "application/vnd.test.note"))); diff != "" {
			t.Errorf("of one type (-want +got):\n%s", diff)
		}
		all := append(want, oddOne)
		sortDescriptors(all)
		if diff := cmp.Diff(all, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, ""))); diff != "" {
			t.Errorf("of all types (-want +got):\n%s", diff)
		}
	})
}

func TestDeletedReferrerIsGone(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		ctx := t.Context()
		image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
		a := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("a", image)))
		b := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("b", image)))
		if err := r.Delete(ctx, a.Digest); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Descriptor{b}, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, ""))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, err := r.Resolve(ctx, a.Digest); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v; want ErrNotFound", err)
		}
		must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("a", image)))
		if got := must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, "")); len(got) != 2 {
			t.Errorf("pushed again: got %d referrers; want 2", len(got))
		}
	})
}

func TestTags(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		ctx := t.Context()
		a := must[Descriptor](t)(r.PushArtifact(ctx, note("a")))
		b := must[Descriptor](t)(r.PushArtifact(ctx, note("b")))
		if err := r.TagIfAbsent(ctx, a, "v"); err != nil {
			t.Fatal("new tag:", err)
		}
		if err := r.TagIfAbsent(ctx, a, "v"); err != nil {
			t.Fatal("same content again:", err)
		}
		var exists *ExistsError
		if err := r.TagIfAbsent(ctx, b, "v"); !errors.Is(err, ErrExists) || !errors.As(err, &exists) || exists.Digest != a.Digest {
			t.Fatalf("other content: got %v; want ErrExists with %s", err, a.Digest)
		}
		if _, err := r.PushArtifactIfAbsent(ctx, note("c"), "v"); !errors.Is(err, ErrExists) {
			t.Fatalf("pushing onto a taken tag: got %v; want ErrExists", err)
		}
		if got := must[Descriptor](t)(r.Resolve(ctx, "v")).Digest; got != a.Digest {
			t.Errorf("refused tag moved to %s", got)
		}
		if err := r.Tag(ctx, b, "v"); err != nil {
			t.Fatal("moving:", err)
		}
		if got := must[Descriptor](t)(r.Resolve(ctx, "v")).Digest; got != b.Digest {
			t.Errorf("got %s; want %s", got, b.Digest)
		}
		if err := r.Delete(ctx, "v"); err != nil {
			t.Fatal("untagging:", err)
		}
		if _, err := r.Resolve(ctx, b.Digest); err != nil {
			t.Errorf("untagged manifest: %v", err)
		}
		if _, err := r.Resolve(ctx, "v"); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v; want ErrNotFound", err)
		}
	})
}

func TestTagsBeyondOnePage(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		ctx := t.Context()
		d := must[Descriptor](t)(r.PushArtifact(ctx, note("a")))
		var want []string
		for i := range pageSize + 5 {
			want = append(want, fmt.Sprintf("t-%06d", i))
		}
		if l, ok := r.backend.(*layout); ok {
			if err := l.update(ctx, func() error {
				return l.edit(func(x *index) {
					for _, tag := range want {
						x.put(d, tag)
					}
				})
			}); err != nil {
				t.Fatal(err)
			}
		} else {
			for _, tag := range want {
				if err := r.Tag(ctx, d, tag); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(want, must[[]string](t)(r.Tags(ctx))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestBlobOfUnknownDigest(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		ctx := t.Context()
		content := bytes.Repeat([]byte("weigh"), 300_000)
		for range 2 {
			w := must[*BlobWriter](t)(r.NewBlob(ctx))
			defer w.Abort()
			if _, err := io.Copy(w, bytes.NewReader(content)); err != nil {
				t.Fatal(err)
			}
			d := must[Descriptor](t)(w.Commit(ctx, "x/y"))
			if want := (Descriptor{MediaType: "x/y", Digest: artifact.Digest(content), Size: int64(len(content))}); !cmp.Equal(d, want) {
				t.Errorf("got %v; want %v", d, want)
			}
			if got := must[[]byte](t)(r.ReadBlob(ctx, d, d.Size)); !bytes.Equal(got, content) {
				t.Error("read back other bytes")
			}
			if _, err := r.ReadBlob(ctx, d, d.Size-1); err == nil {
				t.Error("read more than the limit")
			}
			if _, err := w.Commit(ctx, "x/y"); err == nil {
				t.Error("committed twice")
			}
		}
		w := must[*BlobWriter](t)(r.NewBlob(ctx))
		io.WriteString(w, "dropped")
		w.Abort()
		if ok := must[bool](t)(r.HasBlob(ctx, artifact.Digest([]byte("dropped")))); ok {
			t.Error("aborted blob is there")
		}
	})
}

func TestPushedBytesMustMatchTheirDescriptor(t *testing.T) {
	good := []byte("content")
	cases := map[string]Descriptor{
		"other digest": {Digest: artifact.Digest([]byte("else")), Size: 7},
		"shorter":      {Digest: artifact.Digest(good), Size: 8},
		"longer":       {Digest: artifact.Digest(good), Size: 6},
	}
	eachStore(t, func(t *testing.T, r *Repository) {
		for name, d := range cases {
			err := r.PushBlob(t.Context(), d, bytesOpener(good))
			if !errors.Is(err, ErrIntegrity) {
				t.Errorf("%s: got %v; want ErrIntegrity", name, err)
			}
			if ok, err := r.HasBlob(t.Context(), d.Digest); ok || err != nil {
				t.Errorf("%s: something was kept (%v, %v)", name, ok, err)
			}
		}
	})
}

func TestEmptyBlob(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		d := must[Descriptor](t)(r.PushBytes(t.Context(), "x/y", nil))
		if got, err := r.ReadBlob(t.Context(), d, 0); err != nil || len(got) != 0 {
			t.Errorf("got %q, %v; want nothing", got, err)
		}
	})
}

func TestCancelledWorkStops(t *testing.T) {
	eachStore(t, func(t *testing.T, r *Repository) {
		d := must[Descriptor](t)(r.PushBytes(t.Context(), "x/y", []byte("there")))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.ReadBlob(ctx, d, 100); !errors.Is(err, context.Canceled) {
			t.Errorf("reading: got %v; want context.Canceled", err)
		}
		if _, err := r.PushBytes(ctx, "x/y", []byte("new")); !errors.Is(err, context.Canceled) {
			t.Errorf("pushing: got %v; want context.Canceled", err)
		}
	})
}
