package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strings"
	"sync/atomic"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// A store is where the parts of an image go.
type store interface {
	// layer makes one layer out of a group of files.
	layer(ctx context.Context, b *builder, group []source) (oci.Descriptor, []FileInfo, error)
	// bytes keeps the config.
	bytes(ctx context.Context, mediaType string, text []byte) (oci.Descriptor, error)
	// manifest keeps the manifest, last.
	manifest(ctx context.Context, m oci.Manifest) (oci.Descriptor, error)
	// verb says what is done with the files' bytes.
	verb() string
}

// discard keeps nothing, and only computes digests.
type discard struct{}

func (discard) verb() string { return "hashing" }

func (discard) layer(ctx context.Context, b *builder, group []source) (oci.Descriptor, []FileInfo, error) {
	d := digester{Hash: sha256.New()}
	files, err := b.copier.writeTar(ctx, &d, group, b.seen)
	return d.descriptor(), files, err
}

func (discard) bytes(_ context.Context, mediaType string, text []byte) (oci.Descriptor, error) {
	return oci.Descriptor{MediaType: mediaType, Digest: artifact.Digest(text), Size: int64(len(text))}, nil
}

func (d discard) manifest(ctx context.Context, m oci.Manifest) (oci.Descriptor, error) {
	text, err := m.Bytes()
	if err != nil {
		return oci.Descriptor{}, err
	}
	return d.bytes(ctx, artifact.MediaTypeManifest, text)
}

// digester is the digest and length of what is written to it.
type digester struct {
	hash.Hash
	size int64
}

func (d *digester) Write(b []byte) (int, error) {
	d.size += int64(len(b))
	return d.Hash.Write(b)
}

func (d *digester) descriptor() oci.Descriptor {
	return oci.Descriptor{
		MediaType: artifact.MediaTypeLayer,
		Digest:    "sha256:" + hex.EncodeToString(d.Sum(nil)),
		Size:      d.size,
	}
}

// streamed writes layers while it digests them, for layouts.
type streamed struct{ repo *oci.Repository }

func (streamed) verb() string { return "packing" }

func (s streamed) layer(ctx context.Context, b *builder, group []source) (oci.Descriptor, []FileInfo, error) {
	blob, err := s.repo.NewBlob(ctx)
	if err != nil {
		return oci.Descriptor{}, nil, err
	}
	files, err := b.copier.writeTar(ctx, blob, group, b.seen)
	if err != nil {
		blob.Abort()
		return oci.Descriptor{}, nil, err
	}
	d, err := blob.Commit(ctx, artifact.MediaTypeLayer)
	return d, files, err
}

func (s streamed) bytes(ctx context.Context, mediaType string, text []byte) (oci.Descriptor, error) {
	return s.repo.PushBytes(ctx, mediaType, text)
}

func (s streamed) manifest(ctx context.Context, m oci.Manifest) (oci.Descriptor, error) {
	return s.repo.PushManifest(ctx, m)
}

// uploaded digests layers first, and sends those that the registry lacks.
type uploaded struct{ repo *oci.Repository }

func (uploaded) verb() string { return "hashing" }

func (u uploaded) layer(ctx context.Context, b *builder, group []source) (oci.Descriptor, []FileInfo, error) {
	return discard{}.layer(ctx, b, group)
}

func (u uploaded) bytes(ctx context.Context, mediaType string, text []byte) (oci.Descriptor, error) {
	return u.repo.PushBytes(ctx, mediaType, text)
}

func (u uploaded) manifest(ctx context.Context, m oci.Manifest) (oci.Descriptor, error) {
	return u.repo.PushManifest(ctx, m)
}

// send uploads a digested layer unless the registry has it, by reading its
// files once more. A file that changed in between is refused, by its size and
// time here and by the layer's digest there.
func (u uploaded) send(ctx context.Context, group []source, d oci.Descriptor, seen func(int64)) error {
	l, err := lay(group)
	if err != nil {
		return err
	}
	var reached atomic.Int64
	count := func(at int64) { seen(at - reached.Swap(at)) } // back, where an upload begins again
	err = u.repo.PushBlob(ctx, d, func(from int64) (io.ReadCloser, error) {
		count(from)
		return l.open(from, count)
	})
	if err == nil {
		count(l.size) // all of it, where nothing had to be sent
	}
	return err
}

// isLayout says whether repo is a folder: there a layer costs no transfer, so
// it is written while it is read.
func isLayout(repo *oci.Repository) bool { return strings.HasPrefix(repo.String(), "oci:") }
