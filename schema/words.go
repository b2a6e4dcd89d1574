package schema

import (
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
)

// words says what a definition wants, where its pattern would not.
var words = map[string]string{
	"#Digest":     "sha256: and 64 lower-case hexadecimal digits",
	"#SHA256":     "64 lower-case hexadecimal digits",
	"#Time":       "a time such as 2026-01-31T12:00:00Z",
	"#Name":       "a lower-case name such as card-default",
	"#Version":    "a version such as 1.0.0",
	"#Text":       "text that is not blank",
	"#Path":       "a relative path inside the project, with forward slashes",
	"#SliceBy":    "a column, or a column and bins such as age:25,40,60, age:q4 or as_of:month",
	"#Limit":      "a limit such as {min: 0.7}",
	"#MetricCall": "a metric with arguments, such as recall(cat)",
	"#SliceLimit": "limits such as {min: 0.5, max_gap: 0.1}",
	"#Commit":     "a full commit id",
	"#URI":        "an http or https address",
	"#PEMKey":     "a public key in PEM",
	"#PEMCert":    "a certificate in PEM",
	"#Base64":     "base64",
}

// say describes what a form wants.
func (f *form) say() string {
	if w, ok := words[f.name]; ok {
		return w
	}
	if choices := f.choices(); choices != nil {
		if len(choices) == 1 {
			return choices[0]
		}
		return "one of " + strings.Join(choices, ", ")
	}
	switch {
	case f.either != nil:
		return sayAll(f.either, " or ")
	case f.both != nil:
		return f.sayBoth()
	case f.literal != nil:
		return f.literal.bare()
	case f.pattern != nil && f.pattern.String() == `\S`:
		return words["#Text"]
	case f.pattern != nil:
		return fmt.Sprintf("text that matches %s", f.pattern)
	case f.bound != nil:
		return "a number " + f.bound.say()
	case f.list != nil && len(f.list.first) > 0:
		return "a list with at least one item"
	}
	return sayKind(f.kinds)
}

func sayAll(forms []*form, between string) string {
	var parts []string
	for _, f := range forms {
		parts = append(parts, f.say())
	}
	return strings.Join(parts, between)
}

// sayBoth puts the kind before its bounds: a whole number of at least 1.
func (f *form) sayBoth() string {
	kind, rest := "a number", []string(nil)
	for _, g := range f.both {
		switch {
		case g.bound != nil:
			rest = append(rest, g.bound.say())
		case g.pattern != nil:
			rest = append(rest, g.say())
		default:
			kind = g.say()
		}
	}
	if f.kinds == cue.StringKind {
		return strings.Join(rest, " and ")
	}
	return kind + " " + strings.Join(rest, " and ")
}

func (b *bound) say() string {
	text := strconv.FormatFloat(b.value, 'g', -1, 64)
	switch b.op {
	case cue.LessThanOp:
		return "below " + text
	case cue.LessThanEqualOp:
		return "of at most " + text
	case cue.GreaterThanOp:
		return "above " + text
	}
	return "of at least " + text
}

func sayKind(k cue.Kind) string {
	switch k {
	case cue.StringKind:
		return "text"
	case cue.BoolKind:
		return "true or false"
	case cue.IntKind:
		return "a whole number"
	case cue.NumberKind, cue.FloatKind:
		return "a number"
	case cue.ListKind:
		return "a list"
	case cue.StructKind:
		return "an object"
	}
	return k.String()
}

// bare is a scalar as it would be written in YAML.
func (n *node) bare() string {
	if n.kind == cue.NullKind {
		return "null"
	}
	return n.text
}

// choices lists the values of a form that allows only certain scalars; nil
// for any other.
func (f *form) choices() []string {
	if f.literal != nil {
		return []string{f.literal.bare()}
	}
	var all []string
	for _, g := range f.either {
		c := g.choices()
		if c == nil {
			return nil
		}
		all = append(all, c...)
	}
	return all
}

// literals lists the scalars that a form allows, beside whatever else it does.
func (f *form) literals() []string {
	if f.literal != nil {
		return []string{f.literal.bare()}
	}
	var all []string
	for _, g := range f.either {
		all = append(all, g.literals()...)
	}
	return all
}
