package main

import (
	"errors"
	"math"
)

// fit finds the weights that make the labels likeliest, less a penalty on
// their squares, by Newton's method. The first column is the intercept, which
// is not penalised. It returns the mean negative log likelihood beside them.
func fit(x [][]float64, y []float64, iterations int, ridge float64) ([]float64, float64, error) {
	w := make([]float64, len(x[0]))
	for range iterations {
		gradient, curvature := slopes(x, y, w)
		for j := 1; j < len(w); j++ {
			gradient[j] -= ridge * w[j]
			curvature[j][j] += ridge
		}
		step, err := solve(curvature, gradient)
		if err != nil {
			return nil, 0, err
		}
		for j := range w {
			w[j] += step[j]
		}
	}
	loss := 0.0
	for i, row := range x {
		z := dot(row, w)
		loss += math.Log1p(math.Exp(-z)) + (1-y[i])*z
	}
	return w, loss / float64(len(x)), nil
}

// slopes is the log likelihood's gradient and the negative of its Hessian.
func slopes(x [][]float64, y, w []float64) (gradient []float64, curvature [][]float64) {
	gradient = make([]float64, len(w))
	curvature = make([][]float64, len(w))
	for j := range curvature {
		curvature[j] = make([]float64, len(w))
	}
	for i, row := range x {
		p := 1 / (1 + math.Exp(-dot(row, w)))
		for j, a := range row {
			gradient[j] += (y[i] - p) * a
			for k, b := range row[:j+1] {
				curvature[j][k] += p * (1 - p) * a * b
			}
		}
	}
	return gradient, curvature
}

// solve solves a·s = b by Cholesky's method; of a, which is symmetric, it
// reads and overwrites the lower half.
func solve(a [][]float64, b []float64) ([]float64, error) {
	for j := range a {
		for k := 0; k <= j; k++ {
			sum := a[j][k] - dot(a[j][:k], a[k][:k])
			if k < j {
				a[j][k] = sum / a[k][k]
				continue
			}
			if !(sum > 0) {
				return nil, errors.New("two features say the same: leave one out, or raise ridge")
			}
			a[j][j] = math.Sqrt(sum)
		}
	}
	s := make([]float64, len(b))
	for j := range s {
		s[j] = (b[j] - dot(a[j][:j], s[:j])) / a[j][j]
	}
	for j := len(s) - 1; j >= 0; j-- {
		for k := j + 1; k < len(s); k++ {
			s[j] -= a[k][j] * s[k]
		}
		s[j] /= a[j][j]
	}
	return s, nil
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}
