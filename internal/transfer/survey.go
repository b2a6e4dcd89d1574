package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

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
