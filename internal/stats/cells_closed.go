package stats

import "math"

// leastCell is how many rows each cell of a table must have before a function
// of it is taken as smooth.
const leastCell = 100

// countsAreMany says whether draws of tables would say no more than their
// moments do.
func countsAreMany(tables [][]int) bool {
	all := 0
	for _, cells := range tables {
		for _, n := range cells {
			if n < leastCell {
				return false
			}
			all += n
		}
	}
	return all > ClosedRows
}

// smoothCells is a function of tables near the sample's, by differences: its
// linear part, bias and curvature (DiCiccio and Efron 1996, section 4, with one
// sample for each table). f must not change where all counts are multiplied by
// one number, for they are, so that less than a row can be moved.
func smoothCells(tables [][]int, f func(tables [][]int) float64) smooth {
	c := cellMover{tables: tables, f: f, moved: cloneTables(tables)}
	all := 0.0
	for t := range tables {
		c.totals = append(c.totals, float64(total(tables[t])))
		all += c.totals[t]
		c.shares = append(c.shares, nil)
		for _, n := range tables[t] {
			c.shares[t] = append(c.shares[t], float64(n)/c.totals[t])
		}
	}
	c.scale = cellScale / all
	still := c.at(func(_, _ int) float64 { return 0 })
	s := smooth{value: f(tables)}
	slopes := make([][]float64, len(tables))
	for t, rows := range c.totals {
		for k, p := range c.shares[t] {
			step := p / 16
			toward := func(by float64) float64 { // this cell's row, and less of all others
				return c.at(func(table, cell int) float64 {
					switch {
					case table != t:
						return 0
					case cell == k:
						return by * (1 - p)
					}
					return -by * c.shares[t][cell]
				})
			}
			up, down := toward(step), toward(-step)
			slope := (up - down) / (2 * step)
			slopes[t] = append(slopes[t], slope)
			s.variance += p * slope * slope / rows
			s.third += p * slope * slope * slope / (rows * rows)
			s.bias += p * (up - 2*still + down) / (step * step) / (2 * rows)
		}
	}
	sigma := math.Sqrt(s.variance)
	if !(sigma > 0) {
		return s
	}
	along := func(by float64) float64 {
		return c.at(func(t, k int) float64 { return by * c.shares[t][k] * slopes[t][k] / (c.totals[t] * sigma) })
	}
	s.curvature = (along(1) - 2*still + along(-1)) / (2 * sigma)
	return s
}

// cellMover evaluates a function where the shares of cells are moved.
type cellMover struct {
	tables [][]int
	f      func([][]int) float64
	totals []float64
	shares [][]float64
	moved  [][]int
	scale  float64
}

// cellScale is about what all counts sum to once they are scaled.
const cellScale = 1 << 52

func (c cellMover) at(shift func(table, cell int) float64) float64 {
	for t := range c.tables {
		for k, p := range c.shares[t] {
			c.moved[t][k] = int((p + shift(t, k)) * c.totals[t] * c.scale)
		}
	}
	return c.f(c.moved)
}
