package oci

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/weighlock/weighlock/internal/artifact"
)

// PushBytes stores a small blob.
func (r *Repository) PushBytes(ctx context.Context, mediaType string, b []byte) (Descriptor, error) {
	d := Descriptor{MediaType: mediaType, Digest: artifact.Digest(b), Size: int64(len(b))}
	return d, r.PushBlob(ctx, d, bytesOpener(b))
}

// PushBlob stores a blob whose digest is known. What is there already, whole,
// is not sent again; open may be called more than once. Bytes that do not
// match the descriptor are refused with ErrIntegrity and leave nothing behind.
func (r *Repository) PushBlob(ctx context.Context, d Descriptor, open Opener) error {
	if err := d.check(); err != nil {
		return err
	}
	if err := r.backend.pushBlob(ctx, d, open); err != nil {
		return fmt.Errorf("pushing blob %s to %s: %w", d.Digest, r, err)
	}
	return nil
}

// MountBlob takes a blob over from another repository of the same registry,
// without moving its bytes. False means that it cannot, and that the blob has
// to be pushed.
func (r *Repository) MountBlob(ctx context.Context, d Descriptor, from *Repository) (bool, error) {
	if err := d.check(); err != nil {
		return false, err
	}
	ok, err := r.backend.mountBlob(ctx, d, from.backend)
	if err != nil {
		return false, fmt.Errorf("mounting blob %s from %s in %s: %w", d.Digest, from, r, err)
	}
	return ok, nil
}

// sink takes the bytes of a blob whose digest is not known yet.
type sink interface {
	io.Writer
	commit(ctx context.Context, d Descriptor) error
	abort()
}

// BlobWriter streams a blob in and hashes it on the way. It ends with Commit
// or Abort; deferring Abort is always right.
type BlobWriter struct {
	sink sink
	hash hash.Hash
	n    int64
	repo *Repository
	over bool
}

// NewBlob begins a blob whose digest is not known beforehand. Bytes go to a
// file: in the layout itself, or temporary, so that what a registry holds
// already need not be sent.
func (r *Repository) NewBlob(ctx context.Context) (*BlobWriter, error) {
	s, err := r.backend.newBlob(ctx)
	if err != nil {
		return nil, fmt.Errorf("pushing to %s: %w", r, err)
	}
	return &BlobWriter{sink: s, hash: sha256.New(), repo: r}, nil
}

// Write hashes the bytes while they are written, so that a blob takes the time
// of the slower of the two and not of both.
func (w *BlobWriter) Write(p []byte) (int, error) {
	if len(p) < together {
		n, err := w.sink.Write(p)
		w.hash.Write(p[:n])
		w.n += int64(n)
		return n, err
	}
	hashed := make(chan struct{})
	go func() {
		w.hash.Write(p)
		close(hashed)
	}()
	n, err := w.sink.Write(p)
	<-hashed
	w.n += int64(n)
	if err != nil && n < len(p) {
		w.Abort() // the hash is of bytes that are not there
	}
	return n, err
}

// together is how many bytes it takes for a second goroutine to pay.
const together = 64 << 10

// Commit makes the blob visible, whole, and names it.
func (w *BlobWriter) Commit(ctx context.Context, mediaType string) (Descriptor, error) {
	if w.over {
		return Descriptor{}, errors.New("blob was committed or aborted before")
	}
	d := Descriptor{MediaType: mediaType, Digest: "sha256:" + hex.EncodeToString(w.hash.Sum(nil)), Size: w.n}
	w.over = true
	if err := w.sink.commit(ctx, d); err != nil {
		return Descriptor{}, fmt.Errorf("pushing blob %s to %s: %w", d.Digest, w.repo, err)
	}
	return d, nil
}

// Abort throws the bytes away; after Commit it does nothing.
func (w *BlobWriter) Abort() {
	if !w.over {
		w.over = true
		w.sink.abort()
	}
}

// PushManifest stores a manifest, untagged. Where it has a subject it is
// listed among the subject's referrers. Config and layers must be there.
func (r *Repository) PushManifest(ctx context.Context, m Manifest) (Descriptor, error) {
	return r.putManifest(ctx, m, "", false)
}

// PushTagged is PushManifest and Tag in one step; in a layout no one sees one
// without the other.
func (r *Repository) PushTagged(ctx context.Context, m Manifest, tag string) (Descriptor, error) {
	return r.putTagged(ctx, m, tag, false)
}

// PushIfAbsent is PushManifest and TagIfAbsent in one step. In a layout, where
// the tag is taken nothing is stored; on a registry the manifest may be left
// behind, so its descriptor is returned with the error too.
func (r *Repository) PushIfAbsent(ctx context.Context, m Manifest, tag string) (Descriptor, error) {
	return r.putTagged(ctx, m, tag, true)
}

func (r *Repository) putTagged(ctx context.Context, m Manifest, tag string, absent bool) (Descriptor, error) {
	if !tagForm.MatchString(tag) {
		return Descriptor{}, refuse(tag, "it is not a tag", "letters, digits, and . _ - and at most 128 of them")
	}
	return r.putManifest(ctx, m, tag, absent)
}

func (r *Repository) putManifest(ctx context.Context, m Manifest, tag string, absent bool) (Descriptor, error) {
	if m.Subject != nil {
		if err := m.Subject.check(); err != nil {
			return Descriptor{}, fmt.Errorf("subject: %w", err)
		}
	}
	raw, err := m.Bytes()
	if err != nil {
		return Descriptor{}, err
	}
	return r.putBytes(ctx, raw, tag, absent)
}

func (r *Repository) putBytes(ctx context.Context, raw []byte, tag string, absent bool) (Descriptor, error) {
	if len(raw) > MaxManifest {
		return Descriptor{}, fmt.Errorf("pushing to %s: the manifest has %d bytes, more than the %d that registries take", r, len(raw), MaxManifest)
	}
	h, err := readHead(raw, "")
	if err != nil {
		return Descriptor{}, fmt.Errorf("pushing to %s: %w", r, err)
	}
	if err := r.backend.pushManifest(ctx, h, raw, tag, absent); err != nil {
		return h.Descriptor, fmt.Errorf("pushing manifest %s to %s: %w", h.Digest, r, err)
	}
	return h.Descriptor, nil
}

// PushManifestBytes stores a manifest or index as it is, as when it is copied
// from another repository.
func (r *Repository) PushManifestBytes(ctx context.Context, raw []byte) (Descriptor, error) {
	return r.putBytes(ctx, raw, "", false)
}

// Artifact is a manifest over a few small files.
type Artifact struct {
	Type        string // artifactType
	Layers      []Layer
	Subject     *Descriptor
	Annotations map[string]string
}

// Layer is one small file of an Artifact.
type Layer struct {
	MediaType   string
	Bytes       []byte
	Annotations map[string]string
}

// PushArtifact stores layers, the empty config and the manifest over them,
// untagged.
func (r *Repository) PushArtifact(ctx context.Context, a Artifact) (Descriptor, error) {
	m, err := r.pushParts(ctx, a)
	if err != nil {
		return Descriptor{}, err
	}
	return r.PushManifest(ctx, m)
}

// PushArtifactIfAbsent is PushArtifact under a tag that must be new, as in
// PushIfAbsent.
func (r *Repository) PushArtifactIfAbsent(ctx context.Context, a Artifact, tag string) (Descriptor, error) {
	m, err := r.pushParts(ctx, a)
	if err != nil {
		return Descriptor{}, err
	}
	return r.PushIfAbsent(ctx, m, tag)
}

func (r *Repository) pushParts(ctx context.Context, a Artifact) (Manifest, error) {
	m := Manifest{ArtifactType: a.Type, Config: emptyConfig, Subject: a.Subject, Annotations: a.Annotations}
	if _, err := r.PushBytes(ctx, artifact.MediaTypeEmpty, emptyBytes); err != nil {
		return m, err
	}
	for _, l := range a.Layers {
		d, err := r.PushBytes(ctx, l.MediaType, l.Bytes)
		if err != nil {
			return m, err
		}
		d.Annotations = l.Annotations
		m.Layers = append(m.Layers, d)
	}
	if len(m.Layers) == 0 {
		m.Layers = []Descriptor{emptyConfig}
	}
	return m, nil
}

// Tag points a tag at a manifest that is in the repository.
func (r *Repository) Tag(ctx context.Context, d Descriptor, tag string) error {
	return r.retag(ctx, d, tag, false)
}

// TagIfAbsent points a new tag at a manifest. Where the tag is taken by other
// content it fails with an *ExistsError; by the same, it succeeds. A layout
// decides under its lock. A registry has no compare-and-swap: the tag is
// looked up, set and read back, so of two writers at the same moment the
// slower wins, and a faster one that has read back already is not told.
func (r *Repository) TagIfAbsent(ctx context.Context, d Descriptor, tag string) error {
	return r.retag(ctx, d, tag, true)
}

func (r *Repository) retag(ctx context.Context, d Descriptor, tag string, absent bool) error {
	if !tagForm.MatchString(tag) {
		return refuse(tag, "it is not a tag", "letters, digits, and . _ - and at most 128 of them")
	}
	raw, got, err := r.Manifest(ctx, d.Digest)
	if err != nil {
		return fmt.Errorf("tagging %s: %w", tag, err)
	}
	h, err := readHead(raw, got.MediaType)
	if err != nil {
		return err
	}
	if err := r.backend.pushManifest(ctx, h, raw, tag, absent); err != nil {
		return fmt.Errorf("tagging %s as %s in %s: %w", d.Digest, tag, r, err)
	}
	return nil
}

func sortDescriptors(ds []Descriptor) {
	slices.SortFunc(ds, func(a, b Descriptor) int { return cmp.Compare(a.Digest, b.Digest) })
}
