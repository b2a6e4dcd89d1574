package stats

import (
	"fmt"
	"math"
	"strings"
)

// Len is the number of rows.
func (b Labels) Len() int {
	if len(b.Names) == 0 {
		return 0
	}
	return len(b.Is) / len(b.Names)
}

// Pick is the sample of some rows, in that order; of all where at is nil.
func (b Labels) Pick(at []int32) Labels {
	k := len(b.Names)
	return Labels{
		Names: b.Names, Is: takeEach(b.Is, k, at), Score: takeEach(b.Score, k, at), Threshold: b.Threshold, Thresholds: b.Thresholds,
		Weight: take(b.Weight, at), Columns: takeColumns(b.Columns, at),
	}
}

func (b Labels) check() error {
	k := len(b.Names)
	if k == 0 {
		return fmt.Errorf("a multilabel sample without labels\nhint: name one label or more")
	}
	if err := sameLength("labels", len(b.Is), b.Len()*k); err != nil {
		return err
	}
	if err := sameLength("scores", len(b.Score), len(b.Is)); err != nil {
		return err
	}
	if b.Thresholds != nil {
		if err := sameLength("thresholds", len(b.Thresholds), k); err != nil {
			return err
		}
	}
	return allFinite("score", b.Score, k)
}

// Statistic is a multilabel metric over the rows. The error says what the
// sample lacks for it; note what had to be bent to get a number.
func (b Labels) Statistic(m Metric) (s Statistic, note string, err error) {
	if err := b.check(); err != nil {
		return nil, "", err
	}
	r, err := weigh(b.Len(), b.Weight)
	if err != nil {
		return nil, "", err
	}
	f, note, err := b.estimate(m)
	if err != nil {
		return nil, "", err
	}
	return r.statistic(f), note, nil
}

func (b Labels) estimate(m Metric) (estimate, string, error) {
	if !m.For(TaskMultilabel) {
		return nil, "", unknownTo(TaskMultilabel, m)
	}
	if ofColumn(m) {
		f, err := columnMetric(m, b.Columns, b.Len())
		return f, "", err
	}
	if loss := labelRows(m.Base); loss != nil {
		x, lost := b.rows(loss)
		return meanOf(x), emptyNote(m, lost), nil
	}
	curve := rankOf
	if strings.HasPrefix(m.Base, "average_precision") {
		curve = averagePrecisionOf
	}
	switch m.Base {
	case "roc_auc_macro", "average_precision_macro":
		return b.meanOfLabels(curve), "", nil
	case "roc_auc_micro", "average_precision_micro":
		return b.pooled(curve), "", nil
	}
	if stem, how, ok := averaged(m.Base); ok {
		f := formula(stem, m)
		return func(w []float64) float64 { return average(how, b.tables(w), f) }, "", nil
	}
	if len(m.Args) != 1 {
		return nil, "", unknownTo(TaskMultilabel, m)
	}
	at, err := indexOf("label", b.Names, m.Args[0])
	if err != nil {
		return nil, "", err
	}
	if f := formula(m.Base, m); f != nil {
		return b.ofLabel(at, f), "", nil
	}
	return curve(b.byScore(at)), "", nil
}

// threshold is that of a label.
func (b Labels) threshold(label int) float64 {
	if b.Thresholds != nil {
		return b.Thresholds[label]
	}
	return b.Threshold
}

// decided says whether the label is decided for the row whose score of it is
// at a place.
func (b Labels) decided(at int) bool { return b.Score[at] >= b.threshold(at%len(b.Names)) }

func (b Labels) tables(w []float64) []table {
	t := make([]table, len(b.Names))
	for i, is := range b.Is {
		t[i%len(t)].add(is, b.decided(i), w[i/len(t)])
	}
	return t
}

func (b Labels) ofLabel(label int, f func(table) float64) estimate {
	return func(w []float64) float64 {
		var t table
		for i, k := range w {
			at := i*len(b.Names) + label
			t.add(b.Is[at], b.decided(at), k)
		}
		return f(t)
	}
}

// byScore are the rows by their score of a label.
func (b Labels) byScore(label int) ties {
	positive, score := make([]bool, b.Len()), make([]float64, b.Len())
	for i := range positive {
		positive[i], score[i] = b.Is[i*len(b.Names)+label], b.Score[i*len(b.Names)+label]
	}
	return tied(positive, score, nil)
}

func (b Labels) meanOfLabels(curve func(ties) estimate) estimate {
	each := make([]estimate, len(b.Names))
	for label := range each {
		each[label] = curve(b.byScore(label))
	}
	return func(w []float64) float64 {
		var sum float64
		for _, f := range each {
			sum += f(w)
		}
		return sum / float64(len(each))
	}
}

// pooled takes each pair of row and label as a row.
func (b Labels) pooled(curve func(ties) estimate) estimate {
	f, k := curve(tied(b.Is, b.Score, nil)), len(b.Names)
	return func(w []float64) float64 {
		each := make([]float64, len(b.Is))
		for i := range each {
			each[i] = w[i/k]
		}
		return f(each)
	}
}

// labelRows is a metric that is the mean over the rows of a function of each
// row's table of labels; nil for others. subset_accuracy is the share of rows
// whose labels are all decided rightly, hamming_loss that of pairs of row and
// label that are not. jaccard is the mean of labels that are both true and
// decided over those that are either; that and the means ending in _samples do
// not exist where a row has an empty denominator.
func labelRows(base string) func(table) float64 {
	switch base {
	case "subset_accuracy":
		return func(t table) float64 {
			if t.fp+t.fn == 0 {
				return 1
			}
			return 0
		}
	case "hamming_loss":
		return func(t table) float64 { return (t.fp + t.fn) / t.n() }
	case "jaccard":
		return func(t table) float64 { return t.tp / (t.tp + t.fp + t.fn) }
	case "precision_samples":
		return formula("precision", Metric{})
	case "recall_samples":
		return formula("recall", Metric{})
	case "f1_samples":
		return formula("f1", Metric{})
	}
	return nil
}

// rows are each row's values, and how many have none.
func (b Labels) rows(f func(table) float64) (x []float64, lost int) {
	x = make([]float64, b.Len())
	for i := range x {
		var t table
		for at := i * len(b.Names); at < (i+1)*len(b.Names); at++ {
			t.add(b.Is[at], b.decided(at), 1)
		}
		if x[i] = f(t); math.IsNaN(x[i]) {
			lost++
		}
	}
	return x, lost
}

func emptyNote(m Metric, lost int) string {
	if lost == 0 {
		return ""
	}
	return fmt.Sprintf("%d rows have no label to count, so %s has no value there; micro and macro averages are over labels", lost, m.Name)
}
