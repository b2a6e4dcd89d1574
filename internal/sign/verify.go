package sign

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
)

var (
	// ErrSignature says that a bundle names a listed key and that key did not
	// sign what the bundle holds: it was altered.
	ErrSignature = errors.New("signature does not match")
	// ErrUntrusted says that no listed key signed. Such a statement is ignored
	// and listed, else whoever can push could block a model.
	ErrUntrusted = errors.New("signed by nobody whom the verifier file lists")
	// ErrStatement says that a listed key signed something that cannot be read
	// as a statement. It counts for nothing.
	ErrStatement = errors.New("signed, but not a statement that can be read")
)

// Verified is a statement with a signature of a listed key, and what the
// signer was entitled to. A signature alone entitles to nothing: ask May.
type Verified struct {
	Statement *attest.Statement
	// Digest is of the bundle's bytes.
	Digest string
	// Signer is the key's name in the verifier file.
	Signer string
	// Roles are those that the key held when it signed, for the model that the
	// statement names; empty where its period or its models exclude it.
	Roles []string
	// Time is the earliest time at which a trusted authority saw the signature,
	// in whole seconds UTC. HasTime and Trusted are true only then; times that
	// the statement itself claims are for its reader.
	Time             time.Time
	Trusted, HasTime bool
	// Note says in words why there is no role, or why a timestamp that is there
	// was not believed.
	Note string
}

// Verify checks the signature of one bundle. The error is ErrBundle,
// ErrUntrusted, ErrSignature or ErrStatement; only ErrSignature says that
// something was altered under a listed key.
func (t *Trust) Verify(bundle []byte) (*Verified, error) {
	e, err := parse(bundle)
	if err != nil {
		return nil, err
	}
	k, err := t.signer(e)
	if err != nil {
		return nil, err
	}
	statement, err := attest.Parse(e.payload)
	if err != nil {
		return nil, fmt.Errorf("%w: by key %q: %s", ErrStatement, k.name, printable(err))
	}
	v := &Verified{Statement: statement, Digest: artifact.Digest(bundle), Signer: k.name}
	v.date(t, e)
	v.grant(k, t.now)
	return v, nil
}

// signer finds the key that signed. The hint is not under the signature, so it
// only serves to tell an altered statement from a stranger's.
func (t *Trust) signer(e *envelope) (*key, error) {
	message := attest.PAE(artifact.PayloadType, e.payload)
	for _, k := range t.keys {
		if k.hint != e.hint {
			continue
		}
		if err := k.verify(e.sig, message); err != nil {
			return nil, fmt.Errorf("%w: the bundle names key %q, which did not sign these bytes\n"+
				"hint: it was altered after signing; get it again from where it was made", ErrSignature, k.name)
		}
		return k, nil
	}
	for _, k := range t.keys {
		if k.verify(e.sig, message) == nil {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%w: the bundle names key %.64q", ErrUntrusted, e.hint)
}

func (k *key) verify(sig, message []byte) error {
	return k.verifier.VerifySignature(bytes.NewReader(sig), bytes.NewReader(message))
}

// date looks for the earliest trusted time of the signature. Tokens are not
// under the signature either: one that is not trusted is as good as none.
func (v *Verified) date(t *Trust, e *envelope) {
	var notes []string
	for _, token := range e.tokens {
		at, err := t.VerifyToken(token, e.sig)
		if err != nil {
			notes = append(notes, "timestamp not believed: "+printable(err))
			continue
		}
		if !v.HasTime || at.Before(v.Time) {
			v.Time, v.Trusted, v.HasTime = at, true, true
		}
	}
	if !v.HasTime {
		v.note(notes...)
	}
}

func (v *Verified) grant(k *key, now time.Time) {
	at, source := now, "now"
	if v.HasTime {
		at, source = v.Time, "signed"
	}
	switch models := v.models(); {
	case k.bounded() && at.IsZero():
		v.note(fmt.Sprintf("key %q has a period, and neither a trusted time nor a clock says whether it held", k.name))
	case !k.valid(at):
		v.note(fmt.Sprintf("key %q was not valid (%s: %s; %s)", k.name, source, at.Format(time.RFC3339), k.period()))
	case !k.covers(models):
		v.note(fmt.Sprintf("key %q may sign for models %q, and the statement names %q", k.name, k.models, models))
	default:
		v.Roles = slices.Clone(k.roles)
	}
}

// models are the names of the models that the statement is about: Weighlock's
// own say it; in others, it is the last element of each subject's name.
func (v *Verified) models() []string {
	if name := v.Statement.Model(); name != "" || !v.Statement.Foreign() {
		return []string{name}
	}
	var names []string
	for _, s := range v.Statement.Subject {
		name, _, _ := strings.Cut(s.Name[strings.LastIndex(s.Name, "/")+1:], "@")
		name, _, _ = strings.Cut(name, ":")
		names = append(names, name)
	}
	return names
}

func (k *key) period() string {
	var words []string
	if !k.since.IsZero() {
		words = append(words, "since "+k.since.Format(time.RFC3339))
	}
	if !k.until.IsZero() {
		words = append(words, "until "+k.until.Format(time.RFC3339))
	}
	return strings.Join(words, ", ")
}

func (v *Verified) note(notes ...string) {
	if v.Note != "" {
		notes = append([]string{v.Note}, notes...)
	}
	v.Note = strings.Join(notes, "; ")
}
