package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// workers is how many entries are fetched at once.
const workers = 8

// Head finds the last entry by its tag, in requests that grow with the
// logarithm of the chain's length. It is a hint: nothing is verified. A chain
// without entries has sequence 0; a fault is an error, never an empty chain.
func (c *Chain) Head(ctx context.Context) (sequence int, manifest oci.Descriptor, err error) {
	return c.head(ctx, 0)
}

func (c *Chain) head(ctx context.Context, known int) (int, oci.Descriptor, error) {
	low, high := known, known+1 // low is there (or 0); high is to be asked
	var at oci.Descriptor
	for step := 1; ; step *= 2 {
		d, ok, err := c.probe(ctx, high)
		if err != nil {
			return 0, oci.Descriptor{}, err
		}
		if !ok {
			break
		}
		low, at = high, d
		high += step
	}
	for high-low > 1 {
		mid := low + (high-low)/2
		d, ok, err := c.probe(ctx, mid)
		if err != nil {
			return 0, oci.Descriptor{}, err
		}
		if ok {
			low, at = mid, d
		} else {
			high = mid
		}
	}
	return low, at, nil
}

// probe asks for one tag. A manifest that does not match its digest is an
// entry that was altered.
func (c *Chain) probe(ctx context.Context, sequence int) (oci.Descriptor, bool, error) {
	if sequence > maxEntries {
		return oci.Descriptor{}, false, nil
	}
	d, err := c.Repo.Resolve(ctx, c.tag(sequence))
	switch {
	case err == nil:
		return d, true, nil
	case errors.Is(err, oci.ErrNotFound):
		return d, false, nil
	case errors.Is(err, oci.ErrIntegrity):
		return d, false, fmt.Errorf("%s: %w: %w", c.tag(sequence), ErrEntry, err)
	}
	return d, false, err
}

// Read returns the whole chain, verified to its first entry, or says what is
// wrong with it.
func (c *Chain) Read(ctx context.Context, trust Verifier) (*State, error) {
	return c.Extend(ctx, trust, &State{})
}

// Extend is Read of what was appended since a state was read; the entries of
// that state are not fetched again.
func (c *Chain) Extend(ctx context.Context, trust Verifier, from *State) (*State, error) {
	if trust == nil {
		return nil, errors.New("a chain cannot be read without knowing whom to trust")
	}
	was := len(from.Entries)
	length, err := c.end(ctx, was)
	if err != nil {
		return nil, err
	}
	fresh := make([]Entry, length-was)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i := range fresh {
		g.Go(func() (err error) {
			fresh[i], err = c.load(gctx, trust, was+i+1)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("chain %s in %s: %w", c.Prefix, c.Repo, err)
	}
	s := &State{Entries: append(slices.Clone(from.Entries), fresh...), Ignored: slices.Clone(from.Ignored)}
	if err := c.link(s, was); err != nil {
		return nil, fmt.Errorf("chain %s in %s: %w", c.Prefix, c.Repo, err)
	}
	if err := c.siblings(ctx, trust, s, max(0, was-1)); err != nil {
		return nil, fmt.Errorf("chain %s in %s: %w", c.Prefix, c.Repo, err)
	}
	return s, nil
}

// maxMoves bounds how often the end is looked for anew.
const maxMoves = 100

// end finds the last entry. Where the list of tags knows of a later one that
// is there after all, the end is looked for again: an entry was appended in
// the meantime, or one was not found that is there.
func (c *Chain) end(ctx context.Context, known int) (int, error) {
	for range maxMoves {
		length, _, err := c.head(ctx, known)
		if err != nil {
			return 0, fmt.Errorf("finding the end of chain %s in %s: %w", c.Prefix, c.Repo, err)
		}
		longer, err := c.complete(ctx, length)
		if err != nil || !longer {
			return length, err
		}
		known = length
	}
	return 0, fmt.Errorf("finding the end of chain %s in %s: %w, again and again", c.Prefix, c.Repo, ErrRaced)
}

// complete refuses a chain that is shorter than is known, or that goes on
// behind a hole, and says whether it is longer after all.
func (c *Chain) complete(ctx context.Context, length int) (longer bool, err error) {
	if length < c.Least {
		return false, fmt.Errorf("chain %s in %s: %w: it ends at %d, and %d entries are known", c.Prefix, c.Repo, ErrGap, length, c.Least)
	}
	tags, err := c.Repo.Tags(ctx)
	if err != nil && !errors.Is(err, oci.ErrNotFound) {
		return false, fmt.Errorf("chain %s: %w", c.Prefix, err)
	}
	if err != nil && length > 0 {
		return false, fmt.Errorf("chain %s in %s: %w: there are %d entries, and the registry lists no tags\nhint: let the account list tags too; without them an entry behind a gap is not seen", c.Prefix, c.Repo, oci.ErrNetwork, length)
	}
	for _, tag := range tags {
		n, ok := artifact.EntrySeq(c.Prefix, tag)
		if !ok || n <= length {
			continue
		}
		_, there, err := c.probe(ctx, length+1)
		switch {
		case err != nil || there:
			return there, err
		case n == length+1:
			return false, fmt.Errorf("chain %s in %s: %w: %s is listed, and is not there", c.Prefix, c.Repo, ErrGap, tag)
		}
		return false, fmt.Errorf("chain %s in %s: %w: there is no %s, and there is %s", c.Prefix, c.Repo, ErrGap, c.tag(length+1), tag)
	}
	return false, nil
}

// load fetches one entry and verifies what it says of itself.
func (c *Chain) load(ctx context.Context, trust Verifier, sequence int) (Entry, error) {
	d, ok, err := c.probe(ctx, sequence)
	if err != nil {
		return Entry{}, err
	}
	if !ok {
		return Entry{}, fmt.Errorf("%w: %s", ErrGap, c.tag(sequence))
	}
	e, err := c.open(ctx, trust, d.Digest, sequence)
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", c.tag(sequence), err)
	}
	return e, nil
}

// link checks that each entry follows the one before, by the manifest's
// subject and by what was signed.
func (c *Chain) link(s *State, from int) error {
	for i := from; i < len(s.Entries); i++ {
		previous := ""
		if i > 0 {
			previous = s.Entries[i-1].Manifest
		}
		e := &s.Entries[i]
		if e.subject != previous {
			return fmt.Errorf("%s: %w: its subject is %s, not %s", c.tag(e.Sequence), ErrEntry, named(e.subject), named(previous))
		}
		if err := c.checkPlace(e.Verified.Statement, e.Sequence, previous); err != nil {
			return fmt.Errorf("%s: %w", c.tag(e.Sequence), err)
		}
	}
	return nil
}

func named(digest string) string {
	if digest == "" {
		return "nothing"
	}
	return digest
}

// siblings looks among the referrers of each entry for others than the next
// one: a trusted one is a fork, or an entry whose tag was taken away.
func (c *Chain) siblings(ctx context.Context, trust Verifier, s *State, from int) error {
	ignored := make([][]Ignored, len(s.Entries))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i := from; i < len(s.Entries); i++ {
		g.Go(func() (err error) {
			ignored[i], err = c.followers(gctx, trust, s, i)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, more := range ignored {
		for _, one := range more {
			if !slices.Contains(s.Ignored, one) {
				s.Ignored = append(s.Ignored, one)
			}
		}
	}
	return nil
}

func (c *Chain) followers(ctx context.Context, trust Verifier, s *State, i int) ([]Ignored, error) {
	e := s.Entries[i]
	list, err := c.Repo.Referrers(ctx, e.Manifest, artifact.MediaTypeEntry)
	if err != nil {
		return nil, err
	}
	var ignored []Ignored
	for _, d := range list {
		if i+1 < len(s.Entries) && d.Digest == s.Entries[i+1].Manifest {
			continue
		}
		reason, err := c.judge(ctx, trust, d, e)
		if err != nil {
			return nil, err
		}
		if reason == nil {
			return nil, c.forked(ctx, d, e, i+1 == len(s.Entries))
		}
		ignored = append(ignored, Ignored{d.Digest, reason.Error()})
	}
	return ignored, nil
}

// judge says why a manifest does not count as a follower of e; nil if it does.
// The second error is a fault on the way.
func (c *Chain) judge(ctx context.Context, trust Verifier, d oci.Descriptor, e Entry) (reason, err error) {
	other, err := c.open(ctx, trust, d.Digest, e.Sequence+1)
	switch {
	case errors.Is(err, oci.ErrIntegrity):
		return err, nil
	case errors.Is(err, oci.ErrNotFound):
		return errors.New("it is listed, and gone"), nil
	case err != nil:
		return nil, err
	}
	return c.checkPlace(other.Verified.Statement, e.Sequence+1, e.Manifest), nil
}

func (c *Chain) forked(ctx context.Context, d oci.Descriptor, e Entry, last bool) error {
	tag := c.tag(e.Sequence + 1)
	if !last {
		return fmt.Errorf("%w: %s follows %s, as %s does", ErrFork, d.Digest, c.tag(e.Sequence), tag)
	}
	at, there, err := c.probe(ctx, e.Sequence+1)
	switch {
	case err != nil:
		return err
	case there && at.Digest == d.Digest:
		return nil // appended while the chain was read
	case there:
		return fmt.Errorf("%w: %s follows %s, as %s does", ErrFork, d.Digest, c.tag(e.Sequence), tag)
	}
	return fmt.Errorf("%w: %s follows %s, and has no tag %s\nhint: give it that tag again, and find out who took it away", ErrGap, d.Digest, c.tag(e.Sequence), tag)
}
