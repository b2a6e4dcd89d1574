package stats

import (
	"fmt"
	"math"
)

// Parity is a comparison over groups with its interval and what it would be
// by chance.
type Parity struct {
	Value    float64
	Interval Interval
	// Null95 is the 95 % quantile of the difference (the 5 % quantile of the
	// ratio) if all groups had the pooled rate, at these sizes.
	Null95 float64
}

// Difference is the greatest minus the least proportion over the groups. The
// interval is that of intersection-union: a limit holds for the greatest
// difference if it holds for every pair, so each end is the greatest of the
// pairs' Newcombe ends, and the lower one is not below 0.
func (r Resampling) Difference(groups []Proportion) Parity {
	return r.Worst([][]Proportion{groups})
}

// Worst is the greatest Difference over several rates, as the equalized odds
// difference over true and false positive rates. The groups of each rate are
// taken to be independent of those of the others.
func (r Resampling) Worst(rates [][]Proportion) Parity {
	p := Parity{Value: math.Inf(-1), Interval: Interval{Method: "newcombe"}}
	for _, groups := range rates {
		value, low, high := differences(groups, r.Confidence)
		if math.IsNaN(value) {
			return Parity{Value: math.NaN(), Interval: noInterval("newcombe", "a group has no rows"), Null95: math.NaN()}
		}
		p.Value = max(p.Value, value)
		p.Interval.Low, p.Interval.High = max(p.Interval.Low, low), max(p.Interval.High, high)
	}
	p.Interval.Detail = fmt.Sprintf("worst of all pairs of %d groups", len(rates[0]))
	p.Null95 = r.null(0.95, func(rng random) float64 {
		worst := 0.0
		for _, groups := range rates {
			least, most := spread(redraw(rng, groups))
			worst = max(worst, most-least)
		}
		return worst
	})
	return p
}

func differences(groups []Proportion, confidence float64) (value, low, high float64) {
	least, most := spread(groups)
	value = most - least
	for i, a := range groups {
		for j, b := range groups {
			if i == j {
				continue
			}
			pair := Newcombe(a, b, confidence)
			low, high = max(low, pair.Low), max(high, pair.High)
		}
	}
	return value, low, min(high, 1)
}

// LeastRatio is the least over the greatest proportion; NaN where all are 0.
// Its interval is that of intersection-union over the pairs' Koopman ends, and
// the upper one is not above 1.
func (r Resampling) LeastRatio(groups []Proportion) Parity {
	least, most := spread(groups)
	p := Parity{Value: least / most}
	if math.IsNaN(p.Value) {
		return Parity{Value: math.NaN(), Interval: noInterval("koopman", "no group has a positive rate"), Null95: math.NaN()}
	}
	p.Interval = Interval{Low: 1, High: 1, Method: "koopman"}
	for i, a := range groups {
		for j, b := range groups {
			if i == j {
				continue
			}
			pair := Ratio(a, b, r.Confidence)
			p.Interval.Low, p.Interval.High = min(p.Interval.Low, pair.Low), min(p.Interval.High, pair.High)
		}
	}
	p.Interval.Detail = fmt.Sprintf("worst of all pairs of %d groups; null95 is the 5 %% quantile, since less is worse", len(groups))
	p.Null95 = r.null(0.05, func(rng random) float64 {
		least, most := spread(redraw(rng, groups))
		return least / most
	})
	return p
}

// spread is the least and the greatest proportion; NaN if any has no rows.
func spread(groups []Proportion) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, g := range groups {
		v := g.Value()
		if math.IsNaN(v) {
			return v, v
		}
		least, most = min(least, v), max(most, v)
	}
	return least, most
}

// redraw gives every group the pooled rate.
func redraw(rng random, groups []Proportion) []Proportion {
	var x, n int
	for _, g := range groups {
		x, n = x+g.X, n+g.N
	}
	out := make([]Proportion, len(groups))
	for i, g := range groups {
		out[i] = Proportion{binomial(rng, g.N, float64(x)/float64(n)), g.N}
	}
	return out
}

// null is a quantile of a statistic simulated without any effect. Its draws
// are not those of the interval.
func (r Resampling) null(p float64, draw func(random) float64) float64 {
	return r.nulls([]float64{p}, draw)[0]
}

func (r Resampling) nulls(at []float64, draw func(random) float64) []float64 {
	sorted := sortedFinite(simulate(r.Draws, r.Seed^0x6e756c6c, func() func(random) float64 { return draw }))
	out := make([]float64, len(at))
	for i, p := range at {
		out[i] = math.NaN()
		if len(sorted) > 0 {
			out[i] = quantile(sorted, p)
		}
	}
	return out
}

// CalibrationNull is the quantile at p of the expected calibration error of a
// model whose probabilities are true, at these rows. Of more than 100,000 rows
// the outcomes of a bin are drawn at once, as a normal number.
func (r Resampling) CalibrationNull(probability []float64, bins int, quantiles ...float64) []float64 {
	n := float64(len(probability))
	if len(probability) == 0 {
		return r.nulls(quantiles, func(random) float64 { return math.NaN() })
	}
	bin := make([]int32, len(probability))
	v := make([]float64, bins)
	for i, p := range probability {
		bin[i] = calibrationBin(p, bins)
		v[bin[i]] += p * (1 - p)
	}
	if len(probability) > maxRows {
		return r.nulls(quantiles, func(rng random) float64 {
			var sum float64
			for _, v := range v {
				sum += math.Abs(rng.NormFloat64()) * math.Sqrt(v)
			}
			return sum / n
		})
	}
	return r.nulls(quantiles, func(rng random) float64 {
		sums := make([]float64, bins)
		for i, p := range probability {
			sums[bin[i]] -= p
			if rng.Float64() < p {
				sums[bin[i]]++
			}
		}
		var sum float64
		for _, s := range sums {
			sum += math.Abs(s)
		}
		return sum / n
	})
}
