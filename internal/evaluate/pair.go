package evaluate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// pair is two models' scores of the same rows.
type pair struct {
	test          *table.Table
	truth         *truth
	a, b          *sample // the rows that both scored, in the test set's order
	paired        Paired
	first, second *judge // of A, of B
	// both measures differences; each sample has its own threshold.
	both       *judge
	hidden     bool // one of them lacks the columns that metrics name
	thresholds [2]*float64
	specs      [2]*project.Spec
	known      [2]map[string]ItemResult // where both scored the same rows
}

// newPair reads both sides' rows and keeps those that both scored.
func newPair(ctx context.Context, a, b Side) (*pair, error) {
	metrics := slices.Concat(metricNames(a.Rows.Spec), metricNames(b.Rows.Spec))
	first, err := a.read(ctx, metrics)
	if err != nil {
		return nil, err
	}
	second, err := b.read(ctx, metrics)
	if err != nil {
		return nil, err
	}
	if x, y := first.truth.names, second.truth.names; !slices.Equal(x, y) {
		return nil, fmt.Errorf("%w: %s knows %s, and %s %s: they answer different questions\nhint: let both name the same classes or labels", ErrUsage, a.Name, strings.Join(x, ", "), b.Name, strings.Join(y, ", "))
	}
	p := &pair{test: first.test, truth: first.truth, first: first.judge, second: second.judge, hidden: a.Rows.Hidden || b.Rows.Hidden}
	p.specs = [2]*project.Spec{first.Spec, second.Spec}
	p.thresholds = [2]*float64{first.Spec.Predictions.Threshold, second.Spec.Predictions.Threshold}
	spec := *first.Spec
	spec.Confidence, spec.Draws = max(spec.Confidence, second.Spec.Confidence), max(spec.Draws, second.Spec.Draws)
	p.both = &judge{spec: &spec, seed: first.seed + "|" + second.joined.digest(second.joined.said)}
	p.meet(first, second)
	if p.a.n() == 0 {
		return nil, fmt.Errorf("%w: there is no row that both %s and %s scored\nhint: let both score the same rows", ErrUsage, a.Name, b.Name)
	}
	if p.paired.OnlyA+p.paired.OnlyB == 0 {
		p.known = [2]map[string]ItemResult{answers(a.Evaluation), answers(b.Evaluation)}
	}
	return p, nil
}

// read joins the rows to the labels. The scores must suit what either side
// asks.
func (s Side) read(ctx context.Context, metrics []string) (*work, error) {
	w, err := s.Rows.read(ctx)
	if err == nil {
		err = w.suits(metrics)
	}
	switch {
	case err == nil:
		return w, nil
	case s.tell != nil:
		return nil, s.tell(err)
	}
	return nil, fmt.Errorf("reading the rows of %s: %w", s.Name, err)
}

func (r *Rows) read(ctx context.Context) (*work, error) {
	w := &work{Request: r.Request}
	if t := w.Spec.Task; t != "multiclass" && t != "forecasting" {
		w.Train = nil // says nothing about scores
	}
	match := w.match
	if r.Hidden {
		w.Spec, match = asStored(r.Spec), w.matchHidden
	}
	for _, step := range []func(context.Context) error{w.check, w.read, match} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	w.sow()
	return w, nil
}

// asStored is a spec for the predictions that the registry keeps, under the
// names that kept gives them. Columns that only metrics name are not there.
func asStored(spec *project.Spec) *project.Spec {
	s, p := *spec, spec.Predictions
	if s.Task == "multiclass" {
		s.Test.Classes = spec.Named()
	}
	s.Predictions = project.SpecPredictions{ID: "id", Threshold: p.Threshold}
	if p.Column != "" {
		s.Predictions.Column = "score"
	}
	if len(p.Columns) > 0 || p.Prefix != "" {
		s.Predictions.Prefix = "score:"
	}
	if p.Decision != "" {
		s.Predictions.Decision = "decision"
	}
	if s.Metrics = maps.Clone(s.Metrics); s.Slices != nil {
		own := *s.Slices
		own.Metrics = maps.Clone(own.Metrics)
		maps.DeleteFunc(own.Metrics, func(name string, _ project.SliceLimit) bool { return len(ColumnsOf(name)) > 0 })
		s.Slices = &own
	}
	maps.DeleteFunc(s.Metrics, func(name string, _ project.Limit) bool { return len(ColumnsOf(name)) > 0 })
	s.Baseline, s.Champion = nil, nil
	return &s
}

// matchHidden is match where the predictions name rows by their pseudonyms.
func (w *work) matchHidden(context.Context) error {
	var err error
	if w.said, err = readPredicted(w.predictions, w.layout, w.classes); err != nil {
		return err
	}
	rows, err := ids(w.predictions, "id")
	if err != nil {
		return err
	}
	id, err := w.test.Column(w.Spec.Test.ID)
	if err != nil {
		return err
	}
	j := &joined{Join: Join{By: "id"}}
	places := []int32{}
	for i := range w.test.Rows {
		row, ok := rows.find(pseudonym(w.IDKey, id.String(i)))
		if !ok {
			j.Missing++
			continue
		}
		j.rows, places = append(j.rows, int32(i)), append(places, row)
	}
	if j.Matched = len(j.rows); j.Matched == 0 {
		return fmt.Errorf("%w: no row of %s is among the stored predictions under this id key\nhint: name the id key that they were stored under with --id-key", ErrUsage, w.test.Name)
	}
	j.Extra, j.said = w.predictions.Rows-j.Matched, w.said.pick(places)
	if t := w.Spec.Train; t != nil && t.Time != "" && w.Train == nil {
		w.design.scale, w.design.noScale = nil, "the training data that scales it is not at hand"
	}
	w.joined, w.all = j, newSample(w.Spec, w.truth, j, w.design)
	return nil
}

// meet finds the rows that both scored. Both list theirs in the order of the
// test set.
func (p *pair) meet(a, b *work) {
	var first, second []int32
	i, k := 0, 0
	for i < len(a.all.rows) && k < len(b.all.rows) {
		switch x, y := a.all.rows[i], b.all.rows[k]; {
		case x < y:
			i++
		case x > y:
			k++
		default:
			first, second = append(first, int32(i)), append(second, int32(k))
			i, k = i+1, k+1
		}
	}
	p.a, p.b = a.all.pick(append([]int32{}, first...)), b.all.pick(append([]int32{}, second...))
	n := len(first)
	p.paired = Paired{By: a.joined.By, Both: n, OnlyA: a.all.n() - n, OnlyB: b.all.n() - n}
	p.paired.Neither = p.test.Rows - n - p.paired.OnlyA - p.paired.OnlyB
}

// contrast measures every metric and slice that either side asks about.
func (p *pair) contrast(ctx context.Context, c *Contrast) error {
	c.Paired, c.Data.Rows = &p.paired, p.test.Rows
	for _, name := range p.metrics(func(s *project.Spec) []string { return slices.Collect(maps.Keys(s.Metrics)) }) {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.Differences = append(c.Differences, p.difference(ItemResult{Kind: KindMetric, Item: name, Metric: name}, p.a, p.b, 0))
	}
	if err := p.onSlices(ctx, c); err != nil {
		return err
	}
	if n := p.paired.OnlyA + p.paired.OnlyB; n > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%d rows that only one of them scored are left out", n))
	}
	if a, b := p.thresholds[0], p.thresholds[1]; a != nil && b != nil && *a != *b {
		c.Notes = append(c.Notes, fmt.Sprintf("each is decided at its own threshold: A at %g, B at %g", *a, *b))
	}
	c.Flips = p.turned()
	return nil
}

// metrics are the names that either spec has.
func (p *pair) metrics(of func(*project.Spec) []string) []string {
	all := slices.DeleteFunc(slices.Concat(of(p.specs[0]), of(p.specs[1])), p.unknown)
	slices.Sort(all)
	return slices.Compact(all)
}

// unknown says that a metric is of columns that one of them lacks.
func (p *pair) unknown(metric string) bool { return p.hidden && len(ColumnsOf(metric)) > 0 }

func (p *pair) onSlices(ctx context.Context, c *Contrast) error {
	least, asked := 0, map[[2]string]bool{} // by column and metric
	for _, s := range p.specs {
		if s.Slices == nil {
			continue
		}
		least = max(least, s.Slices.MinRows)
		for _, by := range s.Slices.By {
			for name := range s.Slices.Metrics {
				if !p.unknown(name) {
					asked[[2]string{by, name}] = true
				}
			}
		}
	}
	columns := map[string]*parts{}
	for _, one := range slices.SortedFunc(maps.Keys(asked), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		by, name := one[0], one[1]
		if columns[by] == nil {
			cut, err := split(p.test, by)
			if err != nil {
				return err
			}
			columns[by] = cut
		}
		cut := columns[by]
		for g, group := range cut.groups {
			if err := ctx.Err(); err != nil {
				return err
			}
			at := p.a.part(cut, g)
			r := ItemResult{Kind: KindSlice, Item: sliceItem(name, by, group), Metric: name, By: by, Group: group}
			c.Differences = append(c.Differences, p.difference(r, p.a.pick(at), p.b.pick(at), least))
		}
	}
	return nil
}

// difference measures one item on rows that both scored.
func (p *pair) difference(r ItemResult, a, b *sample, least int) Difference {
	info, known := stats.Lookup(r.Metric)
	d := Difference{Kind: r.Kind, Item: r.Item, Metric: r.Metric, By: r.By, Group: r.Group, Better: directions[direction(r)]}
	d.A, d.B = p.one(0, p.first, r, a, least), p.one(1, p.second, r, b, least)
	if d.Difference = absent(d.A, d.B); d.Difference.Status == StatusOK && known {
		d.Difference = p.between(info, a, b, r.Item)
	}
	d.judge(direction(r))
	if d.Difference.Status == StatusOK && alike(info, a, b) {
		d.Outcome, d.Words = OutcomeNone, fmt.Sprintf("the same on all %d rows", a.n())
	}
	return d
}

// alike says that both give every row the same decision, or score: of what the
// metric is about.
func alike(info stats.Metric, a, b *sample) bool {
	columns := ColumnsOf(info.Name)
	switch {
	case len(columns) > 0:
		return slices.Equal(a.said.alone(columns).scores, b.said.alone(columns).scores)
	case !info.Thresholded():
		return slices.Equal(a.score, b.score) && slices.Equal(a.said.scores, b.said.scores)
	case a.class != nil:
		return slices.Equal(a.decisions(), b.decisions())
	}
	one := func(s *sample) []bool { return decisions(slices.Concat(s.score, s.said.scores), *s.threshold) }
	return slices.Equal(one(a), one(b))
}

// one is one side's own measure.
func (p *pair) one(side int, j *judge, r ItemResult, s *sample, least int) Measure {
	if p.truth.silent() && needsLabels(r.Metric) {
		return without(StatusNoLabels, p.truth.detail, p.test.Rows-p.truth.missing, p.test.Rows)
	}
	if n, least, why := j.tooFew(r.Metric, s, least); why != "" && r.Kind == KindSlice {
		return j.finish(tooFew(why, n, least, s.n()), r.Item, false)
	}
	if m, ok := p.known[side][r.Item]; ok && m.Status == StatusOK {
		m.Needed = 0 // speaks of a limit
		return m.Measure
	}
	return j.metric(r.Metric, s, r.Item, nil)
}

// between is B − A with its paired interval.
func (p *pair) between(info stats.Metric, a, b *sample, item string) Measure {
	if info.Better == stats.Neither {
		return p.raw(info, a, b, item)
	}
	m, _ := p.both.improvement(info.Name, b, a, item, nil)
	if info.Better != stats.More && m.Value != nil {
		m.Value = number(-*m.Value)
		if m.Low != nil {
			m.Low, m.High = number(-*m.High), number(-*m.Low)
		}
	}
	return m
}

// raw is B − A of what no value is better of.
func (p *pair) raw(info stats.Metric, a, b *sample, item string) Measure {
	r := p.both.resampling(item)
	var i stats.Interval
	if x, two, ok := a.simple(info); ok && two.Thresholded() {
		y, _, _ := b.simple(info)
		i = r.DecisionPaired(x.positive, decisions(y.score, *y.threshold), decisions(x.score, *x.threshold), func(y, x stats.Confusion) float64 {
			return y.Value(two.Base) - x.Value(two.Base)
		})
	} else {
		if m, few := a.tooFewToDraw(); few {
			return m
		}
		i = b.less(a, info, r)
	}
	return p.both.finish(with(b.point(info)-a.point(info), i, a.counted(info), a.n()), item, p.both.thresholded(info.Name))
}

// less is the interval of a metric of b less that of a.
func (b *sample) less(a *sample, info stats.Metric, r stats.Resampling) stats.Interval {
	if x, ok := b.means(info); ok {
		if y, ok := a.means(info); ok {
			return x.Minus(y, r.Confidence)
		}
	}
	_, i := a.interval(r, func(rows []int32) stats.Statistic {
		f, g := b.pick(rows).compute(info), a.pick(rows).compute(info)
		return func(w []int32) float64 { return f(w) - g(w) }
	})
	return i
}

// Turned are the decisions that B makes otherwise than A, each at its own
// threshold: of a row's class, or of all its labels together.
type Turned struct {
	Rows    int `json:"rows"`
	Changed int `json:"changed"`
	// ThresholdA and ThresholdB are nil where a class is decided without one.
	ThresholdA *float64 `json:"threshold_a,omitempty"`
	ThresholdB *float64 `json:"threshold_b,omitempty"`
	// ToPositive and ToNegative are nil where there are more than two classes.
	ToPositive *int `json:"to_positive,omitempty"`
	ToNegative *int `json:"to_negative,omitempty"`
	// Labelled says which of them are right, with A as the champion; nil where
	// a row has no label.
	Labelled *Flips `json:"labelled"`
}

// turned is nil where one side decides nothing.
func (p *pair) turned() *Turned {
	spec := *p.both.spec
	spec.Predictions.Threshold = nil // each has its own
	j := &judge{spec: &spec, seed: p.both.seed}
	count := j.flipsOf(p.b, p.a)
	if count == nil {
		return nil
	}
	c := count(make([]int32, p.a.n()), 1, 0)[0]
	t := &Turned{
		Rows: c.Rows, Changed: c.Changed, ThresholdA: p.thresholds[0], ThresholdB: p.thresholds[1],
		ToPositive: c.ToPositive, ToNegative: c.ToNegative,
	}
	if !p.truth.silent() {
		t.Labelled = j.flipsByClass(count, p.b, p.a)
	}
	return t
}
