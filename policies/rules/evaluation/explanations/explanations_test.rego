package weighlock.rules.evaluation.explanations_test

import data.weighlock.lib.testing
import data.weighlock.rules.evaluation.explanations as rule

_at := "/evaluation/results/explanations for positive"

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "explanations for positive cover 1 [0.9988, 1] on 3112 rows, limit ≥ 1") with input as data.fixture
	every check in rule.checks {
		not check.points
	} with input as data.fixture
}

_short(first) := testing.patched({
	"/evaluation/explanations/covered": 2801,
	"/evaluation/explanations/invalid": 100,
	"/evaluation/explanations/first": first,
	sprintf("%s/value", [_at]): 0.900064267352,
	sprintf("%s/low", [_at]): 0.889,
	sprintf("%s/high", [_at]): 0.910,
})

_first := {"row": 7, "why": "unknown_code", "line": 4, "column": "reason_2"}

test_rows_without_one if {
	testing.got(rule.checks) == {"fail"} with input as _short(_first)
	testing.says(rule.checks, "cover 0.9001 [0.889, 0.91] on 3112 rows, limit ≥ 1") with input as _short(_first)
	testing.says(rule.checks, "the first row without one is row 7 of the test data: it has a reason code that is not in the catalogue (line 4, column reason_2)") with input as _short(_first)
	testing.says(rule.checks, "row 7 of the test data: the file has none for it") with input as _short({"row": 7, "why": "missing"})
	testing.says(rule.checks, "row 7 of the test data: it has no reason code (line 4)") with input as _short({"row": 7, "why": "empty", "line": 4})
	testing.says(rule.checks, "row 7 of the test data: it is not said why") with input as _short({"row": 7, "why": "weather"})
}

# The interval of all rows but none would reach below any limit that is met
# exactly, so it is the value that is judged.
test_as_many_as_the_spec_asks_for if {
	least := json.patch(_short(_first), [
		{"op": "replace", "path": "/spec/document/predictions/explanations/min", "value": 0.9},
		{"op": "replace", "path": "/spec/items/explanations/0/limit/min", "value": 0.9},
	])
	testing.got(rule.checks) == {"pass"} with input as least
}

test_looser_limit_than_the_spec if testing.got(rule.checks) == {"error"} with input as testing.set("/spec/items/explanations/0/limit/min", 0.1)

test_another_metric_than_the_spec if testing.got(rule.checks) == {"error"} with input as testing.set("/spec/items/explanations/0/metric", "recall")

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation")

test_not_counted if {
	testing.got(rule.checks) == {"error"} with input as testing.without("/evaluation/explanations")
	testing.says(rule.checks, "does not say which rows are explained") with input as testing.without("/evaluation/explanations")
}

test_not_computed if testing.got(rule.checks) == {"error"} with input as testing.without(_at)

test_rows_of_another_decision if {
	testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/explanations/for", "negative")
	testing.says(rule.checks, "codes for negative rows were looked for, and the spec asks for codes for positive rows") with input as testing.set("/evaluation/explanations/for", "negative")
}

test_another_kind if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/explanations/kind", "importances")

test_no_row_needs_one if {
	none := testing.patched({
		"/evaluation/explanations/needed": 0,
		"/evaluation/explanations/covered": 0,
	})
	testing.got(rule.checks) == {"undecided"} with input as none
	testing.says(rule.checks, "no row is decided positive, so there is none to explain") with input as none
}

test_explanations_of_no_row if {
	testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/explanations/unknown_ids", 2)
	testing.says(rule.checks, "2 explanations are about no test row") with input as testing.set("/evaluation/explanations/unknown_ids", 2)
}

test_counts_that_do_not_add_up if {
	testing.got(rule.checks) == {"error"} with input as testing.set("/evaluation/explanations/invalid", 1)
	testing.got(rule.checks) == {"error"} with input as testing.set("/evaluation/explanations/rows", 0)
	testing.got(rule.checks) == {"error"} with input as testing.set("/evaluation/explanations/needed", 20000)
	testing.got(rule.checks) == {"error"} with input as testing.without("/evaluation/explanations/unknown_ids")
	testing.got(rule.checks) == {"error"} with input as testing.without("/evaluation/explanations/covered")
	testing.got(rule.checks) == {"error"} with input as testing.without("/evaluation/explanations/needed")
}

_all(needed) := testing.patched({
	"/spec/document/predictions/explanations/for": "all",
	"/spec/items/explanations/0/id": "explanations for all",
	"/evaluation/explanations": object.union(data.fixture.evaluation.explanations, {"for": "all", "rows": 12000, "needed": needed, "covered": needed}),
	"/evaluation/results/explanations for all": object.union(data.fixture.evaluation.results["explanations for positive"], {"item": "explanations for all", "n": needed}),
})

test_fewer_rows_than_all if {
	testing.got(rule.checks) == {"pass"} with input as _all(12000)
	testing.got(rule.checks) == {"error"} with input as _all(11999)
}

test_share_that_does_not_follow if {
	testing.got(rule.checks) == {"error"} with input as testing.set("/evaluation/explanations/covered", 3111)
	testing.got(rule.checks) == {"error"} with input as testing.set(sprintf("%s/n", [_at]), 5000)
	testing.got(rule.checks) == {"error"} with input as testing.set(sprintf("%s/threshold", [_at]), 0.9)
	testing.got(rule.checks) == {"error"} with input as testing.without(sprintf("%s/threshold", [_at]))
}

test_wrong_type if testing.got(rule.checks) == {"error"} with input as testing.set(sprintf("%s/value", [_at]), "whole")

test_without_a_number if testing.got(rule.checks) == {"undecided"} with input as testing.set(sprintf("%s/status", [_at]), "undefined")

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/data", testing.digest)

test_another_confidence if testing.got(rule.checks) == {"fail"} with input as testing.set(sprintf("%s/level", [_at]), 0.5)
