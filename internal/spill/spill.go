// Package spill sorts and joins more rows than memory holds: what does not fit
// is set aside in temporary files that have no name, so that they are gone
// whatever becomes of the program. It refuses nothing that fits on the disk,
// and leaves what rows and keys mean to its callers.
package spill

import (
	"bufio"
	"bytes"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Row is a key and what belongs to it, both any bytes.
type Row struct{ Key, Value []byte }

// Options say how much memory to use, and where to put what does not fit.
type Options struct {
	// Memory is how many bytes of rows to hold; 64 MiB for 0. A row that is
	// larger is held all the same, alone.
	Memory int
	// Dir is where temporary files are made; the system's place for "".
	Dir string
}

// fanIn is how many runs are merged at once. Each has a file open, and a buffer.
const fanIn = 64

// perRow is what a row takes beside its bytes.
const perRow = 32

// Sorter sorts rows by key, as bytes compare; rows of the same key stay in the
// order in which they were added. It is made by NewSorter, filled by Add, and
// read by Sorted, once; Close gives its disk space back.
type Sorter struct {
	options Options
	arena   []byte
	rows    []place
	bytes   int
	runs    []*run
	level   []int // how many merges each run went through
	open    func(dir string) (temporary, error)
}

// place is a row in the arena.
type place struct{ start, key, value int }

// run is a file of rows in order.
type run struct {
	file temporary
	size int64
}

// NewSorter is a sorter without rows.
func NewSorter(o Options) *Sorter {
	if o.Memory <= 0 {
		o.Memory = 64 << 20
	}
	return &Sorter{options: o, open: unnamed}
}

// Add takes a row. It keeps no reference to the row's bytes.
func (s *Sorter) Add(key, value []byte) error {
	size := len(key) + len(value) + perRow
	if len(s.rows) > 0 && s.bytes+size > s.options.Memory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.rows = append(s.rows, place{len(s.arena), len(key), len(value)})
	s.arena = append(append(s.arena, key...), value...)
	s.bytes += size
	return nil
}

func (s *Sorter) row(p place) Row {
	end := p.start + p.key
	return Row{s.arena[p.start:end:end], s.arena[end : end+p.value : end+p.value]}
}

func (s *Sorter) sort() {
	slices.SortStableFunc(s.rows, func(a, b place) int {
		return bytes.Compare(s.arena[a.start:a.start+a.key], s.arena[b.start:b.start+b.key])
	})
}

// spill writes the rows that are held to a run of their own.
func (s *Sorter) spill() error {
	s.sort()
	next := 0
	err := s.write(func() (Row, error) {
		if next == len(s.rows) {
			return Row{}, io.EOF
		}
		next++
		return s.row(s.rows[next-1]), nil
	})
	s.rows, s.arena, s.bytes = s.rows[:0], s.arena[:0], 0
	if err != nil {
		return err
	}
	return s.merge()
}

// merge makes one run of the last fanIn that are as often merged, so that
// there are never many; only neighbours, so that equal keys stay in order.
func (s *Sorter) merge() error {
	for {
		n := len(s.runs)
		if n < fanIn || s.level[n-fanIn] != s.level[n-1] {
			return nil
		}
		old := s.runs[n-fanIn:]
		m, err := newMerge(old)
		if err != nil {
			return err
		}
		if err := s.write(m.next); err != nil {
			return err
		}
		for _, r := range old {
			r.file.Close()
		}
		merged, level := s.runs[n], s.level[n-1]+1
		s.runs, s.level = append(s.runs[:n-fanIn], merged), append(s.level[:n-fanIn], level)
	}
}

// write adds a run of the rows that next gives.
func (s *Sorter) write(next func() (Row, error)) error {
	f, err := s.open(s.options.Dir)
	if err != nil {
		return fmt.Errorf("making room on disk: %w", err)
	}
	r := &run{file: f}
	s.runs, s.level = append(s.runs, r), append(s.level, 0)
	w := bufio.NewWriterSize(f, 1<<16)
	head := make([]byte, 0, 2*binary.MaxVarintLen64)
	for {
		row, err := next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
		head = binary.AppendUvarint(binary.AppendUvarint(head[:0], uint64(len(row.Key))), uint64(len(row.Value)))
		for _, b := range [][]byte{head, row.Key, row.Value} {
			if _, err := w.Write(b); err != nil {
				return fmt.Errorf("setting rows aside on disk: %w", err)
			}
			r.size += int64(len(b))
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("setting rows aside on disk: %w", err)
	}
	return nil
}

// Sorted gives all rows in order. A row's bytes hold until fn returns.
func (s *Sorter) Sorted(ctx context.Context, fn func(Row) error) error {
	next, err := s.reader()
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row, err := next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

// reader gives the rows in order; io.EOF behind the last.
func (s *Sorter) reader() (func() (Row, error), error) {
	if len(s.runs) > 0 {
		if err := s.spill(); err != nil {
			return nil, err
		}
		s.rows, s.arena = nil, nil
		m, err := newMerge(s.runs)
		if err != nil {
			return nil, err
		}
		return m.next, nil
	}
	s.sort()
	i := 0
	return func() (Row, error) {
		if i == len(s.rows) {
			return Row{}, io.EOF
		}
		i++
		return s.row(s.rows[i-1]), nil
	}, nil
}

// Close gives memory and disk space back.
func (s *Sorter) Close() error {
	var errs []error
	for _, r := range s.runs {
		errs = append(errs, r.file.Close())
	}
	*s = *NewSorter(s.options)
	return errors.Join(errs...)
}

// merge is several runs read as one, in order.
type merge struct {
	heads []*head
	done  *head // whose row was given out and is to be replaced
}

// head is a run and the row that it is at.
type head struct {
	r     *bufio.Reader
	order int
	row   Row
	bytes []byte
}

func newMerge(runs []*run) (*merge, error) {
	m := &merge{}
	for i, r := range runs {
		h := &head{r: bufio.NewReaderSize(io.NewSectionReader(r.file, 0, r.size), 1<<16), order: i}
		ok, err := h.next()
		if err != nil {
			return nil, err
		}
		if ok {
			m.heads = append(m.heads, h)
		}
	}
	heap.Init(m)
	return m, nil
}

func (m *merge) next() (Row, error) {
	if m.done != nil {
		ok, err := m.done.next()
		if err != nil {
			return Row{}, err
		}
		if ok {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
		m.done = nil
	}
	if len(m.heads) == 0 {
		return Row{}, io.EOF
	}
	m.done = m.heads[0]
	return m.done.row, nil
}

// Len, Less, Swap, Push and Pop are those of heap.Interface.
func (m *merge) Len() int { return len(m.heads) }

// Less puts the smaller key first, and of equal ones that which came first.
func (m *merge) Less(i, j int) bool {
	a, b := m.heads[i], m.heads[j]
	if c := bytes.Compare(a.row.Key, b.row.Key); c != 0 {
		return c < 0
	}
	return a.order < b.order
}

// Swap changes two places.
func (m *merge) Swap(i, j int) { m.heads[i], m.heads[j] = m.heads[j], m.heads[i] }

// Push adds a run.
func (m *merge) Push(h any) { m.heads = append(m.heads, h.(*head)) }

// Pop takes the last run away.
func (m *merge) Pop() any {
	last := m.heads[len(m.heads)-1]
	m.heads = m.heads[:len(m.heads)-1]
	return last
}

// next reads the row that follows; false says that there is none.
func (h *head) next() (bool, error) {
	key, err := binary.ReadUvarint(h.r)
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	value := uint64(0)
	if err == nil {
		value, err = binary.ReadUvarint(h.r)
	}
	if err != nil {
		return false, fmt.Errorf("reading rows back from disk: %w", err)
	}
	h.bytes = slices.Grow(h.bytes[:0], int(key+value))[:key+value]
	if _, err := io.ReadFull(h.r, h.bytes); err != nil {
		return false, fmt.Errorf("reading rows back from disk: %w", err)
	}
	h.row = Row{h.bytes[:key:key], h.bytes[key:]}
	return true, nil
}
