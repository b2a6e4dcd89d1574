package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/weighlock/weighlock/internal/artifact"
)

// A copier reads a file once and serves two: the layer that it is written
// into, and the digest of the file itself. Both work at the same time, on the
// same buffers, so that packing takes about as long as one digest.
type copier struct {
	free  chan *chunk
	seals map[string]*artifact.Sealing // of the files that were read, by path
}

// chunk is a part of a file that is read by two; the second to finish gives
// it back.
type chunk struct {
	text []byte
	buf  []byte
	left atomic.Int32
}

// Eight buffers of 1 MiB let the fast side run ahead a little.
const (
	chunkSize = 1 << 20
	chunks    = 8
)

func newCopier() *copier {
	c := &copier{free: make(chan *chunk, chunks), seals: map[string]*artifact.Sealing{}}
	for range chunks {
		c.free <- &chunk{buf: make([]byte, chunkSize)}
	}
	return c
}

func (c *copier) release(k *chunk) {
	if k.left.Add(-1) == 0 {
		c.free <- k
	}
}

// ErrChanged is in the chain of the refusal of a file that changed while it
// was read.
var ErrChanged = errors.New("the file changed while it was read")

const changedHint = "\nhint: wait until nothing writes to it, then try again"

// file copies a file to w, and returns the file's own digest. It refuses a
// file that is not, before and after, what it was when packing began.
func (c *copier) file(ctx context.Context, w io.Writer, s source, seen func(int64)) (string, error) {
	f, err := os.Open(s.abs)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: %w: %w%s", s.path, ErrChanged, err, changedHint)
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := unchanged(f, s); err != nil {
		return "", err
	}
	seal, err := c.copy(ctx, w, f, s.size(), seen)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errLonger) {
		return "", fmt.Errorf("%s: %w%s", s.path, ErrChanged, changedHint)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.path, err)
	}
	c.seals[s.path] = seal
	return seal.Digest(), unchanged(f, s)
}

// unchanged compares the open file, and what lies at its path now, with what
// was seen when packing began.
func unchanged(f *os.File, s source) error {
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(s.abs)
	if err != nil {
		return fmt.Errorf("%s: %w: %w%s", s.path, ErrChanged, err, changedHint)
	}
	for _, now := range []os.FileInfo{opened, named} {
		if !os.SameFile(now, s.info) || now.Size() != s.info.Size() || !now.ModTime().Equal(s.info.ModTime()) {
			return fmt.Errorf("%s: %w%s", s.path, ErrChanged, changedHint)
		}
	}
	return nil
}

var errLonger = errors.New("more bytes than expected")

// copy moves exactly size bytes from r to w and digests them. A shorter r is
// io.ErrUnexpectedEOF, a longer one errLonger.
func (c *copier) copy(ctx context.Context, w io.Writer, r io.Reader, size int64, seen func(int64)) (*artifact.Sealing, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	toDigest, toWrite := make(chan *chunk, chunks), make(chan *chunk, chunks)
	digested, read := make(chan *artifact.Sealing, 1), make(chan error, 1)
	go func() {
		defer close(toDigest)
		defer close(toWrite)
		read <- c.read(ctx, r, size, toDigest, toWrite)
	}()
	go func() {
		seal := artifact.NewSealing()
		for k := range toDigest {
			seal.Add(k.text)
			c.release(k)
		}
		digested <- seal
	}()
	var unwritten error
	for k := range toWrite {
		if unwritten == nil {
			_, unwritten = w.Write(k.text)
			seen(int64(len(k.text)))
		}
		c.release(k)
		if unwritten != nil {
			stop() // the reader closes toWrite
		}
	}
	seal := <-digested
	if unwritten != nil {
		return nil, unwritten
	}
	return seal, <-read
}

func (c *copier) read(ctx context.Context, r io.Reader, size int64, to ...chan<- *chunk) error {
	for left := size; left > 0; {
		var k *chunk
		select {
		case k = <-c.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		k.text = k.buf[:min(left, chunkSize)]
		if _, err := io.ReadFull(r, k.text); err != nil {
			c.free <- k
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		left -= int64(len(k.text))
		k.left.Store(int32(len(to)))
		for _, ch := range to {
			ch <- k
		}
	}
	if n, _ := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return errLonger
	}
	return ctx.Err()
}
