package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// manyRows is a binary sample that is large enough for intervals from moments,
// and the scores of another model.
func manyRows(n int) (s, other *sample) {
	rng := rand.New(rand.NewPCG(4, 4))
	half := 0.5
	s = &sample{task: "binary", threshold: &half, rows: make([]int32, n), said: &predicted{columns: map[string][]float64{"x": make([]float64, n)}}}
	worse := &predicted{columns: map[string][]float64{"x": make([]float64, n)}}
	for i := range n {
		p := rng.Float64()
		s.rows[i], s.positive = int32(i), append(s.positive, rng.Float64() < p)
		s.said.score, worse.score = append(s.said.score, p), append(worse.score, 0.3+p/2)
		s.said.columns["x"][i], worse.columns["x"][i] = rng.ExpFloat64(), rng.ExpFloat64()
	}
	s.score = s.said.score
	return s, s.instead(worse)
}

// TestMeansOfManyRowsAreNotDrawn: of a mean the moments of the rows give the
// interval, which is about that of the draws that few rows have.
func TestMeansOfManyRowsAreNotDrawn(t *testing.T) {
	n := stats.ClosedRows + 1
	s, other := manyRows(n)
	half := 0.5
	j := &judge{spec: &project.Spec{Task: "binary", Confidence: 0.95, Draws: 1000, Judge: "bound", Predictions: project.SpecPredictions{Threshold: &half}}, seed: "s"}
	at := []int32{}
	for i := range n / 3 {
		at = append(at, int32(3*i))
	}
	r := j.resampling("draws")
	for _, name := range []string{"log_loss", "brier", "cost(fp=1,fn=5)", "mean(x)"} {
		info, _ := stats.Lookup(name)
		_, metric := r.BCa(n, s.build(info))
		_, gap := r.BCa(n, func(rows []int32) stats.Statistic {
			marked := make([]bool, n)
			for _, k := range at {
				marked[k] = true
			}
			return gapStatistic(info, s, marked, rows)
		})
		for _, weight := range [][]float64{nil, slices.Repeat([]float64{2}, n)} {
			s.weight, other.weight = weight, weight
			asDrawn(t, name, j.metric(name, s, name, nil), metric)
			if name != "mean(x)" { // whose distance is not below 0
				asDrawn(t, name+" of a slice", j.gap(name, s, s.pick(at), func() []int32 { return at }, name, nil), gap)
				_, paired := r.BCa(n, paired(info, s, other))
				m, _ := j.improvement(name, s, other, name, nil)
				asDrawn(t, name+" of two models", m, paired)
			}
		}
	}
	info, _ := stats.Lookup("mean(x)")
	_, drawn := r.BCa(n, func([]int32) stats.Statistic {
		f, g := other.compute(info), s.compute(info)
		return func(w []int32) float64 { return f(w) - g(w) }
	})
	asDrawn(t, "mean(x) of two", (&pair{both: j}).raw(info, s, other, "x"), drawn)
	s.unit = make([]int32, n)
	for i := range s.unit {
		s.unit[i] = int32(i / 10)
	}
	if m := j.metric("brier", s, "brier", nil); m.Method != "cluster_bootstrap" {
		t.Errorf("rows in units: got %+v; want the bootstrap over units", m)
	}
}

func asDrawn(t *testing.T, name string, got Measure, want stats.Interval) {
	t.Helper()
	if got.Low == nil || got.High == nil {
		t.Fatalf("%s: got %+v; want an interval", name, got)
	}
	width := want.High - want.Low
	if got.Method != "abc" || got.Draws != 0 || math.Abs(*got.Low-want.Low) > 0.12*width || math.Abs(*got.High-want.High) > 0.12*width {
		t.Errorf("%s: got %s [%v, %v] of %d draws; want abc about %+v", name, got.Method, *got.Low, *got.High, got.Draws, want)
	}
}

// TestCalibrationGapKnowsItsBias: a slice that is calibrated as all rows are
// has a gap of 0 within its interval, by rows where they are few and by the
// sums of bins where they are many.
func TestCalibrationGapKnowsItsBias(t *testing.T) {
	for _, n := range []int{2000, stats.ClosedRows + 1} {
		s, _ := manyRows(n)
		j := &judge{spec: &project.Spec{Task: "binary", Confidence: 0.95, Draws: 500, Judge: "bound"}, seed: "s"}
		at := []int32{}
		for i := range n / 10 {
			at = append(at, int32(10*i))
		}
		for _, name := range []string{"ece", "mce", "brier_reliability"} {
			m := j.gap(name, s, s.pick(at), func() []int32 { return at }, name, nil)
			if m.Method != "bootstrap_centred" || m.Low == nil || *m.Low > 0 || *m.High < *m.Value {
				t.Errorf("%s of %d rows: got %+v; want an interval that holds 0", name, n, m)
			}
			whole := j.metric(name, s, name, nil)
			if byBins := strings.Contains(whole.Detail, "sums of their bins"); byBins != (n > stats.ClosedRows) || whole.Null95 == nil || *whole.Null95 < *whole.Value/3 {
				t.Errorf("%s of %d rows: got %+v; want by bins %t, and the reach of chance", name, n, whole, n > stats.ClosedRows)
			}
		}
	}
}
