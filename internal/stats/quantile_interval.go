package stats

import (
	"fmt"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// QuantileInterval is the distribution-free interval of the quantile at q
// between two order statistics (David and Nagaraja, Order Statistics, section
// 7.1), of rows that count once each: the ends are as near as they can be with
// at most half the error beyond each. Too few values for that (fewer than 72
// for q = 0.95 at 0.95) have no interval.
func QuantileInterval(x []float64, q, confidence float64) Interval {
	n, tail := len(x), (1-confidence)/2
	below := distuv.Binomial{N: float64(n), P: q}
	low := sort.Search(n, func(k int) bool { return below.CDF(float64(k)) > tail })
	high := 1 + sort.Search(n, func(k int) bool { return below.CDF(float64(k)) >= 1-tail })
	if low == 0 || high > n {
		return noInterval("order_statistics", fmt.Sprintf("%d rows are too few for an interval of the quantile at %v", n, q))
	}
	sorted := slices.Sorted(slices.Values(x))
	i := Interval{Low: sorted[low-1], High: sorted[high-1], Method: "order_statistics"}
	if i.Low == i.High {
		i.Degenerate, i.Detail = true, "the values around the quantile are equal"
	}
	return i
}
