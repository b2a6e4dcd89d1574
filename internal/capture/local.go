package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/sign"
)

// Stored is a signed statement in the local layout.
type Stored struct {
	Predicate string    // short name, as the annotation says: a hint until the bundle is verified
	Bundle    []byte    // Sigstore bundle v0.3
	Digest    string    // of Bundle
	Time      time.Time // when it was stored, by the builder's clock; zero if not said
}

// OpenLocal is the layout beside the project file in dir, in which statements
// lie before there is an image. It need not exist yet.
func OpenLocal(dir string) (*oci.Repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	repo, _, err := oci.Open("oci:"+filepath.Join(abs, artifact.LocalDir), oci.Options{})
	return repo, err
}

// localTag matches the tags under which statements are stored.
var localTag = regexp.MustCompile(`^(spec-[0-9a-f]{64}|(spec|run|lineage|predictions)-[0-9a-f]{32})$`)

// Statements are all signed statements of the local layout, each once, in order of tags;
// none where there is no layout. Their signatures are not verified here, and
// one that cannot be read is an error, never passed over.
func Statements(ctx context.Context, local *oci.Repository) ([]Stored, error) {
	tags, err := local.Tags(ctx)
	if errors.Is(err, oci.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Stored
	seen := map[string]bool{} // a spec lies under two tags
	for _, tag := range tags {
		if !localTag.MatchString(tag) {
			continue
		}
		s, err := readStored(ctx, local, tag)
		if err != nil {
			return nil, fmt.Errorf("statement %s in %s: %w", tag, local, err)
		}
		if !seen[s.Digest] {
			all = append(all, s)
		}
		seen[s.Digest] = true
	}
	return all, nil
}

// readStored reads the one bundle of the artifact that a tag names.
func readStored(ctx context.Context, local *oci.Repository, tag string) (Stored, error) {
	d, err := local.Resolve(ctx, tag)
	if err != nil {
		return Stored{}, err
	}
	text, _, err := local.Manifest(ctx, d.Digest)
	if err != nil {
		return Stored{}, err
	}
	m, err := oci.ParseManifest(text)
	if err != nil {
		return Stored{}, err
	}
	var s Stored
	for _, l := range m.Layers {
		if l.MediaType != artifact.MediaTypeBundle {
			continue
		}
		if s.Bundle != nil {
			return Stored{}, fmt.Errorf("more than one bundle: %w", oci.ErrIntegrity)
		}
		if s.Bundle, err = local.ReadBlob(ctx, l, sign.MaxBundle); err != nil {
			return Stored{}, err
		}
		s.Digest = l.Digest
	}
	if s.Bundle == nil {
		return Stored{}, fmt.Errorf("no bundle: %w", oci.ErrIntegrity)
	}
	s.Predicate, _ = artifact.PredicateName(m.Annotations[artifact.AnnotationPredicateType])
	if at, err := time.Parse(time.RFC3339, m.Annotations[artifact.AnnotationCreated]); err == nil {
		s.Time = at
	}
	return s, nil
}

// store keeps a bundle under a tag of its own.
func store(ctx context.Context, local *oci.Repository, predicate string, bundle []byte, at time.Time) (Stored, error) {
	digest := artifact.Digest(bundle)
	m := oci.Artifact{
		Type:        artifact.MediaTypeBundle,
		Layers:      []oci.Layer{{MediaType: artifact.MediaTypeBundle, Bytes: bundle}},
		Annotations: bundleAnnotations(predicate, at),
	}
	err := storeAs(ctx, local, m, predicate+"-"+artifact.Hex(digest)[:32])
	if err != nil {
		return Stored{}, fmt.Errorf("storing the %s statement: %w", predicate, err)
	}
	return Stored{Predicate: predicate, Bundle: bundle, Digest: digest, Time: at}, nil
}

func storeAs(ctx context.Context, local *oci.Repository, a oci.Artifact, tag string) error {
	d, err := local.PushArtifact(ctx, a)
	if err != nil {
		return err
	}
	return local.Tag(ctx, d, tag)
}

func bundleAnnotations(predicate string, at time.Time) map[string]string {
	return map[string]string{
		artifact.AnnotationBundleContent: "dsse-envelope",
		artifact.AnnotationPredicateType: artifact.PredicateType(predicate),
		artifact.AnnotationCreated:       stamp(at),
	}
}

// ignoreLocal keeps the local layout out of version control.
func ignoreLocal(local *oci.Repository) error {
	dir, ok := strings.CutPrefix(local.String(), "oci:")
	if !ok {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return writable(err)
	}
	name := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(name); err == nil {
		return nil
	}
	return writable(os.WriteFile(name, []byte("*\n"), 0o666))
}

// writable adds what to do where a folder cannot be written to.
func writable(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w\nhint: the folder must be writable: statements about a run are kept beside the project file", err)
	}
	return err
}

// stamp is a moment as statements write it.
func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
