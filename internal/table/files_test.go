package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

func file(name, text string) File { return File{name, strings.NewReader(text), int64(len(text))} }

type numberRow struct {
	A float64 `parquet:"a"`
	B string  `parquet:"b"`
}

func arrowAB(t testing.TB, rows string) string {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "b", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	return string(arrowStream(t, schema, arrowRows(t, schema, rows)))
}

func TestFilesAsOneTable(t *testing.T) {
	asParquet := string(write(t, []numberRow{{7, "p"}, {8, ""}}))
	for _, test := range []struct {
		name  string
		files []File
		o     Options
		want  [][]string
		kinds []Kind
	}{
		{"one file", []File{file("1.csv", "a,b\n1,x\n")}, Options{}, [][]string{{"a", "b"}, {"1", "x"}}, []Kind{Number, Text}},
		{"columns in another order", []File{file("1.csv", "a,b\n1,x\n"), file("2.csv", "b,a\ny,2\nx,3\n")}, Options{},
			[][]string{{"a", "b"}, {"1", "x"}, {"2", "y"}, {"3", "x"}}, []Kind{Number, Text}},
		{"four formats", []File{file("1.csv", "a,b\n1,x\n"), file("2.jsonl", `{"a":2,"b":"y"}`), file("3.parquet", asParquet), file("4.arrow", arrowAB(t, `[{"a":null,"b":"z"}]`))}, Options{},
			[][]string{{"a", "b"}, {"1", "x"}, {"2", "y"}, {"7", "p"}, {"8", ""}, {"", "z"}}, []Kind{Number, Text}},
		{"numbers here, texts there", []File{file("1.csv", "a\n1.50\n"), file("2.csv", "a\nn/a\n"), file("3.csv", "a\n\"\"\n")}, Options{},
			[][]string{{"a"}, {"1.50"}, {"n/a"}, {""}}, []Kind{Text}},
		{"bools here, numbers there", []File{file("1.csv", "a\ntrue\n"), file("2.csv", "a\n1.0\n")}, Options{}, [][]string{{"a"}, {"true"}, {"1.0"}}, []Kind{Text}},
		{"nothing here, bools there", []File{file("1.csv", "a,b\n,1\n"), file("2.csv", "a,b\ntrue,2\n")}, Options{}, [][]string{{"a", "b"}, {"", "1"}, {"true", "2"}}, []Kind{Bool, Number}},
		{"Parquet numbers beside texts", []File{file("3.parquet", asParquet), file("1.csv", "a,b\nx,1\n")}, Options{},
			[][]string{{"a", "b"}, {"7", "p"}, {"8", ""}, {"x", "1"}}, []Kind{Text, Text}},
		{"chosen columns, as they are said to be", []File{file("1.csv", "a,b\n007,1\n"), file("2.csv", "c,b,a\n0,2,7\n"), file("4.arrow", arrowAB(t, `[{"a":0.5,"b":"3"}]`))}, Options{Columns: []string{"b", "a"}, Text: []string{"a"}, Numbers: []string{"b"}},
			[][]string{{"b", "a"}, {"1", "007"}, {"2", "7"}, {"3", "0.5"}}, []Kind{Number, Text}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadAll(context.Background(), test.files, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, cells(got)); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
			var kinds []Kind
			for _, c := range got.Columns {
				kinds = append(kinds, c.Kind)
			}
			if d := cmp.Diff(test.kinds, kinds); d != "" {
				t.Errorf("kinds (want, got):\n%s", d)
			}
			if d := cmp.Diff(cells(got), scanned(t, test.files, test.o)); d != "" {
				t.Errorf("scanned (read, scanned):\n%s", d)
			}
		})
	}
}

// scanned are all cells of files, by Scan. It makes sure of what every batch
// says of itself.
func scanned(t *testing.T, files []File, o Options) [][]string {
	t.Helper()
	whole, err := ReadAll(context.Background(), files, o)
	if err != nil {
		t.Fatal(err)
	}
	out := [][]string{whole.Names()}
	rows := 0
	err = Scan(context.Background(), files, o, func(b *Batch) error {
		if b.First != int64(rows) {
			t.Errorf("a batch begins at row %d; want %d", b.First, rows)
		}
		for k, c := range b.Columns {
			if c.Kind != whole.Columns[k].Kind || c.Len() != b.Rows {
				t.Errorf("column %s is %v with %d rows; want %v with %d", c.Name, c.Kind, c.Len(), whole.Columns[k].Kind, b.Rows)
			}
		}
		for i := range b.Rows {
			if b.Name != whole.File(rows+i) || b.Line(i) != whole.Line(rows+i) {
				t.Fatalf("row %d is at %s:%d; want %s:%d", rows+i, b.Name, b.Line(i), whole.File(rows+i), whole.Line(rows+i))
			}
		}
		out = append(out, cells(b.Table)[1:]...)
		rows += b.Rows
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRowsOfSeveralFilesAreFound(t *testing.T) {
	got, err := ReadAll(context.Background(), []File{
		file("a.csv", "id,p\n\n1,0.5\n2,0.5\n"), file("empty.csv", "id,p\n"), file("b.jsonl", "{\"id\":3,\"p\":\"oops\"}\n"), file("c.csv", "id,p\n4,0.5\n"),
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for i := range got.Rows {
		places = append(places, fmt.Sprintf("%s:%d", got.File(i), got.Line(i)))
	}
	if d := cmp.Diff([]string{"a.csv:3", "a.csv:4", "b.jsonl:1", "c.csv:2"}, places); d != "" || got.Name != "a.csv and 3 more files" {
		t.Errorf("%s %s", got.Name, d)
	}
	p, err := got.Select("p")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Float64s("p"); err == nil || err.Error() != `b.jsonl: line 1, column p: "oops" is not a number` {
		t.Errorf("got %v", err)
	}
}

func TestFilesRefused(t *testing.T) {
	const same = "\nhint: files that are read as one table have the same columns"
	short := string(write(t, []numberRow{{7, "p"}}))
	for name, c := range map[string]struct {
		files []File
		o     Options
		want  string
	}{
		"no files":                      {nil, Options{}, "no files to read"},
		"a column too many":             {[]File{file("1.csv", "a\n1\n"), file("2.csv", "a,b\n1,2\n")}, Options{}, "2.csv: column b: is not in 1.csv" + same},
		"a column too few":              {[]File{file("1.csv", "a,b\n1,2\n"), file("2.csv", "b\n1\n")}, Options{}, `2.csv: no column "a", which 1.csv has` + same},
		"a chosen column too few":       {[]File{file("1.csv", "a,b\n1,2\n"), file("2.csv", "b\n1\n")}, Options{Columns: []string{"a"}}, `2.csv: no column "a"; the columns are b`},
		"a ragged row in the second":    {[]File{file("1.csv", "a\n1\n"), file("2.csv", "a\n1\n1,2\n")}, Options{}, "2.csv: line 3: 2 cells where the header has 1\nhint: a text that holds a comma must stand in double quotes"},
		"a damaged third":               {[]File{file("1.csv", "a,b\n1,x\n"), file("2.jsonl", `{"a":1,"b":"x"}`), file("3.parquet", short[:len(short)-1])}, Options{}, "3.parquet: invalid magic footer of parquet file:"},
		"a text where a number must be": {[]File{file("1.csv", "a\n1\n"), file("2.csv", "a\n1\nx\n")}, Options{Columns: []string{"a"}, Numbers: []string{"a"}}, `2.csv: line 3, column a: "x" is not a number`},
		"a column that no row names":    {[]File{file("1.jsonl", `{"b":1}`)}, Options{Columns: []string{"a"}, Numbers: []string{"a"}}, `1.jsonl: no column "a"; the columns are b`},
		"a list that is asked for":      {[]File{file("1.jsonl", `{"a":[1]}`)}, Options{Columns: []string{"a"}, Text: []string{"a"}}, "1.jsonl: column a: holds lists or structures, and only plain columns can be read\nhint: flatten it into plain columns"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadAll(context.Background(), c.files, c.o)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("reading: got %v; want %v", err, c.want)
			}
			err = Scan(context.Background(), c.files, c.o, func(*Batch) error { return nil })
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("scanning: got %v; want %v", err, c.want)
			}
		})
	}
}

// changing is a file that is another one from its n-th reading on.
type changing struct {
	first, then string
	n           int
}

func (c *changing) ReadAt(b []byte, at int64) (int, error) {
	if c.n--; c.n >= 0 {
		return strings.NewReader(c.first).ReadAt(b, at)
	}
	return strings.NewReader(c.then).ReadAt(b, at)
}

func TestFilesThatChangeMeanwhile(t *testing.T) {
	first, then := "a\n1\n2\n3\n4\n", "a\n1\n2\n33.5\n"
	_, err := ReadAll(context.Background(), []File{{"1.csv", &changing{first, then, 2}, int64(len(first))}, file("2.csv", "a\nx\n")}, Options{})
	if want := "reading 1.csv: it changed meanwhile: 4 rows, then 3"; err == nil || err.Error() != want {
		t.Errorf("got %v; want %v", err, want)
	}
	first, then = "a\ntrue\n", "a\n1234\n"
	err = Scan(context.Background(), []File{{"1.csv", &changing{first, then, 2}, int64(len(first))}}, Options{}, func(*Batch) error { return nil })
	if want := "reading 1.csv: it changed meanwhile: column a does not hold a bool everywhere"; err == nil || err.Error() != want {
		t.Errorf("got %v; want %v", err, want)
	}
}

// TestScanIsReadAll holds the batches of large files against the whole: many
// chunks and pages, nulls, and texts that come again and that do not.
func TestScanIsReadAll(t *testing.T) {
	type row struct {
		ID     string   `parquet:"id"`
		Region string   `parquet:"region,dict"`
		Maybe  *string  `parquet:"maybe,dict"`
		Score  *float64 `parquet:"score"`
		Flag   bool     `parquet:"flag"`
	}
	r := rand.New(rand.NewPCG(7, 8))
	var rows []row
	var text, lines strings.Builder
	text.WriteString("id,region,maybe,score,flag\n")
	for i := range 150_000 {
		one := row{ID: fmt.Sprintf("a rather long id, of which there are many: %d", i), Region: fmt.Sprint("r", i/20_000), Flag: i%3 == 0}
		if i > 70_000 && r.IntN(2) == 0 {
			s, v := fmt.Sprint("m", r.IntN(5)), float64(r.IntN(1000))/8
			one.Maybe, one.Score = &s, &v
		}
		rows = append(rows, one)
		maybe, score, null := "", "", "null"
		if one.Score != nil {
			maybe, score = *one.Maybe, fmt.Sprint(*one.Score)
			null = score
		}
		fmt.Fprintf(&text, "%q,%s,%s,%s,%v\n", one.ID, one.Region, maybe, score, one.Flag)
		fmt.Fprintf(&lines, "{\"id\":%q,\"region\":%q,\"maybe\":%q,\"score\":%s,\"flag\":%v}\n", one.ID, one.Region, maybe, null, one.Flag)
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, rows, parquet.MaxRowsPerRowGroup(90_000), parquet.PageBufferSize(50_000)); err != nil {
		t.Fatal(err)
	}
	want := [][]string(nil)
	for _, f := range []File{file("a.csv", text.String()), file("b.jsonl", lines.String()), file("c.parquet", b.String())} {
		got := scanned(t, []File{f, f}, Options{})
		if want == nil {
			want = got
		}
		for i := range want { // cmp.Diff takes long over so many
			if !slices.Equal(want[i], got[i]) {
				t.Fatalf("%s: row %d is %q; want %q", f.Name, i, got[i], want[i])
			}
		}
	}
}

// endless is a long file of one line over and over, made as it is read.
type endless struct {
	head, line string
}

func (e endless) ReadAt(b []byte, at int64) (int, error) {
	for n := 0; n < len(b); {
		i := int(at) + n
		if i < len(e.head) {
			n += copy(b[n:], e.head[i:])
			continue
		}
		n += copy(b[n:], e.line[(i-len(e.head))%len(e.line):])
	}
	return len(b), nil
}

// TestScanIsBounded scans files of 200 MB.
func TestScanIsBounded(t *testing.T) {
	const lines = 4_000_000
	for name, e := range map[string]endless{
		"f.csv":   {"id,region,score,other\n", "row-number-one-of-very-many,north,0.12500,1.75e+01\n"},
		"f.jsonl": {"", "{\"id\":\"row-number-one\",\"region\":\"north\",\"score\":7}\n"},
	} {
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		rows, batches, most := 0, 0, uint64(0)
		f := File{name, e, int64(len(e.head) + lines*len(e.line))}
		err := Scan(context.Background(), []File{f}, Options{Columns: []string{"id", "region", "score"}, Text: []string{"id", "region"}, Numbers: []string{"score"}}, func(b *Batch) error {
			if batches++; batches%40 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			}
			rows += b.Rows
			return nil
		})
		if err != nil || rows != lines {
			t.Fatalf("%s: %d rows, %v; want %d", name, rows, err, lines)
		}
		if most == 0 || most > 40<<20 {
			t.Errorf("%s: %d MiB were held; want less than 40", name, most>>20)
		}
	}
}

func TestScanStops(t *testing.T) {
	stop := errors.New("enough")
	for _, f := range []File{file("a.csv", "a\n1\n"), file("b.jsonl", `{"a":1}`), file("c.parquet", string(write(t, []numberRow{{1, "x"}}))), file("d.arrow", arrowAB(t, `[{"a":1,"b":"x"}]`))} {
		if err := Scan(context.Background(), []File{f}, Options{}, func(*Batch) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s: got %v; want %v", f.Name, err, stop)
		}
		ctx, cancel := context.WithCancel(context.Background())
		err := Scan(ctx, []File{f, f}, Options{}, func(*Batch) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v; want %v", f.Name, err, context.Canceled)
		}
	}
	want := "reading d.arrow: disk on fire"
	if err := Scan(context.Background(), []File{{"d.arrow", broken{}, 100}}, Options{}, nil); err == nil || err.Error() != want {
		t.Errorf("got %v; want %v", err, want)
	}
}

func TestGlob(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"part-2.csv", "part-1.csv", "other.csv", "odd[1].csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string][]string{"part-*.csv": {"part-1.csv", "part-2.csv"}, "odd[1].csv": {"odd[1].csv"}, "other.csv": {"other.csv"}} {
		got, err := Glob(filepath.Join(dir, pattern))
		for i := range got {
			got[i] = filepath.Base(got[i])
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", pattern, got, err, want)
		}
	}
	for pattern, want := range map[string]string{
		"none-*.csv": "none-*.csv: no file has such a name\nhint: put the pattern in quotes, so that the shell leaves it alone",
		"[":          "[: syntax error in pattern\nhint: a pattern has *, ? and [a-z]",
	} {
		if _, err := Glob(pattern); err == nil || err.Error() != want {
			t.Errorf("got %v; want %v", err, want)
		}
	}
}
