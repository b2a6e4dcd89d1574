package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	ggcrlayout "github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/weighlock/weighlock/internal/artifact"
)

func newLayoutRepo(t *testing.T) (*Repository, *layout) {
	t.Helper()
	r := open(t, "oci:"+filepath.Join(t.TempDir(), "m"))
	return r, r.backend.(*layout)
}

func overwrite(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// flip changes one byte and nothing else.
func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

func TestDamagedBlobIsNoticedAndHealed(t *testing.T) {
	content := bytes.Repeat([]byte("weights"), 1000)
	damage := map[string]func([]byte) []byte{
		"truncated":          func(b []byte) []byte { return b[:len(b)-1] },
		"emptied":            func([]byte) []byte { return nil },
		"grown":              func(b []byte) []byte { return append(bytes.Clone(b), 'x') },
		"altered, same size": flip,
	}
	for name, change := range damage {
		t.Run(name, func(t *testing.T) {
			r, l := newLayoutRepo(t)
			ctx := t.Context()
			d := must[Descriptor](t)(r.PushBytes(ctx, "x/y", content))
			must[bool](t)(r.HasBlob(ctx, d.Digest)) // remembered as whole
			overwrite(t, l.blobPath(d.Digest), change(content))
			if _, err := r.ReadBlob(ctx, d, 1<<20); !errors.Is(err, ErrIntegrity) {
				t.Errorf("reading: got %v; want ErrIntegrity", err)
			}
			if _, err := r.BlobAt(ctx, d); !errors.Is(err, ErrIntegrity) {
				t.Errorf("random access: got %v; want ErrIntegrity", err)
			}
			if ok, err := r.HasBlob(ctx, d.Digest); ok || err != nil {
				t.Errorf("has blob: got %v, %v; want false", ok, err)
			}
			must[Descriptor](t)(r.PushBytes(ctx, "x/y", content))
			if got, err := r.ReadBlob(ctx, d, 1<<20); err != nil || !bytes.Equal(got, content) {
				t.Errorf("after pushing again: got %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestStreamingReaderFailsAtTheEnd(t *testing.T) {
	r, l := newLayoutRepo(t)
	content := []byte("0123456789")
	d := must[Descriptor](t)(r.PushBytes(t.Context(), "x/y", content))
	overwrite(t, l.blobPath(d.Digest), []byte("0123456780"))
	rc := must[io.ReadCloser](t)(r.Blob(t.Context(), d))
	defer rc.Close()
	if n, err := io.ReadFull(rc, make([]byte, 10)); !errors.Is(err, ErrIntegrity) {
		t.Errorf("got %d bytes, %v; want ErrIntegrity", n, err)
	}
}

func TestDamagedManifestIsNoticedAndHealed(t *testing.T) {
	r, l := newLayoutRepo(t)
	ctx := t.Context()
	d := must[Descriptor](t)(r.PushArtifact(ctx, note("a")))
	if err := r.Tag(ctx, d, "v"); err != nil {
		t.Fatal(err)
	}
	raw, _, _ := r.Manifest(ctx, d.Digest)
	overwrite(t, l.blobPath(d.Digest), flip(raw))
	for _, target := range []string{"v", d.Digest} {
		if _, err := r.Resolve(ctx, target); !errors.Is(err, ErrIntegrity) {
			t.Errorf("%s: got %v; want ErrIntegrity", target, err)
		}
	}
	must[Descriptor](t)(r.PushArtifact(ctx, note("a")))
	if _, err := r.Resolve(ctx, "v"); err != nil {
		t.Error(err)
	}
}

func TestManifestOverMissingBlobsIsRefused(t *testing.T) {
	r, _ := newLayoutRepo(t)
	must[Descriptor](t)(r.PushBytes(t.Context(), artifact.MediaTypeEmpty, emptyBytes))
	_, err := r.PushManifest(t.Context(), Manifest{Layers: []Descriptor{{MediaType: "x/y", Digest: someDigest, Size: 3}}})
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), someDigest) {
		t.Errorf("got %v; want ErrNotFound naming the blob", err)
	}
}

func TestReferrerThatIsGoneIsStillListed(t *testing.T) {
	r, l := newLayoutRepo(t)
	ctx := t.Context()
	image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
	d := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("a", image)))
	if err := os.Remove(l.blobPath(d.Digest)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Descriptor{d}, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, ""))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, _, err := r.Manifest(ctx, d.Digest); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v; want ErrNotFound", err)
	}
}

func TestTornLineIsLeftOutAndRepaired(t *testing.T) {
	r, l := newLayoutRepo(t)
	ctx := t.Context()
	image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
	a := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("a", image)))
	for _, name := range []string{l.sidePath(image.Digest), l.path(sideDir, "known")} {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, `{"mediaType":"appl`)
		f.Close()
	}
	if diff := cmp.Diff([]Descriptor{a}, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, ""))); diff != "" {
		t.Errorf("torn (-want +got):\n%s", diff)
	}
	b := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("b", image)))
	want := []Descriptor{a, b}
	sortDescriptors(want)
	if diff := cmp.Diff(want, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, ""))); diff != "" {
		t.Errorf("repaired (-want +got):\n%s", diff)
	}
}

func TestDamagedSideIndexIsAnError(t *testing.T) {
	r, l := newLayoutRepo(t)
	ctx := t.Context()
	image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
	must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("a", image)))
	overwrite(t, l.sidePath(image.Digest), []byte("{}\n"))
	if list, err := r.Referrers(ctx, image.Digest, ""); !errors.Is(err, ErrIntegrity) || list != nil {
		t.Errorf("got %v, %v; want ErrIntegrity", list, err)
	}
}

func TestFolderThatIsNoLayoutIsNotTouched(t *testing.T) {
	cases := map[string]map[string]string{
		"index.json of something else": {"index.json": `{"name":"web"}`},
		"a later version":              {"oci-layout": `{"imageLayoutVersion":"2.0.0"}`},
		"a marker that is no JSON":     {"oci-layout": `hello`},
		"a layout without index.json":  {"oci-layout": layoutMarker},
	}
	for name, files := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range files {
				overwrite(t, filepath.Join(dir, file), []byte(text))
			}
			r := open(t, "oci:"+dir)
			if _, err := r.PushArtifact(t.Context(), note("a")); err == nil {
				t.Error("pushed into it")
			}
			for file, text := range files {
				if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != text {
					t.Errorf("%s: got %q, %v; want it untouched", file, got, err)
				}
			}
		})
	}
}

func TestFileInPlaceOfTheLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	overwrite(t, path, []byte("a file"))
	r := open(t, "oci:"+path)
	if _, err := r.PushArtifact(t.Context(), note("a")); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v; want an error that names %s", err, path)
	}
	if _, err := r.Resolve(t.Context(), "v"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v; want an error of its own", err)
	}
}

// A layout written by go-containerregistry, as crane and skopeo would: a
// tagged image and a referrer that only index.json names.
func foreignLayout(t *testing.T, dir string) (image, referrer v1.Hash) {
	t.Helper()
	path, err := ggcrlayout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(100, 2)
	if err == nil {
		err = path.AppendImage(img, ggcrlayout.WithAnnotations(map[string]string{artifact.AnnotationRefName: "v1"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	subject, err := partial.Descriptor(img)
	if err != nil {
		t.Fatal(err)
	}
	note, ok := mutate.Subject(mutate.Annotations(empty.Image, map[string]string{"text": "foreign"}).(v1.Image), *subject).(v1.Image)
	if !ok {
		t.Fatal("not an image")
	}
	if err := path.AppendImage(note); err != nil {
		t.Fatal(err)
	}
	referrer, err = note.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return subject.Digest, referrer
}

func TestLayoutOfAnotherTool(t *testing.T) {
	dir := t.TempDir()
	image, referrer := foreignLayout(t, dir)
	r := open(t, "oci:"+dir)
	ctx := t.Context()
	d := must[Descriptor](t)(r.Resolve(ctx, "v1"))
	if d.Digest != image.String() {
		t.Fatalf("got %v; want %s", d, image)
	}
	digests := func() (list []string) {
		for _, d := range must[[]Descriptor](t)(r.Referrers(ctx, image.String(), "")) {
			list = append(list, d.Digest)
		}
		return list
	}
	for range 2 {
		if got := digests(); !cmp.Equal(got, []string{referrer.String()}) {
			t.Errorf("got %q; want %s", got, referrer)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, sideDir)); !os.IsNotExist(err) {
		t.Errorf("reading wrote into the layout: %v", err)
	}
	mine := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("mine", d)))
	if got := digests(); len(got) != 2 {
		t.Errorf("got %q; want %s and %s", got, referrer, mine.Digest)
	}
	path, err := ggcrlayout.FromPath(dir)
	if err != nil {
		t.Fatal("read by the other tool:", err)
	}
	index, err := path.ImageIndex()
	if err == nil {
		_, err = index.Image(image)
	}
	if err != nil {
		t.Error("read by the other tool:", err)
	}
	if err := r.Delete(ctx, referrer.String()); err != nil {
		t.Fatal(err)
	}
	if got := digests(); !cmp.Equal(got, []string{mine.Digest}) {
		t.Errorf("after deleting: got %q; want %s", got, mine.Digest)
	}
}

func TestUnknownFieldsOfIndexAreKept(t *testing.T) {
	r, l := newLayoutRepo(t)
	ctx := t.Context()
	d := must[Descriptor](t)(r.PushArtifact(ctx, note("a")))
	text := fmt.Sprintf(`{"schemaVersion":2,"annotations":{"a":"b"},"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"platform":{"os":"linux","architecture":"amd64"},"annotations":{"org.opencontainers.image.ref.name":"x"}}]}`, d.MediaType, d.Digest, d.Size)
	overwrite(t, l.path("index.json"), []byte(text))
	if err := r.Tag(ctx, d, "y"); err != nil {
		t.Fatal(err)
	}
	var was, got map[string]any
	json.Unmarshal([]byte(text), &was)
	b, _ := os.ReadFile(l.path("index.json"))
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	got["manifests"] = got["manifests"].([]any)[:1]
	if diff := cmp.Diff(was, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTagGivenTwiceIsRefused(t *testing.T) {
	r, l := newLayoutRepo(t)
	ctx := t.Context()
	a := must[Descriptor](t)(r.PushArtifact(ctx, note("a")))
	b := must[Descriptor](t)(r.PushArtifact(ctx, note("b")))
	entry := func(d Descriptor) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d,"annotations":{"org.opencontainers.image.ref.name":"v"}}`, d.MediaType, d.Digest, d.Size)
	}
	overwrite(t, l.path("index.json"), []byte(`{"schemaVersion":2,"manifests":[`+entry(a)+`,`+entry(b)+`]}`))
	if d, err := r.Resolve(ctx, "v"); !errors.Is(err, ErrIntegrity) {
		t.Errorf("got %v, %v; want ErrIntegrity", d, err)
	}
}

func TestLeftOversOfKilledProcessesAreSwept(t *testing.T) {
	r, l := newLayoutRepo(t)
	must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	old := time.Now().Add(-time.Hour)
	dead, alive, young := l.path(sideDir, "tmp", "in-dead"), l.path(sideDir, "tmp", "in-alive"), l.path(sideDir, "tmp", "in-young")
	for _, name := range []string{dead, young} {
		overwrite(t, name, []byte("x"))
	}
	f := must[*incoming](t)(l.incoming())
	defer f.drop()
	if err := os.Rename(f.Name(), alive); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dead, alive} {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	must[Descriptor](t)(open(t, r.String()).PushArtifact(t.Context(), note("b")))
	got, _ := filepath.Glob(l.path(sideDir, "tmp", "in-*"))
	if diff := cmp.Diff([]string{alive, young}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLockIsWaitedForAndGivenUp(t *testing.T) {
	r, _ := newLayoutRepo(t)
	must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	unlock, err := r.backend.(*layout).flock(t.Context(), "lock")
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := Open(r.String(), Options{LockWait: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.PushArtifact(t.Context(), note("b")); !errors.Is(err, ErrLocked) || !errors.Is(err, ErrNetwork) {
		t.Errorf("got %v; want ErrLocked", err)
	}
	if _, err := other.Tags(t.Context()); err != nil {
		t.Errorf("reading waits for the lock: %v", err)
	}
	unlock()
	must[Descriptor](t)(other.PushArtifact(t.Context(), note("b")))
}

func TestSessionLockDoesNotStopWrites(t *testing.T) {
	r, _ := newLayoutRepo(t)
	unlock, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
}

// A hundred thousand statements about other subjects, and about this one, must
// not make the next push read them all.
func TestManyStatements(t *testing.T) {
	r, l := newLayoutRepo(t)
	ctx := t.Context()
	image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
	first := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("first", image)))
	const many = 100_000
	var side, known bytes.Buffer
	for i := range many {
		d := first
		d.Digest = artifact.Digest(fmt.Append(nil, i))
		d.ArtifactType = "application/vnd.test.other"
		line, _ := json.Marshal(d)
		side.Write(append(line, '\n'))
		known.WriteString(artifact.Hex(d.Digest) + "\n")
	}
	for name, text := range map[string]*bytes.Buffer{l.sidePath(image.Digest): &side, l.path(sideDir, "known"): &known} {
		was, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		overwrite(t, name, append(was, text.Bytes()...))
	}
	second := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("second", image)))
	want := []Descriptor{first, second}
	sortDescriptors(want)
	if diff := cmp.Diff(want, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, "application/vnd.test.note"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	n := 0
	if err := r.EachReferrer(ctx, image.Digest, "", func(Descriptor) error { n++; return nil }); err != nil || n != many+2 {
		t.Errorf("got %d, %v; want %d", n, err, many+2)
	}
}

func FuzzSideIndex(f *testing.F) {
	line, _ := json.Marshal(Descriptor{MediaType: "a/b", Digest: someDigest, Size: 3, Annotations: map[string]string{"k": "v"}})
	f.Add([]byte{})
	f.Add(append(line, '\n'))
	f.Add(append(append(append([]byte{}, line...), '\n'), line[:20]...))
	f.Add([]byte("{}\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := 0
		err := readLines(bytes.NewReader(text), func(d Descriptor) error {
			n++
			return d.check()
		})
		if err != nil && !errors.Is(err, ErrIntegrity) {
			t.Fatalf("got %v", err)
		}
		if err == nil && n != bytes.Count(text, []byte("\n")) {
			t.Fatalf("%d lines, %d read", bytes.Count(text, []byte("\n")), n)
		}
	})
}

func FuzzIndexJSON(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"manifests":[]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"` + someDigest + `","size":1,"annotations":{"org.opencontainers.image.ref.name":"v"}}]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":null,"x":[1]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := parseIndex(text)
		if err != nil {
			return
		}
		again, err := parseIndex(x.bytes())
		if err != nil || !cmp.Equal(again.byTag, x.byTag) || len(again.entries) != len(x.entries) {
			t.Fatalf("written and read again: %v", err)
		}
		x.put(Descriptor{MediaType: "a", Digest: someDigest, Size: 1}, "new")
		if at, err := x.digestOf("new"); err != nil || at != someDigest {
			t.Fatalf("got %s, %v", at, err)
		}
		if !x.drop("new") || !x.has(someDigest) {
			t.Fatal("dropping a tag dropped the manifest")
		}
	})
}

func FuzzManifest(f *testing.F) {
	m := Manifest{ArtifactType: "a/b", Layers: []Descriptor{emptyConfig}, Subject: &emptyConfig}
	raw, _ := m.Bytes()
	f.Add(raw)
	f.Add([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`))
	f.Add([]byte(`{"schemaVersion":2,"config":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseManifest(text)
		if err == nil {
			if _, err := m.Bytes(); err != nil {
				t.Fatal(err)
			}
		} else if !errors.Is(err, ErrIntegrity) {
			t.Fatalf("got %v; want ErrIntegrity", err)
		}
		readHead(text, "")
		parseReferrers(text)
	})
}

// FuzzReferrers: whatever a registry answers, each descriptor that is taken
// from it can be asked for.
func FuzzReferrers(f *testing.F) {
	digest := artifact.Digest([]byte("x"))
	f.Add([]byte(`{"schemaVersion":2,"mediaType":"` + artifact.MediaTypeIndex + `","manifests":[{"mediaType":"` + artifact.MediaTypeManifest + `","digest":"` + digest + `","size":1}]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":null}`))
	f.Add([]byte(`{"manifests":[{"digest":"sha256:short","size":-1}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := parseReferrers(raw)
		if err != nil {
			return
		}
		for _, d := range list {
			if err := d.check(); err != nil {
				t.Errorf("took %+v: %v", d, err)
			}
		}
	})
}
