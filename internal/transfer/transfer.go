// Package transfer takes a model from one repository to another, registry or
// layout, with all that is known of it: statements, evidence files, specs and
// the chains of attempts and rollouts, so that the same verdict comes out
// there. It moves bytes and checks digests; it believes no signature, moves no
// tag that stands, and refuses to leave behind what a gate would miss.
package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
)

// ErrUsage is in the chain where what was asked for cannot be copied.
var ErrUsage = errors.New("usage")

// fault is an oci.ErrIntegrity in words of its own: no bytes differ from their
// digest where a statement is missing, or a history goes two ways.
type fault struct{ error }

// Is makes errors.Is find oci.ErrIntegrity.
func (fault) Is(target error) bool { return target == oci.ErrIntegrity }

func faultf(format string, v ...any) error { return fault{fmt.Errorf(format, v...)} }

// Options say what is copied, where to.
type Options struct {
	From *oci.Repository
	Ref  oci.Reference // of From; without tag and digest, every version
	To   *oci.Repository
	// Progress is told of the bytes of model images; it may be nil.
	Progress pack.Progress
}

// Result is what was copied.
type Result struct {
	Images     []Image
	Statements int // signed bundles
	Files      int // artifacts with evidence files
	Specs      int
	Entries    int // of chains
	Others     int // whatever else was attached
	Sent       int // blobs whose bytes were moved
	Mounted    int // blobs that the registry took over from the other repository
	Present    int // blobs that were there
	Bytes      int64
	Left       []Left
}

// Image is a model image that was copied.
type Image struct {
	Tag    string // empty where it was asked for by digest
	Digest string
}

// Left is what stays behind, and why.
type Left struct{ What, Why string }

// Copy copies. What is there already is not sent again, so that a copy which
// was cut off is finished by doing it again. Versions are tagged last: no one
// sees a version without what it rests on.
func Copy(ctx context.Context, o Options) (*Result, error) {
	if o.From.Name() != o.To.Name() {
		return nil, fmt.Errorf("%w: the model is called %q, and the other repository %q\nhint: copy to a repository that ends in /%s; a model's name is part of what is signed", ErrUsage, o.From.Name(), o.To.Name(), o.From.Name())
	}
	unlock, err := o.To.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	p, err := survey(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &carrier{Options: o, done: map[string]bool{}, entries: map[string]bool{}}
	for _, t := range p.entries {
		c.entries[t.digest] = true
	}
	c.result.Left = p.left
	if err := c.carry(ctx, p); err != nil {
		return nil, err
	}
	c.result.Images = p.images
	return &c.result, nil
}

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
		return err
	}
	c.count(d)
	return nil
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
	err = c.To.PushBlob(ctx, d, func(from int64) (io.ReadCloser, error) {
		if from == 0 {
			return c.From.Blob(ctx, d)
		}
		return c.From.BlobRange(ctx, d, from, d.Size-from)
	})
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

// plan is what will be copied.
type plan struct {
	images     []Image
	specs      []tagged
	entries    []tagged // of chains, in order
	signatures []tagged // cosign's, of versions before bundles
	left       []Left
}

type tagged struct{ tag, digest string }

// survey decides what is copied, and refuses before anything is written what
// would move a tag or fork a chain.
func survey(ctx context.Context, o Options) (*plan, error) {
	tags, err := o.From.Tags(ctx)
	if err != nil {
		return nil, err
	}
	p := &plan{}
	if err := p.choose(ctx, o, tags); err != nil {
		return nil, err
	}
	digests := map[string]bool{}
	for _, image := range p.images {
		digests[artifact.Hex(image.Digest)] = true
	}
	for _, tag := range tags {
		if err := p.add(ctx, o, tag, digests); err != nil {
			return nil, err
		}
	}
	if err := p.follow(ctx, o); err != nil {
		return nil, err
	}
	return p, p.behind(ctx, o)
}

// follow refuses entries of a chain whose tags lead elsewhere than one behind
// the other, as where a registry answers with tags as they were: at the other
// repository they would stand in the way of the true ones.
func (p *plan) follow(ctx context.Context, o Options) error {
	at := map[string]string{}
	for _, t := range p.entries {
		at[t.tag] = t.digest
	}
	for _, t := range p.entries {
		raw, _, err := o.From.Manifest(ctx, t.digest)
		if err != nil {
			return err
		}
		m, err := oci.ParseManifest(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", t.tag, err)
		}
		subject := ""
		if m.Subject != nil {
			subject = m.Subject.Digest
		}
		prefix := t.tag[:strings.LastIndex(t.tag, "-")+1]
		n, _ := artifact.EntrySeq(prefix, t.tag)
		before, listed := at[artifact.EntryTag(prefix, n-1)]
		if subject != before && (listed || n == 1) {
			return faultf("%s of %s does not follow the entry before it: a tag was moved, or the registry answers with old ones\nhint: run it again; `weighlock gate %s:VERSION` says whether the history is whole", t.tag, o.From, o.From)
		}
	}
	return nil
}

// choose lists the versions that are copied, and those that are not.
func (p *plan) choose(ctx context.Context, o Options, tags []string) error {
	if artifact.Internal(o.Ref.Tag) {
		return fmt.Errorf("%w: the tag %s is not a version, but of a form that Weighlock keeps for itself\nhint: weighlock ls %s lists the versions", ErrUsage, o.Ref.Tag, o.From)
	}
	all := o.Ref.Tag == "" && o.Ref.Digest == ""
	if o.Ref.Digest != "" {
		p.images = []Image{{o.Ref.Tag, o.Ref.Digest}}
	}
	for _, tag := range tags {
		switch {
		case artifact.Internal(tag):
		case tag == o.Ref.Tag || all:
			d, err := o.From.Resolve(ctx, tag)
			if err != nil {
				return err
			}
			if o.Ref.Digest != "" && o.Ref.Digest != d.Digest {
				return faultf("the tag %s of %s is %s, not %s", tag, o.From, artifact.Short(d.Digest), artifact.Short(o.Ref.Digest))
			}
			if o.Ref.Digest == "" {
				p.images = append(p.images, Image{tag, d.Digest})
			}
		default:
			p.left = append(p.left, Left{"version " + tag, "it was not asked for"})
		}
	}
	switch {
	case len(p.images) == 0 && all:
		return fmt.Errorf("%w: %s holds no version\nhint: name a model that was refused by its digest, %s@sha256:…", ErrUsage, o.From, o.From)
	case len(p.images) == 0:
		return fmt.Errorf("%w: %s has no version %s\nhint: weighlock ls %s lists the versions", ErrUsage, o.From, o.Ref.Tag, o.From)
	}
	return p.free(ctx, o.To)
}

// free refuses to move a version that the other repository has.
func (p *plan) free(ctx context.Context, to *oci.Repository) error {
	for _, image := range p.images {
		if image.Tag == "" {
			continue
		}
		at, err := to.Resolve(ctx, image.Tag)
		switch {
		case errors.Is(err, oci.ErrNotFound):
		case err != nil:
			return err
		case at.Digest != image.Digest:
			return fmt.Errorf("%w: version %s of %s is %s, and here it is %s; versions never move\nhint: copy to a repository without that version", ErrUsage, image.Tag, to, artifact.Short(at.Digest), artifact.Short(image.Digest))
		}
	}
	return nil
}

// add plans for a tag that is not a version.
func (p *plan) add(ctx context.Context, o Options, tag string, images map[string]bool) error {
	if !artifact.Internal(tag) || tag == artifact.TurnTag {
		return nil
	}
	_, isSpec := strings.CutPrefix(tag, "spec-")
	rest, isCosign := strings.CutPrefix(tag, "sha256-")
	if isCosign {
		hex, _, legacy := strings.Cut(rest, ".")
		if !legacy || !images[hex] {
			return nil // a list of referrers, which the other repository keeps itself; or of another version
		}
	}
	here, err := o.From.Resolve(ctx, tag)
	if err != nil {
		return err
	}
	there, err := o.To.Resolve(ctx, tag)
	if err != nil && !errors.Is(err, oci.ErrNotFound) {
		return err
	}
	differs := err == nil && there.Digest != here.Digest
	t := tagged{tag, here.Digest}
	switch {
	case !isSpec && !isCosign && differs:
		return faultf("%s is %s in %s, and %s in %s: two histories of one model cannot become one\nhint: copy to a repository that has no other history", tag, artifact.Short(here.Digest), o.From, artifact.Short(there.Digest), o.To)
	case differs:
		p.left = append(p.left, Left{tag, "the other repository has one of its own"})
	case isSpec:
		p.specs = append(p.specs, t)
	case isCosign:
		p.signatures = append(p.signatures, t)
	default:
		p.entries = append(p.entries, t)
	}
	return nil
}

// behind says where the other repository's chain goes on after this one ends.
func (p *plan) behind(ctx context.Context, o Options) error {
	tags, err := o.To.Tags(ctx)
	if errors.Is(err, oci.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	more := 0
	for _, tag := range tags {
		if strings.HasPrefix(tag, "spec-") || strings.HasPrefix(tag, "sha256-") || !artifact.Internal(tag) || tag == artifact.TurnTag {
			continue
		}
		if !slices.ContainsFunc(p.entries, func(t tagged) bool { return t.tag == tag }) {
			more++
		}
	}
	if more > 0 {
		p.left = append(p.left, Left{fmt.Sprintf("%d entries of the other repository's history", more), "they came after this one's, and stay"})
	}
	return nil
}
