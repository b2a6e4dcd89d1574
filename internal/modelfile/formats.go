package modelfile

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// signatures are the formats that begin with fixed bytes.
var signatures = []struct {
	mark    string
	inspect func(*file) Finding
}{
	{"\x80", newPickle},
	{"\x93NUMPY", npy},
	{"PK\x03\x04", zipped},
	{"GGUF", gguf},
	{"\x89HDF\r\n\x1a\n", says("hdf5", "may hold code: Keras keeps Lambda layers in HDF5 files")},
	{"\x1f\x8b", unpacked("gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })},
	{"x\x01", unpacked("zlib", zlibReader)},
	{"x\x5e", unpacked("zlib", zlibReader)},
	{"x\x9c", unpacked("zlib", zlibReader)},
	{"x\xda", unpacked("zlib", zlibReader)},
	{"BZh", unpacked("bzip2", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil })},
	{"\xfd7zXZ\x00", cannot("xz")},
	{"\x5d\x00\x00", cannot("lzma")},
	{"\x04\x22\x4d\x18", cannot("lz4")},
	{"\x28\xb5\x2f\xfd", cannot("zstd")},
	{"ZF", cannot("joblib before 0.10")},
	{"\x7fELF", says("executable", "is a program or library (ELF)")},
	{"MZ", says("executable", "is a program or library (Windows)")},
	{"\xcf\xfa\xed\xfe", says("executable", "is a program or library (Mach-O)")},
	{"\xce\xfa\xed\xfe", says("executable", "is a program or library (Mach-O)")},
	{"\xca\xfe\xba\xbe", says("executable", "is a program or library (Mach-O or Java)")},
	{"\x00asm", says("executable", "is a program (WebAssembly)")},
	{"#!", says("executable", "is a script")},
}

// zlibReader refuses bytes behind the stream, as gzip's and bzip2's readers do.
func zlibReader(r io.Reader) (io.Reader, error) {
	packed := bufio.NewReader(r) // read byte by byte, so never too far
	z, err := zlib.NewReader(packed)
	return &alone{z, packed}, err
}

type alone struct {
	io.Reader
	packed *bufio.Reader
}

func (a *alone) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		if _, peek := a.packed.Peek(1); peek == nil {
			err = errors.New("bytes follow behind the packed ones")
		}
	}
	return n, err
}

// says is a format about which nothing more needs to be read.
func says(format, finding string) func(*file) Finding {
	return func(*file) Finding { return unsafe(format, finding) }
}

// cannot is a packing that cannot be unpacked here.
func cannot(packing string) func(*file) Finding {
	return func(*file) Finding {
		return broken("unknown", fmt.Errorf("is packed with %s, which cannot be looked into; save it without, or with zlib", packing))
	}
}

// newPickle is a pickle that says its protocol, with joblib's arrays or not.
func newPickle(f *file) Finding {
	found := f.pickle(func() (*source, error) { return fileSource(f.r, f.size), nil })
	return found
}

// pickle walks what open gives, as pickle.load reads it, and if it holds
// joblib's arrays, as joblib.load does too: the same bytes are opcodes to the
// one and numbers to the other, and neither may find anything.
func (f *file) pickle(open func() (*source, error)) Finding {
	src, err := open()
	if err != nil {
		return broken("pickle", err)
	}
	out := &findings{strict: true}
	w := &walk{src: src, allow: f.allow, out: out}
	err = w.all()
	if !w.wrapped {
		return result("pickle", out, err)
	}
	if src, err = open(); err != nil {
		return broken("joblib", err)
	}
	w = &walk{src: src, reader: byJoblib, allow: f.allow, out: out}
	err = w.one()
	if err == nil {
		err = atEnd(src)
	}
	return result("joblib", out, err)
}

func atEnd(src *source) error {
	end, err := src.ended()
	if err == nil && !end {
		err = fmt.Errorf("byte %d: bytes follow behind the end", src.pos)
	}
	return err
}

// oldPickle is a pickle of the protocols 0 and 1, which have no signature: its
// walk has to reach the end.
func oldPickle(f *file) (Finding, bool) {
	if opcodes[f.head[0]].name == "" {
		return Finding{}, false
	}
	probe := &walk{src: fileSource(f.r, f.size), allow: f.allow, out: &findings{}}
	if err := probe.one(); err != nil && !probe.called {
		return Finding{}, false
	}
	return newPickle(f), true
}

// unpacked looks into a packed file, which joblib.dump writes with compress.
func unpacked(packing string, unpack func(io.Reader) (io.Reader, error)) func(*file) Finding {
	return func(f *file) Finding {
		open := func() (*source, error) {
			r, err := unpack(io.NewSectionReader(f.r, 0, f.size))
			if err != nil {
				return nil, fmt.Errorf("unpacking %s: %w", packing, err)
			}
			return streamSource(r), nil
		}
		src, err := open()
		if err != nil {
			return broken("unknown", err)
		}
		first, err := src.r.Peek(1)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return broken("unknown", fmt.Errorf("unpacking %s: %w", packing, err))
		case len(first) == 0:
			return broken("unknown", fmt.Errorf("holds nothing, packed with %s", packing))
		case opcodes[first[0]].name == "":
			return unsafe("unknown", fmt.Sprintf("is packed with %s and holds no pickle: what it is, is not known", packing))
		}
		found := f.pickle(open)
		found.Format = "joblib" // pickle.load does not unpack
		return found
	}
}
