package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"
)

// maxArrowMeta is how many bytes may describe a record batch, or a file.
const maxArrowMeta = 64 << 20

// arrowMessages reads the messages of a stream. The library would make room for
// whatever a message says of itself, so that is held against the bytes that
// there are first.
type arrowMessages struct {
	r       io.ReaderAt
	at, end int64
	memory  *arrowMemory
	last    *ipc.Message
	batches []int64 // where the record batches begin
	ended   bool    // the mark of the end was met
	fault   error   // of a message
}

// Retain and Release count uses, of which there is one.
func (m *arrowMessages) Retain() {}

// Release lets the last message go.
func (m *arrowMessages) Release() {
	if m.last != nil {
		m.last.Release()
		m.last = nil
	}
}

// Message is the next message; io.EOF behind the last.
func (m *arrowMessages) Message() (*ipc.Message, error) {
	next, err := m.next()
	if err != nil && !errors.Is(err, io.EOF) {
		m.fault = err
	}
	return next, err
}

// or is what was wrong with a message, if that is what the library met.
func (m *arrowMessages) or(err error) error {
	if m.fault != nil {
		return m.fault
	}
	return err
}

func (m *arrowMessages) next() (*ipc.Message, error) {
	begin := m.at
	if m.at == m.end {
		return nil, io.EOF // whether it may end so is for the caller to say
	}
	head, err := m.bytes(4)
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(head)
	if size == 1<<32-1 { // since Arrow 0.15 the length comes behind this mark
		if head, err = m.bytes(4); err != nil {
			return nil, err
		}
		size = binary.LittleEndian.Uint32(head)
	}
	if size == 0 {
		m.ended = true
		return nil, io.EOF
	}
	if size > maxArrowMeta {
		return nil, fmt.Errorf("a message is described in %d bytes; at most %d can be read", size, maxArrowMeta)
	}
	meta, err := m.bytes(int64(size))
	if err != nil {
		return nil, err
	}
	kind, length, err := checkMessage(meta)
	if err != nil {
		return nil, err
	}
	body, err := m.bytes(length)
	if err != nil {
		return nil, err
	}
	if kind == recordBatch {
		m.batches = append(m.batches, begin)
	}
	m.Release()
	m.last = ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body))
	return m.last, nil
}

// bytes reads the next n bytes.
func (m *arrowMessages) bytes(n int64) ([]byte, error) {
	if n < 0 || n > m.end-m.at {
		return nil, fmt.Errorf("a message of %d bytes, where %d are left", n, m.end-m.at)
	}
	b := make([]byte, n)
	if _, err := m.r.ReadAt(b, m.at); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	m.at += n
	return b, nil
}

// Types of messages, and places in their tables, from Message.fbs and
// Schema.fbs of the Arrow format.
const (
	schemaMessage   = 1
	dictionaryBatch = 2
	recordBatch     = 3
)

func slot(n int) flatbuffers.VOffsetT { return flatbuffers.VOffsetT(4 + 2*n) }

// checkMessage is the type of a message and the length of its body. Beyond what
// the library checks by itself it makes sure of every number in it by which
// the library makes room.
func checkMessage(b []byte) (kind byte, body int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a message cannot be decoded: %v", p)
		}
	}()
	c := &counter{b: b}
	root := flatbuffers.Table{Bytes: b, Pos: flatbuffers.GetUOffsetT(b)}
	kind = root.GetByteSlot(slot(1), 0)
	body = root.GetInt64Slot(slot(3), 0)
	c.vector(&root, 4, 4)
	head, ok := c.table(&root, 2)
	switch {
	case !ok:
	case kind == schemaMessage:
		c.schema(head)
	case kind == dictionaryBatch:
		if batch, ok := c.table(head, 1); ok {
			c.batch(batch)
		}
	case kind == recordBatch:
		c.batch(head)
	}
	return kind, body, c.err
}

// recordBlocks are the places of the record batches in a file, by its footer.
func recordBlocks(b []byte) []int64 {
	c := &counter{b: b}
	root := &flatbuffers.Table{Bytes: b, Pos: flatbuffers.GetUOffsetT(b)}
	blocks := make([]int64, 0, 8)
	n, at := c.vector(root, 3, 24)
	for i := range n {
		blocks = append(blocks, root.GetInt64(at+flatbuffers.UOffsetT(24*i)))
	}
	return blocks
}

// counter counts what a message says that there is.
type counter struct {
	b      []byte
	fields int
	err    error
}

// vector is the length of a vector and where it begins.
func (c *counter) vector(t *flatbuffers.Table, n, size int) (int, flatbuffers.UOffsetT) {
	o := flatbuffers.UOffsetT(t.Offset(slot(n)))
	if o == 0 {
		return 0, 0
	}
	length, at := t.VectorLen(o), t.Vector(o)
	if int64(at)+int64(length)*int64(size) > int64(len(c.b)) {
		c.err = fmt.Errorf("a message of %d bytes lists %d things", len(c.b), length)
		return 0, 0
	}
	return length, at
}

func (c *counter) table(t *flatbuffers.Table, n int) (*flatbuffers.Table, bool) {
	o := flatbuffers.UOffsetT(t.Offset(slot(n)))
	if o == 0 {
		return nil, false
	}
	return &flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(t.Pos + o)}, true
}

func (c *counter) schema(t *flatbuffers.Table) {
	c.vector(t, 2, 4)
	n, at := c.vector(t, 1, 4)
	c.all(t, n, at, 0)
}

// all are the fields of a schema, or of a field.
func (c *counter) all(t *flatbuffers.Table, n int, at flatbuffers.UOffsetT, depth int) {
	const deepest = 64
	if c.fields += n; c.fields > maxColumns || depth > deepest {
		c.err = fmt.Errorf("more than %d names", maxColumns)
	}
	for i := 0; i < n && c.err == nil; i++ {
		f := &flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(at + flatbuffers.UOffsetT(4*i))}
		if union, ok := c.table(f, 3); ok && f.GetByteSlot(slot(2), 0) == unionType {
			c.vector(union, 1, 4)
		}
		c.vector(f, 6, 4)
		n, at := c.vector(f, 5, 4)
		c.all(f, n, at, depth+1)
	}
}

const unionType = 14

// batch looks at how many buffers a column of strings says that it has.
func (c *counter) batch(t *flatbuffers.Table) {
	buffers, _ := c.vector(t, 2, 16)
	n, at := c.vector(t, 4, 8)
	for i := range n {
		if of := t.GetInt64(at + flatbuffers.UOffsetT(8*i)); of < 0 || of > int64(buffers) {
			c.err = fmt.Errorf("a column of %d buffers, where there are %d", of, buffers)
		}
	}
}

// arrowMemory makes room for what the library unpacks, up to a limit.
type arrowMemory struct{ most, left int64 }

// newArrowMemory allows for data that is packed tightly, and not for more than
// a record batch may take.
func newArrowMemory(size int64) *arrowMemory {
	most := min(4<<30, max(64<<20, 1024*size))
	return &arrowMemory{most, most}
}

func (m *arrowMemory) reset() { m.left = m.most }

// Allocate panics where that is more than may be, which the library returns as
// an error.
func (m *arrowMemory) Allocate(size int) []byte {
	if size < 0 || int64(size) > m.left {
		panic(fmt.Errorf("a run of rows that unpacks to more than %d bytes", m.most))
	}
	m.left -= int64(size)
	return make([]byte, size)
}

// Reallocate is Allocate for what grows.
func (m *arrowMemory) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	grown := m.Allocate(size)
	copy(grown, b)
	return grown
}

// Free leaves memory to the collector.
func (m *arrowMemory) Free([]byte) {}
