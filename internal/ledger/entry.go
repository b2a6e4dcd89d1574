package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/oci"
)

// maxBundle bounds an entry's bundle, in bytes.
const maxBundle = 4 << 20

// open reads an entry's manifest and bundle, and verifies form and signature;
// its place is for checkPlace. Faults of the network stay what they are;
// everything that is wrong with the entry is ErrEntry.
func (c *Chain) open(ctx context.Context, trust Verifier, digest string, sequence int) (Entry, error) {
	raw, d, err := c.Repo.Manifest(ctx, digest)
	if err != nil {
		return Entry{}, asEntry(err)
	}
	m, err := oci.ParseManifest(raw)
	if err != nil {
		return Entry{}, asEntry(err)
	}
	if m.ArtifactType != artifact.MediaTypeEntry || len(m.Layers) != 1 || m.Layers[0].MediaType != artifact.MediaTypeBundle {
		return Entry{}, fmt.Errorf("%w: its manifest is no entry's (type %q, %d layers)", ErrEntry, m.ArtifactType, len(m.Layers))
	}
	if m.Layers[0].Size > maxBundle {
		return Entry{}, fmt.Errorf("%w: its bundle has %d bytes, more than %d", ErrEntry, m.Layers[0].Size, maxBundle)
	}
	bundle, err := c.Repo.ReadBlob(ctx, m.Layers[0], maxBundle)
	if errors.Is(err, oci.ErrNotFound) {
		return Entry{}, fmt.Errorf("%w: its bundle is gone: %w", ErrEntry, err)
	}
	if err != nil {
		return Entry{}, asEntry(err)
	}
	e := Entry{Sequence: sequence, Manifest: d.Digest, Bundle: bundle, desc: d}
	if m.Subject != nil {
		e.subject = m.Subject.Digest
	}
	if e.Verified, err = trust.Verify(bundle); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	if e.Verified == nil || e.Verified.Statement == nil {
		return Entry{}, fmt.Errorf("%w: it was not verified", ErrEntry)
	}
	if name := e.Verified.Statement.Name(); !e.Verified.May(name) {
		return Entry{}, fmt.Errorf("%w: %s may not sign a statement of type %q (roles %q)", ErrEntry, e.Verified.Signer, name, e.Verified.Roles)
	}
	return e, nil
}

// asEntry makes wrong content an ErrEntry.
func asEntry(err error) error {
	if errors.Is(err, oci.ErrIntegrity) {
		return fmt.Errorf("%w: %w", ErrEntry, err)
	}
	return err
}

// place is what every statement in a chain says of its own place.
type place struct {
	Repository string `json:"repository"`
	Sequence   int    `json:"sequence"`
	Previous   string `json:"previous"`
	Channel    string `json:"channel"`
}

// checkPlace holds what was signed against where it lies.
func (c *Chain) checkPlace(s *attest.Statement, sequence int, previous string) error {
	if !slices.Contains(c.predicates(), s.Name()) {
		return fmt.Errorf("%w: a statement of type %s is none of %q", ErrEntry, s.PredicateType, c.predicates())
	}
	var p place
	if err := json.Unmarshal(s.Predicate, &p); err != nil {
		return fmt.Errorf("%w: %w", ErrEntry, err)
	}
	switch {
	case p.Repository != c.Repo.Name():
		return fmt.Errorf("%w: it was signed for repository %q, and lies in %q", ErrEntry, p.Repository, c.Repo.Name())
	case p.Sequence != sequence:
		return fmt.Errorf("%w: it was signed as number %d, and lies at %d", ErrEntry, p.Sequence, sequence)
	case p.Previous != previous:
		return fmt.Errorf("%w: it was signed to follow %s, and follows %s", ErrEntry, named(p.Previous), named(previous))
	}
	if channel, ok := strings.CutPrefix(c.Prefix, "ro-"); ok && p.Channel != strings.TrimSuffix(channel, "-") {
		return fmt.Errorf("%w: it was signed for channel %q, and lies under %s", ErrEntry, p.Channel, c.Prefix)
	}
	return nil
}

// statementIn reads the statement out of a bundle without verifying it, to see
// that it fits before it is appended.
func statementIn(bundle []byte) (*attest.Statement, error) {
	var b struct {
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return attest.Parse(b.Envelope.Payload)
}
