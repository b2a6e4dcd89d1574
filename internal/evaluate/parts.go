package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/table"
)

const (
	// missingGroup holds the rows whose cell is empty.
	missingGroup = "(missing)"
	// maxGroups bounds the slices of one column: beyond it, it is an id or a
	// number rather than a category.
	maxGroups = 200
)

// parts are the rows of a table by the groups of one column.
type parts struct {
	by     string // as in the spec: region, or age:25,40,60
	column string
	groups []string
	code   []int32 // group of each row
	rows   []int   // of each group
}

// split parts a table's rows: a column of texts by its values, a numeric one
// by its bins, which are there even where they are empty.
func split(t *table.Table, by string) (*parts, error) {
	name, edges, binned := strings.Cut(by, ":")
	c, err := t.Column(name)
	if err != nil {
		return nil, err
	}
	p := &parts{by: by, column: name, code: make([]int32, t.Rows)}
	if binned {
		err = p.bins(t, c, strings.Split(edges, ","))
	} else {
		err = p.values(t, c)
	}
	if err != nil {
		return nil, err
	}
	p.rows = make([]int, len(p.groups))
	for _, g := range p.code {
		p.rows[g]++
	}
	return p, nil
}

func (p *parts) bins(t *table.Table, c *table.Column, texts []string) error {
	var edges []float64
	for _, text := range texts {
		e, err := strconv.ParseFloat(text, 64)
		if err != nil || len(edges) > 0 && e <= edges[len(edges)-1] {
			return fmt.Errorf("slicing by %q: the edges must be ascending numbers\nhint: write them as in %q", p.by, p.column+":25,40,60")
		}
		edges = append(edges, e)
	}
	values, err := t.Float64s(c.Name)
	if err != nil {
		return fmt.Errorf("slicing by %q: %w\nhint: edges cut a column of numbers; a column of texts is named alone, as in %s", p.by, err, p.column)
	}
	low := "(-inf"
	for _, text := range texts {
		p.groups = append(p.groups, low+","+text+")")
		low = "[" + text
	}
	p.groups = append(p.groups, low+",inf)")
	missing := int32(-1)
	for i, v := range values {
		if math.IsNaN(v) {
			if missing < 0 {
				missing = int32(len(p.groups))
				p.groups = append(p.groups, missingGroup)
			}
			p.code[i] = missing
			continue
		}
		k, exact := slices.BinarySearch(edges, v)
		if exact {
			k++
		}
		p.code[i] = int32(k)
	}
	return nil
}

func (p *parts) values(t *table.Table, c *table.Column) error {
	code := map[string]int32{}
	missing := false
	for i := range t.Rows {
		value := c.String(i)
		if c.IsNull(i) || value == missingGroup {
			missing = true
			continue
		}
		if _, ok := code[value]; ok {
			continue
		}
		code[value] = 0
		if len(code) > maxGroups {
			hint := "\nhint: slice by a column of few categories"
			if c.Kind == table.Number {
				hint = fmt.Sprintf("\nhint: give the edges of bins, as in %q", c.Name+":25,40,60")
			}
			return &table.Error{File: t.Name, Column: c.Name, Problem: fmt.Sprintf("more than %d values to slice by", maxGroups) + hint}
		}
	}
	for value := range code {
		p.groups = append(p.groups, value)
	}
	if c.Kind == table.Number {
		slices.SortFunc(p.groups, compareNumbers)
	} else {
		slices.Sort(p.groups)
	}
	for k, value := range p.groups {
		code[value] = int32(k)
	}
	if missing {
		code[""], code[missingGroup] = int32(len(p.groups)), int32(len(p.groups))
		p.groups = append(p.groups, missingGroup)
	}
	for i := range p.code {
		p.code[i] = code[c.String(i)]
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

// sliceItem and gapItem are the ids of a metric on a part.
func sliceItem(metric, by, group string) string {
	return fmt.Sprintf("%s{%s=%s}", metric, columnOf(by), group)
}

func gapItem(metric, by, group string) string {
	return fmt.Sprintf("%s gap{%s=%s}", metric, columnOf(by), group)
}

func fairnessItem(metric, by string) string { return fmt.Sprintf("%s{%s}", metric, columnOf(by)) }

func columnOf(by string) string {
	column, _, _ := strings.Cut(by, ":")
	return column
}
