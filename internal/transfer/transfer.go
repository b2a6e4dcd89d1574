// Package transfer takes a model from one repository to another, registry or
// layout, with all that is known of it: statements, evidence files, specs and
// the chains of attempts and rollouts, so that the same verdict comes out
// there. It moves bytes and checks digests; it believes no signature, moves no
// tag that stands, and refuses to leave behind what a gate would miss.
package transfer

import (
	"context"
	"errors"
	"fmt"

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
