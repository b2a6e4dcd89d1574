# METADATA
# title: A number held against a limit
# description: >-
#   Judges a measure by its interval's bad end (bound) or by its value (point).
#   A limit inside the statistic's own noise fails only what is worse than
#   both; bounds are inclusive; a measure without a number never passes.
package weighlock.lib.judge

# check is the check of a measure. terms holds judge (bound or point),
# too_small (report or undecided) and verb (such as "is").
check(id, measure, limit, terms) := object.union(found, {
	"item": id,
	"observed": _observed(measure),
	"expected": object.union(_bounds(limit), {"judge": terms.judge}),
}) if {
	terms.judge in {"bound", "point"}
	found := _judge(id, measure, limit, terms)
}

_judge(id, measure, limit, terms) := _found("error", "%s has no limit that it could be held against", [id]) if not _limited(limit)

else := _without_number(id, measure, terms) if not measure.status == "ok"

else := _found("error", "%s is said to be ok, but has no value", [id]) if not _has_value(measure)

else := _found("error", "%s has an interval whose ends are swapped", [id]) if _swapped(measure)

else := _more(_found("undecided", "%s; the sample gives no interval to judge it by%s%s", [_sentence(id, measure, limit, terms), _detail(measure), _told(measure)])) if _degenerate(measure, terms)

else := _by_sides(id, measure, limit, terms)

# limited is true of limits that have at least one bound, and only numbers.
_limited(limit) if {
	count(limit) > 0
	every side, bound in limit {
		side in {"min", "max"}
		is_number(bound)
	}
}

_swapped(measure) if {
	is_number(measure.low)
	is_number(measure.high)
	measure.low > measure.high
}

_has_value(measure) if is_number(measure.value)

_without_number(id, measure, terms) := _found("warn", "%s rests on %d rows, too few to be judged%s%s", [id, measure.n, _detail(measure), _told(measure)]) if {
	measure.status == "too_few"
	terms.too_small == "report"
}

else := _found("undecided", "%s rests on %d rows, too few to be judged%s%s", [id, measure.n, _detail(measure), _told(measure)]) if measure.status == "too_few"

else := _found("undecided", "%s is undefined%s", [id, _detail(measure)]) if measure.status == "undefined"

else := _found("undecided", "%s has no labels to be computed from%s", [id, _detail(measure)]) if measure.status == "no_labels"

else := _found("error", "%s could not be computed%s", [id, _detail(measure)])

_detail(measure) := sprintf(": %s", [measure.detail]) if measure.detail != ""

else := ""

_degenerate(measure, terms) if {
	terms.judge == "bound"
	measure.degenerate
	not _exact(measure)
}

_exact(measure) if {
	measure.method in {"exact", "clopper_pearson"}
	is_number(measure.low)
	is_number(measure.high)
}

_by_sides(id, measure, limit, terms) := _by_worst(id, sides, sentence, measure, limit) if {
	sides := {_side(measure, limit, terms.judge, side) | some side, _ in limit}
	sentence := _sentence(id, measure, limit, terms)
}

_by_worst(id, sides, sentence, measure, limit) := _more(_found("fail", "%s; the interval's bad end misses the limit: so few rows do not show that the model meets it%s", [sentence, _needed(measure, limit)])) if {
	"fail" in sides
	_value_meets(measure, limit)
}

else := _found("fail", "%s; the value itself misses the limit", [sentence]) if "fail" in sides

else := _found("undecided", "%s; there is no interval to judge it by", [sentence]) if "no_end" in sides

else := _more(_found("undecided", "%s; chance alone reaches %s on so few rows, so the limit lies inside the noise%s", [sentence, number(measure.null95, {}), _needed(measure, limit)])) if "noise" in sides

else := _found("pass", "%s", [sentence]) if sides == {"pass"}

else := _found("error", "%s could not be judged", [id])

# side judges one bound: pass, fail, noise (between limit and noise), or
# no_end where the end that decides is not there.
_side(measure, limit, judge, side) := "no_end" if not _has_end(measure, judge, side)

else := "pass" if _within(_end(measure, judge, side), limit[side], side)

else := "fail" if not _noisy(measure, limit, side)

else := "fail" if _worse_than_both(measure.value, limit[side], measure.null95, side)

else := "noise"

_has_end(measure, judge, side) if is_number(_end(measure, judge, side))

_end(measure, "point", _) := measure.value

_end(measure, "bound", "min") := measure.low

_end(measure, "bound", "max") := measure.high

_within(value, bound, "min") if value >= bound

_within(value, bound, "max") if value <= bound

_worse_than_both(value, limit, noise, "min") if value < min([limit, noise])

_worse_than_both(value, limit, noise, "max") if value > max([limit, noise])

# noisy is true of a limit that is stricter than what chance alone gives.
_noisy(measure, limit, "min") if {
	is_number(measure.null95)
	limit.min > measure.null95
}

_noisy(measure, limit, "max") if {
	is_number(measure.null95)
	limit.max < measure.null95
}

_value_meets(measure, limit) if {
	every side, bound in limit {
		_within(measure.value, bound, side)
	}
}

# more is what to do where a number says too little, whatever the rule is.
_more(found) := object.union(found, {"solution": concat(" ", [
	"Judge the model on more rows; of a slice or group, on more rows of it, or in wider bins.",
	"Or better it until even the bad end of its interval meets the limit.",
])})

# needed says how many rows would decide. It is known that more would, but not
# how many, where the value lies on the limit's good side and no number is told;
# a value that is the limit itself is decided by no number of rows.
_needed(measure, limit) := _told(measure) if _told(measure) != ""

else := "; more rows would decide" if {
	every bound in limit {
		measure.value != bound
	}
}

else := ""

# told is the number of rows that would decide, where the measure says it.
_told(measure) := "; more than 10 million rows would decide" if measure.needed > 10000000

else := sprintf("; about %d rows would decide, of which it counts %d", [ceil((measure.needed * measure.rows) / measure.n), measure.needed]) if {
	is_number(measure.needed)
	measure.n > 0
	measure.n < measure.rows
}

else := sprintf("; about %d rows would decide", [measure.needed]) if is_number(measure.needed)

else := ""

_sentence(id, measure, limit, terms) := sprintf("%s %s %s%s on %d rows, limit %s", [id, terms.verb, number(measure.value, limit), _interval(measure, limit), measure.n, _words(limit)])

_interval(measure, limit) := sprintf(" [%s, %s]", [number(measure.low, limit), number(measure.high, limit)]) if {
	is_number(measure.low)
	is_number(measure.high)
}

else := ""

_words(limit) := concat(" and ", [sprintf("%s %v", [_sign[side], bound]) | some side in ["min", "max"]; bound := limit[side]])

_sign := {"min": "≥", "max": "≤"}

# number writes a number in four digits, or in as many more as it takes to stay
# on its side of the limit: 0.49996 against 0.5 is not 0.5. Weighlock's reports
# write numbers the same way.
number(x, limit) := format_int(x, 10) if x == round(x)

else := text if {
	text := _digits(x, 4)
	_same_side(x, to_number(text), limit)
}

else := [text | some n in numbers.range(5, 17); text := _digits(x, n); _same_side(x, to_number(text), limit)][0]

_digits(x, n) := sprintf("%.0f", [x]) if abs(x) >= to_number(sprintf("1e%d", [n]))

else := sprintf("%.*g", [n, x])

_same_side(x, shown, limit) if {
	every _, bound in limit {
		_side_of(x, bound) == _side_of(shown, bound)
	}
}

_side_of(x, bound) := -1 if x < bound

else := 0 if x == bound

else := 1

_observed(measure) := object.filter(measure, ["value", "low", "high", "n", "method", "null95", "needed"])

_bounds(limit) := object.filter(limit, ["min", "max"])

_found(status, format, args) := {"status": status, "message": sprintf(format, args)}
