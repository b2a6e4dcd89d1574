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

_advised := object.union(checks.fail("no rows"), {"solution": "Add rows.", "limit": "at least one row", "place": "data.test"})

test_findings_speak_for_themselves if checks.conclude("x", {_advised, checks.warn("a")}, "fine", {"expected": {"text": "whole"}, "points": 0}) == {
	"item": "x", "status": "fail", "message": "no rows", "points": 0,
	"solution": "Add rows.", "expected": {"text": "at least one row"}, "place": "data.test",
}

test_findings_beneath_the_worst_are_not_heard if checks.conclude("x", {_advised, checks.error("a")}, "fine", {"expected": {"text": "whole"}}) == {
	"item": "x", "status": "error", "message": "a", "expected": {"text": "whole"},
}

test_two_findings_give_both_their_advice if {
	other := object.union(checks.fail("no ids"), {"solution": "Add ids.", "limit": "an id in every row"})
	checks.conclude("x", {_advised, other}, "fine", {}) == {
		"item": "x", "status": "fail", "message": "no ids; no rows", "place": "data.test",
		"solution": "Add ids. Add rows.", "expected": {"text": "an id in every row; at least one row"},
	}
}

test_praise if checks.conclude("x", set(), "fine", {"points": 1}) == {"item": "x", "status": "pass", "message": "fine", "points": 1}

test_short if checks.short("sha256:0123456789abcdef") == "sha256:0123456789ab"
