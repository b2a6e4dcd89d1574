package table

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func read(t testing.TB, csv string, o Options) (*Table, error) {
	t.Helper()
	return Read(context.Background(), "f.csv", strings.NewReader(csv), int64(len(csv)), o)
}

func TestCSVColumns(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name, csv string
		o         Options
		want      []*Column
	}{
		{"numbers", "a,b\n1,-2.5e3\n+.5,1.\n", Options{}, []*Column{
			{Name: "a", Numbers: []float64{1, .5}}, {Name: "b", Numbers: []float64{-2500, 1}}}},
		{"numbers in quotes and blanks", "a\n\"1\"\n 2 \n", Options{}, []*Column{{Name: "a", Numbers: []float64{1, 2}}}},
		{"not finite", "a\nNaN\n-inf\nInfinity\n1e999\nnan\n", Options{}, []*Column{
			{Name: "a", Numbers: []float64{nan, math.Inf(-1), math.Inf(1), math.Inf(1), nan}}}},
		{"hexadecimal is text", "a\n0x10\n1_000\n", Options{}, []*Column{
			{Name: "a", Kind: Text, Codes: []int32{0, 1}, Dict: []string{"0x10", "1_000"}}}},
		{"empty cells are null", "a,b,c\n,x,true\n1,,\n", Options{}, []*Column{
			{Name: "a", Null: []bool{true, false}, Numbers: []float64{nan, 1}},
			{Name: "b", Kind: Text, Null: []bool{false, true}, Codes: []int32{0, 1}, Dict: []string{"x", ""}},
			{Name: "c", Kind: Bool, Null: []bool{false, true}, Bools: []bool{true, false}}}},
		{"only empty cells", "a,b\n,\n,\n", Options{Text: []string{"b"}}, []*Column{
			{Name: "a", Null: []bool{true, true}, Numbers: []float64{nan, nan}},
			{Name: "b", Kind: Text, Null: []bool{true, true}, Codes: []int32{0, 0}, Dict: []string{""}}}},
		{"ids keep their zeros", "id,p\n007,1\n7,2\n007,3\n", Options{Text: []string{"id", "other"}}, []*Column{
			{Name: "id", Kind: Text, Codes: []int32{0, 1, 0}, Dict: []string{"007", "7"}},
			{Name: "p", Numbers: []float64{1, 2, 3}}}},
		{"a number, then a word", "a\n1.50\nn/a\n1.50\n", Options{}, []*Column{
			{Name: "a", Kind: Text, Codes: []int32{0, 1, 0}, Dict: []string{"1.50", "n/a"}}}},
		{"a bool, then a number", "a\ntrue\n1\n", Options{}, []*Column{
			{Name: "a", Kind: Text, Codes: []int32{0, 1}, Dict: []string{"true", "1"}}}},
		{"chosen in another order", "a,b,c\n1,2,3\n", Options{Columns: []string{"c", "a"}}, []*Column{
			{Name: "c", Numbers: []float64{3}}, {Name: "a", Numbers: []float64{1}}}},
		{"numbers as names, beside a name of a number", "0,1,y\n2,3,4\n", Options{}, []*Column{
			{Name: "0", Numbers: []float64{2}}, {Name: "1", Numbers: []float64{3}}, {Name: "y", Numbers: []float64{4}}}},
		{"a number as the name of texts", "2024,y\na,1\n", Options{}, []*Column{
			{Name: "2024", Kind: Text, Codes: []int32{0}, Dict: []string{"a"}}, {Name: "y", Numbers: []float64{1}}}},
		{"a name with a semicolon, in quotes", "\"a;b\"\n1\n", Options{}, []*Column{{Name: "a;b", Numbers: []float64{1}}}},
		{"header only", "a,b\n", Options{}, []*Column{{Name: "a"}, {Name: "b"}}},
		{"header only, no line end", "a,b", Options{}, []*Column{{Name: "a"}, {Name: "b"}}},
		{"byte order mark, CRLF, blank lines", "\xef\xbb\xbfa,b\r\n\r\n1,x\r\n\r\n2,y\r\n\r\n", Options{}, []*Column{
			{Name: "a", Numbers: []float64{1, 2}}, {Name: "b", Kind: Text, Codes: []int32{0, 1}, Dict: []string{"x", "y"}}}},
		{"quotes", "\"a\n1\",b\n\"x,\"\"y\"\"\",\"l1\r\nl2\"\n", Options{}, []*Column{
			{Name: "a\n1", Kind: Text, Codes: []int32{0}, Dict: []string{`x,"y"`}},
			{Name: "b", Kind: Text, Codes: []int32{0}, Dict: []string{"l1\nl2"}}}},
		{"carriage return inside a cell", "a\nx\ry\n", Options{}, []*Column{
			{Name: "a", Kind: Text, Codes: []int32{0}, Dict: []string{"x\ry"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := read(t, test.csv, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, got.Columns, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
		})
	}
}

func commas(sign string) string {
	return "\nhint: write commas between cells and points in numbers, as in Python: import pandas; " +
		`pandas.read_csv("f.csv", sep="` + sign + `", decimal=",", dtype={"id": str}).to_csv("f.csv", index=False)`
}

const headless = "\nhint: write a first line with the columns' names; pandas does without header=False"

func TestCSVRefusals(t *testing.T) {
	long := strings.Repeat("x", maxCell+1)
	far := func(tail string) string {
		return "a,b\n\"two\nlines\",1\n" + strings.Repeat("0.25,7\n", 400_000) + tail
	}
	for _, test := range []struct{ name, csv, want string }{
		{"empty file", "", "f.csv: is empty\nhint: the first line must name the columns"},
		{"nothing but blank lines", "\xef\xbb\xbf\n\r\n", "f.csv: is empty\nhint: the first line must name the columns"},
		{"a name twice", "\na,b,a\n", "f.csv: line 2, column a: is named twice in the header"},
		{"too few cells", "a,b\n1,2\n3\n", "f.csv: line 3: 1 cell where the header has 2\nhint: a text that holds a comma must stand in double quotes"},
		{"too many cells", "a,b\n1,2,3\n", "f.csv: line 2: 3 cells where the header has 2\nhint: a text that holds a comma must stand in double quotes"},
		{"too many cells far down", far("1,2,\n"), "f.csv: line 400004: 3 cells where the header has 2\nhint: a text that holds a comma must stand in double quotes"},
		{"not UTF-8", "a\nok\nd\xe9j\xe0\n", "f.csv: line 3: the byte 0xe9 is not UTF-8\nhint: write the file in UTF-8"},
		{"not UTF-8 far down", far("\"\n\xff\",2\n"), "f.csv: line 400005: the byte 0xff is not UTF-8\nhint: write the file in UTF-8"},
		{"semicolons", "a;b\n1;2,5\n", "f.csv: line 1: the cells are separated by semicolons, and a CSV's are by commas" + commas(";")},
		{"semicolons between names in quotes", "\"a\";\"b\"\n\"1\";\"2,5\"\n", "f.csv: line 1: the cells are separated by semicolons, and a CSV's are by commas" + commas(";")},
		{"tabs", "a\tb\n1\t2\n", "f.csv: line 1: the cells are separated by tabs, and a CSV's are by commas" + commas(`\t`)},
		{"no header", "\n17,0.5,0\n18,0.25,1\n", `f.csv: line 2: looks like data, not names: it has "17" where the line below has a number too` + headless},
		{"no header, with texts and a number twice", "\na,0,0.5,0\nb,1,0.25,1\n", `f.csv: line 2: looks like data, not names: it has "0" where the line below has a number too` + headless},
		{"no header, and a cell without a value", "a,,5\n\nb,1,7\n", `f.csv: line 1: looks like data, not names: it has "5" where the line below has a number too` + headless},
		{"UTF-16", "\xff\xfea\x00", "f.csv: line 1: is UTF-16\nhint: write the file in UTF-8"},
		{"Parquet", "PAR1....", "f.csv: line 1: is Parquet by its first bytes\nhint: name it .parquet"},
		{"quote inside a cell", "a,b\n1,x\"y\n", "f.csv: line 2, column b: a double quote inside a cell that does not begin with one\nhint: put the cell in double quotes, and double those inside it"},
		{"text behind a quote", "a,b\n1,\"x\n\"y\n", "f.csv: line 3, column b: text behind a closing double quote\nhint: a double quote inside a quoted cell is written twice"},
		{"quote never closed", "a,b\n1,2\n3,\"x\n4,5\n", "f.csv: line 3, column b: a double quote is opened and never closed"},
		{"quote never closed far down", far("1,\"2\n" + strings.Repeat("3,4\n", 400_000)), "f.csv: line 400004, column b: a cell is longer than 1048576 bytes\nhint: is a double quote opened here and never closed?"},
		{"long cell", "a\n" + long + "\n", "f.csv: line 2, column a: a cell is longer than 1048576 bytes\nhint: is a double quote opened here and never closed?"},
		{"long quoted cell", "a\n\"" + long + "\"\n", "f.csv: line 2, column a: a cell is longer than 1048576 bytes\nhint: is a double quote opened here and never closed?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(t, test.csv, Options{})
			var e *Error
			if !errors.As(err, &e) || err.Error() != test.want {
				t.Errorf("got %v; want %v", err, test.want)
			}
		})
	}
}

func TestBadCellIsFound(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,p\n\"a\nb\",0.5\n\n")
	for i := range 300_000 {
		fmt.Fprintf(&b, "%d,0.25\n", i)
	}
	b.WriteString("x,n/a\ny,\"0.5\"\nz,oops\n")
	got, err := read(t, b.String(), Options{Text: []string{"id"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = got.Float64s("p")
	want := `f.csv: line 300005, column p: "n/a" is not a number`
	if err == nil || err.Error() != want {
		t.Errorf("got %v; want %v", err, want)
	}
	p := got.Columns[1]
	if d := cmp.Diff([]string{"0.5", "0.25", "n/a", "0.5", "oops"},
		[]string{p.String(0), p.String(1), p.String(300_001), p.String(300_002), p.String(300_003)}); d != "" {
		t.Error(d)
	}
	if got.Line(0) != 2 || got.Line(1) != 5 || got.Line(300_001) != 300_005 {
		t.Errorf("lines %d, %d, %d", got.Line(0), got.Line(1), got.Line(300_001))
	}
}

func TestColumnIsNamedByItsNeighbours(t *testing.T) {
	got, err := read(t, "account,p_default\n1,0.5\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = got.Column("p_defualt")
	want := "f.csv: no column \"p_defualt\"; the columns are account, p_default\nhint: did you mean \"p_default\"?"
	if err == nil || err.Error() != want {
		t.Errorf("got %v; want %v", err, want)
	}
	_, err = read(t, "account,p\n1,0.5\n", Options{Columns: []string{"region"}})
	want = "f.csv: no column \"region\"; the columns are account, p"
	if err == nil || err.Error() != want {
		t.Errorf("got %v; want %v", err, want)
	}
	two, err := got.Select("p_default")
	if err != nil || cmp.Diff([]string{"p_default"}, two.Names()) != "" {
		t.Errorf("got %v, %v", two, err)
	}
}

func TestReadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Read(ctx, "f.csv", strings.NewReader("a\n1\n"), 4, Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want %v", err, context.Canceled)
	}
	if _, err := Read(context.Background(), "f.tsv", strings.NewReader(""), 0, Options{}); err == nil {
		t.Error("read a .tsv")
	}
	if _, err := Read(context.Background(), "f.csv", strings.NewReader("a\n1\n"), 9, Options{}); err == nil {
		t.Error("read a file that ended early")
	}
}

func TestTextOfNumbers(t *testing.T) {
	for v, want := range map[float64]string{1: "1", -3: "-3", 0.5: "0.5", 1e21: "1e+21", 123456789: "123456789", 0.1: "0.1", math.Inf(1): "+Inf"} {
		c := Column{Numbers: []float64{v}}
		if got := c.String(0); got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
}

func TestWriteCSV(t *testing.T) {
	rows := [][]string{{"a", ""}, {`"`, "x,y"}, {"l1\nl2", "\r"}, {" a ", "é"}}
	var b bytes.Buffer
	err := WriteCSV(&b, []string{"x", "y z"}, func(yield func([]string) bool) {
		for _, r := range rows {
			if !yield(r) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	back, err := csv.NewReader(&b).ReadAll()
	if d := cmp.Diff(append([][]string{{"x", "y z"}}, rows...), back); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	for name, row := range map[string][]string{"short": {"a"}, "not UTF-8": {"a", "\xff"}} {
		err := WriteCSV(&b, []string{"x", "y"}, func(yield func([]string) bool) { yield(row) })
		if err == nil {
			t.Errorf("wrote a row that is %s", name)
		}
	}
	b.Reset()
	WriteCSV(&b, []string{"x"}, func(yield func([]string) bool) { yield([]string{""}) })
	if b.String() != "x\n\"\"\n" {
		t.Errorf("got %q", b.String())
	}
}

func TestFastNumbersAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		v := math.Float64frombits(r.Uint64())
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		for _, f := range []string{"%v", "%.6f", "%.3e", "%.17g"} {
			s := fmt.Sprintf(f, v)
			want, _ := parseNumber([]byte(s))
			if got, end, ok := scanNumber([]byte(s), 0); ok && (got != want || end != len(s)) {
				t.Fatalf("%s: got %v", s, got)
			}
		}
	}
}

// TestLongNumbersAreExact takes as many digits as there are on the fast road,
// and numbers that are nearly, or exactly, between two float64s.
func TestLongNumbersAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 300_000 {
		s := fmt.Sprint(1 + r.Uint64N(1e19-1))
		if n := r.IntN(4); n == 0 { // half-way, and one to either side of it
			s = fmt.Sprint((1<<53+r.Uint64N(1<<9))*2 + 1)
			s = s + []string{"", "00", "01"}[r.IntN(3)]
		}
		point := r.IntN(len(s) + 1)
		s = s[:point] + "." + s[point:]
		want, _ := strconv.ParseFloat(s, 64)
		got, end, ok := scanNumber([]byte(s), 0)
		if !ok || got != want || end != len(s) {
			t.Fatalf("%s: got %v, %v; want %v", s, got, ok, want)
		}
	}
}

// FuzzCSV holds the reader against encoding/csv: both accept, and read the
// same cells, or both refuse.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n\"1\n2\",\"\"\n", "a\n\n\"\"\n1", "a,b\n1\n", "a\n\"", "a\n\"x\"y\n", "a\r\n\r", "a\ntrue\n1\n", "\xef\xbb\xbfa\n\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := read(t, text, Options{})
		exact, err2 := read(t, text, Options{Text: namesOf(got)})
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%v, but as text %v", err, err2)
		}
		want, wantErr := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\xef\xbb\xbf"))).ReadAll()
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v is no *Error", err)
			}
			if wantErr == nil && len(want) > 0 && !strings.Contains(err.Error(), "UTF") && !strings.Contains(err.Error(), "Parquet") && !strings.Contains(err.Error(), "twice") &&
				!strings.Contains(err.Error(), "the cells are separated by") && !strings.Contains(err.Error(), "looks like data") {
				t.Fatalf("%v, but encoding/csv reads %q", err, want)
			}
			return
		}
		if wantErr != nil {
			t.Fatalf("read what encoding/csv refuses: %v", wantErr)
		}
		if d := cmp.Diff(want, cells(exact)); d != "" {
			t.Fatal(d)
		}
		for i, c := range got.Columns {
			if c.Kind == Text && c.Len() == got.Rows && cmp.Diff(exact.Columns[i], c) != "" {
				t.Fatal(cmp.Diff(exact.Columns[i], c))
			}
			for row := range got.Rows {
				if c.IsNull(row) != (exact.Columns[i].String(row) == "") {
					t.Fatalf("row %d is null: %v", row, c.IsNull(row))
				}
			}
		}
	})
}

func namesOf(t *Table) []string {
	if t == nil {
		return nil
	}
	return t.Names()
}

func cells(t *Table) [][]string {
	rows := [][]string{t.Names()}
	for i := range t.Rows {
		var row []string
		for _, c := range t.Columns {
			row = append(row, c.String(i))
		}
		rows = append(rows, row)
	}
	return rows
}

// TestChunksChangeNothing reads tables larger than a chunk, with records over
// several lines across the cuts.
func TestChunksChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	want := [][]string{{"id", "text", "number", "sparse"}}
	for i := range 120_000 {
		sparse := ""
		if i%1000 == 999 {
			sparse = "true"
		}
		want = append(want, []string{fmt.Sprint("id-", i), strings.Repeat("a\"b,\n", r.IntN(20)), fmt.Sprint(i), sparse})
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.WriteAll(want)
	got, err := read(t, b.String(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, cells(got)); d != "" {
		t.Error(d)
	}
	if got.Columns[2].Kind != Number || got.Columns[3].Kind != Bool {
		t.Errorf("kinds %v, %v", got.Columns[2].Kind, got.Columns[3].Kind)
	}
}

func BenchmarkCSV(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	numbers, mixed, decimals := new(bytes.Buffer), new(bytes.Buffer), new(bytes.Buffer)
	numbers.WriteString("a,b,c,d,e,f,g,h,i,j,k,l\n")
	decimals.WriteString("a,b,c,d,e,f,g,h,i,j,k,l\n")
	mixed.WriteString("id,region,label,score\n")
	for i := range 200_000 {
		for j := range 12 {
			if j > 0 {
				numbers.WriteByte(',')
				decimals.WriteByte(',')
			}
			fmt.Fprint(numbers, r.Float64())
			fmt.Fprintf(decimals, "%.4f", 100*r.NormFloat64())
		}
		numbers.WriteByte('\n')
		decimals.WriteByte('\n')
		fmt.Fprintf(mixed, "row-%08d,%s,%d,%.6f\n", i, []string{"north", "south", "\"east, or west\""}[r.IntN(3)], r.IntN(2), r.Float64())
	}
	for _, bench := range []struct {
		name string
		b    []byte
		o    Options
	}{
		{"seventeen digits", numbers.Bytes(), Options{}},
		{"four decimals", decimals.Bytes(), Options{}},
		{"ids, texts and scores", mixed.Bytes(), Options{Text: []string{"id"}}},
		{"two columns of twelve", numbers.Bytes(), Options{Columns: []string{"a", "l"}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.b)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(b.Context(), "f.csv", bytes.NewReader(bench.b), int64(len(bench.b)), bench.o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
