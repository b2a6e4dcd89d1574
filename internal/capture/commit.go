package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

// Commitment is a spec that was signed.
type Commitment struct {
	Spec   *project.Spec
	Digest string // of the spec's canonical JSON
	Bundle string // digest of the signed bundle
	Reused bool   // it was signed before, by someone who may
}

// CommitSpec signs the spec that a project amounts to and keeps it in the
// local layout, so that it exists before training. The very same spec is not
// signed twice: what lies there counts if its bytes are right and it is signed
// by the same key, or by one that d.Trust lets sign specs. testDigest is that
// of the test set as read; project.ErrPinned where the project pins another.
func CommitSpec(ctx context.Context, d Deps, p *project.Project, testDigest string) (*Commitment, error) {
	if d.Key == nil {
		return nil, errNoKey
	}
	spec, err := p.Spec(testDigest)
	if errors.Is(err, project.ErrPinned) {
		return nil, fmt.Errorf("%w: %w\nhint: if the data was meant to change, `weighlock pin` writes its new digest; if not, put the pinned file back", oci.ErrIntegrity, err)
	}
	if err != nil {
		return nil, err
	}
	text, err := spec.Canonical()
	if err != nil {
		return nil, err
	}
	c := &Commitment{Spec: spec, Digest: artifact.Digest(text)}
	if c.Bundle = d.committed(ctx, text); c.Bundle != "" {
		c.Reused = true
		return c, nil
	}
	statement, err := attest.New("spec", []attest.Subject{attest.Of("spec", c.Digest)}, commitment{lineage.Model{Name: p.Name}, spec})
	if err != nil {
		return nil, err
	}
	bundle, err := d.Key.Sign(ctx, statement, d.TSA)
	if err != nil {
		return nil, err
	}
	c.Bundle = artifact.Digest(bundle)
	return c, d.storeSpec(ctx, text, bundle)
}

// storeSpec keeps the signed spec under its own digest, where the next run
// finds it, and under the bundle's, where it stays when the spec is signed
// again by another.
func (d Deps) storeSpec(ctx context.Context, text, bundle []byte) error {
	if err := ignoreLocal(d.Local); err != nil {
		return fmt.Errorf("storing the spec: %w", err)
	}
	if _, err := store(ctx, d.Local, "spec", bundle, d.now()); err != nil {
		return err
	}
	a := oci.Artifact{
		Type: artifact.MediaTypeSpec,
		Layers: []oci.Layer{
			{MediaType: artifact.MediaTypeJSON, Bytes: text},
			{MediaType: artifact.MediaTypeBundle, Bytes: bundle},
		},
		Annotations: bundleAnnotations("spec", d.now()),
	}
	if err := storeAs(ctx, d.Local, a, artifact.SpecTag(artifact.Digest(text))); err != nil {
		return fmt.Errorf("storing the spec: %w", err)
	}
	return nil
}

// committed is the digest of the bundle by which this very spec was signed
// before, or empty: then it is signed now. So nothing that lies in the local
// layout, damaged or foreign, can keep a run from starting.
func (d Deps) committed(ctx context.Context, spec []byte) string {
	s, err := readStored(ctx, d.Local, artifact.SpecTag(artifact.Digest(spec)))
	if err != nil || s.Predicate != "spec" {
		return ""
	}
	trust := d.Trust
	if trust == nil {
		if trust, err = d.ownTrust(); err != nil {
			return ""
		}
	}
	v, err := trust.Verify(s.Bundle)
	if err != nil || !v.May("spec") || !v.Statement.About(artifact.Digest(spec)) || v.Statement.Name() != "spec" {
		return ""
	}
	if d.TSA != nil && !stamped(s.Bundle) {
		return "" // now it can be had with a time that somebody vouches for
	}
	if s.Time.After(d.now()) || v.Time.After(d.now()) {
		return "" // the clock went back: a run under it would precede its spec
	}
	var c struct {
		Model    lineage.Model   `json:"model"`
		Document json.RawMessage `json:"document"`
	}
	if err := v.Statement.Decode(&c); err != nil || !bytes.Equal(c.Document, spec) {
		return ""
	}
	return s.Digest
}

// maxSkew is how far this machine's clock may lag the timestamp authority's.
const maxSkew = 5 * time.Minute

// notBefore is now, or the trusted time of the signed spec where this
// machine's clock lags the authority's by a little: the record holds the
// spec's digest, so it cannot be older, and a wrong clock must not make it look
// so.
func (d Deps) notBefore(ctx context.Context, spec *Commitment) (time.Time, error) {
	now := d.now()
	if d.Trust == nil {
		return now, nil
	}
	s, err := readStored(ctx, d.Local, artifact.SpecTag(spec.Digest))
	if err != nil {
		return now, fmt.Errorf("reading the signed spec back: %w", err)
	}
	v, err := d.Trust.Verify(s.Bundle)
	if err != nil || !v.HasTime || !v.Time.After(now) {
		return now, nil //nolint:nilerr // a spec that nobody vouches for says nothing about clocks; the gate judges it
	}
	if lag := v.Time.Sub(now); lag > maxSkew {
		return now, fmt.Errorf("this machine's clock lags the timestamp authority's by %s\nhint: set the clock, then run again", lag.Round(time.Second))
	}
	return v.Time, nil
}

// ownTrust trusts the builder's own key and nobody else.
func (d Deps) ownTrust() (*sign.Trust, error) {
	return sign.NewTrust(&verifier.File{Keys: []verifier.Key{{Name: "own", Public: string(d.Key.Public()), Roles: []string{"builder"}}}})
}

// stamped says whether a bundle carries a timestamp.
func stamped(bundle []byte) bool {
	var b struct {
		Material struct {
			Timestamps struct {
				Tokens []json.RawMessage `json:"rfc3161Timestamps"`
			} `json:"timestampVerificationData"`
		} `json:"verificationMaterial"`
	}
	return json.Unmarshal(bundle, &b) == nil && len(b.Material.Timestamps.Tokens) > 0
}
