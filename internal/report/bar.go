package report

import (
	"math"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// scale places a check's numbers on a line from 0 to 1 that holds the value,
// its interval and its limits, with some room at both ends. Low and High are
// the value's own place where there is no interval.
type scale struct {
	Value, Low, High float64
	Limits           []limitMark
}

// limitMark is where a limit stands, and on which side of it a model must be.
type limitMark struct {
	At  float64
	Min bool
}

// room is the part of the line that stays empty at each end.
const room = 0.06

// newScale gives no scale where there is no finite number.
func newScale(c verdict.Check) (scale, bool) {
	o, e := c.Observed, c.Expected
	if o == nil || o.Value == nil {
		return scale{}, false
	}
	s := scale{Value: *o.Value, Low: *o.Value, High: *o.Value}
	if o.Low != nil && o.High != nil {
		s.Low, s.High = *o.Low, *o.High
	}
	if e != nil && e.Min != nil {
		s.Limits = append(s.Limits, limitMark{*e.Min, true})
	}
	if e != nil && e.Max != nil {
		s.Limits = append(s.Limits, limitMark{*e.Max, false})
	}
	return s.unit()
}

func (s scale) unit() (scale, bool) {
	from, to := min(s.Value, s.Low), max(s.Value, s.High)
	for _, l := range s.Limits {
		from, to = min(from, l.At), max(to, l.At)
	}
	span := to - from
	if math.IsNaN(span) || math.IsInf(span, 0) || span <= 0 {
		return scale{}, false
	}
	place := func(v float64) float64 { return room + (v-from)/span*(1-2*room) }
	s.Value, s.Low, s.High = place(s.Value), place(s.Low), place(s.High)
	for i := range s.Limits {
		s.Limits[i].At = place(s.Limits[i].At)
	}
	return s, true
}

// leastBar is the shortest bar that says anything.
const leastBar = 12

// bar draws a check's value (●), interval (├─┤) and limits (┃) in a line of
// cells, plain asks for ASCII; it is empty where there is nothing to draw. A
// mark that is not on the limit is never drawn on it or past it.
func bar(c verdict.Check, cells int, plain bool) string {
	s, ok := newScale(c)
	if !ok || cells < leastBar {
		return ""
	}
	pen := pens[plain]
	line := []rune(strings.Repeat(string(pen[0]), cells))
	cell := func(at float64) int {
		i := int(math.Round(at * float64(cells-1)))
		for _, l := range s.Limits {
			limit := int(math.Round(l.At * float64(cells-1)))
			switch {
			case at < l.At && i >= limit:
				i = limit - 1
			case at > l.At && i <= limit:
				i = limit + 1
			}
		}
		return min(max(i, 0), cells-1)
	}
	low, high := cell(s.Low), cell(s.High)
	for i := low; i <= high; i++ {
		line[i] = pen[3]
	}
	line[low], line[high] = pen[2], pen[4]
	for _, l := range s.Limits {
		line[int(math.Round(l.At*float64(cells-1)))] = pen[6]
	}
	line[cell(s.Value)] = pen[5]
	return string(line)
}
