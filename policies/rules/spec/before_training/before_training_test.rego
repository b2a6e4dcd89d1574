package weighlock.rules.spec.before_training_test

import data.weighlock.lib.testing
import data.weighlock.rules.spec.before_training as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "alice signed the spec at 2026-11-10T08:00:00Z") with input as data.fixture
}

test_same_second if testing.got(rule.checks) == {"pass"} with input as testing.set("/run/started/at", "2026-11-10T08:00:00Z")

test_one_second_after_the_start if {
	changed := testing.set("/spec/statement/time/at", "2026-11-10T08:00:06Z")
	testing.got(rule.checks) == {"fail"} with input as changed
	testing.says(rule.checks, "signed 1 seconds after the run started") with input as changed
}

test_after_the_start_by_claimed_clocks if testing.got(rule.checks) == {"fail"} with input as testing.patched({
	"/spec/statement/time": {"at": "2026-11-10T08:00:06Z", "trusted": false},
	"/context/claimed_time": true,
})

test_limit_edited_after_training if {
	changed := testing.patched({
		"/spec/digest": testing.digest,
		"/run/changes": [{"path": "spec.metrics.recall.min", "was": "0.55", "is": "0.40"}],
	})
	testing.got(rule.checks) == {"fail"} with input as changed
	testing.says(rule.checks, "spec.metrics.recall.min was 0.55, is 0.40: limits are committed before training") with input as changed
}

test_another_spec if {
	testing.got(rule.checks) == {"fail"} with input as testing.set("/spec/digest", testing.digest)
	testing.says(rule.checks, "the run was made under spec") with input as testing.set("/spec/digest", testing.digest)
}

test_another_signed_bundle if testing.got(rule.checks) == {"fail"} with input as testing.set("/run/bundle", testing.digest)

test_run_embeds_no_bundle if testing.got(rule.checks) == {"fail"} with input as testing.without("/run/bundle")

test_unsigned_spec if testing.got(rule.checks) == {"undecided"} with input as testing.without("/spec/statement")

test_spec_signed_by_another_role if testing.got(rule.checks) == {"undecided"} with input as testing.set("/spec/statement/roles", ["evaluator"])

test_run_signed_by_another_role if testing.got(rule.checks) == {"undecided"} with input as testing.set("/run/statement/roles", ["evaluator"])

test_missing_run if testing.got(rule.checks) == {"undecided"} with input as testing.without("/run")

test_claimed_time if testing.got(rule.checks) == {"undecided"} with input as testing.set("/spec/statement/time/trusted", false)

test_claimed_start if testing.got(rule.checks) == {"undecided"} with input as testing.set("/run/started/trusted", false)

test_claimed_time_that_the_verifier_accepts if {
	changed := testing.patched({"/spec/statement/time/trusted": false, "/context/claimed_time": true})
	testing.got(rule.checks) == {"pass"} with input as changed
	testing.says(rule.checks, "by clocks that nobody vouches for") with input as changed
}

test_no_signing_time if testing.got(rule.checks) == {"undecided"} with input as testing.without("/spec/statement/time")

test_no_start if testing.got(rule.checks) == {"undecided"} with input as testing.without("/run/started")

test_training_failed if testing.got(rule.checks) == {"fail"} with input as testing.set("/run/exit", 1)

test_no_exit_status if testing.got(rule.checks) == {"fail"} with input as testing.without("/run/exit")

test_ends_before_it_starts if testing.got(rule.checks) == {"fail"} with input as testing.set("/run/ended/at", "2026-11-10T07:00:00Z")

test_wrong_type if testing.got(rule.checks) == {"undecided"} with input as testing.patched({"/spec/statement/time/at": false, "/run/started/at": 7})

test_pass_without_a_name if testing.says(rule.checks, "the spec was signed before the run") with input as testing.without("/spec/statement/signer")

test_spec_of_another_model if testing.got(rule.checks) == {"fail"} with input as testing.set("/spec/document/name", "churn")
