package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// verdictRule is the rule id under which forms that hold nothing but findings
// say what the whole report came to.
const verdictRule = "weighlock/verdict"

// finding is a check that somebody should look at, placed in the repository.
type finding struct {
	verdict.Check
	Print string // fingerprint: of model, rule and item, and of no value or line
	File  string // from the repository's root, with forward slashes
	Line  int    // from 1
	Col   int    // 0 where there is none
}

// findings are the checks that are not calm, worst first, and before them the
// verdict itself where it is not an allow: so a form that lists findings can
// never be empty for a model that was refused.
func findings(r *verdict.Report, o Options) []finding {
	loud, _ := part(worstFirst(r))
	if r.Outcome != verdict.Allow {
		loud = append([]verdict.Check{whole(r)}, loud...)
	}
	list := make([]finding, 0, len(loud))
	places, seen := newPlaces(r, o), map[string]int{}
	for _, c := range loud {
		f := finding{Check: c}
		f.File, f.Line, f.Col = places.of(c)
		seen[c.Rule+"\x00"+c.Item]++
		f.Print = fingerprint(r.Model.Name, c.Rule, c.Item, seen[c.Rule+"\x00"+c.Item])
		list = append(list, f)
	}
	return list
}

// whole is the report's outcome in the form of a check.
func whole(r *verdict.Report) verdict.Check {
	c := verdict.Check{Rule: verdictRule, Item: r.Model.Name, Status: verdict.Error, Title: "The model's verdict", Message: headline(r) + ": " + counts(r.Checks)}
	switch r.Outcome {
	case verdict.Allow:
		c.Status = verdict.Pass
	case verdict.Deny:
		c.Status, c.Solution = verdict.Fail, "Act on each check that failed; what to do stands beside it."
	case verdict.NotDecided:
		c.Status, c.Solution = verdict.Undecided, "Bring the evidence that the undecided checks name."
	default:
		c.Solution = "Mend the checks in error first: until they decide, nothing is known of the model."
	}
	return c
}

// fingerprint stays the same from run to run, whatever was measured and
// wherever the line has moved; nth tells checks of the same name apart.
func fingerprint(model, rule, item string, nth int) string {
	text, err := json.Marshal([]any{"weighlock/v1", model, rule, item, nth})
	if err != nil {
		panic(err) // text and a number always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// says is a finding in one line: what was found, and the numbers where the
// message keeps them to itself.
func (f finding) says() string {
	text := Plain(f.Message)
	if strings.TrimSpace(text) == "" {
		text = status(f.Status) + ", and no word why"
	}
	if !strings.HasPrefix(text, Plain(f.Item)) {
		text = Plain(f.Item) + ": " + text
	}
	_, told := untold(f.Check)
	if told && f.Observed.Method != "" {
		text += fmt.Sprintf(" (%s)", Plain(method(f.Observed)))
	}
	for _, fact := range facts(f.Check, places{}) {
		switch {
		case fact.label == "waived", !told && (fact.label == "observed" || fact.label == "limit"):
			text += fmt.Sprintf("; %s %s", fact.label, Plain(fact.text))
		}
	}
	return text
}

// places finds where in a repository checks are shown.
type places struct{ folder, file string }

// projectFile is the name of a project file that nothing else names.
const projectFile = "weighlock.yaml"

func newPlaces(r *verdict.Report, o Options) places {
	if o.File != "" {
		return places{path.Dir(o.File), path.Base(o.File)}
	}
	p := places{".", projectFile}
	for _, c := range r.Checks {
		if c.Location != nil && c.Location.File != "" {
			p.file = c.Location.File
			break
		}
	}
	return p
}

// of is a check's place; one without a place of its own is shown at the head
// of the project file.
func (p places) of(c verdict.Check) (file string, line, col int) {
	file, line = p.file, 1
	if l := c.Location; l != nil && l.File != "" {
		file, line, col = l.File, max(l.Line, 1), max(l.Col, 0)
	}
	return Plain(path.Join(p.folder, file)), line, col
}
