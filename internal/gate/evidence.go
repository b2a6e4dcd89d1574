package gate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Evidence is one statement that counts: signed by somebody who may, or made
// by this very process.
type Evidence struct {
	Name      string // short predicate name
	Digest    string // of the bundle's bytes; of the statement's where unsigned
	Bundle    []byte // nil where unsigned
	Statement *attest.Statement
	Signer    string // key's name in the verifier file; empty where unsigned
	Roles     []string
	Time      time.Time // zero where nobody says when
	Trusted   bool      // the time comes from a timestamp authority
}

// Own is a statement that this process has just made and that nobody signed.
func Own(s *attest.Statement) Evidence {
	name, _ := artifact.PredicateName(s.PredicateType)
	return Evidence{Name: name, Digest: artifact.Digest(s.Bytes()), Statement: s}
}

// Admit verifies bundles about a model. A bundle by an unknown key, by a key
// without the role, or about another model is ignored and listed, since
// otherwise anybody who can push could stop a model. One that was altered
// under a trusted key stops everything. Without trust nothing is admitted.
func Admit(trust *sign.Trust, model string, bundles [][]byte) ([]Evidence, []verdict.Ignored, error) {
	var (
		admitted []Evidence
		ignored  []verdict.Ignored
		seen     = map[string]bool{}
	)
	for _, b := range bundles {
		digest := artifact.Digest(b)
		if seen[digest] {
			continue
		}
		seen[digest] = true
		e, why, err := admit(trust, model, b)
		if err != nil {
			return nil, nil, fmt.Errorf("statement %s: %w", artifact.Short(digest), err)
		}
		if why != nil {
			why.Digest = digest
			ignored = append(ignored, *why)
			continue
		}
		admitted = append(admitted, *e)
	}
	slices.SortFunc(admitted, func(a, b Evidence) int { return compare(a.Name, b.Name, a.Digest, b.Digest) })
	slices.SortFunc(ignored, func(a, b verdict.Ignored) int { return compare(a.Digest, b.Digest) })
	return admitted, ignored, nil
}

func admit(trust *sign.Trust, model string, bundle []byte) (*Evidence, *verdict.Ignored, error) {
	if trust == nil {
		return nil, &verdict.Ignored{Reason: "there is no verifier file, so no signature counts"}, nil
	}
	v, err := trust.Verify(bundle)
	switch {
	case errors.Is(err, sign.ErrSignature):
		return nil, nil, err
	case err != nil:
		return nil, &verdict.Ignored{Reason: err.Error()}, nil //nolint:nilerr // listed, else any pusher could stop a model
	}
	name, known := artifact.PredicateName(v.Statement.PredicateType)
	if !known {
		return nil, &verdict.Ignored{Type: v.Statement.PredicateType, Reason: "not a kind of statement that rules read"}, nil
	}
	if about := v.Statement.Model(); about != "" && about != model {
		return nil, &verdict.Ignored{Type: name, Reason: fmt.Sprintf("it is about the model %q", about)}, nil
	}
	if !v.May(name) {
		return nil, &verdict.Ignored{Type: name, Reason: unentitled(v)}, nil
	}
	e := &Evidence{
		Name: name, Digest: artifact.Digest(bundle), Bundle: bundle, Statement: v.Statement,
		Signer: v.Signer, Roles: v.Roles, Trusted: v.Trusted,
	}
	if v.HasTime {
		e.Time = v.Time
	}
	return e, nil, nil
}

func unentitled(v *sign.Verified) string {
	why := fmt.Sprintf("key %q has no role that may sign it", v.Signer)
	if v.Note != "" {
		why += ": " + v.Note
	}
	return why
}

// of returns the evidence of one kind.
func of(list []Evidence, name string) []Evidence {
	var out []Evidence
	for _, e := range list {
		if e.Name == name {
			out = append(out, e)
		}
	}
	return out
}

// covers says whether a statement is about every one of the digests.
func covers(e Evidence, digests []string) bool {
	for _, d := range digests {
		if !e.Statement.About(d) {
			return false
		}
	}
	return len(digests) > 0
}

// later orders evidence by time, then digest, so that the last one is the
// latest; without a time it is the earliest.
func later(a, b Evidence) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Digest, b.Digest))
}

// latest is the last of a list by time.
func latest(list []Evidence) (Evidence, bool) {
	if len(list) == 0 {
		return Evidence{}, false
	}
	return slices.MaxFunc(list, later), true
}

// compare orders by pairs of strings, the first that differ.
func compare(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if c := cmp.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}
