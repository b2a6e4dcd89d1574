package table

import (
	"context"
	"errors"
	"slices"
)

// Batch is a run of rows of one file.
type Batch struct {
	// Table holds the rows. Its Name is that of their file, and Line and At
	// point into it. The Dict of a column may hold texts of other batches too;
	// codes mean something only within the batch.
	*Table
	// First is how many rows of all files come before.
	First int64
}

// Scan reads files as ReadAll does, and gives their rows in batches, in the
// files' order, holding no more than a few batches at a time: some megabytes of
// a text file, a page of each column of Parquet, a record batch of Arrow. fn
// may keep what it is given. What Scan found wrong may come after batches that
// were given already, so that they count only where it returns nil.
//
// A kind is one for all batches, so a text file is read twice, unless o names
// its Columns and says of each that it is Text or Numbers.
func Scan(ctx context.Context, files []File, o Options, fn func(*Batch) error) error {
	if len(files) == 0 {
		return errors.New("no files to read")
	}
	sources := make([]source, len(files))
	fields := make([][]field, len(files))
	var nested []string
	for i, f := range files {
		var err error
		if sources[i], err = open(ctx, f); err != nil {
			return err
		}
		var n []string
		if fields[i], n, err = sources[i].fields(ctx, o); err != nil {
			return err
		}
		for _, name := range n {
			if !slices.Contains(nested, name) {
				nested = append(nested, name)
			}
		}
	}
	want, err := reconcile(files, fields)
	if err != nil {
		return err
	}
	first := int64(0)
	for i, f := range files {
		err := sources[i].rows(ctx, want, func(p *part) error {
			if p.err != nil {
				return p.err
			}
			if p.rows == 0 {
				return nil
			}
			b := &Batch{Table: p.table(f.Name, want), First: first}
			b.Nested = nested
			if err := b.numbers(o); err != nil {
				return err
			}
			first += int64(p.rows)
			return fn(b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// table is a part as a table of its own.
func (p *part) table(file string, want []field) *Table {
	t := &Table{Name: file, Rows: p.rows, lines: lines{first: p.line}}
	for _, j := range p.lines {
		t.lines.add(j.row, j.total)
	}
	for i, w := range want {
		c := &p.cols[i]
		out := &Column{Name: w.name, Kind: w.kind, Null: c.null}
		switch {
		case w.kind == Text:
			out.Codes, out.Dict = c.codes, c.dict.values
		case w.kind == Bool && c.bools != nil:
			out.Bools = c.bools
		case w.kind == Bool:
			out.Bools = make([]bool, p.rows)
		case c.numbers != nil:
			out.Numbers = c.numbers
		default:
			out.Numbers = make([]float64, p.rows)
			c.copy(out, 0, p.rows)
		}
		t.Columns = append(t.Columns, out)
	}
	return t
}
