package sign_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/sign"
)

func answer(secret string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(secret), nil }
}

func TestKeyFiles(t *testing.T) {
	private, public, err := sign.Generate([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	cosigns := bytes.ReplaceAll(private, []byte("SIGSTORE"), []byte("COSIGN"))
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1 := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})
	broken := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte("{}")})
	nobody := errors.New("nobody at the terminal")
	for _, test := range []struct {
		name     string
		text     []byte
		password func() ([]byte, error)
		is       error
		want     string // empty: opened
	}{
		{"the right password", private, answer("secret"), nil, ""},
		{"cosign's older name for it", cosigns, answer("secret"), nil, ""},
		{"a wrong password", private, answer("guess"), sign.ErrPassword, "hint: it is read from WEIGHLOCK_PASSWORD"},
		{"no password", private, nil, sign.ErrPassword, "wrong password: the key is encrypted and no password was given"},
		{"a password that nobody gives", private, func() ([]byte, error) { return nil, nobody }, nobody, ""},
		{"a damaged key", broken, answer("secret"), nil, "opening key"},
		{"the public key", public, answer("secret"), nil, "this is the public key\nhint: give the private one, weighlock.key"},
		{"another form of key", sec1, nil, nil, "\"EC PRIVATE KEY\" is not a kind of private key that signs here\nhint: openssl pkcs8 -topk8 -nocrypt turns other forms into PKCS#8"},
		{"a curve that is too weak", pkcs8(t, weak), nil, nil, "opening key"},
		{"a PKCS#8 key that is none", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), nil, nil, "the private key is damaged: there is no PKCS#8 in it"},
		{"no key at all", []byte("hello"), nil, nil, "not a private key in PEM\nhint: make one with weighlock keygen"},
		{"an empty file", nil, nil, nil, "not a private key"},
		{"a huge file", make([]byte, 1<<20), nil, nil, "larger than a key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "weighlock.key")
			if err := os.WriteFile(path, test.text, 0o600); err != nil {
				t.Fatal(err)
			}
			k, err := sign.LoadKey(path, test.password)
			if test.is == nil && test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(public), string(k.Public())); diff != "" {
					t.Error(diff)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got error %v; want %v with %q", err, test.is, test.want)
			}
			if test.is != sign.ErrPassword && errors.Is(err, sign.ErrPassword) {
				t.Errorf("got %v; want no talk of passwords", err)
			}
		})
	}
	if _, err := sign.LoadKey(filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v; want %v", err, os.ErrNotExist)
	}
}

func TestAnEmptyPasswordIsOne(t *testing.T) {
	private, _, err := sign.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sign.ParseKey(private, answer("")); err != nil {
		t.Error(err)
	}
}

func TestAPasswordIsNotAskedForWhereNoneIsNeeded(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	asked := func() ([]byte, error) { t.Error("asked"); return nil, nil }
	if _, err := sign.ParseKey(pkcs8(t, private), asked); err != nil {
		t.Error(err)
	}
}

func TestPasswordSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from file \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		env  map[string]string
		want string
		is   error
	}{
		{"our own variable first", map[string]string{"WEIGHLOCK_PASSWORD": "ours", "COSIGN_PASSWORD": "cosign's", "WEIGHLOCK_PASSWORD_FILE": file}, "ours", nil},
		{"cosign's next", map[string]string{"COSIGN_PASSWORD": "cosign's", "WEIGHLOCK_PASSWORD_FILE": file}, "cosign's", nil},
		{"a file without its line end", map[string]string{"WEIGHLOCK_PASSWORD_FILE": file}, "from file ", nil},
		{"a file that is not there", map[string]string{"WEIGHLOCK_PASSWORD_FILE": file + "x"}, "", os.ErrNotExist},
		{"nothing, and no terminal", nil, "", sign.ErrNoPassword},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			var prompt strings.Builder
			got, err := sign.Password(func(name string) string { return test.env[name] }, in, &prompt)()
			if string(got) != test.want || !errors.Is(err, test.is) || prompt.Len() > 0 {
				t.Errorf("got %q, error %v, prompt %q; want %q, %v", got, err, prompt.String(), test.want, test.is)
			}
		})
	}
}

func TestHintIsADigest(t *testing.T) {
	k := newKey(t)
	block, _ := pem.Decode(k.Public())
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil || len(k.Hint()) != 44 {
		t.Errorf("got hint %q, error %v; want base64 of 32 bytes", k.Hint(), err)
	}
}
