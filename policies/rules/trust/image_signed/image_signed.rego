# METADATA
# scope: package
# title: The image is signed by a gate
# description: >-
#   Only a gate that allowed the model signs its image, so whoever deploys can
#   ask for that signature. Applies once the model lies in a registry.
# custom:
#   id: trust/image_signed
#   category: trust
#   solution: >-
#     Publish the model through weighlock publish with a key that has the role
#     gate in the verifier file.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.image, input.signatures]
#   grade: computed
#   items: input.model.name
package weighlock.rules.trust.image_signed

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, _findings, _praise, {"evidence": _digests})

_digests := digests if digests := [s.digest | some s in _by_gate]

_praise := sprintf("the image is signed by %s", [concat(", ", sort({s.signer | some s in _by_gate}))])

_by_gate contains signature if {
	some signature in input.signatures
	"gate" in signature.roles
	signature.signer
}

_findings contains finding.undecided("the model is not in a registry") if not input.image

_findings contains finding.fail(sprintf("the image is %s, but the model that is judged is %s", [input.image.digest, input.model.digest])) if {
	input.image.digest != input.model.digest
}

_findings contains finding.error("the image has no digest") if {
	input.image
	not input.image.digest
}

_findings contains finding.undecided("nobody with the role gate has signed this image") if count(_by_gate) == 0
