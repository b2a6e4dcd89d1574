package table

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weighlock/weighlock/internal/spill"
)

// Unique makes sure that every row of the files has a value in a column of
// ids, and that no two rows have the same text there. It is exact for any
// number of rows, and holds no more of them than room allows. The *Error names
// the first row, in the files' order, without an id or with one that a row
// above it has.
func Unique(ctx context.Context, files []File, column string, room spill.Options) (err error) {
	sorted := spill.NewSorter(room)
	defer func() { err = errors.Join(err, sorted.Close()) }()
	names := map[string]int64{}
	for i, f := range files {
		if _, ok := names[f.Name]; !ok {
			names[f.Name] = int64(i)
		}
	}
	var value []byte
	err = Scan(ctx, files, Options{Columns: []string{column}, Text: []string{column}}, func(b *Batch) error {
		ids := b.Columns[0]
		for i := range b.Rows {
			if ids.IsNull(i) {
				return b.At(i, column, "a row without an id\nhint: give every row an id")
			}
			value = binary.AppendVarint(value[:0], b.First+int64(i))
			value = binary.AppendVarint(value, names[b.Name])
			value = binary.AppendVarint(value, b.Line(i))
			if err := sorted.Add([]byte(ids.Dict[ids.Codes[i]]), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return firstTwice(ctx, sorted, files, column)
}

// idAt is where a row is.
type idAt struct{ row, file, line int64 }

func readIDAt(b []byte) (at idAt) {
	for _, to := range []*int64{&at.row, &at.file, &at.line} {
		v, n := binary.Varint(b)
		*to, b = v, b[n:]
	}
	return at
}

// firstTwice is an *Error about the first row whose id a row above it has.
func firstTwice(ctx context.Context, sorted *spill.Sorter, files []File, column string) error {
	var id []byte
	var above idAt // the first row with that id
	var found *Error
	var row int64
	some := false
	err := sorted.Sorted(ctx, func(r spill.Row) error {
		at := readIDAt(r.Value)
		if !some || !bytes.Equal(id, r.Key) {
			id, above, some = append(id[:0], r.Key...), at, true
			return nil
		}
		if found != nil && row < at.row {
			return nil
		}
		place := fmt.Sprintf("line %d", above.line)
		if above.file != at.file {
			place = files[above.file].Name + ", " + place
		}
		row = at.row
		found = &Error{File: files[at.file].Name, Line: at.line, Column: column,
			Problem: fmt.Sprintf("id %s for the second time; the first is at %s", shown(string(id)), place) + "\nhint: write each row once"}
		return nil
	})
	if err == nil && found != nil {
		return found
	}
	return err
}
