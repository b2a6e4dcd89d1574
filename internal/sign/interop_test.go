package sign_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sigstore "github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/tsa"
)

// material trusts one key, and one authority's certificates.
type material struct {
	root.BaseTrustedMaterial
	key signature.Verifier
	tsa []root.TimestampingAuthority
}

type always struct{ signature.Verifier }

func (always) ValidAtTime(time.Time) bool { return true }

func (m *material) PublicKeyVerifier(string) (root.TimeConstrainedVerifier, error) {
	return always{m.key}, nil
}

func (m *material) TimestampingAuthorities() []root.TimestampingAuthority { return m.tsa }

func TestSigstoreAcceptsOurBundles(t *testing.T) {
	k, authority := newKey(t), newTSA(t, noon)
	public, err := cryptoutils.UnmarshalPEMToPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	m := &material{tsa: []root.TimestampingAuthority{sigstoreAuthority(t, authority)}}
	if m.key, err = signature.LoadDefaultVerifier(public); err != nil {
		t.Fatal(err)
	}
	s := newStatement(t, "card-default")
	for name, test := range map[string]struct {
		stamp sign.Authority
		time  verify.VerifierOption
		want  int
	}{
		"without a timestamp": {nil, verify.WithNoObserverTimestamps(), 0},
		"with a timestamp":    {authority, verify.WithSignedTimestamps(1), 1},
	} {
		t.Run(name, func(t *testing.T) {
			var b bundle.Bundle
			if err := b.UnmarshalJSON(mustSign(t, k, s, test.stamp)); err != nil {
				t.Fatal(err)
			}
			v, err := verify.NewVerifier(m, test.time)
			if err != nil {
				t.Fatal(err)
			}
			sum, err := hex.DecodeString(artifact.Hex(digest))
			if err != nil {
				t.Fatal(err)
			}
			result, err := v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", sum), verify.WithKey()))
			if err != nil {
				t.Fatal(err)
			}
			if got := result.Statement.GetPredicateType(); got != s.PredicateType {
				t.Errorf("got predicate type %q; want %q", got, s.PredicateType)
			}
			if len(result.VerifiedTimestamps) != test.want {
				t.Errorf("got %d timestamps; want %d", len(result.VerifiedTimestamps), test.want)
			}
			for _, stamp := range result.VerifiedTimestamps {
				if !stamp.Timestamp.Equal(noon) {
					t.Errorf("got time %s; want %s", stamp.Timestamp, noon)
				}
			}
		})
	}
}

func sigstoreAuthority(t *testing.T, s *tsa.Server) root.TimestampingAuthority {
	t.Helper()
	certs, err := cryptoutils.UnmarshalCertificatesFromPEM(s.CertificatesPEM())
	if err != nil {
		t.Fatal(err)
	}
	return &root.SigstoreTimestampingAuthority{Leaf: certs[0], Root: certs[1], URI: "https://tsa.example"}
}

func TestWeAcceptSigstoresBundles(t *testing.T) {
	private, trust := newSigner(t)
	s := newStatement(t, "card-default")
	got, err := trust.Verify(sigstoreBundle(t, private, s.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got.Signer != "mine" || !got.Statement.Equal(s) {
		t.Errorf("got signer %q and %s", got.Signer, got.Statement.Bytes())
	}
}

// newSigner is a key that signs with Sigstore's own code, and a trust in it.
func newSigner(t *testing.T) (*ecdsa.PrivateKey, *sign.Trust) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := sign.ParseKey(pkcs8(t, private), nil)
	if err != nil {
		t.Fatal(err)
	}
	return private, newTrust(t, keys(trusting("mine", k, "gate")))
}

// sigstoreBundle signs any payload as sigstore-go does.
func sigstoreBundle(t *testing.T, private *ecdsa.PrivateKey, payload []byte) []byte {
	t.Helper()
	b, err := sigstore.Bundle(&sigstore.DSSEData{Data: payload, PayloadType: artifact.PayloadType},
		keypair{private}, sigstore.BundleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := protojson.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

type keypair struct{ *ecdsa.PrivateKey }

func (keypair) GetHashAlgorithm() protocommon.HashAlgorithm {
	return protocommon.HashAlgorithm_SHA2_256
}
func (keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
}
func (keypair) GetHint() []byte                    { return []byte("another tool's name for it") }
func (keypair) GetKeyAlgorithm() string            { return "ECDSA" }
func (k keypair) GetPublicKey() crypto.PublicKey   { return k.Public() }
func (k keypair) GetPublicKeyPem() (string, error) { return "", nil }
func (k keypair) SignData(_ context.Context, data []byte) ([]byte, []byte, error) {
	sum := crypto.SHA256.New()
	sum.Write(data)
	sig, err := k.Sign(rand.Reader, sum.Sum(nil), crypto.SHA256)
	return sig, sum.Sum(nil), err
}

func TestCosignOpensOurKeys(t *testing.T) {
	private, public, err := sign.Generate([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cosign.LoadPrivateKey(private, []byte("secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := signer.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	want := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if diff := cmp.Diff(string(want), string(public)); diff != "" {
		t.Error(diff)
	}
}
