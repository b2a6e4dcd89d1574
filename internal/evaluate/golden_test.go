package evaluate

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestOldSpecsKeepTheirBytes holds what a binary and a regression spec of the
// first two tasks get, whole, against what they got when there were no others.
func TestOldSpecsKeepTheirBytes(t *testing.T) {
	binary := full(t, newWorld(400))
	binary.Spec.Metrics = map[string]project.Limit{}
	for _, name := range []string{"accuracy", "balanced_accuracy", "precision", "recall", "specificity", "fpr", "selection_rate", "f1", "mcc", "roc_auc", "average_precision", "log_loss", "brier", "ece"} {
		binary.Spec.Metrics[name] = project.Limit{Min: ptr(0.5), Max: ptr(0.6)}
	}
	var test, train, predictions strings.Builder
	test.WriteString("id,g,x,y\n")
	train.WriteString("id,g,x,y\n")
	predictions.WriteString("id,p\n")
	for i := range 300 {
		x, noise := float64(i%37)/7, math.Sin(float64(i)*1.7)
		fmt.Fprintf(&test, "r%03d,%s,%.4f,%.4f\n", i, string("abc"[i%3]), x, 3+2*x+noise)
		fmt.Fprintf(&train, "t%03d,%s,%.4f,%.4f\n", i, string("abc"[i%3]), x+0.1, 3.1+2*x-noise)
		fmt.Fprintf(&predictions, "r%03d,%.4f\n", i, 3+2*x)
	}
	regression := request(t, test.String(), predictions.String())
	s := regression.Spec
	s.Task, s.Predictions.Threshold = "regression", nil
	source := file(t, "train.csv", train.String())
	regression.Train = &source
	s.Train = &project.TrainSet{File: "train.csv", ID: "id", Label: "y"}
	for _, name := range []string{"mae", "rmse", "mape", "r2", "bias", "median_ae"} {
		s.Metrics[name] = project.Limit{Max: ptr(1)}
	}
	s.Baseline = &project.Baseline{Kind: "constant", Metric: "mae", Gain: 0.1}
	s.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"mae": {Max: ptr(2), MaxGap: ptr(0.5)}, "median_ae": {MaxGap: ptr(0.5)}, "r2": {Min: ptr(0.5)}}}
	s.Drift = &project.Drift{Method: "psi", Max: 0.2}
	for name, r := range map[string]Request{"binary": binary, "regression": regression} {
		text, err := json.MarshalIndent(run(t, r), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		file := "testdata/" + name + ".golden.json"
		if *update {
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(text); got != string(want) {
			at := 0
			for at < len(got) && at < len(want) && got[at] == want[at] {
				at++
			}
			t.Errorf("%s differs at byte %d: got\n%s\nwant\n%s", name, at, got[max(0, at-300):min(len(got), at+100)], string(want)[max(0, at-300):min(len(want), at+100)])
		}
	}
}
