package stats

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// RankTally is what the order of rows by their scores says of a group of them:
// the area under its own ROC curve, and how its rows' ranks among themselves go
// with their ranks among all, in whole numbers that no order of rows changes.
type RankTally struct {
	own pairCount
	// within has the group's rows by their ranks among all rows: the sum of the
	// counts, and of the products of both counts.
	within, withinNeg struct {
		sum      uint64
		products [2]uint64
	}
}

// AUC is the area under the group's ROC curve; NaN where a class is missing.
func (t RankTally) AUC() float64 { return t.own.auc() }

// DeLong is the function of that name, of the group's rows.
func (t RankTally) DeLong(confidence float64) (auc float64, i Interval) {
	return t.own.deLong(confidence)
}

// Gap is DeLongGap: the area over all rows, of which t is the tally, minus that
// over a group of them.
func (t RankTally) Gap(part RankTally, confidence float64) (gap float64, i Interval) {
	whole, here := t.AUC(), part.AUC()
	gap = whole - here
	m, n := part.own.positives, part.own.negatives
	switch {
	case math.IsNaN(gap):
		return gap, noInterval("delong", "one class only")
	case m < 2 || n < 2:
		return gap, noInterval("delong", "one row of a class only")
	}
	v10 := squaresAbout(t.own.squares, t.own.right, t.own.positives, t.own.negatives) - 2*crossAbout(part.within.products, part.within.sum, part.own.right, m, n, t.own.positives, t.own.negatives) +
		squaresAbout(part.own.squares, part.own.right, m, n)
	v01 := squaresAbout(t.own.squaresNeg, t.own.right, t.own.negatives, t.own.positives) - 2*crossAbout(part.withinNeg.products, part.withinNeg.sum, part.own.right, n, m, t.own.negatives, t.own.positives) +
		squaresAbout(part.own.squaresNeg, part.own.right, n, m)
	v := v10*float64(m)/float64(m-1) + v01*float64(n)/float64(n-1)
	if v <= 1e-18 {
		return gap, noInterval("delong", "no variance to estimate")
	}
	half := z(confidence) * math.Sqrt(v)
	return gap, Interval{Low: max(gap-half, -1), High: min(gap+half, 1), Method: "delong"}
}

// squaresAbout is Σ((c/2o − mean)/n)² over a class of n rows whose counts c
// against o others sum to sum: (n·Σc² − (Σc)²) / (n³·4o²).
func squaresAbout(squares [2]uint64, sum uint64, n, o int) float64 {
	top := wide(squares)
	top.Mul(top, big.NewInt(int64(n)))
	s := new(big.Int).SetUint64(sum)
	top.Sub(top, s.Mul(s, s))
	f, _ := new(big.Float).SetInt(top).Float64()
	rows, others := float64(n), float64(o)
	return f / (rows * rows * rows) / (4 * others * others)
}

// crossAbout is Σ((C/2O − mean)/N)((c/2o − mean)/n) over the n rows of a group,
// whose counts among all sum to all and among themselves to own.
func crossAbout(products [2]uint64, all, own uint64, n, o, rows, others int) float64 {
	top := wide(products)
	top.Mul(top, big.NewInt(int64(n)))
	s := new(big.Int).SetUint64(all)
	top.Sub(top, s.Mul(s, new(big.Int).SetUint64(own)))
	f, _ := new(big.Float).SetInt(top).Float64()
	return f / (float64(n) * float64(n) * float64(rows)) / (4 * float64(o) * float64(others))
}

func wide(x [2]uint64) *big.Int {
	out := new(big.Int).SetUint64(x[0])
	return out.Lsh(out, 64).Add(out, new(big.Int).SetUint64(x[1]))
}

// RankTallies orders the rows of a binary sample by their scores, once, and
// counts them whole and by the groups of each partition. There must be no NaN
// among the scores.
func RankTallies(positive []bool, score []float64, by []Partition) (whole RankTally, groups [][]RankTally) {
	groups = make([][]RankTally, len(by))
	for _, b := range bundled(by) {
		r := newRanker(b, by)
		r.order(positive, score)
		whole = r.whole.t
		for i, which := range b.of {
			groups[which] = make([]RankTally, by[which].Groups)
			for g := range groups[which] {
				groups[which][g] = r.columns[i].group[g].t
			}
		}
	}
	return whole, groups
}

// ranker goes through rows in the order of their scores.
type ranker struct {
	bundle
	whole   rankGroup
	columns []rankColumn
}

// rankColumn has the groups of one partition, and of each cell its group.
type rankColumn struct {
	group []rankGroup
	of    []int32
	run   []int32 // groups that have rows of the present score
}

// rankGroup is a tally under way. In a run of equal scores tp and tn count its
// rows; passed count those of lower scores.
type rankGroup struct {
	passed, passedNeg int // positives and negatives of lower scores
	tp, tn            int
	t                 RankTally
}

func newRanker(b bundle, by []Partition) *ranker {
	r := &ranker{bundle: b, columns: make([]rankColumn, len(b.of))}
	for i, which := range b.of {
		c := &r.columns[i]
		c.group, c.of = make([]rankGroup, by[which].Groups), make([]int32, b.cells)
		for cell := range c.of {
			c.of[cell] = int32(cell / b.step[i] % by[which].Groups)
		}
	}
	return r
}

// ranked is a row as it is ordered: its score's key, its cell, and whether it
// is positive in the lowest bit of tag.
type ranked struct {
	key uint64
	tag uint32
}

// Bounds of the ordering: rows are put into buckets of neighbouring scores,
// and so many rows' buckets are in memory at once.
const (
	rankBuckets = 2048
	rankSample  = 1 << 16
	rankRound   = 3 << 20
)

// order counts all classes, and then goes through the buckets of scores from
// the lowest.
func (r *ranker) order(positive []bool, score []float64) {
	r.countClasses(positive)
	splits := splitters(score)
	bucket, counts := bucketsOf(score, splits)
	sizes := make([]int, len(splits)+1)
	for _, count := range counts {
		for k, n := range count {
			sizes[k] += n
		}
	}
	room := make([]ranked, 0, min(len(score), rankRound))
	for from := 0; from < len(sizes); {
		to, rows := from, 0
		for to < len(sizes) && (to == from || rows+sizes[to] <= rankRound) {
			rows += sizes[to]
			to++
		}
		room = slices.Grow(room[:0], rows)[:rows]
		ends := r.scatter(room, positive, score, bucket, counts, from, to)
		sortBuckets(room, ends)
		r.sweep(room)
		from = to
	}
}

// scatter puts the rows of some buckets into room, bucket by bucket, and gives
// where each ends. counts are those of each hand's run of rows.
func (r *ranker) scatter(room []ranked, positive []bool, score []float64, bucket []uint16, counts [][]int, from, to int) (ends []int) {
	starts := make([][]int, len(counts))
	for h := range starts {
		starts[h] = make([]int, to-from)
	}
	at := 0
	for k := range to - from {
		for h, count := range counts {
			starts[h][k] = at
			at += count[from+k]
		}
		ends = append(ends, at)
	}
	byHands(len(score), len(counts), func(h, low, high int) {
		next := starts[h]
		for i, b := range bucket[low:high] {
			k := int(b) - from
			if k < 0 || k >= len(next) {
				continue
			}
			i += low
			tag := uint32(r.cell(i)) << 1
			if positive[i] {
				tag |= 1
			}
			room[next[k]] = ranked{key(score[i]), tag}
			next[k]++
		}
	})
	return ends
}

// byHands cuts n rows into as many runs as there are hands, which are worked
// on at once.
func byHands(n, hands int, work func(hand, low, high int)) {
	var group sync.WaitGroup
	for h := range hands {
		group.Go(func() { work(h, h*n/hands, (h+1)*n/hands) })
	}
	group.Wait()
}

// cell is that of a row.
func (b bundle) cell(i int) (cell int) {
	for k, codes := range b.codes {
		cell += int(codes[i]) * b.step[k]
	}
	return cell
}

// countClasses counts the rows of each class, which their ranks need to be
// known beforehand.
func (r *ranker) countClasses(positive []bool) {
	parts := make([][]pairCount, runtime.GOMAXPROCS(0))
	byHands(len(positive), len(parts), func(h, low, high int) {
		cells := make([]pairCount, r.cells)
		for i, y := range positive[low:high] {
			if c := &cells[r.cell(low+i)]; y {
				c.positives++
			} else {
				c.negatives++
			}
		}
		parts[h] = cells
	})
	cells := parts[0]
	for _, more := range parts[1:] {
		for k, c := range more {
			cells[k].grow(c)
		}
	}
	for cell, c := range cells {
		r.whole.t.own.grow(c)
		for k := range r.columns {
			column := &r.columns[k]
			column.group[column.of[cell]].t.own.grow(c)
		}
	}
}

func (p *pairCount) grow(o pairCount) {
	p.positives, p.negatives = p.positives+o.positives, p.negatives+o.negatives
}

// splitters part the scores into buckets of about as many rows, by a sample of
// them: equal scores are in one bucket.
func splitters(score []float64) []float64 {
	sample := make([]float64, 0, min(len(score), rankSample))
	rng := rand.New(rand.NewPCG(uint64(len(score)), 0))
	for k := range cap(sample) {
		i := k
		if len(score) > rankSample {
			i = rng.IntN(len(score))
		}
		sample = append(sample, score[i])
	}
	slices.Sort(sample)
	var splits []float64
	for k := 1; k < rankBuckets; k++ {
		s := sample[k*len(sample)/rankBuckets]
		if len(splits) == 0 || s > splits[len(splits)-1] {
			splits = append(splits, s)
		}
	}
	return splits
}

// bucketsOf finds each row's bucket, and the number of rows of each, by hands.
func bucketsOf(score, splits []float64) (bucket []uint16, counts [][]int) {
	var padded [rankBuckets]float64
	for k := range padded {
		padded[k] = math.Inf(1)
	}
	copy(padded[:], splits)
	bucket, counts = make([]uint16, len(score)), make([][]int, runtime.GOMAXPROCS(0))
	byHands(len(score), len(counts), func(h, from, to int) {
		count := make([]int, len(splits)+1)
		for i := from; i < to; i++ {
			low := 0 // the number of splits up to the score
			for half := rankBuckets / 2; half > 0; half /= 2 {
				if padded[low+half-1] <= score[i] {
					low += half
				}
			}
			low = min(low, len(splits))
			bucket[i] = uint16(low)
			count[low]++
		}
		counts[h] = count
	})
	return bucket, counts
}

// sortBuckets sorts each bucket; ends are where they end.
func sortBuckets(rows []ranked, ends []int) {
	next := make(chan int, len(ends))
	for k := range ends {
		next <- k
	}
	close(next)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for k := range next {
				from := 0
				if k > 0 {
					from = ends[k-1]
				}
				slices.SortFunc(rows[from:ends[k]], func(a, b ranked) int { return cmp.Compare(a.key, b.key) })
			}
		})
	}
	group.Wait()
}

// sweep goes through rows that are in order, each column by itself.
func (r *ranker) sweep(rows []ranked) {
	var group sync.WaitGroup
	start := r.whole
	for k := range r.columns {
		group.Go(func() { r.columns[k].sweep(rows, start) })
	}
	r.whole.sweep(rows)
	group.Wait()
}

// run is the end of the rows of one score that begin at from, and how many of
// them are of each class.
func run(rows []ranked, from int) (to, tp, tn int) {
	for to = from; to < len(rows) && rows[to].key == rows[from].key; to++ {
		tp += int(rows[to].tag & 1)
	}
	return to, tp, to - from - tp
}

func (g *rankGroup) sweep(rows []ranked) {
	for from, to := 0, 0; from < len(rows); from = to {
		to, g.tp, g.tn = run(rows, from)
		g.close()
	}
}

// counts are those of a positive and of a negative row of the present score:
// twice the rows of the other class that it is ranked right against, ties once.
func (g *rankGroup) counts() (positive, negative uint64) {
	above := g.t.own.positives - g.passed - g.tp
	return uint64(2*g.passedNeg + g.tn), uint64(2*above + g.tp)
}

// close adds the rows of one score.
func (g *rankGroup) close() {
	c, d := g.counts()
	g.t.own.right += c * uint64(g.tp)
	add(&g.t.own.squares, c, uint64(g.tp))
	add(&g.t.own.squaresNeg, d, uint64(g.tn))
	g.passed, g.passedNeg, g.tp, g.tn = g.passed+g.tp, g.passedNeg+g.tn, 0, 0
}

func (c *rankColumn) sweep(rows []ranked, whole rankGroup) {
	for from, to := 0, 0; from < len(rows); from = to {
		to, whole.tp, whole.tn = run(rows, from)
		positive, negative := whole.counts()
		whole.passed, whole.passedNeg = whole.passed+whole.tp, whole.passedNeg+whole.tn
		if to == from+1 {
			g := &c.group[c.of[rows[from].tag>>1]]
			g.tp, g.tn = int(rows[from].tag&1), 1-int(rows[from].tag&1)
			g.beside(positive, negative)
			continue
		}
		c.run = c.run[:0]
		for _, row := range rows[from:to] {
			k := c.of[row.tag>>1]
			g := &c.group[k]
			if g.tp+g.tn == 0 {
				c.run = append(c.run, k)
			}
			if row.tag&1 == 1 {
				g.tp++
			} else {
				g.tn++
			}
		}
		for _, k := range c.run {
			c.group[k].beside(positive, negative)
		}
	}
}

// beside adds a group's rows of one score, whose counts among all rows are
// given.
func (g *rankGroup) beside(positive, negative uint64) {
	c, d := g.counts()
	g.t.within.sum += positive * uint64(g.tp)
	g.t.withinNeg.sum += negative * uint64(g.tn)
	addProduct(&g.t.within.products, positive, c, uint64(g.tp))
	addProduct(&g.t.withinNeg.products, negative, d, uint64(g.tn))
	g.close()
}

// addProduct adds n·a·b in 128 bits.
func addProduct(sum *[2]uint64, a, b, n uint64) {
	high, low := bits.Mul64(a, b)
	over, low := bits.Mul64(low, n)
	high = high*n + over
	var carry uint64
	sum[1], carry = bits.Add64(sum[1], low, 0)
	sum[0], _ = bits.Add64(sum[0], high, carry)
}
