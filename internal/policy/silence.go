package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/verdict"
)

// judge is one rule's checks: exactly one per item, whatever the rule says or
// keeps to itself.
func (e *evaluator) judge(ctx context.Context, doc *document, r Rule, asked Asked, level string) ([]verdict.Check, error) {
	if why := e.notAsked(doc, r, asked, level); why != "" {
		c := r.check(doc.name, verdict.NotApplicable, "%s", why)
		c.Solution = ""
		return []verdict.Check{c}, nil
	}
	items, err := doc.items(r.Items)
	if err != nil {
		return []verdict.Check{doc.unenumerated(r, err)}, nil
	}
	if len(items) == 0 {
		return []verdict.Check{e.nothing(doc, r, level)}, nil
	}
	answers, err := e.ask(ctx, doc, r)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return everyItem(r, items, err), nil
	}
	return reconcile(doc, r, asked, items, answers), nil
}

// nothing is the check of a rule that is asked for and has no item: an error,
// since a level that judges nothing must not pass. What to do is then to
// declare something, not to better the model.
func (e *evaluator) nothing(doc *document, r Rule, level string) verdict.Check {
	if !strings.HasPrefix(r.Declared, "input.spec.document.") || e.declared(doc, r.Declared) {
		return r.check(doc.name, verdict.Error, "level %s asks for this, but %s names nothing to judge", level, r.Items)
	}
	c := r.check(doc.name, verdict.Error, "level %s asks for this, and the project file has no %s", level, inWords(r.Declared))
	c.Solution = fmt.Sprintf("Write %s into the project file, and train under the new spec; weighlock explain %s shows how.", inWords(r.Declared), r.ID)
	return c
}

// notAsked says why a level does not ask for a rule here; empty where it
// does. Only level and policy grant this, never the rule.
func (e *evaluator) notAsked(doc *document, r Rule, asked Asked, level string) string {
	switch {
	case asked.When == Published && !doc.published:
		return fmt.Sprintf("level %s asks for this of a model in a registry, and this verdict was given before it lay there", level)
	case asked.When == Declared && !e.declared(doc, r.Declared):
		return fmt.Sprintf("level %s asks for this where %s, and it does not", level, declaring(r.Declared))
	}
	return ""
}

// declaring says who would declare a path, and where.
func declaring(path string) string {
	if strings.HasPrefix(path, "parameters.") {
		return "the verifier file sets " + path
	}
	return "the project file has " + inWords(path)
}

// inWords is an input path as people write it in the project file, where what
// the spec says of predictions stands beside the key spec.
func inWords(path string) string {
	path = strings.TrimPrefix(path, "input.")
	if section, ok := strings.CutPrefix(path, "spec.document."); ok && !strings.HasPrefix(section, "predictions.") {
		return "spec." + section
	}
	return strings.TrimPrefix(path, "spec.document.")
}

func (e *evaluator) declared(doc *document, path string) bool {
	name, ok := strings.CutPrefix(path, "parameters.")
	if !ok {
		_, ok = doc.at(path)
		return ok
	}
	switch v := e.values[name].(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	case nil:
		return false
	}
	return true
}

// unenumerated is the one check where the items are not known: undecided if
// the evidence that would name them is missing, else an error.
func (d *document) unenumerated(r Rule, why error) verdict.Check {
	for _, p := range r.Evidence {
		if !d.present(p) && strings.HasPrefix(r.Items+".", p+".") {
			return r.check(d.name, verdict.Undecided, "%s is missing, so nobody knows what must be judged", inWords(p))
		}
	}
	return r.check(d.name, verdict.Error, "what must be judged is not known: %v", why)
}

func everyItem(r Rule, items []string, err error) []verdict.Check {
	out := make([]verdict.Check, len(items))
	for i, item := range items {
		out[i] = r.check(item, verdict.Error, "the rule could not decide: %v", err)
	}
	return out
}

// reconcile holds a rule's answers against the items that it was asked about.
func reconcile(doc *document, r Rule, asked Asked, items []string, answers []said) []verdict.Check {
	byItem := map[string][]said{}
	var out []verdict.Check
	for _, a := range answers {
		if !slices.Contains(items, a.Item) {
			out = append(out, r.check(fmt.Sprintf("%.100q", a.Item), verdict.Error, "the rule spoke about an item that %s does not name", r.Items))
			continue
		}
		byItem[a.Item] = append(byItem[a.Item], a)
	}
	for _, item := range items {
		switch said := byItem[item]; len(said) {
		case 0:
			out = append(out, r.check(item, verdict.Error, "the rule said nothing about this item"))
		case 1:
			out = append(out, doc.settle(r, asked, said[0]))
		default:
			out = append(out, r.check(item, verdict.Error, "the rule said %d different things about this item", len(said)))
		}
	}
	return out
}

// settle turns what a rule said about one item into its check.
func (d *document) settle(r Rule, asked Asked, a said) verdict.Check {
	if err := a.valid(r); err != nil {
		return r.check(a.Item, verdict.Error, "the rule could not decide: %v", err)
	}
	c := r.check(a.Item, a.Status, "%s", a.Message)
	c.Observed, c.Expected, c.Evidence = a.Observed, a.Expected, a.Evidence
	c.Solution, c.Place = cmp.Or(strings.TrimSpace(a.Solution), c.Solution), a.Place
	c.Grade = d.grade(r)
	if gradeRank[c.Grade] == 0 {
		return r.check(a.Item, verdict.Error, "its evidence has grade %q, which is none of claimed, computed, rescored", c.Grade)
	}
	if c.Status == verdict.Pass || c.Status == verdict.Warn {
		d.downgrade(&c, r, asked)
	}
	d.waive(&c, r)
	d.score(&c, r, a.Points)
	if c.Status == verdict.Pass {
		c.Solution = ""
	}
	return c
}

func (a said) valid(r Rule) error {
	switch {
	case a.Status == verdict.NotApplicable || a.Status == verdict.Waived:
		return fmt.Errorf("it said %s, which is not for a rule to grant", a.Status)
	case !a.Status.Known():
		return fmt.Errorf("it said %q, which is no status", a.Status)
	case strings.TrimSpace(a.Message) == "":
		return fmt.Errorf("it said %s without a message", a.Status)
	case a.Points != nil && *a.Points != 0 && *a.Points != 0.5 && *a.Points != 1:
		return fmt.Errorf("it gave %v points, not 0, 0.5 or 1", *a.Points)
	case a.Points != nil && r.MLTest == NoTest:
		return fmt.Errorf("it gave points, but its METADATA names no ML Test Score test")
	}
	for _, digest := range a.Evidence {
		if !artifact.ValidDigest(digest) {
			return fmt.Errorf("it named evidence %q, which is no digest", digest)
		}
	}
	return nil
}

// seenBeingMade is what to do where a rule would pass, were its evidence not
// weaker than what is asked for: to better model or data would not help.
const seenBeingMade = "Let Weighlock see the predictions being made: set predictions.command, train through weighlock run, " +
	"and do not replace the predictions afterwards. predictions/bound says what is missing."

// downgrade makes a pass undecided where its evidence is missing or weaker
// than the level asks for.
func (d *document) downgrade(c *verdict.Check, r Rule, asked Asked) {
	least := r.Grade
	if asked.Grade != "" {
		least = asked.Grade
	}
	if p := d.missing(r.Evidence); p != "" {
		c.Status = verdict.Undecided
		c.Message = fmt.Sprintf("%s is missing, so this cannot be decided (the rule said: %s)", inWords(p), c.Message)
		return
	}
	if gradeRank[c.Grade] < gradeRank[least] {
		c.Status = verdict.Undecided
		c.Message = fmt.Sprintf("its evidence is %s, and at least %s is asked for (the rule said: %s)", c.Grade, least, c.Message)
		c.Solution = seenBeingMade
	}
}

// score caps the points of a check: none without a pass, at most half where
// the evidence is claimed or one key signed everything.
func (d *document) score(c *verdict.Check, r Rule, given *float64) {
	if r.MLTest == NoTest {
		return
	}
	points := 0.0
	if given != nil && (c.Status == verdict.Pass || c.Status == verdict.Warn) {
		points = *given
	}
	if c.Grade == GradeClaimed || d.signing != "separate" {
		points = min(points, 0.5)
	}
	c.Points = &points
}

func (r Rule) check(item string, status verdict.Status, format string, args ...any) verdict.Check {
	return verdict.Check{Rule: r.ID, Item: item, Status: status, Message: fmt.Sprintf(format, args...), Title: r.Title, Solution: r.Solution}
}
