package weighlock.rules.evaluation.metrics_test

import data.weighlock.lib.testing
import data.weighlock.rules.evaluation.metrics as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "recall is 0.624 [0.601, 0.646] on 1742 rows, limit ≥ 0.55") with input as data.fixture
}

test_pass_earns_half_a_point if {
	every check in rule.checks {
		check.points == 0.5
	} with input as data.fixture
}

_recall(measure) := testing.set("/evaluation/results/recall", object.union(data.fixture.evaluation.results.recall, measure))

test_value_misses if {
	changed := _recall({"value": 0.5, "low": 0.48, "high": 0.52})
	testing.of(rule.checks, "recall") == "fail" with input as changed
	testing.says(rule.checks, "the value itself misses the limit") with input as changed
}

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation")

test_metric_not_computed if {
	testing.of(rule.checks, "recall") == "error" with input as testing.without("/evaluation/results/recall")
	testing.says(rule.checks, "recall was not computed") with input as testing.without("/evaluation/results/recall")
}

test_result_of_another_item if testing.of(rule.checks, "recall") == "error" with input as _recall({"item": "roc_auc"})

test_result_of_another_kind if testing.of(rule.checks, "recall") == "error" with input as _recall({"kind": "slice"})

test_another_threshold if testing.of(rule.checks, "recall") == "fail" with input as _recall({"threshold": 0.1})

test_another_confidence if testing.of(rule.checks, "recall") == "fail" with input as _recall({"level": 0.5})

test_another_spec if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/spec", testing.digest)

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/data", testing.digest)

test_data_missing if testing.got(rule.checks) == {"error"} with input as testing.without("/evaluation/data")

test_limit_missing if testing.of(rule.checks, "recall") == "error" with input as testing.without("/spec/items/metrics/1/limit")

test_wrong_type if testing.of(rule.checks, "recall") == "error" with input as _recall({"value": "0.9"})

test_threshold_missing if testing.of(rule.checks, "recall") == "error" with input as testing.without("/evaluation/results/recall/threshold")

test_confidence_missing if testing.of(rule.checks, "recall") == "error" with input as testing.without("/evaluation/results/recall/level")

test_metric_of_the_spec_is_not_enumerated if {
	testing.got(rule.checks) == {"error"} with input as testing.without("/spec/items/metrics/0")
	testing.says(rule.checks, "is not what the spec asks") with input as testing.without("/spec/items/metrics/0")
}

test_looser_limit_than_the_spec if testing.got(rule.checks) == {"error"} with input as testing.set("/spec/items/metrics/1/limit/min", 0.1)

# roc is one field of what is said of the ROC AUC.
_roc(key) := c[key] if {
	some c in rule.checks
	c.item == "roc_auc"
}

test_worse_than_chance if {
	measure := object.union(data.fixture.evaluation.results.roc_auc, {"value": 0.0045, "low": 0.001, "high": 0.0131})
	changed := testing.set("/evaluation/results/roc_auc", measure)
	_roc("status") == "fail" with input as changed
	_roc("place") == "data.test.positive" with input as changed
	startswith(_roc("solution"), "A ranking worse than chance") with input as changed
	better := json.patch(changed, [{"op": "replace", "path": "/evaluation/results/roc_auc/high", "value": 0.5}])
	not _roc("solution") with input as better
}

_scores(scores) := testing.set("/evaluation/scores", scores)

test_threshold_above_all_scores if {
	changed := _scores({"low": 0.0021, "high": 0.3199})
	testing.got(rule.checks) == {"warn"} with input as changed
	endswith(_roc("message"), "; the scores lie between 0.0021 and 0.3199, so at threshold 0.32 every row is decided negative") with input as changed
	_roc("place") == "predictions.threshold" with input as changed
	_roc("solution") == "Set predictions.threshold to a value between the scores." with input as changed
	not _roc("points") with input as changed
}

test_threshold_below_all_scores if {
	testing.got(rule.checks) == {"warn"} with input as _scores({"low": 0.32, "high": 0.9})
	endswith(_roc("message"), "at threshold 0.32 every row is decided positive") with input as _scores({"low": 0.32, "high": 0.9})
}

test_threshold_between_the_scores if {
	testing.got(rule.checks) == {"pass"} with input as _scores({"low": 0.31, "high": 0.32})
	testing.got(rule.checks) == {"pass"} with input as testing.without("/evaluation/scores")
}

test_decisions_as_scores if {
	changed := _scores({"low": 0, "high": 1, "values": [0, 1]})
	_roc("status") == "warn" with input as changed
	endswith(_roc("message"), "; the scores are 0 and 1 only, which looks like decisions, and roc_auc is about scores") with input as changed
	_roc("place") == "predictions.column" with input as changed
	testing.of(rule.checks, "recall") == "pass" with input as changed
}

test_one_score_for_all_is_no_decision if testing.of(rule.checks, "roc_auc") == "pass" with input as testing.patched({
	"/evaluation/scores": {"low": 0, "high": 0.9, "values": [0.9]},
})

test_doubts_are_added_to_a_failure if {
	changed := json.patch(_recall({"value": 0.5, "low": 0.48, "high": 0.52}), [{"op": "replace", "path": "/evaluation/scores", "value": {"low": 0.4, "high": 0.9}}])
	testing.of(rule.checks, "recall") == "fail" with input as changed
	testing.says(rule.checks, "misses the limit; the scores lie between 0.4 and 0.9, so at threshold 0.32 every row is decided positive") with input as changed
}

_unsigned := testing.set("/evaluation/statement/roles", ["builder"])

test_evaluator_did_not_sign_what_is_published if testing.got(rule.checks) == {"undecided"} with input as _unsigned

test_nobody_signs_what_is_computed_now if testing.got(rule.checks) == {"pass"} with input as json.patch(_unsigned, [{"op": "replace", "path": "/context/published", "value": false}])

# _of judges one metric of another task, with what is changed of its measure.
_of(task, metric, changes) := testing.patched({
	"/model/task": task,
	"/spec/document/task": task,
	"/spec/document/metrics": {metric: {"min": 0.5}},
	"/spec/items/metrics": [{"id": metric, "metric": metric, "limit": {"min": 0.5}}],
	"/evaluation/results": {metric: object.union(
		{
			"kind": "metric", "item": metric, "metric": metric, "status": "ok", "value": 0.7, "low": 0.6, "high": 0.8,
			"method": "bca", "level": 0.95, "n": 12000, "rows": 12000,
		},
		changes,
	)},
})

test_metric_of_one_class if testing.got(rule.checks) == {"pass"} with input as _of("multiclass", "recall(cat)", {})

test_metric_of_one_label_needs_its_threshold if {
	testing.got(rule.checks) == {"error"} with input as _of("multilabel", "recall(spam)", {})
	testing.got(rule.checks) == {"pass"} with input as _of("multilabel", "recall(spam)", {"threshold": 0.32})
}

test_metric_of_a_column_undefined if testing.got(rule.checks) == {"undecided"} with input as _of("generative", "mean(judge)", {"status": "undefined"})

test_ranking_on_too_few_queries if testing.got(rule.checks) == {"undecided"} with input as _of("ranking", "ndcg(10)", {"status": "too_few"})

test_forecast_without_labels if testing.got(rule.checks) == {"undecided"} with input as _of("forecasting", "mase", {"status": "no_labels"})
