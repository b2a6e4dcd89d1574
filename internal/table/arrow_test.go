package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// arrowRows are record batches of a schema, from JSON, one text per batch.
func arrowRows(t testing.TB, schema *arrow.Schema, batches ...string) []arrow.RecordBatch {
	t.Helper()
	var all []arrow.RecordBatch
	for _, text := range batches {
		b, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func arrowStream(t testing.TB, schema *arrow.Schema, batches []arrow.RecordBatch, o ...ipc.Option) []byte {
	t.Helper()
	var b bytes.Buffer
	w := ipc.NewWriter(&b, append(o, ipc.WithSchema(schema))...)
	for _, r := range batches {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func arrowBytes(t testing.TB, schema *arrow.Schema, batches []arrow.RecordBatch, o ...ipc.Option) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := ipc.NewFileWriter(&b, append(o, ipc.WithSchema(schema))...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range batches {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readArrow(b []byte, o Options) (*Table, error) {
	return Read(context.Background(), "f.arrow", bytes.NewReader(b), int64(len(b)), o)
}

func dictionaryOf(t arrow.DataType) *arrow.DictionaryType {
	return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: t}
}

// everyType has a column of each type that can be read, and one that cannot.
func everyType() (*arrow.Schema, []string, []*Column) {
	nan := math.NaN()
	var fields []arrow.Field
	rows := make([]map[string]string, 3)
	var want []*Column
	add := func(name string, t arrow.DataType, first, last string, c *Column) {
		fields = append(fields, arrow.Field{Name: name, Type: t, Nullable: true})
		for i, v := range []string{first, "null", last} {
			if rows[i] == nil {
				rows[i] = map[string]string{}
			}
			rows[i][name] = v
		}
		if c != nil {
			c.Name, c.Null = name, []bool{false, true, false}
			want = append(want, c)
		}
	}
	numbers := func(a, b float64) *Column { return &Column{Numbers: []float64{a, nan, b}} }
	texts := func(a, b string) *Column {
		return &Column{Kind: Text, Codes: []int32{0, 1, 2}, Dict: []string{a, "", b}}
	}
	add("bool", arrow.FixedWidthTypes.Boolean, "true", "false", &Column{Kind: Bool, Bools: []bool{true, false, false}})
	for _, n := range []arrow.DataType{arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64} {
		add(n.Name(), n, "-5", "7", numbers(-5, 7))
	}
	for _, n := range []arrow.DataType{arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64} {
		add(n.Name(), n, "200", "7", numbers(200, 7))
	}
	for _, n := range []arrow.DataType{arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64} {
		add(n.Name(), n, "0.5", "-2", numbers(0.5, -2))
	}
	for _, n := range []arrow.DataType{&arrow.Decimal32Type{Precision: 9, Scale: 2}, &arrow.Decimal64Type{Precision: 18, Scale: 2}, &arrow.Decimal128Type{Precision: 30, Scale: 2}, &arrow.Decimal256Type{Precision: 60, Scale: 2}} {
		add(n.Name(), n, `"-0.05"`, `"123.45"`, numbers(-0.05, 123.45))
	}
	for _, n := range []arrow.DataType{arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView, dictionaryOf(arrow.BinaryTypes.String)} {
		add(n.Name(), n, `"north"`, `"south"`, texts("north", "south"))
	}
	for _, n := range []arrow.DataType{arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary, arrow.BinaryTypes.BinaryView} {
		add(n.Name(), n, `"aGk="`, `"aG8="`, texts("hi", "ho"))
	}
	add("date32", arrow.FixedWidthTypes.Date32, `"2024-02-29"`, `"1969-12-31"`, texts("2024-02-29", "1969-12-31"))
	add("date64", arrow.FixedWidthTypes.Date64, `"2024-02-29"`, `"1969-12-31"`, texts("2024-02-29", "1969-12-31"))
	add("seconds", &arrow.TimestampType{Unit: arrow.Second}, `"2024-02-29 12:30:00"`, `"1969-12-31 00:00:01"`, texts("2024-02-29T12:30:00", "1969-12-31T00:00:01"))
	add("millis", &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, `"2024-02-29T12:30:00.250Z"`, `"1970-01-01T00:00:00Z"`, texts("2024-02-29T12:30:00.250Z", "1970-01-01T00:00:00.000Z"))
	add("micros", &arrow.TimestampType{Unit: arrow.Microsecond}, `"2024-02-29 12:30:00.000001"`, `"1970-01-01 00:00:00"`, texts("2024-02-29T12:30:00.000001", "1970-01-01T00:00:00.000000"))
	add("nanos", &arrow.TimestampType{Unit: arrow.Nanosecond}, `"2024-02-29 12:30:00.000000001"`, `"1970-01-01 00:00:00"`, texts("2024-02-29T12:30:00.000000001", "1970-01-01T00:00:00.000000000"))
	add("time32", arrow.FixedWidthTypes.Time32ms, `"12:30:00.5"`, `"00:00:00"`, texts("12:30:00.500", "00:00:00.000"))
	add("time64", arrow.FixedWidthTypes.Time64us, `"12:30:00.5"`, `"00:00:00"`, texts("12:30:00.500000", "00:00:00.000000"))
	add("coded number", dictionaryOf(arrow.PrimitiveTypes.Float64), "0.5", "0.25", numbers(0.5, 0.25))
	add("list", arrow.ListOf(arrow.PrimitiveTypes.Int8), "[1]", "[]", nil)
	var batches []string
	for _, row := range rows {
		var cells []string
		for _, f := range fields {
			cells = append(cells, fmt.Sprintf("%q:%s", f.Name, row[f.Name]))
		}
		batches = append(batches, "[{"+strings.Join(cells, ",")+"}]")
	}
	joined := []string{strings.TrimSuffix(batches[0], "]") + "," + strings.TrimPrefix(batches[1], "["), batches[2]}
	return arrow.NewSchema(fields, nil), joined, want
}

// one is all batches as one, since a file has one dictionary per column.
func one(texts []string) string {
	var rows []string
	for _, t := range texts {
		rows = append(rows, strings.TrimSuffix(strings.TrimPrefix(t, "["), "]"))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

func TestArrowColumns(t *testing.T) {
	schema, texts, want := everyType()
	batches, whole := arrowRows(t, schema, texts...), arrowRows(t, schema, one(texts))
	for name, b := range map[string][]byte{
		"stream":       arrowStream(t, schema, batches, ipc.WithDictionaryDeltas(true)),
		"stream, lz4":  arrowStream(t, schema, batches, ipc.WithLZ4()),
		"stream, zstd": arrowStream(t, schema, batches, ipc.WithZstd()),
		"file":         arrowBytes(t, schema, whole),
		"file, lz4":    arrowBytes(t, schema, whole, ipc.WithLZ4()),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readArrow(b, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got.Columns, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
			if d := cmp.Diff([]string{"list"}, got.Nested); got.Rows != 3 || d != "" {
				t.Errorf("%d rows, nested %v", got.Rows, got.Nested)
			}
		})
	}
}

func TestArrowAsText(t *testing.T) {
	schema, texts, _ := everyType()
	o := Options{Columns: []string{"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64", "decimal", "coded number"}}
	o.Text = o.Columns
	got, err := readArrow(arrowStream(t, schema, arrowRows(t, schema, texts...)), o)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{o.Columns,
		{"true", "-5", "-5", "-5", "-5", "200", "200", "200", "200", "0.5", "0.5", "0.5", "-0.05", "0.5"},
		make([]string, 14),
		{"false", "7", "7", "7", "7", "7", "7", "7", "7", "-2", "-2", "-2", "123.45", "0.25"}}
	if d := cmp.Diff(want, cells(got)); d != "" {
		t.Error(d)
	}
}

func TestArrowWithoutValues(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.Null}, {Name: "b", Type: arrow.BinaryTypes.String}}, nil)
	got, err := readArrow(arrowStream(t, schema, arrowRows(t, schema, `[{"a":null,"b":""},{"a":null,"b":"x"}]`)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []*Column{
		{Name: "a", Null: []bool{true, true}, Numbers: []float64{math.NaN(), math.NaN()}},
		{Name: "b", Kind: Text, Null: []bool{true, false}, Codes: []int32{0, 1}, Dict: []string{"", "x"}}}
	if d := cmp.Diff(want, got.Columns, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
	none, err := readArrow(arrowStream(t, schema, nil), Options{})
	if err != nil || none.Rows != 0 || cmp.Diff([]string{"a", "b"}, none.Names()) != "" {
		t.Errorf("no rows: got %v, %v", none, err)
	}
}

func TestArrowRefusals(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Float64}, {Name: "s", Type: arrow.BinaryTypes.String}}, nil)
	batches := arrowRows(t, schema, `[{"a":1,"s":"x"},{"a":2,"s":"y"}]`, `[{"a":3,"s":"z"}]`)
	stream, file := arrowStream(t, schema, batches), arrowBytes(t, schema, batches)
	fewer := arrowBytes(t, schema, batches[:1])
	twice := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int8}, {Name: "a", Type: arrow.PrimitiveTypes.Int8}}, nil)
	fixed := arrow.NewSchema([]arrow.Field{{Name: "a", Type: &arrow.FixedSizeBinaryType{ByteWidth: 2}}}, nil)
	list := arrow.NewSchema([]arrow.Field{{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int8)}}, nil)
	raw := arrow.NewSchema([]arrow.Field{{Name: "b", Type: arrow.BinaryTypes.Binary}}, nil)
	null := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.Null}}, nil)
	far := array.NewRecordBatch(null, []arrow.Array{array.NewNull(1<<24 + 1)}, 1<<24+1)
	endless := array.NewRecordBatch(null, []arrow.Array{array.NewNull(1 << 40)}, 1<<40)
	many := make([]arrow.Field, maxColumns+1)
	for i := range many {
		many[i] = arrow.Field{Name: fmt.Sprint(i), Type: arrow.Null}
	}
	zeros := arrowStream(t, schema, arrowRows(t, schema, `[`+strings.Repeat(`{"a":0,"s":"x"},`, 500)+`{"a":0,"s":"x"}]`), ipc.WithZstd())
	bomb := bytes.Replace(zeros, []byte{0xa8, 0x0f, 0, 0, 0, 0, 0, 0}, []byte{0, 0, 0, 0, 0, 1, 0, 0}, 1)
	if bytes.Equal(bomb, zeros) {
		t.Fatal("found no length to change")
	}
	for _, test := range []struct {
		name string
		b    []byte
		o    Options
		want string
	}{
		{"empty", nil, Options{}, "f.arrow: is empty" + rewrite},
		{"short", []byte("ARROW1"), Options{}, "f.arrow: is too short for Arrow" + rewrite},
		{"a file that is short", []byte("ARROW1\x00\x00ARROW1"), Options{}, "f.arrow: is too short for Arrow" + rewrite},
		{"Feather of version 1", []byte("FEA1\x00\x00\x00\x00"), Options{}, "f.arrow: is Feather of version 1\nhint: write version 2, which is Arrow: pyarrow.feather.write_feather(table, path)"},
		{"Parquet", []byte("PAR1\x00\x00\x00\x00"), Options{}, "f.arrow: is Parquet by its first bytes\nhint: name it .parquet"},
		{"a file that is cut short", file[:len(file)-1], Options{}, "f.arrow: begins as an Arrow file and does not end as one" + rewrite},
		{"a long footer", []byte("ARROW1\x00\x00\xff\xff\xff\x7fARROW1"), Options{}, "f.arrow: says that its footer is longer than the file" + rewrite},
		{"a stream without its end", stream[:len(stream)-8], Options{}, "f.arrow: row 4: ends without the mark of its end" + rewrite},
		{"a stream with more behind", append(bytes.Clone(stream), "more"...), Options{}, "f.arrow: row 4: 4 bytes behind the mark of its end" + rewrite},
		{"a stream cut within a message", stream[:len(stream)-20], Options{}, "f.arrow: row 3: a message of "},
		{"a file whose footer names fewer rows", append(bytes.Clone(file[:8]), footerOf(t, file, fewer)...), Options{}, "f.arrow: has 2 runs of rows, and its footer names others, 1" + rewrite},
		{"no message at all", bytes.Repeat([]byte("x"), 100), Options{}, "f.arrow: a message is described in 2021161080 bytes; at most 67108864 can be read" + rewrite},
		{"an odd message", append([]byte{0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0}, "\xff\xff\xff\x00xxxx"...), Options{}, "f.arrow: a message cannot be decoded: runtime error"},
		{"a name twice", arrowStream(t, twice, nil), Options{}, "f.arrow: column a: is there twice"},
		{"bytes of a fixed length", arrowStream(t, fixed, nil), Options{}, "f.arrow: column a: holds fixed_size_binary[2], which cannot be read\nhint: write it as numbers or text"},
		{"a list that is asked for", arrowStream(t, list, nil), Options{Columns: []string{"l"}}, "f.arrow: column l: holds lists or structures, and only plain columns can be read\nhint: flatten it into plain columns"},
		{"a name that is not there", stream, Options{Columns: []string{"b"}}, `f.arrow: no column "b"; the columns are a, s`},
		{"bytes that are no text", arrowStream(t, raw, arrowRows(t, raw, `[{"b":"aGk="}]`, `[{"b":"/w=="}]`)), Options{}, "f.arrow: row 2, column b: bytes that are not UTF-8 text"},
		{"a long text", arrowStream(t, schema, arrowRows(t, schema, `[{"a":1,"s":"`+strings.Repeat("x", maxCell+1)+`"}]`)), Options{}, "f.arrow: row 1, column s: a value is longer than 1048576 bytes"},
		{"a text where a number must be", stream, Options{Numbers: []string{"s"}}, `f.arrow: row 1, column s: "x" is not a number`},
		{"many rows of nothing", arrowStream(t, null, []arrow.RecordBatch{far}), Options{}, "f.arrow: column n: says it has 16777217 rows without a value; up to 16777216 can be read" + rewrite},
		{"more rows than can be", arrowStream(t, null, []arrow.RecordBatch{endless}), Options{}, "f.arrow: row 1: says it has 1099511627776 rows; from 0 to 2147483647 can be read" + rewrite},
		{"too many names", arrowStream(t, arrow.NewSchema(many, nil), nil), Options{}, "f.arrow: more than 65536 names" + rewrite},
		{"a buffer that announces much", bomb, Options{}, "a run of rows that unpacks to more than 67108864 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readArrow(test.b, test.o)
			if !errors.As(err, new(*Error)) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want %v", err, test.want)
			}
		})
	}
	if _, err := readArrow(stream, Options{}); err != nil {
		t.Error(err)
	}
}

// footerOf is a file behind its first eight bytes, with another's footer.
func footerOf(t *testing.T, file, other []byte) []byte {
	t.Helper()
	end := func(b []byte) int {
		n := len(b) - 10
		return n - int(b[n]) - int(b[n+1])<<8
	}
	return append(bytes.Clone(file[8:end(file)]), other[end(other):]...)
}

// TestArrowSaysTooMuch changes numbers by which memory would be taken.
func TestArrowSaysTooMuch(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrow.BinaryTypes.StringView}}, nil)
	good := arrowStream(t, schema, arrowRows(t, schema, `[{"v":"a text that is longer than twelve bytes"}]`))
	seen := map[string]bool{}
	for i := 0; i+4 <= len(good); i++ {
		b := bytes.Clone(good)
		copy(b[i:], "\xff\xff\xff\x0f")
		_, err := readArrow(b, Options{})
		if err == nil {
			continue
		}
		if !errors.As(err, new(*Error)) {
			t.Fatalf("byte %d: %v", i, err)
		}
		for _, part := range []string{"things", "a column of 268435455 buffers, where there are", "does not have the"} {
			seen[part] = seen[part] || strings.Contains(err.Error(), part)
		}
	}
	if len(seen) != 3 || !seen["things"] || !seen["a column of 268435455 buffers, where there are"] || !seen["does not have the"] {
		t.Errorf("met %v", seen)
	}
}

// TestDamagedArrow flips every byte of a file: each gives columns or an *Error,
// never a panic.
func TestDamagedArrow(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true}, {Name: "n", Type: arrow.PrimitiveTypes.Int16, Nullable: true}, {Name: "s", Type: arrow.BinaryTypes.String},
		{Name: "v", Type: arrow.BinaryTypes.StringView}, {Name: "d", Type: dictionaryOf(arrow.BinaryTypes.String)}, {Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int8)},
	}, nil)
	batches := arrowRows(t, schema, `[{"b":true,"n":7,"s":"x","v":"a text that is longer than twelve bytes","d":"y","l":[1]},{"b":null,"n":null,"s":"","v":"z","d":"x","l":[]}]`)
	for _, good := range [][]byte{arrowStream(t, schema, batches, ipc.WithLZ4()), arrowBytes(t, schema, batches)} {
		for i := range good {
			b := bytes.Clone(good)
			b[i] ^= 0xff
			if _, err := readArrow(b, Options{}); err != nil && !errors.As(err, new(*Error)) {
				t.Fatalf("byte %d: %v", i, err)
			}
			if _, err := readArrow(good[:i], Options{}); !errors.As(err, new(*Error)) {
				t.Fatalf("cut at byte %d: %v", i, err)
			}
		}
	}
}

func FuzzArrow(f *testing.F) {
	schema, texts, _ := everyType()
	batches := arrowRows(f, schema, texts...)
	f.Add(arrowStream(f, schema, batches))
	f.Add(arrowBytes(f, schema, arrowRows(f, schema, one(texts)), ipc.WithLZ4()))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readArrow(b, Options{Text: []string{"int64"}})
		if err != nil {
			if !errors.As(err, new(*Error)) {
				t.Fatalf("%v is no *Error", err)
			}
			return
		}
		for _, c := range got.Columns {
			if c.Len() != got.Rows || c.Null != nil && len(c.Null) != got.Rows {
				t.Fatalf("column %s has %d of %d rows", c.Name, c.Len(), got.Rows)
			}
			for i := range got.Rows {
				if c.IsNull(i) != (c.String(i) == "") {
					t.Fatalf("row %d of %s: %q", i, c.Name, c.String(i))
				}
			}
		}
	})
}
