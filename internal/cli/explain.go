package cli

import (
	"fmt"
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
			if !ok {
				var names []string
				for _, r := range b.Rules() {
					names = append(names, r.ID)
				}
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
