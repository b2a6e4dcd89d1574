# METADATA
# title: A number held against a limit
# description: >-
#   Judges a measure by its interval's bad end (bound) or by its value (point).
#   A limit inside the statistic's own noise fails only what is worse than
#   both; bounds are inclusive; a measure without a number never passes.
package weighlock.lib.judge

# check is the check of a measure. terms holds judge (bound or point),
# too_small (report or undecided) and verb (such as "is").
check(id, measure, limit, terms) := {
	"item": id,
	"status": found.status,
	"message": found.message,
	"observed": _observed(measure),
	"expected": object.union(_bounds(limit), {"judge": terms.judge}),
} if {
	terms.judge in {"bound", "point"}
	found := _judge(id, measure, limit, terms)
}

_judge(id, measure, limit, terms) := _found("error", "%s has no limit that it could be held against", [id]) if not _limited(limit)

else := _without_number(id, measure, terms) if not measure.status == "ok"

else := _found("error", "%s is said to be ok, but has no value", [id]) if not _has_value(measure)

else := _found("error", "%s has an interval whose ends are swapped", [id]) if _swapped(measure)

else := _found("undecided", "%s; every row was decided alike, so the interval says nothing", [_sentence(id, measure, limit, terms)]) if _degenerate(measure, terms)

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

_without_number(id, measure, terms) := _found("warn", "%s rests on %d rows, too few to be judged%s", [id, measure.n, _detail(measure)]) if {
	measure.status == "too_few"
	terms.too_small == "report"
}

else := _found("undecided", "%s rests on %d rows, too few to be judged%s", [id, measure.n, _detail(measure)]) if measure.status == "too_few"

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

_by_worst(id, sides, sentence, measure, limit) := _found("fail", "%s%s", [sentence, _why(measure, limit)]) if "fail" in sides

else := _found("undecided", "%s; there is no interval to judge it by", [sentence]) if "no_end" in sides

else := _found("undecided", "%s; chance alone reaches %s at this size, so the limit lies inside the noise%s", [sentence, _number(measure.null95), _needed(measure)]) if "noise" in sides

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

# why says whether the value itself misses the limit, or only the end of its
# interval.
_why(measure, limit) := sprintf("; the value meets the limit, its interval does not%s", [_needed(measure)]) if _value_meets(measure, limit)

else := "; the value itself misses the limit"

_value_meets(measure, limit) if {
	every side, bound in limit {
		_within(measure.value, bound, side)
	}
}

_needed(measure) := sprintf(": about %d rows would decide", [measure.needed]) if is_number(measure.needed)

else := ": more rows would decide"

_sentence(id, measure, limit, terms) := sprintf("%s %s %s%s on %d rows, limit %s", [id, terms.verb, _show(measure.value, limit), _interval(measure, limit), measure.n, _words(limit)])

_interval(measure, limit) := sprintf(" [%s, %s]", [_show(measure.low, limit), _show(measure.high, limit)]) if {
	is_number(measure.low)
	is_number(measure.high)
}

else := ""

_words(limit) := concat(" and ", [sprintf("%s %v", [_sign[side], bound]) | some side in ["min", "max"]; bound := limit[side]])

_sign := {"min": "≥", "max": "≤"}

# show writes a number with more digits where rounding would hide on which
# side of the limit it lies.
_show(x, limit) := _decimals(x, 1000000, "%s%d.%06d") if {
	some _, bound in limit
	x != bound
	abs(x - bound) < 0.0005
}

else := _number(x)

_number(x) := _decimals(x, 1000000, "%s%d.%06d") if {
	x != 0
	abs(x) < 0.01
}

else := _decimals(x, 1000, "%s%d.%03d")

_decimals(x, scale, format) := sprintf(format, [_minus(x), floor(r / scale), r % scale]) if r := round(abs(x) * scale)

_minus(x) := "-" if x < 0

else := ""

_observed(measure) := object.filter(measure, ["value", "low", "high", "n", "method", "null95", "needed"])

_bounds(limit) := object.filter(limit, ["min", "max"])

_found(status, format, args) := {"status": status, "message": sprintf(format, args)}
