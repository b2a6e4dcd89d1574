package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// SearchColumn is one column of the rows that are searched: its groups, and
// the group of each row.
type SearchColumn struct {
	Groups []string
	Code   []int32
}

// SliceSearch looks for the parts of the rows on which the loss is worst, in
// breadth: first every group of every column, then every crossing of two
// (Chung and others, Slice Finder, ICDE 2019). Everything that is large enough
// to be looked at is tested, and Holm's correction is over all of it, so a
// search over more columns does not find more by chance.
type SliceSearch struct {
	MinRows   int     // least rows of a slice, and of the rest
	MinUnits  float64 // where rows have weights or units: as many of equal size must they be worth (Kish)
	MinEffect float64 // least effect that is worth saying
	Level     float64 // of significance over the whole search, such as 0.05
	MaxSlices int     // how many are tested at most
	MaxFound  int     // how many are given back at most
}

// Slice is a part of the rows: one group of one column, or of each of two.
type Slice struct {
	Columns []int // places among the columns, ascending
	Groups  []int // of each of them
	Rows    int
	// Effect is the mean of the slice minus that of the rest, in pooled standard
	// deviations (Cohen's d).
	Effect float64
	// T is the statistic of Welch's test of a mean greater than the rest's, P its
	// p-value, Adjusted is P after Holm's correction.
	T, P, Adjusted float64
}

// Searched is what a search found: the slices that stand out, the clearest
// first, each by itself and not by the rows of a clearer one.
type Searched struct {
	Found    []Slice
	Tried    int
	Complete bool // false where MaxSlices cut the search short
}

// SearchRows are the rows that are searched: the loss of each, what it counts
// (nil: once), and which belong together in a unit (nil: none). The test of rows
// that belong together is over units, not over rows.
type SearchRows struct {
	Loss, Weight []float64
	Unit         []int32

	order []int32 // by which the rows of units were put together; nil where they were not
}

// tally holds each of some groups of the rows against all rows that are in
// none or in another of them; rows of a group below 0 are left out altogether.
type tally interface {
	// rows are those of a group, and of all groups.
	rows(group int) (in, all int)
	// enough says whether a group and the rest are large enough to be tested.
	enough(s SliceSearch, group int) bool
	contrast(group int) Slice
}

func (r SearchRows) tally(code []int32, groups int) tally {
	if r.Weight == nil && r.Unit == nil {
		return tallyLonely(r.Loss, code, groups)
	}
	return r.tallyMassed(code, groups)
}

// Run searches rows by their loss.
func (s SliceSearch) Run(rows SearchRows, columns []SearchColumn) Searched {
	rows = rows.sorted()
	columns = rows.reorder(columns)
	single := make([]tally, len(columns))
	var tested []Slice
	complete := true
	test := func(columns, groups []int, t tally, group int) {
		switch {
		case !t.enough(s, group):
		case len(tested) >= s.MaxSlices:
			complete = false
		default:
			one := t.contrast(group)
			one.Columns, one.Groups = columns, groups
			tested = append(tested, one)
		}
	}
	for c, column := range columns {
		single[c] = rows.tally(column.Code, len(column.Groups))
		for g := range column.Groups {
			test([]int{c}, []int{g}, single[c], g)
		}
	}
	crossed := make([]int32, len(rows.Loss))
	for a := range columns {
		for b := a + 1; b < len(columns); b++ {
			if len(tested) >= s.MaxSlices {
				complete = false
				break
			}
			wide := len(columns[b].Groups)
			for i, g := range columns[a].Code {
				crossed[i] = g*int32(wide) + columns[b].Code[i]
			}
			t := rows.tally(crossed, len(columns[a].Groups)*wide)
			for k := range len(columns[a].Groups) * wide {
				g, h := k/wide, k%wide
				n, _ := t.rows(k)
				ofA, _ := single[a].rows(g)
				ofB, _ := single[b].rows(h)
				if n == ofA || n == ofB {
					continue // the same rows as one of the two alone
				}
				test([]int{a, b}, []int{g, h}, t, k)
			}
		}
	}
	holm(tested)
	return Searched{s.standOut(rows, columns, tested), len(tested), complete}
}

// standOut are the slices that are worse by enough, and by more than chance,
// the clearest first. One that is so only because of the rows of a clearer one,
// such as a crossing's parents or a group's crossings, is left out: it must
// still stand out when those rows are taken away.
func (s SliceSearch) standOut(rows SearchRows, columns []SearchColumn, tested []Slice) []Slice {
	var left, found []Slice
	for _, one := range tested {
		if one.Adjusted <= s.Level && one.Effect >= s.MinEffect {
			left = append(left, one)
		}
	}
	slices.SortStableFunc(left, func(a, b Slice) int { return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(b.T, a.T)) })
	away := make([]bool, len(rows.Loss))
	for len(left) > 0 && len(found) < s.MaxFound {
		clearest := left[0]
		found = append(found, clearest)
		for i := range away {
			away[i] = away[i] || clearest.holds(columns, i)
		}
		left = slices.DeleteFunc(left[1:], func(one Slice) bool { return !s.remains(one, rows, columns, away, len(tested)) })
	}
	return found
}

// remains says whether a slice stands out among the rows that are not away.
func (s SliceSearch) remains(one Slice, rows SearchRows, columns []SearchColumn, away []bool, tried int) bool {
	const rest, slice, none = 0, 1, -1
	code := make([]int32, len(away))
	for i := range code {
		switch {
		case away[i]:
			code[i] = none
		case one.holds(columns, i):
			code[i] = slice
		}
	}
	t := rows.tally(code, slice+1)
	if !t.enough(s, slice) {
		return false
	}
	again := t.contrast(slice)
	return again.Effect >= s.MinEffect && again.P*float64(tried) <= s.Level
}

func (s Slice) holds(columns []SearchColumn, row int) bool {
	for k, c := range s.Columns {
		if columns[c].Code[row] != int32(s.Groups[k]) {
			return false
		}
	}
	return true
}

// sums are the count, sum and sum of squares of some rows.
type sums struct {
	n     int
	x, xx float64
}

// lonely is a tally of rows that count once and stand alone.
type lonely struct {
	all   sums
	parts []sums
}

func tallyLonely(loss []float64, code []int32, groups int) tally {
	t := lonely{parts: make([]sums, groups)}
	for i, g := range code {
		if g >= 0 {
			t.parts[g].add(loss[i])
			t.all.add(loss[i])
		}
	}
	return t
}

func (t lonely) rows(group int) (in, all int) { return t.parts[group].n, t.all.n }

func (t lonely) enough(s SliceSearch, group int) bool {
	n, all := t.rows(group)
	return n >= s.MinRows && all-n >= s.MinRows
}

// contrast holds a slice against the rest of the rows: Cohen's d, and the
// one-sided test of Welch, Biometrika 34 (1947) 28–35.
func (t lonely) contrast(group int) Slice {
	part := t.parts[group]
	rest := t.all.minus(part)
	n, m := float64(part.n), float64(rest.n)
	v, u := part.variance(), rest.variance()
	gap := part.mean() - rest.mean()
	pooled := math.Sqrt(((n-1)*v + (m-1)*u) / (n + m - 2))
	freedom := (v/n + u/m) * (v/n + u/m) / (v*v/(n*n*(n-1)) + u*u/(m*m*(m-1)))
	return judged(part.n, gap, pooled, v/n+u/m, freedom)
}

func (s *sums) add(v float64) { s.n, s.x, s.xx = s.n+1, s.x+v, s.xx+v*v }

func (s sums) minus(o sums) sums { return sums{s.n - o.n, s.x - o.x, s.xx - o.xx} }

func (s sums) mean() float64 { return s.x / float64(s.n) }

func (s sums) variance() float64 {
	n := float64(s.n)
	return max((s.xx-s.x*s.x/n)/(n-1), 0)
}

// judged is a slice whose mean lies a gap above the rest's, by the pooled
// standard deviation of the rows and the variance of the gap. Without any
// variance nothing can be told.
func judged(rows int, gap, pooled, variance, freedom float64) Slice {
	s := Slice{Rows: rows, P: 1}
	if !(pooled > 1e-12*math.Abs(gap)) || !(variance > 0) {
		return s
	}
	s.Effect = gap / pooled
	s.T = gap / math.Sqrt(variance)
	s.P = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Survival(s.T)
	return s
}

// holm adjusts the p-values of a family of tests (Holm, Scandinavian Journal
// of Statistics 6 (1979) 65–70).
func holm(tested []Slice) {
	order := make([]int, len(tested))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(tested[a].P, tested[b].P) })
	worst := 0.0
	for rank, i := range order {
		worst = max(worst, min(1, tested[i].P*float64(len(tested)-rank)))
		tested[i].Adjusted = worst
	}
}

// Excess is each row's loss beyond that of rows which were scored alike: its
// loss minus the mean of its bin, of about so many bins of equal count over
// the scores, equal scores together. Where the score says all that there is to
// know, the excess is 0 on average in every slice, however hard its rows are:
// without this a search finds the hard rows, not the fault. Weights may be nil.
func Excess(loss, score, weight []float64, bins int) []float64 {
	order := ranking(score)
	out := make([]float64, len(loss))
	n := len(order)
	for from, k := 0, 1; from < n; k++ {
		to := max(from+1, k*n/bins)
		for to < n && score[order[to]] == score[order[to-1]] {
			to++
		}
		sum, count := 0.0, 0.0
		for _, row := range order[from:to] {
			w := weightAt(weight, int(row))
			sum, count = sum+w*loss[row], count+w
		}
		for _, row := range order[from:to] {
			if count > 0 { // else none of them counts, here or later
				out[row] = loss[row] - sum/count
			}
		}
		from = to
	}
	return out
}

func weightAt(weight []float64, i int) float64 {
	if weight == nil {
		return 1
	}
	return weight[i]
}
