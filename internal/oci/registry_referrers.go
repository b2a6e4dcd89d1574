package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
)

// maxReferrersPage bounds one answer of the referrers API.
const maxReferrersPage = 64 << 20

// referrers reads the API where there is one, and the fallback list where
// there is one: another client may have written either.
func (r *registry) referrers(ctx context.Context, subject, artifactType string, yield func(Descriptor) error) error {
	offer := func(d Descriptor) error {
		d, err := r.believe(ctx, d)
		if err != nil {
			return err
		}
		if artifactType != "" && d.ArtifactType != "" && d.ArtifactType != artifactType {
			return nil
		}
		return yield(d)
	}
	if _, err := r.eachFromAPI(ctx, subject, artifactType, offer); err != nil {
		return err
	}
	list, err := r.readFallback(ctx, subject)
	if err != nil {
		return err
	}
	for _, d := range list {
		if err := offer(d); err != nil {
			return err
		}
	}
	return nil
}

// hasAPI says whether the registry has the referrers API, and remembers.
func (r *registry) hasAPI(ctx context.Context, subject string) (bool, error) {
	r.mu.Lock()
	missing, asked := r.noAPI[""]
	r.mu.Unlock()
	if asked {
		return !missing, nil
	}
	return r.eachFromAPI(ctx, subject, "", func(Descriptor) error { return nil })
}

// eachFromAPI says whether the API answered. No API is 404, a status by which
// registries say that they know nothing of it, or something else than an
// index; any other fault is an error, never an empty list. So is an index that
// cannot be read, and an API that answered a moment ago.
func (r *registry) eachFromAPI(ctx context.Context, subject, artifactType string, yield func(Descriptor) error) (bool, error) {
	next := "referrers/" + subject
	if artifactType != "" {
		next += "?artifactType=" + url.QueryEscape(artifactType)
	}
	for pages := map[string]bool{}; next != "" && !pages[next]; {
		pages[next] = true
		var raw []byte
		resp, err := r.do(ctx, request{path: next, header: http.Header{"Accept": {artifact.MediaTypeIndex}}, limit: maxReferrersPage, body: &raw}, http.StatusOK)
		var list []Descriptor
		if err == nil {
			list, err = parseReferrers(raw)
		}
		if missingAPI(err) && (isIndex(resp) || r.answered()) {
			return false, fmt.Errorf("%w: no list of referrers came, from a registry that keeps them: %v", ErrNetwork, err) //nolint:errorlint // it is no absence
		}
		if len(pages) == 1 && missingAPI(err) {
			r.remember(true)
			return false, nil
		}
		if err != nil {
			return false, err
		}
		for _, d := range list {
			if err := yield(d); err != nil {
				return true, err
			}
		}
		next = nextPage(resp)
	}
	r.remember(false)
	return true, nil
}

func (r *registry) remember(missing bool) {
	r.mu.Lock()
	r.noAPI[""] = missing
	r.mu.Unlock()
}

// answered says whether the API is known to be there.
func (r *registry) answered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing, asked := r.noAPI[""]
	return asked && !missing
}

// isIndex says whether an answer calls itself an index.
func isIndex(resp *http.Response) bool {
	if resp == nil {
		return false
	}
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return mediaType == artifact.MediaTypeIndex
}

var errNotIndex = errors.New("not an image index")

func missingAPI(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented:
		return true
	}
	return errors.Is(err, errNotIndex)
}

// parseReferrers reads an image index that lists referrers.
func parseReferrers(raw []byte) ([]Descriptor, error) {
	var index struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        *Descriptor  `json:"config"`
		Manifests     []Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotIndex, err)
	}
	if index.SchemaVersion != 2 || index.Config != nil || (index.MediaType != "" && index.MediaType != artifact.MediaTypeIndex) {
		return nil, errNotIndex
	}
	for i, d := range index.Manifests {
		if err := d.check(); err != nil {
			return nil, fmt.Errorf("manifests[%d]: %w: %w", i, ErrIntegrity, err)
		}
	}
	return index.Manifests, nil
}

// believe returns a referrer with the artifactType and annotations of its
// manifest. Listings are known that leave them out, or give the config's type
// in place of the artifact's; such a one is read. One that is gone stays as it
// was listed: reading it will say so.
func (r *registry) believe(ctx context.Context, d Descriptor) (Descriptor, error) {
	plain := d.ArtifactType == "" || d.ArtifactType == artifact.MediaTypeEmpty || strings.Contains(d.ArtifactType, "config")
	if !plain && len(d.Annotations) > 0 {
		return d, nil
	}
	r.mu.Lock()
	known, ok := r.truth[d.Digest]
	r.mu.Unlock()
	if ok {
		return known, nil
	}
	raw, mediaType, err := r.manifest(ctx, d.Digest)
	if errors.Is(err, ErrNotFound) {
		if plain {
			d.ArtifactType = ""
		}
		return d, nil
	}
	if err != nil {
		return d, err
	}
	h, err := checkManifest(raw, mediaType, d.Digest)
	if err != nil {
		return d, nil //nolint:nilerr // listed, and altered: reading it says so
	}
	r.mu.Lock()
	r.truth[d.Digest] = h.Descriptor
	r.mu.Unlock()
	return h.Descriptor, nil
}

// fallbackTag names the list of a subject's referrers where the registry
// keeps none (distribution-spec, "Referrers Tag Schema").
func fallbackTag(subject string) string { return strings.Replace(subject, ":", "-", 1) }

// readFallback returns the list of a subject's referrers, nil where there is
// none.
func (r *registry) readFallback(ctx context.Context, subject string) ([]Descriptor, error) {
	raw, _, err := r.manifest(ctx, fallbackTag(subject))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxManifest {
		return nil, fmt.Errorf("tag %s: %w: larger than %d bytes", fallbackTag(subject), ErrIntegrity, MaxManifest)
	}
	list, err := parseReferrers(raw)
	if err != nil {
		return nil, fmt.Errorf("tag %s: %w: %w", fallbackTag(subject), ErrIntegrity, err)
	}
	return append([]Descriptor{}, list...), nil
}

// changeFallback rewrites the fallback list until it reads back as changed.
// Registries cannot swap a tag on condition, so another writer's change may
// be lost between reading and writing; that writer finds out when it reads
// back, and writes again.
func (r *registry) changeFallback(ctx context.Context, subject string, change func([]Descriptor) []Descriptor) error {
	r.fallback.Lock()
	defer r.fallback.Unlock()
	for n := 0; n < 10; n++ {
		was, err := r.readFallback(ctx, subject)
		if err != nil {
			return err
		}
		list := change(slices.Clone(was))
		if len(list) == len(was) {
			return nil
		}
		if was == nil {
			if err := r.unlisted(ctx, fallbackTag(subject)); err != nil {
				return err
			}
		}
		raw, err := fallbackIndex(list)
		if err != nil {
			return err
		}
		if len(raw) > MaxManifest {
			return fmt.Errorf("the list of referrers of %s in tag %s is full: %d entries make %d bytes, and registries take %d\nhint: use a registry with the OCI referrers API",
				subject, fallbackTag(subject), len(list), len(raw), MaxManifest)
		}
		if _, err := r.put(ctx, fallbackTag(subject), artifact.MediaTypeIndex, raw); err != nil {
			return fmt.Errorf("listing in tag %s: %w", fallbackTag(subject), err)
		}
		if n > 0 {
			if err := r.o.Wait(ctx, time.Duration(n)*100*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("%w: tag %s does not keep what is written to it\nhint: run again when no one else writes there, or use a registry with the OCI referrers API", ErrNetwork, fallbackTag(subject))
}

// unlisted refuses a tag that was not found, and is listed: what is written in
// its place would be lost.
func (r *registry) unlisted(ctx context.Context, tag string) error {
	tags, err := r.tags(ctx)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("looking whether there is a tag %s: %w", tag, err)
	case slices.Contains(tags, tag):
		return fmt.Errorf("%w: the registry lists the tag %s, and does not find it", ErrNetwork, tag)
	}
	return nil
}

func fallbackIndex(list []Descriptor) ([]byte, error) {
	if list == nil {
		list = []Descriptor{}
	}
	return json.Marshal(struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []Descriptor `json:"manifests"`
	}{2, artifact.MediaTypeIndex, list})
}
