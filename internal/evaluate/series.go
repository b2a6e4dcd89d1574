package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// history are labels in time, by series.
type history struct {
	series []string
	at     []float64
	label  []float64
	order  []int32 // rows by time
	twice  string  // says where a series has two labels at one time
}

// layouts are the forms of times that a column of text may have.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly, "2006-01"}

// times are a column's moments as numbers that ascend.
func times(t *table.Table, column string) ([]float64, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	out := make([]float64, t.Rows)
	_, numbers := moment(c.String(0), true) // all are as the first is
	for i := range out {
		if c.IsNull(i) {
			return nil, t.At(i, column, "a row without a time\nhint: write a time in every row")
		}
		var ok bool
		if out[i], ok = moment(c.String(i), numbers); !ok {
			return nil, t.At(i, column, fmt.Sprintf("%q is no time\nhint: write a number in every row, or a time such as 2026-01-31 or 2026-01-31T12:00:00Z", c.String(i)))
		}
	}
	return out, nil
}

func moment(text string, number bool) (float64, bool) {
	if number {
		v, err := strconv.ParseFloat(text, 64)
		return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return float64(at.Unix()) + float64(at.Nanosecond())/1e9, true
		}
	}
	return 0, false
}

// readHistory orders a table's labels by time; series may be empty, for one
// series.
func readHistory(t *table.Table, timeColumn, series string, label []float64) (*history, error) {
	h := &history{series: make([]string, t.Rows), label: label}
	var err error
	if h.at, err = times(t, timeColumn); err != nil {
		return nil, err
	}
	if series != "" {
		c, err := t.Column(series)
		if err != nil {
			return nil, err
		}
		for i := range h.series {
			h.series[i] = c.String(i)
		}
	}
	h.order = make([]int32, t.Rows)
	for i := range h.order {
		h.order[i] = int32(i)
	}
	slices.SortStableFunc(h.order, func(a, b int32) int { return cmp.Compare(h.at[a], h.at[b]) })
	last := map[string]int32{}
	for _, row := range h.order {
		if before, ok := last[h.series[row]]; ok && h.at[before] == h.at[row] && h.twice == "" {
			h.twice = sameTime(t, int(min(before, row)), int(max(before, row)))
		}
		last[h.series[row]] = row
	}
	return h, nil
}

func sameTime(t *table.Table, first, second int) string {
	if a, b := t.File(first), t.File(second); a != b {
		return fmt.Sprintf("%s, line %d, and %s, line %d, are of one series at one time", a, t.Line(first), b, t.Line(second))
	}
	return fmt.Sprintf("%s: lines %d and %d are of one series at one time", t.File(first), t.Line(first), t.Line(second))
}

// scale is, for each series, the mean absolute error of its seasonal naive
// forecast.
func (h *history) scale(season int) map[string]float64 {
	code, series, label := map[string]int32{}, make([]int32, len(h.order)), make([]float64, len(h.order))
	for k, row := range h.order {
		name := h.series[row]
		if _, ok := code[name]; !ok {
			code[name] = int32(len(code))
		}
		series[k], label[k] = code[name], h.label[row]
	}
	scale := map[string]float64{}
	for k, v := range stats.SeasonalScale(series, label, season) {
		scale[h.series[h.order[k]]] = v
	}
	return scale
}

// before is the last label of a series before a moment.
func (h *history) before(byRow map[string][]int32, series string, at float64) (float64, bool) {
	rows := byRow[series]
	k, _ := slices.BinarySearchFunc(rows, at, func(row int32, at float64) int { return cmp.Compare(h.at[row], at) })
	if k == 0 {
		return 0, false
	}
	return h.label[rows[k-1]], true
}

// bySeries lists the rows of each series in time.
func (h *history) bySeries() map[string][]int32 {
	rows := map[string][]int32{}
	for _, row := range h.order {
		rows[h.series[row]] = append(rows[h.series[row]], row)
	}
	return rows
}

// readSeries orders the labels of a forecast in time, or of a regression that
// is compared with the last value, and scales by what is known: the training
// data where it says when each label was, else the test set itself.
func (w *work) readSeries() (err error) {
	spec := w.Spec
	last := spec.Baseline != nil && spec.Baseline.Kind == "last_value"
	if spec.Task != "forecasting" && !last {
		return nil
	}
	if w.history, err = readHistory(w.test, spec.Test.Time, spec.Test.Series, w.truth.value); err != nil {
		return err
	}
	if t := spec.Train; t != nil && t.Time != "" && w.trainTruth != nil && w.trainTruth.missing == 0 {
		if w.past, err = readHistory(w.train, t.Time, spec.Test.Series, w.trainTruth.value); err != nil {
			return err
		}
	}
	if spec.Task != "forecasting" {
		return nil
	}
	from := w.history
	if w.past != nil {
		from = w.past
	}
	if w.design.noScale = from.twice; from.twice != "" {
		return nil
	}
	scale := from.scale(spec.Test.Season)
	w.design.scale = make([]float64, w.test.Rows)
	for i, series := range w.history.series {
		v, ok := scale[series]
		if !ok {
			v = math.NaN()
		}
		w.design.scale[i] = v
	}
	return nil
}

// lastValue says of each row the label before it in its series: the last one
// of the training data where that says when each label was, else the one
// before in the test set.
func (w *work) lastValue() *opponent {
	from, whose := w.history, "the label before it in the test set"
	if w.past != nil {
		from, whose = w.past, "the last training label before it"
	}
	rows := from.bySeries()
	o := &opponent{at: []int32{}, said: &predicted{score: []float64{}}}
	for k, row := range w.all.rows {
		if v, ok := from.before(rows, w.history.series[row], w.history.at[row]); ok {
			o.at, o.said.score = append(o.at, int32(k)), append(o.said.score, v)
		}
	}
	o.note = "every row gets " + whose
	if left := w.all.n() - len(o.at); left > 0 {
		o.note += fmt.Sprintf("; %d rows have none and are not compared", left)
	}
	return o
}
