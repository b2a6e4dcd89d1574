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
}

// Renderer writes a report in one form.
type Renderer func(w io.Writer, r *verdict.Report, o Options) error

var renderers = map[string]Renderer{
	"terminal": Terminal,
	"json":     JSON,
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
