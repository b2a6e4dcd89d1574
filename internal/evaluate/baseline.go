package evaluate

import (
	"fmt"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// known is what the simplest model knows: the mean label (for classes, the
// share of positives), and whose.
type known struct {
	mean  float64
	whose string
}

// prior takes it from the training labels where they can be read, else from
// the test set's own.
func prior(train *truth, s *sample) known {
	k := known{whose: "the test labels", mean: meanLabel(s.positive, s.label)}
	if train == nil {
		return k
	}
	if train.missing == 0 && len(train.positive)+len(train.value) > 0 {
		return known{mean: meanLabel(train.positive, train.value), whose: "the training labels"}
	}
	return k
}

func meanLabel(positive []bool, label []float64) float64 {
	if positive != nil {
		return float64(countPositive(positive)) / float64(len(positive))
	}
	var sum float64
	for _, v := range label {
		sum += v
	}
	return sum / float64(len(label))
}

// baseline measures the improvement over a model that gives every row the
// same answer.
func (j *judge) baseline(b *project.Baseline, s *sample, k known) ItemResult {
	item := baselineItem(b)
	limit := &project.Limit{Min: &b.Gain}
	constant := make([]float64, s.n())
	for i := range constant {
		constant[i] = k.mean
	}
	if info, _ := stats.Lookup(b.Metric); info.Thresholded() {
		// The prior's own decision is that of the majority, whatever the
		// model's threshold is.
		for i := range constant {
			constant[i] = *j.spec.Predictions.Threshold
			if k.mean < 0.5 {
				constant[i]--
			}
		}
	}
	result := ItemResult{Kind: KindBaseline, Item: item, Metric: b.Metric}
	result.Measure, result.Reference = j.overConstant(b.Metric, s, constant, item, limit)
	if result.Status == StatusOK {
		result.note(fmt.Sprintf("every row gets %.6g, the mean of %s", k.mean, k.whose))
	}
	return result
}

// overConstant is improvement over the same score for all rows, where the
// other side's share of the uncertainty is known to be none.
func (j *judge) overConstant(name string, s *sample, constant []float64, item string, limit *project.Limit) (Measure, *float64) {
	info, _ := stats.Lookup(name)
	var reference float64
	switch {
	case name == "roc_auc":
		reference = 0.5
	case name == "mcc": // undefined for constant decisions, which have no correlation
	case info.Thresholded() && j.spec.Predictions.Threshold != nil && (name == "recall" || name == "specificity" || name == "fpr"):
		reference = j.point(info, s.rescored(constant))
	default:
		return j.improvement(name, s, constant, item, limit)
	}
	m := j.metric(name, s, item, nil)
	if m.Status != StatusOK {
		return m, number(reference)
	}
	sign := 1.0
	if info.Better == stats.Less {
		sign = -1
	}
	m.Value = number(sign * (*m.Value - reference))
	if m.Low != nil {
		low, high := number(sign*(*m.Low-reference)), number(sign*(*m.High-reference))
		if sign < 0 {
			low, high = high, low
		}
		m.Low, m.High = low, high
	}
	m.Needed = j.needed(m, limit, nil)
	return m, number(reference)
}
