# METADATA
# scope: package
# title: The model is not worse than the one in use
# description: >-
#   The candidate is compared with the channel's champion on the same rows. Who
#   the champion is comes from the channel's ledger or the verifier file, never
#   from the author; where neither says, nothing is decided. Rows that the
#   champion was trained on are left out and counted; where these cannot be
#   known, nothing is decided either, but for a warning at level start.
#   Where the spec says so, few decisions that are right today may turn wrong.
# custom:
#   id: evaluation/champion
#   category: evaluation
#   solution: >-
#     Keep the champion, or improve the candidate. Where nobody says what the
#     channel holds, set channels.<name>.champion in the verifier file to its
#     digest, or to none for a first model.
#   collections: [core]
#   mltest: Infra 4
#   parameters: []
#   evidence: [input.evaluation, input.evaluation.statement]
#   grade: computed
#   items: input.spec.items.champion
#   declared: input.spec.document.champion
package weighlock.rules.evaluation.champion

import data.weighlock.lib.checks as finding
import data.weighlock.lib.evaluation

checks contains check if {
	some item in input.spec.items.champion
	check := _check(item)
}

_check(item) := evaluation.blocked(item, found) if found := _obstacle(item)

else := _clear(evaluation.check(item, _terms(item)))

# clear is a check with what is known of the champion's training rows.
_clear(found) := _told(found, found.status, _left_out) if _known_rows

else := object.union(_told(object.remove(found, {"points"}), _unsure, _unknown), {"solution": _keep}) if found.status in {"pass", "warn"}

else := _told(found, found.status, _unknown)

_told(found, status, words) := object.union(found, {"status": status, "message": concat("; ", [text | some text in [found.message, words]; text != ""])})

_training := _compared.training

_known_rows if {
	_training.status == "known"
	_training.ids > 0
	is_number(_training.excluded)
}

default _left_out := ""

_left_out := sprintf("%d of %d rows are left out, because the champion was trained on them", [_training.excluded, _compared.rows]) if _training.excluded > 0

_unknown := sprintf("on which rows the champion was trained is not known: %s", [object.get(_training, "detail", "the comparison does not say")]) if _training

else := "on which rows the champion was trained is not known: the comparison does not say"

# unsure is a warning where a first verdict is asked for, and undecided at
# every level above.
default _unsure := "undecided"

_unsure := "warn" if input.context.level == "start"

_keep := concat(" ", [
	"Publish the champion's version once more from its own project, with data.train and data.train.id:",
	"the registry then keeps its training ids, under the id key.",
	"Or put the file that it was trained on beside data.train, under any name.",
])

_terms(item) := {"kinds": {"negative_flips"}, "verb": "is", "too_small": "undecided"} if item.metric == "negative_flip_rate"

else := {"kinds": {"champion"}, "verb": "gains", "too_small": "undecided"}

_channel := input.spec.document.champion.channel

_known := input.champion[_channel]

_compared := input.evaluation.champion

_agreed if {
	count(input.spec.items.champion) == 1 + count(_flips)
	every item in input.spec.items.champion {
		_asked(item)
	}
}

# flips is the limit on decisions that turn wrong, where there is one.
_flips := [limit | limit := input.spec.document.champion.negative_flips]

_asked(item) if {
	item.metric == input.spec.document.champion.metric
	item.limit.min + input.spec.document.champion.margin == 0
}

_asked(item) if {
	item.metric == "negative_flip_rate"
	[item.limit] == _flips
}

_obstacle(_) := evaluation.disagreed if not _agreed

_obstacle(item) := _compare(item) if _agreed

_compare(item) := finding.undecided(sprintf("%s: neither a ledger nor the verifier file says which model channel %s holds", [item.id, _channel])) if not _known.digest

else := finding.warn(sprintf("%s: the %s says that channel %s has no champion yet", [item.id, _known.source, _channel])) if _known.digest == "none"

else := finding.warn(sprintf("%s: this model is the champion of channel %s itself", [item.id, _channel])) if _known.digest == input.model.digest

else := finding.undecided(sprintf("%s: the model was not compared with the champion of channel %s", [item.id, _channel])) if not _compared

else := finding.fail(sprintf("%s: the model was compared with %s, but the champion of channel %s is %s", [item.id, finding.short(_compared.digest), _channel, finding.short(_known.digest)])) if _compared.digest != _known.digest

else := finding.fail(sprintf("%s: the model was compared with the champion of channel %s, not of %s", [item.id, _compared.channel, _channel])) if _compared.channel != _channel

else := finding.undecided(sprintf("%s: only %d of %d rows were scored by the champion too", [item.id, _compared.rows, input.evaluation.rows])) if _compared.rows != input.evaluation.rows

else := finding.error(sprintf("%s: the comparison does not say with whom, or on how many rows", [item.id])) if not _sound

_sound if {
	_compared.digest == _known.digest
	_compared.channel == _channel
	_compared.rows == input.evaluation.rows
	input.evaluation.rows > 0
}
