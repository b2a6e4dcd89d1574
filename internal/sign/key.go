// Package sign makes and checks signatures: keys in cosign's format, Sigstore
// bundles v0.3 over in-toto statements, RFC 3161 time, and the verifier file's
// word on which key may say what. A Trust that checks nothing cannot be made,
// and what a statement claims about its own signer or time is never believed.
// Storing bundles is left to internal/oci, deciding to internal/gate.
package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// ErrPassword says that a private key could not be opened with the password.
var ErrPassword = errors.New("wrong password")

// maxKeyFile is far above any key in PEM.
const maxKeyFile = 64 << 10

// Key is a private key that signs statements.
type Key struct {
	signer signature.SignerVerifier
	public []byte
	hint   string
}

// Generate makes an ECDSA P-256 key pair in PEM; the private half is encrypted
// as cosign does it (scrypt and NaCl's secret box), also under an empty
// password.
func Generate(password []byte) (private, public []byte, err error) {
	keys, err := cosign.GenerateKeyPair(func(bool) ([]byte, error) { return password, nil })
	if err != nil {
		return nil, nil, fmt.Errorf("generating a key pair: %w", err)
	}
	return keys.PrivateBytes, keys.PublicBytes, nil
}

// LoadKey opens a private key file: cosign's encrypted format, or PKCS#8
// without a password. The password is asked for only where one is needed, and
// a wrong one is ErrPassword. Opening an encrypted key takes about 0.2 s: do
// it once.
func LoadKey(path string, password func() ([]byte, error)) (*Key, error) {
	text, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening key: %w", err)
	}
	k, err := ParseKey(text, password)
	if err != nil {
		return nil, fmt.Errorf("opening key %s: %w", path, err)
	}
	return k, nil
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%s is larger than a key can be", path)
	}
	return text, err
}

// ParseKey is LoadKey for text that was already read.
func ParseKey(text []byte, password func() ([]byte, error)) (*Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("not a private key in PEM\nhint: make one with weighlock keygen")
	}
	signer, err := open(text, block, password)
	if err != nil {
		return nil, err
	}
	public, err := signer.PublicKey()
	if err != nil {
		return nil, err
	}
	k := &Key{signer: signer}
	if k.public, err = cryptoutils.MarshalPublicKeyToPEM(public); err != nil {
		return nil, err
	}
	_, k.hint, err = fingerprint(public)
	return k, err
}

func open(text []byte, block *pem.Block, password func() ([]byte, error)) (signature.SignerVerifier, error) {
	switch block.Type {
	case cosign.SigstorePrivateKeyPemType, cosign.CosignPrivateKeyPemType:
		return decrypt(text, password)
	case cosign.PrivateKeyPemType:
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, readable("the private key is damaged: there is no PKCS#8 in it", err)
		}
		return signature.LoadDefaultSignerVerifier(private)
	case "PUBLIC KEY":
		return nil, errors.New("this is the public key\nhint: give the private one, weighlock.key")
	}
	return nil, fmt.Errorf("%q is not a kind of private key that signs here\n"+
		"hint: openssl pkcs8 -topk8 -nocrypt turns other forms into PKCS#8", block.Type)
}

func decrypt(text []byte, password func() ([]byte, error)) (signature.SignerVerifier, error) {
	if password == nil {
		return nil, fmt.Errorf("%w: the key is encrypted and no password was given", ErrPassword)
	}
	secret, err := password()
	if err != nil {
		return nil, err
	}
	// No load option: for Ed25519, DSSE is signed in the pure variant.
	signer, err := cosign.LoadPrivateKey(text, secret, &[]signature.LoadOption{})
	if err != nil && strings.Contains(err.Error(), "decryption failed") {
		return nil, fmt.Errorf("%w\nhint: it is read from WEIGHLOCK_PASSWORD, COSIGN_PASSWORD, "+
			"the file that WEIGHLOCK_PASSWORD_FILE names, or the terminal", ErrPassword)
	}
	return signer, err
}

// Public is the public key in PEM, as a verifier file lists it.
func (k *Key) Public() []byte { return bytes.Clone(k.public) }

// Hint names the key in a bundle, as cosign computes it: base64 of the SHA-256
// of the public key's DER.
func (k *Key) Hint() string { return k.hint }

func (k *Key) sign(ctx context.Context, message []byte) ([]byte, error) {
	return k.signer.SignMessage(bytes.NewReader(message), options.WithContext(ctx))
}

// fingerprint is a public key's DER and the hint that names it.
func fingerprint(public crypto.PublicKey) (der []byte, hint string, err error) {
	der, err = x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(der)
	return der, base64.StdEncoding.EncodeToString(sum[:]), nil
}
