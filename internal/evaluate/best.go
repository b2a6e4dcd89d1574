package evaluate

import (
	"fmt"
	"math"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// gapToBest measures how far a slice falls behind the best of those by the
// same column that are large enough to be judged.
func (w *work) gapToBest(name string, p *parts, group int, item string, limit *project.Limit) Measure {
	info, _ := stats.Lookup(name)
	if info.Better == stats.Neither {
		return without(StatusError, fmt.Sprintf("no value of %s is better than another, so no slice is the best", name), 0, w.all.n())
	}
	if w.sharesUnits(p) {
		return without(StatusError, "units have rows in several slices, so the slices' intervals are not independent", 0, w.all.n())
	}
	measures := w.ownMeasures(name, p)
	own := measures[group]
	if own.Status != StatusOK {
		return own
	}
	var all []stats.IntervalEstimate
	at, best := 0, ""
	for g, m := range measures {
		if m.Status != StatusOK {
			continue
		}
		if g == group {
			at = len(all)
		}
		e := quality(info.Better, m)
		e.Biased = info.Kind == stats.Calibration
		if best == "" || e.Value > bestOf(all) {
			best = p.groups[g]
		}
		all = append(all, e)
	}
	if len(all) < 2 {
		return w.finish(without(StatusUndefined, "there is no other slice to compare with", own.N, own.Rows), item, w.thresholded(name))
	}
	j := w.about(info)
	r := j.resampling(item)
	found := r.GapToBest(all, at)
	m := with(found.Value, found.Interval, own.N, own.Rows)
	m.Null95, m.Draws = number(found.Null95), r.Draws
	m.note("the best is " + best)
	m = j.finish(m, item, w.thresholded(name))
	m.Needed = max(j.needed(m, limit, j.ofBest(info, m, measures, group)), neededNull(m, limit, 0.5))
	return m
}

// sharesUnits says whether rows that belong together lie in several groups.
func (w *work) sharesUnits(p *parts) bool {
	group := map[int32]uint16{}
	for k, u := range w.all.unit {
		code := p.code[w.all.rows[k]]
		if first, seen := group[u]; seen && first != code {
			return true
		}
		group[u] = code
	}
	return false
}

func bestOf(all []stats.IntervalEstimate) float64 {
	best := all[0].Value
	for _, e := range all[1:] {
		best = max(best, e.Value)
	}
	return best
}

// ownMeasures is one metric on every slice by a column.
func (w *work) ownMeasures(name string, p *parts) []Measure {
	if known, ok := p.own[name]; ok {
		return known
	}
	measures := make([]Measure, len(p.groups))
	for g, group := range p.groups {
		part := w.slice(p, g)
		item := sliceItem(name, p.by, group)
		if n, least, why := w.tooFew(name, part, w.Spec.Slices.MinRows); why != "" {
			measures[g] = w.finish(tooFew(why, n, least, part.n()), item, w.thresholded(name))
			continue
		}
		measures[g] = w.metric(name, part, item, nil)
	}
	p.own[name] = measures
	return measures
}

// quality is a measure turned such that more is better.
func quality(better stats.Direction, m Measure) stats.IntervalEstimate {
	e := stats.IntervalEstimate{Value: *m.Value, Interval: stats.Interval{Low: math.NaN(), High: math.NaN()}}
	if m.Low != nil && m.High != nil {
		e.Interval.Low, e.Interval.High = *m.Low, *m.High
	}
	switch better {
	case stats.Less:
		e.Value, e.Interval = -e.Value, e.Interval.Negate()
	case stats.One:
		e.Value, e.Interval.Low, e.Interval.High = e.Value-1, e.Interval.Low-1, e.Interval.High-1
		e.Value, e.Interval = -max(e.Value, -e.Value), e.Interval.Magnitude().Negate()
	case stats.Zero:
		e.Value, e.Interval = -max(e.Value, -e.Value), e.Interval.Magnitude().Negate()
	}
	return e
}
