package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// openCSV reads the header.
func openCSV(ctx context.Context, file File) (*reading, error) {
	f := &reading{File: file, parse: parseCSV, splitter: splitter{name: file.Name, r: file.R, size: file.Size, line: 1, ends: lastRecord}}
	s := f.splitter
	c, err := s.next(ctx, sniffSize)
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &Error{File: f.Name, Problem: "is empty" + "\nhint: the first line must name the columns"}
	}
	if err != nil {
		return nil, err
	}
	whole := len(c.bytes)
	if e := f.readHeader(c); e != nil {
		return nil, e
	}
	f.splitter.at, f.splitter.line = int64(whole-len(c.bytes)), c.line
	if len(c.bytes) > 0 {
		f.sniffed = c
	}
	return f, nil
}

// readHeader reads the header off the first chunk.
func (f *reading) readHeader(c *chunk) *Error {
	begins := func(mark string) bool { return len(c.bytes) >= len(mark) && string(c.bytes[:len(mark)]) == mark }
	switch {
	case begins("\xff\xfe"), begins("\xfe\xff"):
		return &Error{File: f.Name, Line: 1, Problem: "is UTF-16" + "\nhint: write the file in UTF-8"}
	case begins("PAR1"):
		return &Error{File: f.Name, Line: 1, Problem: "is Parquet by its first bytes" + "\nhint: name it .parquet"}
	case begins("\xef\xbb\xbf"):
		c.bytes = c.bytes[3:]
	}
	p := &parser{file: f.Name, b: c.bytes, line: c.line, part: &part{}}
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
		return &Error{File: f.Name, Problem: "is empty" + "\nhint: the first line must name the columns"}
	}
	begin := p.line
	if e := f.separated(begin, p.b[i:]); e != nil {
		return e
	}
	known, twice, again := map[string]bool{}, "", false
	for ; ; i++ {
		cell, end, err := p.cell(i, 0)
		if err != nil {
			return err
		}
		name := string(cell)
		if known[name] && !again {
			twice, again = name, true
		}
		known[name] = true
		f.header = append(f.header, name)
		if len(f.header) > maxColumns {
			return &Error{File: f.Name, Line: begin, Problem: fmt.Sprintf("more than %d names", maxColumns)}
		}
		if i = end; i == len(p.b) || p.b[i] != ',' {
			break
		}
	}
	if i < len(p.b) {
		i, _ = lineEnd(p.b, i)
		p.line++
	}
	if cell := f.row(p.b[i:]); cell != "" {
		return &Error{File: f.Name, Line: begin, Problem: "looks like data, not names: it has " + shown(cell) + " where the line below has a number too" +
			"\nhint: write a first line with the columns' names; pandas does without header=False"}
	}
	if again {
		return &Error{File: f.Name, Line: begin, Column: twice, Problem: "is named twice in the header"}
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
	p := &parser{file: f.Name, b: b, part: &part{}}
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
		return &Error{File: f.Name, Line: line, Problem: "the cells are separated by " + s.word + ", and a CSV's are by commas" +
			"\nhint: write commas between cells and points in numbers, as in Python: import pandas; " +
			fmt.Sprintf("pandas.read_csv(%q, sep=%q, decimal=\",\", dtype={\"id\": str}).to_csv(%[1]q, index=False)", f.Name, s.sign)}
	}
	return nil
}
