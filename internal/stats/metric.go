package stats

import (
	"slices"
	"strings"
)

// Direction says which values of a metric are better.
type Direction int8

// The directions. Zero: the nearer to zero the better, as for bias. One: the
// nearer to one, as for the calibration slope. Neither: no value is better in
// itself, as for the selection rate.
const (
	More Direction = iota
	Less
	Zero
	Neither
	One
)

// Kind says what a metric is made of, and so which interval belongs to it.
type Kind int8

const (
	// Rate is a share of rows by their decisions: Wilson, Newcombe.
	Rate Kind = iota
	// Decision is another function of decisions: BCa, over the cells of the
	// confusion matrix where it is binary.
	Decision
	// Rank is the area under the ROC curve: DeLong.
	Rank
	// Score is a function of scores and labels: BCa over rows.
	Score
	// Calibration is biased upwards by noise: centred bootstrap over rows.
	Calibration
	// Error is a function of labels and predicted numbers: BCa over rows.
	Error
	// Quantile is an order statistic of a column or of errors: binomial bound.
	Quantile
	// Share is a share of rows that no threshold decides: Wilson.
	Share
	// PerQuery is a mean over queries: BCa over queries, not over rows.
	PerQuery
	// Column is the mean of a column: BCa over rows.
	Column
	// Policy is the mean reward that a policy would bring, from decisions of
	// another one: BCa over rows, for their effective number.
	Policy
)

// The tasks that a metric may be of.
const (
	TaskBinary      = "binary"
	TaskMulticlass  = "multiclass"
	TaskMultilabel  = "multilabel"
	TaskRegression  = "regression"
	TaskForecasting = "forecasting"
	TaskRanking     = "ranking"
)

// Metric describes one metric by its name.
type Metric struct {
	// Name is the canonical text, such as recall(setosa) or f_beta(2): no
	// spaces around arguments, which stand in the order given.
	Name string
	// Base is the name without arguments.
	Base string
	// Args are the arguments as texts; one with a key is fp=5.
	Args []string
	// Tasks are the tasks that have it; those of a metric of columns are all.
	Tasks  []string
	Better Direction
	Kind   Kind
	// Probability says that the score must lie in [0, 1].
	Probability bool
}

// For says whether a task has the metric.
func (m Metric) For(task string) bool { return slices.Contains(m.Tasks, task) }

// Thresholded says whether the metric needs an operating threshold in a binary
// or multilabel task.
func (m Metric) Thresholded() bool { return m.Kind == Rate || m.Kind == Decision }

// metricForm is a line of the table of metrics: params says in words separated
// by commas what the arguments are.
type metricForm struct {
	base, params string
	tasks        []string
	better       Direction
	kind         Kind
	probability  bool
}

// signature is how a form is written in lists: f_beta(b).
func (f metricForm) signature() string {
	if f.params == "" {
		return f.base
	}
	return f.base + "(" + f.params + ")"
}

func (f metricForm) metric(args []string) Metric {
	m := Metric{Name: f.base, Base: f.base, Args: args, Tasks: slices.Clone(f.tasks), Better: f.better, Kind: f.kind, Probability: f.probability}
	if len(args) > 0 {
		m.Name += "(" + strings.Join(args, ",") + ")"
	}
	return m
}

// Lookup finds a metric by a text such as recall, f_beta(2), recall(setosa) or
// cost(fp=1,fn=5). It is false for a name that no task has, and for arguments
// that are missing, too many, or no values of their kind.
func Lookup(text string) (Metric, bool) {
	base, inside, open := strings.Cut(strings.TrimSpace(text), "(")
	if open {
		closed := false
		if inside, closed = strings.CutSuffix(inside, ")"); !closed {
			return Metric{}, false
		}
	}
	at, _ := slices.BinarySearchFunc(metricForms, base, func(f metricForm, s string) int { return strings.Compare(f.base, s) })
	for ; at < len(metricForms) && metricForms[at].base == base; at++ {
		f := metricForms[at]
		if open != (f.params != "") {
			continue
		}
		if args, ok := parseArguments(f.params, inside); ok {
			return f.metric(args), true
		}
	}
	return Metric{}, false
}

// Metrics lists all metrics by name; the arguments of those that have some are
// placeholders, as in f_beta(b).
func Metrics() []Metric {
	all := make([]Metric, len(metricForms))
	for i, f := range metricForms {
		all[i] = f.metric(nil)
		if all[i].Name = f.signature(); f.params != "" {
			all[i].Args = strings.Split(f.params, ",")
		}
	}
	return all
}

// namesOf lists the metrics of a task that are of some kinds; of all kinds
// where none is given.
func namesOf(task string, kinds ...Kind) string {
	var names []string
	for _, f := range metricForms {
		if slices.Contains(f.tasks, task) && (len(kinds) == 0 || slices.Contains(kinds, f.kind)) {
			names = append(names, f.signature())
		}
	}
	return strings.Join(names, ", ")
}
