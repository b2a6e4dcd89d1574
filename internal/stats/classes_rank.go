package stats

import "math"

// ranked is the area under the ROC curve for several classes: of one class
// against the rest, their mean, or the mean over pairs of classes. The mean is
// plain (macro) or by the rows of the class, or of both of a pair (weighted),
// in which a class without rows has no part. One against one is Hand and
// Till's M (Machine Learning 45 (2001) 171–186): of each pair, the mean of both
// classes' scores, on the rows of the two. NaN where a class that has a part,
// or what it is set against, has no rows.
func (c Classes) ranked(m Metric) (estimate, error) {
	if err := c.scored(m); err != nil {
		return nil, err
	}
	switch m.Base {
	case "roc_auc":
		at, err := indexOf("class", c.Names, m.Args[0])
		if err != nil {
			return nil, err
		}
		return rankOf(c.oneAgainst(at, nil)), nil
	case "roc_auc_ovo_macro", "roc_auc_ovo_weighted":
		return c.oneVersusOne(m.Base == "roc_auc_ovo_weighted"), nil
	}
	return c.oneVersusRest(m.Base == "roc_auc_ovr_weighted"), nil
}

// oneAgainst are the rows at some places by their score of a class.
func (c Classes) oneAgainst(class int, at []int32) ties {
	positive, score := make([]bool, c.Len()), make([]float64, c.Len())
	for i, y := range c.Label {
		positive[i] = int(y) == class
		score[i] = c.Prob[i*len(c.Names)+class]
	}
	return tied(positive, score, at)
}

// part is an estimate that a mean is made of, and what it counts there.
type part struct {
	value  estimate
	weight float64
}

func (c Classes) oneVersusRest(byRows bool) estimate {
	each := make([]estimate, len(c.Names))
	for class := range each {
		each[class] = rankOf(c.oneAgainst(class, nil))
	}
	return func(w []float64) float64 {
		rows := c.rowsOf(w)
		return meanOfParts(byRows, len(each), func(i int) part { return part{each[i], rows[i]} }, w)
	}
}

func (c Classes) oneVersusOne(byRows bool) estimate {
	type pair struct {
		a, b          int
		first, second estimate
	}
	var pairs []pair
	for a := range c.Names {
		for b := range a {
			var at []int32
			for i, y := range c.Label {
				if int(y) == a || int(y) == b {
					at = append(at, int32(i))
				}
			}
			if at == nil {
				at = []int32{}
			}
			pairs = append(pairs, pair{a, b, rankOf(c.oneAgainst(a, at)), rankOf(c.oneAgainst(b, at))})
		}
	}
	return func(w []float64) float64 {
		rows := c.rowsOf(w)
		return meanOfParts(byRows, len(pairs), func(i int) part {
			p := pairs[i]
			both := func(w []float64) float64 { return (p.first(w) + p.second(w)) / 2 }
			return part{both, rows[p.a] + rows[p.b]}
		}, w)
	}
}

// rowsOf is the weight of each class's rows.
func (c Classes) rowsOf(w []float64) []float64 {
	rows := make([]float64, len(c.Names))
	for i, y := range c.Label {
		rows[y] += w[i]
	}
	return rows
}

// meanOfParts is their mean, plain or by what they count, where one that counts
// nothing has no part.
func meanOfParts(byRows bool, n int, at func(int) part, w []float64) float64 {
	var sum, all float64
	for i := range n {
		p := at(i)
		if !byRows {
			p.weight = 1
		}
		if p.weight == 0 {
			continue
		}
		v := p.value(w)
		if math.IsNaN(v) {
			return nan
		}
		sum, all = sum+p.weight*v, all+p.weight
	}
	return sum / all
}
