package stats

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// classTables are the tables of all classes by decision, without the true
// negatives.
func classTables(label, decided []int32, classes int, w []float64) []table {
	t := make([]table, classes)
	for i, y := range label {
		if d := decided[i]; d == y {
			t[y].tp += w[i]
		} else {
			t[y].fn += w[i]
			t[d].fp += w[i]
		}
	}
	return t
}

// decision is a metric of decided classes; nil if it is none.
//
// balanced_accuracy is the mean of the classes' recall. mcc is Gorodkin's R_K
// (Comput. Biol. Chem. 28 (2004) 367–374), cohen_kappa Cohen's (1960).
// Averages are over all named classes: micro of their counts, macro of their
// values, weighted by their labelled rows. Where a class that has a part has no
// value (one that is never decided has no precision), there is no average.
func (c Classes) decision(m Metric) (estimate, error) {
	if m.Base == "accuracy" {
		return meanOf(c.right()), nil
	}
	decided, k := c.decided(), len(c.Names)
	over := func(f func([]table) float64) (estimate, error) {
		return func(w []float64) float64 { return f(classTables(c.Label, decided, k, w)) }, nil
	}
	switch m.Base {
	case "balanced_accuracy":
		return over(func(t []table) float64 { return average(macro, t, formula("recall", m)) })
	case "mcc":
		return over(matthewsOfClasses)
	case "cohen_kappa":
		return over(cohenOfClasses)
	}
	if stem, how, ok := averaged(m.Base); ok {
		if f := formula(stem, m); f != nil {
			return over(func(t []table) float64 { return average(how, t, f) })
		}
	}
	if f := formula(m.Base, m); f != nil && len(m.Args) == 1 {
		return c.ofClass(m, decided, f)
	}
	return nil, nil
}

// ofClass is a formula over the table of one class against the rest.
func (c Classes) ofClass(m Metric, decided []int32, f func(table) float64) (estimate, error) {
	at, err := indexOf("class", c.Names, m.Args[0])
	if err != nil {
		return nil, err
	}
	class := int32(at)
	return func(w []float64) float64 {
		var t table
		for i, k := range w {
			t.add(c.Label[i] == class, decided[i] == class, k)
		}
		return f(t)
	}, nil
}

func indexOf(what string, names []string, name string) (int, error) {
	at := slices.Index(names, name)
	if at < 0 {
		return 0, fmt.Errorf("no %s %q; they are %s", what, name, strings.Join(names, ", "))
	}
	return at, nil
}

// marginals are the weights of the rows that are labelled and decided as each
// class.
func marginals(tables []table) (labelled, decided []float64) {
	for _, t := range tables {
		labelled, decided = append(labelled, t.tp+t.fn), append(decided, t.tp+t.fp)
	}
	return labelled, decided
}

// apart is Σ x_i·y_j over all i ≠ j, which is exactly 0 where both have only
// the same one class.
func apart(x, y []float64) float64 {
	after := make([]float64, len(y)+1)
	for i := len(y) - 1; i >= 0; i-- {
		after[i] = after[i+1] + y[i]
	}
	var sum, before float64
	for i, v := range x {
		sum += v * (before + after[i+1])
		before += y[i]
	}
	return sum
}

func matthewsOfClasses(tables []table) float64 {
	labelled, decided := marginals(tables)
	var n, covariance float64
	for _, v := range labelled {
		n += v
	}
	for i, t := range tables {
		covariance += t.tp*n - labelled[i]*decided[i]
	}
	return covariance / (math.Sqrt(apart(labelled, labelled)) * math.Sqrt(apart(decided, decided)))
}

func cohenOfClasses(tables []table) float64 {
	labelled, decided := marginals(tables)
	var n, wrong float64
	for i, t := range tables {
		n, wrong = n+labelled[i], wrong+t.fn
	}
	return 1 - wrong*n/apart(labelled, decided)
}

// Confusion is the confusion matrix by weight: of rows of class i that are
// decided as class j at i·len(Names)+j.
func (c Classes) Confusion() ([]float64, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	r, err := weigh(c.Len(), c.Weight)
	if err != nil {
		return nil, err
	}
	w := make([]float64, c.Len())
	r.fill(w, nil)
	cells := make([]float64, len(c.Names)*len(c.Names))
	for i, d := range c.decided() {
		cells[int(c.Label[i])*len(c.Names)+int(d)] += w[i] * r.unit
	}
	return cells, nil
}
