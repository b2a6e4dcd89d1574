// Package table reads CSV, JSONL, Parquet and Arrow files into typed columns,
// whole or in batches, one file or several as one table, and writes CSV. It
// refuses what it cannot read exactly (ragged rows, bytes that are not UTF-8,
// duplicate names, nested columns, damaged files) with the place where it stands, and never guesses around it. What the columns mean, whether values
// are finite and how many rows are enough, is left to its callers.
package table

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Options say what to read.
type Options struct {
	// Columns are the names to read, each once; nil reads all.
	Columns []string
	// Text are columns to keep as exact text whatever they look like: ids, so
	// that 007 stays 007. Names that are not read are passed over.
	Text []string
	// IDs are Text too, but where a Parquet file declares whole numbers, all of
	// which a float64 holds exactly, they are left as Number: the same texts, in
	// a fraction of the memory.
	IDs []string
	// Numbers are columns whose every value must be a number: one that is none
	// is an *Error where it stands. Names that are not read are passed over.
	Numbers []string
}

// mode is how a column is to be read by the options.
func (o Options) mode(name string) mode {
	switch {
	case slices.Contains(o.Text, name), slices.Contains(o.IDs, name):
		return text
	case slices.Contains(o.Numbers, name):
		return number
	}
	return guess
}

// said are the columns, if the options say the kind of each; else nil.
func (o Options) said() []field {
	var fields []field
	for _, name := range o.Columns {
		switch o.mode(name) {
		case text:
			fields = append(fields, field{name, Text, true})
		case number:
			fields = append(fields, field{name, Number, true})
		default:
			return nil
		}
	}
	return fields
}

// Kind says how a column's values are held.
type Kind uint8

const (
	// Number says that every value reads as a number. NaN and infinities count, and stay
	// what they are.
	Number Kind = iota
	// Text says that values are codes into a dictionary.
	Text
	// Bool says that every value is true or false (also True, TRUE and so on).
	Bool
)

// String is the kind as people read it.
func (k Kind) String() string {
	switch k {
	case Number:
		return "number"
	case Text:
		return "text"
	case Bool:
		return "bool"
	}
	return "unknown"
}

// Table is a file's columns, in the order asked for; in the file's order where
// all were.
type Table struct {
	Name    string // of the file
	Rows    int
	Columns []*Column
	// Nested are the names of Parquet columns that were not read, because they
	// hold lists or structures and nobody named them.
	Nested []string

	lines lines
	files []span // where the rows of several files begin; nil for one file
}

// Column is one column's values.
type Column struct {
	Name string
	Kind Kind
	// Null says which rows have no value; nil where all have one. An empty
	// cell and an empty string have no value.
	Null []bool
	// Numbers are the values of Kind Number, NaN where null.
	Numbers []float64
	// Codes and Dict are the values of Kind Text: row i is Dict[Codes[i]].
	// Dict holds every text once, by first appearance; that of null is "".
	Codes []int32
	Dict  []string
	// Bools are the values of Kind Bool, false where null.
	Bools []bool
}

// Read reads the file of that name, whose suffix says its format (Suffixes
// lists them). Errors about its content are *Error; ctx ends the reading
// early.
func Read(ctx context.Context, name string, r io.ReaderAt, size int64, o Options) (*Table, error) {
	s, err := open(ctx, File{name, r, size})
	if err != nil {
		return nil, err
	}
	t, err := s.read(ctx, o)
	if err != nil {
		return nil, err
	}
	return t, t.numbers(o)
}

// numbers makes numbers of the columns that must be.
func (t *Table) numbers(o Options) error {
	for _, c := range t.Columns {
		if c.Kind == Number || o.mode(c.Name) != number {
			continue
		}
		values, err := t.Float64s(c.Name)
		if err != nil {
			return err
		}
		*c = Column{Name: c.Name, Null: c.Null, Numbers: values}
	}
	return nil
}

// Names lists the columns that were read.
func (t *Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Column finds a column by its exact name. The *Error of an unknown one names
// the nearest and lists all.
func (t *Table) Column(name string) (*Column, error) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, nil
		}
	}
	for _, n := range t.Nested {
		if n == name {
			return nil, nested(t.Name, name)
		}
	}
	return nil, unknown(t.Name, name, t.Names())
}

// Select is a table of the named columns only, sharing their values.
func (t *Table) Select(names ...string) (*Table, error) {
	out := &Table{Name: t.Name, Rows: t.Rows, lines: t.lines, files: t.files}
	for _, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		out.Columns = append(out.Columns, c)
	}
	return out, nil
}

// File is the name of the file that row i (from 0) is of.
func (t *Table) File(i int) string {
	if f := t.span(i); f != nil {
		return f.name
	}
	return t.Name
}

// Line is where row i (from 0) begins in its file: the line of a text file, the
// row number of any other, both from 1.
func (t *Table) Line(i int) int64 {
	if f := t.span(i); f != nil {
		return f.lines.of(i - f.first)
	}
	return t.lines.of(i)
}

// At is an *Error about row i (from 0) of a column, for what a caller finds
// wrong with a value.
func (t *Table) At(i int, column, problem string) *Error {
	return &Error{File: t.File(i), Line: t.Line(i), Column: column, Problem: problem}
}

// Float64s is a column's values as numbers, NaN where null; it shares memory
// with a Number column. For any other, texts are read as numbers, and the
// *Error names the first line with a value that is none.
func (t *Table) Float64s(name string) ([]float64, error) {
	c, err := t.Column(name)
	if err != nil {
		return nil, err
	}
	if c.Kind == Number {
		return c.Numbers, nil
	}
	var known []float64 // by code
	bad := make([]bool, len(c.Dict))
	for code, s := range c.Dict {
		v, ok := parseNumber([]byte(s))
		known, bad[code] = append(known, v), !ok
	}
	out := make([]float64, t.Rows)
	for i := range out {
		switch {
		case c.IsNull(i):
			out[i] = math.NaN()
		case c.Kind == Bool, bad[c.Codes[i]]:
			return nil, t.At(i, name, fmt.Sprintf("%s is not a number", shown(c.String(i))))
		default:
			out[i] = known[c.Codes[i]]
		}
	}
	return out, nil
}

// Len is the number of rows.
func (c *Column) Len() int { return max(len(c.Numbers), len(c.Codes), len(c.Bools)) }

// IsNull says whether row i has no value.
func (c *Column) IsNull(i int) bool { return c.Null != nil && c.Null[i] }

// String is row i as text: exactly as it was read for Kind Text, the shortest
// decimal that reads back the same for numbers; "" for null and only for null.
func (c *Column) String(i int) string {
	if c.IsNull(i) {
		return ""
	}
	switch c.Kind {
	case Text:
		return c.Dict[c.Codes[i]]
	case Bool:
		return strconv.FormatBool(c.Bools[i])
	}
	return formatNumber(c.Numbers[i])
}

// formatNumber writes whole numbers without an exponent as far as they are
// exact, so that an integer reads as people write it.
func formatNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
