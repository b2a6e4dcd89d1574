package stats

import "fmt"

// Len is the number of rows.
func (b Binary) Len() int { return len(b.Positive) }

// Pick is the sample of some rows, in that order; of all where at is nil.
func (b Binary) Pick(at []int32) Binary {
	return Binary{
		Positive: take(b.Positive, at), Score: take(b.Score, at), Threshold: b.Threshold,
		Weight: take(b.Weight, at), Columns: takeColumns(b.Columns, at),
	}
}

// Statistic is a binary metric over the rows. The error says what the sample
// lacks for it; note what had to be bent to get a number.
func (b Binary) Statistic(m Metric) (s Statistic, note string, err error) {
	if err := b.check(m); err != nil {
		return nil, "", err
	}
	r, err := weigh(b.Len(), b.Weight)
	if err != nil {
		return nil, "", err
	}
	f, note, err := b.estimate(m, r.unit)
	if err != nil {
		return nil, "", err
	}
	return r.statistic(f), note, nil
}

func (b Binary) check(m Metric) error {
	if err := sameLength("scores", len(b.Score), b.Len()); err != nil {
		return err
	}
	if err := allFinite("score", b.Score, 1); err != nil {
		return err
	}
	if m.Probability {
		return inUnit(m, b.Score)
	}
	return nil
}

// inUnit refuses scores that are no probabilities.
func inUnit(m Metric, score []float64) error {
	for i, p := range score {
		if p < 0 || p > 1 {
			return notProbability(m, i, p)
		}
	}
	return nil
}

func notProbability(m Metric, row int, p float64) error {
	return fmt.Errorf("row %d has score %v, which is not a probability, and %s needs one\nhint: write probabilities between 0 and 1", row, p, m.Name)
}

// estimate is a metric over rows whose weights are divided by unit.
func (b Binary) estimate(m Metric, unit float64) (f estimate, note string, err error) {
	if !m.For(TaskBinary) {
		return nil, "", unknownTo(TaskBinary, m)
	}
	if ofColumn(m) {
		f, err := columnMetric(m, b.Columns, b.Len())
		return f, "", err
	}
	if f := formula(m.Base, m); f != nil {
		return b.decision(m, f)
	}
	switch m.Base {
	case "roc_auc":
		return rankOf(tied(b.Positive, b.Score, nil)), "", nil
	case "average_precision":
		return averagePrecisionOf(tied(b.Positive, b.Score, nil)), "", nil
	case "precision_at", "recall_at", "lift_at", "gain_at":
		return atTop(m.Base, m.number(0), unit, tied(b.Positive, b.Score, nil)), "", nil
	case "brier":
		return meanOf(Squares(b.Positive, b.Score)), "", nil
	case "log_loss":
		loss, wrong := LogLosses(b.Positive, b.Score)
		return meanOf(loss), clippedNote(wrong), nil
	case "calibration_slope", "calibration_intercept":
		f, note := recalibration(b.Positive, b.Score, m.Base == "calibration_slope")
		return f, note, nil
	case "ece_count":
		return eceByCount(b.Positive, b.Score, CalibrationBins), "", nil
	case "ece":
		return eceOf(b.Positive, b.Score, CalibrationBins), "", nil
	}
	if f, ok := binFormulas[m.Base]; ok {
		return binned(b.Positive, b.Score, CalibrationBins, f), "", nil
	}
	return nil, "", unknownTo(TaskBinary, m)
}

var binFormulas = map[string]func([]calibrationSums, float64) float64{
	"mce": worstBin, "brier_reliability": reliability, "brier_resolution": resolution, "brier_uncertainty": uncertainty,
}

// decision is a formula over the table of the rows' decisions.
func (b Binary) decision(m Metric, f func(table) float64) (estimate, string, error) {
	if b.Threshold == nil {
		return nil, "", fmt.Errorf("%s needs a threshold\nhint: name the operating threshold in predictions.threshold", m.Name)
	}
	decided := make([]bool, b.Len())
	for i, s := range b.Score {
		decided[i] = s >= *b.Threshold
	}
	return func(w []float64) float64 {
		var t table
		for i, k := range w {
			t.add(b.Positive[i], decided[i], k)
		}
		return f(t)
	}, "", nil
}

// massSlack is how far a sum of weights may lie from what it should be.
const massSlack = 1e-12

// atTop is a metric of the k rows with the highest scores, or of that share of
// all rows where k is below 1. Rows count by their weight. Of rows with equal
// scores at the border a share counts, which is the mean over all orders of
// them. precision_at is the share of positives among the k; recall_at that of
// all positives which they hold, and gain_at the same by the name that it has
// beside lift_at, precision_at over the share of positives in all rows. NaN
// where there are fewer than k rows.
func atTop(base string, k, unit float64, t ties) estimate {
	return func(w []float64) float64 {
		var positives, all float64
		for g := range t.groups() {
			p, n := t.count(g, w)
			positives, all = positives+p, all+p+n
		}
		most := k / unit
		if k < 1 {
			most = k * all
		}
		found := t.found(most, w)
		switch {
		case most > all*(1+massSlack):
			return nan
		case base == "precision_at":
			return found / most
		case base == "lift_at":
			return found / most / (positives / all)
		}
		return found / positives
	}
}

// found is the weight of positives among the rows with the highest scores up
// to a weight.
func (t ties) found(most float64, w []float64) float64 {
	var found, passed float64
	for g := t.groups() - 1; g >= 0 && passed < most; g-- {
		p, n := t.count(g, w)
		if p+n == 0 {
			continue
		}
		found += p * min(1, (most-passed)/(p+n))
		passed += p + n
	}
	return found
}
