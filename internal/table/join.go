package table

import (
	"fmt"
	"math"
	"unsafe"
)

// whole joins parts in the file's order.
type whole struct {
	rows  int
	lines lines
	cols  []wholeColumn
}

type wholeColumn struct {
	mode   mode
	kind   Kind
	some   bool
	broken bool
	nulls  bool
	parts  []partColumn
	rows   []int // of each part
	dict   dict
}

func newWhole(modes []mode, line int64) *whole {
	w := &whole{cols: make([]wholeColumn, len(modes)), lines: lines{first: line}}
	for i, m := range modes {
		w.cols[i].mode, w.cols[i].dict.keep = m, true
	}
	return w
}

func (w *whole) add(p *part) error {
	if w.rows+p.rows > math.MaxInt32 {
		return fmt.Errorf("more than %d rows", math.MaxInt32)
	}
	for _, j := range p.lines {
		w.lines.add(w.rows+j.row, j.total)
	}
	for i := range w.cols {
		w.cols[i].add(&p.cols[i], p.rows)
	}
	w.rows += p.rows
	return nil
}

func (c *wholeColumn) add(p *partColumn, rows int) {
	if c.mode == skip || c.broken {
		return
	}
	if p.broken || c.some && p.some && c.mode == guess && c.kind != p.kind {
		c.broken, c.parts = true, nil
		return
	}
	if p.some {
		c.some, c.kind = true, p.kind
	}
	if c.mode == text {
		codes := make([]int32, len(p.dict.values))
		for i, s := range p.dict.values {
			codes[i] = c.dict.code(unsafe.Slice(unsafe.StringData(s), len(s)))
		}
		for i, code := range p.codes {
			p.codes[i] = codes[code]
		}
		p.dict = dict{}
	}
	c.nulls = c.nulls || p.null != nil
	c.parts, c.rows = append(c.parts, *p), append(c.rows, rows)
}

// column joins the parts; each is let go as it is copied.
func (c *wholeColumn) column(name string, rows int) *Column {
	out := &Column{Name: name, Kind: c.kind}
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
		p := &c.parts[i]
		if out.Null != nil {
			copy(out.Null[at:], p.null)
		}
		switch {
		case out.Kind == Text:
			copy(out.Codes[at:], p.codes)
		case out.Kind == Bool:
			copy(out.Bools[at:], p.bools)
		case p.numbers != nil:
			copy(out.Numbers[at:], p.numbers)
		default:
			for j := at; j < at+c.rows[i]; j++ {
				out.Numbers[j] = math.NaN()
			}
		}
		at += c.rows[i]
		*p = partColumn{}
	}
	c.parts = nil
	return out
}
