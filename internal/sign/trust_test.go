package sign_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

func TestNewTrustRefuses(t *testing.T) {
	k := newKey(t)
	mine := trusting("mine", k, "gate")
	with := func(change func(k *verifier.Key)) verifier.Key {
		out := mine
		change(&out)
		return out
	}
	authority := newTSA(t, noon)
	leafLast := append(authority.RootPEM(), authority.CertificatesPEM()...)
	stamped := func(a ...verifier.Authority) *verifier.File {
		return &verifier.File{Keys: []verifier.Key{mine}, Timestamp: a}
	}
	for _, test := range []struct {
		name string
		file *verifier.File
		want string
	}{
		{"no file", nil, "the verifier file trusts nobody\nhint: list at least one public key; weighlock keygen writes a first verifier file"},
		{"a file that trusts nobody", &verifier.File{}, "the verifier file trusts nobody\nhint: list at least one public key; weighlock keygen writes a first verifier file"},
		{"one key under two names", keys(mine, trusting("other", k, "builder")), "verifier file: key \"other\": the same public key is listed as \"mine\"\nhint: one key may hold several roles; list it once with all of them"},
		{"one name for two keys", keys(mine, trusting("mine", newKey(t), "gate")), `verifier file: key "mine": the name is given to two keys`},
		{"a key without name", keys(with(func(k *verifier.Key) { k.Name = "" })), `verifier file: key "": it has no name`},
		{"a key that is not PEM", keys(with(func(k *verifier.Key) { k.Public = "hello" })), `verifier file: key "mine": its public key is not PEM: `},
		{"a damaged key", keys(with(func(k *verifier.Key) { k.Public = strings.Replace(k.Public, "M", "A", 1) })), `key "mine"`},
		{"a huge key", keys(with(func(k *verifier.Key) { k.Public += strings.Repeat(" ", 1<<20) })), `verifier file: key "mine": its public key is larger than a key can be`},
		{"a key without role", keys(with(func(k *verifier.Key) { k.Roles = nil })), `verifier file: key "mine": it has no role`},
		{"an unknown role", keys(with(func(k *verifier.Key) { k.Roles = []string{"root"} })), `verifier file: key "mine": role "root" is not known; known are builder, evaluator, gate, approver, waiver, policy, rollout, monitor`},
		{"a bad model pattern", keys(with(func(k *verifier.Key) { k.Models = []string{"[a"} })), `verifier file: key "mine": model pattern "[a": syntax error in pattern`},
		{"a time that is none", keys(with(func(k *verifier.Key) { k.Until = "tomorrow" })), "until"},
		{"a period that ends before it begins", keys(with(func(k *verifier.Key) {
			k.Since, k.Until = "2026-11-20T12:00:00Z", "2026-11-19T12:00:00Z"
		})), `verifier file: key "mine": it ends (2026-11-19T12:00:00Z) before it begins (2026-11-20T12:00:00Z)`},
		{"an authority that is not PEM", stamped(verifier.Authority{Name: "a", Certificates: "hello"}), "verifier file: timestamp authority \"a\": its certificates are not PEM\nhint: paste the text from -----BEGIN CERTIFICATE----- to the last -----END CERTIFICATE-----"},
		{"an authority whose certificate is a key", stamped(listed("a", k.Public())), "verifier file: timestamp authority \"a\": \"PUBLIC KEY\" among its certificates\nhint: list certificates alone, leaf first"},
		{"text behind an authority's certificates", stamped(listed("a", append(authority.RootPEM(), "x"...))), "its certificates are not PEM\n"},
		{"a chain that begins with its root", stamped(listed("a", leafLast)), "verifier file: timestamp authority \"a\": its certificates are not leaf first\nhint: put the certificate that signs the time first, and the root last"},
		{"one name for two authorities", stamped(listed("a", authority.RootPEM()), listed("a", newTSA(t, noon).RootPEM())), "verifier file: timestamp authority \"a\": the name is given to two authorities"},
	} {
		t.Run(test.name, func(t *testing.T) {
			trust, err := sign.NewTrust(test.file)
			if err == nil || trust != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, error %v; want an error with %q", trust, err, test.want)
			}
		})
	}
}

func keys(list ...verifier.Key) *verifier.File { return &verifier.File{Keys: list} }

func TestRolesAreHeldForCertainModelsAndTimes(t *testing.T) {
	k, authority := newKey(t), newTSA(t, noon)
	own, foreign := newStatement(t, "card-default"), newSignature(t, "ghcr.io/acme/card-default:1.0")
	const before, after = "2026-11-20T11:59:59Z", "2026-11-20T12:00:01Z"
	for _, test := range []struct {
		name      string
		statement *attest.Statement
		models    []string
		since     string
		until     string
		stamped   bool
		now       time.Time
		note      string // empty: the role is held
	}{
		{"a key for all models", own, nil, "", "", false, time.Time{}, ""},
		{"a key for this model", own, []string{"card-default"}, "", "", false, time.Time{}, ""},
		{"a key for models like it", own, []string{"fraud-*", "card-*"}, "", "", false, time.Time{}, ""},
		{"a key for other models", own, []string{"fraud-*"}, "", "", false, time.Time{}, `"fraud-*"`},
		{"a key for models like it, by part of the name only", own, []string{"card"}, "", "", false, time.Time{}, `"card-default"`},
		{"a foreign statement whose subject is named", foreign, []string{"card-*"}, "", "", false, time.Time{}, ""},
		{"a foreign statement without a name", newSignature(t, ""), []string{"*"}, "", "", false, time.Time{}, ""},
		{"a foreign statement without a name, under a narrower key", newSignature(t, ""), []string{"card-*"}, "", "", false, time.Time{}, "names"},
		{"a key that ended after the trusted time", own, nil, "", after, true, noon.AddDate(1, 0, 0), ""},
		{"a key that ended in the second of the trusted time", own, nil, "", "2026-11-20T12:00:00Z", true, noon.AddDate(1, 0, 0), ""},
		{"a key that ended before the trusted time", own, nil, "", before, true, noon.AddDate(-1, 0, 0), "not valid (signed: 2026-11-20T12:00:00Z; until"},
		{"a key that began after the trusted time", own, nil, after, "", true, noon.AddDate(1, 0, 0), "not valid"},
		{"a key that began before it", own, nil, before, after, true, time.Time{}, ""},
		{"no trusted time, and the key is valid now", own, nil, before, after, false, noon, ""},
		{"no trusted time, and the key has ended by now", own, nil, before, after, false, noon.Add(time.Hour), "not valid (now:"},
		{"no trusted time and no clock", own, nil, before, after, false, time.Time{}, "neither a trusted time nor a clock"},
	} {
		t.Run(test.name, func(t *testing.T) {
			listing := trusting("mine", k, "gate")
			listing.Models, listing.Since, listing.Until = test.models, test.since, test.until
			f := keys(listing)
			f.Timestamp = []verifier.Authority{listed("local", authority.RootPEM())}
			var stamp sign.Authority
			if test.stamped {
				stamp = authority
			}
			bundle := mustSign(t, k, test.statement, stamp)
			got, err := newTrust(t, f, sign.At(test.now)).Verify(bundle)
			if err != nil {
				t.Fatal(err)
			}
			if held := len(got.Roles) > 0; held != (test.note == "") || !strings.Contains(got.Note, test.note) {
				t.Errorf("got roles %q, note %q; want note with %q", got.Roles, got.Note, test.note)
			}
			if name := test.statement.Name(); got.May(name) != (test.note == "") {
				t.Errorf("May(%q): got %v", name, got.May(name))
			}
		})
	}
}

func newSignature(t testing.TB, name string) *attest.Statement {
	t.Helper()
	s, err := attest.NewSignature(attest.Of(name, digest))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMayWantsTheRoleAndTheType(t *testing.T) {
	k := newKey(t)
	for _, test := range []struct {
		name, role, ask string
		statement       *attest.Statement
		want            bool
	}{
		{"the right role", "gate", "attempt", newStatement(t, "m"), true},
		{"the right role, by URI", "gate", artifact.PredicateType("attempt"), newStatement(t, "m"), true},
		{"the wrong role", "builder", "attempt", newStatement(t, "m"), false},
		{"the right role, asked for another type", "gate", "verdict", newStatement(t, "m"), false},
		{"an attestation taken for an image signature", "gate", "sign", newStatement(t, "m"), false},
		{"an image signature", "gate", "sign", newSignature(t, "m"), true},
		{"a type that nobody knows", "gate", "", newStatement(t, "m"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			trust := newTrust(t, keys(trusting("mine", k, test.role)))
			v, err := trust.Verify(mustSign(t, k, test.statement, nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := v.May(test.ask); got != test.want {
				t.Errorf("got %v; want %v", got, test.want)
			}
		})
	}
}

func TestEveryPredicateHasARoleThatExists(t *testing.T) {
	k := newKey(t)
	for _, name := range append(artifact.Predicates(), "vsa", "sign") {
		roles := sign.RoleFor(name)
		if len(roles) == 0 {
			t.Errorf("nobody may sign %s", name)
			continue
		}
		if _, err := sign.NewTrust(keys(trusting("mine", k, roles...))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := sign.RoleFor("weight"); got != nil {
		t.Errorf("got %q for an unknown predicate; want nobody", got)
	}
}

func TestCallersCannotChangeTheRolesOfOthers(t *testing.T) {
	k := newKey(t)
	trust := newTrust(t, keys(trusting("mine", k, "gate")))
	bundle := mustSign(t, k, newStatement(t, "m"), nil)
	first, err := trust.Verify(bundle)
	if err != nil {
		t.Fatal(err)
	}
	first.Roles[0] = "builder"
	second, err := trust.Verify(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"gate"}, second.Roles); diff != "" {
		t.Error(diff)
	}
}

func TestSignedNonsenseIsNoStatement(t *testing.T) {
	// What our own Sign cannot make, others with a listed key can.
	private, trust := newSigner(t)
	for name, payload := range map[string]string{
		"text":                       "hello",
		"a duplicate key":            `{"_type":"https://in-toto.io/Statement/v1","_type":"https://in-toto.io/Statement/v1"}`,
		"an own predicate that lies": `{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://weighlock.dev/verdict/v1","subject":[{"digest":{"sha256":"` + artifact.Hex(digest) + `"}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := trust.Verify(sigstoreBundle(t, private, []byte(payload)))
			if want := `signed, but not a statement that can be read: by key "mine": `; !errors.Is(err, sign.ErrStatement) || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v; want %s", err, want)
			}
		})
	}
}
