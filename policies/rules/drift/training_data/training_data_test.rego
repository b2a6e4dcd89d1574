package weighlock.rules.drift.training_data_test

import data.weighlock.lib.testing
import data.weighlock.rules.drift.training_data as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "psi of age is 0.0031 [0.0012, 0.0064] on 12000 rows, limit ≤ 0.2") with input as data.fixture
}

_age(measure) := testing.set("/drift/results/age", object.union(data.fixture.drift.results.age, measure))

test_drift if testing.of(rule.checks, "age") == "fail" with input as _age({"value": 0.31, "low": 0.27, "high": 0.36})

test_limit_inside_the_noise if {
	changed := _age({"value": 0.21, "low": 0.1, "high": 0.33, "null95": 0.25, "needed": 900, "n": 500, "rows": 500})
	testing.of(rule.checks, "age") == "undecided" with input as changed
	testing.says(rule.checks, "chance alone reaches 0.25 on so few rows, so the limit lies inside the noise; about 900 rows would decide") with input as changed
}

test_column_not_computed if testing.of(rule.checks, "age") == "error" with input as testing.without("/drift/results/age")

test_result_of_another_column if testing.of(rule.checks, "age") == "error" with input as testing.set("/drift/results/age/item", "income")

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/drift")

test_another_spec if testing.got(rule.checks) == {"fail"} with input as testing.set("/drift/spec", testing.digest)

test_another_method if testing.got(rule.checks) == {"fail"} with input as testing.set("/drift/method/name", "ks")

test_wrong_digest if testing.got(rule.checks) == {"fail"} with input as testing.set("/drift/current/digest", testing.digest)

test_other_reference if testing.got(rule.checks) == {"fail"} with input as testing.set("/drift/reference/digest", testing.digest)

test_reference_missing if testing.got(rule.checks) == {"error"} with input as testing.without("/drift/reference")

test_wrong_type if testing.of(rule.checks, "age") == "error" with input as _age({"value": "0.1"})

test_column_of_the_data_is_not_enumerated if testing.got(rule.checks) == {"error"} with input as testing.without("/data/items/drift/0")

_unsigned := testing.set("/drift/statement/roles", [])

test_evaluator_did_not_sign_what_is_published if testing.got(rule.checks) == {"undecided"} with input as _unsigned

test_nobody_signs_what_is_computed_now if testing.got(rule.checks) == {"pass"} with input as json.patch(_unsigned, [{"op": "replace", "path": "/context/published", "value": false}])
