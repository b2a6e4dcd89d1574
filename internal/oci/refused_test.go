package oci

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weighlock/weighlock/internal/artifact"
)

// says compares an error's text, in which DIR stands for a repository's folder
// and HOST for its registry.
func says(t *testing.T, r *Repository, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error; want %s", want)
	}
	got := err.Error()
	if dir, ok := strings.CutPrefix(r.String(), layoutScheme); ok {
		got = strings.ReplaceAll(got, dir, "DIR")
	} else {
		host, _, _ := strings.Cut(r.String(), "/")
		got = strings.ReplaceAll(got, host, "HOST")
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestWhatIsWrongWithALayout spoils a layout with one tagged manifest, and
// shows what a person is told of it.
func TestWhatIsWrongWithALayout(t *testing.T) {
	text := must[Descriptor](t)(open(t, "oci:"+t.TempDir()).PushBytes(t.Context(), "text/plain", []byte("hello")))
	type spoiled struct {
		*layout
		r *Repository
		d Descriptor
	}
	resolve := func(s spoiled) error { _, err := s.r.Resolve(t.Context(), "v"); return err }
	push := func(s spoiled) error { _, err := s.r.PushBytes(t.Context(), "x/y", []byte("new")); return err }
	rewrite := func(name, text string) func(*testing.T, spoiled) {
		return func(t *testing.T, s spoiled) { overwrite(t, s.path(name), []byte(text)) }
	}
	tests := map[string]struct {
		spoil func(*testing.T, spoiled)
		do    func(spoiled) error
		want  string
	}{
		"a later version": {rewrite("oci-layout", `{"imageLayoutVersion":"2.0.0"}`), resolve,
			"manifest v in oci:DIR: DIR/oci-layout: content is not what its digest says: it does not say imageLayoutVersion 1.0.0\nhint: name an empty folder, or a layout of that version"},
		"an index of something else": {rewrite("index.json", `{"name":"web"}`), resolve,
			"manifest v in oci:DIR: DIR/index.json: content is not what its digest says: not an image index"},
		"a web site's folder": {func(t *testing.T, s spoiled) {
			overwrite(t, s.path("index.json"), []byte(`{"name":"web"}`))
			if err := os.Remove(s.path("oci-layout")); err != nil {
				t.Fatal(err)
			}
		}, push, "pushing blob " + artifact.Digest([]byte("new")) + " to oci:DIR: a file is in the way of a layout: DIR/index.json: content is not what its digest says: not an image index\nhint: name an empty folder"},
		"a pipe in place of the index": {func(t *testing.T, s spoiled) {
			if err := os.Remove(s.path("index.json")); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mkfifo(s.path("index.json"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, resolve, "manifest v in oci:DIR: DIR/index.json: content is not what its digest says: not a regular file"},
		"no index": {func(t *testing.T, s spoiled) {
			if err := os.Remove(s.path("index.json")); err != nil {
				t.Fatal(err)
			}
		}, resolve, "manifest v in oci:DIR: DIR has no index.json: content is not what its digest says"},
		"a tag given twice": {func(t *testing.T, s spoiled) {
			entry := `{"mediaType":"a/b","digest":"%s","size":3,"annotations":{"org.opencontainers.image.ref.name":"v"}}`
			overwrite(t, s.path("index.json"), fmt.Appendf(nil, `{"schemaVersion":2,"manifests":[`+entry+`,`+entry+`]}`, s.d.Digest, someDigest))
		}, resolve, "manifest v in oci:DIR: content is not what its digest says: index.json gives the tag to 2 manifests\nhint: keep one of these entries in the file, the right one"},
		"a blob that is larger than what is read": {nil, func(s spoiled) error {
			_, err := s.r.ReadBlob(t.Context(), text, 4)
			return err
		}, "blob " + text.Digest + " in oci:DIR has 5 bytes, more than the 4 that are read"},
		"a tag that is taken": {nil, func(s spoiled) error {
			_, err := s.r.PushArtifactIfAbsent(t.Context(), Artifact{Type: "a/b"}, "v")
			_, digest, _ := strings.Cut(fmt.Sprint(err), "pushing manifest ")
			return fmt.Errorf("%s", strings.ReplaceAll(strings.ReplaceAll(fmt.Sprint(err), digest[:71], "NEW"), s.d.Digest, "OLD"))
		}, "pushing manifest NEW to oci:DIR: tag v exists already, with OLD"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, l := newLayoutRepo(t)
			s := spoiled{l, r, must[Descriptor](t)(r.PushArtifact(t.Context(), note("hello")))}
			if err := r.Tag(t.Context(), s.d, "v"); err != nil {
				t.Fatal(err)
			}
			fresh := open(t, r.String())
			s.r, s.layout = fresh, fresh.backend.(*layout)
			if tt.spoil != nil {
				tt.spoil(t, s)
			}
			says(t, r, tt.do(s), tt.want)
		})
	}
}

func TestLayoutThatStaysLockedSaysSo(t *testing.T) {
	r, l := newLayoutRepo(t)
	must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	unlock, err := l.flock(t.Context(), "lock")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	other, _, err := Open(r.String(), Options{LockWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.PushManifestBytes(t.Context(), []byte(`{"schemaVersion":2,"manifests":[]}`))
	says(t, r, err, "pushing manifest "+artifact.Digest([]byte(`{"schemaVersion":2,"manifests":[]}`))+" to oci:DIR: DIR/.weighlock/lock: locked by another process for 0s\nhint: wait for the other process, or end it")
}

// TestWhatIsNotPushed shows what is said of content that no store would take.
func TestWhatIsNotPushed(t *testing.T) {
	tests := map[string]struct {
		push func(*Repository) error
		want string
	}{
		"no manifest": {func(r *Repository) error {
			_, err := r.PushManifestBytes(t.Context(), []byte(`{"name":"web"}`))
			return err
		}, "pushing to oci:DIR: not a manifest"},
		"a manifest beyond the limit": {func(r *Repository) error {
			_, err := r.PushManifestBytes(t.Context(), bytes.Repeat([]byte(" "), MaxManifest+1))
			return err
		}, "pushing to oci:DIR: the manifest has 4194305 bytes, more than the 4194304 that registries take"},
		"a blob that was thrown away": {func(r *Repository) error {
			w := must[*BlobWriter](t)(r.NewBlob(t.Context()))
			w.Abort()
			_, err := w.Commit(t.Context(), "x/y")
			return err
		}, "blob was committed or aborted before"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := open(t, "oci:"+filepath.Join(t.TempDir(), "m"))
			says(t, r, tt.push(r), tt.want)
		})
	}
}

// TestWhatARegistryAnswers holds one odd answer of a registry against what a
// person is told.
func TestWhatARegistryAnswers(t *testing.T) {
	image := Descriptor{MediaType: artifact.MediaTypeManifest, Digest: someDigest, Size: 3}
	list := fallbackTag(someDigest)
	resolve := func(ctx context.Context, r *Repository) error { _, err := r.Resolve(ctx, "v"); return err }
	index := []byte(`{"schemaVersion":2,"manifests":[]}`)
	tag := func(ctx context.Context, r *Repository) error {
		d, err := r.PushManifestBytes(ctx, index)
		if err != nil {
			return err
		}
		return r.TagIfAbsent(ctx, d, "v")
	}
	about, err := Manifest{Subject: &image}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	answer := func(method, suffix string, say http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			mine := r.Method == method && strings.HasSuffix(r.URL.Path, suffix)
			if mine {
				say(w, r)
			}
			return mine
		}
	}
	text := func(kind, s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			io.WriteString(w, s)
		}
	}
	say := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	tests := map[string]struct {
		before func(http.ResponseWriter, *http.Request) bool
		do     func(context.Context, *Repository) error
		want   string
	}{
		"a login is wanted": {answer("GET", "/v", say(401)), resolve,
			"manifest v in HOST/acme/m: access denied: GET http://HOST/v2/acme/m/manifests/v: unexpected status code 401 Unauthorized\n" +
				"hint: log in with docker login HOST, with an account that may do this; no login for it was found (weighlock help environment says where they are looked for)"},
		"not allowed at all": {answer("DELETE", "/v", say(405)), func(ctx context.Context, r *Repository) error { return r.Delete(ctx, "v") },
			"deleting v in HOST/acme/m: the registry refused: DELETE http://HOST/v2/acme/m/manifests/v: unexpected status code 405 Method Not Allowed"},
		"a web page": {answer("GET", "/v", text("text/html", "<html>sign in</html>")), resolve,
			"manifest v in HOST/acme/m: registry or network fault: a web page came in place of a manifest\nhint: check the registry's address; a proxy or a sign-in page may answer for it"},
		"JSON that is no manifest": {answer("GET", "/v", text("application/json", `{"schemaVersion":2}`)), resolve,
			"manifest v in HOST/acme/m: content is not what its digest says: not a manifest"},
		"text that is no manifest": {answer("GET", "/v", text("text/plain", "hello")), resolve,
			"manifest v in HOST/acme/m: content is not what its digest says: not a manifest: invalid character 'h' looking for beginning of value"},
		"a way out over an open line": {answer("GET", "/v", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/v", http.StatusTemporaryRedirect)
		}), resolve,
			"manifest v in HOST/acme/m: registry or network fault: Get \"http://192.0.2.1/v\": http://192.0.2.1: plain http to another machine is not spoken\n" +
				"hint: let the registry, and where it sends its clients, answer by https"},
		"a tag that is not kept": {answer("PUT", "/v", say(201)), tag,
			"tagging " + artifact.Digest(index) + " as v in HOST/acme/m: registry or network fault: the registry took tag v and does not have it"},
		"no place to upload to": {answer("POST", "/blobs/uploads/", say(202)), func(ctx context.Context, r *Repository) error {
			_, err := r.PushBytes(ctx, "x/y", []byte("new"))
			return err
		}, "pushing blob " + artifact.Digest([]byte("new")) + " to HOST/acme/m: registry or network fault: the registry gave no place to upload to (\"\")"},
		"a blob that is not kept": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodHead {
				return false
			}
			w.WriteHeader(http.StatusNotFound)
			return true
		}, func(ctx context.Context, r *Repository) error {
			_, err := r.PushBytes(ctx, "x/y", []byte("new"))
			return err
		}, "pushing blob " + artifact.Digest([]byte("new")) + " to HOST/acme/m: registry or network fault: the registry took the blob and does not have it"},
		"an image in place of a list of referrers": {answer("GET", "/"+list, text(artifact.MediaTypeManifest, `{"schemaVersion":2,"config":{}}`)), func(ctx context.Context, r *Repository) error {
			_, err := r.Referrers(ctx, someDigest, "")
			return err
		}, "referrers of " + someDigest + " in HOST/acme/m: tag " + list + ": content is not what its digest says: not an image index"},
		"a list of referrers that is not kept": {answer("PUT", "/"+list, say(201)), func(ctx context.Context, r *Repository) error {
			_, err := r.PushManifestBytes(ctx, about)
			return err
		}, "pushing manifest " + artifact.Digest(about) + " to HOST/acme/m: registry or network fault: tag " + list + " does not keep what is written to it\n" +
			"hint: run again when no one else writes there, or use a registry with the OCI referrers API"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, f := newFront(t, false)
			f.set(tt.before)
			says(t, r, tt.do(t.Context(), r), tt.want)
		})
	}
}
