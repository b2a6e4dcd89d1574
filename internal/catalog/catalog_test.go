package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// store is a layout on disk with one image in it.
type store struct {
	*oci.Repository
	t     *testing.T
	dir   string
	image oci.Descriptor
}

func newStore(t *testing.T) *store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "card-default")
	r, _, err := oci.Open("oci:"+dir, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &store{r, t, dir, oci.Descriptor{}}
	s.image = s.push(oci.Artifact{Type: "application/x", Layers: []oci.Layer{{MediaType: "a/b", Bytes: []byte("image")}}})
	return s
}

func (s *store) push(a oci.Artifact) oci.Descriptor {
	s.t.Helper()
	d, err := s.PushArtifact(s.t.Context(), a)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *store) tag(d oci.Descriptor, tag string) {
	s.t.Helper()
	if err := s.Tag(s.t.Context(), d, tag); err != nil {
		s.t.Fatal(err)
	}
}

// bundle attaches one, of as many layers as there are texts.
func (s *store) bundle(claim string, texts ...string) oci.Descriptor {
	s.t.Helper()
	a := oci.Artifact{Type: artifact.MediaTypeBundle, Subject: &s.image, Annotations: map[string]string{artifact.AnnotationPredicateType: claim}}
	for _, text := range texts {
		a.Layers = append(a.Layers, oci.Layer{MediaType: artifact.MediaTypeBundle, Bytes: []byte(text)})
	}
	return s.push(a)
}

// file attaches evidence files of a role.
func (s *store) files(role string, texts ...string) oci.Descriptor {
	s.t.Helper()
	a := oci.Artifact{Type: artifact.MediaTypeEvidence, Subject: &s.image}
	for _, text := range texts {
		a.Layers = append(a.Layers, oci.Layer{MediaType: "text/csv", Bytes: []byte(text),
			Annotations: map[string]string{artifact.AnnotationRole: role, artifact.AnnotationTitle: text + ".csv"}})
	}
	return s.push(a)
}

func (s *store) blob(digest string) string {
	return filepath.Join(s.dir, "blobs", "sha256", artifact.Hex(digest))
}

func (s *store) lose(digest string) {
	s.t.Helper()
	if err := os.Remove(s.blob(digest)); err != nil {
		s.t.Fatal(err)
	}
}

// spoil changes a blob's first byte.
func (s *store) spoil(digest string) {
	s.t.Helper()
	b, err := os.ReadFile(s.blob(digest))
	if err != nil {
		s.t.Fatal(err)
	}
	b[0] ^= 1
	if err := os.WriteFile(s.blob(digest), b, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// says compares an error's text, in which DIR is the layout's folder.
func (s *store) says(err error, want string) {
	s.t.Helper()
	if err == nil {
		s.t.Fatalf("got no error; want %s", want)
	}
	if got := strings.ReplaceAll(err.Error(), s.dir, "DIR"); got != want {
		s.t.Errorf("got  %s\nwant %s", got, want)
	}
}

func digest(text string) string { return artifact.Digest([]byte(text)) }

func short(text string) string { return artifact.Short(digest(text)) }

func TestBundlesAreReadInTheOrderOfTheirDigests(t *testing.T) {
	s := newStore(t)
	s.files("policy", "not a bundle")
	var want []Attached
	for _, text := range []string{"a", "b", "c", "d"} {
		d := s.bundle("https://example.com/"+text, text)
		want = append(want, Attached{Manifest: d.Digest, Digest: digest(text), Claim: "https://example.com/" + text, Bundle: []byte(text)})
	}
	slices.SortFunc(want, func(a, b Attached) int { return strings.Compare(a.Digest, b.Digest) })
	got, gone, err := Bundles(t.Context(), s.Repository, s.image.Digest)
	if err != nil || gone != nil {
		t.Fatalf("got %v gone, %v", gone, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, gone, err := Bundles(t.Context(), s.Repository, digest("another image")); err != nil || got != nil || gone != nil {
		t.Errorf("of another image: got %v, %v, %v; want none", got, gone, err)
	}
}

// A statement that is listed and gone may have been the one that says no.
func TestBundleThatIsGoneIsToldApart(t *testing.T) {
	for name, lose := range map[string]func(s *store, manifest string){
		"its manifest": func(s *store, manifest string) { s.lose(manifest) },
		"its bytes":    func(s *store, _ string) { s.lose(digest("lost")) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			kept, lost := s.bundle("kept", "kept"), s.bundle("lost", "lost")
			lose(s, lost.Digest)
			got, gone, err := Bundles(t.Context(), s.Repository, s.image.Digest)
			if err != nil || len(got) != 1 || got[0].Manifest != kept.Digest {
				t.Errorf("got %v, %v; want %s", got, err, kept.Digest)
			}
			if diff := cmp.Diff([]Gone{{Manifest: lost.Digest, Claim: "lost"}}, gone, cmpopts.IgnoreFields(Gone{}, "Err")); diff != "" {
				t.Fatalf("gone (-want +got):\n%s", diff)
			}
			if !errors.Is(gone[0].Err, oci.ErrNotFound) {
				t.Errorf("got %v; want oci.ErrNotFound", gone[0].Err)
			}
		})
	}
}

func TestWhatIsAttachedAndWrong(t *testing.T) {
	tests := map[string]struct {
		attach func(*store) oci.Descriptor
		want   string // behind "reading the statement … attached to …: "
		kind   error
	}{
		"two layers": {func(s *store) oci.Descriptor { return s.bundle("x", "one", "two") },
			"it has 2 layers, where a bundle has one\nhint: delete it from the repository, and attach the bundle again if it is needed", nil},
		"altered bytes": {func(s *store) oci.Descriptor {
			d := s.bundle("x", "one")
			s.spoil(digest("one"))
			return d
		}, "blob in oci:DIR: " + digest("one") + " has the digest " + digest("nne") + ": content is not what its digest says", oci.ErrIntegrity},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.bundle("good", "good")
			d := tt.attach(s)
			got, gone, err := Bundles(t.Context(), s.Repository, s.image.Digest)
			s.says(err, "reading the statement "+artifact.Short(d.Digest)+" attached to "+artifact.Short(s.image.Digest)+": "+tt.want)
			if got != nil || gone != nil || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("got %v, %v, %v; want nothing and %v", got, gone, err, tt.kind)
			}
		})
	}
}

// TestFloodOfStatementsIsRefused asks a registry that lists more statements
// than are read.
func TestFloodOfStatementsIsRefused(t *testing.T) {
	var list bytes.Buffer
	for i := range maxAttached + 1 {
		fmt.Fprintf(&list, `,{"mediaType":%q,"digest":%q,"size":3,"artifactType":%q,"annotations":{"a":"b"}}`, artifact.MediaTypeManifest, digest(fmt.Sprint(i)), artifact.MediaTypeBundle)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/":
		case strings.Contains(r.URL.Path, "/referrers/"):
			io.WriteString(w, `{"schemaVersion":2,"manifests":[`+list.String()[1:]+`]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/acme/card-default"
	r, _, err := oci.Open(ref, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := Bundles(t.Context(), r, digest("image"))
	want := short("image") + " in " + ref + " has 100001 statements attached; at most 100000 are read\nhint: delete from the repository what does not belong there"
	if got != nil || err == nil || err.Error() != want {
		t.Errorf("got %d, %v; want %s", len(got), err, want)
	}
}

func TestEvidenceFiles(t *testing.T) {
	s := newStore(t)
	s.bundle("x", "no evidence")
	s.files("predictions", "scores")
	s.files("input", "asked")
	gone := s.files("policy", "rules")
	s.lose(gone.Digest)
	ctx := t.Context()
	files, err := Files(ctx, s.Repository, s.image.Digest)
	if err != nil {
		t.Fatal(err)
	}
	file := func(role, text string) File {
		return File{Role: role, Title: text + ".csv", Descriptor: oci.Descriptor{MediaType: "text/csv", Digest: digest(text), Size: int64(len(text)),
			Annotations: map[string]string{artifact.AnnotationRole: role, artifact.AnnotationTitle: text + ".csv"}}}
	}
	if diff := cmp.Diff([]File{file("input", "asked"), file("predictions", "scores")}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if text, err := FindFile(ctx, s.Repository, s.image.Digest, digest("scores"), 100); err != nil || string(text) != "scores" {
		t.Errorf("got %q, %v; want scores", text, err)
	}
	text, err := FindFile(ctx, s.Repository, s.image.Digest, digest("rules"), 100)
	s.says(err, "evidence file "+short("rules")+" of "+artifact.Short(s.image.Digest)+": not found")
	if text != nil || !errors.Is(err, oci.ErrNotFound) {
		t.Errorf("got %q, %v; want oci.ErrNotFound", text, err)
	}
	_, err = FindFile(ctx, s.Repository, s.image.Digest, digest("scores"), 5)
	s.says(err, "blob "+digest("scores")+" in oci:DIR has 6 bytes, more than the 5 that are read")

	has := func(text string) bool {
		t.Helper()
		ok, err := HasFile(ctx, s.Repository, files, digest(text))
		if err != nil {
			t.Error(err)
		}
		return ok
	}
	if !has("scores") || has("rules") {
		t.Error("want the scores to be there, and the rules not")
	}
	s.lose(digest("asked"))
	if has("asked") {
		t.Error("the input is gone, and was said to be there")
	}
	s.spoil(digest("scores"))
	ok, err := HasFile(ctx, s.Repository, files, digest("scores"))
	s.says(err, "evidence file "+short("scores")+": "+digest("scores")+" has the digest "+digest("rcores")+": content is not what its digest says")
	if ok || !errors.Is(err, oci.ErrIntegrity) {
		t.Errorf("got %v, %v; want oci.ErrIntegrity", ok, err)
	}
}

func TestVersionsAreWhatPeopleGave(t *testing.T) {
	s := newStore(t)
	for _, tag := range []string{"2.0.0", "production", "1.0.0", "at-000001", "ro-production-000001", artifact.SpecTag(digest("spec")), "sha256-" + artifact.Hex(s.image.Digest)} {
		s.tag(s.image, tag)
	}
	got, err := Versions(t.Context(), s.Repository)
	if diff := cmp.Diff([]string{"1.0.0", "2.0.0", "production"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	empty, _, err := oci.Open("oci:"+filepath.Join(t.TempDir(), "none"), oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Versions(t.Context(), empty); got != nil || !errors.Is(err, oci.ErrNotFound) {
		t.Errorf("of nothing: got %v, %v; want oci.ErrNotFound", got, err)
	}
}

func TestCommittedSpec(t *testing.T) {
	const spec = `{"task":"binary"}`
	commit := func(s *store, texts ...string) oci.Descriptor {
		a := oci.Artifact{Type: artifact.MediaTypeSpec}
		for _, text := range texts {
			a.Layers = append(a.Layers, oci.Layer{MediaType: artifact.MediaTypeJSON, Bytes: []byte(text)})
		}
		d := s.push(a)
		s.tag(d, artifact.SpecTag(digest(spec)))
		return d
	}
	tests := map[string]struct {
		have func(*store)
		want bool
		says string // behind "the committed spec …: "
	}{
		"never committed": {func(*store) {}, false, ""},
		"kept":            {func(s *store) { commit(s, spec, "a signature") }, true, ""},
		"its text is gone": {func(s *store) {
			commit(s, spec, "a signature")
			s.lose(digest(spec))
		}, false, ""},
		"its signature is gone": {func(s *store) {
			commit(s, spec, "a signature")
			s.lose(digest("a signature"))
		}, false, ""},
		"its manifest is gone": {func(s *store) { s.lose(commit(s, spec).Digest) }, false, ""},
		"another spec under its tag": {func(s *store) { commit(s, `{"task":"regression"}`) }, false,
			"content is not what its digest says: its tag leads to something else"},
		"altered": {func(s *store) {
			commit(s, spec)
			s.spoil(digest(spec))
		}, false, "blob in oci:DIR: " + digest(spec) + " has the digest " + digest("z"+spec[1:]) + ": content is not what its digest says"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			tt.have(s)
			got, err := HasSpec(t.Context(), s.Repository, digest(spec))
			if tt.says != "" {
				s.says(err, "the committed spec "+short(spec)+": "+tt.says)
				if !errors.Is(err, oci.ErrIntegrity) {
					t.Errorf("got %v; want oci.ErrIntegrity", err)
				}
			} else if err != nil {
				t.Error(err)
			}
			if got != tt.want {
				t.Errorf("got %v; want %v", got, tt.want)
			}
		})
	}
}
