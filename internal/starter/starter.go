// Package starter guesses a first project file from a model file and a table
// of labelled predictions, so that a stranger's model gets a verdict within a
// minute. Every guess carries its reason into the file as a comment. Where two
// guesses are equally good, or the table holds what cannot be judged (no label,
// one class, scores that are not numbers), it refuses and names the flag that
// settles the matter. Reading the table, asking on a terminal and writing the
// file are left to its caller.
package starter

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/weighlock/weighlock/internal/table"
)

// ByRow is the id that says: there is none, match rows by their order.
const ByRow = "none"

// Options are the two files, and what a person has said already.
type Options struct {
	Folder      string // that the project file will lie in, for the name
	Model       string // path of the model file or folder, relative to Folder
	Predictions string // path of the labelled predictions, relative to Folder
	SHA256      string // of the predictions file's bytes, 64 hexadecimal digits
	Train       string // path of a table that the model was perhaps trained on, or empty

	// What a person may say, by the flags --name, --task, --id, --label,
	// --positive and --score; empty means guess. ID may be ByRow.
	Name, Task, ID, Label, Positive, Score string
}

// Choice is a value, and why it was chosen.
type Choice struct {
	Value string
	Why   string
	Said  bool // by a person, so it is no guess
}

// Guess is all that a first project file needs.
type Guess struct {
	Model, Predictions, SHA256 string
	Train                      string
	Rows                       int

	Name     Choice
	Task     Choice // binary or regression
	ID       Choice // empty where rows are matched by order
	Label    Choice
	Positive Choice // binary only
	Score    Choice

	// Origin says where the two files come from, a line each, where a tracker
	// pointed at them.
	Origin []string

	// Warnings say what looks odd though it can be judged.
	Warnings []string
}

// Threshold is the score from which a row is decided positive, until a person
// says otherwise.
const Threshold = 0.5

// Infer guesses from the predictions' columns. Its errors tell what to say by
// which flag, or what to mend in the file.
func Infer(o Options, t *table.Table) (*Guess, error) {
	if err := o.CheckFiles(t); err != nil {
		return nil, err
	}
	g := &Guess{Model: o.Model, Predictions: o.Predictions, SHA256: o.SHA256, Train: o.Train, Rows: t.Rows, Name: o.name()}
	s := survey(o, t)
	for _, step := range []func(*Guess) error{s.pickID, s.pickScore, s.pickLabel, s.pickTask, s.pickPositive} {
		if err := step(g); err != nil {
			return nil, err
		}
	}
	s.warn(g)
	return g, nil
}

var (
	inside = regexp.MustCompile(`^[^/\\\x00][^\\\x00]*$`)
	above  = regexp.MustCompile(`(^|/)\.\.(/|$)`)
	digest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	named  = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*$`)
)

func (o Options) check() error {
	for _, path := range []string{o.Model, o.Predictions} {
		if !utf8.ValidString(path) || !inside.MatchString(path) || above.MatchString(path) {
			return fmt.Errorf("%q is not inside the project's folder\nhint: run weighlock init in a folder that holds the model and the predictions", path)
		}
	}
	if o.Model == o.Predictions {
		return fmt.Errorf("%s cannot be both the model and its predictions\nhint: weighlock init MODEL PREDICTIONS", o.Model)
	}
	if !digest.MatchString(o.SHA256) {
		return fmt.Errorf("%s: %q is no SHA-256 in hexadecimal", o.Predictions, o.SHA256)
	}
	return o.Check()
}

// Check refuses a name or task that a person has said and that cannot be.
func (o Options) Check() error {
	if o.Name != "" {
		if err := CheckName(o.Name); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	if o.Task != "" {
		if err := CheckTask(o.Task); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	return nil
}

// CheckFiles refuses the two files, as far as that does not depend on what the
// columns mean.
func (o Options) CheckFiles(t *table.Table) error {
	if err := o.check(); err != nil {
		return err
	}
	if t.Rows == 0 {
		return fmt.Errorf("%s: no rows\nhint: write one line per row with its id, its true label and the model's score", o.Predictions)
	}
	return nil
}

// CheckName refuses a name that no repository can have.
func CheckName(name string) error {
	if !named.MatchString(name) {
		return fmt.Errorf("name %q cannot name a model\nhint: use lower case letters, digits and single . _ - between them", name)
	}
	return nil
}

// CheckTask refuses a task that is unknown, or that is not guessed from a table.
func CheckTask(task string) error {
	switch task {
	case "binary", "regression":
		return nil
	case "multiclass", "multilabel", "ranking", "forecasting", "generative":
		return fmt.Errorf("task %s is not guessed from a table, only binary and regression are\nhint: %s", task, byHand(task, ""))
	}
	return fmt.Errorf("task %q is unknown; it may be binary or regression", task)
}

// CheckPositive refuses a positive value that a label never has.
func CheckPositive(t *table.Table, label, value string) error {
	c, err := t.Column(label)
	if err != nil {
		return err
	}
	l := look(c, t.Rows)
	for i := range t.Rows {
		if !l.lacks(i) && c.String(i) == value {
			return nil
		}
	}
	return fmt.Errorf("no row has %s in column %s, which holds %s", say(value), say(label), values(l))
}

// parts are what a project file of a task needs beside what every one does, and
// the first limit to write: what a model that only guesses does not meet.
var parts = map[string][2]string{
	"multiclass":  {"data.test.label: %s, and the classes' probabilities in predictions.columns: {cat: p_cat, dog: p_dog} or the decided class in predictions.decision", "mcc: {min: 0}"},
	"multilabel":  {"data.test.labels: [spam, rude], predictions.columns: {spam: p_spam, rude: p_rude} and predictions.threshold", "roc_auc_macro: {min: 0.5}"},
	"forecasting": {"data.test.label, time and, of several series, series, and predictions.column", "mase: {max: 1}"},
	"ranking":     {"data.test.label and group, and predictions.column", "mrr: {min: 0.3}"},
	"generative":  {"data.test.unit, such as the prompt's column, and predictions.file", "mean(judge_score): {min: 3}"},
}

// byHand is how to write a project file of a task that is not guessed.
func byHand(task, label string) string {
	needs := parts[task][0]
	if label == "" {
		label = "LABEL"
	}
	if strings.Contains(needs, "%s") {
		needs = fmt.Sprintf(needs, label)
	}
	return fmt.Sprintf("write weighlock.yaml yourself, with task: %s, %s; a first limit is spec.metrics: {%s}", task, needs, parts[task][1])
}

func rowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// list joins names, and ends a long list in how many more there are.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
