package evaluate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// layout says in which columns of a predictions file lies what the model says
// of a row; empty where it says no such thing.
type layout struct {
	score    string   // one number for a row
	scores   []string // one for each class or label, in the order of their names
	decision string   // the decided class
	extra    []string // columns that metrics name
}

// layoutOf is that of the spec's predictions. names are the classes or labels.
func layoutOf(spec *project.Spec, names []string) layout {
	p := spec.Predictions
	l := layout{score: p.Column, decision: p.Decision, extra: ColumnsOf(metricNames(spec)...)}
	for _, name := range names {
		switch column, ok := p.Columns[name]; {
		case ok:
			l.scores = append(l.scores, column)
		case p.Prefix != "":
			l.scores = append(l.scores, p.Prefix+name)
		}
	}
	return l
}

// kept is the layout of the predictions that the registry keeps.
func kept(spec *project.Spec, names []string) layout {
	l := layoutOf(spec, names)
	l.extra = nil
	if l.score != "" {
		l.score = "score"
	}
	for k := range l.scores {
		l.scores[k] = "score:" + names[k]
	}
	if l.decision != "" {
		l.decision = "decision"
	}
	return l
}

// columns are all of them, each once.
func (l layout) columns() []string {
	all := []string{}
	for _, c := range slices.Concat([]string{l.score}, l.scores, []string{l.decision}, l.extra) {
		if c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// ColumnsOf are the columns of the predictions that metrics name in their
// arguments, by name.
func ColumnsOf(metrics ...string) (columns []string) {
	for _, name := range metrics {
		m, ok := stats.Lookup(name)
		if !ok {
			continue
		}
		switch m.Base {
		case "mean", "rate", "quantile":
			columns = append(columns, m.Args[0])
		case "interval_coverage", "interval_width":
			columns = append(columns, m.Args...)
		case "value_ips", "value_snips", "value_dr":
			columns = append(columns, m.Args[2]) // the rest is pinned
		}
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// predicted is what a model says of rows.
type predicted struct {
	score    []float64 // one for a row
	scores   []float64 // row by row, one for each class or label
	width    int       // classes or labels with scores
	decision []int32
	columns  map[string][]float64
}

// readPredicted reads all rows of a predictions file. A number that is missing
// or not finite is refused, and so is a decision that is none.
func readPredicted(t *table.Table, l layout, classes *classList) (p *predicted, err error) {
	p = &predicted{}
	if l.score != "" {
		if p.score, err = scores(t, l.score); err != nil {
			return nil, err
		}
	}
	if p.width = len(l.scores); p.width > 0 {
		p.scores = make([]float64, t.Rows*p.width)
		for k, name := range l.scores {
			column, err := scores(t, name)
			if err != nil {
				return nil, err
			}
			for i, v := range column {
				p.scores[i*p.width+k] = v
			}
		}
	}
	if l.decision != "" {
		if p.decision, err = classes.codes(t, l.decision, "decision"); err != nil {
			return nil, err
		}
		if i := slices.Index(p.decision, -1); i >= 0 {
			return nil, t.At(i, l.decision, "a row without a decision\nhint: let the model decide every row")
		}
	}
	for _, name := range l.extra {
		if p.columns == nil {
			p.columns = map[string][]float64{}
		}
		if p.columns[name], err = numbers(t, name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// numbers are those of a column that a metric names; true is 1 and false is 0.
func numbers(t *table.Table, column string) ([]float64, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	values := make([]float64, t.Rows)
	if c.Kind == table.Bool {
		for i := range values {
			if c.Bools[i] {
				values[i] = 1
			}
		}
	} else if values, err = t.Float64s(column); err != nil {
		return nil, err
	}
	for i, v := range values {
		switch {
		case c.IsNull(i):
			return nil, t.At(i, column, "a row without a value\nhint: write one in every row, or leave the metric of this column out")
		case math.IsNaN(v) || math.IsInf(v, 0):
			return nil, t.At(i, column, fmt.Sprintf("the value %v is not a finite number\nhint: write a finite number in every row", v))
		}
	}
	return values, nil
}

// pick is what is said of some rows; nil picks all.
func (p *predicted) pick(at []int32) *predicted {
	if at == nil {
		return p
	}
	out := &predicted{width: p.width}
	if p.score != nil {
		out.score = take(p.score, at)
	}
	if p.scores != nil {
		out.scores = make([]float64, 0, len(at)*p.width)
		for _, i := range at {
			out.scores = append(out.scores, p.scores[int(i)*p.width:(int(i)+1)*p.width]...)
		}
	}
	if p.decision != nil {
		out.decision = take(p.decision, at)
	}
	if p.columns != nil {
		out.columns = map[string][]float64{}
		for name, x := range p.columns {
			out.columns[name] = take(x, at)
		}
	}
	return out
}

// numbersOf are a row's numbers in the order in which they name the
// predictions: its score, or its scores and its decision.
func (p *predicted) numbersOf(i int) []float64 {
	var out []float64
	if p.score != nil {
		out = append(out, p.score[i])
	}
	out = append(out, p.scores[i*p.width:(i+1)*p.width]...)
	if p.decision != nil {
		out = append(out, float64(p.decision[i]))
	}
	return out
}

// alike are the numbers of all rows one after the other, where each row has
// its score or its scores alone.
func (p *predicted) alike() ([]float64, bool) {
	if p.score == nil {
		return p.scores, p.decision == nil
	}
	return p.score, p.decision == nil && p.width == 0
}

// alone is what is said in some extra columns only.
func (p *predicted) alone(columns []string) *predicted {
	out := &predicted{width: len(columns)}
	n := 0
	for _, name := range columns {
		n = len(p.columns[name])
	}
	out.scores = make([]float64, n*out.width)
	for k, name := range columns {
		for i, v := range p.columns[name] {
			out.scores[i*out.width+k] = v
		}
	}
	return out
}

// distributions refuses scores of several classes that are no probabilities,
// where a metric needs them.
func distributions(t *table.Table, l layout, p *predicted, metrics []string) error {
	i := slices.IndexFunc(metrics, func(name string) bool {
		m, ok := stats.Lookup(name)
		return ok && m.Probability
	})
	if i < 0 || p.width == 0 {
		return nil
	}
	for row := range t.Rows {
		sum := 0.0
		for k, v := range p.scores[row*p.width : (row+1)*p.width] {
			if v < 0 || v > 1 {
				return t.At(row, l.scores[k], fmt.Sprintf("the score %v is not a probability, and %s needs one\nhint: write probabilities between 0 and 1, or judge by accuracy or roc_auc_ovr_macro", v, metrics[i]))
			}
			sum += v
		}
		if math.Abs(sum-1) > sumSlack {
			return t.At(row, l.scores[0], fmt.Sprintf("the probabilities of the row sum to %.6g, and %s needs 1\nhint: write the probability of every class", sum, metrics[i]))
		}
	}
	return nil
}

// sumSlack is how far the probabilities of a row may sum from one, which
// leaves room for rounding in files; it is that of package stats.
const sumSlack = 1e-3

// unclaimed refuses columns that begin with the prefix of the scores and are
// of no class or label: a class that the data does not have must be named, or
// the averages would leave it out.
func unclaimed(t *table.Table, spec *project.Spec, l layout, id string) error {
	prefix := spec.Predictions.Prefix
	if prefix == "" {
		return nil
	}
	known := append(l.columns(), id)
	for _, name := range t.Names() {
		if strings.HasPrefix(name, prefix) && !slices.Contains(known, name) {
			return &table.Error{File: t.Name, Column: name, Problem: "begins like the scores of a class or label, and is of none" +
				"\nhint: name every class in data.test.classes, or the columns of the scores in predictions.columns"}
		}
	}
	return nil
}

// metricNames are all metrics that the spec asks for.
func metricNames(spec *project.Spec) []string {
	names := slices.Collect(maps.Keys(spec.Metrics))
	if spec.Slices != nil {
		names = slices.AppendSeq(names, maps.Keys(spec.Slices.Metrics))
	}
	if f := spec.Fairness; f != nil {
		if _, ok := f.Metrics["calibration_difference"]; ok {
			names = append(names, calibration)
		}
	}
	if b := spec.Baseline; b != nil {
		names = append(names, b.Metric)
	}
	if c := spec.Champion; c != nil {
		names = append(names, c.Metric)
	}
	slices.Sort(names)
	return names
}

// cells are a row's predictions as texts, for the registry.
func (p *predicted) cells(i int, names []string) []string {
	var out []string
	for _, v := range p.numbersOf(i) {
		out = append(out, strconv.FormatFloat(v, 'g', -1, 64))
	}
	if p.decision != nil {
		out[len(out)-1] = names[p.decision[i]]
	}
	return out
}
