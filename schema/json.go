package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"

	"cuelang.org/go/cue"
)

// jsonReader reads one JSON value and refuses what has more than one reading:
// duplicate keys, text after the value, broken UTF-8, inexact numbers.
type jsonReader struct {
	file  string
	text  []byte
	dec   *json.Decoder
	lines []int // offsets at which lines begin
	found Errors

	lastOffset, lastCol int
}

// readJSON reads text. The node is nil where the text is not JSON; the other
// problems do not keep it from being checked further.
func readJSON(file string, text []byte) (*node, Errors) {
	r := &jsonReader{file: file, text: text, dec: json.NewDecoder(bytes.NewReader(text)), lines: []int{0}, lastCol: 1}
	for i, c := range text {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	r.dec.UseNumber()
	if i := invalidUTF8(text); i >= 0 {
		return nil, Errors{*r.problem(i, "", "broken UTF-8")}
	}
	n, problem := r.value("", 0)
	if problem != nil {
		return nil, append(r.found, *problem)
	}
	end := r.next()
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, append(r.found, *r.problem(end, "", "text after the JSON value"))
	}
	return n, r.found
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRune(text[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// next is the offset at which the next token begins.
func (r *jsonReader) next() int {
	i := int(r.dec.InputOffset())
	for i < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[i]) >= 0 {
		i++
	}
	return i
}

// place counts on from the last place on the same line, since statements are
// one long line.
func (r *jsonReader) place(offset int) place {
	offset = min(offset, len(r.text))
	line := sort.SearchInts(r.lines, offset+1)
	from, col := r.lines[line-1], 1
	if r.lastOffset >= from && r.lastOffset <= offset {
		from, col = r.lastOffset, r.lastCol
	}
	col += utf8.RuneCount(r.text[from:offset])
	r.lastOffset, r.lastCol = offset, col
	return place{r.file, line, col}
}

func (r *jsonReader) problem(offset int, path, message string) *Problem {
	p := r.place(offset)
	return &Problem{File: p.file, Line: p.line, Col: p.col, Path: path, Message: message}
}

// note keeps a problem that does not end the reading.
func (r *jsonReader) note(offset int, path, message string) {
	r.found = append(r.found, *r.problem(offset, path, message))
}

func (r *jsonReader) token(at int, path string) (json.Token, *Problem) {
	tok, err := r.dec.Token()
	switch {
	case err == nil:
		return tok, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, r.problem(len(r.text), path, cutShort)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && int(syntax.Offset) > at && int(syntax.Offset) <= len(r.text) {
		at = int(syntax.Offset) - 1
	}
	return nil, r.problem(at, path, notJSON+err.Error())
}

func (r *jsonReader) value(path string, depth int) (*node, *Problem) {
	at := r.next()
	if depth > maxDepth {
		return nil, r.problem(at, path, fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	tok, problem := r.token(at, path)
	if problem != nil {
		return nil, problem
	}
	n := &node{at: r.place(at)}
	n.keyAt = n.at
	switch t := tok.(type) {
	case nil:
		n.kind = cue.NullKind
	case bool:
		n.kind, n.text = cue.BoolKind, fmt.Sprint(t)
	case string:
		n.kind, n.text = cue.StringKind, t
		if loneSurrogate(r.text[at:r.dec.InputOffset()]) {
			r.note(at, path, "half of a surrogate pair in text")
		}
	case json.Number:
		n.kind, n.text = cue.NumberKind, t.String()
		if err := checkNumber(n.text); err != nil {
			r.note(at, path, err.Error())
			n.kind = unreadable
		}
	case json.Delim:
		if t == '[' {
			return n, r.list(n, path, depth)
		}
		return n, r.object(n, path, depth)
	}
	return n, nil
}

func (r *jsonReader) list(n *node, path string, depth int) *Problem {
	n.kind = cue.ListKind
	for i := 0; r.dec.More(); i++ {
		c, problem := r.value(fmt.Sprintf("%s[%d]", path, i), depth+1)
		if problem != nil {
			return problem
		}
		n.items = append(n.items, c)
	}
	_, problem := r.token(r.next(), path)
	return problem
}

func (r *jsonReader) object(n *node, path string, depth int) *Problem {
	n.kind = cue.StructKind
	seen := map[string]place{}
	for r.dec.More() {
		at := r.next()
		keyAt := r.place(at)
		tok, problem := r.token(at, path)
		if problem != nil {
			return problem
		}
		key, ok := tok.(string)
		if !ok {
			return r.problem(at, path, notJSON+"a key must be text")
		}
		if loneSurrogate(r.text[at:r.dec.InputOffset()]) {
			r.note(at, path, "half of a surrogate pair in a key")
		}
		if first, twice := seen[key]; twice {
			r.note(at, join(path, key), fmt.Sprintf("duplicate key; first on line %d", first.line))
		} else {
			seen[key] = keyAt
		}
		c, problem := r.value(join(path, key), depth+1)
		if problem != nil {
			return problem
		}
		c.key, c.keyAt = key, keyAt
		n.items = append(n.items, c)
	}
	_, problem := r.token(r.next(), path)
	return problem
}

// loneSurrogate says whether a JSON string literal holds \ud800 to \udfff
// without its other half, which Go would replace without a word.
func loneSurrogate(literal []byte) bool {
	for i := 0; i+1 < len(literal); i++ {
		if literal[i] != '\\' {
			continue
		}
		if literal[i+1] != 'u' {
			i++
			continue
		}
		switch unit(literal[i:]) {
		case high:
			if unit(literal[i+6:]) != low {
				return true
			}
			i += 11
		case low:
			return true
		default:
			i += 5
		}
	}
	return false
}

const (
	other = iota
	high
	low
)

// unit classifies the escape \uXXXX at the start of s.
func unit(s []byte) int {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' || (s[2] != 'd' && s[2] != 'D') {
		return other
	}
	switch c := s[3]; {
	case c == '8' || c == '9' || c|0x20 == 'a' || c|0x20 == 'b':
		return high
	case c|0x20 >= 'c' && c|0x20 <= 'f':
		return low
	}
	return other
}
