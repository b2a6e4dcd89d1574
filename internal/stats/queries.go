package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Len is the number of rows.
func (q Queries) Len() int { return len(q.Query) }

// Pick is the sample of some rows, in that order; of all where at is nil.
func (q Queries) Pick(at []int32) Queries {
	return Queries{
		Query: take(q.Query, at), Relevance: take(q.Relevance, at), Score: take(q.Score, at),
		Weight: take(q.Weight, at), Columns: takeColumns(q.Columns, at),
	}
}

func (q Queries) check() error {
	for _, part := range []struct {
		what string
		x    []float64
	}{{"relevances", q.Relevance}, {"scores", q.Score}} {
		if err := sameLength(part.what, len(part.x), q.Len()); err != nil {
			return err
		}
		if err := allFinite(part.what[:len(part.what)-1], part.x, 1); err != nil {
			return err
		}
	}
	for i, v := range q.Relevance {
		if v < 0 {
			return fmt.Errorf("row %d has relevance %v\nhint: 0 is not relevant, and more is more relevant", i, v)
		}
	}
	return nil
}

// Statistic is a ranking metric: the mean over the queries that have a
// relevant row. A draw gives all rows of a query the same weight; where it does
// not, there is no number. The error says what the sample lacks for the
// metric; note how many queries have no relevant row.
func (q Queries) Statistic(m Metric) (s Statistic, note string, err error) {
	if err := q.check(); err != nil {
		return nil, "", err
	}
	r, err := weigh(q.Len(), q.Weight)
	if err != nil {
		return nil, "", err
	}
	if !m.For(TaskRanking) {
		return nil, "", unknownTo(TaskRanking, m)
	}
	if ofColumn(m) {
		f, err := columnMetric(m, q.Columns, q.Len())
		if err != nil {
			return nil, "", err
		}
		return r.statistic(f), "", nil
	}
	queries := q.groups()
	if i := unequal(queries, r.own); i >= 0 {
		return nil, "", fmt.Errorf("the rows of query %d have different weights\nhint: a weight is a query's, the same on all of its rows", q.Query[i])
	}
	f, note := meanOfQueries(q, queries, queryScore(m))
	return r.statistic(f), note, nil
}

// groups lists the rows of each query, by its number.
func (q Queries) groups() [][]int32 {
	order := make([]int32, q.Len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(q.Query[a], q.Query[b]) })
	return slices.Collect(chunksBy(order, func(a, b int32) bool { return q.Query[a] == q.Query[b] }))
}

// chunksBy cuts a list wherever two neighbours are not the same.
func chunksBy(x []int32, same func(a, b int32) bool) func(yield func([]int32) bool) {
	return func(yield func([]int32) bool) {
		from := 0
		for i := range x {
			if i+1 == len(x) || !same(x[i], x[i+1]) {
				if !yield(x[from : i+1]) {
					return
				}
				from = i + 1
			}
		}
	}
}

// unequal is a row of a query whose rows differ in weight, or -1.
func unequal(queries [][]int32, w []float64) int {
	for _, rows := range queries {
		for _, row := range rows {
			if w != nil && w[row] != w[rows[0]] {
				return int(row)
			}
		}
	}
	return -1
}

func meanOfQueries(q Queries, queries [][]int32, score func([]level) float64) (f estimate, note string) {
	values, lost := make([]float64, len(queries)), 0
	for i, rows := range queries {
		if values[i] = score(q.levels(rows)); math.IsNaN(values[i]) {
			lost++
		}
	}
	if lost > 0 {
		note = fmt.Sprintf("%d of %d queries have no relevant row and are left out", lost, len(queries))
	}
	return func(w []float64) float64 {
		if unequal(queries, w) >= 0 {
			return nan
		}
		var sum, n float64
		for i, v := range values {
			if k := w[queries[i][0]]; k != 0 && !math.IsNaN(v) {
				sum, n = sum+k*v, n+k
			}
		}
		return sum / n
	}, note
}

// level are the relevances of a query's rows that have the same score. Every
// order of them is as good as another, so metrics are the mean over all orders
// (McSherry and Najork, ECIR 2008).
type level []float64

func (l level) relevant() int {
	n := 0
	for _, v := range l {
		if v > 0 {
			n++
		}
	}
	return n
}

// levels are those of a query, highest score first.
func (q Queries) levels(rows []int32) []level {
	order := slices.SortedFunc(slices.Values(rows), func(a, b int32) int { return cmp.Compare(q.Score[b], q.Score[a]) })
	var out []level
	for part := range chunksBy(order, func(a, b int32) bool { return q.Score[a] == q.Score[b] }) {
		out = append(out, take(q.Relevance, part))
	}
	return out
}

// queryScore is a ranking metric of one query, NaN where no row is relevant.
func queryScore(m Metric) func([]level) float64 {
	k := math.MaxInt
	if len(m.Args) > 0 {
		k = int(min(m.number(0), math.MaxInt32))
	}
	switch m.Base {
	case "ndcg":
		return func(l []level) float64 { return normalizedGain(l, k) }
	case "map":
		return func(l []level) float64 { return averagePrecisionAt(l, k) }
	case "hit_rate":
		return func(l []level) float64 { return hitAt(l, k) }
	}
	return reciprocalRank
}

// normalizedGain is nDCG at k (Järvelin and Kekäläinen 2002): Σ relevance /
// log2(1 + rank) over the first k rows, over the same of the best order.
func normalizedGain(levels []level, k int) float64 {
	var gain, best float64
	var all []float64
	rank := 0
	for _, l := range levels {
		var sum float64
		for _, v := range l {
			sum += v
		}
		for range l {
			if rank++; rank <= k {
				gain += sum / float64(len(l)) / math.Log2(1+float64(rank))
			}
		}
		all = append(all, l...)
	}
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(b, a) })
	for i, v := range all[:min(k, len(all))] {
		best += v / math.Log2(2+float64(i))
	}
	return gain / best
}

// firstRelevant gives, from the highest score down, the chance that the first
// relevant row is at each rank, until there is one for sure.
func firstRelevant(levels []level, yield func(rank int, chance float64) bool) {
	rank := 0
	for _, l := range levels {
		n, r := len(l), l.relevant()
		none := 1.0 // that no relevant row came before in the level
		for j := range n {
			left := n - j
			if r > 0 {
				first := none * min(1, float64(r)/float64(left))
				if !yield(rank+j+1, first) {
					return
				}
				none -= first
				if r >= left {
					return
				}
			}
		}
		if rank += n; r > 0 {
			return
		}
	}
}

// reciprocalRank is 1 / the rank of the first relevant row (Voorhees 1999).
func reciprocalRank(levels []level) float64 {
	sum := nan
	firstRelevant(levels, func(rank int, chance float64) bool {
		if math.IsNaN(sum) {
			sum = 0
		}
		sum += chance / float64(rank)
		return true
	})
	return sum
}

// hitAt is 1 where a relevant row is among the first k.
func hitAt(levels []level, k int) float64 {
	sum := nan
	firstRelevant(levels, func(rank int, chance float64) bool {
		if math.IsNaN(sum) {
			sum = 0
		}
		if rank <= k {
			sum += chance
		}
		return rank < k
	})
	return sum
}

// averagePrecisionAt is Σ precision at the ranks of relevant rows among the
// first k, over the most that there can be: k or all relevant rows.
func averagePrecisionAt(levels []level, k int) float64 {
	var sum float64
	rank, before, relevant := 0, 0.0, 0
	for _, l := range levels {
		n, r := float64(len(l)), float64(l.relevant())
		for j := range l {
			rank++
			if rank > k {
				break
			}
			// Of the rows before this one in the level, so many are relevant
			// if this one is.
			with := before + 1
			if n > 1 {
				with += float64(j) * (r - 1) / (n - 1)
			}
			if r > 0 {
				sum += r / n * with / float64(rank)
			}
		}
		before += r
		relevant += int(r)
	}
	if relevant == 0 {
		return nan
	}
	return sum / float64(min(relevant, k))
}
