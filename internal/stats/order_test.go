package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// numbers are n numbers that are hard to sort: of both signs, from the
// smallest to the largest, with ties, zeros of both signs and infinities.
func hardNumbers(n int, rng *rand.Rand) []float64 {
	x := make([]float64, n)
	for i := range x {
		switch rng.IntN(8) {
		case 0:
			x[i] = math.Copysign(0, float64(rng.IntN(2))-0.5)
		case 1:
			x[i] = float64(rng.IntN(20) - 10)
		case 2:
			x[i] = math.Inf(rng.IntN(2)*2 - 1)
		case 3:
			x[i] = math.Float64frombits(rng.Uint64N(1 << 20)) // the smallest there are
		case 4:
			x[i] = -math.MaxFloat64 * rng.Float64()
		default:
			x[i] = rng.NormFloat64()
		}
	}
	return x
}

func TestRankingBesideComparison(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 100, leastRadix - 1, leastRadix, 3*leastRadix + 7} {
		for name, x := range map[string][]float64{
			"hard":      hardNumbers(n, rng),
			"all equal": make([]float64, n),
			"a half":    slices.Repeat([]float64{0.25, 0.75}, n/2),
		} {
			want := make([]int32, len(x))
			for i := range want {
				want[i] = int32(i)
			}
			slices.SortStableFunc(want, func(a, b int32) int { return cmp.Compare(x[a], x[b]) })
			if got := ranking(x); !slices.Equal(got, want) {
				t.Errorf("%s, %d numbers: the radix order is another than the comparison's", name, n)
			}
			sorted := slices.Sorted(slices.Values(x))
			sortNumbers(x)
			for i := range x {
				if x[i] != sorted[i] {
					t.Fatalf("%s, %d numbers: number %d: got %v; want %v", name, n, i, x[i], sorted[i])
				}
			}
		}
	}
	withNaN := append(hardNumbers(leastRadix, rng), math.NaN())
	if got := ranking(withNaN)[0]; got != leastRadix {
		t.Errorf("NaN: the first is row %d; want %d, as cmp.Compare has it", got, leastRadix)
	}
}

// TestPairsBesidePlacements compares with the area and the variance by every
// row's placement, and by every pair.
func TestPairsBesidePlacements(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for trial := range 200 {
		n := 2 + rng.IntN(200)
		positive, score := make([]bool, n), make([]float64, n)
		for i := range positive {
			positive[i], score[i] = rng.IntN(3) == 0, float64(rng.IntN(1+trial))/7
		}
		got, by := countPairs(positive, score), place(positive, score)
		var right, pairs float64
		for i := range positive {
			for j := range positive {
				if positive[i] && !positive[j] {
					pairs++
					if score[i] > score[j] {
						right++
					} else if score[i] == score[j] {
						right += 0.5
					}
				}
			}
		}
		if want := right / pairs; !(math.IsNaN(got.auc()) && math.IsNaN(want)) && got.auc() != want {
			t.Fatalf("area of %v, %v: got %v; want %v by all pairs", positive, score, got.auc(), want)
		}
		if math.IsNaN(got.auc()) {
			continue
		}
		want := variance(by.v10)/float64(len(by.v10)) + variance(by.v01)/float64(len(by.v01))
		if diff := math.Abs(got.variance() - want); diff > 1e-14*max(want, 1e-6) {
			t.Fatalf("variance of %v, %v: got %v; want %v by placements", positive, score, got.variance(), want)
		}
	}
}

// TestPairsOfMany has sums of squares that 64 bits do not hold.
func TestPairsOfMany(t *testing.T) {
	const n = 3_000_000
	positive, score := make([]bool, n), make([]float64, n)
	for i := range positive {
		positive[i], score[i] = i%2 == 1, float64(i)
	}
	p := countPairs(positive, score)
	// The k-th positive, from 0, is above k+1 of m negatives.
	const m = n / 2
	if got, want := p.auc(), (m+1.0)/(2*m); math.Abs(got-want) > 1e-15 {
		t.Errorf("area: got %v; want %v", got, want)
	}
	// A discrete uniform of m values has variance (m²−1)/12, unbiased m(m+1)/12.
	if got, want := p.variance(), 2*(m+1.0)/12/m/m; math.Abs(got/want-1) > 1e-12 {
		t.Errorf("variance: got %v; want %v", got, want)
	}
}

func BenchmarkDeLong(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 1_000_000
	positive, score := make([]bool, n), make([]float64, n)
	for i := range positive {
		positive[i], score[i] = rng.IntN(5) == 0, rng.Float64()
	}
	for b.Loop() {
		DeLong(positive, score, 0.95)
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
