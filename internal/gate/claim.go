package gate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/evidence"
)

// claimFile carries, in the image, what a tracker says of the run.
const claimFile = "claim.json"

// Claim is what an experiment tracker says of the run that made the model's
// files, with the text that it was read from.
type Claim struct {
	*evidence.Claim
	text []byte
}

// claimIn reads what `weighlock init --from` left in a project's folder. A
// claim about other model files than these is left aside.
func claimIn(dir string, files []ModelFile) (*Claim, error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(evidence.Path)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is claimed of the run: %w", err)
	}
	c, err := parseClaim(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w\nhint: move it away, and import the run again: weighlock init --from RUN", ErrUsage, evidence.Path, err)
	}
	for _, f := range files {
		if !slices.ContainsFunc(c.Lineage.Outputs, func(o evidence.File) bool { return o.Digest == f.Digest }) {
			return nil, nil
		}
	}
	return c, nil
}

func parseClaim(text []byte) (*Claim, error) {
	c, err := evidence.ParseClaim(text)
	if err != nil {
		return nil, err
	}
	return &Claim{c, text}, nil
}

// input is the part of a claim that rules can tell of; nil stays absent.
func (c *Claim) input() *InputClaim {
	if c == nil {
		return nil
	}
	return &InputClaim{Digest: artifact.Digest(c.text), Source: c.Lineage.Source, Run: c.Lineage.Run, Missing: c.Missing}
}
