package cli

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/report"
)

// measures prints what an evaluation found: the metrics, then each of them on
// the slices, worst first, then all else, and last what nobody asked for.
func (a *app) measures(m measured) error {
	e := m.Evaluation
	fmt.Fprintf(a.env.Out, "%d rows of %s, joined by %s; grade %s, and nothing is judged here\n", e.Join.Matched, report.Plain(e.Data.Name), e.Join.By, e.Grade)
	if e.Join.Missing+e.Join.Extra > 0 {
		fmt.Fprintf(a.env.Out, "%d rows have no prediction, and %d predictions no row\n", e.Join.Missing, e.Join.Extra)
	}
	if len(m.Assumed) > 0 {
		fmt.Fprintf(a.env.Out, "taken where nothing was said: %s\n", report.Plain(assumed(m.Assumed)))
	}
	var metrics, others, explained, drift grid
	for _, r := range e.Results {
		switch r.Kind {
		case evaluate.KindMetric:
			metrics.measure(r.Item, r.Measure, a.axis(r.Measure), tail(r.Measure))
		case evaluate.KindSlice, evaluate.KindGap:
		case evaluate.KindExplanations:
			explained.measure(r.Item, r.Measure, a.axis(r.Measure), tail(r.Measure))
		default:
			others.measure(r.Item, r.Measure, a.axis(r.Measure), tail(r.Measure))
		}
	}
	if m.Drift != nil {
		for _, r := range m.Drift.Results {
			drift.measure("psi of "+r.Item, r.Measure, a.axis(r.Measure), tail(r.Measure))
		}
	}
	sections := []section{{"Metrics, with " + level(m) + " intervals", metrics}}
	for _, r := range evaluate.Rankings(e) {
		sections = append(sections, a.ranking(r))
	}
	sections = append(sections, section{"Groups, baseline and champion", others}, section{"Explanations", explained}, section{"Drift", drift})
	if err := a.print(sections); err != nil {
		return err
	}
	return a.searched(e.Search)
}

func assumed(list []evaluate.Assumption) string {
	var all []string
	for _, one := range list {
		all = append(all, one.Name+" "+one.Value)
	}
	return strings.Join(all, "; ")
}

func level(m measured) string { return fmt.Sprintf("%g %%", 100*m.Spec.Confidence) }

// ranking is one metric's slices, drawn along one axis beside the value of all
// rows.
func (a *app) ranking(r evaluate.Ranking) section {
	whole := math.NaN()
	title := r.Metric + " by slice, worst first"
	if r.Overall != nil && r.Overall.Value != nil {
		whole = *r.Overall.Value
		title += fmt.Sprintf("; on all rows %s", number(r.Overall.Value))
	}
	var ends []float64
	for _, s := range r.Slices {
		if s.Value != nil {
			ends = append(ends, orNaN(s.Value.Value), orNaN(s.Value.Low), orNaN(s.Value.High))
		}
	}
	axis := report.TightAxis(a.plain(), whole, ends...)
	var g grid
	for _, s := range r.Slices {
		shown, gap := s.Value, ""
		if shown == nil {
			shown = s.Gap
			g.measure(slice(s.By, s.Group)+" gap", *shown, a.axis(*shown), tail(*shown))
			continue
		}
		if s.Gap != nil && s.Gap.Status == evaluate.StatusOK {
			gap = "gap " + within(*s.Gap)
		}
		g.measure(slice(s.By, s.Group), *shown, axis, fmt.Sprintf("n=%d", shown.N), gap)
	}
	return section{title, g}
}

// slice is a slice as its item names it, such as age=[25,40).
func slice(by, group string) string {
	column, _, _ := strings.Cut(by, ":")
	return column + "=" + group
}

func (a *app) axis(m evaluate.Measure) report.Axis {
	return report.NewAxis(a.plain(), math.NaN(), orNaN(m.Value), orNaN(m.Low), orNaN(m.High))
}

func tail(m evaluate.Measure) string {
	return strings.TrimSpace(fmt.Sprintf("n=%d %s", m.N, m.Method))
}

func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g", *v)
}

// within is a value and its interval.
func within(m evaluate.Measure) string {
	if m.Low == nil || m.High == nil {
		return number(m.Value)
	}
	return fmt.Sprintf("%s [%s, %s]", number(m.Value), number(m.Low), number(m.High))
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// grid is lines of a name, a number, a bar and what follows it, in columns.
type grid []gridLine

type gridLine struct {
	name, number string
	draw         func(cells int) string // nil where there is no number
	tail         []string
}

// measure adds a measure as one line; where it has no number, why not.
func (g *grid) measure(name string, m evaluate.Measure, axis report.Axis, tail ...string) {
	g.add(name, within(m), m, axis, tail...)
}

// add is measure with the number in other words.
func (g *grid) add(name, text string, m evaluate.Measure, axis report.Axis, tail ...string) {
	l := gridLine{name: report.Plain(name), number: m.Status, tail: []string{strings.TrimSuffix(fmt.Sprintf("n=%d: %s", m.N, report.Plain(m.Detail)), ": ")}}
	if m.Status == evaluate.StatusOK {
		l.number, l.tail = text, tail
		value := orNaN(m.Value)
		low, high := value, value
		if m.Low != nil && m.High != nil {
			low, high = *m.Low, *m.High
		}
		l.draw = func(cells int) string { return axis.Draw(value, low, high, cells) }
	}
	*g = append(*g, l)
}

// section is a grid under a title; one without lines is left out.
type section struct {
	title string
	lines grid
}

// Widths in columns: of a table where there is no terminal, and of a bar.
const (
	tableWidth = 100
	leastBar   = 12
	mostBar    = 32
)

// print writes sections whose columns stand below each other.
func (a *app) print(sections []section) error {
	total := cmp.Or(a.env.Width, tableWidth)
	for _, s := range sections {
		if len(s.lines) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(a.env.Out, "\n%s\n", report.Plain(s.title)); err != nil {
			return err
		}
		if err := s.lines.write(a.env.Out, total); err != nil {
			return err
		}
	}
	return nil
}

func (g grid) write(w io.Writer, total int) error {
	name, num := 0, 0
	var tails []int
	for _, l := range g {
		name = max(name, utf8.RuneCountInString(l.name))
		if l.draw == nil {
			continue // its explanation may run on
		}
		num = max(num, utf8.RuneCountInString(l.number))
		for i, t := range l.tail {
			if i == len(tails) {
				tails = append(tails, 0)
			}
			tails[i] = max(tails[i], utf8.RuneCountInString(t))
		}
	}
	room := total - 2 - name - 2 - num - 2
	for _, t := range tails {
		room -= t + 2
	}
	cells := min(room, mostBar)
	for _, l := range g {
		parts := []string{pad(l.name, name), pad(l.number, num)}
		if l.draw != nil {
			if cells >= leastBar {
				parts = append(parts, pad(l.draw(cells), cells))
			}
			for i, t := range l.tail {
				parts = append(parts, pad(t, tails[i]))
			}
		} else {
			parts = append(parts, l.tail...)
		}
		if _, err := fmt.Fprintf(w, "  %s\n", strings.TrimRight(strings.Join(parts, "  "), " ")); err != nil {
			return err
		}
	}
	return nil
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// plain says that bars are to be drawn in ASCII: the terminal is a dumb one, no
// colour is wanted, or the locale is not one of UTF-8.
func (a *app) plain() bool {
	if a.env.Getenv("NO_COLOR") != "" || a.env.Getenv("TERM") == "dumb" {
		return true
	}
	locale := cmp.Or(a.env.Getenv("LC_ALL"), a.env.Getenv("LC_CTYPE"), a.env.Getenv("LANG"))
	charset := strings.ToLower(strings.ReplaceAll(locale, "-", ""))
	return locale != "" && !strings.Contains(charset, "utf8")
}
