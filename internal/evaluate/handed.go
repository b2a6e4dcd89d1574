package evaluate

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/scorer"
	"github.com/weighlock/weighlock/internal/table"
)

// handed are the predictions that were handed in, as a rescoring reads them:
// every column of the file that the evaluation measures by.
type handed struct {
	numbers  []string // columns of scores, and then those that metrics name
	flags    int      // how many of numbers only metrics name
	decision string   // empty where there is none
	id       string
	// joined has the numbers as scores, in the order of numbers, and the
	// decision by its place in texts.
	joined *joined
	texts  []string
}

// truthColumns are those of the labels; none where the task does without.
func truthColumns(spec *project.Spec) []string {
	if spec.Test.Label != "" {
		return []string{spec.Test.Label}
	}
	return spec.Test.Labels
}

// readHanded reads the predictions of a request.
func readHanded(ctx context.Context, request Request, rows *scorer.Rows) (*handed, error) {
	spec, p := request.Spec, request.Spec.Predictions
	w := &work{Request: request}
	h := &handed{decision: p.Decision, id: w.predictionID()}
	o := table.Options{Text: texts(h.id)}
	if h.decision != "" {
		o.Text = append(o.Text, h.decision)
	}
	t, err := request.Predictions.read(ctx, request.Predictions.path(), o)
	if err != nil {
		return nil, err
	}
	h.name(spec, t.Names())
	said, err := h.read(t)
	if err != nil {
		return nil, err
	}
	h.joined, err = join(rows.Table(), t, spec.Test.ID, h.id, said)
	return h, err
}

// name finds the columns of numbers among those of the file. Columns that begin
// with the prefix are all of classes or labels: the evaluation refuses others.
func (h *handed) name(spec *project.Spec, all []string) {
	p := spec.Predictions
	if p.Column != "" {
		h.numbers = append(h.numbers, p.Column)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Columns)) {
		h.numbers = append(h.numbers, p.Columns[name])
	}
	extra := ColumnsOf(metricNames(spec)...)
	for _, name := range all {
		known := name == h.id || name == h.decision || slices.Contains(extra, name)
		if p.Prefix != "" && strings.HasPrefix(name, p.Prefix) && !known {
			h.numbers = append(h.numbers, name)
		}
	}
	slices.Sort(h.numbers)
	h.numbers = slices.Compact(h.numbers)
	for _, name := range extra {
		if !slices.Contains(h.numbers, name) && name != h.decision {
			h.numbers, h.flags = append(h.numbers, name), h.flags+1
		}
	}
}

// columns are all that is compared.
func (h *handed) columns() []string {
	if h.decision == "" {
		return h.numbers
	}
	return append(slices.Clone(h.numbers), h.decision)
}

func (h *handed) read(t *table.Table) (*predicted, error) {
	said := &predicted{width: len(h.numbers), scores: make([]float64, t.Rows*len(h.numbers))}
	for k, name := range h.numbers {
		read := scores
		if k >= len(h.numbers)-h.flags {
			read = numbers
		}
		values, err := read(t, name)
		if err != nil {
			return nil, err
		}
		for i, v := range values {
			said.scores[i*said.width+k] = v
		}
	}
	if h.decision == "" {
		return said, nil
	}
	c, err := t.Column(h.decision)
	if err != nil {
		return nil, err
	}
	for i := range t.Rows {
		h.texts = append(h.texts, c.String(i))
	}
	each := slices.Clone(h.texts)
	slices.Sort(each)
	each = slices.Compact(each)
	for _, text := range h.texts {
		at, _ := slices.BinarySearch(each, text)
		said.decision = append(said.decision, int32(at))
	}
	h.texts = each
	return said, nil
}

// answer is how the scorer's is read: like what was handed in.
func (h *handed) answer(command, suffix string) scorer.Answer {
	scored := len(h.numbers) - h.flags
	a := scorer.Answer{Command: command, Name: "answer" + suffix, ID: h.id, Numbers: h.numbers[:scored], Flags: h.numbers[scored:]}
	if h.decision != "" {
		a.Texts = []string{h.decision}
	}
	return a
}

// apart is where a row disagrees most; another decision is further than any
// number.
type apart struct {
	k                   int // in joined
	far                 float64
	column              string
	submitted, rescored any
}

// apart compares row i of what the scorer says to row k of what was handed in:
// the worst disagreement, or nil; and how far two numbers lie apart at most,
// disagreeing or not.
func (h *handed) apart(t Tolerance, i, k int, said *scorer.Said) (worst *apart, far float64) {
	all := h.joined.said
	for n, column := range h.numbers {
		is, anew := all.scores[k*all.width+n], said.Numbers[column][i]
		off := math.Abs(is - anew)
		far = math.Max(far, off)
		if !t.agree(is, anew) && (worst == nil || off > worst.far) {
			worst = &apart{k, off, column, is + 0, anew + 0}
		}
	}
	if h.decision != "" {
		if is, anew := h.texts[all.decision[k]], said.Texts[h.decision][i]; is != anew {
			worst = &apart{k, math.Inf(1), h.decision, is, anew}
		}
	}
	return worst, far
}
