package evidence

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// candidate is one of the runs that a store holds.
type candidate struct {
	id, name         string
	active, finished bool
	ended            int64
	folder           string // in a file store
}

func (c candidate) String() string {
	if c.name == "" {
		return c.id
	}
	return c.name + " (" + c.id + ")"
}

// choose is the run that was asked for, by its id or by the name that MLflow
// gave it; where none was, the only one that can be meant.
func choose(asked string, runs []candidate) (candidate, error) {
	slices.SortFunc(runs, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.ended, a.ended), strings.Compare(a.id, b.id))
	})
	var named, finished []candidate
	for _, r := range runs {
		if asked != "" && r.id == asked {
			return r, nil
		}
		if r.active && r.name == asked {
			named = append(named, r)
		}
		if r.active && r.finished {
			finished = append(finished, r)
		}
	}
	switch {
	case asked != "" && len(named) == 1:
		return named[0], nil
	case asked != "" && len(named) > 1:
		return candidate{}, unfit("%d runs are named %s\nhint: say which by its id: --run %s", len(named), asked, strings.Join(ids(named), ", or --run "))
	case asked != "" && len(finished) > 0:
		return candidate{}, unfit("there is no run %s\nhint: the latest are %s", asked, latest(finished))
	case asked != "":
		return candidate{}, unfit("there is no run %s, nor any other that has finished", asked)
	case len(finished) == 0:
		return candidate{}, unfit("it holds no run that has finished")
	case len(finished) > 1:
		return candidate{}, unfit("it holds several runs\nhint: say which with --run; the latest are %s", latest(finished))
	}
	return finished[0], nil
}

func ids(runs []candidate) []string {
	var out []string
	for _, r := range runs {
		out = append(out, r.id)
	}
	return out
}

func latest(runs []candidate) string {
	var out []string
	for _, r := range runs[:min(5, len(runs))] {
		out = append(out, r.String())
	}
	return strings.Join(out, ", ")
}

// runsBelow are the runs of a file store: of mlruns, whose folders are
// experiments, or of one experiment, whose folders are runs.
func runsBelow(dir string) ([]candidate, error) {
	var out []candidate
	for _, pattern := range []string{"*", filepath.Join("*", "*")} {
		metas, err := fs.Glob(os.DirFS(dir), filepath.ToSlash(filepath.Join(pattern, "meta.yaml")))
		if err != nil {
			return nil, err
		}
		for _, name := range metas {
			folder := filepath.Join(dir, filepath.FromSlash(filepath.Dir(name)))
			r, ok, err := runIn(folder)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// runIn is the run whose folder it is; a meta.yaml of something else, such as
// an experiment's or a recipe's of conda, is none.
func runIn(folder string) (candidate, bool, error) {
	text, err := readText(filepath.Join(folder, "meta.yaml"))
	if errors.Is(err, ErrUnfit) || errors.Is(err, fs.ErrNotExist) {
		return candidate{}, false, nil
	}
	if err != nil {
		return candidate{}, false, err
	}
	m, broken := parseMeta(text)
	if broken != nil || m.id() == "" {
		return candidate{}, false, nil //nolint:nilerr // what is no meta.yaml of MLflow is no run
	}
	state, err := m.state()
	r := candidate{
		id: m.id(), name: m.Name, folder: folder,
		active: m.Stage == "" || m.Stage == "active", finished: err == nil && state == "FINISHED",
	}
	if m.End != nil {
		r.ended = *m.End
	}
	if tag, ok, err := readOptional(filepath.Join(folder, "tags", "mlflow.runName")); err == nil && ok {
		r.name = strings.TrimSuffix(string(tag), "\n")
	}
	return r, true, nil
}
