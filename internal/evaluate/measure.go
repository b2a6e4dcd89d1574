package evaluate

import (
	"errors"
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
	// seedOf is the seed of what columns of the predictions say.
	seedOf func(columns []string) string
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
	info, refusal := j.lookup(name, s)
	if refusal != nil {
		return *refusal
	}
	j = j.about(info)
	m, by := j.measure(info, s, item)
	if m.Status == StatusUndefined && info.Kind != stats.Policy {
		m.Detail = s.whyUndefined(info)
	}
	m = j.finish(m, item, j.thresholded(name))
	m.Needed = max(m.Needed, j.needed(m, limit, by), neededNull(m, limit, 0.5))
	return m
}

// lookup finds a metric, and refuses one that the task does not have or that
// lacks its threshold.
func (j *judge) lookup(name string, s *sample) (stats.Metric, *Measure) {
	info, ok := stats.Lookup(name)
	var refusal Measure
	switch {
	case !ok || !project.Fits(info, j.spec.Task):
		refusal = without(StatusError, fmt.Sprintf("metric %s is not one for task %s", name, j.spec.Task), 0, s.n())
	case j.thresholded(name) && j.spec.Predictions.Threshold == nil:
		refusal = without(StatusError, fmt.Sprintf("%s needs predictions.threshold", name), 0, s.n())
	default:
		return info, nil
	}
	return info, &refusal
}

func (j *judge) thresholded(metric string) bool {
	return project.Thresholded(j.spec.Task, metric)
}

// about is the judge of a metric: one of columns is drawn by what they hold,
// and not by the scores, which have nothing to do with it.
func (j *judge) about(info stats.Metric) *judge {
	columns := ColumnsOf(info.Name)
	if len(columns) == 0 || j.seedOf == nil {
		return j
	}
	own := *j
	own.seed = j.seedOf(columns)
	return &own
}

// measure is value and interval, and what more rows would do for it where that
// is known.
func (j *judge) measure(info stats.Metric, s *sample, item string) (Measure, power) {
	r, n := j.resampling(item), s.n()
	if n == 0 {
		return without(StatusUndefined, "no rows", 0, 0), nil
	}
	if info.Kind == stats.Policy {
		return j.policyValue(info, s, item), nil
	}
	v, two, ok := s.simple(info)
	if !ok {
		return j.general(info, s.full(), item)
	}
	switch two.Kind {
	case stats.Rate:
		p, _ := v.decided().Rate(two.Base)
		return with(p.Value(), p.Interval(r.Confidence), p.N, n), j.ofRate(p)
	case stats.Decision:
		c := v.decided()
		m := with(c.Value(two.Name), r.DecisionInterval(c, two.Name), n, n)
		return m, j.ofFlawless(m, two.Name, c)
	case stats.Rank:
		if v.counts != nil {
			auc, i := v.counts.ranks().DeLong(r.Confidence)
			m := with(auc, i, n, n)
			return m, j.ofPairs(m, v.positives())
		}
		auc, i := stats.DeLong(v.positive, v.score, r.Confidence)
		m := with(auc, i, n, n)
		return m, j.ofPairs(m, v.positives())
	}
	if of, ok := v.moments(two); ok && n > stats.ClosedRows {
		m := with(two.MeanValue(of), two.MeanInterval(of, r.Confidence), n, n)
		if m.Status == StatusOK {
			m.note(v.counts.Note(two))
		}
		return m, nil
	}
	if t, ok := v.reliability(two); ok {
		i, null := chanceOf(r, two, t)
		m := with(t.Value(two), i, n, n)
		m.Null95 = null
		return m, nil
	}
	v = v.full()
	switch two.Kind {
	case stats.Calibration:
		null := r.CalibrationNull(v.score, stats.CalibrationBins, 0.95, 0.975)
		value, i := r.Calibration(n, null[1], v.build(two))
		m := with(value, i, n, n)
		m.Null95 = number(null[0])
		return m, nil
	case stats.Quantile:
		far := stats.AbsoluteErrors(v.label, v.score)
		m := with(v.compute(two)(nil), stats.MedianInterval(far, r.Confidence), n, n)
		return m, j.ofOrder(m, far, 0.5)
	}
	var value float64
	var i stats.Interval
	if means, ok := v.means(two); ok {
		value, i = v.compute(two)(nil), means.Interval(r.Confidence)
	} else {
		value, i = r.BCa(n, v.build(two))
	}
	m := with(value, i, n, n)
	if _, note, _ := v.statistic(two); m.Status == StatusOK {
		m.note(note)
	}
	return m, nil
}

// general measures what has no interval in closed form: it is drawn over rows,
// or over units where rows belong together, by what the rows count. A share of
// rows that count once each and stand alone is a proportion all the same.
func (j *judge) general(info stats.Metric, s *sample, item string) (Measure, power) {
	r, n := j.resampling(item), s.n()
	f, note, err := s.statistic(info)
	if err != nil {
		return without(StatusError, oneLine(err), 0, n), nil
	}
	value := f(nil)
	if math.IsNaN(value) {
		return without(StatusUndefined, "", 0, n), nil
	}
	if m, few := s.tooFewToDraw(); few {
		return m, nil
	}
	if p, ok := s.share(info, value); ok {
		m := with(p.Value(), p.Interval(r.Confidence), n, n)
		m.note(note)
		return m, j.ofRate(p)
	}
	i, null := s.around(r, info)
	m := with(value, i, s.counted(info), n)
	m.Null95 = null
	m.note(note)
	if m.Status == StatusOK {
		m.note(s.tell())
	}
	if q, ok := s.quantile(info); ok && m.Status == StatusOK {
		return m, j.ofOrder(m, s.said.columns[info.Args[0]], q)
	}
	return m, j.ofUnits(m, s)
}

// quantile is where a metric lies among the rows of a column that count once
// each and stand alone.
func (s *sample) quantile(info stats.Metric) (q float64, ok bool) {
	if info.Base != "quantile" || !s.plain() {
		return 0, false
	}
	q, err := strconv.ParseFloat(info.Args[1], 64)
	return q, err == nil
}

// around is the interval of a metric's value; for a metric of calibration of
// rows that stand alone also what chance makes of it.
func (s *sample) around(r stats.Resampling, info stats.Metric) (i stats.Interval, null95 *float64) {
	if means, ok := s.means(info); ok {
		return means.Interval(r.Confidence), nil
	}
	if t, ok := s.reliability(info); ok {
		return chanceOf(r, info, t)
	}
	if q, ok := s.quantile(info); ok {
		return stats.QuantileInterval(s.said.columns[info.Args[0]], q, r.Confidence), nil
	}
	if info.Kind == stats.Calibration && s.drawn() == nil {
		if two, err := s.calibrated(); err == nil {
			if null, err := two.Null(r, info, 0.95, 0.975); err == nil {
				_, i = r.Calibration(s.n(), null[1], s.build(info))
				return i, number(null[0])
			}
		}
	}
	_, i = s.interval(r, s.build(info))
	return i, nil
}

// means are the numbers whose mean a metric is, of so many rows that their
// moments give its interval.
func (s *sample) means(info stats.Metric) (stats.Means, bool) {
	if s.n() <= stats.ClosedRows || s.drawn() != nil {
		return stats.Means{}, false
	}
	switch s.task {
	case "regression", "forecasting":
		return stats.Numbers{Label: s.label, Predicted: s.score, Weight: s.weight, Columns: s.said.columns, Scale: s.scale}.Means(info)
	case "multiclass":
		return stats.Classes{Names: s.names, Label: s.class, Decision: s.said.decision, Prob: s.said.scores, Weight: s.weight, Columns: s.said.columns}.Means(info)
	case "binary":
		return stats.Binary{Positive: s.positive, Score: s.score, Threshold: s.threshold, Weight: s.weight, Columns: s.said.columns}.Means(info)
	}
	return stats.Means{}, false
}

// reliability are the sums by which a metric of calibration is measured where
// rows are many.
func (s *sample) reliability(info stats.Metric) (stats.Reliability, bool) {
	if s.n() <= stats.ClosedRows || !s.plain() || !info.OfBins() {
		return stats.Reliability{}, false
	}
	if s.counts != nil {
		return s.counts.Bins, s.counts.Bins.Len() == s.n()
	}
	two, err := s.calibrated()
	return stats.ReliabilityOf(two.Positive, two.Score), err == nil
}

func chanceOf(r stats.Resampling, info stats.Metric, t stats.Reliability) (i stats.Interval, null95 *float64) {
	null := t.Null(r, info, 0.95, 0.975)
	return t.Interval(r, info, null[1]), number(null[0])
}

// calibrated is the sample of two classes that a metric of calibration is of:
// of several that of whether the most probable one happens.
func (s *sample) calibrated() (stats.Binary, error) {
	if s.task == "multiclass" {
		return stats.Classes{Names: s.names, Label: s.class, Decision: s.said.decision, Prob: s.said.scores, Weight: s.weight}.TopLabel()
	}
	return stats.Binary{Positive: s.positive, Score: s.score, Weight: s.weight}, nil
}

// share is a metric that is a share of all rows, as a proportion.
func (s *sample) share(info stats.Metric, value float64) (stats.Proportion, bool) {
	if !s.plain() || info.Kind != stats.Share && info.Kind != stats.Rate {
		return stats.Proportion{}, false
	}
	x := math.Round(value * float64(s.n()))
	return stats.Proportion{X: int(x), N: s.n()}, math.Abs(x-value*float64(s.n())) < 1e-6
}

// counted is the n that a metric rests on: a ranking's queries, else rows.
func (s *sample) counted(info stats.Metric) int {
	if info.Kind == stats.PerQuery {
		return len(sizesOf(s.query))
	}
	return s.n()
}

func (s *sample) build(info stats.Metric) stats.Build {
	return func(rows []int32) stats.Statistic { return s.pick(rows).compute(info) }
}

// leastOfAClass is the number of rows that each class must have on a slice for
// a ranking metric: an interval from fewer is not to be trusted.
const leastOfAClass = 10

// tooFew says why a metric is not judged on a small part, which has n of what
// it must have at least, or "".
func (j *judge) tooFew(name string, s *sample, atLeast int) (n, least int, why string) {
	info, _ := stats.Lookup(name)
	n = s.counted(info)
	v, two, ok := s.simple(info)
	if ok && two.Kind == stats.Rate && v.threshold != nil {
		p, _ := v.decided().Rate(two.Base)
		n = p.N
	}
	if s.weight != nil {
		k := stats.Kish(s.weight)
		if !(k >= 0) { // no row of it counts
			k = 0
		}
		n = int(min(float64(n), k))
	}
	if n < atLeast {
		return n, atLeast, strconv.Itoa(atLeast) + " are asked for"
	}
	if ok && (two.Base == "roc_auc" || two.Base == "average_precision") {
		positive := v.positives()
		if few := min(positive, v.n()-positive); few > 0 && few < leastOfAClass {
			return few, leastOfAClass, fmt.Sprintf("only %d rows of one class, and %d are needed", few, leastOfAClass)
		}
	}
	return n, atLeast, ""
}

// gap measures how far a part, the rows at some places, falls behind all rows.
func (j *judge) gap(name string, all, part *sample, at func() []int32, item string, limit *project.Limit) Measure {
	info, refusal := j.lookup(name, part)
	if refusal != nil {
		return *refusal
	}
	j = j.about(info)
	for _, s := range []*sample{all, part} {
		if m, ok := unsupported(info, s); ok {
			return m
		}
	}
	if _, ok := lacking(info, all); ok {
		return lack(info, all)
	}
	whole, here := all.point(info), part.point(info)
	if math.IsNaN(whole) || math.IsNaN(here) {
		return without(StatusUndefined, part.whyUndefined(info), 0, part.n())
	}
	if m, few := part.tooFewToDraw(); few {
		return m
	}
	i, n := j.gapInterval(info, all, part, at, item)
	value := behind(info.Better, whole, here)
	m := j.finish(with(value, i, n, part.n()), item, j.thresholded(name))
	m.Needed = j.needed(m, limit, j.ofGap(info, m, all, part))
	return m
}

// lacking says whether the sample lacks something for a metric.
func lacking(info stats.Metric, s *sample) (string, bool) {
	if _, _, ok := s.simple(info); ok || s.n() == 0 {
		return "", false
	}
	_, _, err := s.statistic(info)
	if err == nil {
		return "", false
	}
	return oneLine(err), true
}

func lack(info stats.Metric, s *sample) Measure {
	why, _ := lacking(info, s)
	return without(StatusError, why, 0, s.n())
}

// point is a metric's value alone.
func (s *sample) point(info stats.Metric) float64 {
	if s.n() == 0 {
		return math.NaN()
	}
	v, two, ok := s.simple(info)
	switch {
	case !ok:
		return s.full().compute(info)(nil)
	case two.Thresholded():
		return v.decided().Value(two.Name)
	case two.Kind == stats.Rank && v.counts != nil:
		return v.counts.ranks().AUC()
	}
	if of, ok := v.moments(two); ok {
		return two.MeanValue(of)
	}
	if t, ok := v.reliability(two); ok {
		return t.Value(two)
	}
	return v.full().compute(two)(nil)
}

// behind is by how much second is worse than first.
func behind(better stats.Direction, first, second float64) float64 {
	switch better {
	case stats.Less:
		return second - first
	case stats.Zero:
		return math.Abs(second) - math.Abs(first)
	case stats.One:
		return math.Abs(second-1) - math.Abs(first-1)
	case stats.Neither:
		return math.Abs(first - second)
	}
	return first - second
}

func (j *judge) gapInterval(info stats.Metric, all, part *sample, at func() []int32, item string) (stats.Interval, int) {
	n := part.counted(info)
	if part.n() == all.n() {
		return stats.Interval{Method: "exact", Detail: "the slice holds all rows"}, n
	}
	if i, n, ok := j.gapOfCounts(info, all, part, item); ok {
		return i, n
	}
	r := forPolicy(j.resampling(item), info, part)
	marked := make([]bool, all.n())
	for _, k := range at() {
		marked[k] = true
	}
	if means, ok := all.means(info); ok {
		return means.Gap(marked, r.Confidence), n
	}
	v, two, ok := all.simple(info)
	switch {
	case !ok && all.drawn() != nil:
		_, i := all.interval(r, func(rows []int32) stats.Statistic { return gapStatistic(info, all, marked, rows) })
		return i, n
	case !ok:
		v, two = all, info
	case two.Kind == stats.Rank:
		_, i := stats.DeLongGap(v.positive, v.score, marked, r.Confidence)
		return i, n
	}
	gap := func(rows []int32) stats.Statistic { return gapStatistic(two, v, marked, rows) }
	if two.Kind == stats.Calibration && v.drawn() == nil {
		return v.calibrationGap(r, j.wholeOf(two), two, at(), marked, gap), n
	}
	_, i := r.Stratified(marked, gap)
	return i, n
}

// calibrationGap is the gap's interval of a metric of calibration, of which
// chance raises that of the fewer rows the more.
func (s *sample) calibrationGap(r, all stats.Resampling, info stats.Metric, at []int32, marked []bool, gap stats.Build) stats.Interval {
	part := s.pick(at)
	if _, ok := s.reliability(info); ok {
		var in, out stats.Reliability
		two, _ := s.calibrated()
		for k, is := range marked {
			if is {
				in.Add(two.Positive[k], two.Score[k])
			} else {
				out.Add(two.Positive[k], two.Score[k])
			}
		}
		return r.ReliabilityGap(info, in, out, all.HalfReliability(info, in.Merge(out)))
	}
	inside, err := part.chance(r, info)
	whole, other := s.chance(r, info)
	if err = errors.Join(err, other); err != nil {
		return stats.Interval{Low: math.NaN(), High: math.NaN(), Method: "bootstrap_centred", Degenerate: true, Detail: oneLine(err)}
	}
	return r.CalibrationGap(marked, gap, part.build(info), s.build(info), inside, whole)
}

// chance is what chance makes of a metric of calibration, for CalibrationGap.
func (s *sample) chance(r stats.Resampling, info stats.Metric) (float64, error) {
	two, err := s.calibrated()
	if err != nil {
		return 0, err
	}
	if info.Base == "ece" && two.Weight == nil {
		return r.CalibrationNull(two.Score, stats.CalibrationBins, r.HalfNull())[0], nil
	}
	null, err := two.Null(r, info, r.HalfNull())
	if err != nil {
		return 0, err
	}
	return null[0], nil
}

// gapOfCounts is the interval of a gap that counts of rows are enough for.
func (j *judge) gapOfCounts(info stats.Metric, all, part *sample, item string) (i stats.Interval, n int, ok bool) {
	v, two, ok := all.simple(info)
	if !ok {
		return i, 0, false
	}
	here, _, _ := part.simple(info)
	switch two.Kind {
	case stats.Rate:
		whole, _ := v.decided().Rate(two.Base)
		rate, _ := here.decided().Rate(two.Base)
		i := stats.Gap(whole, rate, j.spec.Confidence)
		switch info.Better {
		case stats.Less:
			i = i.Negate()
		case stats.Neither:
			i = i.Magnitude()
		}
		return i, rate.N, true
	case stats.Decision:
		return j.resampling(item).DecisionGap(v.decided(), here.decided(), two, func(whole, part float64) float64 {
			return behind(info.Better, whole, part)
		}), part.n(), true
	case stats.Rank:
		if v.counts != nil && here.counts != nil {
			_, i := v.counts.ranks().Gap(here.counts.ranks(), j.spec.Confidence)
			return i, part.n(), true
		}
	}
	if all.n() <= stats.ClosedRows {
		return i, 0, false
	}
	if t, ok := v.reliability(two); ok && here.counts != nil {
		in := here.counts.Bins
		return j.resampling(item).ReliabilityGap(two, in, t.Minus(in), j.wholeOfBins(two, v.counts)), part.n(), in.Len() == part.n()
	}
	whole, known := v.moments(two)
	inside, ok := here.moments(two)
	return two.MeanGap(inside, whole.Minus(inside), j.spec.Confidence), part.n(), known && ok
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
	whole, part := s.compute(info), s.pick(inside).compute(info)
	return func(w []int32) float64 {
		if w == nil {
			return behind(info.Better, whole(nil), part(nil))
		}
		return behind(info.Better, whole(w), part(take(w, inside)))
	}
}
