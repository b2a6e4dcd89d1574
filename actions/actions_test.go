// Package actions holds Weighlock's GitHub Actions to what their README
// promises, and runs the shell in them and in examples/ci with the real
// program. What a runner does with them is seen by `make actions`.
package actions

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"

	"github.com/weighlock/weighlock/internal/cli"
)

// TestMain puts this very program on the PATH as `weighlock`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weighlock": func() { os.Exit(cli.Main()) }})
}

type action struct {
	Name, Description string
	Inputs            map[string]struct {
		Description string
		Required    bool
		Default     *string
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []step
	}
}

type step struct {
	ID, Name, If, Uses, Run, Shell string
	Env                            map[string]string
	With                           map[string]any
}

type workflow struct {
	Name        string
	On          any
	Permissions map[string]string
	Concurrency map[string]any
	Jobs        map[string]struct {
		Needs       any
		RunsOn      string `yaml:"runs-on"`
		Timeout     int    `yaml:"timeout-minutes"`
		Environment string
		Permissions map[string]string
		Outputs     map[string]string
		Steps       []step
	}
}

// TestActions holds each action to its promises.
func TestActions(t *testing.T) {
	files := glob(t, "*/action.yml")
	if len(files) != 3 {
		t.Fatalf("got %d actions, want setup, gate and publish", len(files))
	}
	for _, file := range files {
		var a action
		read(t, file, &a)
		for _, fault := range a.faults() {
			t.Errorf("%s: %s", file, fault)
		}
	}
}

// TestWorkflows holds the workflows to copy to theirs.
func TestWorkflows(t *testing.T) {
	var tokens []string
	for _, file := range glob(t, "../examples/workflows/*.yml") {
		var w workflow
		read(t, file, &w)
		for _, fault := range w.faults() {
			t.Errorf("%s: %s", file, fault)
		}
		for name, job := range w.Jobs {
			if job.Permissions["id-token"] != "" {
				tokens = append(tokens, filepath.Base(file)+" "+name)
			}
		}
	}
	if diff := cmp.Diff([]string{"release.yml publish"}, tokens); diff != "" {
		t.Errorf("jobs that may ask for an identity token (-want +got):\n%s", diff)
	}
}

// TestFaults shows that the checks find what they are for.
func TestFaults(t *testing.T) {
	cases := []struct {
		name, was, is, want string
	}{
		{"an input within the script", `gate "$IN_TARGET"`, `gate "${{ inputs.target }}"`, "puts ${{ into the script"},
		{"an input that nobody reads", "IN_LEVEL: ${{ inputs.level }}", "IN_LEVEL: start", "input level is passed on by no variable"},
		{"a variable of another name", "IN_LEVEL: ${{ inputs.level }}", "LEVEL: ${{ inputs.level }}", "env LEVEL"},
		{"an action by tag", "run: bash", "uses: actions/checkout@v5\n      run: bash", "actions/checkout@v5 is not pinned"},
		{"an optional input without default", "default: .", "required: false", "input target is neither required nor has a default"},
		{"a shell left open", "shell: bash", "shell: sh", `shell is "sh"`},
		{"an output of another step", "steps.judge.outputs.verdict", "steps.other.outputs.verdict", "output verdict"},
	}
	text, err := os.ReadFile("gate/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(string(text), c.was) {
				t.Fatalf("gate/action.yml does not hold %q", c.was)
			}
			var a action
			decode(t, []byte(strings.Replace(string(text), c.was, c.is, 1)), &a)
			got := strings.Join(a.faults(), "\n")
			if !strings.Contains(got, c.want) {
				t.Errorf("got faults %q; want one with %q", got, c.want)
			}
		})
	}
}

var (
	pinned    = regexp.MustCompile(`^[\w.-]+/[\w.-]+(/[\w./-]+)?@[0-9a-f]{40}$`)
	ours      = regexp.MustCompile(`^weighlock/weighlock/actions/(setup|gate|publish)@main$`)
	piped     = regexp.MustCompile(`(curl|wget)[^\n]*\|`)
	wholeEnv  = regexp.MustCompile(`^\$\{\{ inputs\.([a-z0-9-]+) \}\}$`)
	stepValue = regexp.MustCompile(`^\$\{\{ steps\.([a-z]+)\.outputs\.([a-z0-9-]+) \}\}$`)
)

func (a *action) faults() (list []string) {
	say := func(format string, v ...any) { list = append(list, fmt.Sprintf(format, v...)) }
	if a.Name == "" || a.Description == "" || a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		say("it is no composite action with a name and a description")
	}
	passed, ids := map[string]bool{}, map[string]bool{}
	for _, s := range a.Runs.Steps {
		list = append(list, s.faults()...)
		ids[s.ID] = true
		if s.Run != "" && s.Shell != "bash" {
			say("shell is %q", s.Shell)
		}
		for name, value := range s.Env {
			m := wholeEnv.FindStringSubmatch(value)
			if m == nil {
				continue
			}
			if want := "IN_" + strings.ToUpper(strings.ReplaceAll(m[1], "-", "_")); name != want {
				say("env %s carries input %s, want %s", name, m[1], want)
			}
			passed[m[1]] = true
		}
	}
	for name, in := range a.Inputs {
		if in.Description == "" {
			say("input %s is not described", name)
		}
		if !in.Required && in.Default == nil {
			say("input %s is neither required nor has a default", name)
		}
		if !passed[name] {
			say("input %s is passed on by no variable", name)
		}
	}
	for name, out := range a.Outputs {
		m := stepValue.FindStringSubmatch(out.Value)
		if out.Description == "" || m == nil || !ids[m[1]] || m[2] != name {
			say("output %s is %q, described as %q", name, out.Value, out.Description)
		}
	}
	slices.Sort(list)
	return list
}

func (s *step) faults() (list []string) {
	if strings.Contains(s.Run, "${{") {
		list = append(list, fmt.Sprintf("step %q puts ${{ into the script; pass it by env", s.ID+s.Name))
	}
	if piped.MatchString(s.Run) {
		list = append(list, fmt.Sprintf("step %q pipes a download", s.ID+s.Name))
	}
	if s.Uses != "" && !pinned.MatchString(s.Uses) && !ours.MatchString(s.Uses) {
		list = append(list, fmt.Sprintf("%s is not pinned to a commit", s.Uses))
	}
	return list
}

func (w *workflow) faults() (list []string) {
	if w.Permissions == nil || len(w.Permissions) != 0 {
		list = append(list, "permissions at the top are not {}")
	}
	for name, job := range w.Jobs {
		if job.Timeout == 0 || len(job.Permissions) == 0 {
			list = append(list, fmt.Sprintf("job %s has no time limit, or no permissions of its own", name))
		}
		for _, s := range job.Steps {
			list = append(list, s.faults()...)
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
				list = append(list, fmt.Sprintf("job %s leaves the token in the checkout", name))
			}
			for key := range s.With {
				if m := ours.FindStringSubmatch(s.Uses); m != nil && !hasInput(m[1], key) {
					list = append(list, fmt.Sprintf("%s has no input %s", s.Uses, key))
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

func hasInput(name, input string) bool {
	text, err := os.ReadFile(name + "/action.yml")
	if err != nil {
		return false
	}
	var a action
	if yaml.Unmarshal(text, &a) != nil {
		return false
	}
	_, ok := a.Inputs[input]
	return ok
}

// TestOutputsAreWritten finds an output that is declared and never set, or set
// and not declared, and the README's tables that leave one out.
func TestOutputsAreWritten(t *testing.T) {
	readme := text(t, "README.md")
	for _, name := range []string{"setup", "gate", "publish"} {
		var a action
		read(t, name+"/action.yml", &a)
		script := "judge.sh"
		if name == "setup" {
			script = "setup/setup.sh"
		}
		var set, declared []string
		for _, m := range regexp.MustCompile(`\boutput ([a-z-]+) "`).FindAllStringSubmatch(text(t, script), -1) {
			if m[1] != "image" || name == "publish" {
				set = append(set, m[1])
			}
		}
		for out := range a.Outputs {
			declared = append(declared, out)
		}
		slices.Sort(set)
		slices.Sort(declared)
		if diff := cmp.Diff(set, declared); diff != "" {
			t.Errorf("%s: outputs (-set +declared):\n%s", name, diff)
		}
		_, section, ok := strings.Cut(readme, "\n## "+name+"\n")
		if !ok {
			t.Fatalf("README.md has no section %s", name)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for in := range a.Inputs {
			declared = append(declared, in)
		}
		for _, word := range declared {
			if !strings.Contains(section, "`"+word+"`") {
				t.Errorf("README.md, section %s, does not name `%s`", name, word)
			}
		}
	}
}

// TestReadme parses the workflows that the README shows, and holds their steps
// to the same promises.
func TestReadme(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text(t, "README.md"), -1)
	if len(blocks) == 0 {
		t.Fatal("README.md shows no example")
	}
	for _, b := range blocks {
		var steps []step
		decode(t, []byte(b[1]), &steps)
		for _, s := range steps {
			for _, fault := range s.faults() {
				t.Errorf("README.md: %s\n%s", fault, b[1])
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	return files
}

func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	decode(t, []byte(text(t, file)), v)
}

// decode refuses duplicate keys, as yaml.v3 does, and documents after the
// first.
func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(new(any)); err != io.EOF {
		t.Fatalf("a second document: %v", err)
	}
}
