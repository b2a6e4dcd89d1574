package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// faulty is a data set whose model says nothing of the rows of region west on
// a mobile device; its columns are of every kind.
func faulty(n int) (test, predictions string) {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	var a, b strings.Builder
	a.WriteString("id,region,device,income,day,code,dup:licate,y\n")
	b.WriteString("id,p\n")
	for i := range n {
		region, device := []string{"north", "south", "west", ""}[rng.IntN(4)], []string{"mobile", "desk"}[rng.IntN(2)]
		income := rng.NormFloat64()
		p := 1 / (1 + math.Exp(1-2*income))
		truth := p
		if region == "west" && device == "mobile" {
			truth = 0.5
		}
		y := 0
		if rng.Float64() < truth {
			y = 1
		}
		fmt.Fprintf(&a, "r%d,%s,%s,%.4f,%d,c%d,x,%d\n", i, region, device, income, rng.IntN(7), rng.IntN(90), y)
		fmt.Fprintf(&b, "r%d,%.5f\n", i, p)
	}
	return a.String(), b.String()
}

func TestSearchFindsWhatNobodyDeclared(t *testing.T) {
	test, predictions := faulty(4000)
	r := request(t, test, predictions)
	r.Spec.Slices = &project.Slices{By: []string{"region"}, MinRows: 30, Metrics: map[string]project.SliceLimit{"recall": {MaxGap: ptr(0.1)}}}
	result := run(t, r)
	got := result.Evaluation.Search
	if len(got.Found) != 1 {
		t.Fatalf("got %+v; want one slice", got)
	}
	one := got.Found[0]
	if one.By != "region*device" || one.Group != "west*mobile" || one.Loss < one.Rest+0.05 || one.Effect < 0.3 || one.Adjusted > 1e-6 {
		t.Errorf("got %+v; want west on a mobile device", one)
	}
	// What it is called is what a spec would declare.
	r.Spec.Slices.By = append(r.Spec.Slices.By, one.By)
	again := run(t, r)
	if slice := find(t, again, gapItem("recall", one.By, one.Group)); slice.Rows != one.Rows {
		t.Errorf("declared, it has %d rows; found, %d", slice.Rows, one.Rows)
	}
	if found := again.Evaluation.Search.Found; len(found) > 0 {
		t.Errorf("got %+v; want nothing, now that it is declared", found)
	}
	got.Found = nil
	want := &Search{
		Status: StatusOK, Loss: "squared_error", Rows: 4000, Tried: got.Tried, Complete: true,
		Columns: []string{"region", "device", "income:q4", "day"}, LeftOut: []string{"code", "dup:licate"},
		Method: &SearchMethod{Name: "breadth_first", Test: "welch", Correction: "holm", Level: 0.05, MinEffect: 0.2, Order: 2, MinRows: 50, Bins: 4, ScoreBins: 20},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("search (-want +got):\n%s", diff)
	}
	if most := 17 + 4*2 + 4*4 + 4*7 + 2*4 + 2*7 + 4*7; got.Tried < 17 || got.Tried > most {
		t.Errorf("tried %d; want 17 groups, and no more than %d with their crossings", got.Tried, most)
	}
}

func TestSearchChangesNoResult(t *testing.T) {
	test, predictions := faulty(1000)
	r := request(t, test, predictions)
	r.Spec.Metrics["roc_auc"] = project.Limit{Min: ptr(0.5)}
	e := run(t, r).Evaluation
	if len(e.Results) != 1 || e.Results[0].Item != "roc_auc" {
		t.Errorf("got %+v; want roc_auc alone, and the search apart", e.Results)
	}
}

func TestSearchOfOtherLosses(t *testing.T) {
	numbers := func(r *Request) { r.Spec.Task, r.Spec.Predictions.Threshold = "regression", nil }
	for _, c := range []struct {
		name, test, preds string
		change            func(*Request)
		want              Search
	}{
		{"scores that are no probabilities", "id,y\na,1\nb,0\n", "id,p\na,7\nb,-2\n", nil, Search{Status: StatusOK, Loss: "zero_one", Rows: 2, Complete: true}},
		{"nor decided", "id,y\na,1\nb,0\n", "id,p\na,7\nb,-2\n", func(r *Request) { r.Spec.Predictions.Threshold = nil }, Search{Status: StatusUndefined, Detail: "the scores are no probabilities, and there is no threshold to decide by"}},
		{"numbers", "id,y\na,1\nb,0.5\n", "id,p\na,7\nb,-2\n", numbers, Search{Status: StatusOK, Loss: "absolute_error", Rows: 2, Complete: true}},
		{"one class", "id,y\na,1\nb,1\n", "id,p\na,.7\nb,.2\n", nil, Search{Status: StatusUndefined, Detail: "all 2 rows are positive"}},
		{"a label that is missing", "id,y\na,1\nb,\n", "id,p\na,.7\nb,.2\n", nil, Search{Status: StatusNoLabels, Detail: "1 of 2 rows of test.csv have no y; the first at line 3"}},
	} {
		r := request(t, c.test, c.preds)
		if c.change != nil {
			c.change(&r)
		}
		got := *run(t, r).Evaluation.Search
		got.Method = nil
		c.want.Columns, c.want.LeftOut, c.want.Found = []string{}, []string{}, []FoundSlice{}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestZeroOneLosses shows that the loss at the threshold is that of accuracy.
func TestZeroOneLosses(t *testing.T) {
	j := &judge{spec: &project.Spec{Task: "binary", Predictions: project.SpecPredictions{Threshold: ptr(3)}}}
	w := &work{Request: Request{Spec: j.spec}, judge: j, all: &sample{rows: make([]int32, 4), positive: []bool{true, true, false, false}, score: []float64{5, 2, 3, 0}, threshold: ptr(3)}}
	l, why := w.losses()
	if why != "" || l.name != "zero_one" {
		t.Fatalf("got %+v, %s; want zero_one", l, why)
	}
	if diff := cmp.Diff([]float64{0, 1, 1, 0}, l.bad); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManyRowsAreSampled(t *testing.T) {
	w := &work{judge: &judge{seed: "seed"}, all: &sample{rows: make([]int32, searchRows+100)}}
	at := w.lookedAt()
	again := w.lookedAt()
	if len(at) != searchRows || !slices.IsSorted(at) || !slices.Equal(at, again) || len(slices.Compact(at)) != searchRows {
		t.Errorf("got %d rows; want the same %d each time", len(at), searchRows)
	}
	if stats.Seed("seed", "search") == stats.Seed("other", "search") {
		t.Error("the sample does not turn on what is measured")
	}
}
