package lineage

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// ErrMutable is in the chain of every refusal of a reference that can come to
// mean something else.
var ErrMutable = errors.New("the reference can move")

var (
	contentID = regexp.MustCompile(`^(sha256:)?[0-9a-f]{64}$|^[0-9a-f]{40}$`)
	imageID   = regexp.MustCompile(`^[^\s@]+@sha256:[0-9a-f]{64}$`)
	scheme    = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]*`)
)

// Pinned refuses a reference to code or data that does not name its content:
// `latest`, a branch, a bare tag, an address alone. It accepts
//
//   - anything @ a Git commit or a SHA-256 (git+https://host/repo@<commit>,
//     registry/name@sha256:<hex>),
//   - an address with a commit or SHA-256 as a path element
//     (lakefs://repo/<commit>/path),
//   - an object store's version: ?versionId= (S3), ?generation= (GCS), or
//     ?md5= (DVC), ?sha256=.
//
// An @ in the path always begins the version, so what follows it must be one.
func Pinned(ref string) error {
	address, fragment, _ := strings.Cut(ref, "#")
	address, query, _ := strings.Cut(address, "?")
	path := strings.TrimPrefix(address, scheme.FindString(address))
	if strings.TrimSpace(path) == "" && fragment == "" {
		return fmt.Errorf("%q names nothing: %w%s", ref, ErrMutable, pinHint)
	}
	if i := strings.LastIndex(path, "@"); i >= 0 {
		return pinnedVersion(ref, path[i+1:])
	}
	if pinnedQuery(query) {
		return nil
	}
	for _, part := range strings.Split(path, "/") {
		if contentID.MatchString(part) {
			return nil
		}
	}
	if i := strings.LastIndex(path, ":"); i >= 0 {
		return pinnedVersion(ref, path[i+1:])
	}
	return fmt.Errorf("%s names no version: %w%s", ref, ErrMutable, pinHint)
}

// PinnedImage refuses a container image that is not named by digest.
func PinnedImage(ref string) error {
	if !imageID.MatchString(ref) {
		return fmt.Errorf("image %q is not named by digest: %w\nhint: write it as name@sha256:<64 hexadecimal digits>", ref, ErrMutable)
	}
	return nil
}

const pinHint = "\nhint: name the commit or the SHA-256 behind it, as in name@sha256:<64 hexadecimal digits>"

func pinnedVersion(ref, version string) error {
	if contentID.MatchString(version) {
		return nil
	}
	kind := "a tag or branch"
	if version == "latest" || version == "HEAD" {
		kind = "whatever is newest"
	}
	return fmt.Errorf("%s: %q is %s: %w%s", ref, version, kind, ErrMutable, pinHint)
}

var queryForms = map[string]*regexp.Regexp{
	"versionId":  regexp.MustCompile(`^[A-Za-z0-9._-]+$`),
	"generation": regexp.MustCompile(`^[0-9]+$`),
	"md5":        regexp.MustCompile(`^[0-9a-f]{32}(\.dir)?$`),
	"sha256":     regexp.MustCompile(`^[0-9a-f]{64}$`),
}

func pinnedQuery(query string) bool {
	values, err := url.ParseQuery(query)
	if err != nil {
		return false
	}
	for name, form := range queryForms {
		// S3 calls the one version of an unversioned object "null".
		if v := values[name]; len(v) == 1 && v[0] != "null" && form.MatchString(v[0]) {
			return true
		}
	}
	return false
}
