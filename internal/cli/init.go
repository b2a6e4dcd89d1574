package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/starter"
	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/internal/tree"
)

func (a *app) initCommand() *cobra.Command {
	var o starter.Options
	c := &cobra.Command{
		Use:   "init MODEL PREDICTIONS",
		Short: "Write a first project file from a model and its labelled predictions",
		Long: `Write weighlock.yaml from a model file and a CSV or Parquet file of labelled predictions.
What the columns mean is guessed, and each guess stands in the file as a comment; a flag
settles what cannot be guessed. The file asks for level start, so ` + "`weighlock gate`" + ` gives a
first verdict at once: without key, registry or lineage.`,
		Args: args(2, 2, "a model file and a predictions file"),
		RunE: func(c *cobra.Command, given []string) error {
			o.Model, o.Predictions = given[0], given[1]
			return a.init(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "the model's name")
	f.StringVar(&o.Task, "task", "", "binary or regression")
	f.StringVar(&o.ID, "id", "", "column that names a row, or none to match rows by their order")
	f.StringVar(&o.Label, "label", "", "column that holds the truth")
	f.StringVar(&o.Positive, "positive", "", "the label's value that counts as positive")
	f.StringVar(&o.Score, "score", "", "column that holds the score")
	return c
}

const projectFile = "weighlock.yaml"

func (a *app) init(ctx context.Context, o starter.Options) error {
	for _, name := range []string{"weighlock.yaml", "weighlock.yml", "weighlock.json", "weighlock.cue"} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return usagef("%s is there already, and nothing was changed\nhint: edit it, or move it away first", name)
		}
	}
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	o.Folder = folder
	if o.Model, err = inside(folder, o.Model); err != nil {
		return err
	}
	if o.Predictions, err = inside(folder, o.Predictions); err != nil {
		return err
	}
	t, digest, err := readTable(ctx, o.Predictions)
	if err != nil {
		return err
	}
	o.SHA256 = artifact.Hex(digest)
	g, err := starter.Infer(o, t)
	if err != nil {
		return usagef("%v", err)
	}
	if err := writeNew(projectFile, g.YAML(), 0o644); err != nil {
		return err
	}
	if _, err := project.Load("."); err != nil {
		os.Remove(projectFile)
		return fmt.Errorf("the guesses make no valid project file: %w", err)
	}
	for _, note := range g.Notes() {
		fmt.Fprintln(a.env.Err, note)
	}
	for _, warning := range g.Warnings {
		fmt.Fprintln(a.env.Err, "warning: "+warning)
	}
	fmt.Fprintf(a.env.Out, "wrote %s\n", projectFile)
	fmt.Fprintln(a.env.Err, "next: read it, then run `weighlock gate`")
	return nil
}

// inside is a path relative to the project's folder; a file outside cannot be
// packed, and is refused.
func inside(folder, path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", usagef("%v", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(folder, abs)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", usagef("%s lies outside this folder\nhint: run init in a folder that holds both files", path)
	}
	return filepath.ToSlash(rel), nil
}

func readTable(ctx context.Context, path string) (*table.Table, string, error) {
	f, err := tree.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	digest, size, err := artifact.DigestReader(f)
	if err != nil {
		return nil, "", err
	}
	t, err := table.Read(ctx, path, f, size, table.Options{})
	return t, digest, err
}
