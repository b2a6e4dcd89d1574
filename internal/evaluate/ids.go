package evaluate

import (
	"fmt"
	"hash/maphash"

	"github.com/weighlock/weighlock/internal/table"
)

// ids finds the rows of a table by the text of a column, and refuses rows
// without one and ids that come twice.
func ids(t *table.Table, column string) (*index, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	x := newIndex(c, t.Rows)
	for i := range t.Rows {
		if c.IsNull(i) {
			return nil, withoutID(t, i, column)
		}
		if first, twice := x.add(i); twice {
			return nil, idTwice(t, c, i, first)
		}
	}
	return x, nil
}

// eachOnce is the column, if every row has an id of its own there; as ids, but
// nothing can be found by it.
func eachOnce(t *table.Table, column string) (*table.Column, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	switch {
	case climbs(c):
		return c, nil
	case c.Kind != table.Text:
		_, err := ids(t, column)
		return c, err
	}
	seen := newBits(len(c.Dict)) // a dictionary holds each text once
	for i := range t.Rows {
		if c.IsNull(i) {
			return nil, withoutID(t, i, column)
		}
		if seen.set(c.Codes[i]) {
			first := 0
			for c.Codes[first] != c.Codes[i] {
				first++
			}
			return nil, idTwice(t, c, i, first)
		}
	}
	return c, nil
}

// climbs says whether a column holds a number in every row that is greater
// than the one before.
func climbs(c *table.Column) bool {
	if c.Kind != table.Number || c.Null != nil {
		return false
	}
	for i := 1; i < len(c.Numbers); i++ {
		if !(c.Numbers[i] > c.Numbers[i-1]) {
			return false
		}
	}
	return true
}

func withoutID(t *table.Table, row int, column string) error {
	return t.At(row, column, "a row without an id\nhint: give every row an id")
}

func idTwice(t *table.Table, c *table.Column, row, first int) error {
	return t.At(row, c.Name, fmt.Sprintf("id %q for the second time; the first is at %s\nhint: write each row once", c.String(row), place(t, first, row)))
}

// bits is a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

// set adds a number, and says whether it was there.
func (b bits) set(n int32) bool {
	word, bit := &b[n>>6], uint64(1)<<(n&63)
	was := *word&bit != 0
	*word |= bit
	return was
}

// index finds rows by the text that they have in a column. It holds no text,
// only hashes, and looks into the column to be sure: a map of the texts takes
// four times as much.
type index struct {
	c     *table.Column
	slots []uint64 // the high half of a text's hash, then its row+1; 0 is free
}

var idSeed = maphash.MakeSeed() // which slot a text has shows nowhere

// newIndex is an index without rows that has room for so many.
func newIndex(c *table.Column, rows int) *index {
	size := 16
	for 3*size < 4*rows {
		size *= 2
	}
	return &index{c, make([]uint64, size)}
}

// slot is where a text is, or would be.
func (x *index) slot(id string, hash uint64) *uint64 {
	mask := uint64(len(x.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &x.slots[i]
		if *s == 0 || *s>>32 == hash>>32 && x.c.String(int(uint32(*s)-1)) == id {
			return s
		}
	}
}

// add takes a row, unless an earlier one has its text.
func (x *index) add(row int) (first int, twice bool) {
	id := x.c.String(row)
	hash := maphash.String(idSeed, id)
	s := x.slot(id, hash)
	if *s != 0 {
		return int(uint32(*s) - 1), true
	}
	*s = hash>>32<<32 | uint64(row+1)
	return row, false
}

// find is the row with a text.
func (x *index) find(id string) (row int32, ok bool) {
	s := *x.slot(id, maphash.String(idSeed, id))
	return int32(uint32(s)) - 1, s != 0
}

// nowhere is the place of an id that the other table does not have.
const nowhere = -1

// places are where the other column has each id of the first; both have each
// id once. Where ids come in the same order, or both ascend, no index is made.
func places(a, b *table.Column) []int32 {
	out := make([]int32, a.Len())
	if climbs(a) && climbs(b) {
		k := 0
		for i, id := range a.Numbers {
			for k < len(b.Numbers) && b.Numbers[k] < id {
				k++
			}
			if out[i] = nowhere; k < len(b.Numbers) && b.Numbers[k] == id {
				out[i] = int32(k)
			}
		}
		return out
	}
	if sameOrder(a, b) {
		for i := range out {
			out[i] = int32(i)
		}
		return out
	}
	for _, less := range []func(x, y string) bool{byBytes, byLength} {
		if ascends(a, less) && ascends(b, less) {
			merge(out, a, b, less)
			return out
		}
	}
	if len(out) > b.Len() {
		x := indexed(b)
		for i := range out {
			row, ok := x.find(a.String(i))
			if !ok {
				row = nowhere
			}
			out[i] = row
		}
		return out
	}
	for i := range out {
		out[i] = nowhere
	}
	x := indexed(a)
	for k := range b.Len() {
		if row, ok := x.find(b.String(k)); ok {
			out[row] = int32(k)
		}
	}
	return out
}

func indexed(c *table.Column) *index {
	x := newIndex(c, c.Len())
	for i := range c.Len() {
		x.add(i)
	}
	return x
}

func sameOrder(a, b *table.Column) bool {
	if a.Len() != b.Len() {
		return false
	}
	numbers := a.Kind == table.Number && b.Kind == table.Number && a.Null == nil && b.Null == nil
	for i := range a.Len() {
		if numbers && a.Numbers[i] != b.Numbers[i] || !numbers && a.String(i) != b.String(i) {
			return false
		}
	}
	return true
}

func byBytes(x, y string) bool { return x < y }

// byLength is the order of whole numbers that are written without zeros in
// front.
func byLength(x, y string) bool { return len(x) < len(y) || len(x) == len(y) && x < y }

func ascends(c *table.Column, less func(x, y string) bool) bool {
	for i := 1; i < c.Len(); i++ {
		if !less(c.String(i-1), c.String(i)) {
			return false
		}
	}
	return true
}

// merge walks two columns that ascend.
func merge(out []int32, a, b *table.Column, less func(x, y string) bool) {
	k := 0
	for i := range out {
		id := a.String(i)
		for k < b.Len() && less(b.String(k), id) {
			k++
		}
		out[i] = nowhere
		if k < b.Len() && b.String(k) == id {
			out[i] = int32(k)
			k++
		}
	}
}
