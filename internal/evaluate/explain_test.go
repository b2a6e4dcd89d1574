package evaluate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/project"
)

// explained is a request whose spec wants explanations of four rows, of which a
// and c are decided positive.
func explained(t *testing.T, text string, change func(*project.Explanations)) Request {
	t.Helper()
	r := request(t, goodTest, goodPreds)
	e := &project.Explanations{ID: "id", Codes: []string{"r1", "r2"}, Catalogue: []string{"07", "08"}, For: "all", Min: ptr(1)}
	if change != nil {
		change(e)
	}
	r.Spec.Predictions.Explanations = e
	reasons := file(t, "reasons.csv", text)
	r.Explanations = &reasons
	return r
}

func negative(e *project.Explanations) { e.For = "negative" }

func positive(e *project.Explanations) { e.For = "positive" }

func importances(e *project.Explanations) {
	e.Codes, e.Catalogue, e.Importances = nil, nil, &project.Importances{Prefix: "shap_"}
}

func TestExplanationsAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		change func(*project.Explanations)
		want   Explained
	}{
		"every row":                           {"id,r1,r2\nd,07,\nc,08,07\nb,,08\na,07,08\n", nil, Explained{Rows: 4, Needed: 4, Covered: 4}},
		"those that are decided negative":     {"id,r1,r2\nd,07,\nb,,08\n", negative, Explained{Rows: 2, Needed: 2, Covered: 2}},
		"a negative row that is missing":      {"id,r1,r2\nd,07,\na,07,\n", negative, Explained{Rows: 2, Needed: 2, Covered: 1, First: &Unexplained{Row: 2, Why: "missing"}}},
		"a score at the threshold":            {"id,r1,r2\na,07,\nc,07,\n", positive, Explained{Rows: 2, Needed: 2, Covered: 2}},
		"a row without a code":                {"id,r1,r2\na,07,\nb,,\nc,08,\nd,08,\n", nil, Explained{Rows: 4, Needed: 4, Covered: 3, Invalid: 1, First: &Unexplained{Row: 2, Why: "empty", Line: 3}}},
		"a code that is not in the catalogue": {"id,r1,r2\na,07,\nb,07,7\nc,08,\nd,99,\n", nil, Explained{Rows: 4, Needed: 4, Covered: 2, Invalid: 2, First: &Unexplained{Row: 2, Why: "unknown_code", Line: 3, Column: "r2"}}},
		"rows of unknown ids":                 {"id,r1,r2\na,07,\nb,07,\nc,08,\nd,08,\nx,07,\ny,99,\n", nil, Explained{Rows: 6, Needed: 4, Covered: 4, UnknownIDs: 2}},
		"a fault in a row that needs none":    {"id,r1,r2\na,99,\nb,07,\nd,08,\n", negative, Explained{Rows: 3, Needed: 2, Covered: 2}},
		"importances":                         {"id,shap_age\na,1\nb,-2\nc,3e-9\nd,4\n", importances, Explained{Rows: 4, Needed: 4, Covered: 4}},
		"importances that are 0 or missing":   {"id,shap_age,shap_id\na,0,0\nb,,1\nc,inf,1\nd,0,-1\n", importances, Explained{Rows: 4, Needed: 4, Covered: 1, Invalid: 3, First: &Unexplained{Row: 1, Why: "all_zero", Line: 2}}},
		"an importance that is not finite":    {"id,shap_age\na,1\nb,2\nc,NaN\nd,1\n", importances, Explained{Rows: 4, Needed: 4, Covered: 3, Invalid: 1, First: &Unexplained{Row: 3, Why: "not_finite", Line: 4, Column: "shap_age"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := explained(t, c.text, c.change)
			if name == "a score at the threshold" {
				r.Spec.Predictions.Threshold = ptr(0.8)
			}
			c.want.Digest, c.want.For, c.want.Kind = r.Explanations.Digest, r.Spec.Predictions.Explanations.For, "codes"
			if r.Spec.Predictions.Explanations.Importances != nil {
				c.want.Kind = "importances"
			}
			result := run(t, r)
			if diff := cmp.Diff(&c.want, result.Evaluation.Explanations); diff != "" {
				t.Errorf("explanations (-want +got):\n%s", diff)
			}
			items := Items(r.Spec, nil).Explanations
			if len(items) != 1 {
				t.Fatalf("got %d items; want 1", len(items))
			}
			got := find(t, result, items[0].ID)
			if want := float64(c.want.Covered) / float64(c.want.Needed); got.Value == nil || *got.Value != *number(want) || got.N != c.want.Needed || got.Metric != items[0].Metric {
				t.Errorf("got %v %v of %d; want explanation_coverage %v of %d", got.Metric, got.Value, got.N, want, c.want.Needed)
			}
		})
	}
}

// TestTheMeasureOfExplanations compares a whole result: 1 of 2 has the exact
// interval of Clopper and Pearson, 1-sqrt(0.975) to sqrt(0.975).
func TestTheMeasureOfExplanations(t *testing.T) {
	got := find(t, run(t, explained(t, "id,r1,r2\nd,07,\n", negative)), "explanations for negative")
	want := ItemResult{Kind: "explanations", Item: "explanations for negative", Metric: "explanation_coverage", Measure: Measure{
		Status: "ok", Value: ptr(0.5), Low: ptr(0.0125791170934), High: ptr(0.987420882907), Method: "clopper_pearson", Level: 0.95, N: 2, Rows: 4, Threshold: ptr(0.5),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestNoRowNeedsAnExplanation(t *testing.T) {
	r := explained(t, "id,r1,r2\nd,07,\n", negative)
	r.Spec.Predictions.Threshold = ptr(0.01)
	got := find(t, run(t, r), "explanations for negative")
	want := Measure{Status: "undefined", Detail: "no row is decided negative, so there is none to explain", Rows: 4, Threshold: ptr(0.01)}
	if diff := cmp.Diff(want, got.Measure); diff != "" {
		t.Errorf("measure (-want +got):\n%s", diff)
	}
}

// TestExplanationsNeedNoLabels: they are about what the model said.
func TestExplanationsNeedNoLabels(t *testing.T) {
	r := explained(t, "id,r1,r2\nd,07,\nb,07,\n", negative)
	r.Test = file(t, "test.csv", "id,age,y\na,20,\nb,30,\nc,70,\nd,50,\n")
	r.Spec.Test.Digest = r.Test.Digest
	if got := find(t, run(t, r), "explanations for negative"); got.Status != "ok" || *got.Value != 1 {
		t.Errorf("got %+v; want 1", got.Measure)
	}
}

// TestARowWithoutAPredictionIsNotDecided: it needs an explanation only where
// all rows do.
func TestARowWithoutAPredictionIsNotDecided(t *testing.T) {
	for which, want := range map[string]int{"negative": 1, "all": 4} {
		r := explained(t, "id,r1,r2\nd,07,\n", func(e *project.Explanations) { e.For = which })
		r.Predictions = file(t, "preds.csv", "id,p\na,.9\nc,.8\nd,.1\n")
		if got := run(t, r).Evaluation.Explanations.Needed; got != want {
			t.Errorf("for %s: got %d rows; want %d", which, got, want)
		}
	}
}

func TestExplanationsByRowOrder(t *testing.T) {
	r := explained(t, "r1,r2\n07,\n,08\n,\n07,08\n", func(e *project.Explanations) { e.ID = "" })
	r.Spec.Test.ID, r.Spec.Predictions.ID = "", ""
	want := &Explained{Digest: r.Explanations.Digest, Rows: 4, Kind: "codes", For: "all", Needed: 4, Covered: 3, Invalid: 1, First: &Unexplained{Row: 3, Why: "empty", Line: 4}}
	if diff := cmp.Diff(want, run(t, r).Evaluation.Explanations); diff != "" {
		t.Errorf("explanations (-want +got):\n%s", diff)
	}
}

// TestPlantedFaultsAreCounted plants faults by a seed in files of shuffled
// rows, and counts them.
func TestPlantedFaultsAreCounted(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 7))
		var test, preds strings.Builder
		test.WriteString("id,y\n")
		preds.WriteString("id,p\n")
		var want Explained
		var lines []string
		n := 20 + rng.IntN(60)
		for i := range n {
			score := rng.Float64()
			fmt.Fprintf(&test, "k%d,%d\n", i, rng.IntN(2))
			fmt.Fprintf(&preds, "k%d,%v\n", i, score)
			line, covered, invalid := "", 0, 0
			switch rng.IntN(4) {
			case 0: // no such row
			case 1:
				line, invalid = fmt.Sprintf("k%d,,", i), 1
			case 2:
				line, invalid = fmt.Sprintf("k%d,07,nonsense", i), 1
			case 3:
				line, covered = fmt.Sprintf("k%d,,08", i), 1
			}
			if line != "" {
				lines = append(lines, line)
			}
			if score < 0.5 {
				want.Needed, want.Covered, want.Invalid = want.Needed+1, want.Covered+covered, want.Invalid+invalid
			}
		}
		for i := range rng.IntN(3) {
			lines, want.UnknownIDs = append(lines, fmt.Sprintf("z%d,07,", i)), want.UnknownIDs+1
		}
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		r := explained(t, "id,r1,r2\n"+strings.Join(lines, "\n")+"\n", negative)
		r.Test, r.Predictions = file(t, "test.csv", test.String()), file(t, "preds.csv", preds.String())
		r.Spec.Test.Digest = r.Test.Digest
		got := *run(t, r).Evaluation.Explanations
		want.Digest, want.Kind, want.For, want.Rows, want.First = got.Digest, "codes", "negative", len(lines), got.First
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func TestBadExplanationsAreRefused(t *testing.T) {
	good := "id,r1,r2\na,07,\n"
	for name, c := range map[string]struct {
		text   string
		change func(*project.Explanations)
		alter  func(*Request)
		want   string
	}{
		"no file":                     {good, nil, func(r *Request) { r.Explanations = nil }, "explanations come with a spec that asks for them, and with no other"},
		"a file that nobody asks for": {good, nil, func(r *Request) { r.Spec.Predictions.Explanations = nil }, "explanations come with a spec that asks for them, and with no other"},
		"other bytes":                 {good, nil, func(r *Request) { r.Explanations.Digest = "sha256:" + strings.Repeat("0", 64) }, "the file is not the pinned one: reasons.csv is sha256:89b35e47d87d, expected sha256:000000000000"},
		"no rows":                     {"id,r1,r2\n", nil, nil, "reasons.csv: no rows\nhint: write one row per row of data, under a header"},
		"an id twice":                 {good + "a,08,\n", nil, nil, "reasons.csv: line 3, column id: id \"a\" for the second time; the first is at line 2\nhint: write each row once"},
		"no id":                       {good + ",08,\n", nil, nil, "reasons.csv: line 3, column id: a row without an id\nhint: give every row an id"},
		"no id that matches":          {"id,r1,r2\nx,07,\n", nil, nil, "joining reasons.csv to test.csv: no id matches; column id begins with \"x\", column id with \"a\"\nhint: name the columns that hold the same ids in data.test.id and predictions.explanations.id"},
		"no column of ids":            {"key,r1,r2\na,07,\n", nil, nil, `reasons.csv: no column "id"; the columns are key, r1, r2`},
		"no column of codes":          {"id,r1\na,07\n", nil, nil, "reasons.csv: no column \"r2\"; the columns are id, r1\nhint: did you mean \"r1\"?"},
		"an unknown feature":          {"id,shap_aeg\na,1\n", importances, nil, "reasons.csv: column shap_aeg: \"aeg\" is no column of the test data that a model sees\nhint: did you mean \"shap_age\"? name each importance by the prefix and a column of the test data"},
		"a feature like no other":     {"id,shap_turnover\na,1\n", importances, nil, "reasons.csv: column shap_turnover: \"turnover\" is no column of the test data that a model sees\nhint: name each importance by the prefix and a column of the test data"},
		"the importance of the label": {"id,shap_y\na,1\n", importances, nil, "reasons.csv: column shap_y: \"y\" is no column of the test data that a model sees\nhint: name each importance by the prefix and a column of the test data"},
		"no importances":              {"id,age\na,1\n", importances, nil, "reasons.csv: no column begins with \"shap_\"; the columns are id, age\nhint: write what stands before each feature into predictions.explanations.importances.prefix"},
		"an importance that is text":  {"id,shap_age\na,1\nb,high\n", importances, nil, `reasons.csv: line 3, column shap_age: "high" is not a number`},
		"fewer rows and no ids": {"r1,r2\n07,\n", nil, func(r *Request) {
			r.Spec.Test.ID, r.Spec.Predictions.ID, r.Spec.Predictions.Explanations.ID = "", "", ""
		}, "joining reasons.csv to test.csv: 1 rows against 4, and no id column\nhint: name the id column in data.test.id"},
	} {
		t.Run(name, func(t *testing.T) {
			r := explained(t, c.text, c.change)
			if c.alter != nil {
				c.alter(&r)
			}
			if _, err := Run(context.Background(), r); err == nil || err.Error() != c.want {
				t.Fatalf("got %q; want %q", err, c.want)
			}
		})
	}
}
