// Package report renders a verdict.Report. Each form is one file and one line
// of the table here; none of them decides anything, and none knows of
// registries.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// Options shape the forms that are read by people.
type Options struct {
	Color bool // colour and bold, for a terminal that wants them
	All   bool // every check in full, also those that passed
	Plain bool // bars in ASCII, for a terminal that may not have other signs
	// Width is the terminal's, in columns; 0 where the report goes elsewhere:
	// text is then wrapped at 100, and lists at 120.
	Width int
	// File is the project file's path from the root of its repository, with
	// forward slashes (models/card/weighlock.yaml). Forms that point into a
	// repository put its folder before the places of checks, and show there
	// what has no place of its own. Empty: places are shown as they are.
	File string
	// Limit is how many bytes markdown and github-summary may take; 0 is no
	// limit for markdown, and for github-summary what a step may hold. The
	// head is written in any case.
	Limit int
}

// Renderer writes a report in one form.
type Renderer func(w io.Writer, r *verdict.Report, o Options) error

var renderers = map[string]Renderer{
	"terminal":       Terminal,
	"concise":        Concise,
	"json":           JSON,
	"markdown":       Markdown,
	"github-summary": GitHubSummary,
	"github":         GitHub,
	"junit":          JUnit,
	"gitlab":         GitLab,
	"sarif":          SARIF,
	"html":           HTML,
}

// Names lists the forms.
func Names() []string {
	names := make([]string, 0, len(renderers))
	for name := range renderers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// For returns the renderer of a form.
func For(name string) (Renderer, error) {
	r, ok := renderers[name]
	if !ok {
		return nil, fmt.Errorf("unknown output %q\nhint: one of %s", name, strings.Join(Names(), ", "))
	}
	return r, nil
}
