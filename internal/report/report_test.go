package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/verdict"
)

func denied() *verdict.Report {
	return &verdict.Report{
		Model:   verdict.Model{Name: "card-default", Version: "1.1.0", Digest: "sha256:" + strings.Repeat("ab", 32)},
		Outcome: verdict.Deny, Level: "release", Mode: verdict.ModeEnforce, Standing: verdict.StandingTrusted, Signing: "single-signer",
		Checks: []verdict.Check{
			{
				Rule: "evaluation/slices", Item: "recall{age=(-inf,25)}", Status: verdict.Fail,
				Message:  "recall{age=(-inf,25)} is 0.389, below 0.5",
				Title:    "It is good on every slice",
				Observed: &verdict.Observed{Value: num(0.3894), Low: num(0.3481), High: num(0.4324), N: count(511), Method: "wilson"},
				Expected: &verdict.Expected{Min: num(0.5), Judge: "bound"},
				Location: &verdict.Location{File: "weighlock.yaml", Line: 35},
				Solution: "Find out what the model does not know about these rows.",
			},
			{
				Rule: "evaluation/metrics", Item: "roc_auc", Status: verdict.Pass, Message: "roc_auc is 0.8156",
				Observed: &verdict.Observed{Value: num(0.8156), Low: num(0.8074), High: num(0.8238), N: count(15000), Method: "delong"},
				Expected: &verdict.Expected{Min: num(0.76), Judge: "bound"},
			},
			{Rule: "model/format", Item: "model.json", Status: verdict.Pass, Message: "json, which cannot run code"},
		},
		Ignored:  []verdict.Ignored{{Digest: "sha256:" + strings.Repeat("cd", 32), Reason: "signed by a stranger"}},
		Attempts: verdict.Attempts{Count: 3, Denials: 1},
	}
}

const deniedText = `DENIED  card-default 1.1.0  at level release
  image sha256:abababababab, by a verifier file, single-signer, 1 fail, 2 pass

✗ FAIL  evaluation/slices: It is good on every slice
  recall{age=(-inf,25)}
    recall{age=(-inf,25)} is 0.389, below 0.5
    observed   0.3894 [0.3481, 0.4324] n=511 (wilson)  ··├──────●───────┤···········┃··
    limit      ≥ 0.5 at the interval's bad end
    where      weighlock.yaml:35
    what to do Find out what the model does not know about these rows.

✓ evaluation/metrics  roc_auc     0.8156 [0.8074, 0.8238] n=15000 (delong)  limit ≥ 0.76
✓ model/format        model.json  json, which cannot run code

  ignored: statement sha256:cdcdcdcdcdcd: signed by a stranger
  earlier attempts in this repository: 3, of which refused: 1
`

func TestTerminal(t *testing.T) {
	var out bytes.Buffer
	if err := Terminal(&out, denied(), Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(deniedText, out.String()); diff != "" {
		t.Errorf("terminal report (-want +got):\n%s", diff)
	}
}

// Many items of one rule that pass take one line, the one that nearly failed.
func TestTerminalCollapsesWhatPasses(t *testing.T) {
	r := denied()
	r.Checks = nil
	for i, low := range []float64{0.61, 0.58, 0.51, 0.70, 0.66} {
		r.Checks = append(r.Checks, verdict.Check{
			Rule: "evaluation/slices", Item: fmt.Sprintf("recall{region=%d}", i), Status: verdict.Pass,
			Observed: &verdict.Observed{Value: num(low + 0.1), Low: num(low), High: num(low + 0.2)}, Expected: &verdict.Expected{Min: num(0.5)},
		})
	}
	var out bytes.Buffer
	if err := Terminal(&out, r, Options{}); err != nil {
		t.Fatal(err)
	}
	want := "✓ evaluation/slices  5 pass  closest to its limit: recall{region=2} 0.61 [0.51, 0.71]  limit ≥ 0.5\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("got:\n%s\nwant the line:\n%s", out.String(), want)
	}
}

func TestTerminalInModeObserve(t *testing.T) {
	r := denied()
	r.Mode = verdict.ModeObserve
	var out bytes.Buffer
	if err := Terminal(&out, r, Options{}); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(out.String(), "\n"); first != "would be DENIED (mode observe)  card-default 1.1.0  at level release" {
		t.Errorf("first line is %q", first)
	}
}

// A number must not be rounded across the limit that it is held against.
func TestNumber(t *testing.T) {
	for _, c := range []struct {
		name  string
		value float64
		limit *verdict.Expected
		want  string
	}{
		{"no limit", 0.49996, nil, "0.5"},
		{"just below the limit", 0.49996, &verdict.Expected{Min: num(0.5)}, "0.49996"},
		{"just above the limit", 0.2000004, &verdict.Expected{Max: num(0.2)}, "0.2000004"},
		{"on the limit", 0.5, &verdict.Expected{Min: num(0.5)}, "0.5"},
		{"far from it", 0.123456, &verdict.Expected{Min: num(0.5)}, "0.1235"},
	} {
		if got := number(c.value, c.limit); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
	}
}

// Names come from strangers; none of them may repaint the terminal.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"age=[25,40)":           "age=[25,40)",
		"a\x1b[2J\x1b[32mPASS":  "a·[2J·[32mPASS",
		"two\nlines\tand\rmore": "two lines and more",
		"\n::error::x, a::b":    " :·error::x, a::b",
		"##[error]x":            "#·[error]x",
		"not\xffutf8":           "not·utf8",
		"abc\u202eexe":          "abc·exe",
		"ünïcode ✓":             "ünïcode ✓",
	} {
		if got := Plain(in); got != want {
			t.Errorf("Plain(%q) = %q; want %q", in, got, want)
		}
	}
}

func TestJSONIsTheReport(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, denied(), Options{}); err != nil {
		t.Fatal(err)
	}
	var back verdict.Report
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(denied(), &back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestUnknownFormNamesTheKnown(t *testing.T) {
	_, err := For("pdf")
	if err == nil || err.Error() != "unknown output \"pdf\"\nhint: one of concise, github, github-summary, gitlab, html, json, junit, markdown, sarif, terminal" {
		t.Errorf("got %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestNoFormHidesAWriteError(t *testing.T) {
	for _, name := range Names() {
		write, err := For(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(full{}, denied(), Options{}); err == nil {
			t.Errorf("%s: writing to a full disk succeeded", name)
		}
	}
}
