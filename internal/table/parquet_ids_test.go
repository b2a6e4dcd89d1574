package table

import (
	"bytes"
	"testing"
)

// Ids that are whole numbers in a Parquet file stay numbers as far as they are
// exact, and have the same texts as if they had been read as texts.
func TestParquetIDs(t *testing.T) {
	type row struct {
		Small int64
		Large int64 // beyond what a float64 holds
		Part  float64
		Name  string
		Count uint32
		Maybe *int32 `parquet:",optional"`
	}
	seven := int32(7)
	b := write(t, []row{{1, 1<<53 + 1, 0.5, "007", 4e9, nil}, {-3, 1, 2, "8", 1, &seven}})
	names := []string{"Small", "Large", "Part", "Name", "Count", "Maybe"}
	read := func(o Options) *Table {
		got, err := Read(t.Context(), "t.parquet", bytes.NewReader(b), int64(len(b)), o)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	ids, texts := read(Options{IDs: names}), read(Options{Text: names})
	want := map[string]Kind{"Small": Number, "Large": Text, "Part": Text, "Name": Text, "Count": Number, "Maybe": Number}
	for i, c := range ids.Columns {
		if c.Kind != want[c.Name] {
			t.Errorf("%s: got %s; want %s", c.Name, c.Kind, want[c.Name])
		}
		for row := range 2 {
			if got, want := c.String(row), texts.Columns[i].String(row); got != want || c.IsNull(row) != texts.Columns[i].IsNull(row) {
				t.Errorf("%s, row %d: got %q; want %q", c.Name, row, got, want)
			}
		}
	}
	if got := read(Options{Columns: []string{"Small"}}).Columns[0].Kind; got != Number {
		t.Errorf("a column that nobody names: got %s", got)
	}
}

// Files of which one holds numbers and the other texts agree on texts.
func TestParquetIDsOfSeveralFiles(t *testing.T) {
	type number struct{ ID int64 }
	a, b := write(t, []number{{5}, {6}}), []byte("ID\n007\n")
	got, err := ReadAll(t.Context(), []File{{"a.parquet", bytes.NewReader(a), int64(len(a))}, {"b.csv", bytes.NewReader(b), int64(len(b))}}, Options{IDs: []string{"ID"}})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for row := range got.Rows {
		all = append(all, got.Columns[0].String(row))
	}
	if got.Columns[0].Kind != Text || len(all) != 3 || all[0] != "5" || all[1] != "6" || all[2] != "007" {
		t.Errorf("got %s %q; want texts 5, 6 and 007", got.Columns[0].Kind, all)
	}
}
