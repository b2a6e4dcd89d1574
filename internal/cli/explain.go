package cli

import (
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/policies"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain [RULE]", Short: "Say what a rule asks, what it reads, and what to do when it fails",
		Args: args(0, 1, "one rule; without any, all rules are listed"),
		RunE: func(_ *cobra.Command, given []string) error {
			b, err := policy.Load(policies.FS)
			if err != nil {
				return err
			}
			if len(given) == 0 {
				for _, r := range b.Rules() {
					fmt.Fprintf(a.env.Out, "%-26s %s\n", r.ID, r.Title)
				}
				return nil
			}
			r, ok := b.Rule(given[0])
			var names []string
			for _, known := range b.Rules() {
				names = append(names, known.ID)
				if !ok && path.Base(known.ID) == strings.TrimPrefix(given[0], "spec.") {
					r, ok = known, true // as its section of the project file is called
				}
			}
			if !ok {
				return usagef("there is no rule %q\nhint: one of %s", given[0], strings.Join(names, ", "))
			}
			a.explain(r)
			return nil
		},
	}
}

func (a *app) explain(r policy.Rule) {
	w := a.env.Out
	fmt.Fprintf(w, "%s: %s\n\n%s\n\n", r.ID, r.Title, strings.TrimSpace(r.Description))
	fmt.Fprintf(w, "When it fails: %s\n\n", strings.TrimSpace(r.Solution))
	if example := examples[r.ID]; example != "" {
		fmt.Fprintf(w, "In weighlock.yaml, for instance:\n\n%s\n", example)
	}
	fmt.Fprintf(w, "  one check for each of  %s\n", r.Items)
	fmt.Fprintf(w, "  reads                  %s\n", strings.Join(r.Evidence, ", "))
	fmt.Fprintf(w, "  least grade            %s\n", r.Grade)
	if len(r.Parameters) > 0 {
		fmt.Fprintf(w, "  parameters             %s\n", strings.Join(r.Parameters, ", "))
	}
	if r.MLTest != "" && r.MLTest != "none" {
		fmt.Fprintf(w, "  ML Test Score          %s\n", r.MLTest)
	}
}

// examples is how a rule is given something to judge, as it stands in a
// project file.
var examples = map[string]string{
	"data/complete": `data:
  train: {file: train.csv, id: account, label: defaulted}
  test: {file: test.csv, id: account, label: defaulted, sha256: "…"}   # of sha256sum test.csv
`,
	"predictions/bound": `predictions:
  file: preds.csv
  column: p_default
  # Gets the rows without labels as CSV on standard input, writes id and score as CSV to
  # standard output.
  command: python score.py
  threshold: 0.5
`,
	"evaluation/metrics": `spec:
  metrics:
    roc_auc: {min: 0.76}     # shares are written 0.76, not 76; min, max or both
    recall: {min: 0.55}
    log_loss: {max: 0.45}

A binary model has accuracy, balanced_accuracy, precision, recall, specificity, fpr,
selection_rate, f1, mcc, roc_auc, average_precision, log_loss, brier and ece; a regression has
mae, rmse, mape, r2, bias and median_ae.
`,
	"evaluation/baseline": `spec:
  # At least this much better than the share of positives for everybody. A regression has
  # kind: constant, which is the mean label.
  baseline: {kind: prior, metric: roc_auc, gain: 0.02}
`,
	"evaluation/champion": `spec:
  # At most this much worse than the model that the verifier file names for the channel.
  champion: {channel: production, metric: log_loss, margin: 0.005}
`,
	"evaluation/slices": `spec:
  # By each region, and by age below 25, 25 to 40, 40 to 60, and from 60 on. max_gap is how far
  # a slice may fall behind the whole; min_rows counts the metric's own rows, such as the
  # positives for recall.
  slices: {by: [region, "age:25,40,60"], recall: {min: 0.50, max_gap: 0.10}, min_rows: 300}
`,
	"evaluation/fairness": `spec:
  # Also selection_rate_difference, selection_rate_ratio, fpr_difference, ppv_difference and
  # equalized_odds_difference.
  fairness: {by: [sex], tpr_difference: {max: 0.08}, min_rows: 100}
`,
	"drift/training_data": `spec:
  # Every column but id, time and label, unless columns: lists some. It needs data.train.
  drift: {method: psi, max: 0.2}
`,
}
