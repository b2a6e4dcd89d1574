package weighlock.rules.trust.single_signer_test

import data.weighlock.lib.testing
import data.weighlock.rules.trust.single_signer as rule

test_pass if testing.got(rule.checks) == {"pass"} with input as data.fixture

test_single_signer_warns if testing.got(rule.checks) == {"warn"} with input as testing.set("/context/signing", "single-signer")

test_single_signer_is_refused_at_regulated if testing.got(rule.checks) == {"fail"} with input as testing.patched({"/context/signing": "single-signer", "/context/level": "regulated"})

test_unsigned if testing.got(rule.checks) == {"fail"} with input as testing.set("/context/signing", "unsigned")

test_missing if testing.got(rule.checks) == {"error"} with input as testing.without("/context/signing")

test_wrong_type if testing.got(rule.checks) == {"error"} with input as testing.set("/context/signing", true)
