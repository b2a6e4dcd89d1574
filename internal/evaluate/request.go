package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/internal/tree"
)

// ErrPinned says that a file is not the one that its digest names.
var ErrPinned = errors.New("the file is not the pinned one")

// ReaderAtCloser is an open file.
type ReaderAtCloser interface {
	io.ReaderAt
	io.Closer
}

// Source is the rows of one file, or of a set of files that are read as one
// table, pinned by their digest.
type Source struct {
	// Name is what statements call it, such as test.
	Name string
	// Path is what people call it: a file, whose suffix says the format, or the
	// pattern that names a set.
	Path string
	// Digest is that of the file's bytes, or lineage.SetDigest of a set.
	Digest string
	// Size is that of its bytes, when the digest was taken; 0 where nobody looked.
	Size int64
	// Open opens the file.
	Open func() (ReaderAtCloser, int64, error)
	// known is the seal of one file whose digest was taken here.
	known *artifact.Sealing
	// Set gives the files of a set, as they are there now; rows are in the order of
	// their names within it; nil for one file.
	Set func() ([]Member, error)

	digests map[string]string // of the files of a set, by path
}

// Member is one file of a set.
type Member struct {
	Name string // within the set, which its digest is computed of
	Path string // as people call it; its suffix says the format
	Open func() (ReaderAtCloser, int64, error)

	known *artifact.Sealing // of its bytes when its digest was taken; nil where nobody looked
}

// seal reads the file once for its digest, unless that was done when it was
// named: what is read of it afterwards is refused where it is not the same.
func (m Member) seal(r io.ReaderAt, size int64) (*artifact.Sealed, string, error) {
	if m.known != nil && m.known.Size() == size {
		return m.known.Reader(r), m.known.Digest(), nil
	}
	return artifact.Seal(r, size)
}

// Champion is the model in use, by the predictions that the registry keeps.
type Champion struct {
	Channel, Digest string
	// Predictions is a CSV file of id (in HMAC) and score.
	Predictions Source
	// Training is what is known of the rows that it was trained on, which are
	// no fair test of it; nil is nothing.
	Training *Training
}

// Request is everything that an evaluation depends on.
type Request struct {
	Spec        *project.Spec
	SpecDigest  string
	Test        Source
	Train       *Source // nil where there is none to read
	Predictions Source
	// Explanations are nil where the spec asks for none.
	Explanations *Source
	Champion     *Champion // nil where the channel has none
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
	// TrainingIDs is what the registry may keep of the training rows, so that
	// the next model is not compared with this one on them; nil where there is
	// nothing that could be kept.
	TrainingIDs []byte
}

// has says whether errors may call the source, or a file of it, so.
func (s Source) has(file string) bool {
	return file == s.path() || s.Set != nil && tree.Matches(s.Path, file)
}

func (s Source) path() string {
	if s.Path != "" {
		return s.Path
	}
	return s.Name
}

// Table reads the columns of the file or files, from the very bytes that have
// the digest.
func (s Source) Table(ctx context.Context, o table.Options) (*table.Table, error) {
	return s.read(ctx, s.path(), o)
}

// read reads the columns of the file or files, from the very bytes that have
// the digest.
func (s Source) read(ctx context.Context, name string, o table.Options) (*table.Table, error) {
	files, done, err := s.files(name)
	if err != nil {
		return nil, err
	}
	defer done()
	t, err := table.ReadAll(ctx, files, o)
	if err != nil {
		return nil, err
	}
	if len(files) > 1 {
		t.Name = name
	}
	if t.Rows == 0 {
		return nil, &table.Error{File: name, Problem: "no rows\nhint: write one row per row of data, under a header"}
	}
	return t, nil
}

// files opens the source and makes sure of its digest. What is read of the
// files until done are the very bytes that have it. Errors call one file by
// name, and those of a set by their paths.
func (s Source) files(name string) (files []table.File, done func(), err error) {
	members, err := s.members(name)
	if err != nil {
		return nil, nil, err
	}
	var open []io.Closer
	shut := func() {
		for _, f := range open {
			f.Close()
		}
	}
	var found []lineage.File
	for _, m := range members {
		r, size, err := m.Open()
		if err != nil {
			shut()
			return nil, nil, fmt.Errorf("opening %s: %w", m.Path, err)
		}
		open = append(open, r)
		sealed, digest, err := m.seal(r, size)
		if err != nil {
			shut()
			return nil, nil, fmt.Errorf("reading %s: %w", m.Path, err)
		}
		files = append(files, table.File{Name: m.Path, R: sealed, Size: size})
		found = append(found, lineage.File{Path: m.Name, Digest: digest})
	}
	if err := s.holds(name, found); err != nil {
		shut()
		return nil, nil, err
	}
	return files, shut, nil
}

// members are the files of the source in the order of their rows.
func (s Source) members(name string) ([]Member, error) {
	if s.Set == nil {
		return []Member{{Path: name, Open: s.Open, known: s.known}}, nil
	}
	all, err := s.Set()
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	slices.SortStableFunc(all, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// holds makes sure that these files are what the source's digest names.
func (s Source) holds(name string, files []lineage.File) error {
	got, err := s.digest(files)
	switch {
	case err != nil:
		return fmt.Errorf("reading %s: %w", name, err)
	case got == s.Digest:
		return nil
	case s.Set != nil:
		return fmt.Errorf("%w: %s is %s, expected %s\nhint: a file of the set was changed, added or taken away; run again when nothing writes there", ErrPinned, name, artifact.Short(got), artifact.Short(s.Digest))
	}
	return fmt.Errorf("%w: %s is %s, expected %s", ErrPinned, name, artifact.Short(got), artifact.Short(s.Digest))
}

// digest is the source's, of files with these.
func (s Source) digest(files []lineage.File) (string, error) {
	if s.Set == nil {
		return files[0].Digest, nil
	}
	return lineage.SetDigest(files)
}
