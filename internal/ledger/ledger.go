// Package ledger is a signed, append-only chain of entries in a repository:
// entry n is a manifest tagged <prefix><n>, holds one signed statement, and has
// the manifest of entry n-1 as its subject; the statement repeats its number,
// its predecessor and the repository's name, so that none of them can be
// changed without a key. Read it whole before believing any of it.
//
// A chain shows that something is missing, altered, moved or forked. It cannot
// show that its end was cut off: whoever knows of a later entry says so in
// Chain.Least. What entries mean is left to the callers.
package ledger

import (
	"errors"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/sign"
)

// What can be wrong with a chain, to be told apart with errors.Is. The first
// three are oci.ErrIntegrity too: nothing may be decided on such a chain.
var (
	// ErrGap: an entry is missing, in the middle or at a known end.
	ErrGap error = fault("entry missing from the chain")
	// ErrFork: two trusted entries follow the same one.
	ErrFork error = fault("the chain forks")
	// ErrEntry: an entry is not what it should be: altered, moved here, or not
	// signed by someone who may.
	ErrEntry error = fault("entry does not belong in the chain")
	// ErrRaced: another writer appended first; read again, and append to that.
	ErrRaced = errors.New("another entry was appended first")
)

// fault is an oci.ErrIntegrity in words of its own: no bytes differ from their
// digest where an entry is missing.
type fault string

func (f fault) Error() string { return string(f) }

// Is makes errors.Is find oci.ErrIntegrity.
func (f fault) Is(target error) bool { return target == oci.ErrIntegrity }

// Chain is a place for entries.
type Chain struct {
	Repo   *oci.Repository
	Prefix string // of the tags: artifact.AttemptsPrefix, or ro-<channel>-
	Least  int    // entries that the caller knows there to be, from elsewhere
}

// Attempts is the chain of publish attempts of a repository.
func Attempts(repo *oci.Repository) *Chain {
	return &Chain{Repo: repo, Prefix: artifact.AttemptsPrefix}
}

// Verifier checks the signature of a bundle. *sign.Trust is one.
type Verifier interface {
	Verify(bundle []byte) (*sign.Verified, error)
}

// Entry is one signed statement and its place.
type Entry struct {
	Sequence int            // from 1
	Manifest string         // digest
	Bundle   []byte         // as signed
	Verified *sign.Verified // nil in what Append returns
	desc     oci.Descriptor // of the manifest
	subject  string         // of the manifest
}

// Ignored is a manifest that claims to follow an entry and does not count.
type Ignored struct {
	Manifest string // digest
	Reason   string
}

// State is a chain that was read and verified from the first entry to the
// last. No entries is a state like others.
type State struct {
	Entries []Entry
	Ignored []Ignored
}

// Empty says that the repository answered, and that there is no entry.
func (s *State) Empty() bool { return len(s.Entries) == 0 }

// Head is the last entry, or nil.
func (s *State) Head() *Entry {
	if s.Empty() {
		return nil
	}
	return &s.Entries[len(s.Entries)-1]
}

// predicates are the types of statement that a chain may hold, by its prefix.
func (c *Chain) predicates() []string {
	if strings.HasPrefix(c.Prefix, "ro-") {
		return []string{"rollout"}
	}
	return []string{"attempt", "withdrawal", "incident"}
}

func (c *Chain) tag(sequence int) string { return artifact.EntryTag(c.Prefix, sequence) }

// maxEntries is what six digits can number.
const maxEntries = 999_999
