package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// result puts the predicates together.
func (w *work) result(ctx context.Context) (*Result, error) {
	out := &Result{}
	if err := w.store(out); err != nil {
		return nil, err
	}
	var err error
	if out.TrainingIDs, err = w.trainingIDs(); err != nil {
		return nil, err
	}
	compared, err := w.champion(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.sortResults(); err != nil {
		return nil, err
	}
	model := Model{Name: w.Spec.Name}
	out.Evaluation = &Evaluation{
		Model: model, Spec: w.SpecDigest, Grade: w.Grade,
		Data: w.dataSet(w.Test, w.test, "test"),
		Predictions: Predictions{
			Digest: w.Predictions.Digest, Rows: w.predictions.Rows, Scores: describe(w.joined.said.score),
			Column: w.Spec.Predictions.Column, Columns: w.layout.scores, Decision: w.layout.decision,
		},
		Join: w.joined.Join, Training: w.training(out.TrainingIDs), Champion: compared, Results: w.results, Selection: w.selection,
		Search: w.searched, Explanations: w.explained,
	}
	if out.Stored != nil {
		out.Evaluation.Predictions.Stored = artifact.Digest(out.Stored)
	}
	out.Datacheck = w.checked
	if w.Spec.Drift != nil && w.train != nil {
		out.Drift, err = w.driftReport(ctx, model, w.checked.Columns)
	}
	return out, err
}

// survey counts the rows and looks at the data as they are, and then lets go of the columns that
// nothing else needs: of many rows they are most of what is in memory.
func (w *work) survey(context.Context) (err error) {
	var fault error
	var group sync.WaitGroup
	group.Go(func() { w.searched, fault = w.search() })
	all, slices := w.counted()
	group.Wait()
	if w.count(all, slices); fault != nil {
		return fault
	}
	if err = w.finishCheck(); err != nil {
		return err
	}
	w.predictions = &table.Table{Name: w.predictions.Name, Rows: w.predictions.Rows}
	if w.train != nil {
		return nil
	}
	if w.Spec.Test.ID == "" {
		w.test, err = w.test.Select()
		return err
	}
	w.test, err = w.test.Select(w.Spec.Test.ID)
	return err
}

func (w *work) dataSet(s Source, t *table.Table, name string) DataSet {
	if s.Name != "" {
		name = s.Name
	}
	return DataSet{Name: name, Digest: s.Digest, Rows: t.Rows}
}

// store makes the predictions that the registry may keep.
func (w *work) store(out *Result) error {
	l := kept(w.Spec, w.truth.names)
	if w.Spec.Test.ID == "" || len(w.IDKey) == 0 || len(l.columns()) == 0 {
		return nil
	}
	id, err := w.test.Column(w.Spec.Test.ID)
	if err != nil {
		return err
	}
	out.Stored, err = w.joined.stored(id, w.IDKey, l.columns(), w.truth.names)
	return err
}

// maxChampionMisses is the share of rows that the champion may lack.
const maxChampionMisses = 0.01

// champion compares with the model in use, on the rows that both scored.
func (w *work) champion(ctx context.Context) (*Compared, error) {
	c, limit := w.Champion, w.Spec.Champion
	if c == nil || limit == nil {
		return nil, nil
	}
	if c.Channel != limit.Channel {
		return nil, fmt.Errorf("the champion given is that of channel %s, the spec asks for %s", c.Channel, limit.Channel)
	}
	compared := &Compared{Channel: c.Channel, Digest: c.Digest, Predictions: c.Predictions.Digest}
	met, err := w.meet(ctx, c, compared)
	if err != nil {
		return nil, err
	}
	w.answer(ctx, ItemResult{Kind: KindChampion, Item: championItem(limit), Metric: limit.Metric}, func(r *ItemResult) {
		if r.Measure = met.refusal; r.Status != "" {
			return
		}
		ours, theirs := met.spoken(w, limit.Metric)
		r.Measure, r.Reference = w.improvement(limit.Metric, ours, theirs, r.Item, notWorse(limit))
		r.Flips = w.flips(ours, theirs)
		r.note(met.note)
	})
	if limit.NegativeFlips != nil {
		w.answer(ctx, ItemResult{Kind: KindFlips, Item: flipsItem(limit), Metric: NegativeFlipRate}, func(r *ItemResult) {
			if r.Measure = met.refusal; r.Status != "" {
				return
			}
			ours, theirs := met.spoken(w, NegativeFlipRate)
			r.Measure = w.negativeFlips(ours, theirs, r.Item, limit.NegativeFlips)
			r.note(met.note)
		})
	}
	return compared, nil
}

// meeting is the rows on which a model is compared with the champion.
type meeting struct {
	ours    *sample
	said    *predicted // by the champion
	note    string
	refusal Measure // why there are none; its status is empty where there are
}

// spoken are both models on the rows that speak of a metric.
func (m *meeting) spoken(w *work, metric string) (ours, theirs *sample) {
	ours, said := w.spoken(metric, m.ours, m.said)
	return ours, ours.instead(said)
}

// meet finds the rows that the champion scored too and was not trained on, and
// counts them.
func (w *work) meet(ctx context.Context, c *Champion, compared *Compared) (*meeting, error) {
	at, said, err := w.championScores(ctx, c)
	if err != nil {
		return nil, err
	}
	all, met := w.all.n(), &meeting{}
	compared.Rows = len(at)
	switch missed := all - len(at); {
	case at == nil:
		met.refusal = without(StatusError, "rows cannot be joined to the champion's without an id column and an id key", 0, all)
		return met, nil
	case float64(missed) > maxChampionMisses*float64(all):
		met.refusal = without(StatusError, fmt.Sprintf("the champion scored only %d of %d rows", len(at), all), len(at), all)
		return met, nil
	case missed > 0:
		met.note = fmt.Sprintf("the champion scored %d of %d rows, which are compared", len(at), all)
	}
	if at, said, compared.Training, err = w.untrained(ctx, c, at, said); err != nil {
		return nil, err
	}
	if len(at) == 0 {
		met.refusal = without(StatusUndefined, fmt.Sprintf("the champion was trained on all %d rows that it scored", compared.Rows), 0, all)
		return met, nil
	}
	met.ours, met.said = w.all.pick(at), said
	return met, nil
}

// championScores finds what the champion says of each of the sample's rows by
// the pseudonym of its id; at lists the places in the sample of which it says
// something. It is nil where nothing can be joined.
func (w *work) championScores(ctx context.Context, c *Champion) (at []int32, said *predicted, err error) {
	l := kept(w.Spec, w.truth.names)
	if w.Spec.Test.ID == "" || len(w.IDKey) == 0 || len(l.columns()) == 0 {
		return nil, nil, nil
	}
	name := "champion-" + c.Channel + ".csv"
	t, err := c.Predictions.read(ctx, name, table.Options{Columns: append([]string{"id"}, l.columns()...), Text: []string{"id"}})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the predictions of champion %s: %w", artifact.Short(c.Digest), err)
	}
	all, err := readPredicted(t, l, w.classes)
	if err != nil {
		return nil, nil, err
	}
	metrics := []string{w.Spec.Champion.Metric}
	switch w.Spec.Task {
	case "binary", "regression", "forecasting", "ranking":
		err = inUnit(t, "score", metrics)
	case "multiclass":
		err = distributions(t, l, all, metrics)
	}
	if err != nil {
		return nil, nil, err
	}
	rows, err := ids(t, "id")
	if err != nil {
		return nil, nil, err
	}
	id, err := w.test.Column(w.Spec.Test.ID)
	if err != nil {
		return nil, nil, err
	}
	at = []int32{}
	places := []int32{}
	for k, row := range w.all.rows {
		if found, ok := rows.find(pseudonym(w.IDKey, id.String(int(row)))); ok {
			at, places = append(at, int32(k)), append(places, found)
		}
	}
	return at, all.pick(places), nil
}

// sortResults orders results by item, and refuses two answers to one.
func (w *work) sortResults() error {
	slices.SortFunc(w.results, func(a, b ItemResult) int { return strings.Compare(a.Item, b.Item) })
	for i := 1; i < len(w.results); i++ {
		if w.results[i].Item == w.results[i-1].Item {
			return fmt.Errorf("two results are called %q\nhint: slice by each column once", w.results[i].Item)
		}
	}
	if w.results == nil {
		w.results = []ItemResult{}
	}
	return nil
}

// inspect begins the datacheck, and lets go of labels, which are read by now.
func (w *work) inspect(context.Context) (err error) {
	d := &Datacheck{Model: Model{Name: w.Spec.Name}, Spec: w.SpecDigest, Slices: []Part{}, Groups: []Part{}, Columns: driftColumns(w.Spec, w.test, w.scored)}
	w.checked = d
	if d.Sets.Test, err = examine(w.test, w.Test.Digest, w.Spec.Test.ID, labelColumn(w.Spec), w.truth); err != nil || w.train != nil {
		return err
	}
	for _, column := range w.splitBy() {
		if _, err := w.test.Column(column); err != nil {
			return err
		}
	}
	rest := w.test.Names()
	for _, label := range truthColumns(w.Spec) {
		if !slices.Contains(w.splitBy(), label) {
			rest = slices.DeleteFunc(rest, func(name string) bool { return name == label })
		}
	}
	nested := w.test.Nested
	w.test, err = w.test.Select(rest...)
	if err == nil {
		w.test.Nested = nested
	}
	return err
}

// splitBy are the columns that slices and groups are made by.
func (w *work) splitBy() (columns []string) {
	var all []string
	if s := w.Spec.Slices; s != nil {
		all = append(all, s.By...)
	}
	if f := w.Spec.Fairness; f != nil {
		all = append(all, f.By...)
	}
	for _, text := range all {
		by, _, _ := project.ParseBy(text)
		for _, cut := range slices.Concat(by.Parts, by.Within) {
			columns = append(columns, cut.Column)
		}
	}
	return columns
}

// finishCheck adds to the datacheck what comes of slices and training data.
func (w *work) finishCheck() (err error) {
	d := w.checked
	for _, p := range w.slices {
		d.Slices = append(d.Slices, p.list()...)
	}
	for _, p := range w.groups {
		d.Groups = append(d.Groups, p.list()...)
	}
	if w.train == nil {
		return nil
	}
	if d.Sets.Train, err = examine(w.train, w.Train.Digest, w.Spec.Train.ID, w.Spec.Train.Label, w.trainTruth); err != nil {
		return err
	}
	if d.Overlap, err = overlap(w.Spec, w.test, w.train, w.scored); err != nil {
		return err
	}
	d.Overlap.Files = sharedFiles(w.Test, w.test, *w.Train, w.train)
	return nil
}

func (w *work) driftReport(ctx context.Context, model Model, columns []string) (*Drift, error) {
	// Drift is about data alone, so its draws do not turn on the predictions.
	j := &judge{spec: w.Spec, seed: w.Test.Digest + "|" + w.Train.Digest}
	results, err := j.drift(ctx, columns, w.test, w.train)
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		// A label that says too little says nothing of how labels have changed.
		if w.truth.silent() && slices.Contains(truthColumns(w.Spec), r.Item) {
			results[i].Measure = without(StatusNoLabels, w.truth.detail, w.test.Rows-w.truth.missing, w.test.Rows)
		}
	}
	return &Drift{
		Model: model, Spec: w.SpecDigest,
		Reference: w.dataSet(*w.Train, w.train, "train"),
		Current:   w.dataSet(w.Test, w.test, "test"),
		Method: DriftMethod{
			Name: "psi", Bins: stats.PSIBins, BinSource: "reference", Smoothing: stats.PSISmoothing,
			Missing: "own bin", Unseen: "own bin", Log: "natural",
		},
		Results: results,
	}, nil
}
