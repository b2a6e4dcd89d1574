// Command train fits a logistic regression, the scorecard of every credit
// department, to train.csv and writes it to model.json. Which columns it uses,
// and how, stands in params.json.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
)

// params is params.json.
type params struct {
	Iterations int       `json:"iterations"` // Newton steps
	Ridge      float64   `json:"ridge"`      // penalty on the squared weights
	Features   []feature `json:"features"`
}

// model is model.json: all that scoring needs.
type model struct {
	Intercept float64   `json:"intercept"`
	Features  []feature `json:"features"`
}

func main() {
	paramsFile := flag.String("params", "params.json", "hyper-parameters and features")
	rowsFile := flag.String("train", "train.csv", "labelled rows")
	modelFile := flag.String("model", "model.json", "model file to write")
	flag.Parse()
	if err := train(*paramsFile, *rowsFile, *modelFile); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func train(paramsFile, rowsFile, modelFile string) error {
	p, err := readParams(paramsFile)
	if err != nil {
		return err
	}
	x, y, err := readRows(rowsFile, p.Features)
	if err != nil {
		return err
	}
	weights, loss, err := fit(x, y, p.Iterations, p.Ridge)
	if err != nil {
		return err
	}
	fmt.Printf("trained on %d applications, %d features, log loss on them %.4f\n", len(x), len(p.Features), loss)
	return write(modelFile, asModel(p.Features, weights))
}

func readParams(file string) (*params, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var p params
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(p.Features) == 0 || p.Iterations < 1 {
		return nil, fmt.Errorf("%s: features and iterations are needed", file)
	}
	return &p, nil
}

// asModel hands each feature its weights. They are rounded, so that the model
// file has the same bytes on processors that round the last bit differently.
func asModel(features []feature, weights []float64) model {
	m := model{Intercept: round(weights[0])}
	rest := weights[1:]
	for _, f := range features {
		for _, w := range rest[:f.width()] {
			f.Weights = append(f.Weights, round(w))
		}
		rest = rest[f.width():]
		m.Features = append(m.Features, f)
	}
	return m
}

func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }

func write(file string, m model) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
