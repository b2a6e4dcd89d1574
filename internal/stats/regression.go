package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// Numeric is a metric of kind Error or Quantile as a statistic over rows.
// mape is NaN where a label is 0, r2 where the labels do not vary.
func Numeric(metric string, label, predicted []float64) (Statistic, error) {
	m, ok := Lookup(metric)
	if !ok || !m.For(TaskRegression) || m.Kind != Error && m.Kind != Quantile {
		return nil, fmt.Errorf("metric %q is not one of predicted numbers; they are %s", metric, namesOf(TaskRegression, Error, Quantile))
	}
	f, err := Numbers{Label: label, Predicted: predicted}.estimate(m)
	if err != nil {
		return nil, err
	}
	return unweighted(len(label), f), nil
}

// AbsoluteErrors is each row's distance between label and prediction.
func AbsoluteErrors(label, predicted []float64) []float64 {
	return each(label, predicted, func(y, p float64) float64 { return math.Abs(p - y) })
}

func each(label, predicted []float64, f func(y, p float64) float64) []float64 {
	out := make([]float64, len(label))
	for i := range label {
		out[i] = f(label[i], predicted[i])
	}
	return out
}

// Median is the weighted median of x: the mean of the two middle values where
// the weights sum to an even number.
func Median(x []float64) Statistic { return unweighted(len(x), quantileOf(x, 0.5)) }

// MedianInterval is the distribution-free interval of the median between two
// order statistics (David and Nagaraja, Order Statistics, section 7.1): the
// narrowest symmetric pair whose coverage is at least the confidence. Fewer
// values than that takes (6 at 0.95) have no interval.
func MedianInterval(x []float64, confidence float64) Interval {
	n := len(x)
	below := distuv.Binomial{N: float64(n), P: 0.5}
	// k is the greatest with P(fewer than k values below the median) ≤ half
	// the error.
	k := sort.Search(n/2, func(k int) bool { return below.CDF(float64(k)) > (1-confidence)/2 })
	if k == 0 {
		return noInterval("order_statistics", fmt.Sprintf("%d rows are too few for an interval of the median", n))
	}
	sorted := slices.SortedFunc(slices.Values(x), cmp.Compare[float64])
	i := Interval{Low: sorted[k-1], High: sorted[n-k], Method: "order_statistics"}
	if i.Low == i.High {
		i.Degenerate, i.Detail = true, "more than half of the errors are equal"
	}
	return i
}
