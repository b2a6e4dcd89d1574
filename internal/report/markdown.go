package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// Markdown writes the report for a pull request, a wiki or a file: the
// verdict, a table for each rule in its way, worst first, with what to do
// above it, and what passed in a fold. Names from outside are code or escaped,
// so that they neither form a table, a link or a mention of their own. With
// o.Limit it takes no more bytes than that, and says what it left out.
func Markdown(w io.Writer, r *verdict.Report, o Options) error {
	_, err := io.WriteString(w, markdown(r, o, o.Limit))
	return err
}

// page is Markdown that may not grow beyond a limit. What it is given last is
// what it leaves out.
type page struct {
	text  strings.Builder
	limit int // in bytes; 0: none
	left  []verdict.Check
	places
}

// closing is what a page keeps free for its folds' ends and for saying what it
// left out.
const closing = 1 << 10

// add writes parts that belong together if the page has room for them all.
func (p *page) add(parts ...string) bool {
	text := strings.Join(parts, "")
	if p.limit > 0 && p.text.Len()+len(text) > p.limit-closing {
		return false
	}
	p.text.WriteString(text)
	return true
}

func markdown(r *verdict.Report, o Options, limit int) string {
	p := &page{limit: limit, places: newPlaces(r, o)}
	p.text.WriteString(markdownHead(r))
	loud, quiet := part(worstFirst(r))
	full := false
	for _, group := range byRule(loud) {
		full = p.table(markdownSection(group[0]), group, full)
	}
	if len(quiet) > 0 && !full && p.add("<details><summary>", counts(quiet), "</summary>\n\n") {
		p.table("", quiet, full)
		p.text.WriteString("</details>\n\n")
	} else {
		p.left = append(p.left, quiet...)
	}
	if len(p.left) > 0 {
		fmt.Fprintf(&p.text, "**Cut short here**: %d of %d checks are not shown (%s). The json report holds them all.\n\n", len(p.left), len(r.Checks), counts(p.left))
	}
	for _, note := range notes(r, false) {
		p.add("- ", prose(clip(note, longText)), "\n")
	}
	p.add("\n", markdownRest(r))
	return strings.TrimRight(p.text.String(), "\n") + "\n"
}

func markdownHead(r *verdict.Report) string {
	return fmt.Sprintf("## %s %s: %s\n\nAt level %s: %s.\n\n", mark(whole(r).Status), word(r), prose(clip(model(r), shortText)), prose(clip(r.Level, shortText)), prose(clip(basis(r), longText)))
}

func markdownSection(c verdict.Check) string {
	text := fmt.Sprintf("### %s %s: %s", mark(c.Status), status(c.Status), prose(clip(c.Rule, shortText)))
	if c.Title != "" {
		text += ", " + prose(clip(c.Title, shortText))
	}
	if c.Solution != "" {
		text += "\n\n**What to do:** " + prose(clip(c.Solution, longText))
	}
	return text + "\n\n"
}

// The most characters that a name, and a sentence, take in a table.
const (
	shortText = 300
	longText  = 2000
)

// table writes a section's checks as far as there is room; once there is none,
// nothing that is less bad is written either.
func (p *page) table(head string, checks []verdict.Check, full bool) bool {
	columns := "| item | what was found | observed | limit | where |\n|---|---|---|---|---|\n"
	if head == "" {
		columns = strings.Replace(strings.Replace(columns, "| item", "| rule | item", 1), "|---", "|---|---", 1)
	}
	for i, c := range checks {
		row := markdownRow(c, p.places)
		if head == "" {
			row = "| " + mark(c.Status) + " " + prose(clip(c.Rule, shortText)) + " " + row
		}
		if i == 0 {
			row = head + columns + row
		}
		if full = full || !p.add(row); full {
			p.left = append(p.left, checks[i:]...)
			if i == 0 {
				return true
			}
			break
		}
	}
	p.text.WriteString("\n")
	return full
}

func markdownRow(c verdict.Check, p places) string {
	cells := map[string]string{}
	for _, f := range facts(c, p) {
		cells[f.label] = prose(clip(f.text, longText))
	}
	if drawn := bar(c, briefBar, false); drawn != "" {
		cells["observed"] = "`" + drawn + "`<br>" + cells["observed"]
	}
	if cells["waived"] != "" {
		cells[""] += "<br>waived " + cells["waived"]
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", codeCell(clip(c.Item, shortText)), cells[""], cells["observed"], cells["limit"], cells["where"])
}

// markdownRest names the bytes that the verdict rests on.
func markdownRest(r *verdict.Report) string {
	var b strings.Builder
	b.WriteString("<details><summary>What this rests on</summary>\n\n")
	for _, f := range basics(r) {
		fmt.Fprintf(&b, "- %s: %s\n", prose(clip(f.label, shortText)), prose(clip(f.text, shortText)))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// prose is text in which no character is Markdown. A mention is broken by a
// comment, because GitHub and GitLab look for it after escapes are gone.
func prose(s string) string {
	var b strings.Builder
	runes := []rune(Plain(s))
	for i, r := range runes {
		next := ' '
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case strings.ContainsRune("\\`*_[]<>|~#&$", r):
			b.WriteRune('\\')
		case r == ':' && next == '/', r == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www"):
			b.WriteRune('\\')
		case r == '!' && next == '[', (r == '-' || r == '+' || r == '=') && i == 0:
			b.WriteRune('\\')
		}
		b.WriteRune(r)
		if r == '@' {
			b.WriteString("<!-- -->")
		}
	}
	return b.String()
}

// codeCell is text as code inside of a table, where a pipe ends the cell even
// in code. Whether a backslash before one counts is read in two ways, so such
// a text is not code.
func codeCell(s string) string {
	s = Plain(s)
	if strings.TrimSpace(s) == "" {
		return ""
	}
	if strings.Contains(s, `\|`) {
		return prose(s)
	}
	s = strings.ReplaceAll(s, "|", `\|`)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		s = " " + s + " "
	}
	return fence + s + fence
}
