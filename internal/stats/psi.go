package stats

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// PSIBins is the number of quantile bins of the reference.
	PSIBins = 10
	// PSISmoothing is added to every bin's share on both sides, which are then
	// brought back to a sum of one.
	PSISmoothing = 1e-4
	// PSICategories bounds the bins of a column of categories; of more, the
	// rarest share one.
	PSICategories = 50
)

// PSI is the population stability index Σ (r−c)·ln(r/c) of two lists of
// shares, natural logarithm; +Inf where a share is zero on one side only. It
// is Jeffreys' divergence (1946).
func PSI(reference, current []float64) float64 {
	var sum float64
	for i, r := range reference {
		if c := current[i]; r != c {
			sum += (r - c) * math.Log(r/c)
		}
	}
	return sum
}

// Binned counts two samples in the same bins. Bins that are empty on both
// sides are left out.
type Binned struct {
	Bins               []string
	Reference, Current []int
}

func (b *Binned) add(name string, reference, current int) {
	if reference == 0 && current == 0 {
		return
	}
	b.Bins = append(b.Bins, name)
	b.Reference = append(b.Reference, reference)
	b.Current = append(b.Current, current)
}

// BinNumbers puts numbers into the deciles of the reference, closed on the
// left, open at both ends of the axis. A reference of at most ten values gets
// a bin for each, and one for values that it never had. NaN is missing, which
// is a bin of its own.
func BinNumbers(reference, current []float64) Binned {
	sorted := sortedFinite(reference)
	var b Binned
	if values := distinct(sorted, PSIBins); values != nil {
		b = binValues(values, sorted, current)
	} else {
		b = binQuantiles(sorted, current)
	}
	b.add("(missing)", len(reference)-len(sorted), countNaN(current))
	return b
}

func binValues(values, reference, current []float64) Binned {
	var b Binned
	seen := map[float64]int{}
	for _, v := range reference {
		seen[v]++
	}
	now, unseen := map[float64]int{}, 0
	for _, v := range current {
		switch {
		case math.IsNaN(v):
		case seen[v] > 0:
			now[v]++
		default:
			unseen++
		}
	}
	for _, v := range values {
		b.add(format(v), seen[v], now[v])
	}
	b.add("(unseen)", 0, unseen)
	return b
}

func binQuantiles(sorted, current []float64) Binned {
	var edges []float64
	for k := 1; k < PSIBins; k++ {
		edge := sorted[k*len(sorted)/PSIBins]
		if edge > sorted[0] && (len(edges) == 0 || edge > edges[len(edges)-1]) {
			edges = append(edges, edge)
		}
	}
	count := func(values []float64) []int {
		n := make([]int, len(edges)+1)
		for _, v := range values {
			if !math.IsNaN(v) {
				k, exact := slices.BinarySearch(edges, v)
				if exact {
					k++
				}
				n[k]++
			}
		}
		return n
	}
	was, is := count(sorted), count(current)
	var b Binned
	for k := range was {
		low, high := "(-inf", "inf)"
		if k > 0 {
			low = "[" + format(edges[k-1])
		}
		if k < len(edges) {
			high = format(edges[k]) + ")"
		}
		b.add(low+","+high, was[k], is[k])
	}
	return b
}

// distinct lists the values of sorted numbers, or nil if there are more than
// limit.
func distinct(sorted []float64, limit int) []float64 {
	values := []float64{}
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			if len(values) == limit {
				return nil
			}
			values = append(values, v)
		}
	}
	return values
}

// BinCategories counts categories: each category of the reference is a bin,
// or the 49 most frequent and the rest where there are more than 50;
// categories that the reference never had and missing values are two more.
func BinCategories(reference, current map[string]int, referenceMissing, currentMissing int) Binned {
	names := slices.SortedFunc(maps.Keys(reference), func(a, b string) int {
		return cmp.Or(cmp.Compare(reference[b], reference[a]), cmp.Compare(a, b))
	})
	names = slices.DeleteFunc(names, func(s string) bool { return reference[s] == 0 })
	var rest []string
	if len(names) > PSICategories {
		names, rest = names[:PSICategories-1], names[PSICategories-1:]
	}
	slices.Sort(names)
	var b Binned
	for _, s := range names {
		b.add(s, reference[s], current[s])
	}
	var was, is int
	for _, s := range rest {
		was, is = was+reference[s], is+current[s]
	}
	b.add("(rest)", was, is)
	unseen := 0
	for s, n := range current {
		if reference[s] == 0 {
			unseen += n
		}
	}
	b.add("(unseen)", 0, unseen)
	b.add("(missing)", referenceMissing, currentMissing)
	return b
}

// PSI is the index of the counts with smoothing; NaN where a side is empty.
func (b Binned) PSI() float64 { return smoothedPSI(b.Reference, b.Current) }

func smoothedPSI(reference, current []int) float64 {
	n, m := total(reference), total(current)
	if n == 0 || m == 0 {
		return math.NaN()
	}
	norm := 1 + PSISmoothing*float64(len(reference))
	var sum float64
	for i := range reference {
		r := (float64(reference[i])/float64(n) + PSISmoothing) / norm
		c := (float64(current[i])/float64(m) + PSISmoothing) / norm
		if r != c {
			sum += (r - c) * math.Log(r/c)
		}
	}
	return sum
}

// Null95 is the 95 % quantile of the index of two samples of one population:
// (1/n + 1/m)·χ² with one degree of freedom less than there are bins
// (Yurdakul and Naranjo, J. Risk Model Validation 14 (2020) 89–100).
func (b Binned) Null95() float64 {
	n, m, k := total(b.Reference), total(b.Current), len(b.Bins)
	if n == 0 || m == 0 {
		return math.NaN()
	}
	if k < 2 {
		return 0
	}
	return (1/float64(n) + 1/float64(m)) * distuv.ChiSquared{K: float64(k - 1)}.Quantile(0.95)
}

func total(counts []int) int {
	var n int
	for _, c := range counts {
		n += c
	}
	return n
}

func countNaN(x []float64) int {
	var n int
	for _, v := range x {
		if math.IsNaN(v) {
			n++
		}
	}
	return n
}

// PSI is the index of the counts with its interval. The index is biased
// upwards by about (1/n+1/m)(k−1), and a bootstrap adds that once more, so its
// quantiles would lie above the truth. Instead the index is read as
// (1/n+1/m) times a non-central χ² and its non-centrality is found by
// inversion, which simulations show to cover well from no drift to a strong
// one. That theory has too little variance where the drift is strong and the
// bins are unlike, so the interval is the union with the basic bootstrap of
// both multinomials; and the upper end is never below the value nor below the
// median of the null, so that an unusually even sample proves nothing.
func (r Resampling) PSI(b Binned) (value float64, i Interval) {
	value = b.PSI()
	n, m, k := total(b.Reference), total(b.Current), len(b.Bins)
	switch {
	case math.IsNaN(value):
		return value, noInterval("chi_squared", "a side has no rows")
	case k < 2:
		return value, r.constantPSI(n, m)
	}
	unit := 1/float64(n) + 1/float64(m)
	tail := (1 - r.Confidence) / 2
	draws := r.psiDraws(b)
	slices.Sort(draws)
	i = Interval{
		Low:    2*value - quantile(draws, 1-tail),
		High:   max(2*value-quantile(draws, tail), value, unit*distuv.ChiSquared{K: float64(k - 1)}.Quantile(0.5)),
		Method: "chi_squared",
		Draws:  r.Draws,
		Detail: "non-central chi-squared by inversion, united with the basic bootstrap",
	}
	if x := value / unit; x <= largestInverted {
		i.Low = min(i.Low, unit*noncentrality(x, k-1, 1-tail))
		i.High = max(i.High, unit*noncentrality(x, k-1, tail))
	}
	i.Low = max(i.Low, 0)
	return value, i
}

// constantPSI bounds the drift of a column that has one value only on both
// sides: there may be as many rows with another value as Clopper and Pearson
// allow of none seen.
func (r Resampling) constantPSI(n, m int) Interval {
	_, p := ClopperPearson(Proportion{0, min(n, m)}, r.Confidence)
	norm := 1 + 2*PSISmoothing
	high := PSI(
		[]float64{(1 + PSISmoothing) / norm, PSISmoothing / norm},
		[]float64{(1 - p + PSISmoothing) / norm, (p + PSISmoothing) / norm},
	)
	return Interval{High: high, Method: "exact", Detail: "one value on both sides: exact bound on the share of others"}
}

// largestInverted bounds the statistic that is inverted; beyond it the
// bootstrap alone is good.
const largestInverted = 400

// noncentrality is the λ at which a non-central χ² with df degrees of freedom
// lies below x with probability p; 0 where even λ = 0 is above.
func noncentrality(x float64, df int, p float64) float64 {
	if noncentralCDF(x, df, 0) <= p {
		return 0
	}
	low, high := 0.0, 1.0
	for noncentralCDF(x, df, high) > p {
		low, high = high, 2*high
	}
	for range 50 {
		mid := (low + high) / 2
		if noncentralCDF(x, df, mid) > p {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// noncentralCDF is the Poisson mixture of central distributions.
func noncentralCDF(x float64, df int, lambda float64) float64 {
	weight, sum := math.Exp(-lambda/2), 0.0
	for j := 0; ; j++ {
		if j > 0 {
			weight *= lambda / 2 / float64(j)
		}
		sum += weight * mathext.GammaIncReg(float64(df)/2+float64(j), x/2)
		if float64(j) > lambda/2 && weight < 1e-12 {
			return sum
		}
	}
}

func (r Resampling) psiDraws(b Binned) []float64 {
	side := func(counts []int) []float64 {
		share := make([]float64, len(counts))
		for i, c := range counts {
			share[i] = float64(c)
		}
		return share
	}
	was, is := side(b.Reference), side(b.Current)
	n, m := total(b.Reference), total(b.Current)
	return simulate(r.Draws, r.Seed, func() func(random) float64 {
		x, y := make([]int, len(was)), make([]int, len(is))
		return func(rng random) float64 {
			multinomial(rng, n, was, x)
			multinomial(rng, m, is, y)
			return smoothedPSI(x, y)
		}
	})
}

func format(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
