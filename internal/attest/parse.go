package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
)

// Parse reads one statement. It refuses duplicate keys, keys that differ from
// the specification's in case only, unknown fields, text after the value, a
// statement about nothing, a subject without a SHA-256, and a predicate of
// Weighlock's own that breaks its schema. Foreign predicate types are read.
func Parse(b []byte) (*Statement, error) {
	if len(b) > MaxStatement {
		return nil, fmt.Errorf("statement of %d bytes is beyond the limit of %d", len(b), MaxStatement)
	}
	if !utf8.Valid(b) {
		return nil, errors.New("statement is not UTF-8")
	}
	text, err := canonical.Transform(b)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", err)
	}
	s, err := read(text)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", err)
	}
	if err := checkOwn(s.PredicateType, s.Predicate); err != nil {
		return nil, fmt.Errorf("predicate %s: %w", s.PredicateType, err)
	}
	return s, nil
}

// read takes fields by their exact names: encoding/json would also match
// "Subject", which other readers of the same bytes ignore.
func read(text []byte) (*Statement, error) {
	fields, err := object(text, "_type", "subject", "predicateType", "predicate")
	if err != nil {
		return nil, err
	}
	s := &Statement{Predicate: fields["predicate"], text: text}
	if s.Type, err = str(fields, "_type"); err != nil {
		return nil, err
	}
	if s.PredicateType, err = str(fields, "predicateType"); err != nil {
		return nil, err
	}
	if !s.typed() {
		return nil, fmt.Errorf("_type is %q; want %q", s.Type, artifact.StatementType)
	}
	if strings.TrimSpace(s.PredicateType) == "" {
		return nil, errors.New("predicateType is empty")
	}
	if len(s.Predicate) == 0 || s.Predicate[0] != '{' {
		return nil, errors.New("predicate is not an object")
	}
	s.Subject, err = subjects(fields["subject"], s.Foreign())
	return s, err
}

// olderType has the same four fields. cosign attest still writes it, also in
// v3; it is read where nothing that Weighlock decides by is said.
const olderType = "https://in-toto.io/Statement/v0.1"

func (s *Statement) typed() bool {
	return s.Type == artifact.StatementType || s.Type == olderType && s.Name() == ""
}

func subjects(text json.RawMessage, foreign bool) ([]Subject, error) {
	var list []json.RawMessage
	if len(text) == 0 || text[0] != '[' {
		return nil, errors.New("subject is not a list")
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("subject is empty: the statement is about nothing")
	}
	if len(list) > MaxSubjects {
		return nil, fmt.Errorf("%d subjects are beyond the limit of %d", len(list), MaxSubjects)
	}
	out := make([]Subject, len(list))
	for i, one := range list {
		var err error
		if out[i], err = subject(one, foreign); err != nil {
			return nil, fmt.Errorf("subject[%d]: %w", i, err)
		}
	}
	return out, nil
}

// descriptor lists what in-toto allows on a subject beside name and digest:
// https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md.
var descriptor = [...]string{"uri", "content", "downloadLocation", "mediaType", "annotations"}

func subject(text json.RawMessage, foreign bool) (s Subject, err error) {
	known := []string{"name", "digest"}
	if foreign {
		known = append(known, descriptor[:]...)
	}
	fields, err := object(text, known...)
	if err != nil {
		return s, err
	}
	if _, ok := fields["name"]; ok {
		if s.Name, err = str(fields, "name"); err != nil {
			return s, err
		}
	}
	if len(fields["digest"]) == 0 {
		return s, errors.New("digest is missing")
	}
	if err := json.Unmarshal(fields["digest"], &s.Digest); err != nil {
		return s, errors.New("digest is not a set of texts by algorithm")
	}
	return s, checkDigests(s.Digest)
}

var hexDigits = regexp.MustCompile(`^[0-9a-f]+$`)

func checkDigests(set map[string]string) error {
	if !artifact.ValidDigest("sha256:" + set["sha256"]) {
		return fmt.Errorf("digest.sha256 is %q; want 64 lower-case hexadecimal digits", set["sha256"])
	}
	for algorithm, value := range set {
		if algorithm == "" || !hexDigits.MatchString(value) {
			return fmt.Errorf("digest.%s is %q; want lower-case hexadecimal", algorithm, value)
		}
	}
	return nil
}

// object reads a JSON object whose keys must be among known.
func object(text []byte, known ...string) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, errors.New("not an object")
	}
	keys := make([]string, 0, len(fields))
	for key := range fields {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("unknown field %q; known are %s", key, strings.Join(known, ", "))
		}
	}
	return fields, nil
}

func str(fields map[string]json.RawMessage, key string) (s string, err error) {
	text, ok := fields[key]
	if !ok {
		return "", fmt.Errorf("%s is missing", key)
	}
	if len(text) == 0 || text[0] != '"' {
		return "", fmt.Errorf("%s is not text", key)
	}
	return s, json.Unmarshal(text, &s)
}
