package pack

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// benchSize is that of the weight file, in bytes; compare the lines of one run.
const benchSize = 512 << 20

func bigFile(b *testing.B) string {
	b.Helper()
	p := filepath.Join(b.TempDir(), "big.safetensors")
	f, err := os.Create(p)
	if err != nil {
		b.Fatal(err)
	}
	part := weights(16 << 20)
	for range benchSize / len(part) {
		if _, err := f.Write(part); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkSHA256 is the bar: one digest of the same bytes.
func BenchmarkSHA256(b *testing.B) {
	p := bigFile(b)
	b.SetBytes(benchSize)
	for b.Loop() {
		f, err := os.Open(p)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{sha256.New()}, struct{ io.Reader }{f}, make([]byte, chunkSize)); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

func benchInput(b *testing.B) Input {
	return Input{Name: "big", Task: "binary", Created: noon, Files: []File{{Path: "big.safetensors", Abs: bigFile(b)}}}
}

func BenchmarkDigest(b *testing.B) {
	in := benchInput(b)
	b.SetBytes(benchSize)
	for b.Loop() {
		if _, err := Digest(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPushToLayout(b *testing.B) {
	in := benchInput(b)
	b.SetBytes(benchSize)
	for b.Loop() {
		b.StopTimer()
		repo := layout(b)
		b.StartTimer()
		if _, err := Push(b.Context(), repo, in, nil); err != nil {
			b.Fatal(err)
		}
	}
}
