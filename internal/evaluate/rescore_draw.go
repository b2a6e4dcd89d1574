package evaluate

import (
	"cmp"
	"slices"

	"github.com/weighlock/weighlock/internal/scorer"
)

// What rows belong to that a scorer may see together: it may rightly say
// something else of a part of them, so they are rescored whole.
const (
	ofQueries   = "query"
	ofSeries    = "series"
	ofOneSeries = "one series" // all rows are one
)

// together says of each row of the data set to which query or series it
// belongs; nil where rows stand alone.
func together(request Request, rows *scorer.Rows) (code []int32, of string, err error) {
	column := ""
	switch request.Spec.Task {
	case "ranking":
		column, of = request.Spec.Test.Group, ofQueries
	case "forecasting":
		column, of = request.Spec.Test.Series, ofSeries
	default:
		return nil, "", nil
	}
	if column == "" {
		return nil, ofOneSeries, nil
	}
	code, err = codesOf(rows.Table(), column, of)
	return code, of, err
}

// drawn are the places of the rows of least rank, in their order, at least so
// many; of rows that belong together all or none.
func drawn(seed []byte, rows, together []int32, asked int) []int {
	first, ranks := map[int32]uint64{}, make([]uint64, len(rows))
	places := make([]int, len(rows))
	for k, row := range rows {
		places[k], ranks[k] = k, rank(seed, row)
		if together == nil {
			continue
		}
		if r, known := first[together[row]]; known {
			ranks[k] = r
		}
		first[together[row]] = ranks[k]
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Or(cmp.Compare(ranks[a], ranks[b]), a-b) })
	for asked < len(places) && together != nil && together[rows[places[asked]]] == together[rows[places[asked-1]]] {
		asked++
	}
	places = places[:asked]
	slices.Sort(places)
	return places
}

// countOf counts what the rows at some places belong to.
func countOf(rows, together []int32, places []int) int {
	known := map[int32]bool{}
	for _, k := range places {
		known[together[rows[k]]] = true
	}
	return len(known)
}
