# METADATA
# scope: package
# title: No slice that nobody declared is worse than the rest
# description: >-
#   Limits on slices see only the slices that somebody thought of. The evaluation
#   also looks at every column of the pinned test set, and at every crossing of
#   two, for rows on which the model is worse than on rows that it scored alike.
#   What it finds is corrected for everything that it looked at, and is a warning:
#   it denies nothing, and asks somebody to look.
# custom:
#   id: evaluation/search
#   category: evaluation
#   solution: >-
#     Look at the rows of the slice that is named. Where they matter, declare the
#     slice in spec.slices, so that it is judged from then on.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.evaluation, input.evaluation.statement]
#   grade: claimed
#   items: input.model.name
package weighlock.rules.evaluation.search

import data.weighlock.lib.checks as finding
import data.weighlock.lib.evaluation
import data.weighlock.lib.judge

checks contains evaluation.blocked({"id": input.model.name}, evaluation.obstacle)

checks contains finding.conclude(input.model.name, _findings, _praise, {"evidence": evaluation.evidence}) if {
	not evaluation.obstacle
}

_search := input.evaluation.search

_findings contains finding.warn("the evaluation does not say whether anybody looked for slices that nobody declared") if not _search

_findings contains finding.warn(sprintf("slices that nobody declared were not searched: %s", [object.get(_search, "detail", "it is not said why")])) if {
	not _search.status == "ok"
}

_findings contains finding.warn("the search for slices does not say what it found") if {
	_search.status == "ok"
	not _listed
}

_listed if is_array(_search.found)

_findings contains finding.warn(sprintf("the search for slices was cut short after %v of them", [object.get(_search, "tried", "some")])) if {
	_search.status == "ok"
	not _search.complete == true
}

_findings contains finding.warn(sprintf("%v=%v is worse: mean %s %s on %v rows, %s on the rest (effect %s, p %s after correction over %v slices)", [
	_of(slice, "by"), _of(slice, "group"), replace(_of(_search, "loss"), "_", " "), _number(slice, "loss"), _of(slice, "rows"),
	_number(slice, "rest"), _number(slice, "effect"), _number(slice, "adjusted"), _of(_search, "tried"),
])) if {
	_search.status == "ok"
	some slice in _search.found
}

# of is what a message says, so that a slice is named even where it is not
# described whole.
_of(thing, key) := object.get(thing, key, "unknown")

_number(slice, key) := judge.number(slice[key], {}) if is_number(slice[key])

else := "unknown"

_findings contains object.union(finding.warn("there was no slice to look at: no column of the test set has groups of enough rows"), {"solution": concat(" ", [
	"Let the test set hold columns that tell rows apart, such as a region or an age, and rows enough of each.",
	"They need not be features of the model.",
])}) if {
	_search.status == "ok"
	not _tried
}

_tried if _search.tried > 0

default _praise := ""

_praise := sprintf("looked at %v slices of the test set, and none stands out as worse", [_search.tried])
