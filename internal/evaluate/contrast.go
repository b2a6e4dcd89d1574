package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/stats"
)

// Side is one of two evaluations that are compared.
type Side struct {
	Name       string      // as people call it
	Evaluation *Evaluation // nil where there are only rows
	Rows       *Rows       // nil where there are only numbers

	tell func(error) error // in the words of who named the files; may be nil
}

// Rows are a model's scores, row by row, and the test set that they are of.
type Rows struct {
	Request
	// Hidden says that the predictions are those that a registry keeps: a CSV
	// file of id and score, with the ids under the request's IDKey.
	Hidden bool
}

// Contrast is what differs between two evaluations of one test set. B is
// measured against A.
type Contrast struct {
	A    Party   `json:"a"`
	B    Party   `json:"b"`
	Data DataSet `json:"data"`
	// Paired is how the rows met; nil where the rows of one are not at hand, so
	// that no difference has an interval.
	Paired      *Paired      `json:"paired"`
	Differences []Difference `json:"differences"`
	// OnlyA and OnlyB are the items that the other evaluation lacks.
	OnlyA []string `json:"only_a"`
	OnlyB []string `json:"only_b"`
	Flips *Turned  `json:"flips"` // nil without rows or decisions
	Notes []string `json:"notes"`
	// Complete is false where an item stands on one side only, or a metric of
	// all rows has no number on both.
	Complete bool `json:"complete"`
	// Assumed are the defaults that were taken where nothing was said.
	Assumed []Assumption `json:"assumed"`
}

// Party names one side by its content.
type Party struct {
	Name        string   `json:"name"`
	Model       *Model   `json:"model,omitempty"`
	Grade       string   `json:"grade"`
	Spec        string   `json:"spec"`
	Predictions string   `json:"predictions"`
	Threshold   *float64 `json:"threshold,omitempty"`
}

// Paired counts rows of the test set by who scored them.
type Paired struct {
	By      string `json:"by"` // id or row
	Both    int    `json:"both"`
	OnlyA   int    `json:"only_a"`
	OnlyB   int    `json:"only_b"`
	Neither int    `json:"neither"`
}

// Outcomes of a comparison.
const (
	OutcomeBetter    = "better"    // B, beyond chance
	OutcomeWorse     = "worse"     // B, beyond chance
	OutcomeDifferent = "different" // beyond chance, where no value is better
	OutcomeNone      = "none"      // no difference beyond chance
	OutcomeUnknown   = "unknown"
)

// Difference is one item of both. Its measure is B − A; where the nearer to
// zero is the better, |B| − |A|, and to one, |B − 1| − |A − 1|.
type Difference struct {
	Kind       string  `json:"kind"`
	Item       string  `json:"item"`
	Metric     string  `json:"metric"`
	By         string  `json:"by,omitempty"`
	Group      string  `json:"group,omitempty"`
	Better     string  `json:"better"` // more, less, zero, one, neither
	A          Measure `json:"a"`
	B          Measure `json:"b"`
	Difference Measure `json:"difference"`
	Outcome    string  `json:"outcome"`
	Words      string  `json:"words"`
}

// Compare measures B against A. Where the rows of both are at hand, everything
// is measured on the rows that both scored, and differences are paired; else
// the numbers of the evaluations stand side by side. ErrUsage where the two
// cannot be compared at all.
func Compare(ctx context.Context, a, b Side) (*Contrast, error) {
	data, err := sameData(a, b)
	if err != nil {
		return nil, err
	}
	c := &Contrast{A: a.party(), B: b.party(), Data: data, OnlyA: []string{}, OnlyB: []string{}, Notes: []string{}, Differences: []Difference{}, Assumed: []Assumption{}}
	if a.Rows != nil && b.Rows != nil {
		p, err := newPair(ctx, a, b)
		if err != nil {
			return nil, err
		}
		if err := p.contrast(ctx, c); err != nil {
			return nil, err
		}
	}
	c.numbers(a, b)
	c.finish()
	return c, nil
}

func (s Side) party() Party {
	p := Party{Name: s.Name}
	if r := s.Rows; r != nil {
		p.Grade, p.Spec, p.Predictions, p.Threshold = r.Grade, r.SpecDigest, r.Predictions.Digest, r.Spec.Predictions.Threshold
	}
	if e := s.Evaluation; e != nil {
		p.Model, p.Grade, p.Spec, p.Predictions = &e.Model, e.Grade, e.Spec, e.Predictions.Digest
	}
	return p
}

// data is the test set that a side was evaluated on.
func (s Side) data() (name, digest string, rows int) {
	if e := s.Evaluation; e != nil {
		return e.Data.Name, e.Data.Digest, e.Data.Rows
	}
	return s.Rows.Test.path(), s.Rows.Test.Digest, 0
}

// sameData refuses two that answer different questions.
func sameData(a, b Side) (DataSet, error) {
	name, digest, rows := a.data()
	other, second, _ := b.data()
	if digest != second {
		return DataSet{}, fmt.Errorf("%w: %s was evaluated on %s (%s), %s on %s (%s): numbers of different test data do not compare\nhint: evaluate both on the same file",
			ErrUsage, a.Name, name, artifact.Short(digest), b.Name, other, artifact.Short(second))
	}
	if a.Rows != nil && b.Rows != nil {
		s, t := a.Rows.Spec.Test, b.Rows.Spec.Test
		for _, same := range []struct{ what, a, b string }{
			{"task", a.Rows.Spec.Task, b.Rows.Spec.Task},
			{"label", s.Label, t.Label},
			{"positive label", s.Positive, t.Positive},
			{"column of the queries", s.Group, t.Group},
			{"column of the units", s.Unit, t.Unit},
			{"column of the weights", s.Weight, t.Weight},
			{"column of the decisions", s.Decision, t.Decision},
			{"decision that yields a label", s.Decided, t.Decided},
			{"time that labels take", s.Matures, t.Matures},
			{"day of the labels", s.Labelled, t.Labelled},
			{"column of the series", s.Series, t.Series},
			{"column of the times", s.Time, t.Time},
			{"season", strconv.Itoa(s.Season), strconv.Itoa(t.Season)},
		} {
			if same.a != same.b {
				return DataSet{}, fmt.Errorf("%w: the %s of %s is %q, that of %s %q: they answer different questions\nhint: let both project files say the same of the test set", ErrUsage, same.what, a.Name, same.a, b.Name, same.b)
			}
		}
	}
	return DataSet{Name: name, Digest: digest, Rows: rows}, nil
}

// numbers compares what the evaluations say and the rows did not.
func (c *Contrast) numbers(a, b Side) {
	done := map[string]bool{}
	for _, d := range c.Differences {
		done[d.Item] = true
	}
	first, second := answers(a.Evaluation), answers(b.Evaluation)
	switch {
	case a.Evaluation == nil || b.Evaluation == nil:
		return
	case a.Evaluation.Spec != b.Evaluation.Spec:
		c.Notes = append(c.Notes, fmt.Sprintf("the specs differ (%s and %s): weighlock spec shows one", artifact.Short(a.Evaluation.Spec), artifact.Short(b.Evaluation.Spec)))
	}
	for _, r := range a.Evaluation.Results {
		switch other, ok := second[r.Item]; {
		case done[r.Item]:
		case !ok:
			c.OnlyA = append(c.OnlyA, r.Item)
		default:
			c.Differences = append(c.Differences, unpaired(r, other))
		}
	}
	for _, r := range b.Evaluation.Results {
		if _, ok := first[r.Item]; !ok && !done[r.Item] {
			c.OnlyB = append(c.OnlyB, r.Item)
		}
	}
}

func answers(e *Evaluation) map[string]ItemResult {
	if e == nil {
		return nil
	}
	all := map[string]ItemResult{}
	for _, r := range e.Results {
		all[r.Item] = r
	}
	return all
}

// unpaired is the difference of two numbers of which the rows are not at hand.
// It has no interval: both rest on the same rows, so that their own intervals
// say too little about it.
func unpaired(a, b ItemResult) Difference {
	better := direction(a)
	d := Difference{Kind: a.Kind, Item: a.Item, Metric: a.Metric, By: a.By, Group: a.Group, Better: directions[better], A: a.Measure, B: b.Measure}
	if d.Difference = absent(a.Measure, b.Measure); d.Difference.Status == StatusOK {
		d.Difference = with(minus(better, *b.Value, *a.Value), stats.Interval{Low: math.NaN(), High: math.NaN()}, min(a.N, b.N), min(a.Rows, b.Rows))
		d.Difference.Detail = "no interval: the rows of both are not at hand"
	}
	d.judge(better)
	return d
}

// absent is a measure without a number where one of two has none; else its
// status is ok.
func absent(a, b Measure) Measure {
	for _, side := range []struct {
		name string
		m    Measure
	}{{"A", a}, {"B", b}} {
		if side.m.Status != StatusOK {
			return without(side.m.Status, strings.TrimSuffix("of "+side.name+": "+side.m.Detail, ": "), min(a.N, b.N), min(a.Rows, b.Rows))
		}
	}
	return Measure{Status: StatusOK}
}

// minus is what first has more than second; where the nearer to zero or one is
// the better, by how much it is further away.
func minus(better stats.Direction, first, second float64) float64 {
	switch better {
	case stats.Zero:
		return math.Abs(first) - math.Abs(second)
	case stats.One:
		return math.Abs(first-1) - math.Abs(second-1)
	}
	return first - second
}

// directions are the words for which values of an item are better.
var directions = map[stats.Direction]string{stats.More: "more", stats.Less: "less", stats.Zero: "zero", stats.One: "one", stats.Neither: "neither"}

func direction(r ItemResult) stats.Direction {
	switch r.Kind {
	case KindGap:
		return stats.Less
	case KindBaseline, KindChampion:
		return stats.More
	case KindFairness:
		if strings.HasSuffix(r.Metric, "_ratio") {
			return stats.More
		}
		return stats.Less
	}
	if info, ok := stats.Lookup(r.Metric); ok {
		return info.Better
	}
	return stats.Neither
}

// judge says in words what the difference shows.
func (d *Difference) judge(better stats.Direction) {
	m := d.Difference
	d.Outcome, d.Words = OutcomeUnknown, "cannot be compared: "+m.Detail
	switch {
	case m.Status != StatusOK:
	case m.Low == nil || m.High == nil:
		d.Words = "chance is not ruled out: " + cmp.Or(m.Detail, "there is no interval")
	case *m.Low <= 0 && *m.High >= 0:
		d.Outcome, d.Words = OutcomeNone, fmt.Sprintf("no difference beyond chance on %d rows", m.N)
	case m.Degenerate:
		d.Words = "chance is not ruled out: the sample leaves the interval no width"
	case better == stats.Neither:
		d.Outcome, d.Words = OutcomeDifferent, "they differ beyond chance"
	case (*m.Low > 0) == (better == stats.More):
		d.Outcome, d.Words = OutcomeBetter, "B is better, beyond chance"
	default:
		d.Outcome, d.Words = OutcomeWorse, "B is worse, beyond chance"
	}
}

// kinds is the order in which differences are listed.
var kinds = []string{KindMetric, KindSlice, KindGap, KindGapBest, KindFairness, KindBaseline, KindChampion, KindFlips, KindExplanations, KindSensitivity}

// finish orders the differences (slices of a metric by how much they changed)
// and says whether nothing is missing.
func (c *Contrast) finish() {
	size := func(d Difference) float64 {
		if d.Kind == KindMetric || d.Difference.Value == nil {
			return 0
		}
		return math.Abs(*d.Difference.Value)
	}
	slices.SortFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.Metric, b.Metric),
			cmp.Compare(size(b), size(a)), cmp.Compare(a.Item, b.Item),
		)
	})
	c.Complete = len(c.OnlyA)+len(c.OnlyB) == 0
	looks := 0
	for _, d := range c.Differences {
		if d.Kind == KindMetric && d.Difference.Status != StatusOK {
			c.Complete = false
		}
		if d.Kind == KindSlice && d.Difference.Low != nil {
			looks++
		}
	}
	if looks > 1 {
		level := c.Differences[slices.IndexFunc(c.Differences, func(d Difference) bool { return d.Difference.Low != nil })].Difference.Level
		c.Notes = append(c.Notes, fmt.Sprintf("%d differences on slices were looked at: about %.2g of so many lie beyond chance by chance alone, at %g %%", looks, float64(looks)*(1-level), 100*level))
	}
}
