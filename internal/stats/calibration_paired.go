package stats

// CalibrationPaired is the interval of first minus second, two expected
// calibration errors over the same n rows. Noise biases each upwards, and the
// less the worse a model is calibrated, so that their difference is biased
// too: BCa alone held the truth in a third of samples. The ends are therefore
// those of two Calibration intervals at half the error each, and never within
// BCa's. Each null is the quantile of a calibrated model at HalfNull.
func (r Resampling) CalibrationPaired(n int, first, second Build, firstNull, secondNull float64) Interval {
	_, i := r.BCa(n, Paired(first, second))
	return r.apart(i, func(half Resampling) (a, b Interval) {
		_, a = half.Calibration(n, firstNull, first)
		_, b = half.Calibration(n, secondNull, second)
		return a, b
	})
}

// CalibrationGap is the interval of by how much a calibration error is greater
// on the marked rows than on all. Chance raises that of the fewer rows the
// more, so that the ends are as those of CalibrationPaired: BCa held the truth
// of a calibrated slice in two of three samples. part is the error of the
// marked rows, in their order.
func (r Resampling) CalibrationGap(marked []bool, gap, part, all Build, partNull, allNull float64) Interval {
	_, i := r.Stratified(marked, gap)
	return r.apart(i, func(half Resampling) (a, b Interval) {
		inside := 0
		for _, is := range marked {
			if is {
				inside++
			}
		}
		_, a = half.Calibration(inside, partNull, part)
		_, b = half.Calibration(len(marked), allNull, all)
		return a, b
	})
}

// HalfNull is where the null of an interval at half the error lies, for
// CalibrationPaired and CalibrationGap: 0.9875 for a confidence of 0.95.
func (r Resampling) HalfNull() float64 { return 1 - (1-r.Confidence)/4 }

func (r Resampling) half() Resampling {
	r.Confidence = (1 + r.Confidence) / 2
	return r
}

// apart widens the interval of a difference to the far ends of two intervals
// at half the error each.
func (r Resampling) apart(i Interval, each func(half Resampling) (a, b Interval)) Interval {
	if !i.Usable() || i.Degenerate {
		return i
	}
	a, b := each(r.half())
	if !a.Usable() || !b.Usable() {
		return noInterval("bootstrap_centred", "one of the calibration errors has no interval")
	}
	i.Low, i.High = min(i.Low, a.Low-b.High), max(i.High, a.High-b.Low)
	i.Method = "bootstrap_centred"
	return i
}
