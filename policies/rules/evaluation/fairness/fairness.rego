# METADATA
# scope: package
# title: Every difference between groups stays within its limit
# description: >-
#   The spec says between which groups of people the model may differ, by how
#   much, against which group, and within which strata. The groups are enumerated
#   from the pinned data: a group that the evaluation left out, or that is too
#   small to be judged, or has no rows that a rate is about, leaves it undecided.
# custom:
#   id: evaluation/fairness
#   category: evaluation
#   solution: >-
#     Compare the groups that are named row by row: their share in the training
#     data, their labels, features that stand in for the group. Where a group is
#     too small, collect more labelled rows of it.
#   collections: [core]
#   mltest: Model 7
#   parameters: []
#   evidence: [input.data, input.data.statement, input.evaluation, input.evaluation.statement]
#   grade: computed
#   items: input.data.items.fairness
#   declared: input.spec.document.fairness
package weighlock.rules.evaluation.fairness

import data.weighlock.lib.checks as finding
import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.data.items.fairness
	check := _check(item)
}

_check(item) := evaluation.blocked(item, evaluation.disagreed) if not _agreed

else := evaluation.blocked(item, found) if found := _incomplete(item)

else := evaluation.blocked(item, found) if found := _otherwise(item)

else := evaluation.check(item, _terms)

_terms := {
	"kinds": {"fairness"},
	"verb": "is",
	"too_small": "undecided",
	"min_rows": input.spec.document.fairness.min_rows,
}

_agreed if {[item.metric, item.by, item.limit] | some item in input.data.items.fairness} == _asked

_asked contains [metric, by, limit] if {
	some metric, limit in input.spec.document.fairness.metrics
	some by in input.spec.document.fairness.by
}

# incomplete finds a group of the pinned data that the result does not cover,
# or covers without a number.
_incomplete(item) := finding.error(sprintf("%s does not cover %s", [item.id, concat(", ", sort(left_out))])) if {
	input.evaluation.results[item.id].status == "ok"
	left_out := _groups(item) - {g.group | some g in input.evaluation.results[item.id].groups}
	count(left_out) > 0
}

else := finding.error(sprintf("%s covers no group: the pinned data has none for %s", [item.id, item.by])) if {
	input.evaluation.results[item.id].status == "ok"
	count(_groups(item)) == 0
}

else := finding.undecided(sprintf("%s leaves out %s", [item.id, concat(", ", sort(unjudged))])) if {
	input.evaluation.results[item.id].status == "ok"
	unjudged := {g.group |
		some g in input.evaluation.results[item.id].groups
		not g.status == "ok"
	}
	count(unjudged) > 0
}

# otherwise finds groups that were held against another one than the spec says.
_otherwise(item) := finding.fail(sprintf("%s was computed against %s, the spec says %s", [item.id, _held(item), _reference(item)])) if {
	input.evaluation.results[item.id].status == "ok"
	_held(item) != _reference(item)
}

_reference(item) := object.get(object.get(input.spec.document.fairness, "reference", {}), item.by, "every pair")

_held(item) := against.group if {
	against := input.evaluation.results[item.id].against
	against.rule == "group"
}

else := rule if rule := input.evaluation.results[item.id].against.rule

else := "every pair"

_groups(item) := {g.group |
	some g in input.data.document.groups
	g.by == item.by
}
