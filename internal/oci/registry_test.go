package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/weighlock/weighlock/internal/artifact"
)

// front is a registry with something in front of it that may answer first.
type front struct {
	http.Handler
	mu     sync.Mutex
	before func(w http.ResponseWriter, r *http.Request) (done bool)
}

func (f *front) set(before func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	f.before = before
	f.mu.Unlock()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	before := f.before
	f.mu.Unlock()
	if before == nil || r.URL.Path == "/v2/" || !before(w, r) {
		f.Handler.ServeHTTP(w, r)
	}
}

func newFront(t *testing.T, referrers bool) (*Repository, *front) {
	f := &front{Handler: newRegistryDouble(referrers)}
	return open(t, serve(t, f)+"/acme/m"), f
}

// operations is every way to touch a registry.
func operations(t *testing.T, r *Repository, d Descriptor) map[string]func() error {
	ctx := t.Context()
	return map[string]func() error{
		"resolve":       func() error { _, err := r.Resolve(ctx, "v"); return err },
		"manifest":      func() error { _, _, err := r.Manifest(ctx, d.Digest); return err },
		"blob":          func() error { _, err := r.ReadBlob(ctx, emptyConfig, 10); return err },
		"blob at":       func() error { _, err := r.BlobAt(ctx, emptyConfig); return err },
		"has blob":      func() error { _, err := r.HasBlob(ctx, d.Digest); return err },
		"push bytes":    func() error { _, err := r.PushBytes(ctx, "x/y", []byte(t.Name())); return err },
		"push manifest": func() error { _, err := r.PushManifest(ctx, Manifest{Subject: &d}); return err },
		"tag":           func() error { return r.Tag(ctx, d, "w") },
		"tag if absent": func() error { return r.TagIfAbsent(ctx, d, "x") },
		"tags":          func() error { _, err := r.Tags(ctx); return err },
		"referrers":     func() error { _, err := r.Referrers(ctx, d.Digest, ""); return err },
		"delete":        func() error { return r.Delete(ctx, d.Digest) },
	}
}

func TestAnswersAreToldApart(t *testing.T) {
	cases := []struct {
		name   string
		answer func(w http.ResponseWriter)
		want   error
	}{
		{"401", status(401), ErrDenied},
		{"403", status(403), ErrDenied},
		{"408", status(408), ErrNetwork},
		{"429", status(429), ErrNetwork},
		{"500", status(500), ErrNetwork},
		{"503", status(503), ErrNetwork},
		{"connection cut", func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }, ErrNetwork},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, f := newFront(t, true)
			d := must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
			f.set(func(w http.ResponseWriter, _ *http.Request) bool { c.answer(w); return true })
			for name, op := range operations(t, r, d) {
				err := op()
				if !errors.Is(err, c.want) || errors.Is(err, ErrNotFound) {
					t.Errorf("%s: got %v; want %v", name, err, c.want)
				}
				if c.want == ErrDenied && !strings.Contains(err.Error(), "hint: log in with docker login ") {
					t.Errorf("%s: %v; want a hint", name, err)
				}
			}
		})
	}
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func TestNobodyListens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	ref := strings.TrimPrefix(s.URL, "http://") + "/acme/m"
	s.Close()
	if _, err := open(t, ref).Resolve(t.Context(), "v"); !errors.Is(err, ErrNetwork) || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v; want ErrNetwork", err)
	}
}

func TestPassingFaultIsRetried(t *testing.T) {
	r, f := newFront(t, true)
	var failed sync.Map
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if _, before := failed.LoadOrStore(req.Method, true); !before {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		return false
	})
	d := must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	if err := r.Tag(t.Context(), d, "v"); err != nil {
		t.Error(err)
	}
}

func TestAlteredContentIsNoticed(t *testing.T) {
	r, f := newFront(t, true)
	ctx := t.Context()
	content := bytes.Repeat([]byte("weights"), 100)
	blob := must[Descriptor](t)(r.PushBytes(ctx, "x/y", content))
	d := must[Descriptor](t)(r.PushArtifact(ctx, note("a")))
	cases := []struct {
		name  string
		alter func([]byte) []byte
		want  error
	}{
		{"byte altered", flip, ErrIntegrity},
		{"truncated", func(b []byte) []byte { return b[:len(b)-1] }, ErrIntegrity},
		{"grown", func(b []byte) []byte { return append(b, 'x') }, ErrIntegrity},
		{"replaced", func([]byte) []byte { return []byte(`{"schemaVersion":2,"config":{}}`) }, ErrIntegrity},
	}
	for _, c := range cases {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", c.name, chunked), func(t *testing.T) {
				f.set(func(w http.ResponseWriter, req *http.Request) bool {
					rec := httptest.NewRecorder()
					f.Handler.ServeHTTP(rec, req)
					w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
					b := c.alter(rec.Body.Bytes())
					if chunked {
						w.(http.Flusher).Flush()
					}
					w.Write(b)
					return true
				})
				if b, err := r.ReadBlob(ctx, blob, 1<<20); !errors.Is(err, c.want) || b != nil {
					t.Errorf("blob: got %d bytes, %v; want %v", len(b), err, c.want)
				}
				if _, err := r.BlobAt(ctx, blob); !errors.Is(err, c.want) {
					t.Errorf("blob at: got %v; want %v", err, c.want)
				}
				if b, _, err := r.Manifest(ctx, d.Digest); !errors.Is(err, c.want) || b != nil {
					t.Errorf("manifest: got %s, %v; want %v", b, err, c.want)
				}
			})
		}
	}
}

func TestManifestBeyondTheLimitIsNotRead(t *testing.T) {
	r, f := newFront(t, true)
	f.set(func(w http.ResponseWriter, _ *http.Request) bool {
		io.WriteString(w, `{"schemaVersion":2,"config":{},"x":"`)
		io.Copy(w, io.LimitReader(endless('x'), 2*MaxManifest))
		return true
	})
	if _, err := r.Resolve(t.Context(), "v"); !errors.Is(err, ErrIntegrity) {
		t.Errorf("got %v; want ErrIntegrity", err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestWebPageIsNoAnswer(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<html>sign in</html>")
		return true
	}
	r, f := newFront(t, true)
	d := must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	f.set(page)
	for _, name := range []string{"resolve", "tags", "referrers"} {
		if err := operations(t, r, d)[name](); !errors.Is(err, ErrNetwork) {
			t.Errorf("%s: got %v; want ErrNetwork", name, err)
		}
	}
}

// A registry without the referrers API may say so in many ways.
func TestMissingReferrersAPI(t *testing.T) {
	answers := map[string]func(w http.ResponseWriter){
		"404":      status(404),
		"400":      status(400),
		"405":      status(405),
		"web page": func(w http.ResponseWriter) { io.WriteString(w, "<html></html>") },
		"JSON":     func(w http.ResponseWriter) { io.WriteString(w, `{"errors":[]}`) },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			r, f := newFront(t, false)
			f.set(func(w http.ResponseWriter, req *http.Request) bool {
				if !strings.Contains(req.URL.Path, "/referrers/") {
					return false
				}
				w.Header().Set("OCI-Subject", "sha256:x")
				answer(w)
				return true
			})
			image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("image")))
			d := must[Descriptor](t)(r.PushArtifact(t.Context(), noteAbout("a", image)))
			if diff := cmp.Diff([]Descriptor{d}, must[[]Descriptor](t)(r.Referrers(t.Context(), image.Digest, ""))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSubjectHeaderWithoutTheAPIIsNotBelieved(t *testing.T) {
	r, f := newFront(t, false)
	image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("image")))
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPut {
			w.Header().Set("OCI-Subject", image.Digest)
		}
		return false
	})
	d := must[Descriptor](t)(r.PushArtifact(t.Context(), noteAbout("a", image)))
	if diff := cmp.Diff([]Descriptor{d}, must[[]Descriptor](t)(r.Referrers(t.Context(), image.Digest, ""))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReferrersComeInPages(t *testing.T) {
	r, f := newFront(t, true)
	image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("image")))
	var want []Descriptor
	for i := range 5 {
		want = append(want, Descriptor{MediaType: "a/b", Digest: artifact.Digest([]byte{byte(i)}), Size: 3, ArtifactType: "x/y", Annotations: map[string]string{"i": fmt.Sprint(i)}})
	}
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.Contains(req.URL.Path, "/referrers/") {
			return false
		}
		i := 0
		fmt.Sscan(req.URL.Query().Get("page"), &i)
		if i+1 < len(want) {
			w.Header().Set("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, req.URL.Path, i+1))
		}
		b, _ := fallbackIndex(want[i : i+1])
		w.Write(b)
		return true
	})
	got := must[[]Descriptor](t)(r.Referrers(t.Context(), image.Digest, "x/y"))
	sortDescriptors(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLostUpdateOfTheFallbackListIsMadeAgain(t *testing.T) {
	r, f := newFront(t, false)
	ctx := t.Context()
	image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
	theirs := must[Descriptor](t)(r.PushArtifact(ctx, note("theirs"))) // whose entry another client writes
	var once atomic.Bool
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method != http.MethodPut || !strings.HasSuffix(req.URL.Path, fallbackTag(image.Digest)) || once.Swap(true) {
			return false
		}
		// The other client writes right behind us, from what it read before.
		b, _ := fallbackIndex([]Descriptor{theirs})
		f.Handler.ServeHTTP(httptest.NewRecorder(), req)
		put := httptest.NewRequest(http.MethodPut, req.URL.Path, bytes.NewReader(b))
		put.Header.Set("Content-Type", artifact.MediaTypeIndex)
		f.Handler.ServeHTTP(w, put)
		return true
	})
	ours := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("ours", image)))
	want := []Descriptor{theirs, ours}
	sortDescriptors(want)
	if diff := cmp.Diff(want, must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, ""))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFallbackListThatNeverKeepsIsAFault(t *testing.T) {
	r, f := newFront(t, false)
	image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("image")))
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPut && strings.HasSuffix(req.URL.Path, fallbackTag(image.Digest)) {
			w.WriteHeader(http.StatusCreated)
			return true
		}
		return false
	})
	if _, err := r.PushArtifact(t.Context(), noteAbout("a", image)); !errors.Is(err, ErrNetwork) {
		t.Errorf("got %v; want ErrNetwork", err)
	}
}

func TestFullFallbackListIsRefused(t *testing.T) {
	r, f := newFront(t, false)
	image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("image")))
	entry := func(i int) Descriptor {
		return Descriptor{MediaType: "a/b", Digest: artifact.Digest(fmt.Append(nil, i)), Size: 3, ArtifactType: "x/y", Annotations: map[string]string{"text": "some"}}
	}
	var list []Descriptor
	for i := range (MaxManifest - 100) / (len(quote(entry(0))) + 1) {
		list = append(list, entry(i))
	}
	full, _ := fallbackIndex(list)
	if len(full) > MaxManifest {
		t.Fatalf("list of %d bytes is too full", len(full))
	}
	var puts atomic.Int64
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, fallbackTag(image.Digest)) {
			return false
		}
		if req.Method == http.MethodPut {
			puts.Add(1)
		}
		w.Write(full)
		return true
	})
	_, err := r.PushArtifact(t.Context(), noteAbout("a", image))
	if puts.Load() != 0 {
		t.Errorf("the list was written %d times", puts.Load())
	}
	want := fmt.Sprintf("the list of referrers of %s in tag %s is full: %d entries make ", image.Digest, fallbackTag(image.Digest), len(list)+1)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), " bytes, and registries take 4194304\nhint: use a registry with the OCI referrers API") {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestReferrerThatIsGoneFromTheRegistryIsStillListed(t *testing.T) {
	r, f := newFront(t, false)
	ctx := t.Context()
	image := must[Descriptor](t)(r.PushArtifact(ctx, note("image")))
	d := must[Descriptor](t)(r.PushArtifact(ctx, noteAbout("a", image)))
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if strings.HasSuffix(req.URL.Path, d.Digest) {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	})
	fresh := open(t, r.String())
	if diff := cmp.Diff([]Descriptor{d}, must[[]Descriptor](t)(fresh.Referrers(ctx, image.Digest, d.ArtifactType))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTagTakenBetweenLookingAndSetting(t *testing.T) {
	r, f := newFront(t, true)
	ctx := t.Context()
	ours := must[Descriptor](t)(r.PushArtifact(ctx, note("ours")))
	theirs := must[Descriptor](t)(r.PushArtifact(ctx, note("theirs")))
	raw, _, _ := r.Manifest(ctx, theirs.Digest)
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method != http.MethodPut || !strings.HasSuffix(req.URL.Path, "/v") {
			return false
		}
		f.Handler.ServeHTTP(w, req)
		put := httptest.NewRequest(http.MethodPut, req.URL.Path, bytes.NewReader(raw))
		put.Header.Set("Content-Type", artifact.MediaTypeManifest)
		f.Handler.ServeHTTP(httptest.NewRecorder(), put)
		return true
	})
	var exists *ExistsError
	if err := r.TagIfAbsent(ctx, ours, "v"); !errors.As(err, &exists) || exists.Digest != theirs.Digest {
		t.Errorf("got %v; want ErrExists with %s", err, theirs.Digest)
	}
}

func TestTagOnARegistryOfImmutableTags(t *testing.T) {
	r, f := newFront(t, true)
	ctx := t.Context()
	theirs := must[Descriptor](t)(r.PushArtifact(ctx, note("theirs")))
	raw, _, _ := r.Manifest(ctx, theirs.Digest)
	ours := must[Descriptor](t)(r.PushArtifact(ctx, note("ours")))
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method != http.MethodPut || !strings.HasSuffix(req.URL.Path, "/v") {
			return false
		}
		put := httptest.NewRequest(http.MethodPut, req.URL.Path, bytes.NewReader(raw))
		put.Header.Set("Content-Type", artifact.MediaTypeManifest)
		f.Handler.ServeHTTP(httptest.NewRecorder(), put)
		w.WriteHeader(http.StatusConflict)
		return true
	})
	if err := r.TagIfAbsent(ctx, ours, "v"); !errors.Is(err, ErrExists) {
		t.Errorf("got %v; want ErrExists", err)
	}
}

func TestTagThatIsTakenAndNotKept(t *testing.T) {
	r, f := newFront(t, true)
	d := must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPut {
			w.WriteHeader(http.StatusCreated)
		}
		return req.Method == http.MethodPut
	})
	if err := r.TagIfAbsent(t.Context(), d, "v"); !errors.Is(err, ErrNetwork) {
		t.Errorf("got %v; want ErrNetwork", err)
	}
}

func TestUnchangedBlobIsNotSentAgain(t *testing.T) {
	r, f := newFront(t, true)
	ctx := t.Context()
	content := make([]byte, 1<<20)
	must[Descriptor](t)(r.PushBytes(ctx, "x/y", content))
	var sent atomic.Int64
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			sent.Add(1)
		}
		return false
	})
	w := must[*BlobWriter](t)(r.NewBlob(ctx))
	w.Write(content)
	must[Descriptor](t)(w.Commit(ctx, "x/y"))
	must[Descriptor](t)(r.PushBytes(ctx, "x/y", content))
	if sent.Load() != 0 {
		t.Errorf("%d requests wrote something", sent.Load())
	}
}

func TestCutUploadBeginsAgain(t *testing.T) {
	r, f := newFront(t, true)
	var once atomic.Bool
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPut && !once.Swap(true) {
			io.CopyN(io.Discard, req.Body, 1000)
			panic(http.ErrAbortHandler)
		}
		return false
	})
	content := bytes.Repeat([]byte("weights"), 200_000)
	d := must[Descriptor](t)(r.PushBytes(t.Context(), "x/y", content))
	if got, err := r.ReadBlob(t.Context(), d, d.Size); err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// keychain has one login.
type keychain struct{ user, password string }

func (k keychain) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig{Username: k.user, Password: k.password}), nil
}

func TestLogin(t *testing.T) {
	inner := newRegistryDouble(true)
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ci" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	for _, c := range []struct {
		name string
		keys authn.Keychain
		want error
	}{{"right password", keychain{"ci", "secret"}, nil}, {"wrong password", keychain{"ci", "guess"}, ErrDenied}, {"nobody", authn.NewMultiKeychain(), ErrDenied}} {
		t.Run(c.name, func(t *testing.T) {
			r, _, err := Open(host+"/acme/m", Options{Keychain: c.keys})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.PushArtifact(t.Context(), note("a")); !errors.Is(err, c.want) {
				t.Errorf("got %v; want %v", err, c.want)
			}
		})
	}
}

func TestTokenServer(t *testing.T) {
	inner := newRegistryDouble(true)
	var scopes []string
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "ci" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		scope := r.URL.Query().Get("scope")
		scopes = append(scopes, scope)
		json.NewEncoder(w).Encode(map[string]string{"token": scope})
	})
	var host string
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		write := r.Method != http.MethodGet && r.Method != http.MethodHead
		if !strings.HasPrefix(token, "Bearer repository:acme/m:") || write && !strings.Contains(token, "push") {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, host))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	})
	host = serve(t, mux)
	r, _, err := Open(host+"/acme/m", Options{Keychain: keychain{"ci", "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	d := must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	if _, err := r.Resolve(t.Context(), d.Digest); err != nil {
		t.Error(err)
	}
	if want := []string{"repository:acme/m:pull", "repository:acme/m:push,pull"}; !slices.Equal(scopes, want) {
		t.Errorf("got scopes %q; want %q", scopes, want)
	}
	denied, _, _ := Open(host+"/acme/m", Options{Keychain: keychain{"ci", "guess"}})
	if _, err := denied.Resolve(t.Context(), d.Digest); !errors.Is(err, ErrDenied) {
		t.Errorf("wrong password: got %v; want ErrDenied", err)
	}
}

// recorder answers without a network and remembers who was asked.
type recorder struct{ asked []string }

func (c *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	c.asked = append(c.asked, r.URL.Scheme+"://"+r.URL.Host)
	return nil, errors.New("no network")
}

func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	for host, plain := range map[string]bool{"127.0.0.2:5000": true, "localhost:5000": true, "[::1]:5000": true, "10.0.0.1:5000": false, "x.localhost:5000": false, "ghcr.io": false} {
		t.Run(host, func(t *testing.T) {
			rec := &recorder{}
			r, _, err := Open(host+"/acme/m", Options{Transport: rec, Wait: func(context.Context, time.Duration) error { return errors.New("enough") }})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Resolve(t.Context(), "v"); !errors.Is(err, ErrNetwork) {
				t.Errorf("got %v; want ErrNetwork", err)
			}
			if got := slices.Contains(rec.asked, "http://"+host); got != plain {
				t.Errorf("asked %q; plain http %v, want %v", rec.asked, got, plain)
			}
			if !slices.Contains(rec.asked, "https://"+host) {
				t.Errorf("asked %q; want https first", rec.asked)
			}
		})
	}
}

func TestCertificateThatIsNotTrusted(t *testing.T) {
	s := httptest.NewTLSServer(newRegistryDouble(true))
	defer s.Close()
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	g := guard{http.DefaultTransport, false}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/", nil)
	_, err := g.RoundTrip(req)
	if err = fault(err); !errors.Is(err, ErrNetwork) || passing(err) {
		t.Errorf("got %v; want ErrNetwork that is not tried again", err)
	}
}
