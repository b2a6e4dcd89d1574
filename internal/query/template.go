package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"text/template"
	"unicode/utf8"
)

// Helpers are what templates can call beside Go's own functions, with what
// each is for.
func Helpers() [][2]string {
	return [][2]string{
		{"join SEPARATOR LIST", "the list's members with the separator between them"},
		{"json VALUE", "the value as JSON"},
		{"pluck FIELD LIST", "that field of every member"},
		{"short DIGEST", "a digest's first twelve digits"},
		{"truncate LENGTH TEXT", "at most that many characters"},
		{"row VALUE...", "one row of a table whose columns are aligned"},
	}
}

// filled is an answer by a Go template.
func filled(text string) (answer, error) {
	parsed, err := template.New("template").Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		return nil, wrongf("%w\nhint: see https://pkg.go.dev/text/template and `weighlock help formats`", err)
	}
	return func(_ context.Context, w *bytes.Buffer, text []byte) error {
		var v any
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber() // 45000, and not 4.5e+04
		if err := dec.Decode(&v); err != nil {
			return err
		}
		// Rows are told from other lines by their tabs, which the table's writer aligns.
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		if err := parsed.Execute(t, v); err != nil {
			return wrongf("%w\nhint: `--json all` shows what it is asked of", err)
		}
		return t.Flush()
	}, nil
}

var functions = template.FuncMap{
	"join":     join,
	"json":     func(v any) (string, error) { b, err := encode(v); return string(b), err },
	"pluck":    pluck,
	"short":    short,
	"truncate": truncate,
	"row":      row,
}

func join(separator string, list any) (string, error) {
	members, ok := list.([]any)
	if !ok && list != nil {
		return "", fmt.Errorf("join: %v is no list", list)
	}
	return strings.Join(texts(members), separator), nil
}

func pluck(field string, list any) ([]any, error) {
	members, ok := list.([]any)
	if !ok && list != nil {
		return nil, fmt.Errorf("pluck: %v is no list", list)
	}
	out := make([]any, len(members))
	for i, m := range members {
		object, ok := m.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("pluck: %v has no fields", m)
		}
		out[i] = object[field]
	}
	return out, nil
}

func truncate(length int, text any) string {
	s := written(text)
	if length < 1 || utf8.RuneCountInString(s) <= length {
		return s
	}
	return string([]rune(s)[:length-1]) + "…"
}

func short(digest any) string {
	algorithm, hex, ok := strings.Cut(written(digest), ":")
	if !ok || len(hex) <= 12 {
		return written(digest)
	}
	return algorithm + ":" + hex[:12]
}

func row(values ...any) string {
	cells := texts(values)
	for i, c := range cells {
		cells[i] = strings.Join(strings.Fields(c), " ")
	}
	return strings.Join(cells, "\t") + "\n"
}

func texts(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = written(v)
	}
	return out
}

// written is a value as a person reads it; nothing is nothing.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any, map[string]any:
		b, err := encode(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
	return fmt.Sprint(v)
}
