package evaluate

import (
	"fmt"
	"math"
	"strconv"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// judge is what every measure is made with.
type judge struct {
	spec *project.Spec
	// seed names what is measured, and nothing else: each item adds its name.
	// Were the spec or the model's name in it, a change that has nothing to do
	// with a number would draw its interval anew, until one suits.
	seed string
}

func (j *judge) resampling(item string) stats.Resampling {
	return stats.Resampling{Draws: j.spec.Draws, Seed: stats.Seed(j.seed, item), Confidence: j.spec.Confidence}
}

// finish writes down what the number was made with: level, seed, threshold,
// and the n that would decide.
func (j *judge) finish(m Measure, item string, thresholded bool) Measure {
	if thresholded {
		m.Threshold = j.spec.Predictions.Threshold
	}
	if m.Status != StatusOK {
		return m
	}
	if m.Low != nil {
		m.Level = j.spec.Confidence
	}
	if m.Draws > 0 {
		m.Seed = fmt.Sprintf("%016x", stats.Seed(j.seed, item))
	}
	return m
}

// metric measures one metric on a sample.
func (j *judge) metric(name string, s *sample, item string, limit *project.Limit) Measure {
	info, ok := stats.Lookup(name)
	if !ok || !info.For(j.spec.Task) {
		return without(StatusError, fmt.Sprintf("metric %s is not one for task %s", name, j.spec.Task), 0, s.n())
	}
	if info.Thresholded() && j.spec.Predictions.Threshold == nil {
		return without(StatusError, fmt.Sprintf("%s needs predictions.threshold", name), 0, s.n())
	}
	m, rate := j.measure(info, s, item)
	if m.Status == StatusUndefined {
		m.Detail = s.whyUndefined(name)
	}
	m = j.finish(m, item, info.Thresholded())
	m.Needed = max(j.needed(m, limit, rate), neededNull(m, limit, 0.5))
	return m
}

// measure is value and interval; for a rate also its counts.
func (j *judge) measure(info stats.Metric, s *sample, item string) (Measure, *stats.Proportion) {
	r, n := j.resampling(item), s.n()
	if n == 0 {
		return without(StatusUndefined, "no rows", 0, 0), nil
	}
	switch info.Kind {
	case stats.Rate:
		p, _ := s.confusion(*j.spec.Predictions.Threshold).Rate(info.Name)
		return with(p.Value(), p.Interval(r.Confidence), p.N, n), &p
	case stats.Decision:
		c := s.confusion(*j.spec.Predictions.Threshold)
		return with(c.Value(info.Name), r.DecisionInterval(c, info.Name), n, n), nil
	case stats.Rank:
		auc, i := stats.DeLong(s.positive, s.score, r.Confidence)
		return with(auc, i, n, n), nil
	case stats.Calibration:
		null := r.CalibrationNull(s.score, stats.CalibrationBins, 0.95, 0.975)
		value, i := r.Calibration(n, null[1], s.build(info.Name))
		m := with(value, i, n, n)
		m.Null95 = number(null[0])
		return m, nil
	case stats.Quantile:
		f, _ := s.statistic(info.Name)
		return with(f(nil), stats.MedianInterval(stats.AbsoluteErrors(s.label, s.score), r.Confidence), n, n), nil
	}
	value, i := r.BCa(n, s.build(info.Name))
	m := with(value, i, n, n)
	if _, note := s.statistic(info.Name); m.Status == StatusOK {
		m.note(note)
	}
	return m, nil
}

func (s *sample) build(metric string) stats.Build {
	return func(rows []int32) stats.Statistic {
		f, _ := s.pick(rows).statistic(metric)
		return f
	}
}

// needed is the n that would decide, where the value meets the limit and the
// interval's bad end does not, or where chance alone reaches the value.
func (j *judge) needed(m Measure, limit *project.Limit, rate *stats.Proportion) int {
	if limit == nil || m.Status != StatusOK || j.spec.Judge != "bound" || m.Low == nil {
		return 0
	}
	most := 0
	side := func(bound, end float64) {
		n, ok := stats.Needed(m.N, *m.Value, end, bound)
		if rate != nil {
			n, ok = rate.Needed(bound, j.spec.Confidence)
		}
		if ok {
			most = max(most, n)
		}
	}
	if limit.Min != nil && *m.Value > *limit.Min && *m.Low < *limit.Min {
		side(*limit.Min, *m.Low)
	}
	if limit.Max != nil && *m.Value < *limit.Max && *m.High > *limit.Max {
		side(*limit.Max, *m.High)
	}
	return most
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

// leastOfAClass is the number of rows that each class must have on a slice for
// a ranking metric: an interval from fewer is not to be trusted.
const leastOfAClass = 10

// tooFew says why a metric is not judged on a small part, or "".
func (j *judge) tooFew(name string, s *sample, least int) (n int, why string) {
	n = s.n()
	info, _ := stats.Lookup(name)
	if info.Kind == stats.Rate && j.spec.Predictions.Threshold != nil && s.positive != nil {
		p, _ := s.confusion(*j.spec.Predictions.Threshold).Rate(name)
		n = p.N
	}
	if n < least {
		return n, strconv.Itoa(least) + " are asked for"
	}
	if name == "roc_auc" || name == "average_precision" {
		positive := countPositive(s.positive)
		if few := min(positive, s.n()-positive); few > 0 && few < leastOfAClass {
			return few, fmt.Sprintf("only %d rows of one class, and %d are needed", few, leastOfAClass)
		}
	}
	return n, ""
}

// gap measures how far a part falls behind all rows.
func (j *judge) gap(name string, all *sample, at []int32, item string, limit *project.Limit) Measure {
	info, _ := stats.Lookup(name)
	part := all.pick(at)
	whole, here := j.point(info, all), j.point(info, part)
	if math.IsNaN(whole) || math.IsNaN(here) {
		why := part.whyUndefined(name)
		return without(StatusUndefined, why, 0, part.n())
	}
	i, n := j.gapInterval(info, all, at, item)
	value := behind(info.Better, whole, here)
	m := j.finish(with(value, i, n, part.n()), item, info.Thresholded())
	m.Needed = j.needed(m, limit, nil)
	return m
}

// point is a metric's value alone.
func (j *judge) point(info stats.Metric, s *sample) float64 {
	if s.n() == 0 {
		return math.NaN()
	}
	if info.Thresholded() {
		return s.confusion(*j.spec.Predictions.Threshold).Value(info.Name)
	}
	f, _ := s.statistic(info.Name)
	return f(nil)
}

// behind is by how much second is worse than first.
func behind(better stats.Direction, first, second float64) float64 {
	switch better {
	case stats.Less:
		return second - first
	case stats.Zero:
		return math.Abs(second) - math.Abs(first)
	case stats.Neither:
		return math.Abs(first - second)
	}
	return first - second
}

func (j *judge) gapInterval(info stats.Metric, all *sample, at []int32, item string) (stats.Interval, int) {
	if len(at) == all.n() {
		return stats.Interval{Method: "exact", Detail: "the slice holds all rows"}, all.n()
	}
	r := j.resampling(item)
	switch info.Kind {
	case stats.Rate:
		t := *j.spec.Predictions.Threshold
		whole, _ := all.confusion(t).Rate(info.Name)
		part, _ := all.pick(at).confusion(t).Rate(info.Name)
		i := stats.Gap(whole, part, r.Confidence)
		switch info.Better {
		case stats.Less:
			i = i.Negate()
		case stats.Neither:
			i = i.Magnitude()
		}
		return i, part.N
	case stats.Decision:
		t := *j.spec.Predictions.Threshold
		return r.DecisionGap(all.confusion(t), all.pick(at).confusion(t), func(whole, part stats.Confusion) float64 {
			return behind(info.Better, whole.Value(info.Name), part.Value(info.Name))
		}), len(at)
	}
	marked := make([]bool, all.n())
	for _, k := range at {
		marked[k] = true
	}
	if info.Kind == stats.Rank {
		_, i := stats.DeLongGap(all.positive, all.score, marked, r.Confidence)
		return i, len(at)
	}
	_, i := r.Stratified(marked, func(rows []int32) stats.Statistic { return gapStatistic(info, all, marked, rows) })
	return i, len(at)
}

// gapStatistic is by how much the marked rows are behind all.
func gapStatistic(info stats.Metric, all *sample, marked []bool, rows []int32) stats.Statistic {
	s := all
	if rows != nil {
		s, marked = all.pick(rows), take(marked, rows)
	}
	var inside []int32
	for k, is := range marked {
		if is {
			inside = append(inside, int32(k))
		}
	}
	whole, _ := s.statistic(info.Name)
	part, _ := s.pick(inside).statistic(info.Name)
	return func(w []int32) float64 {
		if w == nil {
			return behind(info.Better, whole(nil), part(nil))
		}
		return behind(info.Better, whole(w), part(take(w, inside)))
	}
}
