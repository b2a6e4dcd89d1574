package evaluate

import (
	"fmt"
	"math"

	"github.com/weighlock/weighlock/internal/stats"
)

// sample is rows with labels and scores. Only one of positive and label is
// set, by the task.
type sample struct {
	rows     []int32 // of the test set
	positive []bool
	label    []float64
	score    []float64
}

func newSample(t *truth, j *joined) *sample {
	s := &sample{rows: j.rows, score: j.score}
	for _, row := range j.rows {
		if t.positive != nil {
			s.positive = append(s.positive, t.positive[row])
		} else {
			s.label = append(s.label, t.value[row])
		}
	}
	return s
}

func (s *sample) n() int { return len(s.rows) }

// pick is some of the sample's rows, by their place in it; nil picks all.
func (s *sample) pick(at []int32) *sample {
	if at == nil {
		return s
	}
	p := &sample{rows: take(s.rows, at), score: take(s.score, at)}
	if s.positive != nil {
		p.positive = take(s.positive, at)
	} else {
		p.label = take(s.label, at)
	}
	return p
}

// rescored is the same rows with other scores.
func (s *sample) rescored(score []float64) *sample {
	return &sample{rows: s.rows, positive: s.positive, label: s.label, score: score}
}

func take[T any](x []T, at []int32) []T {
	out := make([]T, len(at))
	for k, i := range at {
		out[k] = x[i]
	}
	return out
}

// part is the places of a group's rows in the sample.
func (s *sample) part(p *parts, group int) []int32 {
	at := []int32{}
	for k, row := range s.rows {
		if p.code[row] == int32(group) {
			at = append(at, int32(k))
		}
	}
	return at
}

// statistic is a metric that is no rate or decision, over the sample's rows.
func (s *sample) statistic(metric string) (stats.Statistic, string) {
	if s.positive == nil {
		f, err := stats.Numeric(metric, s.label, s.score)
		if err != nil {
			return undefined, err.Error()
		}
		return f, ""
	}
	f, note, err := stats.Scored(metric, s.positive, s.score)
	if err != nil {
		return undefined, err.Error()
	}
	return f, note
}

func undefined([]int32) float64 { return math.NaN() }

func (s *sample) confusion(threshold float64) stats.Confusion {
	return stats.Confuse(s.positive, s.score, threshold)
}

// whyUndefined says in words why a metric has no value on the sample.
func (s *sample) whyUndefined(metric string) string {
	if s.n() == 0 {
		return "no rows"
	}
	if s.positive != nil {
		positive := countPositive(s.positive)
		switch {
		case positive == 0:
			return fmt.Sprintf("none of %d rows is positive", s.n())
		case positive == s.n():
			return fmt.Sprintf("all %d rows are positive", s.n())
		case metric == "precision":
			return "no row is decided positive"
		case metric == "mcc":
			return "all rows are decided alike"
		}
	}
	switch metric {
	case "mape":
		return "a label is 0"
	case "r2":
		return "the labels do not vary"
	}
	return ""
}
