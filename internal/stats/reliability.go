package stats

import "math"

// CalibrationSum are the sums of the rows whose probability lies in one bin.
type CalibrationSum struct {
	N, Positive int
	Probability float64 // Σp
	Variance    float64 // Σp(1−p)
}

// Reliability are the sums of all bins of equal width, closed on the left: a
// reliability diagram in numbers. From it come ece, mce and brier_reliability,
// their intervals and what chance makes of them, at a cost that does not
// depend on the number of rows. Rows count once and stand alone.
type Reliability [CalibrationBins]CalibrationSum

// ReliabilityOf are those of some rows.
func ReliabilityOf(positive []bool, probability []float64) Reliability {
	var t Reliability
	for i, p := range probability {
		t.Add(positive[i], p)
	}
	return t
}

// Add takes one more row in.
func (t *Reliability) Add(positive bool, p float64) {
	b := &t[calibrationBin(p, CalibrationBins)]
	b.N++
	b.Probability += p
	b.Variance += p * (1 - p)
	if positive {
		b.Positive++
	}
}

// Merge is of the rows of both.
func (t Reliability) Merge(o Reliability) Reliability {
	for i, b := range o {
		t[i].N += b.N
		t[i].Positive += b.Positive
		t[i].Probability += b.Probability
		t[i].Variance += b.Variance
	}
	return t
}

// Minus is of the rows that are not in a part.
func (t Reliability) Minus(part Reliability) Reliability {
	for i, b := range part {
		rest := &t[i]
		rest.N -= b.N
		rest.Positive -= b.Positive
		rest.Probability -= b.Probability
		rest.Variance -= b.Variance
		if rest.N == 0 { // and not what rounding leaves
			*rest = CalibrationSum{}
		}
	}
	return t
}

// Len is the number of rows.
func (t Reliability) Len() (n int) {
	for _, b := range t {
		n += b.N
	}
	return n
}

// OfBins says whether a metric is one of calibration that the bins tell.
func (m Metric) OfBins() bool { return binError(m) != nil }

func binError(m Metric) func(b []calibrationSums, n float64) float64 {
	switch m.Base {
	case "ece":
		return expectedError
	case "mce", "brier_reliability":
		return binFormulas[m.Base]
	}
	return nil
}

func expectedError(b []calibrationSums, n float64) float64 {
	var sum float64
	for _, b := range b {
		sum += math.Abs(b.diff)
	}
	return sum / n
}

// Value is a metric that is OfBins; NaN without rows.
func (t Reliability) Value(m Metric) float64 { return binError(m)(t.sums(), float64(t.Len())) }

func (t Reliability) sums() []calibrationSums {
	out := make([]calibrationSums, len(t))
	for i, b := range t {
		out[i] = calibrationSums{n: float64(b.N), diff: float64(b.Positive) - b.Probability, pos: float64(b.Positive)}
	}
	return out
}

// Null is the quantiles of the metric over draws in which the probabilities
// are true: see Binary.Null.
func (t Reliability) Null(r Resampling, m Metric, quantiles ...float64) []float64 {
	f, n := binError(m), float64(t.Len())
	if n == 0 {
		return r.nulls(quantiles, func(random) float64 { return nan })
	}
	return r.nullsOf(quantiles, func() func(random) float64 {
		drawn := make([]calibrationSums, len(t))
		return func(rng random) float64 {
			for i, b := range t {
				drawn[i] = calibrationSums{n: float64(b.N), diff: b.chance(rng, b.N, b.Probability, b.Variance)}
			}
			return f(drawn, n)
		}
	})
}

// chance draws by how much the positives of n rows of a bin depart from what
// is expected of them: expected and variance are sums over all rows of the
// bin. The binomial of the rows' mean is a little too wide for rows that
// differ, and is drawn in to their variance.
func (b CalibrationSum) chance(rng random, n int, expected, variance float64) float64 {
	all := float64(b.N)
	share := min(max(expected/all, 0), 1)
	if n == 0 || share == 0 || share == 1 {
		return 0
	}
	wide := all * share * (1 - share)
	return (float64(binomial(rng, n, share)) - float64(n)*share) * math.Sqrt(min(max(variance, 0)/wide, 1))
}

// redraw gives the sums of a draw of the rows with replacement: how many fall
// into each bin, and how many of these are positive, each as likely as its
// probability moved by the bin's own error says. They are overwritten by the
// next draw.
func (t Reliability) redraw() func(rng random) []calibrationSums {
	var share [CalibrationBins]float64
	var off, variance [CalibrationBins]float64
	for i, b := range t {
		if share[i] = float64(b.N); b.N > 0 {
			off[i] = (float64(b.Positive) - b.Probability) / share[i]
			// Σ(p+off)(1−p−off)
			variance[i] = b.Variance + off[i]*(share[i]-2*b.Probability) - share[i]*off[i]*off[i]
		}
	}
	all, count, out := t.Len(), make([]int, len(t)), make([]calibrationSums, len(t))
	return func(rng random) []calibrationSums {
		multinomial(rng, all, share[:], count)
		for i, b := range t {
			if out[i] = (calibrationSums{}); count[i] == 0 {
				continue
			}
			k := float64(count[i])
			out[i] = calibrationSums{n: k, diff: k*off[i] + b.chance(rng, count[i], float64(b.Positive), variance[i])}
		}
		return out
	}
}

// Interval is that of Resampling.Calibration, whose rows are drawn bin by bin.
// null is the quantile of a calibrated model at the upper end of the interval:
// 0.975 for 0.95.
func (t Reliability) Interval(r Resampling, m Metric, null float64) Interval {
	f, value, n := binError(m), t.Value(m), float64(t.Len())
	if math.IsNaN(value) {
		return noInterval("bootstrap_centred", "undefined on the sample itself")
	}
	draws := simulate(r.Draws, r.Seed, func() func(random) float64 {
		draw := t.redraw()
		return func(rng random) float64 { return f(draw(rng), n) }
	})
	i := atLeastChance(centredInterval(r, value, draws, nil), value, null)
	if i.Usable() {
		i.Detail = byBins
	}
	return i
}

// ReliabilityGap is the interval of by how much a metric that is OfBins is
// worse on a part of the rows than on all, the part and the rest together: see
// CalibrationGap. whole is the interval of all by HalfReliability, which serves
// every part of them.
func (r Resampling) ReliabilityGap(m Metric, part, rest Reliability, whole Interval) Interval {
	switch {
	case part.Len() == 0:
		return noInterval("bootstrap_centred", "no rows")
	case rest.Len() == 0:
		return Interval{Method: "exact", Detail: "the slice holds all rows"}
	}
	return r.apart(r.reliabilityGap(m, part, rest), func(Resampling) (a, b Interval) {
		return r.HalfReliability(m, part), whole
	})
}

// HalfReliability is the interval of a metric that is OfBins at half the error,
// for a difference of two.
func (r Resampling) HalfReliability(m Metric, t Reliability) Interval {
	half := r.half()
	return t.Interval(half, m, t.Null(half, m, r.HalfNull())[0])
}

// reliabilityGap is the gap's own interval, of which chance takes nothing off.
func (r Resampling) reliabilityGap(m Metric, part, rest Reliability) Interval {
	f, n, k := binError(m), float64(part.Len()+rest.Len()), float64(part.Len())
	value := part.Value(m) - part.Merge(rest).Value(m)
	draws := simulate(r.Draws, r.Seed, func() func(random) float64 {
		here, there := part.redraw(), rest.redraw()
		return func(rng random) float64 {
			inside, all := here(rng), there(rng)
			for i, b := range inside {
				all[i].n, all[i].diff = all[i].n+b.n, all[i].diff+b.diff
			}
			return f(inside, k) - f(all, n)
		}
	})
	i := bcaInterval(r, value, draws, func() float64 { return 0 })
	if i.Usable() {
		i.Detail = byBins
	}
	return i
}

const byBins = "rows are drawn by the sums of their bins"
