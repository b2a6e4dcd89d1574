package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/verdict"
)

// word is the verdict in capitals. Only the outcome allow is ALLOWED: what is
// not known has no verdict.
func word(r *verdict.Report) string {
	would := ""
	if r.Mode == verdict.ModeObserve {
		would = "would be "
	}
	switch r.Outcome {
	case verdict.Allow:
		return "ALLOWED"
	case verdict.Deny:
		return observing(would, "DENIED")
	case verdict.NotDecided:
		return observing(would, "UNDECIDED")
	}
	return "BROKEN: no verdict"
}

func observing(would, word string) string {
	if would == "" {
		return word
	}
	return would + word + " (mode observe)"
}

// model is the model's name and version.
func model(r *verdict.Report) string {
	name := r.Model.Name
	if r.Model.Version != "" {
		name += " " + r.Model.Version
	}
	return Plain(name)
}

// headline is the verdict in one line.
func headline(r *verdict.Report) string {
	return fmt.Sprintf("%s %s at level %s", word(r), model(r), Plain(r.Level))
}

// basis says which bytes were judged, whose rules the verdict rests on, and
// what the checks came to.
func basis(r *verdict.Report) string {
	return fmt.Sprintf("image %s, %s, %s", Plain(artifact.Short(r.Model.Digest)), standingWords(r), counts(r.Checks))
}

func standingWords(r *verdict.Report) string {
	words := "by a verifier file"
	if r.Standing != verdict.StandingTrusted {
		words = "self-declared (no verifier file)"
	}
	return words + ", " + Plain(r.Signing)
}

// counts is the number of checks by status, worst first.
func counts(checks []verdict.Check) string {
	n := verdict.Count(checks)
	var parts []string
	for _, s := range verdict.Statuses() {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], status(s)))
		}
		delete(n, s)
	}
	unknown := 0
	for _, count := range n {
		unknown += count
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d of no known status", unknown))
	}
	if len(parts) == 0 {
		return "no checks"
	}
	return strings.Join(parts, ", ")
}

func status(s verdict.Status) string { return strings.ReplaceAll(Plain(string(s)), "_", " ") }

// calm says whether nobody needs to act on a status.
func calm(s verdict.Status) bool { return s == verdict.Pass || s == verdict.NotApplicable }

var marks = map[verdict.Status]string{
	verdict.Pass: "✓", verdict.Fail: "✗", verdict.Warn: "!", verdict.Undecided: "?",
	verdict.NotApplicable: "–", verdict.Error: "✗", verdict.Waived: "~",
}

// mark is a status in one character; what is not known looks like an error.
func mark(s verdict.Status) string {
	m := marks[s]
	if m == "" {
		m = "✗"
	}
	return m
}

// worstFirst is the report's checks in the order in which people need them. A
// rule without a name gets one, because formats ask for it.
func worstFirst(r *verdict.Report) []verdict.Check {
	checks := slices.Clone(r.Checks)
	for i, c := range checks {
		if strings.TrimSpace(Plain(c.Rule)) == "" {
			checks[i].Rule = "(no rule)"
		}
	}
	verdict.Sort(checks)
	return checks
}

// part divides sorted checks into those that somebody should look at, and the
// calm rest.
func part(checks []verdict.Check) (loud, quiet []verdict.Check) {
	for _, c := range checks {
		if calm(c.Status) {
			quiet = append(quiet, c)
		} else {
			loud = append(loud, c)
		}
	}
	return loud, quiet
}

// byRule parts sorted checks into runs of the same status and rule, for which
// there is one thing to do.
func byRule(checks []verdict.Check) [][]verdict.Check {
	var groups [][]verdict.Check
	for i, c := range checks {
		if i > 0 && c.Rule == checks[i-1].Rule && c.Status == checks[i-1].Status && c.Solution == checks[i-1].Solution {
			last := len(groups) - 1
			groups[last] = append(groups[last], c)
			continue
		}
		groups = append(groups, []verdict.Check{c})
	}
	return groups
}

// fact is one thing that a report says of a check, with its label.
type fact struct{ label, text string }

// facts is all that a person needs of a check, but for what to do about it:
// that is the same for all of a run of checks. The message has no label, and
// leaves out the numbers that stand under it.
func facts(c verdict.Check, p places) []fact {
	message, _ := untold(c)
	list := []fact{{"", message}}
	if c.Observed != nil {
		list = append(list, fact{"observed", observed(c)})
	}
	if c.Expected != nil {
		list = append(list, fact{"limit", expected(c.Expected)})
	}
	if c.Waiver != nil {
		list = append(list, fact{"waived", waived(c.Waiver)})
	}
	if c.Location != nil && c.Location.File != "" {
		file, line, _ := p.of(c)
		list = append(list, fact{"where", fmt.Sprintf("%s:%d", file, line)})
	}
	return slices.DeleteFunc(list, func(f fact) bool { return strings.TrimSpace(f.text) == "" })
}

func waived(w *verdict.Waiver) string {
	return fmt.Sprintf("by %s until %s (was %s): %s", w.Owner, w.Expires, status(w.Was), w.Reason)
}

// notes is what a report says after its checks: what did not count, several
// for one reason in one line unless all are asked for, earlier attempts, and
// how long the verdict holds.
func notes(r *verdict.Report, all bool) []string {
	list := ignored(r.Ignored, all)
	if r.Attempts.Count > 0 {
		list = append(list, fmt.Sprintf("earlier attempts in this repository: %d, of which refused: %d", r.Attempts.Count, r.Attempts.Denials))
	}
	if r.Expires != "" {
		list = append(list, "holds until "+Plain(r.Expires))
	}
	return list
}

func ignored(list []verdict.Ignored, all bool) []string {
	type group struct{ what, reason string }
	var order []group
	digests := map[group][]string{}
	for _, i := range list {
		g := group{cmp.Or(i.Type, "statement"), i.Reason}
		if digests[g] == nil {
			order = append(order, g)
		}
		digests[g] = append(digests[g], artifact.Short(i.Digest))
	}
	var lines []string
	for _, g := range order {
		which := digests[g][0]
		if more := len(digests[g]) - 1; more > 0 && !all {
			which += fmt.Sprintf(" and %d more", more)
		} else {
			which = strings.Join(digests[g], ", ")
		}
		lines = append(lines, Plain(fmt.Sprintf("ignored: %s %s: %s", g.what, which, g.reason)))
	}
	return lines
}

// basics are the bytes, rules and statements that the verdict rests on.
func basics(r *verdict.Report) []fact {
	list := []fact{
		{"image", r.Model.Digest}, {"decided as of", r.Now}, {"spec", r.Spec}, {"policy", r.Policy}, {"parameters", r.Parameters},
		{"verifier file", r.Verifier}, {"input", r.Input}, {"engine", strings.TrimSpace(r.Engine.Name + " " + r.Engine.Version)},
	}
	for _, s := range r.Sources {
		text := s.Digest
		if s.Signer != "" {
			text += " by " + s.Signer
		}
		if s.Time != "" {
			text += " at " + s.Time
		}
		list = append(list, fact{s.Type, text})
	}
	return slices.DeleteFunc(list, func(f fact) bool { return f.text == "" })
}

// Plain is text from outside, fit for a terminal and for a CI job's log:
// control and bidirectional formatting characters are replaced, so that a name
// cannot repaint a verdict, and the marks by which runners take a line for a
// command ("::" where a word begins, "##" anywhere) are broken.
func Plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case !plain(r):
			return '·'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	s = strings.ReplaceAll(s, "##", "#·")
	s = strings.ReplaceAll(s, " ::", " :·")
	if strings.HasPrefix(s, "::") {
		s = ":·" + s[2:]
	}
	return s
}

// plain says whether a character only stands for itself, and may stand in XML.
func plain(r rune) bool {
	switch r {
	case '\u2028', '\u2029', unicode.ReplacementChar, 0xFEFF, 0xFFFE, 0xFFFF:
		return false
	}
	return !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r)
}

// clip is at most n characters of s, and says that there were more.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
