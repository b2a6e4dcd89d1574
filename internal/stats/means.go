package stats

import "math"

// OfMean says whether a metric is the mean of one number of each row, or the
// root of such a mean, as rmse is. Its intervals need no draws.
func (m Metric) OfMean() bool {
	switch m.Base {
	case "brier", "log_loss", "cost", "expected_value",
		"mae", "mse", "rmse", "bias", "mape", "smape", "pinball", "mase", "interval_width":
		return true
	case "mean":
		return len(m.Args) > 0
	}
	return false
}

// MeanValue is a metric's value from the moments of its rows' numbers: of rmse
// these are squared errors. The metric is OfMean, here and below.
func (m Metric) MeanValue(of Moments) float64 { return m.of(of.Mean) }

// MeanInterval is the interval of that value.
func (m Metric) MeanInterval(of Moments, confidence float64) Interval {
	return m.bounded(of.Interval(confidence))
}

// MeanGap is the interval of by how much the metric on a part of the rows is
// worse than on all of them, the part and the rest together; where no value is
// better, of by how much they differ. It is for many rows in all, of which the
// part may have few.
func (m Metric) MeanGap(part, rest Moments, confidence float64) Interval {
	switch {
	case part.N == 0:
		return noInterval("abc", "no rows")
	case rest.N == 0:
		return Interval{Method: "exact", Detail: "the slice holds all rows"}
	}
	all := part.Merge(rest)
	both := func(p, q float64) smooth {
		q /= float64(all.N)
		in, out := part.Scale(p/float64(part.N)+q), rest.Scale(q)
		return smooth{variance: in.M2 + out.M2, third: in.M3 + out.M3}
	}
	return m.oriented(m.contrast(part.linear(), all.linear(), both, confidence))
}

func (m Metric) root() bool { return m.Base == "rmse" }

// signed says whether the metric may be below zero.
func (m Metric) signed() bool {
	switch m.Base {
	case "bias", "mean", "cost", "expected_value":
		return true
	}
	return false
}

func (m Metric) of(mean float64) float64 {
	if m.root() {
		return math.Sqrt(mean)
	}
	return mean
}

// slope is by how much the metric changes as its mean does.
func (m Metric) slope(mean float64) float64 {
	if m.root() {
		return 1 / (2 * math.Sqrt(mean))
	}
	return 1
}

// bounded makes the ends of a mean those of the metric.
func (m Metric) bounded(i Interval) Interval {
	if i.Usable() && !m.signed() {
		i.Low = max(i.Low, 0)
	}
	i.Low, i.High = m.of(i.Low), m.of(i.High)
	return i
}

// oriented turns second minus first, the metric on two samples, into by how
// much the second is worse than the first.
func (m Metric) oriented(i Interval) Interval {
	switch {
	case !i.Usable():
		return i
	case m.Better == More:
		return i.Negate()
	case m.Better == Neither:
		return i.Magnitude()
	}
	return i
}

// contrast is the interval of first minus second, the metric on two samples,
// from the linear part of each; both is that of p times the first's mean plus
// q times the second's. Where the nearer to zero is the better, it is that of
// the difference of their sizes.
func (m Metric) contrast(first, second smooth, both func(p, q float64) smooth, confidence float64) Interval {
	if m.Better == Zero {
		return sizes(first, second, both, confidence)
	}
	d := both(m.slope(first.value), -m.slope(second.value))
	d.value = m.of(first.value) - m.of(second.value)
	return d.interval(confidence)
}

// sizes is the interval of |first| − |second|. Where the sign of one is not
// known, the size is not smooth, and the ends are those of an interval of each
// at half the error.
func sizes(first, second smooth, both func(p, q float64) smooth, confidence float64) Interval {
	a, b := first.interval((1+confidence)/2), second.interval((1+confidence)/2)
	if !a.Usable() || !b.Usable() {
		return noInterval("abc", "one of the two has no interval")
	}
	p, q := a.sign(), -b.sign()
	if p*q != 0 {
		d := both(p, q)
		d.value = p*first.value + q*second.value
		return d.interval(confidence)
	}
	a, b = a.Magnitude(), b.Magnitude()
	return Interval{Low: a.Low - b.High, High: a.High - b.Low, Method: "bonferroni", Detail: "the sign of one of the two is not known"}
}

// sign is 1 or −1 where the interval lies on one side of zero, else 0.
func (i Interval) sign() float64 {
	switch {
	case i.Low > 0:
		return 1
	case i.High < 0:
		return -1
	}
	return 0
}

// Means are one number of each row, whose weighted mean a metric is, or the
// root of that mean.
type Means struct {
	Metric Metric
	X      []float64
	Weight []float64 // nil: every row counts once
}

// Interval is that of the metric. Of weighted rows it is ABC's of a ratio,
// Σwx/Σw: each row's part in it is w(x−θ)/Σw.
func (v Means) Interval(confidence float64) Interval {
	return v.Metric.bounded(v.smooth().interval(confidence))
}

// Behind is the interval of by how much the second is worse than the first, on
// the same rows by the same weights.
func (v Means) Behind(second Means, confidence float64) Interval {
	return v.Metric.oriented(second.minus(v, confidence))
}

// Minus is the interval of the first less the second.
func (v Means) Minus(second Means, confidence float64) Interval {
	v.Metric.Better = Neither
	return v.minus(second, confidence)
}

func (v Means) minus(second Means, confidence float64) Interval {
	a, b := v.parts(), second.parts()
	both := func(p, q float64) smooth {
		u := make([]float64, len(a))
		for i := range u {
			u[i] = p*a[i] + q*b[i]
		}
		return spreadOf(u)
	}
	return v.Metric.contrast(v.smooth(), second.smooth(), both, confidence)
}

// Gap is the interval of by how much the metric is worse on the marked rows
// than on all.
func (v Means) Gap(marked []bool, confidence float64) Interval {
	var in, out []int32
	for row, is := range marked {
		if is {
			in = append(in, int32(row))
		} else {
			out = append(out, int32(row))
		}
	}
	part := v.pick(in)
	if v.Weight == nil {
		return v.Metric.MeanGap(MomentsOf(part.X), MomentsOf(v.pick(out).X), confidence)
	}
	a, b := part.parts(), v.parts()
	both := func(p, q float64) smooth {
		inside := make([]float64, len(in))
		for k, row := range in {
			inside[k] = p*a[k] + q*b[row]
		}
		x, y := spreadOf(inside), spreadOf(stretch(take(b, out), q))
		return smooth{variance: x.variance + y.variance, third: x.third + y.third}
	}
	return v.Metric.oriented(v.Metric.contrast(part.smooth(), v.smooth(), both, confidence))
}

func (v Means) pick(at []int32) Means {
	v.X, v.Weight = take(v.X, append([]int32{}, at...)), take(v.Weight, append([]int32{}, at...))
	return v
}

func (v Means) mean() (theta, sum float64) {
	if v.Weight == nil {
		return MomentsOf(v.X).Mean, float64(len(v.X))
	}
	for _, w := range v.Weight {
		sum += w
	}
	return meanOf(v.X)(v.Weight), sum
}

// parts are what the mean changes by as a row counts once more. Rows without
// weight have none, even where their number is none.
func (v Means) parts() []float64 {
	theta, sum := v.mean()
	u := make([]float64, len(v.X))
	for i, x := range v.X {
		switch {
		case v.Weight == nil:
			u[i] = (x - theta) / sum
		case v.Weight[i] != 0:
			u[i] = v.Weight[i] * (x - theta) / sum
		}
	}
	return u
}

// smooth is the mean near the sample. That of weighted rows is curved, since
// the weights' sum varies with it; the bias is of the same size, so that they
// cancel in the bias correction.
func (v Means) smooth() smooth {
	if v.Weight == nil {
		return MomentsOf(v.X).linear()
	}
	theta, sum := v.mean()
	u := v.parts()
	s := spreadOf(u)
	s.value = theta
	sigma := math.Sqrt(s.variance)
	for i, w := range v.Weight {
		s.curvature -= u[i] * w / sum
	}
	if sigma > 0 {
		s.curvature /= sigma
	}
	s.bias = s.curvature * sigma
	return s
}

// spreadOf is of a sum of independent parts.
func spreadOf(u []float64) smooth {
	m := MomentsOf(u)
	return smooth{variance: m.M2, third: m.M3}
}

func stretch(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v * by
	}
	return out
}

// weighedMeans has the weights in a unit in which their sums are finite.
func weighedMeans(m Metric, n int, weight []float64) (Means, bool) {
	r, err := weigh(n, weight)
	return Means{Metric: m, Weight: r.own}, err == nil && m.OfMean()
}

// Means are the numbers of a metric that is OfMean; false where the sample
// lacks something for it.
func (b Binary) Means(m Metric) (v Means, ok bool) {
	v, ok = weighedMeans(m, b.Len(), b.Weight)
	switch {
	case !ok || !m.For(TaskBinary) || b.check(m) != nil:
		return v, false
	case m.Base == "mean":
		return v.ofColumn(b.Columns, b.Len())
	case m.Base == "brier":
		v.X = Squares(b.Positive, b.Score)
	case m.Base == "log_loss":
		v.X, _ = LogLosses(b.Positive, b.Score)
	case b.Threshold == nil:
		return v, false
	default: // by the row's cell alone
		f := formula(m.Base, m)
		v.X = make([]float64, b.Len())
		for i, s := range b.Score {
			var t table
			t.add(b.Positive[i], s >= *b.Threshold, 1)
			v.X[i] = f(t)
		}
	}
	return v, true
}

// Means are as Binary's.
func (c Classes) Means(m Metric) (v Means, ok bool) {
	v, ok = weighedMeans(m, c.Len(), c.Weight)
	switch {
	case !ok || !m.For(TaskMulticlass) || c.check() != nil:
		return v, false
	case m.Base == "mean":
		return v.ofColumn(c.Columns, c.Len())
	case c.probabilities(m) != nil:
		return v, false
	case m.Base == "brier":
		v.X = c.squares()
	default:
		v.X, _ = c.logLosses()
	}
	return v, true
}

// Means are as Binary's; of rmse they are squares.
func (b Numbers) Means(m Metric) (v Means, ok bool) {
	v, ok = weighedMeans(m, b.Len(), b.Weight)
	if !ok || !m.For(TaskRegression) && !m.For(TaskForecasting) {
		return v, false
	}
	if m.Base == "mean" {
		return v.ofColumn(b.Columns, b.Len())
	}
	loss := rowLoss(m)
	if m.root() {
		loss = rowLoss(Metric{Base: "mse"})
	}
	if loss != nil {
		v.X = each(b.Label, b.Predicted, loss)
		return v, true
	}
	x, err := b.rowNumbers(m)
	v.X = x
	return v, err == nil
}

func (v Means) ofColumn(columns map[string][]float64, n int) (Means, bool) {
	x, err := column(columns, v.Metric.Args[0], n)
	v.X = x
	return v, err == nil
}
