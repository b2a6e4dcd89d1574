package capture

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/tree"
)

// read is a file that was digested, as it was then.
type read struct {
	lineage.File
	abs  string
	info os.FileInfo
}

// readFile digests a file, and refuses one that changes meanwhile.
func readFile(ctx context.Context, f tree.File) (read, error) {
	open, err := os.Open(f.Abs)
	if err != nil {
		return read{}, err
	}
	defer open.Close()
	before, err := open.Stat()
	if err != nil {
		return read{}, err
	}
	digest, size, err := artifact.DigestReader(stoppable{ctx, open})
	if err != nil {
		return read{}, fmt.Errorf("%s: %w", f.Path, err)
	}
	r := read{File: lineage.File{Path: f.Path, Digest: digest, Size: size, Role: f.Role}, abs: f.Abs, info: before}
	if size != before.Size() || !r.untouched() {
		return read{}, fmt.Errorf("%s changed while it was read\nhint: wait until nothing writes to it, then try again", f.Path)
	}
	return r, nil
}

// untouched says whether nothing has written to the file since it was read.
func (r read) untouched() bool {
	now, err := os.Stat(r.abs)
	return err == nil && same(now, r.info)
}

// same says whether two looks at a file saw the same file, not written to in
// between. It needs no clock, so a wrong one cannot mislead it.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func infos(files []read) []lineage.File {
	var list []lineage.File
	for _, f := range files {
		list = append(list, f.File)
	}
	return list
}

// readTree digests the files of paths, in order of paths.
func readTree(ctx context.Context, dir string, paths ...string) ([]read, error) {
	files, err := tree.List(dir, paths)
	if err != nil {
		return nil, err
	}
	var all []read
	for _, f := range files {
		r, err := readFile(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// expand resolves files, folders and globs of the project file. A glob that
// matches nothing is refused: it names something that is not there.
func expand(dir string, patterns []string) ([]string, error) {
	var paths []string
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, "*?[") {
			paths = append(paths, path.Clean(pattern))
			continue
		}
		found, err := filepath.Glob(filepath.Join(literal(dir), filepath.FromSlash(pattern)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s matches nothing", pattern)
		}
		for _, f := range found {
			rel, err := filepath.Rel(dir, f)
			if err != nil {
				return nil, err
			}
			paths = append(paths, filepath.ToSlash(rel))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// literal keeps a folder's own name from being read as a pattern.
func literal(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// stoppable is a reader that ends when its context does.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}
