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
		if got, ok := NeededQuantile(0.5, confidence); !ok || got != want || !MedianInterval(x, confidence).Usable() || MedianInterval(x[1:], confidence).Usable() {
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

// TestNeededForAnOrderStatistic searches n by n, where the share beyond the
// limit is one of whole rows, for the least whose interval ends within it.
func TestNeededForAnOrderStatistic(t *testing.T) {
	for _, c := range []struct {
		beyond, of int
		q          float64
	}{{1, 3, 0.5}, {0, 1, 0.5}, {1, 50, 0.05}, {7, 8, 0.9}} {
		least := 0
		for k := 1; least == 0; k++ {
			x := make([]float64, k*c.of) // 0 beyond the limit, 1 within it
			for i := k * c.beyond; i < len(x); i++ {
				x[i] = 1
			}
			if i := QuantileInterval(x, c.q, 0.95); i.Usable() && i.Low == 1 {
				least = len(x)
			}
		}
		n, ok := NeededOrder(Proportion{20 * c.beyond, 20 * c.of}, c.q, 0.95)
		if !ok || n > least || n <= least-c.of {
			t.Errorf("%d of %d beyond, at %g: got %d, %v; want more than %d and at most %d", c.beyond, c.of, c.q, n, ok, least-c.of, least)
		}
	}
}

// TestNeededForTheWorstPair grows the groups until the interval of
// intersection-union lies within the limit.
func TestNeededForTheWorstPair(t *testing.T) {
	groups := []Proportion{{30, 60}, {110, 200}, {48, 80}}
	for _, c := range []struct {
		name      string
		reference int
		limit     float64
		needed    func([]Layer, float64, float64) (int, bool)
		within    func(Parity, float64) bool
		of        func(Resampling, []Layer) Parity
	}{
		{"a difference of all pairs", -1, 0.15, NeededWorstDifference, func(p Parity, l float64) bool { return p.Interval.High <= l }, Resampling.WorstDifference},
		{"a difference from the second", 1, 0.1, NeededWorstDifference, func(p Parity, l float64) bool { return p.Interval.High <= l }, Resampling.WorstDifference},
		{"a ratio of all pairs", -1, 0.75, NeededWorstRatio, func(p Parity, l float64) bool { return p.Interval.Low >= l }, Resampling.WorstRatio},
		{"a ratio to the first", 0, 0.8, NeededWorstRatio, func(p Parity, l float64) bool { return p.Interval.Low >= l }, Resampling.WorstRatio},
	} {
		at := func(n int) bool {
			grown := Layer{Reference: c.reference}
			for _, g := range groups {
				f := float64(n) / 340
				grown.Groups = append(grown.Groups, Proportion{int(math.Round(f * float64(g.X))), int(math.Round(f * float64(g.N)))})
			}
			return c.within(c.of(Resampling{Draws: 1, Confidence: 0.95}, []Layer{grown}), c.limit)
		}
		// In steps of all groups at once their proportions stay what they are.
		least := 340
		for !at(least) {
			least += 340
		}
		n, ok := c.needed([]Layer{{groups, c.reference}}, c.limit, 0.95)
		if !ok || n > least || n <= least-340 {
			t.Errorf("%s: got %d, %v; want more than %d and at most %d", c.name, n, ok, least-340, least)
		}
	}
	if n, ok := NeededWorstDifference([]Layer{{groups, -1}}, 0.05, 0.95); ok {
		t.Errorf("the worst pair misses the limit: got %d", n)
	}
	if n, ok := NeededWorstRatio([]Layer{{groups, -1}}, 0.9, 0.95); ok {
		t.Errorf("the worst ratio misses the limit: got %d", n)
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
		"a quantile beyond its limit":    func() (int, bool) { return NeededOrder(Proportion{6, 10}, 0.5, 0.95) },
		"too few units":                  func() (int, bool) { return NeededUnits(14, 0.8, 0.7, 0.75, 0.95) },
		"a limit on the other side":      func() (int, bool) { return NeededUnits(30, 0.8, 0.7, 0.85, 0.95) },
	} {
		if n, ok := run(); ok || n != 0 {
			t.Errorf("%s: got %d, %v; want none", name, n, ok)
		}
	}
}
