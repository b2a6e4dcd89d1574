package table

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxColumns is how many columns a file may have.
const maxColumns = 1 << 16

// File is a file to read: its bytes, under the name that people know.
type File struct {
	Name string
	R    io.ReaderAt
	Size int64
}

// source is an open file of any format.
type source interface {
	// read holds the columns whole.
	read(ctx context.Context, o Options) (*Table, error)
	// fields are the columns with their kinds.
	fields(ctx context.Context, o Options) (fields []field, nested []string, err error)
	// rows gives the wanted columns, in the order of want, in runs of rows in
	// the file's order. Each is of the kind that is wanted.
	rows(ctx context.Context, want []field, give func(*part) error) error
}

// field is a column before its values are read.
type field struct {
	name string
	kind Kind
	firm bool // it has values of that kind
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// fileFormat is a format that can be read.
type fileFormat struct {
	suffixes []string
	rows     bool // places in it are rows, not lines
	open     func(context.Context, File) (source, error)
}

func formats() []fileFormat {
	return []fileFormat{
		{suffixes: []string{".csv"}, open: func(ctx context.Context, f File) (source, error) { return openCSV(ctx, f) }},
		{suffixes: []string{".jsonl", ".ndjson"}, open: func(ctx context.Context, f File) (source, error) { return openJSONL(ctx, f) }},
		{suffixes: []string{".parquet"}, rows: true, open: func(_ context.Context, f File) (source, error) { return openParquet(f) }},
		{suffixes: []string{".arrow", ".arrows", ".feather", ".ipc"}, rows: true, open: func(_ context.Context, f File) (source, error) { return openArrow(f) }},
	}
}

// Suffixes are those of the files that can be read, in lower case.
func Suffixes() []string {
	var all []string
	for _, f := range formats() {
		all = append(all, f.suffixes...)
	}
	return all
}

func formatOf(name string) (fileFormat, bool) {
	suffix := strings.ToLower(path.Ext(name))
	for _, f := range formats() {
		for _, s := range f.suffixes {
			if s == suffix {
				return f, true
			}
		}
	}
	return fileFormat{}, false
}

func open(ctx context.Context, file File) (source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, ok := formatOf(file.Name)
	if !ok {
		all := Suffixes()
		last := len(all) - 1
		return nil, &Error{File: file.Name, Problem: fmt.Sprintf("a table's name must end in %s or %s, not %q", strings.Join(all[:last], ", "), all[last], strings.ToLower(path.Ext(file.Name))) +
			"\nhint: write the table as CSV, JSONL, Parquet or Arrow"}
	}
	return f.open(ctx, file)
}
