package pack

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
)

// writeTar writes one layer: its folders, then its files, in order. Mode,
// owner and time are the same for all, so a file that did not change gives the
// layer that the registry already has. The time is the epoch and not that of
// creation, which would send every weight file again with every version.
func (c *copier) writeTar(ctx context.Context, w io.Writer, group []source, seen func(int64)) ([]FileInfo, error) {
	tw := tar.NewWriter(w)
	for _, dir := range folders(group) {
		if err := tw.WriteHeader(header(dir+"/", tar.TypeDir, 0o755, 0)); err != nil {
			return nil, fmt.Errorf("packing %s: %w", dir, err)
		}
	}
	var files []FileInfo
	for _, s := range group {
		digest, err := c.writeFile(ctx, tw, s, seen)
		if err != nil {
			return nil, fmt.Errorf("packing: %w", err)
		}
		files = append(files, FileInfo{Path: s.path, Digest: digest, Size: s.size(), Role: s.role})
	}
	if err := tw.Close(); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return files, nil
}

func (c *copier) writeFile(ctx context.Context, tw *tar.Writer, s source, seen func(int64)) (string, error) {
	if err := tw.WriteHeader(header(s.name, tar.TypeReg, 0o644, s.size())); err != nil {
		return "", fmt.Errorf("%s: %w", s.name, err)
	}
	if s.inline {
		_, err := tw.Write(s.text)
		return artifact.Digest(s.text), err
	}
	return c.file(ctx, tw, s, seen)
}

func header(name string, kind byte, mode, size int64) *tar.Header {
	return &tar.Header{Name: name, Typeflag: kind, Mode: mode, Size: size, ModTime: time.Unix(0, 0)}
}

// folders are all folders above the files of a layer, parents first.
func folders(group []source) []string {
	dirs := map[string]bool{}
	for _, s := range group {
		for dir := path.Dir(s.name); dir != "."; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(dirs))
}
