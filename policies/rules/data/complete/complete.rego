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

checks contains finding.conclude(item.id, _findings(item.id), _praise(item.id), {
	"evidence": [d | d := input.data.statement.digest],
	"observed": {"text": sprintf("%v rows", [_told(item.id, "rows")])},
	"expected": {"text": sprintf("at least %d rows, every one with its own id and label", [data.parameters.min_rows])},
}) if {
	some item in input.data.items.sets
}

_set(id) := object.get(input.data.document, ["sets", id], {})

# told is what was found, for messages.
_told(id, key) := object.get(_set(id), key, "unknown")

_praise(id) := sprintf("%s has %v rows, every one with its own id and label", [id, _told(id, "rows")])

_findings(id) := ({f | some f in _of_any(id)} | {f |
	id == "test"
	some f in _of_test
}) | {f |
	id == "train"
	some f in _of_train
}

_of_any(id) := {finding.error(sprintf("%s was not looked at", [id]))} if _set(id) == {}

else := {f | some f in [_rows(id), _ids(id), _nan(id)]; f != null} | _spec

_rows(id) := finding.fail(sprintf("%s has no rows", [id])) if _set(id).rows == 0

else := finding.undecided(sprintf("%s has %d rows, at least %d are asked for (min_rows)", [id, _set(id).rows, data.parameters.min_rows])) if _set(id).rows < data.parameters.min_rows

else := null if _set(id).rows >= data.parameters.min_rows

else := finding.error(sprintf("the rows of %s were not counted", [id]))

_ids(id) := finding.fail(sprintf("%s has %d rows with an id that another row has too", [id, _set(id).ids.duplicates])) if _set(id).ids.duplicates > 0

else := finding.fail(sprintf("%s has %d rows without an id", [id, _set(id).ids.missing])) if _set(id).ids.missing > 0

else := null if {
	_set(id).ids.duplicates == 0
	_set(id).ids.missing == 0
}

else := finding.error(sprintf("the ids of %s were not looked at, though the spec names column %s", [id, input.spec.document[id].id])) if input.spec.document[id].id

else := _unsure(sprintf("%s has no id column, so its rows are told apart by position only", [id]))

# unsure is a warning where a first verdict is asked for, and undecided at
# every level above.
_unsure(message) := finding.warn(message) if input.context.level == "start"

else := finding.undecided(message)

_nan(id) := finding.warn(sprintf("%s holds cells that are not a number in %s", [id, concat(", ", columns)])) if {
	columns := sort([c.name | some c in _set(id).columns; c.nan > 0])
	count(columns) > 0
}

else := null

_spec contains finding.error("what is enumerated to be judged are not the sets that were looked at") if not _agreed

_agreed if {item.id | some item in input.data.items.sets} == object.keys(input.data.document.sets)

_spec contains finding.undecided("nobody who may evaluate has signed the data check") if not _vouched

# vouched is true of what was looked at just now, and of what lies in a
# registry where an evaluator signed it.
_vouched if input.context.published == false

_vouched if "evaluator" in input.data.statement.roles

_spec contains finding.fail("the data was checked under another spec") if input.data.document.spec != input.spec.digest

_spec contains finding.error("the data check does not say under which spec it was made") if not input.data.document.spec

_of_test contains finding.fail(sprintf("test is %s, but the spec pins %s", [finding.short(_told("test", "digest")), finding.short(input.spec.document.test.digest)])) if {
	not _pinned
}

_pinned if _set("test").digest == input.spec.document.test.digest

_of_test contains _labels("test") if _labels("test") != null

_of_test contains f if {
	some f in [_overlap_ids, _overlap_rows, _joined]
	f != null
}

_labels(id) := null if _set(id).labels.missing == 0

else := finding.fail(sprintf("%s has %d rows without a label", [id, _set(id).labels.missing])) if _set(id).labels.missing > 0

else := finding.error(sprintf("the labels of %s were not looked at", [id]))

_overlap_ids := finding.fail(sprintf("%d test rows have an id that is in the training data", [input.data.document.overlap.ids])) if input.data.document.overlap.ids > 0

else := null if input.data.document.overlap.ids == 0

else := _unsure("train or test has no id column, so known rows cannot be found by id") if input.data.document.overlap.ids == -1

else := finding.undecided("the test rows were not compared with the training rows") if input.spec.document.train

else := _unsure("the spec names no training data, so test rows that were trained on cannot be found: name data.train")

_overlap_rows := finding.fail(sprintf("%d test rows (a share of %v, limit %v) repeat a training row under another id", [overlap.near_duplicates, overlap.share, limit])) if {
	overlap := input.data.document.overlap
	limit := input.spec.document.near_duplicates.max
	overlap.share > limit
}

else := null if not input.data.document.overlap

else := _unsure("train and test have no column in common, so test rows that repeat a training row under another id cannot be found") if input.data.document.overlap.columns == []

else := null if {
	input.data.document.overlap.share <= input.spec.document.near_duplicates.max
	count(input.data.document.overlap.columns) > 0
}

else := finding.error("the share of repeated rows was not computed")

_joined := finding.undecided("there is no evaluation, so nobody knows whether every test row was judged") if not input.evaluation

else := finding.fail(sprintf("the evaluation was made on %s, not on the pinned test data", [finding.short(input.evaluation.data)])) if input.evaluation.data != input.spec.document.test.digest

else := finding.fail(sprintf("%d test rows have no prediction", [input.evaluation.join.missing])) if input.evaluation.join.missing > 0

else := finding.fail(sprintf("%d predictions are about no test row", [input.evaluation.join.extra])) if input.evaluation.join.extra > 0

else := null if {
	input.evaluation.data == input.spec.document.test.digest
	input.evaluation.join.missing == 0
	input.evaluation.join.extra == 0
	input.evaluation.join.matched == _set("test").rows
}

else := finding.error("the evaluation does not account for every test row")

_of_train contains finding.fail(sprintf("train is %s, but the run read %s", [finding.short(digest), finding.short(read.digest)])) if {
	some read in input.lineage.document.inputs
	read.name == "train"
	digest := _told("train", "digest")
	digest != read.digest
}

_of_train contains _labels("train") if {
	input.spec.document.train.label
	_labels("train") != null
}
