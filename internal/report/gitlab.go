package report

import (
	"io"

	"github.com/weighlock/weighlock/internal/verdict"
)

// GitLab writes a Code Quality report, which GitLab shows in a merge request:
// one issue for each check that somebody should look at, and one for a verdict
// that is not an allow.
// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
func GitLab(w io.Writer, r *verdict.Report, o Options) error {
	issues := []issue{}
	for _, f := range findings(r, o) {
		text := f.says()
		if f.Solution != "" {
			text += "; what to do: " + Plain(f.Solution)
		}
		i := issue{Description: clip(text, longText), CheckName: Plain(f.Rule), Fingerprint: f.Print, Severity: severity(f.Status)}
		i.Location.Path, i.Location.Lines.Begin = f.File, f.Line
		issues = append(issues, i)
	}
	return writeJSON(w, issues)
}

type issue struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// severity is one of GitLab's info, minor, major, critical and blocker.
func severity(s verdict.Status) string {
	switch s {
	case verdict.Fail:
		return "critical"
	case verdict.Undecided:
		return "major"
	case verdict.Warn:
		return "minor"
	case verdict.Waived:
		return "info"
	}
	return "blocker"
}
