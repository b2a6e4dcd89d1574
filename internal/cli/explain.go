package cli

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/internal/verifier"
	"github.com/weighlock/weighlock/policies"
)

// explained is all that explain says of a rule, and its JSON.
type explained struct {
	Rule        string           `json:"rule"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Solution    string           `json:"solution"`
	Section     string           `json:"section"` // of the project file, as an example; empty where there is none
	Items       string           `json:"items"`
	Evidence    []source         `json:"evidence"`
	Grade       string           `json:"grade"`
	MLTest      string           `json:"mltest"`
	Levels      map[string]asked `json:"levels"`
	Parameters  []setting        `json:"parameters"`
	Example     *example         `json:"example"` // null for a rule that is not the library's
	Here        *here            `json:"here"`    // null where there is no project, and in the list of all rules
}

// asked is when a level asks for a rule, and from which grade of evidence.
type asked struct {
	When  string `json:"when"`
	Grade string `json:"grade"`
}

// source is something that a rule reads, and how it is produced.
type source struct {
	Input    string `json:"input"`
	Produced string `json:"produced"`
}

// setting is a parameter with the value that it has here.
type setting struct {
	Name   string `json:"name"`
	Value  any    `json:"value"`
	Since  string `json:"since"`
	Reason string `json:"reason"`
}

// example is a rule passing, and not passing.
type example struct {
	Passes shownCheck `json:"passes"`
	Fails  shownCheck `json:"fails"`
}

type shownCheck struct {
	Item    string `json:"item"`
	Status  string `json:"status"`
	Message string `json:"message"`
	Because string `json:"because,omitempty"`
}

// here is what the rule says of the project in the folder.
type here struct {
	Checks  []verdict.Check `json:"checks"`
	Problem string          `json:"problem,omitempty"` // why it cannot be judged now
}

// explainExamples is made by go test ./internal/cli -update, from the input of
// the rules' own tests.
//
//go:embed explain_examples.json
var explainExamples string

func (a *app) explainCommand() *cobra.Command {
	var (
		ask *asking
		dir string
	)
	c := &cobra.Command{
		Use: "explain [RULE]", Short: "Say what a rule asks, what it reads, and what to do when it fails",
		Long: `Say what a rule asks and why, what it reads and which command produces that, when it passes and
when not, what its parameters are here, and, where the folder holds a project, what the rule says
of it now. A rule may also be called by its section of the project file: slices.`,
		Args: args(0, 1, "one rule; without any, all rules are listed"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			if len(given) == 0 {
				return a.explainAll(c.Context(), q)
			}
			return a.explainOne(c.Context(), q, given[0], dir)
		},
	}
	c.ValidArgsFunction = completeRule
	c.Flags().StringVar(&dir, "dir", ".", "the model's folder")
	a.verifierFlag(c)
	a.levelFlag(c)
	ask = askFlags(c, query.Fields[explained]())
	return c
}

func (a *app) explainAll(ctx context.Context, q *query.Query) error {
	b, err := policy.Load(policies.FS)
	if err != nil {
		return err
	}
	if q == nil {
		for _, r := range b.Rules() {
			fmt.Fprintf(a.env.Out, "%-26s %s\n", r.ID, r.Title)
		}
		return nil
	}
	list := []explained{}
	values, err := a.values(b)
	if err != nil {
		return err
	}
	for _, r := range b.Rules() {
		e, err := explain(b, r.ID, values)
		if err != nil {
			return err
		}
		list = append(list, *e)
	}
	return a.answer(ctx, q, list)
}

func (a *app) explainOne(ctx context.Context, q *query.Query, name, dir string) error {
	b, err := policy.Load(policies.FS)
	if err != nil {
		return err
	}
	id, err := ruleCalled(b, name)
	if err != nil {
		return err
	}
	values, err := a.values(b)
	if err != nil {
		return err
	}
	seen, judgedBy := a.here(ctx, dir, id)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if judgedBy != nil {
		values = judgedBy
	}
	e, err := explain(b, id, values)
	if err != nil {
		return err
	}
	e.Here = seen
	if q != nil {
		return a.answer(ctx, q, e)
	}
	return a.tell(e)
}

// ruleCalled finds a rule by its id, or by its section of the project file.
func ruleCalled(b *policy.Bundle, name string) (string, error) {
	if _, ok := b.Rule(name); ok {
		return name, nil
	}
	var names []string
	for _, r := range b.Rules() {
		if path.Base(r.ID) == strings.TrimPrefix(name, "spec.") {
			return r.ID, nil
		}
		names = append(names, r.ID)
	}
	return "", usagef("there is no rule %q\nhint: one of %s", name, strings.Join(names, ", "))
}

// values are the parameters' values by the verifier file, before a project
// tightens them.
func (a *app) values(b *policy.Bundle) (map[string]any, error) {
	f, err := a.loadVerifier()
	if err != nil {
		return nil, err
	}
	return b.Parameters(policy.Options{Parameters: overrides(f)})
}

// overrides are a verifier file's, by the names that rules know.
func overrides(f *verifier.File) map[string]any {
	if f == nil {
		return nil
	}
	values := maps.Clone(f.Parameters)
	if values == nil {
		values = map[string]any{}
	}
	if len(f.Formats) > 0 {
		values["allowed_formats"] = f.Formats
	}
	if f.Least != nil {
		values["least"] = f.Least
	}
	return values
}

// here judges the project in a folder, where there is one, and gives what one
// rule says of it and the parameters that it was judged by.
func (a *app) here(ctx context.Context, dir, rule string) (*here, map[string]any) {
	if _, err := project.Load(dir); errors.Is(err, project.ErrNone) {
		return nil, nil
	}
	d, err := a.gateFolder(ctx, dir, &gateFlags{})
	if err != nil {
		return &here{Checks: []verdict.Check{}, Problem: told(err)}, nil
	}
	h := &here{Checks: []verdict.Check{}}
	for _, c := range d.Report.Checks {
		if c.Rule == rule {
			h.Checks = append(h.Checks, c)
		}
	}
	var values map[string]any
	if err := json.Unmarshal(d.Parameters, &values); err != nil {
		return h, nil
	}
	return h, values
}

func explain(b *policy.Bundle, id string, values map[string]any) (*explained, error) {
	x, err := b.Explain(id)
	if err != nil {
		return nil, err
	}
	r := x.Rule
	e := &explained{
		Rule: r.ID, Title: r.Title, Description: r.Description, Solution: r.Solution, Section: examples[r.ID],
		Items: r.Items, Evidence: []source{}, Grade: r.Grade, MLTest: r.MLTest, Levels: map[string]asked{}, Parameters: []setting{},
	}
	for name, l := range x.Levels {
		e.Levels[name] = asked{string(l.When), cmp.Or(l.Grade, r.Grade)}
	}
	for _, p := range r.Evidence {
		e.Evidence = append(e.Evidence, source{p, produced(p)})
	}
	for _, p := range b.ParameterTable() {
		if slices.Contains(r.Parameters, p.Name) {
			e.Parameters = append(e.Parameters, setting{p.Name, values[p.Name], p.Since, strings.Join(strings.Fields(p.Reason), " ")})
		}
	}
	var library map[string]*example
	if err := json.Unmarshal([]byte(explainExamples), &library); err != nil {
		return nil, fmt.Errorf("reading the examples: %w", err)
	}
	e.Example = library[r.ID]
	return e, nil
}

// produced is how something that a rule reads comes to be; empty for what is
// not known.
func produced(input string) string {
	part := strings.Split(strings.TrimPrefix(input, "input."), ".")
	if len(part) > 1 && producers[part[0]+"."+part[1]] != "" {
		return producers[part[0]+"."+part[1]]
	}
	return producers[part[0]]
}

// producers is by which command each part of a rule's input is produced.
var producers = map[string]string{
	"model":                "the model's files; `weighlock gate` looks into them",
	"image":                "`weighlock publish REF` pushes it",
	"spec":                 "the project file; `weighlock spec` prints it",
	"spec.statement":       "`weighlock run -- COMMAND` signs the spec before it trains",
	"run":                  "`weighlock run -- COMMAND`",
	"lineage":              "`weighlock run -- COMMAND`",
	"predictions":          "`weighlock run -- COMMAND`, by predictions.command",
	"data":                 "`weighlock gate` looks into the pinned data",
	"data.statement":       "`weighlock publish REF` signs what was seen",
	"evaluation":           "`weighlock gate` computes it from the predictions and the pinned data",
	"evaluation.statement": "`weighlock publish REF` signs it",
	"drift":                "`weighlock gate` computes it from data.train and data.test",
	"drift.statement":      "`weighlock publish REF` signs it",
	"signatures":           "`weighlock publish REF` signs what it allows; `weighlock sign REF` adds a signature",
	"champion":             "channels in the verifier file",
	"attempts":             "`weighlock publish REF` counts each; `weighlock gate --repository REPOSITORY` reads them",
	"missing":              "whatever an earlier verdict names; `weighlock show REF` lists what is gone",
	"context":              "the verifier file and the keys that signed; `weighlock doctor` shows both",
	"context.published":    "`weighlock gate REF` and `weighlock publish REF`",
}
