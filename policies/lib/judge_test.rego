package weighlock.lib.judge_test

import data.weighlock.lib.judge

_bound := {"judge": "bound", "verb": "is", "too_small": "undecided"}

_point := object.union(_bound, {"judge": "point"})

_report := object.union(_bound, {"too_small": "report"})

_ok := {"status": "ok", "value": 0.6, "low": 0.55, "high": 0.65, "n": 573, "rows": 1000}

_with(more) := object.union(_ok, more)

_status(measure, limit, terms) := judge.check("recall", measure, limit, terms).status

_message(measure, limit, terms) := judge.check("recall", measure, limit, terms).message

test_bad_end_meets_the_limit if _status(_ok, {"min": 0.5}, _bound) == "pass"

test_bounds_are_inclusive if {
	_status(_ok, {"min": 0.55}, _bound) == "pass"
	_status(_ok, {"max": 0.65}, _bound) == "pass"
	_status(_ok, {"min": 0.6, "max": 0.6}, _point) == "pass"
}

test_just_beyond if {
	_status(_ok, {"min": 0.550001}, _bound) == "fail"
	_status(_ok, {"max": 0.649999}, _bound) == "fail"
	_status(_ok, {"min": 0.600001}, _point) == "fail"
}

_misses := "recall is 0.6 [0.55, 0.65] on 573 rows, limit ≥ 0.58; the interval's bad end misses the limit: so few rows do not show that the model meets it; "

test_only_the_interval_misses if _message(_with({"needed": 812}), {"min": 0.58}, _bound) == concat("", [_misses, "about 1418 rows would decide, of which it counts 812"])

# A recall counts the positive rows, of which there are as many as there are.
test_only_the_interval_misses_of_a_rate if _message(_with({"needed": 812, "rows": 2292}), {"min": 0.58}, _bound) == concat("", [_misses, "about 3248 rows would decide, of which it counts 812"])

test_only_the_interval_misses_by_an_unknown_number if _message(_ok, {"min": 0.58}, _bound) == concat("", [_misses, "more rows would decide"])

# A value that is its limit stays there, however many rows there are.
test_the_value_is_the_limit if _message(_ok, {"min": 0.6}, _bound) == "recall is 0.6 [0.55, 0.65] on 573 rows, limit ≥ 0.6; the interval's bad end misses the limit: so few rows do not show that the model meets it"

test_rows_that_nobody_has_are_not_counted if {
	_message(_with({"needed": 10000001}), {"min": 0.58}, _bound) == concat("", [_misses, "more than 10 million rows would decide"])
	_message(_with({"needed": 10000000}), {"min": 0.58}, _bound) == concat("", [_misses, "about 17452007 rows would decide, of which it counts 10000000"])
}

test_the_value_misses if _message(_with({"needed": 812}), {"min": 0.7}, _bound) == "recall is 0.6 [0.55, 0.65] on 573 rows, limit ≥ 0.7; the value itself misses the limit"

test_more_rows_are_the_advice_where_they_decide if {
	startswith(judge.check("recall", _ok, {"min": 0.58}, _bound).solution, "Judge the model on more rows")
	startswith(judge.check("recall", _distance(0.2, 0.3), {"max": 0.1}, _bound).solution, "Judge the model on more rows")
	not judge.check("recall", _ok, {"min": 0.7}, _bound).solution
	not judge.check("recall", _ok, {"min": 0.5}, _bound).solution
}

test_two_bounds if {
	_status(_ok, {"min": 0.5, "max": 0.7}, _bound) == "pass"
	_status(_ok, {"min": 0.5, "max": 0.62}, _bound) == "fail"
	contains(_message(_ok, {"min": 0.5, "max": 0.7}, _bound), "limit ≥ 0.5 and ≤ 0.7")
}

test_point_ignores_the_interval if {
	_status(_ok, {"min": 0.58}, _point) == "pass"
	_status({"status": "ok", "value": 0.6, "n": 5, "rows": 5}, {"min": 0.58}, _point) == "pass"
}

test_no_interval if _status({"status": "ok", "value": 0.6, "n": 5, "rows": 5}, {"min": 0.5}, _bound) == "undecided"

test_interval_of_the_wrong_type if _status(_with({"low": "0.9"}), {"min": 0.5}, _bound) == "undecided"

test_no_number if {
	_status({"status": "too_few", "n": 3, "rows": 3}, {"min": 0.5}, _bound) == "undecided"
	_status({"status": "too_few", "n": 3, "rows": 3}, {"min": 0.5}, _report) == "warn"
	_status({"status": "undefined", "n": 3, "rows": 3, "detail": "one class only"}, {"min": 0.5}, _bound) == "undecided"
	_status({"status": "no_labels", "n": 0, "rows": 3}, {"min": 0.5}, _bound) == "undecided"
	_status({"status": "error", "n": 0, "rows": 3}, {"min": 0.5}, _bound) == "error"
	_status({"status": "fine", "value": 0.9, "low": 0.9, "n": 0, "rows": 3}, {"min": 0.5}, _bound) == "error"
	_status({"value": 0.9, "low": 0.9, "n": 0, "rows": 3}, {"min": 0.5}, _bound) == "error"
}

test_detail_is_told if _message({"status": "undefined", "n": 3, "rows": 3, "detail": "one class only"}, {"min": 0.5}, _bound) == "recall is undefined: one class only"

test_ok_without_a_value if _status({"status": "ok", "low": 0.6, "high": 0.7, "n": 5, "rows": 5}, {"min": 0.5}, _bound) == "error"

test_swapped_ends if _status(_with({"low": 0.7}), {"min": 0.5}, _bound) == "error"

test_degenerate if {
	_status(_with({"degenerate": true}), {"min": 0.5}, _bound) == "undecided"
	_status(_with({"degenerate": true, "method": "bca"}), {"min": 0.5}, _bound) == "undecided"
	_status(_with({"degenerate": true, "method": "exact"}), {"min": 0.5}, _bound) == "pass"
	_status(_with({"degenerate": true, "method": "clopper_pearson"}), {"min": 0.5}, _bound) == "pass"
	_status({"status": "ok", "value": 1, "degenerate": true, "method": "exact", "n": 9, "rows": 9}, {"min": 0.5}, _bound) == "undecided"
	_status(_with({"degenerate": false}), {"min": 0.5}, _bound) == "pass"
	_status(_with({"degenerate": true}), {"min": 0.5}, _point) == "pass"
}

_flawless := {"status": "ok", "value": 1, "degenerate": true, "method": "bca", "detail": "all draws are equal", "n": 40, "rows": 40}

test_degenerate_says_why if {
	_message(_flawless, {"min": 0.8}, _bound) == "recall is 1 on 40 rows, limit ≥ 0.8; the sample gives no interval to judge it by: all draws are equal"
	_message(object.remove(_flawless, ["detail"]), {"min": 0.8}, _bound) == "recall is 1 on 40 rows, limit ≥ 0.8; the sample gives no interval to judge it by"
	_message(object.union(_flawless, {"needed": 90}), {"min": 0.8}, _bound) == "recall is 1 on 40 rows, limit ≥ 0.8; the sample gives no interval to judge it by: all draws are equal; about 90 rows would decide"
}

test_too_few_says_how_many if _message({"status": "too_few", "n": 12, "rows": 60, "needed": 100, "detail": "100 are asked for"}, {"min": 0.5}, _bound) == "recall rests on 12 rows, too few to be judged: 100 are asked for; about 500 rows would decide, of which it counts 100"

_distance(value, high) := {"status": "ok", "value": value, "low": 0, "high": high, "null95": 0.27, "n": 114, "rows": 114}

test_limit_inside_the_noise if {
	_status(_distance(0.05, 0.1), {"max": 0.1}, _bound) == "pass"
	_status(_distance(0.05, 0.3), {"max": 0.1}, _bound) == "undecided"
	_status(_distance(0.2, 0.3), {"max": 0.1}, _bound) == "undecided"
	_status(_distance(0.27, 0.3), {"max": 0.1}, _bound) == "undecided"
	_status(_distance(0.28, 0.3), {"max": 0.1}, _bound) == "fail"
	_status(_distance(0.2, 0.3), {"max": 0.1}, _point) == "undecided"
	_status(_distance(0.28, 0.3), {"max": 0.1}, _point) == "fail"
	_status(_distance(0.05, 0.3), {"max": 0.1}, _point) == "pass"
}

test_limit_beyond_the_noise if {
	_status(_distance(0.2, 0.28), {"max": 0.27}, _bound) == "fail"
	_status(_distance(0.2, 0.3), {"max": 0.3}, _bound) == "pass"
}

_ratio(value, low) := {"status": "ok", "value": value, "low": low, "high": 1, "null95": 0.7, "n": 114, "rows": 114}

test_floor_inside_the_noise if {
	_status(_ratio(0.9, 0.85), {"min": 0.8}, _bound) == "pass"
	_status(_ratio(0.75, 0.6), {"min": 0.8}, _bound) == "undecided"
	_status(_ratio(0.65, 0.6), {"min": 0.8}, _bound) == "fail"
}

test_limit_that_is_none if {
	_status(_ok, {}, _bound) == "error"
	_status(_ok, {"max": "0.9"}, _bound) == "error"
	_status(_ok, {"min": null}, _bound) == "error"
	_status(_ok, {"least": 0.1}, _bound) == "error"
}

test_unknown_judge if not judge.check("recall", _ok, {"min": 0.5}, object.union(_bound, {"judge": "eye"}))

test_numbers_are_shown_where_they_decide if {
	startswith(_message(_with({"low": 0.549996}), {"min": 0.55}, _bound), "recall is 0.6 [0.549996, 0.65] on")
	startswith(_message(_with({"value": -0.00012345}), {"min": -1}, _point), "recall is -0.0001234 [0.55")
	startswith(_message(_with({"value": 1, "high": 12345.678}), {"min": 0}, _bound), "recall is 1 [0.55, 12346] on")
	startswith(_message(_with({"high": 12345.678}), {"max": 12345.9}, _point), "recall is 0.6 [0.55, 12345.7] on")
}

test_observed_and_expected if judge.check("recall", _ok, {"min": 0.5}, _bound) == {
	"item": "recall",
	"status": "pass",
	"message": "recall is 0.6 [0.55, 0.65] on 573 rows, limit ≥ 0.5",
	"observed": {"value": 0.6, "low": 0.55, "high": 0.65, "n": 573},
	"expected": {"min": 0.5, "judge": "bound"},
}
