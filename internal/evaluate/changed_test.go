package evaluate

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/weighlock/weighlock/internal/artifact"
)

// turning gives the pinned bytes once, for the digest, and other ones to
// whoever reads again, as a file does that somebody writes to meanwhile.
type turning struct {
	pinned, other []byte
	read          []bool
}

func (f *turning) ReadAt(p []byte, off int64) (int, error) {
	text := f.pinned
	if f.read[off] {
		text = f.other
	}
	n, err := bytes.NewReader(text).ReadAt(p, off)
	for i := range n {
		f.read[int(off)+i] = true
	}
	return n, err
}

func (f *turning) Close() error { return nil }

func TestFileThatChangesBehindItsDigestIsRefused(t *testing.T) {
	w := newWorld(300)
	r := request(t, w.test, w.predictions)
	pinned := []byte(w.predictions)
	other := slices.Clone(pinned)
	other[len(other)-2] ^= 1 // one digit of one score
	r.Predictions.Open = func() (ReaderAtCloser, int64, error) {
		return &turning{pinned, other, make([]bool, len(pinned)+1)}, int64(len(pinned)), nil
	}
	if _, err := Run(context.Background(), r); !errors.Is(err, artifact.ErrChanged) {
		t.Errorf("got %v; want ErrChanged", err)
	}
}
