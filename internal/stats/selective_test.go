package stats

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// world is rows with scores, and decisions at a threshold.
func scoredRows(rng random, n int, coarse bool) (decided []bool, score []float64) {
	for range n {
		s := rng.Float64()
		if coarse {
			s = math.Round(s*5) / 5
		}
		decided, score = append(decided, s >= 0.6), append(score, s)
	}
	return decided, score
}

// worlds are ways in which labels may be there or missing.
var worlds = []struct {
	name     string
	selected bool
	labelled func(rng random, decided bool, score float64) bool
}{
	{"all labels", false, func(random, bool, float64) bool { return true }},
	{"no labels", false, func(random, bool, float64) bool { return false }},
	{"half missing at random", false, func(rng random, _ bool, _ float64) bool { return rng.Float64() < 0.5 }},
	{"few missing at random", false, func(rng random, _ bool, _ float64) bool { return rng.Float64() < 0.97 }},
	{"most missing at random", false, func(rng random, _ bool, _ float64) bool { return rng.Float64() < 0.05 }},
	{"only for one decision", true, func(_ random, decided bool, _ float64) bool { return decided }},
	{"only for the other decision, and not all", true, func(rng random, decided bool, _ float64) bool { return !decided && rng.Float64() < 0.5 }},
	{"nearly only for one decision", true, func(rng random, decided bool, _ float64) bool { return decided || rng.Float64() < 0.03 }},
	{"rarely, and only for one decision", true, func(rng random, decided bool, _ float64) bool { return decided && rng.Float64() < 0.1 }},
	{"only above a score far from the threshold", true, func(_ random, _ bool, score float64) bool { return score >= 0.85 }},
	{"only below a score", true, func(rng random, _ bool, score float64) bool { return score < 0.3 && rng.Float64() < 0.8 }},
	{"only between two scores", true, func(_ random, _ bool, score float64) bool { return score > 0.4 && score < 0.7 }},
	{"twice as often for one decision", true, func(rng random, decided bool, _ float64) bool {
		return rng.Float64() < map[bool]float64{true: 0.8, false: 0.4}[decided]
	}},
}

// TestSelectiveLabelsAreFound plants each fault in a hundred seeded sets of
// 400 rows, and looks at a hundred clean ones; STATS_REPLICATIONS asks for
// more.
func TestSelectiveLabelsAreFound(t *testing.T) {
	seeds := replications(t, 100)
	for _, w := range worlds {
		for _, coarse := range []bool{false, true} {
			found := 0
			for seed := range seeds {
				rng := generator(uint64(seed), 61)
				decided, score := scoredRows(rng, 400, coarse)
				labelled := make([]bool, len(score))
				for i := range labelled {
					labelled[i] = w.labelled(rng, decided[i], score[i])
				}
				if SelectiveLabels(labelled, decided, score).Found {
					found++
				}
			}
			share := float64(found) / float64(seeds)
			if met := w.selected && share >= 0.95 || !w.selected && share <= 0.05; !met {
				t.Errorf("%s, coarse scores %v: found in %d of %d; want %s", w.name, coarse, found, seeds, map[bool]string{true: "at least 95 %", false: "at most 5 %"}[w.selected])
			} else if os.Getenv("STATS_REPLICATIONS") != "" {
				t.Logf("%-45s coarse scores %-5v found %.4f  met", w.name, coarse, share)
			}
		}
	}
}

func TestSelectiveLabels(t *testing.T) {
	const n = 200
	decided, score := make([]bool, n), make([]float64, n)
	for i := range n {
		score[i] = float64(i) / n
		decided[i] = i >= 120
	}
	labels := func(f func(i int) bool) []bool {
		out := make([]bool, n)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	s := SelectiveLabels(labels(func(i int) bool { return i >= 120 }), decided, score)
	want := Split{Above: Proportion{80, 80}, Below: Proportion{0, 120}, Distance: 1, P: s.Decision.P, Found: true, Only: true}
	if *s.Decision != want || !(s.Decision.P < 1e-50) || s.Rows != n || s.Labelled != 80 || !s.Found {
		t.Errorf("accepted only: got %+v, %+v; want %+v", s, *s.Decision, want)
	}
	want.Cut, want.P = 0.6, s.Score.P
	if *s.Score != want {
		t.Errorf("accepted only, by score: got %+v; want %+v", *s.Score, want)
	}
	s = SelectiveLabels(labels(func(i int) bool { return i%4 == 0 || i >= 100 }), nil, score)
	if s.Decision != nil || !s.Score.Found || s.Score.Only || s.Score.Cut != 0.5 || s.Score.Below != (Proportion{25, 100}) {
		t.Errorf("all above, a quarter below: got %+v", *s.Score)
	}
	s = SelectiveLabels(labels(func(i int) bool { return i%2 == 0 }), decided, nil)
	if s.Score != nil || s.Found || s.Decision.Distance != 0 || s.Decision.P != 1 {
		t.Errorf("every other row: got %+v", *s.Decision)
	}
	for name, f := range map[string]func(int) bool{
		"all labels": func(int) bool { return true }, "no labels": func(int) bool { return false },
	} {
		if s := SelectiveLabels(labels(f), decided, score); s.Found || s.Decision != nil || s.Score != nil {
			t.Errorf("%s: got %+v; want nothing to compare", name, s)
		}
	}
	// One decision for all rows, and one score, part nothing.
	s = SelectiveLabels(labels(func(i int) bool { return i < 100 }), make([]bool, n), make([]float64, n))
	if s.Found || s.Decision.P != 1 || s.Score.P != 1 || s.Score.Distance != 0 {
		t.Errorf("all alike: got %+v and %+v", *s.Decision, *s.Score)
	}
	// Rows without a score lie below all others, wherever they stand.
	for i := range 60 {
		score[3*i] = math.NaN()
	}
	s = SelectiveLabels(labels(func(i int) bool { return i%3 == 0 && i < 180 }), nil, score)
	if !s.Score.Found || !s.Score.Only || s.Score.Below != (Proportion{60, 60}) || s.Score.Above != (Proportion{0, 140}) {
		t.Errorf("labels only without a score: got %+v", *s.Score)
	}
}

// TestLargeSetsAreJudgedByEffect: a trace of selection that only many rows
// show does not matter.
func TestLargeSetsAreJudgedByEffect(t *testing.T) {
	rng := generator(62, 1)
	decided, score := scoredRows(rng, 1_000_000, false)
	labelled := make([]bool, len(score))
	for i := range labelled {
		labelled[i] = rng.Float64() < map[bool]float64{true: 0.51, false: 0.5}[decided[i]]
	}
	s := SelectiveLabels(labelled, decided, score)
	if s.Found || !(s.Decision.P < 1e-6) || !(s.Decision.Distance < 0.1) {
		t.Errorf("got %+v and %+v; want significant, and not found", *s.Decision, *s.Score)
	}
}

// TestBestCutByAllCuts compares with every cut that the scores allow.
func TestBestCutByAllCuts(t *testing.T) {
	rng := generator(63, 1)
	for round := range 60 {
		_, score := scoredRows(rng, 20+round, round%2 == 0)
		labelled := make([]bool, len(score))
		for i := range labelled {
			labelled[i] = rng.Float64() < score[i]
		}
		labelled[0], labelled[1] = true, false
		var most float64
		for _, cut := range score {
			s := &Split{}
			for i, is := range labelled {
				s.count(is, score[i] >= cut)
			}
			most = max(most, s.distance())
		}
		got := SelectiveLabels(labelled, nil, score).Score
		again := &Split{}
		for i, is := range labelled {
			again.count(is, score[i] >= got.Cut)
		}
		near(t, "distance", got.Distance, most)
		near(t, "distance at the cut", again.distance(), most)
		if again.Above != got.Above || again.Below != got.Below {
			t.Errorf("at %g: got %v and %v; want %v and %v", got.Cut, got.Above, got.Below, again.Above, again.Below)
		}
	}
}

func TestFisher(t *testing.T) {
	near(t, "the lady tasting tea", fisher(Proportion{3, 4}, Proportion{1, 4}), 34.0/70)
	near(t, "scipy's example", fisher(Proportion{8, 10}, Proportion{1, 6}), 0.034965034965034919)
	// By drawing all ways to place the labels.
	a, b := Proportion{5, 7}, Proportion{1, 6}
	var count [8]float64
	for set := range 1 << 13 {
		var inA, all int
		for i := range 13 {
			if set>>i&1 == 1 {
				all++
				if i < 7 {
					inA++
				}
			}
		}
		if all == 6 {
			count[inA]++
		}
	}
	var p, total float64
	for _, c := range count {
		total += c
		if c <= count[5] {
			p += c
		}
	}
	near(t, "all ways", fisher(a, b), p/total)
}

func TestKolmogorov(t *testing.T) {
	// scipy.stats.kstwobign.sf; the correction for n = 1 is 1.23.
	for x, want := range map[float64]float64{1: 0.26999967167735456, 1.5: 0.022217962616525127, 0.5: 0.9639452436648751, 0.1: 1} {
		near(t, strconv.FormatFloat(x, 'g', -1, 64), kolmogorov(x/1.23, 1), want)
	}
	// Of two samples of one distribution, few lie above its 5 % point.
	rng := rand.New(rand.NewPCG(64, 1))
	const reps = 2000
	over := 0
	for range reps {
		labelled, score := make([]bool, 120), make([]float64, 120)
		for i := range score {
			labelled[i], score[i] = i < 50, rng.Float64()
		}
		over += above(0.05, SelectiveLabels(labelled, nil, score).Score.P)
	}
	if got := float64(over) / reps; got > 0.05+4*math.Sqrt(0.05*0.95/reps) || got < 0.03 {
		t.Errorf("%.4f lie above the 5 %% point; want 0.03 to 0.05", got)
	}
}
