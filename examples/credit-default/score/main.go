// Command score reads applications without labels as CSV on standard input
// and writes each account's probability of default as CSV on standard output.
// It needs model.json, and reads nothing else.
package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
)

// model is what train wrote.
type model struct {
	Intercept float64   `json:"intercept"`
	Features  []feature `json:"features"`
}

// feature says how a column enters the model; train/rows.go explains it.
type feature struct {
	Column  string    `json:"column"`
	Log     bool      `json:"log"`
	Edges   []float64 `json:"edges"`
	Empty   *float64  `json:"empty"`
	Weights []float64 `json:"weights"`
}

func main() {
	modelFile := flag.String("model", "model.json", "model file that train wrote")
	flag.Parse()
	if err := score(*modelFile, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func score(modelFile string, in io.Reader, out io.Writer) error {
	m, err := readModel(modelFile)
	if err != nil {
		return err
	}
	rows := csv.NewReader(in)
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("reading the header: %w", err)
	}
	account := slices.Index(header, "account")
	if account < 0 {
		return errors.New("no column account")
	}
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, "account,p_default")
	for line := 2; ; line++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return w.Flush()
		}
		if err != nil {
			return err
		}
		p, err := m.probability(header, row)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		fmt.Fprintf(w, "%s,%.6f\n", row[account], p)
	}
}

func readModel(file string) (*model, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var m model
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(m.Features) == 0 {
		return nil, fmt.Errorf("%s: no features", file)
	}
	for _, f := range m.Features {
		if len(f.Weights) != max(1, len(f.Edges)) {
			return nil, fmt.Errorf("%s: %s has %d weights", file, f.Column, len(f.Weights))
		}
	}
	return &m, nil
}

func (m *model) probability(header, row []string) (float64, error) {
	z := m.Intercept
	for _, f := range m.Features {
		at := slices.Index(header, f.Column)
		if at < 0 {
			return 0, fmt.Errorf("no column %s", f.Column)
		}
		points, err := f.points(row[at])
		if err != nil {
			return 0, err
		}
		z += points
	}
	return 1 / (1 + math.Exp(-z)), nil
}

// points is what one cell adds to the logarithm of the odds.
func (f *feature) points(cell string) (float64, error) {
	x, err := strconv.ParseFloat(cell, 64)
	if cell == "" && f.Empty != nil {
		x, err = *f.Empty, nil
	}
	if err != nil {
		return 0, fmt.Errorf("column %s: %q is not a number", f.Column, cell)
	}
	if len(f.Edges) > 0 {
		band := 0
		for band < len(f.Edges) && x >= f.Edges[band] {
			band++
		}
		if band == 0 {
			return 0, nil
		}
		return f.Weights[band-1], nil
	}
	if f.Log {
		x = math.Log1p(x)
	}
	return f.Weights[0] * x, nil
}
