package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
)

// checker holds a document against a form. It walks the whole document, so
// that no problem hides another.
type checker struct {
	found Errors
}

func (c *checker) add(at place, path string, p Problem) {
	p.File, p.Line, p.Col, p.Path = at.file, at.line, at.col, path
	c.found = append(c.found, p)
}

// check reports what is wrong with n.
func (c *checker) check(f *form, n *node, path string) {
	switch {
	case n.kind == unreadable:
	case f.either != nil:
		c.checkEither(f, n, path)
	case f.object != nil && n.kind == cue.StructKind:
		c.checkObject(f.object, n, path)
	case f.list != nil && n.kind == cue.ListKind:
		c.checkList(f, n, path)
	case !f.accepts(n):
		c.mismatch(f, n, path)
	}
}

// checkEither checks against the alternative that n's kind fits, so that the
// report names what is wrong inside; one line says it where none fits.
func (c *checker) checkEither(f *form, n *node, path string) {
	var fit []*form
	for _, g := range f.either {
		if g.takes(n.kind) {
			fit = append(fit, g)
		}
	}
	if len(fit) == 1 && (fit[0].object != nil || fit[0].list != nil) {
		c.check(fit[0], n, path)
		return
	}
	for _, g := range fit {
		if g.valid(n) {
			return
		}
	}
	c.mismatch(f, n, path)
}

func (c *checker) mismatch(f *form, n *node, path string) {
	p := Problem{Found: n.say(), Expected: f.say()}
	if n.kind == cue.StringKind {
		p.Nearest = Nearest(n.text, f.literals())
	}
	if f.kinds == cue.StringKind && (n.kind == cue.NumberKind || n.kind == cue.BoolKind) {
		p.Hint = "put a value that is meant as text in quotes"
	}
	if share, ok := perCent(n.text); ok && n.kind == cue.StringKind && f.kinds&cue.NumberKind != 0 {
		p.Hint = fmt.Sprintf("shares are written as fractions: %s for %s", share, n.text)
	}
	c.add(n.at, path, p)
}

// perCent is a text such as 85% as the fraction that it means.
func perCent(text string) (string, bool) {
	number, ok := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil {
		return "", false
	}
	return strconv.FormatFloat(v/100, 'g', 6, 64), true
}

func (c *checker) checkObject(o *object, n *node, path string) {
	present := make([]bool, len(o.fields))
	for _, child := range n.items {
		at := join(path, child.key)
		i, known := o.index[child.key]
		if known {
			present[i] = true
			c.check(o.fields[i].form, child, at)
		}
		for _, p := range o.patterns {
			if p.key.valid(&node{kind: cue.StringKind, text: child.key}) {
				known = true
				c.check(p.form, child, at)
			}
		}
		if !known && !o.open {
			c.unknown(o, child, at)
		}
	}
	for i, f := range o.fields {
		if f.required && !present[i] {
			c.missing(f, n, join(path, f.key))
		}
	}
}

func (c *checker) unknown(o *object, child *node, path string) {
	known := o.names()
	p := Problem{Found: unknownField, Nearest: Nearest(child.key, known)}
	switch {
	case len(known) > 0:
		p.Expected = "one of " + strings.Join(known, ", ")
	case len(o.patterns) > 0:
		p.Expected = "as its name " + o.patterns[0].key.say()
	default:
		p.Expected = "no fields"
	}
	c.add(child.keyAt, path, p)
}

// names lists the fields that an object may have, in the schema's order.
func (o *object) names() []string {
	var names []string
	for _, f := range o.fields {
		names = append(names, f.key)
	}
	for _, p := range o.patterns {
		for _, name := range p.key.choices() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// missing is reported where the parent stands.
func (c *checker) missing(f field, parent *node, path string) {
	p := Problem{Found: absent, Expected: f.form.say()}
	if f.form.doc != "" {
		p.Expected += " (" + strings.TrimSuffix(f.form.doc, ".") + ")"
	}
	c.add(parent.keyAt, path, p)
}

func (c *checker) checkList(f *form, n *node, path string) {
	if len(n.items) < len(f.list.first) {
		c.mismatch(f, n, path)
	}
	for i, item := range n.items {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case i < len(f.list.first):
			c.check(f.list.first[i], item, at)
		case f.list.rest != nil:
			c.check(f.list.rest, item, at)
		default:
			c.add(item.at, at, Problem{Found: "one item too many", Expected: "the list to end before"})
		}
	}
}

// valid says whether n is all that f wants.
func (f *form) valid(n *node) bool {
	var c checker
	c.check(f, n, "")
	return len(c.found) == 0
}

// takes says whether a value of a kind can be what f wants.
func (f *form) takes(k cue.Kind) bool { return f.kinds&k != 0 }

// accepts decides for scalars, and for plain kinds.
func (f *form) accepts(n *node) bool {
	switch {
	case f.both != nil:
		for _, g := range f.both {
			if !g.valid(n) {
				return false
			}
		}
		return true
	case f.object != nil, f.list != nil, !f.takes(n.kind):
		return false
	case f.literal != nil:
		return f.literal.same(n)
	case f.pattern != nil:
		return f.pattern.MatchString(n.text)
	case f.bound != nil:
		return f.bound.holds(n.number())
	}
	return n.kind != cue.NumberKind || f.kinds&cue.FloatKind != 0 || n.whole()
}

// same compares scalars; numbers by value, and a whole one only with another.
func (n *node) same(m *node) bool {
	if n.kind != m.kind {
		return false
	}
	if n.kind == cue.NumberKind {
		return n.number() == m.number() && (m.whole() || !n.whole())
	}
	return n.text == m.text
}

func (b *bound) holds(v float64) bool {
	switch b.op {
	case cue.LessThanOp:
		return v < b.value
	case cue.LessThanEqualOp:
		return v <= b.value
	case cue.GreaterThanOp:
		return v > b.value
	case cue.GreaterThanEqualOp:
		return v >= b.value
	}
	return false
}
