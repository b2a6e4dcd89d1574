package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// Of a million rows the least difference is beyond chance. What decides is how
// large it is.
const million = 1_000_000

// right is a sample whose rows are positive and found where the function of
// the row says so.
func right(is func(row int) bool) *sample {
	half := 0.5
	s := &sample{task: "binary", threshold: &half, rows: make([]int32, million), positive: make([]bool, million), score: make([]float64, million)}
	for i := range million {
		s.rows[i], s.positive[i], s.score[i] = int32(i), true, indicator(is(i))
	}
	s.said = &predicted{score: s.score}
	return s
}

// TestSmallGapsOfManyRowsAreNotFound: a slice of a quarter of the rows is worse
// by less than a small effect, with a p-value below 1e-20.
func TestSmallGapsOfManyRowsAreNotFound(t *testing.T) {
	for _, c := range []struct{ positive, found int }{{770, 0}, {600, 1}} {
		s := right(func(int) bool { return false })
		g := &table.Column{Name: "g", Kind: table.Text, Codes: make([]int32, million), Dict: []string{"a", "b"}}
		for i := range million {
			s.score[i], s.positive[i] = 0.8, i/4%1000 < 800
			if i%4 == 0 {
				g.Codes[i], s.positive[i] = 1, i/4%1000 < c.positive
			}
		}
		spec := &project.Spec{Task: "binary", Confidence: 0.95, Predictions: project.SpecPredictions{Threshold: s.threshold}}
		w := &work{
			Request: Request{Spec: spec}, judge: &judge{spec: spec, seed: "s"}, all: s, labelled: s, truth: &truth{},
			test: &table.Table{Name: "test.csv", Rows: million, Columns: []*table.Column{g}},
		}
		got, err := w.search()
		if err != nil {
			t.Fatal(err)
		}
		looked := got.Rows / 4000
		gap := stats.Newcombe(stats.Proportion{X: 2400 * looked, N: 3000 * looked}, stats.Proportion{X: c.positive * looked, N: 1000 * looked}, 1-1e-15)
		if !(gap.Low > 0) {
			t.Errorf("%d of 1000: the gap is not significant: %+v", c.positive, gap)
		}
		if got.Status != StatusOK || got.Tried != 2 || len(got.Found) != c.found {
			t.Errorf("%d of 1000: got %+v; want %d found", c.positive, got, c.found)
		}
	}
}

// TestSmallFlipsOfManyRowsPass: the champion is right more often beyond all
// doubt, by a thousandth, and a margin of half a percent allows for it.
func TestSmallFlipsOfManyRowsPass(t *testing.T) {
	champion := right(func(i int) bool { return i%1000 < 900 })
	ours := right(func(i int) bool { return i%1000 >= 10 && i%1000 < 909 })
	spec := &project.Spec{Task: "binary", Confidence: 0.95, Judge: "bound", Predictions: project.SpecPredictions{Threshold: ours.threshold}}
	j := &judge{spec: spec, seed: "s"}
	w := &work{Request: Request{Spec: spec}, judge: j, all: ours, labelled: ours, truth: &truth{}}
	flips := w.flips(ours, champion)
	if flips.McNemar.P > 1e-10 || flips.Negative != 10_000 || flips.Positive != 9_000 {
		t.Errorf("got %+v; want 10,000 and 9,000 flips that chance does not explain", flips)
	}
	for margin, pass := range map[float64]bool{-0.005: true, -0.0005: false} {
		m, _ := j.improvement("accuracy", ours, champion, "accuracy vs production", &project.Limit{Min: &margin})
		if m.Status != StatusOK || math.Abs(*m.Value+0.001) > 1e-9 || *m.High >= 0 || *m.Low >= margin != pass || m.Needed != 0 {
			t.Errorf("margin %g: got %+v [%g, %g]; want it within: %v", margin, m, *m.Low, *m.High, pass)
		}
	}
	for most, pass := range map[float64]bool{0.011: true, 0.009: false} {
		m := w.negativeFlips(ours, champion, "flips", &project.Limit{Max: &most})
		if m.Status != StatusOK || *m.Value != 0.01 || *m.High <= most != pass {
			t.Errorf("limit %g: got %+v; want it within: %v", most, m, pass)
		}
	}
}

// TestSmallDriftOfManyRowsPasses: a column has moved by a thirtieth of its
// deviation, beyond all doubt, and its index is two hundred times below 0.2.
func TestSmallDriftOfManyRowsPasses(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	column := func(moved float64) *table.Table {
		c := &table.Column{Name: "x", Kind: table.Number, Numbers: make([]float64, million)}
		for i := range c.Numbers {
			c.Numbers[i] = moved + rng.NormFloat64()
		}
		return &table.Table{Name: fmt.Sprint(moved), Rows: million, Columns: []*table.Column{c}}
	}
	j := &judge{spec: &project.Spec{Confidence: 0.95, Draws: 200, Judge: "bound"}, seed: "s"}
	train := column(0)
	for moved, pass := range map[float64]bool{0.0316: true, 0.6: false} {
		m := j.driftOf("x", column(moved), train, &project.Limit{Max: ptr(0.2)})
		if m.Status != StatusOK || *m.Low <= *m.Null95 || *m.High <= 0.2 != pass || m.Needed != 0 {
			t.Errorf("moved by %g: got %+v, %g [%g, %g]; want it within the limit: %v", moved, m, *m.Value, *m.Low, *m.High, pass)
		}
		if pass && (*m.Value < 0.0005 || *m.Value > 0.002) {
			t.Errorf("moved by %g: got %g; want about 0.001", moved, *m.Value)
		}
	}
}
