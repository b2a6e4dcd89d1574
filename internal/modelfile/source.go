package modelfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// source reads a file, or what was unpacked from one, from front to end.
type source struct {
	r    *bufio.Reader
	at   io.ReaderAt // nil where the bytes are being unpacked
	pos  int64
	size int64 // negative where it is not known yet
}

func fileSource(r io.ReaderAt, size int64) *source {
	return &source{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16), at: r, size: size}
}

// maxUnpacked bounds what a compressed file may become.
const maxUnpacked = 16 << 30

func streamSource(r io.Reader) *source {
	return &source{r: bufio.NewReaderSize(&limited{r: r, left: maxUnpacked}, 1<<16), size: -1}
}

type limited struct {
	r    io.Reader
	left int64
}

// errCut is in the chain where a file ends before what it announces.
var errCut = errors.New("it is cut short")

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("it unpacks to more than %d bytes", int64(maxUnpacked))
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	return n, err
}

// next is the next byte.
func (s *source) next() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.pos++
	}
	return b, err
}

// ended says whether all was read.
func (s *source) ended() (bool, error) {
	_, err := s.r.Peek(1)
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}

// take reads n bytes, a small number.
func (s *source) take(n int) ([]byte, error) {
	b := make([]byte, n)
	got, err := io.ReadFull(s.r, b)
	s.pos += int64(got)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	return b, err
}

// skip passes over n bytes, which must be there.
func (s *source) skip(n int64) error {
	if n < 0 || s.size >= 0 && n > s.size-s.pos {
		return fmt.Errorf("%d bytes are announced where %d are left: %w", n, s.size-s.pos, errCut)
	}
	if s.at != nil && n > int64(s.r.Buffered()) {
		s.pos += n
		s.r.Reset(io.NewSectionReader(s.at, s.pos, s.size-s.pos))
		return nil
	}
	for n > 0 {
		k, err := s.r.Discard(int(min(n, 1<<20)))
		s.pos, n = s.pos+int64(k), n-int64(k)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errCut
			}
			return err
		}
	}
	return nil
}

// line reads up to a newline, and keeps up to most bytes of it; whole is false
// where there were more.
func (s *source) line(most int) (text []byte, whole bool, err error) {
	whole = true
	for {
		b, err := s.r.ReadSlice('\n')
		s.pos += int64(len(b))
		b, found := bytes.CutSuffix(b, []byte{'\n'})
		if len(text)+len(b) > most {
			whole = false
		} else {
			text = append(text, b...)
		}
		switch {
		case found:
			return text, whole, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, false, errCut
		case err != nil:
			return nil, false, err
		}
	}
}
