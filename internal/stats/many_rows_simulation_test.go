package stats

import "math"

// momentCases are means of many rows, most of them skewed.
func momentCases() []coverageCase {
	const n = ClosedRows + 1
	of := func(draw func(rng random) float64) func(random, Resampling) Interval {
		return func(rng random, _ Resampling) Interval {
			x := make([]float64, n)
			for i := range x {
				x[i] = draw(rng)
			}
			return MomentsOf(x).Interval(confidence)
		}
	}
	named := func(name string) Metric { m, _ := Lookup(name); return m }
	return []coverageCase{
		{"abc of log_loss of a good model, 20,001 rows", sureLoss, 0.94, func(rng random, _ Resampling) Interval {
			y, p := surely(rng, n)
			loss, _ := LogLosses(y, p)
			return named("log_loss").MeanInterval(MomentsOf(loss), confidence)
		}},
		{"abc of brier of a good model, 20,001 rows", sureSquare, 0.94, func(rng random, _ Resampling) Interval {
			y, p := surely(rng, n)
			return named("brier").MeanInterval(MomentsOf(Squares(y, p)), confidence)
		}},
		{"abc of the mean of exponentials, 20,001 rows", 1, 0.94, of(func(rng random) float64 { return rng.ExpFloat64() })},
		{"abc of the mean of lognormals of skewness 6, 20,001 rows", math.Exp(0.5), 0.94, of(func(rng random) float64 { return math.Exp(rng.NormFloat64()) })},
		{"abc of the mean of lognormals of skewness 33, 20,001 rows", math.Exp(1.125), 0.92, of(func(rng random) float64 { return math.Exp(1.5 * rng.NormFloat64()) })},
		{"abc of a loss of one row in 1,000, 20,001 rows", 0.001, 0.92, of(func(rng random) float64 {
			if rng.Float64() < 0.001 {
				return 1
			}
			return 0
		})},
		{"abc of rmse, 20,001 rows", math.Sqrt2, 0.94, func(rng random, _ Resampling) Interval {
			x := make([]float64, n) // squared errors of a Laplace distribution
			for i := range x {
				x[i] = square(rng.ExpFloat64())
			}
			return named("rmse").MeanInterval(MomentsOf(x), confidence)
		}},
		{"abc of a weighted mean of exponentials, 20,001 rows", 1, 0.94, func(rng random, _ Resampling) Interval {
			x, w := make([]float64, n), make([]float64, n)
			for i := range x {
				x[i], w[i] = rng.ExpFloat64(), rng.ExpFloat64()
			}
			return Means{Metric: named("mae"), X: x, Weight: w}.Interval(confidence)
		}},
		{"abc of a paired difference of log_loss, 20,001 rows", pairedLoss, 0.94, func(rng random, _ Resampling) Interval {
			y, p := calibrated(rng, n)
			a, _ := LogLosses(y, p)
			b, _ := LogLosses(y, shrunk(p))
			return Means{Metric: named("log_loss"), X: a}.Behind(Means{Metric: named("log_loss"), X: b}, confidence)
		}},
		{"abc of the gap of log_loss, 1,000 of 21,000 rows", 0, 0.94, func(rng random, _ Resampling) Interval {
			part := make([]Moments, 2)
			for k, rows := range []int{1000, 20_000} {
				y, p := surely(rng, rows)
				loss, _ := LogLosses(y, p)
				part[k] = MomentsOf(loss)
			}
			return named("log_loss").MeanGap(part[0], part[1], confidence)
		}},
	}
}

// partCases are statistics of which each draw resamples a part of the rows, as
// it does of more than maxRows. The size of the part is not what matters, so
// that the cases here are small.
func partCases() []coverageCase {
	return []coverageCase{
		{"bca of average precision, draws of 2,000 of 10,000 rows", averagePrecisionOfNormals(0.4), 0.93, func(rng random, r Resampling) Interval {
			r.most = 2000
			y, s := sample(rng.Rand, 10_000, false)
			_, i := r.BCa(len(y), func(rows []int32) Statistic { return AveragePrecision(take(y, rows), take(s, rows)) })
			return i
		}},
		{"bca of r2, draws of 2,000 of 10,000 rows", 0.5, 0.93, func(rng random, r Resampling) Interval {
			r.most = 2000
			label, predicted := regressed(rng, 10_000)
			_, i := r.BCa(len(label), func(rows []int32) Statistic {
				s, _ := Numeric("r2", take(label, rows), take(predicted, rows))
				return s
			})
			return i
		}},
	}
}

// surely draws true probabilities of which most are near 0 or 1.
func surely(rng random, n int) ([]bool, []float64) {
	y, p := make([]bool, n), make([]float64, n)
	for i := range y {
		p[i] = 1 / (1 + math.Exp(-5*rng.NormFloat64()))
		y[i] = rng.Float64() < p[i]
	}
	return y, p
}

// What a row of surely costs, by Simpson's rule.
var (
	sureLoss   = surelyMean(func(p float64) float64 { return -xlogy(p, p) - xlogy(1-p, 1-p) })
	sureSquare = surelyMean(func(p float64) float64 { return p * (1 - p) })
)

func surelyMean(f func(p float64) float64) float64 {
	return simpson(-8, 8, func(z float64) float64 {
		return f(1/(1+math.Exp(-5*z))) * math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)
	})
}

// binCases are calibration errors by the sums of bins, and gaps of slices by
// rows and by bins.
func binCases() []coverageCase {
	const n = ClosedRows + 1
	ece, _ := Lookup("ece")
	flat := func(y []bool, p []float64) ([]bool, []float64) { return y, shrunk(p) }
	byBins := func(y []bool, p []float64, r Resampling) Interval {
		t := ReliabilityOf(y, p)
		return t.Interval(r, ece, t.Null(r, ece, 0.975)[0])
	}
	gapByBins := func(part, all int, turn func([]bool, []float64) ([]bool, []float64)) func(random, Resampling) Interval {
		return func(rng random, r Resampling) Interval {
			in := ReliabilityOf(turn(calibrated(rng, part)))
			return gapOfBins(r, ece, in, ReliabilityOf(calibrated(rng, all-part)))
		}
	}
	gapByRows := func(part, all int, turn func([]bool, []float64) ([]bool, []float64)) func(random, Resampling) Interval {
		return func(rng random, r Resampling) Interval {
			y, p := calibrated(rng, part)
			y, p = turn(y, p)
			z, q := calibrated(rng, all-part)
			return calibrationGap(r, append(y, z...), append(p, q...), part)
		}
	}
	same := func(y []bool, p []float64) ([]bool, []float64) { return y, p }
	return []coverageCase{
		{"calibration error by bins of a calibrated model, 20,001 rows", 0, 0.95, func(rng random, r Resampling) Interval {
			y, p := calibrated(rng, n)
			return byBins(y, p, r)
		}},
		{"calibration error by bins of a flat model, 20,001 rows", 0.125, 0.93, func(rng random, r Resampling) Interval {
			y, p := calibrated(rng, n)
			return byBins(y, shrunk(p), r)
		}},
		{"gap of calibration errors by rows, 200 of 1,000, calibrated", 0, 0.95, gapByRows(200, 1000, same)},
		{"gap of calibration errors by rows, 200 of 1,000, flat", 0.125 * 0.8, 0.95, gapByRows(200, 1000, flat)},
		{"gap of calibration errors by bins, 2,000 of 22,000, calibrated", 0, 0.95, gapByBins(2000, 22_000, same)},
		{"gap of calibration errors by bins, 2,000 of 22,000, flat", 0.125 * 20 / 22, 0.95, gapByBins(2000, 22_000, flat)},
	}
}

// calibrationGap is that of the first rows to all.
func calibrationGap(r Resampling, y []bool, p []float64, first int) Interval {
	marked := make([]bool, len(y))
	for i := range first {
		marked[i] = true
	}
	null := func(p []float64) float64 { return r.CalibrationNull(p, CalibrationBins, r.HalfNull())[0] }
	part := func(rows []int32) Statistic {
		return ECE(take(y[:first], rows), take(p[:first], rows), CalibrationBins)
	}
	all := func(rows []int32) Statistic { return ECE(take(y, rows), take(p, rows), CalibrationBins) }
	gap := func([]int32) Statistic {
		f, g := part(nil), all(nil)
		return func(w []int32) float64 {
			if w == nil {
				return f(nil) - g(nil)
			}
			return f(w[:first]) - g(w)
		}
	}
	return r.CalibrationGap(marked, gap, part, all, null(p[:first]), null(p))
}
