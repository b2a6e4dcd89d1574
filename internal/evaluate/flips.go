package evaluate

import (
	"fmt"
	"slices"

	"github.com/weighlock/weighlock/internal/stats"
)

// Flips says whose decisions change where this model takes the champion's
// place, both at the spec's threshold. It is a record; the champion's limit is
// judged by the measure that it belongs to.
type Flips struct {
	FlipCounts
	// McNemar tests whether either model is right more often.
	McNemar McNemar `json:"mcnemar"`
	// Groups are the same by every slice and group of the spec.
	Groups []GroupFlips `json:"groups,omitempty"`
}

// FlipCounts are rows with their shares of all rows.
type FlipCounts struct {
	Rows         int     `json:"rows"`
	ToPositive   int     `json:"to_positive"` // by the champion negative, by this model positive
	ToNegative   int     `json:"to_negative"`
	Negative     int     `json:"negative"` // the champion is right, this model wrong
	Positive     int     `json:"positive"`
	NegativeRate Measure `json:"negative_flip_rate"`
	PositiveRate Measure `json:"positive_flip_rate"`
}

// McNemar holds the two-sided p-values.
type McNemar struct {
	P    float64 `json:"p"` // exact
	MidP float64 `json:"mid_p"`
}

// GroupFlips are those of one slice or group.
type GroupFlips struct {
	By    string `json:"by"`
	Group string `json:"group"`
	FlipCounts
}

// flips compares the decisions by two lists of scores on the sample's rows;
// nil where there are no decisions or no labels.
func (w *work) flips(s *sample, champion []float64) *Flips {
	t := w.Spec.Predictions.Threshold
	if t == nil || s.positive == nil || w.truth.silent() {
		return nil
	}
	count := w.flipCounter(s.positive, decisions(champion, *t), decisions(s.score, *t))
	out := flipsOf(count(make([]int32, s.n()), 1, 0)[0])
	for _, p := range w.partsToReport() {
		for g, c := range count(take(p.code, s.rows), len(p.groups), p.least) {
			out.Groups = append(out.Groups, GroupFlips{By: p.by, Group: p.groups[g], FlipCounts: c})
		}
	}
	return out
}

func flipsOf(whole FlipCounts) *Flips {
	return &Flips{FlipCounts: whole, McNemar: McNemar{
		P:    *number(stats.McNemar(whole.Positive, whole.Negative)),
		MidP: *number(stats.McNemarMidP(whole.Positive, whole.Negative)),
	}}
}

// flipCounter counts by groups; those of fewer than least rows get no rates.
func (j *judge) flipCounter(positive, champion, ours []bool) func(code []int32, groups, least int) []FlipCounts {
	// If every row were positive, a flip for the better would be one to the
	// positive side.
	yes := slices.Repeat([]bool{true}, len(positive))
	return func(code []int32, groups, least int) (out []FlipCounts) {
		turns := stats.FlipsBy(yes, champion, ours, code, groups)
		for g, f := range stats.FlipsBy(positive, champion, ours, code, groups) {
			out = append(out, FlipCounts{
				Rows: f.Rows, ToPositive: turns[g].Positive, ToNegative: turns[g].Negative,
				Negative: f.Negative, Positive: f.Positive,
				NegativeRate: j.flipRate(f.NegativeRate(), least), PositiveRate: j.flipRate(f.PositiveRate(), least),
			})
		}
		return out
	}
}

func (j *judge) flipRate(p stats.Proportion, least int) Measure {
	m := with(p.Value(), p.Interval(j.spec.Confidence), p.N, p.N)
	if p.N < least {
		m = without(StatusTooFew, fmt.Sprintf("%d are asked for", least), p.N, p.N)
	}
	return j.finish(m, "", true)
}

type reported struct {
	*parts
	least int // rows
}

// partsToReport are the slices and groups, each column once.
func (w *work) partsToReport() (all []reported) {
	known := map[string]bool{}
	add := func(list []*parts, least int) {
		for _, p := range list {
			if !known[p.by] {
				known[p.by] = true
				all = append(all, reported{p, least})
			}
		}
	}
	if w.Spec.Slices != nil {
		add(w.slices, w.Spec.Slices.MinRows)
	}
	if w.Spec.Fairness != nil {
		add(w.groups, w.Spec.Fairness.MinRows)
	}
	return all
}
