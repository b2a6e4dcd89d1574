package evaluate

import (
	"math"

	"github.com/weighlock/weighlock/internal/table"
)

// numbered numbers a column's values by their first rows: the values as texts,
// and each row's number, -1 where it has none. Where there are more than most,
// ok is false and the rest is not to be used.
func numbered(c *table.Column, rows, most int) (values []string, code []int32, ok bool) {
	code = make([]int32, rows)
	add := func(i int) int32 {
		values = append(values, c.String(i))
		return int32(len(values) - 1)
	}
	switch c.Kind {
	case table.Text:
		ok = numberTexts(c, code, most, add)
	case table.Bool:
		var known [2]int32 // a value's number and one
		for i, is := range c.Bools {
			k := 0
			if is {
				k = 1
			}
			switch {
			case c.IsNull(i):
				code[i] = -1
				continue
			case known[k] == 0:
				known[k] = add(i) + 1
			}
			code[i] = known[k] - 1
		}
		ok = len(values) <= most
	default:
		ok = numberNumbers(c, code, most, add)
	}
	return values, code, ok
}

func numberTexts(c *table.Column, code []int32, most int, add func(i int) int32) bool {
	known := make([]int32, len(c.Dict)) // a text's number and one
	n := 0
	for i, k := range c.Codes {
		if c.IsNull(i) {
			code[i] = -1
			continue
		}
		if known[k] == 0 {
			if n++; n > most {
				return false
			}
			known[k] = add(i) + 1
		}
		code[i] = known[k] - 1
	}
	return true
}

func numberNumbers(c *table.Column, code []int32, most int, add func(i int) int32) bool {
	known := map[uint64]int32{}
	last, lastCode := uint64(0), int32(-1)
	for i, v := range c.Numbers {
		if c.IsNull(i) {
			code[i] = -1
			continue
		}
		bits := math.Float64bits(v + 0) // -0 is 0
		if v != v {
			bits = math.Float64bits(math.NaN())
		}
		if lastCode < 0 || bits != last {
			k, seen := known[bits]
			if !seen {
				if len(known) == most {
					return false
				}
				k = add(i)
				known[bits] = k
			}
			last, lastCode = bits, k
		}
		code[i] = lastCode
	}
	return true
}
