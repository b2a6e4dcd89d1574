package report

import (
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

func readTerminal(t *testing.T, out []byte, r *verdict.Report) {
	if first, _, _ := strings.Cut(string(out), "\n"); !strings.HasPrefix(first, word(r)+"  ") {
		t.Errorf("the first line is %q", first)
	}
}

// A terminal's lines fit it, as far as words do.
func TestTerminalFitsItsWidth(t *testing.T) {
	for _, width := range []int{60, 80, 132, 200} {
		out := write(t, "terminal", reports()["fail"], Options{Width: width})
		for line := range strings.Lines(string(out)) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > width {
				t.Errorf("width %d: %d characters: %s", width, n, line)
			}
		}
		if drawn := strings.Contains(string(out), "✓ evaluation/metrics  roc_auc       ·┃"); drawn != (width >= 132) {
			t.Errorf("width %d: the list has bars: %v\n%s", width, drawn, out)
		}
	}
}

// What does not apply takes a line for all rules, unless all is asked for.
func TestTerminalFoldsWhatDoesNotApply(t *testing.T) {
	skipped := func(rule string) verdict.Check {
		return verdict.Check{Rule: rule, Item: "card-default", Status: verdict.NotApplicable, Message: "level start asks for this where " + rule + " is declared"}
	}
	r := base(append(passing(), skipped("evaluation/slices"), skipped("evaluation/fairness"))...)
	if out, want := string(write(t, "terminal", r, Options{})), "\n– 3 not applicable  evaluation/fairness, evaluation/slices, spec/least (--all says why)\n\n"; !strings.Contains(out, want) || strings.Contains(out, "level start asks") {
		t.Errorf("got:\n%s\nwant in it:\n%s", out, want)
	}
	if out := string(write(t, "terminal", r, Options{All: true})); strings.Count(out, "level start asks for this") != 2 || strings.Contains(out, "– 3 not applicable") {
		t.Errorf("with All:\n%s", out)
	}
}

// A long name does not make every line of a list long.
func TestTerminalCutsLongNamesInLists(t *testing.T) {
	checks := passing()
	checks[1].Item = "artifacts/2026/november/20/experiment-4711/run-0815/model.joblib"
	checks[1].Message = checks[1].Item + " is joblib and holds nothing that could run"
	out := string(write(t, "terminal", base(checks...), Options{}))
	for line := range strings.Lines(out) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > listColumns {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if !strings.Contains(out, "  artifacts/202…4711/run-0815/model.joblib  artifacts/202…4711/run-0815/model.joblib is joblib and") {
		t.Errorf("got:\n%s", out)
	}
}

// Items of one rule for which different things are to be done say so each.
func TestWhatToDoIsSaidOfEach(t *testing.T) {
	one, other := failing(), failing()
	other.Item, other.Solution = "recall{region=west}", "Collect rows of the west."
	for _, form := range []string{"terminal", "concise", "markdown", "html", "junit", "github", "gitlab", "sarif"} {
		out := string(write(t, form, base(one, other), Options{}))
		for _, c := range []verdict.Check{one, other} {
			if !strings.Contains(out, c.Solution) {
				t.Errorf("%s does not say %q:\n%s", form, c.Solution, out)
			}
		}
	}
}
