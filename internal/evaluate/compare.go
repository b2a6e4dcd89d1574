package evaluate

import (
	"fmt"
	"math"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// improvement measures by how much the sample's scores are better than those
// of another model on the same rows, paired.
func (j *judge) improvement(name string, s, second *sample, item string, limit *project.Limit) (m Measure, reference *float64) {
	info, ok := stats.Lookup(name)
	if !ok || info.Better == stats.Neither {
		return without(StatusError, fmt.Sprintf("no value of %s is better than another, so models cannot be compared by it", name), 0, s.n()), nil
	}
	if _, refusal := j.lookup(name, s); refusal != nil {
		return *refusal, nil
	}
	for _, one := range []*sample{s, second} {
		if m, ok := unsupported(info, one); ok {
			return m, nil
		}
		if _, ok := lacking(info, one); ok {
			return lack(info, one), nil
		}
	}
	ours, theirs := s.point(info), second.point(info)
	reference = number(theirs)
	if math.IsNaN(ours) {
		return without(StatusUndefined, s.whyUndefined(info), 0, s.n()), reference
	}
	if math.IsNaN(theirs) {
		return without(StatusUndefined, "of the other model: "+second.whyUndefined(info), 0, s.n()), nil
	}
	if m, few := s.tooFewToDraw(); few {
		return m, reference
	}
	i, n := j.pairedInterval(info, s, second, item)
	if !i.Usable() || i.Degenerate {
		if exact, ok := sameScores(info, s, second, j.spec.Confidence); ok {
			i = exact
		}
	}
	m = j.finish(with(behind(info.Better, ours, theirs), i, n, s.n()), item, j.thresholded(name))
	m.Needed = j.needed(m, limit, j.ofPaired(info, m, s, second))
	return m, reference
}

// pairedInterval is that of "first is better than second by".
func (j *judge) pairedInterval(info stats.Metric, first, second *sample, item string) (stats.Interval, int) {
	r, n := forPolicy(j.resampling(item), info, first, second), first.counted(info)
	if x, ok := first.means(info); ok {
		if y, ok := second.means(info); ok {
			return x.Behind(y, r.Confidence), n
		}
	}
	a, two, simple := first.simple(info)
	b, _, _ := second.simple(info)
	if !simple {
		_, i := first.interval(r, paired(info, first, second))
		return i, n
	}
	switch two.Kind {
	case stats.Rank:
		_, i := stats.DeLongPaired(a.positive, a.score, b.score, r.Confidence)
		return i, n
	case stats.Rate, stats.Decision:
		da, db := decisions(a.score, *a.threshold), decisions(b.score, *b.threshold)
		if pairs, ok := ratePairs(two.Base, a.positive, da, db); ok {
			i := pairs.Interval(r.Confidence)
			if info.Better == stats.Less {
				i = i.Negate()
			}
			return i, pairs.N()
		}
		return r.DecisionPaired(a.positive, da, db, func(a, b stats.Confusion) float64 {
			return behind(info.Better, a.Value(two.Base), b.Value(two.Base))
		}), n
	}
	if two.Kind == stats.Calibration {
		// Less is better, so second minus first.
		null := func(s *sample) float64 {
			return r.CalibrationNull(s.score, stats.CalibrationBins, r.HalfNull())[0]
		}
		return r.CalibrationPaired(a.n(), b.build(two), a.build(two), null(b), null(a)), n
	}
	_, i := r.BCa(first.n(), paired(two, a, b))
	return i, n
}

// paired is by how much first is better than second on the same rows.
func paired(info stats.Metric, first, second *sample) stats.Build {
	return func(rows []int32) stats.Statistic {
		f, g := first.pick(rows).compute(info), second.pick(rows).compute(info)
		return func(w []int32) float64 { return behind(info.Better, f(w), g(w)) }
	}
}

func decisions(score []float64, threshold float64) []bool {
	out := make([]bool, len(score))
	for i, s := range score {
		out[i] = s >= threshold
	}
	return out
}

// ratePairs counts the paired successes of a rate whose rows do not depend on
// the decisions; precision's do.
func ratePairs(metric string, positive, first, second []bool) (p stats.Pairs, ok bool) {
	for i, y := range positive {
		a, b := first[i], second[i]
		switch metric {
		case "accuracy":
			a, b = a == y, b == y
		case "recall":
			if !y {
				continue
			}
		case "specificity":
			if y {
				continue
			}
			a, b = !a, !b
		case "fpr":
			if y {
				continue
			}
		default:
			return p, false
		}
		switch {
		case a && b:
			p.Both++
		case a:
			p.First++
		case b:
			p.Second++
		default:
			p.Neither++
		}
	}
	return p, true
}

// sameScores bounds the difference of two models that score every row alike.
// The share of rows that they would score differently is at most what Clopper
// and Pearson allow of none seen, and a row changes a mean of losses by no
// more than the losses' range.
func sameScores(info stats.Metric, first, second *sample, confidence float64) (stats.Interval, bool) {
	if v, _, ok := first.simple(info); !ok || v != first {
		return stats.Interval{}, false
	}
	for i, s := range first.score {
		if s != second.score[i] {
			return stats.Interval{}, false
		}
	}
	n := first.n()
	_, share := stats.ClopperPearson(stats.Proportion{X: 0, N: n}, confidence)
	var half float64
	switch info.Name {
	case "roc_auc":
		positive := countPositive(first.positive)
		_, p := stats.ClopperPearson(stats.Proportion{X: 0, N: positive}, (1+confidence)/2)
		_, q := stats.ClopperPearson(stats.Proportion{X: 0, N: n - positive}, (1+confidence)/2)
		half = p + q
	case "brier":
		half = share
	case "log_loss":
		loss, _ := stats.LogLosses(first.positive, first.score)
		half = share * spread(loss)
	case "mae", "bias":
		half = share * spread(stats.AbsoluteErrors(first.label, first.score))
	default:
		return stats.Interval{}, false
	}
	return stats.Interval{
		Low: -half, High: half, Method: "exact", Degenerate: true,
		Detail: fmt.Sprintf("both score all %d rows alike: bound on the rows that they might score differently", n),
	}, true
}

func spread(x []float64) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	return high - low
}
