package evaluate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/internal/tree"
	"github.com/weighlock/weighlock/schema"
)

// ErrUsage marks a question that was not put as it must be.
var ErrUsage = errors.New("usage")

// StandardInput is the name under which a file is read from AdHoc.In.
const StandardInput = "-"

// AdHoc asks about files without a project file: what a project file would
// say, in flags. What is left empty gets a default, and Prepare lists those
// that it took.
type AdHoc struct {
	// Predictions and Data are paths, or patterns whose files are read as one
	// table, or StandardInput. Without Data the labels stand beside the scores.
	Predictions, Data string
	ID                string // column
	// Label is the column of the truth, several for multilabel. Score is the
	// column of the scores; of several classes or labels a list of name=column,
	// or what stands before each name and then a star, as in p_*.
	Label, Score []string
	// Columns of the decided class, of a row's query, time and series, of the
	// unit that rows belong to, and of what a row counts.
	Decision, Group, Time, Series, Unit, Weight string
	Season                                      string // a number of steps
	Positive, Task                              string
	Threshold                                   string // a number
	Metrics                                     []string
	Slices                                      []string // as in a project file: sex, age:25,40
	MinRows                                     string   // of a slice, a number
	// Decisions asks for a threshold also where no metric needs one.
	Decisions bool
	In        io.Reader
}

// Assumption is a default that was taken where the question left something
// open.
type Assumption struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Prepared is an ad hoc question that can be answered. Nothing in it is
// judged: its spec names metrics without limits.
type Prepared struct {
	Request
	Assumed []Assumption
}

// adHocName is the model's, where no project file gives it one.
const adHocName = "ad-hoc"

// Prepare opens the files and makes of the question what a project file would
// say. Errors are ErrUsage where the question is wrong.
func (o AdHoc) Prepare() (*Prepared, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	p := &Prepared{}
	spec, err := o.spec(p)
	if err != nil {
		return nil, err
	}
	predictions, err := Local("predictions", o.Predictions, o.In)
	if err != nil {
		return nil, err
	}
	data := predictions
	if o.Data != "" {
		if data, err = Local("data", o.Data, o.In); err != nil {
			return nil, err
		}
	}
	p.Request = Request{Spec: spec, Test: *data, Predictions: *predictions, Grade: "claimed", Unjudged: true}
	p.Test.Name = p.Test.Path
	return p, p.pin()
}

// pin writes the test set's name and digest into the spec, and gives the spec
// its own.
func (p *Prepared) pin() (err error) {
	p.Spec.Test.File, p.Spec.Test.Digest = p.Test.Path, p.Test.Digest
	p.SpecDigest, err = p.Spec.Digest()
	return err
}

func (p *Prepared) assume(name, value string) string {
	p.Assumed = append(p.Assumed, Assumption{name, value})
	return value
}

// complete refuses a question that lacks what has no default.
func (o AdHoc) complete() error {
	for _, need := range []struct{ flag, value, what string }{
		{"--predictions", o.Predictions, "the file with the scores"},
	} {
		if need.value == "" {
			return fmt.Errorf("%w: %s is missing\nhint: it names %s", ErrUsage, need.flag, need.what)
		}
	}
	for _, score := range o.Score {
		switch {
		case slices.Contains(o.Label, score):
			return fmt.Errorf("%w: --label and --score are both %s: the truth cannot be its own prediction\nhint: name the column of the scores with --score", ErrUsage, score)
		case score == o.ID:
			return fmt.Errorf("%w: --id and --score are both %s\nhint: name the column of the scores with --score", ErrUsage, o.ID)
		}
	}
	if o.Predictions == StandardInput && o.Data == StandardInput {
		return fmt.Errorf("%w: standard input cannot be both predictions and data\nhint: leave --data out where the labels stand beside the scores", ErrUsage)
	}
	return nil
}

// spec is what a project file would make of the question, with metrics that
// have no limit.
func (o AdHoc) spec(p *Prepared) (*project.Spec, error) {
	s := &project.Spec{
		Schema: project.SpecSchema, Name: adHocName, Level: project.DefaultLevel,
		Judge: project.DefaultJudge, Confidence: project.DefaultConfidence, Draws: project.DefaultDraws,
		Test:           project.TestSet{ID: o.ID, Positive: project.DefaultPositive, Group: o.Group, Time: o.Time, Series: o.Series, Unit: o.Unit, Weight: o.Weight},
		Predictions:    project.SpecPredictions{ID: o.ID, Decision: o.Decision},
		NearDuplicates: project.NearDuplicates{Max: project.DefaultNearDuplicates},
		Metrics:        map[string]project.Limit{},
	}
	if s.Task = o.Task; s.Task == "" {
		s.Task = p.assume("task", taskOf(o.Metrics))
	}
	if !slices.Contains(project.Tasks(), s.Task) {
		return nil, fmt.Errorf("%w: task %s has no metrics that can be computed\nhint: tasks that have: %s", ErrUsage, s.Task, strings.Join(project.Tasks(), ", "))
	}
	if err := o.columns(s, p); err != nil {
		return nil, err
	}
	metrics := o.Metrics
	if len(metrics) == 0 {
		if metrics = usual(s); len(metrics) == 0 {
			return nil, fmt.Errorf("%w: --metric is missing, and task %s has no usual metrics\nhint: name some, such as mean(column)", ErrUsage, s.Task)
		}
		p.assume("metric", strings.Join(metrics, ","))
	}
	thresholded, err := ask(s, metrics)
	if err != nil {
		return nil, err
	}
	if o.ID == "" && o.Data != "" {
		p.assume("id", "none: rows are joined in their order")
	}
	if o.Data == "" {
		p.assume("data", "none: labels are those beside the scores")
	}
	if s.Task == "binary" || s.Task == "multilabel" {
		s.Test.Positive = cmp.Or(o.Positive, s.Test.Positive)
		if o.Positive == "" {
			p.assume("positive", s.Test.Positive)
		}
	}
	if err := o.threshold(s, p, thresholded); err != nil {
		return nil, err
	}
	if err := p.lacking(s); err != nil {
		return nil, err
	}
	p.assume("confidence", strconv.FormatFloat(s.Confidence, 'g', -1, 64))
	p.assume("draws", strconv.Itoa(s.Draws))
	return s, o.slice(s, p)
}

// columns writes into the spec what the flags say of labels and scores.
func (o AdHoc) columns(s *project.Spec, p *Prepared) error {
	switch {
	case s.Task == "multilabel":
		s.Test.Labels = o.Label
	case len(o.Label) > 1:
		return fmt.Errorf("%w: --label names %d columns, and task %s has one\nhint: several are for --task multilabel", ErrUsage, len(o.Label), s.Task)
	case len(o.Label) == 1:
		s.Test.Label = o.Label[0]
	}
	if s.Task == "forecasting" {
		text := o.Season
		if text == "" {
			text = p.assume("season", strconv.Itoa(project.DefaultSeason))
		}
		season, err := strconv.Atoi(text)
		if err != nil || season < 1 {
			return fmt.Errorf("%w: --season is %q, and not a number of steps\nhint: the steps after which a series repeats, such as 12", ErrUsage, text)
		}
		s.Test.Season = season
	} else if o.Season != "" {
		return fmt.Errorf("%w: --season is for --task forecasting, and this is %s\nhint: leave it out", ErrUsage, s.Task)
	}
	return o.scores(s)
}

// scores reads --score: one column, or those of several classes or labels.
func (o AdHoc) scores(s *project.Spec) error {
	several := s.Task == "multiclass" || s.Task == "multilabel"
	switch {
	case len(o.Score) == 0:
		return nil
	case !several && len(o.Score) > 1:
		return fmt.Errorf("%w: --score names %d columns, and task %s has one\nhint: several are for --task multiclass and --task multilabel", ErrUsage, len(o.Score), s.Task)
	case !several:
		s.Predictions.Column = o.Score[0]
		return nil
	}
	if prefix, ok := strings.CutSuffix(o.Score[0], "*"); ok && len(o.Score) == 1 && prefix != "" {
		s.Predictions.Prefix = prefix
		return nil
	}
	s.Predictions.Columns = map[string]string{}
	for _, item := range o.Score {
		name, column, ok := strings.Cut(item, "=")
		if _, twice := s.Predictions.Columns[name]; !ok || twice || name == "" || column == "" {
			return fmt.Errorf("%w: --score %s says no column for a class or label\nhint: write name=column for each, once, or p_* where each column is p_ and the name", ErrUsage, item)
		}
		s.Predictions.Columns[name] = column
	}
	return nil
}

// usual are the metrics of a question that names none.
func usual(s *project.Spec) []string {
	switch s.Task {
	case "binary":
		return []string{"roc_auc", "average_precision", "brier", "precision", "recall"}
	case "multiclass":
		metrics := []string{"accuracy", "balanced_accuracy", "f1_macro"}
		if len(s.Predictions.Columns) > 0 || s.Predictions.Prefix != "" {
			metrics = append(metrics, "log_loss", "roc_auc_ovr_macro")
		}
		return metrics
	case "multilabel":
		return []string{"subset_accuracy", "hamming_loss", "f1_micro", "f1_macro", "roc_auc_macro"}
	case "regression":
		return []string{"mae", "rmse", "r2"}
	case "forecasting":
		return []string{"mase", "mae", "rmse", "bias"}
	case "ranking":
		return []string{"ndcg(10)", "mrr", "map(10)"}
	}
	return nil
}

// guessed are the tasks in the order in which they are guessed.
var guessed = []string{"binary", "regression", "multiclass", "multilabel", "forecasting", "ranking"}

// taskOf is the first task that all metrics belong to.
func taskOf(metrics []string) string {
	for _, task := range guessed {
		if !slices.ContainsFunc(metrics, func(name string) bool { return !fits(name, task) }) {
			return task
		}
	}
	return guessed[0]
}

func fits(metric, task string) bool {
	info, ok := stats.Lookup(metric)
	return ok && project.Fits(info, task)
}

// ask writes the metrics into the spec, without limits, and says which of them
// is about decisions by a threshold.
func ask(s *project.Spec, metrics []string) (thresholded string, err error) {
	for _, name := range metrics {
		if !fits(name, s.Task) {
			var known []string
			for _, m := range project.Metrics(s.Task) {
				known = append(known, m.Name)
			}
			hint := "they are " + strings.Join(append(slices.Clone(known), project.Calls(s.Task)...), ", ")
			if near := schema.Nearest(name, known); near != "" {
				hint = fmt.Sprintf("did you mean %q? %s", near, hint)
			}
			return "", fmt.Errorf("%w: %s is no metric of task %s\nhint: %s", ErrUsage, name, s.Task, hint)
		}
		info, _ := stats.Lookup(name)
		if project.Thresholded(s.Task, info.Name) && thresholded == "" {
			thresholded = info.Name
		}
		s.Metrics[info.Name] = project.Limit{}
	}
	return thresholded, nil
}

// flagOf are the flags that stand for fields of a project file.
var flagOf = map[string]string{
	"data.test.label": "--label", "data.test.labels": "--label", "data.test.group": "--group", "data.test.series": "--series", "data.test.time": "--time",
	"predictions.column": "--score", "predictions.columns": "--score", "predictions.prefix": "--score", "predictions.decision": "--decision", "predictions.threshold": "--threshold",
}

// lacking refuses columns that the task does not have, and those that it or a
// metric needs.
func (p *Prepared) lacking(s *project.Spec) error {
	for _, one := range s.Unfit() {
		field, _, _ := strings.Cut(one.Path, "[")
		flag, ok := flagOf[field]
		if strings.HasPrefix(field, "predictions.columns.") {
			flag, ok = "--score", true
		}
		switch {
		case ok && one.Found == "nothing":
			return fmt.Errorf("%w: %s is missing\nhint: it names %s", ErrUsage, flag, strings.Replace(one.Expected, ", or prefix,", ", as in name=column or p_*,", 1))
		case ok:
			return fmt.Errorf("%w: %s: %s, where there ought to be %s\nhint: leave it out, or name another --task", ErrUsage, flag, strings.Replace(one.Found, "a field", "a flag", 1), one.Expected)
		default:
			return fmt.Errorf("%w: --metric: %s, where there ought to be %s\nhint: leave the metric out, or name with --score what it needs", ErrUsage, one.Found, one.Expected)
		}
	}
	return nil
}

// threshold takes the score from which a row is decided positive, where
// something needs one.
func (o AdHoc) threshold(s *project.Spec, p *Prepared, thresholded string) error {
	text := o.Threshold
	switch {
	case text == "" && thresholded == "" && (!o.Decisions || s.Task != "binary"):
		return nil
	case text == "":
		text = p.assume("threshold", "0.5")
	}
	t, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(t) || math.IsInf(t, 0) {
		return fmt.Errorf("%w: --threshold is %q, and not a number\nhint: the score from which a row counts as positive, such as 0.5", ErrUsage, text)
	}
	s.Predictions.Threshold = &t
	return nil
}

// slice asks every metric of every slice.
func (o AdHoc) slice(s *project.Spec, p *Prepared) error {
	if len(o.Slices) == 0 && o.MinRows == "" {
		return nil
	}
	text := o.MinRows
	if text == "" {
		text = p.assume("min-rows", strconv.Itoa(project.DefaultMinRows))
	}
	least, err := strconv.Atoi(text)
	if err != nil || least < 1 {
		return fmt.Errorf("%w: --min-rows is %q, and not a number of rows\nhint: the fewest rows of a slice that is measured, such as 30", ErrUsage, text)
	}
	if len(o.Slices) == 0 {
		return fmt.Errorf("%w: --min-rows is about slices, and there is no --slice\nhint: name columns to slice by, or leave it out", ErrUsage)
	}
	s.Slices = &project.Slices{By: o.Slices, MinRows: least, TooSmall: "report", Metrics: map[string]project.SliceLimit{}}
	for name := range s.Metrics {
		s.Slices.Metrics[name] = project.SliceLimit{}
	}
	return nil
}

// Run answers the question. An error about a column, or one whose hint speaks
// of a project file, names the flag instead.
func (p *Prepared) Run(ctx context.Context) (*Result, error) {
	r, err := Run(ctx, p.Request)
	return r, p.flagged(err)
}

// flagged tells an error in the words of the command line.
func (p *Prepared) flagged(err error) error {
	if err == nil {
		return nil
	}
	var e *table.Error
	if errors.As(err, &e) && e.Asked != "" {
		for _, f := range p.columns() {
			if f.column == e.Asked && f.file.has(e.File) {
				return fmt.Errorf("%w: %s: %w", ErrUsage, f.flag, e)
			}
		}
	}
	if text := inFlags.Replace(err.Error()); text != err.Error() {
		return reworded{err, text}
	}
	return err
}

// naming is a flag that names a column of a file.
type naming struct {
	flag   string
	file   Source
	column string
}

func (p *Prepared) columns() []naming {
	test, predictions := p.Test, p.Predictions
	t, said := p.Spec.Test, p.Spec.Predictions
	all := []naming{
		{"--score", predictions, said.Column}, {"--decision", predictions, said.Decision}, {"--label", test, t.Label},
		{"--id", test, t.ID}, {"--id", predictions, said.ID}, {"--group", test, t.Group}, {"--time", test, t.Time},
		{"--series", test, t.Series}, {"--unit", test, t.Unit}, {"--weight", test, t.Weight},
	}
	for _, label := range t.Labels {
		all = append(all, naming{"--label", test, label})
	}
	for _, column := range said.Columns {
		all = append(all, naming{"--score", predictions, column})
	}
	for name := range p.Spec.Metrics {
		for _, column := range ColumnsOf(name) {
			all = append(all, naming{"--metric", predictions, column})
		}
	}
	if s := p.Spec.Slices; s != nil {
		for _, by := range s.By {
			all = append(all, naming{"--slice", test, columnOf(by)})
		}
	}
	return all
}

// inFlags puts flags in the place of the fields of a project file.
var inFlags = strings.NewReplacer(
	"in data.test.id and predictions.id", "with --id", "in data.test.id", "with --id",
	"in data.test.label", "with --label", "set data.test.positive to", "name with --positive",
	"in predictions.columns", "with --score", "in predictions.column", "with --score", "in data.test.classes, or", "with --score, or",
	"in data.test.classes", "with --score name=column", "needs predictions.threshold", "needs --threshold",
)

// reworded is an error in other words.
type reworded struct {
	error
	text string
}

func (r reworded) Error() string { return r.text }
func (r reworded) Unwrap() error { return r.error }

// Local is what a person named, with its digest: a file, or the files that a
// pattern matches, where no file is called so itself. StandardInput is read to
// its end from in.
func Local(name, path string, in io.Reader) (*Source, error) {
	if path == StandardInput {
		return spooled(name, in, maxSpooled)
	}
	s, err := named(name, path)
	var none tree.NoMatch
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: there is no file %s\nhint: name a file that is there; - stands for standard input", ErrUsage, path)
	case errors.Is(err, tree.ErrNoFile):
		return nil, fmt.Errorf("%w: %w\nhint: name a file with rows; - stands for standard input", ErrUsage, err)
	}
	return s, err
}

func named(name, path string) (*Source, error) {
	if _, err := os.Lstat(path); err == nil || !tree.IsPattern(path) {
		return one(name, path, path)
	}
	return FileSource(name, "", filepath.ToSlash(path))
}

// maxSpooled bounds what is read from standard input, in bytes.
const maxSpooled = 4 << 30

// spooled reads a stream to its end. What it holds is told by how it begins.
func spooled(name string, in io.Reader, most int) (*Source, error) {
	if in == nil {
		in = bytes.NewReader(nil)
	}
	text, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	if len(text) > most {
		return nil, fmt.Errorf("standard input holds more than %d bytes\nhint: write it to a file, and name that", most)
	}
	return held(name, "stdin"+suffixOf(text), text), nil
}

// suffixOf is that of the format in which a table begins so: Parquet and Arrow
// by their magic, a stream of Arrow by the mark before its first message, JSONL
// by an object; CSV else.
func suffixOf(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte("PAR1")):
		return ".parquet"
	case bytes.HasPrefix(text, []byte("ARROW1")), bytes.HasPrefix(text, []byte("\xff\xff\xff\xff")):
		return ".arrow"
	case bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{")):
		return ".jsonl"
	}
	return ".csv"
}
