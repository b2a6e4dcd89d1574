package prepush

import (
	"cmp"
	"fmt"
	"strings"
)

// Form is a way to have the hook run.
type Form struct {
	Name  string
	Title string
	Text  string
}

// forms are all ways, in the order in which they are shown.
var forms = []Form{
	{"git", "git alone: `weighlock hook install` writes this as .git/hooks/pre-push", string(Script(0))},
	{"existing", "beside what an existing pre-push hook does: put this at its beginning, and read \"$refs\" where it reads standard input", `refs=$(cat)
printf '%s\n' "$refs" | weighlock hook run pre-push "$@" || exit
`},
	{"pre-commit", "the pre-commit framework: add this to .pre-commit-config.yaml, then `pre-commit install --hook-type pre-push` (of several refs in one push it hands over the first only; after `weighlock hook install` it keeps that hook beside its own, which sees them all)", `repos:
  - repo: local
    hooks:
      - id: weighlock-pre-push
        name: judge the models that this push changes
        language: system
        entry: weighlock hook run pre-push
        stages: [pre-push] # [push] before pre-commit 3.2
        always_run: true
        pass_filenames: false
        require_serial: true
        verbose: true
`},
	{"lefthook", "lefthook: add this to lefthook.yml, then `lefthook install` (use_stdin goes to one command only)", `pre-push:
  commands:
    weighlock:
      run: weighlock hook run pre-push {0}
      use_stdin: true
`},
	{"husky", "husky: make this .husky/pre-push, beside what `npx husky` makes", `weighlock hook run pre-push "$@"
`},
}

// FormNames lists the forms.
func FormNames() []string {
	var names []string
	for _, f := range forms {
		names = append(names, f.Name)
	}
	return names
}

// Forms are the forms of some names, or all.
func Forms(names ...string) ([]Form, error) {
	if len(names) == 0 {
		return append([]Form(nil), forms...), nil
	}
	var list []Form
next:
	for _, name := range names {
		for _, f := range forms {
			if f.Name == name {
				list = append(list, f)
				continue next
			}
		}
		return nil, fmt.Errorf("there is no hook form %q\nhint: one of %s", name, strings.Join(FormNames(), ", "))
	}
	return list, nil
}

// Framework is what the pre-commit framework tells a hook, in variables in
// place of git's lines, which it reads itself. ok is false where it does not
// run the hook. The range that it names is one ref's.
func Framework(getenv func(string) string) (u Update, remote string, ok bool) {
	if getenv("PRE_COMMIT") == "" {
		return u, "", false
	}
	u = Update{LocalRef: getenv("PRE_COMMIT_LOCAL_BRANCH"), Ref: getenv("PRE_COMMIT_REMOTE_BRANCH"), Local: getenv("PRE_COMMIT_TO_REF"), Remote: getenv("PRE_COMMIT_FROM_REF")}
	u.Local = cmp.Or(u.Local, u.LocalRef, "HEAD") // a history of its own has no range
	return u, getenv("PRE_COMMIT_REMOTE_NAME"), true
}
