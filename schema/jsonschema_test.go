package schema

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// TestJSONSchema exports every document, twice, as a document that stands
// alone.
func TestJSONSchema(t *testing.T) {
	for _, name := range Names() {
		text, err := JSONSchema(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := JSONSchema(name); err != nil || !bytes.Equal(text, again) {
			t.Errorf("%s: a second export differs (%v)", name, err)
		}
		if !json.Valid(text) || bytes.Contains(text, []byte(`"$ref"`)) {
			t.Errorf("%s: not JSON that stands alone", name)
		}
		fresh := newLibrary(FS)
		f, err := fresh.form(name)
		if err != nil {
			t.Fatal(err)
		}
		shared, err := shared().form(name)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(f.jsonSchema())
		b, _ := json.Marshal(shared.jsonSchema())
		if !bytes.Equal(a, b) {
			t.Errorf("%s: depends on what was compiled before", name)
		}
	}
	if _, err := JSONSchema("pedigree"); err == nil || !strings.Contains(err.Error(), `no schema named "pedigree"; known: project, spec`) {
		t.Errorf("unknown name: got %v", err)
	}
}

// TestJSONSchemaOfForms shows what becomes of each kind of form.
func TestJSONSchemaOfForms(t *testing.T) {
	text, err := JSONSchema("project")
	if err != nil {
		t.Fatal(err)
	}
	var flat bytes.Buffer
	if err := json.Compact(&flat, text); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"enumeration":         `"mode":{"description":"mode is enforce, or observe where a denial shall not stop the pipeline yet; where there is a verifier file, its mode rules instead.","type":"string","enum":["enforce","observe"]}`,
		"alternatives":        `"anyOf":[{"type":"string","pattern":"^([^/`,
		"two-sided bounds":    `"max":{"type":"number","minimum":0,"maximum":1}`,
		"pattern":             `"sha256":{"description":"sha256 pins the file's bytes, as 64 hexadecimal digits; of a pattern, the names and bytes of all its files.","type":"string","pattern":"^[0-9a-f]{64}$"}`,
		"closed object":       `"additionalProperties":false,"required":["name","task","file","data"]`,
		"fields of any name":  `"seeds":{"description":"seeds holds the random seeds by name.","type":"object","additionalProperties":{"anyOf":[{"type":"integer"},{"type":"string"}]}}`,
		"names by a pattern":  `"patternProperties":{"^[a-z0-9]+([._-]+[a-z0-9]+)*$":{}}`,
		"list with an item":   `"success":{"description":"success lists the outcomes outside the model that were agreed up front.","type":"array","items":{`,
		"names from a choice": `"roc_auc":{"type":"object","properties":{"min":{"description":"min is the least value that passes on a slice."`,
	} {
		if !strings.Contains(flat.String(), want) {
			t.Errorf("%s: no %s", name, want)
		}
	}
}

// TestInputSchemaTypesRego shows that OPA checks rules against the input
// schema: a misspelt field does not compile.
func TestInputSchemaTypesRego(t *testing.T) {
	text, err := JSONSchema("input")
	if err != nil {
		t.Fatal(err)
	}
	var raw any
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	compile := func(expr string) error {
		set := ast.NewSchemaSet()
		set.Put(ast.MustParseRef("schema.input"), raw)
		module, err := ast.ParseModuleWithOpts("rule.rego", "# METADATA\n# scope: package\n# schemas:\n#   - input: schema.input\npackage rule\n\nx := "+expr+"\n", ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			t.Fatal(err)
		}
		c := ast.NewCompiler().WithSchemas(set).WithUseTypeCheckAnnotations(true).WithAllowUndefinedFunctionCalls(false)
		c.Compile(map[string]*ast.Module{"rule.rego": module})
		if c.Failed() {
			return c.Errors
		}
		return nil
	}
	for _, expr := range []string{
		"input.model.name", "input.spec.document.metrics.recall.min", "input.evaluation.results[\"roc_auc\"].value",
		"[i | some i in input.data.items.slices]", "input.signatures[0].signer", "input.champion.production.digest",
		"input.lineage.document.inputs[0].digest", "input.context.command", "input.data.document.sets.test.rows",
	} {
		if err := compile(expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
	for expr, known := range map[string]string{
		"input.model.nmae":                        "name",
		"input.modle":                             "model",
		"input.spec.document.metrics.recal":       "recall",
		"input.signatures[0].singer":              "signer",
		"input.lineage.document.inputs[0].digset": "digest",
		"input.data.items.slice":                  "slices",
	} {
		if err := compile(expr); err == nil || !strings.Contains(err.Error(), "undefined ref") || !strings.Contains(err.Error(), known) {
			t.Errorf("%s: got %v; want a type error that lists %s", expr, err, known)
		}
	}
}
