package stats

import (
	"slices"
	"strings"
)

// Direction says which values of a metric are better.
type Direction int8

// The directions. Zero: the nearer to zero the better, as for bias. Neither:
// no value is better in itself, as for the selection rate.
const (
	More Direction = iota
	Less
	Zero
	Neither
)

// Kind says what a metric is made of, and so which interval belongs to it.
type Kind int8

const (
	// Rate is a share of rows at the threshold: Wilson, Newcombe.
	Rate Kind = iota
	// Decision is another function of the confusion matrix: BCa over its cells.
	Decision
	// Rank is the area under the ROC curve: DeLong.
	Rank
	// Score is a function of scores and labels: BCa over rows.
	Score
	// Calibration is biased upwards by noise: centred bootstrap over rows.
	Calibration
	// Error is a function of labels and predicted numbers: BCa over rows.
	Error
	// Quantile is an order statistic of errors: binomial bound.
	Quantile
)

// Metric describes one metric by its name.
type Metric struct {
	Name   string
	Task   string // binary or regression
	Better Direction
	Kind   Kind
	// Probability says that the score must lie in [0, 1].
	Probability bool
}

// Thresholded says whether the metric needs an operating threshold.
func (m Metric) Thresholded() bool { return m.Kind == Rate || m.Kind == Decision }

var metrics = [...]Metric{
	{"accuracy", "binary", More, Rate, false},
	{"average_precision", "binary", More, Score, false},
	{"balanced_accuracy", "binary", More, Decision, false},
	{"bias", "regression", Zero, Error, false},
	{"brier", "binary", Less, Score, true},
	{"ece", "binary", Less, Calibration, true},
	{"f1", "binary", More, Decision, false},
	{"fpr", "binary", Less, Rate, false},
	{"log_loss", "binary", Less, Score, true},
	{"mae", "regression", Less, Error, false},
	{"mape", "regression", Less, Error, false},
	{"mcc", "binary", More, Decision, false},
	{"median_ae", "regression", Less, Quantile, false},
	{"precision", "binary", More, Rate, false},
	{"r2", "regression", More, Error, false},
	{"recall", "binary", More, Rate, false},
	{"rmse", "regression", Less, Error, false},
	{"roc_auc", "binary", More, Rank, false},
	{"selection_rate", "binary", Neither, Rate, false},
	{"specificity", "binary", More, Rate, false},
}

// Lookup finds a metric by name.
func Lookup(name string) (Metric, bool) {
	i, ok := slices.BinarySearchFunc(metrics[:], name, func(m Metric, s string) int { return strings.Compare(m.Name, s) })
	if !ok {
		return Metric{}, false
	}
	return metrics[i], true
}

// Metrics lists all metrics by name.
func Metrics() []Metric { return slices.Clone(metrics[:]) }

// namesOf lists the metrics of some kinds.
func namesOf(kinds ...Kind) string {
	var names []string
	for _, m := range metrics {
		if slices.Contains(kinds, m.Kind) {
			names = append(names, m.Name)
		}
	}
	return strings.Join(names, ", ")
}
