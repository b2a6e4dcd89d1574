# METADATA
# title: Items of an evaluation
# description: >-
#   Looks an enumerated item up in the evaluation and judges it, after making
#   sure that the evaluation was made under this spec and on this data.
package weighlock.lib.evaluation

import data.weighlock.lib.checks
import data.weighlock.lib.judge

# check is the check of one item of the spec or of the pinned data. kinds are
# the kinds of result that may answer it; verb and too_small word it; judge, where
# terms have it, is how it is judged whatever the spec says.
check(item, terms) := object.union(object.union(found, {"evidence": evidence}), _points(found)) if found := _check(item, terms)

# points are what one evaluation that a program made earns of an ML Test Score
# test; a full point needs repetition.
_points(found) := {"points": 0.5} if found.status == "pass"

else := {}

# blocked is the check of an item that cannot be judged, because of a finding
# of the rule's own.
blocked(item, found) := checks.conclude(item.id, {found}, "", {"evidence": evidence})

# disagreed is the finding where the items that are enumerated are not those
# that the spec asks for.
disagreed := checks.error("what is enumerated to be judged is not what the spec asks of the pinned data")

# evidence is the digest of the evaluation's statement.
evidence := [digest | digest := input.evaluation.statement.digest]

# obstacle says why no item of the evaluation can be judged at all.
obstacle := checks.undecided("there is no evaluation of this model") if not input.evaluation

else := checks.fail(sprintf("the evaluation was made under spec %s, not under %s", [checks.short(input.evaluation.spec), checks.short(input.spec.digest)])) if {
	input.evaluation.spec != input.spec.digest
}

else := checks.fail(sprintf("the evaluation was made on data %s, not on the pinned %s", [checks.short(input.evaluation.data), checks.short(input.spec.document.test.digest)])) if {
	input.evaluation.data != input.spec.document.test.digest
}

else := checks.undecided("nobody who may evaluate has signed the evaluation") if not _vouched

else := checks.error("the evaluation does not say under which spec and on which data it was made") if not _anchored

# vouched is true of what was computed just now, and of what lies in a
# registry where an evaluator signed it.
_vouched if input.context.published == false

_vouched if "evaluator" in input.evaluation.statement.roles

_anchored if {
	input.evaluation.spec == input.spec.digest
	input.evaluation.data == input.spec.document.test.digest
}

_check(item, terms) := checks.conclude(item.id, {found}, "", {}) if found := obstacle

else := checks.conclude(item.id, {checks.error(sprintf("%s was not computed", [item.id]))}, "", {}) if not _result(item)

else := checks.conclude(item.id, {found}, "", {}) if found := _misfit(item, _result(item), terms)

else := _doubt(item, judge.check(item.id, _result(item), object.get(item, "limit", {}), object.union({"judge": input.spec.document.judge}, terms)), terms)

# doubt adds to a check what is odd about the scores that it rests on, where
# terms ask for it. What would pass is then a warning.
_doubt(item, found, terms) := found if not terms.scores

else := found if count(_doubts(item)) == 0

else := object.union_n([found, {
	"status": _warned(found.status),
	"message": concat("; ", array.concat([found.message], _each(_doubts(item), "message"))),
	"solution": concat(" ", _each(_doubts(item), "solution")),
	"place": _doubts(item)[0].place,
}])

# each is a field of every doubt. It stands alone because OPA before 1.22, as
# in today's conftest, refuses such a comprehension in a rule's head.
_each(doubts, field) := values if values := [d[field] | some d in doubts]

_warned(status) := "warn" if status == "pass"

else := status

_doubts(item) := [d | some d in [_threshold, _decisions(item)]; d != null]

default _threshold := null

_threshold := {
	"message": sprintf("the scores lie between %s and %s, so at threshold %v every row is decided %s", [
		judge.number(input.evaluation.scores.low, {}), judge.number(input.evaluation.scores.high, {}), threshold, _all_decided(threshold),
	]),
	"solution": "Set predictions.threshold to a value between the scores.",
	"place": "predictions.threshold",
} if {
	threshold := input.spec.document.predictions.threshold
	_all_decided(threshold)
}

_all_decided(threshold) := "negative" if threshold > input.evaluation.scores.high

else := "positive" if threshold <= input.evaluation.scores.low

_of_scores(metric) if {
	not _of_decisions(metric)
	not _of_a_column(metric)
}

# decisions are scores of two values: they rank nothing, and are no
# probabilities.
_decisions(item) := {
	"message": sprintf("the scores are %v and %v only, which looks like decisions, and %s is about scores", array.concat(input.evaluation.scores.values, [item.metric])),
	"solution": "Name the column of the model's scores or probabilities in predictions.column, not that of its decisions.",
	"place": "predictions.column",
} if {
	input.spec.document.task == "binary"
	count(input.evaluation.scores.values) == 2
	_of_scores(item.metric)
}

else := null

_result(item) := input.evaluation.results[item.id]

_misfit(item, result, terms) := checks.error(sprintf("%s was computed as something else: %v %v", [item.id, object.get(result, "kind", "nothing"), object.get(result, "item", "unnamed")])) if {
	not _answers(item, result, terms)
}

else := checks.fail(sprintf("%s was computed at threshold %v, the spec says %v", [item.id, result.threshold, input.spec.document.predictions.threshold])) if {
	result.threshold != input.spec.document.predictions.threshold
}

else := checks.error(sprintf("%s does not say at which threshold it was computed", [item.id])) if {
	result.status == "ok"
	_of_decisions(result.metric)
	not result.threshold == input.spec.document.predictions.threshold
}

else := checks.fail(sprintf("%s has a %v interval, the spec says %v", [item.id, result.level, input.spec.document.confidence])) if {
	result.level != input.spec.document.confidence
}

else := checks.error(sprintf("%s does not say at which confidence its interval was computed", [item.id])) if {
	result.status == "ok"
	result.low
	not result.level == input.spec.document.confidence
}

else := checks.undecided(sprintf("%s rests on %d rows, and the spec asks for %d", [item.id, result.n, terms.min_rows])) if {
	terms.too_small == "undecided"
	result.status == "ok"
	result.n < terms.min_rows
}

else := checks.warn(sprintf("%s rests on %d rows, and the spec asks for %d", [item.id, result.n, terms.min_rows])) if {
	result.status == "ok"
	result.n < terms.min_rows
}

# of_decisions is true of a metric that a threshold makes in the spec's task.
# Classes of a multiclass task are decided without one.
_of_decisions(metric) if _base(metric) in _thresholded[input.spec.document.task]

# base is a metric without its arguments.
_base(metric) := split(metric, "(")[0]

# of_a_column is true of a metric of columns of numbers, whatever the task.
_of_a_column(metric) if _base(metric) in {"mean", "rate", "quantile", "value_ips", "value_snips", "value_dr"}

# thresholded are the metrics of decisions, by task.
_thresholded := {
	"binary": {
		"accuracy", "balanced_accuracy", "precision", "recall", "specificity", "fpr", "selection_rate", "f1", "f_beta", "mcc", "cohen_kappa", "cost", "expected_value",
		"selection_rate_difference", "selection_rate_ratio", "tpr_difference", "tpr_ratio", "fpr_difference", "fpr_ratio",
		"ppv_difference", "ppv_ratio", "for_difference", "for_ratio", "equalized_odds_difference", "equalized_odds_ratio", "negative_flip_rate", "flips",
	},
	"multilabel": {
		"subset_accuracy", "hamming_loss", "jaccard", "precision", "recall", "specificity", "f1",
		"precision_micro", "precision_macro", "precision_weighted", "precision_samples", "recall_micro", "recall_macro", "recall_weighted", "recall_samples",
		"f1_micro", "f1_macro", "f1_weighted", "f1_samples", "f_beta_micro", "f_beta_macro", "f_beta_weighted", "negative_flip_rate", "flips",
	},
}

_answers(item, result, terms) if {
	result.item == item.id
	result.metric == item.metric
	result.kind in terms.kinds
}
