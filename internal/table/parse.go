package table

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// mode says what a parser does with a column's cells.
type mode uint8

const (
	skip   mode = iota // not asked for, or known not to be what it was taken for
	guess              // number or bool, by its first value
	number             // number, and nothing else
	text
)

// part is what one chunk holds.
type part struct {
	rows  int
	line  int64  // of its first byte; the number of its first row where places are rows
	lines []jump // where a row does not begin on the line after the last; total is the line
	cols  []partColumn
	extra []string // names of the last columns, where the rows name columns beyond the plan's
	err   error
}

// parser reads the records of one chunk.
type parser struct {
	file   string
	header []string
	b      []byte
	line   int64 // of the byte that is read next, while records are read
	part   *part
}

// parseCSV reads a chunk; the plan is by column of the file.
func parseCSV(file string, plan plan, c *chunk) *part {
	p := &parser{file: file, header: plan.names, b: c.bytes, line: c.line, part: newPart(plan, c)}
	if err := p.records(c); err != nil {
		p.part.err = err
	}
	return p.part
}

func newPart(plan plan, c *chunk) *part {
	p := &part{line: c.line, cols: make([]partColumn, len(plan.modes))}
	for i, m := range plan.modes {
		if p.cols[i].mode = m; m == text {
			p.cols[i].codes = make([]int32, 0, c.lines+1)
		}
	}
	return p
}

func (p *parser) records(c *chunk) *Error {
	if err := p.valid(); err != nil {
		return err
	}
	expected := int64(-1)
	for i := 0; i < len(p.b); {
		if end, blank := lineEnd(p.b, i); blank {
			i = end
			p.line++
			continue
		}
		if p.line != expected {
			p.part.lines = append(p.part.lines, jump{p.part.rows, p.line})
		}
		expected = p.line + 1
		end, err := p.record(i, c.lines+1)
		if err != nil {
			return err
		}
		i = end
		p.part.rows++
	}
	if c.cut {
		return &Error{File: p.file, Line: expected - 1, Problem: fmt.Sprintf("a record is longer than %d bytes", maxRecord)}
	}
	return nil
}

// record reads the record that begins at i, and returns the offset behind its
// line end.
func (p *parser) record(i, rows int) (int, *Error) {
	begin := p.line
	n := 0
	for ; ; n++ {
		var col *partColumn
		if n < len(p.part.cols) {
			col = &p.part.cols[n]
		}
		var end int
		var err *Error
		v, after, ok := 0.0, 0, false
		if col != nil && (col.mode == guess || col.mode == number) {
			v, after, ok = scanNumber(p.b, i)
		}
		if ok {
			end = after
			col.number(v, p.part.rows, rows)
		} else {
			var cell []byte
			if cell, end, err = p.cell(i, n); err != nil {
				return 0, err
			}
			if col != nil && col.mode != skip && !col.put(cell, p.part.rows, rows) {
				return 0, p.fault(begin, n, notNumber(cell))
			}
		}
		i = end
		if i < len(p.b) && p.b[i] == ',' {
			i++
			continue
		}
		break
	}
	if n++; n != len(p.header) {
		return 0, &Error{File: p.file, Line: begin, Problem: fmt.Sprintf("%s where the header has %d", count(n, "cell"), len(p.header)) +
			"\nhint: a text that holds a comma must stand in double quotes"}
	}
	if i == len(p.b) {
		return i, nil
	}
	end, _ := lineEnd(p.b, i)
	p.line++
	return end, nil
}

// cell reads the cell that begins at i, and returns the offset of the
// delimiter behind it. The bytes may be part of the chunk.
func (p *parser) cell(i, n int) (cell []byte, end int, err *Error) {
	if i < len(p.b) && p.b[i] == '"' {
		return p.quoted(i+1, n)
	}
	start := i
	for ; i < len(p.b); i++ {
		switch p.b[i] {
		case ',', '\n':
			goto found
		case '\r':
			if atDelimiter(p.b, i) {
				goto found
			}
		case '"':
			return nil, 0, p.fault(p.line, n, `a double quote inside a cell that does not begin with one`+
				"\nhint: put the cell in double quotes, and double those inside it")
		}
	}
found:
	if i-start > maxCell {
		return nil, 0, p.large(p.line, n)
	}
	return p.b[start:i], i, nil
}

// quoted reads a cell from behind its opening quote.
func (p *parser) quoted(i, n int) (cell []byte, end int, err *Error) {
	begin, start := p.line, i
	var joined []byte // set where the cell is not a plain run of bytes
	for {
		at := bytes.IndexByte(p.b[i:], '"')
		if at < 0 {
			if len(p.b)-start > maxCell {
				return nil, 0, p.large(begin, n)
			}
			return nil, 0, p.fault(begin, n, "a double quote is opened and never closed")
		}
		run := p.b[i : i+at]
		p.line += int64(bytes.Count(run, newline))
		i += at + 1
		doubled := i < len(p.b) && p.b[i] == '"'
		if doubled {
			run, i = p.b[i-1-at:i], i+1 // with one of the two
		}
		if doubled || joined != nil {
			joined = append(joined, run...)
		}
		if len(joined) > maxCell || len(run) > maxCell {
			return nil, 0, p.large(begin, n)
		}
		if doubled {
			continue
		}
		if !atDelimiter(p.b, i) {
			return nil, 0, p.fault(p.line, n, "text behind a closing double quote"+
				"\nhint: a double quote inside a quoted cell is written twice")
		}
		if joined == nil {
			joined = run
		}
		if bytes.Contains(joined, []byte("\r\n")) {
			joined = bytes.ReplaceAll(joined, []byte("\r\n"), newline)
		}
		return joined, i, nil
	}
}

// lineEnd is the offset behind a line end at b[i]; ok is false where none is.
func lineEnd(b []byte, i int) (end int, ok bool) {
	switch {
	case b[i] == '\n':
		return i + 1, true
	case b[i] == '\r' && i+1 == len(b):
		return i + 1, true
	case b[i] == '\r' && b[i+1] == '\n':
		return i + 2, true
	}
	return i, false
}

// valid refuses bytes that are not UTF-8.
func (p *parser) valid() *Error {
	if utf8.Valid(p.b) {
		return nil
	}
	i := 0
	for i < len(p.b) {
		r, n := utf8.DecodeRune(p.b[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	line := p.line + int64(bytes.Count(p.b[:i], newline))
	return &Error{File: p.file, Line: line, Problem: fmt.Sprintf("the byte 0x%02x is not UTF-8", p.b[i]) +
		"\nhint: write the file in UTF-8"}
}

func (p *parser) fault(line int64, n int, problem string) *Error {
	e := &Error{File: p.file, Line: line, Problem: problem}
	if n < len(p.header) {
		e.Column = p.header[n]
	}
	return e
}

func (p *parser) large(line int64, n int) *Error {
	return p.fault(line, n, fmt.Sprintf("a cell is longer than %d bytes", maxCell)+
		"\nhint: is a double quote opened here and never closed?")
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
