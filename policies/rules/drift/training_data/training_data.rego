# METADATA
# scope: package
# title: The evaluation data looks like the training data
# description: >-
#   Where a column of the evaluation set is distributed otherwise than in
#   training, the numbers are about another world. The columns are enumerated
#   from the pinned data; a distance that chance alone would give is no drift.
# custom:
#   id: drift/training_data
#   category: drift
#   solution: >-
#     Find out what changed in the column: a new source, a unit, a season, a
#     filter. Train on data from the time and place that the model is meant for.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.data, input.drift, input.drift.statement]
#   grade: computed
#   items: input.data.items.drift
#   declared: input.spec.document.drift
package weighlock.rules.drift.training_data

import data.weighlock.lib.checks as finding
import data.weighlock.lib.judge

checks contains check if {
	some column in input.data.items.drift
	check := object.union(_check(column), {"item": column.id, "evidence": [d | d := input.drift.statement.digest]})
}

_check(column) := finding.conclude(column.id, {found}, "", {}) if found := _obstacle

else := finding.conclude(column.id, {finding.error(sprintf("the drift of %s was not computed", [column.id]))}, "", {}) if not _result(column)

else := judge.check(sprintf("%s of %s", [input.drift.method.name, column.id]), _result(column), {"max": input.spec.document.drift.max}, _terms)

_terms := {"judge": input.spec.document.judge, "verb": "is", "too_small": "undecided"}

_result(column) := result if {
	result := input.drift.results[column.id]
	result.item == column.id
}

_agreed if {[item.id, item.limit.max] | some item in input.data.items.drift} == {[column, input.spec.document.drift.max] | some column in input.data.document.columns}

_vouched if input.context.published == false

_vouched if "evaluator" in input.drift.statement.roles

_obstacle := finding.error("what is enumerated to be judged is not what the spec asks of the pinned data") if not _agreed

else := finding.undecided("there is no drift statement about this model") if not input.drift

else := finding.fail(sprintf("drift was computed under spec %s, not under %s", [finding.short(input.drift.spec), finding.short(input.spec.digest)])) if input.drift.spec != input.spec.digest

else := finding.fail(sprintf("drift was computed by %s, the spec says %s", [input.drift.method.name, input.spec.document.drift.method])) if input.drift.method.name != input.spec.document.drift.method

else := finding.fail(sprintf("drift was computed on %s, not on the pinned test data %s", [finding.short(input.drift.current.digest), finding.short(input.spec.document.test.digest)])) if input.drift.current.digest != input.spec.document.test.digest

else := finding.fail(sprintf("drift was computed against %s, not against the training data %s", [finding.short(input.drift.reference.digest), finding.short(_train)])) if input.drift.reference.digest != _train

else := finding.undecided("nobody who may evaluate has signed the drift statement") if not _vouched

else := finding.error("the drift statement does not say how, or between which data, it was computed") if not _anchored

_train := input.data.document.sets.train.digest

_anchored if {
	input.drift.spec == input.spec.digest
	input.drift.method.name == input.spec.document.drift.method
	input.drift.current.digest == input.spec.document.test.digest
	input.drift.reference.digest == _train
}
