package weighlock.rules.evaluation.champion_test

import data.weighlock.lib.testing
import data.weighlock.rules.evaluation.champion as rule

test_pass if {
	testing.got(rule.checks) == {"pass"} with input as data.fixture
	testing.says(rule.checks, "log_loss vs production gains 0.004 [0.001, 0.007] on 12000 rows, limit ≥ -0.005") with input as data.fixture
}

_result := "log_loss vs production"

test_worse if testing.got(rule.checks) == {"fail"} with input as testing.patched({
	"/evaluation/results/log_loss vs production/value": -0.02,
	"/evaluation/results/log_loss vs production/low": -0.03,
	"/evaluation/results/log_loss vs production/high": -0.01,
})

test_unknown_channel if {
	testing.got(rule.checks) == {"undecided"} with input as testing.set("/champion", {})
	testing.says(rule.checks, "neither a ledger nor the verifier file says which model channel production holds") with input as testing.set("/champion", {})
}

test_no_champion_yet if {
	testing.got(rule.checks) == {"warn"} with input as testing.set("/champion/production/digest", "none")
	testing.says(rule.checks, "the verifier says that channel production has no champion yet") with input as testing.set("/champion/production/digest", "none")
}

test_champion_itself if testing.got(rule.checks) == {"warn"} with input as testing.set("/champion/production/digest", data.fixture.model.digest)

test_not_compared if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation/champion")

test_wrong_digest if {
	testing.got(rule.checks) == {"fail"} with input as testing.set("/champion/production/digest", testing.digest)
	testing.says(rule.checks, "but the champion of channel production is sha256:000000000000") with input as testing.set("/champion/production/digest", testing.digest)
}

test_another_channel if testing.got(rule.checks) == {"fail"} with input as testing.set("/evaluation/champion/channel", "staging")

test_other_rows if testing.got(rule.checks) == {"undecided"} with input as testing.set("/evaluation/champion/rows", 11000)

test_rows_missing if testing.got(rule.checks) == {"error"} with input as testing.without("/evaluation/champion/rows")

test_missing if testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation")

test_wrong_type if testing.got(rule.checks) == {"error"} with input as testing.set("/evaluation/results/log_loss vs production/value", "better")

test_looser_margin_than_the_spec if testing.got(rule.checks) == {"error"} with input as testing.set("/spec/items/champion/0/limit/min", -1)

test_rows_that_the_champion_was_trained_on if {
	testing.got(rule.checks) == {"pass"} with input as testing.set("/evaluation/champion/training/excluded", 250)
	testing.says(rule.checks, "limit ≥ -0.005; 250 of 12000 rows are left out, because the champion was trained on them") with input as testing.set("/evaluation/champion/training/excluded", 250)
}

_unknown := testing.set("/evaluation/champion/training", {"status": "unknown", "excluded": 0, "detail": "its training data names no column of ids"})

test_unknown_training_rows if {
	testing.got(rule.checks) == {"undecided"} with input as _unknown
	testing.says(rule.checks, "limit ≥ -0.005; on which rows the champion was trained is not known: its training data names no column of ids") with input as _unknown
	every check in rule.checks {
		contains(check.solution, "Publish the champion's version once more")
		not check.points
	} with input as _unknown
}

test_unknown_training_rows_at_start if testing.got(rule.checks) == {"warn"} with input as json.patch(_unknown, [{"op": "replace", "path": "/context/level", "value": "start"}])

test_worse_on_unknown_rows if {
	worse := json.patch(_unknown, [{"op": "replace", "path": sprintf("/evaluation/results/log_loss vs production/%s", [end]), "value": -0.02} | some end in ["value", "low", "high"]])
	testing.got(rule.checks) == {"fail"} with input as worse
	testing.says(rule.checks, "on which rows the champion was trained is not known") with input as worse
}

test_training_rows_that_nobody_speaks_of if {
	testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation/champion/training")
	testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation/champion/training/ids")
	testing.got(rule.checks) == {"undecided"} with input as testing.without("/evaluation/champion/training/excluded")
}

_flips := {
	"kind": "negative_flips", "item": "negative_flip_rate vs production", "metric": "negative_flip_rate",
	"status": "ok", "value": 0.01, "low": 0.008, "high": 0.012, "method": "wilson", "level": 0.95, "n": 12000, "rows": 12000, "threshold": data.fixture.spec.document.predictions.threshold,
}

_limited(value) := testing.patched({
	"/spec/document/champion/negative_flips": {"max": 0.02},
	"/spec/items/champion/-": {"id": "negative_flip_rate vs production", "metric": "negative_flip_rate", "limit": {"max": 0.02}, "path": "spec.champion.negative_flips"},
	"/evaluation/results/negative_flip_rate vs production": object.union(_flips, value),
})

test_few_decisions_turn_wrong if {
	testing.got(rule.checks) == {"pass"} with input as _limited({})
	count(rule.checks) == 2 with input as _limited({})
	testing.says(rule.checks, "negative_flip_rate vs production is 0.01 [0.008, 0.012] on 12000 rows, limit ≤ 0.02") with input as _limited({})
}

test_many_decisions_turn_wrong if testing.of(rule.checks, "negative_flip_rate vs production") == "fail" with input as _limited({"value": 0.03, "low": 0.028, "high": 0.032})

test_decisions_at_another_threshold if testing.of(rule.checks, "negative_flip_rate vs production") == "fail" with input as _limited({"threshold": 0.9})

test_decisions_at_no_threshold if testing.of(rule.checks, "negative_flip_rate vs production") == "error" with input as json.remove(_limited({}), ["/evaluation/results/negative_flip_rate vs production/threshold"])

test_decisions_that_were_not_compared if testing.of(rule.checks, "negative_flip_rate vs production") == "error" with input as json.remove(_limited({}), ["/evaluation/results/negative_flip_rate vs production"])

test_limit_on_decisions_that_nobody_enumerates if testing.got(rule.checks) == {"error"} with input as testing.set("/spec/document/champion/negative_flips", {"max": 0.02})

test_looser_limit_on_decisions_than_the_spec if testing.got(rule.checks) == {"error"} with input as json.patch(_limited({}), [{"op": "replace", "path": "/spec/items/champion/1/limit/max", "value": 0.5}])
