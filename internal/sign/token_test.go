package sign_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/tsa"
	"github.com/weighlock/weighlock/internal/verifier"
)

func TestVerifyToken(t *testing.T) {
	local, stranger := newTSA(t, noon.Add(900*time.Millisecond)), newTSA(t, noon)
	message := []byte("message")
	token, strange := stampOf(t, local, message), stampOf(t, stranger, message)
	flipped := append([]byte(nil), token...)
	flipped[len(flipped)-1] ^= 1
	chain, alone := listed("chain", local.CertificatesPEM()), listed("root", local.RootPEM())
	other := listed("stranger", stranger.CertificatesPEM())
	for _, test := range []struct {
		name        string
		authorities []verifier.Authority
		token       []byte
		message     string
		want        string // empty: accepted
	}{
		{"by an authority listed with its chain", []verifier.Authority{chain}, token, "message", ""},
		{"by an authority listed with its root alone", []verifier.Authority{alone}, token, "message", ""},
		{"by the second of two authorities", []verifier.Authority{other, alone}, token, "message", ""},
		{"no authority is listed", nil, token, "message", "the verifier file lists no timestamp authority"},
		{"a stranger's authority of the same name", []verifier.Authority{alone}, strange, "message", `authority "root"`},
		{"a stranger's authority, against a chain", []verifier.Authority{chain}, strange, "message", `authority "chain"`},
		{"over other bytes", []verifier.Authority{chain}, token, "massage", "hashed messages"},
		{"with a flipped bit", []verifier.Authority{chain}, flipped, "message", `authority "chain"`},
		{"cut short", []verifier.Authority{chain}, token[:len(token)-10], "message", `authority "chain": the token is not an RFC 3161 response`},
		{"with bytes behind it", []verifier.Authority{chain}, append(append([]byte(nil), token...), 0), "message", "trailing"},
		{"no bytes", []verifier.Authority{chain}, nil, "message", `authority "chain": the token is not an RFC 3161 response`},
		{"a huge token", []verifier.Authority{chain}, make([]byte, 1<<20), "message", "token of 1048576 bytes is beyond the limit of 65536"},
		{"a refusal", []verifier.Authority{chain}, rejection(t), "message", "rejected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := keys(trusting("mine", newKey(t), "gate"))
			f.Timestamp = test.authorities
			got, err := newTrust(t, f).VerifyToken(test.token, []byte(test.message))
			if test.want == "" {
				if err != nil || !got.Equal(noon) || got.Location() != time.UTC {
					t.Errorf("got %s, error %v; want %s", got, err, noon)
				}
				return
			}
			if err == nil || !got.IsZero() || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, error %v; want an error with %q", got, err, test.want)
			}
		})
	}
}

func stampOf(t testing.TB, s *tsa.Server, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	token, err := s.Timestamp(t.Context(), sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func rejection(t testing.TB) []byte {
	t.Helper()
	der, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.SystemFailure)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestTokenOfACertificateThatMayNotStamp(t *testing.T) {
	message := []byte("message")
	for name, test := range map[string]struct {
		change func(c *x509.Certificate)
		want   string // empty: accepted
	}{
		"as it must be":        {func(*x509.Certificate) {}, ""},
		"expired by then":      {func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }, "validity"},
		"not valid yet":        {func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Second) }, "not yet valid"},
		"for code signing":     {func(c *x509.Certificate) { c.ExtraExtensions[0].Value = usage(t, 3) }, "usage"},
		"for two things":       {func(c *x509.Certificate) { c.ExtraExtensions[0].Value = usage(t, 8, 3) }, "usage"},
		"its use not critical": {func(c *x509.Certificate) { c.ExtraExtensions[0].Critical = false }, "critical"},
		"a certificate authority": {func(c *x509.Certificate) {
			c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
		}, "CA"},
	} {
		t.Run(name, func(t *testing.T) {
			token, certificate := stampWith(t, message, test.change)
			f := keys(trusting("mine", newKey(t), "gate"))
			f.Timestamp = []verifier.Authority{listed("local", certificate)}
			got, err := newTrust(t, f).VerifyToken(token, message)
			if test.want == "" {
				if err != nil || !got.Equal(noon) {
					t.Errorf("got %s, error %v; want %s", got, err, noon)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, error %v; want an error with %q", got, err, test.want)
			}
		})
	}
}

func usage(t testing.TB, purposes ...int) []byte {
	t.Helper()
	var list []asn1.ObjectIdentifier
	for _, p := range purposes {
		list = append(list, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, p})
	}
	der, err := asn1.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// stampWith makes a token by a self-signed certificate that was changed. The
// token's own signing time is the moment of the test, so the certificate spans
// that too unless it is changed.
func stampWith(t testing.TB, message []byte, change func(*x509.Certificate)) (token, certificate []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: noon.AddDate(-50, 0, 0), NotAfter: noon.AddDate(50, 0, 0),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage(t, 8)}},
	}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(message)
	stamp := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: noon, Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true,
	}
	if token, err = stamp.CreateResponseWithOpts(c, key, crypto.SHA256); err != nil {
		t.Fatal(err)
	}
	return token, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestTimeOfABundle(t *testing.T) {
	k, s := newKey(t), newStatement(t, "card-default")
	early, late, stranger := newTSA(t, noon), newTSA(t, noon.Add(time.Hour)), newTSA(t, noon.Add(-time.Hour))
	f := keys(trusting("mine", k, "gate"))
	f.Timestamp = []verifier.Authority{listed("early", early.RootPEM()), listed("late", late.RootPEM())}
	trust := newTrust(t, f)
	bundle := mustSign(t, k, s, late)
	sig := signatureOf(t, bundle)
	tokens := func(list ...[]byte) []byte {
		return edit(t, bundle, func(b map[string]any) {
			var stamps []any
			for _, token := range list {
				stamps = append(stamps, map[string]any{"signedTimestamp": token})
			}
			in(b, "verificationMaterial", "timestampVerificationData")["rfc3161Timestamps"] = stamps
		})
	}
	for _, test := range []struct {
		name   string
		bundle []byte
		want   time.Time
		note   string
	}{
		{"a trusted token", bundle, noon.Add(time.Hour), ""},
		{"the earlier of two trusted tokens", tokens(stampOf(t, late, sig), stampOf(t, early, sig)), noon, ""},
		{"a stranger's token beside a trusted one", tokens(stampOf(t, stranger, sig), stampOf(t, late, sig)), noon.Add(time.Hour), ""},
		{"a stranger's token alone", tokens(stampOf(t, stranger, sig)), time.Time{}, "timestamp not believed"},
		{"a trusted token over another signature", tokens(stampOf(t, early, []byte("other"))), time.Time{}, "hashed messages"},
		{"a damaged token", tokens([]byte("hello")), time.Time{}, "timestamp not believed"},
		{"no token", tokens(), time.Time{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := trust.Verify(test.bundle)
			if err != nil {
				t.Fatal(err)
			}
			has := !test.want.IsZero()
			if !got.Time.Equal(test.want) || got.HasTime != has || got.Trusted != has {
				t.Errorf("got time %s, has %v, trusted %v; want %s", got.Time, got.HasTime, got.Trusted, test.want)
			}
			if !strings.Contains(got.Note, test.note) || (test.note == "") != (got.Note == "") {
				t.Errorf("got note %q; want %q", got.Note, test.note)
			}
			if !got.May("attempt") {
				t.Error("got no role; want the one of a key without a period")
			}
		})
	}
	if _, err := trust.Verify(tokens(make([][]byte, 9)...)); !errors.Is(err, sign.ErrBundle) {
		t.Errorf("got error %v for nine tokens; want %v", err, sign.ErrBundle)
	}
}

func signatureOf(t testing.TB, bundle []byte) (sig []byte) {
	t.Helper()
	edit(t, bundle, func(b map[string]any) {
		text := in(b, "dsseEnvelope")["signatures"].([]any)[0].(map[string]any)["sig"].(string)
		var err error
		if sig, err = base64.StdEncoding.DecodeString(text); err != nil {
			t.Fatal(err)
		}
	})
	return sig
}
