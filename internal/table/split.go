package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	chunkSize = 1 << 20
	maxCell   = 1 << 20  // bytes in one cell
	maxRecord = 64 << 20 // bytes in one record
)

// chunk is a run of whole records.
type chunk struct {
	bytes []byte
	line  int64 // of its first byte, from 1
	lines int   // newlines in it: no fewer than its records
	cut   bool  // the last record went on beyond maxRecord
	done  chan *part
}

// splitter cuts a file into chunks of whole records. In CSV that is well-formed a newline ends
// a record exactly where the number of quotes before it is even; in any other,
// parsing meets its first fault before a cut can be in the wrong place, for up
// to there the file is well-formed.
type splitter struct {
	name string
	r    io.ReaderAt
	size int64
	at   int64  // bytes read so far
	rest []byte // read, but not yet given out
	line int64
	ends func(b []byte) int // the offset behind the last end of a record
}

// next returns the following chunk, or io.EOF behind the last.
func (s *splitter) next(ctx context.Context, size int) (*chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	room := min(int64(max(size, 2*len(s.rest))), int64(len(s.rest))+s.size-s.at)
	b := append(make([]byte, 0, room), s.rest...)
	for {
		var err error
		if b, err = s.fill(b); err != nil {
			return nil, err
		}
		end, last := s.ends(b), s.at == s.size
		switch {
		case last && len(b) == 0:
			return nil, io.EOF
		case last:
			return s.give(b, len(b), false), nil
		case end > 0:
			return s.give(b, end, false), nil
		case len(b) >= maxRecord:
			return s.give(b, len(b), true), nil
		}
		b = append(make([]byte, 0, 2*cap(b)), b...)
	}
}

// fill reads as much as b has room for.
func (s *splitter) fill(b []byte) ([]byte, error) {
	n := int(min(int64(cap(b)-len(b)), s.size-s.at))
	have := len(b)
	b = b[:have+n]
	got, err := s.r.ReadAt(b[have:], s.at)
	s.at += int64(got)
	if got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w after %d of %d bytes", io.ErrUnexpectedEOF, s.at, s.size)
		}
		return nil, fmt.Errorf("reading %s: %w", s.name, err)
	}
	return b, nil
}

func (s *splitter) give(b []byte, end int, cut bool) *chunk {
	c := &chunk{bytes: b[:end:end], line: s.line, cut: cut, done: make(chan *part, 1)}
	c.lines = bytes.Count(c.bytes, newline)
	s.rest = b[end:]
	s.line += int64(c.lines)
	return c
}

var newline, quote = []byte{'\n'}, []byte{'"'}

// lastLine is the offset behind the last newline of b; 0 where there is none.
func lastLine(b []byte) int { return bytes.LastIndexByte(b, '\n') + 1 }

// lastRecord is the offset behind the last newline of b that ends a record; 0
// where there is none.
func lastRecord(b []byte) int {
	quotes := bytes.Count(b, quote)
	for {
		i := bytes.LastIndexByte(b, '\n')
		if i < 0 {
			return 0
		}
		quotes -= bytes.Count(b[i:], quote)
		if quotes%2 == 0 {
			return i + 1
		}
		b = b[:i]
	}
}
