package sign

import (
	"context"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"unicode"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/canonical"
)

// MaxBundle is the size in bytes above which a bundle is not read: the largest
// statement in base64, with its signature.
const MaxBundle = attest.MaxStatement/3*4 + 1<<20

// maxTokens bounds the timestamps of one bundle; each costs a signature check.
const maxTokens = 8

// ErrBundle says that bytes are not a bundle that could be verified at all.
// Such bytes say nothing and count for nothing.
var ErrBundle = errors.New("not a Sigstore bundle that can be verified")

// Sign is the statement as a Sigstore bundle v0.3 in JSON, as cosign v3 reads
// it. With a timestamp authority, its token over the signature is part of the
// bundle; an authority that cannot be reached is an error, never a bundle
// without time.
func (k *Key) Sign(ctx context.Context, statement *attest.Statement, tsa Authority) ([]byte, error) {
	payload := statement.Bytes()
	if len(payload) == 0 {
		return nil, errors.New("signing: the statement is empty")
	}
	sig, err := k.sign(ctx, attest.PAE(artifact.PayloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", statement.PredicateType, err)
	}
	material := &protobundle.VerificationMaterial{Content: &protobundle.VerificationMaterial_PublicKey{
		PublicKey: &protocommon.PublicKeyIdentifier{Hint: k.hint},
	}}
	if tsa != nil {
		if material.TimestampVerificationData, err = stamp(ctx, tsa, sig); err != nil {
			return nil, fmt.Errorf("timestamping %s: %w", statement.PredicateType, err)
		}
	}
	return marshal(&protobundle.Bundle{
		MediaType:            artifact.MediaTypeBundle,
		VerificationMaterial: material,
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload:     payload,
			PayloadType: artifact.PayloadType,
			Signatures:  []*protodsse.Signature{{Sig: sig}},
		}},
	})
}

func stamp(ctx context.Context, tsa Authority, sig []byte) (*protobundle.TimestampVerificationData, error) {
	sum := sha256.Sum256(sig)
	token, err := tsa.Timestamp(ctx, sum[:])
	if err != nil {
		return nil, err
	}
	return &protobundle.TimestampVerificationData{
		Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: token}},
	}, nil
}

// marshal brings protobuf's JSON, whose spacing is random on purpose, into
// canonical form.
func marshal(b *protobundle.Bundle) ([]byte, error) {
	text, err := protojson.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	return canonical.Transform(text)
}

// envelope is what counts in a bundle that was signed with a key.
type envelope struct {
	payload, sig []byte
	hint         string
	tokens       [][]byte
}

func parse(text []byte) (*envelope, error) {
	if len(text) > MaxBundle {
		return nil, fmt.Errorf("%w: %d bytes are beyond the limit of %d", ErrBundle, len(text), MaxBundle)
	}
	if err := canonical.Check(text); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrBundle, printable(err))
	}
	b := new(protobundle.Bundle)
	if err := protojson.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrBundle, printable(err))
	}
	if b.GetMediaType() != artifact.MediaTypeBundle {
		return nil, fmt.Errorf("%w: media type %.64q; want %q", ErrBundle, b.GetMediaType(), artifact.MediaTypeBundle)
	}
	e := new(envelope)
	if err := e.readMaterial(b.GetVerificationMaterial()); err != nil {
		return nil, err
	}
	return e, e.readEnvelope(b.GetDsseEnvelope())
}

func (e *envelope) readMaterial(m *protobundle.VerificationMaterial) error {
	switch content := m.GetContent().(type) {
	case *protobundle.VerificationMaterial_PublicKey:
		e.hint = content.PublicKey.GetHint()
	case *protobundle.VerificationMaterial_Certificate, *protobundle.VerificationMaterial_X509CertificateChain:
		return fmt.Errorf("%w: signed with a certificate, and the verifier file lists keys", ErrUntrusted)
	default:
		return fmt.Errorf("%w: it names neither key nor certificate", ErrBundle)
	}
	stamps := m.GetTimestampVerificationData().GetRfc3161Timestamps()
	if len(stamps) > maxTokens {
		return fmt.Errorf("%w: %d timestamps are beyond the limit of %d", ErrBundle, len(stamps), maxTokens)
	}
	for _, s := range stamps {
		e.tokens = append(e.tokens, s.GetSignedTimestamp())
	}
	return nil
}

func (e *envelope) readEnvelope(d *protodsse.Envelope) error {
	if d == nil {
		return fmt.Errorf("%w: it holds no DSSE envelope", ErrBundle)
	}
	if d.GetPayloadType() != artifact.PayloadType {
		return fmt.Errorf("%w: payload type %.64q; want %q", ErrBundle, d.GetPayloadType(), artifact.PayloadType)
	}
	if n := len(d.GetSignatures()); n != 1 {
		return fmt.Errorf("%w: %d signatures; want exactly one", ErrBundle, n)
	}
	if id := d.GetSignatures()[0].GetKeyid(); id != "" && id != e.hint {
		return fmt.Errorf("%w: envelope names key %.64q, bundle names key %.64q", ErrBundle, id, e.hint)
	}
	e.payload, e.sig = d.GetPayload(), d.GetSignatures()[0].GetSig()
	return nil
}

// readable puts words in place of an error that speaks of the fields of
// encoding/asn1, as it does of bytes in which there is no DER of the kind.
func readable(words string, err error) error {
	var structure asn1.StructuralError
	var syntax asn1.SyntaxError
	if errors.As(err, &structure) || errors.As(err, &syntax) {
		return errors.New(words)
	}
	return err
}

// printable is an error's text on one line, without what a stranger could
// smuggle into a terminal or a log by way of it.
func printable(err error) string {
	const most = 300
	line := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, err.Error())
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "…"
	}
	return line
}
