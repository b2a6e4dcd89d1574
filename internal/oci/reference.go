package oci

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
)

// Reference names a repository, and perhaps something in it.
type Reference struct {
	Repository string // ghcr.io/acme/m, or oci:models/m
	Tag        string // empty where none was given; there is no default
	Digest     string // sha256:…, empty where none was given
}

const layoutScheme = "oci:"

var (
	tagForm  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	pathForm = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
)

// ParseReference reads HOST/PATH or oci:FOLDER, each with an optional :TAG
// and @sha256:DIGEST. The tag is what follows the last colon behind the last
// slash. A host is required: there is no default registry.
func ParseReference(text string) (Reference, error) {
	rest, digest, err := cutDigest(text)
	if err != nil {
		return Reference{}, err
	}
	layout := strings.HasPrefix(rest, layoutScheme)
	rest = strings.TrimPrefix(rest, layoutScheme)
	repository, tag := cutTag(rest)
	if tag != "" && !tagForm.MatchString(tag) || strings.HasSuffix(rest, ":") {
		return Reference{}, refuse(text, fmt.Sprintf("%q is not a tag", tag), "a tag has letters, digits, and . _ - and at most 128 of them")
	}
	if layout {
		return layoutReference(text, repository, tag, digest)
	}
	host, path, ok := strings.Cut(repository, "/")
	if !ok || !isHost(host) {
		return Reference{}, refuse(text, "it names no registry", "write the registry's host first, as in ghcr.io/acme/card-default, or oci:FOLDER for a layout on disk")
	}
	if !pathForm.MatchString(path) || len(path) > 255 {
		return Reference{}, refuse(text, fmt.Sprintf("%q is not a repository's path", path), "lower-case letters and digits, parted by . _ - and /")
	}
	return Reference{Repository: repository, Tag: tag, Digest: digest}, nil
}

func layoutReference(text, path, tag, digest string) (Reference, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return Reference{}, refuse(text, "it names no folder", "write oci:FOLDER:TAG, as in oci:models/card-default:1.0.0")
	}
	return Reference{Repository: layoutScheme + filepath.Clean(path), Tag: tag, Digest: digest}, nil
}

// String is the reference as ParseReference reads it.
func (r Reference) String() string {
	s := r.Repository
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// Target is what to resolve: the digest if there is one, else the tag, else
// nothing.
func (r Reference) Target() string {
	if r.Digest != "" {
		return r.Digest
	}
	return r.Tag
}

func refuse(text, why, hint string) error {
	return fmt.Errorf("%q is %w: %s\nhint: %s", text, ErrReference, why, hint)
}

func cutDigest(text string) (rest, digest string, err error) {
	at := strings.LastIndex(text, "@")
	if at < 0 || (strings.HasPrefix(text, layoutScheme) && !strings.HasPrefix(text[at:], "@sha256:")) {
		return text, "", nil
	}
	if digest = text[at+1:]; !artifact.ValidDigest(digest) {
		return "", "", refuse(text, fmt.Sprintf("%q is not a digest", digest), "a digest is sha256: and 64 lower-case hex digits")
	}
	return text[:at], digest, nil
}

func cutTag(text string) (rest, tag string) {
	colon := strings.LastIndex(text, ":")
	if colon < 0 || colon < strings.LastIndex(text, "/") {
		return text, ""
	}
	return text[:colon], text[colon+1:]
}

// isHost tells a registry's host from the first folder of a path, as docker
// does: it has a dot or a port, or is localhost.
func isHost(s string) bool {
	if s != "localhost" && !strings.ContainsAny(s, ".:") {
		return false
	}
	u, err := url.Parse("//" + s)
	return err == nil && u.Host == s && u.Hostname() != ""
}

// loopback says whether a host, with or without port, is this machine:
// localhost, 127.0.0.0/8 or ::1. Only there is plain HTTP spoken.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
