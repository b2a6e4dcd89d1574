package stats

import "math"

// logisticSteps bounds Newton's method, which takes about ten.
const logisticSteps = 200

// rounding is how far a likelihood may seem to fall at its maximum.
const rounding = 1e-12

// logistic is the maximum likelihood of log odds α + β·x; NaN where there is
// none.
func logistic(positive []bool, x, w []float64) (alpha, beta float64) {
	if !overlapping(positive, x, w) {
		return math.NaN(), math.NaN()
	}
	// On x with mean 0 and deviation 1 the steps do not depend on its scale.
	centre := meanOf(x)(w)
	deviations := make([]float64, len(x))
	for i, v := range x {
		deviations[i] = v - centre
	}
	squares := make([]float64, len(x))
	for i, d := range deviations {
		squares[i] = d * d
	}
	scale := math.Sqrt(meanOf(squares)(w))
	for i := range deviations {
		deviations[i] /= scale
	}
	a, b, ok := newton(positive, deviations, w)
	if !ok {
		return math.NaN(), math.NaN()
	}
	return a - b*centre/scale, b / scale
}

// overlapping says whether the likelihood has a maximum: neither class lies
// wholly on one side of the other, ends included (Albert and Anderson,
// Biometrika 71 (1984) 1–10).
func overlapping(positive []bool, x, w []float64) bool {
	low := [2]float64{math.Inf(1), math.Inf(1)}
	high := [2]float64{math.Inf(-1), math.Inf(-1)}
	for i, v := range x {
		if w[i] == 0 {
			continue
		}
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
		c := 0
		if positive[i] {
			c = 1
		}
		low[c], high[c] = min(low[c], v), max(high[c], v)
	}
	return high[0] > low[1] && high[1] > low[0]
}

// newton climbs to the maximum from the prior odds, halving steps that lead
// down.
func newton(positive []bool, x, w []float64) (a, b float64, ok bool) {
	var pos, neg float64
	for i, k := range w {
		if positive[i] {
			pos += k
		} else {
			neg += k
		}
	}
	a = math.Log(pos / neg)
	at := likelihood(positive, x, w, a, b)
	for range logisticSteps {
		da, db := newtonStep(positive, x, w, a, b)
		next := likelihood(positive, x, w, a+da, b+db)
		for k := 0; !(next >= at-rounding*math.Abs(at)) && k < 60; k++ {
			da, db = da/2, db/2
			next = likelihood(positive, x, w, a+da, b+db)
		}
		if math.IsNaN(da) || math.IsNaN(db) {
			return a, b, false
		}
		a, b, at = a+da, b+db, next
		if math.Abs(da) <= 1e-10*(1+math.Abs(a)) && math.Abs(db) <= 1e-10*(1+math.Abs(b)) {
			return a, b, true
		}
	}
	return a, b, false
}

func likelihood(positive []bool, x, w []float64, a, b float64) float64 {
	var sum float64
	for i, k := range w {
		if k == 0 {
			continue
		}
		eta := a + b*x[i]
		if positive[i] {
			eta = -eta
		}
		sum -= k * (max(eta, 0) + math.Log1p(math.Exp(-math.Abs(eta)))) // log(1 + e^eta)
	}
	return sum
}

// newtonStep solves the second derivatives for the first ones.
func newtonStep(positive []bool, x, w []float64, a, b float64) (da, db float64) {
	var ga, gb, haa, hab, hbb float64
	for i, k := range w {
		if k == 0 {
			continue
		}
		p := 1 / (1 + math.Exp(-(a + b*x[i])))
		g := -p
		if positive[i] {
			g = 1 - p
		}
		h := k * p * (1 - p)
		ga, gb = ga+k*g, gb+k*g*x[i]
		haa, hab, hbb = haa+h, hab+h*x[i], hbb+h*x[i]*x[i]
	}
	det := haa*hbb - hab*hab
	return (hbb*ga - hab*gb) / det, (haa*gb - hab*ga) / det
}
