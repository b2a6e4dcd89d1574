package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/weighlock/weighlock/internal/artifact"
)

// row is one of testdata/small-release in the types that a data frame gives it.
type row struct {
	ID     string  `parquet:"id"`
	Region string  `parquet:"region,dict"`
	X      float64 `parquet:"x"`
	Label  int64   `parquet:"label"`
}

// smallRows are the rows of a CSV file.
func smallRows(t *testing.T, from string) []row {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(read(t, from))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, r := range records[1:] {
		x, err := strconv.ParseFloat(r[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		label, err := strconv.ParseInt(r[3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{r[0], r[1], x, label})
	}
	return rows
}

// asParquet writes a CSV file of rows as Parquet, several row groups long.
func asParquet(t *testing.T, from, to string) {
	t.Helper()
	if err := parquet.WriteFile(to, smallRows(t, from), parquet.MaxRowsPerRowGroup(150)); err != nil {
		t.Fatal(err)
	}
}

// asJSONL writes a CSV file of rows as JSON objects.
func asJSONL(t *testing.T, from, to string) {
	t.Helper()
	var b bytes.Buffer
	for _, r := range smallRows(t, from) {
		line, err := json.Marshal(map[string]any{"id": r.ID, "region": r.Region, "x": r.X, "label": r.Label})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	write(t, to, b.Bytes())
}

// asArrow writes a CSV file of rows as an Arrow file of several record batches.
func asArrow(t *testing.T, from, to string) {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.BinaryTypes.String}, {Name: "region", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
		{Name: "x", Type: arrow.PrimitiveTypes.Float64}, {Name: "label", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(schema), ipc.WithZstd())
	for part := range slices.Chunk(smallRows(t, from), 150) {
		rows := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for _, r := range part {
			rows.Field(0).(*array.StringBuilder).Append(r.ID)
			if err := rows.Field(1).(*array.BinaryDictionaryBuilder).AppendString(r.Region); err != nil {
				t.Fatal(err)
			}
			rows.Field(2).(*array.Float64Builder).Append(r.X)
			rows.Field(3).(*array.Int64Builder).Append(r.Label)
		}
		if err := w.Write(rows.NewRecordBatch()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, to, b.Bytes())
}

// TestTableFormats takes the small project from training to a published
// version with its data in each format: the scorer still reads CSV without
// labels, and every measure is the one that CSV gives.
func TestTableFormats(t *testing.T) {
	for suffix, convert := range map[string]func(t *testing.T, from, to string){".parquet": asParquet, ".jsonl": asJSONL, ".feather": asArrow} {
		t.Run(suffix, func(t *testing.T) {
			w := smallWorld(t)
			w.train()
			fromCSV := w.measures()

			project := filepath.Join(w.dir, "weighlock.yaml")
			text := read(t, project)
			for _, name := range []string{"train", "test"} {
				was, is := filepath.Join(w.dir, name+".csv"), filepath.Join(w.dir, name+suffix)
				convert(t, was, is)
				text = bytes.ReplaceAll(text, []byte(artifact.Hex(artifact.Digest(read(t, was)))), []byte(artifact.Hex(artifact.Digest(read(t, is)))))
				text = bytes.ReplaceAll(text, []byte(name+".csv"), []byte(name+suffix))
				remove(t, was)
			}
			write(t, project, text)
			remove(t, filepath.Join(w.dir, "preds.csv"))
			w.train()
			w.must(0, "publish", "--dir", w.dir, "oci:"+w.layout+":1.0.0")
			w.must(0, "gate", "oci:"+w.layout+":1.0.0")
			if diff := cmp.Diff(fromCSV, w.measures()); diff != "" {
				t.Errorf("the measures of %s differ from those of CSV (-csv +%[1]s):\n%s", suffix, diff)
			}
		})
	}
}

// measured is a measure whose interval does not depend on the drawing of rows.
type measured struct {
	Item, Status     string
	Value, Low, High float64
	N                int
}

func (w *world) measures() []measured {
	w.t.Helper()
	var out struct {
		Evaluation struct{ Results []measured }
	}
	if err := json.Unmarshal([]byte(w.must(0, "evaluate", "--json", "all", w.dir)), &out); err != nil {
		w.t.Fatal(err)
	}
	if len(out.Evaluation.Results) < 4 {
		w.t.Fatalf("only %d measures", len(out.Evaluation.Results))
	}
	return out.Evaluation.Results
}
