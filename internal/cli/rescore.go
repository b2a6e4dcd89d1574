package cli

import (
	"crypto/rand"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/gate"
)

func rescoreFlag(c *cobra.Command, rows *string) {
	c.Flags().StringVar(rows, "rescore", "", "N or all: run predictions.command on so many rows, drawn now, and compare")
}

func parseRescore(text string) (evaluate.RescoreRows, error) {
	if text == "" {
		return 0, nil
	}
	rows, err := evaluate.ParseRows(text)
	if err != nil {
		return 0, usagef("--rescore: %v\nhint: --rescore 1000, or --rescore all", err)
	}
	return rows, nil
}

func (a *app) scorer() gate.Scorer {
	return gate.Scorer{Self: a.env.Self, Environ: a.env.Environ, Rand: rand.Reader, Err: a.env.Err}
}
