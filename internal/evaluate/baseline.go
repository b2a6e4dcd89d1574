package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// opponent is a simple model: what it says of rows, and how it came to that.
type opponent struct {
	at   []int32 // places in the sample of the rows of which it says something; nil for all
	said *predicted
	// constant says that it says the same of every row, score or decision.
	constant bool
	note     string
}

// baseline measures the improvement over something simple.
func (w *work) baseline(ctx context.Context, b *project.Baseline) ItemResult {
	result := ItemResult{Kind: KindBaseline, Item: baselineItem(b), Metric: b.Metric}
	limit := &project.Limit{Min: &b.Gain}
	o, refusal := w.opponent(ctx, b)
	if refusal != nil {
		result.Measure = *refusal
		return result
	}
	part := w.all.pick(o.at)
	if o.constant {
		result.Measure, result.Reference = w.overConstant(b.Metric, part, o.said, result.Item, limit)
	} else {
		result.Measure, result.Reference = w.improvement(b.Metric, part, part.instead(o.said), result.Item, limit)
	}
	if result.Status == StatusOK {
		result.note(o.note)
	}
	return result
}

// opponent is the simple model that the spec names, or why there is none.
func (w *work) opponent(ctx context.Context, b *project.Baseline) (*opponent, *Measure) {
	refuse := func(status, why string) (*opponent, *Measure) {
		m := without(status, why, 0, w.all.n())
		return nil, &m
	}
	switch b.Kind {
	case "last_value":
		o := w.lastValue()
		if len(o.at) == 0 {
			return refuse(StatusUndefined, "no row has a label before it in time")
		}
		return o, nil
	case "linear":
		o, why := w.linear()
		if why != "" {
			return refuse(StatusError, why)
		}
		return o, nil
	case "previous":
		if w.Champion == nil {
			return refuse(StatusUndefined, "there is no previous model whose predictions are known")
		}
		at, said, err := w.championScores(ctx, w.Champion)
		switch {
		case err != nil:
			return refuse(StatusError, oneLine(err))
		case float64(w.all.n()-len(at)) > maxChampionMisses*float64(w.all.n()):
			return refuse(StatusError, fmt.Sprintf("the previous model scored only %d of %d rows", len(at), w.all.n()))
		}
		at, said, known, err := w.untrained(ctx, w.Champion, at, said)
		switch {
		case err != nil:
			return refuse(StatusError, oneLine(err))
		case len(at) == 0:
			return refuse(StatusUndefined, "the previous model was trained on every row")
		}
		return &opponent{at: at, said: said, note: fmt.Sprintf("the champion of channel %s, on %d rows that it scored too and was not trained on, as far as is known (%s)", w.Champion.Channel, len(at), known.Status)}, nil
	}
	return w.constant(b), nil
}

// constant is the model that says the same of every row: the mean label, the
// shares of the classes (prior), or the most frequent class (constant).
func (w *work) constant(b *project.Baseline) *opponent {
	info, _ := stats.Lookup(b.Metric)
	known, whose := w.known()
	n := w.all.n()
	switch w.Spec.Task {
	case "multiclass":
		return constantClass(known.class, w.all, b.Kind == "prior", whose)
	case "multilabel":
		return constantLabels(known, w.all, project.Thresholded(w.Spec.Task, b.Metric))
	case "ranking":
		return &opponent{said: &predicted{score: make([]float64, n)}, note: "every row gets the same score, so that its place is left to chance"}
	}
	mean := meanLabel(known.positive, known.value, known.weight)
	o := &opponent{constant: true, said: &predicted{score: slices.Repeat([]float64{mean}, n)}, note: fmt.Sprintf("every row gets %.6g, the mean of %s", mean, whose)}
	switch {
	case w.Spec.Task == "binary" && info.Thresholded():
		// The prior's own decision is that of the majority, whatever the
		// model's threshold is.
		o.said.score = slices.Repeat([]float64{majority(mean, *w.Spec.Predictions.Threshold)}, n)
	case w.Spec.Task == "binary" && b.Kind == "constant":
		o.said.score = slices.Repeat([]float64{indicator(mean >= 0.5)}, n)
		o.note = fmt.Sprintf("every row gets %g, the more frequent of %s", o.said.score[0], whose)
	}
	return o
}

// majority is a score on the side of the threshold where most labels are.
func majority(share, threshold float64) float64 {
	if share < 0.5 {
		return threshold - 1
	}
	return threshold
}

// labels are those that the simplest models learn from.
type labels struct {
	positive, is []bool
	value        []float64
	class        []int32
	weight       []float64
}

// known are the training labels where they can be read, else the test set's
// own.
func (w *work) known() (l labels, whose string) {
	if t := w.trainTruth; t != nil && t.missing == 0 && len(t.positive)+len(t.value)+len(t.class) > 0 {
		return labels{positive: t.positive, value: t.value, class: t.class}, "the training labels"
	}
	s := w.all
	return labels{positive: s.positive, is: s.is, value: s.label, class: s.class, weight: s.weight}, "the test labels"
}

func meanLabel(positive []bool, label, weight []float64) float64 {
	if weight != nil {
		if positive != nil {
			label = make([]float64, len(positive))
			for i, is := range positive {
				label[i] = indicator(is)
			}
		}
		return stats.WeightedMean(label, weight)(nil)
	}
	if positive != nil {
		return float64(countPositive(positive)) / float64(len(positive))
	}
	var sum float64
	for _, v := range label {
		sum += v
	}
	return sum / float64(len(label))
}

// constantClass says of every row the shares of the classes among the labels,
// or the most frequent one alone.
func constantClass(class []int32, s *sample, shares bool, whose string) *opponent {
	k := len(s.names)
	count := make([]float64, k)
	for _, c := range class {
		count[c]++
	}
	most := slices.Index(count, slices.Max(count))
	row := make([]float64, k)
	for c := range row {
		row[c] = indicator(c == most)
		if shares {
			row[c] = count[c] / float64(len(class))
		}
	}
	o := &opponent{said: &predicted{decision: slices.Repeat([]int32{int32(most)}, s.n())}, note: fmt.Sprintf("every row is decided %s, the most frequent of %s", s.names[most], whose)}
	if s.said.scores != nil {
		o.said.width, o.said.scores = k, slices.Repeat(row, s.n())
		if shares {
			o.note = fmt.Sprintf("every row gets the shares of the classes among %s", whose)
		}
	}
	return o
}

// constantLabels says of every row each label's share, or where decisions are
// compared, what most rows have.
func constantLabels(l labels, s *sample, decisions bool) *opponent {
	k := len(s.names)
	row := make([]float64, k)
	for label := range row {
		of := make([]bool, s.n())
		for i := range of {
			of[i] = l.is[i*k+label]
		}
		row[label] = meanLabel(of, nil, l.weight)
		if decisions {
			row[label] = majority(row[label], *s.threshold)
		}
	}
	return &opponent{said: &predicted{width: k, scores: slices.Repeat(row, s.n())}, note: "every row gets each label's share of the test labels"}
}

// overConstant is improvement over the same score for all rows, where the
// other side's share of the uncertainty is known to be none.
func (j *judge) overConstant(name string, s *sample, constant *predicted, item string, limit *project.Limit) (Measure, *float64) {
	info, _ := stats.Lookup(name)
	var reference float64
	switch {
	case name == "roc_auc":
		reference = 0.5
	case name == "mcc": // undefined for constant decisions, which have no correlation
	case info.Thresholded() && j.spec.Predictions.Threshold != nil && (name == "recall" || name == "specificity" || name == "fpr"):
		reference = s.instead(constant).point(info)
	default:
		return j.improvement(name, s, s.instead(constant), item, limit)
	}
	sign := 1.0
	if info.Better == stats.Less {
		sign = -1
	}
	m := j.metric(name, s, item, beyond(reference, sign, limit))
	if m.Status != StatusOK {
		return m, number(reference)
	}
	m.Value = number(sign * (*m.Value - reference))
	if m.Low != nil {
		low, high := number(sign*(*m.Low-reference)), number(sign*(*m.High-reference))
		if sign < 0 {
			low, high = high, low
		}
		m.Low, m.High = low, high
	}
	return m, number(reference)
}

// beyond is the limit of a value whose improvement over the reference has one.
func beyond(reference, sign float64, limit *project.Limit) *project.Limit {
	if limit == nil || limit.Min == nil {
		return nil
	}
	bound := reference + sign**limit.Min
	if sign < 0 {
		return &project.Limit{Max: &bound}
	}
	return &project.Limit{Min: &bound}
}
