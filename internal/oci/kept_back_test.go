package oci

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// Where a list of referrers is not found that is there, a new one in its place
// would lose all that was listed.
func TestFallbackListThatIsNotFoundIsNotReplaced(t *testing.T) {
	r, f := newFront(t, false)
	image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("image")))
	first := must[Descriptor](t)(r.PushArtifact(t.Context(), noteAbout("first", image)))
	for name, when := range map[string]func(n int32) bool{
		"once":                 func(n int32) bool { return n == 1 },
		"ever":                 func(int32) bool { return true },
		"when it is read back": func(n int32) bool { return n == 2 },
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			f.set(func(w http.ResponseWriter, req *http.Request) bool {
				hidden := req.Method == http.MethodGet && strings.HasSuffix(req.URL.Path, fallbackTag(image.Digest)) && when(asked.Add(1))
				if hidden {
					w.WriteHeader(http.StatusNotFound)
				}
				return hidden
			})
			second, err := r.PushArtifact(t.Context(), noteAbout("second, not found "+name, image))
			if !errors.Is(err, ErrNetwork) {
				t.Fatalf("got %v; want ErrNetwork", err)
			}
			says(t, r, err, "pushing manifest "+second.Digest+" to HOST/acme/m: registry or network fault: the registry lists the tag "+fallbackTag(image.Digest)+", and does not find it")
			f.set(nil)
			list := must[[]Descriptor](t)(r.Referrers(t.Context(), image.Digest, ""))
			if !slices.ContainsFunc(list, func(d Descriptor) bool { return d.Digest == first.Digest }) {
				t.Errorf("got %v; want what was listed before", list)
			}
		})
	}
	must[Descriptor](t)(r.PushArtifact(t.Context(), noteAbout("second, not found when it is read back", image)))
	if list := must[[]Descriptor](t)(r.Referrers(t.Context(), image.Digest, "")); len(list) != 2 {
		t.Errorf("got %v; want both", list)
	}
}

func TestTagThatIsSetAndNotKept(t *testing.T) {
	r, f := newFront(t, true)
	d := must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPut {
			w.WriteHeader(http.StatusCreated)
		}
		return req.Method == http.MethodPut
	})
	err := r.Tag(t.Context(), d, "v")
	if !errors.Is(err, ErrNetwork) {
		t.Fatalf("got %v; want ErrNetwork", err)
	}
	says(t, r, err, "tagging "+d.Digest+" as v in HOST/acme/m: registry or network fault: the registry took tag v and does not have it")
	f.set(nil)
	if err := r.Tag(t.Context(), d, "v"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"v"}, must[[]string](t)(r.Tags(t.Context()))); diff != "" {
		t.Error(diff)
	}
}

func TestTurnThatStaysFreeHoweverOftenItIsTaken(t *testing.T) {
	r, f := newFront(t, true)
	done, err := r.Turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done()
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPut {
			w.WriteHeader(http.StatusCreated)
		}
		return req.Method == http.MethodPut
	})
	_, err = r.Turn(t.Context())
	if !errors.Is(err, ErrNetwork) {
		t.Fatalf("got %v; want ErrNetwork", err)
	}
	says(t, r, err, "waiting for a turn in HOST/acme/m: registry or network fault: tag "+turnTag+" does not keep what is written to it")
}
