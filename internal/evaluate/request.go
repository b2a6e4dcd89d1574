package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
)

// ErrPinned says that a file is not the one that its digest names.
var ErrPinned = errors.New("the file is not the pinned one")

// ReaderAtCloser is an open file.
type ReaderAtCloser interface {
	io.ReaderAt
	io.Closer
}

// Source is one file, pinned by its digest.
type Source struct {
	// Name is what statements call it, such as test.
	Name string
	// Path is what people call it; its suffix says the format.
	Path   string
	Digest string
	Open   func() (ReaderAtCloser, int64, error)
}

// Champion is the model in use, by the predictions that the registry keeps.
type Champion struct {
	Channel, Digest string
	// Predictions is a CSV file of id (in HMAC) and score.
	Predictions Source
}

// Request is everything that an evaluation depends on.
type Request struct {
	Spec        *project.Spec
	SpecDigest  string
	Test        Source
	Train       *Source // nil where there is none to read
	Predictions Source
	Champion    *Champion // nil where the channel has none
	// IDKey keys the HMAC of row ids; without it nothing is stored and no
	// champion can be joined.
	IDKey []byte
	// Grade is how the predictions came to be: claimed, computed, rescored.
	Grade string
	// Unjudged says that the spec asks questions and sets no limits: every
	// metric of its slices is measured on each, and so is its gap.
	Unjudged bool
}

// Result is what an evaluation found, as predicates, and the predictions that
// the registry may keep (nil without an id column or key).
type Result struct {
	Evaluation *Evaluation
	Datacheck  *Datacheck
	Drift      *Drift // nil unless the spec asks for it and there is training data
	Stored     []byte
}

func (s Source) path() string {
	if s.Path != "" {
		return s.Path
	}
	return s.Name
}

// read opens the file, makes sure of its digest, and reads its columns from
// the very bytes that have it.
func (s Source) read(ctx context.Context, name string, o table.Options) (*table.Table, error) {
	r, size, err := s.Open()
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	defer r.Close()
	sealed, got, err := artifact.Seal(r, size)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if got != s.Digest {
		return nil, fmt.Errorf("%w: %s is %s, expected %s", ErrPinned, name, artifact.Short(got), artifact.Short(s.Digest))
	}
	t, err := table.Read(ctx, name, sealed, size, o)
	if err != nil {
		return nil, err
	}
	if t.Rows == 0 {
		return nil, &table.Error{File: name, Problem: "no rows\nhint: write one row per row of data, under a header"}
	}
	return t, nil
}
