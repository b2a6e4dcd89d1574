package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// observed is what a check saw, but for the rows that would decide where its
// message has them.
func observed(c verdict.Check) string {
	o := c.Observed
	if o.Value == nil {
		return o.Text
	}
	s := reach(o, c.Expected)
	if o.N != nil {
		s += fmt.Sprintf(" n=%d", *o.N)
	}
	if o.Method != "" {
		s += " (" + method(o) + ")"
	}
	if o.Needed != nil && !strings.Contains(c.Message, "rows would decide") {
		s += "; " + rowsNeeded(*o.Needed) + " rows would decide at this value"
	}
	return s
}

// method is how an interval was made.
func method(o *verdict.Observed) string { return strings.ReplaceAll(o.Method, "_", "-") }

// reach is a value and its interval.
func reach(o *verdict.Observed, e *verdict.Expected) string {
	s := number(*o.Value, e)
	if o.Low != nil && o.High != nil {
		s += fmt.Sprintf(" [%s, %s]", number(*o.Low, e), number(*o.High, e))
	}
	return s
}

// mostNeeded is where an estimate of rows stops to say anything.
const mostNeeded = 10_000_000

func rowsNeeded(n int64) string {
	if n > mostNeeded {
		return "more than 10 million"
	}
	return fmt.Sprintf("about %d", n)
}

// untold is what a message says beyond the check's numbers, where it has them
// as the policy library's judge words them: "recall is 0.39 [0.35, 0.43] on 511
// rows, limit ≥ 0.5; why". It is false of any other message.
func untold(c verdict.Check) (rest string, ok bool) {
	o, e := c.Observed, c.Expected
	if o == nil || o.Value == nil || o.N == nil || e == nil {
		return c.Message, false
	}
	before, after, ok := strings.Cut(c.Message, fmt.Sprintf(" %s on %d rows, limit %s", reach(o, e), *o.N, bounds(e)))
	if !ok {
		return c.Message, false
	}
	after = strings.TrimPrefix(after, "; ")
	if outer, _, quoted := strings.Cut(before, " (the rule said: "); quoted {
		if after = strings.TrimSuffix(after, ")"); after != "" {
			outer += " (the rule said: " + after + ")"
		}
		return outer, true
	}
	return after, true
}

func expected(e *verdict.Expected) string {
	s := bounds(e)
	if e.Judge == "bound" && s != e.Text {
		s += " at the interval's bad end"
	}
	return s
}

func bounds(e *verdict.Expected) string {
	var parts []string
	if e.Min != nil {
		parts = append(parts, "≥ "+exact(*e.Min))
	}
	if e.Max != nil {
		parts = append(parts, "≤ "+exact(*e.Max))
	}
	if len(parts) == 0 {
		return e.Text
	}
	return strings.Join(parts, " and ")
}

// number has four digits, or as many more as it takes to stay on its side of
// the limit: 0.49996 against 0.5 is not 0.5. The policy library's judge writes
// numbers the same way.
func number(v float64, e *verdict.Expected) string {
	for digits := 4; digits < 17; digits++ {
		text := strconv.FormatFloat(v, 'g', digits, 64)
		if v == math.Trunc(v) || math.Abs(v) >= math.Pow10(digits) {
			text = strconv.FormatFloat(v, 'f', 0, 64)
		}
		if shown, err := strconv.ParseFloat(text, 64); err != nil || sameSide(v, shown, e) {
			return text
		}
	}
	return exact(v)
}

func sameSide(v, shown float64, e *verdict.Expected) bool {
	if e == nil {
		return true
	}
	for _, limit := range []*float64{e.Min, e.Max} {
		if limit != nil && cmp.Compare(v, *limit) != cmp.Compare(shown, *limit) {
			return false
		}
	}
	return true
}

func exact(v float64) string {
	if size := math.Abs(v); size == 0 || size >= 1e-4 && size < 1e21 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// slack is how far the deciding end of a check's interval is from its limit,
// relative to the limit; what has no number is furthest.
func slack(c verdict.Check) float64 {
	o, e := c.Observed, c.Expected
	if o == nil || e == nil || o.Value == nil {
		return math.Inf(1)
	}
	least := math.Inf(1)
	side := func(limit, end *float64, sign float64) {
		if limit == nil {
			return
		}
		if end == nil {
			end = o.Value
		}
		least = min(least, sign*(*end-*limit)/max(math.Abs(*limit), 1e-9))
	}
	side(e.Min, o.Low, 1)
	side(e.Max, o.High, -1)
	return least
}
