package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/query"
)

func (a *app) specCommand() *cobra.Command {
	var digest bool
	var ask *asking
	c := &cobra.Command{
		Use: "spec [FOLDER]", Short: "Print what a project commits to, with every default written out",
		Long: `Print the spec that a project file amounts to: what ` + "`weighlock run`" + ` signs before training.
Its digest is the SHA-256 of its canonical JSON (RFC 8785).`,
		Args: args(0, 1, "one folder"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			if q != nil && digest {
				return usagef("--digest prints nothing but the digest\nhint: leave --json, --jq and --template out, or --digest")
			}
			w, err := a.workspace(c.Context(), first(given, "."))
			if err != nil {
				return err
			}
			if digest {
				fmt.Fprintln(a.env.Out, w.SpecDigest)
				return nil
			}
			text, err := w.Spec.Canonical()
			if err != nil {
				return err
			}
			if q != nil {
				return a.answer(c.Context(), q, json.RawMessage(text))
			}
			var out bytes.Buffer
			if err := json.Indent(&out, text, "", "  "); err != nil {
				return err
			}
			fmt.Fprintln(a.env.Out, out.String())
			return nil
		},
	}
	a.verifierFlag(c)
	c.Flags().BoolVar(&digest, "digest", false, "print the digest only")
	ask = askFlags(c, query.Fields[project.Spec]())
	return c
}
