package stats

import (
	"fmt"
	"math"
)

// Len is the number of rows.
func (b Numbers) Len() int { return len(b.Label) }

// Pick is the sample of some rows, in that order; of all where at is nil. A
// forecast's scale is made from all rows before, so that it stays.
func (b Numbers) Pick(at []int32) Numbers {
	scale := b.Scale
	if scale == nil && b.Season > 0 {
		scale = SeasonalScale(nil, b.Label, b.Season)
	}
	return Numbers{
		Label: take(b.Label, at), Predicted: take(b.Predicted, at), Weight: take(b.Weight, at),
		Columns: takeColumns(b.Columns, at), Season: b.Season, Scale: take(scale, at),
	}
}

// Statistic is a metric of predicted numbers over the rows. The error says
// what the sample lacks for it; nothing has to be bent, and note is empty.
func (b Numbers) Statistic(m Metric) (s Statistic, note string, err error) {
	if err := sameLength("predictions", len(b.Predicted), b.Len()); err != nil {
		return nil, "", err
	}
	if err := allFinite("label", b.Label, 1); err != nil {
		return nil, "", err
	}
	if err := allFinite("prediction", b.Predicted, 1); err != nil {
		return nil, "", err
	}
	r, err := weigh(b.Len(), b.Weight)
	if err != nil {
		return nil, "", err
	}
	f, err := b.estimate(m)
	if err != nil {
		return nil, "", err
	}
	return r.statistic(f), "", nil
}

func (b Numbers) estimate(m Metric) (estimate, error) {
	if !m.For(TaskRegression) && !m.For(TaskForecasting) {
		return nil, unknownTo(TaskRegression, m)
	}
	if ofColumn(m) {
		return columnMetric(m, b.Columns, b.Len())
	}
	if loss := rowLoss(m); loss != nil {
		return meanOf(each(b.Label, b.Predicted, loss)), nil
	}
	switch m.Base {
	case "rmse":
		return rootMeanSquare(each(b.Label, b.Predicted, func(y, p float64) float64 { return p - y })), nil
	case "r2":
		return determination(b.Label, b.Predicted, b.Weight), nil
	case "median_ae":
		return quantileOf(AbsoluteErrors(b.Label, b.Predicted), 0.5), nil
	}
	x, err := b.rowNumbers(m)
	return meanOf(x), err
}

// rowNumbers are those whose mean a metric is, where they are no losses of one
// label and prediction.
func (b Numbers) rowNumbers(m Metric) ([]float64, error) {
	switch m.Base {
	case "interval_coverage", "interval_width":
		return b.ofInterval(m)
	case "mase":
		return b.mase()
	}
	return nil, unknownTo(TaskRegression, m)
}

// rowLoss is the loss of one row of a metric that is the mean of them; nil for
// others. mape has none where the label is 0 (the prediction's relative error
// is infinite). smape is 2|ŷ−y|/(|y|+|ŷ|), from 0 to 2 (Makridakis 1993), and
// 0 where both are 0. pinball is that of the quantile q (Koenker and Bassett
// 1978).
func rowLoss(m Metric) func(y, p float64) float64 {
	switch m.Base {
	case "mae":
		return func(y, p float64) float64 { return math.Abs(p - y) }
	case "bias":
		return func(y, p float64) float64 { return p - y }
	case "mse":
		return func(y, p float64) float64 { return square(p - y) }
	case "mape":
		return func(y, p float64) float64 {
			if y == 0 {
				return nan
			}
			return math.Abs((p - y) / y)
		}
	case "smape":
		return func(y, p float64) float64 {
			if y == p {
				return 0
			}
			return math.Abs(p/2-y/2) / (math.Abs(y)/4 + math.Abs(p)/4)
		}
	case "pinball":
		q := m.number(0)
		return func(y, p float64) float64 { return max(q*(y-p), (q-1)*(y-p)) }
	}
	return nil
}

// rootMeanSquare is that of errors, which may be so large that their squares
// leave the range of numbers.
func rootMeanSquare(errors []float64) estimate {
	unit := binaryUnit(errors)
	squares := make([]float64, len(errors))
	for i, e := range errors {
		squares[i] = square(e / unit)
	}
	mean := meanOf(squares)
	return func(w []float64) float64 { return math.Sqrt(mean(w)) * unit }
}

// binaryUnit is the power of two at the largest number; dividing by it costs
// no digits.
func binaryUnit(x []float64) float64 {
	most := 0.0
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	if most == 0 || math.IsInf(most, 0) || math.IsNaN(most) {
		return 1
	}
	_, exponent := math.Frexp(most)
	return math.Ldexp(1, exponent-1)
}

// determination is 1 − Σ(y−ŷ)²/Σ(y−ȳ)², with labels centred first so that a
// large mean costs no digits.
func determination(label, predicted, weight []float64) estimate {
	centre := mean(label)
	if weight != nil {
		if v := meanOf(label)(weight); !math.IsNaN(v) && !math.IsInf(v, 0) {
			centre = v
		}
	}
	dev := each(label, label, func(y, _ float64) float64 { return y - centre })
	miss := each(label, predicted, func(y, p float64) float64 { return p - y })
	unit := max(binaryUnit(dev), binaryUnit(miss))
	return func(w []float64) float64 {
		var n, s1, s2, se float64
		for i, d := range dev {
			k, d := w[i], d/unit
			n, s1, s2, se = n+k, s1+k*d, s2+k*d*d, se+k*square(miss[i]/unit)
		}
		total := s2 - s1*s1/n
		if !(total > 1e-12*s2) {
			return nan
		}
		return 1 - se/total
	}
}

// ofInterval is a metric of each row's predicted interval, from one column to
// another: the share of labels in it, ends included, or its mean width.
func (b Numbers) ofInterval(m Metric) ([]float64, error) {
	low, err := column(b.Columns, m.Args[0], b.Len())
	if err != nil {
		return nil, err
	}
	high, err := column(b.Columns, m.Args[1], b.Len())
	if err != nil {
		return nil, err
	}
	x := make([]float64, b.Len())
	for i, y := range b.Label {
		switch {
		case low[i] > high[i]:
			return nil, fmt.Errorf("row %d has an interval from %v to %v\nhint: name the column of lower ends first", i, low[i], high[i])
		case m.Base == "interval_width":
			x[i] = high[i] - low[i]
		case low[i] <= y && y <= high[i]:
			x[i] = 1
		}
	}
	return x, nil
}

// mase is the mean of absolute errors over the mean absolute error of the
// seasonal naive forecast (Hyndman and Koehler, Int. J. Forecasting 22 (2006)
// 679–688). NaN where a row's scale is 0 or unknown.
func (b Numbers) mase() ([]float64, error) {
	scale := b.Scale
	if scale == nil {
		if b.Season < 1 {
			return nil, fmt.Errorf("mase needs the season's length, and it is %d\nhint: write it in rows; 1 is no season", b.Season)
		}
		scale = SeasonalScale(nil, b.Label, b.Season)
	}
	if err := sameLength("scales", len(scale), b.Len()); err != nil {
		return nil, err
	}
	x := AbsoluteErrors(b.Label, b.Predicted)
	for i, s := range scale {
		if x[i] /= s; !(s > 0) {
			x[i] = nan
		}
	}
	return x, nil
}

// SeasonalScale is, for each row, the mean of |y_t − y_(t−season)| over the
// rows of its series in their order: what mase divides by. series nil: all
// rows are of one series. NaN for a series of no more rows than the season,
// which is 1 or more.
// To scale by training data, give each test row the number of its series
// there.
func SeasonalScale(series []int32, label []float64, season int) []float64 {
	type sums struct {
		last   []float64
		sum, n float64
	}
	of := func(i int) int32 {
		if series == nil {
			return 0
		}
		return series[i]
	}
	each := map[int32]*sums{}
	for i, y := range label {
		s := each[of(i)]
		if s == nil {
			s = &sums{}
			each[of(i)] = s
		}
		if k := len(s.last) - season; k >= 0 && season > 0 {
			s.sum, s.n = s.sum+math.Abs(y-s.last[k]), s.n+1
		}
		s.last = append(s.last, y)
	}
	scale := make([]float64, len(label))
	for i := range scale {
		s := each[of(i)]
		scale[i] = s.sum / s.n
	}
	return scale
}
