package stats

import (
	"math"
	"testing"
)

// TestNeededIsTheLeast: at the n that is said the interval clears the limit,
// and at one less it does not. ends is the interval of n rows, by the formulas
// of the intervals themselves.
func TestNeededIsTheLeast(t *testing.T) {
	scaledBy := func(p Proportion, n float64) (float64, float64) { return float64(p.X) * n, float64(p.N) * n }
	a, b := Proportion{56, 70}, Proportion{48, 80}
	newcombe := func(n float64) (low, high float64) {
		xa, na := scaledBy(a, n/150)
		xb, nb := scaledBy(b, n/150)
		la, ua := wilsonShare(xa, na, 0.95)
		lb, ub := wilsonShare(xb, nb, 0.95)
		d := xa/na - xb/nb
		return d - math.Hypot(xa/na-la, ub-xb/nb), d + math.Hypot(ua-xa/na, xb/nb-lb)
	}
	weighted := func(n float64) (low, high float64) { return wilsonShare(0.3*80*n/120, 80*n/120, 0.95) }
	pairs := Pairs{Both: 80, First: 12, Second: 5, Neither: 3}
	for _, c := range []struct {
		name         string
		value, limit float64
		got          func(limit float64) (int, bool)
		ends         func(n float64) (low, high float64)
	}{
		{"a difference above a limit", 0.2, 0.1, func(l float64) (int, bool) { return NeededDifference(a, b, l, 0.95) }, newcombe},
		{"a difference below a limit", 0.2, 0.25, func(l float64) (int, bool) { return NeededDifference(a, b, l, 0.95) }, newcombe},
		{"a difference whose n is less than there is", 0.2, -0.5, func(l float64) (int, bool) { return NeededDifference(a, b, l, 0.95) }, newcombe},
		{"a weighted share", 0.3, 0.25, func(l float64) (int, bool) { return NeededWeighted(120, 0.3, 80, l, 0.95) }, weighted},
		{"a paired difference", 0.07, 0.02, func(l float64) (int, bool) { return pairs.Needed(l, 0.95) }, func(n float64) (low, high float64) {
			return pairs.shares().ends(n, 0.95)
		}},
		{"an area of 1", 1, 0.9, func(l float64) (int, bool) { return NeededPairs(1, l, 0.95) }, func(n float64) (low, high float64) {
			return ClopperPearson(Proportion{int(n), int(n)}, 0.95)
		}},
		{"an area of 0", 0, 0.2, func(l float64) (int, bool) { return NeededPairs(0, l, 0.95) }, func(n float64) (low, high float64) {
			return ClopperPearson(Proportion{0, int(n)}, 0.95)
		}},
	} {
		n, ok := c.got(c.limit)
		if !ok {
			t.Errorf("%s: no n", c.name)
			continue
		}
		meets := func(n int) bool {
			low, high := c.ends(float64(n))
			return c.value > c.limit && low >= c.limit || c.value < c.limit && high <= c.limit
		}
		if !meets(n) || n > 1 && meets(n-1) {
			t.Errorf("%s: %d is not the least n", c.name, n)
		}
		if n, ok := c.got(c.value); ok {
			t.Errorf("%s: %d rows tell a value from itself", c.name, n)
		}
	}
}

func TestPairsOfSharesAreThoseOfCounts(t *testing.T) {
	p := Pairs{Both: 36, First: 12, Second: 2}
	tenfold := Pairs{Both: 360, First: 120, Second: 20}
	low, high := p.shares().ends(500, 0.95)
	i := tenfold.Interval(0.95)
	near(t, "low", low, i.Low)
	near(t, "high", high, i.High)
	// Of rows that both get right, the ends close in with n, not with its root.
	n, ok := Pairs{Both: 100}.Needed(-0.005, 0.95)
	if low, _ := (Pairs{Both: 100}).shares().ends(float64(n), 0.95); !ok || low < -0.005 || n > 2000 {
		t.Errorf("no row decided otherwise: got %d, %v, which ends at %g", n, ok, low)
	}
}

func TestNeededGapAndRatio(t *testing.T) {
	all, part := Proportion{700, 1000}, Proportion{120, 200}
	n, ok := NeededGap(all, part, 0.08, 0.95)
	if !ok {
		t.Fatal("no n for a gap")
	}
	f := float64(n) / 1000
	grown := Gap(Proportion{int(math.Round(700 * f)), int(math.Round(1000 * f))}, Proportion{int(math.Round(120 * f)), int(math.Round(200 * f))}, 0.95)
	if math.Abs(grown.Low-0.08) > 1e-3 {
		t.Errorf("the gap's low end at %d rows: %g; want about 0.08", n, grown.Low)
	}

	a, b := Proportion{30, 60}, Proportion{20, 80}
	n, ok = NeededRatio(a, b, 1.5, 0.95)
	if !ok {
		t.Fatal("no n for a ratio")
	}
	f = float64(n) / 140
	i := Ratio(Proportion{int(math.Round(30 * f)), int(math.Round(60 * f))}, Proportion{int(math.Round(20 * f)), int(math.Round(80 * f))}, 0.95)
	if math.Abs(i.Low-1.5) > 0.02 {
		t.Errorf("the ratio's low end at %d rows: %g; want about 1.5", n, i.Low)
	}
}

func TestNeededFlawless(t *testing.T) {
	c := Confusion{TP: 40, TN: 60}
	r := Resampling{Draws: 200, Confidence: 0.95}
	for metric, limit := range map[string]float64{"f1": 0.97, "balanced_accuracy": 0.98} {
		n, ok := c.NeededFlawless(metric, limit, 0.95)
		if !ok {
			t.Fatalf("%s: no n", metric)
		}
		ends := func(n int) float64 {
			return r.DecisionInterval(Confusion{TP: int(math.Ceil(0.4 * float64(n))), TN: n - int(math.Ceil(0.4*float64(n)))}, metric).Low
		}
		if ends(n+3) < limit || ends(n-4) >= limit {
			t.Errorf("%s: %d rows end at %g, four less at %g; want %g between", metric, n, ends(n+3), ends(n-4), limit)
		}
	}
}

func TestNeededUnits(t *testing.T) {
	n, ok := NeededUnits(30, 0.8, 0.7, 0.75, 0.95)
	// Twice as near takes four times as many, and Student's quantile falls.
	if !ok || n >= 120 || n < 105 {
		t.Errorf("half the distance of 30 units: got %d, %v; want a little below 120", n, ok)
	}
	half := func(n float64) float64 {
		return 0.1 * math.Sqrt(30/n) * unitQuantile(n, 0.95) / unitQuantile(30, 0.95)
	}
	if half(float64(n)) > 0.05 || half(float64(n-1)) <= 0.05 {
		t.Errorf("%d is not the least number of units", n)
	}
	if n, ok := NeededUnits(30, 0.8, 0.7, 0.1, 0.95); !ok || n != 15 {
		t.Errorf("a far limit: got %d, %v; want 15, the least that there must be", n, ok)
	}
}

func TestNeededOthers(t *testing.T) {
	for confidence, want := range map[float64]int{0.95: 6, 0.9: 5, 0.99: 8} {
		x := make([]float64, want)
		for i := range x {
			x[i] = float64(i)
		}
		if got := NeededMedian(confidence); got != want || !MedianInterval(x, confidence).Usable() || MedianInterval(x[1:], confidence).Usable() {
			t.Errorf("the median at %g: got %d; want %d, and an interval from there on", confidence, got, want)
		}
	}
	if n, ok := (Overlap{Rows: 400, Effective: 20}).NeededEffective(); !ok || n != 1000 {
		t.Errorf("20 effective of 400: got %d, %v; want 1000", n, ok)
	}
	if n, ok := (Overlap{}).NeededEffective(); ok {
		t.Errorf("nothing effective: got %d", n)
	}
}

// TestNeededMcNemar adds up the power of the test at the n that is said.
func TestNeededMcNemar(t *testing.T) {
	n, ok := NeededMcNemar(0.2, 0.1, 0.95, 0.8)
	if !ok {
		t.Fatal("no n")
	}
	choose := func(n, k int, p float64) float64 {
		return math.Exp(logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	}
	var power float64
	for discordant := 1; discordant <= n; discordant++ {
		for first := range discordant + 1 {
			if square(float64(2*first-discordant))/float64(discordant) > square(z(0.95)) {
				power += choose(n, discordant, 0.3) * choose(discordant, first, 2.0/3)
			}
		}
	}
	if math.Abs(power-0.8) > 0.02 {
		t.Errorf("%d rows have the power %.3f; want about 0.8", n, power)
	}
}

func TestNoNumberOfRowsWouldDo(t *testing.T) {
	for name, run := range map[string]func() (int, bool){
		"a difference to nothing":        func() (int, bool) { return NeededDifference(Proportion{1, 2}, Proportion{}, 0.1, 0.95) },
		"a difference of no number":      func() (int, bool) { return NeededDifference(Proportion{1, 2}, Proportion{1, 3}, math.NaN(), 0.95) },
		"a gap to the whole":             func() (int, bool) { return NeededGap(Proportion{1, 2}, Proportion{1, 2}, 0.1, 0.95) },
		"no pairs":                       func() (int, bool) { return Pairs{}.Needed(0.1, 0.95) },
		"a ratio of nothing":             func() (int, bool) { return NeededRatio(Proportion{0, 2}, Proportion{0, 3}, 0.8, 0.95) },
		"a ratio at its limit":           func() (int, bool) { return NeededRatio(Proportion{1, 2}, Proportion{1, 2}, 1, 0.95) },
		"a ratio against 0":              func() (int, bool) { return NeededRatio(Proportion{1, 2}, Proportion{1, 2}, 0, 0.95) },
		"an area with pairs in disorder": func() (int, bool) { return NeededPairs(0.9, 0.5, 0.95) },
		"f1 with errors":                 func() (int, bool) { return Confusion{TP: 4, TN: 4, FP: 1}.NeededFlawless("f1", 0.9, 0.95) },
		"f1 without positives":           func() (int, bool) { return Confusion{TN: 4}.NeededFlawless("f1", 0.9, 0.95) },
		"f1 against 1":                   func() (int, bool) { return Confusion{TP: 4}.NeededFlawless("f1", 1, 0.95) },
		"balanced accuracy of one class": func() (int, bool) { return Confusion{TP: 4}.NeededFlawless("balanced_accuracy", 0.9, 0.95) },
		"mcc":                            func() (int, bool) { return Confusion{TP: 4, TN: 4}.NeededFlawless("mcc", 0.9, 0.95) },
		"no weight":                      func() (int, bool) { return NeededWeighted(10, 0.3, math.NaN(), 0.2, 0.95) },
		"a share that is not above 1":    func() (int, bool) { return NeededWeighted(10, 1, 10, 1, 0.95) },
		"too few units":                  func() (int, bool) { return NeededUnits(14, 0.8, 0.7, 0.75, 0.95) },
		"a limit on the other side":      func() (int, bool) { return NeededUnits(30, 0.8, 0.7, 0.85, 0.95) },
		"two models that are as good":    func() (int, bool) { return NeededMcNemar(0.1, 0.1, 0.95, 0.8) },
		"shares of more than all":        func() (int, bool) { return NeededMcNemar(0.7, 0.6, 0.95, 0.8) },
		"a negative share":               func() (int, bool) { return NeededMcNemar(-0.1, 0.6, 0.95, 0.8) },
		"a power of 1":                   func() (int, bool) { return NeededMcNemar(0.2, 0.1, 0.95, 1) },
	} {
		if n, ok := run(); ok || n != 0 {
			t.Errorf("%s: got %d, %v; want none", name, n, ok)
		}
	}
}
