package project

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// By is one entry of a by list, parsed: columns that are crossed with each
// other (region*sex), and for fairness strata within which groups are compared
// (sex|income:q4).
type By struct {
	Text   string
	Parts  []Cut // crossed
	Within []Cut // crossed strata; nil where there are none
}

// Cut is a column and how its values become groups: one group per value, or at
// most one of Edges, Quantiles and Period.
type Cut struct {
	Text      string // as written
	Column    string
	Edges     []float64 // inner edges of bins, closed on the left
	Quantiles int       // bins of equal count
	Period    string    // year, quarter, month, week, day or hour
}

// Periods are the spans of time that a column of dates can be cut into.
func Periods() []string { return []string{"year", "quarter", "month", "week", "day", "hour"} }

// most and least bins of equal count.
const leastQuantiles, mostQuantiles = 2, 100

var quantiles = regexp.MustCompile(`^q[0-9]+$`)

// ParseBy reads an entry of a by list. Where it cannot, found and expected say
// why; both are empty where it can.
func ParseBy(text string) (by By, found, expected string) {
	by.Text = text
	parts, within, conditional := strings.Cut(text, "|")
	if by.Parts, found, expected = parseCuts(parts); found != "" {
		return by, found, expected
	}
	if conditional {
		if by.Within, found, expected = parseCuts(within); found != "" {
			return by, found, expected
		}
	}
	seen := map[string]bool{}
	for _, c := range slices.Concat(by.Parts, by.Within) {
		if seen[c.Column] {
			return by, "column " + c.Column + " twice in " + text, "each column once"
		}
		seen[c.Column] = true
	}
	return by, "", ""
}

func parseCuts(text string) (cuts []Cut, found, expected string) {
	for _, one := range strings.Split(text, "*") {
		c := Cut{Text: one}
		var how string
		var cut bool
		c.Column, how, cut = strings.Cut(one, ":")
		switch {
		case c.Column == "" || strings.Contains(c.Column, "|"):
			return nil, "text " + strconv.Quote(text), "columns with * between them, and at most one | before the strata"
		case !cut:
		case slices.Contains(Periods(), how):
			c.Period = how
		case quantiles.MatchString(how):
			n, err := strconv.Atoi(how[1:])
			if err != nil || n < leastQuantiles || n > mostQuantiles {
				return nil, "bins " + how, "q2 to q100, for so many bins of equal count"
			}
			c.Quantiles = n
		default:
			if c.Edges = ascending(strings.Split(how, ",")); c.Edges == nil {
				return nil, "bin edges " + how, "numbers that ascend"
			}
		}
		cuts = append(cuts, c)
	}
	return cuts, "", ""
}

// ascending are numbers that ascend; nil where the texts are something else.
func ascending(texts []string) (edges []float64) {
	for _, text := range texts {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || len(edges) > 0 && f <= edges[len(edges)-1] {
			return nil
		}
		edges = append(edges, f)
	}
	return edges
}

// Columns names what an entry splits by, without how: region*sex for
// region*sex:…, sex|income for sex|income:q4. It is what ids of items say.
func (b By) Columns() string {
	text := columns(b.Parts)
	if b.Within != nil {
		text += "|" + columns(b.Within)
	}
	return text
}

func columns(cuts []Cut) string {
	names := make([]string, len(cuts))
	for i, c := range cuts {
		names[i] = c.Column
	}
	return strings.Join(names, "*")
}

// same tells entries apart that split by other columns, in whatever order they
// are written.
func (b By) same() string {
	sorted := func(cuts []Cut) string {
		c := slices.Clone(cuts)
		slices.SortFunc(c, func(a, b Cut) int { return strings.Compare(a.Column, b.Column) })
		return columns(c)
	}
	return sorted(b.Parts) + "|" + sorted(b.Within)
}

// expand adds to a by list every crossing of up to order of its columns that
// it does not name itself. Entries that cannot be parsed are left alone.
func expand(by []string, order int) []string {
	known := map[string]bool{}
	var single []string
	for _, text := range by {
		b, found, _ := ParseBy(text)
		if found != "" {
			continue
		}
		known[b.same()] = true
		if len(b.Parts) == 1 && b.Within == nil {
			single = append(single, text)
		}
	}
	all := slices.Clone(by)
	for k := 2; k <= min(order, len(single)); k++ {
		for _, chosen := range combinations(len(single), k) {
			texts := make([]string, k)
			for i, c := range chosen {
				texts[i] = single[c]
			}
			text := strings.Join(texts, "*")
			if b, found, _ := ParseBy(text); found == "" && !known[b.same()] {
				known[b.same()] = true
				all = append(all, text)
			}
		}
	}
	return all
}

// combinations are the ways to choose k of n, in order.
func combinations(n, k int) (all [][]int) {
	chosen := make([]int, k)
	var choose func(at, from int)
	choose = func(at, from int) {
		if at == k {
			all = append(all, slices.Clone(chosen))
			return
		}
		for i := from; i < n; i++ {
			chosen[at] = i
			choose(at+1, i+1)
		}
	}
	choose(0, 0)
	return all
}
