package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Proportion is X of N.
type Proportion struct{ X, N int }

// Value is X/N, and NaN of nothing.
func (p Proportion) Value() float64 { return float64(p.X) / float64(p.N) }

// Interval is Wilson's score interval (1927), and Clopper and Pearson's exact
// one where X is 0 or N, where Wilson's lies too near.
func (p Proportion) Interval(confidence float64) Interval {
	switch {
	case p.N == 0:
		return noInterval("wilson", "no rows")
	case p.X == 0 || p.X == p.N:
		low, high := ClopperPearson(p, confidence)
		return Interval{Low: low, High: high, Method: "clopper_pearson"}
	}
	low, high := wilson(p, confidence)
	return Interval{Low: low, High: high, Method: "wilson"}
}

func wilson(p Proportion, confidence float64) (low, high float64) {
	return wilsonEnds(p.Value(), float64(p.N), confidence)
}

// wilsonEnds are Wilson's for a share of a number that need not be whole.
func wilsonEnds(q, n, confidence float64) (low, high float64) {
	zz := z(confidence)
	z2 := zz * zz
	centre := (q + z2/(2*n)) / (1 + z2/n)
	half := zz / (1 + z2/n) * math.Sqrt(q*(1-q)/n+z2/(4*n*n))
	low, high = centre-half, centre+half
	if q == 0 {
		low = 0
	}
	if q == 1 {
		high = 1
	}
	return low, high
}

// ClopperPearson is the exact binomial interval (1934).
func ClopperPearson(p Proportion, confidence float64) (low, high float64) {
	x, n, alpha := float64(p.X), float64(p.N), 1-confidence
	low, high = 0, 1
	switch {
	case p.X == p.N:
		low = math.Pow(alpha/2, 1/n)
	case p.X > 0:
		low = distuv.Beta{Alpha: x, Beta: n - x + 1}.Quantile(alpha / 2)
	}
	switch {
	case p.X == 0:
		high = 1 - math.Pow(alpha/2, 1/n)
	case p.X < p.N:
		high = distuv.Beta{Alpha: x + 1, Beta: n - x}.Quantile(1 - alpha/2)
	}
	return low, high
}

// Newcombe is the interval of a−b for independent proportions: method 10 of
// Newcombe, Statistics in Medicine 17 (1998) 873–890.
func Newcombe(a, b Proportion, confidence float64) Interval {
	if a.N == 0 || b.N == 0 {
		return noInterval("newcombe", "no rows")
	}
	pa, pb := a.Value(), b.Value()
	la, ua := wilson(a, confidence)
	lb, ub := wilson(b, confidence)
	return Interval{
		Low:    pa - pb - math.Hypot(pa-la, ub-pb),
		High:   pa - pb + math.Hypot(ua-pa, pb-lb),
		Method: "newcombe",
	}
}

// Gap is the interval of all−part, where part's rows are among all's. With w
// the part's share of the denominator, all−part = (1−w)(rest−part), and rest
// and part are independent given their denominators.
func Gap(all, part Proportion, confidence float64) Interval {
	rest := Proportion{all.X - part.X, all.N - part.N}
	if part.N == 0 || rest.N < 0 {
		return noInterval("newcombe", "no rows")
	}
	if rest.N == 0 {
		return Interval{Method: "exact", Detail: "the slice holds all rows"}
	}
	return Newcombe(rest, part, confidence).Scale(float64(rest.N) / float64(all.N))
}

// Pairs counts the rows of a paired comparison by the two successes.
type Pairs struct{ Both, First, Second, Neither int }

// N is the number of rows.
func (p Pairs) N() int { return p.Both + p.First + p.Second + p.Neither }

// Value is the first proportion minus the second.
func (p Pairs) Value() float64 { return float64(p.First-p.Second) / float64(p.N()) }

// Interval is that of the first proportion minus the second on the same rows:
// method 10 of Newcombe, Statistics in Medicine 17 (1998) 2635–2650.
func (p Pairs) Interval(confidence float64) Interval {
	if p.N() == 0 {
		return noInterval("newcombe_paired", "no rows")
	}
	low, high := p.shares().ends(float64(p.N()), confidence)
	return Interval{Low: low, High: high, Method: "newcombe_paired"}
}

// pairShares are Pairs as shares of the rows.
type pairShares struct{ both, first, second, neither float64 }

func (p Pairs) shares() pairShares {
	n := float64(p.N())
	return pairShares{float64(p.Both) / n, float64(p.First) / n, float64(p.Second) / n, float64(p.Neither) / n}
}

// ends are those of n rows with these shares.
func (p pairShares) ends(n, confidence float64) (low, high float64) {
	all := p.both + p.first + p.second + p.neither // 1, but for the last digit
	p1, p2 := (p.both+p.first)/all, (p.both+p.second)/all
	l1, u1 := wilsonEnds(p1, n, confidence)
	l2, u2 := wilsonEnds(p2, n, confidence)
	phi := p.phi(n)
	low = square(p1-l1) - 2*phi*(p1-l1)*(u2-p2) + square(u2-p2)
	high = square(u1-p1) - 2*phi*(u1-p1)*(p2-l2) + square(p2-l2)
	d := p.first - p.second
	return d - math.Sqrt(max(low, 0)), d + math.Sqrt(max(high, 0))
}

// phi is the correlation of the two successes with Newcombe's continuity
// correction; zero where a margin is empty.
func (p pairShares) phi(n float64) float64 {
	a, b, c, d := p.both, p.first, p.second, p.neither
	margins := (a + b) * (c + d) * (a + c) * (b + d)
	if margins == 0 {
		return 0
	}
	num := a*d - b*c
	if num > 0 {
		num = max(num-1/(2*n), 0)
	}
	return num / math.Sqrt(margins)
}

// McNemar is the exact two-sided p-value of the hypothesis that neither of
// two models is right more often, from the rows that only one got right
// (McNemar 1947, by the binomial distribution).
func McNemar(first, second int) float64 {
	n, k := first+second, min(first, second)
	if n == 0 {
		return 1
	}
	return min(1, 2*distuv.Binomial{N: float64(n), P: 0.5}.CDF(float64(k)))
}

// Ratio is the interval of a/b for independent proportions by Koopman's score
// method (Biometrics 40 (1984) 513–517). An end without bound is +Inf.
func Ratio(a, b Proportion, confidence float64) Interval {
	if a.N == 0 || b.N == 0 {
		return noInterval("koopman", "no rows")
	}
	i := Interval{Low: 0, High: math.Inf(1), Method: "koopman"}
	if a.X == 0 && b.X == 0 {
		return i
	}
	limit := square(z(confidence))
	over := func(ratio float64) bool { return koopman(a, b, ratio) > limit }
	inside := a.Value() / b.Value()
	if a.X > 0 {
		if b.X == 0 {
			inside = 1
			for over(inside) {
				inside *= 2
			}
		}
		i.Low = bisect(over, 0, inside)
	}
	if b.X > 0 {
		outside := max(2*inside, 1e-9)
		for !over(outside) {
			outside *= 2
		}
		i.High = bisect(over, outside, inside)
	}
	return i
}

// bisect finds where over turns from true (at outside) to false (at inside).
func bisect(over func(float64) bool, outside, inside float64) float64 {
	for range 200 {
		mid := outside + (inside-outside)/2
		if mid == outside || mid == inside {
			break
		}
		if over(mid) {
			outside = mid
		} else {
			inside = mid
		}
	}
	return outside
}

// koopman is the score statistic of the hypothesis a/b = ratio, with the
// proportions estimated under it.
func koopman(a, b Proportion, ratio float64) float64 {
	x1, n1, x2, n2 := float64(a.X), float64(a.N), float64(b.X), float64(b.N)
	if ratio <= 0 {
		return math.Inf(1)
	}
	t := ratio*(n1+x2) + x1 + n2
	p1 := (t - math.Sqrt(max(t*t-4*ratio*(n1+n2)*(x1+x2), 0))) / (2 * (n1 + n2))
	p2 := p1 / ratio
	part := func(x, n, p float64) float64 {
		if v := n * p * (1 - p); v > 0 {
			return square(x-n*p) / v
		}
		if math.Abs(x-n*p) < 1e-9*n {
			return 0
		}
		return math.Inf(1)
	}
	return part(x1, n1, p1) + part(x2, n2, p2)
}

func square(x float64) float64 { return x * x }
