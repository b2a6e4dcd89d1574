package sign_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/tsa"
	"github.com/weighlock/weighlock/internal/verifier"
)

const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// pkcs8 is a private key without password.
func pkcs8(t testing.TB, private crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// newKey is a fresh ECDSA P-256 key, as keygen makes it but for the password,
// which costs a fifth of a second.
func newKey(t testing.TB) *sign.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := sign.ParseKey(pkcs8(t, private), nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newTSA(t testing.TB, now time.Time) *tsa.Server {
	t.Helper()
	s, err := tsa.New(at(now))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newTrust(t testing.TB, f *verifier.File, options ...sign.Option) *sign.Trust {
	t.Helper()
	trust, err := sign.NewTrust(f, options...)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func trusting(name string, k *sign.Key, roles ...string) verifier.Key {
	return verifier.Key{Name: name, Public: string(k.Public()), Roles: roles}
}

func listed(name string, pem []byte) verifier.Authority {
	return verifier.Authority{Name: name, Certificates: string(pem)}
}

func newStatement(t testing.TB, model string) *attest.Statement {
	t.Helper()
	s, err := attest.New("attempt", []attest.Subject{attest.Of(model, digest)}, map[string]any{
		"model":      map[string]any{"name": model, "digest": digest},
		"repository": model,
		"sequence":   1,
		"kind":       "publish",
		"outcome":    "deny",
		"spec":       digest,
		"data":       digest,
		"time":       "2026-11-20T12:00:00Z",
		"reasons":    []string{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustSign(t testing.TB, k *sign.Key, s *attest.Statement, authority sign.Authority) []byte {
	t.Helper()
	b, err := k.Sign(t.Context(), s, authority)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// edit changes a bundle's JSON.
func edit(t testing.TB, bundle []byte, change func(b map[string]any)) []byte {
	t.Helper()
	var b map[string]any
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	change(b)
	out, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func in(b map[string]any, path ...string) map[string]any {
	for _, key := range path {
		b = b[key].(map[string]any)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := newTSA(t, noon)
	for name, private := range map[string]crypto.PrivateKey{"ECDSA P-384": p384, "RSA": rsaKey, "Ed25519": edKey} {
		t.Run(name, func(t *testing.T) {
			k, err := sign.ParseKey(pkcs8(t, private), nil)
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, k, authority)
		})
	}
	t.Run("ECDSA P-256", func(t *testing.T) { roundTrip(t, newKey(t), authority) })
}

func roundTrip(t *testing.T, k *sign.Key, authority *tsa.Server) {
	trust := newTrust(t, &verifier.File{
		Keys:      []verifier.Key{trusting("stranger", newKey(t), "builder"), trusting("ci", k, "gate", "rollout")},
		Timestamp: []verifier.Authority{listed("local", authority.CertificatesPEM())},
	})
	s := newStatement(t, "card-default")
	bundle := mustSign(t, k, s, authority)
	got, err := trust.Verify(bundle)
	if err != nil {
		t.Fatal(err)
	}
	want := &sign.Verified{
		Statement: s, Digest: artifact.Digest(bundle), Signer: "ci", Roles: []string{"gate", "rollout"},
		Time: noon, Trusted: true, HasTime: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verified (-want +got):\n%s", diff)
	}
}

func TestVerifyTellsAlteredFromUnknown(t *testing.T) {
	mine, other := newKey(t), newKey(t)
	trust := newTrust(t, &verifier.File{Keys: []verifier.Key{trusting("mine", mine, "gate"), trusting("other", other, "gate")}})
	s := newStatement(t, "card-default")
	bundle := mustSign(t, mine, s, nil)
	stranger := newKey(t)
	strangers := mustSign(t, stranger, s, nil)
	altered := newStatement(t, "card-other").Bytes()
	envelope := func(change func(e, sig map[string]any)) []byte {
		return edit(t, bundle, func(b map[string]any) {
			e := in(b, "dsseEnvelope")
			change(e, e["signatures"].([]any)[0].(map[string]any))
		})
	}
	hint := func(of []byte, hint string) []byte {
		return edit(t, of, func(b map[string]any) { in(b, "verificationMaterial", "publicKey")["hint"] = hint })
	}
	for _, test := range []struct {
		name   string
		bundle []byte
		want   error
		words  string
	}{
		{"as it was signed", bundle, nil, ""},
		{"without a hint", hint(bundle, ""), nil, ""},
		{"with a hint of another tool", hint(bundle, "kms://key/1"), nil, ""},
		{"with a key id that agrees", envelope(func(_, sig map[string]any) { sig["keyid"] = mine.Hint() }), nil, ""},
		{"an altered payload", envelope(func(e, _ map[string]any) { e["payload"] = altered }), sign.ErrSignature,
			"signature does not match: the bundle names key \"mine\", which did not sign these bytes\nhint: it was altered after signing; get it again from where it was made"},
		{"an altered signature", envelope(func(_, sig map[string]any) { sig["sig"] = []byte("no signature") }), sign.ErrSignature, `key "mine"`},
		{"an empty signature", envelope(func(_, sig map[string]any) { sig["sig"] = "" }), sign.ErrSignature, `key "mine"`},
		{"the hint of another listed key", hint(bundle, other.Hint()), sign.ErrSignature, `key "other"`},
		{"a stranger under a listed key's hint", hint(strangers, mine.Hint()), sign.ErrSignature, `key "mine"`},
		{"a stranger", strangers, sign.ErrUntrusted, `signed by nobody whom the verifier file lists: the bundle names key "` + stranger.Hint() + `"`},
		{"a stranger without a hint", hint(strangers, ""), sign.ErrUntrusted, `""`},
		{"an altered payload without a hint", hint(envelope(func(e, _ map[string]any) { e["payload"] = altered }), ""), sign.ErrUntrusted, `""`},
		{"a hint with control characters", hint(strangers, "\x1b[2J"+strings.Repeat("x", 1000)), sign.ErrUntrusted, `"\x1b[2J`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := trust.Verify(test.bundle)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %+v, error %v; want %v", got, err, test.want)
			}
			if test.want == nil {
				if got.Signer != "mine" || !got.Statement.Equal(s) {
					t.Errorf("got signer %q and %s", got.Signer, got.Statement.Bytes())
				}
				return
			}
			if !strings.Contains(err.Error(), test.words) || strings.ContainsRune(err.Error(), 0x1b) || len(err.Error()) > 400 {
				t.Errorf("got error %q; want one with %q, short and printable", err, test.words)
			}
		})
	}
}

func TestVerifyRefusesWhatIsNoBundle(t *testing.T) {
	k := newKey(t)
	trust := newTrust(t, &verifier.File{Keys: []verifier.Key{trusting("mine", k, "gate")}})
	bundle := mustSign(t, k, newStatement(t, "card-default"), newTSA(t, noon))
	material := func(change func(m map[string]any)) []byte {
		return edit(t, bundle, func(b map[string]any) { change(in(b, "verificationMaterial")) })
	}
	envelope := func(change func(e map[string]any)) []byte {
		return edit(t, bundle, func(b map[string]any) { change(in(b, "dsseEnvelope")) })
	}
	for _, test := range []struct {
		name   string
		bundle []byte
		want   error
		words  string
	}{
		{"nothing", nil, sign.ErrBundle, "end of JSON"},
		{"no JSON", []byte("hello"), sign.ErrBundle, ""},
		{"an empty object", []byte("{}"), sign.ErrBundle, "media type"},
		{"a duplicate key", []byte(`{"mediaType":"x",` + string(bundle[1:])), sign.ErrBundle, "duplicate key"},
		{"one field under two spellings", []byte(`{"media_type":"x",` + string(bundle[1:])), sign.ErrBundle, "duplicate field"},
		{"an unknown field", []byte(`{"extra":1,` + string(bundle[1:])), sign.ErrBundle, "unknown field"},
		{"terminal codes in a field's name", []byte(`{"\u001b[2J\n` + strings.Repeat("x", 1000) + `":{"a":1,"a":2}}`), sign.ErrBundle, "duplicate key"},
		{"an older media type", edit(t, bundle, func(b map[string]any) {
			b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2"
		}), sign.ErrBundle, "media type"},
		{"a huge bundle", append(bundle, make([]byte, sign.MaxBundle)...), sign.ErrBundle, fmt.Sprintf("not a Sigstore bundle that can be verified: %d bytes are beyond the limit of 23418196", len(bundle)+sign.MaxBundle)},
		{"no verification material", edit(t, bundle, func(b map[string]any) { delete(b, "verificationMaterial") }), sign.ErrBundle, "not a Sigstore bundle that can be verified: it names neither key nor certificate"},
		{"a certificate instead of a key", material(func(m map[string]any) {
			delete(m, "publicKey")
			m["certificate"] = map[string]any{"rawBytes": "AAAA"}
		}), sign.ErrUntrusted, "signed by nobody whom the verifier file lists: signed with a certificate, and the verifier file lists keys"},
		{"a key and a certificate", material(func(m map[string]any) {
			m["certificate"] = map[string]any{"rawBytes": "AAAA"}
		}), sign.ErrBundle, "oneof"},
		{"too many timestamps", material(func(m map[string]any) {
			stamps := in(m, "timestampVerificationData")
			stamps["rfc3161Timestamps"] = slices.Repeat(stamps["rfc3161Timestamps"].([]any), 9)
		}), sign.ErrBundle, "not a Sigstore bundle that can be verified: 9 timestamps are beyond the limit of 8"},
		{"no envelope", edit(t, bundle, func(b map[string]any) { delete(b, "dsseEnvelope") }), sign.ErrBundle, "not a Sigstore bundle that can be verified: it holds no DSSE envelope"},
		{"a message signature", edit(t, bundle, func(b map[string]any) {
			delete(b, "dsseEnvelope")
			b["messageSignature"] = map[string]any{"signature": "AAAA"}
		}), sign.ErrBundle, "it holds no DSSE envelope"},
		{"another payload type", envelope(func(e map[string]any) { e["payloadType"] = "text/plain" }), sign.ErrBundle, "payload type"},
		{"no signature", envelope(func(e map[string]any) { e["signatures"] = []any{} }), sign.ErrBundle, "not a Sigstore bundle that can be verified: 0 signatures; want exactly one"},
		{"two signatures", envelope(func(e map[string]any) {
			e["signatures"] = append(e["signatures"].([]any), map[string]any{"sig": "AAAA"})
		}), sign.ErrBundle, "not a Sigstore bundle that can be verified: 2 signatures; want exactly one"},
		{"a key id that disagrees", envelope(func(e map[string]any) {
			e["signatures"].([]any)[0].(map[string]any)["keyid"] = "other"
		}), sign.ErrBundle, `names key "other"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := trust.Verify(test.bundle)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.words) {
				t.Fatalf("got %+v, error %v; want %q with %q", got, err, test.want, test.words)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 500 {
				t.Errorf("got error %q; want one short printable line", err)
			}
		})
	}
}

func TestSignRefusesAnEmptyStatement(t *testing.T) {
	b, err := newKey(t).Sign(t.Context(), new(attest.Statement), nil)
	if want := "signing: the statement is empty"; b != nil || err == nil || err.Error() != want {
		t.Errorf("got %q, error %v; want %s", b, err, want)
	}
}

type silent struct{}

func (silent) Timestamp(context.Context, []byte) ([]byte, error) { return nil, sign.ErrTSA }

func TestSignWithoutTheTimeItWasPromisedFails(t *testing.T) {
	_, err := newKey(t).Sign(t.Context(), newStatement(t, "m"), silent{})
	if !errors.Is(err, sign.ErrTSA) {
		t.Errorf("got error %v; want %v", err, sign.ErrTSA)
	}
}

func TestTwoBundlesOfOneStatementAreLaidOutAlike(t *testing.T) {
	k, s := newKey(t), newStatement(t, "m")
	strip := func(b []byte) string {
		return string(edit(t, b, func(b map[string]any) { delete(in(b, "dsseEnvelope"), "signatures") }))
	}
	first, second := mustSign(t, k, s, nil), mustSign(t, k, s, nil)
	if diff := cmp.Diff(strip(first), strip(second)); diff != "" {
		t.Error(diff)
	}
	if strings.ContainsAny(string(first), " \n") {
		t.Errorf("got spaces in %s", first)
	}
}

func FuzzVerify(f *testing.F) {
	k := newKey(f)
	authority := newTSA(f, noon)
	trust := newTrust(f, &verifier.File{
		Keys:      []verifier.Key{trusting("mine", k, "gate")},
		Timestamp: []verifier.Authority{listed("local", authority.CertificatesPEM())},
	})
	s := newStatement(f, "m")
	f.Add(mustSign(f, k, s, nil))
	f.Add(mustSign(f, k, s, authority))
	f.Add(mustSign(f, newKey(f), s, nil))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`))
	f.Fuzz(func(t *testing.T, bundle []byte) {
		got, err := trust.Verify(bundle)
		if err == nil && (got.Signer != "mine" || !got.Statement.Equal(s)) {
			t.Errorf("got %+v from %q", got, bundle)
		}
	})
}

func FuzzVerifyToken(f *testing.F) {
	authority := newTSA(f, noon)
	trust := newTrust(f, &verifier.File{
		Keys:      []verifier.Key{trusting("mine", newKey(f), "gate")},
		Timestamp: []verifier.Authority{listed("local", authority.RootPEM())},
	})
	message := []byte("message")
	sum := sha256.Sum256(message)
	token, err := authority.Timestamp(f.Context(), sum[:])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(token[:len(token)/2])
	f.Fuzz(func(t *testing.T, token []byte) {
		if got, err := trust.VerifyToken(token, message); err == nil && !got.Equal(noon) {
			t.Errorf("got %s from %x", got, token)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	k, s := newKey(b), newStatement(b, "m")
	for b.Loop() {
		mustSign(b, k, s, nil)
	}
}

func BenchmarkVerify(b *testing.B) {
	k, authority := newKey(b), newTSA(b, noon)
	f := &verifier.File{
		Keys:      []verifier.Key{trusting("mine", k, "gate")},
		Timestamp: []verifier.Authority{listed("local", authority.CertificatesPEM())},
	}
	bundle := mustSign(b, k, newStatement(b, "m"), authority)
	for b.Loop() {
		if _, err := newTrust(b, f).Verify(bundle); err != nil {
			b.Fatal(err)
		}
	}
}
