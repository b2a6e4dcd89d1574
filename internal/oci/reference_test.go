package oci

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const someDigest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestReferences(t *testing.T) {
	cases := []struct {
		name, text string
		want       Reference
	}{
		{"registry with tag", "ghcr.io/acme/m:1.0", Reference{Repository: "ghcr.io/acme/m", Tag: "1.0"}},
		{"registry without tag", "ghcr.io/acme/m", Reference{Repository: "ghcr.io/acme/m"}},
		{"port and digest", "localhost:5000/m@" + someDigest, Reference{Repository: "localhost:5000/m", Digest: someDigest}},
		{"port and no tag", "127.0.0.1:5000/a/b", Reference{Repository: "127.0.0.1:5000/a/b"}},
		{"address of IPv6", "[::1]:5000/m:x", Reference{Repository: "[::1]:5000/m", Tag: "x"}},
		{"tag and digest", "ghcr.io/acme/m:1.0@" + someDigest, Reference{Repository: "ghcr.io/acme/m", Tag: "1.0", Digest: someDigest}},
		{"layout with tag", "oci:dir/m:1.0", Reference{Repository: "oci:dir/m", Tag: "1.0"}},
		{"layout with digest", "oci:dir/m@" + someDigest, Reference{Repository: "oci:dir/m", Digest: someDigest}},
		{"layout by absolute path", "oci:/srv/models/m", Reference{Repository: "oci:/srv/models/m"}},
		{"layout here", "oci:.", Reference{Repository: "oci:."}},
		{"layout in a folder with a colon", "oci:a:b/m:1", Reference{Repository: "oci:a:b/m", Tag: "1"}},
		{"layout in a folder with an at sign", "oci:a@b/m:1", Reference{Repository: "oci:a@b/m", Tag: "1"}},
		{"layout with a trailing slash", "oci:models/", Reference{Repository: "oci:models"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseReference(c.text)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestReferencesThatAreNone(t *testing.T) {
	cases := map[string]string{
		"nothing":               "",
		"no registry":           "acme/m:1.0",
		"name alone":            "m",
		"upper case":            "ghcr.io/Acme/m",
		"host alone":            "ghcr.io",
		"no path":               "ghcr.io/",
		"way out":               "ghcr.io/../m",
		"empty tag":             "ghcr.io/acme/m:",
		"tag with a plus":       "ghcr.io/acme/m:1+2",
		"short digest":          "ghcr.io/acme/m@sha256:9f86",
		"digest of other kind":  "ghcr.io/acme/m@md5:9f86d081884c7d659a2feaa0c55ad015",
		"upper-case digest":     "ghcr.io/acme/m@" + strings.ToUpper(someDigest),
		"URL":                   "https://ghcr.io/acme/m",
		"layout without folder": "oci:",
		"layout of tag alone":   "oci::1.0",
		"layout, bad digest":    "oci:m@sha256:9f86",
		"space":                 "ghcr.io/acme /m",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseReference(text)
			if !errors.Is(err, ErrReference) || !strings.Contains(err.Error(), "\nhint: ") {
				t.Errorf("got %+v, %v; want ErrReference with a hint", got, err)
			}
		})
	}
}

func TestNameIsTheLastPathElement(t *testing.T) {
	for ref, want := range map[string]string{"ghcr.io/acme/card-default:1": "card-default", "oci:models/card-default:1": "card-default", "oci:" + t.TempDir() + "/x/..": "001"} {
		r, _, err := Open(ref, Options{})
		if err != nil || r.Name() != want {
			t.Errorf("%s: got %q, %v; want %q", ref, r.Name(), err, want)
		}
	}
}

func TestLoopback(t *testing.T) {
	got := map[string]bool{}
	for _, host := range []string{"localhost", "localhost:5000", "127.0.0.1:5000", "127.8.9.10", "[::1]:5000", "::1", "10.0.0.1:5000", "x.localhost:5000", "localhost.evil.example", "127.0.0.1.evil.example", "ghcr.io"} {
		got[host] = loopback(host)
	}
	want := map[string]bool{"localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "127.8.9.10": true, "[::1]:5000": true, "::1": true,
		"10.0.0.1:5000": false, "x.localhost:5000": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "ghcr.io": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"ghcr.io/acme/m:1.0", "oci:dir/m:1.0", "oci:a@b:c/d@" + someDigest, "localhost:5000/m@" + someDigest, "[::1]:5000/m", "oci::", "a/b@@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseReference(text)
		if err != nil {
			if !errors.Is(err, ErrReference) || r != (Reference{}) {
				t.Fatalf("%q: got %+v, %v", text, r, err)
			}
			return
		}
		if r.Repository == "" || r.Tag != "" && !tagForm.MatchString(r.Tag) {
			t.Fatalf("%q gave %+v", text, r)
		}
		if !strings.HasPrefix(text, layoutScheme) && r.String() != text {
			t.Fatalf("%q is written as %q", text, r.String())
		}
	})
}
