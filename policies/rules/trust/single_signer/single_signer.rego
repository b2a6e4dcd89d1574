# METADATA
# scope: package
# title: Building, evaluating and deciding are signed by different keys
# description: >-
#   Where one key holds several roles, one person can train, measure and let
#   through alone. That is said at release, and refused at regulated.
# custom:
#   id: trust/single_signer
#   category: trust
#   solution: >-
#     Give the roles builder, evaluator and gate to different keys in the
#     verifier file: a person's key for training, CI's keys for the rest.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.context]
#   grade: computed
#   items: input.model.name
package weighlock.rules.trust.single_signer

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, {f | some f in [_finding]; f != null}, "the roles are held by different keys", {"observed": {"text": sprintf("%v", [object.get(input.context, "signing", "unknown")])}})

_finding := null if input.context.signing == "separate"

else := finding.fail("one key holds several of the roles, and level regulated wants different ones") if {
	input.context.signing == "single-signer"
	input.context.level == "regulated"
}

else := finding.warn("one key holds several of the roles (single-signer)") if input.context.signing == "single-signer"

else := finding.fail("nothing is signed") if input.context.signing == "unsigned"

else := finding.error("nobody says who signed")
