package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// Make returns the signed bundle of the entry with a sequence number; previous
// is the manifest digest of the entry before, empty for the first. Its
// statement must say both, and the repository's name.
type Make func(sequence int, previous string) (bundle []byte, err error)

// Append adds an entry behind the head of a state and reads it back. If
// someone else was first it is ErrRaced, and nothing was added. In a layout
// that is exact. A registry has no compare-and-swap: two processes that append
// in the same instant may both be told that they succeeded, and the chain then
// reads as ErrFork.
func (c *Chain) Append(ctx context.Context, state *State, make Make) (Entry, error) {
	sequence, previous := len(state.Entries)+1, ""
	if sequence > maxEntries {
		return Entry{}, fmt.Errorf("chain %s in %s is full: %d entries", c.Prefix, c.Repo, maxEntries)
	}
	var subject *oci.Descriptor
	if head := state.Head(); head != nil {
		previous, subject = head.Manifest, &head.desc
	}
	bundle, err := make(sequence, previous)
	if err != nil {
		return Entry{}, err
	}
	statement, err := statementIn(bundle)
	if err == nil {
		err = c.checkPlace(statement, sequence, previous)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("appending %s: %w", c.tag(sequence), err)
	}
	d, err := c.Repo.PushArtifactIfAbsent(ctx, oci.Artifact{
		Type:    artifact.MediaTypeEntry,
		Layers:  []oci.Layer{{MediaType: artifact.MediaTypeBundle, Bytes: bundle}},
		Subject: subject,
		Annotations: map[string]string{
			artifact.AnnotationBundleContent: "dsse-envelope",
			artifact.AnnotationPredicateType: statement.PredicateType,
		},
	}, c.tag(sequence))
	if errors.Is(err, oci.ErrExists) {
		return Entry{}, c.withdraw(ctx, d, sequence)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("appending %s: %w", c.tag(sequence), err)
	}
	return c.readBack(ctx, Entry{Sequence: sequence, Manifest: d.Digest, Bundle: bundle, desc: d})
}

func (c *Chain) readBack(ctx context.Context, e Entry) (Entry, error) {
	at, there, err := c.probe(ctx, e.Sequence)
	switch {
	case err != nil:
		return Entry{}, err
	case !there:
		return Entry{}, fmt.Errorf("%w: %s was written to %s and is not there", oci.ErrNetwork, c.tag(e.Sequence), c.Repo)
	case at.Digest != e.Manifest:
		return Entry{}, c.withdraw(ctx, e.desc, e.Sequence)
	}
	return e, nil
}

// withdraw takes back the manifest of a lost race, which would otherwise be a
// fork for whoever reads the chain.
func (c *Chain) withdraw(ctx context.Context, d oci.Descriptor, sequence int) error {
	raced := fmt.Errorf("%s: %w", c.tag(sequence), ErrRaced)
	err := c.Repo.Delete(ctx, d.Digest)
	if err == nil || errors.Is(err, oci.ErrNotFound) {
		return raced
	}
	return fmt.Errorf("%s: %w, and what was pushed cannot be taken back: %w\nhint: delete manifest %s, or the chain reads as forked", c.tag(sequence), ErrFork, err, d.Digest)
}

// maxRaces ends AppendRetry in a chain on which it never gets its turn.
const maxRaces = 1000

// AppendRetry appends to the chain as it is now, and when it loses a race
// reads what came first and makes the entry anew. It returns the entry and the
// state before it. Processes that call it at the same time wait for their
// turn, so that a registry, too, keeps one entry of each and no fork.
func (c *Chain) AppendRetry(ctx context.Context, trust Verifier, make Make) (Entry, *State, error) {
	state, err := c.Read(ctx, trust) // what is long comes before the turn
	if err != nil {
		return Entry{}, nil, err
	}
	done, err := c.Repo.Turn(ctx)
	if err != nil {
		return Entry{}, nil, err
	}
	defer done()
	for range maxRaces {
		var err error
		if state, err = c.Extend(ctx, trust, state); err != nil {
			return Entry{}, nil, err
		}
		e, err := c.Append(ctx, state, make)
		if err == nil || !errors.Is(err, ErrRaced) {
			return e, state, err
		}
	}
	return Entry{}, nil, fmt.Errorf("chain %s in %s: %w, %d times", c.Prefix, c.Repo, ErrRaced, maxRaces)
}
