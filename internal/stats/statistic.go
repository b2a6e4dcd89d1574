package stats

import (
	"fmt"
	"math"
)

// A Statistic is a number made of rows, each of which counts as often as its
// weight says; a nil weight counts every row once. So one formula serves the
// value itself, its bootstrap and its jackknife. It is NaN where the weighted
// rows allow no number. It may be called by several goroutines at once.
type Statistic func(weight []int32) float64

// epsilon is float64's machine epsilon, to which scikit-learn clips
// probabilities before taking logarithms.
const epsilon = 0x1p-52

// LogLosses is each row's negative log likelihood, natural logarithm, with
// probabilities clipped to [2^-52, 1−2^-52] as scikit-learn does. wrong counts
// the rows whose probability was exactly 0 or 1 on the wrong side: their true
// loss is infinite.
func LogLosses(positive []bool, probability []float64) (loss []float64, wrong int) {
	loss = make([]float64, len(probability))
	for i, p := range probability {
		if !positive[i] {
			p = 1 - p
		}
		if p == 0 {
			wrong++
		}
		loss[i] = -math.Log(min(max(p, epsilon), 1-epsilon))
	}
	return loss, wrong
}

// Squares is each row's squared distance between probability and outcome
// (Brier 1950).
func Squares(positive []bool, probability []float64) []float64 {
	loss := make([]float64, len(probability))
	for i, p := range probability {
		if positive[i] {
			p = 1 - p
		}
		loss[i] = p * p
	}
	return loss
}

// Mean is the weighted mean of x.
func Mean(x []float64) Statistic { return unweighted(len(x), meanOf(x)) }

// Ranked is the area under the ROC curve, as AUC.
func Ranked(positive []bool, score []float64) Statistic {
	return unweighted(len(score), rankOf(tied(positive, score, nil)))
}

// rankOf is the chance that a positive row scores above a negative one, ties
// half.
func rankOf(t ties) estimate {
	return func(w []float64) float64 {
		var sum, pos, neg float64
		for g := range t.groups() {
			p, n := t.count(g, w)
			sum += p * (neg + n/2)
			pos, neg = pos+p, neg+n
		}
		return sum / (pos * neg)
	}
}

// AveragePrecision is the area under the precision-recall steps, Σ (R−R′)·P
// over distinct scores from the highest down, as in scikit-learn; NaN without
// positive rows.
func AveragePrecision(positive []bool, score []float64) Statistic {
	return unweighted(len(score), averagePrecisionOf(tied(positive, score, nil)))
}

func averagePrecisionOf(t ties) estimate {
	return func(w []float64) float64 {
		var sum, pos, all float64
		for g := t.groups() - 1; g >= 0; g-- {
			p, n := t.count(g, w)
			pos, all = pos+p, all+p+n
			if p > 0 {
				sum += p * pos / all
			}
		}
		return sum / pos
	}
}

// ties are rows by ascending score; group g is order[start[g]:start[g+1]].
type ties struct {
	order    []int32
	start    []int32
	positive []bool
}

func (t ties) groups() int { return len(t.start) - 1 }

func (t ties) count(g int, w []float64) (pos, neg float64) {
	for _, row := range t.order[t.start[g]:t.start[g+1]] {
		if t.positive[row] {
			pos += w[row]
		} else {
			neg += w[row]
		}
	}
	return pos, neg
}

// tied puts some rows, all where at is nil, in groups of equal score.
func tied(positive []bool, score []float64, at []int32) ties {
	t := ties{order: ranking(take(score, at)), positive: positive}
	for i, k := range t.order {
		if at != nil {
			t.order[i] = at[k]
		}
		if i == 0 || score[t.order[i]] != score[t.order[i-1]] {
			t.start = append(t.start, int32(i))
		}
	}
	t.start = append(t.start, int32(len(t.order)))
	return t
}

// Scored is a metric of kind Rank, Score or Calibration as a statistic over
// rows. note says what had to be bent to get a number.
func Scored(metric string, positive []bool, score []float64) (s Statistic, note string, err error) {
	m, ok := Lookup(metric)
	if !ok || !m.For(TaskBinary) || m.Kind != Rank && m.Kind != Score && m.Kind != Calibration {
		return nil, "", fmt.Errorf("metric %q is not one of scores; they are %s", metric, namesOf(TaskBinary, Rank, Score, Calibration))
	}
	f, note, err := Binary{Positive: positive, Score: score}.estimate(m, 1)
	if err != nil {
		return nil, "", err
	}
	return unweighted(len(score), f), note, nil
}
