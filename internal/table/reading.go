package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

const sniffSize = 128 << 10 // of the first chunk, by which a first guess at the columns' kinds is made

// reading is one file of text, whose rows are read in chunks, and whose
// columns have the kind that their values look like.
type reading struct {
	File
	// parse reads a chunk of the file of that name.
	parse    func(file string, p plan, c *chunk) *part
	header   []string // none where the rows name the columns
	open     bool     // the rows name the columns
	splitter splitter // stands at the first record
	sniffed  *chunk   // a first chunk, if there are rows
}

// plan says what to do with each column.
type plan struct {
	names []string
	modes []mode
	open  bool                   // rows may name more columns
	rest  func(name string) mode // of those; nil to skip them
}

// late is the mode of a column that only rows name.
func (p plan) late(name string) mode {
	if p.rest == nil {
		return skip
	}
	return p.rest(name)
}

// decide makes a first plan: which columns to read, and as what.
func (f *reading) decide(o Options) (plan, error) {
	p := plan{names: f.header, open: f.open}
	if f.open {
		if p.names = o.Columns; o.Columns == nil {
			p.rest = o.mode
		}
	}
	wanted, err := choose(f.Name, o.Columns, p.names)
	if err != nil {
		return plan{}, err
	}
	p.modes = make([]mode, len(p.names))
	for _, i := range wanted {
		p.modes[i] = o.mode(p.names[i])
	}
	if f.sniffed == nil {
		return p, nil
	}
	first := newWhole(f.Name, f.Size, p, o, f.splitter.line)
	first.kindsOnly = true
	if err := first.add(f.parse(f.Name, p, f.sniffed)); err != nil {
		return plan{}, err
	}
	return first.refined(), nil
}

// read holds a file's rows whole: it reads the columns that it takes for
// numbers or bools, and then once more, as text, those that turned out to be
// something else far down.
func (f *reading) read(ctx context.Context, o Options) (*Table, error) {
	p, err := f.decide(o)
	if err != nil {
		return nil, err
	}
	all := newWhole(f.Name, f.Size, p, o, f.splitter.line)
	if err := f.run(ctx, p, all.broken, all.add); err != nil {
		return nil, err
	}
	if again, some := all.again(); some {
		second := newWhole(f.Name, f.Size, again, o, f.splitter.line)
		if err := f.run(ctx, again, second.broken, second.add); err != nil {
			return nil, err
		}
		if second.rows != all.rows {
			return nil, fmt.Errorf("reading %s: it changed meanwhile: %d rows, then %d", f.Name, all.rows, second.rows)
		}
		all.replace(second)
	}
	return all.table()
}

// fields are the columns with their kinds. Where the options say the kind of
// every column, the rows are not read for it.
func (f *reading) fields(ctx context.Context, o Options) (fields []field, nested []string, err error) {
	if said := o.said(); said != nil {
		_, err := f.decide(o)
		return said, nil, err
	}
	p, err := f.decide(o)
	if err != nil {
		return nil, nil, err
	}
	all := newWhole(f.Name, f.Size, p, o, f.splitter.line)
	all.kindsOnly = true
	if err := f.run(ctx, p, all.broken, all.add); err != nil {
		return nil, nil, err
	}
	return all.fields()
}

// rows gives the wanted columns in runs of rows.
func (f *reading) rows(ctx context.Context, want []field, give func(*part) error) error {
	p := plan{names: f.header, open: f.open}
	if f.open {
		p.names = fieldNames(want)
	}
	p.modes = make([]mode, len(p.names))
	at := make([]int, len(want))
	for i, w := range want {
		at[i] = slices.Index(p.names, w.name)
		p.modes[at[i]] = map[Kind]mode{Text: text, Number: number, Bool: guess}[w.kind]
	}
	seen := newWhole(f.Name, f.Size, p, Options{Columns: fieldNames(want)}, f.splitter.line)
	seen.kindsOnly = true
	err := f.run(ctx, p, func() []int { return nil }, func(all *part) error {
		if err := seen.add(all); err != nil {
			return err
		}
		cols := make([]partColumn, len(at))
		for i, j := range at {
			if cols[i] = all.cols[j]; cols[i].nested {
				return nested(f.Name, want[i].name)
			}
			if cols[i].broken || cols[i].some && cols[i].mode == guess && cols[i].kind != want[i].kind {
				return fmt.Errorf("reading %s: it changed meanwhile: column %s does not hold a %s everywhere", f.Name, want[i].name, want[i].kind)
			}
		}
		all.cols = cols
		return give(all)
	})
	if err != nil {
		return err
	}
	_, _, err = seen.wanted() // a column that no row names is none
	return err
}

// run parses the records with as many hands as there are processors, and gives
// the parts in the file's order. A column that is broken is not looked at any
// more.
func (f *reading) run(ctx context.Context, p plan, broken func() []int, give func(*part) error) error {
	ctx, cancel := context.WithCancel(ctx)
	hands := min(runtime.GOMAXPROCS(0), 8)
	work, order := make(chan *chunk), make(chan *chunk, hands+1)
	over := make([]atomic.Bool, len(p.modes))
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()

	var fault error
	group.Go(func() {
		defer close(order)
		defer close(work)
		fault = f.chunks(ctx, work, order)
	})
	for range hands {
		group.Go(func() {
			mine := p
			mine.modes = slices.Clone(p.modes)
			for c := range work {
				for i := range mine.modes {
					if over[i].Load() {
						mine.modes[i] = skip
					}
				}
				c.done <- f.parse(f.Name, mine, c)
			}
		})
	}
	for c := range order {
		if err := give(<-c.done); err != nil {
			return err
		}
		for _, i := range broken() {
			if i < len(over) {
				over[i].Store(true)
			}
		}
	}
	return fault
}

// chunks hands out the file's chunks, to be worked on and to be joined.
func (f *reading) chunks(ctx context.Context, work, order chan<- *chunk) error {
	for s := f.splitter; ; {
		c, err := s.next(ctx, chunkSize)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case work <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case order <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
