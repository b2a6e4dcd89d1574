package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strconv"

	"github.com/weighlock/weighlock/internal/verdict"
)

//go:embed html.tmpl
var htmlPage string

//go:embed html.css
var htmlStyle string

// HTML writes the report as one page that needs nothing else: no script, no
// font, no picture, no network. Its content security policy allows only its
// own style, so that a name that gets past the template's escaping still can
// do nothing.
func HTML(w io.Writer, r *verdict.Report, o Options) error {
	page, err := template.New("report").Parse(htmlPage)
	if err != nil {
		return fmt.Errorf("parsing the page's template: %w", err)
	}
	b := bufio.NewWriter(w)
	if err := page.Execute(b, newHTML(r, o)); err != nil {
		return err
	}
	return b.Flush()
}

type htmlReport struct {
	Style                               template.CSS
	Policy, Tone, Mark, Word, Model     string
	Digest, Level, Rules, Counts, Solve string
	Strip                               []htmlShare
	Loud, Calm                          []htmlGroup
	Quiet                               string // what the calm checks come to
	Open                                bool
	Notes                               []string
	Basics                              []htmlFact
}

// htmlShare is a status's part of the strip under the verdict, in percent.
type htmlShare struct {
	Tone, Text  string
	From, Width string
}

type htmlGroup struct {
	Tone, Mark, Status, Rule, Title, Solution string
	Checks                                    []htmlCheck
}

type htmlCheck struct {
	Item, Message, Observed, Limit, Where, Waived, Null string
	Plot                                                *htmlPlot
}

type htmlFact struct{ Label, Text string }

func newHTML(r *verdict.Report, o Options) htmlReport {
	sum := sha256.Sum256([]byte(htmlStyle))
	verdictCheck := whole(r)
	page := htmlReport{
		Style:  template.CSS(htmlStyle),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Tone:   tone(verdictCheck.Status), Mark: mark(verdictCheck.Status), Word: word(r), Model: model(r), Digest: Plain(r.Model.Digest),
		Level: Plain(r.Level), Rules: standingWords(r), Counts: counts(r.Checks), Solve: verdictCheck.Solution,
		Strip: strip(r.Checks), Open: o.All, Notes: notes(r, true),
	}
	loud, calm := part(worstFirst(r))
	p := newPlaces(r, o)
	page.Loud, page.Calm, page.Quiet = htmlGroups(loud, p), htmlGroups(calm, p), counts(calm)
	for _, f := range basics(r) {
		page.Basics = append(page.Basics, htmlFact{Plain(f.label), Plain(f.text)})
	}
	return page
}

// tone is the class by which the style gives a status its colour.
func tone(s verdict.Status) string {
	if !s.Known() {
		s = verdict.Error
	}
	return "is-" + string(s)
}

func strip(checks []verdict.Check) []htmlShare {
	n, from := verdict.Count(checks), 0
	var shares []htmlShare
	for _, s := range verdict.Statuses() {
		if n[s] == 0 {
			continue
		}
		percent := func(count int) string {
			return strconv.FormatFloat(100*float64(count)/float64(len(checks)), 'f', 2, 64)
		}
		shares = append(shares, htmlShare{Tone: tone(s), Text: fmt.Sprintf("%d %s", n[s], status(s)), From: percent(from), Width: percent(n[s])})
		from += n[s]
	}
	return shares
}

func htmlGroups(checks []verdict.Check, p places) []htmlGroup {
	var groups []htmlGroup
	for _, g := range byRule(checks) {
		c := g[0]
		group := htmlGroup{Tone: tone(c.Status), Mark: mark(c.Status), Status: status(c.Status), Rule: Plain(c.Rule), Title: Plain(c.Title)}
		if c.Status != verdict.Pass {
			group.Solution = Plain(c.Solution)
		}
		for _, c := range g {
			group.Checks = append(group.Checks, newHTMLCheck(c, p))
		}
		groups = append(groups, group)
	}
	return groups
}

func newHTMLCheck(c verdict.Check, p places) htmlCheck {
	h := htmlCheck{Item: Plain(c.Item), Plot: newPlot(c)}
	for _, f := range facts(c, p) {
		text := Plain(clip(f.text, 2*longText))
		switch f.label {
		case "observed":
			h.Observed = text
		case "limit":
			h.Limit = text
		case "where":
			h.Where = text
		case "waived":
			h.Waived = text
		default:
			h.Message = text
		}
	}
	if c.Observed != nil && c.Observed.Null95 != nil {
		h.Null = number(*c.Observed.Null95, nil)
	}
	return h
}

// htmlPlot is a check's interval as SVG, in units of its own width.
type htmlPlot struct {
	Says                  string
	Value, Low, High      string
	Band, BandWidth       string // where a model must be
	Span                  string // of the interval
	Limits                []string
	HasInterval, HasLimit bool
}

// plotWidth is the plot's, in SVG units.
const plotWidth = 200

func newPlot(c verdict.Check) *htmlPlot {
	s, ok := newScale(c)
	if !ok {
		return nil
	}
	at := func(v float64) string { return strconv.FormatFloat(v*plotWidth, 'f', 1, 64) }
	p := &htmlPlot{
		Says: Plain(observed(c)), Value: at(s.Value), Low: at(s.Low), High: at(s.High), Span: at(s.High - s.Low),
		HasInterval: s.High > s.Low, HasLimit: len(s.Limits) > 0,
	}
	from, to := 0.0, 1.0
	for _, l := range s.Limits {
		p.Limits = append(p.Limits, at(l.At))
		if l.Min {
			from = max(from, l.At)
		} else {
			to = min(to, l.At)
		}
	}
	p.Band, p.BandWidth = at(from), at(max(0, to-from))
	if c.Expected != nil {
		p.Says += "; limit " + Plain(expected(c.Expected))
	}
	return p
}
