package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Terminal writes the report for a person: the verdict, then what stands in
// its way, rule by rule, with observed value, interval, n, limit, place and
// what to do, then the rest in one line each. A rule of which many items pass
// takes one line, unless o.All asks for everything.
func Terminal(w io.Writer, r *verdict.Report, o Options) error {
	t := &terminal{w: bufio.NewWriter(w), color: o.Color}
	t.head(r)
	var rest []verdict.Check
	for _, group := range byRule(r.Checks) {
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

// byRule parts sorted checks into runs of the same status and rule.
func byRule(checks []verdict.Check) [][]verdict.Check {
	var groups [][]verdict.Check
	for i, c := range checks {
		if i > 0 && c.Rule == checks[i-1].Rule && c.Status == checks[i-1].Status {
			last := len(groups) - 1
			groups[last] = append(groups[last], c)
			continue
		}
		groups = append(groups, []verdict.Check{c})
	}
	return groups
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

// full writes all that is known about the items of one rule that share a
// status; what to do is said once.
func (t *terminal) full(group []verdict.Check) {
	c := group[0]
	status := strings.ToUpper(strings.ReplaceAll(string(c.Status), "_", " "))
	title := ""
	if c.Title != "" {
		title = ": " + Plain(c.Title)
	}
	fmt.Fprintf(t.w, "%s %s  %s%s\n", mark(c.Status), status, Plain(c.Rule), title)
	for _, c := range group {
		fmt.Fprintf(t.w, "  %s\n", Plain(c.Item))
		t.line("", c.Message)
		if c.Observed != nil && c.Observed.Value != nil {
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
	}
	if c.Status != verdict.Pass {
		t.line("what to do", c.Solution)
	}
	fmt.Fprintln(t.w)
}

// columns is the width that text is wrapped to.
const columns = 100

// line writes a label and its text, wrapped under itself.
func (t *terminal) line(label, text string) {
	words := strings.Fields(Plain(text))
	if len(words) == 0 {
		return
	}
	indent := "    "
	if label != "" {
		indent += fmt.Sprintf("%-11s", label)
	}
	line := indent + words[0]
	for _, word := range words[1:] {
		if len([]rune(line))+1+len([]rune(word)) > columns {
			fmt.Fprintln(t.w, line)
			line = strings.Repeat(" ", len(indent)) + word
			continue
		}
		line += " " + word
	}
	fmt.Fprintln(t.w, line)
}

// many is how many calm items of a rule are listed one by one.
const many = 4

// brief lists calm checks, a line each; where a rule has many, only the one
// that is closest to its limit.
func (t *terminal) brief(checks []verdict.Check) {
	var lines []verdict.Check
	for _, group := range byRule(checks) {
		if len(group) <= many {
			lines = append(lines, group...)
			continue
		}
		c := slices.MinFunc(group, func(a, b verdict.Check) int { return cmp.Compare(slack(a), slack(b)) })
		c.Message = fmt.Sprintf("closest to its limit: %s %s", c.Item, seen(c))
		c.Item, c.Observed = fmt.Sprintf("%d %s", len(group), strings.ReplaceAll(string(c.Status), "_", " ")), nil
		lines = append(lines, c)
	}
	rule, item := 0, 0
	for _, c := range lines {
		rule, item = max(rule, len([]rune(c.Rule))), max(item, len([]rune(c.Item)))
	}
	for _, c := range lines {
		fmt.Fprintf(t.w, "%s %s  %s  %s\n", mark(c.Status), pad(Plain(c.Rule), rule), pad(Plain(c.Item), item), Plain(seen(c)))
	}
	if len(lines) > 0 {
		fmt.Fprintln(t.w)
	}
}

// seen is what a check saw, in one line.
func seen(c verdict.Check) string {
	if c.Observed == nil || c.Observed.Value == nil {
		return c.Message
	}
	text := observed(c.Observed, c.Expected)
	if c.Expected != nil {
		text += "  limit " + bounds(c.Expected)
	}
	return text
}

// slack is how far the deciding end of a check's interval is from its limit,
// relative to the limit; what has no number is furthest.
func slack(c verdict.Check) float64 {
	o, e := c.Observed, c.Expected
	if o == nil || e == nil || o.Value == nil {
		return math.Inf(1)
	}
	least := math.Inf(1)
	side := func(limit, end *float64, sign float64) {
		if limit == nil {
			return
		}
		if end == nil {
			end = o.Value
		}
		least = min(least, sign*(*end-*limit)/max(math.Abs(*limit), 1e-9))
	}
	side(e.Min, o.Low, 1)
	side(e.Max, o.High, -1)
	return least
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
	s := bounds(e)
	if e.Judge == "bound" && s != e.Text {
		s += " at the interval's bad end"
	}
	return s
}

func bounds(e *verdict.Expected) string {
	var parts []string
	if e.Min != nil {
		parts = append(parts, "≥ "+exact(*e.Min))
	}
	if e.Max != nil {
		parts = append(parts, "≤ "+exact(*e.Max))
	}
	if len(parts) == 0 {
		return e.Text
	}
	return strings.Join(parts, " and ")
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

func mark(s verdict.Status) string {
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
