package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/report"
)

func (a *app) evaluateCommand() *cobra.Command {
	var ask *asking
	c := &cobra.Command{
		Use: "evaluate [FOLDER]", Short: "Compute a project's measures from its pinned files, judging nothing",
		Args: args(0, 1, "one folder"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			r, err := a.evaluate(c.Context(), first(given, "."))
			if err != nil {
				return err
			}
			if q != nil {
				return a.answer(c.Context(), q, measured{r.Datacheck, r.Drift, r.Evaluation})
			}
			return a.measures(r)
		},
	}
	a.verifierFlag(c)
	ask = askFlags(c, query.Fields[measured]())
	return c
}

// measured is the JSON of evaluate: the predicates that publish would sign.
type measured struct {
	Datacheck  *evaluate.Datacheck  `json:"datacheck"`
	Drift      *evaluate.Drift      `json:"drift"`
	Evaluation *evaluate.Evaluation `json:"evaluation"`
}

func (a *app) evaluate(ctx context.Context, dir string) (*evaluate.Result, error) {
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
	return m.Result, nil
}

// measures prints one line per measure: item, value, interval, n.
func (a *app) measures(r *evaluate.Result) error {
	e := r.Evaluation
	fmt.Fprintf(a.env.Out, "%d rows of %s, grade %s\n\n", e.Data.Rows, e.Data.Name, e.Grade)
	t := tabwriter.NewWriter(a.env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "MEASURE\tVALUE\tLOW\tHIGH\tN\tMETHOD")
	for _, res := range e.Results {
		line(t, res.Item, res.Measure)
	}
	if r.Drift != nil {
		for _, res := range r.Drift.Results {
			line(t, "psi of "+res.Item, res.Measure)
		}
	}
	return t.Flush()
}

func line(t *tabwriter.Writer, item string, m evaluate.Measure) {
	if m.Status != "ok" {
		fmt.Fprintf(t, "%s\t%s\t\t\t%d\t%s\n", report.Plain(item), m.Status, m.N, report.Plain(m.Detail))
		return
	}
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", report.Plain(item), number(m.Value), number(m.Low), number(m.High), m.N, m.Method)
}

func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g", *v)
}
