package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Terminal writes the report for a person: the verdict, then what stands in
// its way with observed value, interval, n, limit, place and what to do, then
// the rest in one line each.
func Terminal(w io.Writer, r *verdict.Report, o Options) error {
	t := &terminal{w: bufio.NewWriter(w), color: o.Color}
	t.head(r)
	var rest []verdict.Check
	for _, c := range r.Checks {
		if calm(c.Status) && !o.All {
			rest = append(rest, c)
			continue
		}
		t.full(c)
	}
	t.brief(rest)
	t.foot(r)
	return t.w.Flush()
}

type terminal struct {
	w     *bufio.Writer
	color bool
}

func calm(s verdict.Status) bool { return s == verdict.Pass || s == verdict.NotApplicable }

var verdictWords = map[verdict.Outcome]string{
	verdict.Allow: "ALLOWED", verdict.Deny: "DENIED", verdict.NotDecided: "UNDECIDED", verdict.Unavailable: "BROKEN: no verdict",
}

func (t *terminal) head(r *verdict.Report) {
	word := verdictWords[r.Outcome]
	if r.Mode == verdict.ModeObserve && (r.Outcome == verdict.Deny || r.Outcome == verdict.NotDecided) {
		word = "would be " + word + " (mode observe)"
	}
	name := r.Model.Name
	if r.Model.Version != "" {
		name += " " + r.Model.Version
	}
	fmt.Fprintf(t.w, "%s  %s  at level %s\n", t.paint(r.Outcome.ExitCode(), word), Plain(name), r.Level)
	fmt.Fprintf(t.w, "  image %s, %s, %s\n\n", artifact.Short(r.Model.Digest), standingWords(r), counts(r))
}

func standingWords(r *verdict.Report) string {
	words := "by a verifier file"
	if r.Standing == verdict.StandingSelfDeclared {
		words = "self-declared (no verifier file)"
	}
	return words + ", " + r.Signing
}

func counts(r *verdict.Report) string {
	n := verdict.Count(r.Checks)
	var parts []string
	for _, s := range verdict.Statuses() {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], strings.ReplaceAll(string(s), "_", " ")))
		}
	}
	return strings.Join(parts, ", ")
}

var marks = map[verdict.Status]string{
	verdict.Pass: "✓", verdict.Fail: "✗", verdict.Warn: "!", verdict.Undecided: "?",
	verdict.NotApplicable: "–", verdict.Error: "✗", verdict.Waived: "~",
}

func (t *terminal) full(c verdict.Check) {
	fmt.Fprintf(t.w, "%s %s  %s  %s\n", t.mark(c.Status), strings.ToUpper(strings.ReplaceAll(string(c.Status), "_", " ")), Plain(c.Rule), Plain(c.Item))
	t.line("", c.Message)
	if c.Observed != nil {
		t.line("observed", observed(c.Observed, c.Expected))
	}
	if c.Expected != nil {
		t.line("limit", expected(c.Expected))
	}
	if c.Waiver != nil {
		t.line("waived", fmt.Sprintf("by %s until %s (was %s): %s", c.Waiver.Owner, c.Waiver.Expires, c.Waiver.Was, c.Waiver.Reason))
	}
	if c.Location != nil {
		t.line("where", fmt.Sprintf("%s:%d", c.Location.File, c.Location.Line))
	}
	if c.Status != verdict.Pass {
		t.line("what to do", c.Solution)
	}
	fmt.Fprintln(t.w)
}

func (t *terminal) line(label, text string) {
	text = Plain(strings.TrimSpace(text))
	if text == "" {
		return
	}
	if label != "" {
		label = fmt.Sprintf("%-11s", label)
	}
	fmt.Fprintf(t.w, "    %s%s\n", label, text)
}

// brief lists calm checks, a line each: rule, item, and what was seen.
func (t *terminal) brief(checks []verdict.Check) {
	rule, item := 0, 0
	for _, c := range checks {
		rule, item = max(rule, len([]rune(c.Rule))), max(item, len([]rune(c.Item)))
	}
	for _, c := range checks {
		seen := c.Message
		if c.Observed != nil && c.Observed.Value != nil {
			seen = observed(c.Observed, c.Expected)
			if c.Expected != nil {
				seen += "  limit " + expected(c.Expected)
			}
		}
		fmt.Fprintf(t.w, "%s %s  %s  %s\n", t.mark(c.Status), pad(Plain(c.Rule), rule), pad(Plain(c.Item), item), Plain(seen))
	}
	if len(checks) > 0 {
		fmt.Fprintln(t.w)
	}
}

func (t *terminal) foot(r *verdict.Report) {
	for _, i := range r.Ignored {
		what := i.Type
		if what == "" {
			what = "statement"
		}
		fmt.Fprintf(t.w, "  ignored: %s %s: %s\n", Plain(what), artifact.Short(i.Digest), Plain(i.Reason))
	}
	if r.Attempts.Count > 0 {
		fmt.Fprintf(t.w, "  earlier attempts in this repository: %d, of which refused: %d\n", r.Attempts.Count, r.Attempts.Denials)
	}
	if r.Expires != "" {
		fmt.Fprintf(t.w, "  holds until %s\n", r.Expires)
	}
}

func observed(o *verdict.Observed, e *verdict.Expected) string {
	if o.Value == nil {
		return o.Text
	}
	s := number(*o.Value, e)
	if o.Low != nil && o.High != nil {
		s += fmt.Sprintf(" [%s, %s]", number(*o.Low, e), number(*o.High, e))
	}
	if o.N != nil {
		s += fmt.Sprintf(" n=%d", *o.N)
	}
	if o.Method != "" {
		s += " (" + strings.ReplaceAll(o.Method, "_", "-") + ")"
	}
	if o.Needed != nil {
		s += fmt.Sprintf("; about %d rows would decide at this value", *o.Needed)
	}
	return s
}

func expected(e *verdict.Expected) string {
	var parts []string
	if e.Min != nil {
		parts = append(parts, "≥ "+exact(*e.Min))
	}
	if e.Max != nil {
		parts = append(parts, "≤ "+exact(*e.Max))
	}
	s := strings.Join(parts, " and ")
	if s == "" {
		return e.Text
	}
	if e.Judge == "bound" {
		s += " at the interval's bad end"
	}
	return s
}

// number has four digits, or as many more as it takes to stay on its side of
// the limit: 0.49996 against 0.5 is not 0.5.
func number(v float64, e *verdict.Expected) string {
	for digits := 4; digits < 17; digits++ {
		text := strconv.FormatFloat(v, 'g', digits, 64)
		if shown, err := strconv.ParseFloat(text, 64); err != nil || sameSide(v, shown, e) {
			return text
		}
	}
	return exact(v)
}

func sameSide(v, shown float64, e *verdict.Expected) bool {
	if e == nil {
		return true
	}
	for _, limit := range []*float64{e.Min, e.Max} {
		if limit != nil && cmp.Compare(v, *limit) != cmp.Compare(shown, *limit) {
			return false
		}
	}
	return true
}

func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-len([]rune(s))))
}

func (t *terminal) mark(s verdict.Status) string {
	m := marks[s]
	if m == "" {
		m = "✗"
	}
	return m
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

// Plain is text from outside, fit for a terminal: control and bidirectional
// formatting characters are replaced, so that a name cannot repaint a verdict.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return '·'
		}
		return r
	}, s)
}
