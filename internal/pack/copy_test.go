package pack

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/artifact"
)

// TestACopyIsOfExactlyTheBytesThatWereSeen shows a source that has grown or
// shrunk since its size was taken.
func TestACopyIsOfExactlyTheBytesThatWereSeen(t *testing.T) {
	text := strings.Repeat("x", chunkSize+3)
	for name, c := range map[string]struct {
		size int64
		want error
	}{
		"as many":   {chunkSize + 3, nil},
		"one more":  {chunkSize + 2, errLonger},
		"one fewer": {chunkSize + 4, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			seal, err := newCopier().copy(t.Context(), &out, strings.NewReader(text), c.size, func(int64) {})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v; want %v", err, c.want)
			}
			if c.want == nil && (seal.Digest() != artifact.Digest([]byte(text)) || out.String() != text) {
				t.Errorf("got %s and %d bytes; want what was read", seal.Digest(), out.Len())
			}
		})
	}
	if got, want := errLonger.Error(), "more bytes than expected"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}
