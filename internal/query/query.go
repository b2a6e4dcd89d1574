// Package query shows a part of a value: the fields that were asked for, what
// a jq expression makes of them, or a template. It is made before the work is
// done, so that a misspelt field or expression costs nothing; it opens no file
// and gives expressions no environment.
package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// All stands for every field, in the place of a list of them.
const All = "all"

// ErrQuestion marks a field, an expression or a template that cannot be
// understood, or that fails on the value it is asked of.
var ErrQuestion = errors.New("question")

// wrong is such an error. That it is about the question goes without saying.
type wrong struct{ error }

func (w wrong) Is(target error) bool { return target == ErrQuestion }
func (w wrong) Unwrap() error        { return w.error }

func wrongf(format string, v ...any) error { return wrong{fmt.Errorf(format, v...)} }

// Options is what was asked. No field means all of them.
type Options struct {
	Fields       []string
	JQ, Template string
}

// answer writes what is asked about a JSON text.
type answer func(ctx context.Context, w *bytes.Buffer, text []byte) error

// Query is a question that has been understood.
type Query struct {
	fields []string // nil: the value as it is
	answer answer
}

// Fields are the names of T's fields in JSON, in their order; T is a struct, or
// a slice of them.
func Fields[T any]() []string {
	t := reflect.TypeFor[T]()
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// New makes a query for values that have the known fields.
func New(known []string, o Options) (*Query, error) {
	if o.JQ != "" && o.Template != "" {
		return nil, wrongf("--jq and --template cannot both say how the answer looks\nhint: leave one of them out")
	}
	q := &Query{answer: indented}
	for _, f := range o.Fields {
		if f = strings.TrimSpace(f); f == All {
			q.fields = nil
			break
		}
		if !slices.Contains(known, f) {
			return nil, unknown(f, known)
		}
		if !slices.Contains(q.fields, f) {
			q.fields = append(q.fields, f)
		}
	}
	var err error
	switch {
	case o.JQ != "":
		q.answer, err = expression(o.JQ)
	case o.Template != "":
		q.answer, err = filled(o.Template)
	}
	return q, err
}

func unknown(field string, known []string) error {
	if field == "" {
		return Listing(known)
	}
	return wrongf("there is no field %q\n%s", field, list(known))
}

// Listing is the error that answers a question for no field at all: those
// that there are.
func Listing(known []string) error {
	return wrongf("--json takes one or more fields, separated by commas\n%s", list(known))
}

func list(known []string) string {
	return "hint: all, or some of\n  " + strings.Join(known, "\n  ")
}

// Write answers the query about a value: a struct, or a slice of structs.
// Same value, same bytes.
func (q *Query) Write(ctx context.Context, w io.Writer, v any) error {
	text, err := encode(v)
	if err != nil {
		return err
	}
	if q.fields != nil {
		if text, err = q.pick(text); err != nil {
			return err
		}
	}
	var whole bytes.Buffer
	if err := q.answer(ctx, &whole, text); err != nil {
		return err
	}
	_, err = w.Write(whole.Bytes())
	return err
}

// pick keeps the fields that were asked for, in the order asked; one that the
// value leaves out is null.
func (q *Query) pick(text []byte) ([]byte, error) {
	if bytes.HasPrefix(text, []byte("[")) {
		var many []json.RawMessage
		if err := json.Unmarshal(text, &many); err != nil {
			return nil, err
		}
		for i := range many {
			var err error
			if many[i], err = q.pick(many[i]); err != nil {
				return nil, err
			}
		}
		return encode(many)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, f := range q.fields {
		out.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		value := object[f]
		if value == nil {
			value = json.RawMessage("null")
		}
		fmt.Fprintf(&out, "%q:%s", f, value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(out.Bytes()), err
}

func indented(_ context.Context, w *bytes.Buffer, text []byte) error {
	if err := json.Indent(w, text, "", "  "); err != nil {
		return err
	}
	w.WriteByte('\n')
	return nil
}
