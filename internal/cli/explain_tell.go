package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/report"
)

// tell says it to a person.
func (a *app) tell(e *explained) error {
	w := a.env.Out
	fmt.Fprintf(w, "%s: %s\n\n%s\n\n", e.Rule, e.Title, wrapped(e.Description))
	fmt.Fprintf(w, "%s\n\n", wrapped("When it fails: "+e.Solution))
	if e.Section != "" {
		fmt.Fprintf(w, "In weighlock.yaml, for instance:\n\n%s\n", e.Section)
	}
	if x := e.Example; x != nil {
		fmt.Fprintf(w, "It passes with:\n\n  %s\n\n", report.Plain(x.Passes.Message))
		fmt.Fprintf(w, "It says %s where %s:\n\n  %s\n\n", x.Fails.Status, x.Fails.Because, report.Plain(x.Fails.Message))
	}
	fmt.Fprintf(w, "  one check for each of  %s\n", e.Items)
	fmt.Fprintf(w, "  least grade            %s\n", e.Grade)
	if e.MLTest != "" && e.MLTest != policy.NoTest {
		fmt.Fprintf(w, "  ML Test Score          %s\n", e.MLTest)
	}
	var levels []string
	for _, level := range slices.SortedFunc(maps.Keys(e.Levels), byStrictness) {
		at := e.Levels[level]
		levels = append(levels, fmt.Sprintf("%s (%s, %s)", level, at.When, at.Grade))
	}
	fmt.Fprintf(w, "  levels that ask        %s\n", cmp.Or(strings.Join(levels, ", "), "none"))
	fmt.Fprintln(w, "\nIt reads")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, s := range e.Evidence {
		fmt.Fprintf(t, "  %s\t%s\n", s.Input, s.Produced)
	}
	t.Flush()
	if err := a.tellSettings(e.Parameters); err != nil {
		return err
	}
	return a.tellHere(e.Here)
}

// wrapped is a paragraph in lines that fit a terminal.
func wrapped(text string) string {
	var out strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case at == 0:
		case at+1+n > 96:
			out.WriteByte('\n')
			at = 0
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += n
	}
	return out.String()
}

// byStrictness orders the library's levels, the least first, and others after them.
func byStrictness(x, y string) int {
	rank := map[string]int{"start": -3, "release": -2, "regulated": -1}
	return cmp.Or(cmp.Compare(rank[x], rank[y]), cmp.Compare(x, y))
}

func (a *app) tellSettings(list []setting) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintln(a.env.Out, "\nParameters, as they are here")
	for _, s := range list {
		text, err := json.Marshal(s.Value)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.env.Out, "  %s: %s\n    %s\n", s.Name, report.Plain(string(text)), s.Reason)
	}
	return nil
}

func (a *app) tellHere(h *here) error {
	if h == nil {
		return nil
	}
	fmt.Fprintln(a.env.Out, "\nIn this project")
	if h.Problem != "" {
		_, err := fmt.Fprintf(a.env.Out, "  it cannot be judged now: %s\n", strings.ReplaceAll(h.Problem, "\n", "\n  "))
		return err
	}
	if len(h.Checks) == 0 {
		fmt.Fprintln(a.env.Out, "  the level that it is judged at does not ask for this")
	}
	t := tabwriter.NewWriter(a.env.Out, 0, 4, 2, ' ', 0)
	for _, c := range h.Checks {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", c.Status, report.Plain(c.Item), report.Plain(c.Message))
	}
	return t.Flush()
}
