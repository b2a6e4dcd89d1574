package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

const (
	// missingGroup holds the rows whose cell is empty.
	missingGroup = "(missing)"
	// maxGroups bounds the slices of one column: beyond it, it is an id or a
	// number rather than a category.
	maxGroups = 200
	// maxCrossed bounds the groups of columns that are crossed.
	maxCrossed = 1000
)

// parts are the rows of a table by the groups of one entry of a by list.
type parts struct {
	by     string // as in the spec: region, age:25,40,60, region*sex, sex|income:q4
	groups []string
	code   []uint16 // group of each row
	rows   []int    // of each group
	// inner and stratum are the two sides of the | of each group; strata are
	// the names of the second. Without a |, inner is the group itself and there
	// is one stratum without a name.
	inner, stratum []int32
	names, strata  []string
	own            map[string][]Measure // of each group, by metric
	at, labelled   [][]int32            // places in the whole sample, and in that of labelled rows, of each group, once they are asked for
	counts         []*counts            // of each group's rows, where they are counted
}

// split parts a table's rows: a column of texts by its values, a numeric one
// by its bins, dates by their periods, and several columns by what they have
// in common. Bins are there even where they are empty; of columns that are
// crossed, only the groups that have rows are.
func split(t *table.Table, text string) (*parts, error) {
	by, found, expected := project.ParseBy(text)
	if found != "" {
		return nil, fmt.Errorf("slicing by %q: found %s, expected %s\nhint: write it as in %q or %q", text, found, expected, "age:25,40,60", "region*age:q4")
	}
	p, err := splitCuts(t, text, by.Parts)
	if err != nil {
		return nil, err
	}
	if by.Within == nil {
		p.whole()
	} else {
		strata, err := splitCuts(t, text, by.Within)
		if err != nil {
			return nil, err
		}
		if p, err = cross(p, strata, "|"); err != nil {
			return nil, err
		}
	}
	p.by, p.rows, p.own = text, make([]int, len(p.groups)), map[string][]Measure{}
	for _, g := range p.code {
		p.rows[g]++
	}
	return p, nil
}

func splitCuts(t *table.Table, by string, cuts []project.Cut) (p *parts, err error) {
	for _, cut := range cuts {
		one, err := splitColumn(t, by, cut)
		if err != nil {
			return nil, err
		}
		if p == nil {
			p = one
		} else if p, err = cross(p, one, "*"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func splitColumn(t *table.Table, by string, cut project.Cut) (*parts, error) {
	c, err := t.Column(cut.Column)
	if err != nil {
		return nil, err
	}
	p := &parts{by: by}
	switch {
	case cut.Period != "":
		err = p.periods(t, c, cut.Period)
	case cut.Edges != nil || cut.Quantiles > 0:
		err = p.bins(t, c, cut)
	default:
		err = p.values(t, c)
	}
	return p, err
}

// whole says that all groups are in one stratum.
func (p *parts) whole() {
	p.names, p.strata = p.groups, []string{""}
	p.inner, p.stratum = make([]int32, len(p.groups)), make([]int32, len(p.groups))
	for g := range p.inner {
		p.inner[g] = int32(g)
	}
}

// cross parts the rows by both: each group is one that has rows of a group of
// a and one of b.
func cross(a, b *parts, between string) (*parts, error) {
	p := &parts{by: a.by, code: make([]uint16, len(a.code)), names: a.groups, strata: b.groups}
	at := make([]int32, len(a.groups)*len(b.groups))
	for i, g := range a.code {
		at[int(g)*len(b.groups)+int(b.code[i])] = 1
	}
	known := map[string]bool{}
	for k, is := range at {
		if is == 0 {
			continue
		}
		i, j := k/len(b.groups), k%len(b.groups)
		name := a.groups[i] + between + b.groups[j]
		if known[name] {
			return nil, fmt.Errorf("slicing by %q: two groups are called %q\nhint: write the values of these columns without %s", p.by, name, between)
		}
		known[name] = true
		at[k] = int32(len(p.groups))
		p.groups = append(p.groups, name)
		p.inner, p.stratum = append(p.inner, int32(i)), append(p.stratum, int32(j))
	}
	if len(p.groups) > maxCrossed {
		return nil, tooManyGroups(p.by)
	}
	for i, g := range a.code {
		p.code[i] = uint16(at[int(g)*len(b.groups)+int(b.code[i])])
	}
	return p, nil
}

func tooManyGroups(by string) error {
	return fmt.Errorf("slicing by %q: more than %d groups to slice by\nhint: cross columns of fewer values, or in wider bins", by, maxCrossed)
}

func (p *parts) bins(t *table.Table, c *table.Column, cut project.Cut) error {
	values, err := t.Float64s(c.Name)
	if err != nil {
		return fmt.Errorf("slicing by %q: %w\nhint: edges cut a column of numbers; a column of texts is named alone, as in %s", p.by, err, c.Name)
	}
	edges, texts := cut.Edges, []string{}
	if cut.Quantiles > 0 {
		edges = equalCounts(values, cut.Quantiles)
	}
	for _, e := range edges {
		texts = append(texts, strconv.FormatFloat(e, 'g', -1, 64))
	}
	if _, how, said := strings.Cut(cut.Text, ":"); said && cut.Quantiles == 0 {
		texts = strings.Split(how, ",") // as the edges are written
	}
	low := "(-inf"
	for _, text := range texts {
		p.groups = append(p.groups, low+","+text+")")
		low = "[" + text
	}
	if p.groups = append(p.groups, low+",inf)"); len(p.groups) > maxCrossed {
		return tooManyGroups(p.by)
	}
	p.code = make([]uint16, len(values))
	missing := -1
	for i, v := range values {
		if math.IsNaN(v) {
			if missing < 0 {
				missing = len(p.groups)
				p.groups = append(p.groups, missingGroup)
			}
			p.code[i] = uint16(missing)
			continue
		}
		p.code[i] = uint16(binOf(edges, v))
	}
	return nil
}

// binOf is the place of a value among bins that are closed on the left.
func binOf(edges []float64, v float64) int {
	k, exact := slices.BinarySearch(edges, v)
	if exact {
		k++
	}
	return k
}

// equalCounts are the inner edges of n bins that hold about as many of the
// values each. Equal values stay together, so where many are equal the bins
// are fewer; what is no number is in none.
func equalCounts(values []float64, n int) (edges []float64) {
	known := 0
	for _, v := range values {
		if !math.IsNaN(v) {
			known++
		}
	}
	if known == 0 {
		return nil
	}
	places := make([]int, n)
	for k := range places {
		places[k] = k * known / n
	}
	sorted := stats.OrderStatistics(values, places)
	last := sorted[0]
	for _, e := range sorted[1:] {
		if e > last && !math.IsInf(e, 0) {
			edges, last = append(edges, e), e
		}
	}
	return edges
}

func (p *parts) values(t *table.Table, c *table.Column) error {
	values, code, ok := numbered(c, t.Rows, maxGroups+1) // one may be what stands for none
	absent := slices.Index(values, missingGroup)
	if absent < 0 {
		ok = ok && len(values) <= maxGroups
	}
	if !ok {
		hint := "\nhint: slice by a column of few categories"
		if c.Kind == table.Number {
			hint = fmt.Sprintf("\nhint: give the edges of bins, as in %q", c.Name+":25,40,60")
		}
		return &table.Error{File: t.Name, Column: c.Name, Problem: fmt.Sprintf("more than %d values to slice by", maxGroups) + hint}
	}
	for k, value := range values {
		if k != absent {
			p.groups = append(p.groups, value)
		}
	}
	if c.Kind == table.Number {
		slices.SortFunc(p.groups, compareNumbers)
	} else {
		slices.Sort(p.groups)
	}
	missing := uint16(len(p.groups))
	place := make([]uint16, len(values)+1) // of none, and of each value
	for k, value := range values {
		place[k+1] = uint16(max(slices.Index(p.groups, value), 0))
	}
	if absent >= 0 {
		place[absent+1] = missing
	}
	place[0] = missing
	some := false
	for i, k := range code {
		some = some || k == 0
		code[i] = place[k]
	}
	p.code = code
	if absent >= 0 || some {
		p.groups = append(p.groups, missingGroup)
	}
	return nil
}

func compareNumbers(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil || x == y {
		return strings.Compare(a, b)
	}
	if x < y {
		return -1
	}
	return 1
}

// list is the groups for the datacheck.
func (p *parts) list() []Part {
	out := make([]Part, len(p.groups))
	for k, g := range p.groups {
		out[k] = Part{By: p.by, Group: g, Rows: p.rows[k]}
	}
	return out
}

// sliceItem, gapItem and bestItem are the ids of a metric on a part.
func sliceItem(metric, by, group string) string {
	return fmt.Sprintf("%s{%s=%s}", metric, columnOf(by), group)
}

func gapItem(metric, by, group string) string {
	return fmt.Sprintf("%s gap{%s=%s}", metric, columnOf(by), group)
}

func bestItem(metric, by, group string) string {
	return fmt.Sprintf("%s gap to best{%s=%s}", metric, columnOf(by), group)
}

func fairnessItem(metric, by string) string { return fmt.Sprintf("%s{%s}", metric, columnOf(by)) }

// columnOf names the columns of an entry of a by list; a spec that was read
// has none that cannot be parsed.
func columnOf(by string) string {
	parsed, found, _ := project.ParseBy(by)
	if found != "" {
		return by
	}
	return parsed.Columns()
}

// at is the places of a group's rows in the sample: the whole one, or that of
// the rows that labels speak for.
func (w *work) at(p *parts, group int) []int32 {
	places := &p.at
	if w.narrowed {
		places = &p.labelled
	}
	if *places == nil {
		*places = w.all.places(p)
	}
	return (*places)[group]
}

// wide are codes as package stats takes them.
func wide(code []uint16) []int32 {
	out := make([]int32, len(code))
	for i, g := range code {
		out[i] = int32(g)
	}
	return out
}
