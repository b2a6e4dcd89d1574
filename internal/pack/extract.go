package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// Extract writes one of Files below dir, whole and checked against files.json,
// and returns where. Only that file's bytes are fetched, where it lies where
// Push puts it. A file that is there is left alone if it is the same, and
// never overwritten if it is not.
func (c *Content) Extract(ctx context.Context, p, dir string, seen func(int64)) (string, error) {
	at, ok := c.places[p]
	if !ok {
		return "", fmt.Errorf("%s in %s: %w", p, artifact.Short(c.Descriptor.Digest), ErrNoFile)
	}
	name := filepath.Join(dir, filepath.FromSlash(p))
	switch same, err := holds(name, at.FileInfo); {
	case err != nil:
		return "", err
	case same:
		seen(at.Size)
		return name, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return "", err
	}
	err = c.fetch(ctx, at, f, seen)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("fetching %s of model image %s: %w", p, artifact.Short(c.Descriptor.Digest), err)
	}
	return name, nil
}

// holds says whether a file is there already. Another in its place is refused.
func holds(name string, want FileInfo) (bool, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	digest, _, err := artifact.DigestReader(f)
	if err != nil {
		return false, err
	}
	if digest != want.Digest {
		return false, fmt.Errorf("%s is there, with other content: %w\nhint: move it away, or name another folder", name, fs.ErrExist)
	}
	return true, nil
}

// fetch gets a file's bytes by range, and from the whole layer where they are
// not where Push puts them.
func (c *Content) fetch(ctx context.Context, at place, f *os.File, seen func(int64)) error {
	from, err := c.offset(at)
	if err != nil {
		return err
	}
	ok, err := c.fetchRange(ctx, at, from, f, seen)
	if err != nil || ok {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	r, size, err := c.OpenFile(at.Path)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.NewOffsetWriter(f, 0), &stoppable{ctx, io.NewSectionReader(r, 0, size)})
	return err
}

// offset is where in its layer Push puts a file.
func (c *Content) offset(at place) (int64, error) {
	var group []source
	for _, f := range plan(c.Files)[at.layer] {
		group = append(group, source{name: path.Join(artifact.ModelsDir, f.Path), path: f.Path, length: f.Size})
	}
	l, err := lay(group)
	if err != nil {
		return 0, err
	}
	for _, p := range l.parts {
		if p.file != nil && p.file.path == at.Path {
			return p.at, nil
		}
	}
	return 0, fmt.Errorf("%s: %w", at.Path, ErrNoFile)
}

func (c *Content) fetchRange(ctx context.Context, at place, from int64, f *os.File, seen func(int64)) (bool, error) {
	h := sha256.New()
	if at.Size > 0 {
		if at.layer >= len(c.layers)-1 || from+at.Size > c.layers[at.layer].desc.Size {
			return false, nil
		}
		rc, err := c.repo.BlobRange(ctx, c.layers[at.layer].desc, from, at.Size)
		if err != nil {
			return false, err
		}
		defer rc.Close()
		n, err := io.CopyBuffer(io.MultiWriter(f, h, counter(seen)), &stoppable{ctx, rc}, make([]byte, chunkSize))
		if err != nil {
			return false, err
		}
		if n != at.Size {
			return false, fmt.Errorf("%d of %d bytes came: %w", n, at.Size, oci.ErrIntegrity)
		}
	}
	if "sha256:"+hex.EncodeToString(h.Sum(nil)) == at.Digest {
		return true, nil
	}
	seen(-at.Size)
	return false, nil
}

// counter tells of the bytes that are written to it.
type counter func(int64)

func (c counter) Write(b []byte) (int, error) {
	c(int64(len(b)))
	return len(b), nil
}
