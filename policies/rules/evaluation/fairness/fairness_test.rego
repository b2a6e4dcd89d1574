package weighlock.rules.evaluation.fairness_test

import data.weighlock.lib.testing
import data.weighlock.rules.evaluation.fairness as rule

test_pass if testing.got(rule.checks) == {"pass"} with input as data.fixture

_result := "tpr_difference{sex}"

_difference(measure) := testing.set(concat("/", ["/evaluation/results", _result]), object.union(data.fixture.evaluation.results[_result], measure))

test_too_different if testing.got(rule.checks) == {"fail"} with input as _difference({"value": 0.12, "low": 0.09, "high": 0.15})

test_limit_inside_the_noise if testing.got(rule.checks) == {"undecided"} with input as _difference({"value": 0.09, "low": 0, "high": 0.15, "null95": 0.1})

test_group_left_out if {
	changed := _difference({"groups": [data.fixture.evaluation.results[_result].groups[0]]})
	testing.got(rule.checks) == {"error"} with input as changed
	testing.says(rule.checks, "does not cover m") with input as changed
}

test_group_too_small if {
	changed := _difference({"groups": [object.union(g, {"status": "too_few"}) | some g in data.fixture.evaluation.results[_result].groups]})
	testing.got(rule.checks) == {"undecided"} with input as changed
	testing.says(rule.checks, "leaves out f, m") with input as changed
}

test_no_groups_in_the_data if testing.got(rule.checks) == {"error"} with input as testing.set("/data/document/groups", [])

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation")

test_not_computed if testing.got(rule.checks) == {"error"} with input as json.remove(data.fixture, [["evaluation", "results", _result]])

test_wrong_type if testing.got(rule.checks) == {"error"} with input as _difference({"value": true})

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/data", testing.digest)

test_looser_limit_than_the_spec if testing.got(rule.checks) == {"error"} with input as testing.set("/data/items/fairness/0/limit/max", 1)

test_group_of_a_rate_is_undefined if {
	changed := _difference({"status": "undefined", "value": null, "detail": "group f: recall rests on no rows"})
	testing.got(rule.checks) == {"undecided"} with input as changed
}

_against(group, against) := testing.patched({
	"/spec/document/fairness/reference": {"sex": group},
	concat("/", ["/evaluation/results", _result, "against"]): against,
})

test_declared_reference if testing.got(rule.checks) == {"pass"} with input as _against("m", {"rule": "group", "group": "m"})

test_majority_for_reference if testing.got(rule.checks) == {"pass"} with input as _against("majority", {"rule": "majority", "group": "f"})

test_another_reference_than_the_spec if {
	changed := _against("m", {"rule": "group", "group": "f"})
	testing.got(rule.checks) == {"fail"} with input as changed
	testing.says(rule.checks, "was computed against f, the spec says m") with input as changed
}

test_majority_for_a_declared_reference if testing.got(rule.checks) == {"fail"} with input as _against("m", {"rule": "majority", "group": "m"})

test_reference_left_out if {
	changed := testing.set("/spec/document/fairness/reference", {"sex": "m"})
	testing.got(rule.checks) == {"fail"} with input as changed
	testing.says(rule.checks, "was computed against every pair, the spec says m") with input as changed
}

test_reference_that_the_spec_does_not_name if testing.got(rule.checks) == {"fail"} with input as testing.set(concat("/", ["/evaluation/results", _result, "against"]), {"rule": "best"})
