package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"golang.org/x/term"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/internal/verifier"
	"github.com/weighlock/weighlock/policies"
)

// trustFlags are the flags by which commands learn whom to believe and as
// whom to sign.
type trustFlags struct {
	verifier, key, tsa, idKey, level string
}

func (a *app) verifierFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.flags.verifier, "verifier", "", "verifier file: whom to believe, what to ask for (else WEIGHLOCK_VERIFIER, else the one that keygen wrote)")
}

func (a *app) levelFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.flags.level, "level", "", "judge at least at this level: start, release or regulated")
}

func (a *app) keyFlags(c *cobra.Command) {
	c.Flags().StringVar(&a.flags.key, "key", "", "private key file (else WEIGHLOCK_KEY, else the one that keygen wrote); its password comes from WEIGHLOCK_PASSWORD, COSIGN_PASSWORD or a prompt")
	c.Flags().StringVar(&a.flags.tsa, "tsa", "", "address of an RFC 3161 timestamp authority (else WEIGHLOCK_TSA); without one, times are only claimed")
}

func (a *app) idKeyFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.flags.idKey, "id-key", "", "key under which row ids are stored (else WEIGHLOCK_ID_KEY, else the one that keygen wrote)")
}

// Names of the files that keygen writes into the configuration folder.
const (
	keyFile      = "weighlock.key"
	publicFile   = "weighlock.pub"
	idKeyFile    = "id.key"
	verifierFile = "verifier.yaml"
)

// configDir is the user's configuration folder for Weighlock, outside every
// project; empty where there is none.
func (a *app) configDir() string {
	if dir := a.env.Getenv("WEIGHLOCK_CONFIG"); dir != "" {
		return dir
	}
	if dir := a.env.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "weighlock")
	}
	if home := a.env.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "weighlock")
	}
	return ""
}

// configured is the file that a flag, a variable or the configuration folder
// names, in this order; empty where none does. Only the last may be absent.
func (a *app) configured(flag, variable, name string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := a.env.Getenv(variable); path != "" {
		return path, nil
	}
	dir := a.configDir()
	if dir == "" {
		return "", nil
	}
	path := filepath.Join(dir, name)
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("looking for %s: %w", path, err)
	}
	return path, nil
}

// loadVerifier reads the verifier file. Without one a verdict is the project's
// own word, so a variable that should name it and is empty is no silence.
func (a *app) loadVerifier() (*verifier.File, error) {
	if a.flags.verifier == "" && slices.Contains(a.env.Environ, "WEIGHLOCK_VERIFIER=") {
		return nil, usagef("WEIGHLOCK_VERIFIER is set, and empty\nhint: let it name the verifier file, or unset it")
	}
	path, err := a.configured(a.flags.verifier, "WEIGHLOCK_VERIFIER", verifierFile)
	if path == "" || err != nil {
		return nil, err
	}
	f, err := verifier.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("no verifier file at %s\nhint: `weighlock keygen` writes a first one", path)
	}
	return f, err
}

// rules are the rules that this run judges by.
func (a *app) rules() (gate.Rules, error) {
	r, err := a.beliefs()
	if err == nil {
		r.Policy, err = policy.Load(policies.FS)
	}
	return r, err
}

// readPolicy begins to read the policy, and returns what waits for it.
func readPolicy() func() (*policy.Bundle, error) {
	type read struct {
		b   *policy.Bundle
		err error
	}
	done := make(chan read, 1)
	go func() {
		b, err := policy.Load(policies.FS)
		done <- read{b, err}
	}()
	return func() (*policy.Bundle, error) {
		r := <-done
		return r.b, r.err
	}
}

// beliefs are rules without a policy, for commands that judge nothing: to read
// the policy takes longer than most of them.
func (a *app) beliefs() (gate.Rules, error) {
	r := gate.Rules{Level: a.flags.level, Now: a.env.Now().UTC(), Engine: engine()}
	switch a.flags.level {
	case "", "start", "release", "regulated":
	default:
		return r, usagef("unknown level %q\nhint: start, release or regulated", a.flags.level)
	}
	var err error
	r.Verifier, err = a.loadVerifier()
	return r, err
}

func engine() verdict.Engine { return verdict.Engine{Name: "weighlock", Version: Version()} }

func (a *app) loadKey() (*sign.Key, error) {
	path, err := a.configured(a.flags.key, "WEIGHLOCK_KEY", keyFile)
	if path == "" || err != nil {
		return nil, err
	}
	key, err := sign.LoadKey(path, a.password())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("no key at %s\nhint: make one with `weighlock keygen`", path)
	}
	return key, err
}

// password gives the key's password. While it is typed, the terminal neither
// echoes nor can the reading be broken off, so Ctrl-C leaves the reading
// behind and gives the terminal its echo back.
func (a *app) password() func() ([]byte, error) {
	ask := sign.Password(a.env.Getenv, a.env.In, a.env.Err)
	f, ok := a.env.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return ask
	}
	type answer struct {
		password []byte
		err      error
	}
	return func() ([]byte, error) {
		state, err := term.GetState(int(f.Fd()))
		if err != nil {
			return nil, fmt.Errorf("asking for the password: %w", err)
		}
		came := make(chan answer, 1)
		go func() {
			password, err := ask()
			came <- answer{password, err}
		}()
		select {
		case got := <-came:
			return got.password, got.err
		case <-a.stopped:
			fmt.Fprintln(a.env.Err)
			return nil, errors.Join(context.Canceled, term.Restore(int(f.Fd()), state))
		}
	}
}

// authority is the timestamp authority that was named, or nil.
func (a *app) authority() (sign.Authority, error) {
	url := a.flags.tsa
	if url == "" {
		url = a.env.Getenv("WEIGHLOCK_TSA")
	}
	if url == "" {
		return nil, nil
	}
	transport, err := a.transport()
	if err != nil {
		return nil, err
	}
	return sign.NewTSA(url, transport), nil
}

func (a *app) loadIDKey() ([]byte, error) {
	path, err := a.configured(a.flags.idKey, "WEIGHLOCK_ID_KEY", idKeyFile)
	if path == "" || err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("no id key at %s\nhint: make one with `weighlock keygen`", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the id key: %w\nhint: `weighlock keygen` writes one; or name another with --id-key", err)
	}
	key := strings.TrimSpace(string(b))
	if len(key) < 32 {
		return nil, usagef("the id key %s has fewer than 32 characters\nhint: `weighlock keygen` makes one", path)
	}
	return []byte(key), nil
}

func (a *app) open(ref string) (*oci.Repository, oci.Reference, error) {
	transport, err := a.transport()
	if err != nil {
		return nil, oci.Reference{}, err
	}
	return oci.Open(ref, oci.Options{Transport: transport, Keychain: oci.Credentials(a.env.Environ), Patience: a.env.Patience, Settle: a.env.Settle, Wait: a.env.Wait})
}

// openPublished reads what a reference leads to, with signatures checked.
func (a *app) openPublished(ctx context.Context, ref string, rules gate.Rules) (*gate.Published, error) {
	repo, r, err := a.open(ref)
	if err != nil {
		return nil, err
	}
	p, err := gate.OpenPublished(ctx, repo, r, rules)
	if errors.Is(err, oci.ErrNotFound) && !strings.Contains(err.Error(), "\nhint: ") {
		err = fmt.Errorf("%w\nhint: `weighlock ls %s` lists the versions that are there", err, repo)
	}
	return p, err
}

// isFolder says whether an argument of gate is a folder and not a reference.
func isFolder(arg string) bool {
	if strings.HasPrefix(arg, "oci:") {
		return false
	}
	info, err := os.Stat(arg)
	return err == nil && info.IsDir()
}

func short(digest string) string { return artifact.Short(digest) }
