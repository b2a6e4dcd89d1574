package project

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/schema"
)

// role is a key of the project file that names columns or classes: whether it
// is given, the tasks that may have it, those that must, and what it is.
type role struct {
	path       string
	given      bool
	may, must  []string
	meaning    string
	otherwise  string // what to do about it in another task
	unlessElse bool   // another key may stand in its place
}

// Unfit reports columns that do not fit the spec's task, and metrics that its
// columns cannot give, by their paths in a project file. Limits are not looked
// at.
func (s *Spec) Unfit() schema.Errors {
	c := &specCheck{spec: s}
	c.data()
	c.predictions()
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		c.metric(MetricPath("spec.metrics", name), name)
	}
	return c.found
}

// data refuses roles of the test set's columns that the task does not have,
// and those that it lacks.
func (c *specCheck) data() {
	t := c.spec.Test
	c.roles([]role{
		{path: "data.test.label", given: t.Label != "", may: []string{"binary", "multiclass", "regression", "forecasting", "ranking", "generative"}, must: []string{"binary", "multiclass", "regression", "forecasting", "ranking"}, meaning: "the column that holds the truth", otherwise: "name the columns of the truth in labels"},
		{path: "data.test.labels", given: len(t.Labels) > 0, may: []string{"multilabel"}, must: []string{"multilabel"}, meaning: "the columns that hold the truth, one for each label", otherwise: "name the column of the truth in label"},
		{path: "data.test.classes", given: len(t.Classes) > 0, may: []string{"multiclass"}, meaning: "the classes", otherwise: "delete it"},
		{path: "data.test.group", given: t.Group != "", may: []string{"ranking"}, must: []string{"ranking"}, meaning: "the column that names the query which a row belongs to", otherwise: "rows that belong together are named by unit"},
		{path: "data.test.series", given: t.Series != "", may: []string{"forecasting"}, meaning: "the column of the series", otherwise: "delete it"},
		{path: "data.test.season", given: t.Season != 0, may: []string{"forecasting"}, meaning: "the steps of a season", otherwise: "delete it"},
		{path: "data.test.time", given: t.Time != "", may: Tasks(), must: []string{"forecasting"}, meaning: "the column by which rows follow each other"},
	})
	c.arising()
	c.twice("data.test.labels", t.Labels)
	c.twice("data.test.classes", t.Classes)
}

// predictions refuses columns of the predictions that the task does not have,
// and those that it lacks.
func (c *specCheck) predictions() {
	p := c.spec.Predictions
	c.roles([]role{
		{path: "predictions.column", given: p.Column != "", may: []string{"binary", "regression", "forecasting", "ranking", "generative"}, must: []string{"binary", "regression", "forecasting", "ranking"}, meaning: "the column of the score", otherwise: "name a column for each class or label in columns, or what stands before its name in prefix"},
		{path: "predictions.columns", given: len(p.Columns) > 0, may: []string{"multiclass", "multilabel"}, must: []string{"multiclass", "multilabel"}, meaning: "the column of each class or label, or prefix", otherwise: "name the column of the score in column", unlessElse: p.Prefix != "" || p.Decision != ""},
		{path: "predictions.prefix", given: p.Prefix != "", may: []string{"multiclass", "multilabel"}, meaning: "what stands before a class", otherwise: "name the column of the score in column"},
		{path: "predictions.decision", given: p.Decision != "", may: []string{"multiclass"}, meaning: "the column of the decided class", otherwise: "decisions of 0 and 1 are scores too: name their column in column, or columns, with threshold 0.5"},
		{path: "predictions.threshold", given: p.Threshold != nil, may: []string{"binary", "multilabel", "regression", "forecasting", "ranking", "generative"}, meaning: "the score from which a row is positive", otherwise: "delete it: the class of the highest score is decided, or that of decision"},
	})
	if len(p.Columns) > 0 && p.Prefix != "" {
		c.add("predictions.prefix", "predictions.columns beside it", "one of the two")
	}
	c.sameNames()
	c.explanations()
}

func (c *specCheck) roles(all []role) {
	task := c.spec.Task
	for _, r := range all {
		switch {
		case r.given && !slices.Contains(r.may, task):
			c.found = append(c.found, schema.Problem{Path: r.path, Found: "a field that task " + task + " does not have", Expected: "it for " + either(r.may) + " only", Hint: r.otherwise})
		case !r.given && slices.Contains(r.must, task) && !r.unlessElse:
			parent, key := splitPath(r.path)
			c.found = append(c.found, schema.Problem{Path: r.path, Found: "nothing", Expected: r.meaning + ", for task " + task, Hint: "add " + key + " to " + parent})
		}
	}
}

// sameNames refuses columns of scores that are not those of the classes or
// labels which the spec names elsewhere.
func (c *specCheck) sameNames() {
	columns, wanted := c.spec.Predictions.Columns, c.spec.Test.Labels
	if c.spec.Task == "multiclass" {
		wanted = c.spec.Test.Classes
	}
	if len(columns) == 0 || len(wanted) == 0 {
		return
	}
	for _, name := range wanted {
		if columns[name] == "" {
			c.add("predictions.columns", "no column for "+strconv.Quote(name), "one for each of "+strings.Join(wanted, ", "))
		}
	}
	for name := range columns {
		if !slices.Contains(wanted, name) {
			c.add(schema.Join("predictions.columns", name), strconv.Quote(name), "one of "+strings.Join(wanted, ", "))
		}
	}
}

func (c *specCheck) twice(path string, names []string) {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			c.add(fmt.Sprintf("%s[%d]", path, i), strconv.Quote(name)+" a second time", "each once")
		}
	}
}

// Tasks lists the tasks.
func Tasks() []string {
	return []string{"binary", "multiclass", "multilabel", "regression", "ranking", "forecasting", "generative"}
}

func either(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// splitPath is a path's parent and its last field.
func splitPath(path string) (parent, key string) {
	i := strings.LastIndexByte(path, '.')
	return path[:i], path[i+1:]
}
