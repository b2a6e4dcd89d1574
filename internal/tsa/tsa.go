// Package tsa is a timestamp authority in process (RFC 3161), with real keys,
// certificates and tokens: for the demo, for tests, and for a team that wants
// order within one pipeline. Its keys live as long as the process, and its word
// is worth what the machine's clock is worth; where others must rely on the
// time, run an authority that the signer does not control.
package tsa

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
)

const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
	maxQuery  = 64 << 10
	// validity is in years before and after the moment of New: wide, because
	// the CMS around a token also carries the machine's own time, which must
	// lie within it however far from it now is.
	validity = 50
)

// policy is the token's policy, under the arc that anybody may use (2.25 is
// that of UUIDs); nobody is asked to know it.
var policy = asn1.ObjectIdentifier{2, 25, 1464156748}

// Server answers timestamp queries. It is also an authority to a signer in the
// same process.
type Server struct {
	now        func() time.Time
	key        crypto.Signer
	leaf, root *x509.Certificate
}

// New is an authority with a fresh root and a fresh timestamping certificate,
// both valid for fifty years before and after now. Every token's time is now's.
func New(now func() time.Time) (*Server, error) {
	if now == nil {
		return nil, errors.New("timestamp authority without a clock")
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &Server{now: now, key: key}
	if s.root, err = issue(rootTemplate(now()), nil, rootKey.Public(), rootKey); err != nil {
		return nil, fmt.Errorf("timestamp authority: %w", err)
	}
	if s.leaf, err = issue(leafTemplate(now()), s.root, key.Public(), rootKey); err != nil {
		return nil, fmt.Errorf("timestamp authority: %w", err)
	}
	return s, nil
}

// CertificatesPEM is the chain for a verifier file, leaf first.
func (s *Server) CertificatesPEM() []byte {
	return append(certificatePEM(s.leaf), s.RootPEM()...)
}

// RootPEM is the root alone, which a verifier file may list instead.
func (s *Server) RootPEM() []byte { return certificatePEM(s.root) }

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// Timestamp is the response, in DER, to a query for a SHA-256 digest.
func (s *Server) Timestamp(ctx context.Context, digest []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.answer(&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest, Certificates: true})
}

// ServeHTTP answers a POST of a query. A query that cannot be granted gets
// RFC 3161's rejection, one that is no query gets an HTTP error.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "post a timestamp query", http.StatusMethodNotAllowed)
		return
	}
	if r.Header.Get("Content-Type") != queryType {
		http.Error(w, "want "+queryType, http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuery))
	if err != nil {
		http.Error(w, "query too large", http.StatusRequestEntityTooLarge)
		return
	}
	reply, err := s.reply(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", replyType)
	_, _ = w.Write(reply)
}

func (s *Server) reply(query []byte) ([]byte, error) {
	req, err := timestamp.ParseRequest(query)
	if err != nil {
		return reject(timestamp.BadDataFormat)
	}
	if req.TSAPolicyOID != nil && !req.TSAPolicyOID.Equal(policy) {
		return reject(timestamp.UnacceptedPolicy)
	}
	if check(req) != nil {
		return reject(timestamp.BadAlgorithm)
	}
	return s.answer(req)
}

func reject(why timestamp.FailureInfo) ([]byte, error) {
	return timestamp.CreateErrorResponse(timestamp.Rejection, why)
}

func (s *Server) answer(req *timestamp.Request) ([]byte, error) {
	if err := check(req); err != nil {
		return nil, err
	}
	stamp := timestamp.Timestamp{
		HashAlgorithm:     req.HashAlgorithm,
		HashedMessage:     req.HashedMessage,
		Time:              s.now().UTC().Truncate(time.Second),
		Accuracy:          time.Second,
		Nonce:             req.Nonce,
		Policy:            policy,
		AddTSACertificate: req.Certificates,
	}
	return stamp.CreateResponseWithOpts(s.leaf, s.key, crypto.SHA256)
}

func check(req *timestamp.Request) error {
	switch req.HashAlgorithm {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return errors.New("timestamp over a hash that is not SHA-2")
	}
	if len(req.HashedMessage) != req.HashAlgorithm.Size() {
		return fmt.Errorf("timestamp over %d bytes; want %d", len(req.HashedMessage), req.HashAlgorithm.Size())
	}
	return nil
}

func rootTemplate(now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Weighlock local timestamp root"},
		NotBefore:             now.AddDate(-validity, 0, 0),
		NotAfter:              now.AddDate(validity, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

// leafTemplate spells out the extended key usage, because RFC 3161 section 2.3
// wants it critical and crypto/x509 would not make it so.
func leafTemplate(now time.Time) *x509.Certificate {
	usage, _ := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Weighlock local timestamp authority"},
		NotBefore:             now.AddDate(-validity, 0, 0),
		NotAfter:              now.AddDate(validity, 0, 0),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtraExtensions:       []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}
}

// issue signs a certificate; without a parent it is its own.
func issue(c, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	c.SerialNumber = serial
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
