package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// page edits the header of a file's first page of values, which keeps its
// length.
func page(t *testing.T, file []byte, edit func(*format.PageHeader)) []byte {
	t.Helper()
	b := longPage(t, file, edit)
	if len(b) != len(file) {
		t.Fatalf("the header has grown by %d bytes", len(b)-len(file))
	}
	return b
}

// longPage is page, where the header may grow.
func longPage(t *testing.T, file []byte, edit func(*format.PageHeader)) []byte {
	t.Helper()
	begin, end := len("PAR1"), 0
	var h format.PageHeader
	for {
		r := bytes.NewReader(file[begin:])
		h = format.PageHeader{}
		if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(r)).Decode(&h); err != nil {
			t.Fatal(err)
		}
		end = len(file) - r.Len()
		if h.Type != format.DictionaryPage {
			break
		}
		begin = end + int(h.CompressedPageSize)
	}
	edit(&h)
	text, err := thrift.Marshal(new(thrift.CompactProtocol), &h)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(file[:begin], text, file[end:])
}

// footer edits what a file says of itself.
func footer(t *testing.T, file []byte, edit func(*format.FileMetaData)) []byte {
	t.Helper()
	end := len(file) - 8
	begin := end - int(binary.LittleEndian.Uint32(file[end:]))
	var m format.FileMetaData
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), file[begin:end], &m); err != nil {
		t.Fatal(err)
	}
	edit(&m)
	text, err := thrift.Marshal(new(thrift.CompactProtocol), &m)
	if err != nil {
		t.Fatal(err)
	}
	b := slices.Concat(file[:begin], text)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), "PAR1"...)
}

func firstChunk(m *format.FileMetaData) *format.ColumnMetaData {
	return &m.RowGroups[0].Columns[0].MetaData
}

// TestParquetThatContradictsItself reads files whose parts are whole, and do
// not agree.
func TestParquetThatContradictsItself(t *testing.T) {
	type number struct {
		A float64 `parquet:"a"`
	}
	type someNumber struct {
		A *float64 `parquet:"a"`
	}
	type someText struct {
		A *string `parquet:"a"`
	}
	type someBool struct {
		A *bool `parquet:"a"`
	}
	type someCategory struct {
		A *string `parquet:"a,dict"`
	}
	half, yes, word, long := 0.5, true, "word", strings.Repeat("x", 500)
	second := []parquet.WriterOption{parquet.DataPageVersion(2), parquet.Compression(&parquet.Uncompressed)}
	first := []parquet.WriterOption{parquet.DataPageVersion(1), parquet.Compression(&parquet.Uncompressed)}
	numbers := write(t, []number{{1}, {2}, {3}}, first...)
	oneLess := func(h *format.PageHeader) { h.DataPageHeaderV2.V.NumValues-- }
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"a column before the file": {
			footer(t, numbers, func(m *format.FileMetaData) { firstChunk(m).DataPageOffset = -1 }),
			"f.parquet: row 1, column a: its bytes are said to begin at -1",
		},
		"numbers that are called LZ4": {
			footer(t, numbers, func(m *format.FileMetaData) { firstChunk(m).Codec = format.Lz4Raw }),
			"f.parquet: row 1, column a: page 0 cannot be unpacked into the 16 bytes that it announces",
		},
		"a small page that announces much": {
			page(t, write(t, []someText{{&long}}, parquet.Compression(&parquet.Lz4Raw)), func(h *format.PageHeader) { h.UncompressedPageSize = 8000 }),
			"f.parquet: row 1, column a: page 0 says that its 24 bytes unpack to 7998, which is more than can be",
		},
		"a zstd page that announces much": {
			footer(t, longPage(t, write(t, []someText{{&long}}, parquet.Compression(&parquet.Zstd)), func(h *format.PageHeader) { h.UncompressedPageSize = 1 << 30 }),
				func(m *format.FileMetaData) { firstChunk(m).TotalCompressedSize += 3 }),
			"f.parquet: row 1, column a: page 0 says that its 28 bytes unpack to 1073741824, which is more than can be",
		},
		"a page beyond its row group": {
			page(t, numbers, func(h *format.PageHeader) { h.DataPageHeader.V.NumValues = 1 << 5 }),
			"f.parquet: row 1, column a: more rows than its row group has",
		},
		"a page of three rows in a group of two": {
			footer(t, numbers, func(m *format.FileMetaData) { m.RowGroups[0].NumRows, m.NumRows = 1, 2 }),
			"f.parquet: row 1, column a: more rows than its row group has",
		},
		"a row group that promises more": {
			footer(t, numbers, func(m *format.FileMetaData) { m.RowGroups[0].NumRows, m.NumRows = 5, 6 }),
			"f.parquet: row 3, column a: ends after 2 of a row group's 5 rows",
		},
		"a file that promises more": {
			footer(t, numbers, func(m *format.FileMetaData) { m.NumRows = 4 }),
			"f.parquet: column a: has 3 of 4 rows",
		},
		"more rows than can be":        {footer(t, numbers, func(m *format.FileMetaData) { m.NumRows = 1 << 40 }), "f.parquet: says it has 1099511627776 rows; from 0 to 2147483647 can be read"},
		"a page that lacks a number":   {page(t, write(t, []someNumber{{&half}, {nil}}, second...), oneLess), "f.parquet: row 1, column a: a page has 0 values for 1 rows"},
		"a page that lacks a text":     {page(t, write(t, []someText{{&word}, {nil}}, second...), oneLess), "f.parquet: row 1, column a: a page has 0 values for 1 rows"},
		"a page that lacks a truth":    {page(t, write(t, []someBool{{&yes}, {nil}}, second...), oneLess), "f.parquet: row 1, column a: a page has 0 values for 1 rows"},
		"a page that lacks a category": {page(t, write(t, []someCategory{{&word}, {nil}}, second...), oneLess), "f.parquet: row 1, column a: a page has 0 values for 1 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes(c.file, Options{})
			var e *Error
			want := c.want + "\nhint: the file is damaged or cut short; write it again"
			if !errors.As(err, &e) || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
		})
	}
}

func TestCSVThatCannotBeWritten(t *testing.T) {
	row := func(cells ...string) func(func([]string) bool) {
		return func(yield func([]string) bool) { _ = yield([]string{"1", "2"}) && yield(cells) }
	}
	for name, c := range map[string]struct {
		header []string
		rows   func(func([]string) bool)
		want   string
	}{
		"no columns":          {nil, row("1", "2"), "writing CSV: no columns"},
		"a row that is short": {[]string{"a", "b"}, row("1"), "writing CSV: row 2: 1 cell where the header has 2"},
		"a row that is long":  {[]string{"a", "b"}, row("1", "2", "3"), "writing CSV: row 2: 3 cells where the header has 2"},
		"a cell in Latin-1":   {[]string{"a", "b"}, row("1", "\xe9"), `writing CSV: row 2: "\xe9" is not UTF-8`},
		"a header in Latin-1": {[]string{"\xe9", "b"}, row("1", "2"), `writing CSV: header: "\xe9" is not UTF-8`},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := WriteCSV(&b, c.header, c.rows); err == nil || err.Error() != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
}
