package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/schema"
)

// ExplanationCoverage is the share of rows that need an explanation and have
// one. All of them are counted, so nothing is inferred from a sample: it is
// judged by its value, and its interval (Clopper and Pearson, 1934) says what
// that tells of rows to come. Each row counts once, whatever its weight.
const ExplanationCoverage = "explanation_coverage"

// Explained counts the rows that are explained.
type Explained struct {
	Digest     string       `json:"digest"`
	Rows       int          `json:"rows"` // of the file
	Kind       string       `json:"kind"` // codes or importances
	For        string       `json:"for"`  // all, positive or negative
	Needed     int          `json:"needed"`
	Covered    int          `json:"covered"`
	Invalid    int          `json:"invalid"`     // needed, in the file, and not explained there
	UnknownIDs int          `json:"unknown_ids"` // rows of the file about no row of the data
	First      *Unexplained `json:"first,omitempty"`
}

// Unexplained is a row that needs an explanation and has none. Neither its id
// nor what the file says of it is in it: both may be about a person.
type Unexplained struct {
	Row    int    `json:"row"` // in the test data, from 1
	Why    string `json:"why"` // missing, empty, unknown_code, not_finite or all_zero
	Line   int64  `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
}

// whyNot says why a row of the file explains nothing, and in which column, if
// it is one; why is empty where it explains.
type whyNot func(row int) (why, column string)

// explain counts the rows that are explained. It asks for no labels.
func (w *work) explain(ctx context.Context) error {
	e := w.Spec.Predictions.Explanations
	if e == nil {
		return nil
	}
	t, err := w.readExplanations(ctx, e)
	if err != nil {
		return err
	}
	at, err := w.explanationsOf(t, e)
	if err != nil {
		return err
	}
	kind, fault := "codes", whyNot(nil)
	if e.Importances == nil {
		fault, err = byCodes(t, e)
	} else {
		kind = "importances"
		fault, err = byImportances(t, w.features(), e.Importances.Prefix)
	}
	if err != nil {
		return err
	}
	found := &Explained{Digest: w.Explanations.Digest, Rows: t.Rows, Kind: kind, For: e.For, UnknownIDs: t.Rows}
	for _, row := range at {
		if row != nowhere {
			found.UnknownIDs--
		}
	}
	found.count(t, at, w.needExplanation(e), fault)
	w.explained = found
	w.results = append(w.results, ItemResult{
		Kind: KindExplanations, Item: explanationsItem(e), Metric: ExplanationCoverage, Measure: w.coverage(found, explanationsItem(e)),
	})
	return nil
}

// readExplanations reads codes as text, so that 07 stays 07.
func (w *work) readExplanations(ctx context.Context, e *project.Explanations) (*table.Table, error) {
	var o table.Options
	if w.Spec.Test.ID != "" {
		o.Text = texts(e.ID)
	}
	if e.Importances == nil {
		o.Text = append(o.Text, e.Codes...)
		o.Columns = o.Text
	}
	return w.Explanations.read(ctx, w.Explanations.path(), o)
}

// explanationsOf are the places in the file of the test data's rows.
func (w *work) explanationsOf(t *table.Table, e *project.Explanations) ([]int32, error) {
	if w.Spec.Test.ID == "" {
		if t.Rows != w.test.Rows {
			return nil, fmt.Errorf("joining %s to %s: %d rows against %d, and no id column\nhint: name the id column in data.test.id",
				t.Name, w.test.Name, t.Rows, w.test.Rows)
		}
		at := make([]int32, t.Rows)
		for i := range at {
			at[i] = int32(i)
		}
		return at, nil
	}
	known, err := eachOnce(w.test, w.Spec.Test.ID)
	if err != nil {
		return nil, err
	}
	ids, err := eachOnce(t, e.ID)
	if err != nil {
		return nil, err
	}
	at := places(known, ids)
	if !slices.ContainsFunc(at, func(row int32) bool { return row != nowhere }) {
		return nil, fmt.Errorf("joining %s to %s: no id matches; column %s begins with %q, column %s with %q\nhint: name the columns that hold the same ids in data.test.id and predictions.explanations.id",
			t.Name, w.test.Name, e.ID, ids.String(0), w.Spec.Test.ID, known.String(0))
	}
	return at, nil
}

// needExplanation are the rows of the test data that need one. One without a
// prediction is neither decided positive nor negative; data/complete denies it.
func (w *work) needExplanation(e *project.Explanations) []int32 {
	rows := []int32{}
	if e.For == project.DefaultFor {
		for i := range w.test.Rows {
			rows = append(rows, int32(i))
		}
		return rows
	}
	for k, positive := range decisions(w.joined.said.score, *w.Spec.Predictions.Threshold) {
		if positive == (e.For == "positive") {
			rows = append(rows, w.joined.rows[k])
		}
	}
	return rows
}

// count looks at each row that needs an explanation; at is where the file has
// each row of the test data.
func (x *Explained) count(t *table.Table, at, need []int32, fault whyNot) {
	x.Needed = len(need)
	for _, row := range need {
		u := &Unexplained{Row: int(row) + 1, Why: "missing"}
		if place := at[row]; place != nowhere {
			if u.Why, u.Column = fault(int(place)); u.Why == "" {
				x.Covered++
				continue
			}
			u.Line = t.Line(int(place))
			x.Invalid++
		}
		if x.First == nil {
			x.First = u
		}
	}
}

// byCodes wants at least one code, and none that the catalogue does not have.
func byCodes(t *table.Table, e *project.Explanations) (whyNot, error) {
	catalogue := map[string]bool{}
	for _, code := range e.Catalogue {
		catalogue[code] = true
	}
	var columns []*table.Column
	for _, name := range e.Codes {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return func(row int) (why, column string) {
		why = "empty"
		for _, c := range columns {
			switch {
			case c.IsNull(row):
			case !catalogue[c.String(row)]:
				return "unknown_code", c.Name
			default:
				why = ""
			}
		}
		return why, ""
	}, nil
}

// features are the columns of the test data but the truth, which a model does
// not see.
func (w *work) features() []string {
	return slices.DeleteFunc(slices.Clone(w.test.Names()), func(name string) bool { return slices.Contains(truthColumns(w.Spec), name) })
}

// byImportances wants finite numbers that are not all 0. Each must be that of
// a column of the test data.
func byImportances(t *table.Table, features []string, prefix string) (whyNot, error) {
	var names []string
	var columns [][]float64
	for _, name := range t.Names() {
		feature, is := strings.CutPrefix(name, prefix)
		if !is {
			continue
		}
		if !slices.Contains(features, feature) {
			return nil, noFeature(t, name, feature, features)
		}
		values, err := t.Float64s(name)
		if err != nil {
			return nil, err
		}
		names, columns = append(names, name), append(columns, values)
	}
	if len(columns) == 0 {
		return nil, &table.Error{File: t.Name, Problem: fmt.Sprintf("no column begins with %q; the columns are %s\nhint: write what stands before each feature into predictions.explanations.importances.prefix", prefix, strings.Join(t.Names(), ", "))}
	}
	return func(row int) (why, column string) {
		why = "all_zero"
		for k, values := range columns {
			switch v := values[row]; {
			case math.IsNaN(v) || math.IsInf(v, 0):
				return "not_finite", names[k]
			case v != 0:
				why = ""
			}
		}
		return why, ""
	}, nil
}

func noFeature(t *table.Table, column, feature string, features []string) error {
	hint := "name each importance by the prefix and a column of the test data"
	if near := schema.Nearest(feature, features); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", strings.TrimSuffix(column, feature)+near, hint)
	}
	return &table.Error{File: t.Name, Column: column, Problem: fmt.Sprintf("%q is no column of the test data that a model sees\nhint: %s", feature, hint)}
}

// coverage is the measure of what was counted.
func (w *work) coverage(x *Explained, item string) Measure {
	decided := x.For != project.DefaultFor
	if x.Needed == 0 {
		return w.finish(without(StatusUndefined, "no row is decided "+x.For+", so there is none to explain", 0, w.test.Rows), item, decided)
	}
	p := stats.Proportion{X: x.Covered, N: x.Needed}
	low, high := stats.ClopperPearson(p, w.Spec.Confidence)
	return w.finish(with(p.Value(), stats.Interval{Low: low, High: high, Method: "clopper_pearson"}, x.Needed, w.test.Rows), item, decided)
}
