package evaluate

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/tree"
)

// localFile is a file on disk with the digest that it has now.
func localFile(name, path string) (*Source, error) {
	s, err := FileSource(name, path, path)
	if errors.Is(err, tree.ErrNoFile) {
		return nil, fmt.Errorf("%w: %w\nhint: name a file with rows; - stands for standard input", ErrUsage, err)
	}
	return s, err
}

// FileSource is a regular file at a path, with the digest that it has now;
// people call it shown. tree.ErrNoFile where there is none.
func FileSource(name, shown, path string) (*Source, error) {
	f, err := tree.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	digest, _, err := artifact.DigestReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", shown, err)
	}
	return &Source{Name: name, Path: shown, Digest: digest, Open: func() (ReaderAtCloser, int64, error) {
		f, err := tree.Open(path)
		if err != nil {
			return nil, 0, err
		}
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, 0, err
		}
		return f, info.Size(), nil
	}}, nil
}

// held is a file in memory.
func held(name, path string, text []byte) *Source {
	return &Source{Name: name, Path: path, Digest: artifact.Digest(text), Open: func() (ReaderAtCloser, int64, error) {
		return memory{bytes.NewReader(text)}, int64(len(text)), nil
	}}
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
