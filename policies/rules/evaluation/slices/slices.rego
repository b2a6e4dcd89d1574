# METADATA
# scope: package
# title: Every slice of the data meets its limits
# description: >-
#   A good average can hide a group for which the model does not work. The
#   slices are enumerated from the pinned data, so one that was left out of the
#   evaluation is an error, and each must meet its own limit and stay close to
#   the whole, or to the best of its like. Columns may be crossed, so that a
#   group that is hidden in two columns is seen. A column that splits nothing, or
#   whose slices are all too small to be judged, leaves its slices undecided.
# custom:
#   id: evaluation/slices
#   category: evaluation
#   solution: >-
#     Look at the rows of the slice that is named: more training data for it, a
#     feature that it lacks, or a threshold of its own. Where it is too small,
#     more evaluation rows of it decide, or wider bins.
#   collections: [core]
#   mltest: Model 6
#   parameters: []
#   evidence: [input.data, input.data.statement, input.evaluation, input.evaluation.statement]
#   grade: computed
#   items: input.data.items.slices
#   declared: input.spec.document.slices
package weighlock.rules.evaluation.slices

import data.weighlock.lib.checks as finding
import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.data.items.slices
	check := _check(item)
}

_check(item) := evaluation.blocked(item, evaluation.disagreed) if not _agreed

else := evaluation.blocked(item, found) if found := _uncounted(item)

else := evaluation.blocked(item, found) if found := _silent(item)

else := evaluation.check(item, _terms)

_terms := {
	"kinds": {"slice", "gap", "gap_best"},
	"verb": "is",
	"too_small": input.spec.document.slices.too_small,
	"min_rows": input.spec.document.slices.min_rows,
}

_agreed if {
	_enumerated == _asked
	{part.by | some part in input.data.document.slices} == {by | some by in input.spec.document.slices.by}
}

_enumerated := {[item.metric, item.by, object.get(item, "group", ""), item.limit] | some item in input.data.items.slices}

_asked contains [metric, part.by, part.group, bounds] if {
	some metric, limit in input.spec.document.slices.metrics
	some part in input.data.document.slices
	bounds := object.filter(limit, ["min", "max"])
	count(bounds) > 0
}

_asked contains [metric, part.by, part.group, {"max": limit.max_gap}] if {
	some metric, limit in input.spec.document.slices.metrics
	some part in input.data.document.slices
}

_asked contains [metric, part.by, part.group, {"max": limit.max_gap_best}] if {
	some metric, limit in input.spec.document.slices.metrics
	some part in input.data.document.slices
}

# uncounted finds a slice whose rows in the evaluation are not those of the
# pinned data.
_uncounted(item) := finding.fail(sprintf("%s was computed on %v rows, but the pinned data has %v", [item.id, object.get(result, "rows", "unknown"), object.get(item, "rows", "unknown")])) if {
	result := input.evaluation.results[item.id]
	result.kind in {"slice", "gap_best"}
	not result.rows == item.rows
}

# silent finds a column whose slices say nothing: all rows are in one of them,
# or all of them are too small and the spec lets that be reported.
_silent(item) := finding.undecided(sprintf("%s: every row is in this one slice by %s, so there is nothing to compare", [item.id, item.by])) if {
	input.evaluation.results[item.id].status == "ok"
	count({part.group |
		some part in input.data.document.slices
		part.by == item.by
		part.rows > 0
	}) < 2
}

else := finding.undecided(sprintf("%s: no slice by %s has the %v rows that are asked for, so none of them was judged", [item.id, item.by, input.spec.document.slices.min_rows])) if {
	input.evaluation.results
	input.spec.document.slices.too_small == "report"
	count({by | some by in _judged; by == item.by}) == 0
}

# judged are the columns of which at least one slice is large enough.
_judged contains item.by if {
	some item in input.data.items.slices
	result := input.evaluation.results[item.id]
	result.status != "too_few"
	result.n >= input.spec.document.slices.min_rows
}
