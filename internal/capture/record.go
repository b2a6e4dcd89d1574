package capture

import (
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/scorer"
)

// Start is the record that is made just before the command runs. It embeds
// the digest of the spec's signed bundle, so the spec was signed before.
type Start struct {
	ID      string   `json:"id"`      // random, 32 hexadecimal digits
	Spec    string   `json:"spec"`    // digest of the spec's canonical JSON
	Bundle  string   `json:"bundle"`  // digest of the spec's signed bundle
	Command []string `json:"command"` // as given
	Time    string   `json:"time"`    // by the builder's clock
}

// Record is one run as it was watched: schema/predicate/run/v1. A run that
// failed has no outputs, and its statement is about the spec and no file.
type Record struct {
	Model      lineage.Model  `json:"model"`
	Start      Start          `json:"start"`
	StartToken string         `json:"start_token,omitempty"` // RFC 3161 over SHA-256 of Start's canonical JSON, DER in base64
	Ended      string         `json:"ended"`
	Exit       int            `json:"exit"`
	Outputs    []lineage.File `json:"outputs"`
}

// Predictions binds predictions to the model files and the data that they
// were made from: schema/predicate/predictions/v1.
type Predictions struct {
	Model       lineage.Model  `json:"model"`
	Run         string         `json:"run"`
	Grade       string         `json:"grade"`
	Files       []lineage.File `json:"files"`
	Data        Rows           `json:"data"`
	Predictions Scores         `json:"predictions"`
	Command     string         `json:"command"`
	// Limits and Confinement are those that the scorer ran under.
	Limits      *scorer.Limits      `json:"limits,omitempty"`
	Confinement *scorer.Confinement `json:"confinement,omitempty"`
}

// Rows is the evaluation set as the scorer got it.
type Rows struct {
	Name     string   `json:"name"`
	Digest   string   `json:"digest"` // of the file, labels included
	Rows     int      `json:"rows"`
	Withheld []string `json:"withheld,omitempty"` // columns that the scorer was not given
}

// Scores is the file that the scorer's output became.
type Scores struct {
	Path   string `json:"path"`
	Digest string `json:"digest"`
	Rows   int    `json:"rows"`
	Column string `json:"column,omitempty"`
	// Columns are those of the scores by class or label, Prefix stands before
	// its name instead; Decision is the column of the decided class.
	Columns  map[string]string `json:"columns,omitempty"`
	Prefix   string            `json:"prefix,omitempty"`
	Decision string            `json:"decision,omitempty"`
}

// commitment is the predicate of a spec statement: schema/predicate/spec/v1.
type commitment struct {
	Model    lineage.Model `json:"model"`
	Document *project.Spec `json:"document"`
}
