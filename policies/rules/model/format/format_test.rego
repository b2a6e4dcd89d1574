package weighlock.rules.model.format_test

import data.weighlock.lib.testing
import data.weighlock.rules.model.format as rule

test_pass if testing.got(rule.checks) == {"pass"} with input as data.fixture

test_pickle_that_runs_code if {
	changed := testing.patched({"/model/files/0/status": "unsafe", "/model/files/0/format": "pickle", "/model/files/0/findings": ["posix.system"]})
	testing.of(rule.checks, "model.json") == "fail" with input as changed
	testing.of(rule.checks, "features.json") == "pass" with input as changed
	testing.says(rule.checks, "could run code when it is loaded: posix.system") with input as changed
}

test_unreadable if {
	changed := testing.patched({"/model/files/0/status": "error", "/model/files/0/findings": ["ends in the middle of an opcode"]})
	testing.of(rule.checks, "model.json") == "fail" with input as changed
	testing.says(rule.checks, "ends in the middle of an opcode") with input as changed
}

test_pointer_to_the_file if {
	changed := testing.patched({"/model/files/0/status": "mistaken", "/model/files/0/format": "text", "/model/files/0/findings": ["is a Git LFS pointer and not the file itself; run git lfs pull"]})
	testing.of(rule.checks, "model.json") == "fail" with input as changed
	testing.of(rule.checks, "features.json") == "pass" with input as changed
	testing.says(rule.checks, "model.json is a Git LFS pointer and not the file itself; run git lfs pull") with input as changed
	some check in rule.checks with input as changed
	check.solution == "Put the model file itself in its place, in the format that its name promises."
}

test_shard_that_is_gone if {
	changed := testing.set("/model/files/0/lacks", ["lists b.safetensors, which the model does not have", "lists no weights"])
	testing.of(rule.checks, "model.json") == "fail" with input as changed
	testing.says(rule.checks, "model.json lists b.safetensors, which the model does not have; lists no weights") with input as changed
	some check in rule.checks with input as changed
	check.solution == "Add the files that are named here to the model, or save it again; pin an adapter's base model under base, with its digest."
}

test_not_held_against_the_others if testing.of(rule.checks, "model.json") == "error" with input as testing.without("/model/files/0/lacks")

test_lacks_of_a_wrong_type if testing.of(rule.checks, "model.json") == "error" with input as testing.set("/model/files/0/lacks", "")

test_unknown_format if testing.of(rule.checks, "model.json") == "fail" with input as testing.set("/model/files/0/format", "unknown")

test_format_that_the_verifier_does_not_allow if testing.got(rule.checks) == {"fail"} with input as data.fixture with data.parameters.allowed_formats as ["onnx"]

test_missing if testing.of(rule.checks, "model.json") == "error" with input as testing.without("/model/files/0/status")

test_wrong_type if testing.of(rule.checks, "model.json") == "error" with input as testing.set("/model/files/0/status", true)

test_no_files if testing.got(rule.checks) == set() with input as testing.set("/model/files", [])

test_file_without_digest if not testing.of(rule.checks, "model.json") with input as testing.without("/model/files/0/digest")
