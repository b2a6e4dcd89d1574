package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"io"
	"sync"
)

// ErrChanged is in the chain of a read of bytes that are not those whose
// digest was computed.
var ErrChanged = errors.New("the file changed while it was read")

// Sealed reads bytes whose digest is known, and refuses every part that is
// not what the digest was computed from. So a file that somebody writes to
// between the digest and the reading is never taken for what the digest names.
type Sealed struct {
	r    io.ReaderAt
	size int64
	seed maphash.Seed
	sums []uint64 // one for each part
}

// sealedPart is the unit in which a sealed file is checked, in bytes.
const sealedPart = 64 << 10

// Sealing computes the SHA-256 of the bytes that are added, and seals
// them: a reader of the same bytes can be had afterwards.
type Sealing struct {
	digest hash.Hash
	size   int64
	part   maphash.Hash
	filled int // bytes of the present part
	sums   []uint64
}

// NewSealing begins.
func NewSealing() *Sealing {
	s := &Sealing{digest: sha256.New()}
	s.part.SetSeed(maphash.MakeSeed())
	return s
}

// Add takes the next bytes.
func (s *Sealing) Add(b []byte) {
	s.digest.Write(b)
	s.size += int64(len(b))
	for rest := b; len(rest) > 0; {
		k := min(len(rest), sealedPart-s.filled)
		s.part.Write(rest[:k])
		rest, s.filled = rest[k:], s.filled+k
		if s.filled == sealedPart {
			s.close()
		}
	}
}

func (s *Sealing) close() {
	if s.filled > 0 {
		s.sums = append(s.sums, s.part.Sum64())
		s.part.Reset()
		s.filled = 0
	}
}

// Digest is that of all that was added.
func (s *Sealing) Digest() string { return "sha256:" + hex.EncodeToString(s.digest.Sum(nil)) }

// Reader reads what was added out of r, where the same bytes lie. Nothing
// must be added any more.
func (s *Sealing) Reader(r io.ReaderAt) *Sealed {
	s.close()
	return &Sealed{r: r, size: s.size, seed: s.part.Seed(), sums: s.sums}
}

// Size is how many bytes were added.
func (s *Sealing) Size() int64 { return s.size }

// Seal computes the SHA-256 of the first size bytes of r, all of which must be
// there, and returns a reader of exactly these bytes.
func Seal(r io.ReaderAt, size int64) (*Sealed, string, error) {
	s, err := SealingOf(r, size)
	if err != nil {
		return nil, "", err
	}
	return s.Reader(r), s.Digest(), nil
}

// SealingOf adds the first size bytes of r, all of which must be there.
func SealingOf(r io.ReaderAt, size int64) (*Sealing, error) {
	s := NewSealing()
	const ahead = 16 * sealedPart // read while the bytes before it are hashed
	buffers := [2][]byte{make([]byte, min(ahead, size)), make([]byte, min(ahead, max(size-ahead, 0)))}
	var hashing sync.WaitGroup
	defer hashing.Wait()
	for at, k := int64(0), 0; at < size; at, k = at+ahead, 1-k {
		b := buffers[k][:min(ahead, size-at)]
		if err := full(r, b, at); err != nil {
			return nil, err
		}
		hashing.Wait()
		hashing.Go(func() { s.Add(b) })
	}
	return s, nil
}

var parts = sync.Pool{New: func() any { return new([sealedPart]byte) }}

// ReadAt is io.ReaderAt's; ErrChanged where the bytes are others by now.
func (s *Sealed) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("reading at byte %d, before the file begins", off)
	}
	n := 0
	for n < len(p) && off < s.size {
		start := off - off%sealedPart
		size := min(sealedPart, s.size-start)
		to := p[n:]
		if off == start && int64(len(to)) >= size { // a whole part: straight to where it is wanted
			if err := s.part(to[:size], start); err != nil {
				return n, err
			}
			n, off = n+int(size), off+size
			continue
		}
		part := parts.Get().(*[sealedPart]byte)
		err := s.part(part[:size], start)
		k := 0
		if err == nil {
			k = copy(to, part[off-start:size])
		}
		if parts.Put(part); err != nil {
			return n, err
		}
		n, off = n+k, off+int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// part reads one part and makes sure of it.
func (s *Sealed) part(b []byte, start int64) error {
	if err := full(s.r, b, start); err != nil {
		return err
	}
	if maphash.Bytes(s.seed, b) != s.sums[start/sealedPart] {
		return ErrChanged
	}
	return nil
}

// full fills b; a file that ends before is one that changed.
func full(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it has fewer than %d bytes", ErrChanged, at+int64(len(b)))
	}
	return err
}
