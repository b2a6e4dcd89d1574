package starter

import (
	"math"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/table"
)

// surveyed is a table with what matters about each column.
type surveyed struct {
	options Options
	table   *table.Table
	columns []*column
}

// column is what a column's values allow it to be.
type column struct {
	*table.Column
	words    []string // of its name
	empty    int      // rows without a value, or NaN
	bad      int      // the first of these; -1 where there is none
	distinct int      // different values
	few      []string // the first of these, three at most
	whole    bool     // numbers, all of them integers
	unit     bool     // numbers, all of them in [0, 1]
	finite   bool     // numbers, none of them infinite

	// Of text: how many values read as numbers, whether some are fractions, the
	// first row whose value does not read as one, and the first whose value is a
	// word for nothing; -1 where there is none.
	numbers   int
	fractions bool
	odd, void int
}

func survey(o Options, t *table.Table) *surveyed {
	s := &surveyed{options: o, table: t}
	for _, c := range t.Columns {
		if strings.TrimSpace(c.Name) != "" { // a project file cannot name it
			s.columns = append(s.columns, look(c, t.Rows))
		}
	}
	return s
}

func look(t *table.Column, rows int) *column {
	number := t.Kind == table.Number
	c := &column{Column: t, words: words(t.Name), bad: -1, odd: -1, void: -1, whole: number, unit: number, finite: number}
	seen := map[string]bool{}
	for i := range rows {
		if c.lacks(i) {
			if c.empty++; c.bad < 0 {
				c.bad = i
			}
			continue
		}
		if number {
			x := t.Numbers[i]
			c.whole = c.whole && x == math.Trunc(x)
			c.unit = c.unit && x >= 0 && x <= 1
			c.finite = c.finite && !math.IsInf(x, 0)
		}
		v := t.String(i)
		if t.Kind == table.Text {
			c.text(i, v)
		}
		if !seen[v] {
			seen[v] = true
			if len(c.few) < 3 {
				c.few = append(c.few, v)
			}
		}
	}
	c.distinct = len(seen)
	return c
}

// text looks at one text.
func (c *column) text(row int, v string) {
	x, err := strconv.ParseFloat(v, 64)
	switch {
	case err == nil:
		c.numbers++
		c.fractions = c.fractions || x != math.Trunc(x)
	case c.odd < 0:
		c.odd = row
	}
	if c.void < 0 && voids[strings.ToLower(v)] {
		c.void = row
	}
}

// voids are words that people and programs write where there is no value.
var voids = map[string]bool{
	"na": true, "n/a": true, "#n/a": true, "<na>": true, "nat": true, "none": true, "null": true, "nil": true,
	"missing": true, "unknown": true, "-": true, "?": true, ".": true,
}

// nearly says whether the column is text only for a few of its cells, and
// holds numbers otherwise.
func (c *column) nearly() bool { return c.odd >= 0 && c.numbers*2 > c.Len()-c.empty }

// lacks says whether row i has nothing that can be used.
func (c *column) lacks(i int) bool {
	return c.IsNull(i) || c.Kind == table.Number && math.IsNaN(c.Numbers[i])
}

// number says whether the column holds numbers, and at least one.
func (c *column) number() bool { return c.Kind == table.Number && c.distinct > 0 }

// unique says whether each row has a value of its own.
func (c *column) unique() bool { return c.empty == 0 && c.distinct == c.Len() }

// find is the column of that name; the error of an unknown one lists all.
func (s *surveyed) find(name string) (*column, error) {
	for _, c := range s.columns {
		if c.Name == name {
			return c, nil
		}
	}
	_, err := s.table.Column(name)
	return nil, err
}

// rest is the columns without those that have a role already.
func (s *surveyed) rest(g *Guess) []*column {
	var out []*column
	for _, c := range s.columns {
		if c.Name != g.ID.Value && c.Name != g.Score.Value {
			out = append(out, c)
		}
	}
	return out
}

func names(columns []*column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, say(c.Name))
	}
	return out
}

// where keeps the columns for which ok holds.
func where(columns []*column, ok func(*column) bool) []*column {
	var out []*column
	for _, c := range columns {
		if ok(c) {
			out = append(out, c)
		}
	}
	return out
}
