package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/weighlock/weighlock/internal/artifact"
)

// Options are the world's side of a repository. The zero value is fit for use.
type Options struct {
	Transport http.RoundTripper                          // nil: a transport with time limits
	Keychain  authn.Keychain                             // nil: Credentials of the process
	UserAgent string                                     // added to each request
	TempDir   string                                     // for blobs on their way to or from a registry; empty: the system's
	Chunk     int64                                      // bytes of an upload in one request; 0: 32 MiB
	Patience  time.Duration                              // longest wait for the next byte; 0: two minutes
	LockWait  time.Duration                              // longest wait for a layout's lock; 0: two minutes
	Settle    time.Duration                              // longest from finding a registry's turn free to taking it; 0: two seconds; see Repository.Turn
	Wait      func(context.Context, time.Duration) error // between attempts; nil: sleeps, or ends with the context
}

// Repository is a place for manifests, blobs and tags. It may be used by
// several goroutines at once.
type Repository struct {
	ref     string
	backend backend
	o       Options
}

// backend is what a registry and a layout do differently. Digests that it is
// given are well-formed; bytes that it returns are checked by Repository.
type backend interface {
	// manifest returns at most MaxManifest+1 bytes and the media type that the store claims, or ErrNotFound.
	manifest(ctx context.Context, tagOrDigest string) (raw []byte, mediaType string, err error)
	blob(ctx context.Context, d Descriptor) (io.ReadCloser, error)
	blobAt(ctx context.Context, d Descriptor) (ReaderAtCloser, error)
	hasBlob(ctx context.Context, digest string) (bool, error)
	blobRange(ctx context.Context, d Descriptor, from, n int64) (io.ReadCloser, error)
	pushBlob(ctx context.Context, d Descriptor, open Opener) error
	mountBlob(ctx context.Context, d Descriptor, from backend) (bool, error)
	newBlob(ctx context.Context) (sink, error)
	// pushManifest stores a manifest, lists it among the referrers of its subject, and points a tag at it unless the tag is empty.
	pushManifest(ctx context.Context, h head, raw []byte, tag string, absent bool) error
	tags(ctx context.Context) ([]string, error)
	referrers(ctx context.Context, subject, artifactType string, yield func(Descriptor) error) error
	remove(ctx context.Context, tagOrDigest string) error
	lock(ctx context.Context) (unlock func(), err error)
}

// ReaderAtCloser is random access to content that was verified when it was
// opened.
type ReaderAtCloser interface {
	io.ReaderAt
	io.Closer
}

// Open reads a reference and returns its repository, without looking whether
// it is there. A layout is made by the first push.
func Open(ref string, o Options) (*Repository, Reference, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return nil, Reference{}, err
	}
	if o.TempDir == "" {
		o.TempDir = os.TempDir()
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.LockWait == 0 {
		o.LockWait = 2 * time.Minute
	}
	if o.Settle == 0 {
		o.Settle = 2 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	if o.Chunk == 0 {
		o.Chunk = defaultChunk
	}
	repo := &Repository{ref: r.Repository, o: o}
	if dir, ok := strings.CutPrefix(r.Repository, layoutScheme); ok {
		repo.backend = newLayout(dir, o)
		return repo, r, nil
	}
	repo.backend, err = newRegistry(r.Repository, o)
	return repo, r, err
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Name is the repository's last path element, which is the model's name.
func (r *Repository) Name() string {
	dir, ok := strings.CutPrefix(r.ref, layoutScheme)
	if !ok {
		return path.Base(r.ref)
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// String is the repository as Open reads it.
func (r *Repository) String() string { return r.ref }

// Resolve describes the manifest that a tag or digest names now, from its
// verified bytes: type, digest, size, artifactType and annotations.
func (r *Repository) Resolve(ctx context.Context, tagOrDigest string) (Descriptor, error) {
	_, d, err := r.fetch(ctx, tagOrDigest)
	return d, err
}

// Manifest returns the bytes of the manifest with a digest.
func (r *Repository) Manifest(ctx context.Context, digest string) ([]byte, Descriptor, error) {
	if !artifact.ValidDigest(digest) {
		return nil, Descriptor{}, Descriptor{Digest: digest}.check()
	}
	return r.fetch(ctx, digest)
}

func (r *Repository) fetch(ctx context.Context, target string) ([]byte, Descriptor, error) {
	if err := checkTarget(target); err != nil {
		return nil, Descriptor{}, err
	}
	raw, mediaType, err := r.backend.manifest(ctx, target)
	if err != nil {
		return nil, Descriptor{}, fmt.Errorf("manifest %s in %s: %w", target, r, err)
	}
	h, err := checkManifest(raw, mediaType, target)
	if err != nil {
		return nil, Descriptor{}, fmt.Errorf("manifest %s in %s: %w", target, r, err)
	}
	return raw, h.Descriptor, nil
}

func checkManifest(raw []byte, mediaType, target string) (head, error) {
	if len(raw) > MaxManifest {
		return head{}, fmt.Errorf("larger than %d bytes: %w", MaxManifest, ErrIntegrity)
	}
	if got := artifact.Digest(raw); artifact.ValidDigest(target) && got != target {
		return head{}, fmt.Errorf("has the digest %s: %w", got, ErrIntegrity)
	}
	h, err := readHead(raw, mediaType)
	if err != nil {
		return head{}, fmt.Errorf("%w: %w", ErrIntegrity, err)
	}
	return h, nil
}

func checkTarget(target string) error {
	if artifact.ValidDigest(target) || tagForm.MatchString(target) {
		return nil
	}
	return refuse(target, "it is neither a tag nor a digest", "give a tag such as 1.0.0, or sha256: and 64 hex digits")
}

// Blob streams a blob. Read fails with ErrIntegrity, at the latest with the
// last byte, if content or size differ from the descriptor.
func (r *Repository) Blob(ctx context.Context, d Descriptor) (io.ReadCloser, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	rc, err := r.backend.blob(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("blob %s in %s: %w", d.Digest, r, err)
	}
	return verify(ctx, rc, d), nil
}

// BlobRange streams n bytes of a blob, from an offset on. A part cannot be
// held against the blob's digest: whoever reads it must know its digest from
// elsewhere, and check it.
func (r *Repository) BlobRange(ctx context.Context, d Descriptor, from, n int64) (io.ReadCloser, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if from < 0 || n <= 0 || from > d.Size || n > d.Size-from {
		return nil, fmt.Errorf("blob %s in %s has %d bytes, not %d from %d on: %w", d.Digest, r, d.Size, n, from, ErrIntegrity)
	}
	rc, err := r.backend.blobRange(ctx, d, from, n)
	if err != nil {
		return nil, fmt.Errorf("blob %s in %s: %w", d.Digest, r, err)
	}
	return rc, nil
}

// ReadBlob is the whole blob. One of more than limit bytes is refused unread.
func (r *Repository) ReadBlob(ctx context.Context, d Descriptor, limit int64) ([]byte, error) {
	if d.Size > limit {
		return nil, fmt.Errorf("blob %s in %s has %d bytes, more than the %d that are read", d.Digest, r, d.Size, limit)
	}
	rc, err := r.Blob(ctx, d)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	b := make([]byte, d.Size)
	if _, err := io.ReadFull(rc, b); err != nil {
		return nil, fmt.Errorf("blob in %s: %w", r, err)
	}
	if _, err := rc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("blob in %s: %w", r, err)
	}
	return b, nil
}

// BlobAt gives random access to a blob, verified before it returns: the file
// in a layout, a temporary copy of what a registry holds. Close it.
func (r *Repository) BlobAt(ctx context.Context, d Descriptor) (ReaderAtCloser, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	f, err := r.backend.blobAt(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("blob %s in %s: %w", d.Digest, r, err)
	}
	return f, nil
}

// HasBlob says whether a blob need not be pushed. In a layout its content is
// verified; a registry is believed, since reading verifies.
func (r *Repository) HasBlob(ctx context.Context, digest string) (bool, error) {
	if err := (Descriptor{Digest: digest}).check(); err != nil {
		return false, err
	}
	return r.backend.hasBlob(ctx, digest)
}

// Tags lists the tags, sorted, bookkeeping included (see artifact.Internal).
// A repository that is not there is ErrNotFound.
func (r *Repository) Tags(ctx context.Context) ([]string, error) {
	tags, err := r.backend.tags(ctx)
	if err != nil {
		return nil, fmt.Errorf("tags of %s: %w", r, err)
	}
	return tags, nil
}

// Referrers lists the manifests whose subject is a digest, sorted by digest;
// only those of one artifactType unless that is empty. A referrer that is
// listed but gone is returned all the same: reading it says so.
func (r *Repository) Referrers(ctx context.Context, subject, artifactType string) ([]Descriptor, error) {
	var all []Descriptor
	err := r.EachReferrer(ctx, subject, artifactType, func(d Descriptor) error {
		all = append(all, d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	sortDescriptors(all)
	return all, nil
}

// EachReferrer is Referrers one by one, in no order, without holding them. An
// error of yield ends it and is returned.
func (r *Repository) EachReferrer(ctx context.Context, subject, artifactType string, yield func(Descriptor) error) error {
	if err := (Descriptor{Digest: subject}).check(); err != nil {
		return err
	}
	seen := map[string]bool{}
	err := r.backend.referrers(ctx, subject, artifactType, func(d Descriptor) error {
		if seen[d.Digest] {
			return nil
		}
		seen[d.Digest] = true
		return yield(d)
	})
	if err != nil {
		return fmt.Errorf("referrers of %s in %s: %w", subject, r, err)
	}
	return nil
}

// Delete removes a tag, or the manifest with a digest together with its tags
// and its place among referrers. Blobs stay: others may use them. Deleting
// what is not there is ErrNotFound.
func (r *Repository) Delete(ctx context.Context, tagOrDigest string) error {
	if err := checkTarget(tagOrDigest); err != nil {
		return err
	}
	if err := r.backend.remove(ctx, tagOrDigest); err != nil {
		return fmt.Errorf("deleting %s in %s: %w", tagOrDigest, r, err)
	}
	return nil
}

// Lock keeps other processes that call Lock out of a layout until unlock, for
// work of several steps. Single writes are safe without. On a registry it does
// nothing.
func (r *Repository) Lock(ctx context.Context) (unlock func(), err error) { return r.backend.lock(ctx) }

func bytesOpener(b []byte) Opener {
	return func(from int64) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b[from:])), nil }
}
