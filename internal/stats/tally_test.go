package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
)

// tallySample is a sample with three columns to group by, of which the last
// has more groups than fit into one bundle.
func tallySample(n int) (positive []bool, score []float64, by []Partition) {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	positive, score = make([]bool, n), make([]float64, n)
	by = []Partition{{Groups: 5}, {Groups: 60}, {Groups: 300}}
	for k := range by {
		by[k].Of = make([]uint16, n)
	}
	for i := range score {
		score[i] = rng.Float64()
		if i%50 == 0 {
			score[i] = float64(rng.IntN(2))
		}
		positive[i] = rng.Float64() < score[i]*0.9+0.02
		for k := range by {
			by[k].Of[i] = uint16(rng.IntN(by[k].Groups - 1)) // the last group is empty
		}
	}
	return positive, score, by
}

// twin counts some rows by the functions that need them all.
func twin(positive []bool, score []float64, threshold float64, in func(i int) bool) Tally {
	var y []bool
	var p []float64
	for i := range positive {
		if in(i) {
			y, p = append(y, positive[i]), append(p, score[i])
		}
	}
	out := Tally{Table: Confuse(y, p, threshold)}
	losses, wrong := LogLosses(y, p)
	out.LogLoss, out.Brier, out.Clipped = MomentsOf(losses), MomentsOf(Squares(y, p)), wrong
	out.Bins = ReliabilityOf(y, p)
	return out
}

func TestTalliesCountWhatTheRowsHold(t *testing.T) {
	threshold := 0.4
	for _, n := range []int{1, 15, 3000, 70_000} {
		positive, score, by := tallySample(n)
		whole, groups := Tallies(positive, score, &threshold, true, by)
		sameTally(t, fmt.Sprintf("%d rows", n), whole, twin(positive, score, threshold, func(int) bool { return true }))
		for k, p := range by {
			if len(groups[k]) != p.Groups {
				t.Fatalf("partition %d: got %d groups; want %d", k, len(groups[k]), p.Groups)
			}
			for _, g := range []int{0, p.Groups / 2, p.Groups - 1} {
				want := twin(positive, score, threshold, func(i int) bool { return p.Of[i] == uint16(g) })
				sameTally(t, fmt.Sprintf("%d rows, partition %d, group %d", n, k, g), groups[k][g], want)
			}
		}
	}
}

func sameTally(t *testing.T, name string, got, want Tally) {
	t.Helper()
	if got.Table != want.Table || got.Clipped != want.Clipped {
		t.Errorf("%s: got %+v and %d clipped; want %+v and %d", name, got.Table, got.Clipped, want.Table, want.Clipped)
	}
	for i, b := range got.Bins {
		w := want.Bins[i]
		if b.N != w.N || b.Positive != w.Positive || !closeTo(b.Probability, w.Probability, 1e-11) || !closeTo(b.Variance, w.Variance, 1e-11) {
			t.Errorf("%s, bin %d: got %+v; want %+v", name, i, b, w)
		}
	}
	for _, m := range [][2]Moments{{got.LogLoss, want.LogLoss}, {got.Brier, want.Brier}} {
		g, w := m[0], m[1]
		if g.N != w.N || !closeTo(g.Mean, w.Mean, 1e-11) || !closeTo(g.M2, w.M2, 1e-9) || !closeTo(g.M3, w.M3, 1e-9) {
			t.Errorf("%s: got moments %+v; want %+v", name, g, w)
		}
	}
}

func closeTo(a, b, relative float64) bool {
	return math.Abs(a-b) <= relative*math.Max(1e-3, math.Abs(b))
}

// Without a threshold nobody is decided positive, and of scores that are no
// probabilities there are no losses.
func TestTalliesOfScoresAlone(t *testing.T) {
	got, _ := Tallies([]bool{true, false, true}, []float64{-3, 7, 12}, nil, false, nil)
	if want := (Tally{Table: Confusion{FN: 2, TN: 1}}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
}

// Rows that all lose the same have no variance at all, however often rounding
// could have made one.
func TestTalliesOfEqualLosses(t *testing.T) {
	n := 100_003
	positive, score := make([]bool, n), make([]float64, n)
	for i := range score {
		positive[i], score[i] = i%2 == 0, 0.5
	}
	got, _ := Tallies(positive, score, nil, true, nil)
	if got.LogLoss.M2 != 0 || got.Brier.M2 != 0 || got.LogLoss.Mean != math.Ln2 {
		t.Errorf("got %+v and %+v; want no variance, and a mean log loss of %v", got.LogLoss, got.Brier, math.Ln2)
	}
}

func TestTalliesDoNotDependOnProcessors(t *testing.T) {
	positive, score, by := tallySample(30_000)
	threshold := 0.5
	var all [][][]Tally
	for _, n := range []int{1, 2, 7} {
		before := runtime.GOMAXPROCS(n)
		_, groups := Tallies(positive, score, &threshold, true, by)
		runtime.GOMAXPROCS(before)
		all = append(all, groups)
	}
	if !reflect.DeepEqual(all[0], all[1]) || !reflect.DeepEqual(all[0], all[2]) {
		t.Error("the sums differ with the number of processors")
	}
}

// What every streaming metric of ten million rows costs for the counting.
func BenchmarkTallies(b *testing.B) {
	positive, score, _ := tallySample(1_000_000)
	by := []Partition{{Groups: 8}, {Groups: 50}, {Groups: 4}}
	for k := range by {
		by[k].Of = make([]uint16, len(score))
		for i := range score {
			by[k].Of[i] = uint16((i * 7919) % by[k].Groups)
		}
	}
	threshold := 0.5
	b.ReportAllocs()
	for b.Loop() {
		Tallies(positive, score, &threshold, true, by)
	}
	b.ReportMetric(float64(len(score)*b.N)/b.Elapsed().Seconds(), "rows/s")
}
