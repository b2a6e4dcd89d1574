package modelfile

import (
	"fmt"
)

// gguf is llama.cpp's format: a version, counts, metadata, tensor descriptions.
func gguf(f *file) Finding {
	g := &ggufReader{src: fileSource(f.r, f.size)}
	g.err = g.src.skip(4)
	version := g.number(4)
	if g.err == nil && (version < 2 || version > 3) {
		g.err = fmt.Errorf("GGUF version %d is not known", version)
	}
	tensors, pairs := g.number(8), g.number(8)
	// A pair is at least 13 bytes, a tensor's description at least 24.
	if left := uint64(f.size); g.err == nil && (tensors > left/24 || pairs > left/13) {
		g.err = fmt.Errorf("%d tensors and %d keys in %d bytes", tensors, pairs, f.size)
	}
	for i := uint64(0); i < pairs && g.err == nil; i++ {
		g.text()
		g.value(g.number(4), 0)
	}
	for i := uint64(0); i < tensors && g.err == nil; i++ {
		g.text()
		dimensions := g.number(4)
		if dimensions > 8 {
			g.fail("a tensor of %d dimensions", dimensions)
		}
		g.skip(8*dimensions + 4)
		if at := g.number(8); at > uint64(f.size) {
			g.fail("a tensor at byte %d of %d", at, f.size)
		}
	}
	return result("gguf", &findings{}, g.err)
}

type ggufReader struct {
	src *source
	err error
}

func (g *ggufReader) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("byte %d: "+format, append([]any{g.src.pos}, args...)...)
	}
}

func (g *ggufReader) number(width int) (n uint64) {
	if g.err != nil {
		return 0
	}
	b, err := g.src.take(width)
	if err != nil {
		g.fail("%w", err)
		return 0
	}
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n
}

func (g *ggufReader) skip(n uint64) {
	if g.err != nil {
		return
	}
	if n > uint64(g.src.size) {
		g.fail("%d bytes are announced", n)
		return
	}
	if err := g.src.skip(int64(n)); err != nil {
		g.fail("%w", err)
	}
}

func (g *ggufReader) text() { g.skip(g.number(8)) }

var ggufWidths = map[uint64]uint64{0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

func (g *ggufReader) value(kind uint64, depth int) {
	const text, array = 8, 9
	width, fixed := ggufWidths[kind]
	switch {
	case g.err != nil:
	case fixed:
		g.skip(width)
	case kind == text:
		g.text()
	case kind == array && depth < 4:
		inner, n := g.number(4), g.number(8)
		if n > uint64(g.src.size) {
			g.fail("an array of %d values", n)
			return
		}
		if width, fixed := ggufWidths[inner]; fixed {
			g.skip(width * n)
			return
		}
		for i := uint64(0); i < n && g.err == nil; i++ {
			g.value(inner, depth+1)
		}
	default:
		g.fail("a value of the type %d", kind)
	}
}
