package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// openJSONL reads files of one JSON object per line (RFC 8259): its names are
// the columns, and a name that a row leaves out has no value there.
func openJSONL(ctx context.Context, file File) (*reading, error) {
	f := &reading{File: file, parse: parseJSONL, open: true}
	f.splitter = splitter{name: file.Name, r: file.R, size: file.Size, line: 1, ends: lastLine}
	s := f.splitter
	c, err := s.next(ctx, sniffSize)
	if err != nil && (!errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		return nil, err
	}
	if c == nil {
		c = &chunk{}
	}
	switch {
	case bytes.HasPrefix(c.bytes, []byte("\xff\xfe")), bytes.HasPrefix(c.bytes, []byte("\xfe\xff")):
		return nil, &Error{File: f.Name, Line: 1, Problem: "is UTF-16" + "\nhint: write the file in UTF-8"}
	case bytes.HasPrefix(c.bytes, []byte("\xef\xbb\xbf")):
		c.bytes = c.bytes[3:]
		f.splitter.at = 3
	}
	switch begin := bytes.TrimLeft(c.bytes, " \t\r\n"); {
	case len(begin) == 0 && !c.cut && s.at == s.size:
		return nil, &Error{File: f.Name, Problem: "is empty" + "\nhint: write one JSON object per line"}
	case len(begin) > 0 && begin[0] == '[':
		return nil, &Error{File: f.Name, Line: 1, Problem: "is one JSON array, not one object per line" +
			"\nhint: in Python, pandas.DataFrame.to_json(path, orient=\"records\", lines=True)"}
	}
	f.sniffed = c
	return f, nil
}

// objects reads the lines of one chunk.
type objects struct {
	file   string
	plan   plan
	b      []byte // of the line
	line   int64
	rows   int // that there can be
	part   *part
	names  []string // of the part's columns
	at     map[string]int
	filled []int // by column: the last row with its name, from 1
}

func parseJSONL(file string, plan plan, c *chunk) *part {
	p := &objects{file: file, plan: plan, line: c.line, rows: c.lines + 1, part: newPart(plan, c)}
	p.names, p.filled = plan.names[:len(plan.names):len(plan.names)], make([]int, len(plan.names))
	p.at = make(map[string]int, len(p.names))
	for i, name := range p.names {
		p.at[name] = i
	}
	if err := p.read(c); err != nil {
		p.part.err = err
	}
	return p.part
}

func (p *objects) read(c *chunk) *Error {
	if err := (&parser{file: p.file, b: c.bytes, line: c.line}).valid(); err != nil {
		return err
	}
	if c.cut {
		return &Error{File: p.file, Line: c.line, Problem: fmt.Sprintf("a record is longer than %d bytes", maxRecord)}
	}
	expected := int64(-1)
	for rest := c.bytes; len(rest) > 0; p.line++ {
		p.b, rest, _ = bytes.Cut(rest, newline)
		if i := p.space(0); i == len(p.b) {
			continue
		}
		if p.line != expected {
			p.part.lines = append(p.part.lines, jump{p.part.rows, p.line})
		}
		expected = p.line + 1
		if err := p.object(); err != nil {
			return err
		}
		p.part.rows++
	}
	return nil
}

// object reads a line as one row.
func (p *objects) object() *Error {
	i := p.space(0)
	if p.b[i] != '{' {
		return p.fault("", "a line that is no JSON object: it begins with "+shown(string(p.b[i:min(len(p.b), i+20)]))+"\nhint: write one JSON object per line")
	}
	i = p.space(i + 1)
	for n := 0; i == len(p.b) || p.b[i] != '}'; n++ {
		if n > 0 {
			if i == len(p.b) || p.b[i] != ',' {
				return p.broken(i)
			}
			i = p.space(i + 1)
		}
		key, end, err := p.text(i, "")
		if err != nil {
			return err
		}
		if i = p.space(end); i == len(p.b) || p.b[i] != ':' {
			return p.broken(i)
		}
		col, err := p.column(key, n)
		if err != nil {
			return err
		}
		if i, err = p.value(p.space(i+1), col); err != nil {
			return err
		}
		i = p.space(i)
	}
	if i = p.space(i + 1); i != len(p.b) {
		return p.fault("", "text behind a JSON object: "+shown(string(p.b[i:]))+"\nhint: write one JSON object per line")
	}
	for k, row := range p.filled {
		if row <= p.part.rows && p.part.cols[k].mode != skip {
			p.part.cols[k].empty(p.part.rows, p.rows)
		}
	}
	return nil
}

// column finds the column of a name, the n-th of its row: a new one where no
// row above had it.
func (p *objects) column(key []byte, n int) (int, *Error) {
	k, ok := n, n < len(p.names) && p.names[n] == string(key)
	if !ok {
		k, ok = p.at[string(key)]
	}
	if !ok {
		k = len(p.names)
		if k == maxColumns {
			return 0, p.fault("", fmt.Sprintf("more than %d names", maxColumns)+"\nhint: write every row with the same names")
		}
		name := string(key)
		p.names, p.filled, p.at[name] = append(p.names, name), append(p.filled, 0), k
		p.part.extra = append(p.part.extra, name)
		p.part.cols = append(p.part.cols, *blank(p.plan.late(name), p.part.rows))
	}
	if p.filled[k] == p.part.rows+1 {
		return 0, p.fault(p.names[k], "is named twice in one row")
	}
	p.filled[k] = p.part.rows + 1
	p.part.cols[k].seen = true
	return k, nil
}

// value reads the value at i into a column, and returns the offset behind it.
func (p *objects) value(i, col int) (int, *Error) {
	c, name := &p.part.cols[col], p.names[col]
	if i == len(p.b) {
		return 0, p.broken(i)
	}
	switch b := p.b[i]; {
	case b == '"':
		text, end, err := p.text(i, name)
		if err != nil {
			return 0, err
		}
		return end, p.put(c, name, text, true)
	case b == '{' || b == '[':
		end := p.nested(i)
		if end < 0 {
			return 0, p.broken(i)
		}
		*c = partColumn{mode: skip, seen: true, nested: true}
		return end, nil
	case b == '-' || b-'0' <= 9:
		end := jsonNumber(p.b, i)
		if end < 0 {
			return 0, p.broken(i)
		}
		if end-i > maxCell {
			return 0, p.large(name)
		}
		return end, p.put(c, name, p.b[i:end], false)
	}
	for _, word := range []string{"null", "true", "false"} {
		if end := i + len(word); end <= len(p.b) && string(p.b[i:end]) == word {
			if word == "null" {
				return end, p.put(c, name, nil, false)
			}
			return end, p.put(c, name, p.b[i:end], false)
		}
	}
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(p.b[i:], []byte(word)) {
			return 0, p.fault(name, word+" is not JSON\nhint: write null where there is no number")
		}
	}
	return 0, p.broken(i)
}

// put adds a value. A text is none of a column's numbers or bools, whatever it
// looks like; where numbers are asked for, it may be read as one.
func (p *objects) put(c *partColumn, name string, value []byte, isText bool) *Error {
	switch {
	case c.mode == skip:
	case isText && c.mode == guess && len(value) > 0:
		c.breaks()
	case !isText && c.mode != text && len(value) > 0 && value[0] != 't' && value[0] != 'f':
		v, _, ok := scanNumber(value, 0)
		if !ok {
			v, _ = parseNumber(value)
		}
		c.number(v, p.part.rows, p.rows)
	default:
		if !c.put(value, p.part.rows, p.rows) {
			return p.fault(name, notNumber(value))
		}
	}
	return nil
}

// nested is the offset behind the list or object at i; negative where it is
// not well-formed.
func (p *objects) nested(i int) int {
	depth, inside := 0, false
	for k := i; k < len(p.b); k++ {
		switch c := p.b[k]; {
		case inside && c == '\\':
			k++
		case c == '"':
			inside = !inside
		case inside:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				if !json.Valid(p.b[i : k+1]) {
					return -1
				}
				return k + 1
			}
		}
	}
	return -1
}

func (p *objects) space(i int) int {
	for i < len(p.b) && (p.b[i] == ' ' || p.b[i] == '\t' || p.b[i] == '\r') {
		i++
	}
	return i
}

func (p *objects) fault(column, problem string) *Error {
	return &Error{File: p.file, Line: p.line, Column: column, Problem: problem}
}

func (p *objects) large(column string) *Error {
	return p.fault(column, fmt.Sprintf("a value is longer than %d bytes", maxCell))
}

func (p *objects) broken(i int) *Error {
	at := "it ends too early"
	if i < len(p.b) {
		at = "at " + shown(string(p.b[i:min(len(p.b), i+20)]))
	}
	return p.fault("", "is not JSON: "+at+"\nhint: write one JSON object per line, with names in double quotes")
}

// text reads the string at i, and returns the offset behind it.
func (p *objects) text(i int, column string) (text []byte, end int, err *Error) {
	if i == len(p.b) || p.b[i] != '"' {
		return nil, 0, p.broken(i)
	}
	k, escaped := i+1, false
	for ; k < len(p.b) && p.b[k] != '"'; k++ {
		if p.b[k] < ' ' {
			return nil, 0, p.broken(k)
		}
		if p.b[k] == '\\' {
			escaped = true
			k++
		}
	}
	if k >= len(p.b) {
		return nil, 0, p.broken(len(p.b))
	}
	if k-i > maxCell {
		return nil, 0, p.large(column)
	}
	if text = p.b[i+1 : k]; escaped {
		var ok bool
		if text, ok = unescaped(text); !ok {
			return nil, 0, p.broken(i)
		}
	}
	return text, k + 1, nil
}

// jsonNumber is the offset behind the number at b[i]; negative where there is
// none (RFC 8259, section 6).
func jsonNumber(b []byte, i int) int {
	digits := func() bool {
		first := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		return i > first
	}
	if b[i] == '-' {
		i++
	}
	first := i
	if !digits() || b[first] == '0' && i > first+1 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

// unescaped is what the inside of a string stands for; false where an escape
// is wrong, or is half of a surrogate pair, which is no text.
func unescaped(b []byte) ([]byte, bool) {
	quoted := slices.Concat([]byte{0x22}, b, []byte{0x22})
	var s string
	if !pairs(b) || json.Unmarshal(quoted, &s) != nil {
		return nil, false
	}
	return []byte(s), true
}

// pairs says whether every \u escape of a surrogate has its other half.
func pairs(b []byte) bool {
	high := false
	for i := 0; i < len(b); i++ {
		is := 0 // a low or a high half begins here
		if b[i] == '\\' {
			if i++; i < len(b) && b[i] == 'u' && i+4 < len(b) && b[i+1]|0x20 == 'd' {
				switch d := b[i+2] | 0x20; {
				case d == '8' || d == '9' || d == 'a' || d == 'b':
					is = 1
				case d >= 'c' && d <= 'f':
					is = 2
				}
				if is > 0 {
					i += 4
				}
			}
		}
		if high != (is == 2) {
			return false
		}
		high = is == 1
	}
	return !high
}
