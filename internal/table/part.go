package table

import (
	"fmt"
	"math"
)

// partColumn is what one chunk holds of a column.
type partColumn struct {
	mode    mode
	kind    Kind
	some    bool // a value was seen, so kind is known
	broken  bool // values are of different kinds: this has to be read as text
	seen    bool // a row names it
	nested  bool // a row has a list or a structure there
	null    []bool
	numbers []float64
	bools   []bool
	codes   []int32
	dict    dict
}

// number adds a number; rows is how many there can be.
func (c *partColumn) number(v float64, row, rows int) {
	if !c.some {
		c.some, c.kind = true, Number
	}
	if c.kind != Number {
		c.breaks()
		return
	}
	if c.numbers == nil {
		c.numbers = make([]float64, row, rows)
		for i := range c.numbers {
			c.numbers[i] = math.NaN() // null up to here
		}
	}
	c.numbers = append(c.numbers, v)
	if c.null != nil {
		c.null = append(c.null, false)
	}
}

// put adds a cell of any sort; false says that it had to be a number and is
// none.
func (c *partColumn) put(cell []byte, row, rows int) bool {
	if len(cell) == 0 {
		c.empty(row, rows)
		return true
	}
	if c.mode == text {
		c.text(cell)
		return true
	}
	if v, ok := parseNumber(cell); ok {
		c.number(v, row, rows)
		return true
	}
	if b, ok := parseBool(cell); ok && c.mode == guess {
		c.bool(b, row, rows)
		return true
	}
	if c.mode == guess {
		c.breaks()
	}
	return c.mode != number
}

func notNumber(cell []byte) string { return fmt.Sprintf("%s is not a number", shown(string(cell))) }

func (c *partColumn) text(cell []byte) {
	c.some, c.kind = true, Text
	c.codes = append(c.codes, c.dict.code(cell))
	if c.null != nil {
		c.null = append(c.null, false)
	}
}

func (c *partColumn) bool(b bool, row, rows int) {
	if c.some && c.kind != Bool {
		c.breaks()
		return
	}
	c.some, c.kind = true, Bool
	if c.bools == nil {
		c.bools = make([]bool, row, rows)
	}
	c.bools = append(c.bools, b)
	if c.null != nil {
		c.null = append(c.null, false)
	}
}

func (c *partColumn) empty(row, rows int) {
	if c.null == nil {
		c.null = make([]bool, row, rows)
	}
	c.null = append(c.null, true)
	switch {
	case c.mode == text:
		c.codes = append(c.codes, c.dict.code(nil))
	case c.numbers != nil:
		c.numbers = append(c.numbers, math.NaN())
	case c.bools != nil:
		c.bools = append(c.bools, false)
	}
}

// breaks gives the column up: it has to be read as text.
func (c *partColumn) breaks() { *c = partColumn{mode: skip, broken: true, seen: c.seen} }
