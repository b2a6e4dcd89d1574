package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// How slices are searched for: every group of every column, and every
// crossing of two. The bounds keep it to seconds on any data.
const (
	searchOrder      = 2
	searchLevel      = 0.05
	searchEffect     = 0.2 // a small effect, by Cohen's words
	searchMinRows    = 50
	searchMinUnits   = 30
	searchShare      = 100 // and a slice is at least one row in so many
	searchBins       = 4   // of equal count, for columns of numbers
	searchValues     = 20  // from which a column of numbers is binned
	searchCategories = 50  // beyond which a column of texts is left out
	searchScoreBins  = 20
	searchColumns    = 40
	searchSlices     = 10_000
	searchFound      = 10
	searchRows       = 200_000
)

// Search is what was found by looking at slices that nobody declared. It is
// for people to look into, and no gate: a spec that declares a slice makes it
// one.
type Search struct {
	Status string `json:"status"` // ok, undefined or no_labels
	Detail string `json:"detail,omitempty"`
	// Loss is what is compared: squared_error of a probability or log_loss of
	// several, zero_one of decisions, hamming_loss of labels, absolute_error,
	// absolute_scaled_error of forecasts, ndcg_shortfall of queries, or the
	// column(NAME) that a metric bounds; each beyond that of rows scored alike.
	Loss     string        `json:"loss,omitempty"`
	Method   *SearchMethod `json:"method,omitempty"`
	Rows     int           `json:"rows"`
	Columns  []string      `json:"columns"`
	LeftOut  []string      `json:"left_out"` // columns with too many values, or beyond the most that are searched
	Tried    int           `json:"tried"`
	Complete bool          `json:"complete"` // false where a bound cut the search short
	Found    []FoundSlice  `json:"found"`
}

// SearchMethod is how it was searched, with all that the result depends on.
type SearchMethod struct {
	Name       string  `json:"name"`
	Test       string  `json:"test"`            // welch, or welch_linearized over weights and units
	Units      string  `json:"units,omitempty"` // unit, query or block: what the test is over, where not rows
	Correction string  `json:"correction"`
	Level      float64 `json:"level"`
	MinEffect  float64 `json:"min_effect"`
	Order      int     `json:"order"`
	MinRows    int     `json:"min_rows"`
	MinUnits   float64 `json:"min_units,omitempty"` // of equal size, that rows with weights or in units must be worth
	Bins       int     `json:"bins"`
	ScoreBins  int     `json:"score_bins"`
}

// FoundSlice is one slice that is worse than the rest of the rows. Loss is
// its mean loss, by weights where rows have them, Rest that of the other rows; Effect is the difference of what
// is beyond rows scored alike, in standard deviations.
type FoundSlice struct {
	By       string  `json:"by"` // as it would be declared
	Group    string  `json:"group"`
	Rows     int     `json:"rows"`
	Units    int     `json:"units,omitempty"` // that these belong to, where the test is over them
	Loss     float64 `json:"loss"`
	Rest     float64 `json:"rest"`
	Effect   float64 `json:"effect"`
	P        float64 `json:"p"`
	Adjusted float64 `json:"adjusted"`
}

// search looks for the worst slices among the columns of the pinned test set.
func (w *work) search() (*Search, error) {
	s := &Search{Columns: []string{}, LeftOut: []string{}, Found: []FoundSlice{}}
	if w.truth.silent() {
		s.Status, s.Detail = StatusNoLabels, w.truth.detail
		return s, nil
	}
	if positive := countPositive(w.all.positive); w.all.positive != nil && (positive == 0 || positive == w.all.n()) {
		s.Status, s.Detail = StatusUndefined, w.all.whyUndefined(stats.Metric{})
		return s, nil
	}
	at, v := w.lookedAt(), w
	if part := *w; w.Spec.Task == "binary" && len(at) < w.all.n() { // each row's loss is its own
		part.all = w.all.pick(at)
		v = &part
	}
	l, why := v.losses()
	if l == nil {
		s.Status, s.Detail = StatusUndefined, why
		return s, nil
	}
	columns, err := w.searchColumns(s, at)
	if err != nil {
		return nil, err
	}
	if v == w {
		l = l.pick(at)
	}
	s.Status, s.Loss, s.Rows = StatusOK, l.name, len(at)
	options := stats.SliceSearch{
		MinRows: max(searchMinRows, (len(at)+searchShare-1)/searchShare), MinEffect: searchEffect,
		Level: searchLevel, MaxSlices: searchSlices, MaxFound: searchFound,
	}
	options.MinUnits = l.leastUnits(options.MinRows)
	excess, bins := l.excess()
	s.Method = &SearchMethod{
		Name: "breadth_first", Test: l.test(), Units: l.units, Correction: "holm", Level: options.Level, MinEffect: options.MinEffect,
		Order: searchOrder, MinRows: options.MinRows, MinUnits: options.MinUnits, Bins: searchBins, ScoreBins: bins,
	}
	found := options.Run(stats.SearchRows{Loss: excess, Weight: l.weight, Unit: l.unit}, codes(columns))
	s.Tried, s.Complete = found.Tried, found.Complete
	for _, one := range found.Found {
		f := describeSlice(one, columns, l)
		if !w.declares(f.By) {
			s.Found = append(s.Found, f)
		}
	}
	return s, nil
}

// searchColumns splits some rows of the test set by every column that may be
// one, in the bins that all its rows make, and writes down which were not: also
// those that part the rows of a query, whose ranking would be another. at are
// places in the sample.
func (w *work) searchColumns(s *Search, at []int32) (columns []*parts, err error) {
	rows, query := take(w.all.rows, at), takeAny(w.all.query, at)
	for _, name := range candidates(w.Spec, w.test, w.scored) {
		c, err := w.test.Column(name)
		if err != nil {
			return nil, err
		}
		by := searchBy(c)
		if by == "" || len(columns) == searchColumns {
			s.LeftOut = append(s.LeftOut, name)
			continue
		}
		cut := project.Cut{Column: name}
		if n := quantilesOf(c); n > 0 {
			cut.Edges = append([]float64{}, equalCounts(c.Numbers, n)...)
		}
		p, err := splitColumn(&table.Table{Name: w.test.Name, Rows: len(rows), Columns: []*table.Column{cells(c, rows)}}, by, cut)
		if err != nil {
			return nil, err
		}
		if divides(p, query) {
			s.LeftOut = append(s.LeftOut, name)
			continue
		}
		columns, s.Columns = append(columns, p), append(s.Columns, by)
	}
	return columns, nil
}

// divides says whether rows of one query lie in several groups; it has none
// where query is nil.
func divides(p *parts, query []int32) bool {
	group := map[int32]uint16{}
	for i, q := range query {
		if g, met := group[q]; met && g != p.code[i] {
			return true
		}
		group[q] = p.code[i]
	}
	return false
}

// cells are a column's at some rows.
func cells(c *table.Column, rows []int32) *table.Column {
	return &table.Column{
		Name: c.Name, Kind: c.Kind, Dict: c.Dict, Null: takeAny(c.Null, rows),
		Numbers: takeAny(c.Numbers, rows), Codes: takeAny(c.Codes, rows), Bools: takeAny(c.Bools, rows),
	}
}

// searchBy is how a column is cut; empty where it has too many values, or a
// name that no by list can hold.
func searchBy(c *table.Column) string {
	switch {
	case strings.ContainsAny(c.Name, ":*|"):
		return ""
	case c.Kind == table.Text && len(c.Dict) > searchCategories:
		return ""
	case quantilesOf(c) > 0:
		return fmt.Sprintf("%s:q%d", c.Name, searchBins)
	}
	return c.Name
}

// quantilesOf is into how many bins a column is cut; 0 where each value is a
// group.
func quantilesOf(c *table.Column) int {
	if c.Kind != table.Number {
		return 0
	}
	known := map[float64]bool{}
	for i, v := range c.Numbers {
		if !c.IsNull(i) {
			known[v] = true
		}
		if len(known) > searchValues {
			return searchBins
		}
	}
	return 0
}

// lookedAt are the places of the rows that are searched: all, or a seeded
// sample of so many that it takes no longer than seconds (Knuth, TAOCP 2,
// section 3.4.2, algorithm S).
func (w *work) lookedAt() []int32 {
	n := w.all.n()
	at := make([]int32, 0, min(n, searchRows))
	rng := rand.New(rand.NewPCG(stats.Seed(w.seed, "search"), 0))
	for k := range n {
		if left := searchRows - len(at); n <= searchRows || rng.IntN(n-k) < left {
			at = append(at, int32(k))
		}
	}
	return at
}

func codes(columns []*parts) []stats.SearchColumn {
	out := make([]stats.SearchColumn, len(columns))
	for k, p := range columns {
		out[k] = stats.SearchColumn{Groups: p.groups, Code: wide(p.code)}
	}
	return out
}

// describeSlice names a slice as a spec would, with its own loss.
func describeSlice(one stats.Slice, columns []*parts, l *losses) FoundSlice {
	var by, group []string
	for k, c := range one.Columns {
		by, group = append(by, columns[c].by), append(group, columns[c].groups[one.Groups[k]])
	}
	var inside, outside, n, all float64
	units := map[int32]bool{}
	for i, loss := range l.told() {
		is := true
		for j, c := range one.Columns {
			is = is && int(columns[c].code[i]) == one.Groups[j]
		}
		v := 1.0
		if l.weight != nil {
			v = l.weight[i]
		}
		all += v
		if !is {
			outside += v * loss
			continue
		}
		inside, n = inside+v*loss, n+v
		if l.unit != nil && v > 0 {
			units[l.unit[i]] = true
		}
	}
	return FoundSlice{
		By: strings.Join(by, "*"), Group: strings.Join(group, "*"), Rows: one.Rows, Units: len(units),
		Loss: *number(inside / n), Rest: *number(outside / (all - n)),
		Effect: *number(one.Effect), P: *number(one.P), Adjusted: *number(one.Adjusted),
	}
}

// declares says whether the spec judges slices by these very columns.
func (w *work) declares(by string) bool {
	if w.Spec.Slices == nil {
		return false
	}
	return slices.ContainsFunc(w.Spec.Slices.By, func(one string) bool { return sortedColumns(one) == sortedColumns(by) })
}

func sortedColumns(by string) string {
	names := strings.Split(columnOf(by), "*")
	slices.Sort(names)
	return strings.Join(names, "*")
}
