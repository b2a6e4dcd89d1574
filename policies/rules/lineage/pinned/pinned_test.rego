package weighlock.rules.lineage.pinned_test

import data.weighlock.lib.testing
import data.weighlock.rules.lineage.pinned as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "2 inputs and 2 model files are pinned by digest, the code is commit 4b825dc642cb") with input as data.fixture
}

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/lineage")

test_only_claimed if {
	claim := {"digest": testing.digest, "source": "mlflow", "run": "0f3a", "missing": [{"path": "signature", "why": "-"}, {"path": "command", "why": "-"}]}
	claimed := json.patch(testing.without("/lineage"), [{"op": "add", "path": "/claim", "value": claim}])
	testing.got(rule.checks) == {"undecided"} with input as claimed
	testing.says(rule.checks, "mlflow claims run 0f3a to have made these model files, which nobody signed; it lacks command, signature") with input as claimed
}

test_unsigned if testing.got(rule.checks) == {"undecided"} with input as testing.set("/lineage/statement/roles", [])

test_another_model if testing.got(rule.checks) == {"fail"} with input as testing.set("/lineage/document/model/name", "churn")

test_another_run if testing.got(rule.checks) == {"fail"} with input as testing.set("/lineage/document/run", "ffff")

test_training_data_not_named if testing.got(rule.checks) == {"undecided"} with input as testing.set("/lineage/document/inputs/0/name", "other.csv")

test_test_data_not_named if testing.got(rule.checks) == {"undecided"} with input as testing.without("/lineage/document/inputs/1")

test_spec_without_training_data if testing.got(rule.checks) == {"undecided"} with input as testing.without("/spec/document/train")

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/lineage/document/inputs/1/digest", testing.digest)

test_model_file_that_the_run_did_not_write if {
	testing.got(rule.checks) == {"fail"} with input as testing.set("/model/files/0/digest", testing.digest)
	testing.says(rule.checks, "the run did not write model.json") with input as testing.set("/model/files/0/digest", testing.digest)
}

test_no_model_files if testing.got(rule.checks) == {"error"} with input as testing.set("/model/files", [])

test_unknown_code if testing.got(rule.checks) == {"undecided"} with input as testing.set("/lineage/document/code", {"status": "unknown"})

test_dirty if testing.got(rule.checks) == {"warn"} with input as testing.set("/lineage/document/code/dirty", true)

test_branch_instead_of_commit if testing.got(rule.checks) == {"fail"} with input as testing.set("/lineage/document/inputs/0/uri", "git+https://git.example/data@main")

test_latest_instead_of_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/lineage/document/inputs/0/uri", "docker://example/data:latest")

test_immutable_uri if testing.got(rule.checks) == {"pass"} with input as testing.set("/lineage/document/inputs/0/uri", "s3://acme/train.csv?versionId=L4kq")

test_environment_image_by_tag if testing.got(rule.checks) == {"fail"} with input as testing.set("/lineage/document/environment/image", "python:3.13")

test_wrong_type if testing.got(rule.checks) == {"undecided"} with input as testing.set("/lineage/document/inputs", "train.csv")

test_run_without_an_id if testing.got(rule.checks) == {"fail"} with input as testing.without("/run/id")
