package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

type keygenFlags struct {
	out, name, level, tsaChain string
	claimed                    bool
	channels                   []string
}

func (a *app) keygenCommand() *cobra.Command {
	f := &keygenFlags{}
	c := &cobra.Command{
		Use: "keygen", Short: "Make a signing key, an id key and a first verifier file, outside every project",
		Long: `Make what signing and judging need, in a folder outside every project:

  weighlock.key    the private key, encrypted (cosign's format)
  weighlock.pub    its public half
  id.key           the secret under which row ids are stored in a registry
  verifier.yaml    whom to believe, and what to ask for at least

One key in every role is enough to begin with; verdicts then say single-signer. Edit
verifier.yaml to give roles to other keys.

Level release asks for the order of spec and training. Name the timestamp authority that
proves it with --tsa-chain, or let it rest on the builder's own clock with --claimed-time.`,
		Args: args(0, 0, "no argument"),
		RunE: func(*cobra.Command, []string) error { return a.keygen(f) },
	}
	c.Flags().StringVar(&f.out, "out", "", "folder to write into (else WEIGHLOCK_CONFIG, else the user's configuration folder)")
	c.Flags().StringVar(&f.name, "name", "team", "the key's name in the verifier file")
	c.Flags().StringVar(&f.level, "level", "release", "least level that the verifier file asks for: start, release or regulated")
	c.Flags().StringVar(&f.tsaChain, "tsa-chain", "", "PEM file with the certificates of the timestamp authority to trust")
	c.Flags().BoolVar(&f.claimed, "claimed-time", false, "let order rest on claimed clocks, where there is no timestamp authority")
	c.Flags().StringArrayVar(&f.channels, "champion", []string{"production=none"}, "CHANNEL=none or CHANNEL=sha256:…, the model in use")
	return c
}

func (a *app) keygen(f *keygenFlags) error {
	dir := f.out
	if dir == "" {
		dir = a.configDir()
	}
	if dir == "" {
		return usagef("there is no configuration folder\nhint: name a folder with --out")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder for the keys: %w\nhint: choose another folder with --out", err)
	}
	for _, name := range []string{keyFile, publicFile, idKeyFile, verifierFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return usagef("%s is there already, and nothing was changed\nhint: choose another folder with --out", filepath.Join(dir, name))
		}
	}
	password, err := a.password()()
	if err != nil {
		return err
	}
	private, public, err := sign.Generate(password)
	if err != nil {
		return fmt.Errorf("making the key: %w", err)
	}
	text, err := f.verifierText(public)
	if err != nil {
		return err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	files := []struct {
		name string
		text []byte
		mode fs.FileMode
	}{
		{keyFile, private, 0o600},
		{publicFile, public, 0o644},
		{idKeyFile, []byte(hex.EncodeToString(secret) + "\n"), 0o600},
		{verifierFile, text, 0o644},
	}
	for i, file := range files {
		if err := writeNew(filepath.Join(dir, file.name), file.text, file.mode); err != nil {
			for _, made := range files[:i] {
				os.Remove(filepath.Join(dir, made.name)) // a key without its verifier file is of no use
			}
			return fmt.Errorf("writing the keys: %w\nhint: nothing was kept; choose another folder with --out", err)
		}
	}
	for _, file := range files {
		fmt.Fprintln(a.env.Out, filepath.Join(dir, file.name))
	}
	fmt.Fprintf(a.env.Err, "every model that is judged here is held to level %s at least from now on, whatever its project asks for, unless another --verifier is named\n", f.level)
	if !f.claimed && f.tsaChain == "" && f.level != "start" {
		fmt.Fprintf(a.env.Err, "warning: no timestamp authority is named, so level %s cannot tell what came first, and stays undecided\n"+
			"hint: delete these files and name one with --tsa-chain; or write claimed_time: true into %s, which lets the builder's own clock count\n", f.level, verifierFile)
	}
	return nil
}

// verifierText is the first verifier file, with a comment for whoever edits
// it. It is read back before it is written.
func (f *keygenFlags) verifierText(public []byte) ([]byte, error) {
	channels := map[string]any{}
	for _, c := range f.channels {
		name, champion, ok := strings.Cut(c, "=")
		if !ok {
			return nil, usagef("--champion %s is not CHANNEL=none or CHANNEL=sha256:…\nhint: --champion production=none, where no model is in use yet", c)
		}
		channels[name] = map[string]any{"champion": champion}
	}
	doc := map[string]any{
		"schema": "https://weighlock.dev/verifier/v1",
		"name":   f.name, "level": f.level,
		"keys": []any{map[string]any{
			"name": f.name, "public": string(public),
			"roles": []string{"builder", "evaluator", "gate", "approver", "waiver", "policy", "rollout", "monitor"},
		}},
		"channels": channels,
	}
	if f.claimed {
		doc["claimed_time"] = true
	}
	if f.tsaChain != "" {
		chain, err := os.ReadFile(f.tsaChain)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("there are no certificates at %s\nhint: ask the timestamp authority for its certificate chain in PEM", f.tsaChain)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the authority's certificates: %w", err)
		}
		doc["timestamp"] = []any{map[string]any{"name": "tsa", "certificates": string(chain)}}
	}
	var out bytes.Buffer
	out.WriteString("# Whom Weighlock believes, and what a model must meet at least. Keep this file outside\n" +
		"# every project: whoever can write it can let any model pass.\n")
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	parsed, err := verifier.Parse(verifierFile, out.Bytes())
	if err != nil {
		return nil, usagef("%v", err)
	}
	if _, err := sign.NewTrust(parsed); err != nil {
		return nil, usagef("%v", err)
	}
	return out.Bytes(), nil
}

// writeNew makes a file that is not there yet, whole or not at all.
func writeNew(path string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}
