package pack

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// counted is a registry in this process that counts the bytes sent to it.
func counted(t *testing.T) (*oci.Repository, *atomic.Int64) {
	t.Helper()
	var sent atomic.Int64
	handler := registry.New(registry.WithReferrersSupport(true))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &countedBody{r.Body, &sent}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	repo, _, err := oci.Open(strings.TrimPrefix(server.URL, "http://")+"/acme/card-default", oci.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return repo, &sent
}

type countedBody struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *countedBody) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func TestARegistryGetsOnlyWhatItLacks(t *testing.T) {
	dir, in := sample(t)
	repo, sent := counted(t)
	m := &meddler{}
	first, err := Push(t.Context(), repo, in, m)
	if err != nil {
		t.Fatal(err)
	}
	if first.Descriptor.Digest != golden {
		t.Errorf("got %s; want %s, as in a layout", first.Descriptor.Digest, golden)
	}
	if n := sent.Swap(0); n < 2*large {
		t.Errorf("%d bytes were sent at first", n)
	}
	if m.sum["uploading"] != m.sum["uploading of"] || m.sum["hashing"] != m.sum["hashing of"] || m.sum["hashing"] < 2*large {
		t.Errorf("progress: %v", m.sum)
	}
	if err := os.WriteFile(filepath.Join(dir, "net/config.json"), []byte(`{"new":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	m = &meddler{}
	second, err := Push(t.Context(), repo, in, m)
	if err != nil {
		t.Fatal(err)
	}
	if m.sum["uploading"] != m.sum["uploading of"] {
		t.Errorf("progress where little is sent: %v", m.sum)
	}
	if n := sent.Load(); n > 64<<10 {
		t.Errorf("%d bytes were sent for one small file", n)
	}
	c, err := Open(t.Context(), repo, second.Descriptor.Digest)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Verify(); err != nil {
		t.Error(err)
	}
}

// forge stages an image with layers of the caller's making.
func forge(t *testing.T, repo *oci.Repository, list string, layers ...[]byte) string {
	t.Helper()
	return forgeManifest(t, repo, list, func(*oci.Repository, *oci.Manifest) {}, layers...)
}

// forgeManifest is forge with a manifest that is spoilt before it is stored.
func forgeManifest(t *testing.T, repo *oci.Repository, list string, spoil func(*oci.Repository, *oci.Manifest), layers ...[]byte) string {
	t.Helper()
	metadata := regular("models/.weighlock/files.json")
	layers = append(layers, makeTarOf(t, metadata, list))
	m := oci.Manifest{MediaType: artifact.MediaTypeManifest, Annotations: map[string]string{artifact.AnnotationModelName: "m"}}
	var err error
	if m.Config, err = repo.PushBytes(t.Context(), artifact.MediaTypeConfig, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		d, err := repo.PushBytes(t.Context(), artifact.MediaTypeLayer, l)
		if err != nil {
			t.Fatal(err)
		}
		m.Layers = append(m.Layers, d)
	}
	spoil(repo, &m)
	d, err := repo.PushManifest(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return d.Digest
}

func TestImagesThatContradictThemselves(t *testing.T) {
	entry := func(name, content string) string {
		return `{"` + name + `":{"digest":"` + artifact.Digest([]byte(content)) + `","role":"model","size":8}}`
	}
	a := makeTar(t, regular("models/a"))
	right := entry("a", "models/a")
	for name, c := range map[string]struct {
		list   string
		layers [][]byte
		want   error
	}{
		"nothing wrong":                       {right, [][]byte{a}, nil},
		"a file that is not listed":           {right, [][]byte{a, makeTar(t, regular("models/b"))}, oci.ErrIntegrity},
		"a listed file that is not there":     {right, [][]byte{makeTar(t)}, oci.ErrIntegrity},
		"other bytes":                         {entry("a", "models/b"), [][]byte{a}, oci.ErrIntegrity},
		"another size":                        {strings.Replace(right, `"size":8`, `"size":9`, 1), [][]byte{a}, oci.ErrIntegrity},
		"a file in two layers":                {right, [][]byte{a, a}, oci.ErrIntegrity},
		"a folder over a file":                {right, [][]byte{a, makeTar(t, dirHeader("models/a/"))}, oci.ErrIntegrity},
		"Weighlock's folder in another layer": {right, [][]byte{a, makeTar(t, regular("models/.weighlock/spec.json"))}, oci.ErrIntegrity},
	} {
		t.Run(name, func(t *testing.T) {
			repo := layout(t)
			content, err := Open(t.Context(), repo, forge(t, repo, c.list, c.layers...))
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			if err := content.Verify(); !errors.Is(err, c.want) {
				t.Errorf("got %v; want %v", err, c.want)
			}
		})
	}
}

func TestRefusedImages(t *testing.T) {
	a := makeTar(t, regular("models/a"))
	zeros := `"digest":"sha256:` + strings.Repeat("0", 64) + `"`
	whole := func(*oci.Repository, *oci.Manifest) {}
	large := func(repo *oci.Repository, m *oci.Manifest) {
		var err error
		if m.Layers[1], err = repo.PushBytes(t.Context(), artifact.MediaTypeLayer, make([]byte, maxMetadata+1)); err != nil {
			t.Fatal(err)
		}
	}
	right := `{"a":{` + zeros + `,"role":"model","size":1}}`
	for name, c := range map[string]struct {
		list  string
		spoil func(*oci.Repository, *oci.Manifest)
		want  string
	}{
		"an empty list":          {`{}`, whole, "files.json lists 0 files"},
		"a path twice":           {`{"a":{},"a":{}}`, whole, `files.json: duplicate key "a" (at a, offset 11)`},
		"a path that leaves":     {`{"../a":{` + zeros + `,"role":"model","size":1}}`, whole, `files.json: "../a" is no path inside the project`},
		"a file without role":    {`{"a":{` + zeros + `,"size":1}}`, whole, "files.json: a is not described by digest, size and role"},
		"a negative size":        {`{"a":{` + zeros + `,"role":"model","size":-1}}`, whole, "files.json: a is not described by digest, size and role"},
		"a short digest":         {`{"a":{"digest":"sha256:00","role":"model","size":1}}`, whole, "files.json: a is not described by digest, size and role"},
		"a path of its own":      {`{"a":{` + zeros + `,"role":"model","size":1,"path":"b"}}`, whole, "files.json: a is not described by digest, size and role"},
		"no JSON":                {`x`, whole, "files.json: invalid character 'x' looking for beginning of value"},
		"one layer":              {right, func(_ *oci.Repository, m *oci.Manifest) { m.Layers = m.Layers[:1] }, "1 layers in a model image, which has 2 to 100100"},
		"a compressed layer":     {right, func(_ *oci.Repository, m *oci.Manifest) { m.Layers[0].MediaType += "+gzip" }, "layer " + artifact.Short(artifact.Digest(a)) + " is a application/vnd.oci.image.layer.v1.tar+gzip, not an uncompressed tar"},
		"the model's layer last": {right, func(_ *oci.Repository, m *oci.Manifest) { m.Layers[1] = m.Layers[0] }, "models/a in the metadata layer, which holds files of models/.weighlock and nothing else"},
		"much metadata":          {right, large, "metadata layer of 67108865 bytes, more than 67108864"},
		"the config of another":  {right, func(_ *oci.Repository, m *oci.Manifest) { m.Config.MediaType = artifact.MediaTypeJSON }, "not a model image\nhint: publish the model with weighlock publish"},
		"no name of the model":   {right, func(_ *oci.Repository, m *oci.Manifest) { m.Annotations = nil }, "not a model image\nhint: publish the model with weighlock publish"},
	} {
		t.Run(name, func(t *testing.T) {
			repo := layout(t)
			digest := forgeManifest(t, repo, c.list, c.spoil, a)
			_, err := Open(t.Context(), repo, digest)
			if want := "reading model image " + artifact.Short(digest) + ": " + c.want; err == nil || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
		})
	}
	t.Run("no image at all", func(t *testing.T) {
		repo := layout(t)
		if _, err := Open(t.Context(), repo, golden); !errors.Is(err, oci.ErrNotFound) {
			t.Errorf("got %v; want ErrNotFound", err)
		}
	})
	t.Run("an artifact that is no model image", func(t *testing.T) {
		repo := layout(t)
		d, err := repo.PushArtifact(t.Context(), oci.Artifact{Type: artifact.MediaTypeEvidence})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), repo, d.Digest); err == nil || !strings.Contains(err.Error(), "not a model image") {
			t.Errorf("got %v", err)
		}
	})
}

func TestADamagedLayerIsFound(t *testing.T) {
	_, in := sample(t)
	repo := layout(t)
	img, err := Push(t.Context(), repo, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := oci.ParseManifest(img.Manifest)
	p := filepath.Join(strings.TrimPrefix(repo.String(), "oci:"), "blobs/sha256", artifact.Hex(m.Layers[0].Digest))
	text, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(p, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again, _, err := oci.Open(repo.String(), oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), again, img.Descriptor.Digest)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Verify(); !errors.Is(err, oci.ErrIntegrity) {
		t.Errorf("got %v; want ErrIntegrity", err)
	}
	if d := cmp.Diff(img.Files, c.Files); d != "" {
		t.Error(d)
	}
}
