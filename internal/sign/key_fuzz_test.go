package sign_test

import (
	"bytes"
	"testing"

	"github.com/weighlock/weighlock/internal/sign"
)

// FuzzParseKey: a key file either gives a key that has a public half, or an
// error that says what is wrong; the password never stands in it.
func FuzzParseKey(f *testing.F) {
	private, public, err := sign.Generate([]byte("secret-word"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(private)
	f.Add(public)
	f.Add(bytes.ReplaceAll(private, []byte("ENCRYPTED SIGSTORE"), []byte("RSA")))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := sign.ParseKey(text, func() ([]byte, error) { return []byte("secret-word"), nil })
		if err != nil {
			if bytes.Contains([]byte(err.Error()), []byte("secret-word")) {
				t.Errorf("the password is told: %v", err)
			}
			return
		}
		if len(k.Public()) == 0 || k.Hint() == "" {
			t.Error("a key without its public half")
		}
	})
}
