# METADATA
# scope: package
# title: Every model file is there, is itself, and loads without running code
# description: >-
#   A pickle may call anything while it is loaded. Each file of the model was
#   read to its end and must be of an allowed format, with nothing in it that
#   could run. It must be the file itself and not a pointer to it, and no text
#   where its name promises a binary format. What it says of other files must
#   hold: the shards of an index, the parts of a set, an adapter's base model.
# custom:
#   id: model/format
#   category: model
#   solution: >-
#     Save the model in a format that holds data only (safetensors, ONNX, JSON),
#     or remove the objects named here from the pickle.
#   collections: [core]
#   mltest: none
#   parameters: [allowed_formats]
#   evidence: [input.model]
#   grade: computed
#   items: input.model.files
package weighlock.rules.model.format

import data.weighlock.lib.checks as finding

checks contains finding.conclude(file.id, _findings(file), _praise(file), {
	"evidence": [file.digest],
	"observed": {"text": file.format},
	"expected": {"text": concat(", ", data.parameters.allowed_formats)},
}) if {
	some file in input.model.files
}

_findings(file) := {f | some f in [_unsafe(file), _unreadable(file), _mistaken(file), _unknown(file), _foreign(file), _incomplete(file)]; f != null}

_unsafe(file) := finding.fail(sprintf("%s could run code when it is loaded: %s", [file.id, concat(", ", file.findings)])) if file.status == "unsafe"

else := null

_unreadable(file) := finding.fail(sprintf("%s could not be read to its end: %s", [file.id, concat(", ", file.findings)])) if file.status == "error"

else := null

_mistaken(file) := object.union(finding.fail(sprintf("%s %s", [file.id, concat(", ", file.findings)])), _itself) if file.status == "mistaken"

else := null

_itself := {"solution": "Put the model file itself in its place, in the format that its name promises."}

_incomplete(file) := null if file.lacks == []

else := object.union(finding.fail(sprintf("%s %s", [file.id, concat("; ", file.lacks)])), _whole) if is_array(file.lacks)

else := finding.error(sprintf("%s was not held against the other files", [file.id]))

_whole := {"solution": "Add the files that are named here to the model, or save it again; pin an adapter's base model under base, with its digest."}

_unknown(file) := null if file.status in {"safe", "unsafe", "error", "mistaken"}

else := finding.error(sprintf("%s was not looked into", [file.id]))

_foreign(file) := null if file.format in data.parameters.allowed_formats

else := finding.fail(sprintf("%s is of format %s, which is not allowed", [file.id, object.get(file, "format", "unknown")]))

_praise(file) := sprintf("%s is %s and holds nothing that could run", [file.id, file.format])
