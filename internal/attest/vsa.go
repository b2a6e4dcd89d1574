package attest

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
)

// Resource names something by location, by content, or both.
type Resource struct {
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// VSA is a SLSA verification summary: the verdict in the one form that
// deployment tools know. Fields are those of
// https://slsa.dev/spec/v1.1/verification_summary.
type VSA struct {
	// Verifier is the URI of who verified.
	Verifier string
	// Time is when, in whole seconds.
	Time time.Time
	// Resource is the URI of what was verified, as a deployer would fetch it.
	Resource string
	// Policy is what it was verified against.
	Policy Resource
	// Inputs are all statements that counted, or none: SLSA allows no choice.
	Inputs []Resource
	// Passed is true on allow only.
	Passed bool
	// Levels are what was reached, such as WEIGHLOCK_RELEASE; a failed summary
	// has none, and says FAILED.
	Levels []string
}

type vsa struct {
	Verifier         verifier   `json:"verifier"`
	TimeVerified     string     `json:"timeVerified"`
	ResourceURI      string     `json:"resourceUri"`
	Policy           Resource   `json:"policy"`
	InputAttestation []Resource `json:"inputAttestations,omitempty"`
	Result           string     `json:"verificationResult"`
	Levels           []string   `json:"verifiedLevels"`
}

type verifier struct {
	ID string `json:"id"`
}

// NewVSA is the summary of a verdict as a statement.
func NewVSA(subjects []Subject, v VSA) (*Statement, error) {
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("verification summary: %w", err)
	}
	p := vsa{
		Verifier:         verifier{ID: v.Verifier},
		TimeVerified:     v.Time.UTC().Truncate(time.Second).Format(time.RFC3339),
		ResourceURI:      v.Resource,
		Policy:           v.Policy,
		InputAttestation: v.Inputs,
		Result:           "FAILED",
		Levels:           []string{"FAILED"},
	}
	if v.Passed {
		p.Result, p.Levels = "PASSED", v.Levels
	}
	return build(artifact.PredicateVSA, subjects, p)
}

func (v VSA) check() error {
	for _, uri := range [][2]string{{"verifier", v.Verifier}, {"resource", v.Resource}, {"policy", v.Policy.URI}} {
		if u, err := url.Parse(uri[1]); err != nil || u.Scheme == "" {
			return fmt.Errorf("%s %q is not a URI", uri[0], uri[1])
		}
	}
	if v.Time.IsZero() {
		return errors.New("no time")
	}
	if err := checkDigests(v.Policy.Digest); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	for i, in := range v.Inputs {
		if err := checkDigests(in.Digest); err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
	}
	return v.checkLevels()
}

// checkLevels keeps to levels of our own: SLSA_ ones are claims about builds,
// which a gate for models does not verify.
func (v VSA) checkLevels() error {
	if !v.Passed {
		if len(v.Levels) > 0 {
			return fmt.Errorf("failed, and yet it reached %q", v.Levels)
		}
		return nil
	}
	if len(v.Levels) == 0 {
		return errors.New("passed, and yet it reached no level")
	}
	for _, level := range v.Levels {
		if level == "" || level == "FAILED" || strings.HasPrefix(level, "SLSA_") {
			return fmt.Errorf("level %q is not ours to give", level)
		}
	}
	return nil
}
