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
	if _, err := s.ReadAt(small, 2*sealedPart+100); !errors.Is(err, ErrChanged) {
		t.Errorf("a part that was written to: got %v; want ErrChanged", err)
	}
	if _, err := io.ReadAll(io.NewSectionReader(s, 0, int64(len(text)))); !errors.Is(err, ErrChanged) {
		t.Errorf("the whole: got %v; want ErrChanged", err)
	}
	s.r = bytes.NewReader(text[:sealedPart])
	if _, err := s.ReadAt(small, 3*sealedPart); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that was cut: got %v; want ErrChanged", err)
	}
	if _, _, err := Seal(bytes.NewReader(text), int64(len(text))+1); !errors.Is(err, ErrChanged) {
		t.Errorf("fewer bytes than said: got %v; want ErrChanged", err)
	}
}
