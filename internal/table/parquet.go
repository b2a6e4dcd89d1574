package table

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"
)

// readParquet reads the chosen columns side by side. Whatever the library
// makes of a damaged file, errors or panics, becomes an *Error.
func readParquet(ctx context.Context, name string, r io.ReaderAt, size int64, o Options) (*Table, error) {
	source := &faults{r: r}
	f, err := openParquet(name, source, size)
	if err != nil {
		return nil, source.or(name, err)
	}
	t := &Table{Name: name, lines: lines{first: 1}}
	leaves, err := chooseLeaves(t, f, o)
	if err != nil {
		return nil, source.or(name, err)
	}
	rows := f.NumRows()
	if rows < 0 || rows > math.MaxInt32 {
		return nil, &Error{File: name, Problem: fmt.Sprintf("says it has %d rows; from 0 to %d can be read", rows, math.MaxInt32) + rewrite}
	}
	t.Rows = int(rows)
	t.Columns = make([]*Column, len(leaves))
	problems := make([]error, len(leaves))
	var group sync.WaitGroup
	hands := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, leaf := range leaves {
		hands <- struct{}{}
		group.Go(func() {
			defer func() { <-hands }()
			t.Columns[i], problems[i] = readLeaf(ctx, name, source, f, leaf, size, slices.Contains(o.Text, leaf.Name()))
		})
	}
	group.Wait()
	for _, err := range problems {
		if err != nil {
			return nil, source.or(name, err)
		}
	}
	return t, nil
}

const rewrite = "\nhint: the file is damaged or cut short; write it again"

func openParquet(name string, r io.ReaderAt, size int64) (f *parquet.File, err error) {
	defer damaged(name, "", &err)
	if size == 0 {
		return nil, &Error{File: name, Problem: "is empty" + rewrite}
	}
	var tail [8]byte
	if size < 12 {
		return nil, &Error{File: name, Problem: "is too short for Parquet" + rewrite}
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(tail[4:]) == "PAR1" && int64(binary.LittleEndian.Uint32(tail[:])) > size-12 {
		return nil, &Error{File: name, Problem: "says that its footer is longer than the file" + rewrite}
	}
	f, err = parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, &Error{File: name, Problem: err.Error() + rewrite}
	}
	return f, nil
}

// chooseLeaves are the plain columns to read; it fills t.Nested.
func chooseLeaves(t *Table, f *parquet.File, o Options) (leaves []*parquet.Column, err error) {
	defer damaged(t.Name, "", &err)
	var plain []*parquet.Column
	var known, nestedNames []string
	for _, c := range f.Root().Columns() {
		if slices.Contains(known, c.Name()) || slices.Contains(nestedNames, c.Name()) {
			return nil, &Error{File: t.Name, Column: c.Name(), Problem: "is there twice"}
		}
		if c.Leaf() && !c.Repeated() {
			plain, known = append(plain, c), append(known, c.Name())
		} else {
			nestedNames = append(nestedNames, c.Name())
		}
	}
	for _, name := range o.Columns {
		if slices.Contains(nestedNames, name) {
			return nil, nested(t.Name, name)
		}
	}
	at, err := choose(t.Name, o.Columns, known)
	if err != nil {
		return nil, err
	}
	for _, i := range at {
		leaves = append(leaves, plain[i])
	}
	if o.Columns == nil {
		t.Nested = nestedNames
	}
	return leaves, nil
}

// readLeaf reads one column through all row groups.
func readLeaf(ctx context.Context, name string, r io.ReaderAt, f *parquet.File, leaf *parquet.Column, size int64, asText bool) (col *Column, err error) {
	defer damaged(name, leaf.Name(), &err)
	form, problem := formOf(leaf.Type(), asText)
	if problem != "" {
		return nil, &Error{File: name, Column: leaf.Name(), Problem: problem}
	}
	// A damaged file may claim any number of rows: room is made beforehand only
	// as far as its size makes them likely.
	room := int(min(f.NumRows(), max(1<<16, 8*size)))
	c := newLeafReader(leaf, form, room)
	for i, group := range f.RowGroups() {
		before := c.rows
		err := unpackable(r, size, &f.Metadata().RowGroups[i].Columns[leaf.Index()].MetaData)
		if err == nil {
			err = c.group(ctx, group)
		}
		if err != nil {
			var e *Error
			if ctx.Err() != nil || errors.As(err, &e) {
				return nil, err
			}
			return nil, &Error{File: name, Line: int64(c.rows) + 1, Column: leaf.Name(), Problem: err.Error() + rewrite}
		}
		if got := int64(c.rows - before); got != group.NumRows() {
			return nil, &Error{File: name, Line: int64(c.rows) + 1, Column: leaf.Name(),
				Problem: fmt.Sprintf("ends after %d of a row group's %d rows", got, group.NumRows()) + rewrite}
		}
	}
	if int64(c.rows) != f.NumRows() {
		return nil, &Error{File: name, Column: leaf.Name(), Problem: fmt.Sprintf("has %d of %d rows", c.rows, f.NumRows()) + rewrite}
	}
	return c.column(), nil
}

// damaged turns a panic of the library into an *Error, and names the file in
// errors that do not.
func damaged(file, column string, err *error) {
	if p := recover(); p != nil {
		*err = &Error{File: file, Column: column, Problem: fmt.Sprintf("cannot be decoded: %v", p) + rewrite}
		return
	}
	if e, ok := errors.AsType[*Error](*err); ok {
		if e.File == "" {
			e.File = file
		}
		if e.Column == "" {
			e.Column = column
		}
	}
}

// faults remembers that a read failed, so that a broken disk is not mistaken
// for a broken file.
type faults struct {
	r     io.ReaderAt
	mu    sync.Mutex
	first error
}

func (f *faults) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("its bytes are said to begin at %d", at)
	}
	n, err := f.r.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.first == nil {
			f.first = err
		}
	}
	return n, err
}

// or is the fault of reading, if there was one, else err.
func (f *faults) or(name string, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first != nil {
		return fmt.Errorf("reading %s: %w", name, f.first)
	}
	return err
}
