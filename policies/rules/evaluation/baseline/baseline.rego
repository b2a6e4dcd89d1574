# METADATA
# scope: package
# title: The model is better than something simple
# description: >-
#   A model that does not beat the share of positives, or the mean, is not worth
#   its upkeep. The gain over the spec's baseline is computed on the same rows.
# custom:
#   id: evaluation/baseline
#   category: evaluation
#   solution: >-
#     Use the baseline, or find out why the model learns so little: leaking or
#     missing features, wrong labels, a train and test set that differ.
#   collections: [core]
#   mltest: Model 5
#   parameters: []
#   evidence: [input.evaluation, input.evaluation.statement]
#   grade: computed
#   items: input.spec.items.baseline
#   declared: input.spec.document.baseline
package weighlock.rules.evaluation.baseline

import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.spec.items.baseline
	check := _check(item)
}

_check(item) := evaluation.check(item, _terms) if _agreed

else := evaluation.blocked(item, evaluation.disagreed)

_agreed if {[item.metric, item.limit.min] | some item in input.spec.items.baseline} == {[
	input.spec.document.baseline.metric,
	input.spec.document.baseline.gain,
]}

_terms := {"kinds": {"baseline"}, "verb": "gains", "too_small": "undecided"}
