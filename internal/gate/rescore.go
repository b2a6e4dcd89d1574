package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/scorer"
	"github.com/weighlock/weighlock/internal/tree"
)

// rescoredRule is the rule that judges a rescoring; rescoreParameter says how
// many rows it wants, toleranceParameter how close the scores must be.
const (
	rescoredRule       = "predictions/rescored"
	rescoreParameter   = "rescore"
	toleranceParameter = "rescore_tolerance"
)

// Scorer is how predictions.command is run here.
type Scorer struct {
	Self    string    // this program, as scorer.Command has it
	Environ []string  // of this process
	Rand    io.Reader // draws the sample where there is no id key
	Err     io.Writer // what the command says; may be nil
}

// rescoring is a rescoring that may be asked for: whether it is depends on
// the policy, which may be read while the model is measured.
type rescoring struct {
	Scorer
	rules func() (Rules, error)
}

// MayRescore lets Measure run the scorer, where the verifier file, the level,
// the project or the command line asks for it.
func (w *Workspace) MayRescore(s Scorer, rules func() (Rules, error)) {
	w.rescoring = &rescoring{s, rules}
}

// rescore runs the project's scorer anew, where that is asked for, and adds
// what came of it to the evaluation.
func (w *Workspace) rescore(ctx context.Context, request evaluate.Request, result *evaluate.Result, image string) error {
	if w.rescoring == nil {
		return nil
	}
	rules, err := w.rescoring.rules()
	if err != nil {
		return err
	}
	p := w.Project.Predictions
	if p.Command == "" {
		if rules.Rescore != 0 {
			return fmt.Errorf("%w: --rescore: %spredictions names no command, so nothing can be scored anew\nhint: set predictions.command; weighlock help scorer is its contract", ErrUsage, at(w.Project, "predictions"))
		}
		return nil // which the rule says, where it is asked
	}
	asked, tolerance, err := w.asked(rules)
	if err != nil || asked == 0 {
		return err
	}
	if rules.Rescore != 0 && tolerance == nil {
		return fmt.Errorf("%w: --rescore: the policy has no rule %s, which would judge it\nhint: leave --rescore out, or judge by a policy that has the rule", ErrUsage, rescoredRule)
	}
	shell, err := w.rescoring.shell()
	if err != nil {
		return err
	}
	limits := scorer.Limits{Seconds: p.Limits.Seconds, MemoryMiB: p.Limits.MemoryMiB, OutputMiB: p.Limits.OutputMiB}
	hidden, err := tree.Paths(w.Project.Dir, w.Project.Data.Test.File, p.File)
	if err != nil {
		return fmt.Errorf("rescoring: %w", err)
	}
	command := scorer.Command{
		Text: p.Command, Shell: shell, Dir: w.Project.Dir, Environ: w.rescoring.Environ, Declare: p.Environment, Limits: limits,
		Hidden: hidden,
		Stderr: w.rescoring.Err, Self: w.rescoring.Self,
	}
	r := evaluate.Rescoring{
		Asked: asked, Tolerance: evaluate.Tolerance{Absolute: tolerance.Absolute, Relative: tolerance.Relative}, Model: image,
		Command: p.Command, Limits: limits, Unlisted: p.Store == "external" || p.Store == "aggregate",
		Rand: w.rescoring.Rand, Score: command.Run, Tell: w.rescoring.tell,
	}
	before, err := w.untouched(nil)
	if err != nil {
		return err
	}
	rescored, err := evaluate.Rescore(ctx, request, r)
	if err != nil {
		return placed(w.Project, fmt.Errorf("rescoring: %w", err))
	}
	if _, err := w.untouched(before); err != nil {
		return err
	}
	result.Evaluation.Rescored = rescored
	result.Evaluation.Results = append(result.Evaluation.Results, rescored.Results...)
	if rescored.Agreed(tolerance.Share) {
		result.Evaluation.Grade = policy.GradeRescored
	}
	return nil
}

// untouched makes sure that the model's files, where the scorer finds them,
// are the ones that the image was made of: before it runs by their bytes,
// afterwards by what changes with every write.
func (w *Workspace) untouched(before []os.FileInfo) ([]os.FileInfo, error) {
	infos := make([]os.FileInfo, len(w.Files))
	for i, m := range w.Files {
		f, err := tree.Open(w.Project.Abs(m.ID))
		if err != nil {
			return nil, fmt.Errorf("looking at the model again: %w", err)
		}
		digest := m.Digest
		if infos[i], err = f.Stat(); err == nil && before == nil {
			digest, _, err = artifact.DigestReader(f)
		}
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("looking at the model again: %w", err)
		}
		written := before != nil && (!os.SameFile(infos[i], before[i]) || !infos[i].ModTime().Equal(before[i].ModTime()) || infos[i].Size() != before[i].Size())
		if digest != m.Digest || written {
			return nil, fmt.Errorf("%w: %s is not what the image was made of any more, so the scorer's answer says nothing about it\nhint: run again when nothing writes the model; the scorer may write to $TMPDIR only", ErrIntegrity, m.ID)
		}
	}
	return infos, nil
}

// shell is sh, as PATH has it.
func (r *rescoring) shell() (string, error) {
	for _, entry := range r.Environ {
		list, is := strings.CutPrefix(entry, "PATH=")
		if !is {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			if !filepath.IsAbs(dir) {
				continue // not from wherever one happens to be
			}
			if path, err := exec.LookPath(filepath.Join(dir, "sh")); err == nil {
				return path, nil
			}
		}
	}
	return "", errors.New("no sh in PATH, which runs predictions.command\nhint: install one, or leave the rescoring out")
}

// tell is for what a statement must not say.
func (r *rescoring) tell(err error) {
	if r.Err != nil {
		fmt.Fprintf(r.Err, "weighlock: predictions.command: %v\n", err)
	}
}

// rescoreTolerance is the parameter rescore_tolerance.
type rescoreTolerance struct {
	Absolute float64 `json:"absolute"`
	Relative float64 `json:"relative"`
	Share    float64 `json:"share"` // of rows that may disagree
}

// asked is how many rows are to be rescored, and how closely. There is no
// tolerance where the policy knows nothing of rescoring.
func (w *Workspace) asked(rules Rules) (evaluate.RescoreRows, *rescoreTolerance, error) {
	q := w.question(rules)
	level := q.level()
	_, values, err := q.values(level)
	if err != nil {
		return 0, nil, err
	}
	asked, known, err := rowsOf(values)
	if err != nil {
		return 0, nil, err
	}
	asked = asked.More(rules.Rescore)
	if _, has := values[toleranceParameter]; !known || !has {
		return asked, nil, nil
	}
	var t rescoreTolerance
	if err := reread(values[toleranceParameter], &t); err != nil {
		return 0, nil, fmt.Errorf("parameter %s: %w", toleranceParameter, err)
	}
	return asked, &t, nil
}

// rowsOf is the parameter rescore; false where the policy has none.
func rowsOf(values map[string]any) (evaluate.RescoreRows, bool, error) {
	v, known := values[rescoreParameter]
	if !known {
		return 0, false, nil
	}
	var r rescoreRows
	if err := reread(v, &r); err != nil {
		return 0, true, fmt.Errorf("parameter %s: %w", rescoreParameter, err)
	}
	return r.Rows, true, nil
}

type rescoreRows struct {
	Rows evaluate.RescoreRows `json:"rows,omitempty"`
}

// withRescoring is the parameters with all that is to be judged of a
// rescoring: every row, where the level asks for one and nobody says how
// many; and no fewer than one that was made was to have, or the rule would not
// see what it found.
func (q *Question) withRescoring(level string, values map[string]any) (map[string]any, error) {
	rows, known, err := rowsOf(values)
	if err != nil || !known {
		return values, err
	}
	if l, err := q.Policy.Level(level); err == nil && rows == 0 && l.Rules[rescoredRule].When == policy.Required {
		rows = evaluate.AllRows
	}
	if e, err := q.current("evaluation"); err == nil && e != nil {
		rows = rows.More(evaluate.Asked(e.Statement.Predicate))
	}
	if rows == 0 {
		return values, nil
	}
	return with(values, rescoreParameter, rescoreRows{rows})
}

// with is the values with another one in the place of one.
func with(values map[string]any, name string, value any) (map[string]any, error) {
	out := map[string]any{}
	for n, v := range values {
		out[n] = v
	}
	var v any
	err := reread(value, &v)
	out[name] = v
	return out, err
}

// moreRows is the stricter of two rescorings: the one of more rows.
func moreRows(is, asked any) (any, error) {
	var a, b rescoreRows
	if err := reread(is, &a); err != nil {
		return nil, err
	}
	if err := reread(asked, &b); err != nil {
		return nil, err
	}
	var out any
	err := reread(rescoreRows{a.Rows.More(b.Rows)}, &out)
	return out, err
}

// closer is the stricter of two tolerances: the lesser of each part.
func closer(is, asked any) (any, error) {
	var a rescoreTolerance
	if err := reread(is, &a); err != nil {
		return nil, err
	}
	b := a
	if err := reread(asked, &b); err != nil {
		return nil, err
	}
	var out any
	err := reread(rescoreTolerance{min(a.Absolute, b.Absolute), min(a.Relative, b.Relative), min(a.Share, b.Share)}, &out)
	return out, err
}
