package stats

import "math"

// Confusion counts decisions against labels.
type Confusion struct{ TP, FP, TN, FN int }

// Confuse decides every row positive whose score is at least the threshold.
func Confuse(positive []bool, score []float64, threshold float64) Confusion {
	var c Confusion
	for i, y := range positive {
		switch decided := score[i] >= threshold; {
		case y && decided:
			c.TP++
		case y:
			c.FN++
		case decided:
			c.FP++
		default:
			c.TN++
		}
	}
	return c
}

// N is the number of rows.
func (c Confusion) N() int { return c.TP + c.FP + c.TN + c.FN }

// Rate is a metric of kind Rate as a proportion; its N is the metric's
// denominator, such as the positive rows for recall.
func (c Confusion) Rate(metric string) (Proportion, bool) {
	switch metric {
	case "accuracy":
		return Proportion{c.TP + c.TN, c.N()}, true
	case "precision":
		return Proportion{c.TP, c.TP + c.FP}, true
	case "recall":
		return Proportion{c.TP, c.TP + c.FN}, true
	case "specificity":
		return Proportion{c.TN, c.TN + c.FP}, true
	case "fpr":
		return Proportion{c.FP, c.TN + c.FP}, true
	case "selection_rate":
		return Proportion{c.TP + c.FP, c.N()}, true
	}
	return Proportion{}, false
}

// Value is any metric of kind Rate or Decision; NaN where a denominator is
// zero, and for a name that is neither.
func (c Confusion) Value(metric string) float64 {
	return c.by(binaryFormula(metric))
}

// by is a formula's value; NaN where there is no formula.
func (c Confusion) by(f func(table) float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return f(table{tp: float64(c.TP), fp: float64(c.FP), fn: float64(c.FN), tn: float64(c.TN)})
}

func (c Confusion) cells() []int { return []int{c.TP, c.FP, c.TN, c.FN} }

func fromCells(n []int) Confusion { return Confusion{n[0], n[1], n[2], n[3]} }

// DecisionInterval is the BCa interval of a metric of kind Decision, resampled
// over the cells of the table, which is the bootstrap over rows at no cost per
// row; of many rows in every cell it is ABC's, without draws. A table without errors leaves no width; then f1 and balanced_accuracy
// get an exact bound.
func (r Resampling) DecisionInterval(c Confusion, metric string) Interval {
	f := binaryFormula(metric)
	of := func(n [][]int) float64 { return fromCells(n[0]).by(f) }
	if tables := [][]int{c.cells()}; countsAreMany(tables) {
		return smoothCells(tables, of).interval(r.Confidence)
	}
	i := r.Cells([][]int{c.cells()}, of)
	if !i.Degenerate {
		return i
	}
	alpha := 1 - r.Confidence
	switch {
	case metric == "f1" && c.TP > 0:
		// F1 = 2J/(1+J) rises with the Jaccard index J = TP/(TP+FP+FN), a
		// proportion of the rows that are not true negatives.
		low, high := ClopperPearson(Proportion{c.TP, c.TP + c.FP + c.FN}, r.Confidence)
		i.Low, i.High, i.Method = 2*low/(1+low), 2*high/(1+high), "clopper_pearson"
		i.Detail = "no errors to resample: exact bound through the Jaccard index"
	case metric == "balanced_accuracy" && c.TP+c.FN > 0 && c.TN+c.FP > 0:
		// Bonferroni: each of recall and specificity at half of alpha.
		recall, _ := c.Rate("recall")
		specificity, _ := c.Rate("specificity")
		rl, rh := ClopperPearson(recall, 1-alpha/2)
		sl, sh := ClopperPearson(specificity, 1-alpha/2)
		i.Low, i.High, i.Method = (rl+sl)/2, (rh+sh)/2, "clopper_pearson"
		i.Detail = "no errors to resample: mean of the exact bounds of recall and specificity, each at half the error"
	}
	return i
}

// DecisionGap is the interval of by how much a metric of kind Decision is worse
// on a part of the rows than on all of them, as compare says; the part and the
// rest are resampled apart.
func (r Resampling) DecisionGap(all, part Confusion, m Metric, compare func(all, part float64) float64) Interval {
	f := binaryFormula(m.Name)
	rest := Confusion{all.TP - part.TP, all.FP - part.FP, all.TN - part.TN, all.FN - part.FN}
	tables := [][]int{part.cells(), rest.cells()}
	of := func(n [][]int) float64 {
		p, q := fromCells(n[0]), fromCells(n[1])
		return compare(Confusion{p.TP + q.TP, p.FP + q.FP, p.TN + q.TN, p.FN + q.FN}.by(f), p.by(f))
	}
	if straight := m.Better == More || m.Better == Less; straight && countsAreMany(tables) {
		return smoothCells(tables, of).interval(r.Confidence)
	}
	return r.Cells(tables, of)
}

// DecisionPaired is the BCa interval of a comparison of two models on the same
// rows, resampled over the eight cells of label and both decisions.
func (r Resampling) DecisionPaired(positive, first, second []bool, f func(first, second Confusion) float64) Interval {
	cells := make([]int, 8)
	for i, y := range positive {
		k := 0
		for b, is := range []bool{y, first[i], second[i]} {
			if is {
				k |= 4 >> b
			}
		}
		cells[k]++
	}
	return r.Cells([][]int{cells}, func(n [][]int) float64 {
		c := n[0]
		return f(
			Confusion{TP: c[6] + c[7], FN: c[4] + c[5], FP: c[2] + c[3], TN: c[0] + c[1]},
			Confusion{TP: c[5] + c[7], FN: c[4] + c[6], FP: c[1] + c[3], TN: c[0] + c[2]},
		)
	})
}
