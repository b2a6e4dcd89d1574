package table

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// leafReader collects one column, page by page.
type leafReader struct {
	leaf  *parquet.Column
	form  form
	level byte // definition level of a value that is there
	pages parquet.Pages
	size  int // rows of the row group
	limit int // rows, up to the end of the row group
	rows  int // read
	taken int
	out   Column // of the rows that were not taken
	dict  dict

	// What the row group's dictionary holds, in this column's own form.
	known   parquet.Dictionary
	numbers []float64
	codes   []int32 // -1: not met yet
	buffer  []float64
	scratch []byte
}

func newLeafReader(leaf *parquet.Column, form form, room int) *leafReader {
	c := &leafReader{leaf: leaf, form: form, level: byte(leaf.MaxDefinitionLevel())}
	c.out = Column{Name: leaf.Name(), Kind: form.kind}
	c.dict.keep = true
	switch form.kind {
	case Number:
		c.out.Numbers = make([]float64, 0, room)
	case Text:
		c.out.Codes = make([]int32, 0, room)
	case Bool:
		c.out.Bools = make([]bool, 0, room)
	}
	return c
}

func (c *leafReader) column() *Column {
	c.out.Dict = c.dict.values
	return &c.out
}

// held is how many rows were read and not taken.
func (c *leafReader) held() int { return c.rows - c.taken }

// begin goes to a row group.
func (c *leafReader) begin(group parquet.RowGroup) {
	c.close()
	c.pages = group.ColumnChunks()[c.leaf.Index()].Pages()
	c.size = int(group.NumRows())
	c.limit = c.rows + c.size
	c.known = nil
}

func (c *leafReader) close() {
	if c.pages != nil {
		c.pages.Close()
		c.pages = nil
	}
}

// next reads a page; io.EOF says that there is none.
func (c *leafReader) next(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	page, err := c.pages.ReadPage()
	if err != nil {
		return err
	}
	defer parquet.Release(page)
	if n := page.NumRows(); n < 0 || n > int64(c.limit-c.rows) {
		return errors.New("more rows than its row group has")
	}
	return c.page(page)
}

// take cuts off the first n rows that are held.
func (c *leafReader) take(n int) partColumn {
	p := partColumn{kind: c.form.kind, some: true}
	if c.out.Null != nil {
		p.null, c.out.Null = c.out.Null[:n:n], c.out.Null[n:]
	}
	switch c.form.kind {
	case Number:
		p.numbers, c.out.Numbers = c.out.Numbers[:n:n], c.out.Numbers[n:]
	case Bool:
		p.bools, c.out.Bools = c.out.Bools[:n:n], c.out.Bools[n:]
	case Text:
		p.codes, c.out.Codes = c.out.Codes[:n:n], c.out.Codes[n:]
		p.dict.values = slices.Clip(c.dict.values)
		if c.dict.bytes > maxBatchTexts {
			c.forget()
		}
	}
	c.taken += n
	return p
}

// maxBatchTexts is how many bytes of texts are kept for the following batches.
const maxBatchTexts = 4 << 20

// forget begins a dictionary anew, with what is held only.
func (c *leafReader) forget() {
	old := c.dict.values
	c.dict = dict{keep: true}
	c.codes, c.known = nil, nil
	c.out.Codes = slices.Clone(c.out.Codes)
	for i, code := range c.out.Codes {
		s := old[code]
		c.out.Codes[i] = c.dict.code(unsafe.Slice(unsafe.StringData(s), len(s)))
	}
}

// page adds a page's values, and the nulls between them.
func (c *leafReader) page(page parquet.Page) error {
	n := int(page.NumRows())
	levels := page.DefinitionLevels()
	if len(levels) == 0 {
		levels = nil
	}
	there := n
	if levels != nil {
		if len(levels) != n {
			return fewer(len(levels), "levels", n)
		}
		there = 0
		for _, level := range levels {
			if level == c.level {
				there++
			}
		}
	}
	c.nulls(levels, n, there)
	if err := c.values(page, levels, n, there); err != nil {
		return err // at the row where the page begins
	}
	c.rows += n
	return nil
}

func (c *leafReader) values(page parquet.Page, levels []byte, n, there int) error {
	values := page.Data()
	var index []int32
	if d := page.Dictionary(); d != nil {
		if index = values.Int32(); len(index) < there {
			return fewer(len(index), "values", there)
		}
		index = index[:there]
		values = d.Page().Data()
		if d != c.known {
			c.known, c.numbers, c.codes = d, nil, nil
		}
	}
	if there == 0 {
		values = encoding.Values{}
	}
	switch c.form.kind {
	case Number:
		return c.pageNumbers(values, index, levels, n, there)
	case Bool:
		return c.pageBools(values, levels, n, there)
	}
	return c.pageTexts(values, index, levels, n, there)
}

// fewer is the refusal of a page that lacks some of what its rows need.
func fewer(got int, what string, want int) error {
	return fmt.Errorf("a page has %d %s for %d rows", got, what, want)
}

// nulls notes which of the next n rows have no value.
func (c *leafReader) nulls(levels []byte, n, there int) {
	if there == n && c.out.Null == nil {
		return
	}
	if c.out.Null == nil {
		c.out.Null = make([]bool, c.held(), max(c.held()+n, cap(c.out.Numbers), cap(c.out.Codes), cap(c.out.Bools)))
	}
	if levels == nil {
		c.out.Null = append(c.out.Null, make([]bool, n)...)
		return
	}
	for _, level := range levels {
		c.out.Null = append(c.out.Null, level != c.level)
	}
}

func (c *leafReader) pageNumbers(values encoding.Values, index []int32, levels []byte, n, there int) error {
	var numbers []float64
	switch {
	case there == 0:
	case index != nil && c.numbers != nil:
		numbers = c.numbers
	default:
		var err error
		if numbers, err = c.form.numbers(c.buffer[:0], values); err != nil {
			return err
		}
		if index != nil {
			c.numbers = append([]float64(nil), numbers...)
		}
		if cap(numbers) <= 1<<20 && values.Kind() != encoding.Double {
			c.buffer = numbers // a page of doubles is lent, not converted
		}
	}
	if index == nil && len(numbers) < there {
		return fewer(len(numbers), "values", there)
	}
	out := c.out.Numbers
	switch {
	case index == nil && levels == nil:
		out = append(out, numbers[:n]...)
	case levels == nil:
		for _, at := range index {
			out = append(out, numbers[at])
		}
	default:
		i := 0
		for _, level := range levels {
			if level != c.level {
				out = append(out, math.NaN())
				continue
			}
			at := i
			if index != nil {
				at = int(index[i])
			}
			out = append(out, numbers[at])
			i++
		}
	}
	c.out.Numbers = out
	return nil
}

func (c *leafReader) pageBools(values encoding.Values, levels []byte, n, there int) error {
	var bits []byte
	if there > 0 {
		bits = values.Boolean()
	}
	if len(bits)*8 < there {
		return fewer(len(bits)*8, "values", there)
	}
	i := 0
	for row := range n {
		if levels != nil && levels[row] != c.level {
			c.out.Bools = append(c.out.Bools, false)
			continue
		}
		c.out.Bools = append(c.out.Bools, bits[i/8]>>(i%8)&1 == 1)
		i++
	}
	return nil
}

func (c *leafReader) pageTexts(values encoding.Values, index []int32, levels []byte, n, there int) error {
	size := 0
	if there > 0 {
		size = c.form.length(values)
	}
	if index == nil && size < there {
		return fewer(size, "values", there)
	}
	if index != nil && c.codes == nil {
		c.codes = make([]int32, size)
		for i := range c.codes {
			c.codes[i] = -1
		}
	}
	i := 0
	for row := range n {
		if levels != nil && levels[row] != c.level {
			c.out.Codes = append(c.out.Codes, c.dict.code(nil))
			continue
		}
		var code int32
		var err error
		if index == nil {
			code, err = c.code(values, i, row)
		} else if code = c.codes[index[i]]; code < 0 {
			code, err = c.code(values, int(index[i]), row)
			c.codes[index[i]] = code
		}
		if err != nil {
			return err
		}
		if c.dict.values[code] == "" {
			c.empty(row, n)
		}
		c.out.Codes = append(c.out.Codes, code)
		i++
	}
	return nil
}

// code is the code of value i of a page or dictionary; row counts in the page.
func (c *leafReader) code(values encoding.Values, i, row int) (int32, error) {
	c.scratch = c.scratch[:0]
	text, problem := c.form.text(&c.scratch, values, i)
	if problem == "" && len(text) > maxCell {
		problem = fmt.Sprintf("a value is longer than %d bytes", maxCell)
	}
	if problem != "" {
		return 0, &Error{Line: int64(c.rows+row) + 1, Problem: problem}
	}
	known := len(c.dict.values)
	code := c.dict.code(text)
	if len(c.dict.values) > known && !utf8.Valid(text) {
		return 0, &Error{Line: int64(c.rows+row) + 1, Problem: "bytes that are not UTF-8 text"}
	}
	return code, nil
}

// empty makes row of a page of n null: an empty string has no value.
func (c *leafReader) empty(row, n int) {
	if c.out.Null == nil {
		c.out.Null = make([]bool, c.held()+n, max(cap(c.out.Codes), c.held()+n))
	}
	c.out.Null[c.held()+row] = true
}
