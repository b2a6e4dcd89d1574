package evaluate

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/weighlock/weighlock/internal/stats"
)

// quantileInterval is the distribution-free interval of the quantile at q
// between two order statistics (David and Nagaraja, Order Statistics, section
// 7.1): each end leaves out at most half of the error. Where so few values have
// no such order statistic on a side, there is no interval.
func quantileInterval(x []float64, q string, confidence float64) stats.Interval {
	p, err := strconv.ParseFloat(q, 64)
	if err != nil {
		return stats.Interval{Low: math.NaN(), High: math.NaN(), Method: "order_statistics", Degenerate: true, Detail: err.Error()}
	}
	n, half := len(x), (1-confidence)/2
	below := distuv.Binomial{N: float64(n), P: p}
	// low is the greatest order (from 1) with P(fewer than low values below the
	// quantile) ≤ half; high the least with P(at least high below) ≤ half.
	low := sort.Search(n+1, func(k int) bool { return below.CDF(float64(k)) > half })
	high := sort.Search(n+1, func(k int) bool { return 1-below.CDF(float64(k-1)) <= half })
	if low < 1 || high > n {
		return stats.Interval{
			Low: math.NaN(), High: math.NaN(), Method: "order_statistics", Degenerate: true,
			Detail: fmt.Sprintf("%d rows are too few for an interval of the quantile at %s", n, q),
		}
	}
	sorted := slices.Sorted(slices.Values(x))
	i := stats.Interval{Low: sorted[low-1], High: sorted[high-1], Method: "order_statistics"}
	if i.Low == i.High {
		i.Degenerate, i.Detail = true, "the values around the quantile are equal"
	}
	return i
}
