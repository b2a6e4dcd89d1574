package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
)

// brittle is a blob's reader that fails where it is told.
type brittle struct {
	io.Reader
	err error
}

func (b brittle) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.err
	}
	return n, err
}

func (brittle) Close() error { return nil }

// broken opens a blob that ends at an offset with an error.
func broken(b []byte, at int64, err error) Opener {
	return func(from int64) (io.ReadCloser, error) {
		return brittle{bytes.NewReader(b[min(from, at):at]), err}, nil
	}
}

var errDisk = errors.New("reading m.bin: input/output error")

// TestUploadsThatFail shows what is said of an upload that cannot succeed,
// and that nothing is stored and the registry is told.
func TestUploadsThatFail(t *testing.T) {
	content, d := sample(t)
	changed := bytes.Clone(content)
	changed[2500] ^= 1
	elsewhere := &statusError{kind: ErrNotFound, status: 404, cause: errors.New("GET http://other/v2/m/blobs: 404")}
	away := "pushing blob " + d.Digest + " to HOST/acme/m: "
	const chunks = "HEAD POST PATCH PATCH PATCH"
	const broke = "HEAD POST PATCH PATCH( PATCH)? DELETE( PATCH)?" // what was begun of the third may reach the registry, or not
	tests := map[string]struct {
		on      before
		open    Opener
		kind    error
		want    string
		methods string
	}{
		"the source cannot be read in the third chunk": {nil, broken(content, 2500, errDisk), errDisk,
			away + "reading m.bin: input/output error", broke},
		"the source cannot be opened for the third chunk": {nil, func(from int64) (io.ReadCloser, error) {
			if from >= 2000 {
				return nil, errDisk
			}
			return bytesOpener(content)(from)
		}, errDisk, away + "reading m.bin: input/output error", "HEAD POST PATCH PATCH DELETE"},
		"the source is another registry, which lost it": {nil, broken(content, 2500, elsewhere), ErrNotFound,
			away + "not found: GET http://other/v2/m/blobs: 404", broke},
		"the source changed": {nil, bytesOpener(changed), ErrIntegrity,
			away + d.Digest + " has the digest " + artifact.Digest(changed) + ": content is not what its digest says", chunks + " PATCH DELETE"},
		"the source ends too soon": {nil, bytesOpener(content[:2500]), ErrIntegrity,
			away + d.Digest + " ends after 2500 of 3500 bytes: content is not what its digest says", broke},
		"a login is wanted for the third chunk": {on("PATCH", "2000-", answer(401)), bytesOpener(content), ErrDenied,
			away + "access denied: PATCH UPLOAD: unexpected status code 401 Unauthorized", chunks + " DELETE"},
		"the disk of the registry is full": {on("PATCH", "2000-", answer(507)), bytesOpener(content), ErrNetwork,
			away + "registry or network fault: PATCH UPLOAD: unexpected status code 507 Insufficient Storage",
			chunks + " GET PATCH GET PATCH GET PATCH DELETE"},
		"the registry asks for an hour": {on("PATCH", "2000-", answer(429, "Retry-After", "3600")), bytesOpener(content), ErrNetwork,
			away + "registry or network fault: PATCH UPLOAD: unexpected status code 429 Too Many Requests", chunks + " DELETE"},
		"all is accepted and nothing kept": {firstOf(
			on("HEAD", "", answer(404)), on("POST", "", answer(202, "Location", "/v2/acme/m/blobs/uploads/x")),
			on("PATCH", "", answer(202)), on("PUT", "", answer(201))), bytesOpener(content), ErrNetwork,
			away + "registry or network fault: the registry took the blob and does not have it", chunks + " PATCH PUT HEAD HEAD HEAD HEAD"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWay(t, Options{})
			w.front.set(tt.on)
			err := w.PushBlob(t.Context(), d, tt.open)
			if !errors.Is(err, tt.kind) || errors.Is(err, ErrNetwork) != (tt.kind == ErrNetwork) {
				t.Errorf("got %v; want %v", err, tt.kind)
			}
			text, _, _ := strings.Cut(fmt.Sprint(err), "\nhint: ")
			if _, place, ok := strings.Cut(text, "PATCH "); ok {
				place, _, _ = strings.Cut(place, ": unexpected")
				text = strings.Replace(text, place, "UPLOAD", 1)
			}
			says(t, w.Repository, errors.New(text), tt.want)
			if got := w.wire.methods(); !regexp.MustCompile("^" + tt.methods + "$").MatchString(got) {
				t.Errorf("got  %s\nwant %s", got, tt.methods)
			}
			w.front.set(nil)
			if must[bool](t)(w.HasBlob(t.Context(), d.Digest)) {
				t.Error("something was stored")
			}
		})
	}
}

func TestManifestThatIsTakenAndNotKept(t *testing.T) {
	w := newWay(t, Options{})
	w.front.set(firstOf(on("HEAD", "", answer(404)), on("PUT", "", answer(201))))
	raw := []byte(`{"schemaVersion":2,"manifests":[]}`)
	_, err := w.PushManifestBytes(t.Context(), raw)
	if !errors.Is(err, ErrNetwork) || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v; want ErrNetwork", err)
	}
	says(t, w.Repository, err, "pushing manifest "+artifact.Digest(raw)+" to HOST/acme/m: registry or network fault: the registry took the manifest and does not have it")
}

// TestUploadThatIsAppendedTo is for registries such as Debian's docker-registry
// 2.8: after a cut they say less than they have, and append what comes next.
func TestUploadThatIsAppendedTo(t *testing.T) {
	content, d := sample(t)
	w := newWay(t, Options{})
	append500 := func(from, to, seen string) before {
		return func(rw http.ResponseWriter, r *http.Request) bool {
			r.Header.Set("Content-Range", from)
			w.front.Handler.ServeHTTP(nowhere{}, r)
			return answer(202, "Range", to)(rw, r)
		}
	}
	w.front.set(firstOf(
		on("PATCH", "2000-", func(rw http.ResponseWriter, r *http.Request) bool { return false }),
		on("PATCH", "2000-", once(w.cut(500))),
		on("GET", "", answer(204, "Range", "0-1999")),
		on("PATCH", "2000-", append500("2500-3499", "0-2999", "")),
		on("PATCH", "3000-", append500("3500-3999", "0-3499", "")),
	))
	if err := w.PushBlob(t.Context(), d, bytesOpener(content)); err != nil {
		t.Fatal(err)
	}
	want := opened + ", PATCH 2000-2999 cut, GET 204, PATCH 2000-2999 202, PATCH 3000-3499 202, PUT 400, DELETE 405, POST 202, PUT of 3500 201, HEAD 200"
	if diff := cmp.Diff(strings.Split(want, ", "), strings.Split(w.wire.story(), ", ")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.front.set(nil)
	if got := must[[]byte](t)(w.ReadBlob(t.Context(), d, d.Size)); !bytes.Equal(got, content) {
		t.Error("other bytes were stored")
	}
}

func TestRegistryThatRefusesChunksIsNotAskedAgain(t *testing.T) {
	content, d := sample(t)
	w := newWay(t, Options{})
	w.front.set(on("PATCH", "", answer(405)))
	if err := w.PushBlob(t.Context(), d, bytesOpener(content)); err != nil {
		t.Fatal(err)
	}
	must[Descriptor](t)(w.PushBytes(t.Context(), "x/y", content[1:]))
	const want = "HEAD POST PATCH DELETE POST PUT HEAD HEAD POST PUT HEAD"
	if got := w.wire.methods(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The answer to the only request is lost: the blob is not sent again.
func TestWholeUploadWhoseAnswerIsLost(t *testing.T) {
	w := newWay(t, Options{})
	w.front.set(on("PUT", "", once(w.lost(504))))
	must[Descriptor](t)(w.PushBytes(t.Context(), "x/y", []byte("small")))
	const want = "HEAD 404, POST 202, PUT of 5 504, HEAD 200, HEAD 200"
	if got := w.wire.story(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHowLongIsWaited(t *testing.T) {
	date := func(at string) before { return answer(503, "Retry-After", at, "Date", "Fri, 20 Nov 2026 12:00:00 GMT") }
	tests := map[string]struct {
		answer before
		least  time.Duration
		most   time.Duration // 0: there is no second attempt
	}{
		"nothing is asked for":       {answer(503), 200 * time.Millisecond, 300 * time.Millisecond},
		"seconds":                    {answer(429, "Retry-After", "7"), 7 * time.Second, 7701 * time.Millisecond},
		"the longest":                {answer(429, "Retry-After", "30"), 30 * time.Second, 33001 * time.Millisecond},
		"a second too long":          {answer(429, "Retry-After", "31"), 0, 0},
		"seconds beyond counting":    {answer(429, "Retry-After", "99999999999999999999"), 0, 0},
		"seconds that are over":      {answer(429, "Retry-After", "-7"), 200 * time.Millisecond, 300 * time.Millisecond},
		"a date":                     {date("Fri, 20 Nov 2026 12:00:09 GMT"), 9 * time.Second, 9901 * time.Millisecond},
		"a date in the past":         {date("Fri, 20 Nov 2026 11:59:59 GMT"), 200 * time.Millisecond, 300 * time.Millisecond},
		"a date that is far away":    {date("Sat, 21 Nov 2026 12:00:00 GMT"), 0, 0},
		"neither seconds nor a date": {answer(429, "Retry-After", "soon"), 200 * time.Millisecond, 300 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWay(t, Options{})
			w.front.set(once(tt.answer))
			ok, err := w.HasBlob(t.Context(), someDigest)
			if tt.most == 0 {
				if !errors.Is(err, ErrNetwork) || len(w.waits) != 0 {
					t.Errorf("got %v after waiting %v; want ErrNetwork at once", err, w.waits)
				}
				return
			}
			if ok || err != nil {
				t.Errorf("got %v, %v; want false", ok, err)
			}
			if len(w.waits) != 1 || w.waits[0] < tt.least || w.waits[0] >= tt.most {
				t.Errorf("waited %v; want between %s and %s", w.waits, tt.least, tt.most)
			}
		})
	}
}

// A registry that is down is not asked four times for each of many things.
func TestRegistryThatIsDownIsSpared(t *testing.T) {
	w := newWay(t, Options{})
	w.front.set(answer(503))
	for i := range 100 {
		if _, err := w.PushBytes(t.Context(), "x/y", fmt.Append(nil, i)); !errors.Is(err, ErrNetwork) {
			t.Fatalf("got %v; want ErrNetwork", err)
		}
	}
	if got := len(w.wire.said); got != 130 {
		t.Errorf("%d requests were sent; want one for each blob and 30 again", got)
	}
}

// Success pays for later failure.
func TestChunksThatArriveEarnRetries(t *testing.T) {
	content, d := sample(t)
	w := newWay(t, Options{})
	reg := w.backend.(*registry)
	for reg.retries.spend() {
	}
	if err := w.PushBlob(t.Context(), d, bytesOpener(content)); err != nil {
		t.Fatal(err)
	}
	if want := retryBudget - 4 - 1; reg.retries.spent != want { // the chunks, and looking afterwards
		t.Errorf("%d tenths are spent; want %d", reg.retries.spent, want)
	}
}

func TestUploadThatIsCancelledEndsAtOnce(t *testing.T) {
	content, d := sample(t)
	w := newWay(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	w.front.set(on("PATCH", "2000-", func(_ http.ResponseWriter, r *http.Request) bool {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done() // the client hangs up
		return true
	}))
	began := time.Now()
	err := w.PushBlob(ctx, d, bytesOpener(content))
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrNetwork) {
		t.Errorf("got %v; want context.Canceled", err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %s", took)
	}
	if got, want := w.wire.methods(), "HEAD POST PATCH PATCH PATCH DELETE"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// gated is a reader that gives its first byte, and the rest when the gate opens.
type gated struct {
	io.Reader
	gate  <-chan struct{}
	begun bool
}

func (g *gated) Read(p []byte) (int, error) {
	if !g.begun {
		g.begun = true
		return g.Reader.Read(p[:1])
	}
	<-g.gate
	return g.Reader.Read(p)
}

func (*gated) Close() error { return nil }

// TestAnswerBeforeAllWasSent is for the race detector too: the client still
// reads the blob for a request that was answered.
func TestAnswerBeforeAllWasSent(t *testing.T) {
	content, d := sample(t)
	w := newWay(t, Options{})
	gate := make(chan struct{})
	w.front.set(on("PATCH", "1000-", once(func(rw http.ResponseWriter, _ *http.Request) bool {
		// By hand: Go's server would read the body first.
		conn, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			t.Error(err)
			return false
		}
		t.Cleanup(func() { conn.Close() }) // not now: a reset would overtake the answer
		io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nRange: 0-1999\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		close(gate)
		return true
	})))
	err := w.PushBlob(t.Context(), d, func(from int64) (io.ReadCloser, error) {
		if from == 1000 {
			return &gated{Reader: bytes.NewReader(content[from:]), gate: gate}, nil
		}
		return bytesOpener(content)(from)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := must[[]byte](t)(w.ReadBlob(t.Context(), d, d.Size)); !bytes.Equal(got, content) {
		t.Error("other bytes were stored")
	}
}

// fileOpener opens a file, whose reader fails once it is closed.
func fileOpener(t *testing.T, content []byte) Opener {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.bin")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return func(from int64) (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err == nil {
			_, err = f.Seek(from, io.SeekStart)
		}
		return f, err
	}
}

func TestStreamThatIsResetInHTTP2(t *testing.T) {
	content, d := sample(t)
	f := &front{Handler: newChunkedDouble()}
	x := &wire{Handler: f}
	s := httptest.NewUnstartedServer(x)
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	var version atomic.Int64
	f.set(on("PATCH", "2000-", once(func(_ http.ResponseWriter, r *http.Request) bool {
		version.Store(int64(r.ProtoMajor))
		panic(http.ErrAbortHandler)
	})))
	r, _, err := Open(strings.TrimPrefix(s.URL, "https://")+"/acme/m", Options{
		Chunk: sampleChunk, Transport: s.Client().Transport, TempDir: t.TempDir(), Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PushBlob(t.Context(), d, fileOpener(t, content)); err != nil {
		t.Fatal(err)
	}
	want := opened + ", PATCH 2000-2999 cut, GET 204, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed
	if got := x.story(); got != want || version.Load() != 2 {
		t.Errorf("HTTP/%d\ngot  %s\nwant %s", version.Load(), got, want)
	}
}

// A token is good for minutes, and a large upload takes longer: the body of a
// chunk is half read when the registry wants a new one.
func TestTokenThatExpiresDuringAnUpload(t *testing.T) {
	content, d := sample(t)
	f := &front{Handler: newChunkedDouble()}
	x := &wire{Handler: f}
	var tokens atomic.Int64
	var host string
	good := func(r *http.Request) bool {
		return r.Header.Get("Authorization") == fmt.Sprintf("Bearer t%d", tokens.Load())
	}
	challenge := func(w http.ResponseWriter) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, host))
		w.WriteHeader(http.StatusUnauthorized)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"token": fmt.Sprintf("t%d", tokens.Add(1))})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" || !good(r) && r.Method != http.MethodHead {
			challenge(w)
			return
		}
		x.ServeHTTP(w, r)
	})
	f.set(on("PATCH", "2000-", once(func(w http.ResponseWriter, r *http.Request) bool {
		tokens.Add(1)
		challenge(w)
		return true
	})))
	host = serve(t, mux)
	r, _, err := Open(host+"/acme/m", Options{
		Chunk: sampleChunk, Keychain: keychain{"ci", "secret"}, TempDir: t.TempDir(), Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PushBlob(t.Context(), d, fileOpener(t, content)); err != nil {
		t.Fatal(err)
	}
	want := opened + ", PATCH 2000-2999 401, GET 204, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed
	if got := x.story(); !strings.HasPrefix(got, opened+", PATCH 2000-2999 401, ") || !strings.HasSuffix(got, closed) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := must[[]byte](t)(r.ReadBlob(t.Context(), d, d.Size)); !bytes.Equal(got, content) {
		t.Error("other bytes were stored")
	}
}
