package stats

import (
	"strings"
	"testing"
)

// TestValueMetrics holds the statistics against the kernels, whole and over
// rows that are drawn several times.
func TestValueMetrics(t *testing.T) {
	rng := generator(71, 1)
	const n = 2000
	columns := map[string][]float64{}
	for range n {
		x := rng.Float64()
		p, target, predicted, other := 0.2+0.6*x, 0.75, x, 0.4
		if rng.Float64() >= p {
			p, target, predicted, other = 1-p, 1-target, other, predicted
		}
		for name, v := range map[string]float64{"r": x + rng.NormFloat64(), "p": p, "t": target, "q": predicted, "o": other} {
			columns[name] = append(columns[name], v)
		}
	}
	counts, copies := make([]int32, n), []int32{}
	for i := range counts {
		counts[i] = int32(2 * rng.Float64() * 1.5)
		for range counts[i] {
			copies = append(copies, int32(i))
		}
	}
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	for _, name := range []string{"value_ips(r,p,t)", "value_snips(r,p,t)", "value_dr(r,p,t,q,o)"} {
		m, ok := Lookup(name)
		if !ok || m.Kind != Policy || m.Better != More {
			t.Fatalf("%s: got %+v, %v", name, m, ok)
		}
		l, err := LoggedOf(m, columns)
		if err != nil {
			t.Fatal(err)
		}
		for task, statistic := range map[string]func(Metric) (Statistic, string, error){
			TaskBinary:     Binary{Positive: make([]bool, n), Score: make([]float64, n), Columns: columns}.Statistic,
			TaskRegression: Numbers{Label: columns["r"], Predicted: columns["r"], Columns: columns}.Statistic,
		} {
			s, _, err := statistic(m)
			if err != nil {
				t.Fatalf("%s of task %s: %v", name, task, err)
			}
			near(t, name, s(nil), r.Value(m, l).Value)
			drawn := r.Value(m, l.pick(copies))
			if drawn.Overlap.Problem != "" {
				t.Fatalf("%s: %s", name, drawn.Overlap.Problem)
			}
			near(t, name+" drawn", s(counts), drawn.Value)
		}
	}
}

func TestValueMetricsRefuse(t *testing.T) {
	columns := map[string][]float64{"r": {1, 2}, "p": {0.5, 0.5}, "t": {1, 0}, "q": {1}}
	for name, want := range map[string]string{
		"value_ips(r,p,t)":      "the effective sample size is 1 of 2 rows: at least 50 are needed",
		"value_ips(r,p,x)":      `no column "x" among the numbers: p, q, r, t`,
		"value_snips(r,p,q)":    "rewards, propensities and targets are not of the same rows",
		"value_ips(r,p,t) of 3": "2 logged decisions for a sample of 3",
		"mean(r)":               "metric mean(r) judges no policy",
	} {
		rows := 2
		text := name
		if text == "value_ips(r,p,t) of 3" {
			rows, text = 3, "value_ips(r,p,t)"
		}
		m, ok := Lookup(text)
		if !ok {
			t.Fatal(text)
		}
		_, err := policyMetric(m, columns, rows)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", name, err, want)
		}
	}
}
