package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/policies"
)

// completeValues lets a shell complete the values of flags that have few.
func completeValues(root *cobra.Command) {
	words := map[string][]string{
		"level": {"start", "release", "regulated"},
		"task":  {"binary", "regression"},
		"ci":    {"github", "gitlab"},
	}
	for _, form := range report.Names() {
		words["output"] = append(words["output"], form, form+"=")
	}
	for _, c := range root.Commands() {
		for flag, list := range words {
			if c.Flags().Lookup(flag) == nil {
				continue
			}
			if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)); err != nil {
				panic(err) // a flag has one list
			}
		}
	}
}

// completeRule lists the rules that begin so, with what each asks.
func completeRule(_ *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	b, err := policy.Load(policies.FS)
	if err != nil || len(given) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, r := range b.Rules() {
		if strings.HasPrefix(r.ID, begun) {
			names = append(names, r.ID+"\t"+r.Title)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
