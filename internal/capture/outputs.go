package capture

import (
	"context"
	"errors"
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
		files, err := tree.Named(r.project.Dir, path.Clean(p.File))
		if err != nil {
			return s, nil //nolint:nilerr // there are none yet: then all of them are new
		}
		for _, f := range files {
			if info, err := os.Stat(f.Abs); err == nil {
				s[f.Path] = info
			}
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

// writtenPredictions are the predictions, where the training command wrote them
// itself, every file of them. Nothing says then that they are this model's.
func (r *run) writtenPredictions(ctx context.Context) ([]lineage.File, error) {
	p := r.project.Predictions
	if p == nil || p.Command != "" {
		return nil, nil
	}
	name := path.Clean(p.File)
	files, err := tree.Named(r.project.Dir, name)
	if errors.As(err, new(tree.NoMatch)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(files, func(f tree.File) bool { return !r.fresh(f) }) {
		return nil, nil
	}
	var written []read
	for _, f := range files {
		f.Role = "predictions"
		file, err := readFile(ctx, f)
		if err != nil {
			return nil, err
		}
		written = append(written, file)
	}
	if !tree.IsPattern(name) {
		return infos(written), nil
	}
	digest, size, err := setOf(name, written)
	return []lineage.File{{Path: name, Digest: digest, Size: size, Role: "predictions"}}, err
}
