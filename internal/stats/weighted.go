package stats

import "math"

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
