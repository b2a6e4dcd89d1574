package capture

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/tree"
)

// input is one declared input, with the files that it was digested from.
type input struct {
	lineage.Input
	files []read
}

// readInputs digests the data sets, the parameter file, and what run.inputs
// names. What the command is to write is no input: a glob passes over it, and
// a folder that holds it is refused.
func (r *run) readInputs(ctx context.Context) ([]input, error) {
	named := map[string]bool{}
	var all []input
	add := func(name, p string) error {
		if name == "" && named[p] {
			return nil
		}
		named[p] = true
		in, err := r.readInput(ctx, name, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		all = append(all, in)
		return nil
	}
	if t := r.project.Data.Train; t != nil {
		if err := add("train", path.Clean(t.File)); err != nil {
			return nil, err
		}
	}
	if err := add("test", path.Clean(r.project.Data.Test.File)); err != nil {
		return nil, err
	}
	further := r.project.Run.Inputs
	if r.project.Run.Parameters != "" {
		further = append([]string{r.project.Run.Parameters}, further...)
	}
	paths, err := expand(r.project.Dir, further)
	if err != nil {
		return nil, fmt.Errorf("run.inputs: %w", err)
	}
	for _, p := range paths {
		written, err := r.written(p)
		if err != nil {
			return nil, err
		}
		if written {
			continue
		}
		if err := add("", p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// written says whether an input is something that the command writes.
func (r *run) written(p string) (bool, error) {
	for _, out := range r.outputPaths() {
		switch {
		case p == out || strings.HasPrefix(p, out+"/"), tree.Matches(r.predictions(), p):
			return true, nil
		case p == "." || strings.HasPrefix(out, p+"/"):
			return false, fmt.Errorf("run.inputs: %s holds %s, which the command writes\nhint: name what it reads, one by one", p, out)
		}
	}
	return false, nil
}

// predictions are what the project file names so; empty where it names none.
func (r *run) predictions() string {
	if p := r.project.Predictions; p != nil {
		return path.Clean(p.File)
	}
	return ""
}

// outputPaths are the declared paths that a run writes.
func (r *run) outputPaths() []string {
	var paths []string
	for _, f := range r.project.Files {
		paths = append(paths, path.Clean(f))
	}
	if p := r.project.Predictions; p != nil {
		paths = append(paths, path.Clean(p.File))
	}
	for _, f := range r.project.Run.Outputs {
		if !strings.ContainsAny(f, "*?[") {
			paths = append(paths, path.Clean(f))
		}
	}
	return paths
}

func (r *run) readInput(ctx context.Context, name, p string) (input, error) {
	if (name == "train" || name == "test") && tree.IsPattern(p) {
		return r.readSet(ctx, name, p)
	}
	info, err := os.Stat(r.project.Abs(p))
	if err != nil {
		return input{}, err
	}
	files, err := readTree(ctx, r.project.Dir, p)
	if err != nil {
		return input{}, err
	}
	in := input{Input: lineage.Input{Name: name, Path: p}, files: files}
	if name == "" {
		in.Name = nameOf(p, info.IsDir())
	}
	if !info.IsDir() {
		in.Digest, in.Size = files[0].Digest, files[0].Size
		return in, nil
	}
	return in, in.sum()
}

// readSet digests a data set of several files.
func (r *run) readSet(ctx context.Context, name, pattern string) (input, error) {
	files, err := tree.Match(r.project.Dir, pattern)
	if err != nil {
		return input{}, err
	}
	in := input{Input: lineage.Input{Name: name, Path: pattern}}
	for _, f := range files {
		file, err := readFile(ctx, f)
		if err != nil {
			return input{}, err
		}
		in.files = append(in.files, file)
	}
	count := len(files)
	in.Files = &count
	in.Digest, in.Size, err = setOf(pattern, in.files)
	return in, err
}

// setOf is the digest and size of the files that a pattern matches.
func setOf(pattern string, files []read) (digest string, size int64, err error) {
	var members []lineage.File
	for _, f := range files {
		size += f.Size
		f.Path = tree.Within(pattern, f.Path)
		members = append(members, f.File)
	}
	digest, err = lineage.SetDigest(members)
	return digest, size, err
}

// nameOf is the name of an input that is no data set: its path, and never the
// name of a data set.
func nameOf(p string, folder bool) string {
	switch {
	case folder:
		return p + "/"
	case p == "train" || p == "test":
		return "./" + p
	}
	return p
}

// sum makes a folder's digest and size out of its files'.
func (in *input) sum() error {
	count := len(in.files)
	in.Files = &count
	var inside []lineage.File
	for _, f := range in.files {
		in.Size += f.Size
		f.Path = strings.TrimPrefix(f.Path, in.Path+"/")
		inside = append(inside, f.File)
	}
	var err error
	in.Digest, err = lineage.FolderDigest(inside)
	return err
}

func (r *run) inputNamed(name string) *input {
	for i := range r.inputs {
		if r.inputs[i].Name == name {
			return &r.inputs[i]
		}
	}
	return nil
}

// inputsUnchanged refuses a run whose inputs are not what they were. Only
// what was touched is read again.
func (r *run) inputsUnchanged(ctx context.Context) error {
	for _, in := range r.inputs {
		if in.untouched(r.project.Dir) {
			continue
		}
		now, err := r.readInput(ctx, in.Name, in.Path)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w\nhint: let the command leave its inputs as they are, and run it again", ErrChanged, in.Path, err)
		}
		if now.Digest != in.Digest {
			return fmt.Errorf("%w: %s was %s and is %s\nhint: let the command write elsewhere, and run it again", ErrChanged, in.Path, in.Digest, now.Digest)
		}
	}
	return nil
}

// untouched says whether an input has the same files, none written to.
func (in *input) untouched(dir string) bool {
	for _, f := range in.files {
		if !f.untouched() {
			return false
		}
	}
	if in.Files == nil {
		return true
	}
	if tree.IsPattern(in.Path) && (in.Name == "train" || in.Name == "test") {
		files, err := tree.Match(dir, in.Path)
		return err == nil && slices.EqualFunc(files, in.files, func(f tree.File, was read) bool { return f.Path == was.Path })
	}
	files, err := tree.List(dir, []string{in.Path})
	return err == nil && len(files) == len(in.files)
}
