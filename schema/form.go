package schema

import (
	"fmt"
	"regexp"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
)

// form is a compiled CUE value: what a node of a document must be.
type form struct {
	doc   string   // the field's comment
	name  string   // of the definition that it refers to, such as #Digest
	kinds cue.Kind // what it can be; TopKind where anything goes

	// At most one of the groups below is set; none is a plain type.
	either  []*form        // one of
	both    []*form        // all of
	pattern *regexp.Regexp // text that matches
	bound   *bound         // a number on one side of another
	literal *node          // this very scalar
	object  *object
	list    *list
}

// bound compares numbers: op is one of < <= > >=.
type bound struct {
	op    cue.Op
	value float64
}

// object is what an object's fields must be.
type object struct {
	fields   []field
	index    map[string]int
	patterns []pattern
	open     bool // any other field may be present
}

type field struct {
	key      string
	required bool
	form     *form
}

// pattern holds for every field whose name matches key.
type pattern struct{ key, form *form }

// list is what a list's items must be: first in order, then any number of
// rest, which is nil where the list ends.
type list struct {
	first []*form
	rest  *form
}

// compiler keeps the definitions that others refer to, so that each is read
// once.
type compiler struct {
	known map[definition]*form
}

// definition names a definition of a package.
type definition struct {
	inst *build.Instance
	path string
}

// compile reads a value. It refuses what it does not understand.
func (c *compiler) compile(v cue.Value) (*form, error) {
	root, p := v.ReferencePath()
	sels := p.Selectors()
	if len(sels) != 1 || !sels[0].IsDefinition() {
		return c.compileValue(v)
	}
	key := definition{root.BuildInstance(), p.String()}
	if key.inst == nil {
		return nil, fmt.Errorf("%s: %s belongs to no package", v.Pos(), p)
	}
	f, ok := c.known[key]
	if !ok {
		var err error
		if f, err = c.compileValue(v); err != nil {
			return nil, err
		}
		c.known[key] = f
	}
	named := *f
	named.doc, named.name = comment(v), key.path
	return &named, nil
}

func (c *compiler) compileValue(v cue.Value) (*form, error) {
	f := &form{doc: comment(v)}
	e := v.Eval()
	if err := e.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", v.Path(), flat(err))
	}
	f.kinds = e.IncompleteKind()
	op, args := e.Expr()
	if op == cue.OrOp {
		if written, parts := v.Expr(); written == op {
			args = parts // these keep the names of definitions
		}
	}
	var err error
	switch {
	case op == cue.OrOp:
		f.either, err = c.compileAll(args)
	case f.kinds == cue.TopKind:
		if op != cue.NoOp {
			err = unknown(v, op)
		}
	case f.kinds == cue.StructKind:
		f.object, err = c.compileObject(e)
	case f.kinds == cue.ListKind:
		f.list, err = c.compileList(e)
	default:
		err = c.compileScalar(f, e, op, args)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (c *compiler) compileAll(values []cue.Value) ([]*form, error) {
	var forms []*form
	for _, v := range values {
		f, err := c.compile(v)
		if err != nil {
			return nil, err
		}
		forms = append(forms, f)
	}
	return forms, nil
}

func (c *compiler) compileScalar(f *form, v cue.Value, op cue.Op, args []cue.Value) (err error) {
	switch op {
	case cue.NoOp:
		if v.IsConcrete() {
			f.literal, err = scalar(v)
		}
		return err
	case cue.AndOp:
		f.both, err = c.compileAll(args)
		return err
	case cue.RegexMatchOp:
		text, err := args[0].String()
		if err != nil {
			return err
		}
		f.pattern, err = regexp.Compile(text)
		return err
	case cue.LessThanOp, cue.LessThanEqualOp, cue.GreaterThanOp, cue.GreaterThanEqualOp:
		limit, err := args[0].Float64()
		f.bound = &bound{op, limit}
		return err
	}
	return unknown(v, op)
}

func unknown(v cue.Value, op cue.Op) error {
	return fmt.Errorf("%s: %s is not among the forms that schemas may use: %v", v.Pos(), op, v)
}

func (c *compiler) compileObject(v cue.Value) (*object, error) {
	o := &object{index: map[string]int{}, open: v.Allows(cue.AnyString)}
	fields, err := v.Fields(cue.Optional(true), cue.Patterns(true))
	if err != nil {
		return nil, flat(err)
	}
	for fields.Next() {
		f, err := c.compile(fields.Value())
		if err != nil {
			return nil, err
		}
		sel := fields.Selector()
		if sel.LabelType() == cue.StringLabel && sel.ConstraintType() != cue.PatternConstraint {
			o.index[sel.Unquoted()] = len(o.fields)
			o.fields = append(o.fields, field{sel.Unquoted(), sel.ConstraintType() != cue.OptionalConstraint, f})
			continue
		}
		key, err := c.compile(sel.Pattern())
		if err != nil {
			return nil, err
		}
		o.patterns = append(o.patterns, pattern{key, f})
	}
	return o, nil
}

func (c *compiler) compileList(v cue.Value) (*list, error) {
	l := &list{}
	items, err := v.List()
	if err != nil {
		return nil, flat(err)
	}
	for items.Next() {
		f, err := c.compile(items.Value())
		if err != nil {
			return nil, err
		}
		l.first = append(l.first, f)
	}
	rest := v.LookupPath(cue.MakePath(cue.AnyIndex))
	if rest.Exists() {
		l.rest, err = c.compile(rest)
	}
	return l, err
}

// scalar is a concrete CUE scalar as a node.
func scalar(v cue.Value) (*node, error) {
	text, err := v.MarshalJSON()
	if err != nil {
		return nil, flat(err)
	}
	n, found := readJSON("", text)
	if found != nil {
		return nil, found
	}
	return n, nil
}

// comment is the text of a field's comment, on one line.
func comment(v cue.Value) string {
	var words []string
	for _, group := range v.Doc() {
		if isDoc(group) {
			words = append(words, strings.Fields(group.Text())...)
		}
	}
	return strings.Join(words, " ")
}

func isDoc(g *ast.CommentGroup) bool { return g.Doc || !g.Line }
