package stats

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlips(t *testing.T) {
	truth := []string{"a", "a", "b", "b", "c", "c"}
	old := []string{"a", "a", "b", "a", "a", "b"}
	decided := []string{"a", "b", "b", "b", "c", "a"}
	want := Flips{Rows: 6, Changed: 4, Negative: 1, Positive: 2}
	got := CountFlips(truth, old, decided)
	if got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	rates := []Proportion{got.NegativeRate(), got.PositiveRate(), got.ChangedRate()}
	if diff := cmp.Diff([]Proportion{{1, 6}, {2, 6}, {4, 6}}, rates); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	by := FlipsBy(truth, old, decided, []int32{0, 0, 1, 1, -1, 3}, 4)
	if diff := cmp.Diff([]Flips{{2, 1, 1, 0}, {2, 1, 0, 1}, {}, {1, 1, 0, 0}}, by); diff != "" {
		t.Errorf("by group (-want +got):\n%s", diff)
	}
	if i := (Flips{Rows: 40}).NegativeRate().Interval(0.95); i.Method != "clopper_pearson" || !(i.High > 0.08) {
		t.Errorf("no flip in 40: got %+v; want an exact bound above 0.08", i)
	}
}

// TestFlipsTurnRound: from the new model to the old one, negative flips are
// positive ones; and the groups add up.
func TestFlipsTurnRound(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 1))
	draw := func() (x []bool) {
		for range 200 {
			x = append(x, rng.Float64() < 0.5)
		}
		return x
	}
	truth, old, decided := draw(), draw(), draw()
	code := make([]int32, 200)
	for i := range code {
		code[i] = int32(rng.IntN(3))
	}
	there, back := CountFlips(truth, old, decided), CountFlips(truth, decided, old)
	if want := (Flips{there.Rows, there.Changed, there.Positive, there.Negative}); back != want {
		t.Errorf("turned round: got %+v; want %+v", back, want)
	}
	var sum Flips
	for _, f := range FlipsBy(truth, old, decided, code, 3) {
		sum = Flips{sum.Rows + f.Rows, sum.Changed + f.Changed, sum.Negative + f.Negative, sum.Positive + f.Positive}
	}
	if sum != there {
		t.Errorf("groups add up to %+v; want %+v", sum, there)
	}
	if there.Changed != there.Negative+there.Positive {
		t.Errorf("of two classes every change is one for better or worse: %+v", there)
	}
}

// TestMcNemarByCounting compares with sums of binomial coefficients.
func TestMcNemarByCounting(t *testing.T) {
	for _, c := range [][2]int{{10, 25}, {25, 10}, {0, 1}, {0, 5}, {3, 3}, {0, 0}, {40, 60}, {1, 900}} {
		n, k := c[0]+c[1], min(c[0], c[1])
		all := new(big.Int).Lsh(big.NewInt(1), uint(n))
		tail := new(big.Int)
		for j := range k + 1 {
			tail.Add(tail, new(big.Int).Binomial(int64(n), int64(j)))
		}
		ratio := func(x *big.Int) float64 {
			f, _ := new(big.Rat).SetFrac(x, all).Float64()
			return f
		}
		exact := min(1, 2*ratio(tail))
		mid := 2*ratio(tail) - ratio(new(big.Int).Binomial(int64(n), int64(k)))
		if n == 0 {
			mid = 1
		}
		near(t, "exact", McNemar(c[0], c[1]), exact)
		near(t, "mid-p", McNemarMidP(c[0], c[1]), mid)
	}
	near(t, "mid-p of 10 and 25", McNemarMidP(10, 25), .016673847800120715-183579396/math.Exp2(35))
}

func TestCompare(t *testing.T) {
	usual := func(low, high float64) Interval { return Interval{Low: low, High: high, Method: "bca"} }
	exact := Interval{Low: -0.01, High: 0.01, Method: "exact", Degenerate: true}
	guess := Interval{Low: -0.01, High: 0.01, Method: "hoeffding", Degenerate: true}
	for _, c := range []struct {
		name   string
		i      Interval
		margin float64
		want   Standing
		word   string
	}{
		{"all above zero", usual(0.001, 0.1), 0.02, Superior, "superior"},
		{"within the margin", usual(-0.01, 0.1), 0.02, NonInferior, "non_inferior"},
		{"at the margin", usual(-0.02, 0.1), 0.02, NonInferior, "non_inferior"},
		{"worse than before, but within the margin", usual(-0.01, -0.005), 0.02, NonInferior, "non_inferior"},
		{"across the margin", usual(-0.03, 0.1), 0.02, Undecided, "undecided"},
		{"all beyond the margin", usual(-0.1, -0.03), 0.02, Inferior, "inferior"},
		{"high end at the margin", usual(-0.1, -0.02), 0.02, Undecided, "undecided"},
		{"no margin and no difference", usual(0, 0.1), 0, NonInferior, "non_inferior"},
		{"no interval", noInterval("bca", "all draws are equal"), 0.5, Undecided, "undecided"},
		{"one end", usual(0.1, math.NaN()), 0.5, Undecided, "undecided"},
		{"ends the wrong way round", usual(0.2, 0.1), 0.5, Undecided, "undecided"},
		{"degenerate with an exact bound", exact, 0.02, NonInferior, "non_inferior"},
		{"degenerate with a bound that is not exact", guess, 0.02, Undecided, "undecided"},
	} {
		got, err := Compare(c.i, c.margin)
		if err != nil || got != c.want || got.String() != c.word {
			t.Errorf("%s: got %v, %v; want %s", c.name, got, err, c.word)
		}
	}
	for margin, want := range map[float64]string{
		-0.01:       "the margin -0.01 is no loss that can be accepted\nhint: give a number that is 0 or more",
		math.Inf(1): "the margin +Inf is no loss that can be accepted\nhint: give a number that is 0 or more",
	} {
		if got, err := Compare(usual(1, 2), margin); got != Undecided || err == nil || err.Error() != want {
			t.Errorf("margin %g: got %v, %v; want %s", margin, got, err, want)
		}
	}
	if got, err := Compare(usual(1, 2), math.NaN()); got != Undecided || err == nil {
		t.Errorf("a margin that is no number: got %v, %v; want an error", got, err)
	}
}
