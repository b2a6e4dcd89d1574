package table

import (
	"bytes"
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

// reading is one CSV file.
type reading struct {
	name   string
	r      io.ReaderAt
	size   int64
	header []string
	first  splitter // stands at the first record
}

// readCSV reads the columns that it takes for numbers or bools, and then once
// more, as text, those that turned out to be something else far down.
func readCSV(ctx context.Context, name string, r io.ReaderAt, size int64, o Options) (*Table, error) {
	f := &reading{name: name, r: r, size: size}
	sniff, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := choose(name, o.Columns, f.header)
	if err != nil {
		return nil, err
	}
	modes := make([]mode, len(f.header))
	for _, i := range wanted {
		if modes[i] = guess; slices.Contains(o.Text, f.header[i]) {
			modes[i] = text
		}
	}
	if sniff != nil {
		found := parse(name, f.header, modes, sniff)
		if found.err != nil {
			return nil, found.err
		}
		for i := range modes {
			if found.cols[i].broken {
				modes[i] = text
			}
		}
	}
	all, err := f.read(ctx, modes)
	if err != nil {
		return nil, err
	}
	if err := f.again(ctx, all); err != nil {
		return nil, err
	}
	t := &Table{Name: name, Rows: all.rows, lines: all.lines}
	for _, i := range wanted {
		t.Columns = append(t.Columns, all.cols[i].column(f.header[i], all.rows))
	}
	return t, nil
}

// open reads the header, and returns the chunk behind it, if there is one.
func (f *reading) open(ctx context.Context) (*chunk, error) {
	s := splitter{name: f.name, r: f.r, size: f.size, line: 1}
	c, err := s.next(ctx, sniffSize)
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &Error{File: f.name, Problem: "is empty" + "\nhint: the first line must name the columns"}
	}
	if err != nil {
		return nil, err
	}
	whole := len(c.bytes)
	if e := f.names(c); e != nil {
		return nil, e
	}
	f.first = splitter{name: f.name, r: f.r, size: f.size, at: int64(whole - len(c.bytes)), line: c.line}
	if len(c.bytes) == 0 {
		return nil, nil
	}
	return c, nil
}

// names reads the header off the first chunk.
func (f *reading) names(c *chunk) *Error {
	begins := func(mark string) bool { return len(c.bytes) >= len(mark) && string(c.bytes[:len(mark)]) == mark }
	switch {
	case begins("\xff\xfe"), begins("\xfe\xff"):
		return &Error{File: f.name, Line: 1, Problem: "is UTF-16" + "\nhint: write the file in UTF-8"}
	case begins("PAR1"):
		return &Error{File: f.name, Line: 1, Problem: "is Parquet by its first bytes" + "\nhint: name it .parquet"}
	case begins("\xef\xbb\xbf"):
		c.bytes = c.bytes[3:]
	}
	p := &parser{file: f.name, b: c.bytes, line: c.line, part: &part{}}
	if err := p.valid(); err != nil {
		return err
	}
	i := 0
	for i < len(p.b) {
		end, blank := lineEnd(p.b, i)
		if !blank {
			break
		}
		i = end
		p.line++
	}
	if i == len(p.b) {
		return &Error{File: f.name, Problem: "is empty" + "\nhint: the first line must name the columns"}
	}
	begin := p.line
	if e := f.separated(begin, p.b[i:]); e != nil {
		return e
	}
	twice, again := "", false
	for ; ; i++ {
		cell, end, err := p.cell(i, 0)
		if err != nil {
			return err
		}
		name := string(cell)
		if slices.Contains(f.header, name) && !again {
			twice, again = name, true
		}
		f.header = append(f.header, name)
		if i = end; i == len(p.b) || p.b[i] != ',' {
			break
		}
	}
	if i < len(p.b) {
		i, _ = lineEnd(p.b, i)
		p.line++
	}
	if cell := f.row(p.b[i:]); cell != "" {
		return &Error{File: f.name, Line: begin, Problem: "looks like data, not names: it has " + shown(cell) + " where the line below has a number too" +
			"\nhint: write a first line with the columns' names; pandas does without header=False"}
	}
	if again {
		return &Error{File: f.name, Line: begin, Column: twice, Problem: "is named twice in the header"}
	}
	c.lines -= int(p.line - c.line)
	c.bytes, c.line = c.bytes[i:], p.line
	return nil
}

// row says whether the header may be a row itself, by the row below it: every
// column that has a number there has one, or nothing, in the header too. It is
// the first such number; empty where the header names at least one of them.
// What is wrong with the row below is left to whoever reads it.
func (f *reading) row(b []byte) string {
	p := &parser{file: f.name, b: b, part: &part{}}
	i := 0
	for i < len(b) {
		end, blank := lineEnd(b, i)
		if !blank {
			break
		}
		i = end
	}
	found := ""
	for n := 0; n < len(f.header) && i < len(b); n++ {
		cell, end, err := p.cell(i, n)
		if err != nil {
			return ""
		}
		if _, number := parseNumber(cell); number {
			name := []byte(f.header[n])
			_, number := parseNumber(name)
			switch {
			case !number && len(bytes.TrimSpace(name)) > 0:
				return ""
			case number && found == "":
				found = f.header[n]
			}
		}
		if i = end; i == len(b) || b[i] != ',' {
			break
		}
		i++
	}
	return found
}

// separated refuses a header that is one name only because something else than
// a comma stands between the names. A single name that holds such a sign is
// written in quotes.
func (f *reading) separated(line int64, b []byte) *Error {
	head, _, _ := bytes.Cut(b, newline)
	if bytes.IndexByte(head, ',') >= 0 {
		return nil
	}
	for _, s := range []struct{ sign, word string }{{";", "semicolons"}, {"\t", "tabs"}} {
		bare := bytes.Count(head, []byte(s.sign))
		if head[0] == '"' { // then between quoted names, and not inside the only one
			bare = bytes.Count(head, []byte(`"`+s.sign))
		}
		if bare == 0 {
			continue
		}
		return &Error{File: f.name, Line: line, Problem: "the cells are separated by " + s.word + ", and a CSV's are by commas" +
			"\nhint: write commas between cells and points in numbers, as in Python: import pandas; " +
			fmt.Sprintf("pandas.read_csv(%q, sep=%q, decimal=\",\", dtype={\"id\": str}).to_csv(%[1]q, index=False)", f.name, s.sign)}
	}
	return nil
}

// read parses the records with as many hands as there are processors, and
// joins the parts in the file's order.
func (f *reading) read(ctx context.Context, modes []mode) (*whole, error) {
	ctx, cancel := context.WithCancel(ctx)
	hands := min(runtime.GOMAXPROCS(0), 8)
	work, order := make(chan *chunk), make(chan *chunk, hands+1)
	broken := make([]atomic.Bool, len(modes))
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
			mine := slices.Clone(modes)
			for c := range work {
				for i := range mine {
					if mine[i] == guess && broken[i].Load() {
						mine[i] = skip
					}
				}
				c.done <- parse(f.name, f.header, mine, c)
			}
		})
	}
	all := newWhole(modes, f.first.line)
	for c := range order {
		p := <-c.done
		if p.err != nil {
			return nil, p.err
		}
		if err := all.add(p); err != nil {
			return nil, fmt.Errorf("reading %s: %w", f.name, err)
		}
		for i := range all.cols {
			if all.cols[i].broken {
				broken[i].Store(true)
			}
		}
	}
	return all, fault
}

// chunks hands out the file's chunks, to be worked on and to be joined.
func (f *reading) chunks(ctx context.Context, work, order chan<- *chunk) error {
	for s := f.first; ; {
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

// again reads the columns that are neither numbers nor bools as text.
func (f *reading) again(ctx context.Context, all *whole) error {
	modes := make([]mode, len(all.cols))
	some := false
	for i := range all.cols {
		if all.cols[i].broken {
			modes[i], some = text, true
		}
	}
	if !some {
		return nil
	}
	second, err := f.read(ctx, modes)
	if err != nil {
		return err
	}
	if second.rows != all.rows {
		return fmt.Errorf("reading %s: it changed meanwhile: %d rows, then %d", f.name, all.rows, second.rows)
	}
	for i, m := range modes {
		if m == text {
			all.cols[i] = second.cols[i]
		}
	}
	return nil
}
