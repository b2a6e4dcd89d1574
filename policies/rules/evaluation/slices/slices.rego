# METADATA
# scope: package
# title: Every slice of the data meets its limits
# description: >-
#   A good average can hide a group for which the model does not work. The
#   slices are enumerated from the pinned data, so one that was left out of the
#   evaluation is an error, and each must meet its own limit and stay close to
#   the whole.
# custom:
#   id: evaluation/slices
#   category: evaluation
#   solution: >-
#     Look at the rows of the slice that is named: more training data for it, a
#     feature that it lacks, or a threshold of its own. Where only the interval
#     misses the limit, more evaluation rows of the slice decide.
#   collections: [core]
#   mltest: Model 6
#   parameters: []
#   evidence: [input.data, input.evaluation]
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

_check(item) := evaluation.blocked(item, found) if found := _uncounted(item)

else := evaluation.check(item, _terms)

_terms := {
	"kinds": {"slice", "gap"},
	"verb": "is",
	"too_small": input.spec.document.slices.too_small,
	"min_rows": input.spec.document.slices.min_rows,
}

# uncounted finds a slice whose rows in the evaluation are not those of the
# pinned data.
_uncounted(item) := finding.fail(sprintf("%s was computed on %d rows, but the pinned data has %d", [item.id, result.rows, item.rows])) if {
	result := input.evaluation.results[item.id]
	result.kind == "slice"
	result.rows != item.rows
}
