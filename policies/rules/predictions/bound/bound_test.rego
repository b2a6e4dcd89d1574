package weighlock.rules.predictions.bound_test

import data.weighlock.lib.testing
import data.weighlock.rules.predictions.bound as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "alice saw these predictions being made: go run ./score, on 12000 rows without defaulted") with input as data.fixture
}

_contrary(kind) := testing.set("/predictions/contrary", [{
	"statement": data.fixture.predictions.bound.statement,
	"kind": kind,
	"predictions": testing.digest,
	"files": [testing.digest],
}])

test_predictions_of_this_model_are_others if {
	testing.got(rule.checks) == {"fail"} with input as _contrary("other_predictions")
	testing.says(rule.checks, concat("", ["but this model made ", testing.digest])) with input as _contrary("other_predictions")
}

test_champions_predictions_handed_in if {
	testing.got(rule.checks) == {"fail"} with input as _contrary("other_model")
	testing.says(rule.checks, "were made by another model, of the files sha256:0000") with input as _contrary("other_model")
}

test_other_data if testing.says(rule.checks, "were made on other data") with input as _contrary("other_data")

test_unknown_contradiction if testing.got(rule.checks) == {"error"} with input as _contrary("other")

test_nobody_saw_them if testing.got(rule.checks) == {"undecided"} with input as testing.without("/predictions/bound")

test_unsigned if testing.got(rule.checks) == {"undecided"} with input as testing.set("/predictions/bound/statement/roles", [])

test_another_name if testing.got(rule.checks) == {"fail"} with input as testing.set("/predictions/bound/document/model/name", "churn")

test_other_model_files if testing.got(rule.checks) == {"fail"} with input as testing.set("/model/files/0/digest", testing.digest)

test_one_model_file_more if testing.got(rule.checks) == {"fail"} with input as testing.without("/predictions/bound/document/files/1")

test_wrong_data if testing.got(rule.checks) == {"fail"} with input as testing.set("/predictions/bound/document/data/digest", testing.digest)

test_evaluated_on_other_data if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/data", testing.digest)

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/predictions/digest", testing.digest)

test_another_column if testing.got(rule.checks) == {"fail"} with input as testing.set("/predictions/bound/document/predictions/column", "score")

test_label_given_to_the_scorer if {
	testing.got(rule.checks) == {"fail"} with input as testing.set("/predictions/bound/document/data/withheld", ["region"])
	testing.says(rule.checks, "the scorer was given the label defaulted") with input as testing.set("/predictions/bound/document/data/withheld", ["region"])
}

test_missing if testing.says(rule.checks, "nobody saw these predictions being made") with input as testing.without("/predictions")

test_wrong_type if testing.got(rule.checks) == {"fail"} with input as testing.set("/predictions/bound/document/files", "model.json")

test_praise_without_a_name if testing.says(rule.checks, "were made by this model on the pinned data") with input as testing.without("/predictions/bound/statement/signer")

test_digest_missing if testing.got(rule.checks) == {"fail"} with input as testing.without("/predictions/digest")

test_column_missing if testing.got(rule.checks) == {"fail"} with input as testing.without("/spec/document/predictions/column")

test_label_missing if testing.got(rule.checks) == {"fail"} with input as testing.without("/spec/document/test/label")

test_contrary_of_the_wrong_type if testing.got(rule.checks) == {"error"} with input as testing.set("/predictions/contrary", "none")

test_another_prefix_of_columns if {
	changed := testing.set("/predictions/bound/document/predictions/prefix", "p_")
	testing.got(rule.checks) == {"fail"} with input as changed
	testing.says(rule.checks, "the spec judges prefix unknown, the statement is about p_") with input as changed
}

test_columns_of_classes if {
	columns := {"cat": "p_cat", "dog": "p_dog"}
	spec := testing.set("/spec/document/predictions", {"id": "account", "columns": columns})
	said := json.patch(spec, [{"op": "replace", "path": "/predictions/bound/document/predictions", "value": object.union(
		object.remove(data.fixture.predictions.bound.document.predictions, ["column"]),
		{"columns": columns},
	)}])
	testing.got(rule.checks) == {"pass"} with input as said
	other := json.patch(said, [{"op": "replace", "path": "/predictions/bound/document/predictions/columns/dog", "value": "p_cow"}])
	testing.got(rule.checks) == {"fail"} with input as other
}

test_no_column_anywhere if {
	bare := json.patch(testing.without("/spec/document/predictions/column"), [{"op": "remove", "path": "/predictions/bound/document/predictions/column"}])
	testing.got(rule.checks) == {"fail"} with input as bare
	testing.says(rule.checks, "the spec names no column of the predictions that could be judged") with input as bare
}

test_one_of_several_labels_given_to_the_scorer if {
	several := json.patch(testing.without("/spec/document/test/label"), [{"op": "add", "path": "/spec/document/test/labels", "value": ["defaulted", "moved"]}])
	testing.got(rule.checks) == {"fail"} with input as several
	testing.says(rule.checks, "the scorer was given the label moved") with input as several
	both := json.patch(several, [{"op": "replace", "path": "/predictions/bound/document/data/withheld", "value": ["defaulted", "moved"]}])
	testing.got(rule.checks) == {"pass"} with input as both
}

test_generative_model_has_no_label_to_withhold if {
	changed := json.patch(testing.without("/spec/document/test/label"), [
		{"op": "replace", "path": "/spec/document/task", "value": "generative"},
		{"op": "remove", "path": "/predictions/bound/document/data/withheld"},
	])
	testing.got(rule.checks) == {"pass"} with input as changed
	testing.says(rule.checks, "go run ./score, on 12000 rows") with input as changed
}
