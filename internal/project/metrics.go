package project

import (
	"math"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/stats"
)

// Metric says what a limit on it may be and what it needs.
type Metric struct {
	Name        string
	Thresholded bool    // it is about decisions, so it needs predictions.threshold
	Low, High   float64 // the values that it can take
}

// static are the metrics without arguments by task, in the order of
// documentation.
var static = map[string][]string{
	"binary": {
		"accuracy", "balanced_accuracy", "precision", "recall", "specificity", "fpr", "selection_rate", "f1", "mcc", "cohen_kappa",
		"roc_auc", "average_precision", "log_loss", "brier", "brier_reliability", "brier_resolution", "brier_uncertainty",
		"ece", "ece_count", "mce", "calibration_slope", "calibration_intercept",
	},
	"multiclass": {
		"accuracy", "balanced_accuracy", "precision_macro", "precision_micro", "precision_weighted", "recall_macro", "recall_micro", "recall_weighted",
		"f1_macro", "f1_micro", "f1_weighted", "mcc", "cohen_kappa", "log_loss", "brier", "ece",
		"roc_auc_ovr_macro", "roc_auc_ovr_weighted", "roc_auc_ovo_macro", "roc_auc_ovo_weighted",
	},
	"multilabel": {
		"subset_accuracy", "hamming_loss", "jaccard", "precision_micro", "precision_macro", "precision_weighted", "precision_samples",
		"recall_micro", "recall_macro", "recall_weighted", "recall_samples", "f1_micro", "f1_macro", "f1_weighted", "f1_samples",
		"roc_auc_macro", "roc_auc_micro", "average_precision_macro", "average_precision_micro",
	},
	"regression":  {"mae", "mse", "rmse", "mape", "smape", "r2", "bias", "median_ae"},
	"forecasting": {"mase", "mae", "mse", "rmse", "mape", "smape", "r2", "bias", "median_ae"},
	"ranking":     {"mrr"},
}

// calls are the metrics with arguments by task, as a person writes them.
var calls = map[string][]string{
	"binary":      {"f_beta(b)", "precision_at(k)", "recall_at(k)", "lift_at(k)", "gain_at(k)", "cost(fp=,fn=)", "expected_value(tp=,fp=,fn=,tn=)"},
	"multiclass":  {"precision(class)", "recall(class)", "f1(class)", "specificity(class)", "roc_auc(class)", "f_beta_macro(b)", "f_beta_micro(b)", "f_beta_weighted(b)", "top_k_accuracy(k)"},
	"multilabel":  {"precision(label)", "recall(label)", "f1(label)", "specificity(label)", "roc_auc(label)", "average_precision(label)", "f_beta_macro(b)", "f_beta_micro(b)", "f_beta_weighted(b)"},
	"regression":  {"pinball(q)", "interval_coverage(low,high)", "interval_width(low,high)"},
	"forecasting": {"pinball(q)", "interval_coverage(low,high)", "interval_width(low,high)"},
	"ranking":     {"ndcg(k)", "map(k)", "hit_rate(k)"},
}

// ofColumns are the metrics of any column of numbers, for every task.
var ofColumns = []string{"mean(column)", "rate(column)", "quantile(column,q)"}

// ofPolicies are the metrics of what a policy would bring, for every task.
var ofPolicies = []string{"value_ips(reward,propensity,target)", "value_snips(reward,propensity,target)", "value_dr(reward,propensity,target,predicted,other)"}

// spans are the values of metrics that do not lie between 0 and 1, by the name
// without arguments.
var spans = map[string][2]float64{
	"mcc": {-1, 1}, "cohen_kappa": {-1, 1},
	"calibration_slope": {math.Inf(-1), math.Inf(1)}, "calibration_intercept": {math.Inf(-1), math.Inf(1)},
	"log_loss": {0, math.Inf(1)}, "lift_at": {0, math.Inf(1)}, "cost": {math.Inf(-1), math.Inf(1)}, "expected_value": {math.Inf(-1), math.Inf(1)},
	"mae": {0, math.Inf(1)}, "mse": {0, math.Inf(1)}, "rmse": {0, math.Inf(1)}, "mape": {0, math.Inf(1)}, "smape": {0, 2}, "mase": {0, math.Inf(1)},
	"r2": {math.Inf(-1), 1}, "bias": {math.Inf(-1), math.Inf(1)}, "median_ae": {0, math.Inf(1)},
	"pinball": {0, math.Inf(1)}, "interval_width": {math.Inf(-1), math.Inf(1)},
	"value_ips": {math.Inf(-1), math.Inf(1)}, "value_snips": {math.Inf(-1), math.Inf(1)}, "value_dr": {math.Inf(-1), math.Inf(1)},
	"mean": {math.Inf(-1), math.Inf(1)}, "quantile": {math.Inf(-1), math.Inf(1)},
}

var fairness = []Metric{
	{"selection_rate_difference", true, 0, 1},
	{"selection_rate_ratio", true, 0, 1},
	{"tpr_difference", true, 0, 1},
	{"tpr_ratio", true, 0, 1},
	{"fpr_difference", true, 0, 1},
	{"fpr_ratio", true, 0, 1},
	{"ppv_difference", true, 0, 1},
	{"ppv_ratio", true, 0, 1},
	{"for_difference", true, 0, 1},
	{"for_ratio", true, 0, 1},
	{"equalized_odds_difference", true, 0, 1},
	{"equalized_odds_ratio", true, 0, 1},
	{"calibration_difference", false, 0, 1},
}

// Metrics lists the metrics without arguments that fit a task, in the order of
// documentation; none for a generative task, which has those of columns.
func Metrics(task string) []Metric {
	var all []Metric
	for _, name := range static[task] {
		all = append(all, metricOf(task, name, name))
	}
	return all
}

// Calls lists the metrics with arguments that fit a task, with placeholders,
// such as f_beta(b).
func Calls(task string) []string {
	return slices.Concat(calls[task], ofColumns, ofPolicies)
}

// OfColumn says whether a metric is about columns of numbers alone, whatever
// the task is.
func OfColumn(m stats.Metric) bool {
	return m.Base == "mean" || m.Base == "rate" || m.Base == "quantile" || m.Kind == stats.Policy
}

// Fits says whether a task has a metric.
func Fits(m stats.Metric, task string) bool { return m.For(task) || OfColumn(m) }

func metricOf(task, name, base string) Metric {
	m := Metric{Name: name, Low: 0, High: 1}
	if span, ok := spans[base]; ok {
		m.Low, m.High = span[0], span[1]
	}
	if task == "multiclass" && base == "brier" {
		m.High = 2 // it is summed over classes
	}
	m.Thresholded = Thresholded(task, name)
	return m
}

// FairnessMetrics lists the fairness metrics that fit a task.
func FairnessMetrics(task string) []Metric {
	if task == "binary" {
		return slices.Clone(fairness)
	}
	return nil
}

// Thresholded says whether a task's metric or fairness metric is about
// decisions that a threshold makes. An unknown one is not.
func Thresholded(task, name string) bool {
	if m, ok := lookup(fairness, name); ok {
		return m.Thresholded && task == "binary"
	}
	m, ok := stats.Lookup(name)
	return ok && m.For(task) && m.Thresholded() && (task == "binary" || task == "multilabel")
}

// findMetric is a task's metric by its text; where there is none, or it is written
// otherwise than everybody writes it, it says what is expected.
func findMetric(task, text string) (m Metric, found stats.Metric, expected string) {
	base, _, call := strings.Cut(text, "(")
	found, ok := stats.Lookup(text)
	switch {
	case ok && Fits(found, task) && found.Name != text:
		return Metric{}, found, found.Name + ", without blanks"
	case ok && Fits(found, task):
		return metricOf(task, text, found.Base), found, ""
	case call:
		for _, form := range Calls(task) {
			if strings.HasPrefix(form, base+"(") {
				return Metric{}, found, "arguments as in " + form + explain(form)
			}
		}
	}
	return Metric{}, found, one(task)
}

// explain says what the arguments of a form are, where their names do not.
func explain(form string) string {
	switch _, args, _ := strings.Cut(strings.TrimSuffix(form, ")"), "("); args {
	case "b":
		return ", where b is a number above 0"
	case "k":
		return ", where k is a whole number from 1" + orShare(form)
	case "q", "column,q":
		return ", where q lies between 0 and 1"
	case "reward,propensity,target", "reward,propensity,target,predicted,other":
		return ", each another column: all of data.test but target, which the predictions hold"
	case "fp=,fn=", "tp=,fp=,fn=,tn=":
		return ", each with a number"
	}
	return ""
}

func orShare(form string) string {
	if strings.Contains(form, "_at(") {
		return ", or a share of the rows below 1"
	}
	return ""
}

// one lists what a task's metric may be.
func one(task string) string {
	all := append(names(Metrics(task)), Calls(task)...)
	return "one for task " + task + ": " + strings.Join(all, ", ")
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
