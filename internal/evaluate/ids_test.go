package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/table"
)

// joinByMap is joinIDs as it reads in words: a map of each table's ids.
func joinByMap(test, predictions *table.Table, testID, predictionID string, said *predicted) (*joined, error) {
	if _, err := idMap(test, testID); err != nil {
		return nil, err
	}
	at, err := idMap(predictions, predictionID)
	if err != nil {
		return nil, err
	}
	c, err := test.Column(testID)
	if err != nil {
		return nil, err
	}
	j := &joined{Join: Join{By: "id"}}
	places := []int32{}
	for i := range test.Rows {
		row, ok := at[c.String(i)]
		if !ok {
			j.Missing++
			continue
		}
		j.rows = append(j.rows, int32(i))
		places = append(places, row)
	}
	j.said = said.pick(places)
	j.Matched = len(j.rows)
	j.Extra = predictions.Rows - j.Matched
	if j.Matched == 0 {
		p, err := predictions.Column(predictionID)
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("joining %s to %s: no id matches; column %s begins with %q, column %s with %q\nhint: name the columns that hold the same ids in data.test.id and predictions.id",
			predictions.Name, test.Name, predictionID, p.String(0), testID, c.String(0))
	}
	return j, nil
}

func idMap(t *table.Table, column string) (map[string]int32, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int32, t.Rows)
	for i := range t.Rows {
		if c.IsNull(i) {
			return nil, t.At(i, column, "a row without an id\nhint: give every row an id")
		}
		id := c.String(i)
		if first, twice := at[id]; twice {
			return nil, t.At(i, column, fmt.Sprintf("id %q for the second time; the first is at line %d\nhint: write each row once", id, t.Line(int(first))))
		}
		at[id] = int32(i)
	}
	return at, nil
}

// idTable is a table of ids and a score that tells the row, as it is read.
func idTable(t testing.TB, name, column string, list []string, kind table.Kind) (*table.Table, *predicted) {
	t.Helper()
	var b strings.Builder
	b.WriteString(column + ",p\n")
	for i, id := range list {
		fmt.Fprintf(&b, "%s,%d\n", id, i)
	}
	o := table.Options{}
	if kind == table.Text {
		o.Text = []string{column}
	}
	got, err := table.Read(t.Context(), name, strings.NewReader(b.String()), int64(b.Len()), o)
	if err != nil {
		t.Fatal(err)
	}
	score, err := got.Float64s("p")
	if err != nil {
		t.Fatal(err)
	}
	return got, &predicted{score: score}
}

// TestJoinIsThatOfAMap holds the join against the plain one, on ids in every
// order: the same, sorted as texts or as numbers, shuffled; with ids that one
// side lacks, ids that come twice, and rows without one.
func TestJoinIsThatOfAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 15))
	paths := map[string]int{}
	for n := range 3000 {
		form := []string{"%d", "%04d", "r%d", "x"}[r.IntN(4)]
		pool := make([]string, 2+r.IntN(40))
		for i := range pool {
			pool[i] = fmt.Sprintf(strings.Replace(form, "x", "%[1]d-é%[1]d", 1), i)
		}
		some := func() (list []string) {
			for _, id := range pool {
				if r.IntN(4) > 0 {
					list = append(list, id)
				}
			}
			return append(list, pool[r.IntN(len(pool))])[:len(list)+r.IntN(2)]
		}
		a := some()
		b := slices.Clone(a)
		if r.IntN(3) > 0 {
			b = some()
		}
		if r.IntN(8) == 0 {
			b = append(b, "another")
		}
		switch r.IntN(4) {
		case 0:
			slices.Sort(a)
			slices.Sort(b)
		case 1:
			r.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
		case 2:
			r.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
		}
		for _, list := range [][]string{a, b} {
			if len(list) > 0 && r.IntN(12) == 0 {
				list[r.IntN(len(list))] = ""
			}
		}
		kind := table.Text
		if form == "%d" && !slices.Contains(b, "another") && r.IntN(2) == 0 {
			kind = table.Number
		}
		test, _ := idTable(t, "test.csv", "id", a, kind)
		predictions, said := idTable(t, "preds.csv", "key", b, kind)
		if test.Rows == 0 || predictions.Rows == 0 {
			continue
		}
		want, wantErr := joinByMap(test, predictions, "id", "key", said)
		got, err := joinIDs(test, predictions, "id", "key", said)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%d: %q and %q: got %v; want %v", n, a, b, err, wantErr)
		}
		if err != nil {
			paths["refused"]++
			continue
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(joined{}, predicted{})); d != "" {
			t.Fatalf("%d: %q and %q (-want +got):\n%s", n, a, b, d)
		}
		x, y := test.Columns[0], predictions.Columns[0]
		switch {
		case climbs(x) && climbs(y):
			paths["climbing numbers"]++
		case sameOrder(x, y):
			paths["same order"]++
		case ascends(x, byBytes) && ascends(y, byBytes):
			paths["sorted texts"]++
		case ascends(x, byLength) && ascends(y, byLength):
			paths["sorted numbers"]++
		case x.Len() > y.Len():
			paths["more rows"]++
		default:
			paths["more predictions"]++
		}
	}
	for _, path := range []string{"refused", "climbing numbers", "same order", "sorted texts", "sorted numbers", "more rows", "more predictions"} {
		if paths[path] < 20 {
			t.Errorf("%s: met %d times; want 20 and more", path, paths[path])
		}
	}
}

// TestIndexTellsTextsOfTheSameHashApart: a slot only says where to look.
func TestIndexTellsTextsOfTheSameHashApart(t *testing.T) {
	test, _ := idTable(t, "test.csv", "id", []string{"a", "b", "c"}, table.Text)
	x := newIndex(test.Columns[0], 3)
	for i, id := range []string{"a", "b", "c"} {
		*x.slot(id, 7<<32) = 7<<32 | uint64(i+1)
	}
	for i, id := range []string{"a", "b", "c"} {
		if s := *x.slot(id, 7<<32); int(uint32(s)) != i+1 {
			t.Errorf("%s: got row %d; want %d", id, int(uint32(s))-1, i)
		}
	}
	if s := *x.slot("d", 7<<32); s != 0 {
		t.Errorf("an unknown text has row %d", int(uint32(s))-1)
	}
}

// TestIDsAreCounted holds what is said of id columns against maps.
func TestIDsAreCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for range 300 {
		list := func() (all []string) {
			for range 1 + r.IntN(30) {
				all = append(all, []string{"", fmt.Sprint(r.IntN(20))}[min(1, r.IntN(9))])
			}
			return all
		}
		kind := []table.Kind{table.Text, table.Number}[r.IntN(2)]
		a, b := list(), list()
		test, _ := idTable(t, "test.csv", "id", a, kind)
		train, _ := idTable(t, "train.csv", "id", b, kind)
		want, shared := IDs{Column: "id"}, 0
		known, seen := map[string]bool{}, map[string]bool{"": true}
		for _, id := range b {
			known[id] = id != ""
		}
		for _, id := range a {
			switch {
			case id == "":
				want.Missing++
			case seen[id]:
				want.Duplicates++
			default:
				want.Distinct++
			}
			seen[id] = true
			if known[id] {
				shared++
			}
		}
		if got := examineIDs(test.Columns[0], test.Rows); *got != want {
			t.Fatalf("%q: got %+v; want %+v", a, *got, want)
		}
		if got := sharedIDs(test.Columns[0], train.Columns[0], test.Rows, train.Rows); got != shared {
			t.Fatalf("%q in %q: got %d; want %d", a, b, got, shared)
		}
	}
}

// BenchmarkJoin joins a million predictions to as many rows, beside the plain
// join.
func BenchmarkJoin(b *testing.B) {
	const n = 1_000_000
	r := rand.New(rand.NewPCG(1, 2))
	ascending := make([]string, n)
	for i := range ascending {
		ascending[i] = fmt.Sprintf("customer-%09d", 7*i)
	}
	some := slices.Clone(ascending[:n-1])
	some = append(some, "customer-x")
	shuffled := slices.Clone(ascending)
	r.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	column := func(list []string) *table.Table {
		c := &table.Column{Name: "id", Kind: table.Text, Dict: list, Codes: make([]int32, n)}
		for i := range c.Codes {
			c.Codes[i] = int32(i)
		}
		return &table.Table{Name: "t.csv", Rows: n, Columns: []*table.Column{c}}
	}
	said := &predicted{score: make([]float64, n)}
	for i := range said.score {
		said.score[i] = math.Sqrt(float64(i))
	}
	for _, order := range []struct {
		name string
		list []string
	}{{"the same order", ascending}, {"both sorted", some}, {"shuffled", shuffled}} {
		test, predictions := column(ascending), column(order.list)
		for _, way := range []struct {
			name string
			join func(a, b *table.Table, x, y string, said *predicted) (*joined, error)
		}{{"by map", joinByMap}, {"", joinIDs}} {
			b.Run(strings.TrimSpace(order.name+" "+way.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := way.join(test, predictions, "id", "id", said); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
