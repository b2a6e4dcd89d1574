package table

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// arrowFile is an open Arrow IPC file, in the file format or the streaming
// format (arrow.apache.org/docs/format/Columnar.html, "Serialization and
// Interprocess Communication"), told by the first bytes. A file is read as the
// stream that is in it, and held against its footer.
type arrowFile struct {
	File
	source  *faults
	begin   int64 // of the messages
	end     int64
	footer  []int64 // where the record batches begin; nil for a stream
	schema  *arrow.Schema
	columns []arrowColumn
	nested  []string
}

type arrowColumn struct {
	name string
	at   int // among all columns
	form arrow.DataType
}

const arrowMagic = "ARROW1"

func openArrow(file File) (_ *arrowFile, err error) {
	f := &arrowFile{File: file, source: &faults{r: file.R}, end: file.Size}
	defer func() { err = f.source.or(file.Name, err) }()
	defer damaged(file.Name, "", &err)
	begin := make([]byte, 8)
	if file.Size < int64(len(begin)) {
		if file.Size == 0 {
			return nil, &Error{File: file.Name, Problem: "is empty" + rewrite}
		}
		return nil, &Error{File: file.Name, Problem: "is too short for Arrow" + rewrite}
	}
	if _, err := f.source.ReadAt(begin, 0); err != nil {
		return nil, err
	}
	switch {
	case string(begin[:4]) == "FEA1":
		return nil, &Error{File: file.Name, Problem: "is Feather of version 1" + "\nhint: write version 2, which is Arrow: pyarrow.feather.write_feather(table, path)"}
	case string(begin[:4]) == "PAR1":
		return nil, &Error{File: file.Name, Problem: "is Parquet by its first bytes" + "\nhint: name it .parquet"}
	case string(begin[:6]) == arrowMagic:
		f.begin = 8
		if err := f.readFooter(); err != nil {
			return nil, err
		}
	}
	r, _, err := f.reader()
	if err != nil {
		return nil, err
	}
	defer r.Release()
	f.schema = r.Schema()
	return f, f.choose()
}

// readFooter finds where the messages end, and which of them are the rows.
func (f *arrowFile) readFooter() error {
	tail := make([]byte, 10)
	if f.Size < 8+int64(len(tail)) {
		return &Error{File: f.Name, Problem: "is too short for Arrow" + rewrite}
	}
	if _, err := f.source.ReadAt(tail, f.Size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(tail[4:]) != arrowMagic {
		return &Error{File: f.Name, Problem: "begins as an Arrow file and does not end as one" + rewrite}
	}
	n := int64(binary.LittleEndian.Uint32(tail))
	f.end = f.Size - int64(len(tail)) - n
	if f.end < f.begin || n > maxArrowMeta {
		return &Error{File: f.Name, Problem: "says that its footer is longer than the file" + rewrite}
	}
	footer := make([]byte, n)
	if _, err := f.source.ReadAt(footer, f.end); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f.footer = recordBlocks(footer)
	return nil
}

// reader begins at the first message.
func (f *arrowFile) reader() (*ipc.Reader, *arrowMessages, error) {
	m := &arrowMessages{r: f.source, at: f.begin, end: f.end, memory: newArrowMemory(f.Size)}
	r, err := ipc.NewReaderFromMessageReader(m, ipc.WithAllocator(m.memory))
	if err != nil {
		return nil, nil, &Error{File: f.Name, Problem: m.or(err).Error() + rewrite}
	}
	return r, m, nil
}

// choose finds the plain columns.
func (f *arrowFile) choose() error {
	met := map[string]bool{}
	for i, field := range f.schema.Fields() {
		if met[field.Name] {
			return &Error{File: f.Name, Column: field.Name, Problem: "is there twice"}
		}
		met[field.Name] = true
		if arrow.IsNested(field.Type.ID()) && field.Type.ID() != arrow.RUN_END_ENCODED {
			f.nested = append(f.nested, field.Name)
			continue
		}
		f.columns = append(f.columns, arrowColumn{field.Name, i, field.Type})
	}
	return nil
}

func (f *arrowFile) fields(_ context.Context, o Options) ([]field, []string, error) {
	for _, name := range o.Columns {
		if slices.Contains(f.nested, name) {
			return nil, nil, nested(f.Name, name)
		}
	}
	known := make([]string, len(f.columns))
	for i, c := range f.columns {
		known[i] = c.name
	}
	at, err := choose(f.Name, o.Columns, known)
	if err != nil {
		return nil, nil, err
	}
	var fields []field
	for _, i := range at {
		c := f.columns[i]
		kind, ok := arrowKind(c.form)
		if !ok {
			return nil, nil, &Error{File: f.Name, Column: c.name, Problem: fmt.Sprintf("holds %s, which cannot be read", c.form) + "\nhint: write it as numbers or text"}
		}
		if o.mode(c.name) == text {
			kind = Text
		}
		fields = append(fields, field{c.name, kind, true})
	}
	if o.Columns != nil {
		return fields, nil, nil
	}
	return fields, f.nested, nil
}

func (f *arrowFile) read(ctx context.Context, o Options) (*Table, error) {
	want, nested, err := f.fields(ctx, o)
	if err != nil {
		return nil, err
	}
	p := plan{names: fieldNames(want)}
	for _, w := range want {
		p.modes = append(p.modes, map[bool]mode{true: text, false: guess}[w.kind == Text])
	}
	all := newWhole(f.Name, f.Size, p, o, 1)
	for i, w := range want {
		all.cols[i].kind = w.kind
	}
	if err := f.rows(ctx, want, all.add); err != nil {
		return nil, err
	}
	t, err := all.table()
	if err != nil {
		return nil, err
	}
	t.Nested = nested
	return t, nil
}

func (f *arrowFile) rows(ctx context.Context, want []field, give func(*part) error) (err error) {
	defer func() { err = f.source.or(f.Name, err) }()
	r, messages, err := f.reader()
	if err != nil {
		return err
	}
	defer r.Release()
	total := int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := f.batch(r, messages, want, total)
		if err != nil {
			return err
		}
		if p == nil {
			break
		}
		if err := give(p); err != nil {
			return err
		}
		total += int64(p.rows)
	}
	return f.complete(messages, total)
}

// batch is the next record batch; nil behind the last.
func (f *arrowFile) batch(r *ipc.Reader, messages *arrowMessages, want []field, before int64) (_ *part, err error) {
	defer damaged(f.Name, "", &err)
	messages.memory.reset()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return nil, &Error{File: f.Name, Line: before + 1, Problem: messages.or(err).Error() + rewrite}
		}
		return nil, nil
	}
	record := r.RecordBatch()
	rows := record.NumRows()
	if rows < 0 || rows > math.MaxInt32 {
		return nil, &Error{File: f.Name, Line: before + 1, Problem: fmt.Sprintf("says it has %d rows; from 0 to %d can be read", rows, math.MaxInt32) + rewrite}
	}
	p := &part{rows: int(rows), line: before + 1, cols: make([]partColumn, len(want))}
	for i, w := range want {
		k := slices.IndexFunc(f.columns, func(c arrowColumn) bool { return c.name == w.name })
		if p.cols[i], err = f.column(record.Column(f.columns[k].at), p.rows, w, before); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// complete makes sure that nothing is missing behind the last record batch.
func (f *arrowFile) complete(m *arrowMessages, rows int64) error {
	switch {
	case f.footer != nil && !slices.Equal(f.footer, m.batches):
		return &Error{File: f.Name, Problem: fmt.Sprintf("has %d runs of rows, and its footer names others, %d", len(m.batches), len(f.footer)) + rewrite}
	case f.footer == nil && !m.ended:
		return &Error{File: f.Name, Line: rows + 1, Problem: "ends without the mark of its end" + rewrite}
	case f.footer == nil && m.at != m.end:
		return &Error{File: f.Name, Line: rows + 1, Problem: fmt.Sprintf("%d bytes behind the mark of its end", m.end-m.at) + rewrite}
	}
	return nil
}
