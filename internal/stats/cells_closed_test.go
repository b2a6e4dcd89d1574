package stats

import (
	"fmt"
	"math"
	"testing"
)

// Where every cell holds many rows, the ends without draws are those of many
// draws, of a metric and of its gap.
func TestDecisionsOfManyRowsAreNotDrawn(t *testing.T) {
	r := Resampling{Draws: 40_000, Seed: 5, Confidence: 0.95}
	all := Confusion{TP: 9000, FP: 2100, TN: 30_000, FN: 4000}
	part := Confusion{TP: 900, FP: 400, TN: 2500, FN: 200}
	rest := Confusion{TP: all.TP - part.TP, FP: all.FP - part.FP, TN: all.TN - part.TN, FN: all.FN - part.FN}
	for _, name := range []string{"f1", "mcc", "balanced_accuracy", "cohen_kappa", "f_beta(2)", "cost(fp=1,fn=5)"} {
		m, _ := Lookup(name)
		f := binaryFormula(name)
		drawn := r.Cells([][]int{all.cells()}, func(n [][]int) float64 { return fromCells(n[0]).by(f) })
		sameEnds(t, name, r.DecisionInterval(all, name), drawn)
		drawn = r.Cells([][]int{part.cells(), rest.cells()}, func(n [][]int) float64 {
			p, q := fromCells(n[0]), fromCells(n[1])
			return Confusion{p.TP + q.TP, p.FP + q.FP, p.TN + q.TN, p.FN + q.FN}.by(f) - p.by(f)
		})
		sameEnds(t, name+" gap", r.DecisionGap(all, part, m, func(all, part float64) float64 { return all - part }), drawn)
	}
	few := all
	few.FN = leastCell - 1
	if i := r.DecisionInterval(few, "f1"); i.Method != "bca" || i.Draws != r.Draws {
		t.Errorf("with %d rows in a cell: got %+v; want draws", few.FN, i)
	}
}

func sameEnds(t *testing.T, name string, got, want Interval) {
	t.Helper()
	width := want.High - want.Low
	if got.Method != "abc" || got.Draws != 0 || math.Abs(got.Low-want.Low) > 0.02*width || math.Abs(got.High-want.High) > 0.02*width {
		t.Errorf("%s: got %+v; want about %+v", name, got, want)
	}
}

// A function that is no straight line has its bias and curvature found: of the
// logarithm of the odds both are known.
func TestSmoothCellsOfOdds(t *testing.T) {
	for _, n := range [][]int{{30_000, 3000}, {20_000, 101}} {
		a, b := float64(n[0]), float64(n[1])
		got := smoothCells([][]int{n}, func(n [][]int) float64 { return math.Log(float64(n[0][0]) / float64(n[0][1])) })
		bias := (1/b - 1/a) / 2
		if want := 1/a + 1/b; math.Abs(got.variance-want) > 3e-3*want || math.Abs(got.bias-bias) > 1e-2*bias {
			t.Errorf("%v: got variance %v and bias %v; want %v and %v", n, got.variance, got.bias, want, bias)
		}
	}
}

// The moments of the rows outside a part are those of these rows.
func TestMomentsWithoutAPart(t *testing.T) {
	rng := generator(3, 0)
	for _, n := range []int{1, 2, 30, 5000} {
		var inside, outside []float64
		for k := range n {
			if x := rng.ExpFloat64() * float64(1+k%3); k%4 == 1 {
				inside = append(inside, x+2)
			} else {
				outside = append(outside, x)
			}
		}
		part, want := MomentsOf(inside), MomentsOf(outside)
		got := part.Merge(want).Minus(part)
		if got.N != want.N || !closeTo(got.Mean, want.Mean, 1e-10) || !closeTo(got.M2, want.M2, 1e-9) || !closeTo(got.M3, want.M3, 1e-8) {
			t.Errorf("%d rows: got %+v; want %+v", n, got, want)
		}
	}
	m := MomentsOf([]float64{1, 2})
	if got := fmt.Sprint(m.Minus(m), m.Minus(Moments{}) == m); got != "{0 0 0 0} true" {
		t.Errorf("all and nothing: got %s", got)
	}
}

// The bins of the rows outside a part are those of these rows.
func TestReliabilityWithoutAPart(t *testing.T) {
	positive, score, _ := tallySample(2000)
	all, part, want := ReliabilityOf(positive, score), ReliabilityOf(positive[:700], score[:700]), ReliabilityOf(positive[700:], score[700:])
	for i, b := range all.Minus(part) {
		if w := want[i]; b.N != w.N || b.Positive != w.Positive || !closeTo(b.Probability, w.Probability, 1e-11) || !closeTo(b.Variance, w.Variance, 1e-11) {
			t.Errorf("bin %d: got %+v; want %+v", i, b, w)
		}
	}
	if got := all.Minus(all); got != (Reliability{}) {
		t.Errorf("without all: got %+v", got)
	}
}
