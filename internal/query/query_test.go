package query

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type part struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

type thing struct {
	Name   string `json:"name"`
	Digest string `json:"digest,omitempty"`
	Parts  []part `json:"parts"`
	hidden int
	Inner  string `json:"-"`
}

var something = thing{
	Name: "card <1>", Parts: []part{{"model.json", 45000}, {"a, b\nc", 9007199254740993}}, hidden: 1, Inner: "no",
}

func TestFields(t *testing.T) {
	want := []string{"name", "digest", "parts"}
	if diff := cmp.Diff(want, Fields[thing]()); diff != "" {
		t.Errorf("of a struct (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, Fields[[]*thing]()); diff != "" {
		t.Errorf("of a slice (-want +got):\n%s", diff)
	}
}

func TestWrite(t *testing.T) {
	tests := map[string]struct {
		o    Options
		v    any
		want string
	}{
		"one field":                  {Options{Fields: []string{"name"}}, something, "{\n  \"name\": \"card <1>\"\n}\n"},
		"fields in the order asked":  {Options{Fields: []string{"digest", "name"}}, something, "{\n  \"digest\": null,\n  \"name\": \"card <1>\"\n}\n"},
		"a field twice":              {Options{Fields: []string{"name", "name"}}, something, "{\n  \"name\": \"card <1>\"\n}\n"},
		"all, without what is empty": {Options{Fields: []string{"name", "all"}}, thing{Name: "x"}, "{\n  \"name\": \"x\",\n  \"parts\": null\n}\n"},
		"of each in a list":          {Options{Fields: []string{"name"}}, []thing{{Name: "a"}, {Name: "b"}}, "[\n  {\n    \"name\": \"a\"\n  },\n  {\n    \"name\": \"b\"\n  }\n]\n"},
		"of an empty list":           {Options{Fields: []string{"name"}}, []thing{}, "[]\n"},
		"jq: a text is bare":         {Options{JQ: ".name"}, something, "card <1>\n"},
		"jq: a line for each":        {Options{JQ: ".parts[].size"}, something, "45000\n9007199254740993\n"},
		"jq: objects as JSON":        {Options{JQ: "{name, n: (.parts|length)}"}, something, "{\"n\":2,\"name\":\"card <1>\"}\n"},
		"jq: nothing":                {Options{JQ: "empty"}, something, ""},
		"jq: null":                   {Options{JQ: ".digest"}, something, "null\n"},
		"jq: ended by itself":        {Options{JQ: ".name, halt, .name"}, something, "card <1>\n"},
		"jq: no environment":         {Options{JQ: "env, $ENV"}, something, "{}\n{}\n"},
		"jq: only of chosen fields":  {Options{Fields: []string{"name"}, JQ: "keys"}, something, "[\"name\"]\n"},
		"template":                   {Options{Template: "{{.name}} {{len .parts}}"}, something, "card <1> 2"},
		"template: whole numbers":    {Options{Template: "{{range .parts}}{{.size}} {{end}}"}, something, "45000 9007199254740993 "},
		"template: helpers":          {Options{Template: `{{join ", " (pluck "size" .parts)}} {{truncate 4 .name}} {{truncate 40 .name}} {{json .parts}}`}, something, `45000, 9007199254740993 car… card <1> [{"path":"model.json","size":45000},{"path":"a, b\nc","size":9007199254740993}]`},
		"template: rows":             {Options{Template: `{{range .parts}}{{row .path .size}}{{end}}`}, something, "model.json  45000\na, b c      9007199254740993\n"},
		"template: short digest":     {Options{Template: `{{short .digest}} {{short "none"}}`}, thing{Digest: "sha256:" + strings.Repeat("ab", 32)}, "sha256:abababababab none"},
		"template: a list is null":   {Options{Template: `{{join "," .parts}}{{len (pluck "a" .parts)}}`}, thing{}, "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := New(Fields[thing](), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := q.Write(t.Context(), &out, tt.v); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefused shows questions that are refused before any work is done.
func TestRefused(t *testing.T) {
	fields := "\nhint: all, or some of\n  name\n  digest\n  parts"
	tests := map[string]struct {
		o    Options
		want string
	}{
		"no field":                  {Options{Fields: []string{""}}, "--json takes one or more fields, separated by commas" + fields},
		"an unknown field":          {Options{Fields: []string{"name", "size"}}, `there is no field "size"` + fields},
		"a field of another case":   {Options{Fields: []string{"Name"}}, `there is no field "Name"` + fields},
		"jq that cannot be read":    {Options{JQ: ".name |"}, "the jq expression cannot be read: unexpected EOF\nhint: see https://jqlang.org/manual, and quote the expression for the shell"},
		"jq function that is not":   {Options{JQ: "nonesuch"}, "the jq expression: function not defined: nonesuch/0\nhint: see https://jqlang.org/manual"},
		"jq that reads more":        {Options{JQ: "input"}, "the jq expression: input(s)/0 is not allowed\nhint: see https://jqlang.org/manual"},
		"jq that reads a module":    {Options{JQ: `import "a" as a; .`}, "the jq expression: cannot load module: \"a\"\nhint: see https://jqlang.org/manual"},
		"both forms":                {Options{JQ: ".", Template: "x"}, "--jq and --template cannot both say how the answer looks\nhint: leave one of them out"},
		"template without its end":  {Options{Template: "{{.name"}, "template: template:1: unclosed action\nhint: see https://pkg.go.dev/text/template and `weighlock help formats`"},
		"template with no function": {Options{Template: "{{env}}"}, "template: template:1: function \"env\" not defined\nhint: see https://pkg.go.dev/text/template and `weighlock help formats`"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(Fields[thing](), tt.o)
			if err == nil || !errors.Is(err, ErrQuestion) {
				t.Fatalf("got %v; want ErrQuestion", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFails shows questions that fail on the value, and then write nothing.
func TestFails(t *testing.T) {
	tests := map[string]struct {
		o    Options
		want string
	}{
		"jq":                       {Options{JQ: ".name, .name[0].x"}, "expected an object but got"},
		"jq that says so":          {Options{JQ: `"kept", error("no such thing")`}, "no such thing"},
		"template":                 {Options{Template: "kept {{index .parts 7}}"}, "out of range"},
		"template: join no list":   {Options{Template: `{{join "," .name}}`}, "join: card <1> is no list"},
		"template: pluck no list":  {Options{Template: `{{pluck "a" .name}}`}, "pluck: card <1> is no list"},
		"template: pluck no field": {Options{Template: `{{pluck "a" (pluck "path" .parts)}}`}, "pluck: model.json has no fields"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := New(Fields[thing](), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err = q.Write(t.Context(), &out, something)
			if !errors.Is(err, ErrQuestion) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "\nhint: ") {
				t.Errorf("got %v; want %s, with a hint", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("wrote %q", out.String())
			}
		})
	}
}

// TestInterrupted shows that an expression without end can be stopped.
func TestInterrupted(t *testing.T) {
	q, err := New(nil, Options{JQ: "last(range(infinite))"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Write(ctx, &strings.Builder{}, something); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want canceled", err)
	}
}

func FuzzNew(f *testing.F) {
	f.Add("name,parts", ".parts[0]", "")
	f.Add("all", "", `{{range .parts}}{{row .path .size}}{{end}}`)
	f.Add("", "limit(3; .[])", "")
	f.Fuzz(func(t *testing.T, fields, jq, template string) {
		q, err := New(Fields[thing](), Options{Fields: strings.Split(fields, ","), JQ: jq, Template: template})
		if err != nil {
			if q != nil && !errors.Is(err, ErrQuestion) {
				t.Errorf("got %v; want ErrQuestion", err)
			}
			return
		}
		if jq == "" && template == "" {
			if err := q.Write(t.Context(), &strings.Builder{}, something); err != nil {
				t.Error(err)
			}
		}
	})
}
