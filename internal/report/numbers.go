package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

func observed(o *verdict.Observed, e *verdict.Expected) string {
	if o.Value == nil {
		return o.Text
	}
	s := number(*o.Value, e)
	if o.Low != nil && o.High != nil {
		s += fmt.Sprintf(" [%s, %s]", number(*o.Low, e), number(*o.High, e))
	}
	if o.N != nil {
		s += fmt.Sprintf(" n=%d", *o.N)
	}
	if o.Method != "" {
		s += " (" + strings.ReplaceAll(o.Method, "_", "-") + ")"
	}
	if o.Needed != nil {
		s += fmt.Sprintf("; about %d rows would decide at this value", *o.Needed)
	}
	return s
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
// the limit: 0.49996 against 0.5 is not 0.5.
func number(v float64, e *verdict.Expected) string {
	for digits := 4; digits < 17; digits++ {
		text := strconv.FormatFloat(v, 'g', digits, 64)
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

func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

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
