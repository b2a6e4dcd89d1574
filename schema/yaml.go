package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"gopkg.in/yaml.v3"
)

// yamlReader reads one YAML document as JSON's kinds of values. It refuses
// what YAML would let pass in silence: duplicate keys, merged keys, keys that
// are not text, several documents, numbers that are not finite.
type yamlReader struct {
	file  string
	nodes int
	open  map[*yaml.Node]bool // those that are being converted
	full  bool                // too much was found to go on
	found Errors
}

// readYAML reads text. The node is nil where the text is not YAML; the other
// problems do not keep it from being checked further.
func readYAML(file string, text []byte) (*node, Errors) {
	r := &yamlReader{file: file, open: map[*yaml.Node]bool{}}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := decodeYAML(dec, &doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return nil, Errors{{File: file, Line: 1, Col: 1, Message: emptyFile}}
	}
	if err != nil {
		return nil, Errors{syntaxProblem(file, text, err)}
	}
	switch err := decodeYAML(dec, &more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, Errors{syntaxProblem(file, text, err)}
	default:
		return nil, Errors{{File: file, Line: more.Line, Col: max(more.Column, 1), Message: "a second YAML document; one file holds one"}}
	}
	n := r.node(doc.Content[0], "", 0)
	return n, r.found
}

// decodeYAML turns a panic of the YAML library into an error.
func decodeYAML(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	return dec.Decode(n)
}

func (r *yamlReader) note(n *yaml.Node, path, message string) {
	r.found = append(r.found, Problem{File: r.file, Line: n.Line, Col: n.Column, Path: path, Message: message})
}

// node converts a YAML node; one that cannot be read is of kind unreadable.
func (r *yamlReader) node(y *yaml.Node, path string, depth int) *node {
	at := place{r.file, y.Line, y.Column}
	n := &node{at: at, keyAt: at}
	if y.Kind == yaml.AliasNode {
		if y = y.Alias; r.open[y] {
			r.note(y, path, "an alias of what it stands in")
			return n
		}
	}
	r.open[y] = true
	defer delete(r.open, y)
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		if !r.full {
			r.note(y, path, "nested too deep, or too large once its aliases are written out")
		}
		r.full = true
	}
	if r.full {
		return n
	}
	switch y.Kind {
	case yaml.SequenceNode:
		n.kind = cue.ListKind
		for i, c := range y.Content {
			n.items = append(n.items, r.node(c, fmt.Sprintf("%s[%d]", path, i), depth+1))
		}
	case yaml.MappingNode:
		n.kind = cue.StructKind
		r.fields(n, y, path, depth)
	default:
		r.scalar(n, y, path)
	}
	return n
}

func (r *yamlReader) fields(n *node, y *yaml.Node, path string, depth int) {
	seen := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.Kind == yaml.ScalarNode && key.Tag == "!!merge":
			r.note(key, path, "merged keys (<<) are not read; write the fields out")
			continue
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" && key.ShortTag() != "!!int":
			r.note(key, path, "a key must be text; put it in quotes")
			continue
		}
		at := join(path, key.Value)
		if line, twice := seen[key.Value]; twice {
			r.note(key, at, fmt.Sprintf("duplicate key; first on line %d", line))
		} else {
			seen[key.Value] = key.Line
		}
		c := r.node(y.Content[i+1], at, depth+1)
		c.key, c.keyAt = key.Value, place{r.file, key.Line, key.Column}
		n.items = append(n.items, c)
	}
}

func (r *yamlReader) scalar(n *node, y *yaml.Node, path string) {
	n.text = y.Value
	switch y.ShortTag() {
	case "!!str", "!!timestamp":
		n.kind = cue.StringKind
	case "!!null":
		n.kind, n.text = cue.NullKind, ""
	case "!!bool":
		n.kind, n.text = cue.BoolKind, strings.ToLower(y.Value)
	case "!!int", "!!float":
		literal, err := yamlNumber(y.Value)
		if err != nil {
			r.note(y, path, err.Error())
			return
		}
		n.kind, n.text = cue.NumberKind, literal
	default:
		r.note(y, path, fmt.Sprintf("YAML tag %s is not read", clip(y.Tag)))
	}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// yamlNumber is a YAML number as a JSON literal. The spelling is kept where
// JSON has it too.
func yamlNumber(text string) (string, error) {
	if jsonNumber.MatchString(text) {
		return text, checkNumber(text)
	}
	plain := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		if digits := strings.TrimLeft(plain, "+-"); len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
			return "", fmt.Errorf("number %s begins with 0, which some read as octal; put it in quotes if it is text", text)
		}
		literal := strconv.FormatInt(i, 10)
		return literal, checkNumber(literal)
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", fmt.Errorf("number %s is not finite", clip(text))
	}
	return strconv.FormatFloat(f, 'g', -1, 64), nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)

// syntaxProblem finds the place of a YAML syntax error, which the library
// gives as a line that may be one off, and without a column: it is on the
// line behind the longest beginning of the text that still is YAML.
func syntaxProblem(file string, text []byte, err error) Problem {
	message := err.Error()
	m := yamlLine.FindStringSubmatch(message)
	p := Problem{File: file, Line: 1, Col: 1, Message: notYAML + strings.TrimPrefix(message, m[0])}
	if n, err := strconv.Atoi(m[1]); err == nil {
		p.Line = n
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if len(lines) <= 1000 {
		p.Line = brokenLine(lines)
	}
	if p.Line <= len(lines) {
		line := lines[p.Line-1]
		p.Col = len(line) - len(bytes.TrimLeft(line, " ")) + 1
		if indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]; bytes.ContainsRune(indent, '\t') {
			p.Message = notYAML + "found a tab character in the indentation, expected spaces"
		}
	}
	return p
}

func brokenLine(lines [][]byte) int {
	for n := len(lines) - 1; n > 0; n-- {
		var doc yaml.Node
		err := decodeYAML(yaml.NewDecoder(bytes.NewReader(bytes.Join(lines[:n], nil))), &doc)
		if err == nil || errors.Is(err, io.EOF) {
			return n + 1
		}
	}
	return 1
}
