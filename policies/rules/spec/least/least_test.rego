package weighlock.rules.spec.least_test

import data.weighlock.lib.testing
import data.weighlock.rules.spec.least as rule

test_nothing_asked if testing.got(rule.checks) == {"pass"} with input as data.fixture with data.parameters.least as {}

test_pass if testing.got(rule.checks) == {"pass"} with input as data.fixture with data.parameters.least as {
	"metrics": {"recall": {"min": 0.5}, "log_loss": {"max": 0.5}},
	"slices": ["age"],
	"fairness": ["sex"],
	"min_rows": 12000,
}

test_limit_missing if {
	testing.got(rule.checks) == {"fail"} with input as data.fixture with data.parameters.least as {"metrics": {"ece": {"max": 0.1}}}
	testing.says(rule.checks, "spec.metrics.ece is missing") with input as data.fixture with data.parameters.least as {"metrics": {"ece": {"max": 0.1}}}
}

test_looser_min if testing.says(rule.checks, "spec.metrics.recall.min is 0.55, and must be at least 0.6") with input as data.fixture with data.parameters.least as {"metrics": {"recall": {"min": 0.6}}}

test_looser_max if testing.says(rule.checks, "spec.metrics.log_loss.max is 0.45, and must be at most 0.4") with input as data.fixture with data.parameters.least as {"metrics": {"log_loss": {"max": 0.4}}}

test_other_side if testing.got(rule.checks) == {"fail"} with input as data.fixture with data.parameters.least as {"metrics": {"recall": {"max": 0.6}}}

test_wrong_type if testing.got(rule.checks) == {"fail"} with input as testing.set("/spec/document/metrics/recall/min", "0.9") with data.parameters.least as {"metrics": {"recall": {"min": 0.6}}}

test_slice_missing if testing.says(rule.checks, "spec.slices.by must name sex") with input as data.fixture with data.parameters.least as {"slices": ["sex"]}

test_no_slices if testing.got(rule.checks) == {"fail"} with input as testing.without("/spec/document/slices") with data.parameters.least as {"slices": ["region"]}

test_fairness_missing if testing.got(rule.checks) == {"fail"} with input as testing.without("/spec/document/fairness") with data.parameters.least as {"fairness": ["sex"]}

test_too_few_rows if testing.says(rule.checks, "test has 12000 rows, and must have at least 20000") with input as data.fixture with data.parameters.least as {"min_rows": 20000}

test_rows_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/data") with data.parameters.least as {"min_rows": 10}

_crossed := json.patch(data.fixture, [{"op": "add", "path": "/spec/document/slices/by", "value": ["age:25,40*region"]}])

test_column_that_is_only_crossed if {
	testing.got(rule.checks) == {"fail"} with input as _crossed with data.parameters.least as {"slices": ["age"]}
	testing.got(rule.checks) == {"fail"} with input as _crossed with data.parameters.least as {"slices": ["region"]}
	testing.got(rule.checks) == {"pass"} with input as _crossed with data.parameters.least as {"slices": ["age:25,40*region"]}
}
