// Package artifact holds the words under which Weighlock stores things in an
// OCI registry: media types, predicate types, annotations, tags and digests.
// It knows their spelling and nothing else; reading and writing is left to
// internal/oci, signing to internal/sign.
package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Media types of manifests, layers and configs that Weighlock writes.
const (
	// MediaTypeEvidence is the artifactType of a manifest that carries
	// evidence files (predictions, replay inputs) with a model as subject.
	MediaTypeEvidence = "application/vnd.weighlock.evidence.v1"
	// MediaTypeSpec is the artifactType of a committed spec, tagged spec-<hex>.
	MediaTypeSpec = "application/vnd.weighlock.spec.v1"
	// MediaTypeEntry is the artifactType of one entry of a signed chain.
	MediaTypeEntry = "application/vnd.weighlock.entry.v1"
	// MediaTypeTurn is the artifactType of what TurnTag points at.
	MediaTypeTurn = "application/vnd.weighlock.turn.v1"
	// MediaTypePolicy is the artifactType of an OPA bundle of rules.
	MediaTypePolicy = "application/vnd.weighlock.policy.v1"
	// MediaTypeBundle is a Sigstore bundle, as cosign v3 attaches it.
	MediaTypeBundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
	// MediaTypeEmpty is the config of an artifact that needs none.
	MediaTypeEmpty = "application/vnd.oci.empty.v1+json"
	// MediaTypeManifest and MediaTypeIndex are OCI's own.
	MediaTypeManifest = "application/vnd.oci.image.manifest.v1+json"
	MediaTypeIndex    = "application/vnd.oci.image.index.v1+json"
	// MediaTypeConfig and MediaTypeLayer make the model image an ordinary
	// image, so that KServe and image volumes can mount it.
	MediaTypeConfig = "application/vnd.oci.image.config.v1+json"
	MediaTypeLayer  = "application/vnd.oci.image.layer.v1.tar"
	MediaTypeJSON   = "application/json"
	MediaTypeCSV    = "text/csv"
	MediaTypeText   = "text/plain"
	// MediaTypePolicyLayer is an OPA bundle, a gzipped tar.
	MediaTypePolicyLayer = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// PayloadType is the DSSE payload type of an in-toto statement.
const PayloadType = "application/vnd.in-toto+json"

// StatementType is the _type of an in-toto Statement v1.
const StatementType = "https://in-toto.io/Statement/v1"

// Predicate types that are not Weighlock's own.
const (
	// PredicateSign is cosign's image signature.
	PredicateSign = "https://sigstore.dev/cosign/sign/v1"
	// PredicateVSA is SLSA's verification summary.
	PredicateVSA = "https://slsa.dev/verification_summary/v1"
)

const predicatePrefix = "https://weighlock.dev/"

// Predicates lists the short names of Weighlock's own predicate types.
var predicates = [...]string{
	"spec", "run", "lineage", "predictions", "evaluation", "profile", "datacheck", "skew", "drift", "verdict",
	"attempt", "approval", "withdrawal", "waiver", "record", "acknowledgement", "rollout", "incident",
}

// Predicates returns the short names of Weighlock's own predicate types.
func Predicates() []string { return append([]string(nil), predicates[:]...) }

// PredicateType returns the URI of Weighlock's predicate with a short name.
func PredicateType(name string) string { return predicatePrefix + name + "/v1" }

// PredicateName returns the short name behind a predicate type URI. It is
// "vsa" and "sign" for the two foreign types that Weighlock writes, and false
// for any other.
func PredicateName(uri string) (string, bool) {
	switch uri {
	case PredicateVSA:
		return "vsa", true
	case PredicateSign:
		return "sign", true
	}
	for _, name := range predicates {
		if uri == PredicateType(name) {
			return name, true
		}
	}
	return "", false
}

// Annotations.
const (
	AnnotationModelName     = "dev.weighlock.model.name"
	AnnotationModelTask     = "dev.weighlock.model.task"
	AnnotationTitle         = "org.opencontainers.image.title"
	AnnotationCreated       = "org.opencontainers.image.created"
	AnnotationRefName       = "org.opencontainers.image.ref.name"
	AnnotationBundleContent = "dev.sigstore.bundle.content"
	AnnotationPredicateType = "dev.sigstore.bundle.predicateType"
	// AnnotationRole says what a layer of an evidence artifact is:
	// predictions, training, input, policy, parameters, verifier.
	AnnotationRole = "dev.weighlock.evidence.role"
	// AnnotationTurn names, at random, the process that has its turn; empty if
	// nobody has.
	AnnotationTurn = "dev.weighlock.turn"
)

// MetadataDir is the folder in the model image for Weighlock's own files;
// ModelsDir is the folder for the model's.
const (
	ModelsDir   = "models"
	MetadataDir = "models/.weighlock"
)

// LocalDir is the folder beside the project file in which statements lie
// before there is an image.
const LocalDir = ".weighlock"

// Digest is the SHA-256 of b in OCI's spelling, sha256:<64 hex digits>.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// DigestReader is the SHA-256 of all of r, with its size in bytes.
func DigestReader(r io.Reader) (digest string, size int64, err error) {
	h := sha256.New()
	size, err = io.Copy(h, r)
	if err != nil {
		return "", size, err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), size, nil
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ValidDigest says whether s is sha256:<64 lower-case hex digits>.
func ValidDigest(s string) bool { return digestForm.MatchString(s) }

// Hex is the part of a digest behind the colon.
func Hex(digest string) string {
	_, hex, _ := strings.Cut(digest, ":")
	return hex
}

// Short is a digest as people read it: its first twelve hex digits.
func Short(digest string) string {
	if h := Hex(digest); len(h) >= 12 {
		return "sha256:" + h[:12]
	}
	return digest
}

// SpecTag is the tag of the artifact that holds a spec, by the SHA-256 of its
// canonical JSON.
func SpecTag(digest string) string { return "spec-" + Hex(digest) }

// AttemptsPrefix is the tag prefix of the chain of publish attempts.
const AttemptsPrefix = "at-"

// TurnTag is the tag of whose turn it is to write in a registry.
const TurnTag = "weighlock-turn"

// EntryTag is the tag of entry seq (from 1) of the chain with a prefix.
func EntryTag(prefix string, seq int) string { return fmt.Sprintf("%s%06d", prefix, seq) }

// EntrySeq reads the sequence number out of an entry's tag.
func EntrySeq(prefix, tag string) (int, bool) {
	rest, ok := strings.CutPrefix(tag, prefix)
	if !ok || len(rest) != 6 {
		return 0, false
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil && n > 0
}

var (
	entryTag  = regexp.MustCompile(`^(at|ro-.+)-[0-9]{6}$`)
	cosignTag = regexp.MustCompile(`^sha256-[0-9a-f]{64}(\.(sig|att|sbom))?$`)
	specTag   = regexp.MustCompile(`^spec-([0-9a-f]{32}|[0-9a-f]{64})$`)
)

// Internal says whether a tag is bookkeeping (chain entries, specs, turns,
// referrers fallback, cosign's signatures) and not a version or channel that a person
// gave.
func Internal(tag string) bool {
	return entryTag.MatchString(tag) || cosignTag.MatchString(tag) || specTag.MatchString(tag) || tag == TurnTag
}
