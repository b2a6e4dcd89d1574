package evaluate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// work is one evaluation under way.
type work struct {
	Request
	*judge
	test, train, predictions *table.Table // train is nil where there is none
	truth, trainTruth        *truth
	classes                  *classList // multiclass
	layout                   layout
	design                   *design
	arising                  *arising
	history, past            *history   // in time, of test and training data
	said                     *predicted // of all rows of the predictions
	scored                   bool       // the predictions stand in the test set itself
	joined                   *joined
	all                      *sample
	labelled                 *sample // those that labels speak for; nil where they speak for too little
	narrowed                 bool    // all are the rows that labels speak for
	selection                *Selection
	slices, groups           []*parts
	searched                 *Search
	checked                  *Datacheck
	explained                *Explained
	results                  []ItemResult
}

// Run evaluates. Errors are about files that cannot be evaluated at all
// (table.Error has the place, ErrPinned means another file than was pinned);
// a question without an answer is a measure whose status says so. The same
// request gives the same bytes on any number of processors.
func Run(ctx context.Context, request Request) (*Result, error) {
	w := &work{Request: request}
	for _, step := range []func(context.Context) error{w.check, w.read, w.inspect, w.match, w.explain, w.part, w.survey, w.measure} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return w.result(ctx)
}

func (w *work) check(context.Context) error {
	switch {
	case w.Spec == nil:
		return errors.New("there is no spec to evaluate by")
	case !slices.Contains(project.Tasks(), w.Spec.Task):
		return fmt.Errorf("task %s cannot be evaluated, only %s", w.Spec.Task, strings.Join(project.Tasks(), ", "))
	case w.Spec.Test.Digest != w.Test.Digest:
		return fmt.Errorf("%w: the spec pins %s as %s, this one is %s", ErrPinned, w.Spec.Test.File, artifact.Short(w.Spec.Test.Digest), artifact.Short(w.Test.Digest))
	case !slices.Contains([]string{"claimed", "computed", "rescored"}, w.Grade):
		return fmt.Errorf("%q is no grade of evidence; known are claimed, computed and rescored", w.Grade)
	}
	if asked := w.Spec.Predictions.Explanations != nil; asked != (w.Explanations != nil) {
		return errors.New("explanations come with a spec that asks for them, and with no other")
	}
	w.judge = &judge{spec: w.Spec}
	return nil
}

func (w *work) read(ctx context.Context) (err error) {
	spec := w.Spec
	if w.test, err = w.Test.read(ctx, w.Test.path(), table.Options{IDs: texts(spec.Test.ID)}); err != nil {
		return err
	}
	if err = w.readClasses(ctx); err != nil {
		return err
	}
	if w.truth, err = readLabels(w.test, spec, w.classes); err != nil {
		return err
	}
	if w.arising, err = readArising(spec, w.test, w.truth); err != nil {
		return err
	}
	if w.design, err = readDesign(spec, w.test); err != nil {
		return err
	}
	if err = w.readPredictions(ctx); err != nil {
		return err
	}
	if err = w.readTrain(ctx); err != nil {
		return err
	}
	return w.readSeries()
}

// readClasses finds the classes of a multiclass task, for which it reads the
// training data too where the spec does not name them.
func (w *work) readClasses(ctx context.Context) (err error) {
	if w.Spec.Task != "multiclass" {
		return nil
	}
	if len(w.Spec.Named()) == 0 {
		if err := w.readTrainTable(ctx); err != nil {
			return err
		}
	}
	w.classes, err = classesOf(w.Spec, w.test, w.train)
	return err
}

func (w *work) readPredictions(ctx context.Context) (err error) {
	spec := w.Spec
	w.layout = layoutOf(spec, w.truth.names)
	columns := w.layout.columns()
	for _, column := range columns {
		if column == w.predictionID() {
			return fmt.Errorf("reading %s: column %s is both id and score\nhint: name the column of the scores in predictions.column", w.Predictions.path(), column)
		}
	}
	o := table.Options{Columns: columns, IDs: texts(w.predictionID())}
	if id := w.predictionID(); id != "" {
		o.Columns = append(o.Columns, id)
	}
	if spec.Predictions.Prefix != "" || len(o.Columns) == 0 {
		o.Columns = nil // all, to see which of them nobody names, or to count rows
	}
	switch {
	case !w.inOneFile():
		w.predictions, err = w.Predictions.read(ctx, w.Predictions.path(), o)
	case o.Columns == nil:
		w.predictions = w.test
	default:
		w.predictions, err = w.test.Select(o.Columns...)
	}
	if err != nil {
		return err
	}
	w.scored = w.standsInTest()
	for _, column := range columns {
		if w.scored && slices.Contains(truthColumns(spec), column) {
			return fmt.Errorf("reading %s: column %s is the truth itself, and cannot be its prediction\nhint: name the column of the scores in predictions.column", w.Predictions.path(), column)
		}
	}
	if spec.Predictions.Prefix != "" {
		return unclaimed(w.predictions, spec, w.layout, w.predictionID())
	}
	return nil
}

// standsInTest says whether rows of the predictions stand in a file of the test
// set, by its bytes: a pattern does not make another file of it.
func (w *work) standsInTest() bool {
	shared := sharedFiles(w.Test, w.test, w.Predictions, w.predictions)
	return w.Predictions.Digest == w.Test.Digest || shared != nil && *shared > 0
}

// inOneFile says whether the test set, which is read by now, holds the
// predictions too.
func (w *work) inOneFile() bool {
	return w.Predictions.Digest == w.Test.Digest && w.Predictions.path() == w.Test.path() && w.predictionID() == w.Spec.Test.ID
}

func (w *work) readTrain(ctx context.Context) (err error) {
	if err = w.readTrainTable(ctx); err != nil || w.train == nil {
		return err
	}
	switch label := w.Spec.Train.Label; {
	case label == "", w.Spec.Task == "multilabel", w.Spec.Task == "generative":
	case w.Spec.Task == "multiclass":
		w.trainTruth, err = readClassLabels(w.train, label, w.classes)
	default:
		w.trainTruth, err = readTruth(w.train, label, w.Spec.Test.Positive, w.Spec.Task)
	}
	return err
}

func (w *work) readTrainTable(ctx context.Context) (err error) {
	if w.Train == nil || w.train != nil {
		return nil
	}
	if w.Spec.Train == nil {
		return fmt.Errorf("there is training data %s, but the spec names none", w.Train.path())
	}
	w.train, err = w.Train.read(ctx, w.Train.path(), table.Options{IDs: texts(w.Spec.Train.ID)})
	return err
}

// predictionID is the id column of the predictions; none where the test set
// has none, which joins by row.
func (w *work) predictionID() string {
	if w.Spec.Test.ID == "" {
		return ""
	}
	if w.Spec.Predictions.ID == "" {
		return w.Spec.Test.ID
	}
	return w.Spec.Predictions.ID
}

func texts(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

func (w *work) match(context.Context) (err error) {
	spec := w.Spec
	if w.said, err = readPredicted(w.predictions, w.layout, w.classes); err != nil {
		return err
	}
	if w.joined, err = join(w.test, w.predictions, spec.Test.ID, w.predictionID(), w.said); err != nil {
		return err
	}
	if err = w.suits(metricNames(spec)); err != nil {
		return err
	}
	w.all = newSample(spec, w.truth, w.joined, w.design)
	w.look()
	return nil
}

// suits refuses scores that are no probabilities where a metric needs them.
func (w *work) suits(metrics []string) error {
	switch w.Spec.Task {
	case "binary":
		return inUnit(w.predictions, w.Spec.Predictions.Column, metrics)
	case "multiclass":
		return distributions(w.predictions, w.layout, w.said, metrics)
	}
	return nil
}

// part splits the pinned data into slices and groups.
func (w *work) part(context.Context) (err error) {
	var group sync.WaitGroup
	group.Go(w.sow)
	defer group.Wait()
	if s := w.Spec.Slices; s != nil {
		if w.slices, err = splitAll(w.test, s.By); err != nil {
			return err
		}
	}
	if f := w.Spec.Fairness; f != nil {
		w.groups, err = splitAll(w.test, f.By)
	}
	for _, p := range w.slices {
		if err == nil {
			err = w.design.whole(w.test, w.Spec, p)
		}
	}
	return err
}

// sow makes what the draws are seeded with.
func (w *work) sow() {
	w.seed = w.Test.Digest + "|" + w.joined.digest(w.joined.said)
	w.seedOf = func(columns []string) string {
		return w.Test.Digest + "|" + w.joined.digest(w.joined.said.alone(columns))
	}
}

func splitAll(t *table.Table, by []string) ([]*parts, error) {
	all, faults := make([]*parts, len(by)), make([]error, len(by))
	var group sync.WaitGroup
	for k, one := range by {
		group.Go(func() { all[k], faults[k] = split(t, one) })
	}
	group.Wait()
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (w *work) measure(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(w.Spec.Metrics)) {
		limit := w.Spec.Metrics[name]
		w.answer(ctx, ItemResult{Kind: KindMetric, Item: name, Metric: name}, func(r *ItemResult) {
			v := w.of(name)
			r.Measure = v.metric(name, v.all, name, &limit)
		})
	}
	w.measureSlices(ctx)
	if f := w.Spec.Fairness; f != nil {
		for _, p := range w.groups {
			for _, name := range slices.Sorted(maps.Keys(f.Metrics)) {
				w.answer(ctx, ItemResult{Kind: KindFairness, Item: fairnessItem(name, p.by), Metric: name, By: p.by}, func(r *ItemResult) {
					*r = w.fairness(name, f.Metrics[name], p, w.all)
				})
			}
		}
	}
	if b := w.Spec.Baseline; b != nil {
		w.answer(ctx, ItemResult{Kind: KindBaseline, Item: baselineItem(b), Metric: b.Metric}, func(r *ItemResult) {
			*r = w.of(b.Metric).baseline(ctx, b)
		})
	}
	return ctx.Err()
}

func (w *work) measureSlices(ctx context.Context) {
	if w.Spec.Slices == nil {
		return
	}
	for _, p := range w.slices {
		for g := range p.groups {
			part := w.slice(p, g)
			for _, name := range slices.Sorted(maps.Keys(w.Spec.Slices.Metrics)) {
				w.measureSlice(ctx, name, p, g, part)
			}
		}
	}
}

// measureSlice answers what the spec asks about one metric on one slice: the
// value there, and how far it falls behind.
func (w *work) measureSlice(ctx context.Context, name string, p *parts, g int, part *sample) {
	v, limit, group := w.of(name), w.Spec.Slices.Metrics[name], p.groups[g]
	places := func() []int32 { return v.at(p, g) }
	if v != w {
		part = v.all.pick(places())
	}
	ask := func(kind, item string, measure func() Measure) {
		w.answerOn(ctx, ItemResult{Kind: kind, Item: item, Metric: name, By: p.by, Group: group}, func() []int32 { return w.at(p, g) }, func(r *ItemResult) {
			if n, least, why := w.tooFew(name, part, w.Spec.Slices.MinRows); why != "" {
				r.Measure = w.finish(tooFew(why, n, least, part.n()), item, w.thresholded(name))
				return
			}
			r.Measure = measure()
		})
	}
	if limit.Min != nil || limit.Max != nil || w.Unjudged {
		item := sliceItem(name, p.by, group)
		ask(KindSlice, item, func() Measure {
			return w.metric(name, part, item, &project.Limit{Min: limit.Min, Max: limit.Max})
		})
	}
	if limit.MaxGap != nil || w.Unjudged {
		item := gapItem(name, p.by, group)
		ask(KindGap, item, func() Measure {
			return w.gap(name, v.all, part, places, item, &project.Limit{Max: limit.MaxGap})
		})
	}
	if limit.MaxGapBest != nil {
		item := bestItem(name, p.by, group)
		ask(KindGapBest, item, func() Measure {
			return v.gapToBest(name, p, g, item, &project.Limit{Max: limit.MaxGapBest})
		})
	}
}

// answer adds one result, unless the run was cancelled; without labels its
// measure says so instead.
func (w *work) answer(ctx context.Context, r ItemResult, measure func(*ItemResult)) {
	w.answerOn(ctx, r, nil, measure)
}

// answerOn is answer about the rows at some places of the sample.
func (w *work) answerOn(ctx context.Context, r ItemResult, at func() []int32, measure func(*ItemResult)) {
	if ctx.Err() != nil {
		return
	}
	if m, ok := w.voiceless(r, at); ok {
		r.Measure = m
	} else {
		measure(&r)
		w.weighted(&r, at)
	}
	w.results = append(w.results, r)
}

// needsLabels is false of what is about decisions or other columns alone.
func needsLabels(metric string) bool {
	if m, ok := stats.Lookup(metric); ok && project.OfColumn(m) {
		return false
	}
	return !slices.Contains([]string{"selection_rate", "selection_rate_difference", "selection_rate_ratio"}, metric)
}
