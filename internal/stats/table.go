package stats

import (
	"math"
	"strings"
)

// table is a confusion matrix of two classes by weight.
type table struct{ tp, fp, fn, tn float64 }

func (t table) n() float64 { return t.tp + t.fp + t.fn + t.tn }

func (t table) plus(u table) table {
	return table{t.tp + u.tp, t.fp + u.fp, t.fn + u.fn, t.tn + u.tn}
}

// support is the weight of the rows that are of the class.
func (t table) support() float64 { return t.tp + t.fn }

// add counts one row.
func (t *table) add(positive, decided bool, w float64) {
	switch {
	case positive && decided:
		t.tp += w
	case positive:
		t.fn += w
	case decided:
		t.fp += w
	default:
		t.tn += w
	}
}

// formula is a metric of kind Rate or Decision, named without arguments and
// averages, as a function of the table; nil for others. It is NaN where a
// denominator is zero.
//
// F_β = (1+β²)TP/((1+β²)TP+β²FN+FP) (van Rijsbergen 1979); MCC is Matthews'
// correlation (1975), κ is Cohen's (1960): both are undefined where chance
// alone decides.
func formula(stem string, m Metric) func(table) float64 {
	switch stem {
	case "accuracy":
		return func(t table) float64 { return (t.tp + t.tn) / t.n() }
	case "precision":
		return func(t table) float64 { return t.tp / (t.tp + t.fp) }
	case "recall":
		return func(t table) float64 { return t.tp / (t.tp + t.fn) }
	case "specificity":
		return func(t table) float64 { return t.tn / (t.tn + t.fp) }
	case "fpr":
		return func(t table) float64 { return t.fp / (t.tn + t.fp) }
	case "selection_rate":
		return func(t table) float64 { return (t.tp + t.fp) / t.n() }
	case "balanced_accuracy":
		return func(t table) float64 { return (t.tp/(t.tp+t.fn) + t.tn/(t.tn+t.fp)) / 2 }
	case "f1":
		return func(t table) float64 { return 2 * t.tp / (2*t.tp + t.fp + t.fn) }
	case "f_beta":
		b := square(m.number(0))
		return func(t table) float64 { return fBeta(t, b) }
	case "mcc":
		return matthews
	case "cohen_kappa":
		return cohen
	case "cost":
		fp, fn := m.keyed("fp"), m.keyed("fn")
		return func(t table) float64 { return (fp*t.fp + fn*t.fn) / t.n() }
	case "expected_value":
		tp, fp, fn, tn := m.keyed("tp"), m.keyed("fp"), m.keyed("fn"), m.keyed("tn")
		return func(t table) float64 { return (tp*t.tp + fp*t.fp + fn*t.fn + tn*t.tn) / t.n() }
	}
	return nil
}

func fBeta(t table, squaredBeta float64) float64 {
	if t.tp == 0 && t.fn+t.fp > 0 { // where β² leaves the range of numbers, 0 and not NaN
		return 0
	}
	return (1 + squaredBeta) * t.tp / ((1+squaredBeta)*t.tp + squaredBeta*t.fn + t.fp)
}

func matthews(t table) float64 {
	return (t.tp*t.tn - t.fp*t.fn) / (math.Sqrt(t.tp+t.fp) * math.Sqrt(t.tp+t.fn) * math.Sqrt(t.tn+t.fp) * math.Sqrt(t.tn+t.fn))
}

// cohen is 1 − disagreement / disagreement by chance.
func cohen(t table) float64 {
	chance := (t.tp+t.fn)*(t.tn+t.fn) + (t.tn+t.fp)*(t.tp+t.fp)
	return 1 - (t.fp+t.fn)*t.n()/chance
}

// binaryFormula is formula for a metric of a binary task.
func binaryFormula(metric string) func(table) float64 {
	m, ok := Lookup(metric)
	if !ok || !m.For(TaskBinary) {
		return nil
	}
	return formula(m.Base, m)
}

// averages of a metric over classes or labels.
const (
	macro    = "macro"
	micro    = "micro"
	weighted = "weighted"
)

// averaged splits a name such as f_beta_macro into f_beta and macro.
func averaged(base string) (stem, how string, ok bool) {
	for _, how := range []string{macro, micro, weighted} {
		if stem, ok := strings.CutSuffix(base, "_"+how); ok {
			return stem, how, true
		}
	}
	return "", "", false
}

// average is a metric over the tables of several classes: of their sum
// (micro), the mean (macro), or the mean by support (weighted), in which a
// class without rows has no part. It is NaN where one that has a part is NaN.
func average(how string, tables []table, f func(table) float64) float64 {
	var sum, n float64
	switch how {
	case micro:
		var all table
		for _, t := range tables {
			all = all.plus(t)
		}
		return f(all)
	case macro:
		for _, t := range tables {
			sum += f(t)
		}
		return sum / float64(len(tables))
	}
	for _, t := range tables {
		if k := t.support(); k > 0 {
			sum, n = sum+k*f(t), n+k
		}
	}
	return sum / n
}
