package project

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/weighlock/weighlock/schema"
)

// Sensitivity bounds what becomes of the scorer's answer where a column of the
// test data is changed in every row, and nothing else is. Its shares and means
// are over the rows whose value changes.
type Sensitivity struct {
	Column string `json:"column"`
	Change string `json:"change"` // as ParsePerturbation reads it
	// Flips bounds the share of rows whose decision changes.
	Flips *Limit `json:"flips,omitempty"`
	// Shift bounds the mean absolute change of the score; of several scores of
	// a row it is the greatest change.
	Shift *Limit `json:"shift,omitempty"`
	// Direction is where the score may move, up or down, and Against bounds the
	// share of rows whose score moves the other way.
	Direction string `json:"direction,omitempty"`
	Against   *Limit `json:"against,omitempty"`
}

// Perturbation is how the values of a column are changed.
type Perturbation struct {
	Kind  string
	By    float64 // of scale and shift
	Value string  // of replace
}

// Kinds of perturbations.
const (
	PerturbScale   = "scale"   // *1.1: a number times By
	PerturbShift   = "shift"   // +5 or -5: a number plus By
	PerturbReplace = "replace" // =north: Value in every row
	PerturbMissing = "missing" // no value in any row
	PerturbPermute = "permute" // the values of the rows, dealt out anew
	PerturbSwap    = "swap"    // each value becomes the next of the column's
)

// ParsePerturbation reads a change of spec.sensitivity; false where it is none.
func ParsePerturbation(text string) (Perturbation, bool) {
	switch text {
	case PerturbMissing, PerturbPermute, PerturbSwap:
		return Perturbation{Kind: text}, true
	case "":
		return Perturbation{}, false
	}
	p := Perturbation{Kind: PerturbScale}
	number := text[1:]
	switch text[0] {
	case '=':
		return Perturbation{Kind: PerturbReplace, Value: number}, number != ""
	case '+', '-':
		p.Kind, number = PerturbShift, text
	case '*':
	default:
		return Perturbation{}, false
	}
	var err error
	p.By, err = strconv.ParseFloat(number, 64)
	return p, err == nil && !math.IsInf(p.By, 0) && !math.IsNaN(p.By)
}

// sensitive are the tasks whose rows are scored each by itself.
var sensitive = []string{"binary", "multiclass", "multilabel", "regression"}

// sensitivity refuses changes that are none, columns that no scorer sees, and
// limits on what there is not.
func (c *specCheck) sensitivity() {
	entries := c.spec.Sensitivity
	switch test := c.spec.Test; {
	case len(entries) == 0:
		return
	case !slices.Contains(sensitive, c.spec.Task):
		c.add("spec.sensitivity", "task "+c.spec.Task, "a task whose rows are scored each by itself: binary, multiclass, multilabel or regression")
		return
	case test.Weight != "":
		c.add("spec.sensitivity", "data.test.weight", "no weights: sensitivity counts rows")
	case test.Unit != "":
		c.add("spec.sensitivity", "data.test.unit", "no units: sensitivity takes each row for one of its own")
	}
	seen := map[string]bool{}
	for i, e := range entries {
		at := fmt.Sprintf("spec.sensitivity[%d]", i)
		c.perturbation(at, e)
		if key := e.Column + "\x00" + e.Change; seen[key] {
			c.add(at, "column "+e.Column+" with change "+e.Change+" a second time", "each change of a column once")
		} else {
			seen[key] = true
		}
		c.sensitivityLimits(at, e)
	}
}

func (c *specCheck) perturbation(at string, e Sensitivity) {
	switch {
	case e.Column == c.spec.Test.ID:
		c.add(at+".column", "the id column "+e.Column, "a feature, which the scorer reads: rows are found again by their id")
	case slices.Contains(c.spec.Outcomes(), e.Column):
		c.add(at+".column", "the label "+e.Column, "a feature, which the scorer reads: it gets no labels")
	}
	if _, ok := ParsePerturbation(e.Change); !ok {
		kinds := []string{PerturbMissing, PerturbPermute, PerturbSwap}
		c.found = append(c.found, schema.Problem{
			Path: at + ".change", Found: "text " + strconv.Quote(e.Change), Nearest: schema.Nearest(e.Change, kinds),
			Expected: `"*1.1" to scale, "+5" or "-5" to shift, missing, permute, swap, or "=value"`,
		})
	}
}

func (c *specCheck) sensitivityLimits(at string, e Sensitivity) {
	p := c.spec.Predictions
	single := p.Column != ""
	if e.Flips == nil && e.Shift == nil && e.Against == nil {
		c.add(at, "no limit", "flips, shift, or direction and against")
	}
	switch {
	case e.Flips == nil:
	case c.spec.Task == "regression":
		c.add(at+".flips", "task regression", "a task with decisions: binary, multiclass or multilabel")
	case c.spec.Task != "multiclass" && p.Threshold == nil:
		c.add(at+".flips", "no predictions.threshold", "the score from which a row is decided positive")
	}
	switch {
	case e.Shift == nil:
	case !single && len(p.Columns) == 0 && p.Prefix == "":
		c.add(at+".shift", "decisions only", "a column of scores in predictions, whose change can be measured")
	case *e.Shift.Max > most:
		c.unmissable(at+".shift.max", "a score's change")
	}
	switch {
	case (e.Direction == "") != (e.Against == nil):
		c.add(at, "one of direction and against", "both: where the score may move, and the share of rows that may move against it")
	case e.Direction != "" && !single:
		c.add(at+".direction", "several scores of a row", "one score, in predictions.column")
	}
	c.provable(at+".flips.max", e.Flips)
	c.provable(at+".shift.max", e.Shift)
	c.provable(at+".against.max", e.Against)
}

// provable refuses a limit of 0 on an interval's upper end, which no number of
// rows brings there.
func (c *specCheck) provable(at string, l *Limit) {
	if l != nil && *l.Max == 0 && c.spec.Judge == "bound" {
		c.found = append(c.found, schema.Problem{
			Path: at, Found: "number 0 with judge bound", Expected: "more than 0: no number of rows shows that it is none at all",
			Hint: "300 rows without one show less than 0.0123 at 95 %; or judge by spec.judge: point",
		})
	}
}
