package evaluate

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/scorer"
	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// Perturbed is one run of the scorer on rows of which a column was changed.
type Perturbed struct {
	Column  string `json:"column"`
	Change  string `json:"change"`
	Status  string `json:"status"` // compared or failed
	Reason  string `json:"reason,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Changed int    `json:"changed"` // rows whose value is another one
	// Seed is that of a permutation, hexadecimal: the rows take, in their
	// order, the values of the rows by rank, that of place i being the first
	// eight bytes of SHA-256(seed ‖ column ‖ i as eight bytes, big-endian).
	Seed string `json:"seed,omitempty"`
}

// perturbation is an entry of the spec with its rows.
type perturbation struct {
	project.Sensitivity
	rows    *scorer.Rows
	changed []bool // rows whose value is another one
	seed    []byte // of a permutation
}

// perturb changes the rows by each entry of the spec, before the scorer runs
// for the first time: a column that there is not is then told at once.
func (r Rescoring) perturb(out *Rescored, j *joined, request Request, rows *scorer.Rows) ([]perturbation, error) {
	var all []perturbation
	var seed []byte
	for _, e := range request.Spec.Sensitivity {
		change, ok := project.ParsePerturbation(e.Change)
		if !ok {
			return nil, fmt.Errorf("spec.sensitivity: %q is no change of a column", e.Change)
		}
		if change.Kind == project.PerturbPermute && seed == nil {
			var err error
			if seed, err = r.permuting(out, j, request); err != nil {
				return nil, err
			}
		}
		p := perturbation{Sensitivity: e}
		if change.Kind == project.PerturbPermute {
			p.seed = seed
		}
		c, err := newTurned(rows, e, p.seed)
		if err != nil {
			return nil, err
		}
		texts, err := c.perturbed(change)
		if err != nil {
			return nil, err
		}
		p.rows, p.changed = rows.Change(e.Column, texts), c.differs(texts)
		all = append(all, p)
	}
	return all, nil
}

// permuting is the seed that the rows were drawn with, or would have been.
func (r Rescoring) permuting(out *Rescored, j *joined, request Request) ([]byte, error) {
	if out.Sample != nil {
		return hex.DecodeString(out.Sample.Seed)
	}
	seed, _, err := r.seed(j, request)
	return seed, err
}

// turned is the column of the rows that is to be changed.
type turned struct {
	project.Sensitivity
	test   *table.Table
	column *table.Column
	places []int32 // of the rows
	seed   []byte
}

func newTurned(rows *scorer.Rows, e project.Sensitivity, seed []byte) (*turned, error) {
	column, err := rows.Table().Column(e.Column)
	if err != nil {
		return nil, err
	}
	return &turned{e, rows.Table(), column, rows.Places(), seed}, nil
}

// is are the values as they are.
func (c *turned) is() []string {
	texts := make([]string, len(c.places))
	for i, row := range c.places {
		texts[i] = c.column.String(int(row))
	}
	return texts
}

func (c *turned) perturbed(change project.Perturbation) ([]string, error) {
	switch change.Kind {
	case project.PerturbScale:
		return c.numbers(func(v float64) float64 { return v * change.By })
	case project.PerturbShift:
		return c.numbers(func(v float64) float64 { return v + change.By })
	case project.PerturbPermute:
		return c.permuted(), nil
	case project.PerturbSwap:
		return c.swapped()
	}
	texts := make([]string, len(c.places)) // which is missing
	for i := range texts {
		texts[i] = change.Value
	}
	return texts, nil
}

// numbers changes numbers; where there is none, none comes.
func (c *turned) numbers(change func(float64) float64) ([]string, error) {
	texts := c.is()
	for i, text := range texts {
		if text == "" {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, c.refuse(i, fmt.Sprintf("%q is no number, so %s cannot change it\nhint: %s", text, c.Change, forTexts))
		}
		is := change(v)
		if math.IsInf(is, 0) {
			return nil, c.refuse(i, fmt.Sprintf("%s of %s is no finite number", c.Change, text))
		}
		if is != v {
			texts[i] = strconv.FormatFloat(is, 'g', -1, 64)
		}
	}
	return texts, nil
}

const forTexts = `a column of texts takes missing, permute, swap or "=value"`

func (c *turned) refuse(i int, problem string) error {
	return fmt.Errorf("spec.sensitivity: %w", c.test.At(int(c.places[i]), c.Column, problem))
}

// permuted deals the values of the rows out anew.
func (c *turned) permuted() []string {
	of := append(slices.Clone(c.seed), c.Column...)
	ranks := make([][]byte, len(c.places))
	from := make([]int, len(c.places))
	for i, row := range c.places {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(slices.Clone(of), uint64(row)))
		ranks[i], from[i] = sum[:8], i
	}
	slices.SortFunc(from, func(a, b int) int { return cmp.Or(slices.Compare(ranks[a], ranks[b]), a-b) })
	is := c.is()
	texts := make([]string, len(is))
	for i, k := range from {
		texts[i] = is[k]
	}
	return texts
}

// mostValues is how many values a column may have whose values are swapped.
const mostValues = 50

// swapped gives each row the next of the values that the column has anywhere
// in the test data, in the order of their texts, and the last one the first.
func (c *turned) swapped() ([]string, error) {
	seen := map[string]bool{}
	for row := range c.test.Rows {
		if text := c.column.String(row); text != "" && len(seen) <= mostValues {
			seen[text] = true
		}
	}
	if len(seen) < 2 || len(seen) > mostValues {
		return nil, fmt.Errorf("spec.sensitivity: column %s of %s has %s, and swap is for a column of 2 to %d\nhint: \"=value\" puts one value in every row", c.Column, c.test.Name, valuesOf(len(seen)), mostValues)
	}
	var values []string
	for text := range seen {
		values = append(values, text)
	}
	slices.Sort(values)
	texts := c.is()
	for i, text := range texts {
		if at, known := slices.BinarySearch(values, text); known {
			texts[i] = values[(at+1)%len(values)]
		}
	}
	return texts, nil
}

func valuesOf(n int) string {
	switch {
	case n > mostValues:
		return fmt.Sprintf("more than %d values", mostValues)
	case n == 1:
		return "one value"
	}
	return "no value"
}

// differs says which rows have another value now.
func (c *turned) differs(texts []string) []bool {
	changed := make([]bool, len(texts))
	for i, was := range c.is() {
		changed[i] = was != texts[i]
	}
	return changed
}

// insensible answers each item of the spec where the scorer did not even say
// anything of the rows as they are.
func (out *Rescored) insensible(spec *project.Spec) {
	for _, e := range spec.Sensitivity {
		out.unanswered(e, "the scorer gave no answer on the unchanged rows: "+out.Detail)
	}
}

func (out *Rescored) unanswered(e project.Sensitivity, why string) {
	for _, item := range sensitivityItems("", e) {
		out.answerItem(item, without(StatusError, why, 0, out.Rows))
	}
}

func (out *Rescored) answerItem(item Item, m Measure) {
	out.Results = append(out.Results, ItemResult{Kind: KindSensitivity, Item: item.ID, Metric: item.Metric, Measure: m})
}

// sense holds what the scorer says of changed rows against what it said of the
// same rows before, in the same run.
func (out *Rescored) sense(request Request, h *handed, p perturbation, base *scorer.Said, anew spoken) {
	run := Perturbed{Column: p.Column, Change: p.Change, Status: RescoredCompared, Seed: hex.EncodeToString(p.seed)}
	for _, changed := range p.changed {
		if changed {
			run.Changed++
		}
	}
	if anew.said == nil {
		run.Status, run.Reason, run.Detail = RescoredFailed, anew.reason, unhinted(anew.text)
		out.Sensitivity = append(out.Sensitivity, run)
		out.unanswered(p.Sensitivity, fmt.Sprintf("the scorer gave no answer on rows with another %s: %s", p.Column, run.Detail))
		return
	}
	out.Sensitivity = append(out.Sensitivity, run)
	c := &contrasted{
		judge:     &judge{spec: request.Spec, seed: request.Test.Digest + "|" + h.joined.digest(h.joined.said)},
		tolerance: out.Tolerance, scores: h.numbers[:len(h.numbers)-h.flags], decision: h.decision,
		entry: p.Sensitivity, changed: p.changed, n: run.Changed, was: base, is: anew.said,
	}
	for _, item := range sensitivityItems("", p.Sensitivity) {
		out.answerItem(item, c.measure(item))
	}
}

// contrasted is what the scorer says of rows before and after a change.
type contrasted struct {
	*judge
	tolerance Tolerance
	scores    []string // columns
	decision  string   // column; empty where there is none
	entry     project.Sensitivity
	changed   []bool
	n         int // changed rows
	was, is   *scorer.Said
}

// measure answers one item over the rows whose value changed. Where none did,
// nothing was tried, and there is no number.
func (c *contrasted) measure(item Item) Measure {
	rows := len(c.changed)
	if c.n == 0 {
		return without(StatusUndefined, "the change leaves the value of every row as it is", 0, rows)
	}
	switch item.Metric {
	case sensitivityFlips:
		return c.share(item, c.flips, c.spec.Task != "multiclass")
	case sensitivityAgainst:
		return c.share(item, c.moves, false)
	}
	return c.finish(c.shift(item), item.ID, false)
}

// share is a proportion of the changed rows.
func (c *contrasted) share(item Item, counts func(i int) bool, thresholded bool) Measure {
	p := stats.Proportion{N: c.n}
	for i, changed := range c.changed {
		if changed && counts(i) {
			p.X++
		}
	}
	return c.finish(with(p.Value(), p.Interval(c.spec.Confidence), p.N, len(c.changed)), item.ID, thresholded)
}

// flips says whether row i is decided otherwise.
func (c *contrasted) flips(i int) bool { return c.decide(c.was, i) != c.decide(c.is, i) }

// decide is the decision on row i: the decided class, or that of the greatest
// score, of equal ones the first by its column's name; of scores and a
// threshold the decisions on all labels.
func (c *contrasted) decide(said *scorer.Said, i int) string {
	if c.spec.Task == "multiclass" {
		if c.decision != "" {
			return said.Texts[c.decision][i]
		}
		best := c.scores[0]
		for _, name := range c.scores {
			if said.Numbers[name][i] > said.Numbers[best][i] {
				best = name
			}
		}
		return best
	}
	var labels strings.Builder
	for _, name := range c.scores {
		labels.WriteString(strconv.FormatBool(said.Numbers[name][i] >= *c.spec.Predictions.Threshold))
	}
	return labels.String()
}

// moves says whether the score of row i moves against its direction, by more
// than two scores of one row may differ.
func (c *contrasted) moves(i int) bool {
	was, is := c.was.Numbers[c.spec.Predictions.Column][i], c.is.Numbers[c.spec.Predictions.Column][i]
	against := is < was
	if c.entry.Direction == "down" {
		against = is > was
	}
	return against && !c.tolerance.agree(was, is)
}

// shift is the mean of how far the score of a changed row moves.
func (c *contrasted) shift(item Item) Measure {
	var far []float64
	for i, changed := range c.changed {
		if !changed {
			continue
		}
		most := 0.0
		for _, name := range c.scores {
			most = max(most, math.Abs(c.is.Numbers[name][i]-c.was.Numbers[name][i]))
		}
		far = append(far, most)
	}
	of := stats.MomentsOf(far)
	if c.n > stats.ClosedRows {
		return with(of.Mean, of.Interval(c.spec.Confidence), c.n, len(c.changed))
	}
	_, i := c.resampling(item.ID).BCa(c.n, func(rows []int32) stats.Statistic {
		if rows == nil {
			return stats.Mean(far)
		}
		return stats.Mean(take(far, rows))
	})
	return with(of.Mean, i, c.n, len(c.changed))
}
