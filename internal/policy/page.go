package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Page is the bundle's rules, levels and parameters as Markdown, made from
// their METADATA alone.
func (b *Bundle) Page() []byte {
	var s strings.Builder
	s.WriteString(`# Rules

<!-- Made from the rules' METADATA by go test ./internal/policy -update; edit those. -->

Every rule gives one check for each of its items. A check passes only while all
evidence that it names is there, at least of the grade that the level asks for.
What a rule keeps to itself is an error.

`)
	b.levelTable(&s)
	for _, r := range b.rules {
		b.rulePart(&s, r)
	}
	b.parameterPart(&s)
	return []byte(s.String())
}

func (b *Bundle) levelTable(s *strings.Builder) {
	names := b.Levels()
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(b.levels[x].weight(), b.levels[y].weight()) })
	for _, name := range names {
		fmt.Fprintf(s, "- `%s`: %s\n", name, b.levels[name].Title)
	}
	fmt.Fprintf(s, "\n| rule | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, r := range b.rules {
		fmt.Fprintf(s, "| [%s](#%s) |", r.ID, strings.ReplaceAll(r.ID, "/", ""))
		for _, name := range names {
			fmt.Fprintf(s, " %s |", b.levels[name].Rules[r.ID].words(r))
		}
		s.WriteString("\n")
	}
}

// weight orders levels by how much they ask.
func (l Level) weight() int {
	n := 0
	for _, asked := range l.Rules {
		n += strictness[asked.When]
	}
	return n
}

// words says what a level asks of a rule, and from which grade.
func (a Asked) words(r Rule) string {
	switch {
	case a.When == "":
		return ""
	case a.Grade != "":
		return fmt.Sprintf("%s, %s", a.When, a.Grade)
	}
	return fmt.Sprintf("%s, %s", a.When, r.Grade)
}

func (b *Bundle) rulePart(s *strings.Builder, r Rule) {
	fmt.Fprintf(s, "\n## %s\n\n**%s.** %s\n\n", r.ID, r.Title, r.Description)
	fmt.Fprintf(s, "Where it does not pass: %s\n\n", r.Solution)
	fmt.Fprintf(s, "- one check for each of `%s`\n", r.Items)
	fmt.Fprintf(s, "- evidence: %s, at least %s\n", code(r.Evidence), r.Grade)
	if r.Declared != "" {
		fmt.Fprintf(s, "- declared by `%s`\n", r.Declared)
	}
	if len(r.Parameters) > 0 {
		fmt.Fprintf(s, "- parameters: %s\n", code(r.Parameters))
	}
	if r.MLTest != NoTest {
		fmt.Fprintf(s, "- ML Test Score: %s\n", r.MLTest)
	}
	fmt.Fprintf(s, "- [rule](%s), [test](%s)\n", r.File, strings.TrimSuffix(r.File, ".rego")+"_test.rego")
}

func (b *Bundle) parameterPart(s *strings.Builder) {
	s.WriteString("\n## Parameters\n\nA verifier file may set them under `parameters`.\n\n| name | since | why |\n|---|---|---|\n")
	for _, p := range b.ParameterTable() {
		fmt.Fprintf(s, "| `%s` | %s | %s |\n", p.Name, p.Since, strings.Join(strings.Fields(p.Reason), " "))
	}
}

func code(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "`" + n + "`"
	}
	return strings.Join(quoted, ", ")
}
