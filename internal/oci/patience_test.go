package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network in memory, on which a clock that does not run on its own
// can be used.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.done); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestPatience shows registries that hang or drip, by a clock of the test's.
func TestPatience(t *testing.T) {
	const size = 1 << 20
	const two = 2 * time.Minute
	read := func(ctx context.Context, r *Repository) error {
		rc, err := r.BlobRange(ctx, Descriptor{Digest: someDigest, Size: size}, 0, size)
		if err == nil {
			_, err = io.Copy(io.Discard, rc)
			rc.Close()
		}
		return err
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	// drip sends n bytes each time that a time has passed, until the client goes.
	drip := func(n int, each time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(size))
			for sent := 0; sent < size && r.Context().Err() == nil; sent += n {
				time.Sleep(each)
				w.Write(make([]byte, min(n, size-sent)))
				http.NewResponseController(w).Flush()
			}
		}
	}
	const still = "nothing moved for 2m0s, or too little"
	tests := map[string]struct {
		serve http.HandlerFunc
		do    func(context.Context, *Repository) error
		want  string        // empty: it succeeds
		took  time.Duration // at most
	}{
		"no answer": {hang, read, still, 4*two + 10*time.Second},
		"an answer without an end": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(size))
			w.Write(make([]byte, 1000))
			http.NewResponseController(w).Flush()
			hang(w, r)
		}, read, "", 0},
		"a drip":             {drip(16, time.Second), read, "", 0},
		"slow, but it comes": {drip(32<<10, time.Second), read, "", 40 * time.Second},
		"slow, with pauses":  {drip(size/2, time.Minute), read, "", two},
		"a body that nobody reads": {hang, func(ctx context.Context, r *Repository) error {
			_, err := r.PushBytes(ctx, "x/y", make([]byte, size))
			return err
		}, still, 5 * two},
		"a token that does not come": {nil, func(ctx context.Context, r *Repository) error { _, err := r.Resolve(ctx, "v"); return err }, still, 5 * two},
		"a reader that takes its time": {drip(size/2, time.Second), func(ctx context.Context, r *Repository) error {
			rc, err := r.BlobRange(ctx, Descriptor{Digest: someDigest, Size: size}, 0, size)
			if err != nil {
				return err
			}
			defer rc.Close()
			for range 4 {
				time.Sleep(3 * two)
				if _, err := io.ReadFull(rc, make([]byte, size/4)); err != nil {
					return err
				}
			}
			return nil
		}, "", 12*two + time.Minute},
	}
	// These break off after the answer began, and are taken up four times.
	for name, took := range map[string]time.Duration{"an answer without an end": 4*two + 10*time.Second, "a drip": 5 * two} {
		tt := tests[name]
		tt.want, tt.took = still, took
		tests[name] = tt
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				line := pipes{make(chan net.Conn), make(chan struct{})}
				ctx, end := context.WithCancel(t.Context())
				s := &http.Server{BaseContext: func(net.Listener) context.Context { return ctx }, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.URL.Path == "/token":
						hang(w, r)
					case r.URL.Path == "/v2/" && tt.serve == nil:
						w.Header().Set("WWW-Authenticate", `Bearer realm="http://127.0.0.1:5000/token",service="test"`)
						w.WriteHeader(401)
					case r.URL.Path == "/v2/":
					case r.Method == http.MethodHead:
						w.WriteHeader(404)
					case r.Method == http.MethodPost:
						w.Header().Set("Location", "/v2/acme/m/blobs/uploads/x")
						w.WriteHeader(202)
					default:
						tt.serve(w, r)
					}
				})}
				go s.Serve(line)
				transport := &http.Transport{DialContext: line.dial}
				r, _, err := Open("127.0.0.1:5000/acme/m", Options{Transport: transport, Keychain: keychain{"ci", "x"}, TempDir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				err = tt.do(t.Context(), r)
				took := time.Since(began)
				transport.CloseIdleConnections()
				end()
				s.Close()
				time.Sleep(time.Hour) // so that every handler ends
				if took > tt.took {
					t.Errorf("it took %s; want at most %s", took, tt.took)
				}
				if tt.want == "" {
					if err != nil {
						t.Errorf("got %v; want none", err)
					}
					return
				}
				if !errors.Is(err, ErrNetwork) || !strings.HasSuffix(fmt.Sprint(err), tt.want) {
					t.Errorf("got %v; want %s", err, tt.want)
				}
			})
		})
	}
}
