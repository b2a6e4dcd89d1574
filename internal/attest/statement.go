// Package attest is what gets signed: in-toto Statement v1 as canonical JSON,
// and the bytes over which DSSE signs it. It refuses a statement that two
// readers could read differently, or that breaks the schema of Weighlock's own
// predicate types. It says nothing about who signed; that is internal/sign's.
//
// See https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
package attest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/schema"
)

const (
	// MaxStatement is the size in bytes above which a statement is neither
	// written nor read.
	MaxStatement = 16 << 20
	// MaxSubjects is how many subjects Sigstore's verifiers will read.
	MaxSubjects = 1024
)

// Subject is one thing that a statement is about, by content. Name is for
// people; only the digests count.
type Subject struct {
	Name string `json:"name,omitempty"`
	// Digest holds lower-case hexadecimal by algorithm; sha256 is always there.
	Digest map[string]string `json:"digest"`
}

// Of is the subject with a digest spelled sha256:<hex>.
func Of(name, digest string) Subject {
	return Subject{Name: name, Digest: map[string]string{"sha256": artifact.Hex(digest)}}
}

// Statement is an in-toto Statement v1. Make one with New, NewVSA,
// NewSignature or Parse; one that was put together by hand has no bytes.
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []Subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`

	// text is the canonical JSON, with whatever else a foreign subject holds.
	text []byte
}

// New is the statement of one of Weighlock's own predicate types, given by its
// short name. The predicate is brought into canonical form and held against
// its schema.
func New(predicateName string, subjects []Subject, predicate any) (*Statement, error) {
	if !slices.Contains(artifact.Predicates(), predicateName) {
		return nil, fmt.Errorf("%q is not one of Weighlock's predicate types: %q", predicateName, artifact.Predicates())
	}
	return build(artifact.PredicateType(predicateName), subjects, predicate)
}

// NewSignature is what cosign v3 signs when it signs an image: a statement
// that has a subject and nothing to say of it.
func NewSignature(subject Subject) (*Statement, error) {
	return build(artifact.PredicateSign, []Subject{subject}, struct{}{})
}

func build(predicateType string, subjects []Subject, predicate any) (*Statement, error) {
	text, err := canonical.Marshal(predicate)
	if err != nil {
		return nil, fmt.Errorf("predicate %s: %w", predicateType, err)
	}
	text, err = canonical.Marshal(Statement{
		Type: artifact.StatementType, Subject: subjects, PredicateType: predicateType, Predicate: text,
	})
	if err != nil {
		return nil, fmt.Errorf("statement %s: %w", predicateType, err)
	}
	return Parse(text)
}

// Equal says whether both are the same bytes.
func (s *Statement) Equal(other *Statement) bool {
	return s == other || s != nil && other != nil && bytes.Equal(s.text, other.text)
}

// Bytes is the statement as canonical JSON (RFC 8785).
func (s *Statement) Bytes() []byte { return slices.Clone(s.text) }

// Name is the short name of the predicate type, also of the two foreign types
// that Weighlock writes (vsa, sign), and empty for any other.
func (s *Statement) Name() string {
	name, _ := artifact.PredicateName(s.PredicateType)
	return name
}

// Foreign says that the predicate is of a type that is not Weighlock's own, so
// that no schema vouches for its form.
func (s *Statement) Foreign() bool { return !own(s.PredicateType) }

func own(predicateType string) bool {
	name, ok := artifact.PredicateName(predicateType)
	return ok && slices.Contains(artifact.Predicates(), name)
}

// About says whether digest, spelled sha256:<hex>, is one of the subjects.
func (s *Statement) About(digest string) bool {
	if !artifact.ValidDigest(digest) {
		return false
	}
	return slices.ContainsFunc(s.Subject, func(sub Subject) bool {
		return sub.Digest["sha256"] == artifact.Hex(digest)
	})
}

// Model is the name of the model that one of Weighlock's own statements is
// about, and empty for a foreign one.
func (s *Statement) Model() string {
	if s.Foreign() {
		return ""
	}
	var p struct {
		Model struct {
			Name string `json:"name"`
		} `json:"model"`
	}
	if json.Unmarshal(s.Predicate, &p) != nil {
		return ""
	}
	return p.Model.Name
}

// Decode reads the predicate into v. A field that v does not have is refused.
func (s *Statement) Decode(v any) error {
	if err := canonical.Unmarshal(s.Predicate, v); err != nil {
		return fmt.Errorf("predicate %s: %w", s.PredicateType, err)
	}
	return nil
}

// PAE is DSSE's pre-authentication encoding, the bytes that are signed:
// https://github.com/secure-systems-lab/dsse/blob/master/protocol.md.
func PAE(payloadType string, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+len(payloadType)+32)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(append(append(b, ' '), payloadType...), ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	return append(append(b, ' '), payload...)
}

func checkOwn(predicateType string, predicate []byte) error {
	if !own(predicateType) {
		return nil
	}
	name, _ := artifact.PredicateName(predicateType)
	return schema.CheckJSON("predicate/"+name, predicate)
}
