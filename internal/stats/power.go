package stats

import (
	"math"
	"sort"
)

// NeededDifference is the number of rows, of both samples together at their
// present ratio, from which Newcombe's interval of a−b at the same values
// would lie on the value's side of the limit. It is false where the value is
// the limit, or no number of rows would do.
func NeededDifference(a, b Proportion, limit, confidence float64) (int, bool) {
	if a.N == 0 || b.N == 0 {
		return 0, false
	}
	pa, pb, total := a.Value(), b.Value(), float64(a.N+b.N)
	return leastRows(a.N+b.N, pa-pb, limit, func(n float64) (low, high float64) {
		la, ua := wilsonEnds(pa, n*float64(a.N)/total, confidence)
		lb, ub := wilsonEnds(pb, n*float64(b.N)/total, confidence)
		return pa - pb - math.Hypot(pa-la, ub-pb), pa - pb + math.Hypot(ua-pa, pb-lb)
	})
}

// NeededGap is NeededDifference for Gap: the rows of the whole, where the
// part keeps its share of them.
func NeededGap(all, part Proportion, limit, confidence float64) (int, bool) {
	rest := Proportion{all.X - part.X, all.N - part.N}
	if rest.N <= 0 {
		return 0, false
	}
	return NeededDifference(rest, part, limit*float64(all.N)/float64(rest.N), confidence)
}

// Needed is the number of rows from which the paired interval of these shares
// would lie on the value's side of the limit.
func (p Pairs) Needed(limit, confidence float64) (int, bool) {
	if p.N() == 0 {
		return 0, false
	}
	shares := p.shares()
	return leastRows(p.N(), p.Value(), limit, func(n float64) (low, high float64) { return shares.ends(n, confidence) })
}

// NeededRatio is the number of rows of both samples together for Ratio: its
// score grows with the rows as such.
func NeededRatio(a, b Proportion, limit, confidence float64) (int, bool) {
	if a.N == 0 || b.N == 0 || a.X+b.X == 0 || !(limit > 0) {
		return 0, false
	}
	return whole(float64(a.N+b.N) * square(z(confidence)) / koopman(a, b, limit))
}

// NeededPairs is the number of disjoint pairs of a positive and a negative
// row, so of rows of the rarer class, from which the exact bound of an area of
// 1 under the ROC curve (of 0: of 0) passes the limit.
func NeededPairs(auc, limit, confidence float64) (int, bool) {
	if auc != 0 && auc != 1 {
		return 0, false
	}
	return Proportion{int(auc), 1}.Needed(limit, confidence)
}

// NeededFlawless is the number of rows from which the exact bound of f1 or
// balanced accuracy passes the limit, if no error is met among them either and
// the classes keep their shares. It is false for tables with errors.
func (c Confusion) NeededFlawless(metric string, limit, confidence float64) (int, bool) {
	if c.FP+c.FN > 0 || c.TP == 0 || !(limit > 0 && limit < 1) {
		return 0, false
	}
	share := float64(c.TP) / float64(c.N())
	switch tail := (1 - confidence) / 2; {
	case metric == "f1":
		jaccard := limit / (2 - limit)
		return whole(math.Log(tail) / math.Log(jaccard) / share)
	case metric == "balanced_accuracy" && c.TN > 0:
		return leastRows(1, 1, limit, func(n float64) (low, high float64) {
			return (math.Pow(tail/2, 1/(n*share)) + math.Pow(tail/2, 1/(n*(1-share)))) / 2, 1
		})
	}
	return 0, false
}

// NeededWeighted is the number of rows from which WeightedRate's interval
// would lie on the value's side of the limit, if the same part of the rows is
// effective.
func NeededWeighted(rows int, share, effective, limit, confidence float64) (int, bool) {
	if !(effective > 0) {
		return 0, false
	}
	return leastRows(rows, share, limit, func(n float64) (low, high float64) {
		return wilsonEnds(share, effective*n/float64(rows), confidence)
	})
}

// NeededUnits is the number of units from which the cluster bootstrap's
// interval, whose end lies at end for so many units now, would end at limit:
// the width shrinks with the root of the units and with Student's quantile.
func NeededUnits(units int, value, end, limit, confidence float64) (int, bool) {
	k := float64(units)
	if units < leastUnits || !((end-value)*(limit-value) > 0) {
		return 0, false
	}
	half := math.Abs(end-value) * math.Sqrt(k) / unitQuantile(k, confidence)
	return leastRows(units, 0, math.Abs(limit-value), func(n float64) (low, high float64) {
		if n < leastUnits {
			return math.Inf(-1), math.Inf(1)
		}
		return math.Inf(-1), half / math.Sqrt(n) * unitQuantile(n, confidence)
	})
}

// NeededMedian is the number of rows from which the median has an interval.
func NeededMedian(confidence float64) int {
	n, _ := whole(1 + math.Log2(1/(1-confidence)))
	return n
}

// NeededEffective is the number of rows from which the effective sample size
// of logged decisions suffices to judge a policy, if the same part of the rows
// is effective.
func (o Overlap) NeededEffective() (int, bool) {
	return whole(float64(o.Rows) * leastEffective / o.Effective)
}

// NeededMcNemar is the number of rows at which McNemar's test, two-sided at
// 1 − confidence, finds a difference with the given power, where these shares
// of rows are right by the first and by the second model only (Connor,
// Biometrics 43 (1987) 207–211).
func NeededMcNemar(first, second, confidence, power float64) (int, bool) {
	discordant, difference := first+second, first-second
	if !(first >= 0 && second >= 0 && discordant <= 1) || !(power > 0 && power < 1) {
		return 0, false
	}
	root := z(confidence)*math.Sqrt(discordant) + normalQuantile(power)*math.Sqrt(discordant-square(difference))
	return whole(square(root / difference))
}

// leastRows is the least whole number of rows, not below 1, for which the
// interval around the value does not reach beyond the limit. The interval must
// shrink as rows are added.
func leastRows(from int, value, limit float64, ends func(n float64) (low, high float64)) (int, bool) {
	if !(value != limit) || math.IsNaN(limit) {
		return 0, false
	}
	meets := func(n int) bool {
		low, high := ends(float64(n))
		return value > limit && low >= limit || value < limit && high <= limit
	}
	most := max(from, 1)
	for !meets(most) {
		most *= 2
		if most > maxNeeded {
			return 0, false
		}
	}
	return 1 + sort.Search(most-1, func(k int) bool { return meets(k + 1) }), true
}
