package evaluate

import (
	"fmt"
	"slices"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// Flips says whose decisions change where this model takes the champion's
// place, both at the spec's threshold. A row of several classes is decided by
// its class, one of several labels by all of them together. It is a record;
// what the spec limits is judged by the measure that it belongs to.
type Flips struct {
	FlipCounts
	// McNemar tests whether either model is right more often.
	McNemar McNemar `json:"mcnemar"`
	// Classes are the rows of each class, or the decisions on each label.
	Classes []ClassFlips `json:"classes,omitempty"`
	// Groups are the same by every slice and group of the spec.
	Groups []GroupFlips `json:"groups,omitempty"`
}

// FlipCounts are rows with their shares of all rows.
type FlipCounts struct {
	Rows    int `json:"rows"`
	Changed int `json:"changed"` // decided otherwise
	// ToPositive and ToNegative are nil where there are more than two classes.
	ToPositive   *int    `json:"to_positive,omitempty"` // by the champion negative, by this model positive
	ToNegative   *int    `json:"to_negative,omitempty"`
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

// ClassFlips are those of one class or label.
type ClassFlips struct {
	Name string `json:"name"`
	FlipCounts
}

// GroupFlips are those of one slice or group.
type GroupFlips struct {
	By    string `json:"by"`
	Group string `json:"group"`
	FlipCounts
}

// flipCounter counts by groups, of which code is each row's; those of fewer
// than least rows get no rates.
type flipCounter func(code []int32, groups, least int) []FlipCounts

// flips compares the decisions of the sample with the champion's on the same
// rows; nil where there are no decisions or no labels.
func (w *work) flips(s, champion *sample) *Flips {
	if w.truth.silent() {
		return nil
	}
	count := w.flipsOf(s, champion)
	if count == nil {
		return nil
	}
	out := w.flipsByClass(count, s, champion)
	for _, p := range w.partsToReport() {
		for g, c := range count(wide(take(p.code, s.rows)), len(p.groups), p.least) {
			out.Groups = append(out.Groups, GroupFlips{By: p.by, Group: p.groups[g], FlipCounts: c})
		}
	}
	return out
}

// flipsByClass are those of all rows, and of each class or label.
func (j *judge) flipsByClass(count flipCounter, s, champion *sample) *Flips {
	all := make([]int32, s.n())
	out := flipsOf(count(all, 1, 0)[0])
	switch {
	case s.class != nil:
		for k, c := range count(s.class, len(s.names), 0) {
			out.Classes = append(out.Classes, ClassFlips{s.names[k], c})
		}
	case s.is != nil:
		for k, name := range s.names {
			recall, _ := stats.Lookup("recall") // of any metric of decisions
			ours, theirs := s.only(k, recall), champion.only(k, recall)
			out.Classes = append(out.Classes, ClassFlips{name, j.flipsOf(ours, theirs)(all, 1, 0)[0]})
		}
	}
	return out
}

// flipsOf counts what changes from the champion's decisions to the sample's,
// each at its own threshold; nil where there are none to be right or wrong.
func (j *judge) flipsOf(s, champion *sample) flipCounter {
	switch {
	case s.class != nil:
		return countFlips(j, false, s.class, champion.decisions(), s.decisions())
	case s.threshold == nil || champion.threshold == nil:
		return nil
	case s.is != nil:
		return countFlips(j, true, joint(s.is, s.n()), joint(champion.eachLabel(), s.n()), joint(s.eachLabel(), s.n()))
	case s.positive != nil:
		return j.flipCounter(s.positive, decisions(champion.score, *champion.threshold), decisions(s.score, *s.threshold))
	}
	return nil
}

// eachLabel are the decisions on every label, row by row.
func (s *sample) eachLabel() []bool { return decisions(s.said.scores, *s.threshold) }

// joint makes one decision of those on all labels of a row.
func joint(is []bool, rows int) []string {
	out := make([]string, rows)
	width := len(is) / max(rows, 1)
	one := make([]byte, width)
	for i := range out {
		for k := range one {
			one[k] = '0'
			if is[i*width+k] {
				one[k] = '1'
			}
		}
		out[i] = string(one)
	}
	return out
}

func flipsOf(whole FlipCounts) *Flips {
	return &Flips{FlipCounts: whole, McNemar: McNemar{
		P:    *number(stats.McNemar(whole.Positive, whole.Negative)),
		MidP: *number(stats.McNemarMidP(whole.Positive, whole.Negative)),
	}}
}

// flipCounter is that of two classes, which have two sides to flip to.
func (j *judge) flipCounter(positive, champion, ours []bool) flipCounter {
	count := countFlips(j, true, positive, champion, ours)
	// If every row were positive, a flip for the better would be one to the
	// positive side.
	yes := slices.Repeat([]bool{true}, len(positive))
	return func(code []int32, groups, least int) []FlipCounts {
		out := count(code, groups, least)
		for g, turned := range stats.FlipsBy(yes, champion, ours, code, groups) {
			out[g].ToPositive, out[g].ToNegative = &turned.Positive, &turned.Negative
		}
		return out
	}
}

func countFlips[T comparable](j *judge, thresholded bool, truth, champion, ours []T) flipCounter {
	return func(code []int32, groups, least int) (out []FlipCounts) {
		for _, f := range stats.FlipsBy(truth, champion, ours, code, groups) {
			out = append(out, FlipCounts{
				Rows: f.Rows, Changed: f.Changed, Negative: f.Negative, Positive: f.Positive,
				NegativeRate: j.flipRate(f.NegativeRate(), least, thresholded), PositiveRate: j.flipRate(f.PositiveRate(), least, thresholded),
			})
		}
		return out
	}
}

// negativeFlips measures the share of rows that the champion decides right and
// this model wrong, by what rows count and whether they belong together.
func (w *work) negativeFlips(s, champion *sample, item string, limit *project.Limit) Measure {
	if w.flipsOf(s, champion) == nil {
		return without(StatusError, "there are no decisions that could flip", 0, s.n())
	}
	flipped := make([]float64, s.n())
	for i, right := range s.right() {
		flipped[i] = indicator(!right)
	}
	for i, right := range champion.right() {
		if !right {
			flipped[i] = 0
		}
	}
	const column = "negative_flip"
	info, _ := stats.Lookup("rate(" + column + ")")
	m, by := w.judge.measure(info, s.instead(&predicted{columns: map[string][]float64{column: flipped}}), item)
	m = w.finish(m, item, s.class == nil)
	m.Needed = w.needed(m, limit, by)
	return m
}

// right says of each row whether it is decided as its label says.
func (s *sample) right() []bool {
	out := make([]bool, s.n())
	switch {
	case s.class != nil:
		for i, d := range s.decisions() {
			out[i] = d == s.class[i]
		}
	case s.is != nil:
		each, width := s.eachLabel(), len(s.names)
		for i := range out {
			out[i] = slices.Equal(each[i*width:(i+1)*width], s.is[i*width:(i+1)*width])
		}
	default:
		for i, d := range decisions(s.score, *s.threshold) {
			out[i] = d == s.positive[i]
		}
	}
	return out
}

func (j *judge) flipRate(p stats.Proportion, least int, thresholded bool) Measure {
	m := with(p.Value(), p.Interval(j.spec.Confidence), p.N, p.N)
	if p.N < least {
		m = tooFew(fmt.Sprintf("%d are asked for", least), p.N, least, p.N)
	}
	return j.finish(m, "", thresholded)
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
