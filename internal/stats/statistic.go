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
func Mean(x []float64) Statistic {
	return func(w []int32) float64 {
		if w == nil {
			return mean(x)
		}
		var sum float64
		var n int64
		for i, k := range w {
			sum += float64(k) * x[i]
			n += int64(k)
		}
		return sum / float64(n)
	}
}

// Ranked is the area under the ROC curve, as AUC.
func Ranked(positive []bool, score []float64) Statistic {
	return overTies(positive, score, func(t ties, w []int32) float64 {
		var sum, pos, neg float64
		for g := range t.groups() {
			p, n := t.count(g, w)
			sum += p * (neg + n/2)
			pos, neg = pos+p, neg+n
		}
		return sum / (pos * neg)
	})
}

// AveragePrecision is the area under the precision-recall steps, Σ (R−R′)·P
// over distinct scores from the highest down, as in scikit-learn; NaN without
// positive rows.
func AveragePrecision(positive []bool, score []float64) Statistic {
	return overTies(positive, score, func(t ties, w []int32) float64 {
		var sum, pos, all float64
		for g := t.groups() - 1; g >= 0; g-- {
			p, n := t.count(g, w)
			pos, all = pos+p, all+p+n
			if p > 0 {
				sum += p * pos / all
			}
		}
		return sum / pos
	})
}

// ties are rows by ascending score; group g is order[start[g]:start[g+1]].
type ties struct {
	order    []int32
	start    []int32
	positive []bool
}

func (t ties) groups() int { return len(t.start) - 1 }

func (t ties) count(g int, w []int32) (pos, neg float64) {
	var p, n int32
	for _, row := range t.order[t.start[g]:t.start[g+1]] {
		k := int32(1)
		if w != nil {
			k = w[row]
		}
		if t.positive[row] {
			p += k
		} else {
			n += k
		}
	}
	return float64(p), float64(n)
}

func overTies(positive []bool, score []float64, f func(ties, []int32) float64) Statistic {
	t := ties{order: ranking(score), positive: positive}
	for i, row := range t.order {
		if i == 0 || score[row] != score[t.order[i-1]] {
			t.start = append(t.start, int32(i))
		}
	}
	t.start = append(t.start, int32(len(t.order)))
	return func(w []int32) float64 { return f(t, w) }
}

// CalibrationBins is the number of bins of the expected calibration error.
const CalibrationBins = 10

// ECE is the expected calibration error over bins of equal width, closed on
// the left: Σ n_b/n · |mean outcome − mean probability| (Naeini et al. 2015).
func ECE(positive []bool, probability []float64, bins int) Statistic {
	bin := make([]int32, len(probability))
	diff := make([]float64, len(probability)) // outcome − probability
	for i, p := range probability {
		bin[i] = calibrationBin(p, bins)
		diff[i] = -p
		if positive[i] {
			diff[i] = 1 - p
		}
	}
	return func(w []int32) float64 {
		sums, n := make([]float64, bins), int64(0)
		for i, b := range bin {
			k := int32(1)
			if w != nil {
				k = w[i]
			}
			sums[b] += float64(k) * diff[i]
			n += int64(k)
		}
		var total float64
		for _, s := range sums {
			total += math.Abs(s)
		}
		return total / float64(n)
	}
}

func calibrationBin(p float64, bins int) int32 {
	return int32(min(max(int(p*float64(bins)), 0), bins-1))
}

// Scored is a metric of kind Rank, Score or Calibration as a statistic over
// rows. note says what had to be bent to get a number.
func Scored(metric string, positive []bool, score []float64) (s Statistic, note string, err error) {
	switch metric {
	case "roc_auc":
		return Ranked(positive, score), "", nil
	case "average_precision":
		return AveragePrecision(positive, score), "", nil
	case "brier":
		return Mean(Squares(positive, score)), "", nil
	case "ece":
		return ECE(positive, score, CalibrationBins), "", nil
	case "log_loss":
		loss, wrong := LogLosses(positive, score)
		if wrong > 0 {
			note = fmt.Sprintf("%d rows have probability 0 for what happened: clipped to 2^-52, the true loss is infinite", wrong)
		}
		return Mean(loss), note, nil
	}
	return nil, "", fmt.Errorf("metric %q is not one of scores; they are %s", metric, namesOf(TaskBinary, Rank, Score, Calibration))
}
