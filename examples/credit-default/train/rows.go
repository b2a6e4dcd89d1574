package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
)

// feature says how a column enters the model: as it is, as a logarithm, or
// cut into bands of which each but the first has a weight of its own.
type feature struct {
	Column  string    `json:"column"`
	Log     bool      `json:"log,omitempty"`     // take ln(1+x)
	Edges   []float64 `json:"edges,omitempty"`   // inner edges of the bands
	Empty   *float64  `json:"empty,omitempty"`   // what an empty cell stands for; without it, one is an error
	Weights []float64 `json:"weights,omitempty"` // in model.json only
}

// width is the number of weights that the feature has.
func (f feature) width() int { return max(1, len(f.Edges)) }

// values appends what the model sees of one cell.
func (f feature) values(row []float64, cell string) ([]float64, error) {
	x, err := strconv.ParseFloat(cell, 64)
	if cell == "" && f.Empty != nil {
		x, err = *f.Empty, nil
	}
	if err != nil {
		return nil, fmt.Errorf("column %s: %q is not a number", f.Column, cell)
	}
	if len(f.Edges) == 0 {
		if f.Log {
			x = math.Log1p(x)
		}
		return append(row, x), nil
	}
	for i, from := range f.Edges {
		in := 0.0
		if x >= from && (i+1 == len(f.Edges) || x < f.Edges[i+1]) {
			in = 1
		}
		row = append(row, in)
	}
	return row, nil
}

// readRows reads the features, each row headed by a 1 for the intercept, and
// the labels.
func readRows(file string, features []feature) (x [][]float64, y []float64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(lines) < 2 {
		return nil, nil, fmt.Errorf("%s: no rows", file)
	}
	label := slices.Index(lines[0], "defaulted")
	if label < 0 {
		return nil, nil, fmt.Errorf("%s: no column defaulted", file)
	}
	for i, line := range lines[1:] {
		row := []float64{1}
		for _, feature := range features {
			at := slices.Index(lines[0], feature.Column)
			if at < 0 {
				return nil, nil, fmt.Errorf("%s: no column %s", file, feature.Column)
			}
			if row, err = feature.values(row, line[at]); err != nil {
				return nil, nil, fmt.Errorf("%s:%d: %w", file, i+2, err)
			}
		}
		defaulted := 0.0
		switch line[label] {
		case "1":
			defaulted = 1
		case "0":
		default:
			return nil, nil, fmt.Errorf("%s:%d: defaulted is %q, neither 0 nor 1", file, i+2, line[label])
		}
		x, y = append(x, row), append(y, defaulted)
	}
	return x, y, nil
}
