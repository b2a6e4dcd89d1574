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
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/evidence"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/starter"
	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/internal/tree"
)

// initOptions are what a first project is made from.
type initOptions struct {
	starter.Options
	From string // a tracker's run
	Run  string // which of several
	CI   string // github or gitlab: write a workflow too
}

func (a *app) initCommand() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init [MODEL PREDICTIONS]",
		Short: "Write a first project file from a model and its labelled predictions",
		Long: `Write weighlock.yaml from a model file and a table of labelled predictions: CSV, JSONL,
Parquet or Arrow.
What the columns mean is guessed, and each guess stands in the file as a comment; a flag
settles what cannot be guessed. The file asks for level start, so ` + "`weighlock gate`" + ` gives a
first verdict at once: without key, registry or lineage.

Without arguments, init asks on a terminal. With --from it starts from a run that MLflow or
DVC has recorded, and keeps what they say of it in ` + evidence.Path + `, as claimed and
with what is missing. A file that the run does not name, or names several of, is an argument:
the predictions alone, or model and predictions.`,
		Example: `  weighlock init model.joblib preds.csv
  weighlock init --from mlruns --run bold-wren-12 preds.csv
  weighlock init --from mlflow.db --run 0123456789abcdef0123456789abcdef preds.csv
  weighlock init --from dvc.lock --ci github`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, given []string) error {
			return a.start(c, o, given)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "the model's name")
	f.StringVar(&o.Task, "task", "", "binary or regression")
	f.StringVar(&o.ID, "id", "", "column that names a row, or none to match rows by their order")
	f.StringVar(&o.Label, "label", "", "column that holds the truth")
	f.StringVar(&o.Positive, "positive", "", "the label's value that counts as positive")
	f.StringVar(&o.Score, "score", "", "column that holds the score")
	f.StringVar(&o.From, "from", "", "mlruns or a run's folder in it, mlflow.db, or dvc.lock or its folder")
	f.StringVar(&o.Run, "run", "", "with --from: the MLflow run's name or id, or the DVC stage")
	f.StringVar(&o.CI, "ci", "", "also write a workflow: github or gitlab")
	return c
}

const projectFile = "weighlock.yaml"

// start chooses what a project is made from.
func (a *app) start(c *cobra.Command, o initOptions, given []string) error {
	for _, name := range []string{"from", "run", "ci"} {
		if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return usagef("--%s is given, and empty\nhint: give it a value, or leave it out", name)
		}
	}
	if o.Run != "" && o.From == "" {
		return usagef("--run says which run of --from, and there is no --from\nhint: --from FOLDER says where the runs are")
	}
	if err := starter.KnownCI(o.CI); err != nil {
		return usagef("--%v", err)
	}
	if len(given) == 0 && o.From == "" && o.CI != "" && hasProject() != "" {
		_, err := a.writeWorkflow(o.CI)
		return err
	}
	if name := hasProject(); name != "" {
		return usagef("%s is there already, and nothing was changed\nhint: edit it, or move it away first", name)
	}
	if o.CI != "" {
		if err := freeForWorkflow(o.CI); err != nil {
			return err
		}
	}
	var err error
	switch {
	case o.From != "":
		err = a.initFrom(c.Context(), o, given)
	case len(given) == 2:
		o.Model, o.Predictions = given[0], given[1]
		err = a.init(c.Context(), o.Options, nil)
	case len(given) == 0 && a.canAsk():
		err = a.initAsking(c.Context(), &o)
	default:
		return usagef("init takes a model file and a predictions file\nhint: weighlock init MODEL PREDICTIONS, or without arguments on a terminal, or --from a run of MLflow or DVC")
	}
	if err != nil {
		return err
	}
	written := projectFile
	if o.CI != "" {
		name, err := a.writeWorkflow(o.CI)
		if err != nil {
			return err
		}
		written += " and " + name
	}
	fmt.Fprintf(a.env.Err, "next: read %s, then run `weighlock gate`\n", written)
	return nil
}

// hasProject is the project file that is here, under whichever name.
func hasProject() string {
	for _, name := range project.FileNames() {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
	return ""
}

// init writes the project file; origin are lines about where it comes from.
func (a *app) init(ctx context.Context, o starter.Options, origin []string) error {
	g, err := guess(ctx, &o)
	if err != nil {
		return err
	}
	g.Origin = origin
	return a.writeProject(g)
}

// guess reads the predictions and guesses the rest.
func guess(ctx context.Context, o *starter.Options) (*starter.Guess, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	o.Folder = folder
	if o.Model, err = inside(folder, o.Model); err != nil {
		return nil, err
	}
	if o.Predictions, err = insideRows(folder, o.Predictions); err != nil {
		return nil, err
	}
	t, digest, err := readTable(ctx, o.Predictions)
	if errors.As(err, new(*table.Error)) {
		return nil, usagef("%w", err)
	}
	if err != nil {
		return nil, err
	}
	o.SHA256 = artifact.Hex(digest)
	g, err := starter.Infer(*o, t)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return g, nil
}

func (a *app) writeProject(g *starter.Guess) error {
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
	return nil
}

// inside is a path relative to the project's folder; a file outside cannot be
// packed, and is refused.
func inside(folder, path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", usagef("%v", err)
	}
	return below(folder, path)
}

func below(folder, path string) (string, error) {
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

// insideRows is inside, of a file of rows or of a pattern that files of rows
// match. A file whose own name is a pattern would be taken for one.
func insideRows(folder, path string) (string, error) {
	if !tree.IsPattern(path) {
		return inside(folder, path)
	}
	if _, err := os.Lstat(path); err == nil {
		return "", usagef("%s has *, ? or [ in its name, which is a pattern in a project file\nhint: give the file another name", path)
	}
	return below(folder, path)
}

// readTable reads a file, or the files that a pattern matches.
func readTable(ctx context.Context, path string) (*table.Table, string, error) {
	if !tree.IsPattern(path) {
		return readOne(ctx, path)
	}
	s, err := evaluate.FileSource("predictions", "", path)
	if errors.As(err, new(tree.NoMatch)) {
		return nil, "", usagef("%w", err)
	}
	if err != nil {
		return nil, "", err
	}
	t, err := s.Table(ctx, table.Options{})
	return t, s.Digest, err
}

func readOne(ctx context.Context, path string) (*table.Table, string, error) {
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
