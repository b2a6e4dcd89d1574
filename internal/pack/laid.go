package pack

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// laid is a layer that is not in memory: where in it which bytes lie. It is
// the same tar as writeTar's, and can be read from anywhere, as an upload that
// was cut must be.
type laid struct {
	parts []part
	size  int64
}

// part is either text, or a file on disk.
type part struct {
	at   int64
	text []byte
	file *source
}

func (p part) size() int64 {
	if p.file != nil {
		return p.file.size()
	}
	return int64(len(p.text))
}

// lay says where the bytes of a layer lie.
func lay(group []source) (*laid, error) {
	l := &laid{}
	for _, dir := range folders(group) {
		if err := l.header(header(dir+"/", tar.TypeDir, 0o755, 0)); err != nil {
			return nil, fmt.Errorf("packing %s: %w", dir, err)
		}
	}
	for i, s := range group {
		if err := l.header(header(s.name, tar.TypeReg, 0o644, s.size())); err != nil {
			return nil, fmt.Errorf("packing: %s: %w", s.name, err)
		}
		if s.inline {
			l.add(part{text: s.text})
		} else {
			l.add(part{file: &group[i]})
		}
		if over := s.size() % block; over > 0 {
			l.add(part{text: make([]byte, block-over)})
		}
	}
	l.add(part{text: make([]byte, 2*block)}) // the end of a tar
	return l, nil
}

// block is what everything in a tar is filled up to, in bytes.
const block = 512

func (l *laid) header(h *tar.Header) error {
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(h); err != nil {
		return err
	}
	l.add(part{text: b.Bytes()})
	return nil
}

func (l *laid) add(p part) {
	p.at = l.size
	l.parts = append(l.parts, p)
	l.size += p.size()
}

// open reads the layer from an offset on, and tells how far it has come. A
// file that is not what it was when packing began is refused.
func (l *laid) open(from int64, reached func(at int64)) (io.ReadCloser, error) {
	return &layerReader{l: l, at: from, reached: reached}, nil
}

type layerReader struct {
	l       *laid
	at      int64
	n       int // the part at which it is
	file    *os.File
	reached func(int64)
}

func (r *layerReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil // not the end of a part
	}
	for {
		if r.n == len(r.l.parts) {
			return 0, io.EOF
		}
		p := r.l.parts[r.n]
		if r.at < p.at+p.size() || p.file != nil && r.at == p.at {
			n, err := r.read(b, p)
			r.at += int64(n)
			r.reached(r.at)
			if n > 0 || err != nil {
				return n, err
			}
		}
		if err := r.leave(p); err != nil {
			return 0, err
		}
		r.n++
	}
}

// read reads some of a part; nothing at its end.
func (r *layerReader) read(b []byte, p part) (int, error) {
	left := p.at + p.size() - r.at
	b = b[:min(int64(len(b)), left)]
	if p.file == nil {
		return copy(b, p.text[r.at-p.at:]), nil
	}
	if r.file == nil {
		if err := r.enter(*p.file); err != nil {
			return 0, err
		}
	}
	n, err := r.file.ReadAt(b, r.at-p.at)
	if errors.Is(err, io.EOF) && n == len(b) {
		err = nil
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("packing: %s: %w%s", p.file.path, ErrChanged, changedHint)
	}
	return n, err
}

func (r *layerReader) enter(s source) (err error) {
	r.file, err = os.Open(s.abs)
	if errors.Is(err, fs.ErrNotExist) {
		r.file = nil
		return fmt.Errorf("packing: %s: %w: %w%s", s.path, ErrChanged, err, changedHint)
	}
	if err != nil {
		r.file = nil
		return fmt.Errorf("packing: %w", err)
	}
	if err = unchanged(r.file, s); err != nil {
		r.file.Close()
		r.file = nil
		return fmt.Errorf("packing: %w", err)
	}
	return nil
}

// leave looks at a file once more when its last byte was read.
func (r *layerReader) leave(p part) error {
	if r.file == nil {
		return nil
	}
	err := unchanged(r.file, *p.file)
	r.file.Close()
	r.file = nil
	if err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	return nil
}

func (r *layerReader) Close() error {
	if r.file != nil {
		return r.file.Close()
	}
	return nil
}
