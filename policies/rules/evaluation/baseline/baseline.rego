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
#   evidence: [input.evaluation]
#   grade: computed
#   items: input.spec.items.baseline
#   declared: input.spec.document.baseline
package weighlock.rules.evaluation.baseline

import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.spec.items.baseline
	check := evaluation.check(item, _terms)
}

_terms := {"kinds": {"baseline"}, "verb": "gains", "too_small": "undecided"}
