package project

import (
	"errors"
	"fmt"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/schema"
)

// SpecSchema is what a spec's field schema says.
const SpecSchema = "https://weighlock.dev/spec/v1"

// ErrPinned says that the test set is not the file that data.test.sha256
// pins.
var ErrPinned = errors.New("the test set is not the pinned file")

// Spec is what is committed before training, with every default written out.
// Its JSON form is schema/spec/v1.
type Spec struct {
	Schema         string           `json:"schema"`
	Name           string           `json:"name"`
	Task           string           `json:"task"`
	Level          string           `json:"level"`
	Judge          string           `json:"judge"` // bound or point
	Confidence     float64          `json:"confidence"`
	Draws          int              `json:"draws"`
	Test           TestSet          `json:"test"`
	Train          *TrainSet        `json:"train,omitempty"`
	Predictions    SpecPredictions  `json:"predictions"`
	Base           *Base            `json:"base,omitempty"`
	NearDuplicates NearDuplicates   `json:"near_duplicates"`
	Metrics        map[string]Limit `json:"metrics"`
	Baseline       *Baseline        `json:"baseline,omitempty"`
	Champion       *ChampionLimit   `json:"champion,omitempty"`
	Slices         *Slices          `json:"slices,omitempty"`
	Fairness       *Fairness        `json:"fairness,omitempty"`
	Drift          *Drift           `json:"drift,omitempty"`
	Sensitivity    []Sensitivity    `json:"sensitivity,omitempty"`
}

// TestSet is the pinned evaluation set.
type TestSet struct {
	File     string `json:"file"`
	Digest   string `json:"digest"`
	ID       string `json:"id,omitempty"`
	Time     string `json:"time,omitempty"`
	Label    string `json:"label,omitempty"`
	Positive string `json:"positive"`
	// Labels are the columns of the truth of a multilabel task.
	Labels []string `json:"labels,omitempty"`
	// Classes are those of a multiclass task; where there are none, they are
	// those of the labels in the pinned data.
	Classes []string `json:"classes,omitempty"`
	Group   string   `json:"group,omitempty"`  // of a row's query, for ranking
	Unit    string   `json:"unit,omitempty"`   // by which rows belong together
	Weight  string   `json:"weight,omitempty"` // how much a row counts
	Series  string   `json:"series,omitempty"` // of a row's time series
	Season  int      `json:"season,omitempty"` // steps after which a series repeats
	// Decision is the column of what was decided of a row when its label arose,
	// Decided its value at which a row gets a label, and Propensity the column
	// of the probability of the decision that was taken.
	Decision   string `json:"decision,omitempty"`
	Decided    string `json:"decided,omitempty"`
	Propensity string `json:"propensity,omitempty"`
	// Matures is how long after Time a label can still change, such as 90d, and
	// Labelled when the labels were read.
	Matures  string `json:"matures,omitempty"`
	Labelled string `json:"labelled,omitempty"`
}

// TrainSet names the training table and its column roles.
type TrainSet struct {
	File  string `json:"file"`
	ID    string `json:"id,omitempty"`
	Time  string `json:"time,omitempty"`
	Label string `json:"label,omitempty"`
}

// SpecPredictions says which column is the score, and from where a row is
// decided positive.
type SpecPredictions struct {
	Column    string   `json:"column,omitempty"`
	ID        string   `json:"id,omitempty"`
	Threshold *float64 `json:"threshold,omitempty"`
	// Columns are those of the scores by class or label; Prefix stands before
	// its name instead. Decision is the column of the decided class.
	Columns  map[string]string `json:"columns,omitempty"`
	Prefix   string            `json:"prefix,omitempty"`
	Decision string            `json:"decision,omitempty"`
	// Explanations are nil where the project names none.
	Explanations *Explanations `json:"explanations,omitempty"`
}

// NearDuplicates bounds the share of test rows that repeat a training row
// under another id.
type NearDuplicates struct {
	Max float64 `json:"max"`
}

// Limit bounds a number; both ends are inclusive.
type Limit struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// SliceLimit bounds a metric on every slice, and a slice's shortfall against
// all rows and against the best slice of the same column.
type SliceLimit struct {
	Min        *float64 `json:"min,omitempty"`
	Max        *float64 `json:"max,omitempty"`
	MaxGap     *float64 `json:"max_gap,omitempty"`
	MaxGapBest *float64 `json:"max_gap_best,omitempty"`
}

// Baseline asks the model to beat something simple by Gain, in the metric's
// unit.
type Baseline struct {
	Kind   string  `json:"kind"` // prior, constant, last_value, linear or previous
	Metric string  `json:"metric"`
	Gain   float64 `json:"gain"`
}

// ChampionLimit asks the model not to be worse than a channel's champion by
// more than Margin, in the metric's unit.
type ChampionLimit struct {
	Channel string  `json:"channel"`
	Metric  string  `json:"metric"`
	Margin  float64 `json:"margin"`
	// NegativeFlips bounds the share of rows that the champion decides right
	// and the model wrong; nil where nothing is asked.
	NegativeFlips *Limit `json:"negative_flips,omitempty"`
}

// Slices bounds metrics on parts of the data. By holds every crossing that
// Order asks for; an Order of 0 is 1, which is not written out, since a spec
// without crossings keeps the digest that it had before there were any.
type Slices struct {
	By       []string              `json:"by"`
	Order    int                   `json:"order,omitempty"`
	MinRows  int                   `json:"min_rows"`
	TooSmall string                `json:"too_small"` // report or undecided
	Metrics  map[string]SliceLimit `json:"metrics"`
}

// Fairness bounds differences between groups. Reference names, by entry of By,
// the group that the others are held against, or ReferenceMajority or
// ReferenceBest; every pair is compared where there is none.
type Fairness struct {
	By        []string          `json:"by"`
	Reference map[string]string `json:"reference,omitempty"`
	MinRows   int               `json:"min_rows"`
	Metrics   map[string]Limit  `json:"metrics"`
}

// References that are found in the data rather than named.
const (
	// ReferenceMajority is the group with the most rows.
	ReferenceMajority = "majority"
	// ReferenceBest is the group with the best value of the rate.
	ReferenceBest = "best"
)

// Drift bounds the distance between training and test data, by column.
type Drift struct {
	Method  string   `json:"method"`
	Max     float64  `json:"max"`
	Columns []string `json:"columns,omitempty"`
}

// Spec is the project's spec for a test set with a digest; an empty one
// stands for the digest that the project file pins. ErrPinned where the two
// differ.
func (p *Project) Spec(testDigest string) (*Spec, error) {
	if p.Predictions == nil {
		return nil, fmt.Errorf("%s: no predictions to commit to\nhint: add predictions with file and column", p.Path)
	}
	pinned := ""
	if p.Data.Test.SHA256 != "" {
		pinned = "sha256:" + p.Data.Test.SHA256
	}
	switch {
	case testDigest == "" && pinned == "":
		return nil, fmt.Errorf("%s: data.test.sha256 is not given, and no test set was read\nhint: write the SHA-256 of the test set into data.test.sha256", p.Path)
	case testDigest == "":
		testDigest = pinned
	case !artifact.ValidDigest(testDigest):
		return nil, fmt.Errorf("digest of %s: %q is not sha256: and 64 hexadecimal digits", p.Data.Test.File, testDigest)
	case pinned != "" && pinned != testDigest:
		return nil, fmt.Errorf("%w: %s is %s, data.test.sha256 says %s", ErrPinned, p.Data.Test.File, testDigest, pinned)
	}
	s := p.spec()
	s.Test.Digest = testDigest
	text, err := s.Canonical()
	if err != nil {
		return nil, err
	}
	return s, schema.CheckJSON("spec", text)
}

// Canonical is the spec as RFC 8785 JSON: the bytes whose digest is signed.
func (s *Spec) Canonical() ([]byte, error) { return canonical.Marshal(s) }

// Digest is the SHA-256 of the canonical JSON.
func (s *Spec) Digest() (string, error) { return canonical.Digest(s) }

// ParseSpec reads a spec's JSON and refuses what Load would refuse in a
// project file.
func ParseSpec(text []byte) (*Spec, error) {
	if err := schema.CheckJSON("spec", text); err != nil {
		return nil, fmt.Errorf("reading a spec: %w", err)
	}
	var s Spec
	if err := canonical.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("reading a spec: %w", err)
	}
	if found := s.problems(true); len(found) > 0 {
		return nil, fmt.Errorf("reading a spec: %w", found)
	}
	return &s, nil
}
