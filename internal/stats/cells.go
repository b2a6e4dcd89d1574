package stats

import (
	"math"
	"slices"
)

// Cells is BCa for a statistic of counts: every table (a stratum) is resampled
// by a multinomial with its own total, which is the bootstrap over its rows.
func (r Resampling) Cells(tables [][]int, f func(tables [][]int) float64) Interval {
	value := f(tables)
	if math.IsNaN(value) {
		return noInterval("bca", "undefined on the sample itself")
	}
	shares := make([][]float64, len(tables))
	totals := make([]int, len(tables))
	for t, cells := range tables {
		for _, n := range cells {
			shares[t] = append(shares[t], float64(n))
			totals[t] += n
		}
	}
	draws := simulate(r.Draws, r.Seed, func() func(random) float64 {
		drawn := cloneTables(tables)
		return func(rng random) float64 {
			for t := range drawn {
				multinomial(rng, totals[t], shares[t], drawn[t])
			}
			return f(drawn)
		}
	})
	return bcaInterval(r, value, draws, func() float64 { return cellAcceleration(tables, totals, f) })
}

func cloneTables(tables [][]int) [][]int {
	out := make([][]int, len(tables))
	for t := range tables {
		out[t] = slices.Clone(tables[t])
	}
	return out
}

// cellAcceleration is the exact jackknife: all rows of a cell are alike.
func cellAcceleration(tables [][]int, totals []int, f func([][]int) float64) float64 {
	left := cloneTables(tables)
	var second, third float64
	for t, cells := range tables {
		var sum, count float64
		values := make([]float64, len(cells))
		for c, n := range cells {
			if n == 0 {
				continue
			}
			left[t][c]--
			values[c] = f(left)
			left[t][c]++
			if math.IsNaN(values[c]) {
				continue
			}
			sum, count = sum+float64(n)*values[c], count+float64(n)
		}
		if count < 2 {
			continue
		}
		total := float64(totals[t])
		for c, n := range cells {
			if n == 0 || math.IsNaN(values[c]) {
				continue
			}
			u := (total - 1) * (sum/count - values[c]) / total
			second += float64(n) * u * u
			third += float64(n) * u * u * u
		}
	}
	return accelerate(second, third)
}
