# METADATA
# scope: package
# title: The scorer, run again, gives the predictions that were handed in
# description: >-
#   Predictions that come as a file may have been edited, or be another
#   model's. Weighlock runs the project's own scorer with the model's files on
#   rows of the pinned data, without their labels, drawn after the predictions
#   were handed in, and holds its scores against those in the file.
# custom:
#   id: predictions/rescored
#   category: predictions
#   solution: >-
#     Let predictions.command make the predictions that are handed in, from the
#     model as it is published, and do not touch them afterwards; weighlock help
#     scorer is the command's contract. Where scores differ in their last digits
#     only, the owner of the verifier file can widen parameters.rescore_tolerance.
#   collections: [core]
#   mltest: none
#   parameters: [rescore, rescore_tolerance]
#   evidence: [input.evaluation, input.evaluation.statement, input.evaluation.rescored]
#   grade: rescored
#   items: input.model.name
#   declared: parameters.rescore
package weighlock.rules.predictions.rescored

import data.weighlock.lib.checks as finding
import data.weighlock.lib.evaluation
import data.weighlock.lib.judge

checks contains finding.conclude(input.model.name, _findings, _praise, {"evidence": evaluation.evidence})

_run := input.evaluation.rescored

default _praise := "the scorer gives the predictions that were handed in"

_praise := sprintf("%s, run again on %d of %d rows without labels, gives the scores that were handed in%s", [_run.command, _run.rows, _run.of, _unseen])

default _unseen := ""

_unseen := sprintf("; had more than %s %% of the rows been others, the sample would have shown it (95 %%)", [judge.number(100 * _run.unseen, {})]) if _run.unseen

_findings contains evaluation.obstacle

_findings contains finding.undecided("nobody has run the scorer again: there is no rescoring of this model's predictions") if not _run

_findings contains finding.error("the rescoring is none: it is no object") if {
	_run
	not _told_of
}

_told_of if is_object(_run)

_findings contains finding.error(sprintf("the rescoring ended in a way that is not known: %v", [object.get(_run, "status", "unnamed")])) if {
	_run
	not _ended
}

_ended if _run.status in {"compared", "failed"}

_findings contains finding.undecided(sprintf("the scorer gave no answer that could be compared: %v", [object.get(_run, "detail", "it does not say why")])) if _run.status == "failed"

_findings contains finding.fail(sprintf("the scorer was run with another model, %v", [object.get(_run, "model", "which is not named")])) if {
	_run
	not _run.model == input.model.digest
}

_findings contains finding.error("the rescoring does not say how many rows agreed, or how closely") if {
	_run.status == "compared"
	not _counted
}

_counted if {
	is_number(_run.rows)
	_run.rows > 0
	_run.rows <= _run.of
	is_number(_run.disagreed)
	_run.disagreed >= 0
	_run.disagreed <= _run.rows
	_run.of == input.evaluation.join.matched
	is_number(_run.tolerance.absolute)
	is_number(_run.tolerance.relative)
}

_findings contains finding.undecided(sprintf("%v of %v rows were rescored, and %v are asked for", [_run.rows, _run.of, object.get(data.parameters.rescore, "rows", "all")])) if {
	_run.status == "compared"
	not _enough
}

_enough if _run.rows == _run.of

_enough if {
	is_number(data.parameters.rescore.rows)
	_run.rows >= data.parameters.rescore.rows
}

_findings contains finding.undecided(sprintf("the scores were compared within %v or a relative %v, and no more than %v or %v is allowed", [_run.tolerance.absolute, _run.tolerance.relative, _allowed.absolute, _allowed.relative])) if {
	_run.status == "compared"
	not _close
}

_allowed := data.parameters.rescore_tolerance

_close if {
	_run.tolerance.absolute <= _allowed.absolute
	_run.tolerance.relative <= _allowed.relative
}

_findings contains finding.fail(sprintf("%d of %d rescored rows disagree with the predictions handed in, and %v may%s", [_run.disagreed, _run.rows, _share, _list])) if {
	_run.status == "compared"
	_run.disagreed > _allowed.share * _run.rows
}

_share := "none" if _allowed.share == 0

else := sprintf("%s %% of them", [judge.number(100 * _allowed.share, {})])

default _list := ""

_list := concat("", [": ", concat("; ", _told), _more]) if count(_run.disagreements) > 0

# told are the largest disagreements, in their order.
_told := [sprintf("%s%s was handed in as %v, and the scorer says %v", [_column(d), _named(d), d.submitted, d.rescored]) |
	some i, d in _run.disagreements
	i < 5
]

_column(d) := sprintf("%s of ", [d.column]) if d.column

else := ""

_named(d) := sprintf("row %v", [d.row]) if d.row

else := sprintf("row %s…", [substring(d.id, 0, 12)])

_more := sprintf("; and %d more", [_run.disagreed - count(_told)]) if _run.disagreed > count(_told)

else := ""

_findings contains finding.warn("nothing says what the scorer was kept from") if {
	_run.status == "compared"
	not _run.confinement
}

_findings contains finding.warn(sprintf("the scorer could have reached the network%s", [_why])) if {
	_run.status == "compared"
	_run.confinement
	not _run.confinement.network == "none"
}

_findings contains finding.warn(sprintf("the scorer could have read the labels and the predictions handed in, at their own paths%s", [_why])) if {
	_run.status == "compared"
	_run.confinement
	not _run.confinement.labels == "hidden"
}

default _why := ""

_why := sprintf(" (%s)", [concat("; ", _run.confinement.why)]) if count(_run.confinement.why) > 0
