package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/weighlock/weighlock/internal/starter"
)

// canAsk says whether somebody is there to answer.
func (a *app) canAsk() bool {
	f, ok := a.env.In.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// asker puts questions and reads answers, a line each.
type asker struct {
	in  *bufio.Reader
	out io.Writer
}

// ask is the answer, or the guess where it is empty. Where the answers end, so
// does everything.
func (q *asker) ask(question, guess string) (string, error) {
	if guess != "" {
		question += " [" + guess + "]"
	}
	fmt.Fprint(q.out, question+": ")
	line, err := q.in.ReadString('\n')
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		fmt.Fprintln(q.out)
		if errors.Is(err, io.EOF) {
			return "", usagef("no answer, and nothing was written\nhint: weighlock init MODEL PREDICTIONS asks nothing")
		}
		return "", err
	}
	if line = strings.TrimSpace(line); line == "" {
		line = guess
	}
	return line, nil
}

// must asks until there is an answer, three times at most.
func (q *asker) must(question, guess string) (string, error) {
	for range 3 {
		answer, err := q.ask(question, guess)
		if answer != "" || err != nil {
			return answer, err
		}
	}
	return "", usagef("no answer to %q, and nothing was written\nhint: weighlock init MODEL PREDICTIONS asks nothing", question)
}

// initAsking asks for the two files, then shows its guesses one by one.
func (a *app) initAsking(ctx context.Context, o *initOptions) error {
	q := &asker{in: bufio.NewReader(a.env.In), out: a.env.Err}
	g, err := q.project(ctx, &o.Options)
	if err != nil {
		return err
	}
	if o.CI == "" {
		if o.CI, err = q.workflow(); err != nil {
			return err
		}
	}
	return a.writeProject(g)
}

func (q *asker) project(ctx context.Context, o *starter.Options) (*starter.Guess, error) {
	files := filesHere()
	var err error
	if o.Model, err = q.must("Model file", the(files, modelEndings)); err != nil {
		return nil, err
	}
	if o.Predictions, err = q.must("Predictions with their labels (CSV or Parquet)", the(files, []string{".csv", ".parquet"})); err != nil {
		return nil, err
	}
	g, err := guess(ctx, o)
	if err != nil && errors.Is(err, errUsage) && hasColumns(ctx, *o) {
		fmt.Fprintln(q.out, told(err))
		g, err = q.columns(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	return q.confirm(ctx, o, g)
}

// hasColumns says whether the two files could be read, so that only what
// their columns mean is open.
func hasColumns(ctx context.Context, o starter.Options) bool {
	if _, err := os.Stat(o.Model); err != nil {
		return false
	}
	_, _, err := readTable(ctx, o.Predictions)
	return err == nil
}

// columns asks for what could not be guessed; an empty answer leaves it open.
func (q *asker) columns(ctx context.Context, o *starter.Options) (*starter.Guess, error) {
	t, _, err := readTable(ctx, o.Predictions)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	fmt.Fprintln(q.out, "The columns are "+strings.Join(names, ", ")+".")
	for _, f := range []struct {
		question string
		into     *string
	}{
		{"Column with the truth", &o.Label}, {"Column with the score", &o.Score},
		{"Column that names a row, or none", &o.ID}, {"Label's value that counts as positive, for two classes", &o.Positive},
	} {
		if *f.into, err = q.ask(f.question, *f.into); err != nil {
			return nil, err
		}
	}
	return guess(ctx, o)
}

// confirm shows each guess, and guesses again with what was changed.
func (q *asker) confirm(ctx context.Context, o *starter.Options, g *starter.Guess) (*starter.Guess, error) {
	fields := []struct {
		question string
		was      starter.Choice
		into     *string
	}{
		{"Name of the model", g.Name, &o.Name}, {"Task", g.Task, &o.Task},
		{"Column with the truth", g.Label, &o.Label}, {"Column with the score", g.Score, &o.Score},
	}
	if g.Positive.Value != "" {
		fields = append(fields, struct {
			question string
			was      starter.Choice
			into     *string
		}{"Label's value that counts as positive", g.Positive, &o.Positive})
	}
	changed := false
	for _, f := range fields {
		if f.was.Said {
			continue
		}
		answer, err := q.ask(f.question, f.was.Value)
		if err != nil {
			return nil, err
		}
		if answer != f.was.Value {
			*f.into, changed = answer, true
		}
	}
	if !changed {
		return g, nil
	}
	return guess(ctx, o)
}

// workflow asks whether to write one, and offers those for which there is none yet.
func (q *asker) workflow() (string, error) {
	guess := "none"
	if freeForWorkflow("github") == nil && onGitHub() {
		guess = "github"
	}
	answer, err := q.ask("Workflow for CI: github, gitlab or none", guess)
	if err != nil || answer == "none" {
		return "", err
	}
	if err := starter.KnownCI(answer); err != nil {
		return "", usagef("%v", err)
	}
	return answer, freeForWorkflow(answer)
}

// onGitHub says whether the repository has GitHub's folder.
func onGitHub() bool {
	here, err := os.Getwd()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(repositoryRoot(here), ".github"))
	return err == nil
}

var modelEndings = []string{".joblib", ".pkl", ".pickle", ".onnx", ".safetensors", ".ubj", ".gguf", ".skops", ".pt", ".h5", ".keras"}

// filesHere are the files of this folder, by name.
func filesHere() []string {
	entries, err := os.ReadDir(".")
	if err != nil {
		return nil // then nothing is guessed
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names
}

// the is the one file with such an ending; of several, the one that is named
// like predictions.
func the(files, endings []string) string {
	var found, named []string
	for _, f := range files {
		if !slices.Contains(endings, strings.ToLower(filepath.Ext(f))) {
			continue
		}
		found = append(found, f)
		if strings.Contains(strings.ToLower(f), "pred") {
			named = append(named, f)
		}
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(named) == 1:
		return named[0]
	}
	return ""
}
