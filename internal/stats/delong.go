package stats

import (
	"fmt"
	"math"
)

// AUC is the area under the ROC curve: the chance that a positive row scores
// above a negative one, ties half. NaN where a class is missing.
func AUC(positive []bool, score []float64) float64 { return countPairs(positive, score).auc() }

// DeLong is the interval of the area under the ROC curve by DeLong, DeLong
// and Clarke-Pearson (Biometrics 44 (1988) 837–845), a normal interval cut to
// [0, 1], in O(n log n) by placements as in Sun and Xu (IEEE Signal Process.
// Lett. 21 (2014) 1389–1393).
//
// Where the placements do not vary (all ranked right, all wrong, all tied)
// there is an exact conservative bound instead: take k = min(positives,
// negatives) disjoint pairs, independent of each other.
func DeLong(positive []bool, score []float64, confidence float64) (auc float64, i Interval) {
	return countPairs(positive, score).deLong(confidence)
}

func (p pairCount) deLong(confidence float64) (auc float64, i Interval) {
	auc = p.auc()
	if math.IsNaN(auc) {
		return auc, noInterval("delong", "one class only")
	}
	v := p.variance()
	if k := min(p.positives, p.negatives); k < 2 || v <= 1e-18 || auc == 0 || auc == 1 {
		return auc, pairsBound(auc, k, confidence)
	}
	half := z(confidence) * math.Sqrt(v)
	return auc, Interval{Low: max(auc-half, 0), High: min(auc+half, 1), Method: "delong"}
}

// pairsBound holds for k independent pairs of a positive and a negative row:
// binomial where all agree, Hoeffding's inequality (1963) where some tie.
func pairsBound(auc float64, k int, confidence float64) Interval {
	i := Interval{Degenerate: true}
	if auc == 0 || auc == 1 {
		i.Low, i.High = ClopperPearson(Proportion{int(auc) * k, k}, confidence)
		i.Method = "clopper_pearson"
		i.Detail = fmt.Sprintf("all pairs ordered alike: exact bound from %d disjoint pairs", k)
		return i
	}
	half := math.Sqrt(math.Log(2/(1-confidence)) / (2 * float64(k)))
	i.Low, i.High, i.Method = max(auc-half, 0), min(auc+half, 1), "hoeffding"
	i.Detail = fmt.Sprintf("no variance to estimate: Hoeffding's bound from %d disjoint pairs", k)
	return i
}

// DeLongPaired is the difference of two areas on the same rows, first minus
// second, with DeLong's interval cut to [−1, 1].
func DeLongPaired(positive []bool, first, second []float64, confidence float64) (diff float64, i Interval) {
	a, b := place(positive, first), place(positive, second)
	diff = a.auc() - b.auc()
	if math.IsNaN(diff) {
		return diff, noInterval("delong", "one class only")
	}
	d10, d01 := minus(a.v10, b.v10), minus(a.v01, b.v01)
	v := variance(d10)/float64(len(d10)) + variance(d01)/float64(len(d01))
	k := min(len(d10), len(d01))
	if k < 2 || v <= 1e-18 {
		half := 2 * math.Sqrt(math.Log(2/(1-confidence))/(2*float64(k)))
		return diff, Interval{
			Low: max(diff-half, -1), High: min(diff+half, 1), Method: "hoeffding", Degenerate: true,
			Detail: fmt.Sprintf("no variance to estimate: Hoeffding's bound from %d disjoint pairs", k),
		}
	}
	half := z(confidence) * math.Sqrt(v)
	return diff, Interval{Low: max(diff-half, -1), High: min(diff+half, 1), Method: "delong"}
}

// DeLongGap is the area over all rows minus that over the marked ones. Both
// are made of the same rows, so the variance is that of each row's influence
// on the difference (the sums of DeLong's components), with the marked part's
// correction for small samples.
func DeLongGap(positive []bool, score []float64, marked []bool, confidence float64) (gap float64, i Interval) {
	var insideY []bool
	var insideS []float64
	for k, in := range marked {
		if in {
			insideY, insideS = append(insideY, positive[k]), append(insideS, score[k])
		}
	}
	all, part := place(positive, score), place(insideY, insideS)
	whole, here := all.auc(), part.auc()
	gap = whole - here
	if math.IsNaN(gap) {
		return gap, noInterval("delong", "one class only")
	}
	m, n := len(part.v10), len(part.v01)
	if m < 2 || n < 2 {
		return gap, noInterval("delong", "one row of a class only")
	}
	var pos, neg, inPos, inNeg int
	var v10, v01 float64
	for k, y := range positive {
		var d float64
		if y {
			d = (all.v10[pos] - whole) / float64(len(all.v10))
			if marked[k] {
				d -= (part.v10[inPos] - here) / float64(m)
				inPos++
			}
			v10 += d * d
			pos++
			continue
		}
		d = (all.v01[neg] - whole) / float64(len(all.v01))
		if marked[k] {
			d -= (part.v01[inNeg] - here) / float64(n)
			inNeg++
		}
		v01 += d * d
		neg++
	}
	v := v10*float64(m)/float64(m-1) + v01*float64(n)/float64(n-1)
	if v <= 1e-18 {
		return gap, noInterval("delong", "no variance to estimate")
	}
	half := z(confidence) * math.Sqrt(v)
	return gap, Interval{Low: max(gap-half, -1), High: min(gap+half, 1), Method: "delong"}
}

// placements hold, for every positive row, the share of negatives below it
// (v10), and for every negative row, the share of positives above it (v01),
// ties half, in the order of the rows.
type placements struct{ v10, v01 []float64 }

func (p placements) auc() float64 {
	if len(p.v10) == 0 || len(p.v01) == 0 {
		return math.NaN()
	}
	return mean(p.v10)
}

func place(positive []bool, score []float64) placements {
	order := ranking(score)
	var m, n int
	slot := make([]int, len(score)) // index of the row within its class
	for i, y := range positive {
		if y {
			slot[i] = m
			m++
		} else {
			slot[i] = n
			n++
		}
	}
	p := placements{make([]float64, m), make([]float64, n)}
	above, below := float64(m), 0.0 // positives not yet passed, negatives passed
	for from, to := 0, 0; from < len(order); from = to {
		var tp, tn float64
		for to = from; to < len(order) && score[order[to]] == score[order[from]]; to++ {
			if positive[order[to]] {
				tp++
			} else {
				tn++
			}
		}
		for _, row := range order[from:to] {
			if positive[row] {
				p.v10[slot[row]] = (below + tn/2) / float64(n)
			} else {
				p.v01[slot[row]] = (above - tp/2) / float64(m)
			}
		}
		above, below = above-tp, below+tn
	}
	return p
}

func minus(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// variance is the unbiased one; 0 for a single value, which callers refuse.
func variance(x []float64) float64 {
	if len(x) < 2 {
		return 0
	}
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += square(v - m)
	}
	return sum / float64(len(x)-1)
}
