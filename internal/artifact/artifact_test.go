package artifact

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

var digest = "sha256:" + strings.Repeat("0a", 32)

func TestDigest(t *testing.T) {
	const want = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := Digest([]byte("abc")); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	got, size, err := DigestReader(iotest.OneByteReader(strings.NewReader("abc")))
	if got != want || size != 3 || err != nil {
		t.Errorf("got %s, %d, %v; want %s, 3", got, size, err, want)
	}
	broken := errors.New("disk")
	if got, _, err := DigestReader(iotest.ErrReader(broken)); got != "" || !errors.Is(err, broken) {
		t.Errorf("unreadable: got %q, %v; want the reader's error", got, err)
	}
}

func TestValidDigest(t *testing.T) {
	for text, want := range map[string]bool{
		digest:                               true,
		"":                                   false,
		"sha256:":                            false,
		digest[:70]:                          false,
		digest + "0":                         false,
		strings.ToUpper(digest):              false,
		"sha512:" + digest[7:]:               false,
		digest + "\n":                        false,
		" " + digest:                         false,
		"sha256:" + digest:                   false,
		strings.Replace(digest, "a", "g", 1): false,
	} {
		if got := ValidDigest(text); got != want {
			t.Errorf("%q: got %v; want %v", text, got, want)
		}
	}
}

func TestHexAndShort(t *testing.T) {
	for text, want := range map[string][2]string{
		digest:       {strings.Repeat("0a", 32), "sha256:0a0a0a0a0a0a"},
		"sha256:abc": {"abc", "sha256:abc"},
		"latest":     {"", "latest"},
		"":           {"", ""},
	} {
		if got := [2]string{Hex(text), Short(text)}; got != want {
			t.Errorf("%q: got %q; want %q", text, got, want)
		}
	}
}

func TestPredicates(t *testing.T) {
	names := Predicates()
	if len(names) != 18 {
		t.Errorf("got %d predicates; want 18", len(names))
	}
	for _, name := range names {
		if got, ok := PredicateName(PredicateType(name)); got != name || !ok {
			t.Errorf("%s: got %q, %v", PredicateType(name), got, ok)
		}
	}
	names[0] = "changed"
	if Predicates()[0] == "changed" {
		t.Error("a caller can change the list")
	}
	for uri, want := range map[string]string{
		PredicateVSA:                        "vsa",
		PredicateSign:                       "sign",
		"https://weighlock.dev/verdict/v2":  "",
		"https://weighlock.dev/verdict/v1/": "",
		"http://weighlock.dev/verdict/v1":   "",
		"https://weighlock.dev/secret/v1":   "",
		"verdict":                           "",
		"":                                  "",
	} {
		if got, ok := PredicateName(uri); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", uri, got, ok, want)
		}
	}
}

func TestTags(t *testing.T) {
	if got, want := SpecTag(digest), "spec-"+strings.Repeat("0a", 32); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	for _, seq := range []int{1, 42, 999999} {
		tag := EntryTag(AttemptsPrefix, seq)
		if got, ok := EntrySeq(AttemptsPrefix, tag); got != seq || !ok {
			t.Errorf("%s: got %d, %v; want %d", tag, got, ok, seq)
		}
	}
	for _, tag := range []string{"", "at-", "at-1", "at-000000", "at-0000001", "at-00000x", "at--00001", "ro-at-000001", "1.0.0"} {
		if got, ok := EntrySeq(AttemptsPrefix, tag); ok {
			t.Errorf("%q: got %d; want no entry", tag, got)
		}
	}
}

func TestInternal(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	for tag, want := range map[string]bool{
		"at-000001":              true,
		"weighlock-turn":         true,
		"ro-production-000001":   true,
		"spec-" + hex:            true,
		"sha256-" + hex:          true,
		"sha256-" + hex + ".sig": true,
		"sha256-" + hex + ".att": true,
		"1.0.0":                  false,
		"production":             false,
		"at-1":                   false,
		"ro-000001":              false,
		"spec-1":                 false,
		"sha256-abc":             false,
		"":                       false,
	} {
		if got := Internal(tag); got != want {
			t.Errorf("%q: got %v; want %v", tag, got, want)
		}
	}
}
