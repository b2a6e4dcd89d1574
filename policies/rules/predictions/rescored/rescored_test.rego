package weighlock.rules.predictions.rescored_test

import data.weighlock.lib.testing
import data.weighlock.rules.predictions.rescored as rule

_asked := {"rows": 1000}

_got(changed) := got if got := testing.got(rule.checks) with input as changed with data.parameters.rescore as _asked

_says(changed, text) if testing.says(rule.checks, text) with input as changed with data.parameters.rescore as _asked

_at(path) := concat("", ["/evaluation/rescored", path])

_without(path) := testing.without(_at(path))

_set(path, value) := testing.set(_at(path), value)

test_pass if {
	_got(data.fixture) == {"pass"}
	_says(data.fixture, "go run ./score, run again on 1000 of 12000 rows without labels, gives the scores that were handed in; had more than 0.2991 % of the rows been others, the sample would have shown it (95 %)")
}

test_nobody_ran_it if {
	_got(_without("")) == {"undecided"}
	_says(_without(""), "nobody has run the scorer again")
}

test_no_evaluation if _got(testing.without("/evaluation")) == {"undecided"}

test_unsigned_in_a_registry if _got(testing.patched({"/evaluation/statement/roles": [], "/context/published": true})) == {"undecided"}

test_no_answer if {
	changed := testing.patched({_at("/status"): "failed", _at("/detail"): "it did not end within 5 seconds"})
	_got(changed) == {"undecided"}
	_says(changed, "the scorer gave no answer that could be compared: it did not end within 5 seconds")
}

test_no_answer_without_a_reason if _says(_set("/status", "failed"), "it does not say why")

test_unknown_end if {
	_got(_set("/status", "agreed")) == {"error"}
	_says(_set("/status", "agreed"), "in a way that is not known: agreed")
}

test_no_end if _got(_without("/status")) == {"error"}

test_another_model if {
	_got(_set("/model", testing.digest)) == {"fail"}
	_says(_set("/model", testing.digest), concat("", ["the scorer was run with another model, ", testing.digest]))
}

test_model_missing if _says(_without("/model"), "which is not named")

test_uncounted if {
	every path in ["/rows", "/of", "/disagreed", "/tolerance", "/tolerance/absolute", "/tolerance/relative"] {
		_got(_without(path)) == {"error"}
	}
}

test_wrong_type if {
	_got(_set("/disagreed", "none")) == {"error"}
	_got(_set("/tolerance/relative", "1e-9")) == {"error"}
	_got(testing.set("/evaluation/rescored", "agreed")) == {"error"}
}

test_no_rows if _got(_set("/rows", 0)) == {"error"}

test_more_rows_than_there_are if _got(_set("/rows", 12001)) == {"error"}

test_of_other_rows_than_were_judged if {
	_got(_set("/of", 1000)) == {"error"}
	_says(_set("/of", 1000), "does not say how many rows agreed, or how closely")
}

test_more_disagree_than_there_are if _got(_set("/disagreed", 1001)) == {"error"}

test_less_than_none_disagrees if _got(_set("/disagreed", -1)) == {"error"}

test_too_few if {
	_got(_set("/rows", 999)) == {"undecided"}
	_says(_set("/rows", 999), "999 of 12000 rows were rescored, and 1000 are asked for")
}

test_all_are_asked_for if {
	testing.got(rule.checks) == {"undecided"} with input as data.fixture with data.parameters.rescore as {"rows": "all"}
	testing.says(rule.checks, "1000 of 12000 rows were rescored, and all are asked for") with input as data.fixture with data.parameters.rescore as {"rows": "all"}
}

test_all_were_rescored if {
	changed := testing.set(_at("/rows"), 12000)
	testing.got(rule.checks) == {"pass"} with input as changed with data.parameters.rescore as {"rows": "all"}
	testing.got(rule.checks) == {"pass"} with input as changed with data.parameters.rescore as {"rows": 20000}
}

test_nobody_says_how_many if testing.got(rule.checks) == {"undecided"} with input as data.fixture with data.parameters.rescore as {}

test_compared_too_loosely if {
	_got(_set("/tolerance/relative", 0.1)) == {"undecided"}
	_says(_set("/tolerance/relative", 0.1), "were compared within 0 or a relative 0.1, and no more than 0 or ")
	_got(_set("/tolerance/absolute", 0.1)) == {"undecided"}
}

_one := [{"id": "5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a", "submitted": 0.9, "rescored": 0.1}]

test_one_disagrees if {
	changed := testing.patched({_at("/disagreed"): 1, _at("/disagreements"): _one})
	_got(changed) == {"fail"}
	_says(changed, "1 of 1000 rescored rows disagree with the predictions handed in, and none may: row 5f3a5f3a5f3a… was handed in as 0.9, and the scorer says 0.1")
}

test_the_column_is_named if {
	one := [object.union(_one[0], {"column": "p_cat"})]
	changed := testing.patched({_at("/disagreed"): 1, _at("/disagreements"): one})
	_says(changed, "and none may: p_cat of row 5f3a5f3a5f3a… was handed in as 0.9, and the scorer says 0.1")
}

test_many_disagree if {
	rows := [{"row": n, "submitted": 0.9, "rescored": 0.1} | some n in numbers.range(1, 20)]
	changed := testing.patched({_at("/disagreed"): 40, _at("/disagreements"): rows})
	_says(changed, "row 5 was handed in as 0.9, and the scorer says 0.1; and 35 more")
	not _says(changed, "row 6 was handed in")
}

test_disagreements_that_may_not_be_told if {
	_got(_set("/disagreed", 2)) == {"fail"}
	_says(_set("/disagreed", 2), "2 of 1000 rescored rows disagree with the predictions handed in, and none may")
}

_tolerance(share) := {"absolute": 0, "relative": 1e-9, "share": share}

test_a_share_may_disagree if {
	changed := testing.patched({_at("/disagreed"): 10, _at("/disagreements"): _one})
	testing.got(rule.checks) == {"pass"} with input as changed with data.parameters.rescore as _asked with data.parameters.rescore_tolerance as _tolerance(0.01)
	testing.got(rule.checks) == {"fail"} with input as changed with data.parameters.rescore as _asked with data.parameters.rescore_tolerance as _tolerance(0.009)
	testing.says(rule.checks, "and 0.9 % of them may") with input as changed with data.parameters.rescore as _asked with data.parameters.rescore_tolerance as _tolerance(0.009)
}

test_network_was_open if {
	changed := testing.patched({_at("/confinement/network"): "open", _at("/confinement/why"): ["no namespaces"]})
	_got(changed) == {"warn"}
	_says(changed, "the scorer could have reached the network (no namespaces)")
}

test_labels_in_reach if {
	_got(_set("/confinement/labels", "in_reach")) == {"warn"}
	_says(_set("/confinement/labels", "in_reach"), "could have read the labels and the predictions handed in, at their own paths")
}

test_confinement_missing if {
	_got(_without("/confinement")) == {"warn"}
	_says(_without("/confinement"), "nothing says what the scorer was kept from")
}

test_command_missing if _says(_without("/command"), "the scorer gives the predictions that were handed in")

test_all_rows_leave_none_unseen if not _says(_without("/unseen"), "the sample would have shown it")
