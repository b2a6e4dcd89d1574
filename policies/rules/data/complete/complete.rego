# METADATA
# scope: package
# title: The data is whole, unique and separate
# description: >-
#   Numbers are worth what the rows behind them are. Each set must hold enough
#   rows, each with its own id and label; no test row may be known from
#   training, not even under a new id; and every pinned row must have been
#   judged.
# custom:
#   id: data/complete
#   category: data
#   solution: >-
#     Repair the data set that is named: drop repeated rows, fill ids and labels
#     in, split train and test by what a row is about and not by its number.
#     Then pin the new file and train again.
#   collections: [core]
#   mltest: none
#   parameters: [min_rows]
#   evidence: [input.data, input.data.statement, input.evaluation, input.evaluation.statement]
#   grade: computed
#   items: input.data.items.sets
package weighlock.rules.data.complete

import data.weighlock.lib.checks as finding
import data.weighlock.lib.judge

checks contains finding.conclude(item.id, _findings(item.id), _praise(item.id), {
	"evidence": [d | d := input.data.statement.digest],
	"observed": {"text": sprintf("%v rows", [_told(item.id, "rows")])},
	"expected": {"text": sprintf("%s, every one with %s", [_least, _own])},
}) if {
	some item in input.data.items.sets
}

_least := sprintf("at least %d rows", [data.parameters.min_rows])

_own := "its own id" if input.spec.document.task == "generative"

else := "its own id and label"

# advise says what to do about one finding, because the rule's own solution
# cannot fit them all.
_advise(found, advice) := object.union(found, advice)

_set(id) := object.get(input.data.document, ["sets", id], {})

# told is what was found, for messages.
_told(id, key) := object.get(_set(id), key, "unknown")

_praise(id) := sprintf("%s has %v rows, every one with %s", [id, _told(id, "rows"), _own])

_findings(id) := ({f | some f in _of_any(id)} | {f |
	id == "test"
	some f in _of_test
}) | {f |
	id == "train"
	some f in _of_train
}

_of_any(id) := {finding.error(sprintf("%s was not looked at", [id]))} if _set(id) == {}

else := {f | some f in [_rows(id), _ids(id), _nan(id)]; f != null} | _spec

_rows(id) := _advise(finding.fail(sprintf("%s has no rows", [id])), _more_rows) if _set(id).rows == 0

else := _advise(finding.undecided(sprintf("%s has %d rows, at least %d are asked for (min_rows)", [id, _set(id).rows, data.parameters.min_rows])), _more_rows) if _set(id).rows < data.parameters.min_rows

else := null if _set(id).rows >= data.parameters.min_rows

else := finding.error(sprintf("the rows of %s were not counted", [id]))

_more_rows := {"solution": "Collect more rows; on fewer, hardly any limit could be met or missed.", "limit": _least}

_ids(id) := _advise(finding.fail(sprintf("%s has %d rows with an id that another row has too", [id, _set(id).ids.duplicates])), _own_ids(id)) if _set(id).ids.duplicates > 0

else := _advise(finding.fail(sprintf("%s has %d rows without an id", [id, _set(id).ids.missing])), _own_ids(id)) if _set(id).ids.missing > 0

else := null if {
	_set(id).ids.duplicates == 0
	_set(id).ids.missing == 0
}

else := finding.error(sprintf("the ids of %s were not looked at, though the spec names column %s", [id, input.spec.document[id].id])) if input.spec.document[id].id

else := _advise(_unsure(sprintf("%s has no id column, so its rows are told apart by position only", [id])), _own_ids(id))

_own_ids(id) := {
	"solution": sprintf("Give every row an id of its own, keep each row once, and name the ids' column in data.%s.id.", [id]),
	"limit": "an id of its own in every row",
	"place": sprintf("data.%s.id", [id]),
}

# unsure is a warning where a first verdict is asked for, and undecided at
# every level above.
_unsure(message) := finding.warn(message) if input.context.level == "start"

else := finding.undecided(message)

_nan(id) := _advise(finding.warn(sprintf("%s holds cells that are not a number in %s", [id, concat(", ", columns)])), _whole_cells) if {
	columns := sort([c.name | some c in _set(id).columns; c.nan > 0])
	count(columns) > 0
}

else := null

_whole_cells := {
	"solution": "Find out what wrote NaN or infinity there, and leave a cell empty where nothing is known.",
	"limit": "no cell that is NaN or infinite",
}

_spec contains finding.error("what is enumerated to be judged are not the sets that were looked at") if not _agreed

_agreed if {item.id | some item in input.data.items.sets} == object.keys(input.data.document.sets)

_spec contains _advise(finding.undecided("nobody who may evaluate has signed the data check"), _publish_anew) if not _vouched

_publish_anew := {
	"solution": "Publish the model anew from its project, where its data lies, with a key that has the role evaluator in the verifier file.",
	"limit": "a data check under this spec, signed by an evaluator",
}

# vouched is true of what was looked at just now, and of what lies in a
# registry where an evaluator signed it.
_vouched if input.context.published == false

_vouched if "evaluator" in input.data.statement.roles

_spec contains _advise(finding.fail("the data was checked under another spec"), _publish_anew) if input.data.document.spec != input.spec.digest

_spec contains finding.error("the data check does not say under which spec it was made") if not input.data.document.spec

_of_test contains _advise(finding.fail(sprintf("test is %s, but the spec pins %s", [finding.short(_told("test", "digest")), _pin])), {
	"solution": "Put the pinned file back, or pin the new one and train again.",
	"limit": sprintf("the data that the spec pins, %s", [_pin]),
}) if {
	not _pinned
}

_pin := finding.short(input.spec.document.test.digest)

_pinned if _set("test").digest == input.spec.document.test.digest

_of_test contains _labels("test") if _labels("test") != null

_of_test contains f if {
	some f in array.concat(_known, [_joined])
	f != null
}

# known are the findings about test rows that were trained on. One file for
# both needs no look at its columns.
_known := [_advise(finding.fail(sprintf("test and train are one file (%s), so every test row was trained on", [finding.short(_set("test").digest)])), {
	"solution": "Split the data before training, and name two different files in data.train and data.test.",
	"limit": "another file than the training data",
	"place": "data.train",
})] if _set("test").digest == _set("train").digest

else := [_advise(finding.fail(sprintf("test and train have files in common (%d), so every row of them was trained on", [input.data.document.overlap.files])), {
	"solution": "Split the data before training, and let data.train and data.test name no file together.",
	"limit": "other files than the training data",
	"place": "data.train",
})] if {
	input.data.document.overlap.files > 0
}

else := [_overlap_ids, _overlap_rows]

# A generative model is judged by columns of its predictions, and has no labels.
_labels(id) := null if {
	input.spec.document.task == "generative"
	not _labelled(id)
}

else := finding.error(sprintf("the data check does not say whether the labels of %s were read too early, though the spec says how long one takes", [id])) if {
	id == "test"
	input.spec.document.test.matures
	not _young_counted
}

else := _advise(finding.undecided(sprintf("%s has %d rows whose label was read before it was due", [id, _set(id).labels.young])), {
	"solution": "Read the labels again when they are due, or leave out every row that is too young, whatever its label is; then pin the new file.",
	"limit": "every label read when it was due (data.test.matures)",
	"place": "data.test.matures",
}) if {
	id == "test"
	_set(id).labels.young > 0
}

else := null if _set(id).labels.missing - _unseen(id) == 0

else := _advise(finding.fail(sprintf("%s has %d rows without a label", [id, _set(id).labels.missing - _unseen(id)])), {
	"solution": "Fill the labels in. Where only some decisions show what came of them, name the decision's column in data.test.decision, and keep the other rows without a label; leave rows out only where labels are missing by chance. Then pin the new file.",
	"limit": "a label in every row",
	"place": sprintf("data.%s.label", [id]),
}) if {
	_set(id).labels.missing - _unseen(id) > 0
}

else := finding.error(sprintf("the labels of %s were not looked at", [id]))

_labelled(id) if _set(id).labels

_young_counted if is_number(_set("test").labels.young)

# unseen are the rows that have no label because of what was decided of them,
# where the spec names the decision. What the other labels say of them is for
# the rules about numbers.
_unseen("test") := _set("test").labels.unseen if {
	input.spec.document.test.decision
	is_number(_set("test").labels.unseen)
}

else := 0

_unseen("train") := 0

_overlap_ids := _advise(finding.fail(sprintf("%d test rows have an id that is in the training data", [input.data.document.overlap.ids])), _apart) if input.data.document.overlap.ids > 0

else := null if input.data.document.overlap.ids == 0

else := _advise(_unsure("train or test has no id column, so known rows cannot be found by id"), {
	"solution": "Name the column that holds a row's id in data.train.id and in data.test.id.",
	"limit": "no test row known from training",
	"place": "data.train",
}) if {
	input.data.document.overlap.ids == -1
}

else := _advise(finding.undecided("the test rows were not compared with the training rows"), _publish_anew) if input.spec.document.train

else := _advise(_unsure("the spec names no training data, so test rows that were trained on cannot be found"), {
	"solution": "Name the file that the model was trained on in data.train, with its id column.",
	"limit": "no test row known from training",
	"place": "data.train",
})

_apart := {
	"solution": "Split the data by what a row is about, such as a customer, and not by its number, so that a row is in one of the two files only; then train again.",
	"limit": "no test row known from training",
	"place": "data.train",
}

# Where training rows repeat each other as often, the columns are too coarse:
# rows of different things look the same, and nothing can be told by them.
_overlap_rows := _advise(finding.undecided(sprintf("test rows cannot be told from training rows by %s: a share of %s repeats one, and a share of %s of the training rows repeats another", [concat(", ", overlap.columns), judge.number(overlap.share, {"max": limit}), judge.number(overlap.repeats, {"max": limit})])), {
	"solution": "Keep the model's features in both files, in columns of the same names; or, where rows do repeat by chance, say how many may: data.near_duplicates.",
	"limit": sprintf("at most a share of %v of the test rows repeats a training row (data.near_duplicates.max)", [limit]),
	"place": "data.train",
}) if {
	overlap := input.data.document.overlap
	limit := input.spec.document.near_duplicates.max
	overlap.share > limit
	overlap.repeats > limit
}

else := _advise(finding.fail(sprintf("%d test rows (a share of %s) repeat a training row under another id", [overlap.near_duplicates, judge.number(overlap.share, {"max": limit})])), object.union(_apart, {
	"limit": sprintf("at most a share of %v of the test rows (data.near_duplicates.max)", [limit]),
	"place": "data.near_duplicates",
})) if {
	overlap := input.data.document.overlap
	limit := input.spec.document.near_duplicates.max
	overlap.share > limit
}

else := null if not input.data.document.overlap

else := _advise(_unsure("train and test have no column in common, so test rows that repeat a training row under another id cannot be found"), {
	"solution": "Keep the model's features in both files, in columns of the same names.",
	"limit": sprintf("at most a share of %v of the test rows repeats a training row (data.near_duplicates.max)", [input.spec.document.near_duplicates.max]),
	"place": "data.train",
}) if {
	input.data.document.overlap.columns == []
}

else := null if {
	input.data.document.overlap.share <= input.spec.document.near_duplicates.max
	count(input.data.document.overlap.columns) > 0
}

else := finding.error("the share of repeated rows was not computed")

_joined := _advise(finding.undecided("there is no evaluation, so nobody knows whether every test row was judged"), _one_each) if not input.evaluation

else := _advise(finding.fail(sprintf("the evaluation was made on %s, not on the pinned test data", [finding.short(input.evaluation.data)])), _one_each) if input.evaluation.data != input.spec.document.test.digest

else := _advise(finding.fail(sprintf("%d test rows have no prediction", [input.evaluation.join.missing])), _one_each) if input.evaluation.join.missing > 0

else := _advise(finding.fail(sprintf("%d predictions are about no test row", [input.evaluation.join.extra])), _one_each) if input.evaluation.join.extra > 0

else := null if {
	input.evaluation.data == input.spec.document.test.digest
	input.evaluation.join.missing == 0
	input.evaluation.join.extra == 0
	input.evaluation.join.matched == _set("test").rows
}

else := finding.error("the evaluation does not account for every test row")

_one_each := {
	"solution": "Let the model score every row of the pinned test data, and no other, and write the scores with the rows' ids into predictions.file.",
	"limit": "one prediction for each test row, and no other",
	"place": "predictions.file",
}

_of_train contains _advise(finding.fail(sprintf("train is %s, but the run read %s", [finding.short(digest), finding.short(read.digest)])), {
	"solution": "Put the file back that the model was trained on, or train again on this one.",
	"limit": sprintf("the file that the run read, %s", [finding.short(read.digest)]),
}) if {
	some read in input.lineage.document.inputs
	read.name == "train"
	digest := _told("train", "digest")
	digest != read.digest
}

_of_train contains _labels("train") if {
	input.spec.document.train.label
	_labels("train") != null
}
