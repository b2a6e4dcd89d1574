package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// rowSample is a sample of any task.
type rowSample interface {
	Statistic(Metric) (Statistic, string, error)
	Len() int
}

// variants are what samples may be like: ties are of scores, constant scores
// or predictions, one_class labels that do not vary, extreme numbers far from
// one.
var variants = []string{"plain", "ties", "weights", "constant", "one_class", "one_class and constant", "extreme"}

func constantScores(variant string) bool { return strings.HasSuffix(variant, "constant") }

func oneClass(variant string) bool { return strings.HasPrefix(variant, "one_class") }

var tasks = []string{TaskBinary, TaskMulticlass, TaskMultilabel, TaskRegression, TaskForecasting, TaskRanking}

// examples are metrics of a task with several arguments each.
func examples(task string) []Metric {
	texts := map[string][]string{
		"binary":      {"precision_at(3)", "recall_at(0.5)", "lift_at(7)", "gain_at(1)", "f_beta(0.5)"},
		"multiclass":  {"top_k_accuracy(1)", "top_k_accuracy(2)", "recall(a)", "roc_auc(c)", "f_beta_macro(0.5)"},
		"multilabel":  {"recall(a)", "roc_auc(c)"},
		"regression":  {"pinball(0.1)", "quantile(x,0.95)"},
		"forecasting": {"quantile(x,0.05)"},
		"ranking":     {"ndcg(1)", "ndcg(100)", "map(1)", "map(100)", "hit_rate(1)"},
	}[task]
	for _, m := range Metrics() {
		if m.For(task) && m.Kind != Policy { // overlap decides whether these have a number
			texts = append(texts, example(m))
		}
	}
	var all []Metric
	for _, text := range texts {
		m, ok := Lookup(text)
		if !ok || !m.For(task) {
			panic(fmt.Sprintf("no metric %q of task %s", text, task))
		}
		all = append(all, m)
	}
	return all
}

// drawSample is a sample of a task and variant, and the size of its numbers.
func drawSample(rng *rand.Rand, task, variant string, n int) (s rowSample, size float64) {
	size = 1
	if variant == "extreme" {
		size = []float64{1e150, 1e-150}[rng.IntN(2)]
	}
	columns := map[string][]float64{"x": numbers(rng, n, variant, size), "flag": make([]float64, n)}
	for i := range n {
		columns["flag"][i] = math.Round(rng.Float64())
	}
	weight := drawWeights(rng, n, variant)
	switch task {
	case TaskBinary:
		b := drawBinary(rng, n, variant)
		b.Weight, b.Columns = weight, columns
		return b, size
	case TaskMulticlass:
		c := drawClasses(rng, n, variant)
		c.Weight, c.Columns = weight, columns
		return c, size
	case TaskMultilabel:
		b := drawLabels(rng, n, variant, size)
		b.Weight, b.Columns = weight, columns
		return b, size
	case TaskRanking:
		return drawQueries(rng, n, variant, size, columns), size
	}
	b := drawNumbers(rng, n, variant, size)
	b.Weight = weight
	b.Columns["x"], b.Columns["flag"] = columns["x"], columns["flag"]
	return b, size
}

// drawWeights are of several sizes, and some are 0.
func drawWeights(rng *rand.Rand, n int, variant string) []float64 {
	unit := 1.0
	switch {
	case variant == "extreme" && rng.IntN(2) == 0:
		unit = []float64{1e-30, 1e30}[rng.IntN(2)]
	case variant != "weights":
		return nil
	}
	w := make([]float64, n)
	for i := range w {
		if w[i] = rng.ExpFloat64() * unit; rng.IntN(8) == 0 {
			w[i] = 0
		}
	}
	return w
}

func numbers(rng *rand.Rand, n int, variant string, size float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		switch x[i] = (5 + 2*rng.NormFloat64()) * size; {
		case variant == "ties":
			x[i] = math.Round(x[i])
		case constantScores(variant) || oneClass(variant):
			x[i] = 3.7
		}
	}
	return x
}

func drawBinary(rng *rand.Rand, n int, variant string) Binary {
	y, s := sample(rng, n, false)
	for i, p := range s {
		switch {
		case variant == "ties":
			s[i] = (math.Floor(p*7) + 0.5) / 7
		case constantScores(variant):
			s[i] = 0.3
		case variant == "extreme": // down to 1e-60, and up to 1 itself
			s[i] = 1 / (1 + math.Exp(-40*math.Log(p/(1-p))))
		}
	}
	if oneClass(variant) {
		class := rng.IntN(2) == 0
		for i := range y {
			y[i] = class
		}
	}
	t := []float64{0.5, 0.3, 0.99}[rng.IntN(3)]
	return Binary{Positive: y, Score: s, Threshold: &t}
}

func drawClasses(rng *rand.Rand, n int, variant string) Classes {
	c := Classes{Names: []string{"a", "b", "c"}, Label: make([]int32, n), Prob: make([]float64, 3*n)}
	only := rng.IntN(3)
	for i := range n {
		y := min(rng.IntN(4), 2)
		if oneClass(variant) {
			y = only
		}
		c.Label[i] = int32(y)
		p := c.Prob[3*i : 3*i+3]
		switch {
		case variant == "ties": // eighths, with zeros
			for range 8 {
				p[min(rng.IntN(5), 2+rng.IntN(2)*(y-2))] += 0.125
			}
		case constantScores(variant):
			copy(p, []float64{.5, .25, .25})
		default:
			softmax(rng, p, y, variant == "extreme")
		}
	}
	return c
}

func softmax(rng *rand.Rand, p []float64, y int, extreme bool) {
	sum := 0.0
	for k := range p {
		v := rng.NormFloat64()
		if k == y {
			v++
		}
		if extreme {
			v *= 60
		}
		p[k] = math.Exp(v)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
}

func drawLabels(rng *rand.Rand, n int, variant string, size float64) Labels {
	b := Labels{Names: []string{"a", "b", "c"}, Is: make([]bool, 3*n), Score: make([]float64, 3*n), Threshold: 0.2 * size}
	only, level := rng.IntN(2) == 0, 0.7-1.4*float64(rng.IntN(2))
	for i := range b.Is {
		b.Is[i] = rng.Float64() < 0.6
		v := rng.NormFloat64()
		if b.Is[i] {
			v += 1.5
		}
		switch b.Score[i] = v * size; {
		case variant == "ties":
			b.Score[i] = math.Round(v)
		case constantScores(variant):
			b.Score[i] = level
		}
		if oneClass(variant) {
			b.Is[i] = only
		}
	}
	if rng.IntN(2) == 0 {
		b.Thresholds = []float64{-0.5 * size, 0.1 * size, 0.6 * size}
	}
	return b
}

func drawNumbers(rng *rand.Rand, n int, variant string, size float64) Numbers {
	b := Numbers{Label: make([]float64, n), Predicted: make([]float64, n), Season: 1 + rng.IntN(4), Columns: map[string][]float64{}}
	low, high := make([]float64, n), make([]float64, n)
	for i := range n {
		y := 3*rng.NormFloat64() + math.Sin(float64(i))
		if oneClass(variant) {
			y = 2.3
		}
		p := y + rng.NormFloat64()
		switch {
		case variant == "ties":
			y, p = math.Round(y), math.Round(p)
		case constantScores(variant):
			p = 0.4
		}
		b.Label[i], b.Predicted[i] = y*size, p*size
		low[i], high[i] = (p-rng.Float64()*2)*size, (p+rng.Float64()*2)*size
	}
	b.Columns["lo"], b.Columns["hi"] = low, high
	return b
}

// drawQueries has about n rows in queries of two to six.
func drawQueries(rng *rand.Rand, n int, variant string, size float64, columns map[string][]float64) Queries {
	q := Queries{Columns: columns, Query: make([]int32, n), Relevance: make([]float64, n), Score: make([]float64, n)}
	of := rng.IntN(2)
	for i := range n {
		q.Query[i] = int32(min(i/4, (n-2)/4)) * 7
		if i%9 == 8 {
			q.Query[i] = q.Query[i-8] // not all rows of a query follow each other
		}
		q.Relevance[i] = float64(max(0, rng.IntN(6)-2)) * size
		switch q.Score[i] = (rng.NormFloat64() + q.Relevance[i]/size/2) * size; {
		case variant == "ties":
			q.Score[i] = math.Round(q.Score[i])
		case constantScores(variant):
			q.Score[i] = 1
		}
		if oneClass(variant) { // no row relevant, or all of some queries
			q.Relevance[i] = float64(of) * float64(q.Query[i]%2)
		}
	}
	if byQuery := drawWeights(rng, 7*n, variant); byQuery != nil {
		q.Weight = make([]float64, n)
		for i, code := range q.Query {
			q.Weight[i] = byQuery[code]
		}
	}
	return q
}

func statisticOf(t *testing.T, s rowSample, m Metric) Statistic {
	t.Helper()
	f, _, err := s.Statistic(m)
	if err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
	return f
}

// alike says whether two values are the same number up to rounding at the
// given size, or both none.
func alike(a, b, size float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b)
	}
	return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1e-6*size)
}

// sizeOf is the size of a metric's values, of numbers of some size.
func sizeOf(m Metric, size float64) float64 {
	switch m.Base {
	case "mse":
		return size * size
	case "mae", "rmse", "bias", "pinball", "median_ae", "interval_width", "mean", "quantile":
		return size
	}
	return 1
}

// pick is Pick of any sample.
func pick(s rowSample, at []int32) rowSample {
	switch s := s.(type) {
	case Binary:
		return s.Pick(at)
	case Classes:
		return s.Pick(at)
	case Labels:
		return s.Pick(at)
	case Numbers:
		return s.Pick(at)
	case Queries:
		return s.Pick(at)
	}
	panic("no such sample")
}

// weightsOf is a sample with other weights.
func weightsOf(s rowSample, w []float64) rowSample {
	switch s := s.(type) {
	case Binary:
		s.Weight = w
		return s
	case Classes:
		s.Weight = w
		return s
	case Labels:
		s.Weight = w
		return s
	case Numbers:
		s.Weight = w
		return s
	case Queries:
		s.Weight = w
		return s
	}
	panic("no such sample")
}

// everyMetric runs a check on samples of all tasks and variants.
func everyMetric(t *testing.T, seed uint64, rounds int, check func(t *testing.T, rng *rand.Rand, s rowSample, m Metric, size float64)) {
	for _, task := range tasks {
		for v, variant := range variants {
			t.Run(task+"/"+variant, func(t *testing.T) {
				for round := range rounds {
					rng := rand.New(rand.NewPCG(seed, uint64(v*1000+round)))
					s, size := drawSample(rng, task, variant, 24+round)
					for _, m := range examples(task) {
						check(t, rng, s, m, sizeOf(m, size))
					}
				}
			})
		}
	}
}

func TestEveryMetricHasAValueOnAPlainSample(t *testing.T) {
	for _, task := range tasks {
		s, _ := drawSample(rand.New(rand.NewPCG(21, 2)), task, "plain", 60)
		for _, m := range examples(task) {
			if strings.HasSuffix(m.Base, "_samples") || m.Base == "jaccard" {
				continue // some row has no label
			}
			if v := statisticOf(t, s, m)(nil); math.IsNaN(v) {
				t.Errorf("%s: %s is no number", task, m.Name)
			}
		}
	}
}

// TestNothingHasNoNumber: neither no rows nor rows that do not count.
func TestNothingHasNoNumber(t *testing.T) {
	everyMetric(t, 27, 1, func(t *testing.T, _ *rand.Rand, s rowSample, m Metric, _ float64) {
		if v := statisticOf(t, pick(s, []int32{}), m)(nil); !math.IsNaN(v) {
			t.Errorf("%s of no rows: got %g; want NaN", m.Name, v)
		}
		if v := statisticOf(t, weightsOf(s, make([]float64, s.Len())), m)(nil); !math.IsNaN(v) {
			t.Errorf("%s of rows of weight 0: got %g; want NaN", m.Name, v)
		}
		if v := statisticOf(t, s, m)(make([]int32, s.Len())); !math.IsNaN(v) {
			t.Errorf("%s of rows that are not drawn: got %g; want NaN", m.Name, v)
		}
	})
}

func TestRowOrderDoesNotMatter(t *testing.T) {
	everyMetric(t, 22, 3, func(t *testing.T, rng *rand.Rand, s rowSample, m Metric, size float64) {
		if m.Base == "mase" {
			n := s.(Numbers)
			n.Scale = SeasonalScale(nil, n.Label, n.Season) // that of a series is of its order
			s = n
		}
		order := permutation(rng.Uint64(), s.Len())
		got, want := statisticOf(t, pick(s, order), m)(nil), statisticOf(t, s, m)(nil)
		if !alike(got, want, size) {
			t.Errorf("%s: %.17g in another order; want %.17g", m.Name, got, want)
		}
	})
}

// TestWeightsAreCopies: a row of weight k counts as k rows, whether the weight
// is the sample's own or a draw's.
func TestWeightsAreCopies(t *testing.T) {
	everyMetric(t, 23, 3, func(t *testing.T, rng *rand.Rand, s rowSample, m Metric, size float64) {
		if s, ok := s.(Numbers); ok && m.Base == "mase" {
			s.Scale = SeasonalScale(nil, s.Label, s.Season)
		}
		s = weightsOf(s, nil)
		counts, copies := drawCounts(rng, s)
		own := make([]float64, len(counts))
		for i, k := range counts {
			own[i] = float64(k)
		}
		want := statisticOf(t, pick(s, copies), m)(nil)
		if q, ok := s.(Queries); ok && !ofColumn(m) {
			want = copiedQueries(t, q, counts, m)
		}
		for way, got := range map[string]float64{
			"drawn":  statisticOf(t, s, m)(counts),
			"own":    statisticOf(t, weightsOf(s, own), m)(nil),
			"halved": halved(t, s, own, m),
		} {
			if !alike(got, want, size) {
				t.Errorf("%s: %.17g by %s weights; want %.17g of copies", m.Name, got, way, want)
			}
		}
	})
}

// halved gives half of the weight as the sample's own and twice the rest as a
// draw's.
func halved(t *testing.T, s rowSample, own []float64, m Metric) float64 {
	half, twice := make([]float64, len(own)), make([]int32, len(own))
	for i, w := range own {
		half[i], twice[i] = w/2, 2
	}
	return statisticOf(t, weightsOf(s, half), m)(twice)
}

// drawCounts are numbers of copies, the same within a query.
func drawCounts(rng *rand.Rand, s rowSample) (counts, copies []int32) {
	counts = make([]int32, s.Len())
	for i := range counts {
		counts[i] = int32(rng.IntN(4))
		if q, ok := s.(Queries); ok {
			counts[i] = q.Query[i] / 7 % 3
		}
		for range counts[i] {
			copies = append(copies, int32(i))
		}
	}
	return counts, copies
}

// copiedQueries is a metric of queries that come several times, each time by
// another number.
func copiedQueries(t *testing.T, q Queries, counts []int32, m Metric) float64 {
	var all Queries
	for i, k := range counts {
		for c := range k {
			all.Query = append(all.Query, q.Query[i]+1000*c)
			all.Relevance, all.Score = append(all.Relevance, q.Relevance[i]), append(all.Score, q.Score[i])
		}
	}
	return statisticOf(t, all, m)(nil)
}

// TestUnitsOfWeightsDoNotMatter, but where k is a number of rows.
func TestUnitsOfWeightsDoNotMatter(t *testing.T) {
	everyMetric(t, 24, 2, func(t *testing.T, rng *rand.Rand, s rowSample, m Metric, size float64) {
		if strings.HasSuffix(m.Base, "_at") && m.number(0) >= 1 {
			return
		}
		w := make([]float64, s.Len())
		for i := range w {
			w[i] = rng.Float64()
			if q, ok := s.(Queries); ok {
				w[i] = 1 / float64(1+q.Query[i])
			}
		}
		want := statisticOf(t, weightsOf(s, w), m)(nil)
		for _, unit := range []float64{3, 1e-200, 1e250} {
			scaled := slices.Clone(w)
			for i := range scaled {
				scaled[i] *= unit
			}
			if got := statisticOf(t, weightsOf(s, scaled), m)(nil); !alike(got, want, size) {
				t.Errorf("%s: %.17g with weights times %g; want %.17g", m.Name, got, unit, want)
			}
		}
	})
}

// TestRankingMetricsAreOfTheOrder: a rising function of the scores changes
// nothing.
func TestRankingMetricsAreOfTheOrder(t *testing.T) {
	rising := func(s []float64) []float64 {
		levels := slices.Compact(slices.Sorted(slices.Values(s)))
		out := make([]float64, len(s))
		for i, v := range s {
			at, _ := slices.BinarySearch(levels, v)
			out[i] = float64(at*at) - 20
		}
		return out
	}
	everyMetric(t, 25, 2, func(t *testing.T, _ *rand.Rand, s rowSample, m Metric, _ float64) {
		order := m.Kind == Rank || m.Kind == PerQuery || strings.HasSuffix(m.Base, "_at") || strings.Contains(m.Base, "average_precision") ||
			strings.HasPrefix(m.Base, "roc_auc_") || m.Base == "top_k_accuracy"
		if !order {
			return
		}
		want := statisticOf(t, s, m)(nil)
		switch other := s.(type) {
		case Binary:
			other.Score = rising(other.Score)
			s = other
		case Classes:
			other.Prob = rising(other.Prob)
			s = other
		case Labels:
			other.Score = rising(other.Score)
			s = other
		case Queries:
			other.Score = rising(other.Score)
			s = other
		}
		if got := statisticOf(t, s, m)(nil); !alike(got, want, 1) {
			t.Errorf("%s: %.17g of a rising function of the scores; want %.17g", m.Name, got, want)
		}
	})
}

// TestUnitsOfNumbers: errors have the unit of the labels, or none.
func TestUnitsOfNumbers(t *testing.T) {
	scaled := func(x []float64) []float64 {
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = v * 8
		}
		return out
	}
	everyMetric(t, 26, 2, func(t *testing.T, _ *rand.Rand, s rowSample, m Metric, size float64) {
		n, ok := s.(Numbers)
		if !ok || m.Base == "rate" {
			return
		}
		want := statisticOf(t, n, m)(nil) * sizeOf(m, 8)
		n.Label, n.Predicted = scaled(n.Label), scaled(n.Predicted)
		n.Columns = map[string][]float64{"x": scaled(n.Columns["x"]), "lo": scaled(n.Columns["lo"]), "hi": scaled(n.Columns["hi"])}
		if got := statisticOf(t, n, m)(nil); !alike(got, want, size) {
			t.Errorf("%s: %.17g of eight times the numbers; want %.17g", m.Name, got, want)
		}
	})
}
