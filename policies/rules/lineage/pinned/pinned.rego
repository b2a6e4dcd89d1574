# METADATA
# scope: package
# title: Where the model came from is known, by digest
# description: >-
#   A model can be understood, repeated and recalled only when code, data and
#   files are pinned. The lineage must be about this run, name the spec's data
#   by digest, a commit, and every file of the model among what the run wrote.
# custom:
#   id: lineage/pinned
#   category: lineage
#   solution: >-
#     Train through weighlock run inside a git checkout, with data.train and
#     data.test in the project file, and commit before you train.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.lineage, input.lineage.statement, input.run]
#   grade: computed
#   items: input.model.name
package weighlock.rules.lineage.pinned

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, _findings, _praise, {"evidence": [d | d := input.lineage.statement.digest]})

_lineage := input.lineage.document

# told is what the lineage says, for messages.
_told(path) := object.get(input.lineage, array.concat(["document"], path), "unknown")

default _praise := "code, data and files are pinned by digest"

_praise := sprintf("%d inputs and %d model files are pinned by digest, the code is commit %s", [count(_lineage.inputs), count(input.model.files), substring(_lineage.code.commit, 0, 12)])

_findings contains finding.undecided(_unknown) if not input.lineage

default _unknown := "there is no lineage about these model files"

_unknown := sprintf("%s claims run %s to have made these model files, which nobody signed; it lacks %s", [input.claim.source, input.claim.run, concat(", ", _gaps)])

_gaps := sort([gap.path | some gap in input.claim.missing])

_findings contains finding.undecided("nobody who may build has signed the lineage") if {
	input.lineage
	not _signed
}

_signed if "builder" in input.lineage.statement.roles

_findings contains finding.fail(sprintf("the lineage is about model %v", [_told(["model", "name"])])) if {
	not _lineage.model.name == input.model.name
}

_findings contains finding.fail(sprintf("the lineage is of run %v, the run record of %v", [_told(["run"]), object.get(input.run, "id", "unknown")])) if {
	not _lineage.run == input.run.id
}

_findings contains finding.undecided(sprintf("the lineage does not name the %s data", [set])) if {
	input.lineage
	some set in ["train", "test"]
	not _input(set)
}

_findings contains finding.undecided("the spec names no training data") if not input.spec.document.train

_findings contains finding.fail(sprintf("the run read test data %s, but the spec pins %s", [_input("test").digest, input.spec.document.test.digest])) if {
	_input("test").digest != input.spec.document.test.digest
}

_input(set) := [i |
	some i in _lineage.inputs
	i.name == set
	i.path == input.spec.document[set].file
	i.digest
][0]

_findings contains finding.undecided("the code has no known commit") if {
	input.lineage
	not _committed
}

_committed if {
	_lineage.code.status == "known"
	_lineage.code.commit
}

_findings contains finding.warn("the work tree differed from its commit when the run started") if {
	_committed
	not _lineage.code.dirty == false
}

_findings contains finding.fail(sprintf("the run did not write %s", [concat(", ", strangers)])) if {
	input.lineage
	strangers := sort([file.id | some file in input.model.files; not _wrote(file)])
	count(strangers) > 0
}

_findings contains finding.error("the model has no files") if count(input.model.files) == 0

_wrote(file) if {
	some output in _lineage.outputs
	output.digest == file.digest
}

_findings contains finding.fail(sprintf("%s was read from %s, which can change", [i.name, i.uri])) if {
	some i in _lineage.inputs
	_mutable(i.uri)
}

_findings contains finding.fail(sprintf("the run's image %s is not pinned by digest", [_lineage.environment.image])) if {
	not _image_pinned
}

_image_pinned if contains(_lineage.environment.image, "@sha256:")

# mutable is true of references that name a branch, a moving tag or no tag.
_mutable(uri) if regex.match(`(?i)([:@/]|refs/heads/)(latest|main|master|head|trunk)([/?#]|$)|refs/heads/`, uri)
