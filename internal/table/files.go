package table

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
)

// span says where one file's rows are in a table of several.
type span struct {
	name  string
	first int
	lines lines
}

func (t *Table) span(i int) *span {
	k := sort.Search(len(t.files), func(k int) bool { return t.files[k].first > i })
	if k == 0 {
		return nil
	}
	return &t.files[k-1]
}

// Glob are the files that a pattern in the syntax of [filepath.Match] names, in
// the order of their names; the pattern itself where a file is called so. A
// pattern that names nothing is an error.
func Glob(pattern string) ([]string, error) {
	if _, err := os.Lstat(pattern); err == nil {
		return []string{pattern}, nil
	}
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\nhint: a pattern has *, ? and [a-z]", pattern, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no file has such a name\nhint: put the pattern in quotes, so that the shell leaves it alone", pattern)
	}
	return names, nil
}

// ReadAll reads several files as one table, their rows in the files' order.
// All must have the same columns, in any order; the table has those of the
// first file's order. A column that holds numbers here and texts there is text
// everywhere, exactly as it is written, as within one file. Files may differ in
// format. Errors, and Line and At of the table, name the right file.
func ReadAll(ctx context.Context, files []File, o Options) (*Table, error) {
	if len(files) == 0 {
		return nil, errors.New("no files to read")
	}
	all := make([]*Table, len(files))
	fields := make([][]field, len(files))
	for i, f := range files {
		t, err := Read(ctx, f.Name, f.R, f.Size, o)
		if err != nil {
			return nil, err
		}
		all[i], fields[i] = t, t.fields()
	}
	want, err := reconcile(files, fields)
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		var differ []string
		for _, w := range want {
			if c, err := all[i].Column(w.name); err == nil && w.kind == Text && c.Kind != Text {
				differ = append(differ, w.name)
			}
		}
		if differ == nil {
			continue
		}
		t, err := Read(ctx, f.Name, f.R, f.Size, Options{Columns: differ, Text: differ})
		if err != nil {
			return nil, err
		}
		if t.Rows != all[i].Rows {
			return nil, fmt.Errorf("reading %s: it changed meanwhile: %d rows, then %d", f.Name, all[i].Rows, t.Rows)
		}
		for k, c := range all[i].Columns {
			if again, err := t.Column(c.Name); err == nil {
				all[i].Columns[k] = again
			}
		}
	}
	return concat(all, want)
}

// fields are the kinds of a table's columns, as far as their values show them.
// In a format that declares them, they are what it says.
func (t *Table) fields() []field {
	format, _ := formatOf(t.Name)
	out := make([]field, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = field{c.Name, c.Kind, format.rows || c.Null == nil && t.Rows > 0 || slices.Contains(c.Null, false)}
	}
	return out
}

// reconcile finds the kind of each column over all files, and refuses files
// whose columns are not the same.
func reconcile(files []File, fields [][]field) ([]field, error) {
	want := slices.Clone(fields[0])
	at := map[string]int{}
	for i, w := range want {
		at[w.name] = i
	}
	for k := 1; k < len(files); k++ {
		for _, f := range fields[k] {
			i, ok := at[f.name]
			if !ok {
				return nil, &Error{File: files[k].Name, Column: f.name, Problem: "is not in " + files[0].Name + "\nhint: files that are read as one table have the same columns"}
			}
			want[i] = want[i].and(f)
		}
		if len(fields[k]) < len(want) {
			missing := slices.IndexFunc(want, func(w field) bool { return !slices.Contains(fieldNames(fields[k]), w.name) })
			return nil, &Error{File: files[k].Name, Problem: fmt.Sprintf("no column %q, which %s has", want[missing].name, files[0].Name) +
				"\nhint: files that are read as one table have the same columns"}
		}
	}
	return want, nil
}

// and is the kind of a column's values in both files.
func (f field) and(g field) field {
	switch {
	case !g.firm:
		return f
	case !f.firm:
		return g
	case f.kind != g.kind:
		f.kind = Text
	}
	return f
}

// concat joins tables; each column is let go as it is copied.
func concat(all []*Table, want []field) (*Table, error) {
	if len(all) == 1 {
		return all[0], nil
	}
	out := &Table{Name: all[0].Name + " and " + count(len(all)-1, "more file")}
	for _, t := range all {
		out.files = append(out.files, span{t.Name, out.Rows, t.lines})
		if out.Rows += t.Rows; out.Rows > math.MaxInt32 {
			return nil, fmt.Errorf("reading %s: more than %d rows", out.Name, math.MaxInt32)
		}
		for _, n := range t.Nested {
			if !slices.Contains(out.Nested, n) {
				out.Nested = append(out.Nested, n)
			}
		}
	}
	for _, w := range want {
		c := wholeColumn{name: w.name, kind: w.kind}
		if c.dict.keep = true; w.kind == Text {
			c.mode = text
		} else {
			c.mode = guess
		}
		for _, t := range all {
			i := slices.IndexFunc(t.Columns, func(c *Column) bool { return c.Name == w.name })
			c.add(t.Columns[i].part(w, t.Rows), t.Rows, false)
			t.Columns[i] = &Column{Name: w.name}
		}
		out.Columns = append(out.Columns, c.column(out.Rows))
	}
	return out, nil
}

// part is a column as a part of a longer one, whose kind it has or has no
// value of.
func (c *Column) part(w field, rows int) *partColumn {
	p := &partColumn{mode: guess, kind: w.kind, some: true, null: c.Null}
	if w.kind != c.Kind {
		p = &partColumn{mode: guess}
		if w.kind == Text {
			p.mode = text
		}
		p = blank(p.mode, rows)
		p.kind = w.kind
		if w.kind == Bool {
			p.bools = make([]bool, rows)
		}
		return p
	}
	switch c.Kind {
	case Number:
		p.numbers = c.Numbers
	case Bool:
		p.bools = c.Bools
	case Text:
		p.mode, p.dict.values = text, c.Dict
		p.codes = slices.Clone(c.Codes)
	}
	return p
}
