package weighlock.rules.evaluation.baseline_test

import data.weighlock.lib.testing
import data.weighlock.rules.evaluation.baseline as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "roc_auc vs prior gains 0.312 [0.303, 0.321] on 12000 rows, limit ≥ 0.02") with input as data.fixture
}

_gain(measure) := testing.set("/evaluation/results/roc_auc vs prior", object.union(data.fixture.evaluation.results["roc_auc vs prior"], measure))

test_no_better if testing.got(rule.checks) == {"fail"} with input as _gain({"value": 0.01, "low": -0.01, "high": 0.03})

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation")

test_not_computed if testing.got(rule.checks) == {"error"} with input as testing.without("/evaluation/results/roc_auc vs prior")

test_wrong_type if testing.got(rule.checks) == {"undecided"} with input as _gain({"low": "0.3"})

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/data", testing.digest)

test_looser_gain_than_the_spec if testing.got(rule.checks) == {"error"} with input as testing.set("/spec/items/baseline/0/limit/min", -1)
