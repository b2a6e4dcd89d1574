package attest_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
)

const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

var attempt = map[string]any{
	"model":      map[string]any{"name": "card-default", "digest": digest},
	"repository": "card-default",
	"sequence":   1,
	"kind":       "publish",
	"outcome":    "deny",
	"spec":       digest,
	"data":       digest,
	"time":       "2026-11-20T12:00:00Z",
	"reasons":    []string{"metrics:recall"},
}

func newAttempt(t testing.TB) *attest.Statement {
	t.Helper()
	s, err := attest.New("attempt", []attest.Subject{attest.Of("card-default", digest)}, attempt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewIsCanonicalAndReadsBack(t *testing.T) {
	s := newAttempt(t)
	want := `{"_type":"https://in-toto.io/Statement/v1","predicate":{"data":"` + digest +
		`","kind":"publish","model":{"digest":"` + digest + `","name":"card-default"},"outcome":"deny","reasons":["metrics:recall"],` +
		`"repository":"card-default","sequence":1,"spec":"` + digest + `","time":"2026-11-20T12:00:00Z"},` +
		`"predicateType":"https://weighlock.dev/attempt/v1","subject":[{"digest":{"sha256":"` + artifact.Hex(digest) + `"},"name":"card-default"}]}`
	if diff := cmp.Diff(want, string(s.Bytes())); diff != "" {
		t.Errorf("bytes (-want +got):\n%s", diff)
	}
	back, err := attest.Parse(s.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Errorf("read back (-wrote +read):\n%s", diff)
	}
	if back.Name() != "attempt" || back.Foreign() || back.Model() != "card-default" {
		t.Errorf("got name %q, foreign %v, model %q", back.Name(), back.Foreign(), back.Model())
	}
}

func TestNewRefuses(t *testing.T) {
	subjects := []attest.Subject{attest.Of("", digest)}
	with := func(key string, value any) map[string]any {
		out := map[string]any{}
		for k, v := range attempt {
			out[k] = v
		}
		out[key] = value
		return out
	}
	for _, test := range []struct {
		name, predicate string
		subjects        []attest.Subject
		value           any
		want            string
	}{
		{"an unknown predicate type", "weight", subjects, attempt, "not one of Weighlock's"},
		{"a foreign predicate type", "vsa", subjects, attempt, "not one of Weighlock's"},
		{"no subject", "attempt", nil, attempt, "subject is not a list"},
		{"a subject without digest", "attempt", []attest.Subject{{Name: "x"}}, attempt, "want 64 lower-case"},
		{"a subject with a short digest", "attempt", []attest.Subject{attest.Of("", "sha256:12")}, attempt, "want 64 lower-case"},
		{"too many subjects", "attempt", make([]attest.Subject, attest.MaxSubjects+1), attempt, "statement: 1025 subjects are beyond the limit of 1024"},
		{"a field that the schema lacks", "attempt", subjects, with("weight", 1), "weight"},
		{"a wrong value", "attempt", subjects, with("outcome", "pass"), "outcome"},
		{"a number that is not finite", "attempt", subjects, with("sequence", math.NaN()), "NaN"},
		{"an integer beyond 2^53", "attempt", subjects, with("sequence", int64(1)<<60), "2^53"},
		{"a statement beyond the limit", "attempt", subjects, with("reasons", []string{strings.Repeat("x", attest.MaxStatement)}), "beyond the limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := attest.New(test.predicate, test.subjects, test.value)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v; want one with %q", err, test.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	good := string(newAttempt(t).Bytes())
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the statement", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, test := range []struct{ name, text, want string }{
		{"no text", "", "end of JSON"},
		{"text after it", good + "{}", "after the JSON value"},
		{"a list", "[" + good + "]", "not an object"},
		{"null", "null", "statement:"},
		{"bytes that are not UTF-8", swap("metrics", "metr\xff"), "statement is not UTF-8"},
		{"a duplicate key", swap(`"_type"`, `"predicateType":"x","_type"`), "duplicate key"},
		{"a duplicate key within the predicate", swap(`"kind"`, `"outcome":"allow","kind"`), "duplicate key"},
		{"a key in another case", swap(`"_type"`, `"Subject":[],"_type"`), `unknown field "Subject"`},
		{"an unknown top-level field", swap(`"_type"`, `"extra":1,"_type"`), `unknown field "extra"`},
		{"an older statement type", swap("Statement/v1", "Statement/v0.1"), "_type is"},
		{"no type", swap(`"_type":"https://in-toto.io/Statement/v1",`, ""), "_type is missing"},
		{"a type that is no text", swap(`"https://in-toto.io/Statement/v1"`, "1"), "_type is not text"},
		{"an empty predicate type", swap("https://weighlock.dev/attempt/v1", " "), "predicateType is empty"},
		{"subjects that are no list", strings.ReplaceAll(strings.ReplaceAll(good, `"subject":[`, `"subject":`), `}]}`, `}}`), "subject is not a list"},
		{"no subject at all", swap(`{"digest":{"sha256":"`+artifact.Hex(digest)+`"},"name":"card-default"}`, ""), "statement: subject is empty: the statement is about nothing"},
		{"a subject that is null", swap(`{"digest":{"sha256":"`+artifact.Hex(digest)+`"},"name":"card-default"}`, "null"), "subject[0]: not an object"},
		{"a digest in upper case", swap(`"sha256":"9f86`, `"sha256":"9F86`), `statement: subject[0]: digest.sha256 is "9F86` + artifact.Hex(digest)[4:] + `"; want 64 lower-case hexadecimal digits`},
		{"a subject with sha1 only", swap(`"sha256"`, `"sha1"`), "digest.sha256"},
		{"a second digest that is none", swap(`"sha256":"9f86`, `"sha1":"zz","sha256":"9f86`), "digest.sha1"},
		{"a digest that is no text", swap(`"sha256":"`+artifact.Hex(digest)+`"`, `"sha256":1`), "not a set of texts"},
		{"a subject field of another tool in our own statement", swap(`"name":"card-default"}]`, `"uri":"x"}]`), `unknown field "uri"`},
		{"an own predicate against its schema", swap(`"outcome":"deny"`, `"outcome":"pass"`), "outcome"},
		{"an own predicate that is empty", `{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://weighlock.dev/verdict/v1","subject":[{"digest":{"sha256":"` + artifact.Hex(digest) + `"}}]}`, "outcome"},
		{"a predicate that is null", `{"_type":"https://in-toto.io/Statement/v1","predicate":null,"predicateType":"https://example.com","subject":[{"digest":{"sha256":"` + artifact.Hex(digest) + `"}}]}`, "predicate is not an object"},
		{"a huge statement", strings.Repeat(" ", attest.MaxStatement) + good, fmt.Sprintf("statement of %d bytes is beyond the limit of 16777216", attest.MaxStatement+len(good))},
		{"deep nesting", strings.Repeat("[", 1<<20), "nested deeper"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := attest.Parse([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, error %v; want an error with %q", s, err, test.want)
			}
		})
	}
}

func TestForeignStatementIsReadAndMarked(t *testing.T) {
	text := `{"subject": [{"name": "ghcr.io/acme/m", "digest": {"sha1": "ab", "sha256": "` + artifact.Hex(digest) + `"}, "annotations": {"k": 1}}],
	 "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1", "predicate": {"model": {"name": "m"}}}`
	s, err := attest.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Foreign() || s.Name() != "" || s.Model() != "" || !s.About(digest) {
		t.Errorf("got foreign %v, name %q, model %q, about %v", s.Foreign(), s.Name(), s.Model(), s.About(digest))
	}
	if !strings.Contains(string(s.Bytes()), `"annotations":{"k":1}`) {
		t.Errorf("got %s; want the subject's annotations kept", s.Bytes())
	}
}

func TestOlderStatementsAreReadWhereTheyDecideNothing(t *testing.T) {
	const form = `{"_type":"https://in-toto.io/Statement/v0.1","predicate":{},"predicateType":"%s","subject":[{"digest":{"sha256":"%s"}}]}`
	for predicateType, want := range map[string]bool{
		"https://cyclonedx.org/bom":        true,
		artifact.PredicateVSA:              false,
		artifact.PredicateSign:             false,
		artifact.PredicateType("incident"): false,
	} {
		s, err := attest.Parse(fmt.Appendf(nil, form, predicateType, artifact.Hex(digest)))
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "_type is") {
			t.Errorf("%s: got %v, error %v; want it read: %v", predicateType, s, err, want)
		}
	}
}

func TestAboutLooksAtWholeDigestsOnly(t *testing.T) {
	s := newAttempt(t)
	for about, want := range map[string]bool{
		digest:                              true,
		artifact.Hex(digest):                false,
		"sha256:":                           false,
		"":                                  false,
		strings.ToUpper(digest):             false,
		"sha512:" + artifact.Hex(digest):    false,
		"sha256:" + strings.Repeat("0", 64): false,
	} {
		if got := s.About(about); got != want {
			t.Errorf("About(%q): got %v; want %v", about, got, want)
		}
	}
}

func TestBytesCannotBeChangedFromOutside(t *testing.T) {
	s := newAttempt(t)
	before := string(s.Bytes())
	s.Bytes()[0] = 'x'
	if diff := cmp.Diff(before, string(s.Bytes())); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefusesFieldsThatTheReaderLacks(t *testing.T) {
	var all struct {
		Model                           json.RawMessage
		Repository, Kind, Outcome, Time string
		Sequence                        int
		Spec, Data                      string
		Reasons                         []string
	}
	if err := newAttempt(t).Decode(&all); err != nil || all.Outcome != "deny" {
		t.Errorf("got %+v, error %v", all, err)
	}
	var some struct{ Outcome string }
	if err := newAttempt(t).Decode(&some); err == nil {
		t.Error("got no error; want one that names a field")
	}
}

func TestPAE(t *testing.T) {
	// The example of https://github.com/secure-systems-lab/dsse/blob/master/protocol.md.
	got := string(attest.PAE("http://example.com/HelloWorld", []byte("hello world")))
	if want := "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
}

func TestNewSignatureIsCosigns(t *testing.T) {
	s, err := attest.NewSignature(attest.Of("", digest))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://sigstore.dev/cosign/sign/v1",` +
		`"subject":[{"digest":{"sha256":"` + artifact.Hex(digest) + `"}}]}`
	if diff := cmp.Diff(want, string(s.Bytes())); diff != "" {
		t.Error(diff)
	}
}

var summary = attest.VSA{
	Verifier: "https://acme.example/gate",
	Time:     time.Date(2026, 11, 20, 13, 0, 0, 999, time.FixedZone("", 3600)),
	Resource: "oci://ghcr.io/acme/card-default@" + digest,
	Policy:   attest.Resource{URI: "https://weighlock.dev/policies/release", Digest: attest.Of("", digest).Digest},
	Inputs:   []attest.Resource{{Digest: attest.Of("", digest).Digest}},
	Passed:   true,
	Levels:   []string{"WEIGHLOCK_RELEASE"},
}

func TestNewVSA(t *testing.T) {
	failed := summary
	failed.Passed, failed.Levels, failed.Inputs = false, nil, nil
	hex := artifact.Hex(digest)
	rest := `"policy":{"digest":{"sha256":"` + hex + `"},"uri":"https://weighlock.dev/policies/release"},` +
		`"resourceUri":"oci://ghcr.io/acme/card-default@` + digest + `","timeVerified":"2026-11-20T12:00:00Z",`
	verifier := `,"verifier":{"id":"https://acme.example/gate"}}`
	for name, test := range map[string]struct {
		in   attest.VSA
		want string
	}{
		"passed": {summary, `{"inputAttestations":[{"digest":{"sha256":"` + hex + `"}}],` + rest +
			`"verificationResult":"PASSED","verifiedLevels":["WEIGHLOCK_RELEASE"]` + verifier},
		"failed": {failed, `{` + rest + `"verificationResult":"FAILED","verifiedLevels":["FAILED"]` + verifier},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := attest.NewVSA([]attest.Subject{attest.Of("card-default", digest)}, test.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(s.Predicate)); diff != "" {
				t.Error(diff)
			}
			if s.Name() != "vsa" || !s.Foreign() {
				t.Errorf("got name %q, foreign %v; want vsa, true", s.Name(), s.Foreign())
			}
		})
	}
}

func TestNewVSARefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*attest.VSA)
		want   string
	}{
		"a verifier that is no URI":   {func(v *attest.VSA) { v.Verifier = "acme" }, `verifier "acme" is not a URI`},
		"a resource that is no URI":   {func(v *attest.VSA) { v.Resource = "" }, `resource "" is not a URI`},
		"a policy without URI":        {func(v *attest.VSA) { v.Policy.URI = "" }, `policy "" is not a URI`},
		"a policy without digest":     {func(v *attest.VSA) { v.Policy.Digest = nil }, `policy: digest.sha256 is ""; want 64 lower-case hexadecimal digits`},
		"no time":                     {func(v *attest.VSA) { v.Time = time.Time{} }, "no time"},
		"an input without digest":     {func(v *attest.VSA) { v.Inputs[0].Digest = nil }, `input 0: digest.sha256 is ""; want 64 lower-case hexadecimal digits`},
		"a failure with a level":      {func(v *attest.VSA) { v.Passed = false }, `failed, and yet it reached ["WEIGHLOCK_RELEASE"]`},
		"a success without a level":   {func(v *attest.VSA) { v.Levels = nil }, "passed, and yet it reached no level"},
		"a level of SLSA's own":       {func(v *attest.VSA) { v.Levels = []string{"SLSA_BUILD_LEVEL_3"} }, `level "SLSA_BUILD_LEVEL_3" is not ours to give`},
		"a success with level FAILED": {func(v *attest.VSA) { v.Levels = []string{"FAILED"} }, `level "FAILED" is not ours to give`},
	} {
		t.Run(name, func(t *testing.T) {
			v := summary
			v.Inputs = append([]attest.Resource(nil), summary.Inputs...)
			test.change(&v)
			_, err := attest.NewVSA([]attest.Subject{attest.Of("", digest)}, v)
			if want := "verification summary: " + test.want; err == nil || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(newAttempt(f).Bytes())
	s, err := attest.NewVSA([]attest.Subject{attest.Of("card-default", digest)}, summary)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Bytes())
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v1","Subject":[],"predicate":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := attest.Parse(text)
		if err != nil {
			return
		}
		again, err := attest.Parse(s.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", s.Bytes(), err)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Error(diff)
		}
	})
}
