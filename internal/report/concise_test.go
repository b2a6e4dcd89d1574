package report

import (
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

func readConcise(t *testing.T, out []byte, r *verdict.Report) {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, headline(r)) {
		t.Errorf("the last line is %q", last)
	}
	if n := len(findings(r, Options{})); len(lines) < n {
		t.Errorf("%d lines for %d findings", len(lines), n)
	}
}
