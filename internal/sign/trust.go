package sign

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/weighlock/weighlock/internal/verifier"
)

// Trust is whom to believe: the keys and timestamp authorities of one verifier
// file.
type Trust struct {
	keys        []*key
	authorities []*authority
	now         time.Time
}

type key struct {
	name, hint    string
	der           []byte
	verifier      signature.Verifier
	roles, models []string
	since, until  time.Time
}

// Option sets what a verifier file cannot say.
type Option func(*Trust)

// At gives the moment as of which keys with a period are judged where no
// trusted time says when they signed. Without it such a key has no role then.
func At(now time.Time) Option { return func(t *Trust) { t.now = now.UTC() } }

// NewTrust reads a verifier file's keys and authorities. It refuses a file that
// trusts nobody, and one in which a key could be taken for another: a name
// given twice, or one key under two names.
func NewTrust(f *verifier.File, options ...Option) (*Trust, error) {
	if f == nil || len(f.Keys) == 0 {
		return nil, errors.New("the verifier file trusts nobody\n" +
			"hint: list at least one public key; weighlock keygen writes a first verifier file")
	}
	t := new(Trust)
	for _, option := range options {
		option(t)
	}
	for _, listed := range f.Keys {
		if err := t.addKey(listed); err != nil {
			return nil, fmt.Errorf("verifier file: key %q: %w", listed.Name, err)
		}
	}
	for _, listed := range f.Timestamp {
		if err := t.addAuthority(listed); err != nil {
			return nil, fmt.Errorf("verifier file: timestamp authority %q: %w", listed.Name, err)
		}
	}
	return t, nil
}

func (t *Trust) addKey(listed verifier.Key) error {
	k, err := newKey(listed)
	if err != nil {
		return err
	}
	for _, other := range t.keys {
		if other.name == k.name {
			return errors.New("the name is given to two keys")
		}
		if bytes.Equal(other.der, k.der) {
			return fmt.Errorf("the same public key is listed as %q\n"+
				"hint: one key may hold several roles; list it once with all of them", other.name)
		}
	}
	t.keys = append(t.keys, k)
	return nil
}

func newKey(listed verifier.Key) (*key, error) {
	if listed.Name == "" {
		return nil, errors.New("it has no name")
	}
	if len(listed.Public) > maxKeyFile {
		return nil, errors.New("its public key is larger than a key can be")
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey([]byte(listed.Public))
	if err != nil {
		return nil, fmt.Errorf("its public key is not PEM: %w", err)
	}
	k := &key{name: listed.Name, roles: slices.Clone(listed.Roles), models: slices.Clone(listed.Models)}
	// As for signing: without options Ed25519 is pure, which is DSSE's custom.
	if k.verifier, err = signature.LoadDefaultVerifier(public); err != nil {
		return nil, err
	}
	if k.der, k.hint, err = fingerprint(public); err != nil {
		return nil, err
	}
	return k, k.check(listed)
}

func (k *key) check(listed verifier.Key) (err error) {
	if len(k.roles) == 0 {
		return errors.New("it has no role")
	}
	for _, role := range k.roles {
		if !slices.Contains(roles[:], role) {
			return fmt.Errorf("role %q is not known; known are %s", role, strings.Join(roles[:], ", "))
		}
	}
	for _, pattern := range k.models {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("model pattern %q: %w", pattern, err)
		}
	}
	if k.since, err = moment(listed.Since); err != nil {
		return fmt.Errorf("since: %w", err)
	}
	if k.until, err = moment(listed.Until); err != nil {
		return fmt.Errorf("until: %w", err)
	}
	if !k.until.IsZero() && k.until.Before(k.since) {
		return fmt.Errorf("it ends (%s) before it begins (%s)", listed.Until, listed.Since)
	}
	return nil
}

func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err
}

// covers says whether the key may sign for all of the models named; a key for
// certain models may not sign for one that has no name.
func (k *key) covers(models []string) bool {
	if k.models == nil {
		return true
	}
	for _, model := range models {
		if !slices.ContainsFunc(k.models, func(pattern string) bool {
			ok, _ := path.Match(pattern, model)
			return ok
		}) {
			return false
		}
	}
	return len(models) > 0
}

// Lets says whether what a key signs now, about a model, counts as signed in
// every one of the roles; ErrUntrusted where it does not, in words for whoever
// was about to sign.
func (t *Trust) Lets(signer *Key, model string, wanted ...string) error {
	for _, k := range t.keys {
		if k.hint != signer.hint {
			continue
		}
		switch {
		case k.bounded() && !k.valid(t.now):
			return unfit{fmt.Errorf("key %q may not sign now (%s)", k.name, k.period())}
		case !k.covers([]string{model}):
			return unfit{fmt.Errorf("key %q may sign for models %q, and this one is %q", k.name, k.models, model)}
		}
		for _, role := range wanted {
			if !slices.Contains(k.roles, role) {
				return unfit{fmt.Errorf("key %q has the roles %q, and %q is needed", k.name, k.roles, role)}
			}
		}
		return nil
	}
	return fmt.Errorf("%w: the key %.64q", ErrUntrusted, signer.hint)
}

// unfit is an ErrUntrusted about a key that is listed.
type unfit struct{ error }

func (unfit) Is(target error) bool { return target == ErrUntrusted }

func (k *key) valid(at time.Time) bool {
	return !at.Before(k.since) && (k.until.IsZero() || !at.After(k.until))
}

func (k *key) bounded() bool { return !k.since.IsZero() || !k.until.IsZero() }
