package evaluate

import (
	"math"
	"strconv"

	"github.com/weighlock/weighlock/internal/stats"
)

// Evaluation is the predicate https://weighlock.dev/evaluation/v1; the caller
// adds the model's digest and version.
type Evaluation struct {
	Model        Model         `json:"model"`
	Spec         string        `json:"spec"`
	Grade        string        `json:"grade"`
	Data         DataSet       `json:"data"`
	Predictions  Predictions   `json:"predictions"`
	Join         Join          `json:"join"`
	Training     *TrainingData `json:"training,omitempty"`
	Champion     *Compared     `json:"champion,omitempty"`
	Explanations *Explained    `json:"explanations,omitempty"`
	Rescored     *Rescored     `json:"rescored,omitempty"` // the caller's to add, like the model
	Results      []ItemResult  `json:"results"`
	Search       *Search       `json:"search,omitempty"`
	Selection    *Selection    `json:"selection,omitempty"`
}

// Model names the model that a statement is about.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// DataSet names a table by its content.
type DataSet struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Rows   int    `json:"rows"`
}

// Predictions is the file that was judged.
type Predictions struct {
	Digest string  `json:"digest"`
	Rows   int     `json:"rows"`
	Column string  `json:"column,omitempty"`
	Stored string  `json:"stored,omitempty"`
	Scores *Scores `json:"scores,omitempty"`
	// Columns are those of the scores of several classes or labels, in the
	// order of their names; Decision is that of the decided class.
	Columns  []string `json:"columns,omitempty"`
	Decision string   `json:"decision,omitempty"`
}

// Scores says what the scores that were judged look like, so that rules can
// tell a threshold beyond all of them, or decisions in their place.
type Scores struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Values are all that there are, where they are no more than two.
	Values []float64 `json:"values,omitempty"`
}

// Join counts how predictions met data.
type Join struct {
	By      string `json:"by"` // id or row
	Matched int    `json:"matched"`
	Missing int    `json:"missing"` // data rows without a prediction
	Extra   int    `json:"extra"`   // predictions without a data row
}

// Compared is the champion that was compared with.
type Compared struct {
	Channel     string `json:"channel"`
	Digest      string `json:"digest"`
	Predictions string `json:"predictions"`
	Rows        int    `json:"rows"` // that both scored
	// Training is nil where no row could be joined.
	Training *Known `json:"training,omitempty"`
}

// NegativeFlipRate is the share of rows that the champion decides right and
// the model that would take its place wrong (Yan et al., CVPR 2021).
const NegativeFlipRate = "negative_flip_rate"

// Kinds of results.
const (
	KindFlips        = "negative_flips"
	KindMetric       = "metric"
	KindSlice        = "slice"
	KindGap          = "gap"
	KindGapBest      = "gap_best"
	KindFairness     = "fairness"
	KindBaseline     = "baseline"
	KindChampion     = "champion"
	KindExplanations = "explanations"
	KindSensitivity  = "sensitivity"
)

// ItemResult is the measure that answers one item.
type ItemResult struct {
	Kind      string   `json:"kind"`
	Item      string   `json:"item"`
	Metric    string   `json:"metric"`
	By        string   `json:"by,omitempty"`
	Group     string   `json:"group,omitempty"`
	Groups    []Group  `json:"groups,omitempty"`
	Against   *Against `json:"against,omitempty"`
	Reference *float64 `json:"reference,omitempty"`
	Flips     *Flips   `json:"flips,omitempty"`
	Measure
}

// Group is one group behind a fairness measure.
type Group struct {
	Group string `json:"group"`
	Measure
}

// Against is the group that others were held against.
type Against struct {
	Rule  string `json:"rule"` // group, majority or best
	Group string `json:"group,omitempty"`
}

// Statuses of a measure; none but ok is a number.
const (
	StatusOK        = "ok"
	StatusUndefined = "undefined"
	StatusTooFew    = "too_few"
	StatusNoLabels  = "no_labels"
	StatusError     = "error"
)

// Measure is one number with its uncertainty, or the reason why there is none.
// Its numbers have twelve significant digits, so that processors which round
// the last ones differently write the same bytes.
//
// Seed is the first eight bytes of the SHA-256 of test|scores|item: the digest
// of the pinned test data, that of the scores as they are evaluated (for a
// metric of columns, of those), and the item's name. For drift it is that of test|train|"drift "+column.
type Measure struct {
	Status     string   `json:"status"`
	Value      *float64 `json:"value,omitempty"`
	Low        *float64 `json:"low,omitempty"`
	High       *float64 `json:"high,omitempty"`
	Method     string   `json:"method,omitempty"`
	Level      float64  `json:"level,omitempty"`
	Draws      int      `json:"draws,omitempty"`
	Seed       string   `json:"seed,omitempty"`
	N          int      `json:"n"`
	Rows       int      `json:"rows"`
	Degenerate bool     `json:"degenerate,omitempty"`
	Null95     *float64 `json:"null95,omitempty"`
	Needed     int      `json:"needed,omitempty"`
	Threshold  *float64 `json:"threshold,omitempty"`
	Detail     string   `json:"detail,omitempty"`
	// Overlap is that of the weights, where rows were weighted by propensities.
	Overlap *WeightOverlap `json:"overlap,omitempty"`
}

// without is a measure that has no number.
func without(status, detail string, n, rows int) Measure {
	return Measure{Status: status, Detail: detail, N: n, Rows: rows}
}

// with is a measure of a number; one that is not finite is undefined.
func with(value float64, i stats.Interval, n, rows int) Measure {
	v := number(value)
	if v == nil {
		return without(StatusUndefined, i.Detail, n, rows)
	}
	m := Measure{Status: StatusOK, Value: v, Method: i.Method, Draws: i.Draws, N: n, Rows: rows, Degenerate: i.Degenerate, Detail: i.Detail}
	if low, high := number(i.Low), number(i.High); low != nil && high != nil {
		m.Low, m.High = low, high
	}
	return m
}

func (m *Measure) note(text string) {
	switch {
	case text == "":
	case m.Detail == "":
		m.Detail = text
	default:
		m.Detail += "; " + text
	}
}

// number is v in twelve significant digits; nil where it is not finite.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return nil
	}
	r += 0 // turns -0 into 0
	return &r
}

// Datacheck is the predicate https://weighlock.dev/datacheck/v1.
type Datacheck struct {
	Model   Model    `json:"model"`
	Spec    string   `json:"spec"`
	Sets    Sets     `json:"sets"`
	Overlap *Overlap `json:"overlap,omitempty"`
	Slices  []Part   `json:"slices"`
	Groups  []Part   `json:"groups"`
	Columns []string `json:"columns"`
}

// Sets are the data sets by name.
type Sets struct {
	Test  *Set `json:"test"`
	Train *Set `json:"train,omitempty"`
}

// Set is what was found in one table.
type Set struct {
	Digest  string   `json:"digest"`
	Rows    int      `json:"rows"`
	Columns []Column `json:"columns"`
	IDs     *IDs     `json:"ids,omitempty"`
	Labels  *Labels  `json:"labels,omitempty"`
}

// Column is what was found in one column.
type Column struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Nulls int    `json:"nulls"`
	NaN   int    `json:"nan"`
}

// IDs describes the id column.
type IDs struct {
	Column     string `json:"column"`
	Distinct   int    `json:"distinct"`
	Duplicates int    `json:"duplicates"`
	Missing    int    `json:"missing"`
}

// Labels describes the label column, or columns; Positive is nil where there
// are not two classes. Classes counts the rows of each class or label.
type Labels struct {
	Column   string      `json:"column"`
	Missing  int         `json:"missing"`
	Unseen   *int        `json:"unseen,omitempty"` // of the missing, rows whose declared decision shows no label
	Young    *int        `json:"young,omitempty"`  // rows whose label, if any, was read too early
	Positive *int        `json:"positive,omitempty"`
	Classes  []ClassRows `json:"classes,omitempty"`
}

// ClassRows is how many rows are of a class, or have a label.
type ClassRows struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

// Overlap compares test with training rows.
type Overlap struct {
	IDs int `json:"ids"` // -1 where either has no id column
	// Files counts the files with rows of the test data that are training data
	// too, by their bytes; nil where both are one file.
	Files          *int    `json:"files,omitempty"`
	NearDuplicates int     `json:"near_duplicates"`
	Share          float64 `json:"share"`
	// Repeats is the share of training rows that repeat another training row
	// under another id: where it is large, the columns cannot tell rows apart.
	Repeats *float64 `json:"repeats,omitempty"`
	Columns []string `json:"columns"`
}

// Part is a slice or group of the pinned data.
type Part struct {
	By    string `json:"by"`
	Group string `json:"group"`
	Rows  int    `json:"rows"`
}

// Drift is the predicate https://weighlock.dev/drift/v1.
type Drift struct {
	Model     Model         `json:"model"`
	Spec      string        `json:"spec"`
	Reference DataSet       `json:"reference"`
	Current   DataSet       `json:"current"`
	Method    DriftMethod   `json:"method"`
	Results   []DriftResult `json:"results"`
}

// DriftMethod is the distance with all that its value depends on.
type DriftMethod struct {
	Name      string  `json:"name"`
	Bins      int     `json:"bins"`
	BinSource string  `json:"bin_source"`
	Smoothing float64 `json:"smoothing"`
	Missing   string  `json:"missing"`
	Unseen    string  `json:"unseen"`
	Log       string  `json:"log"`
}

// DriftResult is one column's measure.
type DriftResult struct {
	Item string `json:"item"`
	Measure
}
