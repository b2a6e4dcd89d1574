//go:build conformance

package stats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// conformanceSeeds is the number of samples per metric and variant.
const conformanceSeeds = 30

// bars are the largest relative differences allowed: 1e-6 for what is found by
// iteration, 1e-9 for the rest.
func bar(base string) float64 {
	if strings.HasPrefix(base, "calibration_") {
		return 1e-6
	}
	return 1e-9
}

// departures are where scikit-learn gives a number for what has none, or none
// for what has one, with the reason for doing otherwise. That a metric has a
// number at all is compared with its definition, in every case.
var departures = map[string]string{
	"binary precision":                   "nothing is decided positive: 0/0; scikit-learn warns and gives 0",
	"binary recall":                      "no positive row: 0/0; scikit-learn warns and gives 0",
	"binary specificity":                 "no negative row: 0/0; scikit-learn warns and gives 0",
	"binary fpr":                         "no negative row: 0/0; made of scikit-learn's recall of the negatives, which is 0 there",
	"binary f1":                          "neither positive rows nor decisions: 0/0; scikit-learn warns and gives 0",
	"binary f_beta":                      "neither positive rows nor decisions: 0/0; scikit-learn warns and gives 0",
	"binary balanced_accuracy":           "one class has no rows: scikit-learn takes the mean of the recalls that are left",
	"binary mcc":                         "labels or decisions do not vary: 0/0; scikit-learn gives 0",
	"binary average_precision":           "no positive row: scikit-learn warns and gives 0",
	"multiclass precision":               "the class is never decided: 0/0; scikit-learn warns and gives 0",
	"multiclass precision_macro":         "a class is never decided: scikit-learn counts it as 0",
	"multiclass precision_weighted":      "a class that has rows is never decided: scikit-learn counts it as 0",
	"multiclass recall":                  "the class has no rows: 0/0; scikit-learn warns and gives 0",
	"multiclass recall_macro":            "a class has no rows: scikit-learn counts it as 0",
	"multiclass specificity":             "all rows are of the class: 0/0; scikit-learn warns and gives 0",
	"multiclass f1":                      "the class has neither rows nor decisions: scikit-learn gives 0",
	"multiclass f1_macro":                "a class has neither rows nor decisions: scikit-learn counts it as 0",
	"multiclass f_beta_macro":            "a class has neither rows nor decisions: scikit-learn counts it as 0",
	"multiclass balanced_accuracy":       "a class has no rows: scikit-learn takes the mean of the recalls that are left",
	"multiclass mcc":                     "labels or decisions do not vary: 0/0; scikit-learn gives 0",
	"multilabel precision":               "the label is never decided: 0/0; scikit-learn warns and gives 0",
	"multilabel precision_macro":         "a label is never decided: scikit-learn counts it as 0",
	"multilabel precision_micro":         "no label is ever decided: 0/0; scikit-learn warns and gives 0",
	"multilabel precision_weighted":      "a label that has rows is never decided: scikit-learn counts it as 0",
	"multilabel precision_samples":       "a row has no decided label: scikit-learn counts it as 0",
	"multilabel recall":                  "the label has no rows: 0/0; scikit-learn warns and gives 0",
	"multilabel recall_macro":            "a label has no rows: scikit-learn counts it as 0",
	"multilabel recall_micro":            "no row has a label: 0/0; scikit-learn warns and gives 0",
	"multilabel recall_weighted":         "no row has a label: 0/0; scikit-learn warns and gives 0",
	"multilabel recall_samples":          "a row has no label: scikit-learn counts it as 0",
	"multilabel specificity":             "all rows have the label: 0/0; scikit-learn warns and gives 0",
	"multilabel f1":                      "neither rows nor decisions: 0/0; scikit-learn warns and gives 0",
	"multilabel f1_macro":                "a label has neither rows nor decisions: scikit-learn counts it as 0",
	"multilabel f1_micro":                "no row has a label or a decision: 0/0; scikit-learn warns and gives 0",
	"multilabel f_beta_macro":            "a label has neither rows nor decisions: scikit-learn counts it as 0",
	"multilabel f_beta_micro":            "no row has a label or a decision: 0/0; scikit-learn warns and gives 0",
	"multilabel f1_weighted":             "no row has a label: 0/0; scikit-learn warns and gives 0",
	"multilabel f_beta_weighted":         "no row has a label: 0/0; scikit-learn warns and gives 0",
	"multilabel f1_samples":              "a row has neither labels nor decisions: scikit-learn counts it as 0",
	"multilabel jaccard":                 "a row has neither labels nor decisions: scikit-learn counts it as 0",
	"multilabel average_precision":       "the label has no rows: scikit-learn warns and gives 0",
	"multilabel average_precision_macro": "a label has no rows: scikit-learn counts it as 0",
	"multilabel average_precision_micro": "no row has a label: scikit-learn warns and gives 0",
	"regression mape":                    "a label is 0: the relative error is infinite; scikit-learn divides by 2^-52",
	"forecasting mape":                   "a label is 0: the relative error is infinite; scikit-learn divides by 2^-52",
	"regression r2":                      "labels do not vary: 0/0; scikit-learn gives 0 or 1",
	"forecasting r2":                     "labels do not vary: 0/0; scikit-learn gives 0 or 1",
}

// conformanceCase is a sample as the script reads it.
type conformanceCase struct {
	Task       string               `json:"task"`
	Names      []string             `json:"names"`
	Positive   []bool               `json:"positive"`
	Is         []bool               `json:"is"`
	Label      any                  `json:"label"`
	Prob       []float64            `json:"prob"`
	Score      []float64            `json:"score"`
	Predicted  []float64            `json:"predicted"`
	Query      []int32              `json:"query"`
	Relevance  []float64            `json:"relevance"`
	Threshold  float64              `json:"threshold"`
	Thresholds []float64            `json:"thresholds"`
	Season     int                  `json:"season"`
	Weight     []float64            `json:"weight"`
	Columns    map[string][]float64 `json:"columns"`
	Metrics    []conformanceMetric  `json:"metrics"`

	sample  rowSample
	metrics []Metric
	size    float64
	name    string
}

type conformanceMetric struct {
	Base string   `json:"base"`
	Args []string `json:"args"`
}

func (c *conformanceCase) fill() {
	switch s := c.sample.(type) {
	case Binary:
		c.Positive, c.Score, c.Threshold, c.Weight, c.Columns = s.Positive, s.Score, *s.Threshold, s.Weight, s.Columns
	case Classes:
		c.Names, c.Label, c.Prob, c.Weight, c.Columns = s.Names, s.Label, s.Prob, s.Weight, s.Columns
	case Labels:
		c.Names, c.Is, c.Score, c.Threshold, c.Thresholds, c.Weight, c.Columns = s.Names, s.Is, s.Score, s.Threshold, s.Thresholds, s.Weight, s.Columns
	case Numbers:
		c.Label, c.Predicted, c.Season, c.Weight, c.Columns = s.Label, s.Predicted, s.Season, s.Weight, s.Columns
	case Queries:
		c.Query, c.Relevance, c.Score, c.Weight, c.Columns = s.Query, s.Relevance, s.Score, s.Weight, s.Columns
	}
	for _, m := range c.metrics {
		c.Metrics = append(c.Metrics, conformanceMetric{m.Base, m.Args})
	}
}

func conformanceCases() []*conformanceCase {
	var all []*conformanceCase
	for _, task := range tasks {
		for v, variant := range variants {
			for seed := range conformanceSeeds {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(v)))
				c := &conformanceCase{Task: task, metrics: examples(task), name: fmt.Sprintf("%s, %s, seed %d", task, variant, seed)}
				c.sample, c.size = drawSample(rng, task, variant, 20+rng.IntN(60))
				c.fill()
				all = append(all, c)
			}
		}
	}
	return all
}

// answer is the script's: [theirs, defined].
type answer struct {
	theirs  float64
	defined bool
}

func (a *answer) UnmarshalJSON(text []byte) error {
	var number *float64
	if err := json.Unmarshal(text, &[]any{&number, &a.defined}); err != nil {
		return err
	}
	if a.theirs = math.NaN(); number != nil {
		a.theirs = *number
	}
	return nil
}

func ask(t *testing.T, cases []*conformanceCase) [][]answer {
	t.Helper()
	python := os.Getenv("WEIGHLOCK_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	questions, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "testdata/conformance.py")
	var said bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(questions), &said
	text, err := command.Output()
	if err != nil {
		t.Fatalf("conformance.py: %v\n%s", err, said.String())
	}
	var answers [][]answer
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// agreement is what was found of a metric of a task.
type agreement struct {
	compared, undefined, departed int
	worst                         float64
	where                         string
}

func TestConformance(t *testing.T) {
	cases := conformanceCases()
	answers := ask(t, cases)
	agreements := map[string]*agreement{}
	for i, c := range cases {
		if len(answers[i]) != len(c.metrics) {
			t.Fatalf("%s: %d answers; want %d", c.name, len(answers[i]), len(c.metrics))
		}
		for k, m := range c.metrics {
			key := c.Task + " " + m.Base
			if agreements[key] == nil {
				agreements[key] = &agreement{}
			}
			compare(t, agreements[key], c, m, answers[i][k])
		}
	}
	judge(t, agreements)
}

func compare(t *testing.T, y *agreement, c *conformanceCase, m Metric, a answer) {
	t.Helper()
	ours := statisticOf(t, c.sample, m)(nil)
	if a.defined != !math.IsNaN(ours) {
		t.Errorf("%s: %s is %g; by its definition it has a value: %v", c.name, m.Name, ours, a.defined)
		return
	}
	if a.defined != !math.IsNaN(a.theirs) {
		y.departed++
	}
	switch {
	case !a.defined:
		y.undefined++
	case math.IsNaN(a.theirs):
	default:
		y.compared++
		if d := difference(ours, a.theirs, sizeOf(m, c.size)); d > y.worst {
			y.worst, y.where = d, fmt.Sprintf("%s: %s %.17g, theirs %.17g", c.name, m.Name, ours, a.theirs)
		}
	}
}

// difference is relative to the larger of both, or to a millionth of the
// numbers' size where that is more: a value that cancels to nearly zero has no
// digits to compare.
func difference(a, b, size float64) float64 {
	if a == b {
		return 0
	}
	return math.Abs(a-b) / max(math.Abs(a), math.Abs(b), 1e-6*size)
}

// judge prints the table and holds each metric against its bar.
func judge(t *testing.T, agreements map[string]*agreement) {
	t.Helper()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "task and metric\tcompared\tundefined\tdeparted\tlargest difference\tbar\t\n")
	for _, key := range slices.Sorted(maps.Keys(agreements)) {
		y := agreements[key]
		_, base, _ := strings.Cut(key, " ")
		verdict := "met"
		if !(y.worst <= bar(base)) || y.compared == 0 {
			verdict = "MISSED"
			t.Errorf("%s: %g is more than %g, or nothing was compared: %s", key, y.worst, bar(base), y.where)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.1e\t%.0e\t%s\n", key, y.compared, y.undefined, y.departed, y.worst, bar(base), verdict)
		if _, agreed := departures[key]; agreed != (y.departed > 0) {
			t.Errorf("%s: departs %d times from scikit-learn about having a value, and the table of departures has it: %v", key, y.departed, agreed)
		}
	}
	w.Flush()
	fmt.Printf("%s\ncompared: values held against theirs; undefined: no value by the definition, and none of ours;\n"+
		"departed: where scikit-learn has a number and the definition none, or the reverse:\n", text.String())
	for _, key := range slices.Sorted(maps.Keys(departures)) {
		fmt.Printf("  %s: %s\n", key, departures[key])
		if agreements[key] == nil {
			t.Errorf("departure %q is of no metric", key)
		}
	}
}
