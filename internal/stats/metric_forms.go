package stats

var (
	binaryOnly               = []string{TaskBinary}
	multiclassOnly           = []string{TaskMulticlass}
	multilabelOnly           = []string{TaskMultilabel}
	rankingOnly              = []string{TaskRanking}
	forecastingOnly          = []string{TaskForecasting}
	binaryAndMulticlass      = []string{TaskBinary, TaskMulticlass}
	multiclassAndMultilabel  = []string{TaskMulticlass, TaskMultilabel}
	regressionAndForecasting = []string{TaskRegression, TaskForecasting}
	anyTask                  = []string{TaskBinary, TaskMulticlass, TaskMultilabel, TaskRegression, TaskForecasting, TaskRanking}
)

// metricForms are all metrics, by name and then by parameters: b is a positive
// number, k a number of rows or a share below 1, n a whole number from 1, q a
// share between 0 and 1, class the name of a class or label, column, low and
// high names of columns, and what has a key a number after that key.
var metricForms = []metricForm{
	{"accuracy", "", binaryAndMulticlass, More, Rate, false},
	{"average_precision", "", binaryOnly, More, Score, false},
	{"average_precision", "class", multilabelOnly, More, Score, false},
	{"average_precision_macro", "", multilabelOnly, More, Score, false},
	{"average_precision_micro", "", multilabelOnly, More, Score, false},
	{"balanced_accuracy", "", binaryAndMulticlass, More, Decision, false},
	{"bias", "", regressionAndForecasting, Zero, Error, false},
	{"brier", "", binaryAndMulticlass, Less, Score, true},
	{"brier_reliability", "", binaryOnly, Less, Calibration, true},
	{"brier_resolution", "", binaryOnly, More, Score, true},
	{"brier_uncertainty", "", binaryOnly, Neither, Score, true},
	{"calibration_intercept", "", binaryOnly, Zero, Score, true},
	{"calibration_slope", "", binaryOnly, One, Score, true},
	{"cohen_kappa", "", binaryAndMulticlass, More, Decision, false},
	{"cost", "fp=a,fn=b", binaryOnly, Less, Decision, false},
	{"ece", "", binaryAndMulticlass, Less, Calibration, true},
	{"ece_count", "", binaryOnly, Less, Calibration, true},
	{"expected_value", "tp=a,fp=b,fn=c,tn=d", binaryOnly, More, Decision, false},
	{"f1", "", binaryOnly, More, Decision, false},
	{"f1", "class", multiclassAndMultilabel, More, Decision, false},
	{"f1_macro", "", multiclassAndMultilabel, More, Decision, false},
	{"f1_micro", "", multiclassAndMultilabel, More, Decision, false},
	{"f1_samples", "", multilabelOnly, More, Decision, false},
	{"f1_weighted", "", multiclassAndMultilabel, More, Decision, false},
	{"f_beta", "b", binaryOnly, More, Decision, false},
	{"f_beta_macro", "b", multiclassAndMultilabel, More, Decision, false},
	{"f_beta_micro", "b", multiclassAndMultilabel, More, Decision, false},
	{"f_beta_weighted", "b", multiclassAndMultilabel, More, Decision, false},
	{"fpr", "", binaryOnly, Less, Rate, false},
	{"gain_at", "k", binaryOnly, More, Score, false},
	{"hamming_loss", "", multilabelOnly, Less, Decision, false},
	{"hit_rate", "n", rankingOnly, More, PerQuery, false},
	{"interval_coverage", "low,high", regressionAndForecasting, More, Share, false},
	{"interval_width", "low,high", regressionAndForecasting, Less, Error, false},
	{"jaccard", "", multilabelOnly, More, Decision, false},
	{"lift_at", "k", binaryOnly, More, Score, false},
	{"log_loss", "", binaryAndMulticlass, Less, Score, true},
	{"mae", "", regressionAndForecasting, Less, Error, false},
	{"map", "n", rankingOnly, More, PerQuery, false},
	{"mape", "", regressionAndForecasting, Less, Error, false},
	{"mase", "", forecastingOnly, Less, Error, false},
	{"mcc", "", binaryAndMulticlass, More, Decision, false},
	{"mce", "", binaryOnly, Less, Calibration, true},
	{"mean", "column", anyTask, Neither, Column, false},
	{"median_ae", "", regressionAndForecasting, Less, Quantile, false},
	{"mrr", "", rankingOnly, More, PerQuery, false},
	{"mse", "", regressionAndForecasting, Less, Error, false},
	{"ndcg", "n", rankingOnly, More, PerQuery, false},
	{"pinball", "q", regressionAndForecasting, Less, Error, false},
	{"precision", "", binaryOnly, More, Rate, false},
	{"precision", "class", multiclassAndMultilabel, More, Rate, false},
	{"precision_at", "k", binaryOnly, More, Score, false},
	{"precision_macro", "", multiclassAndMultilabel, More, Decision, false},
	{"precision_micro", "", multiclassAndMultilabel, More, Decision, false},
	{"precision_samples", "", multilabelOnly, More, Decision, false},
	{"precision_weighted", "", multiclassAndMultilabel, More, Decision, false},
	{"quantile", "column,q", anyTask, Neither, Quantile, false},
	{"r2", "", regressionAndForecasting, More, Error, false},
	{"rate", "column", anyTask, Neither, Share, false},
	{"recall", "", binaryOnly, More, Rate, false},
	{"recall", "class", multiclassAndMultilabel, More, Rate, false},
	{"recall_at", "k", binaryOnly, More, Score, false},
	{"recall_macro", "", multiclassAndMultilabel, More, Decision, false},
	{"recall_micro", "", multiclassAndMultilabel, More, Decision, false},
	{"recall_samples", "", multilabelOnly, More, Decision, false},
	{"recall_weighted", "", multiclassAndMultilabel, More, Decision, false},
	{"rmse", "", regressionAndForecasting, Less, Error, false},
	{"roc_auc", "", binaryOnly, More, Rank, false},
	{"roc_auc", "class", multiclassAndMultilabel, More, Rank, false},
	{"roc_auc_macro", "", multilabelOnly, More, Score, false},
	{"roc_auc_micro", "", multilabelOnly, More, Score, false},
	{"roc_auc_ovo_macro", "", multiclassOnly, More, Score, false},
	{"roc_auc_ovo_weighted", "", multiclassOnly, More, Score, false},
	{"roc_auc_ovr_macro", "", multiclassOnly, More, Score, false},
	{"roc_auc_ovr_weighted", "", multiclassOnly, More, Score, false},
	{"selection_rate", "", binaryOnly, Neither, Rate, false},
	{"smape", "", regressionAndForecasting, Less, Error, false},
	{"specificity", "", binaryOnly, More, Rate, false},
	{"specificity", "class", multiclassAndMultilabel, More, Rate, false},
	{"subset_accuracy", "", multilabelOnly, More, Rate, false},
	{"top_k_accuracy", "n", multiclassOnly, More, Share, false},
	{"value_dr", "reward,propensity,target,predicted,other", anyTask, More, Policy, false},
	{"value_ips", "reward,propensity,target", anyTask, More, Policy, false},
	{"value_snips", "reward,propensity,target", anyTask, More, Policy, false},
}
