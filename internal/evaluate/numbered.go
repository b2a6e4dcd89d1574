package evaluate

import (
	"math"

	"github.com/weighlock/weighlock/internal/table"
)

// numbered numbers a column's values by their first rows: the values as texts,
// and each row's number from 1, 0 where it has none. Where there are more than
// most, ok is false and the codes are not to be used; most is below 65,535.
func numbered(c *table.Column, rows, most int) (values []string, code []uint16, ok bool) {
	code = make([]uint16, rows)
	add := func(i int) uint16 {
		values = append(values, c.String(i))
		return uint16(len(values))
	}
	switch c.Kind {
	case table.Text:
		ok = numberTexts(c, code, most, add)
	case table.Bool:
		var known [2]uint16
		for i, is := range c.Bools {
			k := 0
			if is {
				k = 1
			}
			if c.IsNull(i) {
				continue
			}
			if known[k] == 0 {
				known[k] = add(i)
			}
			code[i] = known[k]
		}
		ok = len(values) <= most
	default:
		ok = numberNumbers(c, code, most, add)
	}
	return values, code, ok
}

func numberTexts(c *table.Column, code []uint16, most int, add func(i int) uint16) bool {
	known := make([]uint16, len(c.Dict))
	n := 0
	for i, k := range c.Codes {
		if c.IsNull(i) {
			continue
		}
		if known[k] == 0 {
			if n++; n > most {
				return false
			}
			known[k] = add(i)
		}
		code[i] = known[k]
	}
	return true
}

func numberNumbers(c *table.Column, code []uint16, most int, add func(i int) uint16) bool {
	known := map[uint64]uint16{}
	var recent [4]struct { // where few values take turns, they are all here
		bits uint64
		code uint16
	}
	next := 0
rows:
	for i, v := range c.Numbers {
		if c.IsNull(i) {
			continue
		}
		bits := math.Float64bits(v + 0) // -0 is 0
		if v != v {
			bits = math.Float64bits(math.NaN())
		}
		for _, r := range recent {
			if r.bits == bits && r.code > 0 {
				code[i] = r.code
				continue rows
			}
		}
		k, seen := known[bits]
		if !seen {
			if len(known) == most {
				return false
			}
			k = add(i)
			known[bits] = k
		}
		recent[next%len(recent)].bits, recent[next%len(recent)].code = bits, k
		code[i], next = k, next+1
	}
	return true
}
