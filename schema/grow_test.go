package schema

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// shrunk says why a definition does not accept all that an earlier one did;
// nil where it only grew. CUE's Subsume does not mind a field that became
// required, so required fields are compared here.
func shrunk(was, is cue.Value) error {
	if err := is.Subsume(was); err != nil {
		return flat(err)
	}
	c := &compiler{map[definition]*form{}}
	old, err := c.compileValue(was)
	if err != nil {
		return err
	}
	now, err := c.compileValue(is)
	if err != nil {
		return err
	}
	return demands(old, now, "")
}

// demands finds a field that is required now and was not.
func demands(was, is *form, path string) error {
	for i, g := range is.either {
		if i < len(was.either) {
			if err := demands(was.either[i], g, path); err != nil {
				return err
			}
		}
	}
	if was.list != nil && is.list != nil {
		if len(is.list.first) > len(was.list.first) {
			return fmt.Errorf("%s: more items are required", path)
		}
		if was.list.rest != nil && is.list.rest != nil {
			return demands(was.list.rest, is.list.rest, path+"[]")
		}
	}
	if was.object == nil || is.object == nil {
		return nil
	}
	for _, f := range is.object.fields {
		at := join(path, f.key)
		i, known := was.object.index[f.key]
		if f.required && (!known || !was.object.fields[i].required) {
			return fmt.Errorf("%s: is required now", at)
		}
		if known {
			if err := demands(was.object.fields[i].form, f.form, at); err != nil {
				return err
			}
		}
	}
	for i, p := range is.object.patterns {
		if i < len(was.object.patterns) {
			if err := demands(was.object.patterns[i].form, p.form, path+"[_]"); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareTrees holds every definition of an earlier module against a later
// one.
func compareTrees(was, is fs.FS) error {
	ctx, before, after := cuecontext.New(), newLoader(was), newLoader(is)
	return fs.WalkDir(was, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".cue") || strings.HasPrefix(file, "cue.mod/") {
			return err
		}
		old, err := before.value(ctx, path.Dir(file))
		if err != nil {
			return err
		}
		fields, err := old.Fields(cue.Definitions(true))
		if err != nil {
			return err
		}
		for fields.Next() {
			if !fields.Selector().IsDefinition() {
				continue
			}
			now, err := after.definition(ctx, path.Dir(file), fields.Selector().String())
			if err != nil {
				return err
			}
			if err := shrunk(fields.Value(), now); err != nil {
				return fmt.Errorf("%s %s: %w", path.Dir(file), fields.Selector(), err)
			}
		}
		return nil
	})
}

// TestOnlyGrows holds the module against each released copy of it; the module
// itself is one that must pass.
func TestOnlyGrows(t *testing.T) {
	if err := compareTrees(FS, FS); err != nil {
		t.Errorf("the module against itself: %v", err)
	}
	releases, err := os.ReadDir("released")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range releases {
		if !r.IsDir() {
			continue
		}
		if err := compareTrees(os.DirFS(path.Join("released", r.Name())), FS); err != nil {
			t.Errorf("against release %s: %v", r.Name(), err)
		}
	}
}

func TestOnlyGrowsFindsShrinking(t *testing.T) {
	const was = `a!: int, b?: string, e!: "x" | "y", l!: [...#Q], m?: {[string]: int}`
	tree := func(fields string) fs.FS {
		return fstest.MapFS{
			"doc/v1/doc.cue":  {Data: []byte("package doc\n\nimport common \"weighlock.dev/schema/common/v1\"\n\n#Doc: {" + fields + "}\n#Q: {q!: common.#Number}\n")},
			"common/v1/c.cue": {Data: []byte("package common\n\n#Number: int\n")},
		}
	}
	tests := map[string]struct{ old, new, want string }{
		"nothing changed":            {"", "", ""},
		"optional field added":       {"b?: string", "b?: string, c?: int", ""},
		"choice added":               {`"x" | "y"`, `"x" | "y" | "z"`, ""},
		"required field relaxed":     {"a!: int", "a?: int", ""},
		"required field added":       {"b?: string", "b?: string, c!: int", "c: is required now"},
		"optional field required":    {"b?: string", "b!: string", "field b not present"},
		"field required in a list":   {"[...#Q]", "[...{#Q, r!: int}]", "l[].r: is required now"},
		"field required in a map":    {"{[string]: int}", "{[string]: {k!: int}}", "field m not present"},
		"optional field dropped":     {"b?: string, ", "", "field not allowed in closed struct: b"},
		"required field dropped":     {"a!: int, ", "", "field not allowed in closed struct: a"},
		"number bounded":             {"a!: int", "a!: int & >0", "field a not present"},
		"choice dropped":             {`"x" | "y"`, `"x"`, "field e not present"},
		"list must not be empty now": {"[...#Q]", "[#Q, ...#Q]", "field l not present"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := compareTrees(tree(was), tree(strings.Replace(was, tt.old, tt.new, 1)))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v; want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}
