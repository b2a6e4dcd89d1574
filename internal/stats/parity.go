package stats

import (
	"fmt"
	"math"
)

// CalibrationLayer is labels and probabilities of every group, in all rows or
// in one stratum of them. Group says which group a row is in, from 0.
type CalibrationLayer struct {
	Groups      int
	Group       []int32
	Positive    []bool
	Probability []float64
	Reference   int // as in Layer
}

// CalibrationDifference is the greatest minus the least expected calibration
// error over the groups, or the greatest distance from a reference, over
// several layers. Calibration gives each group's own interval, at half the
// error (Bonferroni), and a pair's ends are the differences of the far ends of
// both: noise biases the errors of small groups upwards, so their distances do
// not add up like deviations, as Mover would have them. The ends are the worst
// of the pairs'. Null95
// is the quantile if every group had the calibration of its layer's rows
// together: noise alone makes a small group look worse calibrated.
func (r Resampling) CalibrationDifference(layers []CalibrationLayer) Parity {
	p := Parity{Value: math.Inf(-1), Interval: Interval{Method: "bonferroni", Draws: r.Draws}}
	for k, l := range layers {
		groups := l.errors(r, k)
		value := estimateSpread(groups, l.Reference)
		if math.IsNaN(value) {
			return Parity{Value: math.NaN(), Interval: noInterval("bonferroni", "a group has no rows"), Null95: math.NaN()}
		}
		p.Value = max(p.Value, value)
		for _, at := range pairs(l.Groups, l.Reference) {
			a, b := groups[at[0]].Interval, groups[at[1]].Interval
			p.Interval.Low, p.Interval.High = math.Max(p.Interval.Low, a.Low-b.High), math.Max(p.Interval.High, a.High-b.Low)
		}
	}
	if !p.Interval.Usable() {
		p.Interval = noInterval("bonferroni", "a group's calibration error has no interval")
		p.Interval.Draws = r.Draws
	}
	p.Interval.High = min(p.Interval.High, 1)
	p.Null95 = r.calibrationSpread(layers)
	return p
}

// IntervalEstimate is a value with its interval. Biased says that noise moves the
// value to one side, as it does a calibration error.
type IntervalEstimate struct {
	Value    float64
	Interval Interval
	Biased   bool
}

// Mover is the interval of a−b for independent a and b from the intervals of
// both: the method of variance estimates recovery of Zou and Donner,
// Statistics in Medicine 27 (2008) 1693–1702. From Wilson's intervals it makes
// Newcombe's. Of biased values the distances do not add up like deviations, so
// the ends are the differences of the far ends.
func Mover(a, b IntervalEstimate) Interval {
	if !a.Interval.Usable() || !b.Interval.Usable() {
		return noInterval("mover", "one of the two has no interval")
	}
	if a.Biased || b.Biased {
		return Interval{Low: a.Interval.Low - b.Interval.High, High: a.Interval.High - b.Interval.Low, Method: "mover"}
	}
	d := a.Value - b.Value
	return Interval{
		Low:    d - math.Hypot(a.Value-a.Interval.Low, b.Interval.High-b.Value),
		High:   d + math.Hypot(a.Interval.High-a.Value, b.Value-b.Interval.Low),
		Method: "mover",
	}
}

// errors is every group's calibration error with its interval.
func (l CalibrationLayer) errors(r Resampling, layer int) []IntervalEstimate {
	rows := make([][]int32, l.Groups)
	for i, g := range l.Group {
		rows[g] = append(rows[g], int32(i))
	}
	out := make([]IntervalEstimate, l.Groups)
	for g, at := range rows {
		own := r
		own.Confidence = (1 + r.Confidence) / 2
		own.Seed += uint64(layer)<<32 + uint64(g)
		positive, probability := take(l.Positive, at), take(l.Probability, at)
		if len(at) == 0 {
			out[g] = IntervalEstimate{Value: math.NaN(), Interval: noInterval("bonferroni", "no rows")}
			continue
		}
		null := own.CalibrationNull(probability, CalibrationBins, (1+own.Confidence)/2)
		out[g].Value, out[g].Interval = own.Calibration(len(at), null[0], func(rows []int32) Statistic {
			if rows == nil {
				return ECE(positive, probability, CalibrationBins)
			}
			return ECE(take(positive, rows), take(probability, rows), CalibrationBins)
		})
	}
	return out
}

// estimateSpread is the greatest distance of two values that are compared.
func estimateSpread(groups []IntervalEstimate, reference int) float64 {
	worst := 0.0
	for _, at := range pairs(len(groups), reference) {
		worst = math.Max(worst, groups[at[0]].Value-groups[at[1]].Value)
	}
	return worst
}

// calibrationSpread simulates the difference of groups that share the
// calibration of all rows: in each bin every probability is moved by the
// distance of the outcomes there from the probabilities there. Of more than
// 100,000 rows the outcomes of a bin are drawn at once, as a normal number.
func (r Resampling) calibrationSpread(layers []CalibrationLayer) float64 {
	var shared []sharedCalibration
	rows := 0
	for _, l := range layers {
		shared = append(shared, l.share())
		rows += len(l.Group)
	}
	return r.null(0.95, func(rng random) float64 {
		worst := 0.0
		for _, s := range shared {
			worst = math.Max(worst, estimateSpread(s.draw(rng, rows > maxRows), s.reference))
		}
		return worst
	})
}

type sharedCalibration struct {
	cell          []int32   // group and bin of each row
	truth         []float64 // its probability under the shared calibration
	said          []float64 // what the model says
	n             []float64 // rows by group
	mean, varying []float64 // by cell: the sum of distances, and its variance
	reference     int
}

func (l CalibrationLayer) share() sharedCalibration {
	s := sharedCalibration{
		cell: make([]int32, len(l.Group)), truth: make([]float64, len(l.Group)), said: make([]float64, len(l.Group)),
		n: make([]float64, l.Groups), mean: make([]float64, l.Groups*CalibrationBins), varying: make([]float64, l.Groups*CalibrationBins),
		reference: l.Reference,
	}
	var sum, count [CalibrationBins]float64
	for i, p := range l.Probability {
		b := calibrationBin(p, CalibrationBins)
		sum[b] -= p
		if l.Positive[i] {
			sum[b]++
		}
		count[b]++
	}
	for i, p := range l.Probability {
		b := calibrationBin(p, CalibrationBins)
		c := l.Group[i]*CalibrationBins + b
		q := min(max(p+sum[b]/count[b], 0), 1)
		s.cell[i], s.truth[i], s.said[i] = c, q, p
		s.n[l.Group[i]]++
		s.mean[c] += q - p
		s.varying[c] += q * (1 - q)
	}
	return s
}

// draw is every group's calibration error in one draw.
func (s sharedCalibration) draw(rng random, many bool) []IntervalEstimate {
	sums := make([]float64, len(s.mean))
	if many {
		for c := range sums {
			sums[c] = s.mean[c] + rng.NormFloat64()*math.Sqrt(s.varying[c])
		}
	} else {
		for i, c := range s.cell {
			sums[c] -= s.said[i]
			if rng.Float64() < s.truth[i] {
				sums[c]++
			}
		}
	}
	out := make([]IntervalEstimate, len(s.n))
	for c, sum := range sums {
		out[c/CalibrationBins].Value += math.Abs(sum)
	}
	for g, n := range s.n {
		out[g].Value /= n
	}
	return out
}

// GapToBest is by how much one of several parts falls behind the best of them,
// where more is better; 0 for the best itself. The ends are the greatest of
// Mover's over the others, not below 0. Null95 is the quantile if all parts
// were alike and only noise, normal and as wide as their intervals, told them
// apart: the best of many always looks good.
func (r Resampling) GapToBest(parts []IntervalEstimate, at int) Parity {
	p := Parity{Interval: Interval{Method: "mover", Detail: fmt.Sprintf("best of %d slices", len(parts))}}
	sd := make([]float64, len(parts))
	for k, other := range parts {
		sd[k] = (other.Interval.High - other.Interval.Low) / (2 * z(r.Confidence))
		if k == at {
			continue
		}
		i := Mover(other, parts[at])
		p.Value = math.Max(p.Value, other.Value-parts[at].Value)
		p.Interval.Low, p.Interval.High = math.Max(p.Interval.Low, i.Low), math.Max(p.Interval.High, i.High)
	}
	if !p.Interval.Usable() {
		p.Interval = noInterval("mover", "a slice has no interval")
		p.Null95 = math.NaN()
		return p
	}
	p.Null95 = r.null(0.95, func(rng random) float64 {
		best, own := math.Inf(-1), 0.0
		for k, d := range sd {
			v := rng.NormFloat64() * d
			best = max(best, v)
			if k == at {
				own = v
			}
		}
		return best - own
	})
	return p
}
