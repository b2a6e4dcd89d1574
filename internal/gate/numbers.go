package gate

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/evaluate"
)

// Numbers is the latest evaluation of the image that counts. ErrUsage where
// there is none, or nobody to believe.
func (p *Published) Numbers() (*evaluate.Evaluation, error) {
	if !p.Believes() {
		return nil, fmt.Errorf("%w: there is nobody to believe, so no evaluation of %s counts\nhint: name a verifier file with --verifier", ErrUsage, p.Spec.Name)
	}
	var about []Evidence
	for _, e := range of(p.Evidence, "evaluation") {
		if e.Statement.About(p.Image.Digest) {
			about = append(about, e)
		}
	}
	e, ok := latest(about)
	if !ok {
		return nil, fmt.Errorf("%w: no evaluation that counts is attached to %s\nhint: weighlock show says what is there, and why it does not count", ErrUsage, p.Spec.Name)
	}
	var out evaluate.Evaluation
	if err := json.Unmarshal(e.Statement.Predicate, &out); err != nil {
		return nil, fmt.Errorf("reading the evaluation: %w", err)
	}
	return &out, nil
}

// Scores is the file of predictions that the repository keeps of an
// evaluation: CSV of id (in HMAC) and score; nil where it keeps none.
func (p *Published) Scores(ctx context.Context, e *evaluate.Evaluation) (*evaluate.Source, error) {
	if e.Predictions.Stored == "" {
		return nil, nil
	}
	text, err := catalog.FindFile(ctx, p.Repo, p.Image.Digest, e.Predictions.Stored, maxPredictions)
	if err != nil {
		return nil, fmt.Errorf("reading the predictions that the repository keeps: %w", err)
	}
	s := stored("predictions.csv", text)
	return &s, nil
}
