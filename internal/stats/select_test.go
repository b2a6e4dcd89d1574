package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The numbers at some places are those of a sorted copy, whatever the numbers
// are like.
func TestOrderStatistics(t *testing.T) {
	kinds := map[string]func(rng *rand.Rand, i int) float64{
		"normal":          func(rng *rand.Rand, _ int) float64 { return rng.NormFloat64() },
		"counted":         func(_ *rand.Rand, i int) float64 { return float64(i) },
		"in a small part": func(rng *rand.Rand, _ int) float64 { return 1 + rng.Float64()*1e-9 },
		"few values":      func(rng *rand.Rand, _ int) float64 { return float64(rng.IntN(3) - 1) },
		"with none, infinities and negative zeros": func(rng *rand.Rand, i int) float64 {
			return []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), rng.NormFloat64()}[i%5]
		},
	}
	for name, draw := range kinds {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{5, 1000, leastRadix, 40_000} {
				rng := rand.New(rand.NewPCG(1, uint64(n)))
				x := make([]float64, n)
				for i := range x {
					x[i] = draw(rng, i)
				}
				sorted := slices.DeleteFunc(slices.Clone(x), math.IsNaN)
				slices.Sort(sorted)
				m := len(sorted)
				places := []int{0, m / 4, m / 2, m / 2, 3 * m / 4, m - 1}
				want := make([]float64, len(places))
				for i, p := range places {
					want[i] = sorted[p] + 0
				}
				if got := OrderStatistics(x, places); !slices.Equal(got, want) {
					t.Errorf("of %d numbers, those at %v: got %v; want %v", n, places, got, want)
				}
			}
		})
	}
}
