// Package catalog answers what a repository holds: versions, and the
// statements and evidence files attached to an image. It reads and orders; it
// believes nothing, and leaves signatures to its callers.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// maxBundle bounds one signed bundle, and maxAttached the referrers that are
// read of one image.
const (
	maxBundle   = 24 << 20
	maxAttached = 100_000
)

// Attached is one signed bundle attached to an image, as it lies in the
// repository.
type Attached struct {
	// Manifest is the digest of the referrer, Digest that of the bundle's bytes.
	Manifest, Digest string
	// Claim is the predicate type that the referrer's annotation names; only
	// the statement inside the bundle is signed.
	Claim  string
	Bundle []byte
}

// Gone is a referrer that is listed and cannot be read any more.
type Gone struct {
	Manifest, Claim string
	Err             error
}

// Bundles reads every Sigstore bundle attached to an image, ordered by
// digest. Referrers that are listed but whose bytes are gone are returned
// apart; any other fault is an error, since half of the evidence is not
// evidence.
func Bundles(ctx context.Context, repo *oci.Repository, subject string) ([]Attached, []Gone, error) {
	list, err := repo.Referrers(ctx, subject, artifact.MediaTypeBundle)
	if err != nil {
		return nil, nil, fmt.Errorf("listing what is attached to %s: %w", artifact.Short(subject), err)
	}
	if len(list) > maxAttached {
		return nil, nil, fmt.Errorf("%s in %s has %d statements attached; at most %d are read\nhint: delete from the repository what does not belong there", artifact.Short(subject), repo, len(list), maxAttached)
	}
	var (
		found []Attached
		gone  []Gone
	)
	for _, d := range list {
		a, err := readBundle(ctx, repo, d)
		switch {
		case errors.Is(err, oci.ErrNotFound):
			gone = append(gone, Gone{Manifest: d.Digest, Claim: d.Annotations[artifact.AnnotationPredicateType], Err: err})
		case err != nil:
			return nil, nil, fmt.Errorf("reading the statement %s attached to %s: %w", artifact.Short(d.Digest), artifact.Short(subject), err)
		default:
			found = append(found, *a)
		}
	}
	slices.SortFunc(found, func(a, b Attached) int { return strings.Compare(a.Digest, b.Digest) })
	return found, gone, nil
}

func readBundle(ctx context.Context, repo *oci.Repository, d oci.Descriptor) (*Attached, error) {
	m, err := manifest(ctx, repo, d.Digest)
	if err != nil {
		return nil, err
	}
	if len(m.Layers) != 1 {
		return nil, fmt.Errorf("it has %d layers, where a bundle has one\nhint: delete it from the repository, and attach the bundle again if it is needed", len(m.Layers))
	}
	b, err := repo.ReadBlob(ctx, m.Layers[0], maxBundle)
	if err != nil {
		return nil, err
	}
	return &Attached{Manifest: d.Digest, Digest: artifact.Digest(b), Claim: m.Annotations[artifact.AnnotationPredicateType], Bundle: b}, nil
}

func manifest(ctx context.Context, repo *oci.Repository, digest string) (*oci.Manifest, error) {
	b, _, err := repo.Manifest(ctx, digest)
	if err != nil {
		return nil, err
	}
	m, err := oci.ParseManifest(b)
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", artifact.Short(digest), err)
	}
	return &m, nil
}

// File is one evidence file attached to an image.
type File struct {
	Role, Title string
	Descriptor  oci.Descriptor
}

// Files lists the evidence files attached to an image, ordered by role and
// digest. Evidence artifacts whose manifest is gone are left out: whoever
// needs a file of theirs looks for its digest and does not find it.
func Files(ctx context.Context, repo *oci.Repository, subject string) ([]File, error) {
	list, err := repo.Referrers(ctx, subject, artifact.MediaTypeEvidence)
	if err != nil {
		return nil, fmt.Errorf("listing the evidence files of %s: %w", artifact.Short(subject), err)
	}
	var files []File
	for _, d := range list {
		m, err := manifest(ctx, repo, d.Digest)
		if errors.Is(err, oci.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, l := range m.Layers {
			files = append(files, File{Role: l.Annotations[artifact.AnnotationRole], Title: l.Annotations[artifact.AnnotationTitle], Descriptor: l})
		}
	}
	slices.SortFunc(files, func(a, b File) int {
		return strings.Compare(a.Role+a.Descriptor.Digest, b.Role+b.Descriptor.Digest)
	})
	return files, nil
}

// FindFile reads the evidence file with a digest, out of those attached to an
// image.
func FindFile(ctx context.Context, repo *oci.Repository, subject, digest string, limit int64) ([]byte, error) {
	files, err := Files(ctx, repo, subject)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.Descriptor.Digest == digest {
			return repo.ReadBlob(ctx, f.Descriptor, limit)
		}
	}
	return nil, fmt.Errorf("evidence file %s of %s: %w", artifact.Short(digest), artifact.Short(subject), oci.ErrNotFound)
}

// HasFile says whether the bytes of an evidence file with a digest can be
// read to their end.
func HasFile(ctx context.Context, repo *oci.Repository, files []File, digest string) (bool, error) {
	for _, f := range files {
		if f.Descriptor.Digest != digest {
			continue
		}
		rc, err := repo.Blob(ctx, f.Descriptor)
		if errors.Is(err, oci.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		_, err = io.Copy(io.Discard, rc)
		rc.Close()
		if err != nil {
			return false, fmt.Errorf("evidence file %s: %w", artifact.Short(digest), err)
		}
		return true, nil
	}
	return false, nil
}

// Versions lists the tags of a repository that people gave, sorted; internal
// bookkeeping is left out.
func Versions(ctx context.Context, repo *oci.Repository) ([]string, error) {
	tags, err := repo.Tags(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the tags of %s: %w", repo, err)
	}
	tags = slices.DeleteFunc(tags, artifact.Internal)
	slices.Sort(tags)
	return tags, nil
}

// HasSpec says whether the artifact of a committed spec, tagged by the digest
// of its canonical JSON, can be read to its end.
func HasSpec(ctx context.Context, repo *oci.Repository, digest string) (bool, error) {
	err := readSpec(ctx, repo, digest)
	if errors.Is(err, oci.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("the committed spec %s: %w", artifact.Short(digest), err)
	}
	return true, nil
}

func readSpec(ctx context.Context, repo *oci.Repository, digest string) error {
	d, err := repo.Resolve(ctx, artifact.SpecTag(digest))
	if err != nil {
		return err
	}
	m, err := manifest(ctx, repo, d.Digest)
	if err != nil {
		return err
	}
	if len(m.Layers) == 0 || m.Layers[0].Digest != digest {
		return fmt.Errorf("%w: its tag leads to something else", oci.ErrIntegrity)
	}
	for _, l := range append([]oci.Descriptor{m.Config}, m.Layers...) {
		if _, err := repo.ReadBlob(ctx, l, maxBundle); err != nil {
			return err
		}
	}
	return nil
}
