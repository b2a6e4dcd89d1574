package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// write makes files below a new folder and returns it.
func write(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// weights are n bytes that do not repeat, the same each time.
func weights(n int) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{1})
	_, _ = src.Read(b) // it never fails
	return b
}

// sample is a model of two large and four small files.
func sample(t testing.TB) (string, Input) {
	t.Helper()
	dir := write(t, map[string][]byte{
		"net/a.safetensors":          weights(large),
		"net/deep/er/b.safetensors":  weights(large + chunkSize + 17),
		"net/config.json":            []byte("{}"),
		"net/generation_config.json": []byte(`{"a":1}`),
		"net/tokenizer.json":         []byte("[]"),
		"net/empty.bin":              nil,
		"net/.git/HEAD":              []byte("ref"),
		"net/.weighlock/own":         []byte("x"),
		strings.Repeat("long/", 40) + "name-with-ümlaut.bin": []byte("u"),
	})
	files, err := ListFiles(dir, []string{"net", "long"})
	if err != nil {
		t.Fatal(err)
	}
	return dir, Input{Name: "card-default", Task: "binary", Files: files, Created: noon, Metadata: map[string][]byte{
		"weighlock.yaml": []byte("name: card-default\n"), "spec.json": []byte(`{"a":1}`),
	}}
}

func layout(t testing.TB) *oci.Repository {
	t.Helper()
	repo, _, err := oci.Open("oci:"+filepath.Join(t.TempDir(), "card-default"), oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// golden is the digest of sample's image. It may change only with a new
// version of the image's form, since published digests rest on it.
const golden = "sha256:77d06a73375f2d42db633bc00a83fb5cbd83d5a7ca860afaff89e4a8185ba4c4"

func TestSameInputSameBytes(t *testing.T) {
	_, in := sample(t)
	ctx := t.Context()
	computed, err := Digest(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if computed.Descriptor.Digest != golden {
		t.Errorf("Digest: got %s; want %s", computed.Descriptor.Digest, golden)
	}
	_, again := sample(t) // other folder, other times
	for i, j := 0, len(again.Files)-1; i < j; i, j = i+1, j-1 {
		again.Files[i], again.Files[j] = again.Files[j], again.Files[i]
	}
	pushed, err := Push(ctx, layout(t), again, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(computed, pushed); d != "" {
		t.Errorf("Digest and Push differ:\n%s", d)
	}
}

func TestLayersAreOneForEachLargeFileThenOneByRole(t *testing.T) {
	_, in := sample(t)
	repo := layout(t)
	img, err := Push(t.Context(), repo, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := oci.ParseManifest(img.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	long := "models/" + strings.Repeat("long/", 40) + "name-with-ümlaut.bin"
	want := [][]string{
		{"models/net/a.safetensors"},
		{"models/net/deep/er/b.safetensors"},
		{"models/net/config.json", "models/net/generation_config.json"},
		{long, "models/net/empty.bin"},
		{"models/net/tokenizer.json"},
		{"models/.weighlock/files.json", "models/.weighlock/spec.json", "models/.weighlock/weighlock.yaml"},
	}
	var got [][]string
	for _, l := range m.Layers {
		r, err := repo.BlobAt(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, tarNames(t, r, l.Size))
		r.Close()
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	wantNotes := map[string]string{
		"org.opencontainers.image.created": "2026-11-20T12:00:00Z", "org.opencontainers.image.title": "card-default",
		"dev.weighlock.model.name": "card-default", "dev.weighlock.model.task": "binary",
	}
	if d := cmp.Diff(wantNotes, m.Annotations); d != "" {
		t.Error(d)
	}
}

func TestConfigIsAnOrdinaryImageConfig(t *testing.T) {
	_, in := sample(t)
	repo := layout(t)
	img, err := Push(t.Context(), repo, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := oci.ParseManifest(img.Manifest)
	text, err := repo.ReadBlob(t.Context(), m.Config, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var got config
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := config{Architecture: "amd64", OS: "linux", Created: "2026-11-20T12:00:00Z", RootFS: rootFS{Type: "layers"}}
	for _, l := range m.Layers {
		want.RootFS.DiffIDs = append(want.RootFS.DiffIDs, l.Digest)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnUnchangedWeightFileKeepsItsLayer(t *testing.T) {
	dir, in := sample(t)
	before, err := Digest(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "net/config.json"), []byte(`{"new":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	in.Created = noon.Add(24 * time.Hour)
	after, err := Digest(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := oci.ParseManifest(before.Manifest)
	is, _ := oci.ParseManifest(after.Manifest)
	var same []bool
	for i := range was.Layers {
		same = append(same, was.Layers[i].Digest == is.Layers[i].Digest)
	}
	if d := cmp.Diff([]bool{true, true, false, true, true, false}, same); d != "" {
		t.Errorf("layers that stayed the same:\n%s", d)
	}
}

func TestReadBack(t *testing.T) {
	dir, in := sample(t)
	repo := layout(t)
	img, err := Push(t.Context(), repo, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), repo, img.Descriptor.Digest)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if d := cmp.Diff(img.Files, c.Files); d != "" {
		t.Error(d)
	}
	for _, f := range c.Files {
		r, size, err := c.OpenFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes", f.Path)
		}
	}
	if d := cmp.Diff([]string{"files.json", "spec.json", "weighlock.yaml"}, c.MetadataNames()); d != "" {
		t.Error(d)
	}
	if text, err := c.Metadata("spec.json"); err != nil || string(text) != `{"a":1}` {
		t.Errorf("spec.json: %q, %v", text, err)
	}
	image := artifact.Short(img.Descriptor.Digest)
	want := "lineage.json in " + image + ": no such file in the model image"
	if _, err := c.Metadata("lineage.json"); !errors.Is(err, ErrNoFile) || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
	want = "reading net/none from model image " + image + ": no such file in the model image"
	if _, _, err := c.OpenFile("net/none"); !errors.Is(err, ErrNoFile) || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
	if err := c.Verify(); err != nil {
		t.Error(err)
	}
}

func TestRefusedInput(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Input)
		want  string
	}{
		"no name":                         {func(in *Input) { in.Name = "" }, "packing: the model has no name or no task"},
		"no task":                         {func(in *Input) { in.Task = "" }, "packing: the model has no name or no task"},
		"no time":                         {func(in *Input) { in.Created = time.Time{} }, "packing card-default: no time of creation"},
		"no file":                         {func(in *Input) { in.Files = nil }, "packing: no model file"},
		"a file twice":                    {func(in *Input) { in.Files = append(in.Files, in.Files[0]) }, "named twice"},
		"a file in the place of a folder": {func(in *Input) { in.Files[1].Path = in.Files[0].Path + "/x" }, "is a file, and the folder of"},
		"a path that leaves":              {func(in *Input) { in.Files[0].Path = "../x" }, "no path inside"},
		"an absolute path":                {func(in *Input) { in.Files[0].Path = "/x" }, "no path inside"},
		"a deletion":                      {func(in *Input) { in.Files[0].Path = "a/.wh.b" }, "deletes files"},
		"Weighlock's own folder":          {func(in *Input) { in.Files[0].Path = ".weighlock/spec.json" }, "own folder"},
		"a folder for a file":             {func(in *Input) { in.Files[0].Abs = filepath.Dir(in.Files[0].Abs) }, ".bin is no regular file"},
		"a metadata file in a folder":     {func(in *Input) { in.Metadata["a/b"] = nil }, "no name for a metadata file"},
		"the packer's own list":           {func(in *Input) { in.Metadata["files.json"] = nil }, "written by the packer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, in := sample(t)
			c.spoil(&in)
			if _, err := Digest(t.Context(), in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want an error with %q", err, c.want)
			}
		})
	}
}

// meddler is a progress that does something at its first byte.
type meddler struct {
	mu   sync.Mutex
	do   func()
	done bool
	sum  map[string]int64
	what string
}

func (m *meddler) Start(what string, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sum == nil {
		m.sum = map[string]int64{}
	}
	m.what = what
	m.sum[what+" of"] = total
}

func (m *meddler) Add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sum[m.what] += n
	if !m.done && m.do != nil {
		m.done = true
		m.do()
	}
}

func TestProgressReachesItsTotal(t *testing.T) {
	_, in := sample(t)
	m := &meddler{}
	if _, err := Push(t.Context(), layout(t), in, m); err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, f := range in.Files {
		st, err := os.Stat(f.Abs)
		if err != nil {
			t.Fatal(err)
		}
		size += st.Size()
	}
	if d := cmp.Diff(map[string]int64{"packing of": size, "packing": size}, m.sum); d != "" {
		t.Error(d)
	}
}

func TestAFileThatChangesWhileItIsReadIsRefused(t *testing.T) {
	for name, change := range map[string]func(p string) error{
		"it grows":        func(p string) error { return appendTo(p, "x") },
		"it shrinks":      func(p string) error { return os.Truncate(p, large) },
		"it is rewritten": func(p string) error { return os.Chtimes(p, noon, noon) },
		"it is replaced":  func(p string) error { return os.Rename(filepath.Join(filepath.Dir(p), "../../a.safetensors"), p) },
		"it is removed":   os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir, in := sample(t)
			repo := layout(t)
			m := &meddler{do: func() {
				if err := change(filepath.Join(dir, "net/deep/er/b.safetensors")); err != nil {
					t.Error(err)
				}
			}}
			_, err := Push(t.Context(), repo, in, m)
			const want, hint = ": the file changed while it was read", "\nhint: wait until nothing writes to it, then try again"
			if !errors.Is(err, ErrChanged) || !strings.HasPrefix(err.Error(), "packing: net/") || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), hint) {
				t.Errorf("got %v; want packing: net/…%s%s", err, want, hint)
			}
			nothingStaged(t, repo)
		})
	}
}

func appendTo(p, text string) error {
	f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

func TestCancelledPushLeavesNothingHalfVisible(t *testing.T) {
	_, in := sample(t)
	repo := layout(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Push(ctx, repo, in, &meddler{do: cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
	nothingStaged(t, repo)
	if _, err := Push(t.Context(), repo, in, nil); err != nil {
		t.Errorf("the next push: %v", err)
	}
}

// nothingStaged looks for a manifest, and for files that were half written.
func nothingStaged(t *testing.T, repo *oci.Repository) {
	t.Helper()
	dir := strings.TrimPrefix(repo.String(), "oci:")
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(filepath.ToSlash(p), "/tmp/in-") {
			t.Errorf("left behind: %s", p)
		}
		if strings.Contains(filepath.ToSlash(p), "/blobs/") {
			text, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			if artifact.Digest(text) != "sha256:"+filepath.Base(p) || bytes.Contains(text, []byte("schemaVersion")) {
				t.Errorf("half a blob, or a manifest: %s", p)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}
