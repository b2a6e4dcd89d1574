package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/weighlock/weighlock/internal/stats"
)

// Ranking is one metric on every slice, the worst first.
type Ranking struct {
	Metric  string
	Overall *Measure // nil where the metric was not asked of all rows
	Slices  []Ranked
}

// Ranked is one slice: the metric there, and how far it falls behind all rows.
// Either is nil where it was not asked.
type Ranked struct {
	By, Group  string
	Value, Gap *Measure
}

// Rankings orders the slices of an evaluation by each metric. The worst falls
// furthest behind; where no gap was measured, the worst value comes first.
// Slices without a number come last.
func Rankings(e *Evaluation) []Ranking {
	var all []Ranking
	at := map[string]int{} // metric → place in all
	place := map[[3]string]int{}
	for _, r := range e.Results {
		if r.Kind != KindSlice && r.Kind != KindGap {
			continue
		}
		k, ok := at[r.Metric]
		if !ok {
			k = len(all)
			at[r.Metric], all = k, append(all, Ranking{Metric: r.Metric})
		}
		name := [3]string{r.Metric, r.By, r.Group}
		i, ok := place[name]
		if !ok {
			i = len(all[k].Slices)
			place[name], all[k].Slices = i, append(all[k].Slices, Ranked{By: r.By, Group: r.Group})
		}
		m := r.Measure
		if r.Kind == KindGap {
			all[k].Slices[i].Gap = &m
		} else {
			all[k].Slices[i].Value = &m
		}
	}
	for k := range all {
		all[k].Overall = overall(e, all[k].Metric)
		all[k].sort()
	}
	slices.SortFunc(all, func(a, b Ranking) int { return cmp.Compare(a.Metric, b.Metric) })
	return all
}

func overall(e *Evaluation, metric string) *Measure {
	for _, r := range e.Results {
		if r.Kind == KindMetric && r.Metric == metric {
			m := r.Measure
			return &m
		}
	}
	return nil
}

func (r *Ranking) sort() {
	info, _ := stats.Lookup(r.Metric)
	whole := math.NaN()
	if r.Overall != nil && r.Overall.Value != nil {
		whole = *r.Overall.Value
	}
	slices.SortStableFunc(r.Slices, func(a, b Ranked) int {
		return cmp.Or(
			cmp.Compare(b.shortfall(info.Better, whole), a.shortfall(info.Better, whole)),
			cmp.Compare(a.By, b.By),
		)
	})
}

// shortfall is what slices are ordered by; -Inf where there is no number.
func (r Ranked) shortfall(better stats.Direction, whole float64) float64 {
	switch {
	case r.Gap != nil && r.Gap.Value != nil:
		return *r.Gap.Value
	case r.Gap != nil || r.Value == nil || r.Value.Value == nil:
		return math.Inf(-1)
	}
	v := *r.Value.Value
	switch better {
	case stats.Less:
		return v
	case stats.Zero:
		return math.Abs(v)
	case stats.One:
		return math.Abs(v - 1)
	case stats.Neither:
		if math.IsNaN(whole) {
			return v
		}
		return math.Abs(v - whole)
	}
	return -v
}
