package oci

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
)

// wire writes down what is said on the way to a registry: "PATCH 0-999 202".
type wire struct {
	http.Handler
	mu    sync.Mutex
	begun []string // requests by method
	said  []string // requests that were answered
}

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (x *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v2/" {
		x.Handler.ServeHTTP(w, r)
		return
	}
	said := r.Method
	for _, part := range []string{r.Header.Get("Content-Range"), strings.TrimPrefix(r.Header.Get("Range"), "bytes=")} {
		if part != "" {
			said += " " + part
		}
	}
	if r.Method == http.MethodPut && r.ContentLength > 0 {
		said += fmt.Sprintf(" of %d", r.ContentLength)
	}
	x.mu.Lock()
	x.begun = append(x.begun, r.Method)
	x.mu.Unlock()
	a := &answered{w, http.StatusOK}
	defer func() {
		fault := recover()
		x.mu.Lock()
		defer x.mu.Unlock()
		if fault != nil {
			x.said = append(x.said, said+" cut")
			panic(fault)
		}
		x.said = append(x.said, fmt.Sprintf("%s %d", said, a.status))
	}()
	x.Handler.ServeHTTP(a, r)
}

func (x *wire) story() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Join(x.said, ", ")
}

// methods are those of all requests, in order.
func (x *wire) methods() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Join(x.begun, " ")
}

// before is what happens to a request on its way; it says whether that was all.
type before = func(w http.ResponseWriter, r *http.Request) bool

// on holds a method and the beginning of its Content-Range or Range.
func on(method, part string, do before) before {
	return func(w http.ResponseWriter, r *http.Request) bool {
		at := r.Header.Get("Content-Range") + strings.TrimPrefix(r.Header.Get("Range"), "bytes=")
		return r.Method == method && strings.HasPrefix(at, part) && do(w, r)
	}
}

// once does it to the first request that gets there.
func once(do before) before {
	var done atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) bool { return !done.Swap(true) && do(w, r) }
}

func firstOf(all ...before) before {
	return func(w http.ResponseWriter, r *http.Request) bool {
		for _, do := range all {
			if do(w, r) {
				return true
			}
		}
		return false
	}
}

// answer is an answer with headers, given as name and value in turn, that is
// sent when the request's body was read.
func answer(code int, header ...string) before {
	return func(w http.ResponseWriter, r *http.Request) bool {
		io.Copy(io.Discard, r.Body)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		return true
	}
}

// sample is a blob of four chunks.
const (
	sampleSize  = 3500
	sampleChunk = 1000
)

func sample(t *testing.T) ([]byte, Descriptor) {
	t.Helper()
	b := make([]byte, sampleSize)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b, Descriptor{MediaType: "x/y", Digest: artifact.Digest(b), Size: sampleSize}
}

// way is a registry, what lies before it, and a client.
type way struct {
	*Repository
	wire  *wire
	front *front

	mu    sync.Mutex
	waits []time.Duration
}

func newWay(t *testing.T, o Options) *way {
	t.Helper()
	w := &way{front: &front{Handler: newChunkedDouble()}}
	w.wire = &wire{Handler: w.front}
	o.Chunk, o.TempDir = sampleChunk, t.TempDir()
	o.Wait = func(ctx context.Context, d time.Duration) error {
		w.mu.Lock()
		w.waits = append(w.waits, d)
		w.mu.Unlock()
		return ctx.Err()
	}
	r, _, err := Open(serve(t, w.wire)+"/acme/m", o)
	if err != nil {
		t.Fatal(err)
	}
	w.Repository = r
	return w
}

// counted counts the bytes that are read of a blob.
type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func countedOpener(b []byte, n *atomic.Int64) Opener {
	return func(from int64) (io.ReadCloser, error) {
		rc, err := bytesOpener(b)(from)
		return counted{rc, n}, err
	}
}

// The usual beginning and end of an upload in pieces.
const (
	opened = "HEAD 404, POST 202, PATCH 0-999 202, PATCH 1000-1999 202"
	closed = "PUT 201, HEAD 200"
)

// cut passes n bytes of a request on, and cuts the connection.
func (w *way) cut(n int64) before {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		io.CopyN(io.Discard, r.Body, sampleChunk/2-n)
		r.Body = io.NopCloser(io.LimitReader(r.Body, n))
		if n > 0 {
			w.front.Handler.ServeHTTP(&answered{ResponseWriter: nowhere{}}, r)
		}
		panic(http.ErrAbortHandler)
	}
}

// nowhere is where an answer goes that the client never sees.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// lost answers like a registry that took a request, and whose answer is lost.
func (w *way) lost(code int) before {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		w.front.Handler.ServeHTTP(nowhere{}, r)
		rw.WriteHeader(code)
		return true
	}
}

// TestUploadsInPieces holds what happens to an upload on its way against what
// is said then, what is stored, and how many bytes of the blob were read for it.
func TestUploadsInPieces(t *testing.T) {
	content, d := sample(t)
	whole := "POST 202, PUT of 3500 201, HEAD 200"
	tests := map[string]struct {
		on    func(w *way) before
		story string
		bytes int64
	}{
		"nothing": {func(*way) before { return nil }, opened + ", PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 3500},
		"the third chunk is cut, and nothing of it kept": {func(w *way) before { return on("PATCH", "2000-", once(w.cut(0))) },
			opened + ", PATCH 2000-2999 cut, GET 204, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 4500},
		"the third chunk is cut, and half of it kept": {func(w *way) before { return on("PATCH", "2000-", once(w.cut(500))) },
			opened + ", PATCH 2000-2999 cut, GET 204, PATCH 2500-3499 202, " + closed, 4000},
		"the answer to a chunk is lost": {func(w *way) before { return on("PATCH", "2000-", once(w.lost(502))) },
			opened + ", PATCH 2000-2999 502, GET 204, PATCH 3000-3499 202, " + closed, 3500},
		"the range is not satisfiable, once": {func(*way) before { return on("PATCH", "2000-", once(answer(416))) },
			opened + ", PATCH 2000-2999 416, GET 204, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 4500},
		"the range is never satisfiable": {func(*way) before { return on("PATCH", "2000-", answer(416)) },
			opened + strings.Repeat(", PATCH 2000-2999 416, GET 204", 3) + ", PATCH 2000-2999 416, DELETE 405, " + whole, 9500},
		"the upload is gone": {func(*way) before { return on("PATCH", "2000-", once(answer(404))) },
			opened + ", PATCH 2000-2999 404, POST 202, PATCH 0-999 202, PATCH 1000-1999 202, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 6500},
		"the upload is always gone": {func(*way) before { return on("PATCH", "1000-", answer(404)) },
			"HEAD 404" + strings.Repeat(", POST 202, PATCH 0-999 202, PATCH 1000-1999 404", 4) + ", DELETE 405, " + whole, 11500},
		"the upload is gone after a fault": {func(*way) before {
			return firstOf(on("PATCH", "2000-", once(answer(503))), on("GET", "", once(answer(404))))
		},
			opened + ", PATCH 2000-2999 503, GET 404, POST 202, PATCH 0-999 202, PATCH 1000-1999 202, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 6500},
		"the line is down for a while": {func(*way) before {
			return firstOf(on("PATCH", "2000-", once(answer(503))), on("GET", "", once(answer(503))))
		}, opened + ", PATCH 2000-2999 503, GET 503, GET 204, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 4500},
		"the status of the upload says nothing": {func(*way) before {
			return firstOf(on("PATCH", "2000-", once(answer(503))), on("GET", "", once(answer(204, "Range", "0-0"))))
		},
			opened + ", PATCH 2000-2999 503, GET 204, POST 202, PATCH 0-999 202, PATCH 1000-1999 202, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 6500},
		"the status of the upload claims more than was sent": {func(*way) before {
			return firstOf(on("PATCH", "2000-", once(answer(503))), on("GET", "", once(answer(204, "Range", "0-3400"))))
		},
			opened + ", PATCH 2000-2999 503, GET 204, POST 202, PATCH 0-999 202, PATCH 1000-1999 202, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 6500},
		"the status of the upload is beyond counting": {func(*way) before {
			return firstOf(on("PATCH", "2000-", once(answer(503))), on("GET", "", once(answer(204, "Range", "0-9223372036854775807"))))
		},
			opened + ", PATCH 2000-2999 503, GET 204, POST 202, PATCH 0-999 202, PATCH 1000-1999 202, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 6500},
		"chunks are refused with 405":          {func(*way) before { return on("PATCH", "", answer(405)) }, "HEAD 404, POST 202, PATCH 0-999 405, DELETE 405, " + whole, 4500},
		"chunks are refused with 411":          {func(*way) before { return on("PATCH", "", answer(411)) }, "HEAD 404, POST 202, PATCH 0-999 411, DELETE 405, " + whole, 4500},
		"chunks are refused with 400":          {func(*way) before { return on("PATCH", "", answer(400)) }, "HEAD 404, POST 202, PATCH 0-999 400, DELETE 405, " + whole, 4500},
		"chunks are not implemented, says 501": {func(*way) before { return on("PATCH", "", answer(501)) }, "HEAD 404, POST 202, PATCH 0-999 501, DELETE 405, " + whole, 4500},
		"the answer to a chunk names another range": {func(*way) before { return on("PATCH", "1000-", answer(202, "Range", "0-1499")) },
			"HEAD 404, POST 202, PATCH 0-999 202, PATCH 1000-1999 202, DELETE 405, " + whole, 5500},
		"the sum is wrong at the end": {func(*way) before {
			return on("PUT", "", once(answer(400)))
		}, opened + ", PATCH 2000-2999 202, PATCH 3000-3499 202, PUT 400, DELETE 405, " + whole, 7000},
		"500 at the end, once": {func(*way) before { return on("PUT", "", once(answer(500))) },
			opened + ", PATCH 2000-2999 202, PATCH 3000-3499 202, PUT 500, GET 204, " + closed, 3500},
		"503 at the end, once": {func(*way) before { return on("PUT", "", once(answer(503))) },
			opened + ", PATCH 2000-2999 202, PATCH 3000-3499 202, PUT 503, GET 204, " + closed, 3500},
		"the answer at the end is lost": {func(w *way) before {
			return firstOf(on("PUT", "", once(w.lost(504))), on("GET", "", answer(404)))
		}, opened + ", PATCH 2000-2999 202, PATCH 3000-3499 202, PUT 504, GET 404, HEAD 200, HEAD 200", 3500},
		"503 when it begins, once": {func(*way) before { return on("POST", "", once(answer(503))) },
			"HEAD 404, POST 503, POST 202, PATCH 0-999 202, PATCH 1000-1999 202, PATCH 2000-2999 202, PATCH 3000-3499 202, " + closed, 3500},
		"a moment passes until it is there": {func(*way) before {
			var n atomic.Int64
			return on("HEAD", "", func(w http.ResponseWriter, r *http.Request) bool { return n.Add(1) == 2 && answer(404)(w, r) })
		}, opened + ", PATCH 2000-2999 202, PATCH 3000-3499 202, PUT 201, HEAD 404, HEAD 200", 3500},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWay(t, Options{})
			w.front.set(tt.on(w))
			var read atomic.Int64
			if err := w.PushBlob(t.Context(), d, countedOpener(content, &read)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(tt.story, ", "), strings.Split(w.wire.story(), ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := read.Load(); got != tt.bytes {
				t.Errorf("read %d bytes of the blob; want %d", got, tt.bytes)
			}
			w.front.set(nil)
			if got := must[[]byte](t)(w.ReadBlob(t.Context(), d, d.Size)); !bytes.Equal(got, content) {
				t.Error("other bytes were stored")
			}
		})
	}
}
