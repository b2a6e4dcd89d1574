package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/internal/verifier"
)

// maxReplay bounds each of the files that a verdict is replayed from.
const maxReplay = 64 << 20

// Replay decides the image's latest verdict once more, from the recorded
// policy, parameters and verifier file, at the recorded moment, after
// verifying every signature and file anew. The verdict must come out byte for
// byte; anything else is an integrity error.
func (p *Published) Replay(ctx context.Context) (*Decision, error) {
	if len(p.Verdicts) == 0 {
		return nil, fmt.Errorf("%w: no verdict that counts is attached to %s\nhint: replay needs the verifier file that trusts its signer", ErrUsage, artifact.Short(p.Image.Digest))
	}
	if err := p.readFiles(ctx); err != nil {
		return nil, err
	}
	recorded := p.Verdicts[len(p.Verdicts)-1]
	d, err := p.decideAgain(ctx, recorded)
	if err != nil {
		return nil, fmt.Errorf("replaying the verdict %s: %w", artifact.Short(recorded.Digest), err)
	}
	if got := artifact.Digest(d.Input); got != recorded.Report.Input {
		return nil, fmt.Errorf("%w: the input rebuilt from the evidence is %s, the verdict was given on %s", ErrIntegrity, artifact.Short(got), artifact.Short(recorded.Report.Input))
	}
	was, err := canonical.Transform(recorded.Statement.Predicate)
	if err != nil {
		return nil, err
	}
	is, err := canonical.Marshal(d.Report)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(was, is) {
		return nil, fmt.Errorf("%w: the rules, evaluated again on the same input, give another verdict (%s; recorded is %s)", ErrIntegrity, d.Report.Outcome, recorded.Report.Outcome)
	}
	return d, nil
}

func (p *Published) decideAgain(ctx context.Context, recorded Verdict) (*Decision, error) {
	r := recorded.Report
	now, err := time.Parse(time.RFC3339, r.Now)
	if err != nil {
		return nil, err
	}
	archive, err := p.file(ctx, r.Policy)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	rules := Rules{Level: r.Level, Now: now, Engine: r.Engine}
	if rules.Policy, err = policy.LoadArchive(archive); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	var trust *sign.Trust
	if r.Verifier != "" {
		text, err := p.file(ctx, r.Verifier)
		if err != nil {
			return nil, fmt.Errorf("verifier file: %w", err)
		}
		if rules.Verifier, err = verifier.Parse("verifier.json", text); err != nil {
			return nil, fmt.Errorf("verifier file: %w", err)
		}
		if trust, err = sign.NewTrust(rules.Verifier, sign.At(now)); err != nil {
			return nil, fmt.Errorf("verifier file: %w", err)
		}
	}
	evidence, err := p.recordedEvidence(r, trust)
	if err != nil {
		return nil, err
	}
	input, err := p.file(ctx, r.Input)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	var was Input
	if err := json.Unmarshal(input, &was); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	q := p.question()
	q.Command, q.Published = was.Context.Command, was.Context.Published
	q.Version, q.Mode = r.Model.Version, r.Mode
	q.Evidence, q.Ignored = evidence, slices.Clone(r.Ignored)
	q.Missing = was.Missing
	q.Attempts = p.attempts(r.Attempts.Count)
	q.Verifier, q.Trust, q.Policy = rules.Verifier, trust, rules.Policy
	q.Level, q.Now, q.Engine = rules.Level, rules.Now, rules.Engine
	q.Predictions = ""
	if was.Predictions != nil {
		q.Predictions = was.Predictions.Digest
	}
	return Decide(ctx, *q)
}

// recordedEvidence verifies, under the recorded verifier file, exactly the
// statements that the verdict names.
func (p *Published) recordedEvidence(r *verdict.Report, trust *sign.Trust) ([]Evidence, error) {
	have := map[string][]byte{}
	for _, e := range p.Evidence {
		have[e.Digest] = e.Bundle
	}
	var bundles [][]byte
	for _, s := range r.Sources {
		b, ok := have[s.Digest]
		if !ok {
			return nil, fmt.Errorf("%w: the %s statement %s, on which the verdict rests, is not there", ErrIntegrity, s.Type, artifact.Short(s.Digest))
		}
		bundles = append(bundles, b)
	}
	evidence, ignored, err := Admit(trust, p.Spec.Name, bundles)
	if err != nil {
		return nil, err
	}
	if len(ignored) > 0 {
		return nil, fmt.Errorf("%w: the statement %s, on which the verdict rests, does not count any more: %s", ErrIntegrity, artifact.Short(ignored[0].Digest), ignored[0].Reason)
	}
	return evidence, nil
}

func (p *Published) file(ctx context.Context, digest string) ([]byte, error) {
	return catalog.FindFile(ctx, p.Repo, p.Image.Digest, digest, maxReplay)
}
