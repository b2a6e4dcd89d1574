package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weighlock/weighlock/internal/evidence"
)

// initFrom starts a project from a run that MLflow or DVC has recorded.
func (a *app) initFrom(ctx context.Context, o initOptions, given []string) error {
	if _, err := os.Lstat(evidence.Path); !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s is there already, and nothing was changed\nhint: move it away first", evidence.Path)
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	from := evidence.Options{Root: root, From: o.From, Run: o.Run}
	switch len(given) {
	case 1:
		o.Predictions = given[0]
	case 2:
		if from.Model, err = inside(root, given[0]); err != nil {
			return err
		}
		o.Predictions = given[1]
	}
	c, err := evidence.Import(ctx, from)
	if errors.Is(err, evidence.ErrUnfit) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	o.Model = c.Model
	if o.Predictions == "" {
		o.Predictions = c.Predictions
	}
	if o.Model == "" || o.Predictions == "" {
		return usagef("%s does not say which file here is %s\nhint: weighlock init --from %s %s",
			o.From, unsaid(o), o.From, map[bool]string{true: "MODEL PREDICTIONS", false: "PREDICTIONS"}[o.Model == ""])
	}
	text, err := c.Canonical()
	if err != nil {
		return err
	}
	if err := a.init(ctx, o.Options, origin(c)); err != nil {
		return err
	}
	if err := keepClaim(text); err != nil {
		os.Remove(projectFile)
		return err
	}
	a.tellClaim(c)
	return nil
}

func unsaid(o initOptions) string {
	switch {
	case o.Model != "":
		return "the predictions"
	case o.Predictions != "":
		return "the model"
	}
	return "the model, and which the predictions"
}

// origin is the run, for the head of the project file.
func origin(c *evidence.Claim) []string {
	l := c.Lineage
	out := []string{fmt.Sprintf("The model is claimed by %s, run %q; nobody watched that run.", l.Source, l.Run)}
	if l.Code != nil {
		out = append(out, "It is claimed to be made by commit "+l.Code.Commit+".")
	}
	return append(out, fmt.Sprintf("%s holds all that is claimed, and what is missing. It counts for nothing at", evidence.Path),
		"release, which wants the run to be watched: weighlock run -- COMMAND.")
}

// keepClaim writes what is claimed into the folder of local statements.
func keepClaim(text []byte) error {
	dir := filepath.Dir(evidence.Path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o666); err != nil {
			return err
		}
	}
	return writeNew(evidence.Path, append(text, '\n'), 0o644)
}

func (a *app) tellClaim(c *evidence.Claim) {
	fmt.Fprintf(a.env.Out, "wrote %s\n", evidence.Path)
	fmt.Fprintf(a.env.Err, "lineage: claimed by %s, run %s; release does not count it. It lacks:\n", c.Lineage.Source, c.Lineage.Run)
	for _, gap := range c.Missing {
		fmt.Fprintf(a.env.Err, "  %s: %s\n", gap.Path, gap.Why)
	}
}
