// Package stats holds the formulas behind Weighlock's numbers: metrics of
// models of every task, intervals around them, differences between
// models, slices and groups, and the population stability index. Everything
// is a pure function of slices. Where a sample allows no number the answer is
// NaN, and where it allows no interval the answer says so: never a zero width
// that looks like certainty. Reading files, joining rows and naming results
// is left to internal/evaluate; judging is left to the rules.
//
// Random draws come from a 64-bit seed that callers derive from a text, and
// are cut into chunks of fixed size, so results do not depend on the number
// of processors.
package stats

import "math"

// Interval is a two-sided interval with the name of its method.
type Interval struct {
	Low, High float64
	// Method is wilson, clopper_pearson, delong, newcombe, newcombe_paired,
	// koopman, mover, bonferroni, abc, bca, bootstrap_centred, poisson_bootstrap,
	// cluster_bootstrap, order_statistics, chi_squared, hoeffding, or exact.
	Method string
	// Draws is the number of draws of a resampling method, else 0.
	Draws int
	// Degenerate is true where the sample leaves the usual method a width of
	// zero. Low and High then are an exact conservative bound, or NaN where
	// none is known.
	Degenerate bool
	// Detail says in words what is unusual about the interval.
	Detail string
}

// Usable says whether the interval has both ends.
func (i Interval) Usable() bool { return !math.IsNaN(i.Low) && !math.IsNaN(i.High) }

// Shift moves both ends by d.
func (i Interval) Shift(d float64) Interval {
	i.Low, i.High = i.Low+d, i.High+d
	return i
}

// Negate is the interval of the quantity with its sign changed.
func (i Interval) Negate() Interval {
	i.Low, i.High = -i.High, -i.Low
	return i
}

// Scale multiplies both ends by a factor that is not negative.
func (i Interval) Scale(f float64) Interval {
	i.Low, i.High = i.Low*f, i.High*f
	return i
}

// Magnitude is the interval of the absolute value.
func (i Interval) Magnitude() Interval {
	low, high := math.Abs(i.Low), math.Abs(i.High)
	if i.Low <= 0 && i.High >= 0 {
		i.Low, i.High = 0, max(low, high)
	} else {
		i.Low, i.High = min(low, high), max(low, high)
	}
	return i
}

func noInterval(method, detail string) Interval {
	return Interval{Low: math.NaN(), High: math.NaN(), Method: method, Degenerate: true, Detail: detail}
}

// z is the standard normal quantile that a two-sided interval of the given
// confidence reaches out to: 1.96 for 0.95.
func z(confidence float64) float64 { return normalQuantile((1 + confidence) / 2) }

// normalQuantile and normalCDF are those of the standard normal distribution.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
