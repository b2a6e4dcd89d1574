package oci

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weighlock/weighlock/internal/artifact"
)

// A list of referrers that does not come whole is no registry without lists:
// what it lists would be missed, and a verdict given without it.
func TestListOfReferrersThatDoesNotCome(t *testing.T) {
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", artifact.MediaTypeIndex)
		io.WriteString(w, `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.im`)
	}
	for name, c := range map[string]struct {
		whole  int32 // how often it comes before
		answer func(w http.ResponseWriter)
		want   string
	}{
		"half of it": {0, half, "not an image index: unexpected end of JSON input"},
		"something else under its name": {0, func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", artifact.MediaTypeIndex)
			io.WriteString(w, `{"schemaVersion":3}`)
		}, "not an image index"},
		"no such list, a moment later": {1, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
			"not found: GET http://HOST/v2/acme/m/referrers/DIGEST: unexpected status code 404 Not Found"},
		"a web page, a moment later": {1, func(w http.ResponseWriter) { io.WriteString(w, "<html>") },
			"not an image index: invalid character '<' looking for beginning of value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, f := newFront(t, true)
			r := open(t, serve(t, f)+"/acme/m")
			image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("image")))
			must[Descriptor](t)(r.PushArtifact(t.Context(), noteAbout("statement", image)))
			r = open(t, r.String()) // which has not asked yet
			var asked atomic.Int32
			f.set(func(w http.ResponseWriter, req *http.Request) bool {
				if !strings.Contains(req.URL.Path, "/referrers/") || asked.Add(1) <= c.whole {
					return false
				}
				c.answer(w)
				return true
			})
			for range c.whole {
				must[[]Descriptor](t)(r.Referrers(t.Context(), image.Digest, ""))
			}
			list, err := r.Referrers(t.Context(), image.Digest, "")
			if list != nil || !errors.Is(err, ErrNetwork) || errors.Is(err, ErrNotFound) {
				t.Errorf("got %v, %v; want ErrNetwork", list, err)
			}
			want := "referrers of " + image.Digest + " in HOST/acme/m: registry or network fault: no list of referrers came, from a registry that keeps them: " + strings.ReplaceAll(c.want, "DIGEST", image.Digest)
			got, _, _ := strings.Cut(err.Error(), " (body:")
			says(t, r, errors.New(got), want)
		})
	}
}
