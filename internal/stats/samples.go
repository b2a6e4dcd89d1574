package stats

// Binary is a sample of a binary model: row i is positive or not and has a
// score. Threshold is needed by metrics of decisions: a row is decided
// positive where its score is at least the threshold. Weight nil: every row
// counts once. Columns are for the metrics of any task.
type Binary struct {
	Positive  []bool
	Score     []float64
	Threshold *float64
	Weight    []float64
	Columns   map[string][]float64
}

// Classes is a sample of a multiclass model: row i is of class Label[i], and
// Prob[i*len(Names)+c] is the score of class c (nil where only decisions are
// known). Decision[i] is the decided class: the argmax of Prob (lowest index
// on ties) unless given. Weight nil: every row counts once.
type Classes struct {
	Names           []string
	Label, Decision []int32
	Prob            []float64
	Weight          []float64
	Columns         map[string][]float64
}

// Labels is a sample of a multilabel model: row i has label l where
// Is[i*len(Names)+l], with Score[i*len(Names)+l]. A label is decided where its
// score is at least Threshold, or at least its own among Thresholds where they
// are given. Weight nil: every row counts once.
type Labels struct {
	Names      []string
	Is         []bool
	Score      []float64
	Threshold  float64
	Thresholds []float64
	Weight     []float64
	Columns    map[string][]float64
}

// Numbers is a sample of a regression or forecast: label and predicted number
// of each row. Columns are others by name, such as the ends of intervals.
// Scale is what mase divides each row's error by: see SeasonalScale; where it
// is nil, it is made from the sample's own labels in the order of the rows, in
// one series, with the season's length Season in rows (1: no season).
type Numbers struct {
	Label, Predicted, Weight []float64
	Columns                  map[string][]float64
	Season                   int
	Scale                    []float64
}

// Queries is a sample of a ranking model: row i belongs to a query, has a
// relevance that is not negative (0: not relevant), and a score by which the
// query's rows are ranked. All rows of a query have the same weight, which is
// the query's. Weight nil: every query counts once.
type Queries struct {
	Query                    []int32
	Relevance, Score, Weight []float64
	Columns                  map[string][]float64
}
