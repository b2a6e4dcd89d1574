# METADATA
# title: Findings, and the check that they amount to
# description: >-
#   A rule collects what stands in the way of a pass as findings. The worst of
#   them decides, and no finding at all is a pass. A finding that has none of
#   the four statuses is an error. Where the rule's METADATA is too general for
#   it, a finding may say for itself what to do (solution), what is asked for
#   (limit) and which path of the project file it is about (place).
package weighlock.lib.checks

error(message) := {"status": "error", "message": message}

fail(message) := {"status": "fail", "message": message}

undecided(message) := {"status": "undecided", "message": message}

warn(message) := {"status": "warn", "message": message}

# conclude is the check of one item; praise is its message where nothing was
# found, and more holds further fields of the check.
conclude(item, findings, praise, more) := object.union_n([more, _own(_decisive(findings)), {
	"item": item,
	"status": _worst(findings),
	"message": _message(findings, praise),
}])

# decisive are the findings of the worst status.
_decisive(findings) := [f | some f in findings; f.status == _worst(findings)]

# own is what these findings say for themselves.
_own(findings) := object.union_n([
	{"solution": text | text := _joined(findings, "solution", " ")},
	{"expected": {"text": text} | text := _joined(findings, "limit", "; ")},
	{"place": min(places) | places := {f.place | some f in findings}; count(places) > 0},
])

_joined(findings, key, between) := concat(between, sort(texts)) if {
	texts := {f[key] | some f in findings}
	count(texts) > 0
}

_worst(findings) := "pass" if count(findings) == 0

else := "error" if count(_statuses(findings) - {s | some s in _worst_first}) > 0

else := [s | some s in _worst_first; s in _statuses(findings)][0]

_worst_first := ["error", "fail", "undecided", "warn"]

_statuses(findings) := {f.status | some f in findings}

_message(findings, praise) := praise if count(findings) == 0

else := concat("; ", sort([f.message | some f in _decisive(findings)]))

# short is a digest as people read it.
short(digest) := substring(digest, 0, 19)
