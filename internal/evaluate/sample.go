package evaluate

import (
	"errors"
	"fmt"
	"math"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// sample is rows with labels and what a model says of them. Of the labels only
// those of the task are set: positive, label, class or is.
type sample struct {
	task     string
	rows     []int32 // of the test set
	positive []bool
	label    []float64
	class    []int32
	is       []bool // row by row, one for each of names
	names    []string
	// score is the one number that is said of a row; all that is said is said.
	score     []float64
	said      *predicted
	threshold *float64 // from which a score is decided positive

	weight []float64 // what each row counts; nil where all count once
	unit   []int32   // which rows belong together; nil where each stands alone
	query  []int32   // ranking
	scale  []float64 // forecasting: what mase divides by
	// pinned are columns of the test set that metrics of policies name.
	pinned map[string][]float64
	// noScale says why there is no scale.
	noScale string
	// what is the class or label that a sample of two classes is about.
	what string

	// counts are those of the rows of a binary sample that all count once and
	// stand alone; nil where there are none.
	counts *counts
	// later makes a sample of which only the counts are known; nil where the
	// rows are at hand.
	later func() *sample
}

func newSample(spec *project.Spec, t *truth, j *joined, d *design) *sample {
	s := &sample{task: spec.Task, rows: j.rows, said: j.said, score: j.said.score, names: t.names, threshold: spec.Predictions.Threshold}
	if spec.Task == "multiclass" {
		half := 0.5 // of decisions, which are 0 and 1
		s.threshold = &half
	}
	s.positive, s.label, s.class = ofRows(t.positive, j.rows), ofRows(t.value, j.rows), ofRows(t.class, j.rows)
	if t.is != nil {
		s.is = takeEach(t.is, len(t.names), j.rows)
	}
	d.give(s)
	return s
}

func (s *sample) n() int {
	if s.later != nil {
		return s.counts.N()
	}
	return len(s.rows)
}

// full is the sample with its rows.
func (s *sample) full() *sample {
	if s.later != nil {
		return s.later()
	}
	return s
}

// pick is some of the sample's rows, by their place in it; nil picks all.
func (s *sample) pick(at []int32) *sample {
	if at == nil {
		return s
	}
	s = s.full()
	p := *s
	p.counts = nil
	p.rows, p.said = take(s.rows, at), s.said.pick(at)
	p.score = p.said.score
	p.positive, p.label, p.class = takeAny(s.positive, at), takeAny(s.label, at), takeAny(s.class, at)
	if s.is != nil {
		p.is = takeEach(s.is, len(s.names), at)
	}
	p.weight, p.unit, p.query, p.scale = takeAny(s.weight, at), takeAny(s.unit, at), takeAny(s.query, at), takeAny(s.scale, at)
	p.pinned = takeColumns(s.pinned, at)
	return &p
}

// instead is the same rows with what another model says of them.
func (s *sample) instead(other *predicted) *sample {
	p := *s.full()
	p.counts = nil
	p.said, p.score = other, other.score
	return &p
}

func take[T any](x []T, at []int32) []T {
	out := make([]T, len(at))
	for k, i := range at {
		out[k] = x[i]
	}
	return out
}

// ofRows are those of x, which may not be there, at rows that ascend: x itself
// where these are all.
func ofRows[T any](x []T, rows []int32) []T {
	if len(x) == len(rows) {
		return x
	}
	return takeAny(x, rows)
}

// takeAny is take, of what may not be there.
func takeAny[T any](x []T, at []int32) []T {
	if x == nil {
		return nil
	}
	return take(x, at)
}

// takeEach is take of rows of the given width.
func takeEach[T any](x []T, width int, at []int32) []T {
	out := make([]T, 0, len(at)*width)
	for _, i := range at {
		out = append(out, x[int(i)*width:(int(i)+1)*width]...)
	}
	return out
}

// part is the places of a group's rows in the sample.
func (s *sample) part(p *parts, group int) []int32 { return s.places(p)[group] }

// places are those of each group's rows in the sample.
func (s *sample) places(p *parts) [][]int32 {
	rows := make([]int, len(p.groups))
	for _, row := range s.rows {
		rows[p.code[row]]++
	}
	all, room := make([][]int32, len(rows)), make([]int32, len(s.rows))
	for g, n := range rows {
		all[g], room = room[:0:n], room[n:]
	}
	for k, row := range s.rows {
		g := p.code[row]
		all[g] = append(all[g], int32(k))
	}
	return all
}

// statistic is a metric over the sample's rows, and what had to be bent to get
// it. The error says what the sample lacks for it.
func (s *sample) statistic(info stats.Metric) (f stats.Statistic, note string, err error) {
	if project.OfColumn(info) {
		if info.Kind == stats.Policy {
			return s.policy(info)
		}
		x := s.said.columns[info.Args[0]]
		return stats.Numbers{Label: x, Predicted: x, Weight: s.weight, Columns: s.said.columns}.Statistic(info)
	}
	switch s.task {
	case "multiclass":
		return stats.Classes{Names: s.names, Label: s.class, Decision: s.said.decision, Prob: s.said.scores, Weight: s.weight}.Statistic(info)
	case "multilabel":
		b := stats.Labels{Names: s.names, Is: s.is, Score: s.said.scores, Weight: s.weight}
		if s.threshold != nil {
			b.Threshold = *s.threshold
		}
		return b.Statistic(info)
	case "ranking":
		return stats.Queries{Query: s.query, Relevance: s.label, Score: s.score, Weight: s.weight}.Statistic(info)
	case "regression", "forecasting":
		if info.Base == "mase" && s.scale == nil {
			return nil, "", errors.New(s.noScale)
		}
		return stats.Numbers{Label: s.label, Predicted: s.score, Weight: s.weight, Columns: s.said.columns, Scale: s.scale}.Statistic(info)
	}
	return stats.Binary{Positive: s.positive, Score: s.score, Threshold: s.threshold, Weight: s.weight}.Statistic(info)
}

// compute is the statistic, or one that is NaN where the sample lacks
// something for it.
func (s *sample) compute(info stats.Metric) stats.Statistic {
	f, _, err := s.statistic(info)
	if err != nil {
		return undefined
	}
	return f
}

func undefined([]int32) float64 { return math.NaN() }

// confusion counts the decisions of a sample of two classes.
func (s *sample) confusion(threshold float64) stats.Confusion {
	return stats.Confuse(s.positive, s.score, threshold)
}

// decided counts the decisions at the sample's own threshold.
func (s *sample) decided() stats.Confusion {
	if s.counts != nil {
		return s.counts.Table
	}
	return s.confusion(*s.threshold)
}

// positives is the number of positive rows.
func (s *sample) positives() int {
	if s.counts != nil {
		return s.counts.Positive()
	}
	return countPositive(s.positive)
}

// plain says whether every row counts once and stands alone, so that a metric
// of counts has the interval of counts.
func (s *sample) plain() bool { return s.weight == nil && s.drawn() == nil }

// simple is a sample and metric of two classes or of numbers that say the
// same, for which there are intervals in closed form or over cells. Of several
// classes it is one against the rest.
func (s *sample) simple(info stats.Metric) (*sample, stats.Metric, bool) {
	if !s.plain() || project.OfColumn(info) {
		return nil, info, false
	}
	switch s.task {
	case "binary":
		switch info.Base {
		case "roc_auc", "average_precision", "log_loss", "brier", "ece":
			return s, info, true
		}
		return s, info, info.Kind == stats.Rate || info.Kind == stats.Decision || info.OfBins() && s.n() > stats.ClosedRows
	case "regression", "forecasting":
		switch info.Base {
		case "mae", "bias", "mape", "rmse", "r2", "median_ae":
			return s, info, true
		}
	case "multiclass", "multilabel":
		return s.against(info)
	}
	return nil, info, false
}

// against is one class or label against the rest.
func (s *sample) against(info stats.Metric) (*sample, stats.Metric, bool) {
	two, ok := stats.Lookup(info.Base)
	if !ok || !project.OfClass(info) || s.is == nil && !two.Thresholded() && s.said.scores == nil {
		return nil, info, false
	}
	for k, name := range s.names {
		if name == info.Args[0] {
			return s.only(k, two), two, true
		}
	}
	return nil, info, false
}

func (s *sample) only(k int, two stats.Metric) *sample {
	p := &sample{task: "binary", rows: s.rows, threshold: s.threshold, what: s.names[k]}
	p.positive, p.score = make([]bool, s.n()), make([]float64, s.n())
	decided := s.decisions()
	for i := range p.positive {
		switch {
		case s.is != nil:
			p.positive[i], p.score[i] = s.is[i*len(s.names)+k], s.said.scores[i*s.said.width+k]
			continue
		case two.Thresholded():
			p.score[i] = indicator(decided[i] == int32(k))
		default:
			p.score[i] = s.said.scores[i*s.said.width+k]
		}
		p.positive[i] = s.class[i] == int32(k)
	}
	p.said = &predicted{score: p.score}
	return p
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// decisions are the decided classes: those that are said, else those of the
// highest scores, the first in the order of names where several are.
func (s *sample) decisions() []int32 {
	if s.class == nil || s.said.decision != nil {
		return s.said.decision
	}
	out := make([]int32, s.n())
	for i := range out {
		best := 0
		for k, v := range s.said.scores[i*s.said.width : (i+1)*s.said.width] {
			if v > s.said.scores[i*s.said.width+best] {
				best = k
			}
		}
		out[i] = int32(best)
	}
	return out
}

// whyUndefined says in words why a metric has no value on the sample.
func (s *sample) whyUndefined(info stats.Metric) string {
	if s.n() == 0 {
		return "no rows"
	}
	if v, two, ok := s.simple(info); ok && v != s {
		return v.whyUndefined(two)
	}
	s = s.full()
	switch {
	case s.positive != nil:
		return s.whyOfTwo(info)
	case s.class != nil:
		return s.whyOfClasses(info)
	case s.is != nil:
		return s.whyOfLabels()
	}
	switch info.Base {
	case "mape":
		return "a label is 0"
	case "r2":
		return "the labels do not vary"
	case "mase":
		return "a series repeats itself after a season, or is too short for one"
	}
	if s.query != nil {
		return "no query has a relevant row"
	}
	return ""
}

func (s *sample) whyOfTwo(info stats.Metric) string {
	positive := countPositive(s.positive)
	of := "positive"
	if s.what != "" {
		of = s.what
	}
	switch {
	case positive == 0:
		return fmt.Sprintf("none of %d rows is %s", s.n(), of)
	case positive == s.n():
		return fmt.Sprintf("all %d rows are %s", s.n(), of)
	case info.Base == "precision":
		return "no row is decided " + of
	case info.Base == "mcc":
		return "all rows are decided alike"
	}
	return ""
}

func (s *sample) whyOfClasses(info stats.Metric) string {
	rows, decided := make([]int, len(s.names)), make([]int, len(s.names))
	for i, d := range s.decisions() {
		decided[d]++
		rows[s.class[i]]++
	}
	for k, name := range s.names {
		switch {
		case rows[k] == 0:
			return fmt.Sprintf("none of %d rows is %s", s.n(), name)
		case decided[k] == 0 && info.Thresholded():
			return "no row is decided " + name
		}
	}
	return ""
}

func (s *sample) whyOfLabels() string {
	for k, name := range s.names {
		is := 0
		for i := range s.rows {
			if s.is[i*len(s.names)+k] {
				is++
			}
		}
		if is == 0 || is == s.n() {
			return fmt.Sprintf("%d of %d rows have label %s", is, s.n(), name)
		}
	}
	return "a label is never decided, or a row has none"
}
