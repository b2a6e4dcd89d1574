package policy

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/weighlock/weighlock/schema"
)

var update = flag.Bool("update", false, "rewrite generated files")

// golden holds generated text against a file, or rewrites the file.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date\nhint: go test ./internal/policy -update", file)
	}
}

func TestInputSchemaIsCurrent(t *testing.T) {
	text, err := schema.JSONSchema("input")
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(typesOf(whole))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "input.schema.json", append(got, '\n'))
}

// typesOf keeps of a schema what a type checker reads.
func typesOf(schema any) any {
	node, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	out := map[string]any{}
	for key, v := range node {
		switch key {
		case "type":
			out[key] = v
		case "items":
			out[key] = typesOf(v)
		case "anyOf", "allOf":
			var parts []any
			for _, part := range v.([]any) {
				parts = append(parts, typesOf(part))
			}
			out[key] = parts
		case "properties":
			fields := map[string]any{}
			for name, field := range v.(map[string]any) {
				fields[name] = typesOf(field)
			}
			out[key] = fields
		}
	}
	return out
}

func TestFixtureIsAnInput(t *testing.T) {
	if err := schema.CheckJSON("input", fullInput(t)); err != nil {
		t.Error(err)
	}
}
