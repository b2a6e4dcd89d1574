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
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/verdict"
)

const diffLong = `Compare two evaluations of the same test data: B against A.

A and B are each a folder with a project file, a published model, or a JSON file (what weighlock
evaluate --json evaluation writes, or a statement; signatures on it are not looked at). Or both are
files of predictions, and the flags name their columns as they do for weighlock evaluate.

Where the rows of both are at hand (predictions, folders, and published models whose predictions the
registry keeps, with the test data in a folder or by --data and the id key that they were stored
under), everything is measured on the rows that both scored, each difference has a paired interval,
and flipped decisions are counted. Else the numbers stand side by side, and no difference is said to
be more than chance.

Evaluations of different test data are refused. Nothing is judged: the status is 0 unless something
stands on one side only, or a metric has no number on both; then it is 4.`

const diffExample = `  weighlock diff old.csv new.csv --data test.csv --id id --label y --score p --slice sex,age:25,40
  weighlock diff a.csv b.csv --id id --label y --score p --metric roc_auc,recall --threshold 0.3
  weighlock diff ghcr.io/acme/card:1.0.0 .
  weighlock diff oci:models/card:1.0.0 oci:models/card:1.1.0 --data test.csv
  weighlock diff a.json b.json --jq '.differences[] | select(.outcome == "worse").item'`

func (a *app) diffCommand() *cobra.Command {
	var ask *asking
	var o evaluate.AdHoc
	c := &cobra.Command{
		Use: "diff A B", Short: "Compare two evaluations, or two files of predictions, on the same test data",
		Long: diffLong, Example: diffExample,
		Args: args(2, 2, "two evaluations, or two files of predictions"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			d, err := a.diff(c, given, o)
			if err != nil {
				return err
			}
			if !d.Complete {
				a.exit = verdict.ExitUndecided
			}
			if q != nil {
				return a.answer(c.Context(), q, *d)
			}
			return a.contrast(d)
		},
	}
	a.verifierFlag(c)
	a.idKeyFlag(c)
	adHocFlags(c, &o)
	ask = askFlags(c, query.Fields[evaluate.Contrast]())
	return c
}

func (a *app) diff(c *cobra.Command, given []string, o evaluate.AdHoc) (*evaluate.Contrast, error) {
	if err := saysSomething(c, adHocOnly...); err != nil {
		return nil, err
	}
	ctx := c.Context()
	kinds := [2]string{a.kindOf(given[0]), a.kindOf(given[1])}
	for i, kind := range kinds {
		if kind == ofNothing {
			return nil, usagef("there is no file or folder %s, and it is no reference either\nhint: a reference is like ghcr.io/acme/card:1.0.0 or oci:models/card:1.0.0", given[i])
		}
	}
	if (kinds[0] == ofRows) != (kinds[1] == ofRows) {
		return nil, usagef("%s is a file of predictions, and %s is none\nhint: compare two files of predictions, or two evaluations", given[index(kinds, ofRows)], given[1-index(kinds, ofRows)])
	}
	var sides [2]evaluate.Side
	var assumed []evaluate.Assumption
	var err error
	if kinds[0] == ofRows {
		o.In = a.env.In
		sides[0], sides[1], assumed, err = o.Pair(ctx, given[0], given[1])
	} else {
		sides, err = a.sides(c, given, kinds, o.Data)
	}
	if err != nil {
		return nil, err
	}
	found, err := evaluate.Compare(ctx, sides[0], sides[1])
	if err != nil {
		return nil, err
	}
	found.Assumed = append(found.Assumed, assumed...)
	return found, nil
}

func index(kinds [2]string, kind string) int {
	if kinds[0] == kind {
		return 0
	}
	return 1
}

// What an argument of diff may be.
const (
	ofNothing   = "nothing"
	ofRows      = "predictions"
	ofJSON      = "json"
	ofFolder    = "folder"
	ofPublished = "reference"
)

func (a *app) kindOf(arg string) string {
	if arg == evaluate.StandardInput {
		return ofRows
	}
	if strings.HasPrefix(arg, "oci:") {
		return ofPublished
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return ofFolder
	case err == nil && strings.EqualFold(filepath.Ext(arg), ".json"):
		return ofJSON
	case err == nil:
		return ofRows
	case !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(arg, ":@"):
		return ofNothing
	}
	return ofPublished
}

// sides reads two evaluations. The test data of one serves the other too,
// where it is the same.
func (a *app) sides(c *cobra.Command, given []string, kinds [2]string, data string) (sides [2]evaluate.Side, err error) {
	for _, name := range adHocOnly {
		if name != "data" && c.Flags().Changed(name) {
			return sides, usagef("--%s is for files of predictions; an evaluation says it itself\nhint: leave it out", name)
		}
	}
	for i, arg := range given {
		switch kinds[i] {
		case ofJSON:
			sides[i], err = jsonSide(arg)
		case ofFolder:
			sides[i], err = a.folderSide(c.Context(), arg)
		default:
			sides[i], err = a.publishedSide(c.Context(), arg)
		}
		if err != nil {
			return sides, err
		}
	}
	return sides, a.lend(&sides, data)
}

func jsonSide(path string) (evaluate.Side, error) {
	f, err := os.Open(path)
	if err != nil {
		return evaluate.Side{}, err
	}
	defer f.Close()
	e, err := evaluate.ReadEvaluation(f)
	if err != nil {
		return evaluate.Side{}, usagef("%s: %w", path, err)
	}
	return evaluate.Side{Name: path, Evaluation: e}, nil
}

func (a *app) folderSide(ctx context.Context, dir string) (evaluate.Side, error) {
	w, err := a.workspace(ctx, dir)
	if err != nil {
		return evaluate.Side{}, err
	}
	image, err := w.Image(ctx)
	if err != nil {
		return evaluate.Side{}, err
	}
	m, err := w.Measure(ctx, image.Descriptor.Digest, "", nil, nil)
	if err != nil {
		return evaluate.Side{}, err
	}
	return evaluate.Side{Name: dir, Evaluation: m.Result.Evaluation, Rows: &evaluate.Rows{Request: m.Request}}, nil
}

// publishedSide has rows where the registry keeps predictions and there is a
// key to find them by; their test data is lent to it.
func (a *app) publishedSide(ctx context.Context, ref string) (evaluate.Side, error) {
	rules, err := a.beliefs()
	if err != nil {
		return evaluate.Side{}, err
	}
	p, err := a.openPublished(ctx, ref, rules)
	if err != nil {
		return evaluate.Side{}, err
	}
	defer p.Close()
	e, err := p.Numbers()
	if err != nil {
		return evaluate.Side{}, err
	}
	side := evaluate.Side{Name: ref, Evaluation: e}
	key, err := a.loadIDKey()
	if err != nil || key == nil {
		return side, err
	}
	scores, err := p.Scores(ctx, e)
	if err != nil || scores == nil {
		return side, err
	}
	side.Rows = &evaluate.Rows{Hidden: true, Request: evaluate.Request{
		Spec: p.Spec, SpecDigest: p.SpecDigest, Predictions: *scores, IDKey: key, Grade: e.Grade,
	}}
	return side, nil
}

// lend gives rows without test data that of the other side, or the file that
// --data names. Where neither is theirs, they are no rows.
func (a *app) lend(sides *[2]evaluate.Side, data string) error {
	var test *evaluate.Source
	if data != "" {
		var err error
		if test, err = evaluate.Local("test", data, a.env.In); err != nil {
			return err
		}
		for _, s := range sides {
			if digest := s.Evaluation.Data.Digest; digest != test.Digest {
				return usagef("--data %s is %s, and %s was evaluated on %s\nhint: name the file that it was evaluated on", data, artifact.Short(test.Digest), s.Name, artifact.Short(digest))
			}
		}
	}
	for i := range sides {
		r, other := sides[i].Rows, sides[1-i].Rows
		switch {
		case r == nil || !r.Hidden:
			continue
		case test != nil:
			r.Test = *test
		case other != nil && !other.Hidden && other.Test.Digest == r.Spec.Test.Digest:
			r.Test = other.Test
		default:
			sides[i].Rows = nil
			fmt.Fprintf(a.env.Err, "the rows of %s are not compared: its test data is not at hand (--data names it)\n", sides[i].Name)
		}
	}
	return nil
}
