package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	File      string
	Line, Col int    // from 1; 0 where the document has no lines worth naming
	Path      string // such as spec.metrics.roc_auc; empty for the whole document
	Found     string // what is there, in words
	Expected  string // what ought to be there
	Nearest   string // the known name that comes nearest to the unknown one
	Message   string // says it instead of Found and Expected, or adds to them
	Hint      string // what to do, where that is not plain
	Schema    string // of the document, such as project; empty where nobody wrote it by hand
}

// String is the problem on one line, without the hint:
// file:line:col: path: found X, expected Y.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 && p.File != "" {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Col)
	}
	if b.Len() > 0 {
		b.WriteString(" ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	var parts []string
	if p.Found != "" {
		parts = append(parts, "found "+p.Found)
	}
	if p.Expected != "" {
		parts = append(parts, "expected "+p.Expected)
	}
	if p.Message != "" {
		parts = append(parts, p.Message)
	}
	b.WriteString(strings.Join(parts, ", "))
	if p.Nearest != "" {
		fmt.Fprintf(&b, "; nearest is %s", p.Nearest)
	}
	return b.String()
}

// Errors is every problem of a document, in the document's order.
type Errors []Problem

// Error is one line per problem, then one hint line for each different hint.
// Several problems are their own list of what to do; a single one in a file
// has a hint in any case.
func (e Errors) Error() string {
	var lines, hints []string
	for _, p := range e {
		lines = append(lines, p.String())
		if p.Hint != "" && !slices.Contains(hints, "hint: "+p.Hint) {
			hints = append(hints, "hint: "+p.Hint)
		}
	}
	if len(e) == 1 && len(hints) == 0 && e[0].Schema != "" {
		hints = append(hints, "hint: "+e[0].todo())
	}
	return strings.Join(append(lines, hints...), "\n")
}

// writers make a first document of a schema.
var writers = map[string]string{
	"project":  "weighlock init MODEL PREDICTIONS writes one",
	"verifier": "weighlock keygen --out FOLDER writes one",
}

// todo is what to do about a problem that has no hint of its own.
func (p Problem) todo() string {
	described := "schema/" + p.Schema + "/v1 describes every field"
	parent, name := "", p.Path
	if i := strings.LastIndexByte(p.Path, '.'); i >= 0 {
		parent, name = " to "+p.Path[:i], p.Path[i+1:]
	}
	switch {
	case p.Found == unknownField && p.Nearest != "":
		return "call it " + p.Nearest + ", or delete it"
	case p.Found == unknownField:
		return "delete it; " + described
	case p.Nearest != "":
		return "write " + p.Nearest
	case p.Found == absent && name != "":
		return "add " + name + parent + "; " + described
	case p.Message == emptyFile && writers[p.Schema] != "":
		return writers[p.Schema]
	case strings.HasPrefix(p.Message, duplicateKey):
		return "keep one of the two"
	case strings.HasPrefix(p.Message, notYAML):
		return "indent with spaces, and put text that holds : # or brackets in quotes"
	case strings.HasPrefix(p.Message, notJSON) || p.Message == cutShort:
		return "look for a comma, quote or bracket that is missing or too many"
	}
	return described
}

// What todo knows problems by.
const (
	unknownField = "an unknown field"
	absent       = "nothing"
	emptyFile    = "the file is empty"
	duplicateKey = "duplicate key"
	notYAML      = "not YAML: "
	notJSON      = "not JSON: "
	cutShort     = "JSON ends too early"
)

// As lets errors.As find the problems as a *Errors too.
func (e Errors) As(target any) bool {
	p, ok := target.(**Errors)
	if ok {
		*p = &e
	}
	return ok
}

// sorted is e by file, line and column, without repetitions; nil where there
// is nothing, so that it can be compared with nil as an error only through
// asError.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.Compact(e)
}

// asError is nil for no problems.
func (e Errors) asError() error {
	if len(e) == 0 {
		return nil
	}
	return e.sorted()
}
