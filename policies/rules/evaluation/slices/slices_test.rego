package weighlock.rules.evaluation.slices_test

import data.weighlock.lib.testing
import data.weighlock.rules.evaluation.slices as rule

test_pass if testing.got(rule.checks) == {"pass"} with input as data.fixture

_young := "recall{age=(-inf,25)}"

_slice(measure) := testing.set(concat("/", ["/evaluation/results", _young]), object.union(data.fixture.evaluation.results[_young], measure))

test_age_band_below_its_floor if {
	changed := _slice({"value": 0.412, "low": 0.371, "high": 0.455})
	testing.of(rule.checks, _young) == "fail" with input as changed
	testing.says(rule.checks, "recall{age=(-inf,25)} is 0.412 [0.371, 0.455] on 391 rows, limit ≥ 0.5; the value itself misses the limit") with input as changed
}

test_gap_too_wide if testing.of(rule.checks, "recall gap{region=north}") == "fail" with input as testing.patched({
	"/evaluation/results/recall gap{region=north}/value": 0.2,
	"/evaluation/results/recall gap{region=north}/low": 0.15,
	"/evaluation/results/recall gap{region=north}/high": 0.25,
})

test_slice_not_computed if testing.of(rule.checks, _young) == "error" with input as json.remove(data.fixture, [["evaluation", "results", _young]])

test_rows_left_out if {
	testing.of(rule.checks, _young) == "fail" with input as _slice({"rows": 1000})
	testing.says(rule.checks, "was computed on 1000 rows, but the pinned data has 1504") with input as _slice({"rows": 1000})
}

test_too_few if testing.of(rule.checks, _young) == "undecided" with input as _slice({"status": "too_few", "n": 12})

test_too_few_is_reported if testing.of(rule.checks, _young) == "warn" with input as json.patch(
	_slice({"status": "too_few", "n": 12}),
	[{"op": "replace", "path": "/spec/document/slices/too_small", "value": "report"}],
)

test_too_few_that_is_said_to_be_ok if testing.of(rule.checks, _young) == "undecided" with input as _slice({"n": 99})

test_too_few_that_is_said_to_be_ok_is_reported if testing.of(rule.checks, _young) == "warn" with input as json.patch(
	_slice({"n": 99}),
	[{"op": "replace", "path": "/spec/document/slices/too_small", "value": "report"}],
)

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation")

test_data_missing if testing.got(rule.checks) == set() with input as testing.without("/data")

test_wrong_type if testing.of(rule.checks, _young) == "error" with input as _slice({"value": null})

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/data", testing.digest)

test_slice_of_the_data_is_not_enumerated if testing.got(rule.checks) == {"error"} with input as testing.without("/data/items/slices/0")

test_looser_limit_than_the_spec if testing.got(rule.checks) == {"error"} with input as testing.set("/data/items/slices/0/limit/min", 0.1)

test_rows_missing if testing.of(rule.checks, _young) == "fail" with input as json.remove(data.fixture, [["evaluation", "results", _young, "rows"]])

test_column_of_the_spec_has_no_slice if testing.got(rule.checks) == {"error"} with input as testing.set("/spec/document/slices/by/2", "sex")

_all_young := testing.patched({sprintf("/data/document/slices/%d/rows", [i]): 0 |
	some i, part in data.fixture.data.document.slices
	part.by == "age:25,40,60"
	part.group != "(-inf,25)"
})

test_column_with_one_value if {
	testing.of(rule.checks, _young) == "undecided" with input as _all_young
	testing.says(rule.checks, "every row is in this one slice by age:25,40,60") with input as _all_young
	testing.of(rule.checks, "recall{region=north}") == "pass" with input as _all_young
}

_none_large := testing.set("/spec/document/slices/min_rows", 100000)

test_all_slices_too_small if testing.got(rule.checks) == {"undecided"} with input as _none_large

test_all_slices_too_small_cannot_be_reported_away if {
	changed := testing.patched({"/spec/document/slices/min_rows": 100000, "/spec/document/slices/too_small": "report"})
	testing.got(rule.checks) == {"undecided"} with input as changed
	testing.says(rule.checks, "no slice by region has the 100000 rows that are asked for") with input as changed
}

_best(group) := sprintf("recall gap to best{region=%s}", [group])

_regions := [part | some part in data.fixture.data.document.slices; part.by == "region"]

# by_best asks for the gap to the best region and nothing else.
_by_best(measure) := json.patch(data.fixture, array.concat(
	[
		{"op": "add", "path": "/spec/document/slices/metrics/recall", "value": {"max_gap_best": 0.2}},
		{"op": "add", "path": "/spec/document/slices/by", "value": ["region"]},
		{"op": "add", "path": "/data/document/slices", "value": _regions},
		{"op": "add", "path": "/data/items/slices", "value": [_best_item(part) | some part in _regions]},
	],
	[{"op": "add", "path": concat("/", ["/evaluation/results", _best(part.group)]), "value": object.union(_best_result(part), measure)} |
		some part in _regions
	],
))

_best_item(part) := object.union(part, {"id": _best(part.group), "metric": "recall", "limit": {"max": 0.2}})

_best_result(part) := object.union(
	data.fixture.evaluation.results[sprintf("recall gap{region=%s}", [part.group])],
	{"kind": "gap_best", "item": _best(part.group), "value": 0.02, "low": 0, "high": 0.06, "null95": 0.04},
)

test_near_the_best_slice if testing.got(rule.checks) == {"pass"} with input as _by_best({})

test_far_from_the_best_slice if {
	changed := _by_best({"value": 0.3, "low": 0.25, "high": 0.35})
	testing.got(rule.checks) == {"fail"} with input as changed
	testing.says(rule.checks, "recall gap to best{region=north} is 0.3 [0.25, 0.35] on 431 rows, limit ≤ 0.2") with input as changed
}

test_best_of_many_by_chance if testing.got(rule.checks) == {"undecided"} with input as _by_best({"value": 0.25, "low": 0.1, "high": 0.4, "null95": 0.3})

test_gap_to_best_on_other_rows if testing.got(rule.checks) == {"fail"} with input as _by_best({"rows": 12})

test_gap_to_best_not_computed if testing.of(rule.checks, _best("north")) == "error" with input as json.remove(_by_best({}), [["evaluation", "results", _best("north")]])

test_gap_to_best_not_enumerated if testing.got(rule.checks) == {"error"} with input as json.remove(_by_best({}), ["/data/items/slices/0"])

_crossed := json.patch(data.fixture, [{"op": "add", "path": "/spec/document/slices/by/-", "value": "region*age:25,40,60"}])

test_crossing_that_the_data_does_not_have if testing.got(rule.checks) == {"error"} with input as _crossed
