package cli

import (
	"fmt"
	"strings"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/report"
)

// searched prints what was found on slices that nobody declared, apart from
// those that somebody did: a search is no measure that anybody asked for.
func (a *app) searched(s *evaluate.Search) error {
	if s == nil {
		return nil
	}
	title, lines := "Slices that nobody declared", foundLines(s)
	switch {
	case s.Status != evaluate.StatusOK:
		title += " were not searched: " + report.Plain(s.Detail)
	case s.Tried == 0:
		title += ": there was none to look at, since no column of the test set has groups of enough rows"
	case len(lines) == 0:
		title += fmt.Sprintf(": none stands out as worse, of %d that were looked at", s.Tried)
	default:
		title += fmt.Sprintf(", worse than the rest beyond chance over all %d of them", s.Tried)
	}
	if s.Status == evaluate.StatusOK && !s.Complete {
		title += "; the search was cut short"
	}
	if _, err := fmt.Fprintf(a.env.Out, "\n%s\n", title); err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(a.env.Out, "  %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// foundLines are the slices in columns: its name, its loss and that of the
// other rows, how large the difference is, how many rows say so, and how
// probable that is by chance after correction for the whole search.
func foundLines(s *evaluate.Search) []string {
	var rows [][]string
	loss := strings.ReplaceAll(s.Loss, "_", " ")
	for _, f := range s.Found {
		rows = append(rows, []string{
			report.Plain(f.By + "=" + f.Group), fmt.Sprintf("%s %.4g, else %.4g", loss, f.Loss, f.Rest),
			fmt.Sprintf("effect %.2g", f.Effect), fmt.Sprintf("n=%d", f.Rows), fmt.Sprintf("p=%.2g corrected", f.Adjusted),
		})
	}
	return aligned(rows)
}

// aligned puts cells of rows of equal length under each other.
func aligned(rows [][]string) []string {
	var wide []int
	for _, cells := range rows {
		for i, cell := range cells {
			if i == len(wide) {
				wide = append(wide, 0)
			}
			wide[i] = max(wide[i], len([]rune(cell)))
		}
	}
	var lines []string
	for _, cells := range rows {
		line := ""
		for i, cell := range cells {
			line += pad(cell, wide[i]) + "  "
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}
