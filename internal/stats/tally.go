package stats

import (
	"math"
	"runtime"
	"sync"
)

// Tally is what one pass over the rows of a binary sample, each of which counts
// once, says of them: enough for every metric that needs no order of rows.
type Tally struct {
	// Table counts decisions at the threshold; without one every row is
	// decided negative.
	Table Confusion
	// LogLoss and Brier are of the rows' losses, as LogLosses and Squares have
	// them, and Clipped is the number of those whose true log loss is infinite.
	// They and Bins are of scores that are probabilities, and empty for others.
	LogLoss, Brier Moments
	Clipped        int
	Bins           Reliability
}

// N is the number of rows.
func (t Tally) N() int { return t.Table.N() }

// Positive is the number of positive rows.
func (t Tally) Positive() int { return t.Table.TP + t.Table.FN }

// Partition puts each row into one of some groups.
type Partition struct {
	Groups int
	Of     []uint16
}

// Note is what had to be bent to get a metric's value from the tally, or "".
func (t Tally) Note(m Metric) string {
	if m.Base == "log_loss" {
		return clippedNote(t.Clipped)
	}
	return ""
}

// Tallies counts a sample whole and by the groups of each partition, in one
// pass. losses says that the scores are probabilities, and that LogLoss, Brier
// and Bins are wanted. The sums do not depend on the number of processors.
func Tallies(positive []bool, score []float64, threshold *float64, losses bool, by []Partition) (whole Tally, groups [][]Tally) {
	at := math.Inf(1)
	if threshold != nil {
		at = *threshold
	}
	groups = make([][]Tally, len(by))
	bundles := bundled(by)
	for k, b := range bundles {
		cells := b.count(positive, score, at, losses)
		for _, cell := range cells {
			if k == 0 {
				whole = whole.merge(cell)
			}
		}
		for i, which := range b.of {
			groups[which] = make([]Tally, by[which].Groups)
			for c, cell := range cells {
				g := c / b.step[i] % by[which].Groups
				groups[which][g] = groups[which][g].merge(cell)
			}
		}
	}
	return whole, groups
}

func (t Tally) merge(o Tally) Tally {
	if o.N() == 0 {
		return t
	}
	t.Table = Confusion{t.Table.TP + o.Table.TP, t.Table.FP + o.Table.FP, t.Table.TN + o.Table.TN, t.Table.FN + o.Table.FN}
	t.LogLoss, t.Brier, t.Clipped = t.LogLoss.Merge(o.LogLoss), t.Brier.Merge(o.Brier), t.Clipped+o.Clipped
	t.Bins = t.Bins.Merge(o.Bins)
	return t
}

// bundle is partitions that are counted together, by what their groups have in
// common: one cell is counted for a row instead of one for each.
type bundle struct {
	of, step []int // which partitions, and how far apart their groups' cells are
	codes    [][]uint16
	cells    int
}

// mostCells bounds a bundle, so that its cells stay in the processor's cache.
const mostCells = 2048

// bundled is at least one bundle; the first may be of no partition.
func bundled(by []Partition) []bundle {
	all := []bundle{{cells: 1}}
	for i, p := range by {
		b := &all[len(all)-1]
		if b.cells > 1 && b.cells*p.Groups > mostCells {
			all = append(all, bundle{cells: 1})
			b = &all[len(all)-1]
		}
		b.of, b.step, b.codes = append(b.of, i), append(b.step, b.cells), append(b.codes, p.Of)
		b.cells *= max(p.Groups, 1)
	}
	return all
}

// tallySegments is into how many runs the rows are cut, whatever the number of
// processors is: sums are made within each, and put together in order.
const tallySegments = 16

// count is a bundle's cells.
func (b bundle) count(positive []bool, score []float64, threshold float64, losses bool) []Tally {
	var done [tallySegments][]tallyCell
	next := make(chan int, tallySegments)
	for s := range tallySegments {
		next <- s
	}
	close(next)
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), tallySegments) {
		group.Go(func() {
			for s := range next {
				from, to := s*len(positive)/tallySegments, (s+1)*len(positive)/tallySegments
				done[s] = b.segment(positive, score, from, to, threshold, losses)
			}
		})
	}
	group.Wait()
	cells := make([]Tally, b.cells)
	for _, segment := range done {
		for c := range cells {
			cells[c] = cells[c].merge(segment[c].tally())
		}
	}
	return cells
}

// tallyBlock is how many rows' cells are found at once.
const tallyBlock = 1024

func (b bundle) segment(positive []bool, score []float64, from, to int, threshold float64, losses bool) []tallyCell {
	cells := make([]tallyCell, b.cells)
	var at [tallyBlock]int32
	for ; from < to; from += tallyBlock {
		end := min(from+tallyBlock, to)
		cell := at[:end-from]
		clear(cell)
		for i, codes := range b.codes {
			step := int32(b.step[i])
			for k, g := range codes[from:end] {
				cell[k] += int32(g) * step
			}
		}
		y, p := positive[from:end], score[from:end]
		for k, c := range cell {
			cells[c].decide(y[k], p[k] >= threshold)
		}
		if losses {
			for k, c := range cell {
				cells[c].lose(y[k], p[k])
			}
		}
	}
	return cells
}

// tallyCell is a tally under way.
type tallyCell struct {
	table    [4]int // by label and decision
	log, sq  powers
	clipped  int
	bins     Reliability
	occupied bool
}

func (t *tallyCell) decide(positive, decided bool) {
	k := 0
	if positive {
		k = 2
	}
	if decided {
		k++
	}
	t.table[k]++
}

func (t *tallyCell) lose(positive bool, p float64) {
	t.bins.Add(positive, p)
	off := p
	if positive {
		off = 1 - p
	} else {
		p = 1 - p
	}
	if p == 0 {
		t.clipped++
	}
	loss := -math.Log(min(max(p, epsilon), 1-epsilon))
	if !t.occupied {
		t.occupied, t.log.about, t.sq.about = true, loss, off*off
	}
	t.log.add(loss)
	t.sq.add(off * off)
}

func (t *tallyCell) tally() Tally {
	n := t.table[0] + t.table[1] + t.table[2] + t.table[3]
	out := Tally{Table: Confusion{TN: t.table[0], FP: t.table[1], FN: t.table[2], TP: t.table[3]}, Clipped: t.clipped, Bins: t.bins}
	if t.occupied {
		out.LogLoss, out.Brier = t.log.moments(n), t.sq.moments(n)
	}
	return out
}

// powers are the sums of the powers of numbers less the first of them, so that
// equal numbers have none.
type powers struct{ about, one, two, three float64 }

func (p *powers) add(x float64) {
	d := x - p.about
	p.one += d
	p.two += d * d
	p.three += d * d * d
}

func (p powers) moments(n int) Moments {
	rows := float64(n)
	d := p.one / rows
	return Moments{
		N: n, Mean: p.about + d,
		M2: max(p.two-p.one*d, 0),
		M3: p.three - 3*p.two*d + 2*p.one*d*d,
	}
}
