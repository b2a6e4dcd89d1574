package evaluate

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/weighlock/weighlock/internal/stats"
)

// losses are what a search compares: how bad each row is, and by what rows
// count as scored alike.
type losses struct {
	name  string
	bad   []float64
	shown []float64 // what people are told, where it is not bad itself
	alike []float64 // nil: all are
	exact bool      // only rows of equal alike are alike
	// weight and unit are those of the rows, as the search is to have them.
	weight []float64
	unit   []int32
	units  string // what unit is: unit, query or block
}

// losses gives none, and says why, where rows cannot be told apart by how bad
// they are.
func (w *work) losses() (l *losses, why string) {
	switch w.Spec.Task {
	case "binary":
		l, why = w.lossOfTwo()
	case "multiclass":
		l = w.lossOfClasses()
	case "multilabel":
		l, why = w.lossOfLabels()
	case "ranking":
		return w.lossOfQueries()
	case "generative":
		l, why = w.lossOfColumn()
	default:
		l = w.lossOfNumbers()
	}
	if l == nil {
		return nil, why
	}
	l.weight = w.all.weight
	if w.all.unit != nil {
		l.unit, l.units = w.all.unit, "unit"
	} else if w.Spec.Task == "forecasting" {
		l.unit, l.units = w.blocks(), "block"
	}
	return l, ""
}

func (w *work) lossOfTwo() (*losses, string) {
	s := w.all
	switch {
	case likely(s.score):
		return &losses{name: "squared_error", bad: stats.Squares(s.positive, s.score), alike: s.score}, ""
	case s.threshold == nil:
		return nil, "the scores are no probabilities, and there is no threshold to decide by"
	}
	bad := make([]float64, s.n())
	for k, score := range s.score {
		bad[k] = indicator((score >= *s.threshold) != s.positive[k])
	}
	return &losses{name: "zero_one", bad: bad, alike: s.score}, ""
}

// likely says whether all scores may be probabilities.
func likely(scores []float64) bool {
	return !slices.ContainsFunc(scores, func(s float64) bool { return s < 0 || s > 1 })
}

// lossOfClasses is the log loss beyond that of rows whose own probabilities
// expect as much, or whether the decision is wrong beyond rows decided alike.
func (w *work) lossOfClasses() *losses {
	s := w.all
	if s.said.scores != nil && likely(s.said.scores) && s.distributed() {
		bad, expected := stats.Classes{Names: s.names, Label: s.class, Prob: s.said.scores}.LogLoss()
		return &losses{name: "log_loss", bad: bad, alike: expected}
	}
	bad, alike := make([]float64, s.n()), make([]float64, s.n())
	for k, decided := range s.decisions() {
		bad[k], alike[k] = indicator(decided != s.class[k]), float64(decided)
	}
	return &losses{name: "zero_one", bad: bad, alike: alike, exact: true}
}

// distributed says whether every row's scores sum to 1.
func (s *sample) distributed() bool {
	for k := range s.rows {
		sum := 0.0
		for _, v := range s.said.scores[k*s.said.width : (k+1)*s.said.width] {
			sum += v
		}
		if math.Abs(sum-1) > sumSlack {
			return false
		}
	}
	return true
}

// lossOfLabels is the share of a row's labels that are decided wrongly, beyond
// that of rows whose probabilities expect as much, or of which as many are
// decided.
func (w *work) lossOfLabels() (*losses, string) {
	s := w.all
	if s.threshold == nil {
		return nil, "there is no threshold to decide labels by"
	}
	wide := len(s.names)
	l := &losses{name: "hamming_loss", bad: make([]float64, s.n()), alike: make([]float64, s.n())}
	probable := likely(s.said.scores)
	l.exact = !probable
	for i, score := range s.said.scores {
		decided := score >= *s.threshold
		l.bad[i/wide] += indicator(decided != s.is[i]) / float64(wide)
		switch {
		case !probable:
			l.alike[i/wide] += indicator(decided)
		case decided:
			l.alike[i/wide] += 1 - score
		default:
			l.alike[i/wide] += score
		}
	}
	return l, ""
}

// lossOfNumbers is the absolute error; that of forecasts in the scale of their
// series, where each has one, since else the series of large numbers were bad.
func (w *work) lossOfNumbers() *losses {
	s := w.all
	l := &losses{name: "absolute_error", bad: stats.AbsoluteErrors(s.label, s.score), alike: s.score}
	none := func(v float64) bool { return !(v > 0) || math.IsInf(v, 1) }
	if w.Spec.Task != "forecasting" || s.scale == nil || slices.ContainsFunc(s.scale, none) {
		return l
	}
	l.name, l.alike = "absolute_scaled_error", slices.Clone(s.score)
	for k, scale := range s.scale {
		l.bad[k], l.alike[k] = l.bad[k]/scale, l.alike[k]/scale
	}
	return l
}

// blocks are runs of steps of one series, each of a season or of about the
// cube root of the series' length, whichever is longer: errors that follow
// each other are alike, and tell together less than as many that stand alone
// (Künsch, Annals of Statistics 17 (1989) 1217–1241; the length is that of
// Hall, Horowitz and Jing, Biometrika 82 (1995) 561–574).
func (w *work) blocks() []int32 {
	place := make(map[int32]int, w.all.n())
	for k, row := range w.all.rows {
		place[row] = k
	}
	steps := map[string][]int{} // places in the sample, by series, in time
	for _, row := range w.history.order {
		if k, ok := place[row]; ok {
			series := w.history.series[row]
			steps[series] = append(steps[series], k)
		}
	}
	out := make([]int32, w.all.n())
	next := int32(0)
	for _, series := range slices.Sorted(maps.Keys(steps)) {
		length := max(w.Spec.Test.Season, int(math.Ceil(math.Cbrt(float64(len(steps[series]))))))
		for i, k := range steps[series] {
			out[k] = next + int32(i/length)
		}
		next += int32((len(steps[series])-1)/length) + 1
	}
	return out
}

// lossOfQueries is what a query lacks to the best order of its rows, beyond
// queries of as many rows. Each row has a part of its query's weight, so that a
// query counts as one however many rows it has; one without a relevant row
// counts nothing.
func (w *work) lossOfQueries() (*losses, string) {
	s := w.all
	gain, length := stats.Queries{Query: s.query, Relevance: s.label, Score: s.score}.NDCG()
	l := &losses{name: "ndcg_shortfall", bad: make([]float64, s.n()), alike: length, weight: make([]float64, s.n()), unit: s.drawn(), units: "query"}
	if s.unit != nil {
		l.units = "unit"
	}
	any := false
	for k, v := range gain {
		if math.IsNaN(v) {
			continue
		}
		any = true
		l.bad[k], l.weight[k] = 1-v, 1/length[k]
		if s.weight != nil {
			l.weight[k] *= s.weight[k]
		}
	}
	if !any {
		return nil, "no query has a relevant row"
	}
	return l, ""
}

// lossOfColumn is a column that a metric bounds on one side, of which the
// other is then the bad one: the first of mean and rate, by name.
func (w *work) lossOfColumn() (*losses, string) {
	for _, name := range slices.Sorted(maps.Keys(w.Spec.Metrics)) {
		m, ok := stats.Lookup(name)
		limit := w.Spec.Metrics[name]
		if !ok || m.Base != "mean" && m.Base != "rate" || (limit.Min == nil) == (limit.Max == nil) {
			continue
		}
		x := w.all.said.columns[m.Args[0]]
		l := &losses{name: fmt.Sprintf("column(%s)", m.Args[0]), bad: x}
		if limit.Min != nil {
			l.bad, l.shown = make([]float64, len(x)), x
			for k, v := range x {
				l.bad[k] = -v
			}
		}
		return l, ""
	}
	return nil, "no limit says which values of a column are bad, as that of a mean(column) or a rate(column) would"
}

// told are the losses that people are shown.
func (l *losses) told() []float64 {
	if l.shown != nil {
		return l.shown
	}
	return l.bad
}

// pick is the losses of some rows.
func (l *losses) pick(at []int32) *losses {
	p := *l
	p.bad, p.shown, p.alike = take(l.bad, at), takeAny(l.shown, at), takeAny(l.alike, at)
	p.weight, p.unit = takeAny(l.weight, at), takeAny(l.unit, at)
	return &p
}

// excess is the loss beyond that of rows which were scored alike, and in how
// many bins.
func (l *losses) excess() (excess []float64, bins int) {
	alike := l.alike
	switch {
	case alike == nil:
		alike, bins = make([]float64, len(l.bad)), 1
	case l.exact:
		known := slices.Sorted(slices.Values(alike))
		bins = max(1, len(slices.Compact(known)))
	default:
		bins = min(searchScoreBins, max(1, len(l.bad)/searchMinRows))
	}
	if l.exact { // so many that each value has one of its own
		return stats.Excess(l.bad, alike, l.weight, len(alike)), bins
	}
	return stats.Excess(l.bad, alike, l.weight, bins), bins
}

func (l *losses) test() string {
	if l.weight == nil && l.unit == nil {
		return "welch"
	}
	return "welch_linearized"
}

// leastUnits is what the rows of a slice must be worth, beside their number:
// in units of equal size, or in rows of equal weight.
func (l *losses) leastUnits(rows int) float64 {
	switch {
	case l.unit != nil:
		return searchMinUnits
	case l.weight != nil:
		return float64(rows)
	}
	return 0
}
