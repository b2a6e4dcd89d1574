# METADATA
# scope: package
# title: The predictions were made by this model on this data
# description: >-
#   Numbers about another model's predictions say nothing about this one. A
#   signed statement must name exactly these model files, the pinned data and
#   the predictions that were evaluated, and no trusted statement may say
#   otherwise.
# custom:
#   id: predictions/bound
#   category: predictions
#   solution: >-
#     Set predictions.command in the project file and train through weighlock
#     run, which runs the scorer itself on rows without labels. Do not replace
#     the predictions file afterwards.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.predictions, input.predictions.bound, input.predictions.contrary, input.evaluation]
#   grade: computed
#   items: input.model.name
package weighlock.rules.predictions.bound

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, _findings, _praise, {"evidence": array.concat(
	[d | d := input.predictions.bound.statement.digest],
	[c.statement.digest | some c in input.predictions.contrary],
)})

_bound := input.predictions.bound.document

# told is what the statement says, for messages.
_without := sprintf(" without %s", [concat(", ", _bound.data.withheld)]) if count(_bound.data.withheld) > 0

else := ""

_told(path) := object.get(input.predictions.bound, array.concat(["document"], path), "unknown")

_judged := object.get(input.predictions, "digest", "unknown")

_spec(path) := object.get(input.spec.document, path, "unknown")

default _praise := "these predictions were made by this model on the pinned data"

_praise := sprintf("%s saw these predictions being made: %s, on %d rows%s", [input.predictions.bound.statement.signer, _bound.command, _bound.data.rows, _without])

_findings contains finding.undecided("nobody saw these predictions being made") if not input.predictions.bound

_findings contains finding.undecided("nobody who may build has signed the statement about the predictions") if {
	input.predictions.bound
	not _signed
}

_signed if "builder" in input.predictions.bound.statement.roles

_findings contains finding.error("nobody looked for statements that say otherwise") if {
	input.predictions
	not _looked
}

_looked if is_array(input.predictions.contrary)

_findings contains _contrary(statement) if some statement in input.predictions.contrary

_contrary(statement) := finding.fail(sprintf("the predictions handed in are %s, but this model made %s", [_judged, statement.predictions])) if statement.kind == "other_predictions"

else := finding.fail(sprintf("the predictions %s were made by another model, of the files %s; this one has %s", [statement.predictions, _list(statement.files), _list(_files)])) if statement.kind == "other_model"

else := finding.fail(sprintf("the predictions %s were made on other data than the pinned %s", [statement.predictions, input.spec.document.test.digest])) if statement.kind == "other_data"

else := finding.error(sprintf("a statement contradicts these predictions in a way that is not known: %v", [object.get(statement, "kind", "unnamed")]))

_list(digests) := concat(", ", sort(digests))

_files := {file.digest | some file in input.model.files}

_findings contains finding.fail(sprintf("the statement about the predictions is about model %v", [_told(["model", "name"])])) if {
	not _bound.model.name == input.model.name
}

_findings contains finding.fail(sprintf("the predictions were made by the files %s; the model has %s", [_list(scored), _list(_files)])) if {
	input.predictions.bound
	scored := {file.digest | some file in _bound.files}
	scored != _files
}

_findings contains finding.fail(sprintf("the predictions were made on %v, but the spec pins %s", [_told(["data", "digest"]), _spec(["test", "digest"])])) if {
	not _bound.data.digest == input.spec.document.test.digest
}

_findings contains finding.fail(sprintf("the evaluation was made on %s, the predictions on %s", [input.evaluation.data, _bound.data.digest])) if {
	input.evaluation.data != _bound.data.digest
}

_findings contains finding.fail(sprintf("the predictions handed in are %s, but this model made %v", [_judged, _told(["predictions", "digest"])])) if {
	not _bound.predictions.digest == input.predictions.digest
}

_findings contains finding.fail(sprintf("the spec judges %s %v, the statement is about %v", [key, _spec(["predictions", key]), _told(["predictions", key])])) if {
	input.predictions.bound
	some key in ["column", "columns", "prefix", "decision"]
	not _same(key)
}

_same(key) if object.get(_bound.predictions, key, null) == object.get(input.spec.document.predictions, key, null)

_findings contains finding.fail("the spec names no column of the predictions that could be judged") if {
	input.predictions.bound
	count(object.filter(input.spec.document.predictions, ["column", "columns", "prefix", "decision"])) == 0
	not _generative
}

_generative if input.spec.document.task == "generative"

_findings contains finding.fail(sprintf("the scorer was given the label %s", [label])) if {
	input.predictions.bound
	some label in _labels
	not _kept_back(label)
}

_kept_back(label) if label in _bound.data.withheld

_findings contains finding.fail("the spec names no label that could be withheld from the scorer") if {
	input.predictions.bound
	count(_labels) == 0
	not _generative
}

_labels := {label | label := input.spec.document.test.label} | {label | some label in input.spec.document.test.labels}
