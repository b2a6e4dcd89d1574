package weighlock.rules.evidence.attempts_test

import data.weighlock.lib.testing
import data.weighlock.rules.evidence.attempts as rule

test_first_attempt if testing.got(rule.checks) == {"pass"} with input as data.fixture

test_not_counted if {
	changed := testing.set("/attempts/counted", false)
	testing.got(rule.checks) == {"pass"} with input as changed
	testing.says(rule.checks, "no repository was named, so earlier attempts are not counted here") with input as changed
}

test_neither_counted_nor_not if testing.got(rule.checks) == {"error"} with input as testing.without("/attempts/counted")

test_denials_are_shown if {
	changed := testing.patched({"/attempts/count": 3, "/attempts/denials": 2, "/attempts/looks": 4, "/attempts/head": testing.digest})
	testing.got(rule.checks) == {"warn"} with input as changed
	testing.says(rule.checks, "attempts: 3, denied: 2, specs on this holdout: 1, earlier looks at it: 4") with input as changed
}

test_several_specs if testing.got(rule.checks) == {"warn"} with input as testing.set("/attempts/specs", 2)

test_missing if testing.got(rule.checks) == {"error"} with input as testing.without("/attempts")

test_wrong_type if testing.got(rule.checks) == {"error"} with input as testing.set("/attempts/looks", "none")
