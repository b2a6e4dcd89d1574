package stats

import (
	"math"
	"slices"
	"testing"
)

type ofMeans interface {
	rowSample
	Means(m Metric) (Means, bool)
}

// meansOfTasks are samples that have every metric that is a mean.
func meansOfTasks(n int, weighed bool) map[string]ofMeans {
	rng := generator(83, n)
	half := 0.5
	b := Binary{Threshold: &half, Columns: map[string][]float64{"x": nil}}
	c := Classes{Names: []string{"a", "b", "c"}, Columns: map[string][]float64{"x": nil}}
	r := Numbers{Columns: map[string][]float64{"x": nil, "low": nil, "high": nil}, Season: 1}
	var weight []float64
	for range n {
		p := rng.Float64()
		b.Score, b.Positive = append(b.Score, p), append(b.Positive, rng.Float64() < p)
		u := p / 2
		c.Prob = append(c.Prob, u, p-u, 1-p)
		c.Label = append(c.Label, int32(rng.IntN(3)))
		y := 5 + rng.NormFloat64()
		r.Label, r.Predicted = append(r.Label, y), append(r.Predicted, y+0.2+rng.NormFloat64())
		x := rng.ExpFloat64()
		for _, columns := range []map[string][]float64{b.Columns, c.Columns, r.Columns} {
			columns["x"] = append(columns["x"], x)
		}
		r.Columns["low"], r.Columns["high"] = append(r.Columns["low"], y-x), append(r.Columns["high"], y+1)
		weight = append(weight, rng.ExpFloat64())
	}
	if weighed {
		b.Weight, c.Weight, r.Weight = weight, weight, weight
	}
	return map[string]ofMeans{TaskBinary: b, TaskMulticlass: c, TaskForecasting: r}
}

// meansByTask are the metrics of a task that are means, as it may be asked.
var meansByTask = map[string][]string{
	TaskBinary:      {"brier", "log_loss", "cost(fp=1,fn=5)", "expected_value(tp=3,fp=-1,fn=-2,tn=0)", "mean(x)"},
	TaskMulticlass:  {"brier", "log_loss", "mean(x)"},
	TaskForecasting: {"mae", "mse", "rmse", "bias", "mape", "smape", "pinball(0.9)", "mase", "interval_width(low,high)", "mean(x)"},
}

func TestMeansAreTheMetric(t *testing.T) {
	for _, weighed := range []bool{false, true} {
		for task, sample := range meansOfTasks(300, weighed) {
			for _, name := range meansByTask[task] {
				m, _ := Lookup(name)
				v, ok := sample.Means(m)
				if !ok {
					t.Fatalf("%s has no means", name)
				}
				var got float64
				if v.Weight == nil {
					got = m.MeanValue(MomentsOf(v.X))
				} else {
					theta, _ := v.mean()
					got = m.of(theta)
				}
				near(t, task+" "+name, got, statisticOf(t, sample, m)(nil))
			}
		}
	}
}

// TestOnlyMeansAreMeans: of all metrics, and of samples that lack something.
func TestOnlyMeansAreMeans(t *testing.T) {
	var got []string
	for _, m := range Metrics() {
		if m.OfMean() {
			got = append(got, m.Name)
		}
	}
	want := []string{"bias", "brier", "cost(fp=a,fn=b)", "expected_value(tp=a,fp=b,fn=c,tn=d)", "interval_width(low,high)", "log_loss", "mae", "mape", "mase", "mean(column)", "mse", "pinball(q)", "rmse", "smape"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
	samples := meansOfTasks(30, false)
	two := samples[TaskBinary].(Binary)
	blind, wild, heavy := two, two, two
	blind.Threshold = nil
	wild.Score = append(slices.Clone(two.Score[1:]), 1.5)
	heavy.Weight = append(make([]float64, 29), -1)
	unsure := samples[TaskMulticlass].(Classes)
	unsure.Prob = nil
	unsure.Decision = unsure.Label
	for _, c := range []struct {
		name, metric string
		sample       ofMeans
	}{
		{"a metric that is no mean", "ece", two},
		{"a metric of another task", "mae", two},
		{"a threshold that is not given", "cost(fp=1,fn=5)", blind},
		{"a score that is no probability", "brier", wild},
		{"a negative weight", "brier", heavy},
		{"an unknown column", "mean(y)", two},
		{"classes without probabilities", "log_loss", unsure},
		{"an unknown column of classes", "mean(y)", samples[TaskMulticlass]},
		{"a metric that numbers lack", "brier", samples[TaskForecasting]},
		{"unknown ends", "interval_width(low,top)", samples[TaskForecasting]},
	} {
		m, ok := Lookup(c.metric)
		if !ok {
			t.Fatal(c.metric)
		}
		if v, ok := c.sample.Means(m); ok {
			t.Errorf("%s: got %v; want none", c.name, v)
		}
	}
}

// TestIntervalOfWeightedMeansIsABC, of a ratio of sums.
func TestIntervalOfWeightedMeansIsABC(t *testing.T) {
	for task, sample := range meansOfTasks(300, true) {
		for _, name := range meansByTask[task] {
			m, _ := Lookup(name)
			v, _ := sample.Means(m)
			if m.root() {
				continue
			}
			i := v.Interval(0.95)
			low, high := abcnon(len(v.X), func(p []float64) float64 {
				w := make([]float64, len(p))
				for i := range w {
					w[i] = p[i] * v.Weight[i]
				}
				return meanOf(v.X)(w)
			}, 0.95)
			if width := high - low; i.Method != "abc" || !(math.Abs(i.Low-low) < 1e-5*width && math.Abs(i.High-high) < 1e-5*width) {
				t.Errorf("%s: got %+v; want [%v, %v]", name, i, low, high)
			}
		}
	}
}

// worseBy is what evaluations compare by.
func worseBy(better Direction, first, second float64) float64 {
	switch better {
	case More:
		return first - second
	case Zero:
		return math.Abs(second) - math.Abs(first)
	case Neither:
		return math.Abs(first - second)
	}
	return second - first
}

// TestMeansAgreeWithDraws: intervals, gaps and differences of every mean, with
// weights and without, are those of the bootstrap that they stand in for.
func TestMeansAgreeWithDraws(t *testing.T) {
	const n = 2500
	r := Resampling{Draws: 4000, Seed: 9, Confidence: 0.9}
	for _, weighed := range []bool{false, true} {
		for task, sample := range meansOfTasks(n, weighed) {
			for _, name := range meansByTask[task] {
				m, _ := Lookup(name)
				v, _ := sample.Means(m)
				all := statisticOf(t, sample, m)
				_, drawn := r.BCa(n, always(all))
				closeEnds(t, name, v.Interval(0.9), drawn)

				other := v
				other.X = make([]float64, n)
				for i, x := range v.X {
					other.X[i] = 2*x + v.X[(i+1)%n]
				}
				_, drawn = r.BCa(n, func([]int32) Statistic {
					first, second := rows{n: n, own: v.Weight, unit: 1}.statistic(meanOf(v.X)), rows{n: n, own: v.Weight, unit: 1}.statistic(meanOf(other.X))
					return func(w []int32) float64 { return worseBy(m.Better, m.of(first(w)), m.of(second(w))) }
				})
				closeEnds(t, name+" of two models", v.Behind(other, 0.9), drawn)

				marked := make([]bool, n)
				for i := range marked {
					marked[i] = i%5 < 2 && v.X[i] < 2
				}
				_, drawn = r.Stratified(marked, func([]int32) Statistic {
					return func(w []int32) float64 {
						in := make([]int32, n)
						for i, is := range marked {
							if is {
								in[i] = 1
								if w != nil {
									in[i] = w[i]
								}
							}
						}
						return worseBy(m.Better, all(w), all(in))
					}
				})
				closeEnds(t, name+" of a slice", v.Gap(marked, 0.9), drawn)
			}
		}
	}
}

func closeEnds(t *testing.T, name string, got, want Interval) {
	t.Helper()
	if width := want.High - want.Low; !(math.Abs(got.Low-want.Low) < 0.08*width && math.Abs(got.High-want.High) < 0.08*width) {
		t.Errorf("%s: got %+v; want about %+v", name, got, want)
	}
}

func TestGapOfMeansOfAllAndOfNone(t *testing.T) {
	m, _ := Lookup("brier")
	some := MomentsOf([]float64{.1, .2, .4, .9, .3})
	if got, want := m.MeanGap(some, Moments{}, 0.95), (Interval{Method: "exact", Detail: "the slice holds all rows"}); got != want {
		t.Errorf("all rows: got %+v; want %+v", got, want)
	}
	if got := m.MeanGap(Moments{}, some, 0.95); got.Usable() || got.Detail != "no rows" {
		t.Errorf("no rows: got %+v; want none", got)
	}
	if got := m.MeanGap(MomentsOf([]float64{.5, .5}), MomentsOf([]float64{.5}), 0.95); got.Usable() || got.Detail != "the rows do not vary" {
		t.Errorf("equal rows: got %+v; want none", got)
	}
}

// TestGapOfBiasWhoseSignIsNotKnown has an interval that holds both signs.
func TestGapOfBiasWhoseSignIsNotKnown(t *testing.T) {
	m, _ := Lookup("bias")
	rng := generator(3, 3)
	draw := func(n int, mean float64) Moments {
		var of Moments
		for range n {
			of.Add(mean + rng.NormFloat64())
		}
		return of
	}
	for _, c := range []struct {
		name          string
		part, rest    float64
		method        string
		truth, within float64
	}{
		{"both above", 0.5, 0.3, "abc", 0.5 - 0.32, 0.05},
		{"both below", -0.5, -0.3, "abc", 0.5 - 0.32, 0.05},
		{"one on each side", -0.5, 0.3, "abc", 0.5 - 0.22, 0.05},
		{"one near zero", 0, 0.3, "bonferroni", -0.27, 0.1},
	} {
		i := m.MeanGap(draw(10_000, c.part), draw(90_000, c.rest), 0.95)
		if i.Method != c.method || !(i.Low <= c.truth && c.truth <= i.High && i.High-i.Low < c.within) {
			t.Errorf("%s: got %+v; want %g within %g by %s", c.name, i, c.truth, c.within, c.method)
		}
	}
	if i := m.MeanGap(draw(1, 1), draw(100, 1), 0.95); i.Usable() || i.Detail != "one of the two has no interval" {
		t.Errorf("a single row: got %+v; want none", i)
	}
}
