package weighlock.rules.trust.image_signed_test

import data.weighlock.lib.testing
import data.weighlock.rules.trust.image_signed as rule

test_pass if testing.got(rule.checks) == {"pass"} with input as data.fixture

test_pass_names_signer if testing.says(rule.checks, "signed by gate-ci") with input as data.fixture

test_nobody_signed if testing.got(rule.checks) == {"undecided"} with input as testing.set("/signatures", [])

test_signatures_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/signatures")

test_signer_has_another_role if testing.got(rule.checks) == {"undecided"} with input as testing.set("/signatures/0/roles", ["builder"])

test_signature_without_signer if testing.got(rule.checks) == {"undecided"} with input as testing.without("/signatures/0/signer")

test_image_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/image")

test_image_without_digest if testing.got(rule.checks) == {"error"} with input as testing.without("/image/digest")

test_wrong_type if testing.got(rule.checks) == {"undecided"} with input as testing.set("/signatures/0/roles", 7)

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/image/digest", testing.digest)
