package table

import "math"

// partColumn is what one chunk holds of a column.
type partColumn struct {
	mode    mode
	kind    Kind
	some    bool // a value was seen, so kind is known
	broken  bool // values are of different kinds: this has to be read as text
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

// put adds a cell of any sort.
func (c *partColumn) put(cell []byte, row, rows int) {
	if len(cell) == 0 {
		c.empty(row, rows)
		return
	}
	if c.mode == text {
		c.some = true
		c.codes = append(c.codes, c.dict.code(cell))
		if c.null != nil {
			c.null = append(c.null, false)
		}
		return
	}
	if v, ok := parseNumber(cell); ok {
		c.number(v, row, rows)
		return
	}
	b, ok := parseBool(cell)
	if !ok || c.some && c.kind != Bool {
		c.breaks()
		return
	}
	if !c.some {
		c.some, c.kind = true, Bool
	}
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
func (c *partColumn) breaks() { *c = partColumn{mode: skip, broken: true} }
