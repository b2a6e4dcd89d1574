package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// Concise writes a line for each check that somebody should look at, in the
// file:line form that editors jump to, then what to do for each rule, and the
// verdict in the last line. With o.All the calm checks have lines too.
func Concise(w io.Writer, r *verdict.Report, o Options) error {
	b := bufio.NewWriter(w)
	places := newPlaces(r, o)
	for _, group := range byRule(worstFirst(r)) {
		if calm(group[0].Status) && !o.All {
			continue
		}
		for _, c := range group {
			fmt.Fprintf(b, "%s%s %s %s\n", jump(places, c), strings.ToUpper(status(c.Status)), Plain(c.Rule), finding{Check: c}.says())
		}
		if c := group[0]; c.Status != verdict.Pass && c.Solution != "" {
			fmt.Fprintf(b, "  what to do: %s\n", Plain(c.Solution))
		}
	}
	for _, note := range notes(r, o.All) {
		fmt.Fprintln(b, note)
	}
	fmt.Fprintf(b, "%s (%s)\n", headline(r), basis(r))
	return b.Flush()
}

// jump is the place of a check that has one, ahead of what is said of it.
func jump(p places, c verdict.Check) string {
	if c.Location == nil || c.Location.File == "" {
		return ""
	}
	file, line, col := p.of(c)
	if col == 0 {
		return Plain(fmt.Sprintf("%s:%d: ", file, line))
	}
	return Plain(fmt.Sprintf("%s:%d:%d: ", file, line, col))
}
