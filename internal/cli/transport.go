package cli

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/weighlock/weighlock/internal/oci"
)

// transport is the way to registries and timestamp authorities. Certificates
// in the file that WEIGHLOCK_CA names are believed beside the system's; without
// one it is nil, which stands for the usual way.
func (a *app) transport() (http.RoundTripper, error) {
	path := a.env.Getenv("WEIGHLOCK_CA")
	if path == "" || a.env.Transport != nil {
		return a.env.Transport, nil
	}
	roots, err := certificates(path)
	if err != nil {
		return nil, err
	}
	a.env.Transport = oci.Transport(roots)
	return a.env.Transport, nil
}

// certificates are the system's roots and those of a PEM file, which must hold
// some, and nothing that claims to be one and is not.
func certificates(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("WEIGHLOCK_CA: %v\nhint: let it name a PEM file with the CA's certificate, or unset it", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the system's certificates: %w", err)
	}
	n := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, usagef("WEIGHLOCK_CA: %s: certificate %d cannot be read: %v\nhint: let it name a PEM file with the CA's certificate", path, n+1, err)
		}
		roots.AddCert(c)
		n++
	}
	if n == 0 {
		return nil, usagef("WEIGHLOCK_CA: %s holds no certificate\nhint: let it name a PEM file, which has a line -----BEGIN CERTIFICATE-----", path)
	}
	return roots, nil
}

// certificateHint is what to do about a server's certificate that was not
// believed, or empty where that is not what went wrong.
func certificateHint(err error) string {
	var (
		untrusted *tls.CertificateVerificationError
		unknown   x509.UnknownAuthorityError
		other     x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case !errors.As(err, &untrusted):
		return ""
	case errors.As(err, &unknown):
		return "where a CA of your own signed the server's certificate, let WEIGHLOCK_CA name that CA's certificate, a PEM file"
	case errors.As(err, &other):
		return "the server's certificate is for other names: use one of them, or have it made for this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate is past its time or before it, or this machine's clock is wrong"
	}
	return "have the server's certificate made anew; WEIGHLOCK_CA names the certificate of a CA of your own, a PEM file"
}
