package main_test

import data.main

_rules := {"model/format": {
	"items": ["model", "files"],
	"declared": [],
	"evidence": [["model"]],
	"title": "Every model file is there, is itself, and loads without running code",
	"solution": "Save it otherwise.",
}}

_levels := {"release": {"model/format": "required"}}

_deny(document) := {d.msg | some d in main.deny with input as document with data.rules as _rules with data.levels as _levels}

_file := {"id": "a.json", "digest": "sha256:1", "status": "safe", "format": "json", "findings": [], "lacks": []}

_document := {"context": {"level": "release"}, "model": {"files": [_file]}}

_files(files) := json.patch(_document, [{"op": "replace", "path": "/model/files", "value": files}])

test_pass if _deny(_document) == set()

test_fail if _deny(_files([object.union(_file, {"format": "exe"})])) == {"model/format: a.json: a.json is of format exe, which is not allowed"}

test_silence if _deny(_files([{"id": "a.json"}])) == {"model/format: a.json: the rule did not say exactly one thing about this item"}

test_empty_enumeration if _deny(_files([])) == {"model/format: : nothing is named that could be judged"}

test_unknown_level if _deny({"context": {"level": "none"}}) == {"the level is unknown, so nothing was judged"}

test_unknown_item if {
	denied := main.deny with input as _document
		with data.rules as json.patch(_rules, [{"op": "replace", "path": "/model~1format/items", "value": ["names"]}])
		with data.levels as _levels
	{d.msg | some d in denied} == {
		"model/format: : nothing is named that could be judged",
		"model/format: a.json: the rule spoke about an item that is not to be judged",
	}
}

test_evidence_missing if {
	denied := main.deny with input as _document
		with data.rules as json.patch(_rules, [{"op": "replace", "path": "/model~1format/evidence", "value": [["lineage"]]}])
		with data.levels as _levels
	{d.msg | some d in denied} == {"model/format: a.json: lineage is missing, so this cannot be decided"}
}

test_warn if {
	single := object.union(data.fixture, {"context": {"signing": "single-signer", "level": "release", "published": true, "claimed_time": false}})
	rules := {"trust/single_signer": {"items": ["model", "name"], "declared": [], "evidence": [["context"]], "title": "t", "solution": "s"}}
	levels := {"release": {"trust/single_signer": "required"}}
	warned := main.warn with input as single with data.rules as rules with data.levels as levels
	{w.msg | some w in warned} == {"trust/single_signer: credit-default: one key holds several of the roles (single-signer)"}
	denied := main.deny with input as single with data.rules as rules with data.levels as levels
	denied == set()
}

test_published if {
	rules := {"trust/image_signed": {"items": ["model", "name"], "declared": [], "evidence": [["image"]], "title": "t", "solution": "s"}}
	levels := {"release": {"trust/image_signed": "published"}}
	unsigned := json.patch(data.fixture, [{"op": "replace", "path": "/signatures", "value": []}])
	denied := main.deny with input as unsigned with data.rules as rules with data.levels as levels
	count(denied) == 1
	local := json.patch(unsigned, [{"op": "replace", "path": "/context/published", "value": false}])
	skipped := main.deny with input as local with data.rules as rules with data.levels as levels
	{d.msg | some d in skipped} == {"the level is unknown, so nothing was judged"}
}

test_declared if {
	rules := {"drift/training_data": {"items": ["data", "items", "drift"], "declared": ["spec", "document", "drift"], "evidence": [["drift"]], "title": "t", "solution": "s"}}
	levels := {"release": {"drift/training_data": "declared", "model/format": "required"}}
	all := object.union(rules, _rules)
	without := json.remove(data.fixture, ["/drift"])
	denied := main.deny with input as without with data.rules as all with data.levels as levels
	count(denied) == 5
	undeclared := json.remove(without, ["/spec/document/drift"])
	skipped := main.deny with input as undeclared with data.rules as all with data.levels as levels
	skipped == set()
}

test_declared_by_a_parameter if {
	rules := {"spec/least": {"items": ["model", "name"], "declared": [], "parameter": "least", "evidence": [["spec"]], "title": "t", "solution": "s"}}
	levels := {"release": {"spec/least": "declared"}}
	denied := main.deny with input as data.fixture with data.rules as rules with data.levels as levels with data.parameters.least as {"min_rows": 99999}
	count(denied) == 1
}
