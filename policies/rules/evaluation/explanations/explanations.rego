# METADATA
# scope: package
# title: Whoever is owed an explanation gets one
# description: >-
#   Where the project names a file of explanations, every row that needs one, or
#   the share that the spec asks for, must have one there: reason codes of the
#   catalogue, or importances that are finite and not all zero. All rows are
#   counted, so the share is judged by its value, whatever the spec's judge.
#   Whether an explanation is true, and what made the file, is not checked.
# custom:
#   id: evaluation/explanations
#   category: evaluation
#   solution: >-
#     Look at the row that is named, and let whatever writes the explanations
#     write one for every row that needs it. A new reason code belongs in the
#     catalogue of predictions.explanations.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.evaluation, input.evaluation.statement]
#   grade: computed
#   items: input.spec.items.explanations
#   declared: input.spec.document.predictions.explanations
package weighlock.rules.evaluation.explanations

import data.weighlock.lib.checks as finding
import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.spec.items.explanations
	check := _check(item)
}

_check(item) := evaluation.blocked(item, found) if found := _obstacle(item)

else := _told(object.remove(evaluation.check(item, _terms), {"points"}))

_terms := {"kinds": {"explanations"}, "verb": "cover", "too_small": "undecided", "judge": "point"}

_told(found) := object.union(found, {"message": concat("; ", [text | some text in [found.message, _words]; text != ""])})

_asked := input.spec.document.predictions.explanations

_counted := input.evaluation.explanations

_kind := "importances" if _asked.importances

else := "codes"

_result(item) := input.evaluation.results[item.id]

_agreed if {
	{[item.id, item.metric, item.limit.min] | some item in input.spec.items.explanations} == {[
		sprintf("explanations for %s", [_asked.for]),
		"explanation_coverage",
		_asked.min,
	]}
	count(input.spec.items.explanations) == 1
}

_obstacle(item) := evaluation.disagreed if not _agreed

else := found if found := evaluation.obstacle

else := finding.error("the evaluation does not say which rows are explained") if not _counted

else := finding.fail(sprintf("%v for %v rows were looked for, and the spec asks for %v for %v rows", [
	object.get(_counted, "kind", "explanations"), object.get(_counted, "for", "unknown"), _kind, _asked.for,
])) if {
	not _as_asked
}

else := finding.undecided(sprintf("no row is decided %s, so there is none to explain", [_asked.for])) if _counted.needed == 0

else := object.union(finding.fail(sprintf("%d explanations are about no test row", [_counted.unknown_ids])), {"solution": _one_each}) if _counted.unknown_ids > 0

else := finding.error("the counts of explanations do not add up") if not _sound

else := finding.error(sprintf("%s does not follow from the rows that were counted", [item.id])) if not _follows(item)

_one_each := "Explain the rows of the pinned test data and no others, under the ids that they have there."

_as_asked if {
	_counted.kind == _kind
	_counted.for == _asked.for
}

_sound if {
	_counted.rows > 0
	_counted.needed > 0
	_counted.needed <= input.evaluation.rows
	_counted.unknown_ids == 0
	_counted.covered >= 0
	_counted.invalid >= 0
	_counted.covered + _counted.invalid <= _counted.needed
	_counted.covered <= _counted.rows
	_every_row
}

# every row is needed where all are.
_every_row if _asked.for != "all"

_every_row if _counted.needed == input.evaluation.rows

# follows is true of a result that is the share of the counts, at the spec's
# threshold; one without a number is for evaluation.check to refuse.
_follows(item) if not _numbered(item)

_follows(item) if {
	abs((_result(item).value * _counted.needed) - _counted.covered) < 0.001
	_result(item).n == _counted.needed
	_decided(item)
}

_numbered(item) if _result(item).status == "ok"

_decided(_) if _asked.for == "all"

_decided(item) if _result(item).threshold == input.spec.document.predictions.threshold

default _words := ""

_words := sprintf("the first row without one is row %d of the test data: %s", [_counted.first.row, _why]) if _counted.first

_why := sprintf("%s%s", [_reasons[_counted.first.why], _where]) if _counted.first.why in object.keys(_reasons)

else := "it is not said why"

_reasons := {
	"missing": "the file has none for it",
	"empty": "it has no reason code",
	"unknown_code": "it has a reason code that is not in the catalogue",
	"not_finite": "one of its importances is no finite number",
	"all_zero": "all its importances are 0",
}

_where := sprintf(" (line %d, column %s)", [_counted.first.line, _counted.first.column]) if _counted.first.column

else := sprintf(" (line %d)", [_counted.first.line]) if _counted.first.line

else := ""
