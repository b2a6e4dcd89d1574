package transfer

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// model is a repository with two versions, one refused model, and all that
// publishing leaves; as bytes only, since copying believes no signature.
type model struct {
	*oci.Repository
	images map[string]oci.Descriptor // by version; "refused" has none
}

func open(t *testing.T, ref string) *oci.Repository {
	t.Helper()
	repo, _, err := oci.Open(ref, oci.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func folder(t *testing.T) *oci.Repository { return open(t, "oci:"+filepath.Join(t.TempDir(), "card")) }

func newModel(t *testing.T, repo *oci.Repository) model {
	t.Helper()
	m := model{repo, map[string]oci.Descriptor{}}
	var last *oci.Descriptor
	for i, version := range []string{"1.0.0", "2.0.0", "refused"} {
		image := m.image(t, "weights of "+version)
		m.images[version] = image
		m.attach(t, image, artifact.MediaTypeBundle, "verdict on "+version)
		m.attach(t, image, artifact.MediaTypeEvidence, "input of "+version)
		m.attach(t, image, "application/vnd.other", "a scan of "+version)
		entry := m.entry(t, i+1, last, "attempt at "+version)
		last = &entry
		if version != "refused" {
			m.tag(t, image, version)
		}
	}
	spec, err := m.PushArtifact(t.Context(), oci.Artifact{Type: artifact.MediaTypeSpec, Layers: layers("{}")})
	if err != nil {
		t.Fatal(err)
	}
	m.tag(t, spec, artifact.SpecTag(artifact.Digest([]byte("{}"))))
	return m
}

func layers(text string) []oci.Layer {
	return []oci.Layer{{MediaType: "text/plain", Bytes: []byte(text)}}
}

func (m model) image(t *testing.T, text string) oci.Descriptor {
	t.Helper()
	config, err := m.PushBytes(t.Context(), artifact.MediaTypeConfig, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	layer, err := m.PushBytes(t.Context(), artifact.MediaTypeLayer, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.PushManifest(t.Context(), oci.Manifest{Config: config, Layers: []oci.Descriptor{layer}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (m model) attach(t *testing.T, to oci.Descriptor, kind, text string) oci.Descriptor {
	t.Helper()
	d, err := m.PushArtifact(t.Context(), oci.Artifact{Type: kind, Subject: &to, Layers: layers(text)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (m model) entry(t *testing.T, n int, after *oci.Descriptor, text string) oci.Descriptor {
	t.Helper()
	d, err := m.PushArtifactIfAbsent(t.Context(), oci.Artifact{Type: artifact.MediaTypeBundle, Subject: after, Layers: layers(text)}, artifact.EntryTag(artifact.AttemptsPrefix, n))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (m model) tag(t *testing.T, d oci.Descriptor, tag string) {
	t.Helper()
	if err := m.Tag(t.Context(), d, tag); err != nil {
		t.Fatal(err)
	}
}

// found is all that can be found of a repository from its tags on: for each
// tag the digest, for each manifest what refers to it.
func found(t *testing.T, repo *oci.Repository) map[string]any {
	t.Helper()
	all := map[string]any{}
	tags, err := repo.Tags(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var from func(digest string)
	from = func(digest string) {
		if _, ok := all[digest]; ok {
			return
		}
		list, err := repo.Referrers(t.Context(), digest, "")
		if err != nil {
			t.Fatal(err)
		}
		all[digest] = list
		for _, d := range list {
			from(d.Digest)
		}
	}
	for _, tag := range tags {
		if strings.HasPrefix(tag, "sha256-") && !strings.Contains(tag, ".") {
			continue // a list of referrers, where a registry keeps none
		}
		d, err := repo.Resolve(t.Context(), tag)
		if err != nil {
			t.Fatal(err)
		}
		all[tag] = d.Digest
		from(d.Digest)
	}
	return all
}

func TestCopyOfAllVersions(t *testing.T) {
	places := map[string]func(t *testing.T) *oci.Repository{
		"a layout": folder,
		"a registry": func(t *testing.T) *oci.Repository {
			server := httptest.NewServer(ociserver.New(ocimem.New(), nil))
			t.Cleanup(server.Close)
			return open(t, strings.TrimPrefix(server.URL, "http://")+"/acme/card")
		},
	}
	for name, place := range places {
		t.Run("from a layout to "+name+" and back", func(t *testing.T) {
			from, to, back := newModel(t, folder(t)), place(t), folder(t)
			r, err := Copy(t.Context(), Options{From: from.Repository, To: to})
			if err != nil {
				t.Fatal(err)
			}
			want := &Result{
				Images:     []Image{{"1.0.0", from.images["1.0.0"].Digest}, {"2.0.0", from.images["2.0.0"].Digest}},
				Statements: 2, Files: 2, Others: 2, Specs: 1, Entries: 3,
				Sent: r.Sent, Present: r.Present, Bytes: r.Bytes,
			}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(found(t, from.Repository), found(t, to)); diff != "" {
				t.Errorf("there is not what is here (want -, got +):\n%s", diff)
			}
			if _, err := Copy(t.Context(), Options{From: to, To: back}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(found(t, from.Repository), found(t, back)); diff != "" {
				t.Errorf("not the same came back (want -, got +):\n%s", diff)
			}
			again, err := Copy(t.Context(), Options{From: from.Repository, To: to})
			if err != nil || again.Sent != 0 || again.Bytes != 0 {
				t.Errorf("again: sent %d blobs, %d bytes, %v; want none", again.Sent, again.Bytes, err)
			}
		})
	}
}

func TestCopyOfARefusedModel(t *testing.T) {
	from, to := newModel(t, folder(t)), folder(t)
	r, err := Copy(t.Context(), Options{From: from.Repository, Ref: oci.Reference{Digest: from.images["refused"].Digest}, To: to})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Left{{"version 1.0.0", "it was not asked for"}, {"version 2.0.0", "it was not asked for"}}; !cmp.Equal(r.Left, want) {
		t.Errorf("left %v; want %v", r.Left, want)
	}
	list, err := to.Referrers(t.Context(), from.images["refused"].Digest, "")
	if err != nil || len(list) != 3 {
		t.Errorf("attached: %v, %v; want its verdict, evidence and scan", list, err)
	}
	tags, err := to.Tags(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"at-000001", "at-000002", "at-000003", artifact.SpecTag(artifact.Digest([]byte("{}")))}; !cmp.Equal(tags, want) {
		t.Errorf("tags %v; want the history and the spec, %v", tags, want)
	}
}

// TestCopyLooksBehindTheChain shows that an untagged entry that follows the
// same one as another is copied too: it is how a fork is seen.
func TestCopyLooksBehindTheChain(t *testing.T) {
	from, to := newModel(t, folder(t)), folder(t)
	first, err := from.Resolve(t.Context(), "at-000001")
	if err != nil {
		t.Fatal(err)
	}
	fork := from.attach(t, first, artifact.MediaTypeBundle, "another second attempt")
	if _, err := Copy(t.Context(), Options{From: from.Repository, To: to}); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Resolve(t.Context(), fork.Digest); err != nil {
		t.Errorf("the fork was left behind: %v", err)
	}
}

// shorts are digests as they are shown; that of no image is left in.
var shorts = regexp.MustCompile(`sha256:(?:[0-9a-f]{12})\b`)

func TestCopyRefuses(t *testing.T) {
	tests := map[string]struct {
		ref   oci.Reference
		spoil func(t *testing.T, from, to model) // before
		to    string                             // name of the other repository
		want  string
		kind  error
	}{
		"another name": {to: "loan", kind: ErrUsage,
			want: "usage: the model is called \"card\", and the other repository \"loan\"\nhint: copy to a repository that ends in /card; a model's name is part of what is signed"},
		"no version": {spoil: func(t *testing.T, from, _ model) {
			for _, v := range []string{"1.0.0", "2.0.0"} {
				if err := from.Delete(t.Context(), v); err != nil {
					t.Fatal(err)
				}
			}
		}, kind: ErrUsage, want: "usage: FROM holds no version\nhint: name a model that was refused by its digest, FROM@sha256:…"},
		"a version that is not there": {ref: oci.Reference{Tag: "9.9.9"}, kind: ErrUsage,
			want: "usage: FROM has no version 9.9.9\nhint: weighlock ls FROM lists the versions"},
		"a tag of Weighlock's own": {ref: oci.Reference{Tag: "at-000001"}, kind: ErrUsage,
			want: "usage: the tag at-000001 is not a version, but of a form that Weighlock keeps for itself\nhint: weighlock ls FROM lists the versions"},
		"a version that leads elsewhere": {ref: oci.Reference{Tag: "1.0.0", Digest: "sha256:" + strings.Repeat("ab", 32)}, kind: oci.ErrIntegrity,
			want: "the tag 1.0.0 of FROM is sha256:HEX, not sha256:HEX"},
		"a version that is there": {spoil: func(t *testing.T, _, to model) {
			to.tag(t, to.image(t, "other weights"), "1.0.0")
		}, kind: ErrUsage, want: "usage: version 1.0.0 of TO is sha256:HEX, and here it is sha256:HEX; versions never move\nhint: copy to a repository without that version"},
		"another history": {spoil: func(t *testing.T, _, to model) {
			to.entry(t, 1, nil, "somebody else's attempt")
		}, kind: oci.ErrIntegrity, want: "at-000001 is sha256:HEX in FROM, and sha256:HEX in TO: two histories of one model cannot become one\nhint: copy to a repository that has no other history"},
		"an entry under the tag of a later one": {spoil: func(t *testing.T, from, _ model) {
			first, err := from.Resolve(t.Context(), "at-000001")
			if err != nil {
				t.Fatal(err)
			}
			from.tag(t, first, "at-000002")
		}, kind: oci.ErrIntegrity, want: "at-000002 of FROM does not follow the entry before it: a tag was moved, or the registry answers with old ones\nhint: run it again; `weighlock gate FROM:VERSION` says whether the history is whole"},
		"an entry under the tag of the first": {spoil: func(t *testing.T, from, _ model) {
			second, err := from.Resolve(t.Context(), "at-000002")
			if err != nil {
				t.Fatal(err)
			}
			from.tag(t, second, "at-000001")
		}, kind: oci.ErrIntegrity, want: "at-000001 of FROM does not follow the entry before it: a tag was moved, or the registry answers with old ones\nhint: run it again; `weighlock gate FROM:VERSION` says whether the history is whole"},
		"a statement that is gone": {spoil: func(t *testing.T, from, _ model) {
			lost := from.attach(t, from.images["1.0.0"], artifact.MediaTypeBundle, "an incident")
			if err := os.Remove(filepath.Join(strings.TrimPrefix(from.String(), "oci:"), "blobs", "sha256", artifact.Hex(lost.Digest))); err != nil {
				t.Fatal(err)
			}
		}, kind: oci.ErrIntegrity, want: "1 statements or files are listed in FROM and cannot be read, first sha256:HEX\nhint: whoever keeps that registry may bring them back; a copy without them would hide that they are missing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			from := newModel(t, folder(t))
			to := model{Repository: folder(t)}
			if tt.to != "" {
				to.Repository = open(t, "oci:"+filepath.Join(t.TempDir(), tt.to))
			}
			if tt.spoil != nil {
				tt.spoil(t, from, to)
			}
			_, err := Copy(t.Context(), Options{From: from.Repository, Ref: tt.ref, To: to.Repository})
			if err == nil {
				t.Fatal("copied")
			}
			got := strings.NewReplacer(from.String(), "FROM", to.String(), "TO").Replace(err.Error())
			got = shorts.ReplaceAllString(got, "sha256:HEX")
			if want := tt.want; got != want || !errors.Is(err, tt.kind) {
				t.Errorf("got  %s\nwant %s\nof kind %v", got, want, tt.kind)
			}
			if to.Name() == from.Name() && name != "a version that is there" {
				if _, err := to.Resolve(t.Context(), "1.0.0"); !errors.Is(err, oci.ErrNotFound) {
					t.Errorf("a version was given all the same: %v", err)
				}
			}
		})
	}
}

// TestCopyOfAListThatNamesWhatIsAboutSomethingElse shows that whoever can write
// a list of referrers cannot keep a model from being copied.
func TestCopyOfAListThatNamesWhatIsAboutSomethingElse(t *testing.T) {
	server := httptest.NewServer(ociserver.New(ocimem.New(), nil))
	t.Cleanup(server.Close)
	from := newModel(t, open(t, strings.TrimPrefix(server.URL, "http://")+"/acme/card"))
	foreign := from.attach(t, from.images["2.0.0"], artifact.MediaTypeBundle, "an incident")
	list, err := from.PushManifestBytes(t.Context(), fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
		artifact.MediaTypeIndex, foreign.MediaType, foreign.Digest, foreign.Size))
	if err != nil {
		t.Fatal(err)
	}
	from.tag(t, list, "sha256-"+artifact.Hex(from.images["1.0.0"].Digest))
	to := model{Repository: folder(t)}
	if _, err := Copy(t.Context(), Options{From: from.Repository, To: to.Repository}); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]bool{"1.0.0": false, "2.0.0": true} {
		attached, err := to.Referrers(t.Context(), from.images[version].Digest, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(attached, func(d oci.Descriptor) bool { return d.Digest == foreign.Digest }); got != want {
			t.Errorf("%s: it is attached: %v; want %v", version, got, want)
		}
	}
}

// TestCopyAsksForWhatIsListed shows that a registry which takes statements and
// does not list them gets no version: nobody would miss them there.
func TestCopyAsksForWhatIsListed(t *testing.T) {
	from := newModel(t, folder(t))
	registry := ociserver.New(ocimem.New(), nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/referrers/") {
			w.Header().Set("Content-Type", artifact.MediaTypeIndex)
			fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":%q,"manifests":[]}`, artifact.MediaTypeIndex)
			return
		}
		registry.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	to := open(t, strings.TrimPrefix(server.URL, "http://")+"/acme/card")
	_, err := Copy(t.Context(), Options{From: from.Repository, To: to})
	if !errors.Is(err, oci.ErrNetwork) || !strings.Contains(err.Error(), "and does not list it among what is attached to sha256:") {
		t.Errorf("got %v; want a fault that names what is not listed", err)
	}
	if _, err := to.Resolve(t.Context(), "1.0.0"); !errors.Is(err, oci.ErrNotFound) {
		t.Errorf("a version was given all the same: %v", err)
	}
}

// TestCopyOfAListThatGrows shows that what the source lists only after it was
// copied is not left behind without a word.
func TestCopyOfAListThatGrows(t *testing.T) {
	registry := ociserver.New(ocimem.New(), nil)
	var hidden atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/referrers/") && hidden.Swap(false) {
			w.Header().Set("Content-Type", artifact.MediaTypeIndex)
			fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":%q,"manifests":[]}`, artifact.MediaTypeIndex)
			return
		}
		registry.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	from, to := newModel(t, open(t, strings.TrimPrefix(server.URL, "http://")+"/acme/card")), folder(t)
	o := Options{From: from.Repository, Ref: oci.Reference{Tag: "1.0.0"}, To: to}
	if _, err := from.Referrers(t.Context(), from.images["1.0.0"].Digest, ""); err != nil {
		t.Fatal(err) // so that the registry is known to have the API
	}
	hidden.Store(true)
	_, err := Copy(t.Context(), o)
	if !errors.Is(err, oci.ErrNetwork) || !strings.Contains(err.Error(), " now, and did not before\nhint: run it again; what was copied is not copied twice") {
		t.Errorf("got %v; want a fault that names what was listed late", err)
	}
	if _, err := to.Resolve(t.Context(), "1.0.0"); !errors.Is(err, oci.ErrNotFound) {
		t.Errorf("a version was given all the same: %v", err)
	}
	if _, err := Copy(t.Context(), o); err != nil {
		t.Errorf("again: %v", err)
	}
}

// TestCopyToWhatRefuses copies to a registry that knows no manifest that it is
// sent, and to one that has no place for blobs: that is the other's fault, and
// nothing is said to be gone from here.
func TestCopyToWhatRefuses(t *testing.T) {
	for name, c := range map[string]struct{ method, part string }{
		"manifests": {http.MethodPut, "/manifests/"},
		"blobs":     {http.MethodPost, "/blobs/uploads/"},
	} {
		t.Run(name, func(t *testing.T) {
			inner := ociserver.New(ocimem.New(), nil)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == c.method && strings.Contains(r.URL.Path, c.part) {
					http.NotFound(w, r)
					return
				}
				inner.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			from, to := newModel(t, folder(t)), open(t, strings.TrimPrefix(server.URL, "http://")+"/acme/card")
			_, err := Copy(t.Context(), Options{From: from.Repository, To: to})
			if err == nil || errors.Is(err, oci.ErrNotFound) || !strings.Contains(err.Error(), to.String()+" refuses what it is sent, as naming something that it does not have: ") {
				t.Errorf("got %v; want a refusal by %s", err, to)
			}
		})
	}
}
