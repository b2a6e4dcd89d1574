// Package oci is the one store of Weighlock: a repository of manifests, blobs
// and tags, in a registry or in an OCI image layout on disk. Both answer the
// same questions with the same values, so a verdict cannot depend on which it
// was. Open one with Open and a reference such as ghcr.io/acme/m:1.0 or
// oci:models/m:1.0.
//
// Nothing that is read is believed: manifests and blobs are checked against
// digest and size, and a fault of disk or network is an error of its own kind,
// never an absence. What the content means is left to the callers.
package oci

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weighlock/weighlock/internal/artifact"
)

// What can go wrong, to be told apart with errors.Is.
var (
	// ErrNotFound: the repository answered, and it is not there.
	ErrNotFound = errors.New("not found")
	// ErrExists: the tag is taken by other content; see ExistsError.
	ErrExists = errors.New("exists already")
	// ErrIntegrity: bytes do not have the digest or size by which they are named.
	ErrIntegrity = errors.New("content is not what its digest says")
	// ErrNetwork: no answer, or one that says try again later.
	ErrNetwork = errors.New("registry or network fault")
	// ErrDenied: the registry wants other credentials.
	ErrDenied = errors.New("access denied")
	// ErrLocked: another process held the layout's lock for too long. It is
	// an ErrNetwork too: worth a retry.
	ErrLocked error = retryable{errors.New("locked by another process")}
	// ErrReference: the text does not name a repository.
	ErrReference = errors.New("not a reference")
)

// retryable is an ErrNetwork that does not speak of networks.
type retryable struct{ error }

func (retryable) Is(target error) bool { return target == ErrNetwork }

// ExistsError says which content holds a tag that was to be new.
type ExistsError struct{ Tag, Digest string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("tag %s %v, with %s", e.Tag, ErrExists, e.Digest)
}

// Is makes an ExistsError an ErrExists.
func (e *ExistsError) Is(target error) bool { return target == ErrExists }

// MaxManifest is the size in bytes beyond which a manifest is refused.
const MaxManifest = 4 << 20

// Descriptor names content by digest and size (OCI image-spec, descriptor.md).
type Descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

// bare is the descriptor without what only its manifest may say.
func (d Descriptor) bare() Descriptor {
	return Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
}

func (d Descriptor) check() error {
	if !artifact.ValidDigest(d.Digest) {
		return fmt.Errorf("digest %q: %w\nhint: a digest is sha256: and 64 hex digits", d.Digest, ErrReference)
	}
	if d.Size < 0 {
		return fmt.Errorf("descriptor of %s: size %d: %w", d.Digest, d.Size, ErrIntegrity)
	}
	return nil
}

// Manifest is an OCI image manifest (image-spec, manifest.md).
type Manifest struct {
	MediaType    string            // empty: artifact.MediaTypeManifest
	ArtifactType string            // empty for an ordinary image
	Config       Descriptor        // zero: the empty config, which must have been pushed
	Layers       []Descriptor      // in order
	Subject      *Descriptor       // what this manifest refers to, if anything
	Annotations  map[string]string // of the manifest itself
}

type manifestJSON struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType,omitempty"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        *Descriptor       `json:"config,omitempty"`
	Layers        []Descriptor      `json:"layers,omitempty"`
	Manifests     []json.RawMessage `json:"manifests,omitempty"`
	Subject       *Descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Bytes is the manifest as it is pushed: the same value, the same bytes.
func (m Manifest) Bytes() ([]byte, error) {
	config := m.Config
	if config.Digest == "" {
		config = emptyConfig
	}
	j := manifestJSON{SchemaVersion: 2, MediaType: m.MediaType, ArtifactType: m.ArtifactType, Config: &config, Layers: m.Layers, Annotations: m.Annotations}
	if j.MediaType == "" {
		j.MediaType = artifact.MediaTypeManifest
	}
	if m.Subject != nil {
		subject := m.Subject.bare()
		j.Subject = &subject
	}
	return json.Marshal(j)
}

// ParseManifest reads an image manifest. An index, or anything else, is
// refused with ErrIntegrity.
func ParseManifest(raw []byte) (Manifest, error) {
	var j manifestJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w: %w", ErrIntegrity, err)
	}
	if j.SchemaVersion != 2 || j.Config == nil {
		return Manifest{}, fmt.Errorf("manifest of type %q is not an image manifest: %w", j.MediaType, ErrIntegrity)
	}
	for _, d := range append([]Descriptor{*j.Config}, j.Layers...) {
		if err := d.check(); err != nil {
			return Manifest{}, fmt.Errorf("manifest: %w: %w", ErrIntegrity, err)
		}
	}
	return Manifest{MediaType: j.MediaType, ArtifactType: j.ArtifactType, Config: *j.Config, Layers: j.Layers, Subject: j.Subject, Annotations: j.Annotations}, nil
}

// ParseIndex lists the manifests of an image index.
func ParseIndex(raw []byte) ([]Descriptor, error) {
	var j struct {
		SchemaVersion int          `json:"schemaVersion"`
		Manifests     []Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, fmt.Errorf("index: %w: %w", ErrIntegrity, err)
	}
	if j.SchemaVersion != 2 {
		return nil, fmt.Errorf("index: it is not an image index: %w", ErrIntegrity)
	}
	for _, d := range j.Manifests {
		if err := d.check(); err != nil {
			return nil, fmt.Errorf("index: %w: %w", ErrIntegrity, err)
		}
	}
	return j.Manifests, nil
}

var (
	emptyBytes  = []byte("{}")
	emptyConfig = Descriptor{MediaType: artifact.MediaTypeEmpty, Digest: artifact.Digest(emptyBytes), Size: int64(len(emptyBytes))}
)

// head is what a descriptor of a manifest or index repeats of its content.
type head struct {
	Descriptor
	Subject string // digest, empty where there is none
}

// readHead describes the bytes of a manifest or index. mediaType is what the
// store calls it, for old manifests that do not say it themselves.
func readHead(raw []byte, mediaType string) (head, error) {
	var j manifestJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return head{}, fmt.Errorf("not a manifest: %w", err)
	}
	if j.SchemaVersion != 2 || (j.Config == nil && j.Manifests == nil && j.MediaType != artifact.MediaTypeIndex) {
		return head{}, errors.New("not a manifest")
	}
	h := head{Descriptor: Descriptor{MediaType: j.MediaType, Digest: artifact.Digest(raw), Size: int64(len(raw)), ArtifactType: j.ArtifactType, Annotations: j.Annotations}}
	if h.MediaType == "" {
		h.MediaType = mediaType
	}
	if h.MediaType == "" && j.Config == nil {
		h.MediaType = artifact.MediaTypeIndex
	}
	if h.MediaType == "" {
		h.MediaType = artifact.MediaTypeManifest
	}
	if h.ArtifactType == "" && j.Config != nil {
		h.ArtifactType = j.Config.MediaType
	}
	if j.Subject != nil {
		h.Subject = j.Subject.Digest
	}
	return h, nil
}
