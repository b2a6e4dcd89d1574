package evaluate

import (
	"fmt"
	"math"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// calibration is the rate that stands for the expected calibration error,
// which is none.
const calibration = "ece"

// rates names what the fairness metrics compare over groups, by the metric's
// name without _difference or _ratio.
var rates = map[string][]string{
	"selection_rate": {"selection_rate"},
	"tpr":            {"recall"},
	"fpr":            {"fpr"},
	"ppv":            {"precision"},
	"for":            {"false_omission_rate"},
	"equalized_odds": {"recall", "fpr"},
	"calibration":    {calibration},
}

// comparison is a fairness metric, taken apart.
type comparison struct {
	rates []string
	ratio bool
}

func comparisonOf(name string) (c comparison, ok bool) {
	base, difference := strings.CutSuffix(name, "_difference")
	if !difference {
		base, c.ratio = strings.CutSuffix(name, "_ratio")
	}
	c.rates, ok = rates[base]
	return c, ok && difference != c.ratio && (difference || base != "calibration")
}

func (c comparison) decides() bool { return c.rates[0] != calibration }

// fairness compares a rate over the groups of a column.
func (j *judge) fairness(name string, limit project.Limit, p *parts, s *sample) ItemResult {
	result := ItemResult{Kind: KindFairness, Item: fairnessItem(name, p.by), Metric: name, By: p.by}
	result.Measure = j.parity(name, &limit, p, s, &result)
	return result
}

func (j *judge) parity(name string, limit *project.Limit, p *parts, s *sample, result *ItemResult) Measure {
	compared, ok := comparisonOf(name)
	if !ok || s.positive == nil || compared.decides() && j.spec.Predictions.Threshold == nil {
		return without(StatusError, fmt.Sprintf("%s is no fairness metric that can be computed here", name), 0, s.n())
	}
	if why := s.unfit(); why != "" {
		return without(StatusError, why, 0, s.n())
	}
	against, why := referenceOf(j.spec.Fairness.Reference[p.by], p)
	if why != "" {
		return without(StatusError, why, 0, s.n())
	}
	f := &fair{judge: j, comparison: compared, parts: p, all: s, reference: against, result: result}
	f.measureGroups()
	if f.refusal != nil {
		if compared.decides() {
			f.refusal.Threshold = j.spec.Predictions.Threshold
		}
		return *f.refusal
	}
	result.Against = f.against()
	r := j.resampling(result.Item)
	found := f.compare(r)
	m := with(found.Value, found.Interval, f.n, s.n())
	m.Null95, m.Draws = number(found.Null95), r.Draws
	if len(p.strata) > 1 {
		m.note(fmt.Sprintf("over %d strata", len(p.strata)))
	}
	m = j.finish(m, result.Item, compared.decides())
	m.Needed = max(j.needed(m, limit, f.ofParity(m)), neededNull(m, limit, 0.5))
	return m
}

// reference is the group that the others are held against.
type reference struct {
	rule  string // empty where every pair is compared
	inner int32  // below 0 where there is none, or another one for each rate
}

// referenceOf finds the declared reference among the groups of the pinned
// data, or says why it cannot.
func referenceOf(declared string, p *parts) (r reference, why string) {
	r.inner = -1
	named := int32(-1)
	rows := make([]int, len(p.names))
	for g, inner := range p.inner {
		rows[inner] += p.rows[g]
		if p.names[inner] == declared {
			named = inner
		}
	}
	switch declared {
	case "":
		return r, ""
	case project.ReferenceMajority, project.ReferenceBest:
		if named >= 0 {
			return r, fmt.Sprintf("a group is called %s, so it cannot be told whether it is the reference", declared)
		}
		r.rule = declared
		if declared == project.ReferenceBest {
			return r, ""
		}
		for inner, n := range rows {
			if r.inner < 0 || n > rows[r.inner] {
				r.inner = int32(inner)
			}
		}
		return r, ""
	}
	if named < 0 {
		return r, fmt.Sprintf("the reference %s is no group of the pinned data", declared)
	}
	return reference{"group", named}, ""
}

// fair is one comparison under way.
type fair struct {
	*judge
	comparison
	parts     *parts
	all       *sample
	reference reference
	result    *ItemResult
	refusal   *Measure
	n         int // rows behind all rates

	layers     []stats.Layer
	calibrated []stats.CalibrationLayer
}

// refuse keeps the reason that weighs most: what is undefined stays so on
// however many rows, what rests on too few does not, and the fewest rows are
// the last to suffice.
func (f *fair) refuse(status, detail string, n int) {
	if f.refusal != nil && (f.refusal.Status != StatusTooFew || status == StatusTooFew && f.refusal.N <= n) {
		return
	}
	m := without(status, detail, n, f.all.n())
	if status == StatusTooFew {
		m = tooFew(detail, n, f.spec.Fairness.MinRows, f.all.n())
	}
	f.refusal = &m
}

// measureGroups measures each rate in each group, stratum by stratum, and
// writes the groups down; it refuses where a group is too small or has no rows
// that the rate is about, and where nothing can be compared in a stratum.
func (f *fair) measureGroups() {
	at := f.members()
	for _, rate := range f.rates {
		for stratum := range f.parts.strata {
			var members []int
			for g, of := range f.parts.stratum {
				if int(of) == stratum {
					members = append(members, g)
				}
			}
			f.measureStratum(rate, stratum, members, at)
		}
	}
}

// members are the places of each group's rows in the sample.
func (f *fair) members() [][]int32 {
	at := make([][]int32, len(f.parts.groups))
	for k, row := range f.all.rows {
		g := f.parts.code[row]
		at[g] = append(at[g], int32(k))
	}
	return at
}

func (f *fair) measureStratum(rate string, stratum int, members []int, at [][]int32) {
	layer := stats.Layer{Reference: -1}
	for k, g := range members {
		if f.reference.inner >= 0 && f.parts.inner[g] == f.reference.inner {
			layer.Reference = k
		}
		layer.Groups = append(layer.Groups, f.measureGroup(rate, f.parts.groups[g], at[g]))
	}
	where := ""
	if f.parts.strata[stratum] != "" {
		where = " in stratum " + f.parts.strata[stratum]
	}
	switch {
	case len(members) < 2:
		f.refuse(StatusUndefined, "there is only one group"+where, f.n)
	case f.reference.inner >= 0 && layer.Reference < 0:
		f.refuse(StatusUndefined, fmt.Sprintf("the reference %s has no rows%s", f.parts.names[f.reference.inner], where), f.n)
	}
	if rate != calibration {
		f.layers = append(f.layers, layer)
		return
	}
	f.calibrated = append(f.calibrated, f.calibrationLayer(members, at, layer.Reference))
}

// measureGroup adds one group's own measure to the result.
func (f *fair) measureGroup(rate, group string, at []int32) stats.Proportion {
	part := f.all.pick(orNone(at))
	var m Measure
	count := stats.Proportion{N: part.n()}
	if rate == calibration {
		m = f.metric(rate, part, "", nil)
	} else {
		count, _ = stats.GroupRate(part.confusion(*f.spec.Predictions.Threshold), rate)
		m = with(count.Value(), count.Interval(f.spec.Confidence), count.N, part.n())
		if m.Status == StatusUndefined {
			m.Detail = whyNone(rate, part)
		}
		m = f.finish(m, "", true)
	}
	if len(f.rates) > 1 {
		m.note(rate)
	}
	least := f.spec.Fairness.MinRows
	switch {
	case count.N == 0:
		f.refuse(StatusUndefined, fmt.Sprintf("group %s: %s rests on no rows", group, rate), 0)
	case count.N < least:
		m = tooFew(fmt.Sprintf("%d are asked for", least), count.N, least, part.n())
		if rate != calibration {
			m.Threshold = f.spec.Predictions.Threshold
		}
		f.refuse(StatusTooFew, fmt.Sprintf("group %s has %d rows for %s, %d are asked for", group, count.N, rate, least), count.N)
	}
	f.result.Groups = append(f.result.Groups, Group{Group: group, Measure: m})
	f.n += count.N
	return count
}

// unfit says why rows cannot be counted as rates of groups are, or "": by
// weights the counts would be others, and rows that belong together tell less
// than as many that stand alone.
func (s *sample) unfit() string {
	switch {
	case s.weight != nil:
		return "rows have weights, and every row would count once"
	case s.unit != nil:
		return "rows belong together in units, and every row would stand alone"
	}
	return ""
}

// orNone keeps no rows from being all rows.
func orNone(at []int32) []int32 {
	if at == nil {
		return []int32{}
	}
	return at
}

// whyNone says why a group has no such rate.
func whyNone(rate string, s *sample) string {
	switch {
	case s.n() == 0:
	case rate == "false_omission_rate":
		return "no row is decided negative"
	case rate == "precision":
		return "no row is decided positive"
	}
	info, _ := stats.Lookup(rate)
	return s.whyUndefined(info)
}

func (f *fair) calibrationLayer(members []int, at [][]int32, reference int) stats.CalibrationLayer {
	l := stats.CalibrationLayer{Groups: len(members), Reference: reference}
	for k, g := range members {
		part := f.all.pick(orNone(at[g]))
		l.Positive, l.Probability = append(l.Positive, part.positive...), append(l.Probability, part.score...)
		for range part.n() {
			l.Group = append(l.Group, int32(k))
		}
	}
	return l
}

func (f *fair) compare(r stats.Resampling) stats.Parity {
	switch {
	case !f.decides():
		return r.CalibrationDifference(f.calibrated)
	case f.ratio:
		return r.WorstRatio(f.layers)
	}
	return r.WorstDifference(f.layers)
}

// against says which group the others were held against; nil where every pair
// was compared. Against the best group the greatest difference is that of the
// best and the worst, so only its name is new.
func (f *fair) against() *Against {
	switch {
	case f.reference.rule == "":
		return nil
	case f.reference.inner >= 0:
		return &Against{Rule: f.reference.rule, Group: f.parts.names[f.reference.inner]}
	}
	a := &Against{Rule: f.reference.rule}
	if len(f.rates) > 1 || len(f.parts.strata) > 1 {
		return a
	}
	best := math.Inf(-1)
	for _, g := range f.result.Groups {
		v := *g.Value
		if lessIsBetter[f.rates[0]] {
			v = -v
		}
		if v > best {
			best, a.Group = v, g.Group
		}
	}
	return a
}

// lessIsBetter holds the rates of errors.
var lessIsBetter = map[string]bool{"fpr": true, "false_omission_rate": true, calibration: true}
