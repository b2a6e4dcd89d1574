package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
)

// node is a document as it was written, with the place of everything in it.
type node struct {
	kind  cue.Kind // NullKind, BoolKind, NumberKind, StringKind, ListKind, StructKind, or unreadable
	text  string   // a text's value, a number's JSON literal, true or false
	key   string   // where it is a field
	keyAt place    // of the key; of the value where there is none
	at    place    // of the value
	items []*node  // a list's items, or an object's fields in their order
}

// place is a position in a file, from 1.
type place struct {
	file      string
	line, col int
}

// unreadable is the kind of a node of which the reader has said what is wrong,
// so that nothing more needs to be said.
const unreadable = cue.BottomKind

const (
	maxDepth = 200    // of nesting
	maxNodes = 200000 // of a YAML or CUE document, aliases written out
)

// find follows a path as far as there are nodes; whole says whether to its
// end.
func (n *node) find(path string) (found *node, whole bool) {
	if path == "" {
		return n, true
	}
	for i, c := range n.items {
		step := join("", c.key)
		if n.kind == cue.ListKind {
			step = "[" + strconv.Itoa(i) + "]"
		}
		rest, ok := strings.CutPrefix(path, step)
		switch {
		case !ok:
		case rest == "" || rest[0] == '[':
			return c.find(rest)
		case rest[0] == '.':
			return c.find(rest[1:])
		}
	}
	return n, false
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Join adds a field to a path, as paths of problems are written.
func Join(path, key string) string { return join(path, key) }

// join adds a field to a path. A key with other signs than letters, digits,
// _ and - is written as ["key"].
func join(path, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// encode writes the node as JSON, fields in the document's order.
func (n *node) encode(b []byte) []byte {
	switch n.kind {
	case cue.NullKind:
		return append(b, "null"...)
	case cue.StringKind:
		return append(b, quoted(n.text)...)
	case cue.ListKind:
		b = append(b, '[')
		for i, c := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = c.encode(b)
		}
		return append(b, ']')
	case cue.StructKind:
		b = append(b, '{')
		for i, c := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(b, quoted(c.key)...), ':')
			b = c.encode(b)
		}
		return append(b, '}')
	}
	return append(b, n.text...)
}

func quoted(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// number is the value of a number node.
func (n *node) number() float64 {
	f, err := strconv.ParseFloat(n.text, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// whole says whether a number is written without fraction or exponent.
func (n *node) whole() bool { return !strings.ContainsAny(n.text, ".eE") }

// checkNumber refuses a literal that a float64 cannot hold: one out of range,
// or a whole number beyond 2^53 that would come back as another.
func checkNumber(literal string) error {
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return fmt.Errorf("number %s is out of range", literal)
	}
	if !strings.ContainsAny(literal, ".eE") && math.Abs(f) >= 1<<53 && strconv.FormatFloat(f, 'f', -1, 64) != literal {
		return fmt.Errorf("whole number %s is beyond 2^53; write it as text", literal)
	}
	return nil
}

// say describes a node as a person would.
func (n *node) say() string {
	switch n.kind {
	case cue.NullKind:
		return "nothing (null)"
	case cue.ListKind:
		if len(n.items) == 0 {
			return "an empty list"
		}
		return "a list"
	case cue.StructKind:
		return "an object"
	case cue.StringKind:
		return "text " + strconv.Quote(clip(n.text))
	case cue.NumberKind:
		return "number " + n.text
	}
	return n.text
}

// clip shortens foreign text for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}
