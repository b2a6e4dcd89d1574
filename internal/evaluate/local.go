package evaluate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/tree"
)

// FileSource is what a name with forward slashes, relative to dir, stands for:
// a regular file, or where tree.IsPattern says so the set of files that it
// matches; with the digest and size that it has now. tree.ErrNoFile where
// something has no content of its own, fs.ErrNotExist where there is nothing.
//
// The files of a set are matched anew whenever it is read, so one that comes or
// goes meanwhile makes it another set.
func FileSource(name, dir, file string) (*Source, error) {
	if !tree.IsPattern(file) {
		return one(name, file, filepath.Join(dir, filepath.FromSlash(file)))
	}
	s := &Source{Name: name, Path: file, Set: func() ([]Member, error) { return members(dir, file) }}
	all, err := s.Set()
	if err != nil {
		return nil, err
	}
	s.digests = map[string]string{}
	var found []lineage.File
	for _, m := range all {
		known, err := m.sum()
		if err != nil {
			return nil, err
		}
		s.Size += known.Size()
		s.digests[m.Path] = known.Digest()
		found = append(found, lineage.File{Path: m.Name, Digest: known.Digest()})
	}
	if s.Digest, err = s.digest(found); err != nil {
		return nil, err
	}
	return s, nil
}

// one is the file at a path, which people call shown.
func one(name, shown, path string) (*Source, error) {
	m := Member{Path: shown, Open: opener(path)}
	known, err := m.sum()
	if err != nil {
		return nil, err
	}
	return &Source{Name: name, Path: shown, Digest: known.Digest(), Size: known.Size(), Open: m.Open, known: known}, nil
}

func members(dir, pattern string) ([]Member, error) {
	files, err := tree.Match(dir, pattern)
	if err != nil {
		return nil, err
	}
	all := make([]Member, len(files))
	for i, f := range files {
		all[i] = Member{Name: tree.Within(pattern, f.Path), Path: f.Path, Open: opener(f.Abs)}
	}
	return all, nil
}

func opener(path string) func() (ReaderAtCloser, int64, error) {
	return func() (ReaderAtCloser, int64, error) {
		f, info, err := openFile(path)
		if err != nil {
			return nil, 0, err
		}
		return f, info.Size(), nil
	}
}

func openFile(path string) (*os.File, os.FileInfo, error) {
	f, err := tree.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
	}
	return f, info, err
}

// sum reads the member for its digest.
func (m Member) sum() (*artifact.Sealing, error) {
	r, size, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	known, err := artifact.SealingOf(r, size)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", m.Path, err)
	}
	return known, nil
}

// held is a file in memory.
func held(name, path string, text []byte) *Source {
	return &Source{Name: name, Path: path, Digest: artifact.Digest(text), Size: int64(len(text)), Open: func() (ReaderAtCloser, int64, error) {
		return memory{bytes.NewReader(text)}, int64(len(text)), nil
	}}
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
