package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/capture"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/internal/scorer"
	"github.com/weighlock/weighlock/internal/sign"
)

func (a *app) runCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "run [--dir FOLDER] -- COMMAND [ARGUMENT...]",
		Short: "Sign the spec, then run a training command and record where its model came from",
		Long: `Sign the spec that the project file amounts to, then run the training command and record its
lineage: code, command, data, packages and machine by digest. Where the project declares
predictions.command, it is run on the evaluation rows without labels, and the predictions are
bound to model and data by a signed statement.

The command's output and exit status are its own; the signing password is kept from it. A
command that fails leaves a record that cannot be published.`,
		Args: args(1, -1, "a command, after --"),
		RunE: func(c *cobra.Command, given []string) error {
			return a.run(c.Context(), dir, given)
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the model's folder")
	c.Flags().SetInterspersed(false)
	a.keyFlags(c)
	return c
}

func (a *app) run(ctx context.Context, dir string, command []string) error {
	key, err := a.loadKey()
	if err != nil {
		return err
	}
	authority, err := a.authority()
	if err != nil {
		return err
	}
	d := capture.Deps{
		Key: key, TSA: authority, Now: a.env.Now,
		In: a.env.In, Out: a.stdout, Err: a.env.Err, Environ: a.env.Environ, Self: a.env.Self,
	}
	file, err := a.loadVerifier()
	if err != nil {
		return err
	}
	if file != nil {
		if d.Trust, err = sign.NewTrust(file, sign.At(a.env.Now())); err != nil {
			return err
		}
	}
	r, err := capture.Run(ctx, d, capture.Options{Dir: dir, Command: command})
	if r != nil { // also where the scorer failed: the run itself is recorded by then
		a.exit = r.Exit
		a.recorded(r)
	}
	return err
}

// recorded tells, on stderr, what was signed about the run.
func (a *app) recorded(r *capture.Result) {
	w := a.env.Err
	if r.Exit != 0 {
		fmt.Fprintf(w, "weighlock: the command ended with status %d; the run %s is recorded as failed, and cannot be published\n", r.Exit, r.Run[:12])
		return
	}
	fmt.Fprintf(w, "weighlock: run %s recorded, under the spec %s\n", r.Run[:12], short(r.Spec.Digest))
	if r.Lineage != nil {
		for _, o := range r.Lineage.Outputs {
			fmt.Fprintf(w, "  wrote       %s %s\n", report.Plain(o.Path), short(o.Digest))
		}
	}
	if r.Predictions != nil {
		fmt.Fprintf(w, "  predictions %s for %d rows without labels\n", report.Plain(r.Predictions.Predictions.Path), r.Predictions.Predictions.Rows)
	}
	if r.Predictions != nil {
		fmt.Fprint(w, inReach(r.Predictions.Confinement))
	}
	for _, s := range r.Stored {
		fmt.Fprintf(w, "  signed      %s %s\n", s.Predicate, short(s.Digest))
	}
	if r.Changed != "" {
		fmt.Fprintf(w, "warning: the work tree differed from its commit, by %s for one, and the lineage says so\n"+
			"hint: commit it or list it in .gitignore, then train again\n", report.Plain(r.Changed))
	}
}

// inReach warns of what the scorer could not be kept from; empty where there
// is nothing to say.
func inReach(c *scorer.Confinement) string {
	if c == nil {
		return "warning: nothing says what the scorer was kept from\n"
	}
	var open []string
	if c.Network != scorer.NetworkNone {
		open = append(open, "the network")
	}
	if c.Labels != scorer.LabelsHidden {
		open = append(open, "the labels in the test set")
	}
	if len(open) == 0 {
		return ""
	}
	return fmt.Sprintf("warning: the scorer could have reached %s, and the statement says so: %s\nhint: weighlock help scorer says what it is kept from, and where\n",
		strings.Join(open, " and "), report.Plain(strings.Join(c.Why, "; ")))
}
