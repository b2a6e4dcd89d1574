package stats

import (
	"cmp"
	"math"
	"slices"
)

// sorted puts the rows of a unit after one another, so that a tally meets each
// unit once.
func (r SearchRows) sorted() SearchRows {
	if r.Unit == nil {
		return r
	}
	r.order = make([]int32, len(r.Unit))
	for i := range r.order {
		r.order[i] = int32(i)
	}
	slices.SortStableFunc(r.order, func(a, b int32) int { return cmp.Compare(r.Unit[a], r.Unit[b]) })
	r.Loss, r.Weight, r.Unit = take(r.Loss, r.order), take(r.Weight, r.order), take(r.Unit, r.order)
	return r
}

// reorder is the columns in the order of sorted rows.
func (r SearchRows) reorder(columns []SearchColumn) []SearchColumn {
	if r.order == nil {
		return columns
	}
	out := make([]SearchColumn, len(columns))
	for c, column := range columns {
		out[c] = SearchColumn{column.Groups, take(column.Code, r.order)}
	}
	return out
}

// pile is what a group and the rest hold of weights w and of weighted losses x,
// by row, and by unit as sums over the unit's rows: their squares and products,
// inside, outside, and of one with the other.
type pile struct {
	n              int
	w, x           float64
	rowsWW, rowsXX float64 // Σ w² and Σ w·loss² over rows
	ww, wx, xx     float64 // over units, of their sums inside
	// outside is the same of what the units have elsewhere; until all units
	// were met, only by how much that differs from all that they have.
	outWW, outWX, outXX    float64
	bothWW, bothWX, bothXW float64 // inside times outside
	bothXX                 float64
	shared                 bool // a unit has rows inside and outside
}

// massed is a tally of rows that have weights or belong to units.
type massed struct {
	all   pile
	parts []pile
}

// tallyMassed goes through the units, of sorted rows.
func (r SearchRows) tallyMassed(code []int32, groups int) tally {
	t := massed{parts: make([]pile, groups)}
	w, x := make([]float64, groups), make([]float64, groups) // of one unit
	var touched []int32
	for from, to := 0, 0; from < len(code); from = to {
		touched = touched[:0]
		var unitW, unitX float64
		for to = from; to < len(code) && (to == from || r.Unit != nil && r.Unit[to] == r.Unit[from]); to++ {
			g, v := code[to], weightAt(r.Weight, to)
			if g < 0 || v == 0 {
				continue
			}
			if w[g] == 0 {
				touched = append(touched, g)
			}
			w[g], x[g] = w[g]+v, x[g]+v*r.Loss[to]
			unitW, unitX = unitW+v, unitX+v*r.Loss[to]
			t.all.row(v, r.Loss[to])
			t.parts[g].row(v, r.Loss[to])
		}
		t.all.unit(unitW, unitX, 0, 0)
		for _, g := range touched {
			t.parts[g].unit(w[g], x[g], unitW-w[g], unitX-x[g])
			t.parts[g].shared = t.parts[g].shared || len(touched) > 1
			w[g], x[g] = 0, 0
		}
	}
	return t
}

func (p *pile) row(w, loss float64) {
	p.n++
	p.w, p.x = p.w+w, p.x+w*loss
	p.rowsWW, p.rowsXX = p.rowsWW+w*w, p.rowsXX+w*loss*loss
}

// unit adds one that has w and x inside, and others outside.
func (p *pile) unit(w, x, outW, outX float64) {
	p.ww, p.wx, p.xx = p.ww+w*w, p.wx+w*x, p.xx+x*x
	allW, allX := w+outW, x+outX
	p.outWW, p.outWX, p.outXX = p.outWW+outW*outW-allW*allW, p.outWX+outW*outX-allW*allX, p.outXX+outX*outX-allX*allX
	p.bothWW, p.bothWX = p.bothWW+w*outW, p.bothWX+w*outX
	p.bothXW, p.bothXX = p.bothXW+x*outW, p.bothXX+x*outX
}

func (t massed) rows(group int) (in, all int) { return t.parts[group].n, t.all.n }

// outside is the pile of all that a group does not hold.
func (t massed) outside(group int) pile {
	p, all := t.parts[group], t.all
	return pile{
		n: all.n - p.n, w: all.w - p.w, x: all.x - p.x, rowsWW: all.rowsWW - p.rowsWW, rowsXX: all.rowsXX - p.rowsXX,
		ww: all.ww + p.outWW, wx: all.wx + p.outWX, xx: all.xx + p.outXX,
	}
}

// worth is as how many units of equal weight these tell (Kish, Survey
// Sampling, 1965).
func (p pile) worth() float64 { return p.w * p.w / p.ww }

func (t massed) enough(s SliceSearch, group int) bool {
	in, out := t.parts[group], t.outside(group)
	return in.n >= s.MinRows && out.n >= s.MinRows && in.worth() >= s.MinUnits && out.worth() >= s.MinUnits
}

// contrast holds a slice against the rest: the ratio means of weighted losses,
// and the variance of their difference by linearization over units (Särndal,
// Swensson and Wretman, Model Assisted Survey Sampling, 1992, section 5.6),
// with what units on both sides have in common. Where there are such, the
// freedom is that of the smaller side, as of pairs; else it is Welch's. With
// units of one row and weights of 1 all of it is the plain test.
func (t massed) contrast(group int) Slice {
	in, out := t.parts[group], t.outside(group)
	m, k := in.x/in.w, out.x/out.w
	n, rest := in.worth(), out.worth()
	v := in.residual(m) / (in.w * in.w) * n / (n - 1)
	u := out.residual(k) / (out.w * out.w) * rest / (rest - 1)
	freedom := (v + u) * (v + u) / (v*v/(n-1) + u*u/(rest-1))
	variance := v + u
	if in.shared {
		common := (in.bothXX - k*in.bothXW - m*in.bothWX + m*k*in.bothWW) / (in.w * out.w)
		variance -= 2 * common * math.Sqrt(n/(n-1)*rest/(rest-1))
		freedom = min(n, rest) - 1
	}
	vRows, n := in.variance()
	uRows, rest := out.variance()
	pooled := math.Sqrt(((n-1)*vRows + (rest-1)*uRows) / (n + rest - 2))
	return judged(in.n, m-k, pooled, variance, freedom)
}

// residual is Σ (x - mean·w)² over units.
func (p pile) residual(mean float64) float64 { return max(p.xx-2*mean*p.wx+mean*mean*p.ww, 0) }

// variance is that of the rows' losses, and as how many rows of equal weight
// they tell.
func (p pile) variance() (v, worth float64) {
	worth = p.w * p.w / p.rowsWW
	mean := p.x / p.w
	return max(p.rowsXX/p.w-mean*mean, 0) * worth / (worth - 1), worth
}
