package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// perKind is how many annotations of a kind GitHub shows for a step; it drops
// what comes after.
const perKind = 10

// GitHub writes workflow commands that GitHub Actions turns into annotations
// on the project file's lines: errors for what failed or could not be decided,
// warnings for what was waived or is only said, and a notice for a verdict that
// allows. Where there are more than GitHub shows, the last of a kind says how
// many it stands for.
func GitHub(w io.Writer, r *verdict.Report, o Options) error {
	b := bufio.NewWriter(w)
	kinds := map[string][]finding{}
	for _, f := range findings(r, o) {
		kinds[annotationKind(f.Status)] = append(kinds[annotationKind(f.Status)], f)
	}
	for _, kind := range []string{"error", "warning"} {
		list := kinds[kind]
		shown := list
		if len(list) > perKind {
			shown = list[:perKind-1]
		}
		for _, f := range shown {
			fmt.Fprintln(b, annotation(kind, f.File, f.Line, f.Col, strings.ToUpper(status(f.Status))+" "+Plain(f.Rule), annotationText(f)))
		}
		if more := len(list) - len(shown); more > 0 {
			file, line, _ := newPlaces(r, o).of(verdict.Check{})
			fmt.Fprintln(b, annotation(kind, file, line, 0, word(r), fmt.Sprintf("%d more are not shown here, because GitHub keeps %d of a kind; they are in the other reports: %s", more, perKind, headline(r))))
		}
	}
	if r.Outcome == verdict.Allow {
		file, line, _ := newPlaces(r, o).of(verdict.Check{})
		fmt.Fprintln(b, annotation("notice", file, line, 0, word(r), headline(r)+": "+counts(r.Checks)))
	}
	return b.Flush()
}

func annotationKind(s verdict.Status) string {
	if s == verdict.Warn || s == verdict.Waived {
		return "warning"
	}
	return "error"
}

// annotationText is a finding in lines, and what to do.
func annotationText(f finding) string {
	text := f.says()
	if f.Solution != "" {
		text += "\nwhat to do: " + Plain(f.Solution)
	}
	return clip(text, longText)
}

// annotation is one workflow command. Values are escaped as the runner
// unescapes them.
// https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
func annotation(kind, file string, line, col int, title, text string) string {
	place := fmt.Sprintf("file=%s,line=%d", escapeProperty(file), line)
	if col > 0 {
		place += fmt.Sprintf(",col=%d", col)
	}
	return fmt.Sprintf("::%s %s,title=%s::%s", kind, place, escapeProperty(clip(title, shortText)), escapeData(text))
}

func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
