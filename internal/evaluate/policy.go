package evaluate

import (
	"math"
	"slices"

	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// PinnedColumnsOf are the columns of the pinned test set that metrics name in
// their arguments, by name: of what a policy brings all but the target, which
// is for the author of the predictions to say.
func PinnedColumnsOf(metrics ...string) (columns []string) {
	for _, name := range metrics {
		if m, ok := stats.Lookup(name); ok && m.Kind == stats.Policy {
			columns = append(columns, slices.Delete(slices.Clone(m.Args), 2, 3)...)
		}
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// pinnedColumns are columns of numbers, NaN where a cell is empty: whether that
// matters is for the overlap to say.
func pinnedColumns(t *table.Table, names []string) (map[string][]float64, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out := map[string][]float64{}
	for _, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if c.Kind != table.Bool {
			if out[name], err = t.Float64s(name); err != nil {
				return nil, err
			}
			continue
		}
		out[name] = make([]float64, t.Rows)
		for i := range out[name] {
			if out[name][i] = indicator(c.Bools[i]); c.IsNull(i) {
				out[name][i] = math.NaN()
			}
		}
	}
	return out, nil
}

func takeColumns(columns map[string][]float64, at []int32) map[string][]float64 {
	if columns == nil {
		return nil
	}
	out := map[string][]float64{}
	for name, x := range columns {
		out[name] = take(x, at)
	}
	return out
}

// logged are the decisions that a metric of a policy is about: the target is
// what the predictions say, and all else is pinned.
func (s *sample) logged(info stats.Metric) (stats.Logged, map[string][]float64, error) {
	s = s.full()
	columns := map[string][]float64{}
	for i, name := range info.Args {
		from := s.pinned
		if i == 2 {
			from = s.said.columns
		}
		if x, ok := from[name]; ok {
			columns[name] = x
		}
	}
	l, err := stats.LoggedOf(info, columns)
	return l, columns, err
}

// policy is a metric of a policy as a statistic.
func (s *sample) policy(info stats.Metric) (stats.Statistic, string, error) {
	_, columns, err := s.logged(info)
	if err != nil {
		return nil, "", err
	}
	x := make([]float64, s.n()) // says how many rows there are
	return stats.Numbers{Label: x, Predicted: x, Columns: columns}.Statistic(info)
}

// policyValue measures what a policy would bring.
func (j *judge) policyValue(info stats.Metric, s *sample, item string) Measure {
	if m, ok := unsupported(info, s); ok {
		return m
	}
	l, _, _ := s.logged(info)
	found := j.resampling(item).Value(info, l)
	if found.Overlap.Problem != "" { // of the reward model
		return unjudged(found.Overlap, s.n())
	}
	m := with(found.Value, found.Interval, s.n(), s.n())
	m.Overlap = overlapOf(found.Overlap)
	m.note(told(found.Overlap))
	return m
}

// unsupported is the measure of a policy that these rows cannot judge; false
// of other metrics, and where they can.
func unsupported(info stats.Metric, s *sample) (Measure, bool) {
	if info.Kind != stats.Policy {
		return Measure{}, false
	}
	l, _, err := s.logged(info)
	if err != nil {
		return without(StatusError, oneLine(err), 0, s.n()), true
	}
	if why := s.unfit(); why != "" {
		return without(StatusError, why, 0, s.n()), true
	}
	if o := l.Overlap(); o.Problem != "" {
		return unjudged(o, s.n()), true
	}
	return Measure{}, false
}

// unjudged is the measure where overlap fails: too few where only rows are
// missing, and how many would do.
func unjudged(o stats.Overlap, rows int) Measure {
	m := without(StatusUndefined, o.Problem, 0, rows)
	m.Overlap = overlapOf(o)
	if o.TooFew() {
		m.Status, m.N = StatusTooFew, rows
		if n, ok := o.NeededEffective(); ok {
			m.Needed = n
		}
	}
	return m
}

// forPolicy is a resampling that allows for the effective sample size where
// the metric is one of a policy.
func forPolicy(r stats.Resampling, info stats.Metric, samples ...*sample) stats.Resampling {
	if info.Kind != stats.Policy {
		return r
	}
	least := math.Inf(1)
	for _, s := range samples {
		if l, _, err := s.logged(info); err == nil {
			least = min(least, l.Overlap().Effective)
		}
	}
	return r.ForEffective(least)
}
