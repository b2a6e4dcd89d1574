package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/weighlock/weighlock/internal/artifact"
)

func (l *layout) manifest(_ context.Context, target string) ([]byte, string, error) {
	digest := target
	if !artifact.ValidDigest(target) {
		x, err := l.current()
		if err != nil {
			return nil, "", err
		}
		if digest, err = x.digestOf(target); err != nil {
			return nil, "", err
		}
	}
	raw, err := l.readManifest(digest)
	if err != nil {
		if digest != target && errors.Is(err, ErrNotFound) {
			err = fmt.Errorf("the tag points at %s: %w", digest, err)
		}
		return nil, "", err
	}
	return raw, "", nil
}

// readManifest returns a blob that is a manifest, checked against its digest.
func (l *layout) readManifest(digest string) ([]byte, error) {
	f, size, err := l.openBlob(digest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > MaxManifest {
		return nil, fmt.Errorf("larger than %d bytes: %w", MaxManifest, ErrIntegrity)
	}
	raw, err := io.ReadAll(io.LimitReader(f, MaxManifest+1))
	if err != nil {
		return nil, err
	}
	if got := artifact.Digest(raw); got != digest {
		return nil, fmt.Errorf("%s has the digest %s: %w", digest, got, ErrIntegrity)
	}
	return raw, nil
}

func (l *layout) pushManifest(ctx context.Context, h head, raw []byte, tag string, absent bool) error {
	if tag != "" {
		if err := l.settle(); err != nil {
			return err
		}
	}
	return l.update(ctx, func() error {
		x, err := l.readIndex()
		if err != nil {
			return err
		}
		at, err := x.digestOf(tag)
		if tag != "" && err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if absent && at != "" && at != h.Digest {
			return &ExistsError{tag, at}
		}
		if err := l.checkParts(raw); err != nil {
			return err
		}
		if err := l.placeManifest(h.Digest, raw); err != nil {
			return err
		}
		if err := syncDir(l.path("blobs", "sha256")); err != nil { // before anything names it
			return err
		}
		if err := l.adopt(x); err != nil {
			return err
		}
		listed := tag != "" && at == h.Digest || tag == "" && (h.Subject != "" || x.has(h.Digest))
		if !listed {
			if err := l.edit(func(x *index) { x.put(h.Descriptor, tag) }); err != nil {
				return err
			}
		}
		// Last, so that a process that dies before leaves a tagged manifest,
		// which is found by its entry, and never a referrer without its tag.
		return l.record(h)
	})
}

// checkParts refuses a manifest over blobs that are not there, as registries
// do.
func (l *layout) checkParts(raw []byte) error {
	m, err := ParseManifest(raw)
	if err != nil {
		return nil //nolint:nilerr // an index: its manifests may come later, or from elsewhere
	}
	for _, d := range append([]Descriptor{m.Config}, m.Layers...) {
		f, size, err := l.openBlob(d.Digest)
		if err != nil {
			return fmt.Errorf("blob %s of the manifest: %w", d.Digest, err)
		}
		f.Close()
		if size != d.Size {
			return fmt.Errorf("blob %s of the manifest has %d bytes, not %d: %w", d.Digest, size, d.Size, ErrIntegrity)
		}
	}
	return nil
}

func (l *layout) placeManifest(digest string, raw []byte) error {
	if was, err := readSmall(l.blobPath(digest), MaxManifest); err == nil && bytes.Equal(was, raw) {
		return nil
	}
	f, err := l.incoming()
	if err != nil {
		return err
	}
	if _, err := f.Write(raw); err != nil {
		f.drop()
		return err
	}
	return f.place(l.blobPath(digest))
}

func (l *layout) tags(context.Context) ([]string, error) {
	x, err := l.current()
	if err != nil {
		return nil, err
	}
	return x.tags(), nil
}

func (l *layout) remove(ctx context.Context, target string) error {
	if _, err := l.current(); err != nil {
		return err
	}
	return l.update(ctx, func() error {
		x, err := l.readIndex()
		if err != nil {
			return err
		}
		if artifact.ValidDigest(target) {
			return l.removeManifest(x, target)
		}
		if _, err := x.digestOf(target); errors.Is(err, ErrNotFound) {
			return err
		}
		return l.edit(func(x *index) { x.drop(target) })
	})
}

func (l *layout) removeManifest(x *index, digest string) error {
	raw, err := l.readManifest(digest)
	if err != nil && !x.has(digest) {
		return err
	}
	if x.has(digest) {
		if err := l.edit(func(x *index) { x.drop(digest) }); err != nil {
			return err
		}
	}
	if h, err := readHead(raw, ""); err == nil {
		if err := l.forget(h); err != nil {
			return err
		}
	}
	if err := os.Remove(l.blobPath(digest)); err != nil && !os.IsNotExist(err) {
		return unwritable(err)
	}
	return nil
}
