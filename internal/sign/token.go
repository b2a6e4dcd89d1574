package sign

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/verification"

	"github.com/weighlock/weighlock/internal/verifier"
)

// maxToken is far above any RFC 3161 response with its certificates.
const maxToken = 64 << 10

type authority struct {
	name string
	opts verification.VerifyOpts
}

func (t *Trust) addAuthority(listed verifier.Authority) error {
	chain, err := certificates([]byte(listed.Certificates))
	if err != nil {
		return err
	}
	for _, other := range t.authorities {
		if other.name == listed.Name {
			return errors.New("the name is given to two authorities")
		}
	}
	a := &authority{name: listed.Name}
	a.opts.Roots = chain[len(chain)-1:]
	if len(chain) > 1 {
		a.opts.TSACertificate, a.opts.Intermediates = chain[0], chain[1:len(chain)-1]
	}
	t.authorities = append(t.authorities, a)
	return nil
}

// certificates reads a chain in PEM: leaf first, root last, or a root alone.
func certificates(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%q among its certificates\nhint: list certificates alone, leaf first", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 || len(bytes.TrimSpace(text)) > 0 {
		return nil, errors.New("its certificates are not PEM\nhint: paste the text from -----BEGIN CERTIFICATE----- to the last -----END CERTIFICATE-----")
	}
	if len(chain) > 1 && chain[0].IsCA {
		return nil, errors.New("its certificates are not leaf first\nhint: put the certificate that signs the time first, and the root last")
	}
	return chain, nil
}

// VerifyToken is the time, in whole seconds UTC, at which a trusted authority
// saw message. The token is the authority's whole response in DER (RFC 3161,
// TimeStampResp), as Sigstore keeps it. The authority's certificates must have
// been valid then, and be for timestamping.
func (t *Trust) VerifyToken(token, message []byte) (time.Time, error) {
	if len(t.authorities) == 0 {
		return time.Time{}, errors.New("the verifier file lists no timestamp authority")
	}
	if len(token) > maxToken {
		return time.Time{}, fmt.Errorf("token of %d bytes is beyond the limit of %d", len(token), maxToken)
	}
	var refusals []string
	for _, a := range t.authorities {
		at, err := a.verify(token, message)
		if err == nil {
			return at, nil
		}
		refusals = append(refusals, fmt.Sprintf("authority %q: %s", a.name, printable(err)))
	}
	return time.Time{}, errors.New(strings.Join(refusals, "; "))
}

func (a *authority) verify(token, message []byte) (time.Time, error) {
	stamp, err := verification.VerifyTimestampResponse(token, bytes.NewReader(message), a.opts)
	if err != nil {
		return time.Time{}, readable("the token is not an RFC 3161 response", err)
	}
	return stamp.Time.UTC().Truncate(time.Second), nil
}
