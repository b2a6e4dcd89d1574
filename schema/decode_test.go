package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestMistakes shows the whole text for a project file with many different
// mistakes: none hides another.
func TestMistakes(t *testing.T) {
	const file = "testdata/mistakes.yaml"
	_, err := Decode("project", "weighlock.yaml", readFixture(t, file))
	if err == nil {
		t.Fatal("the mistakes were not found")
	}
	golden := strings.TrimSuffix(file, ".yaml") + ".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readFixture(t, golden)), err.Error()+"\n"); diff != "" {
		t.Errorf("error text (-want +got; -update rewrites it):\n%s", diff)
	}
}

const small = "name: m\ntask: binary\nfile: f\ndata: {test: {file: t.csv, label: y}}\n"

func TestDecodeRefuses(t *testing.T) {
	tests := map[string]struct{ file, text, want string }{
		"empty YAML":                    {"w.yaml", "", "w.yaml:1:1: the file is empty"},
		"YAML of comments only":         {"w.yaml", "# nothing\n", "w.yaml:1:1: the file is empty"},
		"indentation":                   {"w.yaml", "name: x\ntask: binary\n owner: y\nfile: z\n", "w.yaml:3:2: not YAML: mapping values are not allowed in this context"},
		"bracket that does not close":   {"w.yaml", "name: x\nfile: [a,\ntask: binary\n", "w.yaml:2:1: not YAML: did not find expected ',' or ']'"},
		"tab":                           {"w.yaml", "name: x\n\ttask: binary\n", "w.yaml:2:1: not YAML: found a tab character"},
		"second document":               {"w.yaml", small + "---\nname: other\n", "w.yaml:5:1: a second YAML document; one file holds one"},
		"broken second document":        {"w.yaml", small + "---\n[", "w.yaml:6:1: not YAML"},
		"duplicate YAML key":            {"w.yaml", small + "task: regression\n", "w.yaml:5:1: task: duplicate key; first on line 2"},
		"merged keys":                   {"w.yaml", small + "spec:\n  <<: {judge: bound}\n", "w.yaml:6:3: spec: merged keys (<<) are not read; write the fields out"},
		"key that is a list":            {"w.yaml", small + "[a]: b\n", "w.yaml:5:1: a key must be text; put it in quotes"},
		"alias bomb":                    {"w.yaml", bomb(), "too large once its aliases are written out"},
		"alias of itself":               {"w.yaml", "a: &a [*a]\n", "w.yaml:1:4: a[0]: an alias of what it stands in"},
		"own tag":                       {"w.yaml", small + "owner: !mine x\n", "w.yaml:5:8: owner: YAML tag !mine is not read"},
		"octal that is none":            {"w.yaml", small + "predictions: {file: p, column: c, threshold: 012}\n", "threshold: number 012 begins with 0"},
		"infinity":                      {"w.yaml", small + "predictions: {file: p, column: c, threshold: .inf}\n", "threshold: number .inf is not finite"},
		"not a number":                  {"w.yaml", small + "predictions: {file: p, column: c, threshold: .nan}\n", "threshold: number .nan is not finite"},
		"whole number too large":        {"w.yaml", small + "run: {seeds: {a: 9007199254740993}}\n", "run.seeds.a: whole number 9007199254740993 is beyond 2^53; write it as text"},
		"number where text is meant":    {"w.yaml", strings.Replace(small, "label: y", "label: 7", 1), "data.test.label: found number 7, expected text that is not blank\nhint: put a value that is meant as text in quotes"},
		"per cent for a fraction":       {"w.yaml", small + "spec: {metrics: {recall: {min: 85%}}}\n", "spec.metrics.recall.min: found text \"85%\", expected a number\nhint: shares are written as fractions: 0.85 for 85%"},
		"a number for a limit":          {"w.yaml", small + "spec: {metrics: {recall: 0.85}}\n", "spec.metrics.recall: found number 0.85, expected a limit such as {min: 0.7}"},
		"field without a value":         {"w.yaml", small + "spec:\n", "w.yaml:5:6: spec: found nothing (null), expected an object"},
		"list for an object":            {"w.yaml", "- a\n", "w.yaml:1:1: found a list, expected an object"},
		"empty JSON":                    {"w.json", "", "w.json:1:1: JSON ends too early"},
		"JSON cut short":                {"w.json", "{\"name\":\n \"x\"", "w.json:2:5: JSON ends too early"},
		"JSON with a comma too many":    {"w.json", "{\"name\": \"x\",}", "w.json:1:14: not JSON: invalid character '}'"},
		"JSON with text behind":         {"w.json", "{} {}", "w.json:1:4: text after the JSON value"},
		"duplicate JSON key":            {"w.json", "{\"name\": \"x\",\n \"na\\u006de\": \"y\"}", "w.json:2:2: name: duplicate key; first on line 1"},
		"broken UTF-8":                  {"w.json", "{\"name\": \"\xff\"}", "w.json:1:11: broken UTF-8"},
		"half a surrogate pair":         {"w.json", `{"name": "\ud83d"}`, "w.json:1:10: name: half of a surrogate pair in text"},
		"JSON number out of range":      {"w.json", `{"name": 1e999}`, "w.json:1:10: name: number 1e999 is out of range"},
		"JSON nested too deep":          {"w.json", strings.Repeat("[", 300), "nested deeper than 200"},
		"CUE syntax":                    {"w.cue", "name: [", "w.cue:1:8: expected ']', found 'EOF'"},
		"CUE conflict":                  {"w.cue", "name: \"a\"\nname: \"b\"\n", "name: conflicting values"},
		"CUE that is not concrete":      {"w.cue", "name: string\n", "w.cue:1:7: name: incomplete value string"},
		"CUE import of something else":  {"w.cue", "import \"example.com/x\"\nname: x.y\n", "w.cue:1:8: import failed: only CUE's own packages and weighlock.dev/schema can be imported, not \"example.com/x\""},
		"CUE bytes":                     {"w.cue", "name: 'abc'\ntask: \"binary\"\nfile: \"f\"\ndata: test: {file: \"t\", label: \"y\"}\n", "w.cue:1:1: name: found bytes, expected a value that JSON has"},
		"CUE file with an unknown name": {"w.cue", "nmae: \"a\"\ntask: \"binary\"\nfile: \"f\"\ndata: test: {file: \"t\", label: \"y\"}\n", "nmae: found an unknown field, expected one of name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := Decode("project", tt.file, []byte(tt.text))
			var found Errors
			if d != nil || !errors.As(err, &found) {
				t.Fatalf("got %v, %v; want Errors", d, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

// TestASingleProblemSaysWhatToDo shows the whole text of files with one thing
// wrong; what several say is in TestMistakes.
func TestASingleProblemSaysWhatToDo(t *testing.T) {
	tests := map[string]struct{ schema, file, text, want string }{
		"a field that is nearly known":  {"project", "w.yaml", small + "onwer: x\n", "; nearest is owner\nhint: call it owner, or delete it"},
		"a field that nothing is near":  {"project", "w.yaml", small + "zzzzzzzz: x\n", "monitor\nhint: delete it; schema/project/v1 describes every field"},
		"a word that is nearly known":   {"project", "w.yaml", strings.Replace(small, "binary", "binry", 1), "; nearest is binary\nhint: write binary"},
		"a field that is missing":       {"project", "w.yaml", strings.Replace(small, "name: m\n", "", 1), "hint: add name; schema/project/v1 describes every field"},
		"a field missing further down":  {"project", "w.yaml", strings.Replace(small, "file: t.csv, ", "", 1), "hint: add file to data.test; schema/project/v1 describes every field"},
		"a value of another form":       {"project", "w.yaml", strings.Replace(small, "name: m", "name: M", 1), "expected a lower-case name such as card-default\nhint: schema/project/v1 describes every field"},
		"a key twice":                   {"project", "w.yaml", small + "task: binary\n", "duplicate key; first on line 2\nhint: keep one of the two"},
		"no project":                    {"project", "w.yaml", "", "w.yaml:1:1: the file is empty\nhint: weighlock init MODEL PREDICTIONS writes one"},
		"no verifier file":              {"verifier", "v.yaml", "", "v.yaml:1:1: the file is empty\nhint: weighlock keygen --out FOLDER writes one"},
		"no spec":                       {"spec", "s.yaml", "", "s.yaml:1:1: the file is empty\nhint: schema/spec/v1 describes every field"},
		"what is no YAML":               {"project", "w.yaml", "name: [a\n", "\nhint: indent with spaces, and put text that holds : # or brackets in quotes"},
		"what is no JSON":               {"project", "w.json", `{"name": "x",}`, "\nhint: look for a comma, quote or bracket that is missing or too many"},
		"JSON that is cut short":        {"project", "w.json", `{"name": "x"`, "w.json:1:13: JSON ends too early\nhint: look for a comma, quote or bracket that is missing or too many"},
		"a hint of the problem's own":   {"project", "w.yaml", strings.Replace(small, "name: m", "name: 7", 1), "card-default\nhint: put a value that is meant as text in quotes"},
		"two problems, none with a way": {"project", "w.yaml", small + "zzzzzzzz: x\nyyyyyyyy: x\n", "w.yaml:6:1: yyyyyyyy: found an unknown field, expected one of name, task, file, data, owner, use, level, mode, predictions, spec, run, owners, success, base, risk, licence, consumers, features, policy, rollout, monitor"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(tt.schema, tt.file, []byte(tt.text))
			if err == nil || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("got\n%v\nwant it to end with\n%s", err, tt.want)
			}
		})
	}
	// Nobody writes a statement by hand.
	if err := CheckJSON("spec", []byte("")); err == nil || err.Error() != "JSON ends too early" {
		t.Errorf("got %v; want JSON ends too early, without a hint", err)
	}
}

// bomb is a few lines that would be a billion.
func bomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := byte('1'); i <= '9'; i++ {
		item := "*a" + string(i-1)
		text += "a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat(item+", ", 9) + item + "]\n"
	}
	return text
}

// TestDecodeFormats reads one document in each format, and finds its places.
func TestDecodeFormats(t *testing.T) {
	const want = `{"name":"m","task":"binary","file":["f","g"],"data":{"test":{"file":"t.csv","label":"y"}}}`
	type at struct {
		line, col int
		ok        bool
	}
	tests := map[string]struct {
		text   string
		places map[string]at
	}{
		"w.yaml": {"name: m\ntask: binary\nfile: [f, g]\ndata:\n  test: {file: t.csv, label: y}\n",
			map[string]at{"data.test.label": {5, 23, true}, "file[1]": {3, 11, true}, "data.test.id": {5, 3, false}, "spec.metrics": {1, 1, false}, "": {1, 1, true}}},
		"w.json": {"{\"name\": \"m\", \"task\": \"binary\",\n \"file\": [\"f\", \"g\"],\n \"data\": {\"test\": {\"file\": \"t.csv\", \"label\": \"y\"}}}\n",
			map[string]at{"data.test.label": {3, 37, true}, "file[1]": {2, 16, true}, "data.test.id": {3, 11, false}}},
		"w.cue": {"import \"strings\"\n\n_n: \"M\"\nname: strings.ToLower(_n)\ntask: \"binary\"\nfile: [\"f\", \"g\"]\ndata: test: {\n\tfile: \"t.csv\"\n\tlabel: \"y\"\n}\n",
			map[string]at{"data.test.label": {9, 2, true}, "file[1]": {6, 13, true}}},
	}
	for file, tt := range tests {
		t.Run(file, func(t *testing.T) {
			d, err := Decode("project", file, []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, string(d.JSON())); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
			for path, want := range tt.places {
				line, col, ok := d.Position(path)
				if got := (at{line, col, ok}); got != want {
					t.Errorf("position of %q: got %v; want %v", path, got, want)
				}
			}
		})
	}
}

// TestDecodeOwnSchema lets a CUE project file say itself what it is.
func TestDecodeOwnSchema(t *testing.T) {
	const head = "import \"weighlock.dev/schema/project/v1:project\"\n\nproject.#Project & {\n\tname: \"m\"\n\ttask: \"binary\"\n\tfile: \"f\"\n\tdata: test: {file: \"t.csv\", label: \"y\"}\n"
	if _, err := Decode("project", "w.cue", []byte(head+"}\n")); err != nil {
		t.Error(err)
	}
	_, err := Decode("project", "w.cue", []byte(head+"\tlevle: \"start\"\n}\n"))
	if err == nil || !strings.Contains(err.Error(), "w.cue:8:2: levle: field not allowed") {
		t.Errorf("got %v; want the field's place", err)
	}
}

func TestDecodeFilesRefuses(t *testing.T) {
	if _, err := DecodeFiles("project", nil); err == nil {
		t.Error("no file was accepted")
	}
	_, err := DecodeFiles("project", []File{{"a.yaml", []byte(small)}, {"b.yaml", nil}})
	if err == nil || !strings.Contains(err.Error(), "b.yaml: only CUE documents may be split over several files") {
		t.Errorf("two YAML files: got %v", err)
	}
	if _, err := Decode("pedigree", "w.yaml", []byte(small)); err == nil || !strings.Contains(err.Error(), "no schema named") {
		t.Errorf("unknown document: got %v", err)
	}
}

// TestCheckJSON checks a statement's predicate; the problems have no lines.
func TestCheckJSON(t *testing.T) {
	d, err := Decode("predicate/waiver", "w.yaml", readFixture(t, "testdata/predicate/waiver/valid/whole.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckJSON("predicate/waiver", d.JSON()); err != nil {
		t.Error(err)
	}
	for name, tt := range map[string]struct{ old, new, want string }{
		"duplicate key": {`"rule":`, `"rule":"x","rule":`, "rule: duplicate key; first on line 1"},
		"wildcard":      {`"slice"`, `"*"`, `rule: found text "*", expected text that matches ^[^*]*[^*\s][^*]*$`},
		"unknown field": {`"rule":`, `"rul":`, "rul: found an unknown field, expected one of model, rule, item, was, verdict, owner, reason, time, expires; nearest is rule"},
	} {
		err := CheckJSON("predicate/waiver", []byte(strings.Replace(string(d.JSON()), tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v; want %s", name, err, tt.want)
		}
	}
}

// TestConcurrent compiles and checks from many goroutines at once.
func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for _, name := range Names() {
		text := readFixture(t, fixtures(t, name, "valid")[0])
		for range 4 {
			wg.Go(func() {
				if _, err := Decode(name, "whole.yaml", text); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

func TestNearest(t *testing.T) {
	known := []string{"roc_auc", "recall", "precision", "f1"}
	for name, want := range map[string]string{"roc_acu": "roc_auc", "recal": "recall", "presicion": "precision", "F1": "f1", "kappa": "", "": "", "auc": "roc_auc"} {
		if got := Nearest(name, known); got != want {
			t.Errorf("nearest to %q: got %q; want %q", name, got, want)
		}
	}
}

// FuzzDecode holds for any text: no panic, a document or an error, and JSON
// that reads back as the same document.
func FuzzDecode(f *testing.F) {
	f.Add("w.yaml", []byte(small))
	f.Add("w.yaml", []byte("a: &a {b: *a}\n? [x]\n: y\n"))
	f.Add("w.json", []byte(`{"name":"m","task":"binary","file":"f","data":{"test":{"file":"t","label":"y"}}}`))
	f.Add("w.json", []byte(`{"a":"\ud800\u0041","a":1e400}`))
	f.Fuzz(func(t *testing.T, file string, text []byte) {
		if strings.HasSuffix(file, ".cue") {
			return // evaluating CUE may take any time; FuzzPackageName reads it
		}
		d, err := Decode("project", file, text)
		if (d == nil) == (err == nil) {
			t.Fatalf("got %v and %v; want one of them", d, err)
		}
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without words")
			}
			return
		}
		again, err := Decode("project", "again.json", d.JSON())
		if err != nil || !bytes.Equal(again.JSON(), d.JSON()) || !json.Valid(d.JSON()) {
			t.Fatalf("%s does not read back: %v", d.JSON(), err)
		}
	})
}

func FuzzPackageName(f *testing.F) {
	f.Add([]byte("package card\n\nname: 1\n"))
	f.Add([]byte("// comment\nimport \"x\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if name := PackageName(text); strings.ContainsAny(name, " \n") {
			t.Fatalf("package name %q", name)
		}
	})
}

func BenchmarkCheckJSON(b *testing.B) {
	d, err := Decode("predicate/verdict", "w.yaml", readFixture(b, "testdata/predicate/verdict/valid/whole.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(d.JSON())))
	for b.Loop() {
		if err := CheckJSON("predicate/verdict", d.JSON()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := newLibrary(FS).form("input"); err != nil {
			b.Fatal(err)
		}
	}
}
