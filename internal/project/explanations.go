package project

import (
	"fmt"
	"slices"
	"strconv"
)

// DefaultFor is which rows need an explanation, and DefaultMin the least share
// of them that must have one.
const (
	DefaultFor = "all"
	DefaultMin = 1.0
)

// Explanations says which file explains the predictions, what is an
// explanation there, and which rows need one. A spec has everything but the
// file, which is the evaluation's.
type Explanations struct {
	File string `json:"file,omitempty"` // empty in a spec
	// ID is the column that names a row; empty where rows are joined by their
	// order.
	ID string `json:"id,omitempty"`
	// Codes are the columns of reason codes, and Catalogue the codes that exist.
	Codes     []string `json:"codes,omitempty"`
	Catalogue []string `json:"catalogue,omitempty"`
	// Importances says which columns hold numbers instead, one for each feature.
	Importances *Importances `json:"importances,omitempty"`
	For         string       `json:"for"` // all, positive or negative
	// Min is the least share of the rows that need one and have it.
	Min *float64 `json:"min"`
}

// Importances are columns whose names are Prefix and the name of a feature.
type Importances struct {
	Prefix string `json:"prefix"`
}

// spec is what a spec says of them, with every default written out.
func (e *Explanations) spec() *Explanations {
	if e == nil {
		return nil
	}
	filled := *e
	filled.File, filled.For = "", or(e.For, DefaultFor)
	if filled.Min == nil {
		least := DefaultMin
		filled.Min = &least
	}
	return &filled
}

// explanations refuses what is no explanation, and rows that nothing tells
// from others.
func (c *specCheck) explanations() {
	const at = "predictions.explanations"
	e := c.spec.Predictions.Explanations
	if e == nil {
		return
	}
	switch {
	case len(e.Codes) > 0 && e.Importances != nil:
		c.add(at+".importances", at+".codes beside it", "one of the two")
	case len(e.Codes) == 0 && e.Importances == nil:
		c.add(at, "neither codes nor importances", "the columns of reason codes, or what stands before a feature in the name of its importance")
	case e.Importances != nil && len(e.Catalogue) > 0:
		c.add(at+".catalogue", at+".importances beside it", "a catalogue for codes only")
	case e.Importances == nil && len(e.Catalogue) == 0:
		c.add(at+".catalogue", "nothing", "the reason codes that exist: any other one explains nothing")
	}
	c.twice(at+".codes", e.Codes)
	c.twice(at+".catalogue", e.Catalogue)
	if i := slices.Index(e.Codes, e.ID); i >= 0 && e.ID != "" {
		c.add(fmt.Sprintf("%s.codes[%d]", at, i), "column "+strconv.Quote(e.ID)+", which is the id", "a column of reason codes")
	}
	if e.ID != "" && c.spec.Test.ID == "" {
		c.add(at+".id", "no data.test.id", "the test data's own ids, which it is joined to")
	}
	switch {
	case e.For == DefaultFor:
	case c.spec.Task != "binary":
		c.add(at+".for", "task "+c.spec.Task, "all, or task binary, whose rows are decided positive or negative")
	case c.spec.Predictions.Threshold == nil:
		c.add(at+".for", "no predictions.threshold", "the score from which a row is decided positive")
	}
}
