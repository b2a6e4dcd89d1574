package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weighlock/weighlock/internal/starter"
)

// workflowFile is where a workflow goes, and its text.
func workflowFile(ci string) (name string, text []byte, err error) {
	here, err := os.Getwd()
	if err != nil {
		return "", nil, err
	}
	root := repositoryRoot(here)
	target, err := filepath.Rel(root, here)
	if err != nil {
		return "", nil, err
	}
	file, text, err := starter.Workflow(ci, filepath.ToSlash(target))
	if err != nil {
		return "", nil, err
	}
	name, err = filepath.Rel(here, filepath.Join(root, filepath.FromSlash(file)))
	return name, text, err
}

// repositoryRoot is the folder at or above dir that Git keeps; where there is
// none, dir.
func repositoryRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// freeForWorkflow refuses a file that somebody has written already.
func freeForWorkflow(ci string) error {
	name, _, err := workflowFile(ci)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s is there already, and nothing was changed\nhint: add the gate to it by hand, or move it away first", name)
	}
	return nil
}

// writeWorkflow writes the workflow, and says where and what is left to do.
func (a *app) writeWorkflow(ci string) (name string, err error) {
	if err := freeForWorkflow(ci); err != nil {
		return "", err
	}
	name, text, err := workflowFile(ci)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return "", err
	}
	if err := writeNew(name, text, 0o644); err != nil {
		return "", err
	}
	fmt.Fprintf(a.env.Out, "wrote %s\n", name)
	fmt.Fprintf(a.env.Err, "before %s runs: %s\n", name, starter.Todo(ci))
	return name, nil
}
