package evaluate

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/schema"
)

// file writes a file and pins it.
func file(t testing.TB, name, text string) Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Source{
		Name: strings.TrimSuffix(name, filepath.Ext(name)), Path: name, Digest: artifact.Digest([]byte(text)),
		Open: func() (ReaderAtCloser, int64, error) {
			f, err := os.Open(path)
			return f, int64(len(text)), err
		},
	}
}

func ptr(v float64) *float64 { return &v }

// request is a binary evaluation of the given files under a plain spec.
func request(t testing.TB, test, predictions string) Request {
	t.Helper()
	r := Request{
		Spec: &project.Spec{
			Schema: project.SpecSchema, Name: "credit", Task: "binary", Level: "release", Judge: "bound", Confidence: 0.95, Draws: 200,
			Test:        project.TestSet{File: "test.csv", ID: "id", Label: "y", Positive: "1"},
			Predictions: project.SpecPredictions{Column: "p", ID: "id", Threshold: ptr(0.5)},
			Metrics:     map[string]project.Limit{},
		},
		SpecDigest:  artifact.Digest([]byte("spec")),
		Test:        file(t, "test.csv", test),
		Predictions: file(t, "preds.csv", predictions),
		Grade:       "computed",
	}
	r.Spec.Test.Digest = r.Test.Digest
	return r
}

// world is a seeded data set with age, region and sex, and a model's scores.
type world struct{ test, train, predictions, champion string }

func newWorld(n int) world {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	var test, train, predictions strings.Builder
	test.WriteString("id,age,region,sex,x,y\n")
	train.WriteString("account,age,region,sex,x,y\n")
	predictions.WriteString("id,p\n")
	champion := [][2]string{}
	row := func(b *strings.Builder, id string) (x float64, y int) {
		x = rng.NormFloat64()
		if rng.Float64() < 1/(1+math.Exp(1-2*x)) {
			y = 1
		}
		fmt.Fprintf(b, "%s,%d,%s,%s,%.5f,%d\n", id, 18+rng.IntN(60), []string{"north", "south", "east"}[rng.IntN(3)], []string{"f", "m"}[rng.IntN(2)], x, y)
		return x, y
	}
	for i := range n {
		id := fmt.Sprintf("%05d", i)
		x, _ := row(&test, id)
		row(&train, "t"+id)
		fmt.Fprintf(&predictions, "%s,%.6f\n", id, 1/(1+math.Exp(1-2*x)))
		champion = append(champion, [2]string{id, fmt.Sprintf("%.6f", 1/(1+math.Exp(1-1.5*x-0.4*rng.NormFloat64())))})
	}
	var stored strings.Builder
	stored.WriteString("id,score\n")
	for _, c := range champion {
		fmt.Fprintf(&stored, "%s,%s\n", pseudonym([]byte("key"), c[0]), c[1])
	}
	return world{test.String(), train.String(), predictions.String(), stored.String()}
}

// full asks every kind of question.
func full(t testing.TB, w world) Request {
	t.Helper()
	r := request(t, w.test, w.predictions)
	train := file(t, "train.csv", w.train)
	r.Train, r.IDKey = &train, []byte("key")
	r.Champion = &Champion{Channel: "production", Digest: artifact.Digest([]byte("champion")), Predictions: file(t, "champion.csv", w.champion)}
	s := r.Spec
	s.Train = &project.TrainSet{File: "train.csv", ID: "account", Label: "y"}
	s.Metrics = map[string]project.Limit{}
	for _, m := range project.Metrics("binary") {
		s.Metrics[m.Name] = project.Limit{Min: ptr(0.1)}
	}
	s.Metrics["recall"] = project.Limit{Min: ptr(0.5)}
	s.Baseline = &project.Baseline{Kind: "prior", Metric: "roc_auc", Gain: 0.02}
	s.Champion = &project.ChampionLimit{Channel: "production", Metric: "log_loss", Margin: 0.005}
	s.Slices = &project.Slices{By: []string{"region", "age:25,40,60"}, MinRows: 30, TooSmall: "undecided", Metrics: map[string]project.SliceLimit{
		"recall":   {Min: ptr(0.4), MaxGap: ptr(0.1)},
		"log_loss": {Max: ptr(0.7), MaxGap: ptr(0.1)},
		"roc_auc":  {MaxGap: ptr(0.1)},
		"f1":       {MaxGap: ptr(0.1)},
	}}
	s.Fairness = &project.Fairness{By: []string{"sex"}, MinRows: 30, Metrics: map[string]project.Limit{}}
	for _, m := range project.FairnessMetrics("binary") {
		s.Fairness.Metrics[m.Name] = project.Limit{Max: ptr(0.1)}
	}
	s.Drift = &project.Drift{Method: "psi", Max: 0.2}
	return r
}

func run(t *testing.T, r Request) *Result {
	t.Helper()
	result, err := Run(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	conforms(t, "predicate/evaluation", result.Evaluation)
	conforms(t, "predicate/datacheck", result.Datacheck)
	if result.Drift != nil {
		conforms(t, "predicate/drift", result.Drift)
	}
	return result
}

// conforms checks a predicate against its schema.
func conforms(t *testing.T, name string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.CheckJSON(name, text); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
}

// find is the result of an item.
func find(t *testing.T, r *Result, item string) ItemResult {
	t.Helper()
	var known []string
	for _, one := range r.Evaluation.Results {
		if one.Item == item {
			return one
		}
		known = append(known, one.Item)
	}
	t.Fatalf("no result %q; there are %q", item, known)
	return ItemResult{}
}
