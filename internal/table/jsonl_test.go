package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func readNamed(name, text string, o Options) (*Table, error) {
	return Read(context.Background(), name, strings.NewReader(text), int64(len(text)), o)
}

func TestJSONLColumns(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name, text string
		o          Options
		want       []*Column
		nested     []string
	}{
		{"numbers, texts and bools", `{"a":1,"b":"x","c":true}` + "\n" + `{"a":-2.5e1,"b":"y","c":false}`, Options{}, []*Column{
			{Name: "a", Numbers: []float64{1, -25}},
			{Name: "b", Kind: Text, Codes: []int32{0, 1}, Dict: []string{"x", "y"}},
			{Name: "c", Kind: Bool, Bools: []bool{true, false}}}, nil},
		{"null, an empty text and a name left out", "{\"a\":null,\"b\":\"\"}\n\n {\"b\" : \"z\"}\r\n{\"a\":3,\"b\":null}\n", Options{}, []*Column{
			{Name: "a", Null: []bool{true, true, false}, Numbers: []float64{nan, nan, 3}},
			{Name: "b", Kind: Text, Null: []bool{true, false, true}, Codes: []int32{0, 1, 0}, Dict: []string{"", "z"}}}, nil},
		{"a name that comes late", "{\"a\":1}\n{\"a\":2,\"b\":true}\n", Options{}, []*Column{
			{Name: "a", Numbers: []float64{1, 2}},
			{Name: "b", Kind: Bool, Null: []bool{true, false}, Bools: []bool{false, true}}}, nil},
		{"a text of digits is text", `{"a":"007"}`, Options{}, []*Column{{Name: "a", Kind: Text, Codes: []int32{0}, Dict: []string{"007"}}}, nil},
		{"numbers and texts in one column are text as written", "{\"a\":1.50}\n{\"a\":\"x\"}\n{\"a\":true}\n", Options{}, []*Column{
			{Name: "a", Kind: Text, Codes: []int32{0, 1, 2}, Dict: []string{"1.50", "x", "true"}}}, nil},
		{"ids keep their digits", `{"id":12345678901234567890}`, Options{Text: []string{"id"}}, []*Column{
			{Name: "id", Kind: Text, Codes: []int32{0}, Dict: []string{"12345678901234567890"}}}, nil},
		{"escapes", `{"\u0061":"\"\\\/\b\n\u00e9\ud83d\ude00"}`, Options{}, []*Column{
			{Name: "a", Kind: Text, Codes: []int32{0}, Dict: []string{"\"\\/\b\né😀"}}}, nil},
		{"names in another order", "{\"a\":1,\"b\":2}\n{\"b\":4,\"a\":3}\n", Options{Columns: []string{"b", "a"}}, []*Column{
			{Name: "b", Numbers: []float64{2, 4}}, {Name: "a", Numbers: []float64{1, 3}}}, nil},
		{"lists and structures beside columns", "{\"a\":1,\"tags\":[\"x\",{\"y\":\"]\"}]}\n{\"a\":2,\"tags\":null}\n", Options{}, []*Column{
			{Name: "a", Numbers: []float64{1, 2}}}, []string{"tags"}},
		{"numbers that must be, as texts", "{\"a\":\"0.5\"}\n{\"a\":1}\n", Options{Numbers: []string{"a"}}, []*Column{{Name: "a", Numbers: []float64{0.5, 1}}}, nil},
		{"byte order mark", "\xef\xbb\xbf{\"a\":1}\n", Options{}, []*Column{{Name: "a", Numbers: []float64{1}}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readNamed("f.jsonl", test.text, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, got.Columns, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
			if d := cmp.Diff(test.nested, got.Nested); d != "" {
				t.Errorf("nested (want, got):\n%s", d)
			}
		})
	}
}

func TestJSONLRefusals(t *testing.T) {
	const one = "\nhint: write one JSON object per line"
	const form = one + ", with names in double quotes"
	var names, sparse strings.Builder
	names.WriteString(`{"a":1`)
	for i := range maxColumns {
		fmt.Fprintf(&names, `,"n%d":1`, i)
	}
	names.WriteString("}\n")
	for i := range 9000 {
		fmt.Fprintf(&sparse, "{\"n%d\":1}\n", i)
	}
	for _, test := range []struct {
		name, text string
		o          Options
		want       string
	}{
		{"an empty file", "", Options{}, "f.ndjson: is empty" + one},
		{"nothing but blank lines", "\n \n", Options{}, "f.ndjson: is empty" + one},
		{"an array", "[{\"a\":1}]", Options{}, "f.ndjson: line 1: is one JSON array, not one object per line\nhint: in Python, pandas.DataFrame.to_json(path, orient=\"records\", lines=True)"},
		{"UTF-16", "\xff\xfe{\x00", Options{}, "f.ndjson: line 1: is UTF-16\nhint: write the file in UTF-8"},
		{"not UTF-8", "{\"a\":1}\n{\"a\":\"\xe9\"}\n", Options{}, "f.ndjson: line 2: the byte 0xe9 is not UTF-8\nhint: write the file in UTF-8"},
		{"a line that is a number", "{\"a\":1}\n17\n", Options{}, "f.ndjson: line 2: a line that is no JSON object: it begins with \"17\"" + one},
		{"two objects on a line", "{\"a\":1} {\"a\":2}\n", Options{}, "f.ndjson: line 1: text behind a JSON object: \"{\\\"a\\\":2}\"" + one},
		{"an object over two lines", "{\"a\":1,\n\"b\":2}\n", Options{}, "f.ndjson: line 1: is not JSON: it ends too early" + form},
		{"single quotes", "{'a':1}\n", Options{}, "f.ndjson: line 1: is not JSON: at \"'a':1}\"" + form},
		{"no colon", "{\"a\" 1}\n", Options{}, "f.ndjson: line 1: is not JSON: at \"1}\"" + form},
		{"a comma too many", "{\"a\":1,}\n", Options{}, "f.ndjson: line 1: is not JSON: at \"}\"" + form},
		{"no value", "{\"a\":", Options{}, "f.ndjson: line 1: is not JSON: it ends too early" + form},
		{"a zero in front", "{\"a\":01}\n", Options{}, "f.ndjson: line 1: is not JSON: at \"01}\"" + form},
		{"half a fraction", "{\"a\":1.}\n", Options{}, "f.ndjson: line 1: is not JSON: at \"1.}\"" + form},
		{"half an exponent", "{\"a\":1e+}\n", Options{}, "f.ndjson: line 1: is not JSON: at \"1e+}\"" + form},
		{"an unknown word", "{\"a\":nul}\n", Options{}, "f.ndjson: line 1: is not JSON: at \"nul}\"" + form},
		{"NaN", "{\"a\":1}\n{\"a\":NaN}\n", Options{}, "f.ndjson: line 2, column a: NaN is not JSON\nhint: write null where there is no number"},
		{"half a surrogate", `{"a":"\ud83d"}`, Options{}, `f.ndjson: line 1: is not JSON: at "\"\\ud83d\"}"` + form},
		{"two low halves", `{"a":"\ude00x"}`, Options{}, `f.ndjson: line 1: is not JSON: at "\"\\ude00x\"}"` + form},
		{"an unknown escape", `{"a":"\x"}`, Options{}, `f.ndjson: line 1: is not JSON: at "\"\\x\"}"` + form},
		{"a tab in a text", "{\"a\":\"\t\"}", Options{}, "f.ndjson: line 1: is not JSON: at \"\\t\\\"}\"" + form},
		{"a text never closed", `{"a":"x`, Options{}, "f.ndjson: line 1: is not JSON: it ends too early" + form},
		{"a broken list", `{"a":[1,]}`, Options{}, `f.ndjson: line 1: is not JSON: at "[1,]}"` + form},
		{"a name twice in a row", `{"a":1,"a":2}`, Options{}, "f.ndjson: line 1, column a: is named twice in one row"},
		{"a long text", `{"a":"` + strings.Repeat("x", maxCell) + `"}`, Options{}, "f.ndjson: line 1, column a: a value is longer than 1048576 bytes"},
		{"a long number", `{"a":` + strings.Repeat("1", maxCell+1) + `}`, Options{}, "f.ndjson: line 1, column a: a value is longer than 1048576 bytes"},
		{"a column that no row names", `{"score":1}`, Options{Columns: []string{"scores"}}, "f.ndjson: no column \"scores\"; the columns are score\nhint: did you mean \"score\"?"},
		{"a list that is asked for", `{"a":[1]}`, Options{Columns: []string{"a"}}, "f.ndjson: column a: holds lists or structures, and only plain columns can be read\nhint: flatten it into plain columns"},
		{"no number where one must be", "{\"a\":1}\n{\"a\":true}\n", Options{Numbers: []string{"a"}}, `f.ndjson: line 2, column a: "true" is not a number`},
		{"too many names", names.String(), Options{}, "f.ndjson: line 1: more than 65536 names\nhint: write every row with the same names"},
		{"another name in every row", sparse.String(), Options{}, "f.ndjson: 9000 names in 9000 rows, of which few have a value\nhint: write every row with the same names"},
		{"another format by its name", "", Options{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := "f.ndjson"
			if test.want == "" {
				name, test.want = "f.json", `f.json: a table's name must end in .csv, .jsonl, .ndjson, .parquet, .arrow, .arrows, .feather or .ipc, not ".json"`+
					"\nhint: write the table as CSV, JSONL, Parquet or Arrow"
			}
			_, err := readNamed(name, test.text, test.o)
			var e *Error
			if !errors.As(err, &e) || err.Error() != test.want {
				t.Errorf("got %v; want %v", err, test.want)
			}
		})
	}
}

// TestJSONLFarDown reads what is larger than a chunk, where the kind of a
// column shows at the very end, and so does a column.
func TestJSONLFarDown(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "{\"id\":\"row-%d\",\"score\":%d.50}\n\n", i, i)
	}
	b.WriteString("{\"id\":\"last\",\"score\":\"n/a\",\"late\":7}\n")
	got, err := readNamed("f.jsonl", b.String(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	score, late := got.Columns[1], got.Columns[2]
	if d := cmp.Diff([]string{"0.50", "99999.50", "n/a", "", "7"}, []string{score.String(0), score.String(99_999), score.String(100_000), late.String(99_999), late.String(100_000)}); d != "" {
		t.Error(d)
	}
	if got.Rows != 100_001 || got.Line(99_999) != 199_999 || late.Kind != Number {
		t.Errorf("%d rows, the last but one at line %d, %v", got.Rows, got.Line(99_999), late.Kind)
	}
	if _, err := got.Float64s("score"); err == nil || err.Error() != `f.jsonl: line 200001, column score: "n/a" is not a number` {
		t.Errorf("got %v", err)
	}
}

// FuzzJSONL holds the reader against encoding/json, line by line.
func FuzzJSONL(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"x"}`, "{\"a\":null}\n{\"b\":[{}]}\n", `{"a":"\u00e9\n"}`, "{}\n", "\n{\"a\":-0.5e+3}", `{"a":1}{"a":2}`, `{"a":tru`, "{\"\":true}\n{\"\":1}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readNamed("f.jsonl", text, Options{})
		if err != nil {
			if !errors.As(err, new(*Error)) {
				t.Fatalf("%v is no *Error", err)
			}
			return
		}
		var rows []map[string]any
		for line := range strings.Lines(strings.TrimPrefix(text, "\xef\xbb\xbf")) {
			if strings.Trim(line, " \t\r\n") == "" {
				continue
			}
			d := json.NewDecoder(strings.NewReader(line))
			d.UseNumber()
			row := map[string]any{}
			if err := d.Decode(&row); err != nil {
				t.Fatalf("read what encoding/json refuses: %v", err)
			}
			rows = append(rows, row)
		}
		if len(rows) != got.Rows {
			t.Fatalf("%d rows; want %d", got.Rows, len(rows))
		}
		for _, c := range got.Columns {
			for i, row := range rows {
				want := ""
				if v, ok := row[c.Name]; ok && v != nil {
					want = fmt.Sprint(v)
				}
				if c.Kind == Number && want != "" {
					v, ok := parseNumber([]byte(want))
					if !ok || v != c.Numbers[i] {
						t.Fatalf("row %d of %q: %v; want %s", i, c.Name, c.Numbers[i], want)
					}
				} else if c.String(i) != want {
					t.Fatalf("row %d of %q: %q; want %q", i, c.Name, c.String(i), want)
				}
			}
		}
	})
}

func BenchmarkJSONL(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var text strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&text, `{"id":"row-%08d","region":%q,"label":%d,"score":%.6f}`+"\n", i, []string{"north", "south"}[r.IntN(2)], r.IntN(2), r.Float64())
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readNamed("f.jsonl", text.String(), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
