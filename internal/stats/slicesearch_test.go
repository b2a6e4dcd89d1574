package stats

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// usual is the search that evaluations make.
var usual = SliceSearch{MinRows: 50, MinEffect: 0.2, Level: 0.05, MaxSlices: 10_000, MaxFound: 10}

// population draws n rows of which all columns but the last say something of
// the outcome: their groups, the model's score and the outcome. The score is
// the truth, except where faulty says so: there it says nothing. base moves the
// log odds of a positive; a sharp other than 1 makes the model over- or
// underconfident, alike in every slice.
func population(rng random, n int, base, sharp float64, faulty func(groups []int) bool) (columns []SearchColumn, score []float64, positive []bool) {
	for _, groups := range []int{3, 4, 2, 4, 5, 6} {
		c := SearchColumn{}
		for g := range groups {
			c.Groups = append(c.Groups, fmt.Sprint(g))
		}
		columns = append(columns, c)
	}
	for range n {
		log := base + rng.NormFloat64()
		groups := make([]int, len(columns))
		for c := range columns {
			groups[c] = rng.IntN(len(columns[c].Groups))
			columns[c].Code = append(columns[c].Code, int32(groups[c]))
			if c < len(columns)-1 {
				log += 0.8 * (float64(groups[c])/float64(len(columns[c].Groups)-1) - 0.5)
			}
		}
		p := 1 / (1 + math.Exp(-1.5*log))
		score = append(score, 1/(1+math.Exp(-1.5*sharp*log)))
		if faulty(groups) {
			p = 0.5
		}
		positive = append(positive, rng.Float64() < p)
	}
	return columns, score, positive
}

// TestPlantedFaultIsFound plants a fault in one group of one column, or in a
// crossing of two, and searches clean rows too. STATS_REPLICATIONS asks for 100
// seeds instead of the quick few.
func TestPlantedFaultIsFound(t *testing.T) {
	seeds := 40
	if os.Getenv("STATS_REPLICATIONS") != "" {
		seeds = 100
	}
	for _, c := range []struct {
		name    string
		rows    int
		base    float64
		sharp   float64
		columns []int // of the fault
		groups  []int
	}{
		{"a group, a fifth of 2,000 rows", 2000, -1, 1, []int{4}, []int{2}},
		{"a crossing, a twelfth of 4,000 rows", 4000, -1, 1, []int{0, 1}, []int{1, 3}},
		{"none, 2,000 rows", 2000, -1, 1, nil, nil},
		{"none, 20,000 rows", 20_000, -1, 1, nil, nil},
		{"none, few positives", 2000, -4, 1, nil, nil},
		{"none, an overconfident model", 2000, -1, 2, nil, nil},
	} {
		found, flagged, more := 0, 0, 0
		for seed := range seeds {
			columns, score, positive := population(generator(uint64(1000+seed), len(c.name)), c.rows, c.base, c.sharp, func(groups []int) bool {
				for k, column := range c.columns {
					if groups[column] != c.groups[k] {
						return false
					}
				}
				return len(c.columns) > 0
			})
			got := usual.Run(SearchRows{Loss: Excess(Squares(positive, score), score, nil, 20)}, columns)
			if !got.Complete || got.Tried < 200 {
				t.Fatalf("%s: tried %d, complete %v", c.name, got.Tried, got.Complete)
			}
			if len(got.Found) > 0 {
				flagged++
				more += len(got.Found) - 1
				if slices.Equal(got.Found[0].Columns, c.columns) && slices.Equal(got.Found[0].Groups, c.groups) {
					found++
				}
			}
		}
		met, bar := found*100 >= 95*seeds, "bar 95 %% found"
		if c.columns == nil {
			met, bar = flagged*100 <= 5*seeds, "bar 5 %% flagged"
		}
		judge(t, met, "%s: found in %d of %d seeds, something flagged in %d, %d slices beside it, "+bar, c.name, found, seeds, flagged, more)
		if c.columns != nil && found*100 < 95*seeds {
			t.Errorf("%s: found in %d of %d seeds; want 95 %%", c.name, found, seeds)
		}
		if c.columns == nil && flagged*100 > 5*seeds {
			t.Errorf("%s: flagged in %d of %d seeds; want at most 5 %%", c.name, flagged, seeds)
		}
	}
}

// TestSearchAgreesWithRowByRow holds the search against one that goes through
// all rows for each slice.
func TestSearchAgreesWithRowByRow(t *testing.T) {
	for seed := range 20 {
		rng := generator(77, seed)
		columns, score, positive := population(rng, 400, -1, 1, func(g []int) bool { return g[2] == 1 && g[0] == 0 })
		columns[5] = SearchColumn{Groups: columns[2].Groups, Code: columns[2].Code} // the same column twice
		loss := Squares(positive, score)
		s := SliceSearch{MinRows: 20, MinEffect: 0.1, Level: 0.3, MaxSlices: 10_000, MaxFound: 10}
		want := slowSearch(s, loss, columns)
		got := s.Run(SearchRows{Loss: loss}, columns)
		if got.Tried != want.Tried || len(got.Found) != len(want.Found) {
			t.Fatalf("seed %d: got %d of %d; want %d of %d", seed, len(got.Found), got.Tried, len(want.Found), want.Tried)
		}
		for i := range got.Found {
			a, b := got.Found[i], want.Found[i]
			near(t, "effect", a.Effect, b.Effect)
			near(t, "p", a.P, b.P)
			near(t, "adjusted", a.Adjusted, b.Adjusted)
			near(t, "t", a.T, b.T)
			a.Effect, a.T, a.P, a.Adjusted, b.Effect, b.T, b.P, b.Adjusted = 0, 0, 0, 0, 0, 0, 0, 0
			if diff := cmp.Diff(b, a); diff != "" {
				t.Errorf("seed %d (-want +got):\n%s", seed, diff)
			}
		}
	}
}

func slowSearch(s SliceSearch, loss []float64, columns []SearchColumn) Searched {
	var tested []Slice
	members := func(cs, gs []int) (in, out []float64) {
		for i, v := range loss {
			is := true
			for k, c := range cs {
				is = is && columns[c].Code[i] == int32(gs[k])
			}
			if is {
				in = append(in, v)
			} else {
				out = append(out, v)
			}
		}
		return in, out
	}
	try := func(cs, gs []int) {
		in, out := members(cs, gs)
		if len(in) < s.MinRows || len(out) < s.MinRows {
			return
		}
		for k := range cs {
			if parent, _ := members(cs[k:k+1], gs[k:k+1]); len(cs) > 1 && len(parent) == len(in) {
				return
			}
		}
		one := contrast(in, out)
		one.Columns, one.Groups = cs, gs
		tested = append(tested, one)
	}
	for c := range columns {
		for g := range columns[c].Groups {
			try([]int{c}, []int{g})
		}
	}
	for a := range columns {
		for b := a + 1; b < len(columns); b++ {
			for g := range columns[a].Groups {
				for h := range columns[b].Groups {
					try([]int{a, b}, []int{g, h})
				}
			}
		}
	}
	// Holm, step by step: the least p against the whole family, and so on.
	left := len(tested)
	done := make([]bool, len(tested))
	for floor := 0.0; left > 0; left-- {
		least := -1
		for i := range tested {
			if !done[i] && (least < 0 || tested[i].P < tested[least].P) {
				least = i
			}
		}
		done[least] = true
		floor = max(floor, min(1, tested[least].P*float64(left)))
		tested[least].Adjusted = floor
	}
	return Searched{s.standOut(SearchRows{Loss: loss}, columns, tested), len(tested), true}
}

// TestContrastOfFewRows holds Welch's test of 1..5 against 2, 2, 3, 1, 2, 0 to
// its p-value by Simpson's rule over Student's density.
func TestContrastOfFewRows(t *testing.T) {
	s := contrast([]float64{1, 2, 3, 4, 5}, []float64{2, 2, 3, 1, 2, 0})
	near(t, "p", s.P, 0.07572050016868187)
	near(t, "Cohen's d", s.Effect, 1.0215078369104982)
}

// contrast holds some losses against others.
func contrast(in, out []float64) Slice {
	code := make([]int32, len(in)+len(out))
	for i := range in {
		code[i] = 1
	}
	return tallyLonely(slices.Concat(in, out), code, 2).contrast(1)
}

func TestSearchThatCanFindNothing(t *testing.T) {
	equal := make([]float64, 400)
	half := SearchColumn{Groups: []string{"a", "b"}, Code: make([]int32, 400)}
	for i := range 200 {
		half.Code[i] = 1
	}
	one := SearchColumn{Groups: []string{"a"}, Code: make([]int32, 400)}
	for name, c := range map[string]struct {
		loss    []float64
		columns []SearchColumn
		tried   int
	}{
		"no columns":            {equal, nil, 0},
		"a column of one value": {equal, []SearchColumn{one}, 0},
		"losses that are equal": {equal, []SearchColumn{half}, 2},
		"no rows":               {nil, []SearchColumn{{Groups: []string{"a"}}}, 0},
		"the same column twice": {equal, []SearchColumn{half, half}, 4},
		"fewer rows than asked": {equal[:60], []SearchColumn{{half.Groups, half.Code[:60]}}, 0},
	} {
		got := usual.Run(SearchRows{Loss: c.loss}, c.columns)
		if len(got.Found) > 0 || got.Tried != c.tried || !got.Complete {
			t.Errorf("%s: got %+v; want nothing of %d", name, got, c.tried)
		}
	}
	short := usual
	short.MaxSlices = 1
	if got := short.Run(SearchRows{Loss: equal}, []SearchColumn{half, half}); got.Complete || got.Tried != 1 {
		t.Errorf("cut short: got %+v; want that it says so", got)
	}
}

func TestExcess(t *testing.T) {
	got := Excess([]float64{1, 3, 10, 20, 5}, []float64{.2, .1, .9, .8, .9}, nil, 2)
	// Two bins: .1 and .2, and the rest, of which two are equal.
	want := []float64{-1, 1, 10 - 35.0/3, 20 - 35.0/3, 5 - 35.0/3}
	for i := range want {
		near(t, fmt.Sprintf("row %d", i), got[i], want[i])
	}
	if got := Excess([]float64{1, 2, 6}, []float64{.5, .5, .5}, nil, 3); got[0] != -2 || got[2] != 3 {
		t.Errorf("equal scores: got %v; want them in one bin", got)
	}
	weighted := Excess([]float64{1, 2, 6, 4}, []float64{.5, .5, .5, .9}, []float64{1, 2, 1, 0}, 2)
	if weighted[0] != -1.75 || weighted[2] != 3.25 || weighted[3] != 0 {
		t.Errorf("weights: got %v; want losses beyond the weighted mean, and 0 where no row counts", weighted)
	}
	if got := Excess(nil, nil, nil, 3); len(got) != 0 {
		t.Errorf("no rows: got %v", got)
	}
}
