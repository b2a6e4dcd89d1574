package stats

import (
	"fmt"
	"math"
)

// ClosedRows is the number of rows beyond which a mean has its interval from
// moments, and not from draws. From two thousand rows on simulations tell the
// two apart no more; the bound lies higher so that the numbers of small
// samples, which draws cost little, stay what they were.
const ClosedRows = 20_000

// Moments are of numbers that count once each: how many, their mean, and the
// sums of the squares and cubes of their distances from it. The zero value is
// of none.
//
// One pass makes them: numbers with Add, or MomentsOf a batch with Merge. They
// do not depend on the order of the numbers but for the last digits.
type Moments struct {
	N            int
	Mean, M2, M3 float64
}

// MomentsOf are those of x, in two passes.
func MomentsOf(x []float64) Moments {
	m := Moments{N: len(x)}
	if m.N == 0 {
		return m
	}
	var sum float64
	for _, v := range x {
		sum += v
	}
	guess := sum / float64(m.N)
	var rest float64 // what rounding took from the sum
	for _, v := range x {
		d := v - guess
		rest += d
		m.M2 += d * d
		m.M3 += d * d * d
	}
	d := rest / float64(m.N)
	m.Mean = guess + d
	m.M3 -= 3*d*m.M2 - 2*d*d*rest
	m.M2 -= d * rest
	return m
}

// Add takes one more number in.
func (m *Moments) Add(x float64) { *m = m.Merge(Moments{N: 1, Mean: x}) }

// Merge is of the numbers of both (Pébay, Terriberry, Kolla and Bennett,
// Comput. Stat. 31 (2016) 1305–1325, section 3).
func (m Moments) Merge(o Moments) Moments {
	switch {
	case m.N == 0:
		return o
	case o.N == 0:
		return m
	}
	a, b := float64(m.N), float64(o.N)
	n := a + b
	d := o.Mean - m.Mean
	return Moments{
		N:    m.N + o.N,
		Mean: m.Mean + d*b/n,
		M2:   m.M2 + o.M2 + d*d*a*b/n,
		M3:   m.M3 + o.M3 + d*d*d*a*b*(a-b)/(n*n) + 3*d*(a*o.M2-b*m.M2)/n,
	}
}

// Minus is of the numbers that are not in a part.
func (m Moments) Minus(part Moments) Moments {
	n := m.N - part.N
	switch {
	case part.N == 0:
		return m
	case n <= 0:
		return Moments{}
	}
	a, b, all := float64(n), float64(part.N), float64(m.N)
	rest := Moments{N: n, Mean: m.Mean + (m.Mean-part.Mean)*b/a}
	d := part.Mean - rest.Mean
	rest.M2 = max(m.M2-part.M2-d*d*a*b/all, 0)
	rest.M3 = m.M3 - part.M3 - d*d*d*a*b*(a-b)/(all*all) - 3*d*(a*part.M2-b*rest.M2)/all
	return rest
}

// Scale is of the numbers times a factor.
func (m Moments) Scale(by float64) Moments {
	return Moments{N: m.N, Mean: m.Mean * by, M2: m.M2 * by * by, M3: m.M3 * by * by * by}
}

// Interval is that of the mean of the numbers that these were drawn from, by
// ABC: BCa's ends without draws (DiCiccio and Efron, Stat. Sci. 11 (1996)
// 189–228, section 4). Of a mean acceleration and bias correction are both
// a = Σd³/6(Σd²)^1.5, the skewness over 6√n.
//
// It is for more than ClosedRows numbers. There is none where all are equal,
// or where so few outweigh the others that their moments tell nothing.
func (m Moments) Interval(confidence float64) Interval {
	return m.linear().interval(confidence)
}

func (m Moments) linear() smooth {
	n := float64(m.N)
	return smooth{value: m.Mean, variance: m.M2 / (n * n), third: m.M3 / (n * n * n)}
}

// leastWeight is how many rows a sample must be as uneven as, at least: of k
// rows that are 1 among zeros, a is 1/6√k. In simulations ABC keeps its level
// to one percent from four such rows on.
const leastWeight = 2.7

// leastVariance is where cubes begin to vanish.
const leastVariance = 1e-200

// smooth is a function of means near the sample's: its value, the variance and
// third central moment of its linear part, its bias, and its curvature along
// the direction in which it varies the most (cq of DiCiccio and Efron).
type smooth struct {
	value, variance, third float64
	bias, curvature        float64
}

// interval is ABCq's, formula 4.11 there.
func (s smooth) interval(confidence float64) Interval {
	sigma := math.Sqrt(s.variance)
	switch {
	case !finite(s.value) || !finite(s.variance) || !finite(s.third):
		return noInterval("abc", "the moments are not finite numbers")
	case !(sigma > 1e-15*math.Abs(s.value)) || s.variance < leastVariance:
		return noInterval("abc", "the rows do not vary")
	}
	a := s.third / (6 * s.variance * sigma)
	if weight := 1 / (36 * a * a); weight < leastWeight {
		return noInterval("abc", fmt.Sprintf("few rows outweigh all others: the mean rests on as much as %.2g", weight))
	}
	z0 := a
	if gamma := s.bias/sigma - s.curvature; gamma != 0 {
		z0 = normalQuantile(2 * normalCDF(a) * normalCDF(-gamma))
	}
	end := func(zz float64) float64 {
		w := z0 + zz
		step := w / square(1-a*w)
		return s.value + sigma*(step+s.curvature*step*step)
	}
	return Interval{Low: end(-z(confidence)), High: end(z(confidence)), Method: "abc"}
}
