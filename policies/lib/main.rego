# METADATA
# title: What stands in the way, for conftest, Conforma and opa eval
# description: >-
#   Foreign programs that run this bundle read deny and warn. They get what
#   Weighlock's own engine would say about silence, from the bundle's data.json;
#   grades, points and waivers are the engine's alone.
package main

deny contains _told(id, check) if {
	some id, checks in _checks
	some check in checks
	not _lets_through(check)
}

deny contains _problem(id, item, sprintf("%s is missing, so this cannot be decided", [concat(".", path)])) if {
	some id, checks in _checks
	some check in checks
	_lets_through(check)
	item := check.item
	some path in data.rules[id].evidence
	object.get(input, path, null) in {null, {}, ""}
}

deny contains _problem(id, item, "the rule did not say exactly one thing about this item") if {
	some id, checks in _checks
	some item in _items(id)
	count([c | some c in checks; c.item == item]) != 1
}

deny contains _problem(id, item, "the rule spoke about an item that is not to be judged") if {
	some id, checks in _checks
	some item in ({c.item | some c in checks} - _items(id))
}

deny contains _problem(id, "", "nothing is named that could be judged") if {
	some id, _ in _checks
	count(_items(id)) == 0
}

deny contains {"msg": "the level is unknown, so nothing was judged", "status": "error"} if count(_checks) == 0

warn contains _told(id, check) if {
	some id, checks in _checks
	some check in checks
	check.status == "warn"
}

_lets_through(check) if check.status in {"pass", "warn"}

_told(id, check) := {
	"msg": sprintf("%s: %s: %s", [id, check.item, check.message]),
	"code": id,
	"item": check.item,
	"status": check.status,
	"title": data.rules[id].title,
	"solution": object.get(check, "solution", data.rules[id].solution),
}

_problem(id, item, message) := _told(id, {"item": item, "status": "error", "message": message})

# checks are those of the rules that apply at the input's level.
_checks[id] := data.weighlock.rules[category][name].checks if {
	some id, when in data.levels[input.context.level]
	_applies(id, when)
	[category, name] := split(id, "/")
}

_applies(_, "required")

_applies(_, "published") if not input.context.published == false

_applies(id, "declared") if {
	path := data.rules[id].declared
	count(path) > 0
	object.get(input, path, _nothing) != _nothing
}

_applies(id, "declared") if {
	name := data.rules[id].parameter
	count(data.parameters[name]) > 0
}

_nothing := {"there is nothing"}

_items(id) := _ids(object.get(input, data.rules[id].items, []))

_ids(value) := {value} if is_string(value)

_ids(value) := {key | some key, _ in value} if is_object(value)

_ids(value) := {id | some element in value; id := _id(element)} if is_array(value)

_id(element) := element if is_string(element)

_id(element) := element.id if is_object(element)
