package oci

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// breaks sends an answer's first n bytes, and cuts the connection.
func (w *way) breaks(n int) before {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		rec := httptest.NewRecorder()
		w.front.Handler.ServeHTTP(rec, r)
		for name, values := range rec.Header() {
			rw.Header()[name] = values
		}
		rw.WriteHeader(rec.Code)
		rw.Write(rec.Body.Bytes()[:n])
		http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	}
}

// sends is an answer of its own, with or without its length.
func sends(code int, contentRange string, body []byte, length bool) before {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		if contentRange != "" {
			w.Header().Set("Content-Range", contentRange)
		}
		if length {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		w.WriteHeader(code)
		if !length {
			http.NewResponseController(w).Flush()
		}
		w.Write(body)
		return true
	}
}

// TestDownloads holds what happens to a blob on its way against what is asked
// for then, and what the reader gets.
func TestDownloads(t *testing.T) {
	content, d := sample(t)
	odd := bytes.Clone(content)
	odd[3000] ^= 1
	long := append(bytes.Clone(content), 'x')
	resumed := func(do before) func(w *way) before {
		return func(w *way) before { return firstOf(on("GET", "1200-", do), on("GET", "", once(w.breaks(1200)))) }
	}
	plain := func(do before) func(w *way) before { return func(*way) before { return on("GET", "", do) } }
	whole := func(r *Repository) (io.ReadCloser, error) { return r.Blob(t.Context(), d) }
	part := func(from, n int64) func(r *Repository) (io.ReadCloser, error) {
		return func(r *Repository) (io.ReadCloser, error) { return r.BlobRange(t.Context(), d, from, n) }
	}
	none := func(http.ResponseWriter, *http.Request) bool { return false }
	const notIt = ": content is not what its digest says"
	tests := map[string]struct {
		on    func(w *way) before
		read  func(r *Repository) (io.ReadCloser, error)
		want  []byte // without an error
		kind  error
		say   string
		story string
	}{
		"nothing":                  {plain(none), whole, content, nil, "", "GET 200"},
		"a cut":                    {resumed(none), whole, content, nil, "", "GET cut, GET 1200-3499 206"},
		"a cut, and another":       {resumed(once(func(w http.ResponseWriter, r *http.Request) bool { panic(http.ErrAbortHandler) })), whole, content, nil, "", "GET cut, GET 1200-3499 cut, GET 1200-3499 206"},
		"a cut, then no ranges":    {resumed(sends(200, "", content, true)), whole, content, nil, "", "GET cut, GET 1200-3499 200"},
		"another range, once":      {resumed(once(sends(206, "bytes 0-99/3500", content[:100], true))), whole, content, nil, "", "GET cut, GET 1200-3499 206, GET 1200-3499 206"},
		"a part":                   {plain(none), part(1000, 500), content[1000:1500], nil, "", "GET 1000-1499 206"},
		"the last part":            {plain(none), part(3000, 500), content[3000:], nil, "", "GET 3000-3499 206"},
		"the whole as a part":      {plain(none), part(0, 3500), content, nil, "", "GET 200"},
		"a part without ranges":    {plain(sends(200, "", content, true)), part(1000, 500), content[1000:1500], nil, "", "GET 1000-1499 200"},
		"a part that is too long":  {plain(sends(206, "bytes 3000-3499/3500", long[3000:], false)), part(3000, 500), content[3000:], nil, "", "GET 3000-3499 206"},
		"a part that is cut":       {func(w *way) before { return on("GET", "1000-", once(w.breaks(200))) }, part(1000, 500), content[1000:1500], nil, "", "GET 1000-1499 cut, GET 1200-1499 206"},
		"a part that is too short": {plain(sends(206, "bytes 1000-1499/3500", content[1000:1400], false)), part(1000, 500), nil, ErrIntegrity, d.Digest + " ends after 1400 of 3500 bytes" + notIt, "GET 1000-1499 206"},
		"a part of another length": {plain(sends(206, "bytes 1000-1499/3500", content[1000:1400], true)), part(1000, 500), nil, ErrIntegrity,
			"blob " + d.Digest + " in HOST/acme/m: the registry has 400 bytes, not 500" + notIt, "GET 1000-1499 206"},
		"a part of what is too short": {plain(sends(200, "", content[:900], false)), part(1000, 500), nil, ErrIntegrity,
			"blob " + d.Digest + " in HOST/acme/m: " + d.Digest + " ends after 900 of 3500 bytes" + notIt, "GET 1000-1499 200"},
		"always another range": {resumed(sends(206, "bytes 0-99/3500", content[:100], true)), whole, nil, ErrNetwork,
			`registry or network fault: asked for bytes 1200 to 3499, the registry sent "bytes 0-99/3500"`, "GET cut" + strings.Repeat(", GET 1200-3499 206", 4)},
		"too short":               {plain(sends(200, "", content[:3000], false)), whole, nil, ErrIntegrity, d.Digest + " ends after 3000 of 3500 bytes" + notIt, "GET 200"},
		"too long":                {plain(sends(200, "", long, false)), whole, nil, ErrIntegrity, d.Digest + " has more than 3500 bytes" + notIt, "GET 200"},
		"too long, as it says":    {plain(sends(200, "", long, true)), whole, nil, ErrIntegrity, "blob " + d.Digest + " in HOST/acme/m: the registry has 3501 bytes, not 3500" + notIt, "GET 200"},
		"a cut, then other bytes": {resumed(sends(206, "bytes 1200-3499/3500", odd[1200:], true)), whole, nil, ErrIntegrity, "has the digest", "GET cut, GET 1200-3499 206"},
		"a cut, then it is gone":  {resumed(answer(404)), whole, nil, ErrNotFound, "not found: ", "GET cut, GET 1200-3499 404"},
		"out of bounds":           {plain(none), part(3000, 501), nil, ErrIntegrity, "blob " + d.Digest + " in HOST/acme/m has 3500 bytes, not 501 from 3000 on" + notIt, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWay(t, Options{})
			must[Descriptor](t)(w.PushBytes(t.Context(), "x/y", content))
			w.wire.said = nil
			w.front.set(tt.on(w))
			var got []byte
			rc, err := tt.read(w.Repository)
			if err == nil {
				got, err = io.ReadAll(rc)
				rc.Close()
			}
			if story := w.wire.story(); story != tt.story {
				t.Errorf("got  %s\nwant %s", story, tt.story)
			}
			if tt.kind == nil {
				if err != nil || !bytes.Equal(got, tt.want) {
					t.Errorf("got %d bytes, %v; want %d", len(got), err, len(tt.want))
				}
				return
			}
			if !errors.Is(err, tt.kind) || int64(len(got)) > d.Size {
				t.Errorf("got %d bytes, %v; want %v", len(got), err, tt.kind)
			}
			host, _, _ := strings.Cut(w.String(), "/")
			if text := strings.ReplaceAll(fmt.Sprint(err), host, "HOST"); !strings.Contains(text, tt.say) {
				t.Errorf("got %s; want %s", text, tt.say)
			}
		})
	}
}

func TestPartsOfABlob(t *testing.T) {
	content, d := sample(t)
	eachStore(t, func(t *testing.T, r *Repository) {
		must[Descriptor](t)(r.PushBytes(t.Context(), "x/y", content))
		for _, c := range []struct{ from, n int64 }{{0, 1}, {0, 3500}, {1, 3499}, {1000, 500}, {3499, 1}} {
			rc := must[io.ReadCloser](t)(r.BlobRange(t.Context(), d, c.from, c.n))
			if got, err := io.ReadAll(rc); err != nil || !bytes.Equal(got, content[c.from:c.from+c.n]) {
				t.Errorf("%d from %d on: got %d bytes, %v", c.n, c.from, len(got), err)
			}
			rc.Close()
		}
		for _, c := range []struct{ from, n int64 }{{-1, 2}, {0, 0}, {0, -1}, {0, 3501}, {3500, 1}, {3499, 2}, {1, 1<<63 - 1}} {
			want := fmt.Sprintf("blob %s in %s has 3500 bytes, not %d from %d on: content is not what its digest says", d.Digest, r, c.n, c.from)
			if _, err := r.BlobRange(t.Context(), d, c.from, c.n); !errors.Is(err, ErrIntegrity) || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
		}
	})
}

func TestMountingABlob(t *testing.T) {
	content, d := sample(t)
	w := newWay(t, Options{})
	to := w.Repository
	host, _, _ := strings.Cut(w.String(), "/")
	from := open(t, host+"/acme/from")
	must[Descriptor](t)(from.PushBytes(t.Context(), "x/y", content))
	elsewhere := open(t, serve(t, newChunkedDouble())+"/acme/from")
	tests := []struct {
		name  string
		on    before
		from  *Repository
		want  bool
		story string
	}{
		{"another registry", nil, elsewhere, false, ""},
		{"a layout", nil, open(t, "oci:"+t.TempDir()), false, ""},
		{"the source lacks it", nil, open(t, host+"/acme/empty"), false, "HEAD 404, POST 404"},
		{"refused with 403", on("POST", "", answer(403)), from, false, "HEAD 404, POST 403"},
		{"refused with 405", on("POST", "", answer(405)), from, false, "HEAD 404, POST 405"},
		{"an upload is begun in its place", on("POST", "", answer(202, "Location", "/v2/acme/m/blobs/uploads/eA")), from, false, "HEAD 404, POST 202, DELETE 405"},
		{"taken and not kept", on("POST", "", answer(201)), from, false, "HEAD 404, POST 201, HEAD 404"},
		{"the same registry", nil, from, true, "HEAD 404, POST 201, HEAD 200"},
		{"it is there already", nil, from, true, "HEAD 200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.wire.said = nil
			w.front.set(tt.on)
			if ok, err := to.MountBlob(t.Context(), d, tt.from); ok != tt.want || err != nil {
				t.Errorf("got %v, %v; want %v", ok, err, tt.want)
			}
			if got := w.wire.story(); got != tt.story {
				t.Errorf("got  %s\nwant %s", got, tt.story)
			}
		})
	}
	w.front.set(nil)
	if got := must[[]byte](t)(to.ReadBlob(t.Context(), d, d.Size)); !bytes.Equal(got, content) {
		t.Error("other bytes were mounted")
	}
}
