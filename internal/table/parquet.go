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

// parquetFile is an open Parquet file. Whatever the library makes of a damaged
// one, errors or panics, becomes an *Error.
type parquetFile struct {
	File
	source *faults
	f      *parquet.File
}

func openParquet(file File) (*parquetFile, error) {
	p := &parquetFile{File: file, source: &faults{r: file.R}}
	var err error
	if p.f, err = openFooter(file.Name, p.source, file.Size); err != nil {
		return nil, p.source.or(file.Name, err)
	}
	if rows := p.f.NumRows(); rows < 0 || rows > math.MaxInt32 {
		return nil, &Error{File: file.Name, Problem: fmt.Sprintf("says it has %d rows; from 0 to %d can be read", rows, math.MaxInt32) + rewrite}
	}
	return p, nil
}

// read reads the chosen columns side by side.
func (p *parquetFile) read(ctx context.Context, o Options) (*Table, error) {
	t := &Table{Name: p.Name, Rows: int(p.f.NumRows()), lines: lines{first: 1}}
	leaves, err := chooseLeaves(t, p.f, o)
	if err != nil {
		return nil, p.source.or(p.Name, err)
	}
	t.Columns = make([]*Column, len(leaves))
	err = p.each(len(leaves), func(i int) (err error) {
		if t.Columns[i], err = p.readWhole(ctx, leaves[i], o); t.Columns[i] == nil && err == nil {
			t.Columns[i], err = p.readLeaf(ctx, leaves[i], o.mode(leaves[i].Name()) == text)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// readWhole reads ids that are whole numbers as such; nil where they are not,
// or one is too large to be exact.
func (p *parquetFile) readWhole(ctx context.Context, leaf *parquet.Column, o Options) (*Column, error) {
	form, _ := formOf(leaf.Type(), false)
	if !form.whole || !slices.Contains(o.IDs, leaf.Name()) {
		return nil, nil
	}
	c, err := p.readLeaf(ctx, leaf, false)
	if err != nil {
		return nil, err
	}
	for _, v := range c.Numbers {
		if math.Abs(v) >= 1<<53 {
			return nil, nil
		}
	}
	return c, nil
}

// each does n things, as many at a time as there are processors, and returns
// the first error by their order.
func (p *parquetFile) each(n int, do func(i int) error) error {
	problems := make([]error, n)
	var group sync.WaitGroup
	hands := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		hands <- struct{}{}
		group.Go(func() {
			defer func() { <-hands }()
			problems[i] = do(i)
		})
	}
	group.Wait()
	for _, err := range problems {
		if err != nil {
			return p.source.or(p.Name, err)
		}
	}
	return nil
}

const rewrite = "\nhint: the file is damaged or cut short; write it again"

func openFooter(name string, r io.ReaderAt, size int64) (f *parquet.File, err error) {
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
	all := f.Root().Columns()
	if len(all) > maxColumns {
		return nil, &Error{File: t.Name, Problem: fmt.Sprintf("more than %d names", maxColumns)}
	}
	met := map[string]bool{}
	for _, c := range all {
		if met[c.Name()] {
			return nil, &Error{File: t.Name, Column: c.Name(), Problem: "is there twice"}
		}
		met[c.Name()] = true
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
func (p *parquetFile) readLeaf(ctx context.Context, leaf *parquet.Column, asText bool) (col *Column, err error) {
	defer damaged(p.Name, leaf.Name(), &err)
	// A damaged file may claim any number of rows: room is made beforehand only
	// as far as its size makes them likely.
	room := int(min(p.f.NumRows(), max(1<<16, 8*p.Size)))
	c, err := p.leafReader(leaf, asText, room)
	if err != nil {
		return nil, err
	}
	for i := range p.f.RowGroups() {
		if err := p.begin(c, i); err != nil {
			return nil, err
		}
		if err := p.ensure(ctx, c, c.limit-c.taken); err != nil {
			return nil, err
		}
	}
	if int64(c.rows) != p.f.NumRows() {
		return nil, &Error{File: p.Name, Column: leaf.Name(), Problem: fmt.Sprintf("has %d of %d rows", c.rows, p.f.NumRows()) + rewrite}
	}
	return c.column(), nil
}

func (p *parquetFile) leafReader(leaf *parquet.Column, asText bool, room int) (*leafReader, error) {
	form, problem := formOf(leaf.Type(), asText)
	if problem != "" {
		return nil, &Error{File: p.Name, Column: leaf.Name(), Problem: problem}
	}
	return newLeafReader(leaf, form, room), nil
}

// begin goes to a row group.
func (p *parquetFile) begin(c *leafReader, group int) error {
	if err := readable(p.source, p.Size, &p.f.Metadata().RowGroups[group].Columns[c.leaf.Index()].MetaData); err != nil {
		return p.wrong(c, err)
	}
	c.begin(p.f.RowGroups()[group])
	return nil
}

// ensure reads pages until a column holds n rows that were not taken.
func (p *parquetFile) ensure(ctx context.Context, c *leafReader, n int) error {
	if c.held() >= n {
		return nil
	}
	for c.held() < n {
		err := c.next(ctx)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return &Error{File: p.Name, Line: int64(c.rows) + 1, Column: c.leaf.Name(),
				Problem: fmt.Sprintf("ends after %d of a row group's %d rows", c.size-(c.limit-c.rows), c.size) + rewrite}
		}
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			return p.wrong(c, err)
		}
	}
	return nil
}

// wrong says of an error which row it is at.
func (p *parquetFile) wrong(c *leafReader, err error) error {
	if errors.As(err, new(*Error)) {
		return err
	}
	return &Error{File: p.Name, Line: int64(c.rows) + 1, Column: c.leaf.Name(), Problem: err.Error() + rewrite}
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
