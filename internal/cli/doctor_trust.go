package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

// keyFile looks at the private key: there, readable by its owner alone, and
// opened by the password that the environment gives.
func (d *doctor) keyFile(context.Context) {
	const name = "key"
	file, err := d.configured(d.flags.key, "WEIGHLOCK_KEY", keyFile)
	if err != nil {
		d.ill(name, "ls -ld "+shell(d.configDir()), err)
		return
	}
	if file == "" {
		d.skip(name, "weighlock keygen", "there is none; run and publish need one from level release on")
		return
	}
	info, err := os.Stat(file)
	if err != nil {
		d.ill(name, "weighlock keygen", fmt.Errorf("reading the private key: %w", err))
		return
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		d.ill(name, "chmod 600 "+shell(file), fmt.Errorf("others than its owner may read %s", file))
	} else {
		d.say(name, "%s, for its owner alone", file)
	}
	d.password(file)
}

// password opens the key without asking anybody.
func (d *doctor) password(file string) {
	const name = "password"
	var err error
	d.key, err = sign.LoadKey(file, sign.Password(d.env.Getenv, strings.NewReader(""), d.env.Err))
	switch {
	case errors.Is(err, sign.ErrNoPassword) && d.atTerminal():
		d.skip(name, "export WEIGHLOCK_PASSWORD=…", "no variable holds it, so it is asked for at the terminal")
	case errors.Is(err, sign.ErrNoPassword):
		d.ill(name, "export WEIGHLOCK_PASSWORD=…", err)
	case errors.Is(err, sign.ErrPassword):
		d.ill(name, "export WEIGHLOCK_PASSWORD=…   # the one that was given to keygen", err)
	case err != nil:
		_, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		d.ill(name, cmp.Or(hint, "weighlock keygen --out FOLDER"), err)
	default:
		d.say(name, "opens the key")
	}
}

// atTerminal says whether a person could be asked.
func (d *doctor) atTerminal() bool {
	f, ok := d.env.In.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (d *doctor) idKey(context.Context) {
	switch key, err := d.loadIDKey(); {
	case err != nil:
		d.ill("id-key", "", err)
	case key == nil:
		d.skip("id-key", "weighlock keygen", "there is none; publish needs one")
	default:
		d.say("id-key", "%d characters", len(key))
	}
}

func (d *doctor) verifierFile(context.Context) {
	const name = "verifier"
	f, err := d.loadVerifier()
	if err != nil {
		_, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		d.ill(name, cmp.Or(hint, "${EDITOR:-vi} the file, or weighlock keygen --out FOLDER"), err)
		return
	}
	if f == nil {
		d.skip(name, "weighlock keygen", "there is no verifier file, so verdicts are self-declared: good for level start only")
		return
	}
	d.verifier = f
	if d.trust, err = sign.NewTrust(f, sign.At(d.env.Now())); err != nil {
		d.ill(name, "${EDITOR:-vi} "+shell(f.Path), err)
		return
	}
	d.say(name, "%s asks for level %s and believes %s", f.Path, f.Level, strings.Join(believed(f), "; "))
}

// order says what tells spec and training apart in time.
func (d *doctor) order(context.Context) {
	const name = "order"
	f := d.verifier
	switch {
	case d.trust == nil:
		d.skip(name, "", "there is no verifier file to say whose time counts")
	case len(f.Timestamp) > 0:
		var names []string
		for _, t := range f.Timestamp {
			names = append(names, t.Name)
		}
		d.say(name, "what came first is told by the timestamp authority %s", strings.Join(names, " or "))
	case f.ClaimedTime:
		d.say(name, "what came first is told by the builder's own clock, and verdicts say so")
	case f.Level == "start":
		d.skip(name, "", "level start does not ask what came first")
	default:
		d.ill(name, "echo 'claimed_time: true' >> "+shell(f.Path)+"   # or name an authority: weighlock keygen --tsa-chain CHAIN.pem",
			fmt.Errorf("%s names no timestamp authority and lets no claimed time count, so level %s can never tell what came first", f.Path, f.Level))
	}
}

func believed(f *verifier.File) []string {
	var list []string
	for _, k := range f.Keys {
		list = append(list, k.Name+" as "+strings.Join(k.Roles, ", "))
	}
	return list
}

// roles says what the verifier file lets the key sign, now and for this model.
func (d *doctor) roles(context.Context) {
	const name = "roles"
	if d.key == nil || d.trust == nil {
		d.skip(name, "", "there is no key, or no verifier file, to hold against each other")
		return
	}
	fix := "${EDITOR:-vi} " + shell(d.verifier.Path)
	k, ok := listedAs(d.verifier, d.key.Public())
	if !ok {
		d.ill(name, fix+"   # under keys: name, roles, and public:\n"+strings.TrimSpace(string(d.key.Public())),
			fmt.Errorf("the key is not in %s, so nothing that it signs counts", d.verifier.Path))
		return
	}
	now := d.env.Now().UTC()
	if since, err := time.Parse(time.RFC3339, k.Since); err == nil && now.Before(since) {
		d.ill(name, fix, fmt.Errorf("the key is %s, whose time begins at %s", k.Name, k.Since))
		return
	}
	if until, err := time.Parse(time.RFC3339, k.Until); err == nil && now.After(until) {
		d.ill(name, fix, fmt.Errorf("the key is %s, whose time ended at %s", k.Name, k.Until))
		return
	}
	if p, err := d.load(); err == nil && len(k.Models) > 0 && !slices.ContainsFunc(k.Models, func(pattern string) bool {
		ok, err := path.Match(pattern, p.Name)
		return ok && err == nil
	}) {
		d.ill(name, fix, fmt.Errorf("the key is %s, which may sign for %s, and this model is %s", k.Name, strings.Join(k.Models, ", "), p.Name))
		return
	}
	d.say(name, "the key is %s, which signs as %s", k.Name, strings.Join(k.Roles, ", "))
}

// listedAs finds a public key in a verifier file.
func listedAs(f *verifier.File, public []byte) (verifier.Key, bool) {
	mine, _ := pem.Decode(public)
	for _, k := range f.Keys {
		if theirs, _ := pem.Decode([]byte(k.Public)); mine != nil && theirs != nil && bytes.Equal(mine.Bytes, theirs.Bytes) {
			return k, true
		}
	}
	return verifier.Key{}, false
}

// answered is a timestamp that is trusted, and when it was asked for and had.
type answered struct{ asked, at, had time.Time }

func (d *doctor) timestamp(ctx context.Context) {
	const name = "timestamp"
	authority, err := d.authority()
	if err != nil {
		d.ill(name, "", err)
		return
	}
	if authority == nil {
		d.skip(name, "export WEIGHLOCK_TSA=https://…", "no timestamp authority is configured, so times are only claimed")
		return
	}
	message := []byte("weighlock doctor")
	sum := sha256.Sum256(message)
	t := answered{asked: d.env.Now()}
	token, err := authority.Timestamp(ctx, sum[:])
	t.had = d.env.Now()
	if err != nil {
		d.ill(name, "", err)
		return
	}
	if d.trust == nil {
		d.skip(name, "weighlock keygen --tsa-chain CHAIN.pem", "it answers; without a verifier file nobody says whether to trust it")
		return
	}
	if t.at, err = d.trust.VerifyToken(token, message); err != nil {
		d.ill(name, "${EDITOR:-vi} "+shell(d.verifier.Path)+"   # under timestamp: name, and certificates: its chain in PEM",
			fmt.Errorf("it answers, but is not one that %s trusts: %w", d.verifier.Path, err))
		return
	}
	d.token = &t
	d.say(name, "it answers, and the verifier file trusts it")
}

// skew is how far a clock may be off before what it signs looks out of order:
// more than any network takes.
const skew = time.Minute

func (d *doctor) clock(context.Context) {
	if d.token == nil {
		d.skip("clock", "", "there is no trusted time to hold it against")
		return
	}
	off := time.Duration(0)
	switch t := d.token; {
	case t.at.Before(t.asked.Truncate(time.Second)):
		off = t.asked.Sub(t.at)
	case t.at.After(t.had):
		off = t.had.Sub(t.at)
	}
	if off > skew || off < -skew {
		d.ill("clock", "sudo timedatectl set-ntp true", fmt.Errorf("this clock is %s, by the timestamp authority's", direction(off)))
		return
	}
	d.say("clock", "agrees with the timestamp authority's to a minute")
}

func direction(off time.Duration) string {
	if off > 0 {
		return off.Round(time.Second).String() + " fast"
	}
	return (-off).Round(time.Second).String() + " slow"
}
