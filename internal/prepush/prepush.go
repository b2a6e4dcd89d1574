// Package prepush judges, before a push, the models that the push changes. It
// reads what git tells a pre-push hook, asks git which models' files differ
// from what the remote has, and gates those folders: offline, within the
// caller's deadline, and only where an allowed verdict is not kept from
// before on the very same files.
//
// A model is judged as it lies in the work tree, since that is where its
// weights, data and predictions are, which git often does not hold. Where the
// work tree is not what is pushed, the result says so; a verdict is then
// about the work tree alone. It writes nothing but its cache in the git
// folder. Hooks are advice, which --no-verify passes by; CI is the gate.
package prepush

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Reasons why there is no verdict.
var (
	// ErrDeadline: it took too long.
	ErrDeadline = errors.New("no verdict before the deadline")
	// ErrAbsent: what is pushed is not in the work tree.
	ErrAbsent = errors.New("not in the work tree")
)

// Deps are the world's side of a run.
type Deps struct {
	Rules   func() (gate.Rules, error) // by which models are judged; asked for once, and only if one is
	Getenv  func(string) string
	Environ []string // git's
	Key     Key      // of the cache; one that is not all known keeps nothing
	Workers int      // models judged at once; 0: one
}

// Options say what is pushed.
type Options struct {
	Dir     string // anywhere in the repository
	Remote  string // its name, or its address where it has none
	Updates []Update
}

// Model is one model that a push changes, and what came of it: a Report, or
// an allowed verdict Kept from before, or Err.
type Model struct {
	Dir    string // in the repository, with forward slashes
	Path   string // absolute, in the work tree
	File   string // the project file, in the repository; empty where the work tree has none
	Report *verdict.Report
	Kept   *Kept
	Err    error
	// Observe: the model is in mode observe, in which a refusal is only shown.
	Observe bool
	// Differ are files that the verdict rests on and that are others in the
	// pushed commit; Unpushed are such that it does not hold. Both are paths
	// in the repository.
	Differ, Unpushed []string
	// Beyond explains undecided checks whose evidence cannot be had here.
	Beyond []string
	// Unkept is why an allowed verdict could not be put into the cache.
	Unkept error
}

// Run judges the models that a push changes, in order of their folders. Where
// ctx's deadline passes, models without a verdict have ErrDeadline; before
// they are even known, that is the error.
func Run(ctx context.Context, d Deps, o Options) ([]Model, error) {
	models, err := run(ctx, d, o)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fmt.Errorf("%w: git had not yet said what the push changes", ErrDeadline)
	}
	return models, err
}

func run(ctx context.Context, d Deps, o Options) ([]Model, error) {
	if !slices.ContainsFunc(o.Updates, func(u Update) bool { return !u.Deletes() }) {
		return nil, nil
	}
	r, err := OpenRepository(ctx, o.Dir, d.Environ)
	if err != nil {
		return nil, err
	}
	folders, err := r.changed(ctx, o.Remote, o.Updates)
	if err != nil || len(folders) == 0 {
		return nil, err
	}
	contrasts := map[string]*contrast{}
	if r.Top != "" {
		if contrasts, err = r.contrasts(ctx, folders); err != nil {
			return nil, fmt.Errorf("comparing the work tree with what is pushed: %w", err)
		}
	}
	j := &judge{Deps: d, repo: r, cache: openCache(r.GitDir), contrasts: contrasts}
	j.Rules = sync.OnceValues(d.Rules)
	models := j.all(ctx, folders)
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	return models, nil
}

// all judges every folder: those with a kept verdict first, since they take
// no time, then the others, several at once.
func (j *judge) all(ctx context.Context, folders []folder) []Model {
	models := make([]Model, len(folders))
	var left []int
	for i, f := range folders {
		models[i] = Model{Dir: f.dir, Path: filepath.Join(j.repo.Top, filepath.FromSlash(f.dir))}
		models[i].File = j.repo.projectFile(f.dir)
		switch {
		case models[i].File == "":
			models[i].Err = ErrAbsent
			models[i].Observe = j.observesPushed(ctx, f)
		case !j.kept(&models[i], f):
			left = append(left, i)
		}
	}
	type done struct {
		i int
		m Model
	}
	begun := slices.Clone(models) // workers that are not waited for may still read it
	work, results := make(chan int, len(left)), make(chan done, len(left))
	for _, i := range left {
		work <- i
	}
	close(work)
	for range max(1, j.Workers) {
		go func() {
			for i := range work {
				if ctx.Err() == nil {
					results <- done{i, j.judge(ctx, begun[i], folders[i])}
				}
			}
		}()
	}
	// A model in the middle of a large file is not waited for: the process
	// ends soon, and nothing was written.
	pending := map[int]bool{}
	for _, i := range left {
		pending[i] = true
	}
	late := map[int]Model{}
	for len(pending) > 0 {
		select {
		case r := <-results:
			late[r.i] = r.m
			delete(pending, r.i)
		case <-ctx.Done():
			for i := range pending {
				m := models[i]
				m.Err, m.Observe = ErrDeadline, j.observes(m.Path)
				late[i] = m
			}
			clear(pending)
		}
	}
	for i, m := range late {
		models[i] = m
	}
	return models
}

// Blocks says whether a model stops the push.
func (m *Model) Blocks() bool {
	switch {
	case m.Kept != nil:
		return false
	case m.Report != nil:
		return m.Report.ExitCode() != verdict.ExitOK
	case errors.Is(m.Err, ErrDeadline) || errors.Is(m.Err, ErrAbsent):
		return !m.Observe
	}
	return true
}

// Name is the model's name where it is known, else its folder.
func (m *Model) Name() string {
	switch {
	case m.Kept != nil:
		return m.Kept.Name
	case m.Report != nil:
		return m.Report.Model.Name
	case m.Dir == ".":
		return filepath.Base(m.Path)
	}
	return m.Dir[strings.LastIndexByte(m.Dir, '/')+1:]
}
