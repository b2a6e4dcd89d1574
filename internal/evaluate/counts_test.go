package evaluate

import (
	"fmt"
	"math"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// What is measured by counts is what the rows themselves give: the same
// numbers, statuses and words, on slices that are large, small, of one class
// and empty.
func TestCountsSayWhatRowsSay(t *testing.T) {
	for _, n := range []int{500, stats.ClosedRows + 3000} {
		s, _ := manyRows(n)
		p := &parts{by: "g", groups: []string{"most", "few", "one class", "none"}, code: make([]uint16, n)}
		for i := range p.code {
			switch {
			case i%20 == 1:
				p.code[i] = 1
			case i < 60 && s.positive[i]:
				p.code[i] = 2
			}
		}
		half := 0.5
		spec := &project.Spec{Task: "binary", Confidence: 0.95, Draws: 400, Judge: "bound", Predictions: project.SpecPredictions{Threshold: &half},
			Slices: &project.Slices{MinRows: 30}, Metrics: map[string]project.Limit{"brier": {}}}
		j := &judge{spec: spec, seed: "s"}
		plain := *s
		w := &work{Request: Request{Spec: spec}, judge: j, all: s, slices: []*parts{p}, truth: &truth{}, labelled: s}
		w.count(w.counted())
		limit := &project.Limit{Max: ptr(0.1)}
		for _, name := range []string{"accuracy", "precision", "recall", "selection_rate", "f1", "mcc", "f_beta(2)", "cost(fp=1,fn=5)", "cohen_kappa", "log_loss", "brier", "ece", "mce", "brier_reliability", "roc_auc", "average_precision", "mean(x)"} {
			sameMeasure(t, fmt.Sprintf("%s of %d rows", name, n), j.metric(name, s, name, limit), j.metric(name, &plain, name, limit))
			for g := range p.groups {
				at := plain.part(p, g)
				rows := plain.pick(at)
				item := fmt.Sprintf("%s of %d rows, %s", name, n, p.groups[g])
				sameMeasure(t, item, j.metric(name, w.slice(p, g), item, limit), j.metric(name, rows, item, limit))
				some := func() []int32 { return at }
				sameMeasure(t, item+", gap", j.gap(name, s, w.slice(p, g), some, item, limit), j.gap(name, &plain, rows, some, item, limit))
				k, _, why := j.tooFew(name, w.slice(p, g), 30)
				if wantK, _, want := j.tooFew(name, rows, 30); k != wantK || why != want {
					t.Errorf("%s: too few: got %d, %q; want %d, %q", item, k, why, wantK, want)
				}
			}
		}
	}
}

func sameMeasure(t *testing.T, name string, got, want Measure) {
	t.Helper()
	ends := func(m Measure) []float64 {
		var out []float64
		for _, v := range []*float64{m.Value, m.Low, m.High, m.Null95} {
			if v == nil {
				out = append(out, math.Pi)
				continue
			}
			out = append(out, *v)
		}
		return out
	}
	a, b := ends(got), ends(want)
	for k := range a {
		if math.Abs(a[k]-b[k]) > 1e-9*max(1, math.Abs(b[k])) {
			t.Errorf("%s: got %v; want %v", name, a, b)
			return
		}
	}
	got.Value, got.Low, got.High, got.Null95 = want.Value, want.Low, want.High, want.Null95
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s: got %s; want %s", name, g, w)
	}
}
