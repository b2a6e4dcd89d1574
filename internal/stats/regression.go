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
	switch metric {
	case "mae":
		return Mean(each(label, predicted, func(y, p float64) float64 { return math.Abs(p - y) })), nil
	case "bias":
		return Mean(each(label, predicted, func(y, p float64) float64 { return p - y })), nil
	case "mape":
		return Mean(each(label, predicted, func(y, p float64) float64 {
			if y == 0 {
				return math.NaN()
			}
			return math.Abs((p - y) / y)
		})), nil
	case "rmse":
		mse := Mean(squaredErrors(label, predicted))
		return func(w []int32) float64 { return math.Sqrt(mse(w)) }, nil
	case "r2":
		return determination(label, predicted), nil
	case "median_ae":
		return Median(AbsoluteErrors(label, predicted)), nil
	}
	return nil, fmt.Errorf("metric %q is not one of predicted numbers; they are %s", metric, namesOf(TaskRegression, Error, Quantile))
}

// AbsoluteErrors is each row's distance between label and prediction.
func AbsoluteErrors(label, predicted []float64) []float64 {
	return each(label, predicted, func(y, p float64) float64 { return math.Abs(p - y) })
}

func squaredErrors(label, predicted []float64) []float64 {
	return each(label, predicted, func(y, p float64) float64 { return square(p - y) })
}

func each(label, predicted []float64, f func(y, p float64) float64) []float64 {
	out := make([]float64, len(label))
	for i := range label {
		out[i] = f(label[i], predicted[i])
	}
	return out
}

// determination is 1 − Σ(y−ŷ)²/Σ(y−ȳ)², with labels centred first so that a
// large mean costs no digits.
func determination(label, predicted []float64) Statistic {
	centre := mean(label)
	dev := each(label, label, func(y, _ float64) float64 { return y - centre })
	errors := squaredErrors(label, predicted)
	return func(w []int32) float64 {
		var n, s1, s2, se float64
		for i, d := range dev {
			k := 1.0
			if w != nil {
				k = float64(w[i])
			}
			n, s1, s2, se = n+k, s1+k*d, s2+k*d*d, se+k*errors[i]
		}
		total := s2 - s1*s1/n
		if !(total > 1e-12*s2) {
			return math.NaN()
		}
		return 1 - se/total
	}
}

// Median is the weighted median of x: the mean of the two middle values where
// the weights sum to an even number.
func Median(x []float64) Statistic {
	order := ranking(x)
	return func(w []int32) float64 {
		var n int64
		if w == nil {
			n = int64(len(x))
		}
		for _, k := range w {
			n += int64(k)
		}
		if n == 0 {
			return math.NaN()
		}
		low, high := math.NaN(), math.NaN()
		var passed int64
		for _, row := range order {
			k := int64(1)
			if w != nil {
				k = int64(w[row])
			}
			passed += k
			if math.IsNaN(low) && passed > (n-1)/2 {
				low = x[row]
			}
			if passed > n/2 {
				high = x[row]
				break
			}
		}
		return low + (high-low)/2
	}
}

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
