// Package schema holds the forms of every document that Weighlock reads or
// signs, as a CUE module that others can import, and checks documents against
// them. It reports every problem of a document at once, each with its place
// in the file, what was found, what is expected and the nearest known name;
// it fills in no defaults and decides nothing else.
//
// The definitions are written in a part of CUE without conditions, so that
// they can be read once and then checked without CUE's evaluator: every field
// stands for itself. A construct beyond that part is refused when it is
// loaded, never ignored.
package schema

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// FS is the CUE module weighlock.dev/schema.
//
//go:embed claim cue.mod common input lineage predicate project spec verifier
var FS embed.FS

// modulePath is how CUE files import the module.
const modulePath = "weighlock.dev/schema"

// Names lists the documents that have a definition: project, spec, lineage, claim,
// verifier, input, and predicate/<name> for each predicate.
func Names() []string {
	names := []string{"project", "spec", "lineage", "claim", "verifier", "input"}
	entries, err := FS.ReadDir("predicate")
	if err != nil {
		panic(err) // the embedded tree is fixed when the program is built
	}
	for _, e := range entries {
		names = append(names, "predicate/"+e.Name())
	}
	return names
}

// Predicate is the name under which the predicate type with a short name has
// its definition.
func Predicate(short string) string { return "predicate/" + short }

// locate gives the folder and the definition of a document.
func locate(name string) (dir, definition string, err error) {
	if !slices.Contains(Names(), name) {
		return "", "", fmt.Errorf("no schema named %q; known: %s", name, strings.Join(Names(), ", "))
	}
	if strings.HasPrefix(name, "predicate/") {
		return name + "/v1", "#Predicate", nil
	}
	return name + "/v1", "#" + strings.ToUpper(name[:1]) + name[1:], nil
}
