# METADATA
# title: Short words for tests of rules
# description: >-
#   data.fixture is a whole input that every rule passes; a test takes something
#   away from it, or puts something else in its place.
package weighlock.lib.testing

got(checks) := {c.status | some c in checks}

of(checks, item) := c.status if {
	some c in checks
	c.item == item
}

says(checks, text) if {
	some c in checks
	contains(c.message, text)
}

without(path) := json.remove(data.fixture, [path])

set(path, value) := json.patch(data.fixture, [{"op": "add", "path": path, "value": value}])

patched(changes) := json.patch(data.fixture, [{"op": "add", "path": path, "value": value} | some path, value in changes])

digest := "sha256:0000000000000000000000000000000000000000000000000000000000000000"
