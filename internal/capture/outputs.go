package capture

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"

	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/tree"
)

// snapshot is how the model's files, and the predictions, looked before the command ran, by path.
type snapshot map[string]os.FileInfo

func (r *run) snapshot() (snapshot, error) {
	s := snapshot{}
	for _, p := range r.project.Files {
		files, err := tree.List(r.project.Dir, []string{p})
		if err != nil {
			continue // there is no model yet, or none that can be listed: then all of it is new
		}
		for _, f := range files {
			if s[f.Path], err = os.Stat(f.Abs); err != nil {
				return nil, err
			}
		}
	}
	if p := r.project.Predictions; p != nil {
		if info, err := os.Stat(r.project.Abs(p.File)); err == nil {
			s[path.Clean(p.File)] = info
		}
	}
	return s, nil
}

// readModel digests the model's files. Each path that the project names must
// hold something that the command wrote, even if the bytes are those of
// before; else an old model would be given a new lineage.
func (r *run) readModel(ctx context.Context) ([]read, error) {
	for _, p := range r.project.Files {
		files, err := tree.List(r.project.Dir, []string{p})
		if err != nil {
			return nil, fmt.Errorf("%w: %w\nhint: the project file names %s as the model; let the command write it", ErrOutput, err, p)
		}
		if !slices.ContainsFunc(files, r.fresh) {
			return nil, fmt.Errorf("%w: the command did not write %s, which is older than the run\nhint: let the command write the model, or name the right file in the project file", ErrOutput, path.Clean(p))
		}
	}
	return readTree(ctx, r.project.Dir, r.project.Files...)
}

// fresh says whether a file was written since the snapshot.
func (r *run) fresh(f tree.File) bool {
	was, existed := r.before[f.Path]
	is, err := os.Stat(f.Abs)
	return err == nil && (!existed || !same(was, is))
}

// readOutputs digests what run.outputs names, and the predictions where the
// command wrote them; files of the model are there already.
func (r *run) readOutputs(ctx context.Context, model []read) ([]lineage.File, error) {
	paths, err := expand(r.project.Dir, r.project.Run.Outputs)
	if err != nil {
		return nil, fmt.Errorf("%w: run.outputs: %w", ErrOutput, err)
	}
	all, err := r.writtenPredictions(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		files, err := readTree(ctx, r.project.Dir, p)
		if err != nil {
			return nil, fmt.Errorf("%w: run.outputs: %w", ErrOutput, err)
		}
		for _, f := range files {
			known := func(other lineage.File) bool { return other.Path == f.Path }
			if slices.ContainsFunc(all, known) || slices.ContainsFunc(infos(model), known) {
				continue
			}
			f.Role = "output"
			all = append(all, f.File)
		}
	}
	return all, nil
}

// writtenPredictions is the predictions file, where the training command wrote
// one itself. Nothing says then that they are this model's.
func (r *run) writtenPredictions(ctx context.Context) ([]lineage.File, error) {
	p := r.project.Predictions
	if p == nil || p.Command != "" {
		return nil, nil
	}
	f := tree.File{Path: path.Clean(p.File), Abs: r.project.Abs(p.File), Role: "predictions"}
	if !r.fresh(f) {
		return nil, nil
	}
	file, err := readFile(ctx, f)
	return []lineage.File{file.File}, err
}
