package project

import "math"

// Metric says what a limit on it may be and what it needs.
type Metric struct {
	Name        string
	Thresholded bool    // it is about decisions, so it needs predictions.threshold
	Low, High   float64 // the values that it can take
}

var (
	binary = []Metric{
		{"accuracy", true, 0, 1},
		{"balanced_accuracy", true, 0, 1},
		{"precision", true, 0, 1},
		{"recall", true, 0, 1},
		{"specificity", true, 0, 1},
		{"fpr", true, 0, 1},
		{"selection_rate", true, 0, 1},
		{"f1", true, 0, 1},
		{"mcc", true, -1, 1},
		{"roc_auc", false, 0, 1},
		{"average_precision", false, 0, 1},
		{"log_loss", false, 0, math.Inf(1)},
		{"brier", false, 0, 1},
		{"ece", false, 0, 1},
	}
	regression = []Metric{
		{"mae", false, 0, math.Inf(1)},
		{"rmse", false, 0, math.Inf(1)},
		{"mape", false, 0, math.Inf(1)},
		{"r2", false, math.Inf(-1), 1},
		{"bias", false, math.Inf(-1), math.Inf(1)},
		{"median_ae", false, 0, math.Inf(1)},
	}
	fairness = []Metric{
		{"selection_rate_difference", true, 0, 1},
		{"selection_rate_ratio", true, 0, 1},
		{"tpr_difference", true, 0, 1},
		{"fpr_difference", true, 0, 1},
		{"ppv_difference", true, 0, 1},
		{"equalized_odds_difference", true, 0, 1},
	}
)

// Metrics lists the metrics that fit a task, in the order of documentation;
// none for a task that cannot be evaluated.
func Metrics(task string) []Metric {
	switch task {
	case "binary":
		return append([]Metric(nil), binary...)
	case "regression":
		return append([]Metric(nil), regression...)
	}
	return nil
}

// FairnessMetrics lists the fairness metrics that fit a task.
func FairnessMetrics(task string) []Metric {
	if task == "binary" {
		return append([]Metric(nil), fairness...)
	}
	return nil
}

// Thresholded says whether a metric or fairness metric is about decisions, so
// that it needs an operating threshold. An unknown one is not.
func Thresholded(name string) bool {
	for _, list := range [][]Metric{binary, regression, fairness} {
		if m, ok := lookup(list, name); ok {
			return m.Thresholded
		}
	}
	return false
}

func lookup(list []Metric, name string) (Metric, bool) {
	for _, m := range list {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

func names(list []Metric) []string {
	var all []string
	for _, m := range list {
		all = append(all, m.Name)
	}
	return all
}
