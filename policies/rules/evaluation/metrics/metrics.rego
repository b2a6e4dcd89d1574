# METADATA
# scope: package
# title: Every metric of the spec meets its limit
# description: >-
#   A model is let through on numbers that were promised before it was trained.
#   Each metric that the spec limits is looked up in the evaluation; by default
#   the bad end of its interval, not the value, must meet the limit.
# custom:
#   id: evaluation/metrics
#   category: evaluation
#   solution: >-
#     Improve the model. A limit is loosened before the next training, never
#     after.
#   collections: [core]
#   mltest: Infra 4
#   parameters: []
#   evidence: [input.evaluation, input.evaluation.statement]
#   grade: computed
#   items: input.spec.items.metrics
package weighlock.rules.evaluation.metrics

import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.spec.items.metrics
	check := _check(item)
}

_check(item) := _advised(item, evaluation.check(item, _terms)) if _agreed

else := evaluation.blocked(item, evaluation.disagreed)

_agreed if {item.id: item.limit | some item in input.spec.items.metrics} == input.spec.document.metrics

_terms := {"kinds": {"metric"}, "verb": "is", "too_small": "undecided", "scores": true}

# advised says of a ranking that is worse than chance what is mostly wrong with
# it: the model is good, and its class is the other one.
_advised(item, check) := object.union(check, {
	"solution": "A ranking worse than chance is mostly one of the other class: see whether data.test.positive is the class whose score predictions.column holds.",
	"place": "data.test.positive",
}) if {
	check.status == "fail"
	item.metric == "roc_auc"
	check.observed.high < 0.5
}

else := check
