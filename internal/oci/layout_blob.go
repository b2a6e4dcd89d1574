package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/weighlock/weighlock/internal/artifact"
)

// openBlob opens a blob's file, whatever is in it.
func (l *layout) openBlob(digest string) (*os.File, int64, error) {
	f, err := openRegular(l.blobPath(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, ErrNotFound
	}
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}

func (l *layout) blob(_ context.Context, d Descriptor) (io.ReadCloser, error) {
	f, size, err := l.openBlob(d.Digest)
	if err != nil {
		return nil, err
	}
	if size != d.Size {
		f.Close()
		return nil, fmt.Errorf("the file has %d bytes, not %d: %w", size, d.Size, ErrIntegrity)
	}
	return f, nil
}

func (l *layout) blobRange(ctx context.Context, d Descriptor, from, n int64) (io.ReadCloser, error) {
	rc, err := l.blob(ctx, d)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(rc.(*os.File), from, n), rc}, nil
}

// mountBlob never does: a file that two layouts share is damaged in both.
func (l *layout) mountBlob(context.Context, Descriptor, backend) (bool, error) { return false, nil }

func (l *layout) blobAt(ctx context.Context, d Descriptor) (ReaderAtCloser, error) {
	rc, err := l.blob(ctx, d)
	if err != nil {
		return nil, err
	}
	f := rc.(*os.File)
	ok, err := l.whole(ctx, f, d.Digest)
	if err == nil && !ok {
		err = fmt.Errorf("the file has another digest: %w", ErrIntegrity)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// whole says whether a file has a digest. It reads the file, unless it did so
// before and the file has not been touched since.
func (l *layout) whole(ctx context.Context, f *os.File, digest string) (bool, error) {
	was, err := stampOf(f)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	known := l.verified[digest] == was
	l.mu.Unlock()
	if known {
		return true, nil
	}
	got, _, err := artifact.DigestReader(contextReader{ctx, io.NewSectionReader(f, 0, was.size)})
	if err != nil || got != digest {
		return false, err
	}
	is, err := stampOf(f)
	if err == nil && is == was {
		l.mu.Lock()
		l.verified[digest] = was
		l.mu.Unlock()
	}
	return err == nil && is == was, err
}

type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

func (l *layout) hasBlob(ctx context.Context, digest string) (bool, error) {
	f, _, err := l.openBlob(digest)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrIntegrity) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	return l.whole(ctx, f, digest)
}

func (l *layout) pushBlob(ctx context.Context, d Descriptor, open Opener) error {
	if ok, err := l.hasBlob(ctx, d.Digest); err != nil || ok {
		l.unsettle(l.blobPath(d.Digest)) // whoever wrote it may have died before it was on the disk
		return err
	}
	rc, err := open(0)
	if err != nil {
		return err
	}
	defer rc.Close()
	f, err := l.newBlob(ctx)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, verify(ctx, rc, d)); err != nil {
		f.abort()
		return err
	}
	return f.commit(ctx, d)
}

// blobSink writes a blob's file; the caller knows its digest when it commits.
type blobSink struct{ f *incoming }

func (l *layout) newBlob(ctx context.Context) (sink, error) {
	if ok, err := l.present(); err != nil {
		return nil, err
	} else if !ok {
		if err := l.update(ctx, func() error { return nil }); err != nil {
			return nil, err
		}
	}
	f, err := l.incoming()
	if err != nil {
		return nil, err
	}
	return blobSink{f}, nil
}

func (s blobSink) Write(p []byte) (int, error) { return s.f.Write(p) }
func (s blobSink) abort()                      { s.f.drop() }

// commit replaces whatever lies under the digest, so that a damaged blob is
// healed by pushing it again.
func (s blobSink) commit(ctx context.Context, d Descriptor) error {
	if err := ctx.Err(); err != nil {
		s.f.drop()
		return err
	}
	st, err := s.f.Stat()
	if err == nil && st.Size() != d.Size {
		err = fmt.Errorf("%s has %d bytes, not %d: %w", s.f.Name(), st.Size(), d.Size, ErrIntegrity)
	}
	if err != nil {
		s.f.drop()
		return err
	}
	path := s.f.l.blobPath(d.Digest)
	if err := s.f.placeSoon(path); err != nil {
		return err
	}
	s.f.l.unsettle(path)
	return nil
}

// unsettle remembers a blob that may not be on the disk yet. To wait for each
// would make packing as slow as the disk; a torn blob is found by its digest,
// and healed by pushing it again.
func (l *layout) unsettle(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsettled[path] = true
}

// settle waits until every blob that was written is on the disk: before a tag
// names what rests on it.
func (l *layout) settle() error {
	l.mu.Lock()
	paths := slices.Sorted(maps.Keys(l.unsettled))
	l.mu.Unlock()
	for _, path := range paths {
		if err := syncFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritable(err)
		}
		l.mu.Lock()
		delete(l.unsettled, path)
		l.mu.Unlock()
	}
	return nil
}

func syncFile(path string) error {
	f, err := openRegular(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
