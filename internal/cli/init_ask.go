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

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/starter"
	"github.com/weighlock/weighlock/internal/table"
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

// answer is what was read, or why nothing was.
type answer struct {
	text string
	err  error
}

// read is one line. A terminal that nobody types at does not hold the program:
// what ends ctx, such as Ctrl-C, ends the waiting, and nothing is read again.
func (q *asker) read(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	came := make(chan answer, 1)
	go func() {
		text, err := q.in.ReadString('\n')
		came <- answer{text, err}
	}()
	select {
	case l := <-came:
		return l.text, l.err
	case <-ctx.Done():
		fmt.Fprintln(q.out)
		return "", ctx.Err()
	}
}

// ask is the answer, or the guess where it is empty. Where the answers end, so
// does everything.
func (q *asker) ask(ctx context.Context, question, guess string) (string, error) {
	if guess != "" {
		question += " [" + guess + "]"
	}
	fmt.Fprint(q.out, question+": ")
	answer, err := q.read(ctx)
	if err != nil && (answer == "" || !errors.Is(err, io.EOF)) {
		if errors.Is(err, io.EOF) {
			fmt.Fprintln(q.out)
			return "", usagef("no answer, and nothing was written\nhint: weighlock init MODEL PREDICTIONS asks nothing")
		}
		return "", err
	}
	if answer = strings.TrimSpace(answer); answer == "" {
		answer = guess
	}
	return answer, nil
}

// checked asks until check accepts the answer, and says each time why not.
func (q *asker) checked(ctx context.Context, question, guess string, check func(answer string) error) (string, error) {
	for {
		answer, err := q.ask(ctx, question, guess)
		if err != nil {
			return "", err
		}
		if err = check(answer); err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		fmt.Fprintln(q.out, spoken(err))
	}
}

// must is checked for what cannot be left out; three times at most without an answer.
func (q *asker) must(ctx context.Context, question, guess string, check func(answer string) error) error {
	empty := 0
	answer, err := q.checked(ctx, question, guess, func(answer string) error {
		if answer != "" {
			return check(answer)
		}
		if empty++; empty == 3 {
			return nil
		}
		return usagef("this cannot be left out\nhint: Ctrl-C ends the questions")
	})
	if err == nil && answer == "" {
		err = usagef("no answer to %q, and nothing was written\nhint: weighlock init MODEL PREDICTIONS asks nothing", question)
	}
	return err
}

// spoken is an error to somebody who is being asked: the question that comes
// next stands in for a hint at flags.
func spoken(err error) string {
	message, hint, _ := strings.Cut(told(err), "\nhint: ")
	if hint == "" || strings.Contains(hint, "--") {
		return message
	}
	return message + "\nhint: " + hint
}

// initAsking asks for the two files, then shows its guesses one by one.
func (a *app) initAsking(ctx context.Context, o *initOptions) error {
	if err := o.Check(); err != nil {
		return usagef("%w", err)
	}
	q := &interview{asker: &asker{in: bufio.NewReader(a.env.In), out: a.env.Err}, o: &o.Options}
	if err := q.files(ctx); err != nil {
		return err
	}
	g, err := q.infer(ctx)
	if err != nil {
		return err
	}
	if g, err = q.confirm(ctx, g); err != nil {
		return err
	}
	if o.CI == "" {
		if o.CI, err = q.workflow(ctx); err != nil {
			return err
		}
	}
	return a.writeProject(g)
}

// interview turns answers into options.
type interview struct {
	*asker
	o     *starter.Options
	table *table.Table
}

// files asks for the model and its predictions, and reads the latter.
func (q *interview) files(ctx context.Context) error {
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	q.o.Folder = folder
	here := filesHere()
	if err := q.must(ctx, "Model file", the(here, modelEndings), func(answer string) (err error) {
		q.o.Model, err = inside(folder, answer)
		return err
	}); err != nil {
		return err
	}
	return q.must(ctx, "Predictions with their labels (CSV, JSONL, Parquet or Arrow)", the(here, table.Suffixes()), func(answer string) (err error) {
		if q.o.Predictions, err = insideRows(folder, answer); err != nil {
			return err
		}
		t, digest, err := readTable(ctx, q.o.Predictions)
		if err != nil {
			return err
		}
		q.table, q.o.SHA256 = t, artifact.Hex(digest)
		if err := q.o.CheckFiles(t); err != nil {
			return usagef("%w", err)
		}
		return nil
	})
}

// infer guesses, and asks for what cannot be guessed until it can.
func (q *interview) infer(ctx context.Context) (*starter.Guess, error) {
	for {
		g, err := starter.Infer(*q.o, q.table)
		if err == nil {
			return g, nil
		}
		fmt.Fprintln(q.out, spoken(err))
		if err := q.columns(ctx); err != nil {
			return nil, err
		}
	}
}

// columns asks what the columns are; an empty answer leaves it open.
func (q *interview) columns(ctx context.Context) error {
	fmt.Fprintln(q.out, "The columns are "+strings.Join(q.table.Names(), ", ")+".")
	for _, f := range []struct {
		question string
		into     *string
		check    func(string) error
	}{
		{"Column with the truth", &q.o.Label, q.column}, {"Column with the score", &q.o.Score, q.column},
		{"Task, binary or regression", &q.o.Task, starter.CheckTask},
		{"Column that names a row, or none", &q.o.ID, q.id}, {"Label's value that counts as positive, for two classes", &q.o.Positive, q.positive},
	} {
		answer, err := q.checked(ctx, f.question, *f.into, optional(f.check))
		if err != nil {
			return err
		}
		*f.into = answer
	}
	if q.o.Task == "regression" {
		q.o.Positive = ""
	}
	return nil
}

// optional lets a check pass what is left open, and makes its refusal one of usage.
func optional(check func(string) error) func(string) error {
	return func(answer string) error {
		if answer == "" {
			return nil
		}
		if err := check(answer); err != nil {
			return usagef("%w", err)
		}
		return nil
	}
}

func (q *interview) column(name string) error {
	_, err := q.table.Column(name)
	return err
}

func (q *interview) id(name string) error {
	if name == starter.ByRow {
		return nil
	}
	return q.column(name)
}

// positive holds an answer against the values of the label, where that is known.
func (q *interview) positive(value string) error {
	if q.o.Label == "" {
		return nil
	}
	return starter.CheckPositive(q.table, q.o.Label, value)
}

// confirm shows each guess, and guesses again with what was changed.
func (q *interview) confirm(ctx context.Context, g *starter.Guess) (*starter.Guess, error) {
	for _, f := range []struct {
		question string
		of       func(*starter.Guess) starter.Choice
		into     *string
		check    func(string) error
	}{
		{"Name of the model", func(g *starter.Guess) starter.Choice { return g.Name }, &q.o.Name, starter.CheckName},
		{"Column with the truth", func(g *starter.Guess) starter.Choice { return g.Label }, &q.o.Label, q.column},
		{"Column with the score", func(g *starter.Guess) starter.Choice { return g.Score }, &q.o.Score, q.column},
		{"Task", func(g *starter.Guess) starter.Choice { return g.Task }, &q.o.Task, starter.CheckTask},
		{"Label's value that counts as positive", func(g *starter.Guess) starter.Choice { return g.Positive }, &q.o.Positive, func(value string) error {
			return starter.CheckPositive(q.table, g.Label.Value, value)
		}},
	} {
		was := f.of(g)
		if was.Said || was.Value == "" {
			continue
		}
		answer, err := q.checked(ctx, f.question, was.Value, optional(f.check))
		if err != nil {
			return nil, err
		}
		if answer == was.Value {
			continue
		}
		*f.into = answer
		if g, err = q.infer(ctx); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// workflow asks whether to write one, and offers GitHub's where its folder is.
func (q *interview) workflow(ctx context.Context) (string, error) {
	guess := "none"
	if freeForWorkflow("github") == nil && onGitHub() {
		guess = "github"
	}
	answer, err := q.checked(ctx, "Workflow for CI: github, gitlab or none", guess, func(answer string) error {
		if answer == "none" {
			return nil
		}
		if err := starter.KnownCI(answer); err != nil {
			return usagef("%w", err)
		}
		return freeForWorkflow(answer)
	})
	if answer == "none" {
		answer = ""
	}
	return answer, err
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
