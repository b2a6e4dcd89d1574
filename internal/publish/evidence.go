package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// Attach pushes a signed bundle as a referrer of an image, exactly as cosign
// v3 does, so that its verify-attestation finds it.
func Attach(ctx context.Context, repo *oci.Repository, subject oci.Descriptor, predicateType string, bundle []byte, created time.Time) (oci.Descriptor, error) {
	d, err := repo.PushArtifact(ctx, oci.Artifact{
		Type:    artifact.MediaTypeBundle,
		Subject: &subject,
		Layers:  []oci.Layer{{MediaType: artifact.MediaTypeBundle, Bytes: bundle}},
		Annotations: map[string]string{
			artifact.AnnotationBundleContent: "dsse-envelope",
			artifact.AnnotationPredicateType: predicateType,
			artifact.AnnotationCreated:       created.UTC().Truncate(time.Second).Format(time.RFC3339),
		},
	})
	if err != nil {
		return d, fmt.Errorf("attaching a statement of type %s: %w", predicateType, err)
	}
	return d, nil
}

// pushEvidence attaches every statement that the verdict names, and the files
// that it can be replayed from.
func (p *publication) pushEvidence(ctx context.Context) error {
	if err := p.pushSpec(ctx); err != nil {
		return err
	}
	for _, e := range p.w.Evidence {
		if err := p.attachBundle(ctx, e.Statement.PredicateType, e.Bundle); err != nil {
			return err
		}
	}
	for i, s := range p.measured.Statements {
		if err := p.attachBundle(ctx, s.PredicateType, p.signed[i]); err != nil {
			return err
		}
	}
	d := p.decision
	files := []oci.Layer{
		file("input", "input.json", artifact.MediaTypeJSON, d.Input),
		file("policy", "policy.tar.gz", artifact.MediaTypePolicyLayer, d.Archive),
		file("parameters", "parameters.json", artifact.MediaTypeJSON, d.Parameters),
		file("verifier", "verifier.json", artifact.MediaTypeJSON, d.Verifier),
	}
	if stored := p.measured.Result.Stored; len(stored) > 0 {
		files = append(files, file("predictions", "predictions.csv", artifact.MediaTypeCSV, stored))
	}
	if ids := p.measured.Result.TrainingIDs; len(ids) > 0 {
		files = append(files, file("training", "training-ids.txt", artifact.MediaTypeText, ids))
	}
	for _, f := range files {
		_, err := p.repo.PushArtifact(ctx, oci.Artifact{
			Type: artifact.MediaTypeEvidence, Subject: &p.image.Descriptor, Layers: []oci.Layer{f},
		})
		if err != nil {
			return fmt.Errorf("storing the %s: %w", f.Annotations[artifact.AnnotationRole], err)
		}
	}
	return nil
}

func file(role, title, mediaType string, b []byte) oci.Layer {
	return oci.Layer{MediaType: mediaType, Bytes: b, Annotations: map[string]string{
		artifact.AnnotationRole: role, artifact.AnnotationTitle: title,
	}}
}

// pushSpec stores the committed spec under its own tag, with the bundle that
// commits it.
func (p *publication) pushSpec(ctx context.Context) error {
	text, err := p.w.Spec.Canonical()
	if err != nil {
		return err
	}
	files := []oci.Layer{file("spec", "spec.json", artifact.MediaTypeJSON, text)}
	for _, e := range p.w.Evidence {
		if e.Name == "spec" && e.Statement.About(p.w.SpecDigest) {
			files = append(files, file("bundle", "spec.sigstore.json", artifact.MediaTypeBundle, e.Bundle))
		}
	}
	d, err := p.repo.PushArtifact(ctx, oci.Artifact{Type: artifact.MediaTypeSpec, Layers: files})
	if err != nil {
		return fmt.Errorf("storing the spec: %w", err)
	}
	return p.repo.Tag(ctx, d, artifact.SpecTag(p.w.SpecDigest))
}
