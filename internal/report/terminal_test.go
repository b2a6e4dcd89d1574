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
