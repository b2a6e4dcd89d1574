package weighlock.rules.evaluation.search_test

import data.weighlock.lib.testing
import data.weighlock.rules.evaluation.search as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "looked at 214 slices of the test set, and none stands out as worse") with input as data.fixture
}

_found := testing.set("/evaluation/search/found", [{
	"by": "region*device", "group": "west*mobile", "rows": 611,
	"loss": 0.31, "rest": 0.12, "effect": 0.84, "p": 0.00001, "adjusted": 0.002,
}])

test_slice_that_is_worse if {
	testing.got(rule.checks) == {"warn"} with input as _found
	testing.says(rule.checks, "region*device=west*mobile is worse: mean squared error 0.31 on 611 rows, 0.12 on the rest (effect 0.84, p 0.002 after correction over 214 slices)") with input as _found
}

test_not_searched if {
	changed := testing.set("/evaluation/search", {"status": "no_labels", "detail": "12 rows have no label", "rows": 0, "columns": [], "left_out": [], "tried": 0, "complete": false, "found": []})
	testing.got(rule.checks) == {"warn"} with input as changed
	testing.says(rule.checks, "were not searched: 12 rows have no label") with input as changed
}

test_search_missing if testing.got(rule.checks) == {"warn"} with input as testing.without("/evaluation/search")

test_cut_short if testing.got(rule.checks) == {"warn"} with input as testing.set("/evaluation/search/complete", false)

test_complete_missing if testing.got(rule.checks) == {"warn"} with input as testing.without("/evaluation/search/complete")

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation")

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/data", testing.digest)

test_slice_that_is_not_described if {
	changed := testing.set("/evaluation/search/found", [{"by": "region"}])
	testing.got(rule.checks) == {"warn"} with input as changed
	testing.says(rule.checks, "region=unknown is worse: mean squared error unknown on unknown rows") with input as changed
}

test_wrong_type if {
	testing.got(rule.checks) == {"warn"} with input as testing.set("/evaluation/search/found", "none")
	testing.got(rule.checks) == {"warn"} with input as testing.set("/evaluation/search/status", true)
}

test_found_missing if testing.got(rule.checks) == {"warn"} with input as testing.without("/evaluation/search/found")

test_status_missing if testing.got(rule.checks) == {"warn"} with input as testing.without("/evaluation/search/status")

test_nothing_to_look_at if {
	testing.got(rule.checks) == {"warn"} with input as testing.set("/evaluation/search/tried", 0)
	testing.says(rule.checks, "there was no slice to look at") with input as testing.set("/evaluation/search/tried", 0)
	testing.got(rule.checks) == {"warn"} with input as testing.without("/evaluation/search/tried")
}
