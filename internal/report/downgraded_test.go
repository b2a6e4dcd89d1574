package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// What would have passed, and did not for one and the same reason, is shown
// once in full; the others are named.
func TestTerminalSaysOneReasonOnce(t *testing.T) {
	var checks []verdict.Check
	for i := range 6 {
		checks = append(checks, verdict.Check{Rule: "evaluation/slices", Item: fmt.Sprintf("recall{region=%d}", i), Status: verdict.Undecided, Message: "the evaluation is only claimed (the rule said: fine)", Solution: "Let weighlock compute it."})
	}
	r := base(checks...)
	r.Ignored = append(r.Ignored, verdict.Ignored{Digest: digest("ce"), Reason: r.Ignored[0].Reason})
	out := string(write(t, "terminal", r, Options{}))
	want := "  recall{region=0}\n    the evaluation is only claimed (the rule said: fine)\n  and 5 more for the same reason (--all shows each)\n" +
		"    recall{region=1}, recall{region=2}, recall{region=3}, recall{region=4}, recall{region=5}\n    what to do Let weighlock compute it.\n"
	if !strings.Contains(out, want) || !strings.Contains(out, "  ignored: statement sha256:cdcdcdcdcdcd and 1 more: signed by a stranger\n") {
		t.Errorf("got:\n%s\nwant in it:\n%s", out, want)
	}
	if out := string(write(t, "terminal", r, Options{All: true})); strings.Count(out, "the evaluation is only claimed") != 6 || !strings.Contains(out, "sha256:cdcdcdcdcdcd, sha256:cececececece: signed") {
		t.Errorf("with All:\n%s", out)
	}
}
