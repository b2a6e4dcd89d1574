package weighlock.rules.predictions.sensitivity_test

import data.weighlock.lib.testing
import data.weighlock.rules.predictions.sensitivity as rule

_got(changed) := got if got := testing.got(rule.checks) with input as changed

_says(changed, text) if testing.says(rule.checks, text) with input as changed

_of(changed, item) := got if got := testing.of(rule.checks, item) with input as changed

_flips := "flips{income *1.1}"

_at(path) := concat("", ["/evaluation/results/flips{income *1.1}", path])

test_pass if {
	_got(data.fixture) == {"pass"}
	count(rule.checks) == 3 with input as data.fixture
	_says(data.fixture, "flips{income *1.1} is 0.0202 [0.0131, 0.031] on 990 rows, limit ≤ 0.05")
	_says(data.fixture, "against up{utilisation +0.1} is 0 [0, 0.00368] on 1000 rows, limit ≤ 0.01")
}

test_earns_no_points if {
	every check in rule.checks {
		not check.points
	} with input as data.fixture
}

test_too_many_flips if _of(testing.patched({_at("/value"): 0.08, _at("/low"): 0.06, _at("/high"): 0.1}), _flips) == "fail"

test_too_few_rows_to_show_it if _of(testing.set(_at("/high"), 0.07), _flips) == "fail"

test_shift_too_large if _of(testing.set("/evaluation/results/shift{income *1.1}/high", 0.2), "shift{income *1.1}") == "fail"

test_too_many_move_against if _of(testing.set("/evaluation/results/against up{utilisation +0.1}/high", 0.02), "against up{utilisation +0.1}") == "fail"

test_nobody_ran_it if {
	_got(testing.without("/evaluation/rescored")) == {"undecided"}
	_says(testing.without("/evaluation/rescored"), "flips{income *1.1}: nobody has run the scorer on changed rows; weighlock gate --rescore 1000, or publish --rescore 1000, does")
}

test_no_evaluation if _got(testing.without("/evaluation")) == {"undecided"}

test_unsigned_in_a_registry if _got(testing.patched({"/evaluation/statement/roles": [], "/context/published": true})) == {"undecided"}

test_another_spec if _got(testing.set("/evaluation/spec", testing.digest)) == {"fail"}

test_no_answer_at_all if {
	changed := testing.patched({"/evaluation/rescored/status": "failed", "/evaluation/rescored/detail": "it did not end within 5 seconds"})
	_got(changed) == {"error"}
	_says(changed, "the scorer gave no answer that could be compared: it did not end within 5 seconds")
	_says(testing.set("/evaluation/rescored/status", "failed"), "it does not say why")
}

test_no_answer_on_changed_rows if {
	changed := testing.patched({_at("/status"): "error", _at("/detail"): "the scorer gave no answer on rows with another income: it ended"})
	_of(changed, _flips) == "error"
	_says(changed, "the scorer gave no answer on rows with another income: it ended")
	every check in rule.checks {
		contains(object.get(check, "solution", "Let predictions.command answer"), "Let predictions.command answer")
	} with input as changed
}

test_unknown_end if {
	_got(testing.set("/evaluation/rescored/status", "fine")) == {"error"}
	_got(testing.without("/evaluation/rescored/status")) == {"error"}
}

test_another_model if {
	_got(testing.set("/evaluation/rescored/model", testing.digest)) == {"fail"}
	_says(testing.without("/evaluation/rescored/model"), "the scorer was run with another model, which is not named")
}

test_fewer_rows_than_were_rescored if {
	_of(testing.set(_at("/rows"), 990), _flips) == "error"
	_says(testing.set(_at("/rows"), 990), "flips{income *1.1}: the scorer was not compared on the 1000 rows that were rescored")
	_got(testing.set("/evaluation/rescored/rows", 2000)) == {"error"}
	_got(testing.without("/evaluation/rescored/rows")) == {"error"}
}

test_more_rows_counted_than_there_are if _of(testing.set(_at("/n"), 1001), _flips) == "error"

test_no_row_was_changed if {
	_of(testing.set(_at("/n"), 0), _flips) == "error"
	undefined := testing.patched({_at("/status"): "undefined", _at("/n"): 0, _at("/detail"): "the change leaves the value of every row as it is"})
	_of(undefined, _flips) == "undecided"
}

test_missing if _of(testing.without("/evaluation/results/flips{income *1.1}"), _flips) == "error"

test_of_another_kind if _of(testing.set(_at("/kind"), "metric"), _flips) == "error"

test_at_another_threshold if {
	_of(testing.set(_at("/threshold"), 0.9), _flips) == "fail"
	_of(testing.without(_at("/threshold")), _flips) == "error"
}

test_wrong_type if {
	_of(testing.set(_at("/value"), "few"), _flips) == "error"
	_got(testing.set("/evaluation/rescored", "fine")) == {"error"}
}

test_looser_limit_than_the_spec if _got(testing.set("/spec/items/sensitivity/0/limit/max", 0.5)) == {"error"}

test_item_that_nobody_enumerates if _got(testing.without("/spec/items/sensitivity/2")) == {"error"}

test_limit_that_the_spec_does_not_have if _got(testing.without("/spec/document/sensitivity/1")) == {"error"}

test_another_direction_than_the_spec if _got(testing.set("/spec/document/sensitivity/1/direction", "down")) == {"error"}
