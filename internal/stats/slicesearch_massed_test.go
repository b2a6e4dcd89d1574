package stats

import (
	"math"
	"testing"
)

// TestMassedTallyOfSingleRows: with weights of 1, in units of one row each,
// the test is the plain one.
func TestMassedTallyOfSingleRows(t *testing.T) {
	for seed := range 10 {
		rng := generator(5, seed)
		n := 60 + seed
		loss, code, unit, weight := make([]float64, n), make([]int32, n), make([]int32, n), make([]float64, n)
		for i := range loss {
			loss[i], code[i], unit[i], weight[i] = rng.NormFloat64(), int32(rng.IntN(3)), int32(i), 1
		}
		for name, rows := range map[string]SearchRows{"weights": {Loss: loss, Weight: weight}, "units": {Loss: loss, Unit: unit}} {
			for g := range 3 {
				got, want := rows.tally(code, 3).contrast(g), tallyLonely(loss, code, 3).contrast(g)
				near(t, name+": t", got.T, want.T)
				near(t, name+": p", got.P, want.P)
				near(t, name+": effect", got.Effect, want.Effect)
				if got.Rows != want.Rows {
					t.Errorf("%s: got %d rows; want %d", name, got.Rows, want.Rows)
				}
			}
		}
	}
}

// TestMassedTallyAgreesWithUnitByUnit holds the tally against one that goes
// through all rows for each unit and group.
func TestMassedTallyAgreesWithUnitByUnit(t *testing.T) {
	for seed := range 20 {
		rng := generator(9, seed)
		const n, units, groups = 300, 40, 3
		rows := SearchRows{Loss: make([]float64, n), Weight: make([]float64, n), Unit: make([]int32, n)}
		code := SearchColumn{Groups: []string{"a", "b", "c"}, Code: make([]int32, n)}
		for i := range n {
			rows.Loss[i], rows.Weight[i], rows.Unit[i] = rng.NormFloat64(), float64(rng.IntN(4)), int32(rng.IntN(units))
			code.Code[i] = rows.Unit[i] % groups // units lie within groups
			if seed%2 == 1 {                     // or across them, and some rows are away
				code.Code[i] = int32(rng.IntN(groups+1)) - 1
			}
		}
		sorted := rows.sorted()
		got := sorted.tally(sorted.reorder([]SearchColumn{code})[0].Code, groups)
		for g := range groups {
			want, worth := slowMassed(rows, code.Code, int32(g), units)
			one := got.contrast(g)
			near(t, "t", one.T, want.T)
			near(t, "p", one.P, want.P)
			near(t, "effect", one.Effect, want.Effect)
			if one.Rows != want.Rows {
				t.Errorf("got %d rows; want %d", one.Rows, want.Rows)
			}
			s := SliceSearch{MinRows: 1, MinUnits: worth * 1.0001}
			if got.enough(s, g) {
				t.Errorf("it is enough for %v units; want no more than %v", s.MinUnits, worth)
			}
			s.MinUnits = worth * 0.9999
			if !got.enough(s, g) {
				t.Errorf("it is not enough for %v units; want up to %v", s.MinUnits, worth)
			}
		}
	}
}

// slowMassed is the contrast of a group, and as how many units the smaller
// side tells.
func slowMassed(r SearchRows, code []int32, group int32, units int) (Slice, float64) {
	type side struct{ w, x, rowsWW, rowsVar, unitsWW, variance, mean, worth, rowsWorth float64 }
	var in, out side
	one := Slice{}
	is := func(i int, inside bool) bool { return code[i] >= 0 && (code[i] == group) == inside }
	sum := func(s *side, inside bool) {
		for i, v := range r.Loss {
			if is(i, inside) {
				s.w, s.x, s.rowsWW = s.w+r.Weight[i], s.x+r.Weight[i]*v, s.rowsWW+r.Weight[i]*r.Weight[i]
				if inside && r.Weight[i] > 0 {
					one.Rows++
				}
			}
		}
		s.mean = s.x / s.w
		for i, v := range r.Loss {
			if is(i, inside) {
				s.rowsVar += r.Weight[i] * (v - s.mean) * (v - s.mean) / s.w
			}
		}
		s.rowsWorth = s.w * s.w / s.rowsWW
		s.rowsVar *= s.rowsWorth / (s.rowsWorth - 1)
	}
	sum(&in, true)
	sum(&out, false)
	var common float64
	shared := false
	for u := range int32(units) {
		var w, e [2]float64 // inside, outside
		for i, v := range r.Loss {
			if r.Unit[i] != u || code[i] < 0 {
				continue
			}
			k, mean := 1, out.mean
			if is(i, true) {
				k, mean = 0, in.mean
			}
			w[k], e[k] = w[k]+r.Weight[i], e[k]+r.Weight[i]*(v-mean)
		}
		in.unitsWW, in.variance = in.unitsWW+w[0]*w[0], in.variance+e[0]*e[0]/in.w/in.w
		out.unitsWW, out.variance = out.unitsWW+w[1]*w[1], out.variance+e[1]*e[1]/out.w/out.w
		common += e[0] * e[1] / in.w / out.w
		shared = shared || w[0] > 0 && w[1] > 0
	}
	in.worth, out.worth = in.w*in.w/in.unitsWW, out.w*out.w/out.unitsWW
	f, g := in.worth/(in.worth-1), out.worth/(out.worth-1)
	v, u := in.variance*f, out.variance*g
	freedom := (v + u) * (v + u) / (v*v/(in.worth-1) + u*u/(out.worth-1))
	variance := v + u - 2*common*math.Sqrt(f*g)
	if shared {
		freedom = min(in.worth, out.worth) - 1
	}
	pooled := math.Sqrt(((in.rowsWorth-1)*in.rowsVar + (out.rowsWorth-1)*out.rowsVar) / (in.rowsWorth + out.rowsWorth - 2))
	judged := judged(one.Rows, in.mean-out.mean, pooled, variance, freedom)
	return judged, min(in.worth, out.worth)
}

// TestSearchOverUnits plants a fault in rows that belong to units whose rows
// are alike, and shows that chance in units is not taken for a fault: as rows
// that stand alone, the same clean rows would be flagged.
func TestSearchOverUnits(t *testing.T) {
	for _, c := range []struct {
		name           string
		fault          float64
		asRows         bool
		least, largest int // seeds of 40 in which the slice, or anything, is found
	}{
		{"a fault", 1, false, 38, 40},
		{"none", 0, false, 0, 2},
		{"none, taken for rows that stand alone", 0, true, 20, 40},
	} {
		found := 0
		for seed := range 40 {
			rng := generator(31, seed)
			rows, columns := SearchRows{}, []SearchColumn{{Groups: []string{"a", "b", "c", "d"}}, {Groups: []string{"x", "y", "z"}}, {Groups: []string{"p", "q"}}}
			for unit := range int32(400) {
				region, tier, own := int32(rng.IntN(4)), int32(rng.IntN(3)), rng.NormFloat64()
				for range 1 + rng.IntN(9) {
					v := own + rng.NormFloat64()
					if region == 2 {
						v += c.fault
					}
					rows.Loss, rows.Unit = append(rows.Loss, v), append(rows.Unit, unit)
					for k, code := range []int32{region, tier, int32(rng.IntN(2))} {
						columns[k].Code = append(columns[k].Code, code)
					}
				}
			}
			if c.asRows {
				rows.Unit = nil
			}
			s := usual
			s.MinUnits = 30
			got := s.Run(rows, columns)
			switch {
			case len(got.Found) == 0:
			case c.fault == 0, got.Found[0].Columns[0] == 0 && got.Found[0].Groups[0] == 2:
				found++
			}
		}
		t.Logf("%s: found in %d of 40 seeds", c.name, found)
		if found < c.least || found > c.largest {
			t.Errorf("%s: found in %d of 40 seeds; want %d to %d", c.name, found, c.least, c.largest)
		}
	}
}

func TestSearchedLosses(t *testing.T) {
	c := Classes{Names: []string{"a", "b"}, Label: []int32{0, 1, 1}, Prob: []float64{0.25, 0.75, 1, 0, 0.5, 0.5}}
	loss, expected := c.LogLoss()
	for i, want := range []float64{math.Log(4), 52 * math.Ln2, math.Ln2} {
		near(t, "log loss", loss[i], want)
	}
	for i, want := range []float64{0.25*math.Log(4) + 0.75*math.Log(4./3), 0, math.Ln2} {
		near(t, "its expectation", expected[i], want)
	}
	q := Queries{Query: []int32{0, 1, 0, 1, 2}, Relevance: []float64{0, 0, 1, 0, 3}, Score: []float64{.9, .1, .2, .5, .4}}
	gain, length := q.NDCG()
	for i, want := range []float64{1 / math.Log2(3), nan, 1 / math.Log2(3), nan, 1} {
		if math.IsNaN(want) != math.IsNaN(gain[i]) || want == want && math.Abs(gain[i]-want) > 1e-12 {
			t.Errorf("nDCG of row %d's query: got %v; want %v", i, gain[i], want)
		}
		if want := []float64{2, 2, 2, 2, 1}[i]; length[i] != want {
			t.Errorf("row %d's query has %v rows; want %v", i, length[i], want)
		}
	}
}
