package weighlock.lib.checks_test

import data.weighlock.lib.checks

_status(findings) := checks.conclude("x", findings, "fine", {}).status

test_worst_decides if {
	_status(set()) == "pass"
	_status({checks.warn("a")}) == "warn"
	_status({checks.warn("a"), checks.undecided("b")}) == "undecided"
	_status({checks.warn("a"), checks.undecided("b"), checks.fail("c")}) == "fail"
	_status({checks.warn("a"), checks.fail("c"), checks.error("d")}) == "error"
}

test_unknown_finding_is_an_error if {
	_status({{"status": "fine", "message": "a"}}) == "error"
	_status({{"status": "fine", "message": "a"}, checks.warn("b")}) == "error"
}

test_messages_of_the_worst_are_told if checks.conclude("x", {checks.fail("b"), checks.fail("a"), checks.warn("c")}, "fine", {}).message == "a; b"

test_praise if checks.conclude("x", set(), "fine", {"points": 1}) == {"item": "x", "status": "pass", "message": "fine", "points": 1}

test_short if checks.short("sha256:0123456789abcdef") == "sha256:0123456789ab"
