package starter

import (
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

var (
	//go:embed ci/github.yml
	github string
	//go:embed ci/gitlab.yml
	gitlab string
)

// workflow is one CI system's file.
type workflow struct {
	name string // as --ci says it
	path string // in the repository
	text string
	todo string // what a person has to do before it runs
}

const checkedOut = "the model and the predictions must be in the checkout: commit them, with Git LFS or without, or fetch them in a step of it"

var workflows = []workflow{
	{"github", ".github/workflows/weighlock.yml", github,
		"put the commit of weighlock that you have read in place of main, twice; " + checkedOut},
	{"gitlab", ".gitlab-ci.yml", gitlab,
		"set the CI/CD variable WEIGHLOCK_IMAGE to an image with weighlock in it, which the file's head says how to build; " + checkedOut},
}

// Todo is what a person has to do before a workflow can run.
func Todo(name string) string {
	for _, w := range workflows {
		if w.name == name {
			return w.todo
		}
	}
	return ""
}

// KnownCI refuses a CI system that there is no workflow for; empty is none.
func KnownCI(name string) error {
	if name == "" || slices.ContainsFunc(workflows, func(w workflow) bool { return w.name == name }) {
		return nil
	}
	return fmt.Errorf("ci %q is unknown; it may be github or gitlab", name)
}

// Workflow is the file that judges a model with every change of it, and its
// path in the repository. The target is the model's folder, relative to the
// repository with forward slashes.
func Workflow(name, target string) (file string, text []byte, err error) {
	for _, w := range workflows {
		if w.name != name {
			continue
		}
		if strings.Count(w.text, "target: .\n") != 1 {
			return "", nil, fmt.Errorf("the workflow for %s names no target", name)
		}
		if target = path.Clean(target); target == "." {
			return w.path, []byte(w.text), nil
		}
		return w.path, []byte(strings.Replace(w.text, "target: .\n", "target: "+quote(target)+"\n", 1)), nil
	}
	return "", nil, KnownCI(name)
}
