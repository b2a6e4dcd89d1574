package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

type sample struct {
	ID      int64     `parquet:"id"`
	Flag    bool      `parquet:"flag"`
	Small   int32     `parquet:"small,dict"`
	Big     uint64    `parquet:"big"`
	Price   int64     `parquet:"price,decimal(2:9)"`
	Score   float64   `parquet:"score"`
	Single  float32   `parquet:"single"`
	Region  string    `parquet:"region,dict"`
	Name    string    `parquet:"name"`
	Day     int32     `parquet:"day,date"`
	When    time.Time `parquet:"when,timestamp(microsecond)"`
	MaybeN  *float64  `parquet:"maybe_n"`
	MaybeD  *int64    `parquet:"maybe_d,dict"`
	MaybeB  *bool     `parquet:"maybe_b"`
	MaybeS  *string   `parquet:"maybe_s,dict"`
	Always  float64   `parquet:"always,dict"`
	Tags    []string  `parquet:"tags,list"`
	Unicode [16]byte  `parquet:"uuid,uuid"`
}

func samples() []sample {
	half, seven, yes, text := 0.5, int64(7), true, "text"
	when := time.Date(2024, 2, 29, 12, 30, 0, 1000, time.UTC)
	return []sample{
		{ID: 1 << 60, Flag: true, Small: -3, Big: 1 << 63, Price: -5, Score: 0.25, Single: 0.1, Region: "north", Name: "a", Day: 19782, When: when,
			MaybeN: &half, MaybeD: &seven, MaybeB: &yes, MaybeS: &text, Tags: []string{"x"}},
		{ID: 7, Small: 4, Price: 12345, Score: math.NaN(), Region: "south", Name: "", Day: -1, When: when},
		{ID: 8, Small: -3, Region: "north", Name: "b", When: when, MaybeD: &seven, MaybeS: new(string)},
	}
}

func write[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	for i, row := range rows {
		if _, err := w.Write([]T{row}); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			w.Flush() // a second row group
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readBytes(b []byte, o Options) (*Table, error) {
	return Read(context.Background(), "f.parquet", bytes.NewReader(b), int64(len(b)), o)
}

func TestParquetColumns(t *testing.T) {
	nan := math.NaN()
	want := []*Column{
		{Name: "id", Kind: Text, Codes: []int32{0, 1, 2}, Dict: []string{"1152921504606846976", "7", "8"}},
		{Name: "flag", Kind: Bool, Bools: []bool{true, false, false}},
		{Name: "small", Numbers: []float64{-3, 4, -3}},
		{Name: "big", Numbers: []float64{1 << 63, 0, 0}},
		{Name: "price", Numbers: []float64{-0.05, 123.45, 0}},
		{Name: "score", Numbers: []float64{0.25, nan, 0}},
		{Name: "single", Numbers: []float64{float64(float32(0.1)), 0, 0}},
		{Name: "region", Kind: Text, Codes: []int32{0, 1, 0}, Dict: []string{"north", "south"}},
		{Name: "name", Kind: Text, Codes: []int32{0, 1, 2}, Dict: []string{"a", "", "b"}, Null: []bool{false, true, false}},
		{Name: "day", Kind: Text, Codes: []int32{0, 1, 2}, Dict: []string{"2024-02-29", "1969-12-31", "1970-01-01"}},
		{Name: "when", Kind: Text, Codes: []int32{0, 0, 0}, Dict: []string{"2024-02-29T12:30:00.000001Z"}},
		{Name: "maybe_n", Numbers: []float64{0.5, nan, nan}, Null: []bool{false, true, true}},
		{Name: "maybe_d", Numbers: []float64{7, nan, 7}, Null: []bool{false, true, false}},
		{Name: "maybe_b", Kind: Bool, Bools: []bool{true, false, false}, Null: []bool{false, true, true}},
		{Name: "maybe_s", Kind: Text, Codes: []int32{0, 1, 1}, Dict: []string{"text", ""}, Null: []bool{false, true, true}},
		{Name: "always", Numbers: []float64{0, 0, 0}},
		{Name: "uuid", Kind: Text, Codes: []int32{0, 0, 0}, Dict: []string{"00000000-0000-0000-0000-000000000000"}},
	}
	for name, codec := range map[string]compress.Codec{"plain": &parquet.Uncompressed, "snappy": &parquet.Snappy, "zstd": &parquet.Zstd, "gzip": &parquet.Gzip, "lz4": &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			t.Run(fmt.Sprint(name, ", page version ", version), func(t *testing.T) {
				got, err := readBytes(write(t, samples(), parquet.Compression(codec), parquet.DataPageVersion(version)), Options{Text: []string{"id"}})
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, got.Columns, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
					t.Errorf("want, got:\n%s", d)
				}
				if got.Rows != 3 || cmp.Diff([]string{"tags"}, got.Nested) != "" {
					t.Errorf("%d rows, nested %v", got.Rows, got.Nested)
				}
			})
		}
	}
}

func TestParquetAsText(t *testing.T) {
	o := Options{Columns: []string{"price", "score", "single", "flag", "big"}}
	o.Text = o.Columns
	got, err := readBytes(write(t, samples()[:1]), o)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{o.Columns, {"-0.05", "0.25", "0.1", "true", "9223372036854775808"}}
	if d := cmp.Diff(want, cells(got)); d != "" {
		t.Error(d)
	}
}

func TestParquetRefusals(t *testing.T) {
	good := write(t, samples())
	type blob struct {
		B []byte `parquet:"b"`
	}
	for _, test := range []struct {
		name string
		b    []byte
		o    Options
		want string
	}{
		{"a list that is asked for", good, Options{Columns: []string{"tags"}}, "f.parquet: column tags: holds lists or structures"},
		{"a name that is not there", good, Options{Columns: []string{"regoin"}}, `hint: did you mean "region"?`},
		{"a name twice", good, Options{Columns: []string{"id", "id"}}, "f.parquet: column id: asked for twice"},
		{"empty", nil, Options{}, "f.parquet: is empty"},
		{"short", []byte("PAR1"), Options{}, "f.parquet: is too short for Parquet"},
		{"cut short", good[:len(good)-9], Options{}, "f.parquet: invalid magic footer"},
		{"CSV", []byte("a,b\n1,2\n3,4\n"), Options{}, "f.parquet: invalid magic header"},
		{"a long footer", append([]byte("PAR1"), "\xff\xff\xff\xffPAR1"...), Options{}, "its footer is longer than the file"},
		{"bytes that are no text", write(t, []blob{{[]byte("ok")}, {[]byte("\xff")}}), Options{}, "f.parquet: row 2, column b: bytes that are not UTF-8 text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readBytes(test.b, test.o)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want %v", err, test.want)
			}
		})
	}
}

// TestDamagedParquet flips every byte of a file: each gives columns or an
// *Error, never a panic.
func TestDamagedParquet(t *testing.T) {
	type few struct {
		ID    string  `parquet:"id"`
		Score float64 `parquet:"score,dict"`
	}
	damage(t, write(t, samples(), parquet.Compression(&parquet.Snappy)))
	damage(t, write(t, []few{{"a", 0.5}, {"b", 0.25}, {"c", 0.5}}, parquet.Compression(&parquet.Lz4Raw)))
}

func damage(t *testing.T, good []byte) {
	t.Helper()
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0xff
		_, err := readBytes(b, Options{})
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("byte %d: %v", i, err)
		}
		_, err = readBytes(good[:i], Options{})
		if !errors.As(err, &e) {
			t.Fatalf("cut at byte %d: %v", i, err)
		}
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errors.New("disk on fire") }

func TestABrokenDiskIsNoBrokenFile(t *testing.T) {
	for _, name := range []string{"f.csv", "f.parquet"} {
		_, err := Read(context.Background(), name, broken{}, 100, Options{})
		want := "reading " + name + ": disk on fire"
		if err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

func FuzzParquet(f *testing.F) {
	f.Add(write(f, samples()))
	f.Add(write(f, samples(), parquet.Compression(&parquet.Zstd), parquet.DataPageVersion(1)))
	f.Add(write(f, samples(), parquet.Compression(&parquet.Lz4Raw)))
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readBytes(b, Options{Text: []string{"id"}})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
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

// encoded has a column in every encoding that parquet-go writes.
type encoded struct {
	PlainN   float64  `parquet:"plain_n,plain"`
	DictN    float64  `parquet:"dict_n,dict"`
	SplitN   float64  `parquet:"split_n,split"`
	SplitF   float32  `parquet:"split_f,split"`
	DeltaN   int64    `parquet:"delta_n,delta"`
	Delta32  int32    `parquet:"delta_32,delta"`
	PlainI   int64    `parquet:"plain_i,plain"`
	DictI    int32    `parquet:"dict_i,dict"`
	PlainS   string   `parquet:"plain_s,plain"`
	DictS    string   `parquet:"dict_s,dict"`
	DeltaS   string   `parquet:"delta_s,delta"`
	MaybeN   *float64 `parquet:"maybe_n,split"`
	MaybeI   int64    `parquet:"maybe_i,optional,delta"`
	MaybeS   *string  `parquet:"maybe_s,dict"`
	MaybeB   *bool    `parquet:"maybe_b"`
	MaybePl  *string  `parquet:"maybe_plain,plain"`
	DeltaLen []byte   `parquet:"delta_len,delta"`
}

// TestParquetEncodings reads every encoding in every compression, in both
// versions of pages, over several pages and row groups, whole and in batches.
func TestParquetEncodings(t *testing.T) {
	var rows []encoded
	want := [][]string{{"plain_n", "dict_n", "split_n", "split_f", "delta_n", "delta_32", "plain_i", "dict_i", "plain_s", "dict_s", "delta_s", "maybe_n", "maybe_i", "maybe_s", "maybe_b", "maybe_plain", "delta_len"}}
	for i := range 3000 {
		v, s := float64(i)/8-100, fmt.Sprint("text-", i%37)
		r := encoded{v, float64(i % 5), v, float32(v), int64(i) << 20, int32(-i), int64(-i), int32(i % 7), s, s, s, nil, 0, nil, nil, nil, []byte(s)}
		some := []string{"", "", "", "", ""}
		if i%3 == 0 {
			n, b := int64(i+1), i%2 == 0
			r.MaybeN, r.MaybeI, r.MaybeS, r.MaybeB, r.MaybePl = &v, n, &s, &b, &s
			some = []string{fmt.Sprint(v), fmt.Sprint(n), s, fmt.Sprint(b), s}
		}
		rows = append(rows, r)
		f := fmt.Sprint(v)
		want = append(want, []string{f, fmt.Sprint(i % 5), f, f, fmt.Sprint(i << 20), fmt.Sprint(-i), fmt.Sprint(-i), fmt.Sprint(i % 7), s, s, s,
			some[0], some[1], some[2], some[3], some[4], s})
	}
	for name, codec := range map[string]compress.Codec{"uncompressed": &parquet.Uncompressed, "snappy": &parquet.Snappy, "gzip": &parquet.Gzip, "zstd": &parquet.Zstd, "brotli": &parquet.Brotli, "lz4": &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			t.Run(fmt.Sprint(name, ", page version ", version), func(t *testing.T) {
				var b bytes.Buffer
				err := parquet.Write(&b, rows, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.MaxRowsPerRowGroup(1700), parquet.PageBufferSize(2000))
				if err != nil {
					t.Fatal(err)
				}
				got, err := readBytes(b.Bytes(), Options{})
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, cells(got)); d != "" {
					t.Fatalf("want, got:\n%s", d)
				}
				if d := cmp.Diff(want, scanned(t, []File{file("f.parquet", b.String())}, Options{})); d != "" {
					t.Errorf("scanned: want, got:\n%s", d)
				}
			})
		}
	}
	seen := map[string]bool{}
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Metadata().RowGroups[0].Columns {
		for _, e := range c.MetaData.Encoding {
			seen[e.String()] = true
		}
	}
	for _, e := range []string{"PLAIN", "RLE", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"} {
		if !seen[e] {
			t.Errorf("no column is in %s, only %v", e, seen)
		}
	}
}

func BenchmarkParquet(b *testing.B) {
	type scored struct {
		Score  float64 `parquet:"score"`
		Label  int32   `parquet:"label"`
		Region string  `parquet:"region,dict"`
		Sex    string  `parquet:"sex,dict"`
		Age    string  `parquet:"age,dict"`
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[scored](&out, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(1<<20))
	const rows = 10_000_000
	some := make([]scored, 100_000)
	for i := 0; i < rows; i += len(some) {
		for k := range some {
			n := i + k
			some[k] = scored{math.Sin(float64(n)), int32(n * 7 / 3 % 2), regions[n%7], regions[n%2], regions[n*5/3%9]}
		}
		if _, err := w.Write(some); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"read": func() error { _, err := readBytes(out.Bytes(), Options{}); return err },
		"scan": func() error {
			n := 0
			err := Scan(b.Context(), []File{{"f.parquet", bytes.NewReader(out.Bytes()), int64(out.Len())}}, Options{}, func(b *Batch) error { n += b.Rows; return nil })
			if n != rows {
				return fmt.Errorf("%d rows, %w", n, err)
			}
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(out.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

var regions = []string{"north", "south", "east", "west", "north-east", "south-east", "south-west", "north-west", "centre"}
