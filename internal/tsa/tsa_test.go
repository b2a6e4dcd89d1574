package tsa_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/timestamp-authority/v2/pkg/verification"

	"github.com/weighlock/weighlock/internal/tsa"
)

var moment = time.Date(2026, 11, 20, 12, 0, 0, 900, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func TestTokenIsAcceptedBySigstoresVerifier(t *testing.T) {
	for name, now := range map[string]time.Time{
		"now":                 moment,
		"two years ahead":     moment.AddDate(2, 0, 0),
		"in another zone":     moment.In(time.FixedZone("", 3600)),
		"twenty years behind": moment.AddDate(-20, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := tsa.New(at(now))
			if err != nil {
				t.Fatal(err)
			}
			message := []byte("a signature")
			digest := sha256.Sum256(message)
			token, err := s.Timestamp(t.Context(), digest[:])
			if err != nil {
				t.Fatal(err)
			}
			stamp, err := verification.VerifyTimestampResponse(token, bytes.NewReader(message), chain(t, s))
			if err != nil {
				t.Fatal(err)
			}
			if want := now.Truncate(time.Second); !stamp.Time.Equal(want) {
				t.Errorf("got time %s; want %s", stamp.Time, want)
			}
		})
	}
}

func TestServerAnswersOverHTTP(t *testing.T) {
	s, err := tsa.New(at(moment))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	message := []byte("a signature")
	digest256, digest512 := sha256.Sum256(message), sha512.Sum512(message)
	for name, query := range map[string]timestamp.Request{
		"with nonce and certificates": {HashAlgorithm: crypto.SHA256, HashedMessage: digest256[:], Certificates: true, Nonce: big.NewInt(7)},
		"without either":              {HashAlgorithm: crypto.SHA256, HashedMessage: digest256[:]},
		"over SHA-512":                {HashAlgorithm: crypto.SHA512, HashedMessage: digest512[:], Certificates: true},
	} {
		t.Run(name, func(t *testing.T) {
			status, reply := post(t, server.URL, "application/timestamp-query", marshal(t, query))
			if status != http.StatusOK {
				t.Fatalf("got status %d; want 200", status)
			}
			opts := chain(t, s)
			opts.Nonce = query.Nonce
			if _, err := verification.VerifyTimestampResponse(reply, bytes.NewReader(message), opts); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestServerRefuses(t *testing.T) {
	s, err := tsa.New(at(moment))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	digest := sha256.Sum256(nil)
	sha1 := marshal(t, timestamp.Request{HashAlgorithm: crypto.SHA1, HashedMessage: digest[:20]})
	short := marshal(t, timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:31]})
	foreign := marshal(t, timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], TSAPolicyOID: []int{1, 2, 3}})
	const query = "application/timestamp-query"
	for _, test := range []struct {
		name, kind string
		body       []byte
		status     int
		want       string
	}{
		{"bytes that are no query", query, []byte("hello"), 200, "wrong format"},
		{"a weak hash", query, sha1, 200, "Algorithm Identifier"},
		{"a digest that is too short", query, short, 200, "Algorithm Identifier"},
		{"a policy of somebody else's", query, foreign, 200, "policy is not supported"},
		{"another content type", "text/plain", short, 415, ""},
		{"a huge query", query, make([]byte, 1<<20), 413, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, reply := post(t, server.URL, test.kind, test.body)
			if status != test.status {
				t.Fatalf("got status %d; want %d", status, test.status)
			}
			if status != http.StatusOK {
				return
			}
			if _, err := timestamp.ParseResponse(reply); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v; want one with %q", err, test.want)
			}
		})
	}
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("got status %d for GET; want 405", resp.StatusCode)
	}
	if _, err := s.Timestamp(t.Context(), []byte("short")); err == nil {
		t.Error("got a token over five bytes; want an error")
	}
	if _, err := tsa.New(nil); err == nil {
		t.Error("got an authority without a clock; want an error")
	}
}

func FuzzServeHTTP(f *testing.F) {
	s, err := tsa.New(at(moment))
	if err != nil {
		f.Fatal(err)
	}
	digest := sha256.Sum256(nil)
	query, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Nonce: big.NewInt(7)}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(query)
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/timestamp-query")
		s.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("got status %d: %s", w.Code, w.Body)
		}
	})
}

func chain(t *testing.T, s *tsa.Server) verification.VerifyOpts {
	t.Helper()
	var certs []*x509.Certificate
	for rest := s.CertificatesPEM(); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, c)
	}
	if len(certs) != 2 {
		t.Fatalf("got %d certificates; want leaf and root", len(certs))
	}
	return verification.VerifyOpts{TSACertificate: certs[0], Roots: certs[1:]}
}

func marshal(t *testing.T, query timestamp.Request) []byte {
	t.Helper()
	der, err := query.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func post(t *testing.T, url, kind string, body []byte) (int, []byte) {
	t.Helper()
	resp, err := http.Post(url, kind, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, reply
}
