package evaluate

import (
	"crypto/sha256"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
)

// examine describes one table; id and labels are empty where it has none.
func examine(t *table.Table, digest, id, label string, labels *truth) (*Set, error) {
	set := &Set{Digest: digest, Rows: t.Rows}
	set.Columns = make([]Column, len(t.Columns))
	var group sync.WaitGroup
	for k, c := range t.Columns {
		group.Go(func() { set.Columns[k] = examineColumn(c, t.Rows) })
	}
	group.Wait()
	if id != "" {
		c, err := t.Column(id)
		if err != nil {
			return nil, err
		}
		set.IDs = examineIDs(c, t.Rows)
	}
	if labels != nil && label != "" {
		set.Labels = &Labels{Column: label, Missing: labels.missing - labels.taken, Unseen: labels.unseen, Young: labels.young}
		if labels.positive != nil {
			n := countPositive(labels.positive)
			set.Labels.Positive = &n
		}
		set.Labels.Classes = labels.rows()
	}
	return set, nil
}

// labelColumn names the column of the test set's labels, or all of them; none
// where the task does without.
func labelColumn(spec *project.Spec) string {
	if spec.Task == "generative" {
		return ""
	}
	if len(spec.Test.Labels) > 0 {
		return strings.Join(spec.Test.Labels, ", ")
	}
	return spec.Test.Label
}

// rows counts the rows of each class or label.
func (t *truth) rows() (all []ClassRows) {
	for k, name := range t.names {
		n := 0
		for _, c := range t.class {
			if int(c) == k {
				n++
			}
		}
		for i := k; i < len(t.is); i += len(t.names) {
			if t.is[i] {
				n++
			}
		}
		all = append(all, ClassRows{Name: name, Rows: n})
	}
	return all
}

func examineColumn(c *table.Column, rows int) Column {
	out := Column{Name: c.Name, Kind: c.Kind.String()}
	for i := range rows {
		if c.Null == nil {
			break
		}
		if c.Null[i] {
			out.Nulls++
		}
	}
	for i, v := range c.Numbers {
		if v-v != 0 && !c.IsNull(i) { // NaN and infinities
			out.NaN++
		}
	}
	return out
}

func examineIDs(c *table.Column, rows int) *IDs {
	out := &IDs{Column: c.Name}
	again := repeats(c, rows)
	for i := range rows {
		switch {
		case c.IsNull(i):
			out.Missing++
		case again(i):
			out.Duplicates++
		default:
			out.Distinct++
		}
	}
	return out
}

// repeats says of rows, asked for in their order, whether one before has the
// same text.
func repeats(c *table.Column, rows int) func(row int) bool {
	if c.Kind == table.Text { // whose dictionary holds each text once
		seen := newBits(len(c.Dict))
		return func(row int) bool { return seen.set(c.Codes[row]) }
	}
	if climbs(c) {
		return func(int) bool { return false }
	}
	x := newIndex(c, rows)
	return func(row int) bool {
		_, twice := x.add(row)
		return twice
	}
}

// features are the columns that both tables have and that are not ids, times,
// labels or scores.
func features(spec *project.Spec, test, train *table.Table, scored bool) []string {
	var shared []string
	for _, name := range candidates(spec, test, scored) {
		if slices.Contains(train.Names(), name) {
			shared = append(shared, name)
		}
	}
	return shared
}

// candidates are a test set's columns that may be features. scored says that
// the predictions stand in the test set itself.
func candidates(spec *project.Spec, test *table.Table, scored bool) []string {
	roles := []string{spec.Test.ID, spec.Test.Time, spec.Test.Label, spec.Test.Group, spec.Test.Unit, spec.Test.Weight, spec.Test.Decision, spec.Test.Propensity}
	roles = slices.Concat(roles, spec.Test.Labels, PinnedColumnsOf(metricNames(spec)...))
	if spec.Train != nil {
		roles = append(roles, spec.Train.ID, spec.Train.Time, spec.Train.Label)
	}
	if scored {
		roles = append(roles, layoutOf(spec, spec.Named()).columns()...)
	}
	out := []string{}
	for _, name := range test.Names() {
		prefixed := scored && spec.Predictions.Prefix != "" && strings.HasPrefix(name, spec.Predictions.Prefix)
		if !prefixed && !slices.Contains(roles, name) {
			out = append(out, name)
		}
	}
	return out
}

// overlap finds test rows that training has seen: by id, and by equal features
// under another id.
func overlap(spec *project.Spec, test, train *table.Table, scored bool) (*Overlap, error) {
	o := &Overlap{IDs: -1, Columns: features(spec, test, train, scored)}
	var testID, trainID *table.Column
	var err error
	if spec.Test.ID != "" && spec.Train.ID != "" {
		if testID, err = test.Column(spec.Test.ID); err != nil {
			return nil, err
		}
		if trainID, err = train.Column(spec.Train.ID); err != nil {
			return nil, err
		}
		o.IDs = sharedIDs(testID, trainID, test.Rows, train.Rows)
	}
	if len(o.Columns) == 0 {
		o.Columns = []string{}
		return o, nil
	}
	slices.Sort(o.Columns)
	if err := o.countNear(test, train, testID, trainID); err != nil {
		return nil, err
	}
	o.Share = *number(float64(o.NearDuplicates) / float64(test.Rows))
	return o, nil
}

// sharedFiles counts the files with rows of the test data that are other data
// too, by their bytes. Where neither is a set, their digests say it.
func sharedFiles(test Source, testRows *table.Table, other Source, otherRows *table.Table) *int {
	if test.Set == nil && other.Set == nil {
		return nil
	}
	known := map[string]bool{}
	for _, digest := range test.filesWithRows(testRows) {
		known[digest] = true
	}
	n := 0
	for _, digest := range other.filesWithRows(otherRows) {
		if known[digest] {
			n++
			delete(known, digest)
		}
	}
	return &n
}

// filesWithRows are the digests of those of its files that a table has rows of.
func (s Source) filesWithRows(t *table.Table) (digests []string) {
	if s.Set == nil {
		return []string{s.Digest}
	}
	for i := 0; i < t.Rows; {
		name := t.File(i)
		digests = append(digests, s.digests[name])
		i += sort.Search(t.Rows-i, func(k int) bool { return t.File(i+k) != name })
	}
	return digests
}

func sharedIDs(test, train *table.Column, testRows, trainRows int) int {
	x := newIndex(train, trainRows)
	for i := range trainRows {
		if !train.IsNull(i) {
			x.add(i)
		}
	}
	n := 0
	for i := range testRows {
		if test.IsNull(i) {
			continue
		}
		if _, ok := x.find(test.String(i)); ok {
			n++
		}
	}
	return n
}

// owner is who has a row's features in the training data: one row's id, or
// several.
type owner struct {
	row     int32
	several bool
}

func (o *Overlap) countNear(test, train *table.Table, testID, trainID *table.Column) error {
	of, err := fingerprints(train, o.Columns)
	if err != nil {
		return err
	}
	owners := make(map[fingerprint]owner, len(of))
	for i, f := range of {
		first, twice := owners[f]
		if !twice {
			owners[f] = owner{row: int32(i)}
		} else if trainID == nil || trainID.String(int(first.row)) != trainID.String(i) {
			owners[f] = owner{first.row, true}
		}
	}
	repeats := 0
	for _, f := range of {
		if owners[f].several {
			repeats++
		}
	}
	o.Repeats = number(float64(repeats) / float64(max(len(of), 1)))
	if of, err = fingerprints(test, o.Columns); err != nil {
		return err
	}
	for i, f := range of {
		first, found := owners[f]
		if found && (first.several || testID == nil || testID.IsNull(i) || testID.String(i) != trainID.String(int(first.row))) {
			o.NearDuplicates++
		}
	}
	return nil
}

// fingerprint stands for a row's features, numbers in six significant digits.
type fingerprint [16]byte

func fingerprints(t *table.Table, columns []string) ([]fingerprint, error) {
	var of []*table.Column
	var texts [][]string // by code, for columns of text
	for _, name := range columns {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		known := make([]string, len(c.Dict))
		for code, s := range c.Dict {
			known[code] = coarse(s)
		}
		of, texts = append(of, c), append(texts, known)
	}
	out := make([]fingerprint, t.Rows)
	var row []byte
	for i := range out {
		row = row[:0]
		for k, c := range of {
			switch {
			case c.IsNull(i):
				row = append(row, 0)
			case c.Kind == table.Number:
				row = strconv.AppendFloat(append(row, 1), c.Numbers[i]+0, 'g', 6, 64)
			case c.Kind == table.Text:
				row = append(append(row, 1), texts[k][c.Codes[i]]...)
			default:
				row = append(append(row, 1), c.String(i)...)
			}
			row = append(row, 0xff) // no UTF-8 text has this byte
		}
		sum := sha256.Sum256(row)
		out[i] = fingerprint(sum[:16])
	}
	return out, nil
}

// coarse writes a text that is a number as numbers are written, so that a
// column of which only one table holds a text compares all the same.
func coarse(s string) string {
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.FormatFloat(v+0, 'g', 6, 64)
	}
	return s
}
