package stats

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// LoggedOf are the logged decisions that a metric of kind Policy is about, by
// the columns that it names: reward, propensity and target, and for value_dr
// what a reward model says of the decision that was taken and of the other one.
func LoggedOf(m Metric, columns map[string][]float64) (Logged, error) {
	if m.Kind != Policy {
		return Logged{}, fmt.Errorf("metric %s judges no policy", m.Name)
	}
	at := make([][]float64, len(m.Args))
	for i, name := range m.Args {
		x, ok := columns[name]
		if !ok {
			return Logged{}, fmt.Errorf("no column %q among the numbers: %s\nhint: name a column of numbers", name, listed(slices.Sorted(maps.Keys(columns))))
		}
		at[i] = x
	}
	l := Logged{Reward: at[0], Propensity: at[1], Target: at[2]}
	if m.Base != "value_dr" {
		return l, nil
	}
	l.Predicted, l.Expected = at[3], make([]float64, len(at[3]))
	for i, t := range l.Target {
		l.Expected[i] = t*at[3][i] + (1-t)*at[4][i]
	}
	return l, nil
}

// Value is the metric of kind Policy on logged decisions.
func (r Resampling) Value(m Metric, l Logged) Estimate {
	switch m.Base {
	case "value_snips":
		return r.SNIPS(l)
	case "value_dr":
		return r.DoublyRobust(l)
	}
	return r.IPS(l)
}

// ForEffective is a resampling for the level that allows for so few effective
// rows, as in Clustered.
func (r Resampling) ForEffective(n float64) Resampling { return r.widened(n) }

// TooFew says that the effective sample size alone is in the way: more rows
// would mend it.
func (o Overlap) TooFew() bool { return o.Effective > 0 && o.Effective < leastEffective }

// policyMetric is a metric of kind Policy as an estimate; an error where the
// policy cannot be judged by these rows.
func policyMetric(m Metric, columns map[string][]float64, n int) (estimate, error) {
	l, err := LoggedOf(m, columns)
	if err != nil {
		return nil, err
	}
	if err := sameLength("logged decisions", len(l.Reward), n); err != nil {
		return nil, err
	}
	o := l.Overlap()
	if o.Problem == "" && m.Base == "value_dr" {
		o.Problem = l.unmodelled([][]float64{l.Predicted, l.Expected})
	}
	if o.Problem != "" {
		return nil, errors.New(o.Problem)
	}
	switch m.Base {
	case "value_snips":
		weights := l.weights()
		return func(w []float64) float64 {
			var sum, all float64
			for i, k := range w {
				if v := k * weights[i]; v > 0 {
					sum, all = sum+v*l.Reward[i], all+v
				}
			}
			return sum / all
		}, nil
	case "value_dr":
		x := l.weighed(minus(l.Reward, l.Predicted))
		for i, v := range l.Expected {
			x[i] += v
		}
		return meanOf(x), nil
	}
	return meanOf(l.weighed(l.Reward)), nil
}
