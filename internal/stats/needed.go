package stats

import "math"

// maxNeeded bounds a sample size that is worth saying.
const maxNeeded = 1e12

// Needed is the least N at which the proportion's interval, at the same
// value, would meet a limit that the value itself meets: Wilson's end passes
// L where n ≥ z²·L(1−L)/(p−L)². It is false where no N would do.
func (p Proportion) Needed(limit, confidence float64) (n int, ok bool) {
	if p.N == 0 || limit <= 0 || limit >= 1 {
		return 0, false
	}
	distance := p.Value() - limit
	need := square(z(confidence)) * limit * (1 - limit) / square(distance)
	switch tail := math.Log((1 - confidence) / 2); p.X {
	case p.N:
		need = tail / math.Log(limit)
	case 0:
		need = tail / math.Log1p(-limit)
	}
	return whole(need)
}

// Needed is the n at which an interval whose end lies at end on n rows would
// end at limit, if the value stays and the width shrinks with the root of n.
func Needed(n int, value, end, limit float64) (int, bool) {
	return whole(float64(n) * square((end-value)/(limit-value)))
}

// NeededNull is the n at which a statistic's null quantile would come down to
// the value, where it falls as n to the given power: 1 for the population
// stability index, ½ for differences and calibration errors.
func NeededNull(n int, value, null, power float64) (int, bool) {
	return whole(float64(n) * math.Pow(null/value, 1/power))
}

func whole(n float64) (int, bool) {
	if !(n > 0 && n < maxNeeded) {
		return 0, false
	}
	return int(math.Ceil(n - 1e-9)), true
}
