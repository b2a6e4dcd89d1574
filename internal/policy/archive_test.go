package policy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/policies"
)

func TestArchiveRoundTrip(t *testing.T) {
	more := fstest.MapFS{}
	for name, f := range tinyTree(tinyPass) {
		more[name] = f
	}
	for name, b := range map[string]*Bundle{"the library": library(t), "the library and a tree beside it": both(t, more)} {
		t.Run(name, func(t *testing.T) {
			text, err := b.Archive()
			if err != nil {
				t.Fatal(err)
			}
			if got := artifact.Digest(text); got != b.Digest() {
				t.Errorf("got digest %s; want %s", got, b.Digest())
			}
			again, err := LoadArchive(text)
			if err != nil {
				t.Fatal(err)
			}
			if again.Digest() != b.Digest() {
				t.Errorf("got digest %s; want %s", again.Digest(), b.Digest())
			}
			if diff := cmp.Diff(b.Rules(), again.Rules(), cmp.AllowUnexported(Rule{}, graded{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			want, err := b.Evaluate(t.Context(), fullInput(t), Options{Level: "release"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := again.Evaluate(t.Context(), fullInput(t), Options{Level: "release"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func both(t *testing.T, more fstest.MapFS) *Bundle {
	t.Helper()
	b, err := Load(policies.FS, more)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDigestCoversWhatDecides(t *testing.T) {
	base := with(tinyTree(tinyPass), map[string]string{"parameters.yaml": "x: {value: 1, type: int, since: 2026-11-01, reason: so}\n"})
	was := mustLoad(t, base).Digest()
	for name, tc := range map[string]struct {
		file, text string
		same       bool
	}{
		"a rule":      {tinyFile, tinyHeader + tinyPass + "\nx := 1\n", false},
		"a library":   {"lib/x.rego", "package x\n\ny := 1\n", false},
		"a level":     {"levels/release.yaml", strings.Replace(tinyLevel, "required", "published", 1), false},
		"a parameter": {"parameters.yaml", "x: {value: 2, type: int, since: 2026-11-01, reason: so}\n", false},
		"a test":      {"rules/model/judged/judged_test.rego", "package x_test\n", true},
		"a page":      {"README.md", "Read me.\n", true},
	} {
		if is := mustLoad(t, with(base, map[string]string{tc.file: tc.text})).Digest(); (is == was) != tc.same {
			t.Errorf("%s: the digest is the same: %v; want %v", name, is == was, tc.same)
		}
	}
}

// TestOPAReadsTheArchive shows that foreign programs get the failures that
// the engine gives.
func TestOPAReadsTheArchive(t *testing.T) {
	text, err := library(t).Archive()
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.NewReader(bytes.NewReader(text)).Read()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		from, to string
		want     []string
	}{
		"a model that passes": {"", "", nil},
		"a dirty work tree":   {`"dirty": false`, `"dirty": true`, nil},
		"a failed run":        {`"exit": 0`, `"exit": 1`, []string{"spec/before_training: credit-default: the training command ended with status 1"}},
		"nothing signed":      {`"signing": "separate"`, `"signing": "unsigned"`, []string{"trust/single_signer: credit-default: nothing is signed"}},
	} {
		t.Run(name, func(t *testing.T) {
			input := decoded(t, []byte(strings.Replace(string(fullInput(t)), tc.from, tc.to, 1)))
			results, err := rego.New(rego.ParsedBundle("weighlock", &b), rego.Query("[d.msg | some d in data.main.deny]"), rego.Input(input)).Eval(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range results[0].Expressions[0].Value.([]any) {
				got = append(got, m.(string))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestLoadArchiveRefuses(t *testing.T) {
	good, err := mustLoad(t, tinyTree(tinyPass)).Archive()
	if err != nil {
		t.Fatal(err)
	}
	otherwise := archive(t, map[string]string{"0/" + tinyFile: tinyHeader + tinyPass, "0/levels/release.yaml": tinyLevel})
	for name, tc := range map[string]struct {
		text []byte
		want string
	}{
		"nothing":                {nil, "EOF"},
		"what is no archive":     {[]byte("weighlock is no archive"), "invalid header"},
		"an archive cut off":     {good[:len(good)/2], "unexpected EOF"},
		"no rules":               {archive(t, map[string]string{"0/levels/release.yaml": tinyLevel}), ErrEmpty.Error()},
		"a file beside the tree": {archive(t, map[string]string{"x.rego": "package x\n"}), `"x.rego" is not a name that Weighlock writes`},
		"a tree left out":        {archive(t, map[string]string{"1/lib/x.rego": "package x\n"}), `is not a name that Weighlock writes`},
		"a path that climbs":     {archive(t, map[string]string{"0/../x.rego": "package x\n"}), `is not a name that Weighlock writes`},
		"a test":                 {archive(t, map[string]string{"0/lib/x_test.rego": "package x\n"}), "decides nothing"},
		"another order":          {otherwise, "policy archive: its digest is " + artifact.Digest(otherwise) + ", but what it holds, written anew, has " + artifact.Digest(good)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := LoadArchive(tc.text)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v; want an error with %q", err, tc.want)
			}
		})
	}
}

func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for name, text := range files {
		if err := writeEntry(w, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func FuzzLoadArchive(f *testing.F) {
	b, err := Load(tinyTree(tinyPass))
	if err != nil {
		f.Fatal(err)
	}
	good, err := b.Archive()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:100])
	f.Add(archive(f, map[string]string{"0/lib/x.rego": "package x\n"}))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := LoadArchive(text)
		if err == nil && b.Digest() != artifact.Digest(text) {
			t.Errorf("got digest %s; want %s", b.Digest(), artifact.Digest(text))
		}
	})
}

func FuzzLevel(f *testing.F) {
	f.Add([]byte(tinyLevel))
	f.Add([]byte("name: release\nrules: {a/b: {when: declared, grade: claimed}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if l, err := parseLevel("levels/release.yaml", text); err == nil && (l.Name != "release" || len(l.Rules) == 0) {
			t.Errorf("got %+v; want a level with rules", l)
		}
	})
}

func FuzzParameters(f *testing.F) {
	f.Add([]byte("x: {value: 1, type: int, since: 2026-11-01, reason: so}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parameters, err := readParameters(tree{parametersFile: text})
		for _, p := range parameters {
			if err == nil && (p.Type == "" || p.Reason == "") {
				t.Errorf("got %+v; want a type and a reason", p)
			}
		}
	})
}

func FuzzEvaluate(f *testing.F) {
	b, err := Load(tinyTree(tinyPass))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(tinyInput(""))
	f.Add([]byte(`{"model": 1}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		checks, err := b.Evaluate(t.Context(), input, Options{Level: "release"})
		if err == nil && len(checks) == 0 {
			t.Error("got no check and no error")
		}
	})
}
