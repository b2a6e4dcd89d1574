package stats

import (
	"fmt"
	"math"
)

// CalibrationBins is the number of bins of the expected calibration error.
const CalibrationBins = 10

// ECE is the expected calibration error over bins of equal width, closed on
// the left: Σ n_b/n · |mean outcome − mean probability| (Naeini et al. 2015).
func ECE(positive []bool, probability []float64, bins int) Statistic {
	return unweighted(len(probability), eceOf(positive, probability, bins))
}

func eceOf(positive []bool, probability []float64, bins int) estimate {
	bin, diff := calibrationBinOf(probability, bins), surprises(positive, probability)
	return func(w []float64) float64 {
		sums, n := make([]float64, bins), 0.0
		for i, k := range w {
			sums[bin[i]] += k * diff[i]
			n += k
		}
		var total float64
		for _, s := range sums {
			total += math.Abs(s)
		}
		return total / n
	}
}

// calibrationSums are the sums of a bin by weight.
type calibrationSums struct {
	n    float64
	diff float64 // outcome − probability
	pos  float64
}

// binned is a function of bins of equal width, closed on the left, and of the
// weight of all.
func binned(positive []bool, probability []float64, bins int, f func(b []calibrationSums, n float64) float64) estimate {
	bin, diff := calibrationBinOf(probability, bins), surprises(positive, probability)
	return func(w []float64) float64 {
		sums, n := make([]calibrationSums, bins), 0.0
		for i, k := range w {
			b := &sums[bin[i]]
			b.n += k
			b.diff += k * diff[i]
			if positive[i] {
				b.pos += k
			}
			n += k
		}
		return f(sums, n)
	}
}

// surprises are the rows' outcomes minus their probabilities.
func surprises(positive []bool, probability []float64) []float64 {
	diff := make([]float64, len(probability))
	for i, p := range probability {
		diff[i] = -p
		if positive[i] {
			diff[i] = 1 - p
		}
	}
	return diff
}

// calibrationBinOf is the bin of each row.
func calibrationBinOf(probability []float64, bins int) []int32 {
	bin := make([]int32, len(probability))
	for i, p := range probability {
		bin[i] = calibrationBin(p, bins)
	}
	return bin
}

func calibrationBin(p float64, bins int) int32 {
	return int32(min(max(int(p*float64(bins)), 0), bins-1))
}

// worstBin is the maximum calibration error: of the bins that have rows, the
// greatest |mean outcome − mean probability| (Naeini et al. 2015).
func worstBin(b []calibrationSums, n float64) float64 {
	worst := 0 / n // NaN where there is nothing
	for _, b := range b {
		if b.n > 0 {
			worst = max(worst, math.Abs(b.diff)/b.n)
		}
	}
	return worst
}

// reliability, resolution and uncertainty are Murphy's parts of the Brier
// score (J. Appl. Meteorol. 12 (1973) 595–600): Σ n_b/n (p̄_b − ȳ_b)²,
// Σ n_b/n (ȳ_b − ȳ)² and ȳ(1 − ȳ). The score is reliability − resolution +
// uncertainty exactly where all probabilities of a bin are equal.
func reliability(b []calibrationSums, n float64) float64 {
	var sum float64
	for _, b := range b {
		if b.n > 0 {
			sum += square(b.diff) / b.n
		}
	}
	return sum / n
}

func resolution(b []calibrationSums, n float64) float64 {
	var pos, sum float64
	for _, b := range b {
		pos += b.pos
	}
	for _, b := range b {
		if b.n > 0 {
			sum += square(b.pos/b.n-pos/n) * b.n
		}
	}
	return sum / n
}

func uncertainty(b []calibrationSums, n float64) float64 {
	var pos, neg float64
	for _, b := range b {
		pos, neg = pos+b.pos, neg+(b.n-b.pos)
	}
	return pos / n * (neg / n)
}

// eceByCount is the expected calibration error over bins that hold equal
// weight, in the order of probability. Rows of equal probability that lie
// across the border of two bins belong to both in proportion, so that the
// order of the rows does not matter.
func eceByCount(positive []bool, probability []float64, bins int) estimate {
	t := tied(positive, probability, nil)
	return func(w []float64) float64 {
		var all float64
		for _, k := range w {
			all += k
		}
		sums, bin, room := make([]float64, bins), 0, all/float64(bins)
		for g := range t.groups() {
			pos, neg := t.count(g, w)
			p, left := probability[t.order[t.start[g]]], pos+neg
			surprise := pos*(1-p) - neg*p
			for whole := left; left > 0; {
				part := left
				if bin < bins-1 {
					part = min(left, room)
				}
				sums[bin] += surprise * (part / whole)
				left, room = left-part, room-part
				if room <= 0 && bin < bins-1 {
					bin, room = bin+1, all/float64(bins)
				}
			}
		}
		var total float64
		for _, s := range sums {
			total += math.Abs(s)
		}
		return total / all
	}
}

// recalibration fits logit P(y) = α + β·logit p by maximum likelihood (Cox,
// Biometrika 45 (1958) 562–565) and gives the slope β or the intercept α, both
// of the same fit. They are NaN where the likelihood has no maximum: with one
// class, with probabilities that do not vary or that part the classes, and
// with a probability of 0 or 1, whose logit is infinite.
func recalibration(positive []bool, probability []float64, slope bool) (f estimate, note string) {
	x, certain := make([]float64, len(probability)), 0
	for i, p := range probability {
		if x[i] = math.Log(p) - math.Log1p(-p); math.IsInf(x[i], 0) {
			certain++
		}
	}
	if certain > 0 {
		note = fmt.Sprintf("%d rows have probability 0 or 1, whose logit is infinite", certain)
	}
	return func(w []float64) float64 {
		alpha, beta := logistic(positive, x, w)
		if slope {
			return beta
		}
		return alpha
	}, note
}
