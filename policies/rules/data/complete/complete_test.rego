package weighlock.rules.data.complete_test

import data.weighlock.lib.testing
import data.weighlock.rules.data.complete as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "test has 12000 rows, every one with its own id and label") with input as data.fixture
}

_test(path, value) := testing.set(concat("", ["/data/document/sets/test", path]), value)

test_no_rows if testing.of(rule.checks, "test") == "fail" with input as testing.patched({"/data/document/sets/test/rows": 0, "/evaluation/join/matched": 0})

test_too_few_rows if testing.of(rule.checks, "test") == "undecided" with input as testing.patched({"/data/document/sets/test/rows": 29, "/evaluation/join/matched": 29})

test_enough_rows if testing.of(rule.checks, "test") == "pass" with input as testing.patched({"/data/document/sets/test/rows": 30, "/evaluation/join/matched": 30})

test_rows_missing if testing.of(rule.checks, "train") == "error" with input as testing.without("/data/document/sets/train/rows")

test_set_missing if testing.of(rule.checks, "train") == "error" with input as testing.without("/data/document/sets/train")

test_duplicate_ids if testing.of(rule.checks, "test") == "fail" with input as _test("/ids/duplicates", 2)

test_missing_ids if testing.of(rule.checks, "train") == "fail" with input as testing.set("/data/document/sets/train/ids/missing", 1)

test_ids_not_looked_at if testing.of(rule.checks, "train") == "error" with input as testing.without("/data/document/sets/train/ids")

_no_ids := json.remove(testing.set("/data/document/overlap/ids", -1), ["/data/document/sets/test/ids", "/spec/document/test/id"])

test_no_id_column_at_release if testing.of(rule.checks, "test") == "undecided" with input as _no_ids

test_no_id_column_at_start if testing.of(rule.checks, "test") == "warn" with input as json.patch(_no_ids, [{"op": "replace", "path": "/context/level", "value": "start"}])

test_nan_is_reported if {
	testing.of(rule.checks, "test") == "warn" with input as _test("/columns/1/nan", 4)
	testing.says(rule.checks, "test holds cells that are not a number in age") with input as _test("/columns/1/nan", 4)
}

test_labels_missing if testing.of(rule.checks, "test") == "fail" with input as _test("/labels/missing", 3)

# Whom nobody lent to shows no outcome. Only a spec that names the decision may
# say so, and only of as many rows.
_unseen(unseen) := testing.patched({
	"/spec/document/test/decision": "granted", "/data/document/sets/test/labels/missing": 3,
	"/data/document/sets/test/labels/unseen": unseen,
})

test_labels_that_nobody_can_see if {
	testing.of(rule.checks, "test") == "pass" with input as _unseen(3)
	testing.of(rule.checks, "test") == "fail" with input as _unseen(2)
	testing.says(rule.checks, "test has 1 rows without a label") with input as _unseen(2)
	testing.of(rule.checks, "test") == "fail" with input as _unseen("3")
	testing.of(rule.checks, "test") == "error" with input as _unseen(4)
	testing.of(rule.checks, "test") == "fail" with input as json.remove(_unseen(3), ["/spec/document/test/decision"])
	testing.of(rule.checks, "train") == "fail" with input as json.patch(_unseen(3), [
		{"op": "add", "path": "/data/document/sets/train/labels/missing", "value": 3},
		{"op": "add", "path": "/data/document/sets/train/labels/unseen", "value": 3},
	])
}

_young(young) := testing.patched({"/spec/document/test/matures": "90d", "/data/document/sets/test/labels/young": young})

test_labels_read_too_early if {
	testing.of(rule.checks, "test") == "pass" with input as _young(0)
	testing.of(rule.checks, "test") == "undecided" with input as _young(7)
	testing.says(rule.checks, "test has 7 rows whose label was read before it was due") with input as _young(7)
	_check("place") == "data.test.matures" with input as _young(7)
	testing.of(rule.checks, "test") == "error" with input as _young("none")
	testing.of(rule.checks, "test") == "error" with input as testing.set("/spec/document/test/matures", "90d")
}

test_labels_not_looked_at if testing.of(rule.checks, "test") == "error" with input as testing.without("/data/document/sets/test/labels")

test_training_labels_missing if testing.of(rule.checks, "train") == "fail" with input as testing.set("/data/document/sets/train/labels/missing", 3)

test_training_rows_in_test if testing.of(rule.checks, "test") == "fail" with input as testing.set("/data/document/overlap/ids", 12)

test_near_duplicates_under_new_ids if {
	changed := testing.patched({"/data/document/overlap/near_duplicates": 240, "/data/document/overlap/share": 0.02})
	testing.of(rule.checks, "test") == "fail" with input as changed
	testing.says(rule.checks, "240 test rows (a share of 0.02)") with input as changed
	_check("expected") == {"text": "at most a share of 0.01 of the test rows (data.near_duplicates.max)"} with input as changed
	_check("place") == "data.near_duplicates" with input as changed
}

# Two columns of few values make training rows repeat each other too: that says
# nothing of test rows, and does not pass either.
test_columns_too_coarse_to_tell if {
	coarse := testing.patched({"/data/document/overlap/near_duplicates": 12000, "/data/document/overlap/share": 1, "/data/document/overlap/repeats": 0.98, "/data/document/overlap/columns": ["age", "region"]})
	testing.of(rule.checks, "test") == "undecided" with input as coarse
	testing.says(rule.checks, "test rows cannot be told from training rows by age, region: a share of 1 repeats one, and a share of 0.98 of the training rows repeats another") with input as coarse
	_check("place") == "data.train" with input as coarse
}

test_few_training_rows_repeat_each_other if {
	told := testing.patched({"/data/document/overlap/near_duplicates": 240, "/data/document/overlap/share": 0.02, "/data/document/overlap/repeats": 0.01})
	testing.of(rule.checks, "test") == "fail" with input as told
}

# check is one field of what is said of the test data.
_check(key) := c[key] if {
	some c in rule.checks
	c.item == "test"
}

test_share_is_rounded if {
	changed := testing.patched({"/data/document/overlap/near_duplicates": 6315, "/data/document/overlap/share": 0.526315789474})
	testing.says(rule.checks, "6315 test rows (a share of 0.5263)") with input as changed
}

_one_file := testing.set("/data/document/sets/train/digest", data.fixture.data.document.sets.test.digest)

test_one_file_for_train_and_test if {
	testing.of(rule.checks, "test") == "fail" with input as _one_file
	startswith(_check("message"), "test and train are one file (sha256:") with input as _one_file
	_check("place") == "data.train" with input as _one_file
	_check("expected") == {"text": "another file than the training data"} with input as _one_file
	startswith(_check("solution"), "Split the data before training") with input as _one_file
}

test_one_file_without_ids_or_columns if {
	changed := json.patch(
		json.remove(_one_file, ["/data/document/sets/test/ids", "/spec/document/test/id", "/data/document/sets/train/ids", "/spec/document/train/id"]),
		[
			{"op": "replace", "path": "/data/document/overlap", "value": {"ids": -1, "near_duplicates": 0, "share": 0, "columns": []}},
			{"op": "replace", "path": "/context/level", "value": "start"},
		],
	)
	testing.of(rule.checks, "test") == "fail" with input as changed
	startswith(_check("message"), "test and train are one file") with input as changed
}

_one_file_of_a_set := testing.patched({"/data/document/overlap": {"ids": 0, "near_duplicates": 0, "share": 0, "columns": ["age"], "files": 2}})

test_one_file_of_a_set_for_train_and_test if {
	testing.of(rule.checks, "test") == "fail" with input as _one_file_of_a_set
	startswith(_check("message"), "test and train have files in common (2)") with input as _one_file_of_a_set
	_check("place") == "data.train" with input as _one_file_of_a_set
	_check("expected") == {"text": "other files than the training data"} with input as _one_file_of_a_set
	startswith(_check("solution"), "Split the data before training") with input as _one_file_of_a_set
}

test_sets_without_a_file_in_common if testing.of(rule.checks, "test") == "pass" with input as testing.set("/data/document/overlap/files", 0)

test_near_duplicates_at_the_limit if testing.of(rule.checks, "test") == "pass" with input as testing.set("/data/document/overlap/share", 0.01)

test_no_column_in_common if {
	testing.of(rule.checks, "test") == "undecided" with input as testing.set("/data/document/overlap/columns", [])
	testing.says(rule.checks, "train and test have no column in common") with input as testing.set("/data/document/overlap/columns", [])
}

test_no_column_in_common_at_start if testing.of(rule.checks, "test") == "warn" with input as testing.patched({"/data/document/overlap/columns": [], "/context/level": "start"})

test_compared_columns_missing if testing.of(rule.checks, "test") == "error" with input as testing.without("/data/document/overlap/columns")

test_share_missing if testing.of(rule.checks, "test") == "error" with input as testing.without("/data/document/overlap/share")

test_not_compared_with_training if testing.of(rule.checks, "test") == "undecided" with input as testing.without("/data/document/overlap")

_untrained := json.patch(
	json.remove(data.fixture, ["/data/document/overlap", "/spec/document/train"]),
	[{"op": "replace", "path": "/context/level", "value": "start"}],
)

test_no_training_data_at_start if {
	testing.of(rule.checks, "test") == "warn" with input as _untrained
	startswith(_check("solution"), "Name the file that the model was trained on") with input as _untrained
	_check("expected") == {"text": "no test row known from training"} with input as _untrained
	_check("place") == "data.train" with input as _untrained
}

test_wrong_digest if {
	testing.of(rule.checks, "test") == "fail" with input as _test("/digest", testing.digest)
	testing.says(rule.checks, "but the spec pins") with input as _test("/digest", testing.digest)
}

test_other_training_data if testing.of(rule.checks, "train") == "fail" with input as testing.set("/data/document/sets/train/digest", testing.digest)

test_another_spec if testing.got(rule.checks) == {"fail"} with input as testing.set("/data/document/spec", testing.digest)

test_spec_missing if testing.got(rule.checks) == {"error"} with input as testing.without("/data/document/spec")

test_no_evaluation if testing.of(rule.checks, "test") == "undecided" with input as testing.without("/evaluation")

test_evaluated_on_other_data if testing.of(rule.checks, "test") == "fail" with input as testing.set("/evaluation/data", testing.digest)

test_rows_without_prediction if {
	testing.of(rule.checks, "test") == "fail" with input as testing.set("/evaluation/join/missing", 1)
	_check("place") == "predictions.file" with input as testing.set("/evaluation/join/missing", 1)
	_check("expected") == {"text": "one prediction for each test row, and no other"} with input as testing.set("/evaluation/join/missing", 1)
	startswith(_check("solution"), "Let the model score every row") with input as testing.set("/evaluation/join/missing", 1)
}

test_predictions_without_row if testing.of(rule.checks, "test") == "fail" with input as testing.set("/evaluation/join/extra", 1)

test_join_does_not_add_up if testing.of(rule.checks, "test") == "error" with input as testing.set("/evaluation/join/matched", 7)

test_missing if testing.got(rule.checks) == set() with input as testing.without("/data")

test_wrong_type if testing.of(rule.checks, "test") == "undecided" with input as testing.patched({"/data/document/sets/test/ids": "account", "/spec/document/test/id": false})

test_set_is_not_enumerated if testing.got(rule.checks) == {"error"} with input as testing.without("/data/items/sets/1")

_unsigned := testing.set("/data/statement/roles", [])

test_evaluator_did_not_sign_what_is_published if testing.got(rule.checks) == {"undecided"} with input as _unsigned

test_nobody_signs_what_is_looked_at_now if testing.got(rule.checks) == {"pass"} with input as json.patch(_unsigned, [{"op": "replace", "path": "/context/published", "value": false}])

test_labels_not_looked_at_of_a_generative_model if {
	bare := testing.without("/data/document/sets/test/labels")
	testing.of(rule.checks, "test") == "error" with input as bare
	generative := json.patch(bare, [{"op": "replace", "path": "/spec/document/task", "value": "generative"}])
	testing.of(rule.checks, "test") == "pass" with input as generative
	testing.says(rule.checks, "every one with its own id") with input as generative
	missing := json.patch(data.fixture, [
		{"op": "replace", "path": "/spec/document/task", "value": "generative"},
		{"op": "replace", "path": "/data/document/sets/test/labels/missing", "value": 3},
	])
	testing.of(rule.checks, "test") == "fail" with input as missing
}
