package stats

import (
	"fmt"
	"math"
)

// Logged are decisions that some policy took by chance, with what came of
// them, to judge another policy by. All lists have one entry per row.
type Logged struct {
	// Reward is what the decision brought, in any unit; of rows whose Target
	// is 0 it does not matter, and may be NaN.
	Reward []float64
	// Propensity is the probability with which the decision was taken, as it
	// was known then; above 0 and at most 1.
	Propensity []float64
	// Target is the probability with which the judged policy takes the same
	// decision: 0 or 1 for one without chance.
	Target []float64
	// Predicted and Expected are what a model of the reward says, one that was
	// not fitted to these rows: of the decision that was taken, and on average
	// over the judged policy's decisions. Only DoublyRobust reads them.
	Predicted, Expected []float64
}

// Overlap says how far the logged decisions are those of the judged policy.
type Overlap struct {
	Rows         int
	Zero         float64 // share of rows whose propensity is no probability above 0
	Low          float64 // share of rows whose propensity is below LowPropensity
	Largest      float64 // largest weight, target over propensity
	LargestShare float64 // its share of all weight
	MeanWeight   float64 // 1 but for chance where every target decision can be logged
	Effective    float64 // Kish's effective sample size of the weights
	// Problem says why the policy cannot be judged by these rows, else "".
	Problem string
}

// Bounds of overlap.
const (
	// LowPropensity is what Overlap.Low counts below.
	LowPropensity = 0.01
	// leastEffective is the effective sample size from which the intervals
	// hold their level in simulations.
	leastEffective = 50
	// mostLargest is the share of all weight that one row may have.
	mostLargest = 0.1
	// mostUnsupported is by how much the mean weight may be off 1 beyond
	// chance: about the share of the policy's decisions that are never logged.
	mostUnsupported = 0.02
)

// Estimate is a policy's mean reward with its uncertainty. Where overlap
// fails, Value is NaN and there is no interval.
type Estimate struct {
	Value    float64
	Interval Interval
	Overlap  Overlap
}

// IPS is the mean of reward times weight (inverse propensity scoring; Horvitz
// and Thompson, JASA 47 (1952) 663–685), with the BCa interval over rows at a
// level that allows for the effective sample size, as in Clustered.
func (r Resampling) IPS(l Logged) Estimate {
	return r.offPolicy(l, nil, func(l Logged) Statistic { return Mean(l.weighed(l.Reward)) })
}

// SNIPS divides by the sum of the weights instead of by the rows (Hájek 1971;
// Swaminathan and Joachims, NIPS 2015): less spread, and a bias that vanishes
// with the rows.
func (r Resampling) SNIPS(l Logged) Estimate {
	return r.offPolicy(l, nil, func(l Logged) Statistic { return WeightedMean(l.Reward, l.weights()) })
}

// DoublyRobust corrects the reward model's mean by the weighted mean of its
// errors (Dudík, Langford and Li, ICML 2011): right where either the
// propensities or the model are.
func (r Resampling) DoublyRobust(l Logged) Estimate {
	return r.offPolicy(l, [][]float64{l.Predicted, l.Expected}, func(l Logged) Statistic {
		x := l.weighed(minus(l.Reward, l.Predicted))
		for i, v := range l.Expected {
			x[i] += v
		}
		return Mean(x)
	})
}

func (r Resampling) offPolicy(l Logged, models [][]float64, statistic func(Logged) Statistic) Estimate {
	o := l.Overlap()
	if o.Problem == "" {
		o.Problem = l.unmodelled(models)
	}
	if o.Problem != "" {
		return Estimate{math.NaN(), noInterval("bca", o.Problem), o}
	}
	value, i := r.widened(o.Effective).BCa(o.Rows, func(rows []int32) Statistic { return statistic(l.pick(rows)) })
	return Estimate{value, i, o}
}

// weights are target over propensity.
func (l Logged) weights() []float64 {
	w := make([]float64, len(l.Target))
	for i, p := range l.Propensity {
		w[i] = l.Target[i] / p
	}
	return w
}

// weighed is weight by value; rows of weight 0 are 0 whatever they brought.
func (l Logged) weighed(value []float64) []float64 {
	out := l.weights()
	for i, w := range out {
		if w > 0 {
			out[i] = w * value[i]
		}
	}
	return out
}

func (l Logged) pick(rows []int32) Logged {
	if rows == nil {
		return l
	}
	some := func(x []float64) (out []float64) {
		for _, row := range rows {
			if x != nil {
				out = append(out, x[row])
			}
		}
		return out
	}
	return Logged{some(l.Reward), some(l.Propensity), some(l.Target), some(l.Predicted), some(l.Expected)}
}

// Overlap examines the weights. The mean weight is held against 1 by the
// 99.9 % interval, so that what the judged policy does and the logs never
// show is seen.
func (l Logged) Overlap() Overlap {
	o := Overlap{Rows: len(l.Reward)}
	if len(l.Propensity) != o.Rows || len(l.Target) != o.Rows {
		o.Problem = "rewards, propensities and targets are not of the same rows"
		return o
	}
	if o.Rows == 0 {
		o.Problem = "no rows"
		return o
	}
	zero, low, strange, silent := l.count()
	n := float64(o.Rows)
	o.Zero, o.Low = float64(zero)/n, float64(low)/n
	switch {
	case zero > 0:
		o.Problem = fmt.Sprintf("%d of %d rows have no propensity above 0 and at most 1", zero, o.Rows)
		return o
	case strange > 0:
		o.Problem = fmt.Sprintf("%d of %d rows have a target that is no probability", strange, o.Rows)
		return o
	case silent > 0:
		o.Problem = fmt.Sprintf("%d of %d rows that count have no reward", silent, o.Rows)
		return o
	}
	w := l.weights()
	o.Effective, o.MeanWeight = Kish(w), mean(w)
	for _, v := range w {
		o.Largest = max(o.Largest, v)
	}
	o.LargestShare = o.Largest / (o.MeanWeight * n)
	o.Problem = o.judge(math.Sqrt(variance(w) / n))
	return o
}

func (l Logged) count() (zero, low, strange, silent int) {
	for i, p := range l.Propensity {
		target := l.Target[i]
		switch {
		case !(p > 0 && p <= 1):
			zero++
		case p < LowPropensity:
			low++
		}
		if !(target >= 0 && target <= 1) {
			strange++
		}
		if target > 0 && !finite(l.Reward[i]) {
			silent++
		}
	}
	return zero, low, strange, silent
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// judge says what is wrong with the weights; standard is the standard error
// of their mean.
func (o Overlap) judge(standard float64) string {
	switch off := math.Abs(o.MeanWeight - 1); {
	case o.Largest == 0:
		return "the policy takes none of the logged decisions"
	case o.Effective < leastEffective:
		return fmt.Sprintf("the effective sample size is %.4g of %d rows: at least %d are needed", o.Effective, o.Rows, leastEffective)
	case o.LargestShare > mostLargest:
		return fmt.Sprintf("one row has %.3g of all weight: at most %g may be", o.LargestShare, mostLargest)
	case off > mostUnsupported && off > z(0.999)*standard:
		return fmt.Sprintf("the mean weight is %.4g instead of 1: the propensities are wrong, or the policy takes decisions that are never logged", o.MeanWeight)
	}
	return ""
}

func (l Logged) unmodelled(models [][]float64) string {
	for _, model := range models {
		if len(model) != len(l.Reward) {
			return "the reward model is not of the same rows"
		}
		for _, v := range model {
			if !finite(v) {
				return "the reward model has rows without a finite number"
			}
		}
	}
	return ""
}
