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

// Run searches rows by their loss.
func (s SliceSearch) Run(loss []float64, columns []SearchColumn) Searched {
	all := moments(loss)
	single := make([][]sums, len(columns))
	var tested []Slice
	complete := true
	test := func(columns, groups []int, part sums) {
		switch {
		case part.n < s.MinRows || all.n-part.n < s.MinRows:
		case len(tested) >= s.MaxSlices:
			complete = false
		default:
			tested = append(tested, contrast(columns, groups, part, all.minus(part)))
		}
	}
	for c, column := range columns {
		single[c] = tally(loss, column.Code, len(column.Groups))
		for g, part := range single[c] {
			test([]int{c}, []int{g}, part)
		}
	}
	crossed := make([]int32, len(loss))
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
			for k, part := range tally(loss, crossed, len(columns[a].Groups)*wide) {
				g, h := k/wide, k%wide
				if part.n == single[a][g].n || part.n == single[b][h].n {
					continue // the same rows as one of the two alone
				}
				test([]int{a, b}, []int{g, h}, part)
			}
		}
	}
	holm(tested)
	return Searched{s.standOut(loss, columns, tested), len(tested), complete}
}

// standOut are the slices that are worse by enough, and by more than chance,
// the clearest first. One that is so only because of the rows of a clearer one,
// such as a crossing's parents or a group's crossings, is left out: it must
// still stand out when those rows are taken away.
func (s SliceSearch) standOut(loss []float64, columns []SearchColumn, tested []Slice) []Slice {
	var left, found []Slice
	for _, one := range tested {
		if one.Adjusted <= s.Level && one.Effect >= s.MinEffect {
			left = append(left, one)
		}
	}
	slices.SortStableFunc(left, func(a, b Slice) int { return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(b.T, a.T)) })
	away := make([]bool, len(loss))
	for len(left) > 0 && len(found) < s.MaxFound {
		clearest := left[0]
		found = append(found, clearest)
		for i := range loss {
			away[i] = away[i] || clearest.holds(columns, i)
		}
		left = slices.DeleteFunc(left[1:], func(one Slice) bool { return !s.remains(one, loss, columns, away, len(tested)) })
	}
	return found
}

// remains says whether a slice stands out among the rows that are not away.
func (s SliceSearch) remains(one Slice, loss []float64, columns []SearchColumn, away []bool, tried int) bool {
	var part, rest sums
	for i, v := range loss {
		switch {
		case away[i]:
		case one.holds(columns, i):
			part.add(v)
		default:
			rest.add(v)
		}
	}
	if part.n < s.MinRows || rest.n < s.MinRows {
		return false
	}
	again := contrast(nil, nil, part, rest)
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

func moments(loss []float64) sums { return tally(loss, make([]int32, len(loss)), 1)[0] }

func tally(loss []float64, code []int32, groups int) []sums {
	out := make([]sums, groups)
	for i, g := range code {
		out[g].add(loss[i])
	}
	return out
}

func (s *sums) add(v float64) { s.n, s.x, s.xx = s.n+1, s.x+v, s.xx+v*v }

func (s sums) minus(o sums) sums { return sums{s.n - o.n, s.x - o.x, s.xx - o.xx} }

func (s sums) mean() float64 { return s.x / float64(s.n) }

func (s sums) variance() float64 {
	n := float64(s.n)
	return max((s.xx-s.x*s.x/n)/(n-1), 0)
}

// contrast holds a slice against the rest of the rows: Cohen's d, and the
// one-sided test of Welch, Biometrika 34 (1947) 28–35. Without any variance
// nothing can be told.
func contrast(columns, groups []int, part, rest sums) Slice {
	s := Slice{Columns: columns, Groups: groups, Rows: part.n, P: 1}
	n, m := float64(part.n), float64(rest.n)
	v, u := part.variance(), rest.variance()
	pooled := math.Sqrt(((n-1)*v + (m-1)*u) / (n + m - 2))
	gap := part.mean() - rest.mean()
	error2 := v/n + u/m
	if !(pooled > 1e-12*math.Abs(gap)) || !(error2 > 0) {
		return s
	}
	s.Effect = gap / pooled
	freedom := error2 * error2 / (v*v/(n*n*(n-1)) + u*u/(m*m*(m-1)))
	s.T = gap / math.Sqrt(error2)
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
// without this a search finds the hard rows, not the fault.
func Excess(loss, score []float64, bins int) []float64 {
	order := ranking(score)
	out := make([]float64, len(loss))
	n := len(order)
	for from, k := 0, 1; from < n; k++ {
		to := max(from+1, k*n/bins)
		for to < n && score[order[to]] == score[order[to-1]] {
			to++
		}
		sum := 0.0
		for _, row := range order[from:to] {
			sum += loss[row]
		}
		for _, row := range order[from:to] {
			out[row] = loss[row] - sum/float64(to-from)
		}
		from = to
	}
	return out
}
