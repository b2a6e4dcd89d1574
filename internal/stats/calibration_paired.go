package stats

// CalibrationPaired is the interval of first minus second, two expected
// calibration errors over the same n rows. Noise biases each upwards, and the
// less the worse a model is calibrated, so that their difference is biased
// too: BCa alone held the truth in a third of samples. The ends are therefore
// those of two Calibration intervals at half the error each, and never within
// BCa's. Each null is the quantile of a calibrated model at the confidence
// that such an interval has: 0.9875 for 0.95.
func (r Resampling) CalibrationPaired(n int, first, second Build, firstNull, secondNull float64) Interval {
	_, i := r.BCa(n, Paired(first, second))
	if !i.Usable() || i.Degenerate {
		return i
	}
	half := r
	half.Confidence = (1 + r.Confidence) / 2
	_, a := half.Calibration(n, firstNull, first)
	_, b := half.Calibration(n, secondNull, second)
	if !a.Usable() || !b.Usable() {
		return noInterval("bootstrap_centred", "one of the calibration errors has no interval")
	}
	i.Low, i.High = min(i.Low, a.Low-b.High), max(i.High, a.High-b.Low)
	i.Method = "bootstrap_centred"
	return i
}
