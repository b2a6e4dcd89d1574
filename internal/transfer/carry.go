package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// carrier is one copy under way.
type carrier struct {
	Options
	mu      sync.Mutex
	done    map[string]bool // manifests
	entries map[string]bool // manifests of chains: each refers to the one before, so they are met as referrers too
	gone    []string        // that are listed, and cannot be read
	result  Result
}

func (c *carrier) carry(ctx context.Context, p *plan) error {
	for _, image := range p.images {
		if err := c.image(ctx, image.Digest); err != nil {
			return fmt.Errorf("copying %s: %w", name(image), err)
		}
	}
	for _, t := range slices.Concat(p.specs, p.entries, p.signatures) {
		if err := c.tagged(ctx, t); err != nil {
			return fmt.Errorf("copying %s: %w", t.tag, err)
		}
	}
	if len(c.gone) > 0 {
		slices.Sort(c.gone)
		return faultf("%d statements or files are listed in %s and cannot be read, first %s\nhint: whoever keeps that registry may bring them back; a copy without them would hide that they are missing", len(c.gone), c.From, artifact.Short(c.gone[0]))
	}
	for _, image := range p.images {
		if err := c.complete(ctx, image.Digest); err != nil {
			return err
		}
	}
	for _, image := range p.images {
		if image.Tag == "" {
			continue
		}
		d, err := c.To.Resolve(ctx, image.Digest)
		if err == nil {
			err = c.To.TagIfAbsent(ctx, d, image.Tag)
		}
		if err != nil {
			return fmt.Errorf("giving %s its version: %w", name(image), err)
		}
	}
	return nil
}

func name(i Image) string {
	if i.Tag == "" {
		return artifact.Short(i.Digest)
	}
	return i.Tag
}

// image copies an image, and all that is attached to it.
func (c *carrier) image(ctx context.Context, digest string) error {
	if err := c.manifest(ctx, digest); err != nil {
		return err
	}
	return c.attached(ctx, digest)
}

// tagged copies a manifest, what is attached to it, and its tag.
func (c *carrier) tagged(ctx context.Context, t tagged) error {
	if err := c.image(ctx, t.digest); err != nil {
		return err
	}
	d, err := c.To.Resolve(ctx, t.digest)
	if err != nil {
		return err
	}
	return c.To.TagIfAbsent(ctx, d, t.tag)
}

// workers is how many manifests, or blobs of one, are copied at once.
const workers = 4

// attached copies what refers to a manifest, and what refers to that.
func (c *carrier) attached(ctx context.Context, subject string) error {
	for level := []string{subject}; len(level) > 0; {
		var next []oci.Descriptor
		for _, s := range level {
			list, err := c.From.Referrers(ctx, s, "")
			if err != nil {
				return err
			}
			next = append(next, list...)
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(workers)
		for _, d := range next {
			g.Go(func() error { return c.referrer(gctx, d) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		level = nil
		for _, d := range next {
			level = append(level, d.Digest)
		}
	}
	return nil
}

func (c *carrier) referrer(ctx context.Context, d oci.Descriptor) error {
	err := c.manifest(ctx, d.Digest)
	if errors.Is(err, oci.ErrNotFound) {
		c.mu.Lock()
		c.gone = append(c.gone, d.Digest)
		c.mu.Unlock()
		return nil
	}
	return err
}

// manifest copies a manifest with its blobs, or an index with its manifests,
// unless that was done.
func (c *carrier) manifest(ctx context.Context, digest string) error {
	c.mu.Lock()
	done := c.done[digest]
	c.done[digest] = true
	c.mu.Unlock()
	if done {
		return nil
	}
	raw, d, err := c.From.Manifest(ctx, digest)
	if err != nil {
		return err
	}
	if d.MediaType == artifact.MediaTypeIndex {
		if err := c.index(ctx, raw); err != nil {
			return err
		}
	} else if err := c.blobs(ctx, raw); err != nil {
		return err
	}
	if _, err := c.To.PushManifestBytes(ctx, raw); err != nil {
		return c.refused(err)
	}
	c.count(d)
	return nil
}

// refused says of an error of the other repository that it is that one's: what
// it does not have is not gone from here.
func (c *carrier) refused(err error) error {
	if errors.Is(err, oci.ErrNotFound) {
		return fmt.Errorf("%s refuses what it is sent, as naming something that it does not have: %s\nhint: its list of what is attached to the model is not whole; copy to another repository, or have it repaired", c.To, err.Error())
	}
	return err
}

func (c *carrier) count(d oci.Descriptor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[d.Digest] {
		c.result.Entries++
		return
	}
	switch d.ArtifactType {
	case artifact.MediaTypeBundle:
		c.result.Statements++
	case artifact.MediaTypeEvidence:
		c.result.Files++
	case artifact.MediaTypeSpec:
		c.result.Specs++
	case artifact.MediaTypeConfig: // an image
	default:
		c.result.Others++
	}
}

func (c *carrier) index(ctx context.Context, raw []byte) error {
	children, err := oci.ParseIndex(raw)
	if err != nil {
		return err
	}
	for _, d := range children {
		if err := c.manifest(ctx, d.Digest); err != nil {
			return err
		}
	}
	return nil
}

func (c *carrier) blobs(ctx context.Context, raw []byte) error {
	m, err := oci.ParseManifest(raw)
	if err != nil {
		return err
	}
	blobs := append([]oci.Descriptor{m.Config}, m.Layers...)
	c.start(blobs)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, d := range blobs {
		g.Go(func() error { return c.blob(gctx, d) })
	}
	return g.Wait()
}

// start tells of an image's bytes; those of statements are too few to show.
func (c *carrier) start(blobs []oci.Descriptor) {
	var total int64
	for _, d := range blobs {
		total += d.Size
	}
	if c.Progress != nil && blobs[0].MediaType == artifact.MediaTypeConfig {
		c.Progress.Start("copying", total)
	}
}

// blob moves a blob that is not there, through the registry where it can be.
func (c *carrier) blob(ctx context.Context, d oci.Descriptor) error {
	there, err := c.To.HasBlob(ctx, d.Digest)
	if err != nil {
		return err
	}
	if there {
		c.moved(d, &c.result.Present, 0)
		return nil
	}
	mounted, err := c.To.MountBlob(ctx, d, c.From)
	if err != nil {
		return err
	}
	if mounted {
		c.moved(d, &c.result.Mounted, 0)
		return nil
	}
	gone := false
	err = c.To.PushBlob(ctx, d, func(from int64) (rc io.ReadCloser, err error) {
		if from == 0 {
			rc, err = c.From.Blob(ctx, d)
		} else {
			rc, err = c.From.BlobRange(ctx, d, from, d.Size-from)
		}
		gone = errors.Is(err, oci.ErrNotFound)
		return rc, err
	})
	if err != nil && !gone {
		err = c.refused(err)
	}
	if err != nil {
		return err
	}
	c.moved(d, &c.result.Sent, d.Size)
	return nil
}

func (c *carrier) moved(d oci.Descriptor, kind *int, bytes int64) {
	c.mu.Lock()
	*kind++
	c.result.Bytes += bytes
	c.mu.Unlock()
	if c.Progress != nil {
		c.Progress.Add(d.Size)
	}
}

// complete asks the other repository for all that is attached here: what it
// does not list, nobody would miss there.
func (c *carrier) complete(ctx context.Context, digest string) error {
	here, err := c.From.Referrers(ctx, digest, "")
	if err != nil {
		return err
	}
	there, err := c.To.Referrers(ctx, digest, "")
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, d := range there {
		listed[d.Digest] = true
	}
	for _, d := range here {
		if listed[d.Digest] {
			continue
		}
		about, err := c.about(ctx, d.Digest)
		if errors.Is(err, oci.ErrNotFound) {
			return fmt.Errorf("%w: %s lists %s now, and did not before\nhint: run it again; what was copied is not copied twice", oci.ErrNetwork, c.From, artifact.Short(d.Digest))
		}
		if err != nil {
			return err
		}
		if about == digest {
			return fmt.Errorf("%w: %s took %s and does not list it among what is attached to %s", oci.ErrNetwork, c.To, artifact.Short(d.Digest), artifact.Short(digest))
		}
	}
	return nil
}

// about is the subject of a manifest that was copied: a list may name one that
// is about something else, and no repository would take it up again.
func (c *carrier) about(ctx context.Context, digest string) (string, error) {
	raw, _, err := c.To.Manifest(ctx, digest)
	if err != nil {
		return "", err
	}
	var m struct {
		Subject struct {
			Digest string `json:"digest"`
		} `json:"subject"`
	}
	return m.Subject.Digest, json.Unmarshal(raw, &m)
}
