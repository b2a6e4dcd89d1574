package evaluate

import (
	"fmt"
	"strconv"

	"github.com/weighlock/weighlock/internal/stats"
)

// Selection says which rows have labels, and whether that depends on a
// decision or on the score: then what the labels say of the model holds for
// the rows that have them, and not for the rest.
type Selection struct {
	Rows     int  `json:"rows"`     // with a prediction
	Labelled int  `json:"labelled"` // of them, with a label that counts
	Found    bool `json:"found"`
	// Level is the chance that labels which are missing at random are taken for
	// selected; LeastDistance is the distance from which selection matters.
	Level         float64        `json:"level"`
	LeastDistance float64        `json:"least_distance"`
	Splits        []LabelSplit   `json:"splits"`
	Overlap       *WeightOverlap `json:"overlap,omitempty"` // where propensities are declared
	Detail        string         `json:"detail"`
}

// LabelSplit compares the labels of rows on two sides.
type LabelSplit struct {
	By       string     `json:"by"` // decision (declared), model (its own) or score
	Method   string     `json:"method"`
	Cut      *float64   `json:"cut,omitempty"`
	Above    LabelCount `json:"above"`
	Below    LabelCount `json:"below"`
	Distance float64    `json:"distance"`
	P        float64    `json:"p"`
	Found    bool       `json:"found"`
	Only     bool       `json:"only"`
}

// LabelCount counts rows, and those of them that have a label.
type LabelCount struct {
	Rows     int `json:"rows"`
	Labelled int `json:"labelled"`
}

// WeightOverlap says how far rows that are weighted by the inverse of a
// propensity can speak for others: stats.Overlap.
type WeightOverlap struct {
	Effective    float64 `json:"effective"`
	MeanWeight   float64 `json:"mean_weight"`
	LargestShare float64 `json:"largest_share"`
	Low          float64 `json:"low"`
	Problem      string  `json:"problem,omitempty"`
}

func overlapOf(o stats.Overlap) *WeightOverlap {
	return &WeightOverlap{
		Effective: finiteOrZero(o.Effective), MeanWeight: finiteOrZero(o.MeanWeight), LargestShare: finiteOrZero(o.LargestShare),
		Low: finiteOrZero(o.Low), Problem: o.Problem,
	}
}

// look finds out which rows have labels, and makes of them, where declared
// propensities allow it, the sample that speaks for all rows.
func (w *work) look() {
	w.labelled = w.all
	if !w.truth.silent() && w.arising.decided == nil || w.Spec.Task == "generative" {
		return
	}
	rows := w.all.rows
	has := make([]bool, len(rows))
	for k, row := range rows {
		has[k] = w.truth.has(int(row))
	}
	s := &Selection{Rows: len(rows), Level: stats.SelectiveLevel, LeastDistance: stats.LeastDistance, Splits: []LabelSplit{}, Detail: "every row has a label"}
	decided, by := w.parting()
	found := stats.SelectiveLabels(has, decided, w.all.score)
	s.Labelled, s.Found = found.Labelled, found.Found || w.truth.selected != ""
	s.add(by, "fisher", found.Decision)
	s.add("score", "kolmogorov_smirnov", found.Score)
	w.selection = s
	if !w.truth.silent() {
		return
	}
	w.labelled = nil
	w.truth.note(w.truth.selected)
	w.truth.note(w.why(found))
	if w.arising.propensity != nil {
		w.weigh(has)
	}
	s.Detail = w.truth.detail
	if !s.Found && len(s.Splits) > 0 {
		s.Detail += "; whether a row has a label was not found to depend on the decision or the score"
	}
}

// parting is the decision that may part the labels: the declared one, else
// that of the model at its threshold.
func (w *work) parting() (decided []bool, by string) {
	switch {
	case w.arising.decided != nil:
		return take(w.arising.decided, w.all.rows), "decision"
	case w.Spec.Task == "binary" && w.all.threshold != nil:
		return decisions(w.all.score, *w.all.threshold), "model"
	}
	return nil, ""
}

func (s *Selection) add(by, method string, split *stats.Split) {
	if split == nil {
		return
	}
	one := LabelSplit{
		By: by, Method: method, Distance: finiteOrZero(split.Distance), P: finiteOrZero(split.P), Found: split.Found, Only: split.Only,
		Above: LabelCount{split.Above.N, split.Above.X}, Below: LabelCount{split.Below.N, split.Below.X},
	}
	if by == "score" {
		one.Cut = number(split.Cut)
	}
	s.Splits = append(s.Splits, one)
}

// why says in words on what labels were found to depend.
func (w *work) why(found stats.Selective) string {
	switch d, s := found.Decision, found.Score; {
	case w.truth.selected != "":
		return ""
	case d != nil && d.Found && w.arising.decided != nil:
		return "labels exist only where " + w.arising.what
	case d != nil && d.Found:
		return sides(*d, "the model decides positive", "the model decides negative")
	case s != nil && s.Found:
		cut := strconv.FormatFloat(*number(s.Cut), 'g', -1, 64)
		return sides(*s, "the score is at least "+cut, "the score is below "+cut)
	}
	return ""
}

// sides says on which side labels are.
func sides(s stats.Split, above, below string) string {
	switch {
	case s.Only && s.Below.X == 0:
		return "labels exist only where " + above
	case s.Only && s.Above.X == 0:
		return "labels exist only where " + below
	}
	return fmt.Sprintf("labels are selective: %.3g %% of the rows where %s have one, and %.3g %% where %s", 100*s.Above.Value(), above, 100*s.Below.Value(), below)
}

// weigh makes the labelled rows speak for all, each by the inverse of its
// propensity, or says why they cannot.
func (w *work) weigh(has []bool) {
	o := w.support(nil)
	w.selection.Overlap = overlapOf(o)
	unseen := 0
	for k, row := range w.all.rows {
		if w.arising.decided[row] && !has[k] {
			unseen++
		}
	}
	switch {
	case w.truth.unripe(), w.arising.single:
		return // whatever the propensities are
	case unseen > 0:
		w.truth.note(fmt.Sprintf("weighting does not mend it: %d rows with %s have no label", unseen, w.arising.what))
		return
	case o.Problem != "":
		w.truth.note("weighting does not mend it: " + o.Problem)
		return
	}
	w.labelled, _ = w.speaking(w.all, w.all.said)
	w.truth.note(fmt.Sprintf("each is weighted by 1/%s: %s", w.Spec.Test.Propensity, told(o)))
}

func told(o stats.Overlap) string {
	return fmt.Sprintf("effective sample size %.4g of %d rows, mean weight %.4g", o.Effective, o.Rows, o.MeanWeight)
}

// support examines the weights of the rows that are labelled, over all rows of
// the sample or over those at some of its places.
func (w *work) support(at []int32) stats.Overlap {
	s := w.all.pick(at)
	l := stats.Logged{Reward: make([]float64, s.n()), Propensity: take(w.arising.propensity, s.rows), Target: make([]float64, s.n())}
	for k, row := range s.rows {
		if w.arising.decided[row] {
			l.Target[k] = 1
		}
	}
	return l.Overlap()
}

// of is the work on the rows that a metric is measured on: those that labels
// speak for, where it needs labels.
func (w *work) of(metric string) *work {
	if w.labelled == w.all || w.labelled == nil || !needsLabels(metric) {
		return w
	}
	own := *w
	own.all, own.narrowed = w.labelled, true
	return &own
}

// spoken are the rows of a sample that labels speak for, where the metric needs
// them, and what another model says of these.
func (w *work) spoken(metric string, s *sample, said *predicted) (*sample, *predicted) {
	if w.of(metric) == w {
		return s, said
	}
	return w.speaking(s, said)
}

func (w *work) speaking(s *sample, said *predicted) (*sample, *predicted) {
	at := []int32{}
	for k, row := range s.rows {
		if w.truth.has(int(row)) {
			at = append(at, int32(k))
		}
	}
	part := s.pick(at)
	part.weight = w.arising.inverse(part.rows)
	return part, said.pick(at)
}

// voiceless is the measure of a result that labels cannot give; false where
// they can. at are the places of the rows that it is about, nil for all.
func (w *work) voiceless(r ItemResult, at func() []int32) (Measure, bool) {
	refuse := func(why string) (Measure, bool) {
		if at == nil {
			return without(StatusNoLabels, why, w.test.Rows-w.truth.missing, w.test.Rows), true
		}
		n, rows := 0, at()
		for _, k := range rows {
			if w.truth.has(int(w.all.rows[k])) {
				n++
			}
		}
		return without(StatusNoLabels, why, n, len(rows)), true
	}
	switch v := w.of(r.Metric); {
	case !needsLabels(r.Metric):
		if w.truth.unripe() && ofPolicy(r.Metric) {
			return refuse(w.truth.detail)
		}
		return Measure{}, false
	case w.labelled == nil:
		return refuse(w.truth.detail)
	case v == w:
		return Measure{}, false
	case r.Kind == KindFairness:
		return refuse(w.truth.detail + "; fairness counts rows, and cannot weight them")
	}
	if at == nil {
		return Measure{}, false
	}
	if o := w.support(at()); o.Problem != "" {
		m, _ := refuse("weighting does not mend it here: " + o.Problem)
		m.Overlap = overlapOf(o)
		return m, true
	}
	return Measure{}, false
}

// weighted writes into a measure by which weights its rows speak for others.
func (w *work) weighted(r *ItemResult, at func() []int32) {
	if w.of(r.Metric) == w || r.Kind == KindFairness {
		return
	}
	var rows []int32 // all
	if at != nil {
		rows = at()
	}
	o := w.support(rows)
	if r.Rows = o.Rows; r.Status != StatusOK {
		return
	}
	r.Overlap = overlapOf(o)
	r.note(fmt.Sprintf("by the rows where %s, weighted by 1/%s: %s", w.arising.what, w.Spec.Test.Propensity, told(o)))
}

// ofPolicy says whether a metric is what a policy brings.
func ofPolicy(metric string) bool {
	m, ok := stats.Lookup(metric)
	return ok && m.Kind == stats.Policy
}
