# METADATA
# scope: package
# title: Earlier attempts and looks at the same holdout are counted
# description: >-
#   Who tries often enough passes by luck. Attempts, denials, different specs
#   and looks at the same evaluation set are counted from the signed chain and
#   shown; at start and release they stop nothing.
# custom:
#   id: evidence/attempts
#   category: evidence
#   solution: >-
#     Take a fresh holdout after several looks, and say in the review why a spec
#     was changed.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.attempts]
#   grade: computed
#   items: input.model.name
package weighlock.rules.evidence.attempts

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, {f | some f in [_finding]; f != null}, _praise, {"observed": {"text": _words}, "evidence": [d | d := input.attempts.head]})

default _praise := "this is the first attempt, and the first look at this holdout"

_praise := "no repository was named, so earlier attempts are not counted here" if input.attempts.counted == false

_counts := [input.attempts.count, input.attempts.denials, input.attempts.specs, input.attempts.looks]

default _words := "not counted"

_words := sprintf("attempts: %d, denied: %d, specs on this holdout: %d, earlier looks at it: %d", _counts) if _counted

_counted if {
	count(_counts) == 4
	every n in _counts {
		is_number(n)
	}
	is_boolean(input.attempts.counted)
}

_finding := finding.error("earlier attempts were not counted") if not _counted

else := null if {
	input.attempts.count == 0
	input.attempts.denials == 0
	input.attempts.looks == 0
	input.attempts.specs <= 1
}

else := finding.warn(_words)
