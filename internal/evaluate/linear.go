package evaluate

import (
	"fmt"
	"math"

	"github.com/weighlock/weighlock/internal/table"
)

// linear says of each row what ordinary least squares on the training data's
// columns of numbers says; columns that both tables have, and a cell without a
// number counts as the column's mean.
func (w *work) linear() (*opponent, string) {
	if w.train == nil || w.trainTruth == nil || w.trainTruth.missing > 0 {
		return nil, "linear needs training data in which every row has its label"
	}
	var names []string
	for _, name := range features(w.Spec, w.test, w.train, w.scored) {
		if isNumber(w.test, name) && isNumber(w.train, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, "linear needs columns of numbers that training and test data have in common"
	}
	fitted := make([][]float64, len(names))
	rows := make([][]float64, len(names))
	for k, name := range names {
		train, _ := w.train.Float64s(name)
		test, _ := w.test.Float64s(name)
		centre := meanFinite(train)
		fitted[k], rows[k] = filled(train, centre), take(filled(test, centre), w.all.rows)
	}
	intercept, slope := leastSquares(fitted, w.trainTruth.value)
	o := &opponent{said: &predicted{score: make([]float64, w.all.n())}}
	used := 0
	for i := range o.said.score {
		o.said.score[i] = intercept
	}
	for k, b := range slope {
		if b != 0 {
			used++
		}
		for i, v := range rows[k] {
			o.said.score[i] += b * v
		}
	}
	for _, v := range o.said.score {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, "linear has no solution in finite numbers"
		}
	}
	o.note = fmt.Sprintf("every row gets the least squares of %d training columns", used)
	return o, ""
}

func isNumber(t *table.Table, name string) bool {
	c, err := t.Column(name)
	return err == nil && c.Kind == table.Number
}

func meanFinite(x []float64) float64 {
	var sum, n float64
	for _, v := range x {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// filled has the centre in the place of what is no finite number.
func filled(x []float64, centre float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		if out[i] = v; math.IsNaN(v) || math.IsInf(v, 0) {
			out[i] = centre
		}
	}
	return out
}

// independent is the part of a column's length that must be left once the
// columns before it are taken out, for it to say something of its own.
const independent = 1e-7

// leastSquares fits y by intercept and slopes, through Gram and Schmidt's
// orthogonal columns, each projected twice (Björck, Numerical Methods for Least
// Squares Problems, 1996, section 2.4.5). A column that the ones before it make
// up has slope 0.
func leastSquares(columns [][]float64, y []float64) (intercept float64, slope []float64) {
	n := len(y)
	centre := make([]float64, len(columns))
	slope = make([]float64, len(columns))
	var kept []int
	var basis, r [][]float64 // r[j] are the parts of kept column j along the basis
	for k, column := range columns {
		centre[k] = meanFinite(column)
		v := make([]float64, n)
		for i, x := range column {
			v[i] = x - centre[k]
		}
		length := norm(v)
		along := make([]float64, len(basis)+1)
		for range 2 {
			for j, q := range basis {
				d := dot(q, v)
				along[j] += d
				for i := range v {
					v[i] -= d * q[i]
				}
			}
		}
		rest := norm(v)
		if !(rest > independent*length) || math.IsInf(rest, 0) {
			continue
		}
		for i := range v {
			v[i] /= rest
		}
		along[len(basis)] = rest
		kept, basis, r = append(kept, k), append(basis, v), append(r, along)
	}
	mean := meanFinite(y)
	part := make([]float64, len(basis)) // of y along the basis
	left := make([]float64, n)
	for i, v := range y {
		left[i] = v - mean
	}
	for j, q := range basis {
		part[j] = dot(q, left)
	}
	for j := len(kept) - 1; j >= 0; j-- {
		b := part[j]
		for l := j + 1; l < len(kept); l++ {
			b -= r[l][j] * slope[kept[l]]
		}
		slope[kept[j]] = b / r[j][j]
	}
	intercept = mean
	for k, b := range slope {
		intercept -= b * centre[k]
	}
	return intercept, slope
}

func dot(a, b []float64) float64 {
	var sum float64
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func norm(v []float64) float64 { return math.Sqrt(dot(v, v)) }
