package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"strconv"
	"testing"

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

// asParquet writes a CSV file of rows as Parquet, several row groups long.
func asParquet(t *testing.T, from, to string) {
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
	if err := parquet.WriteFile(to, rows, parquet.MaxRowsPerRowGroup(150)); err != nil {
		t.Fatal(err)
	}
}

// TestParquet takes the small project from training to a published version
// with its data as Parquet: the scorer still reads CSV without labels, and
// every measure is the one that CSV gives.
func TestParquet(t *testing.T) {
	w := smallWorld(t)
	w.train()
	fromCSV := w.measures()

	project := filepath.Join(w.dir, "weighlock.yaml")
	text := read(t, project)
	for _, name := range []string{"train", "test"} {
		was, is := filepath.Join(w.dir, name+".csv"), filepath.Join(w.dir, name+".parquet")
		asParquet(t, was, is)
		text = bytes.ReplaceAll(text, []byte(artifact.Hex(artifact.Digest(read(t, was)))), []byte(artifact.Hex(artifact.Digest(read(t, is)))))
		text = bytes.ReplaceAll(text, []byte(name+".csv"), []byte(name+".parquet"))
		remove(t, was)
	}
	write(t, project, text)
	remove(t, filepath.Join(w.dir, "preds.csv"))
	w.train()
	w.must(0, "publish", "--dir", w.dir, "oci:"+w.layout+":1.0.0")
	w.must(0, "gate", "oci:"+w.layout+":1.0.0")
	if diff := cmp.Diff(fromCSV, w.measures()); diff != "" {
		t.Errorf("the measures of Parquet differ from those of CSV (-csv +parquet):\n%s", diff)
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
