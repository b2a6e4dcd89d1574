package stats

import (
	"fmt"
	"math"
	"testing"
)

// Areas, their intervals and the gaps of groups are those that each group's
// own rows give.
func TestRankTalliesAreThoseOfTheRows(t *testing.T) {
	for _, n := range []int{2, 40, 3000, 20_000} {
		positive, score, by := tallySample(n)
		for i := range score {
			if i%3 > 0 {
				score[i] = math.Round(score[i]*200) / 200 // ties
			}
		}
		whole, groups := RankTallies(positive, score, by)
		sameArea(t, fmt.Sprintf("%d rows", n), whole, positive, score)
		for k, p := range by {
			for g := 0; g < p.Groups; g += 1 + p.Groups/7 {
				name := fmt.Sprintf("%d rows, partition %d, group %d", n, k, g)
				var y []bool
				var s []float64
				marked := make([]bool, n)
				for i, of := range p.Of {
					if marked[i] = of == uint16(g); marked[i] {
						y, s = append(y, positive[i]), append(s, score[i])
					}
				}
				sameArea(t, name, groups[k][g], y, s)
				gap, i := whole.Gap(groups[k][g], 0.95)
				wantGap, want := DeLongGap(positive, score, marked, 0.95)
				if !same(gap, wantGap) || i.Detail != want.Detail || i.Usable() != want.Usable() || i.Usable() && (math.Abs(i.Low-want.Low) > 1e-9 || math.Abs(i.High-want.High) > 1e-9) {
					t.Errorf("%s: got gap %v %+v; want %v %+v", name, gap, i, wantGap, want)
				}
			}
		}
	}
}

func same(a, b float64) bool {
	return math.Abs(a-b) <= 1e-12 || math.IsNaN(a) && math.IsNaN(b)
}

func sameArea(t *testing.T, name string, got RankTally, positive []bool, score []float64) {
	t.Helper()
	auc, i := got.DeLong(0.95)
	wantAUC, want := DeLong(positive, score, 0.95)
	if !same(auc, wantAUC) || !same(got.AUC(), wantAUC) || fmt.Sprint(i) != fmt.Sprint(want) {
		t.Errorf("%s: got %v %+v; want %v %+v", name, auc, i, wantAUC, want)
	}
}

// Scores of which one is far from all others leave no bucket too large to be
// ordered.
func TestRankTalliesOfSkewedScores(t *testing.T) {
	positive, score, by := tallySample(300_000)
	for i := range score {
		score[i] = math.Exp(-700 * score[i])
	}
	score[7] = 1e300
	whole, groups := RankTallies(positive, score, by[:1])
	sameArea(t, "all", whole, positive, score)
	var y []bool
	var s []float64
	for i, of := range by[0].Of {
		if of == 1 {
			y, s = append(y, positive[i]), append(s, score[i])
		}
	}
	sameArea(t, "a group", groups[0][1], y, s)
}

func BenchmarkRankTallies(b *testing.B) {
	positive, score, _ := tallySample(1_000_000)
	by := []Partition{{Groups: 8}, {Groups: 50}, {Groups: 4}}
	for k := range by {
		by[k].Of = make([]uint16, len(score))
		for i := range score {
			by[k].Of[i] = uint16((i * 7919) % by[k].Groups)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		RankTallies(positive, score, by)
	}
	b.ReportMetric(float64(len(score)*b.N)/b.Elapsed().Seconds(), "rows/s")
}
