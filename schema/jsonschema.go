package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"cuelang.org/go/cue"
)

// JSONSchema is the definition of a name as JSON Schema (draft 2020-12), for
// editors and for OPA's type checker: one document that refers to no other,
// in the keywords that draft 7 has too. It says all that the definition says
// about single values; the same name always gives the same bytes.
func JSONSchema(name string) ([]byte, error) {
	f, err := shared().form(name)
	if err != nil {
		return nil, err
	}
	s := f.jsonSchema()
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.ID = "https://weighlock.dev/schema/" + name + "/v1.json"
	s.Title = "Weighlock " + strings.ReplaceAll(name, "/", " ")
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("exporting schema %s: %w", name, err)
	}
	return append(text, '\n'), nil
}

// jsonSchema holds the keywords that are used, in the order in which they are
// written.
type jsonSchema struct {
	Schema           string            `json:"$schema,omitempty"`
	ID               string            `json:"$id,omitempty"`
	Title            string            `json:"title,omitempty"`
	Description      string            `json:"description,omitempty"`
	Type             any               `json:"type,omitempty"`
	Const            json.RawMessage   `json:"const,omitempty"`
	Enum             []json.RawMessage `json:"enum,omitempty"`
	Pattern          string            `json:"pattern,omitempty"`
	Minimum          *float64          `json:"minimum,omitempty"`
	ExclusiveMinimum *float64          `json:"exclusiveMinimum,omitempty"`
	Maximum          *float64          `json:"maximum,omitempty"`
	ExclusiveMaximum *float64          `json:"exclusiveMaximum,omitempty"`
	Properties       *properties       `json:"properties,omitempty"`
	Patterns         *properties       `json:"patternProperties,omitempty"`
	Additional       any               `json:"additionalProperties,omitempty"`
	Required         []string          `json:"required,omitempty"`
	Items            *jsonSchema       `json:"items,omitempty"`
	MinItems         int               `json:"minItems,omitempty"`
	AllOf            []*jsonSchema     `json:"allOf,omitempty"`
	AnyOf            []*jsonSchema     `json:"anyOf,omitempty"`
}

// properties keeps the schema's order of fields.
type properties struct {
	keys    []string
	schemas []*jsonSchema
}

func (p *properties) add(key string, s *jsonSchema) {
	p.keys, p.schemas = append(p.keys, key), append(p.schemas, s)
}

// MarshalJSON writes the fields in their order.
func (p *properties) MarshalJSON() ([]byte, error) {
	b := []byte("{")
	for i, key := range p.keys {
		s, err := json.Marshal(p.schemas[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, quoted(key)...), ':'), s...)
	}
	return append(b, '}'), nil
}

func (f *form) jsonSchema() *jsonSchema {
	s := &jsonSchema{Description: f.doc, Type: jsonType(f.kinds)}
	switch {
	case f.choices() != nil:
		s.enum(f)
	case f.either != nil:
		s.Type = nil
		for _, g := range f.either {
			s.AnyOf = append(s.AnyOf, g.jsonSchema())
		}
	case f.both != nil:
		for _, g := range f.both {
			s.merge(g.jsonSchema())
		}
	case f.pattern != nil:
		s.Pattern = f.pattern.String()
	case f.bound != nil:
		s.bound(f.bound)
	case f.object != nil:
		s.object(f.object)
	case f.list != nil:
		s.list(f.list)
	}
	return s
}

// jsonType is nil where anything goes.
func jsonType(k cue.Kind) any {
	var types []string
	for _, t := range []struct {
		kind cue.Kind
		name string
	}{
		{cue.NullKind, "null"}, {cue.BoolKind, "boolean"}, {cue.NumberKind, "number"},
		{cue.StringKind, "string"}, {cue.ListKind, "array"}, {cue.StructKind, "object"},
	} {
		switch {
		case t.kind == cue.NumberKind && k&cue.NumberKind == cue.IntKind:
			types = append(types, "integer")
		case k&t.kind != 0:
			types = append(types, t.name)
		}
	}
	switch len(types) {
	case 1:
		return types[0]
	case 6:
		return nil
	}
	return types
}

func (s *jsonSchema) enum(f *form) {
	if f.literal != nil {
		s.Const = f.literal.encode(nil)
		return
	}
	var collect func(*form)
	collect = func(g *form) {
		if g.literal != nil {
			s.Enum = append(s.Enum, g.literal.encode(nil))
		}
		for _, h := range g.either {
			collect(h)
		}
	}
	collect(f)
}

// merge adds what another schema of the same type asks for; what stands in
// the way of that goes into allOf.
func (s *jsonSchema) merge(o *jsonSchema) {
	o.Type, o.Description = nil, ""
	switch {
	case o.Pattern != "" && s.Pattern == "":
		s.Pattern = o.Pattern
	case o.Minimum != nil && s.Minimum == nil:
		s.Minimum = o.Minimum
	case o.ExclusiveMinimum != nil && s.ExclusiveMinimum == nil:
		s.ExclusiveMinimum = o.ExclusiveMinimum
	case o.Maximum != nil && s.Maximum == nil:
		s.Maximum = o.Maximum
	case o.ExclusiveMaximum != nil && s.ExclusiveMaximum == nil:
		s.ExclusiveMaximum = o.ExclusiveMaximum
	case o.Pattern != "" || o.Minimum != nil || o.Maximum != nil || o.ExclusiveMinimum != nil || o.ExclusiveMaximum != nil:
		s.AllOf = append(s.AllOf, o)
	}
}

func (s *jsonSchema) bound(b *bound) {
	switch b.op {
	case cue.LessThanOp:
		s.ExclusiveMaximum = &b.value
	case cue.LessThanEqualOp:
		s.Maximum = &b.value
	case cue.GreaterThanOp:
		s.ExclusiveMinimum = &b.value
	default:
		s.Minimum = &b.value
	}
}

func (s *jsonSchema) object(o *object) {
	fields, patterns := &properties{}, &properties{}
	for _, f := range o.fields {
		fields.add(f.key, f.form.jsonSchema())
		if f.required {
			s.Required = append(s.Required, f.key)
		}
	}
	if !o.open {
		s.Additional = false
	}
	for _, p := range o.patterns {
		switch value := p.form.jsonSchema(); {
		case p.key.choices() != nil:
			for _, name := range p.key.choices() {
				fields.add(name, value)
			}
		case p.key.pattern != nil:
			patterns.add(p.key.pattern.String(), value)
		default:
			s.Additional = value
		}
	}
	if len(fields.keys) > 0 {
		s.Properties = fields
	}
	if len(patterns.keys) > 0 {
		s.Patterns = patterns
	}
}

// list writes a list whose first items are like the rest, which all are, as
// items and minItems.
func (s *jsonSchema) list(l *list) {
	s.MinItems = len(l.first)
	switch {
	case l.rest != nil:
		s.Items = l.rest.jsonSchema()
	case len(l.first) > 0:
		s.Items = l.first[0].jsonSchema()
	}
}
