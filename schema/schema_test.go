package schema

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/format"
	"github.com/google/go-cmp/cmp"
)

// TestCompile compiles every document in a library of its own.
func TestCompile(t *testing.T) {
	for _, name := range Names() {
		f, err := newLibrary(FS).form(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.object == nil || f.object.open {
			t.Errorf("%s is not a closed object", name)
		}
	}
}

// TestSource keeps the CUE files formatted and commented: each package and
// each definition of a document says what it is.
func TestSource(t *testing.T) {
	err := fs.WalkDir(FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".cue") {
			return err
		}
		text, err := FS.ReadFile(name)
		if err != nil {
			return err
		}
		formatted, err := format.Source(text)
		if err != nil {
			return err
		}
		if string(formatted) != string(text) {
			t.Errorf("%s is not formatted as cue fmt would", name)
		}
		if !strings.HasPrefix(name, "cue.mod/") && !strings.HasPrefix(string(text), "// Package ") {
			t.Errorf("%s does not begin with a comment on its package", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestCompileRefuses shows that what the walk in Go could not check is an
// error when it is loaded.
func TestCompileRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"broken syntax":         {"#Spec: {", "expected '}'"},
		"reference to nothing":  {"#Spec: {a!: #None}", `reference "#None" not found`},
		"no definition":         {"#Other: {a!: int}", "field not found: #Spec"},
		"validator of a list":   {"import \"list\"\n#Spec: {a!: list.MaxItems(3)}", "non-concrete value list"},
		"negated pattern":       {"#Spec: {a!: !~\"x\"}", "is not among the forms that schemas may use"},
		"arithmetic of fields":  {"#Spec: {a!: int, b!: a + 1}", "required field missing: a"},
		"unwanted number":       {"#Spec: {a!: !=3}", "is not among the forms that schemas may use"},
		"condition":             {"#Spec: {a!: int, if a > 3 {b!: int}}", "conditions and loops are not among the forms that schemas may use"},
		"condition in a list":   {"#Spec: {a!: [if true {1}]}", "conditions and loops are not among the forms that schemas may use"},
		"dynamic field":         {"#Spec: {a: \"x\", (a)!: int}", "fields with computed names are not among the forms that schemas may use"},
		"import of another one": {"import \"weighlock.dev/schema/none/v1\"\n#Spec: {a!: none.#X}", "no CUE files in none/v1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{"spec/v1/spec.cue": {Data: []byte("package spec\n" + tt.text + "\n")}}
			if _, err := newLibrary(tree).form("spec"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

func TestPath(t *testing.T) {
	f, err := shared().form("project")
	if err != nil {
		t.Fatal(err)
	}
	file := f.object.fields[f.object.index["file"]].form
	for text, want := range map[string]bool{
		"model.joblib": true, "a/b.csv": true, "./a": true, ".hidden": true, "..a": true, "a..": true, "...": true, "a//b": true, "weights/": true, ".": true, "größe 1.csv": true,
		"": false, "..": false, "../a": false, "a/..": false, "a/../b": false, "a/../../b": false, "/etc": false, `a\\b`: false, "a\x00b": false, "a/..//b": false,
	} {
		if got := file.valid(&node{kind: cue.StringKind, text: text}); got != want {
			t.Errorf("path %q: got valid %v; want %v", text, got, want)
		}
	}
}

// TestMetricNames keeps the list of names and the fields with limits in step.
func TestMetricNames(t *testing.T) {
	f, err := shared().form("spec")
	if err != nil {
		t.Fatal(err)
	}
	field := func(o *object, key string) *form { return o.fields[o.index[key]].form }
	names := field(field(f.object, "baseline").object, "metric").literals()
	if diff := cmp.Diff(field(f.object, "metrics").object.names(), names); diff != "" {
		t.Errorf("#MetricName against #Limits (-want +got):\n%s", diff)
	}
}
