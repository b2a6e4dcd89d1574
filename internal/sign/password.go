package sign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// ErrNoPassword says that a password is needed and nobody could give one.
var ErrNoPassword = errors.New("no password for the private key")

// Password is where a key's password comes from: WEIGHLOCK_PASSWORD, else
// COSIGN_PASSWORD, else the file that WEIGHLOCK_PASSWORD_FILE names (without
// its last line end), else a person at the terminal in, who is asked on prompt.
// Where none of these is there, it is ErrNoPassword.
func Password(getenv func(string) string, in io.Reader, prompt io.Writer) func() ([]byte, error) {
	return func() ([]byte, error) {
		for _, name := range []string{"WEIGHLOCK_PASSWORD", "COSIGN_PASSWORD"} {
			if secret := getenv(name); secret != "" {
				return []byte(secret), nil
			}
		}
		if name := getenv("WEIGHLOCK_PASSWORD_FILE"); name != "" {
			return passwordFile(name)
		}
		if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return askPassword(f, prompt)
		}
		return nil, fmt.Errorf("%w\nhint: set WEIGHLOCK_PASSWORD, or WEIGHLOCK_PASSWORD_FILE", ErrNoPassword)
	}
}

func passwordFile(name string) ([]byte, error) {
	text, err := readKeyFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the password: %w", err)
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	return bytes.TrimSuffix(text, []byte("\r")), nil
}

func askPassword(f *os.File, prompt io.Writer) ([]byte, error) {
	fmt.Fprint(prompt, "Password for the private key: ")
	secret, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(prompt)
	if err != nil {
		return nil, fmt.Errorf("reading the password: %w", err)
	}
	return secret, nil
}
