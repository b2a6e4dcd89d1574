// Package project reads the project file: weighlock.yaml (or .yml), weighlock.json or
// weighlock.cue, the one file that a model's team writes by hand, and makes of
// it the spec that is signed before training. It says everything that is
// wrong with the file at once, each problem with its line; it reads no data
// and judges nothing.
package project

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/schema"
)

// Project is a checked project file.
type Project struct {
	Dir  string // the project's folder, absolute
	Path string // the project file, absolute

	Name, Task  string
	Owner, Use  string // empty unless given
	Level       string // start unless given
	Mode        string // enforce unless given
	Files       []string
	Data        Data
	Predictions *Predictions // nil unless given
	Base        *Base        // nil unless given
	SpecPart    *SpecPart    // nil unless given
	Run         Run
	// Parameters are values for rules, by name; they only tighten.
	Parameters map[string]any

	Text    []byte        // the project file's bytes, as read
	Sources []schema.File // all files that make up the project file, Path's first

	document *schema.Document
}

// Data names the data sets.
type Data struct {
	Train          *Table // nil unless given
	Test           *Table
	NearDuplicates float64 // greatest share of test rows, 0.01 unless given
}

// Table is one data set and the roles of its columns; empty where not given.
type Table struct {
	File, ID, Time, Label string
	Positive              string // the positive label's text, 1 unless given
	// Labels are the truth's columns of a multilabel task, Classes those of a
	// multiclass one where they are named.
	Labels, Classes []string
	// Group is the query's column for ranking, Unit that by which rows belong
	// together, Weight that of what a row counts, Series that of a time series.
	Group, Unit, Weight, Series string
	Season                      int // steps after which a series repeats; 0 unless given
	// Decision is the column of what was decided of a row when its label arose,
	// Decided its value at which a row gets a label (1 unless given), and
	// Propensity the column of the probability of the decision that was taken.
	Decision, Decided, Propensity string
	// Matures is how long after Time a label can still change, and Labelled when
	// the labels were read.
	Matures, Labelled string
	SHA256            string // 64 hexadecimal digits that pin the bytes
	Store             string // registry, external or aggregate
}

// Base is a model that another one adapts or was made from.
type Base struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Predictions says where the model's predictions on Data.Test are.
type Predictions struct {
	File, Column string
	ID           string   // Data.Test's unless given
	Command      string   // makes them anew
	Limits       Limits   // of Command
	Environment  []string // names of variables that Command gets
	Threshold    *float64
	Store        string
	// Columns are those of the scores by class or label, Prefix what stands
	// before its name instead; Decision is the column of the decided class.
	Columns          map[string]string
	Prefix, Decision string
	// Explanations says why each row was scored as it was; nil unless given.
	Explanations *Explanations
}

// Named lists the columns that the project file itself names in the
// predictions, and those of them that hold numbers.
func (p *Predictions) Named() (all, numbers []string) {
	if p.Column != "" {
		numbers = append(numbers, p.Column)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Columns)) {
		numbers = append(numbers, p.Columns[name])
	}
	all = slices.Clone(numbers)
	if p.Decision != "" {
		all = append(all, p.Decision)
	}
	return all, numbers
}

// Limits bound predictions.command; 0 where the project file gives none.
type Limits struct {
	Seconds   int
	MemoryMiB int `json:"memory_mib"`
	OutputMiB int `json:"output_mib"`
}

// Run says what a training run reads and leaves beside the model.
type Run struct {
	Inputs, Outputs []string // files, folders and globs
	Parameters      string   // a JSON or YAML file
	Seeds           map[string]string
}

// SpecPart is the key spec as it was written.
type SpecPart struct {
	Judge       string           `json:"judge"`
	Confidence  *float64         `json:"confidence"`
	Draws       *int             `json:"draws"`
	Metrics     map[string]Limit `json:"metrics"`
	Baseline    *Baseline        `json:"baseline"`
	Champion    *ChampionLimit   `json:"champion"`
	Slices      *SlicesPart      `json:"slices"`
	Fairness    *FairnessPart    `json:"fairness"`
	Drift       *Drift           `json:"drift"`
	Sensitivity []Sensitivity    `json:"sensitivity"`
}

// Location is where a path such as spec.metrics.roc_auc stands in the project
// file; where there is nothing at the path, its nearest parent.
func (p *Project) Location(path string) *verdict.Location {
	file, line, col, _ := p.document.Place(path)
	return &verdict.Location{File: filepath.Base(file), Line: line, Col: col}
}

// Abs is a path of the project file in the file system.
func (p *Project) Abs(rel string) string { return filepath.Join(p.Dir, filepath.FromSlash(rel)) }
