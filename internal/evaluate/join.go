package evaluate

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/internal/table"
)

// joined are the test rows that have a prediction, in the test set's order.
type joined struct {
	Join
	rows []int32    // of the test set
	said *predicted // of each of them
}

// join finds what is said of each test row, by id, or by the order of rows
// where the test set has no id column.
func join(test, predictions *table.Table, testID, predictionID string, said *predicted) (*joined, error) {
	if testID == "" {
		return joinRows(test, predictions, said)
	}
	return joinIDs(test, predictions, testID, predictionID, said)
}

func joinRows(test, predictions *table.Table, said *predicted) (*joined, error) {
	if test.Rows != predictions.Rows {
		return nil, fmt.Errorf("joining %s to %s: %d rows against %d, and no id column\nhint: name the id column in data.test.id",
			predictions.Name, test.Name, predictions.Rows, test.Rows)
	}
	j := &joined{Join: Join{By: "row", Matched: test.Rows}, said: said, rows: make([]int32, test.Rows)}
	for i := range j.rows {
		j.rows[i] = int32(i)
	}
	return j, nil
}

// digest names the predictions as they are evaluated: the score of each test
// row, in the test set's order, as eight bytes of IEEE 754, little-endian; NaN
// where there is none. Where a row has several numbers, they follow each other
// in the order of the classes' or labels' names, and a decision, by its place
// among them, comes last. So it depends neither on the order of the rows in
// the file nor on how it is written.
func (j *joined) digest(said *predicted) string {
	h := sha256.New()
	buffer := make([]byte, 0, 1<<15)
	if values, alike := said.alike(); alike && j.Missing == 0 {
		for _, v := range values {
			if buffer = binary.LittleEndian.AppendUint64(buffer, math.Float64bits(v+0)); len(buffer) == cap(buffer) { // -0 is 0
				h.Write(buffer)
				buffer = buffer[:0]
			}
		}
		h.Write(buffer)
		return "sha256:" + hex.EncodeToString(h.Sum(nil))
	}
	next := 0
	none := []float64{math.NaN()}
	for row := range j.Matched + j.Missing {
		values := none
		if next < len(j.rows) && int(j.rows[next]) == row {
			values = said.numbersOf(next)
			next++
		}
		for _, v := range values {
			if buffer = binary.LittleEndian.AppendUint64(buffer, math.Float64bits(v+0)); len(buffer) == cap(buffer) { // -0 is 0
				h.Write(buffer)
				buffer = buffer[:0]
			}
		}
	}
	h.Write(buffer)
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func joinIDs(test, predictions *table.Table, testID, predictionID string, said *predicted) (*joined, error) {
	if predictionID == "" {
		predictionID = testID
	}
	c, err := eachOnce(test, testID)
	if err != nil {
		return nil, err
	}
	p, err := eachOnce(predictions, predictionID)
	if err != nil {
		return nil, err
	}
	j := &joined{Join: Join{By: "id"}}
	at := places(c, p)
	j.rows = make([]int32, 0, len(at))
	found := at[:0]
	for i, row := range at {
		if row == nowhere {
			j.Missing++
			continue
		}
		j.rows = append(j.rows, int32(i))
		found = append(found, row)
	}
	j.said = said.pick(found)
	j.Matched = len(j.rows)
	j.Extra = predictions.Rows - j.Matched
	if j.Matched == 0 {
		return nil, fmt.Errorf("joining %s to %s: no id matches; column %s begins with %q, column %s with %q\nhint: name the columns that hold the same ids in data.test.id and predictions.id",
			predictions.Name, test.Name, predictionID, p.String(0), testID, c.String(0))
	}
	return j, nil
}

// place is where a row is, for an error about another one: its line, and its
// file where that is not the other's.
func place(t *table.Table, row, other int) string {
	if file := t.File(row); file != t.File(other) {
		return fmt.Sprintf("%s, line %d", file, t.Line(row))
	}
	return fmt.Sprintf("line %d", t.Line(row))
}

// scores are a column's numbers; one that is missing or not finite is refused.
func scores(t *table.Table, column string) ([]float64, error) {
	score, err := t.Float64s(column)
	if err != nil {
		return nil, err
	}
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	for i, s := range score {
		switch {
		case c.IsNull(i):
			return nil, t.At(i, column, "a row without a score\nhint: let the model score every row")
		case math.IsNaN(s) || math.IsInf(s, 0):
			return nil, t.At(i, column, fmt.Sprintf("the score %v is not a finite number\nhint: let the model score every row", s))
		}
	}
	return score, nil
}

// inUnit refuses scores that are no probabilities where a metric needs them.
func inUnit(t *table.Table, column string, metrics []string) error {
	for _, name := range metrics {
		m, ok := stats.Lookup(name)
		if !ok || !m.Probability {
			continue
		}
		score, err := t.Float64s(column)
		if err != nil {
			return err
		}
		for i, s := range score {
			if s < 0 || s > 1 {
				return t.At(i, column, fmt.Sprintf("the score %v is not a probability, and %s needs one\nhint: write probabilities between 0 and 1, or judge by roc_auc", s, name))
			}
		}
		return nil
	}
	return nil
}

// describe is what scores look like; nil where there are none.
func describe(scores []float64) *Scores {
	if len(scores) == 0 {
		return nil
	}
	low, high := scores[0], scores[0] // all of them are finite
	for _, v := range scores {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	s := &Scores{Low: *number(low), High: *number(high)}
	for _, v := range scores {
		if v = *number(v); slices.Contains(s.Values, v) {
			continue
		}
		if s.Values = append(s.Values, v); len(s.Values) > 2 {
			s.Values = nil
			break
		}
	}
	slices.Sort(s.Values)
	return s
}

// pseudonym is the id under which the registry knows a row.
func pseudonym(key []byte, id string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id))
	return hex.EncodeToString(h.Sum(nil))
}

// stored is the CSV of matched predictions that the registry may keep, in the
// given columns beside the id.
func (j *joined) stored(id *table.Column, key []byte, columns, names []string) ([]byte, error) {
	lines := make([][]string, len(j.rows))
	for k, row := range j.rows {
		lines[k] = append([]string{pseudonym(key, id.String(int(row)))}, j.said.cells(k, names)...)
	}
	slices.SortFunc(lines, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	var b bytes.Buffer
	err := table.WriteCSV(&b, append([]string{"id"}, columns...), func(yield func([]string) bool) {
		for _, l := range lines {
			if !yield(l) {
				return
			}
		}
	})
	return b.Bytes(), err
}
