# METADATA
# scope: package
# title: The limits were committed before training
# description: >-
#   Limits that are chosen after the numbers are known prove nothing. The run
#   record embeds the digest of the signed spec, so that spec existed before the
#   run which the builder recorded. Who the builder is is what this is worth.
# custom:
#   id: spec/before_training
#   category: spec
#   solution: >-
#     Put the spec back to what was signed, or train again under the new one:
#     weighlock run signs the spec and records the run. Trusted times need a
#     timestamp authority (--tsa); claimed ones count where the verifier file
#     says claimed_time: true.
#   collections: [core]
#   mltest: none
#   parameters: []
#   evidence: [input.spec.statement, input.run, input.run.statement]
#   grade: computed
#   items: input.model.name
package weighlock.rules.spec.before_training

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, _findings, _praise, {"evidence": array.concat(
	[d | d := input.spec.statement.digest],
	[d | d := input.run.statement.digest],
)})

default _praise := "the spec was signed before the run"

_praise := sprintf("%s signed the spec at %s, and the run that embeds it started at %s%s", [input.spec.statement.signer, _signed.at, input.run.started.at, _by_whose_clock])

_by_whose_clock := "" if _trusted

else := " (both by clocks that nobody vouches for)"

_signed := input.spec.statement.time

_findings contains finding.undecided("nobody who may build has signed the spec") if not _spec_signed

_spec_signed if "builder" in input.spec.statement.roles

_findings contains finding.fail(sprintf("the spec is about model %v", [object.get(input.spec.document, "name", "unknown")])) if not input.spec.document.name == input.model.name

_findings contains finding.undecided("no run record names these model files") if not input.run

_findings contains finding.undecided("nobody who may build has signed the run record") if {
	input.run
	not _run_signed
}

_run_signed if "builder" in input.run.statement.roles

_findings contains _spec_finding if {
	input.run
	not input.run.spec == input.spec.digest
}

_spec_finding := finding.fail(sprintf("%s: limits are committed before training", [concat("; ", changes)])) if {
	changes := sort([sprintf("%s was %s, is %s", [c.path, c.was, c.is]) | some c in input.run.changes])
	count(changes) > 0
}

else := finding.fail(sprintf("the run was made under spec %v, not under %v", [object.get(input.run, "spec", "unknown"), input.spec.digest]))

_findings contains finding.fail(sprintf("the run embeds the signed spec %v, but the one found is %v", [object.get(input.run, "bundle", "unknown"), object.get(input.spec.statement, "digest", "unknown")])) if {
	input.run.spec == input.spec.digest
	not input.run.bundle == input.spec.statement.digest
}

_findings contains finding.fail(sprintf("the training command ended with status %v", [object.get(input.run, "exit", "unknown")])) if {
	input.run
	not input.run.exit == 0
}

_findings contains finding.fail("the run record ends before it starts") if {
	time.parse_rfc3339_ns(input.run.ended.at) < time.parse_rfc3339_ns(input.run.started.at)
}

_findings contains finding.undecided("the run record does not say when the run started and ended") if {
	input.run
	not _times
}

_times if {
	is_string(input.run.started.at)
	is_string(input.run.ended.at)
}

_findings contains finding.undecided("the signed spec does not say when it was signed") if {
	input.spec.statement
	not _signed.at
}

# _late is by how many seconds the spec was signed after the run started;
# times are whole seconds.
_late := (time.parse_rfc3339_ns(_signed.at) - time.parse_rfc3339_ns(input.run.started.at)) / 1000000000

_findings contains finding.fail(sprintf("the spec was signed %d seconds after the run started", [_late])) if _late > 0

_findings contains finding.undecided("the order of spec and run rests on clocks that nobody vouches for") if {
	_late <= 0
	not _trusted
	not input.context.claimed_time
}

_trusted if {
	_signed.trusted
	input.run.started.trusted
}
