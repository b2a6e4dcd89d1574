package evaluate

import (
	"math"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// power says from which n, of what a measure counts, the end of its interval
// would lie within a limit that its value meets.
type power func(limit float64) (n int, ok bool)

// needed is the n that would decide, where the value meets the limit and the
// interval's bad end does not, or where there are too few rows for an interval;
// 0 where it cannot be told. Without a power of its own an interval shrinks with
// the root of n.
func (j *judge) needed(m Measure, limit *project.Limit, by power) int {
	if limit == nil || m.Status != StatusOK || j.spec.Judge != "bound" {
		return 0
	}
	switch {
	case m.Low == nil && by == nil, m.Low != nil && m.Degenerate && m.Method != "clopper_pearson" && m.Method != "exact":
		return 0 // it would be as degenerate on more rows like these
	case by == nil:
		by = byRoot(m)
	}
	most := 0
	for _, bound := range undecided(m, limit) {
		if n, ok := by(bound); ok {
			most = max(most, n)
		}
	}
	return most
}

// undecided are the limits that the interval's bad end misses, or of which it
// has none, and the value does not.
func undecided(m Measure, limit *project.Limit) (bounds []float64) {
	if least := limit.Min; least != nil && (m.Low == nil || *m.Value > *least && *m.Low < *least) {
		bounds = append(bounds, *least)
	}
	if most := limit.Max; most != nil && (m.Low == nil || *m.Value < *most && *m.High > *most) {
		bounds = append(bounds, *most)
	}
	return bounds
}

// neededNull adds the n at which a value that misses its limit would stand out
// from chance, whose quantile falls as n to the given power.
func neededNull(m Measure, limit *project.Limit, power float64) int {
	if limit == nil || m.Status != StatusOK || m.Null95 == nil {
		return 0
	}
	v, null := *m.Value, *m.Null95
	if limit.Max != nil && v > *limit.Max && v <= null {
		n, _ := stats.NeededNull(m.N, v, null, power)
		return n
	}
	if limit.Min != nil && v < *limit.Min && v >= null { // a ratio, by its distance from 1
		n, _ := stats.NeededNull(m.N, 1-v, 1-null, power)
		return n
	}
	return 0
}

// end is the interval's on the limit's side.
func (m Measure) end(limit float64) float64 {
	if limit < *m.Value {
		return *m.Low
	}
	return *m.High
}

func byRoot(m Measure) power {
	return func(limit float64) (int, bool) { return stats.Needed(m.N, *m.Value, m.end(limit), limit) }
}

// ofRate is the power of a proportion of what is counted.
func (j *judge) ofRate(p stats.Proportion) power {
	return func(limit float64) (int, bool) { return p.Needed(limit, j.spec.Confidence) }
}

// ofFlawless is that of decisions without an error, whose bound is exact.
func (j *judge) ofFlawless(m Measure, metric string, c stats.Confusion) power {
	if !m.Degenerate || m.Low == nil {
		return nil
	}
	return func(limit float64) (int, bool) { return c.NeededFlawless(metric, limit, j.spec.Confidence) }
}

// ofPairs is that of an area of 1 or 0, whose bound is that of disjoint pairs.
func (j *judge) ofPairs(m Measure, positives int) power {
	if !m.Degenerate || m.Low == nil {
		return nil
	}
	return func(limit float64) (int, bool) {
		n, ok := stats.NeededPairs(*m.Value, limit, j.spec.Confidence)
		return grown(m.N, n, min(positives, m.N-positives)), ok
	}
}

// ofOrder is that of a quantile of x between two order statistics.
func (j *judge) ofOrder(m Measure, x []float64, q float64) power {
	return func(limit float64) (int, bool) {
		if m.Low == nil {
			return stats.NeededQuantile(q, j.spec.Confidence)
		}
		share, beyond := q, func(v float64) bool { return v < limit }
		if limit > *m.Value {
			share, beyond = 1-q, func(v float64) bool { return v > limit }
		}
		p := stats.Proportion{N: len(x)}
		for _, v := range x {
			if beyond(v) {
				p.X++
			}
		}
		return stats.NeededOrder(p, share, j.spec.Confidence)
	}
}

// ofUnits is that of an interval that was drawn over the sample's units; nil of
// one that was not.
func (j *judge) ofUnits(m Measure, s *sample) power {
	if m.Low == nil || m.Method != "cluster_bootstrap" {
		return nil
	}
	k := stats.Kish(sizesOf(s.drawn()))
	return func(limit float64) (int, bool) {
		n, ok := stats.NeededUnits(k, *m.Value, m.end(limit), limit, j.spec.Confidence)
		return int(math.Ceil(float64(m.N) * float64(n) / k)), ok
	}
}

// ofGap is that of a gap of rates.
func (j *judge) ofGap(info stats.Metric, m Measure, all, part *sample) power {
	if m.Method != "newcombe" {
		return j.ofUnits(m, all)
	}
	return func(limit float64) (int, bool) {
		v, two, _ := all.simple(info)
		here, _, _ := part.simple(info)
		whole, _ := v.decided().Rate(two.Base)
		rate, _ := here.decided().Rate(two.Base)
		to := func(limit float64) (int, bool) {
			n, ok := stats.NeededGap(whole, rate, limit, j.spec.Confidence)
			return grown(rate.N, n, whole.N), ok
		}
		switch info.Better {
		case stats.Less:
			return to(-limit)
		case stats.Neither: // it lies between both
			low, ok := to(-limit)
			high, too := to(limit)
			return max(low, high), ok && too
		}
		return to(limit)
	}
}

// ofBest is that of how far a slice's rate falls behind the best of the slices,
// which takes as many rows as the pair that needs most.
func (j *judge) ofBest(info stats.Metric, m Measure, slices []Measure, at int) power {
	if info.Kind != stats.Rate {
		return nil
	}
	own, ok := rateOf(slices[at])
	if !ok {
		return nil
	}
	return func(limit float64) (int, bool) {
		if limit < *m.Value {
			return byRoot(m)(limit)
		}
		most := 0
		for g, one := range slices {
			if g == at || one.Status != StatusOK {
				continue
			}
			other, ok := rateOf(one)
			if !ok {
				return byRoot(m)(limit)
			}
			better, worse := other, own
			if info.Better == stats.Less {
				better, worse = own, other
			}
			if stats.Newcombe(better, worse, j.spec.Confidence).High <= limit {
				continue
			}
			n, ok := stats.NeededDifference(better, worse, limit, j.spec.Confidence)
			if !ok {
				return 0, false
			}
			most = max(most, grown(own.N, n, own.N+other.N))
		}
		return most, most > 0
	}
}

// rateOf is the proportion that a measure is; false where it is none, or its
// interval is not Wilson's.
func rateOf(m Measure) (stats.Proportion, bool) {
	if m.Method != "wilson" {
		return stats.Proportion{}, false
	}
	return stats.Proportion{X: int(math.Round(*m.Value * float64(m.N))), N: m.N}, true
}

// ofPaired is that of by how much first is better than second.
func (j *judge) ofPaired(info stats.Metric, m Measure, first, second *sample) power {
	if m.Method != "newcombe_paired" {
		return j.ofUnits(m, first)
	}
	return func(limit float64) (int, bool) {
		a, two, _ := first.simple(info)
		b, _, _ := second.simple(info)
		// Few rows differ, so the interval closes in faster than with the root.
		pairs, _ := ratePairs(two.Base, a.positive, decisions(a.score, *a.threshold), decisions(b.score, *b.threshold))
		if info.Better == stats.Less { // the limit is of second minus first
			limit = -limit
		}
		return pairs.Needed(limit, j.spec.Confidence)
	}
}

// ofParity is that of the worst of all pairs of groups.
func (f *fair) ofParity(m Measure) power {
	if !f.decides() || m.Low == nil {
		return nil
	}
	return func(limit float64) (int, bool) {
		switch {
		case f.ratio && limit < *m.Value:
			return stats.NeededWorstRatio(f.layers, limit, f.spec.Confidence)
		case !f.ratio && limit > *m.Value:
			return stats.NeededWorstDifference(f.layers, limit, f.spec.Confidence)
		}
		return byRoot(m)(limit)
	}
}

// grown is n where whole, of which n are a part, grows to the given number.
func grown(n, to, whole int) int {
	return int(math.Ceil(float64(n)*float64(to)/float64(whole) - 1e-9))
}

// tooFew is the measure of a part that has n of the least rows that it must
// have, and how many would do where every n rows more bring as many.
func tooFew(why string, n, least, rows int) Measure {
	m := without(StatusTooFew, why, n, rows)
	if n > 0 {
		m.Needed = least
	}
	return m
}
