package report

import (
	"math"
	"testing"
	"unicode/utf8"
)

func TestAxisDraws(t *testing.T) {
	none := math.NaN()
	tests := map[string]struct {
		axis             Axis
		value, low, high float64
		cells            int
		want             string
	}{
		"a share, from 0 to 1":          {NewAxis(false, none, 0.5, 0.25, 0.75), 0.5, 0.25, 0.75, 21, "·····├────●────┤·····"},
		"in ASCII":                      {NewAxis(true, none, 0.5, 0.25, 0.75), 0.5, 0.25, 0.75, 21, ".....|----o----|....."},
		"beside a mark":                 {TightAxis(false, 1, 0, 0.4), 0.2, 0, 0.4, 21, "├───●───┤···········┊"},
		"the mark inside the interval":  {TightAxis(true, 0, -1, 1), 0.5, -1, 1, 21, "|---------:----o----|"},
		"a number beyond 1":             {NewAxis(false, none, 4), 4, 4, 4, 13, "············●"},
		"below zero":                    {NewAxis(false, none, -4, -2), -3, -4, -2, 13, "├──●──┤······"},
		"a value without width":         {NewAxis(false, none, 1), 1, 1, 1, 12, "···········●"},
		"an end beyond the axis":        {Axis{0, 1, none, true}, 0.5, -3, 9, 13, "|-----o-----|"},
		"no number":                     {NewAxis(false, none, 0.5), none, none, none, 20, ""},
		"no room":                       {NewAxis(false, none, 0.5), 0.5, 0.4, 0.6, 11, ""},
		"nothing to tell apart":         {TightAxis(false, none, 3), 3, 3, 3, 20, ""},
		"no finite number on the axis":  {TightAxis(false, none, math.Inf(1)), 1, 1, 1, 20, ""},
		"an interval narrower than one": {NewAxis(false, none, 0.5), 0.5, 0.499, 0.501, 13, "······●······"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.axis.Draw(tt.value, tt.low, tt.high, tt.cells); got != tt.want {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
}

// FuzzAxis: whatever the numbers, a bar is empty or has as many cells as there
// is room for, and one value.
func FuzzAxis(f *testing.F) {
	f.Add(0.5, 0.4, 0.6, 0.0, 30)
	f.Add(math.Inf(1), 1.0, -1.0, math.NaN(), 12)
	f.Add(-math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64, 0.0, 40)
	f.Fuzz(func(t *testing.T, value, low, high, mark float64, cells int) {
		if cells > 1000 {
			return
		}
		for _, x := range []Axis{NewAxis(true, mark, value, low, high), TightAxis(false, mark, value, low, high)} {
			got := x.Draw(value, low, high, cells)
			if got != "" && utf8.RuneCountInString(got) != cells {
				t.Fatalf("got %q; want %d cells", got, cells)
			}
		}
	})
}
