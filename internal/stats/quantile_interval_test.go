package stats

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQuantileInterval(t *testing.T) {
	upTo := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(n - i)
		}
		return x
	}
	for n := 6; n < 60; n++ {
		if diff := cmp.Diff(MedianInterval(upTo(n), 0.95), QuantileInterval(upTo(n), 0.5, 0.95)); diff != "" {
			t.Errorf("of %d rows the median's interval is another (-median +quantile):\n%s", n, diff)
		}
	}
	// By sums of binomial probabilities, each end leaves at most 0.025, and the
	// next one within would leave more.
	for _, c := range []struct {
		n int
		q float64
	}{{100, 0.95}, {100, 0.05}, {72, 0.95}, {200, 0.9}, {30, 0.3}} {
		i := QuantileInterval(upTo(c.n), c.q, 0.95)
		low, high := int(i.Low), int(i.High)
		before, after := binomialSum(c.n, c.q, 0, low-1), binomialSum(c.n, c.q, high, c.n)
		if before > 0.025 || after > 0.025 {
			t.Errorf("%d rows at %g: (%d, %d) leaves %g and %g", c.n, c.q, low, high, before, after)
		}
		if binomialSum(c.n, c.q, 0, low) <= 0.025 || binomialSum(c.n, c.q, high-1, c.n) <= 0.025 {
			t.Errorf("%d rows at %g: (%d, %d) is wider than it need be", c.n, c.q, low, high)
		}
	}
	for n, detail := range map[int]string{71: "71 rows are too few for an interval of the quantile at 0.95", 0: "0 rows are too few for an interval of the quantile at 0.95"} {
		if i := QuantileInterval(upTo(n), 0.95, 0.95); i.Usable() || !i.Degenerate || i.Detail != detail {
			t.Errorf("%d rows: got %+v; want none: %s", n, i, detail)
		}
	}
	if i := QuantileInterval(make([]float64, 100), 0.5, 0.95); !i.Degenerate {
		t.Errorf("equal values: got %+v; want degenerate", i)
	}
}

// binomialSum is P(from ≤ X ≤ to) by definition.
func binomialSum(n int, p float64, from, to int) float64 {
	var sum float64
	for k := max(from, 0); k <= to; k++ {
		sum += math.Exp(logFactorial(float64(n)) - logFactorial(float64(k)) - logFactorial(float64(n-k)) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	}
	return sum
}
