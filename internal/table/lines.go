package table

import "sort"

// lines finds the line at which a row begins. Nearly always that is a fixed
// distance, so only rows in front of which more lines went by are kept.
type lines struct {
	first int64 // line of row 0
	jumps []jump
}

// jump says that from row on, total more lines went by than rows.
type jump struct {
	row   int
	total int64
}

func (l *lines) of(row int) int64 {
	i := sort.Search(len(l.jumps), func(i int) bool { return l.jumps[i].row > row })
	if i == 0 {
		return l.first + int64(row)
	}
	return l.first + int64(row) + l.jumps[i-1].total
}

// add notes that row begins at line; rows come in order.
func (l *lines) add(row int, line int64) {
	if l.of(row) != line {
		l.jumps = append(l.jumps, jump{row, line - l.first - int64(row)})
	}
}
