package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Kish is the effective sample size of weighted rows, (Σw)²/Σw² (Kish, Survey
// Sampling, 1965): the number of equal rows that tell as much. It is NaN
// without weight, and where a weight is negative or no finite number.
func Kish(weight []float64) float64 {
	var sum, squares float64
	for _, w := range weight {
		if !(w >= 0) || math.IsInf(w, 1) {
			return math.NaN()
		}
		sum, squares = sum+w, squares+w*w
	}
	return sum * sum / squares
}

// WeightedMean is Σwx/Σw, each row's weight times how often it is drawn; NaN
// where Kish is. Rows of weight 0 do not count, whatever their value is.
func WeightedMean(x, weight []float64) Statistic {
	if math.IsNaN(Kish(weight)) {
		return func([]int32) float64 { return math.NaN() }
	}
	return func(times []int32) float64 {
		var sum, n float64
		for i, w := range weight {
			if times != nil {
				w *= float64(times[i])
			}
			if w > 0 {
				sum, n = sum+w*x[i], n+w
			}
		}
		return sum / n
	}
}

// WeightedRate is the weighted share of successes with the number of equal
// rows that would know it as well, and Wilson's interval for that number: the
// share's binomial variance over its linearised one (Franco, Little, Louis and
// Slud, J. Surv. Stat. Methodol. 7 (2019) 334–364), at most the number of rows.
//
// Where all rows of weight are alike there is no variance to estimate, and
// the ends are Clopper and Pearson's for Kish's number (Korn and Graubard,
// Surv. Methodol. 24 (1998) 193–201). They are approximate, and so degenerate.
func WeightedRate(success []bool, weight []float64, confidence float64) (share, effective float64, i Interval) {
	effective = Kish(weight)
	if math.IsNaN(effective) {
		return math.NaN(), effective, noInterval("wilson_weighted", "no usable weights")
	}
	outcome := make([]float64, len(success))
	for k, is := range success {
		if is {
			outcome[k] = 1
		}
	}
	share = WeightedMean(outcome, weight)(nil)
	var sum, v, n float64
	for k, w := range weight {
		sum += w
		v += square(w * (outcome[k] - share))
		if w > 0 {
			n++
		}
	}
	if share == 0 || share == 1 || v == 0 {
		return share, effective, kornGraubard(share, effective, confidence)
	}
	v *= n / (n - 1) / (sum * sum)
	effective = min(share*(1-share)/v, n)
	low, high := wilsonEnds(share, effective, confidence)
	return share, effective, Interval{Low: low, High: high, Method: "wilson_weighted"}
}

func kornGraubard(share, effective, confidence float64) Interval {
	tail := (1 - confidence) / 2
	i := Interval{Low: 0, High: 1, Method: "korn_graubard", Degenerate: true, Detail: fmt.Sprintf("all weighted rows are alike: Clopper and Pearson's ends for an effective sample size of %.4g", effective)}
	if share == 0 {
		i.High = distuv.Beta{Alpha: 1, Beta: effective}.Quantile(1 - tail)
	} else {
		i.Low = distuv.Beta{Alpha: effective, Beta: 1}.Quantile(tail)
	}
	return i
}

// WeightedDeLong is the area under the ROC curve over weighted rows: the
// weighted share of pairs that are ordered right, ties half. The interval is
// DeLong's with each row's component weighted by its share of its class, and
// the class's correction for small samples. Where the components do not vary
// there is no interval.
func WeightedDeLong(positive []bool, score, weight []float64, confidence float64) (auc float64, i Interval) {
	if math.IsNaN(Kish(weight)) {
		return math.NaN(), noInterval("delong_weighted", "no usable weights")
	}
	p := placeWeighted(positive, score, weight)
	if !(p.positives > 0 && p.negatives > 0) {
		return math.NaN(), noInterval("delong_weighted", "one class only")
	}
	for k, y := range positive {
		if y {
			auc += weight[k] / p.positives * p.component[k]
		}
	}
	var v [2]float64
	var n [2]float64
	for k, y := range positive {
		class, sum := 0, p.negatives
		if y {
			class, sum = 1, p.positives
		}
		v[class] += square(weight[k] / sum * (p.component[k] - auc))
		if weight[k] > 0 {
			n[class]++
		}
	}
	total := v[0]*n[0]/(n[0]-1) + v[1]*n[1]/(n[1]-1)
	if !(total > 1e-18) || auc <= 0 || auc >= 1 {
		return auc, noInterval("delong_weighted", "no variance to estimate")
	}
	half := z(confidence) * math.Sqrt(total)
	return auc, Interval{Low: max(auc-half, 0), High: min(auc+half, 1), Method: "delong_weighted"}
}

// weightedPlacements hold each row's component: for a positive the share of
// the negatives' weight below it, for a negative that of the positives' above.
type weightedPlacements struct {
	component            []float64
	positives, negatives float64 // their weight
}

func placeWeighted(positive []bool, score, weight []float64) weightedPlacements {
	p := weightedPlacements{component: make([]float64, len(score))}
	for k, y := range positive {
		if y {
			p.positives += weight[k]
		} else {
			p.negatives += weight[k]
		}
	}
	order := ranking(score)
	var passed, below float64 // weight of positives and of negatives
	for from, to := 0, 0; from < len(order); from = to {
		var tp, tn float64
		for to = from; to < len(order) && score[order[to]] == score[order[from]]; to++ {
			if row := order[to]; positive[row] {
				tp += weight[row]
			} else {
				tn += weight[row]
			}
		}
		for _, row := range order[from:to] {
			if positive[row] {
				p.component[row] = (below + tn/2) / p.negatives
			} else {
				p.component[row] = (p.positives - passed - tp/2) / p.positives
			}
		}
		passed, below = passed+tp, below+tn
	}
	return p
}
