package stats

import (
	"fmt"
	"math"
)

// Null is the quantiles of a calibration metric over draws in which the
// sample's probabilities are true, at its rows and weights: what chance alone
// makes of it. Of more than 100,000 rows a seeded part is drawn, and the
// quantiles are scaled to all of them: brier_reliability falls as their
// number, the others as its root. They are NaN without rows.
func (b Binary) Null(r Resampling, m Metric, quantiles ...float64) ([]float64, error) {
	if m.Kind != Calibration || !m.For(TaskBinary) {
		return nil, fmt.Errorf("metric %q is not one of calibration; they are %s", m.Name, namesOf(TaskBinary, Calibration))
	}
	if err := b.check(m); err != nil {
		return nil, err
	}
	scale := 1.0
	if n := b.Len(); n > maxRows {
		b = b.Pick(permutation(r.Seed, n)[:maxRows])
		if scale = maxRows / float64(n); m.Base != "brier_reliability" {
			scale = math.Sqrt(scale)
		}
	}
	rows, err := weigh(b.Len(), b.Weight)
	if err != nil {
		return nil, err
	}
	out := r.nulls(quantiles, func(rng random) float64 { return b.redrawn(rng, rows, m) })
	for i := range out {
		out[i] *= scale
	}
	return out, nil
}

// redrawn is the metric of outcomes that are as likely as they are said to be.
func (b Binary) redrawn(rng random, r rows, m Metric) float64 {
	happens := make([]bool, b.Len())
	for i, p := range b.Score {
		happens[i] = rng.Float64() < p
	}
	f, _, err := Binary{Positive: happens, Score: b.Score}.estimate(m, r.unit)
	if err != nil {
		return nan
	}
	w := make([]float64, b.Len())
	r.fill(w, nil)
	return f(w)
}

// TopLabel is the binary sample of whether the most probable class of each row
// (the lowest on ties) happens, with its probability as the score: what a
// multiclass ece is of.
func (c Classes) TopLabel() (Binary, error) {
	if err := c.check(); err != nil {
		return Binary{}, err
	}
	if err := c.probabilities(Metric{Name: "the top label"}); err != nil {
		return Binary{}, err
	}
	right, top := c.topLabel()
	return Binary{Positive: right, Score: top, Weight: c.Weight, Columns: c.Columns}, nil
}
