package evaluate

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/scorer"
)

// RescoreRows is how many rows are asked for: a number, AllRows, or 0 for none. Its
// JSON is the number, or "all".
type RescoreRows int

// AllRows asks for every row.
const AllRows = RescoreRows(-1)

// ParseRows reads a number of rows, or all.
func ParseRows(text string) (RescoreRows, error) {
	if text == "all" {
		return AllRows, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > math.MaxInt32 {
		return 0, fmt.Errorf("%q is neither a number of rows nor all", text)
	}
	return RescoreRows(n), nil
}

func (r RescoreRows) String() string {
	if r == AllRows {
		return "all"
	}
	return strconv.Itoa(int(r))
}

// MarshalJSON writes the number, or "all".
func (r RescoreRows) MarshalJSON() ([]byte, error) {
	if r == AllRows {
		return []byte(`"all"`), nil
	}
	return []byte(r.String()), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and no 0.
func (r *RescoreRows) UnmarshalJSON(text []byte) (err error) {
	*r, err = ParseRows(strings.Trim(string(text), `"`))
	return err
}

// More is the greater of two.
func (r RescoreRows) More(than RescoreRows) RescoreRows {
	if r == AllRows || than == AllRows {
		return AllRows
	}
	return max(r, than)
}

// Tolerance is how far two scores may lie apart and still agree.
type Tolerance struct {
	Absolute float64 `json:"absolute"`
	Relative float64 `json:"relative"` // of the greater of the two
}

// agree is PEP 485's isclose: |a-b| ≤ max(relative·max(|a|,|b|), absolute).
func (t Tolerance) agree(a, b float64) bool {
	return a == b || math.Abs(a-b) <= math.Max(t.Relative*math.Max(math.Abs(a), math.Abs(b)), t.Absolute)
}

// Rescored is what came of running the scorer anew: rows of the pinned data,
// without labels, through the command, and its scores held against those that
// were handed in.
type Rescored struct {
	Status    string      `json:"status"` // compared or failed
	Reason    string      `json:"reason,omitempty"`
	Detail    string      `json:"detail,omitempty"`
	Model     string      `json:"model"` // digest of the image whose files the command had
	Command   string      `json:"command"`
	Asked     RescoreRows `json:"asked"`
	Rows      int         `json:"rows"` // that the command was given
	Of        int         `json:"of"`   // that have a prediction
	Sample    *Sample     `json:"sample,omitempty"`
	Columns   []string    `json:"columns,omitempty"` // of the predictions, that were held against the answer's
	Tolerance Tolerance   `json:"tolerance"`
	Disagreed int         `json:"disagreed"`         // rows
	Largest   *float64    `json:"largest,omitempty"` // greatest absolute difference of two numbers
	// Unseen is the greatest share of rows that could disagree while a sample
	// of this size, at 95 %, would show at least one; where none did. Where whole
	// queries or series were taken it is the share of these.
	Unseen        *float64            `json:"unseen,omitempty"`
	Disagreements []Disagreement      `json:"disagreements"` // the largest, no more than listed
	Limits        scorer.Limits       `json:"limits"`
	Confinement   *scorer.Confinement `json:"confinement,omitempty"`
	// Sensitivity says how the scorer was run on changed rows; Results is what
	// came of it, the caller's to add to those of the evaluation, where rules
	// look items up.
	Sensitivity []Perturbed  `json:"sensitivity,omitempty"`
	Results     []ItemResult `json:"-"`
}

// Sample says how rows were drawn: row i of the data set, from 0, has the rank
// of the first eight bytes of SHA-256(seed ‖ i as eight bytes, big-endian), and
// the rows of least rank are taken. A query or a series has the rank of its first
// row that has a prediction, and is taken whole.
type Sample struct {
	Seed   string `json:"seed"`             // hexadecimal
	Drawn  string `json:"drawn"`            // id_key or random: where the seed comes from
	Of     string `json:"of,omitempty"`     // query or series, where whole ones were taken
	Groups int    `json:"groups,omitempty"` // how many of them
}

// Disagreement is one row. Where ids are stored, the row goes by its
// pseudonym, else by its place in the data set, from 1. Of several columns that
// disagree it tells the decision, or the one that lies furthest apart.
type Disagreement struct {
	ID        string `json:"id,omitempty"`
	Row       int    `json:"row,omitempty"`
	Column    string `json:"column,omitempty"` // where more than one was compared
	Submitted any    `json:"submitted"`        // a float64, or the text of a decision
	Rescored  any    `json:"rescored"`
}

// Statuses of Rescored, and reasons beside those of scorer.Failure.
const (
	RescoredCompared = "compared"
	RescoredFailed   = "failed"
	reasonAnswer     = "answer"
	reasonUnfit      = "unfit"
)

// listed bounds the disagreements that are written down.
const listed = 20

// Rescoring is how a scorer is run anew.
type Rescoring struct {
	Asked     RescoreRows
	Tolerance Tolerance
	Model     string // digest of the image
	Command   string
	Limits    scorer.Limits
	Unlisted  bool      // single rows must not be written down
	Rand      io.Reader // for the seed where there is no id key
	// Score runs the command. What it says of its own failure is a
	// *scorer.Failure.
	Score func(ctx context.Context, rows func(io.Writer) error, out io.Writer) (*scorer.Confinement, error)
	// Tell gets what an answer is refused for, in full: it may hold row ids,
	// which have no place in a statement. It may be nil.
	Tell func(error)
}

// Rescore runs the scorer of an evaluation's predictions anew. A command that
// gives no answer is a result, which says so; an error is a fault of ours.
func Rescore(ctx context.Context, request Request, r Rescoring) (*Rescored, error) {
	rows, err := readRows(ctx, request)
	if err != nil {
		return nil, err
	}
	h, err := readHanded(ctx, request, rows)
	if err != nil {
		return nil, err
	}
	j := h.joined
	out := &Rescored{
		Model: r.Model, Command: r.Command, Asked: r.Asked, Of: j.Matched, Tolerance: r.Tolerance,
		Columns: h.columns(), Disagreements: []Disagreement{}, Limits: r.Limits.Filled(),
	}
	if len(out.Columns) == 0 {
		out.failed(reasonUnfit, "neither predictions nor a metric names a column of scores, so nothing can be held against the scorer's answer")
		out.insensible(request.Spec)
		return out, nil
	}
	together, of, err := together(request, rows)
	if err != nil {
		return nil, err
	}
	taken, err := r.draw(out, j, request, together, of)
	if err != nil {
		return nil, err
	}
	places := make([]int32, len(taken))
	for i, k := range taken {
		places[i] = j.rows[k]
	}
	rows = rows.Pick(places)
	out.Rows = rows.Len()
	changes, err := r.perturb(out, h.joined, request, rows)
	if err != nil {
		return nil, err
	}
	answer := h.answer(r.Command, path.Ext(request.Predictions.path()))
	a, err := r.score(ctx, rows, answer)
	if err != nil {
		return nil, err
	}
	out.Confinement = a.confinement
	if a.said == nil {
		out.failed(a.reason, a.text)
		out.insensible(request.Spec)
		return out, nil
	}
	if err := out.compare(r, request.IDKey, h, taken, rows, a.said); err != nil {
		return nil, err
	}
	for _, c := range changes {
		anew, err := r.score(ctx, c.rows, answer)
		if err != nil {
			return nil, err
		}
		out.sense(request, h, c, a.said, anew)
	}
	return out, nil
}

// readRows reads the evaluation set as the scorer is to see it.
func readRows(ctx context.Context, request Request) (*scorer.Rows, error) {
	s, spec := request.Test, request.Spec
	files, done, err := s.files(s.path())
	if err != nil {
		return nil, err
	}
	defer done()
	return scorer.ReadRows(ctx, s.path(), files, spec.Test.ID, spec.Outcomes())
}

// draw takes the rows to be scored, as places in j.rows, in their order there.
//
// The author must not know them when handing the predictions in, or only those
// would be right; nor be able to try until the draw is a kind one. What is
// judged — image, test data and predictions — is fixed by then, but a blank more
// in the project file gives another image, and an author could try thousands of
// those at home: so their digests alone will not do. They are hashed under the
// id key, which the one who gates holds and no statement shows. The draw is
// then the same whenever the same is judged, and each further try is a publish
// more, which the chain of attempts counts. An author who holds the id key can
// foresee it; give it to the gate alone, or ask for all rows. Without an id key
// nothing is published, and the seed is drawn at random.
//
// Where rows belong together, of being what they belong to, whole ones are
// taken until there are as many rows as were asked for.
func (r Rescoring) draw(out *Rescored, j *joined, request Request, together []int32, of string) ([]int, error) {
	all := make([]int, len(j.rows))
	for i := range all {
		all[i] = i
	}
	if r.Asked == AllRows || int(r.Asked) >= len(all) || of == ofOneSeries {
		return all, nil
	}
	seed, from, err := r.seed(j, request)
	if err != nil {
		return nil, err
	}
	out.Sample = &Sample{Seed: hex.EncodeToString(seed), Drawn: from, Of: of}
	all = drawn(seed, j.rows, together, int(r.Asked))
	if out.Sample.Of != "" {
		out.Sample.Groups = countOf(j.rows, together, all)
	}
	return all, nil
}

// seed is what rows are drawn with, and where it comes from.
func (r Rescoring) seed(j *joined, request Request) (seed []byte, from string, err error) {
	if len(request.IDKey) == 0 {
		seed = make([]byte, sha256.Size)
		if _, err := io.ReadFull(r.Rand, seed); err != nil {
			return nil, "", fmt.Errorf("drawing a seed: %w", err)
		}
		return seed, "random", nil
	}
	h := hmac.New(sha256.New, request.IDKey)
	// A row's pseudonym is the HMAC of its id under the same key: no id
	// begins so.
	fmt.Fprintf(h, "\x00rescore\x00%s\x00%s\x00%s", r.Model, request.Test.Digest, j.digest(j.said))
	return h.Sum(nil), "id_key", nil
}

func rank(seed []byte, row int32) uint64 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(slices.Clone(seed), uint64(row)))
	return binary.BigEndian.Uint64(sum[:8])
}

// spoken is what the command says; nil where it gave no answer, for a reason.
type spoken struct {
	said         *scorer.Said
	confinement  *scorer.Confinement
	reason, text string
}

// score runs the command on rows.
func (r Rescoring) score(ctx context.Context, rows *scorer.Rows, answer scorer.Answer) (a spoken, err error) {
	f, err := os.CreateTemp("", "weighlock-answer-")
	if err != nil {
		return a, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil { // the open file is enough
		return a, err
	}
	a.confinement, err = r.Score(ctx, rows.Write, f)
	var failure *scorer.Failure
	if errors.As(err, &failure) {
		a.reason, a.text = failure.Reason, failure.Text
		return a, nil
	}
	if err != nil {
		return a, err
	}
	info, err := f.Stat()
	if err != nil {
		return a, err
	}
	a.said, err = answer.Read(ctx, rows, f, info.Size())
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	if err != nil {
		if r.Tell != nil {
			r.Tell(err)
		}
		a.said, a.reason, a.text = nil, reasonAnswer, scorer.Brief(err)
	}
	return a, nil
}

func (out *Rescored) failed(reason, text string) {
	out.Status, out.Reason, out.Detail = RescoredFailed, reason, unhinted(text)
}

func unhinted(text string) string {
	text, _, _ = strings.Cut(text, "\nhint: ")
	return text
}

func (out *Rescored) compare(r Rescoring, idKey []byte, h *handed, taken []int, rows *scorer.Rows, said *scorer.Said) error {
	out.Status = RescoredCompared
	found := []apart{}
	largest := 0.0
	for i, k := range taken {
		worst, far := h.apart(r.Tolerance, i, k, said)
		largest = math.Max(largest, far)
		if worst != nil {
			found = append(found, *worst)
		}
	}
	out.Disagreed = len(found)
	if len(h.numbers) > 0 {
		out.Largest = number(largest)
	}
	if len(found) == 0 && out.Rows < out.Of {
		out.Unseen = number(unseen(out.Rows))
		if out.Sample.Of != "" {
			out.Unseen = number(unseen(out.Sample.Groups))
		}
	}
	if r.Unlisted {
		return nil
	}
	slices.SortStableFunc(found, func(a, b apart) int { return cmp.Compare(b.far, a.far) })
	for _, a := range found[:min(len(found), listed)] {
		row := h.joined.rows[a.k]
		d := Disagreement{Submitted: a.submitted, Rescored: a.rescored}
		if len(out.Columns) > 1 {
			d.Column = a.column
		}
		if rows.ID != "" && len(idKey) > 0 {
			id, err := rows.Table().Column(rows.ID)
			if err != nil {
				return err
			}
			d.ID = pseudonym(idKey, id.String(int(row)))
		} else {
			d.Row = int(row) + 1
		}
		out.Disagreements = append(out.Disagreements, d)
	}
	return nil
}

// unseen is the share s for which n rows, drawn with replacement, all agree
// with chance 5 %: (1-s)^n = 0.05. Without replacement it is less.
func unseen(n int) float64 { return -math.Expm1(math.Log(0.05) / float64(n)) }

// Agreed says whether the scorer was compared, and disagreed on no more than a
// share of the rows.
func (out *Rescored) Agreed(share float64) bool {
	return out.Status == RescoredCompared && out.Rows > 0 && float64(out.Disagreed) <= share*float64(out.Rows)
}

// Asked reads what a predicate says of how many rows were asked for; 0 where
// nothing was rescored.
func Asked(predicate json.RawMessage) RescoreRows {
	var p struct {
		Rescored struct {
			Asked RescoreRows `json:"asked"`
		} `json:"rescored"`
	}
	if json.NewDecoder(bytes.NewReader(predicate)).Decode(&p) != nil {
		return 0
	}
	return p.Rescored.Asked
}
