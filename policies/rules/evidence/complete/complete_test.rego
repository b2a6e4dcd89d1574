package weighlock.rules.evidence.complete_test

import data.weighlock.lib.testing
import data.weighlock.rules.evidence.complete as rule

test_pass if testing.got(rule.checks) == {"pass"} with input as data.fixture

test_piece_gone if {
	changed := testing.set("/missing", [{"type": "evaluation", "digest": testing.digest}])
	testing.got(rule.checks) == {"undecided"} with input as changed
	testing.says(rule.checks, concat(" ", ["evaluation statement", testing.digest])) with input as changed
}

test_missing if testing.got(rule.checks) == {"error"} with input as testing.without("/missing")

test_wrong_type if testing.got(rule.checks) == {"error"} with input as testing.set("/missing", "nothing")

test_piece_of_wrong_type if testing.got(rule.checks) == {"undecided"} with input as testing.set("/missing", [7])
