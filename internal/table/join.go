package table

import (
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// whole joins parts in the file's order.
type whole struct {
	file      string
	size      int64 // of the file, in bytes
	kindsOnly bool  // keep no values
	rows      int
	lines     lines
	plan      plan
	options   Options
	at        map[string]int // of the columns that the rows named
	cols      []wholeColumn
}

type wholeColumn struct {
	name   string
	mode   mode
	kind   Kind
	some   bool
	seen   bool // it is in the header, or some row names it
	nested bool // some row has a list or a structure there
	broken bool // values are of different kinds: this has to be read as text
	nulls  bool
	parts  []partColumn
	rows   []int // of each part
	dict   dict
}

func newWhole(file string, size int64, p plan, o Options, line int64) *whole {
	w := &whole{file: file, size: size, plan: p, options: o, lines: lines{first: line}, at: map[string]int{}}
	for i, m := range p.modes {
		w.cols = append(w.cols, wholeColumn{name: p.names[i], mode: m, seen: !p.open})
		w.cols[i].dict.keep = true
	}
	return w
}

func (w *whole) add(p *part) error {
	if p.err != nil {
		return p.err
	}
	if w.rows+p.rows > math.MaxInt32 {
		return fmt.Errorf("reading %s: more than %d rows", w.file, math.MaxInt32)
	}
	for _, j := range p.lines {
		w.lines.add(w.rows+j.row, j.total)
	}
	known := len(w.plan.names)
	for i := range known {
		w.cols[i].add(&p.cols[i], p.rows, w.kindsOnly)
	}
	if err := w.addNamed(p, known); err != nil {
		return err
	}
	w.rows += p.rows
	return nil
}

// addNamed adds the columns from known on, that only rows name: a row that
// does not has no value there.
func (w *whole) addNamed(p *part, known int) error {
	for _, name := range p.extra {
		if _, ok := w.at[name]; ok {
			continue
		}
		if len(w.cols) == maxColumns {
			return &Error{File: w.file, Problem: fmt.Sprintf("more than %d names", maxColumns) + "\nhint: write every row with the same names"}
		}
		c := wholeColumn{name: name, mode: w.plan.late(name)}
		c.dict.keep = true
		c.add(blank(c.mode, w.rows), w.rows, w.kindsOnly)
		w.at[name] = len(w.cols)
		w.cols = append(w.cols, c)
	}
	if len(w.cols) == known {
		return nil
	}
	// Rows that each name another column would fill any memory with nothing.
	if cells := int64(w.rows+p.rows) * int64(len(w.cols)); w.plan.rest != nil && cells > max(1<<26, 4*w.size) {
		return &Error{File: w.file, Problem: fmt.Sprintf("%d names in %d rows, of which few have a value", len(w.cols), w.rows+p.rows) +
			"\nhint: write every row with the same names"}
	}
	for i := known; i < len(w.cols); i++ {
		c := &w.cols[i]
		if j := slices.Index(p.extra, c.name); j >= 0 {
			c.add(&p.cols[known+j], p.rows, w.kindsOnly)
		} else {
			c.add(blank(c.mode, p.rows), p.rows, w.kindsOnly)
		}
	}
	return nil
}

// blank is a part of rows without a value.
func blank(m mode, rows int) *partColumn {
	p := &partColumn{mode: m}
	if m == skip || rows == 0 {
		return p
	}
	for range rows {
		p.empty(0, rows)
	}
	return p
}

func (c *wholeColumn) add(p *partColumn, rows int, kindOnly bool) {
	c.seen = c.seen || p.seen
	if p.nested {
		c.nested, c.parts, c.dict = true, nil, dict{}
	}
	if c.mode == skip || c.broken || c.nested {
		return
	}
	if p.broken || c.some && p.some && c.mode == guess && c.kind != p.kind {
		c.broken, c.parts = true, nil
		return
	}
	if p.some {
		c.some, c.kind = true, p.kind
	}
	if kindOnly {
		return
	}
	if c.mode == text {
		c.dict.recode(p)
	}
	c.nulls = c.nulls || p.null != nil
	c.parts, c.rows = append(c.parts, *p), append(c.rows, rows)
}

// recode makes a part's codes those of this dict.
func (d *dict) recode(p *partColumn) {
	codes := make([]int32, len(p.dict.values))
	for i, s := range p.dict.values {
		codes[i] = d.code(unsafe.Slice(unsafe.StringData(s), len(s)))
	}
	for i, code := range p.codes {
		p.codes[i] = codes[code]
	}
	p.dict = dict{}
}

// broken are the columns that need not be looked at any more.
func (w *whole) broken() []int {
	var list []int
	for i := range w.cols {
		if w.cols[i].broken || w.cols[i].nested {
			list = append(list, i)
		}
	}
	return list
}

// refined is the plan by what is known now.
func (w *whole) refined() plan {
	p := plan{open: w.plan.open, rest: w.plan.rest}
	for i := range w.cols {
		c := &w.cols[i]
		m := c.mode
		if c.broken {
			m = text
		}
		p.names, p.modes = append(p.names, c.name), append(p.modes, m)
	}
	return p
}

// again is the plan for reading what is broken as text.
func (w *whole) again() (p plan, some bool) {
	p = w.refined()
	p.rest = nil
	for i := range w.cols {
		if !w.cols[i].broken || w.cols[i].nested {
			p.modes[i] = skip
		}
		some = some || p.modes[i] != skip
	}
	return p, some
}

// replace takes what a second reading found of the broken columns.
func (w *whole) replace(second *whole) {
	for i := range w.cols {
		if second.cols[i].mode != skip {
			w.cols[i] = second.cols[i]
		}
	}
}

// wanted are the columns to give out, in the options' order, and those that
// hold lists or structures.
func (w *whole) wanted() (cols []*wholeColumn, nestedNames []string, err error) {
	var known []string
	var plain []*wholeColumn
	for i := range w.cols {
		c := &w.cols[i]
		switch {
		case !c.seen:
		case c.nested && slices.Contains(w.options.Columns, c.name):
			return nil, nil, nested(w.file, c.name)
		case c.nested:
			nestedNames = append(nestedNames, c.name)
		default:
			plain, known = append(plain, c), append(known, c.name)
		}
	}
	at, err := choose(w.file, w.options.Columns, known)
	if err != nil {
		return nil, nil, err
	}
	if w.options.Columns != nil {
		nestedNames = nil
	}
	for _, i := range at {
		cols = append(cols, plain[i])
	}
	return cols, nestedNames, nil
}

func (w *whole) table() (*Table, error) {
	cols, nestedNames, err := w.wanted()
	if err != nil {
		return nil, err
	}
	t := &Table{Name: w.file, Rows: w.rows, lines: w.lines, Nested: nestedNames}
	for _, c := range cols {
		t.Columns = append(t.Columns, c.column(w.rows))
	}
	return t, nil
}

// fields are the columns with the kinds that were found.
func (w *whole) fields() (fields []field, nestedNames []string, err error) {
	cols, nestedNames, err := w.wanted()
	for _, c := range cols {
		f := field{name: c.name, kind: c.kind, firm: c.some}
		switch {
		case c.broken, c.mode == text:
			f.kind, f.firm = Text, true
		case c.mode == number:
			f.kind, f.firm = Number, true
		}
		fields = append(fields, f)
	}
	return fields, nestedNames, err
}

// column joins the parts; each is let go as it is copied.
func (c *wholeColumn) column(rows int) *Column {
	out := &Column{Name: c.name, Kind: c.kind}
	if c.mode == text {
		out.Kind, out.Dict = Text, c.dict.values
		c.dict = dict{}
	}
	if c.nulls {
		out.Null = make([]bool, rows)
	}
	switch out.Kind {
	case Number:
		out.Numbers = make([]float64, rows)
	case Text:
		out.Codes = make([]int32, rows)
	case Bool:
		out.Bools = make([]bool, rows)
	}
	at := 0
	for i := range c.parts {
		c.parts[i].copy(out, at, c.rows[i])
		at += c.rows[i]
		c.parts[i] = partColumn{}
	}
	c.parts = nil
	return out
}

// copy writes a part's rows into a column, from row at on.
func (c *partColumn) copy(out *Column, at, rows int) {
	if out.Null != nil {
		copy(out.Null[at:], c.null)
	}
	switch {
	case out.Kind == Text:
		copy(out.Codes[at:], c.codes)
	case out.Kind == Bool:
		copy(out.Bools[at:], c.bools)
	case c.numbers != nil:
		copy(out.Numbers[at:], c.numbers)
	default:
		for j := at; j < at+rows; j++ {
			out.Numbers[j] = math.NaN()
		}
	}
}
