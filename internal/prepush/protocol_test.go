package prepush

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	one, two = strings.Repeat("1", 40), strings.Repeat("2", 40)
	none     = strings.Repeat("0", 40)
	long     = strings.Repeat("ab", 32)
)

func TestParseUpdates(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []Update
	}{
		"nothing to push":    {"", nil},
		"an empty line":      {"\n", nil},
		"one ref":            {"refs/heads/a " + one + " refs/heads/b " + two + "\n", []Update{{"refs/heads/a", one, "refs/heads/b", two}}},
		"no trailing end":    {"refs/heads/a " + one + " refs/heads/b " + two, []Update{{"refs/heads/a", one, "refs/heads/b", two}}},
		"several refs":       {"a " + one + " b " + none + "\n(delete) " + none + " c " + two + "\n", []Update{{"a", one, "b", none}, {"(delete)", none, "c", two}}},
		"spaces in a ref":    {"main@{1 day ago} " + one + " refs/heads/b " + two + "\n", []Update{{"main@{1 day ago}", one, "refs/heads/b", two}}},
		"SHA-256":            {"a " + long + " b " + strings.Repeat("0", 64) + "\n", []Update{{"a", long, "b", strings.Repeat("0", 64)}}},
		"lines end in CR LF": {"a " + one + " b " + two + "\r\n", []Update{{"a", one, "b", two}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseUpdates(strings.NewReader(test.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("updates (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseUpdatesRefuses(t *testing.T) {
	const line = "line 1 on standard input is not what git tells a pre-push hook: "
	tests := map[string]struct{ in, want string }{
		"a stranger's text":    {"hello\n", line + "it has fewer than four fields"},
		"three fields":         {"a " + one + " " + two + "\n", line + "it has fewer than four fields"},
		"a short object name":  {"a 1234 b " + two + "\n", line + "an object name is neither SHA-1 nor SHA-256"},
		"an upper-case name":   {"a " + strings.Repeat("A", 40) + " b " + two + "\n", line + "an object name is neither SHA-1 nor SHA-256"},
		"names of two kinds":   {"a " + one + " b " + long + "\n", line + "its two object names are of different kinds"},
		"a ref without a name": {" " + one + " b " + two + "\n", line + "a ref has no name"},
		"a good line, a bad":   {"a " + one + " b " + two + "\nx\n", "line 2 on standard input is not what git tells a pre-push hook: it has fewer than four fields"},
		"an option as a name":  {"a --all b " + two + "\n", line + "an object name is neither SHA-1 nor SHA-256"},
		"too much":             {strings.Repeat("\n", maxInput+1), "not what git tells a pre-push hook: it is longer than 67108864 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseUpdates(strings.NewReader(test.in))
			if !errors.Is(err, ErrProtocol) || err.Error() != test.want {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
	if _, err := ParseUpdates(strings.NewReader(strings.Repeat("x", 2<<20))); err == nil {
		t.Error("a line of two mebibytes was accepted")
	}
}

func TestDeletes(t *testing.T) {
	for in, want := range map[string]bool{none: true, strings.Repeat("0", 64): true, one: false} {
		if got := (Update{Local: in}).Deletes(); got != want {
			t.Errorf("%s: got %v; want %v", in, got, want)
		}
	}
}

func FuzzParseUpdates(f *testing.F) {
	for _, seed := range []string{"", "\n", "a " + one + " b " + two + "\n", "(delete) " + none + " c " + long, "main@{1 day ago} " + long + " b " + long} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		updates, err := ParseUpdates(strings.NewReader(in))
		if err != nil {
			return
		}
		var out strings.Builder
		for _, u := range updates {
			out.WriteString(u.LocalRef + " " + u.Local + " " + u.Ref + " " + u.Remote + "\n")
		}
		again, err := ParseUpdates(strings.NewReader(out.String()))
		if err != nil {
			t.Fatalf("what was read is not read again: %v", err)
		}
		if diff := cmp.Diff(updates, again); diff != "" {
			t.Errorf("read twice (-first +second):\n%s", diff)
		}
	})
}
