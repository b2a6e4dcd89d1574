package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// someRows are a binary sample with ties and weights.
func someRows(rng *rand.Rand, n int) (y []bool, s, w []float64) {
	y, s = sample(rng, n, true)
	w = make([]float64, n)
	for i := range w {
		w[i] = math.Round(4*rng.ExpFloat64()) / 4
	}
	return y, s, w
}

func TestRankOfByAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	for range 20 {
		y, s, w := someRows(rng, 40)
		var sum, all float64
		for i := range y {
			for j := range y {
				if y[i] && !y[j] {
					sum, all = sum+w[i]*w[j]*kernel(s[i], s[j]), all+w[i]*w[j]
				}
			}
		}
		near(t, "weighted AUC", rankOf(tied(y, s, nil))(w), sum/all)
	}
}

func TestWeightedAveragePrecisionByThresholds(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	for range 20 {
		y, s, w := someRows(rng, 40)
		levels := slices.Compact(slices.Sorted(slices.Values(s)))
		slices.Reverse(levels)
		var want, recall float64
		for _, at := range levels {
			var c table
			for i := range y {
				c.add(y[i], s[i] >= at, w[i])
			}
			if c.tp+c.fp > 0 {
				want += (c.tp/(c.tp+c.fn) - recall) * c.tp / (c.tp + c.fp)
				recall = c.tp / (c.tp + c.fn)
			}
		}
		near(t, "weighted average precision", averagePrecisionOf(tied(y, s, nil))(w), want)
	}
}

// orders calls f with every order of n things.
func orders(n int, f func([]int)) {
	var rest func(at []int, k int)
	rest = func(at []int, k int) {
		if k == n {
			f(at)
			return
		}
		for i := k; i < n; i++ {
			at[k], at[i] = at[i], at[k]
			rest(at, k+1)
			at[k], at[i] = at[i], at[k]
		}
	}
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	rest(at, 0)
}

// overOrders is the mean of f over the orders of rows in which no score comes
// after a lower one.
func overOrders(s []float64, f func([]int) float64) float64 {
	var sum, n float64
	orders(len(s), func(at []int) {
		for i := 1; i < len(at); i++ {
			if s[at[i]] > s[at[i-1]] {
				return
			}
		}
		sum, n = sum+f(at), n+1
	})
	return sum / n
}

func TestTopRowsByAllOrders(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 1))
	for range 10 {
		y, s := sample(rng, 7, false)
		for i := range s {
			s[i] = math.Round(s[i] * 3)
		}
		for k := 1; k <= 7; k++ {
			found := overOrders(s, func(at []int) float64 {
				n := 0.0
				for _, i := range at[:k] {
					if y[i] {
						n++
					}
				}
				return n
			})
			near(t, "precision at k", unweighted(7, atTop("precision_at", float64(k), 1, tied(y, s, nil)))(nil), found/float64(k))
		}
	}
}

func TestRankingsByAllOrders(t *testing.T) {
	rng := rand.New(rand.NewPCG(34, 1))
	for range 20 {
		n := 2 + rng.IntN(5)
		q := Queries{Query: make([]int32, n), Relevance: make([]float64, n), Score: make([]float64, n)}
		for i := range n {
			q.Relevance[i], q.Score[i] = float64(max(0, rng.IntN(5)-2)), float64(rng.IntN(3))
		}
		q.Relevance[rng.IntN(n)] = 1
		for metric, f := range map[string]func([]float64) float64{
			"ndcg(3)":     func(r []float64) float64 { return gainOf(r, 3) / gainOf(best(r), 3) },
			"mrr":         func(r []float64) float64 { return 1 / float64(1+slices.IndexFunc(r, positive)) },
			"hit_rate(2)": func(r []float64) float64 { return one(slices.ContainsFunc(r[:2], positive)) },
			"map(3)":      func(r []float64) float64 { return precisionsOf(r, 3) },
		} {
			want := overOrders(q.Score, func(at []int) float64 {
				ordered := make([]float64, n)
				for k, i := range at {
					ordered[k] = q.Relevance[i]
				}
				return f(ordered)
			})
			near(t, metric, value(t, q, metric), want)
		}
	}
}

func positive(v float64) bool { return v > 0 }

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func best(r []float64) []float64 {
	r = slices.Sorted(slices.Values(r))
	slices.Reverse(r)
	return r
}

func gainOf(r []float64, k int) float64 {
	var sum float64
	for i, v := range r[:min(k, len(r))] {
		sum += v / math.Log2(float64(i)+2)
	}
	return sum
}

func precisionsOf(r []float64, k int) float64 {
	var sum float64
	all, found := 0, 0
	for i, v := range r {
		if v > 0 {
			if all++; i < k {
				found++
				sum += float64(found) / float64(i+1)
			}
		}
	}
	return sum / float64(min(all, k))
}

// TestMassesOfEqualWeight: ece_count of copies split finely enough that no
// row lies across a border.
func TestMassesOfEqualWeight(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 1))
	for range 10 {
		y, p := sample(rng, 37, true)
		order := ranking(p)
		// A tenth of each row goes to each of ten places; ties share theirs.
		var happened, said []float64
		for _, i := range order {
			var sum, n float64
			for j := range p {
				if p[j] == p[i] {
					sum, n = sum+one(y[j]), n+1
				}
			}
			for range 10 {
				happened, said = append(happened, sum/n), append(said, p[i])
			}
		}
		var want float64
		for b := range 10 {
			var gap float64
			for k := b * 37; k < (b+1)*37; k++ {
				gap += happened[k] - said[k]
			}
			want += math.Abs(gap)
		}
		near(t, "ece_count", unweighted(37, eceByCount(y, p, 10))(nil), want/370)
	}
}

// TestLogisticIsAMaximum: no step in any direction leads up, and the slope of
// the likelihood is none.
func TestLogisticIsAMaximum(t *testing.T) {
	rng := rand.New(rand.NewPCG(36, 1))
	for range 30 {
		y, p, w := someRows(rng, 50)
		x := make([]float64, len(p))
		for i := range p {
			x[i] = 100 + 7*p[i]
		}
		a, b := logistic(y, x, w)
		var ga, gb float64
		for i := range y {
			g := w[i] * (one(y[i]) - 1/(1+math.Exp(-(a+b*x[i]))))
			ga, gb = ga+g, gb+g*(x[i]-100)
		}
		if math.Abs(ga) > 1e-9 || math.Abs(gb) > 1e-9 {
			t.Errorf("slope of the likelihood (%g, %g); want 0", ga, gb)
		}
		for k := range 8 {
			turn := 2 * math.Pi * float64(k) / 8
			if likelihood(y, x, w, a+math.Cos(turn)/100, b+math.Sin(turn)/1e4) > likelihood(y, x, w, a, b) {
				t.Errorf("a step in direction %d leads up", k)
			}
		}
	}
}

func TestLogisticWithoutAMaximum(t *testing.T) {
	for _, c := range []struct {
		name string
		y    []bool
		x    []float64
	}{
		{"one class", bools(1, 1, 1), []float64{1, 2, 3}},
		{"no variation", bools(1, 0, 1), []float64{2, 2, 2}},
		{"classes apart", bools(0, 0, 1, 1), []float64{1, 2, 3, 4}},
		{"classes apart the other way", bools(1, 1, 0, 0), []float64{1, 2, 3, 4}},
		{"classes that touch", bools(0, 0, 1, 1), []float64{1, 2, 2, 3}},
		{"an infinite number", bools(0, 1, 0, 1), []float64{1, 2, 3, math.Inf(1)}},
	} {
		w := slices.Repeat([]float64{1}, len(c.y))
		if a, b := logistic(c.y, c.x, w); !math.IsNaN(a) || !math.IsNaN(b) {
			t.Errorf("%s: got %g, %g; want NaN", c.name, a, b)
		}
	}
}

func TestApartByAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(37, 1))
	for range 20 {
		x, y := make([]float64, 6), make([]float64, 6)
		want := 0.0
		for i := range x {
			x[i], y[i] = rng.Float64(), rng.Float64()
		}
		for i := range x {
			for j := range y {
				if i != j {
					want += x[i] * y[j]
				}
			}
		}
		near(t, "apart", apart(x, y), want)
	}
}

// TestTwoClassesAreBinary: a multiclass sample of two classes gives what the
// binary one gives.
func TestTwoClassesAreBinary(t *testing.T) {
	rng := rand.New(rand.NewPCG(38, 1))
	half := 0.5
	for range 10 {
		y, s, w := someRows(rng, 40)
		for i := range s {
			s[i] = (s[i] + 0.03) / 1.1 // none at the threshold, where classes tie
		}
		b := Binary{Positive: y, Score: s, Threshold: &half, Weight: w}
		c := Classes{Names: []string{"no", "yes"}, Label: make([]int32, len(y)), Weight: w}
		for i, p := range s {
			if y[i] {
				c.Label[i] = 1
			}
			c.Prob = append(c.Prob, 1-p, p)
		}
		for several, binary := range map[string]string{
			"accuracy": "accuracy", "balanced_accuracy": "balanced_accuracy", "mcc": "mcc", "cohen_kappa": "cohen_kappa",
			"precision(yes)": "precision", "recall(yes)": "recall", "recall(no)": "specificity", "specificity(yes)": "specificity",
			"f1(yes)": "f1", "log_loss": "log_loss", "roc_auc(yes)": "roc_auc", "roc_auc(no)": "roc_auc",
			"roc_auc_ovo_macro": "roc_auc", "roc_auc_ovr_weighted": "roc_auc", "f1_micro": "accuracy",
		} {
			near(t, several, value(t, c, several), value(t, b, binary))
		}
		near(t, "brier of both classes", value(t, c, "brier"), 2*value(t, b, "brier"))
	}
}

// TestRowsOfAQueryStayTogether: a draw of rows that parts a query gives no
// number.
func TestRowsOfAQueryStayTogether(t *testing.T) {
	q := Queries{Query: []int32{1, 2, 1, 2}, Relevance: []float64{1, 0, 0, 1}, Score: []float64{1, 2, 3, 4}}
	m, _ := Lookup("mrr")
	f := statisticOf(t, q, m)
	near(t, "two draws of a query and one of the other", f([]int32{2, 1, 2, 1}), (2*0.5+0+1)/3)
	if v := f([]int32{2, 1, 1, 1}); !math.IsNaN(v) {
		t.Errorf("a parted query: got %g; want NaN", v)
	}
}
