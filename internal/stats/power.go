package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
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

// NeededWorstDifference is the number of rows behind all proportions from which
// WorstDifference's interval would lie below the limit: as many as the pair
// takes that needs most. It is false where the greatest difference is not below.
func NeededWorstDifference(layers []Layer, limit, confidence float64) (int, bool) {
	return neededWorst(layers, func(a, b Proportion) (int, bool) {
		if Newcombe(a, b, confidence).High <= limit {
			return 0, true
		}
		n, ok := NeededDifference(a, b, limit, confidence)
		return n, ok && a.Value()-b.Value() < limit
	})
}

// NeededWorstRatio is NeededWorstDifference for WorstRatio, whose interval
// would lie above the limit.
func NeededWorstRatio(layers []Layer, limit, confidence float64) (int, bool) {
	return neededWorst(layers, func(a, b Proportion) (int, bool) {
		if Ratio(a, b, confidence).Low >= limit {
			return 0, true
		}
		n, ok := NeededRatio(a, b, limit, confidence)
		return n, ok && a.Value()/b.Value() > limit
	})
}

// neededWorst is by how much all rows must grow for the pair that needs most,
// where needed says it of the rows of a pair, or 0 where it has enough.
func neededWorst(layers []Layer, needed func(a, b Proportion) (int, bool)) (int, bool) {
	rows, growth := 0, 0.0
	for _, l := range layers {
		for _, g := range l.Groups {
			rows += g.N
		}
		for _, at := range l.pairs() {
			a, b := l.Groups[at[0]], l.Groups[at[1]]
			n, ok := needed(a, b)
			if !ok {
				return 0, false
			}
			growth = max(growth, float64(n)/float64(a.N+b.N))
		}
	}
	return whole(growth * float64(rows))
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

// NeededUnits is the number of units, of equal size, from which the cluster
// bootstrap's interval, whose end lies at end for so many of them now, would
// end at limit: the width shrinks with the root of the units and with Student's
// quantile.
func NeededUnits(units, value, end, limit, confidence float64) (int, bool) {
	if !(units >= leastUnits) || !((end-value)*(limit-value) > 0) {
		return 0, false
	}
	half := math.Abs(end-value) * math.Sqrt(units) / unitQuantile(units, confidence)
	return leastRows(int(units), 0, math.Abs(limit-value), func(n float64) (low, high float64) {
		if n < leastUnits {
			return math.Inf(-1), math.Inf(1)
		}
		return math.Inf(-1), half / math.Sqrt(n) * unitQuantile(n, confidence)
	})
}

// NeededQuantile is the number of rows from which the quantile at q has an
// interval between two order statistics.
func NeededQuantile(q, confidence float64) (int, bool) {
	return whole(math.Log((1-confidence)/2) / math.Log(max(q, 1-q)))
}

// NeededOrder is the number of rows from which that interval lies on one side
// of a limit, if this share of the rows lies beyond the limit and q is the
// share that the quantile itself has on that side: the interval's end is within
// the limit where the sign test tells one share from the other.
func NeededOrder(beyond Proportion, q, confidence float64) (int, bool) {
	share := beyond.Value()
	least, ok := NeededQuantile(q, confidence)
	if !ok || !(share < q) {
		return 0, false
	}
	n, ok := leastRows(beyond.N, 1, confidence, func(n float64) (low, high float64) {
		// The chance of so few beyond, of a number that need not be whole.
		return 1 - 2*distuv.Beta{Alpha: n - share*n, Beta: share*n + 1}.CDF(1-q), 1
	})
	return max(least, n), ok
}

// NeededEffective is the number of rows from which the effective sample size
// of logged decisions suffices to judge a policy, if the same part of the rows
// is effective.
func (o Overlap) NeededEffective() (int, bool) {
	return whole(float64(o.Rows) * leastEffective / o.Effective)
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
