package actions

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// snippet is the shell that a CI system would run, taken out of the file that
// people copy.
type snippet struct {
	program []string
	text    string
	env     map[string]string
}

// TestOtherCI runs the shell of each file in examples/ci with the real program.
func TestOtherCI(t *testing.T) {
	snippets := map[string]snippet{"gitlab": gitlab(t), "jenkins": jenkins(t), "tekton": tekton(t)}
	for name, s := range snippets {
		t.Run(name, func(t *testing.T) {
			cases := []struct {
				name   string
				change func(name, text string) string
				status int
				want   string
			}{
				{"a good model", func(_, text string) string { return text }, 0, "ALLOWED  small"},
				{"a model that misses a limit", strict, 3, "recall{region=north}"},
				{"too few rows", undecidable, 4, "UNDECIDED  small"},
				{"a project file that is none", func(name, text string) string { return strings.Replace(text, "task: binary", "task: [", 1) }, 2, "weighlock.yaml:"},
			}
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					r := newRunner(t)
					r.model("a model", c.change)
					check(t, s.run(r, nil), c.status, c.want)
					reported := c.status != 2
					if _, err := os.Stat(r.at("work/weighlock-reports/junit.xml")); (err == nil) != reported {
						t.Errorf("got JUnit %v; want it %v", err, reported)
					}
					if name == "tekton" {
						want := map[int]string{0: "allow", 2: "", 3: "deny", 4: "undecided"}[c.status]
						if got := r.read("verdict"); got != want {
							t.Errorf("got result VERDICT %q; want %q", got, want)
						}
					}
				})
			}
			t.Run("no weighlock", func(t *testing.T) {
				r := newRunner(t)
				r.bare()
				r.model("a model")
				check(t, s.run(r, nil), 127, "weighlock: ")
			})
		})
	}
	t.Run("tekton, not strict", func(t *testing.T) {
		r := newRunner(t)
		r.model("a model", strict)
		check(t, snippets["tekton"].run(r, map[string]string{"STRICT": "false"}), 0, "DENIED")
		if got := r.read("verdict"); got != "deny" {
			t.Errorf("got result VERDICT %q; want deny", got)
		}
		check(t, snippets["tekton"].run(r, map[string]string{"STRICT": "no"}), 2, "STRICT is true or false")
		check(t, snippets["tekton"].run(r, map[string]string{"STRICT": "false", "TARGET": "nowhere"}), 2, "no verdict")
	})
	t.Run("gitlab, a level", func(t *testing.T) {
		r := newRunner(t)
		r.model("a model")
		check(t, snippets["gitlab"].run(r, map[string]string{"LEVEL": "release"}), 1, "at level release", "no spec.baseline")
	})
}

// run puts the example's model where the snippet looks for it.
func (s snippet) run(r *runner, env map[string]string) ran {
	r.t.Helper()
	all := map[string]string{"TARGET": "a model", "VERDICT": r.at("verdict"), "DIGEST": r.at("digest")}
	for _, more := range []map[string]string{s.env, env} {
		for k, v := range more {
			all[k] = v
		}
	}
	file := filepath.Join(r.dir, "snippet.sh")
	if err := os.WriteFile(file, []byte(s.text), 0o755); err != nil {
		r.t.Fatal(err)
	}
	return r.shell(s.program[0], all, append(s.program[1:], file)...)
}

func gitlab(t *testing.T) snippet {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text(t, "../examples/ci/gitlab/templates/gate.yml")))
	var spec struct {
		Spec struct {
			Inputs map[string]struct {
				Description, Default, Regex string
				Options                     []string
			}
		}
	}
	var jobs map[string]struct {
		Stage, Image string
		Variables    map[string]string
		Script       []string
		Artifacts    struct {
			When    string
			Reports map[string]string
		}
	}
	if err := d.Decode(&spec); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(&jobs); err != nil {
		t.Fatal(err)
	}
	job, ok := jobs["weighlock-gate"]
	if !ok || len(jobs) != 1 {
		t.Fatalf("got jobs %v; want weighlock-gate", jobs)
	}
	shell := strings.Join(job.Script, "\n")
	if strings.Contains(shell, "$[[") {
		t.Error("gitlab: an input is put into the script")
	}
	for _, value := range []string{job.Stage, job.Image, job.Variables["TARGET"], job.Variables["LEVEL"]} {
		m := regexp.MustCompile(`^\$\[\[ inputs\.(\w+) \]\]$`).FindStringSubmatch(value)
		if m == nil {
			t.Errorf("gitlab: %q is no input", value)
			continue
		}
		if _, known := spec.Spec.Inputs[m[1]]; !known {
			t.Errorf("gitlab: there is no input %s", m[1])
		}
	}
	if job.Artifacts.When != "always" {
		t.Error("gitlab: reports are kept of good models only")
	}
	for kind, path := range job.Artifacts.Reports {
		if !strings.Contains(shell, "="+path) {
			t.Errorf("gitlab: nothing writes the %s report %s", kind, path)
		}
	}
	return snippet{[]string{"bash", "-eo", "pipefail"}, shell, map[string]string{"LEVEL": "none"}}
}

func jenkins(t *testing.T) snippet {
	t.Helper()
	file := text(t, "../examples/ci/jenkins/Jenkinsfile")
	if strings.Contains(file, `sh "`) || strings.Count(file, "{") != strings.Count(file, "}") {
		t.Error("jenkins: Groovy writes into a script, or braces do not match")
	}
	m := regexp.MustCompile(`(?s)stage\('Gate'\).*?sh '''(.*?)'''`).FindStringSubmatch(file)
	if m == nil {
		t.Fatal("jenkins: there is no shell step")
	}
	// Groovy joins a line that ends in a backslash with the next, as sh would.
	return snippet{[]string{"sh", "-xe"}, strings.ReplaceAll(m[1], "\\\n", ""), nil}
}

func tekton(t *testing.T) snippet {
	t.Helper()
	var task struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Spec       struct {
			Params, Results []struct{ Name string }
			Steps           []struct {
				Image, Script string
				Env           []struct{ Name, Value string }
			}
		}
	}
	decode(t, []byte(text(t, "../examples/ci/tekton/gate.yaml")), &task)
	if task.APIVersion != "tekton.dev/v1" || task.Kind != "Task" || len(task.Spec.Steps) != 1 {
		t.Fatalf("got %s %s; want a task of one step", task.APIVersion, task.Kind)
	}
	s := task.Spec.Steps[0]
	if strings.Contains(s.Script, "$(params") || strings.Contains(s.Script, "$(results") {
		t.Error("tekton: a parameter is put into the script")
	}
	known := map[string]bool{"$(params.IMAGE)": true}
	for _, p := range task.Spec.Params {
		known["$(params."+p.Name+")"] = true
	}
	for _, p := range task.Spec.Results {
		known["$(results."+p.Name+".path)"] = true
	}
	for _, e := range s.Env {
		if !known[e.Value] {
			t.Errorf("tekton: %s is %s, which is neither parameter nor result", e.Name, e.Value)
		}
	}
	return snippet{[]string{"sh"}, s.Script, map[string]string{"STRICT": "true"}}
}
