package stats

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// Numbers are sorted by their bits, 16 at a time from the lowest (LSD radix
// sort; Knuth, TAOCP 3, section 5.2.5), in time that grows with their number
// alone. It pays from a few thousand on.
const (
	digit      = 16
	buckets    = 1 << digit
	leastRadix = 1 << 13
)

// key orders as the number does: NaN first, as cmp.Compare has it, and -0 as 0.
func key(x float64) uint64 {
	b := math.Float64bits(x + 0)
	switch {
	case x != x:
		return 0
	case b>>63 == 1:
		return ^b
	}
	return b | 1<<63
}

func number(k uint64) float64 {
	if k>>63 == 0 {
		return math.Float64frombits(^k)
	}
	return math.Float64frombits(k &^ (1 << 63))
}

// sortNumbers sorts, smallest first. There must be no NaN.
func sortNumbers(x []float64) {
	if len(x) < leastRadix {
		slices.Sort(x)
		return
	}
	keys := make([]uint64, len(x))
	for i, v := range x {
		keys[i] = key(v)
	}
	keys, _ = radix(keys, nil)
	for i, k := range keys {
		x[i] = number(k)
	}
}

// ranking is the rows by ascending score; rows of one score as they come.
func ranking(score []float64) []int32 {
	order := make([]int32, len(score))
	for i := range order {
		order[i] = int32(i)
	}
	if len(score) < leastRadix {
		slices.SortFunc(order, func(a, b int32) int {
			return cmp.Or(cmp.Compare(score[a], score[b]), cmp.Compare(a, b))
		})
		return order
	}
	keys := make([]uint64, len(score))
	for i, v := range score {
		keys[i] = key(v)
	}
	_, order = radix(keys, order)
	return order
}

// radix sorts keys, and rows with them unless nil. Digits that are the same in
// all keys take no pass.
func radix(keys []uint64, rows []int32) ([]uint64, []int32) {
	var count [64 / digit][]int
	var group sync.WaitGroup
	for d := range count {
		group.Go(func() {
			c := make([]int, buckets)
			for _, k := range keys {
				c[k>>(d*digit)%buckets]++
			}
			count[d] = c
		})
	}
	group.Wait()
	to := make([]uint64, len(keys))
	var rowsTo []int32
	if rows != nil {
		rowsTo = make([]int32, len(rows))
	}
	for d, c := range count {
		if c[keys[0]>>(d*digit)%buckets] == len(keys) {
			continue
		}
		at := 0
		for b, n := range c {
			c[b] = at
			at += n
		}
		for i, k := range keys {
			b := k >> (d * digit) % buckets
			to[c[b]] = k
			if rows != nil {
				rowsTo[c[b]] = rows[i]
			}
			c[b]++
		}
		keys, to = to, keys
		rows, rowsTo = rowsTo, rows
	}
	return keys, rows
}
