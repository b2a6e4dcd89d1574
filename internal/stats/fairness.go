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

// GroupRate is a rate by which groups are compared, of the rows that a table
// of decisions counts; its N is the rate's own denominator. Beside the rates
// of Confusion there is false_omission_rate, the share of negative decisions
// that are wrong.
func GroupRate(c Confusion, rate string) (Proportion, bool) {
	if rate == "false_omission_rate" {
		return Proportion{c.FN, c.FN + c.TN}, true
	}
	return c.Rate(rate)
}

// Layer is one rate of every group, in all rows or in one stratum of them.
type Layer struct {
	Groups []Proportion
	// Reference is the place of the group that the others are held against;
	// below 0 every pair is compared.
	Reference int
}

// pairs lists the places of the groups that are compared, both ways.
func (l Layer) pairs() [][2]int { return pairs(len(l.Groups), l.Reference) }

func pairs(groups, reference int) (all [][2]int) {
	for i := range groups {
		for j := range groups {
			if i != j && (reference < 0 || i == reference || j == reference) {
				all = append(all, [2]int{i, j})
			}
		}
	}
	return all
}

func compared(layers []Layer) string {
	groups := 0
	for _, l := range layers {
		groups = max(groups, len(l.Groups))
	}
	if layers[0].Reference < 0 {
		return fmt.Sprintf("worst of all pairs of %d groups", groups)
	}
	return fmt.Sprintf("worst of %d groups against the reference", groups-1)
}

// Difference is the greatest minus the least proportion over the groups. The
// interval is that of intersection-union: a limit holds for the greatest
// difference if it holds for every pair, so each end is the greatest of the
// pairs' Newcombe ends, and the lower one is not below 0.
func (r Resampling) Difference(groups []Proportion) Parity {
	return r.WorstDifference([]Layer{{groups, -1}})
}

// WorstDifference is the greatest difference over several layers, as the
// equalized odds difference over true and false positive rates, or conditional
// parity over strata. With a reference the differences are those from it. The
// groups of each layer are taken to be independent of those of the others.
func (r Resampling) WorstDifference(layers []Layer) Parity {
	p := Parity{Value: math.Inf(-1), Interval: Interval{Method: "newcombe"}}
	for _, l := range layers {
		value, low, high := l.differences(r.Confidence)
		if math.IsNaN(value) {
			return Parity{Value: math.NaN(), Interval: noInterval("newcombe", "a group has no rows"), Null95: math.NaN()}
		}
		p.Value = max(p.Value, value)
		p.Interval.Low, p.Interval.High = max(p.Interval.Low, low), max(p.Interval.High, high)
	}
	p.Interval.Detail = compared(layers)
	p.Null95 = r.null(0.95, func(rng random) float64 {
		worst := 0.0
		for _, l := range layers {
			worst = max(worst, Layer{redraw(rng, l.Groups), l.Reference}.difference())
		}
		return worst
	})
	return p
}

// difference is the greatest distance of two groups that are compared; NaN if
// any group has no rows.
func (l Layer) difference() float64 {
	least, most := spread(l.Groups)
	if l.Reference < 0 || math.IsNaN(least) {
		return most - least
	}
	v := l.Groups[l.Reference].Value()
	return max(most-v, v-least)
}

func (l Layer) differences(confidence float64) (value, low, high float64) {
	for _, p := range l.pairs() {
		pair := Newcombe(l.Groups[p[0]], l.Groups[p[1]], confidence)
		low, high = max(low, pair.Low), max(high, pair.High)
	}
	return l.difference(), low, min(high, 1)
}

// LeastRatio is the least over the greatest proportion; NaN where all are 0.
// Its interval is that of intersection-union over the pairs' Koopman ends, and
// the upper one is not above 1.
func (r Resampling) LeastRatio(groups []Proportion) Parity {
	return r.WorstRatio([]Layer{{groups, -1}})
}

// WorstRatio is the least ratio over several layers; NaN if it is for any of
// them. With a reference it is the lesser over the greater of each group's
// proportion and the reference's.
func (r Resampling) WorstRatio(layers []Layer) Parity {
	p := Parity{Value: 1, Interval: Interval{Low: 1, High: 1, Method: "koopman"}}
	for _, l := range layers {
		value := l.ratio()
		if math.IsNaN(value) {
			return Parity{Value: math.NaN(), Interval: noInterval("koopman", "no group has a positive rate"), Null95: math.NaN()}
		}
		p.Value = min(p.Value, value)
		for _, at := range l.pairs() {
			pair := Ratio(l.Groups[at[0]], l.Groups[at[1]], r.Confidence)
			p.Interval.Low, p.Interval.High = min(p.Interval.Low, pair.Low), min(p.Interval.High, pair.High)
		}
	}
	p.Interval.Detail = compared(layers) + "; null95 is the 5 % quantile, since less is worse"
	p.Null95 = r.null(0.05, func(rng random) float64 {
		worst := 1.0
		for _, l := range layers {
			worst = math.Min(worst, Layer{redraw(rng, l.Groups), l.Reference}.ratio())
		}
		return worst
	})
	return p
}

// ratio is the least ratio of two groups that are compared; NaN where all of
// them are 0, or any has no rows.
func (l Layer) ratio() float64 {
	least, most := spread(l.Groups)
	if l.Reference < 0 || math.IsNaN(least) || most == 0 {
		return least / most
	}
	v := l.Groups[l.Reference].Value()
	if v == 0 {
		return 0
	}
	return min(least/v, v/most)
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
	return r.nullsOf(at, func() func(random) float64 { return draw })
}

// nullsOf is nulls of draws that need a scratch space of their own.
func (r Resampling) nullsOf(at []float64, newDraw func() func(random) float64) []float64 {
	sorted := sortedFinite(simulate(r.Draws, r.Seed^0x6e756c6c, newDraw))
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
