package stats

import "math"

// LogLoss is each row's negative log likelihood of the class that happened,
// as LogLosses has it, and Expected what it would be on average if the
// probabilities were right: their entropy, natural logarithm (Shannon 1948).
func (c Classes) LogLoss() (loss, expected []float64) {
	loss, _ = c.logLosses()
	expected = make([]float64, c.Len())
	k := len(c.Names)
	for i := range expected {
		for _, p := range c.Prob[i*k : (i+1)*k] {
			if p > 0 {
				expected[i] -= p * math.Log(p)
			}
		}
	}
	return loss, expected
}

// NDCG is, for each row, the nDCG of its whole query, and how many rows the
// query has; NaN where none of them is relevant.
func (q Queries) NDCG() (gain, length []float64) {
	gain, length = make([]float64, q.Len()), make([]float64, q.Len())
	for _, rows := range q.groups() {
		v := normalizedGain(q.levels(rows), len(rows))
		for _, row := range rows {
			gain[row], length[row] = v, float64(len(rows))
		}
	}
	return gain, length
}
