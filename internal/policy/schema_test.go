package policy

import (
	"bytes"
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
	got, err := schema.JSONSchema("input")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "input.schema.json", append(bytes.TrimSpace(got), '\n'))
}

func TestFixtureIsAnInput(t *testing.T) {
	if err := schema.CheckJSON("input", fullInput(t)); err != nil {
		t.Error(err)
	}
}
