# METADATA
# scope: package
# title: The spec asks for at least what the verifier asks for
# description: >-
#   A team writes its own limits, but not as loose as it likes. The verifier
#   file may name metrics, slices, fairness columns and rows that every spec must
#   have; a project may add and tighten.
# custom:
#   id: spec/least
#   category: spec
#   solution: >-
#     Add what is named here to the project's spec, or tighten it, and train
#     again.
#   collections: [core]
#   mltest: none
#   parameters: [least]
#   evidence: [input.spec.document, input.data]
#   grade: computed
#   items: input.model.name
#   declared: parameters.least
package weighlock.rules.spec.least

import data.weighlock.lib.checks as finding

checks contains finding.conclude(input.model.name, _findings, "the spec asks for at least what the verifier file does", {})

_spec := input.spec.document

_findings contains finding.fail(sprintf("spec.metrics.%s is missing, and must be limited", [metric])) if {
	some metric, _ in data.parameters.least.metrics
	not _spec.metrics[metric]
}

_findings contains finding.fail(sprintf("spec.metrics.%s.min is %v, and must be at least %v", [metric, object.get(own, "min", "missing"), limit.min])) if {
	some metric, limit in data.parameters.least.metrics
	own := _spec.metrics[metric]
	is_number(limit.min)
	not _as_high(own, limit)
}

_findings contains finding.fail(sprintf("spec.metrics.%s.max is %v, and must be at most %v", [metric, object.get(own, "max", "missing"), limit.max])) if {
	some metric, limit in data.parameters.least.metrics
	own := _spec.metrics[metric]
	is_number(limit.max)
	not _as_low(own, limit)
}

_as_high(own, least) if {
	is_number(own.min)
	own.min >= least.min
}

_as_low(own, least) if {
	is_number(own.max)
	own.max <= least.max
}

_findings contains finding.fail(sprintf("spec.slices.by must name %s", [column])) if {
	some column in data.parameters.least.slices
	not _named("slices", column)
}

_findings contains finding.fail(sprintf("spec.fairness.by must name %s", [column])) if {
	some column in data.parameters.least.fairness
	not _named("fairness", column)
}

# named is true of a column that a by list names, with or without bins. One
# that is only crossed with others is not: a good average over the crossings'
# limits says less of the column itself.
_named(part, column) if column in _spec[part].by

_named(part, column) if {
	some entry in _spec[part].by
	not regex.match(`[*|]`, entry)
	column == split(entry, ":")[0]
}

_findings contains finding.undecided("the evaluation rows were not counted") if {
	data.parameters.least.min_rows
	not _counted
}

_counted if is_number(input.data.document.sets.test.rows)

_findings contains finding.fail(sprintf("test has %d rows, and must have at least %d", [rows, data.parameters.least.min_rows])) if {
	rows := input.data.document.sets.test.rows
	rows < data.parameters.least.min_rows
}
