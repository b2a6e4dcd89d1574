package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/weighlock/weighlock/internal/artifact"
)

// registry speaks the OCI distribution protocol. Authentication is
// go-containerregistry's; the requests are our own, since what a gate must
// know (was the subject taken up, was that a fault or an absence) is in
// headers and statuses.
type registry struct {
	host string
	name string
	reg  name.Registry
	o    Options

	mu       sync.Mutex
	clients  map[string]*http.Client  // by scope
	login    authn.Authenticator      // nil until it was looked up
	noAPI    map[string]bool          // what asking for the referrers API gave
	truth    map[string]Descriptor    // of referrers whose listing could not be believed
	coming   map[string]chan struct{} // blobs that are brought here now
	nobody   atomic.Bool              // there is no login for it
	whole    atomic.Bool              // it takes no blob in pieces
	retries  budget                   // of all calls together
	fallback sync.Mutex               // one change of a fallback list at a time
	tagging  sync.Mutex               // one TagIfAbsent at a time in this process
}

func newRegistry(repository string, o Options) (*registry, error) {
	host, path, _ := strings.Cut(repository, "/")
	var opts []name.Option
	if loopback(host) {
		opts = append(opts, name.Insecure)
	}
	reg, err := name.NewRegistry(host, opts...)
	if err != nil {
		return nil, refuse(repository, err.Error(), "write HOST/PATH, as in ghcr.io/acme/card-default")
	}
	if o.Keychain == nil {
		o.Keychain = Credentials(os.Environ())
	}
	o.Transport = guard{patient{baseTransport(o), o.Patience}, loopback(host)}
	if o.UserAgent != "" {
		o.Transport = transport.NewUserAgent(o.Transport, o.UserAgent)
	}
	return &registry{host: host, name: path, reg: reg, o: o,
		clients: map[string]*http.Client{}, noAPI: map[string]bool{}, truth: map[string]Descriptor{}, coming: map[string]chan struct{}{}}, nil
}

const acceptManifests = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, " +
	"application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"

func (r *registry) manifest(ctx context.Context, target string) ([]byte, string, error) {
	var raw []byte
	resp, err := r.do(ctx, request{path: "manifests/" + target, header: http.Header{"Accept": {acceptManifests}}, limit: MaxManifest + 1, body: &raw}, http.StatusOK)
	if err != nil {
		return nil, "", err
	}
	if claim := resp.Header.Get("Docker-Content-Digest"); artifact.ValidDigest(claim) && claim != artifact.Digest(raw) && len(raw) <= MaxManifest {
		return nil, "", fmt.Errorf("the registry calls it %s: %w", claim, ErrIntegrity)
	}
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if mediaType == "text/html" {
		return nil, "", fmt.Errorf("%w: a web page came in place of a manifest\nhint: check the registry's address; a proxy or a sign-in page may answer for it", ErrNetwork)
	}
	return raw, mediaType, nil
}

func (r *registry) pushManifest(ctx context.Context, h head, raw []byte, tag string, absent bool) error {
	if !absent {
		if err := r.putManifest(ctx, h, raw, tag); err != nil || tag == "" {
			return err
		}
		return r.attempts(ctx, func() error { return r.tagged(ctx, tag) })
	}
	r.tagging.Lock()
	defer r.tagging.Unlock()
	switch at, err := r.digestOf(ctx, tag); {
	case err == nil && at != h.Digest:
		return &ExistsError{tag, at}
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	}
	putErr := r.putManifest(ctx, h, raw, tag)
	at, err := r.digestOf(ctx, tag)
	switch {
	case err == nil && at != h.Digest:
		return &ExistsError{tag, at}
	case putErr != nil:
		return putErr
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf("%w: the registry took tag %s and does not have it", ErrNetwork, tag)
	}
	return err
}

// tagged asks for a tag that was just set. That it leads elsewhere is no fault:
// another writer may have moved it since.
func (r *registry) tagged(ctx context.Context, tag string) error {
	q := request{method: http.MethodHead, path: "manifests/" + tag, discard: true, header: http.Header{"Accept": {acceptManifests}}}
	_, err := r.once(ctx, q, http.StatusOK)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: the registry took tag %s and does not have it", ErrNetwork, tag)
	}
	return err
}

func (r *registry) digestOf(ctx context.Context, tag string) (string, error) {
	raw, _, err := r.manifest(ctx, tag)
	return artifact.Digest(raw), err
}

// putManifest stores a manifest under its tag or digest, and sees to it that
// its subject knows of it: registries with the referrers API say so in a
// header, for others the client keeps the list (distribution-spec, "Pushing
// Manifests with Subject").
func (r *registry) putManifest(ctx context.Context, h head, raw []byte, tag string) error {
	target := h.Digest
	if tag != "" {
		target = tag
	}
	resp, err := r.put(ctx, target, h.MediaType, raw)
	if err != nil {
		return err
	}
	if claim := resp.Header.Get("Docker-Content-Digest"); artifact.ValidDigest(claim) && claim != h.Digest {
		return fmt.Errorf("the registry stored %s: %w", claim, ErrIntegrity)
	}
	if err := r.attempts(ctx, func() error { return r.there(ctx, "manifests/", h.Digest, "manifest") }); err != nil {
		return err
	}
	if !artifact.ValidDigest(h.Subject) {
		return nil
	}
	if resp.Header.Get("OCI-Subject") == h.Subject {
		// Registries are known that send the header and lack the API.
		if ok, err := r.hasAPI(ctx, h.Subject); err != nil || ok {
			return err
		}
	}
	return r.changeFallback(ctx, h.Subject, func(list []Descriptor) []Descriptor {
		if slices.ContainsFunc(list, func(d Descriptor) bool { return d.Digest == h.Digest }) {
			return list
		}
		return append(list, h.Descriptor)
	})
}

func (r *registry) put(ctx context.Context, target, mediaType string, raw []byte) (*http.Response, error) {
	return r.do(ctx, request{
		method: http.MethodPut, path: "manifests/" + target, scope: transport.PushScope, discard: true,
		header:  http.Header{"Content-Type": {mediaType}},
		content: func() (io.ReadCloser, error) { return bytesOpener(raw)(0) }, size: int64(len(raw)),
	}, http.StatusCreated, http.StatusOK, http.StatusAccepted)
}

// pageSize is as large as every registry takes; ECR refuses more.
const pageSize = 1000

func (r *registry) tags(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	next := fmt.Sprintf("tags/list?n=%d", pageSize)
	for next != "" {
		var raw []byte
		resp, err := r.do(ctx, request{path: next, limit: 64 << 20, body: &raw}, http.StatusOK)
		if err != nil {
			return nil, err
		}
		var page struct {
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, fmt.Errorf("%w: list of tags: %w", ErrNetwork, err)
		}
		fresh := false
		for _, tag := range page.Tags {
			fresh = fresh || !seen[tag]
			seen[tag] = true
		}
		if next = nextPage(resp); next == "" && fresh && len(page.Tags) >= pageSize {
			next = fmt.Sprintf("tags/list?n=%d&last=%s", pageSize, url.QueryEscape(page.Tags[len(page.Tags)-1]))
		}
		if !fresh {
			break
		}
	}
	tags := make([]string, 0, len(seen))
	for tag := range seen {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return tags, nil
}

func (r *registry) remove(ctx context.Context, target string) error {
	var subject string
	if artifact.ValidDigest(target) {
		raw, mediaType, err := r.manifest(ctx, target)
		if err != nil {
			return err
		}
		if h, err := readHead(raw, mediaType); err == nil {
			subject = h.Subject
		}
	}
	_, err := r.do(ctx, request{method: http.MethodDelete, path: "manifests/" + target, scope: transport.DeleteScope, discard: true},
		http.StatusAccepted, http.StatusOK, http.StatusNoContent)
	if err != nil || subject == "" {
		return err
	}
	return r.changeFallback(ctx, subject, func(list []Descriptor) []Descriptor {
		return slices.DeleteFunc(list, func(d Descriptor) bool { return d.Digest == target })
	})
}

// lock does nothing: a registry has none to give.
func (r *registry) lock(context.Context) (func(), error) { return func() {}, nil }

func readAllLimited(from io.Reader, limit int64) ([]byte, error) {
	var b bytes.Buffer
	_, err := io.Copy(&b, io.LimitReader(from, limit))
	return b.Bytes(), err
}
