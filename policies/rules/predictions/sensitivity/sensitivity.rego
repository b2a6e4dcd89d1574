# METADATA
# scope: package
# title: The scores bear a change of the input as the spec asks
# description: >-
#   Where Weighlock runs the project's own scorer, it runs it again on the same
#   rows with one column changed, for each change that the spec declares:
#   scaled, shifted, missing, permuted, swapped or set to one value. What the
#   scorer says then is held against what it says of the unchanged rows, by how
#   many decisions flip, how far scores shift, and how many move against a
#   declared direction.
# custom:
#   id: predictions/sensitivity
#   category: predictions
#   solution: >-
#     Look at the rows whose score moves, and at what the model makes of this
#     column: noise that it has learnt by heart, a value that was never missing
#     in training, or a stand-in for a protected attribute. Train with such
#     changes, under constraints, or without the column.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.evaluation, input.evaluation.statement, input.evaluation.rescored]
#   grade: rescored
#   items: input.spec.items.sensitivity
#   declared: input.spec.document.sensitivity
package weighlock.rules.predictions.sensitivity

import data.weighlock.lib.checks as finding
import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.spec.items.sensitivity
	check := _check(item)
}

_check(item) := evaluation.blocked(item, found) if found := _obstacle(item)

else := _mendable(object.remove(evaluation.check(item, _terms), {"points"}))

# mendable is a check that says of an error what to do about it: to better the
# model is no help where its scorer gives no answer.
_mendable(found) := object.union(found, {"solution": _answer}) if found.status == "error"

else := found

_answer := "Let predictions.command answer for every row, whatever this column holds; where it holds what no row can, take that change out of spec.sensitivity and train under the new spec."

_terms := {"kinds": {"sensitivity"}, "verb": "is", "too_small": "undecided"}

_run := input.evaluation.rescored

_obstacle(_) := evaluation.disagreed if not _agreed

_obstacle(item) := _run_obstacle(item) if _agreed

_run_obstacle(item) := evaluation.obstacle if evaluation.obstacle

else := object.union(finding.undecided(sprintf("%s: nobody has run the scorer on changed rows; weighlock gate --rescore 1000, or publish --rescore 1000, does", [item.id])), {"solution": _how}) if {
	not _run
}

else := finding.error(sprintf("%s: the scorer was run in a way that is not known", [item.id])) if not _ended

else := finding.fail(sprintf("%s: the scorer was run with another model, %v", [item.id, object.get(_run, "model", "which is not named")])) if not _run.model == input.model.digest

else := finding.error(sprintf("%s: the scorer gave no answer that could be compared: %v", [item.id, object.get(_run, "detail", "it does not say why")])) if _run.status == "failed"

else := finding.error(sprintf("%s: the scorer was not compared on the %v rows that were rescored", [item.id, object.get(_run, "rows", "unknown")])) if {
	measure := input.evaluation.results[item.id]
	measure.status == "ok"
	not _whole(measure)
}

_how := "Give --rescore with a number of rows, or all; predictions.command must name the scorer. weighlock help scorer tells what it gets."

_ended if _run.status in {"compared", "failed"}

# whole is true of a measure of all rows that the scorer was given, of which it
# counts those whose value changed.
_whole(measure) if {
	measure.rows == _run.rows
	measure.rows > 0
	measure.n > 0
	measure.n <= measure.rows
}

# agreed is true where the items are those that the spec asks for.
_agreed if {
	count(input.spec.items.sensitivity) == count(_asked)
	{item.id | some item in input.spec.items.sensitivity} == {id | some id, _ in _asked}
	every item in input.spec.items.sensitivity {
		item.metric == _asked[item.id].metric
		item.limit == _asked[item.id].limit
	}
}

_asked[id] := {"metric": metric, "limit": entry[metric]} if {
	some entry in input.spec.document.sensitivity
	some metric in ["flips", "shift"]
	entry[metric]
	id := sprintf("%s{%s %s}", [metric, entry.column, entry.change])
}

_asked[id] := {"metric": "against", "limit": entry.against} if {
	some entry in input.spec.document.sensitivity
	id := sprintf("against %s{%s %s}", [entry.direction, entry.column, entry.change])
}
