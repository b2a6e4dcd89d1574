package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// Terminal writes the report for a person: the verdict, then what stands in
// its way, rule by rule, with observed value, interval, n, limit, place and
// what to do, then the rest in one line each. A rule of which many items pass
// takes one line, and so do all rules that do not apply, unless o.All asks for
// everything.
func Terminal(w io.Writer, r *verdict.Report, o Options) error {
	t := &terminal{w: bufio.NewWriter(w), color: o.Color, plain: o.Plain, all: o.All, width: o.Width, places: newPlaces(r, o)}
	t.head(r)
	var rest []verdict.Check
	for _, group := range byRule(worstFirst(r)) {
		if calm(group[0].Status) && !o.All {
			rest = append(rest, group...)
			continue
		}
		t.full(group)
	}
	t.brief(rest)
	t.foot(r)
	return t.w.Flush()
}

type terminal struct {
	w     *bufio.Writer
	color bool
	plain bool
	all   bool
	width int // of the terminal; 0 where there is none
	places
}

func (t *terminal) head(r *verdict.Report) {
	fmt.Fprintf(t.w, "%s  %s  at level %s\n", t.paint(r.Outcome.ExitCode(), word(r)), model(r), Plain(r.Level))
	t.entry("  ", basis(r))
	fmt.Fprintln(t.w)
}

// full writes all that is known about the items of one rule that share a
// status; what to do is said once.
func (t *terminal) full(group []verdict.Check) {
	c := group[0]
	title := ""
	if c.Title != "" {
		title = ": " + Plain(c.Title)
	}
	t.entry(fmt.Sprintf("%s %s  ", mark(c.Status), strings.ToUpper(status(c.Status))), Plain(c.Rule)+title)
	var alike []string
	said := map[string]int{}
	for _, c := range group {
		if why := downgraded(c); why != "" && !t.all {
			if said[why]++; said[why] > downgradedShown && len(group) > many {
				alike = append(alike, c.Item)
				continue
			}
		}
		fmt.Fprintf(t.w, "  %s\n", Plain(c.Item))
		for _, f := range facts(c, t.places) {
			switch {
			case f.label != "observed":
				t.line(f.label, f.text)
			case c.Observed.Value != nil:
				t.line(f.label, f.text, c)
			}
		}
	}
	if len(alike) > 0 {
		fmt.Fprintf(t.w, "  and %d more for the same reason (--all shows each)\n", len(alike))
		t.line("", strings.Join(alike, ", "))
	}
	if c.Status != verdict.Pass {
		t.line("what to do", c.Solution)
	}
	fmt.Fprintln(t.w)
}

// downgradedShown is how many items are shown in full that would have passed,
// and did not for one and the same reason.
const downgradedShown = 1

// downgraded is why a check that would have passed is undecided; empty for
// any other.
func downgraded(c verdict.Check) string {
	why, _, ok := strings.Cut(c.Message, " (the rule said: ")
	if !ok || c.Status != verdict.Undecided {
		return ""
	}
	return why
}

// columns is the width that text is wrapped to, unless the terminal is
// narrower.
const columns = 100

// leastColumns is the width under which lines are no longer narrowed.
const leastColumns = 40

func (t *terminal) columns() int {
	if t.width <= 0 {
		return columns
	}
	return min(max(t.width, leastColumns), columns)
}

// line writes a label and its text, wrapped under itself, and after it the bar
// of a check where there is room for one.
func (t *terminal) line(label, text string, drawn ...verdict.Check) {
	indent := "    "
	if label != "" {
		indent += fmt.Sprintf("%-11s", label)
	}
	lines := wrap(Plain(text), t.columns()-len(indent))
	for i, line := range lines {
		if i == len(lines)-1 && len(drawn) > 0 {
			line = t.beside(line, drawn[0], t.columns()-len(indent))
		}
		fmt.Fprintf(t.w, "%s%s\n", indent, line)
		indent = strings.Repeat(" ", len(indent))
	}
}

// beside puts a check's bar after a line of which n characters may be used, or
// under it.
func (t *terminal) beside(line string, c verdict.Check, n int) string {
	if drawn := bar(c, min(fullBar, n-len([]rune(line))-2), t.plain); drawn != "" {
		return line + "  " + drawn
	}
	if drawn := bar(c, min(fullBar, n), t.plain); drawn != "" {
		return line + "\n" + strings.Repeat(" ", t.columns()-n) + drawn
	}
	return line
}

// fullBar and briefBar are the cells of a bar in its own line, and in a list.
const (
	fullBar  = 32
	briefBar = 20
)

// wrap breaks text between words into lines of at most n characters, a longer
// word apart.
func wrap(text string, n int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last >= 0 && len([]rune(lines[last]))+1+len([]rune(word)) <= n {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// many is how many calm items of a rule are listed one by one.
const many = 4

// brief lists calm checks, a line each; where a rule has many, only the one
// that is closest to its limit.
func (t *terminal) brief(checks []verdict.Check) {
	var lines, idle []verdict.Check
	for _, group := range byRule(checks) {
		if group[0].Status == verdict.NotApplicable {
			idle = append(idle, group...)
			continue
		}
		if len(group) <= many {
			lines = append(lines, group...)
			continue
		}
		c := slices.MinFunc(group, func(a, b verdict.Check) int { return cmp.Compare(slack(a), slack(b)) })
		c.Message = fmt.Sprintf("closest to its limit: %s %s", c.Item, seen(c))
		c.Item, c.Observed = fmt.Sprintf("%d %s", len(group), status(c.Status)), nil
		lines = append(lines, c)
	}
	if len(idle) == 1 {
		lines, idle = append(lines, idle[0]), nil
	}
	rule, item := 0, 0
	for i, c := range lines {
		lines[i].Rule, lines[i].Item = squeeze(Plain(c.Rule), longName), squeeze(Plain(c.Item), longName)
		if lines[i].Item != c.Item && c.Item != "" {
			lines[i].Message = strings.ReplaceAll(c.Message, c.Item, lines[i].Item)
		}
		rule, item = max(rule, len([]rune(lines[i].Rule))), max(item, len([]rune(lines[i].Item)))
	}
	drawn := t.draws(lines, rule+item)
	for _, c := range lines {
		start := fmt.Sprintf("%s %s  %s  ", mark(c.Status), pad(c.Rule, rule), pad(c.Item, item))
		if drawn {
			start += pad(bar(c, briefBar, t.plain), briefBar) + "  "
		}
		t.entry(start, seen(c))
	}
	if len(idle) > 0 {
		t.entry(fmt.Sprintf("%s %d %s  ", mark(verdict.NotApplicable), len(idle), status(verdict.NotApplicable)), rules(idle)+" (--all says why)")
	}
	if len(lines)+len(idle) > 0 {
		fmt.Fprintln(t.w)
	}
}

// rules names the rules of checks, each once.
func rules(checks []verdict.Check) string {
	var names []string
	for _, c := range checks {
		if name := Plain(c.Rule); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// longName is the longest name that a list shows whole.
const longName = 40

// squeeze takes the middle out of a name of more than n characters: a path
// tells most by its end.
func squeeze(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n/3]) + "…" + string(runes[len(runes)-(n-n/3-1):])
}

// draws says whether a list has numbers to draw, and the terminal room for
// their bars.
func (t *terminal) draws(lines []verdict.Check, names int) bool {
	return t.width >= names+briefBar+70 && slices.ContainsFunc(lines, func(c verdict.Check) bool { return bar(c, briefBar, t.plain) != "" })
}

// listColumns is the width of lists that go elsewhere than to a terminal.
const listColumns = 120

// entry writes a line; what is beyond the width goes on beneath.
func (t *terminal) entry(start, text string) {
	text = Plain(text)
	most := t.width
	if most <= 0 {
		most = listColumns
	}
	width := len([]rune(start)) + len([]rune(text))
	if width <= most {
		fmt.Fprintf(t.w, "%s%s\n", start, text)
		return
	}
	indent := len([]rune(start))
	if most-indent < leastColumns*3/4 {
		fmt.Fprintln(t.w, strings.TrimRight(start, " "))
		start, indent = "    ", 4
	}
	for _, line := range wrap(text, max(most, leastColumns)-indent) {
		fmt.Fprintf(t.w, "%s%s\n", start, line)
		start = strings.Repeat(" ", indent)
	}
}

// seen is what a check saw, in one line.
func seen(c verdict.Check) string {
	if c.Observed == nil || c.Observed.Value == nil {
		return c.Message
	}
	text := observed(c)
	if c.Expected != nil {
		text += "  limit " + bounds(c.Expected)
	}
	return text
}

func (t *terminal) foot(r *verdict.Report) {
	for _, note := range notes(r, t.all) {
		t.entry("  ", note)
	}
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-len([]rune(s))))
}

func (t *terminal) paint(code int, s string) string {
	if !t.color {
		return s
	}
	color := "31"
	switch code {
	case verdict.ExitOK:
		color = "32"
	case verdict.ExitUndecided:
		color = "33"
	}
	return "\x1b[1;" + color + "m" + s + "\x1b[0m"
}
