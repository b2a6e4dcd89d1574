package schema

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// cueReader reads a concrete CUE value. It may import CUE's own packages and
// this module, and nothing else.
type cueReader struct {
	files []string
	nodes int
	found Errors
}

// readCUE evaluates CUE files of one package. The node is nil where they do
// not amount to a concrete value.
func readCUE(files []File) (*node, Errors) {
	r := &cueReader{}
	for _, f := range files {
		r.files = append(r.files, f.Name)
	}
	l := newLoader(FS)
	inst := l.ctx.NewInstance("", l.imported)
	for _, f := range files {
		file, err := parser.ParseFile(f.Name, f.Text, parser.ParseComments)
		if err != nil {
			return nil, r.problems(err)
		}
		if err := inst.AddSyntax(file); err != nil {
			return nil, r.problems(err)
		}
	}
	if err := inst.Complete(); err != nil {
		return nil, r.problems(err)
	}
	v := cuecontext.New().BuildInstance(inst)
	if err := v.Validate(cue.Concrete(true), cue.Final()); err != nil {
		return nil, r.problems(err)
	}
	n := r.node(v, place{files[0].Name, 1, 1}, "", 0)
	return n, r.found
}

// problems turns CUE's errors into one per path: of a disjunction's many
// lines the first is kept.
func (r *cueReader) problems(err error) Errors {
	var found Errors
	seen := map[string]bool{}
	for _, e := range errors.Errors(err) {
		format, args := e.Msg()
		path := strings.Join(e.Path(), ".")
		p := Problem{File: r.files[0], Line: 1, Col: 1, Path: path, Message: fmt.Sprintf(format, args...)}
		if cause := errors.Unwrap(e); cause != nil {
			p.Message += ": " + cause.Error()
		}
		if at, ok := r.ours(errors.Positions(e)); ok {
			p.File, p.Line, p.Col = at.file, at.line, at.col
		}
		if path != "" && seen[path] {
			continue
		}
		seen[path] = true
		found = append(found, p)
	}
	return found
}

// ours is the first position in the files that are read, rather than in the
// schema.
func (r *cueReader) ours(positions []token.Pos) (place, bool) {
	for _, p := range positions {
		if at := p.Position(); slices.Contains(r.files, at.Filename) {
			return place{at.Filename, at.Line, at.Column}, true
		}
	}
	return place{}, false
}

func (r *cueReader) node(v cue.Value, parent place, path string, depth int) *node {
	at := parent
	if p, ok := r.ours([]token.Pos{v.Pos()}); ok {
		at = p
	}
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		r.found = append(r.found, Problem{File: at.file, Line: at.line, Col: at.col, Path: path, Message: "nested too deep, or too large"})
		return &node{at: at, keyAt: at}
	}
	n := &node{at: at, keyAt: at, kind: v.Kind()}
	switch n.kind {
	case cue.StructKind:
		r.fields(n, v, path, depth)
	case cue.ListKind:
		items, err := v.List()
		if err != nil {
			r.found = append(r.found, r.problems(err)...)
		}
		for i := 0; items.Next(); i++ {
			n.items = append(n.items, r.node(items.Value(), at, fmt.Sprintf("%s[%d]", path, i), depth+1))
		}
	default:
		r.scalar(n, v, path)
	}
	return n
}

func (r *cueReader) fields(n *node, v cue.Value, path string, depth int) {
	fields, err := v.Fields()
	if err != nil {
		r.found = append(r.found, r.problems(err)...)
		return
	}
	for fields.Next() {
		key := fields.Selector().Unquoted()
		c := r.node(fields.Value(), n.at, join(path, key), depth+1)
		c.key = key
		n.items = append(n.items, c)
	}
}

func (r *cueReader) scalar(n *node, v cue.Value, path string) {
	refuse := func(message string) {
		n.kind = unreadable
		r.found = append(r.found, Problem{File: n.at.file, Line: n.at.line, Col: n.at.col, Path: path, Message: message})
	}
	switch n.kind {
	case cue.NullKind:
	case cue.StringKind:
		n.text, _ = v.String()
	case cue.BoolKind:
		b, _ := v.Bool()
		n.text = fmt.Sprint(b)
	case cue.IntKind, cue.FloatKind, cue.NumberKind:
		n.kind = cue.NumberKind
		literal, err := v.MarshalJSON()
		if err != nil {
			refuse(err.Error())
			return
		}
		n.text = string(literal)
		if err := checkNumber(n.text); err != nil {
			refuse(err.Error())
		}
	default:
		refuse(fmt.Sprintf("found %s, expected a value that JSON has", n.kind))
	}
}

// PackageName is the package that a CUE file belongs to; empty for none, and
// for a text that is not CUE.
func PackageName(text []byte) string {
	file, err := parser.ParseFile("", text, parser.PackageClauseOnly)
	if err != nil {
		return ""
	}
	return file.PackageName()
}
