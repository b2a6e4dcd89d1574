package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/stats"
)

const evaluateLong = `Compute measures, with their intervals, and judge nothing.

With a folder (the present one unless given) it answers what the project file asks, from the
pinned files. With --predictions it needs no project: the flags name the files and columns. Labels
may then stand beside the scores, so that what comes out has the grade claimed, and no gate reads it.

--metric and --slice take lists, separated by commas, and may be given again. A comma inside
parentheses belongs to the metric, as in f_beta(2) or cost(fp=1,fn=5). After a colon, numbers belong
to the column before it: sex,age:25,40,region is sex, age in bins cut at 25 and 40, and region.

Tasks beyond two classes and numbers name further columns: --score p_* (or name=column,...) for the
scores of several classes or labels, --decision for decided classes, --group for a ranking's queries,
--time, --series and --season for forecasts. --unit and --weight say which rows belong together, and
what each counts.

A file may be a pattern, such as 'preds/*.parquet', whose files are read as one table in the order of
their paths, or - for standard input, which may hold each format.

As JSON, evaluation and datacheck are the predicates that publish would sign, by the schemas
schema/predicate/evaluation/v1 and schema/predicate/datacheck/v1; spec is what was asked, with every
default written out (schema/spec/v1, where metrics may here be without a limit), and assumed lists
the defaults that an ad hoc evaluation took.`

const evaluateExample = `  weighlock evaluate
  weighlock evaluate --predictions preds.csv --label y --score p
  weighlock evaluate --predictions preds.csv --data test.csv --id id --label y --score p \
    --metric roc_auc,average_precision,brier --slice sex,age:25,40
  weighlock evaluate --predictions f.parquet --label price --score estimate --metric mae,r2 --jq .evaluation.results
  weighlock evaluate --predictions irises.csv --label kind --score 'p_*' --metric f1_macro,log_loss
  python score.py | weighlock evaluate --predictions - --label y --score p --json evaluation > a.json`

func (a *app) evaluateCommand() *cobra.Command {
	var ask *asking
	var o evaluate.AdHoc
	c := &cobra.Command{
		Use: "evaluate [FOLDER]", Short: "Compute a model's measures, by project file or ad hoc, judging nothing",
		Long: evaluateLong, Example: evaluateExample,
		Args: args(0, 1, "one folder"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			m, err := a.evaluate(c, given, o)
			if err != nil {
				return err
			}
			if q != nil {
				return a.answer(c.Context(), q, *m)
			}
			return a.measures(*m)
		},
	}
	a.verifierFlag(c)
	c.Flags().StringVar(&o.Predictions, "predictions", "", "ad hoc: file with the scores, or - for standard input")
	adHocFlags(c, &o)
	ask = askFlags(c, query.Fields[measured]())
	return c
}

// adHocOnly are the flags that stand for what a project file would say.
var adHocOnly = []string{"data", "id", "label", "score", "decision", "group", "time", "series", "season", "unit", "weight", "task", "positive", "threshold", "metric", "slice", "min-rows"}

// adHocFlags are those by which files are read without a project file.
func adHocFlags(c *cobra.Command, o *evaluate.AdHoc) {
	f := c.Flags()
	f.StringVar(&o.Data, "data", "", "file with labels and columns to slice by; without it they stand beside the scores")
	f.StringVar(&o.ID, "id", "", "column that names a row, by which files are joined")
	f.Var((*itemsFlag)(&o.Label), "label", "column of the truth; several, separated by commas, for multilabel")
	f.Var((*itemsFlag)(&o.Score), "score", "column of the score; of several classes or labels name=column,..., or p_* where each is p_ and the name")
	f.StringVar(&o.Decision, "decision", "", "column of the decided class, for multiclass")
	f.StringVar(&o.Group, "group", "", "column of the query that a row belongs to, for ranking")
	f.StringVar(&o.Time, "time", "", "column by which rows follow each other, for forecasting")
	f.StringVar(&o.Series, "series", "", "column of a row's series, for forecasting")
	f.StringVar(&o.Season, "season", "", "steps after which a series repeats, for forecasting; 1 unless given")
	f.StringVar(&o.Unit, "unit", "", "column by which rows belong together, such as a customer")
	f.StringVar(&o.Weight, "weight", "", "column of how much a row counts")
	f.StringVar(&o.Task, "task", "", "kind of prediction, such as multiclass; that of the metrics unless given")
	f.StringVar(&o.Positive, "positive", "", "label that counts as positive; 1 unless given")
	f.StringVar(&o.Threshold, "threshold", "", "score from which a row counts as positive; 0.5 unless given")
	f.Var((*itemsFlag)(&o.Metrics), "metric", "metrics, separated by commas; the usual ones of the task unless given")
	f.Var((*itemsFlag)(&o.Slices), "slice", "columns to slice by, with the edges of bins, as in sex,age:25,40")
	f.StringVar(&o.MinRows, "min-rows", "", "fewest rows of a slice that is measured; 100 unless given")
	err := c.RegisterFlagCompletionFunc("metric", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, m := range stats.Metrics() {
			names = append(names, m.Name)
		}
		return complete(names, typed), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag has just been added
	}
}

// itemsFlag is a list whose items may have commas of their own.
type itemsFlag []string

func (f *itemsFlag) String() string { return strings.Join(*f, ",") }
func (f *itemsFlag) Type() string   { return "list" }

func (f *itemsFlag) Set(text string) error {
	list, err := evaluate.SplitList(text)
	*f = append(*f, list...)
	return err
}

// measured is the JSON of evaluate: the predicates that publish would sign,
// and what was asked.
type measured struct {
	Datacheck  *evaluate.Datacheck   `json:"datacheck"`
	Drift      *evaluate.Drift       `json:"drift"`
	Evaluation *evaluate.Evaluation  `json:"evaluation"`
	Spec       *project.Spec         `json:"spec"`
	Assumed    []evaluate.Assumption `json:"assumed"`
}

func newMeasured(r *evaluate.Result, spec *project.Spec, assumed []evaluate.Assumption) *measured {
	return &measured{r.Datacheck, r.Drift, r.Evaluation, spec, append([]evaluate.Assumption{}, assumed...)}
}

func (a *app) evaluate(c *cobra.Command, given []string, o evaluate.AdHoc) (*measured, error) {
	if err := saysSomething(c, append(adHocOnly, "predictions")...); err != nil {
		return nil, err
	}
	if c.Flags().Changed("predictions") {
		if len(given) > 0 {
			return nil, usagef("evaluate takes a folder or --predictions, and was given both\nhint: leave out %s", given[0])
		}
		return a.evaluateAdHoc(c.Context(), o)
	}
	for _, name := range adHocOnly {
		if c.Flags().Changed(name) {
			return nil, usagef("--%s is for an evaluation without a project file, and there is no --predictions\nhint: name the file with the scores with --predictions", name)
		}
	}
	return a.evaluateFolder(c.Context(), first(given, "."))
}

// saysSomething refuses flags that are given, and empty.
func saysSomething(c *cobra.Command, names ...string) error {
	empty := ""
	c.Flags().Visit(func(f *pflag.Flag) {
		for _, name := range names {
			if f.Name == name && f.Value.String() == "" && empty == "" {
				empty = name
			}
		}
	})
	if empty != "" {
		return usagef("--%s is given, and empty\nhint: give it a value, or leave it out", empty)
	}
	return nil
}

func (a *app) evaluateAdHoc(ctx context.Context, o evaluate.AdHoc) (*measured, error) {
	o.In = a.env.In
	p, err := o.Prepare()
	if err != nil {
		return nil, err
	}
	r, err := p.Run(ctx)
	if err != nil {
		return nil, err
	}
	return newMeasured(r, p.Spec, p.Assumed), nil
}

func (a *app) evaluateFolder(ctx context.Context, dir string) (*measured, error) {
	w, err := a.workspace(ctx, dir)
	if err != nil {
		return nil, err
	}
	image, err := w.Image(ctx)
	if err != nil {
		return nil, err
	}
	m, err := w.Measure(ctx, image.Descriptor.Digest, "", nil, nil)
	if err != nil {
		return nil, err
	}
	return newMeasured(m.Result, w.Spec, nil), nil
}
