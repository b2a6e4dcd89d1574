// Package evidence reads what other tools wrote about a training run: MLflow's
// file store and SQLite file, and DVC's lock file. What it returns is claimed,
// never more: nobody watched the run, and the trackers' digests of data are
// short or weak, so they stand beside the lineage and not in it. Bytes that lie
// here are hashed; a digest is never invented, and what nobody said is named as
// missing. A format that it does not know is an error, not a guess. Signing,
// judging and writing the result are left to others.
package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrUnfit is in the chain of every refusal of what was handed in: a run that
// is not there, did not finish, or is written in an unknown form.
var ErrUnfit = errors.New("cannot be imported")

// unfit refuses, in the words that follow.
func unfit(format string, v ...any) error {
	return &refusal{fmt.Errorf(format, v...)}
}

// refusal is an error whose text says all; that it is one of ours is asked with errors.Is.
type refusal struct{ error }

func (r *refusal) Unwrap() []error { return []error{ErrUnfit, r.error} }

// Options say what is imported.
type Options struct {
	Root  string // the project's folder, absolute
	From  string // the tracker's file or folder, as a path that can be opened
	Run   string // which run or stage of several; empty where there is only one
	Model string // the model's file, relative to Root; empty: what the tracker says

	Predictions string // the same of the predictions
}

// importer is one tool's format.
type importer struct {
	name string // as it is said to people
	// is says whether a path is in this format; the error is that of reading it.
	is func(path string, info fs.FileInfo) (bool, error)
	// read imports it.
	read func(ctx context.Context, o Options) (*Claim, error)
}

// importers are all formats that can be imported. The conformance suite wants
// a fixture for each.
var importers = []importer{
	{"mlflow-files", isMLflowRun, readMLflowRun},
	{"mlflow-sqlite", isSQLite, readMLflowDB},
	{"dvc", isDVC, readDVC},
}

// Import reads a run, in whichever of the known formats it is.
func Import(ctx context.Context, o Options) (*Claim, error) {
	info, err := os.Stat(o.From)
	if err != nil {
		return nil, unfit("%w", err)
	}
	for _, i := range importers {
		ok, err := i.is(o.From, info)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		c, err := i.read(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.From, err)
		}
		c.Importer = i.name
		return c, c.finish(o)
	}
	return nil, unfit("%s is neither an MLflow run's folder or store, nor MLflow's SQLite file, nor a DVC repository with a dvc.lock"+
		"\nhint: name mlruns or mlflow.db, with --run NAME where there are several runs, or the folder that dvc.lock is in", o.From)
}

// maxText bounds a file that is read whole, in bytes.
const maxText = 16 << 20

// readText reads a small file whole. Only regular files are opened.
func readText(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, unfit("%s is not a file", name)
	}
	if info.Size() > maxText {
		return nil, unfit("%s has %d bytes, more than the %d that are read", name, info.Size(), maxText)
	}
	return os.ReadFile(name)
}

// readOptional is readText, and nothing where there is no such file.
func readOptional(name string) ([]byte, bool, error) {
	text, err := readText(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return text, err == nil, err
}

// within is a path relative to root with forward slashes; false where it lies
// outside.
func within(root, name string) (string, bool) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// filesBelow are the regular files of a folder in order of names, a hundred
// thousand at most; a folder that is not there has none. Links are not followed.
func filesBelow(dir string) ([]string, error) {
	const most = 100_000
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() {
			if out = append(out, p); len(out) > most {
				return unfit("%s holds more than %d files", dir, most)
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	slices.Sort(out)
	return out, err
}
