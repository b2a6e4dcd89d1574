package policy

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Rule is what a rule says about itself in its METADATA block. It is read
// from the text and never computed, so a rule cannot change its own terms
// while it runs.
type Rule struct {
	ID          string   // category/name, also the folder
	Title       string   // one line, true of a model that passes
	Description string   // why the rule is there
	Solution    string   // what to do where it does not pass
	Category    string   // first part of ID
	Collections []string // named sets that the rule belongs to
	MLTest      string   // ML Test Score test, such as "Model 6", or "none"
	Parameters  []string // names of the parameters that it reads
	Evidence    []string // input paths; a pass needs every one of them
	Grade       string   // least grade of that evidence, unless a level says otherwise
	Items       string   // input path that enumerates what must be judged
	Declared    string   // input path or parameter whose presence makes the rule apply; empty where it always does
	Package     string   // weighlock.rules.<category>.<name>
	File        string   // path inside its tree

	graded []graded // from the input schema
}

// graded is an input path of evidence, and the one at which its grade stands.
type graded struct{ evidence, grade string }

// Grades of evidence, weakest first (DESIGN section 2).
const (
	GradeClaimed  = "claimed"
	GradeComputed = "computed"
	GradeRescored = "rescored"
)

var gradeRank = map[string]int{GradeClaimed: 1, GradeComputed: 2, GradeRescored: 3}

// NoTest is the value of MLTest for a rule that proves no ML Test Score test.
const NoTest = "none"

const rulesPackage = "weighlock.rules"

var (
	idForm    = regexp.MustCompile(`^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$`)
	inputForm = regexp.MustCompile(`^input(\.[a-z][a-z0-9_]*)+$`)
	paramForm = regexp.MustCompile(`^parameters\.[a-z][a-z0-9_]*$`)
	testForm  = regexp.MustCompile(`^(none|(Data|Model|Infra|Monitor) [1-7])$`)
)

// customKeys are the keys under custom:, with whether each must be there.
var customKeys = map[string]bool{
	"id": true, "solution": true, "category": true, "collections": true, "mltest": true,
	"parameters": true, "evidence": true, "grade": true, "items": true, "declared": false,
}

// readRule reads the METADATA of the rule in file. Every key must be there,
// and none may be unknown: a misspelt key would otherwise switch off what it
// was meant to ask for.
func readRule(file string, module *ast.Module) (Rule, error) {
	a, err := packageAnnotations(module)
	if err != nil {
		return Rule{}, fmt.Errorf("%s: %w", file, err)
	}
	m := metadata{custom: a.Custom}
	r := Rule{
		Title:       m.present("title", a.Title),
		Description: m.present("description", a.Description),
		ID:          m.text("id"),
		Solution:    m.text("solution"),
		Category:    m.text("category"),
		MLTest:      m.text("mltest"),
		Grade:       m.text("grade"),
		Items:       m.text("items"),
		Collections: m.list("collections"),
		Parameters:  m.list("parameters"),
		Evidence:    m.list("evidence"),
		Package:     strings.TrimPrefix(module.Package.Path.String(), "data."),
		File:        file,
	}
	if _, ok := a.Custom["declared"]; ok {
		r.Declared = m.text("declared")
	}
	m.known()
	m.valid(r, file)
	if len(m.problems) > 0 {
		slices.Sort(m.problems)
		return Rule{}, fmt.Errorf("%s: METADATA: %s", file, strings.Join(m.problems, "; "))
	}
	return r, nil
}

func packageAnnotations(module *ast.Module) (*ast.Annotations, error) {
	var found *ast.Annotations
	for _, a := range module.Annotations {
		if a.Scope != "package" {
			continue
		}
		if found != nil {
			return nil, errors.New("two METADATA blocks for the package\nhint: keep one with scope: package")
		}
		found = a
	}
	if found == nil {
		return nil, errors.New("no METADATA block with scope: package\nhint: every rule says what it is for; copy the block of another rule")
	}
	return found, nil
}

// metadata collects all that is wrong with one block, so that one problem
// hides no other.
type metadata struct {
	custom   map[string]any
	problems []string
}

func (m *metadata) wrong(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

func (m *metadata) present(key, value string) string {
	if strings.TrimSpace(value) == "" {
		m.wrong("%s is missing", key)
	}
	return strings.TrimSpace(value)
}

func (m *metadata) text(key string) string {
	v, ok := m.custom[key]
	if !ok {
		m.wrong("custom.%s is missing", key)
		return ""
	}
	s, ok := v.(string)
	if !ok || strings.TrimSpace(s) == "" {
		m.wrong("custom.%s is not a text", key)
	}
	return strings.TrimSpace(s)
}

func (m *metadata) list(key string) []string {
	v, ok := m.custom[key]
	if !ok {
		m.wrong("custom.%s is missing", key)
		return nil
	}
	values, ok := v.([]any)
	if !ok {
		m.wrong("custom.%s is not a list", key)
		return nil
	}
	out := []string{}
	for _, v := range values {
		s, ok := v.(string)
		if !ok || s == "" || slices.Contains(out, s) {
			m.wrong("custom.%s holds %v, which is no text or is there twice", key, v)
			continue
		}
		out = append(out, s)
	}
	return out
}

func (m *metadata) known() {
	for _, key := range slices.Sorted(maps.Keys(m.custom)) {
		if _, ok := customKeys[key]; !ok {
			m.wrong("custom.%s is unknown%s", key, didYouMean(key, slices.Sorted(maps.Keys(customKeys))))
		}
	}
}

func (m *metadata) valid(r Rule, file string) {
	want := path.Base(path.Dir(path.Dir(file))) + "/" + path.Base(path.Dir(file))
	switch {
	case r.ID == "":
	case !idForm.MatchString(r.ID):
		m.wrong("custom.id %q is not category/name", r.ID)
	case r.ID != want:
		m.wrong("custom.id is %q, but its folder says %q", r.ID, want)
	case r.Category != path.Dir(r.ID):
		m.wrong("custom.category is %q, but the id says %q", r.Category, path.Dir(r.ID))
	case r.Package != rulesPackage+"."+strings.ReplaceAll(r.ID, "/", "."):
		m.wrong("the package is %s, but the id says %s.%s", r.Package, rulesPackage, strings.ReplaceAll(r.ID, "/", "."))
	}
	if r.Grade != "" && gradeRank[r.Grade] == 0 {
		m.wrong("custom.grade %q is none of claimed, computed, rescored", r.Grade)
	}
	if r.MLTest != "" && !testForm.MatchString(r.MLTest) {
		m.wrong("custom.mltest %q is neither none nor one of the 28 tests, such as Model 6", r.MLTest)
	}
	if r.Items != "" && !inputForm.MatchString(r.Items) {
		m.wrong("custom.items %q is not an input path", r.Items)
	}
	if r.Declared != "" && !inputForm.MatchString(r.Declared) && !paramForm.MatchString(r.Declared) {
		m.wrong("custom.declared %q is neither an input path nor parameters.<name>", r.Declared)
	}
	if r.Evidence != nil && len(r.Evidence) == 0 {
		m.wrong("custom.evidence is empty: a rule that reads nothing proves nothing")
	}
	for _, p := range r.Evidence {
		if !inputForm.MatchString(p) {
			m.wrong("custom.evidence %q is not an input path", p)
		}
	}
	if name, ok := strings.CutPrefix(r.Declared, "parameters."); ok && !slices.Contains(r.Parameters, name) {
		m.wrong("custom.declared names %s, which custom.parameters does not list", r.Declared)
	}
}
