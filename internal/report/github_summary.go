package report

import (
	"io"

	"github.com/weighlock/weighlock/internal/verdict"
)

// stepSummary is what a step's summary may take, in bytes: GitHub drops one of
// more than 1 MiB whole, and a step may hold other tools' text as well.
// https://docs.github.com/actions/reference/workflow-commands#adding-a-job-summary
const stepSummary = 1<<20 - 1<<16

// GitHubSummary writes the report as Markdown for the file that
// GITHUB_STEP_SUMMARY names: worst first, and never more than GitHub keeps.
func GitHubSummary(w io.Writer, r *verdict.Report, o Options) error {
	limit := stepSummary
	if o.Limit > 0 {
		limit = min(limit, o.Limit)
	}
	_, err := io.WriteString(w, markdown(r, o, limit))
	return err
}
