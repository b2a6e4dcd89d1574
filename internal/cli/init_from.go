package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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
	if len(given) == 2 {
		if from.Model, err = inside(root, given[0]); err != nil {
			return err
		}
	}
	if len(given) > 0 {
		if from.Predictions, err = inside(root, given[len(given)-1]); err != nil {
			return err
		}
	}
	c, err := evidence.Import(ctx, from)
	if errors.Is(err, evidence.ErrUnfit) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	o.Model, o.Predictions, o.Train = c.Model, cmp.Or(from.Predictions, c.Predictions), c.Train
	if o.Model == "" || o.Predictions == "" {
		return notHere(o, c)
	}
	text, err := readable(c)
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

// notHere refuses a run of which a file has to be named. Where its files lie
// elsewhere, they are fetched first.
func notHere(o initOptions, c *evidence.Claim) error {
	what, named := "the predictions", "PREDICTIONS"
	switch {
	case o.Model == "" && o.Predictions == "":
		what, named = "the model, and which the predictions", "MODEL PREDICTIONS"
	case o.Model == "":
		what, named = "the model", "MODEL "+shell(o.Predictions)
	}
	again := "weighlock init --from " + shell(o.From)
	if o.Run != "" {
		again += " --run " + shell(o.Run)
	}
	if c.Elsewhere != "" && o.Model == "" {
		return usagef("%s does not say which file here is %s: the run's files lie at %s\nhint: fetch them, with mlflow artifacts download --run-id %s --dst-path ., then: %s %s",
			o.From, what, c.Elsewhere, shell(c.Lineage.Run), again, named)
	}
	return usagef("%s does not say which file here is %s\nhint: %s %s", o.From, what, again, named)
}

// readable is a claim as it is kept: on many lines, for people. What counts is
// its text, by whose digest a verdict names it.
func readable(c *evidence.Claim) ([]byte, error) {
	text, err := c.Canonical()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// origin is the run, for the head of the project file.
func origin(c *evidence.Claim) []string {
	l := c.Lineage
	out := []string{fmt.Sprintf("The model is claimed by %s, run %q; nobody watched that run.", l.Source, l.Run)}
	if l.Code != nil {
		out = append(out, "It is claimed to be made by commit "+l.Code.Commit+".")
	}
	if numbers := claimed(c.Metrics); numbers != "" {
		out = append(out, fmt.Sprintf("%s claims %s for it; hold that against what `weighlock gate` computes.", l.Source, numbers))
	}
	out = append(out, c.Notes...)
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
	return writeNew(evidence.Path, text, 0o644)
}

func (a *app) tellClaim(c *evidence.Claim) {
	fmt.Fprintf(a.env.Out, "wrote %s\n", evidence.Path)
	fmt.Fprintf(a.env.Err, "lineage: claimed by %s, run %s; release does not count it. It lacks:\n", c.Lineage.Source, c.Lineage.Run)
	for _, gap := range c.Missing {
		fmt.Fprintf(a.env.Err, "  %s: %s\n", gap.Path, gap.Why)
	}
	if numbers := claimed(c.Metrics); numbers != "" {
		fmt.Fprintf(a.env.Err, "claimed: %s; `weighlock gate` computes its own, from the predictions\n", numbers)
	}
	for _, note := range c.Notes {
		fmt.Fprintln(a.env.Err, "warning: "+note)
	}
}

// claimed lists a tracker's numbers, a dozen at most.
func claimed(metrics []evidence.Metric) string {
	const most = 12
	var out []string
	for _, m := range metrics[:min(most, len(metrics))] {
		value := m.Status
		if m.Value != nil {
			value = strconv.FormatFloat(*m.Value, 'g', 4, 64)
		}
		out = append(out, m.Name+" "+value)
	}
	if n := len(metrics) - most; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(out, ", ")
}
