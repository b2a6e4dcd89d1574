# METADATA
# scope: package
# title: Nothing that an earlier verdict rested on has gone
# description: >-
#   Whoever may delete from a registry could otherwise remove the statement
#   that speaks against a model. What the last verdict on this digest named
#   must still be there.
# custom:
#   id: evidence/complete
#   category: evidence
#   solution: >-
#     Restore what is named here from a copy of the repository, or publish the
#     model anew from its project.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.missing]
#   grade: computed
#   items: input.model.name
package weighlock.rules.evidence.complete

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, _findings, "everything that an earlier verdict named is there", {})

_findings contains finding.undecided(sprintf("the %s statement %s, which an earlier verdict names, is not there any more", [piece.type, piece.digest])) if {
	some piece in input.missing
}

_findings contains finding.error("what is missing was not looked for") if not _looked_for

_looked_for if is_array(input.missing)

_findings contains finding.undecided("an earlier verdict names a piece that is not there any more") if {
	some piece in input.missing
	not _named(piece)
}

_named(piece) if {
	is_string(piece.type)
	is_string(piece.digest)
}
