package cli

import (
	"fmt"
	"strings"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/report"
)

// slicesShown is how many slices of a metric are listed for a person.
const slicesShown = 8

// contrast prints what differs: who is compared, the metrics, the slices that
// changed most, decisions that flipped, and what could not be compared.
func (a *app) contrast(c *evaluate.Contrast) error {
	w := a.env.Out
	for _, side := range []struct {
		name string
		p    evaluate.Party
	}{{"A", c.A}, {"B", c.B}} {
		fmt.Fprintf(w, "%s  %s  grade %s, predictions %s\n", side.name, report.Plain(side.p.Name), side.p.Grade, short(side.p.Predictions))
	}
	if p := c.Paired; p != nil {
		fmt.Fprintf(w, "on %s: %d rows that both scored, paired by %s\n", report.Plain(c.Data.Name), p.Both, p.By)
	} else {
		fmt.Fprintf(w, "on %s: the numbers alone, since the rows of both are not at hand\n", report.Plain(c.Data.Name))
	}
	if len(c.Assumed) > 0 {
		fmt.Fprintf(w, "taken where nothing was said: %s\n", report.Plain(assumed(c.Assumed)))
	}
	if err := a.print(a.differences(c)); err != nil {
		return err
	}
	if f := c.Flips; f != nil {
		fmt.Fprintf(w, "\nDecisions that flipped\n  %s\n", strings.Join(flipped(f), "\n  "))
	}
	for _, only := range []struct {
		name  string
		items []string
	}{{"A", c.OnlyA}, {"B", c.OnlyB}} {
		if len(only.items) > 0 {
			fmt.Fprintf(w, "\nNot compared, since only %s has it\n  %s\n", only.name, report.Plain(strings.Join(only.items, ", ")))
		}
	}
	if len(c.Notes) > 0 {
		fmt.Fprintf(w, "\nTo know\n  %s\n", report.Plain(strings.Join(c.Notes, "; ")))
	}
	return nil
}

// differences are sections of metrics, of each metric's slices and of the
// rest.
func (a *app) differences(c *evaluate.Contrast) []section {
	var metrics, rest []evaluate.Difference
	var order []string
	slices := map[string][]evaluate.Difference{}
	for _, d := range c.Differences {
		switch d.Kind {
		case evaluate.KindMetric:
			metrics = append(metrics, d)
		case evaluate.KindSlice:
			if slices[d.Metric] == nil {
				order = append(order, d.Metric)
			}
			slices[d.Metric] = append(slices[d.Metric], d)
		default:
			rest = append(rest, d)
		}
	}
	sections := []section{{"Metrics, B − A", a.compared(metrics, false)}}
	for _, metric := range order {
		of, title := slices[metric], metric+" by slice, B − A, the most changed first"
		if n := len(of) - slicesShown; n > 0 {
			of, title = of[:slicesShown], fmt.Sprintf("%s; %d more by --json", title, n)
		}
		sections = append(sections, section{title, a.compared(of, true)})
	}
	return append(sections, section{"Gaps, groups, baseline and champion, B − A", a.compared(rest, false)})
}

// compared draws differences beside 0, all along one axis where they are of one
// metric.
func (a *app) compared(list []evaluate.Difference, together bool) grid {
	var g grid
	var ends []float64
	for _, d := range list {
		m := d.Difference
		ends = append(ends, orNaN(m.Value), orNaN(m.Low), orNaN(m.High))
	}
	for i, d := range list {
		m := d.Difference
		axis := report.TightAxis(a.plain(), 0, ends[3*i:3*i+3]...)
		if together {
			axis = report.TightAxis(a.plain(), 0, ends...)
		}
		g.add(itemOf(d), moved(m), m, axis, fmt.Sprintf("A %s, B %s", number(d.A.Value), number(d.B.Value)), verdictOn(d))
	}
	return g
}

// moved is a difference and its interval, in three digits.
func moved(m evaluate.Measure) string {
	if m.Low == nil || m.High == nil {
		return fmt.Sprintf("%+.3g", orNaN(m.Value))
	}
	return fmt.Sprintf("%+.3g [%.3g, %.3g]", orNaN(m.Value), *m.Low, *m.High)
}

// verdictOn is what a difference shows, in few words where few will do.
func verdictOn(d evaluate.Difference) string {
	switch d.Outcome {
	case evaluate.OutcomeBetter:
		return "B is better"
	case evaluate.OutcomeWorse:
		return "B is worse"
	case evaluate.OutcomeDifferent:
		return "they differ"
	case evaluate.OutcomeNone:
		return "within chance"
	}
	if d.Difference.Status == evaluate.StatusOK {
		return "chance is not ruled out"
	}
	return d.Words
}

// itemOf leaves the metric out where the section's title has it.
func itemOf(d evaluate.Difference) string {
	if d.Kind == evaluate.KindSlice {
		return slice(d.By, d.Group)
	}
	return d.Item
}

// flipped is a line for all rows, and one for each class or label.
func flipped(f *evaluate.Turned) []string {
	s := fmt.Sprintf("%d of %d rows are decided otherwise", f.Changed, f.Rows)
	if f.ToPositive != nil {
		s = fmt.Sprintf("%d of %d rows became positive, %d negative", *f.ToPositive, f.Rows, *f.ToNegative)
	}
	if f.Labelled == nil {
		return []string{s + "; which of them rightly is not known without labels"}
	}
	lines := []string{s + righted(f.Labelled.FlipCounts, "all")}
	for _, c := range f.Labelled.Classes {
		lines = append(lines, fmt.Sprintf("%s: %d of %d are decided otherwise", report.Plain(c.Name), c.Changed, c.Rows)+righted(c.FlipCounts, "them"))
	}
	return lines
}

func righted(l evaluate.FlipCounts, rows string) string {
	return fmt.Sprintf("; B is right where A was wrong on %d, and wrong where A was right on %d (%.2g %% of %s)", l.Positive, l.Negative, 100*orNaN(l.NegativeRate.Value), rows)
}
