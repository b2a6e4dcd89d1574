package report

import (
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// GitHub drops a step's summary of more than 1 MiB whole.
func readGitHubSummary(t *testing.T, out []byte, r *verdict.Report) {
	readMarkdown(t, out, r)
	if len(out) >= 1<<20 {
		t.Errorf("%d bytes", len(out))
	}
	if len(r.Checks) == 10000 && !strings.Contains(string(out), "**Cut short here**") {
		t.Error("does not say that it was cut")
	}
}
