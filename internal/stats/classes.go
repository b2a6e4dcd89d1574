package stats

import (
	"fmt"
	"math"
	"slices"
)

// Len is the number of rows.
func (c Classes) Len() int { return len(c.Label) }

// Pick is the sample of some rows, in that order; of all where at is nil.
func (c Classes) Pick(at []int32) Classes {
	k := len(c.Names)
	return Classes{
		Names: c.Names, Label: take(c.Label, at), Decision: take(c.Decision, at),
		Prob: takeEach(c.Prob, k, at), Weight: take(c.Weight, at), Columns: takeColumns(c.Columns, at),
	}
}

func takeColumns(columns map[string][]float64, at []int32) map[string][]float64 {
	if at == nil || columns == nil {
		return columns
	}
	out := make(map[string][]float64, len(columns))
	for name, x := range columns {
		out[name] = take(x, at)
	}
	return out
}

// check refuses a sample whose parts do not fit.
func (c Classes) check() error {
	n, k := c.Len(), len(c.Names)
	if k < 2 {
		return fmt.Errorf("a multiclass sample of %d classes\nhint: name two classes or more", k)
	}
	if c.Prob == nil && c.Decision == nil {
		return fmt.Errorf("a multiclass sample with neither scores nor decisions\nhint: give the score of each class, or the decided class")
	}
	if c.Prob != nil {
		if err := sameLength("scores", len(c.Prob), n*k); err != nil {
			return err
		}
		if err := allFinite("score", c.Prob, k); err != nil {
			return err
		}
	}
	if c.Decision != nil {
		if err := sameLength("decisions", len(c.Decision), n); err != nil {
			return err
		}
	}
	for _, codes := range [][]int32{c.Label, c.Decision} {
		for i, code := range codes {
			if code < 0 || int(code) >= k {
				return fmt.Errorf("row %d has class %d of %d\nhint: classes are numbered from 0 in the order of their names", i, code, k)
			}
		}
	}
	return nil
}

// allFinite refuses numbers that are not; width of them make a row.
func allFinite(what string, x []float64, width int) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the %s of row %d is %v, which is not finite\nhint: give every row a number", what, i/width, v)
		}
	}
	return nil
}

// sumSlack is how far the probabilities of a row may sum from one, which
// leaves room for rounding in files.
const sumSlack = 1e-3

// probabilities refuses scores that are no distribution over the classes.
func (c Classes) probabilities(m Metric) error {
	if err := c.scored(m); err != nil {
		return err
	}
	k := len(c.Names)
	for i := range c.Label {
		sum := 0.0
		for _, p := range c.Prob[i*k : (i+1)*k] {
			if p < 0 || p > 1 {
				return notProbability(m, i, p)
			}
			sum += p
		}
		if math.Abs(sum-1) > sumSlack {
			return fmt.Errorf("the probabilities of row %d sum to %v, and %s needs 1\nhint: write the probabilities of all classes", i, sum, m.Name)
		}
	}
	return nil
}

func (c Classes) scored(m Metric) error {
	if c.Prob == nil {
		return fmt.Errorf("%s needs the scores of the classes, and only decisions are known\nhint: give a score for each class", m.Name)
	}
	return nil
}

// decided is each row's decided class.
func (c Classes) decided() []int32 {
	if c.Decision != nil {
		return c.Decision
	}
	k := len(c.Names)
	out := make([]int32, c.Len())
	for i := range out {
		out[i] = argmax(c.Prob[i*k : (i+1)*k])
	}
	return out
}

func argmax(x []float64) int32 {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return int32(best)
}

// Statistic is a multiclass metric over the rows. The error says what the
// sample lacks for it; note what had to be bent to get a number.
func (c Classes) Statistic(m Metric) (s Statistic, note string, err error) {
	if err := c.check(); err != nil {
		return nil, "", err
	}
	r, err := weigh(c.Len(), c.Weight)
	if err != nil {
		return nil, "", err
	}
	f, note, err := c.estimate(m)
	if err != nil {
		return nil, "", err
	}
	return r.statistic(f), note, nil
}

func (c Classes) estimate(m Metric) (estimate, string, error) {
	if !m.For(TaskMulticlass) {
		return nil, "", unknownTo(TaskMulticlass, m)
	}
	if ofColumn(m) {
		f, err := columnMetric(m, c.Columns, c.Len())
		return f, "", err
	}
	if f, err := c.decision(m); f != nil || err != nil {
		return f, "", err
	}
	switch m.Base {
	case "roc_auc", "roc_auc_ovr_macro", "roc_auc_ovr_weighted", "roc_auc_ovo_macro", "roc_auc_ovo_weighted":
		f, err := c.ranked(m)
		return f, "", err
	case "top_k_accuracy":
		if err := c.scored(m); err != nil {
			return nil, "", err
		}
		return meanOf(c.within(int(m.number(0)))), "", nil
	case "log_loss", "brier", "ece":
		if err := c.probabilities(m); err != nil {
			return nil, "", err
		}
		return c.probable(m.Base)
	}
	return nil, "", unknownTo(TaskMulticlass, m)
}

// probable is a metric of probabilities. brier is Brier's own (1950), the sum
// of squares over the classes, from 0 to 2. ece is that of the top label:
// whether the most probable class (the lowest on ties) happens as often as its
// probability says (Guo et al. 2017).
func (c Classes) probable(base string) (estimate, string, error) {
	switch base {
	case "brier":
		return meanOf(c.squares()), "", nil
	case "ece":
		right, top := c.topLabel()
		return eceOf(right, top, CalibrationBins), "", nil
	}
	loss, wrong := c.logLosses()
	return meanOf(loss), clippedNote(wrong), nil
}

func (c Classes) squares() []float64 {
	k := len(c.Names)
	out := make([]float64, c.Len())
	for i, y := range c.Label {
		for class, p := range c.Prob[i*k : (i+1)*k] {
			if class == int(y) {
				p = 1 - p
			}
			out[i] += p * p
		}
	}
	return out
}

func (c Classes) topLabel() (right []bool, top []float64) {
	k := len(c.Names)
	right, top = make([]bool, c.Len()), make([]float64, c.Len())
	for i, y := range c.Label {
		row := c.Prob[i*k : (i+1)*k]
		best := argmax(row)
		right[i], top[i] = best == y, row[best]
	}
	return right, top
}

// within is 1 for rows whose class is among the n with the highest scores, the
// lower class before the higher on ties, else 0.
func (c Classes) within(n int) []float64 {
	k := len(c.Names)
	out := make([]float64, c.Len())
	for i, y := range c.Label {
		row := c.Prob[i*k : (i+1)*k]
		before := 0
		for class, s := range row {
			if s > row[y] || s == row[y] && class < int(y) {
				before++
			}
		}
		if before < n {
			out[i] = 1
		}
	}
	return out
}

// right is 1 for rows that are decided as they are labelled, else 0.
func (c Classes) right() []float64 {
	out := make([]float64, c.Len())
	for i, d := range c.decided() {
		if d == c.Label[i] {
			out[i] = 1
		}
	}
	return out
}

// logLosses are as LogLosses: of the class that happened.
func (c Classes) logLosses() (loss []float64, wrong int) {
	happened := make([]float64, c.Len())
	for i, y := range c.Label {
		happened[i] = c.Prob[i*len(c.Names)+int(y)]
	}
	return LogLosses(slices.Repeat([]bool{true}, len(happened)), happened)
}

func clippedNote(wrong int) string {
	if wrong == 0 {
		return ""
	}
	return fmt.Sprintf("%d rows have probability 0 for what happened: clipped to 2^-52, the true loss is infinite", wrong)
}
