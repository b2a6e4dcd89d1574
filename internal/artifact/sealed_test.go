package artifact

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// TestSealedReadsWhatWasDigested reads at every awkward place.
func TestSealedReadsWhatWasDigested(t *testing.T) {
	for _, size := range []int{0, 1, sealedPart - 1, sealedPart, sealedPart + 1, 3*sealedPart + 7} {
		text := make([]byte, size)
		rng := rand.New(rand.NewPCG(1, uint64(size)))
		for i := range text {
			text[i] = byte(rng.Uint32())
		}
		s, digest, err := Seal(bytes.NewReader(text), int64(size))
		if err != nil || digest != Digest(text) {
			t.Fatalf("%d bytes: got %s, %v; want %s", size, digest, err, Digest(text))
		}
		for range 200 {
			at, n := rng.IntN(size+2), rng.IntN(2*sealedPart)
			got, want := make([]byte, n), make([]byte, n)
			k, err := s.ReadAt(got, int64(at))
			j, wantErr := bytes.NewReader(text).ReadAt(want, int64(at))
			if n == 0 {
				wantErr = nil
			}
			if k != j || !errors.Is(err, wantErr) || !bytes.Equal(got[:k], want[:j]) {
				t.Fatalf("%d bytes: reading %d at %d: got %d, %v; want %d, %v", size, n, at, k, err, j, wantErr)
			}
		}
	}
}

func TestSealedRefusesWhatChanged(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef"), sealedPart/4)
	s, _, err := Seal(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	text[2*sealedPart] ^= 1
	small := make([]byte, 8)
	if _, err := s.ReadAt(small, 5); err != nil {
		t.Errorf("an untouched part: %v", err)
	}
	refused := func(what string, err error, want string) {
		t.Helper()
		if !errors.Is(err, ErrChanged) || err.Error() != want {
			t.Errorf("%s: got %v; want ErrChanged: %s", what, err, want)
		}
	}
	_, err = s.ReadAt(small, 2*sealedPart+100)
	refused("a part that was written to", err, "the file changed while it was read")
	_, err = io.ReadAll(io.NewSectionReader(s, 0, int64(len(text))))
	refused("the whole", err, "the file changed while it was read")
	s.r = bytes.NewReader(text[:sealedPart])
	_, err = s.ReadAt(small, 3*sealedPart)
	refused("a file that was cut", err, "the file changed while it was read: it has fewer than 262144 bytes")
	_, _, err = Seal(bytes.NewReader(text), int64(len(text))+1)
	refused("fewer bytes than said", err, "the file changed while it was read: it has fewer than 262145 bytes")
}

func TestSealedHasNothingBeforeItsBeginning(t *testing.T) {
	s, _, err := Seal(bytes.NewReader([]byte("abc")), 3)
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.ReadAt(make([]byte, 1), -1)
	if want := "reading at byte -1, before the file begins"; n != 0 || err == nil || err.Error() != want {
		t.Errorf("got %d, %v; want %s", n, err, want)
	}
}
