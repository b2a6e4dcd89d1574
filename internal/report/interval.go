package report

import (
	"math"
	"slices"
	"strings"
)

// Axis is the line that numbers of one kind are drawn along, so that they can
// be compared by eye. Plain asks for ASCII.
type Axis struct {
	From, To float64
	// Mark is a value that all others are compared with; NaN for none.
	Mark  float64
	Plain bool
}

// NewAxis holds all finite numbers, from 0 to 1 where they lie in there.
func NewAxis(plain bool, mark float64, numbers ...float64) Axis {
	x := TightAxis(plain, mark, numbers...)
	x.From, x.To = min(x.From, 0), max(x.To, 0)
	if x.From == 0 && x.To <= 1 {
		x.To = 1
	}
	return x
}

// TightAxis holds all finite numbers and the mark, and no more.
func TightAxis(plain bool, mark float64, numbers ...float64) Axis {
	x := Axis{From: math.Inf(1), To: math.Inf(-1), Mark: mark, Plain: plain}
	for _, v := range slices.Concat([]float64{mark}, numbers) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			x.From, x.To = min(x.From, v), max(x.To, v)
		}
	}
	return x
}

// pens are the signs for the line, its mark, the interval's ends, line and
// value, and a limit; those of true are ASCII.
var pens = map[bool][7]rune{
	false: {'·', '┊', '├', '─', '┤', '●', '┃'},
	true:  {'.', ':', '|', '-', '|', 'o', '!'},
}

// Draw draws a value with its interval in a line of cells: ├──●──┤. It is empty
// where there is no number, no room, or nothing to tell apart. Without an
// interval, low and high are the value.
func (x Axis) Draw(value, low, high float64, cells int) string {
	span := x.To - x.From
	if cells < leastBar || !(span > 0) || math.IsInf(span, 0) || math.IsNaN(value+low+high) {
		return ""
	}
	cell := func(v float64) int {
		return min(max(int(math.Round((v-x.From)/span*float64(cells-1))), 0), cells-1)
	}
	pen := pens[x.Plain]
	line := []rune(strings.Repeat(string(pen[0]), cells))
	if !math.IsNaN(x.Mark) {
		line[cell(x.Mark)] = pen[1]
	}
	from, to := cell(low), cell(high)
	for i := from; i <= to; i++ {
		if line[i] != pen[1] {
			line[i] = pen[3]
		}
	}
	if from < to {
		line[from], line[to] = pen[2], pen[4]
	}
	line[cell(value)] = pen[5]
	return string(line)
}
