package evaluate

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/schema"
)

// MaxEvaluation bounds the JSON of an evaluation, in bytes.
const MaxEvaluation = attest.MaxStatement

// ReadEvaluation parses the evaluation in a file.
func ReadEvaluation(r io.Reader) (*Evaluation, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxEvaluation+1))
	if err != nil {
		return nil, err
	}
	return ParseEvaluation(text)
}

// ParseEvaluation reads an evaluation from JSON: the predicate itself, an
// in-toto statement of it, or an object with a field evaluation, as weighlock
// evaluate --json evaluation writes it. It believes what it reads: nobody's
// signature is looked at.
func ParseEvaluation(text []byte) (*Evaluation, error) {
	if len(text) > MaxEvaluation {
		return nil, fmt.Errorf("it has more than %d bytes, so it is hardly an evaluation\nhint: weighlock evaluate --json evaluation writes one", MaxEvaluation)
	}
	text, err := canonical.Transform(text)
	if err != nil {
		return nil, fmt.Errorf("it is no JSON that can be read: %w\nhint: weighlock evaluate --json evaluation writes an evaluation", err)
	}
	var outer struct {
		Type          string          `json:"_type"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
		Evaluation    json.RawMessage `json:"evaluation"`
	}
	if err := json.Unmarshal(text, &outer); err != nil {
		return nil, fmt.Errorf("it is no evaluation: %w\nhint: weighlock evaluate --json evaluation writes one", err)
	}
	switch {
	case outer.Type != "":
		s, err := attest.Parse(text)
		if err != nil {
			return nil, err
		}
		if name, _ := artifact.PredicateName(s.PredicateType); name != "evaluation" {
			return nil, fmt.Errorf("it is a statement of type %s, and no evaluation\nhint: weighlock evaluate --json evaluation writes one", s.PredicateType)
		}
		text = s.Predicate
	case outer.Evaluation != nil:
		text = outer.Evaluation
	}
	if err := schema.CheckJSON("predicate/evaluation", text); err != nil {
		return nil, fmt.Errorf("it is no evaluation by its schema: %w\nhint: weighlock evaluate --json evaluation writes one", err)
	}
	var e Evaluation
	if err := canonical.Unmarshal(text, &e); err != nil {
		return nil, err
	}
	return &e, nil
}
