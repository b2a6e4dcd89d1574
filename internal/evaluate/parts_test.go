package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
)

// tableOf reads a CSV text.
func tableOf(t *testing.T, csv string) *table.Table {
	t.Helper()
	read, err := table.Read(t.Context(), "test.csv", strings.NewReader(csv), int64(len(csv)), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// groupsOf is each row's group, and after them all groups that there are.
func groupsOf(t *testing.T, csv, by string) (rows, groups []string) {
	t.Helper()
	p, err := split(tableOf(t, csv), by)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range p.code {
		rows = append(rows, p.groups[g])
	}
	return rows, p.groups
}

func TestPeriods(t *testing.T) {
	const days = "d,x\n2025-12-29,1\n2026-01-04,1\n,1\n2026-11-21,1\n"
	const times = "d,x\n2026-03-31T23:30:00-02:00,1\n2026-03-31 23:30:00,1\n2026-03-31T23:59:59.5Z,1\n2026-03-31T22:10,1\n"
	for _, c := range []struct{ csv, by, rows, groups string }{
		{days, "d:year", "2025 2026 (missing) 2026", "2025 2026 (missing)"},
		{days, "d:quarter", "2025-Q4 2026-Q1 (missing) 2026-Q4", "2025-Q4 2026-Q1 2026-Q4 (missing)"},
		{days, "d:month", "2025-12 2026-01 (missing) 2026-11", "2025-12 2026-01 2026-11 (missing)"},
		{days, "d:week", "2026-W01 2026-W01 (missing) 2026-W47", "2026-W01 2026-W47 (missing)"},
		{days, "d:day", "2025-12-29 2026-01-04 (missing) 2026-11-21", "2025-12-29 2026-01-04 2026-11-21 (missing)"},
		{times, "d:day", "2026-04-01 2026-03-31 2026-03-31 2026-03-31", "2026-03-31 2026-04-01"},
		{times, "d:hour", "2026-04-01T01 2026-03-31T23 2026-03-31T23 2026-03-31T22", "2026-03-31T22 2026-03-31T23 2026-04-01T01"},
	} {
		rows, groups := groupsOf(t, c.csv, c.by)
		if got := strings.Join(rows, " "); got != c.rows {
			t.Errorf("%s: got %s; want %s", c.by, got, c.rows)
		}
		if got := strings.Join(groups, " "); got != c.groups {
			t.Errorf("%s: got groups %s; want %s", c.by, got, c.groups)
		}
	}
}

func TestEqualCounts(t *testing.T) {
	for _, c := range []struct {
		name, cells string
		bins        int
		groups      string
	}{
		{"eight values in four", "1 2 3 4 5 6 7 8", 4, "(-inf,3)=2 [3,5)=2 [5,7)=2 [7,inf)=2"},
		{"in any order", "8 3 5 1 7 2 6 4", 4, "(-inf,3)=2 [3,5)=2 [5,7)=2 [7,inf)=2"},
		{"fractions and less than 0", "-1.5 -0 0.25 9", 2, "(-inf,0.25)=2 [0.25,inf)=2"},
		{"many are equal", "0 0 0 0 0 0 1 2", 4, "(-inf,1)=6 [1,inf)=2"},
		{"all are equal", "7 7 7", 4, "(-inf,inf)=3"},
		{"more bins than values", "1 2", 100, "(-inf,2)=1 [2,inf)=1"},
		{"some are missing", "1 2 none 3 4 NaN", 2, "(-inf,3)=2 [3,inf)=2 (missing)=2"},
		{"infinities", "-inf 1 2 inf", 4, "(-inf,1)=1 [1,2)=1 [2,inf)=2"},
	} {
		csv := "x,y\n"
		for _, cell := range strings.Fields(c.cells) {
			csv += strings.TrimPrefix(cell, "none") + ",1\n"
		}
		p, err := split(tableOf(t, csv), fmt.Sprintf("x:q%d", c.bins))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		for g, name := range p.groups {
			got = append(got, fmt.Sprintf("%s=%d", name, p.rows[g]))
		}
		if strings.Join(got, " ") != c.groups {
			t.Errorf("%s: got %s; want %s", c.name, got, c.groups)
		}
	}
}

// TestEqualCountsSplitEvenly holds bins of values that all differ to counts
// that differ by no more than one.
func TestEqualCountsSplitEvenly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n, bins := 1+rng.IntN(300), 2+rng.IntN(30)
		values := make([]float64, n)
		for i := range values {
			values[i] = rng.NormFloat64()
		}
		edges := equalCounts(values, bins)
		counts := make([]int, len(edges)+1)
		for _, v := range values {
			slow := 0 // the edges that a value has passed
			for _, e := range edges {
				if v >= e {
					slow++
				}
			}
			if got := binOf(edges, v); got != slow {
				t.Fatalf("%g among %v: got bin %d; want %d", v, edges, got, slow)
			}
			counts[slow]++
		}
		if least, most := slices.Min(counts), slices.Max(counts); len(counts) != min(bins, n) || most-least > 1 || !slices.IsSorted(edges) {
			t.Fatalf("%d values in %d bins: got %v", n, bins, counts)
		}
	}
}

func TestCrossedColumns(t *testing.T) {
	const csv = "region,sex,age,y\nnorth,f,20,1\nsouth,m,30,0\nnorth,m,70,1\n,f,50,0\nnorth,f,90,1\n"
	for _, c := range []struct{ by, rows, groups string }{
		{"region*sex", "north*f south*m north*m (missing)*f north*f", "north*f north*m south*m (missing)*f"},
		{"sex*age:40", "f*(-inf,40) m*(-inf,40) m*[40,inf) f*[40,inf) f*[40,inf)", "f*(-inf,40) f*[40,inf) m*(-inf,40) m*[40,inf)"},
		{"age:60*sex*region", "(-inf,60)*f*north (-inf,60)*m*south [60,inf)*m*north (-inf,60)*f*(missing) [60,inf)*f*north", "(-inf,60)*f*north (-inf,60)*f*(missing) (-inf,60)*m*south [60,inf)*f*north [60,inf)*m*north"},
		{"sex|region", "f|north m|south m|north f|(missing) f|north", "f|north f|(missing) m|north m|south"},
	} {
		rows, groups := groupsOf(t, csv, c.by)
		if got := strings.Join(rows, " "); got != c.rows {
			t.Errorf("%s: got %s; want %s", c.by, got, c.rows)
		}
		if got := strings.Join(groups, " "); got != c.groups {
			t.Errorf("%s: got groups %s; want %s", c.by, got, c.groups)
		}
	}
	p, err := split(tableOf(t, csv), "sex*age:40|region")
	if err != nil {
		t.Fatal(err)
	}
	for g, name := range p.groups {
		if want := p.names[p.inner[g]] + "|" + p.strata[p.stratum[g]]; name != want {
			t.Errorf("group %s is said to be %s", name, want)
		}
	}
}

// TestNoCrossingIsForgotten shows that what is enumerated to be judged is
// every crossing of the pinned data, and every row is in one.
func TestNoCrossingIsForgotten(t *testing.T) {
	r := full(t, newWorld(1500))
	r.Spec.Slices.By = []string{"region", "sex", "age:q3", "region*sex", "region*age:q3", "sex*age:q3"}
	r.Spec.Slices.Order = 2
	result := run(t, r)
	rows, groups := map[string]int{}, map[string]int{}
	for _, p := range result.Datacheck.Slices {
		rows[p.By] += p.Rows
		groups[p.By]++
	}
	if diff := cmp.Diff(map[string]int{"region": 3, "sex": 2, "age:q3": 3, "region*sex": 6, "region*age:q3": 9, "sex*age:q3": 6}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	for by, n := range rows {
		if n != 1500 {
			t.Errorf("%s: got %d rows; want 1500", by, n)
		}
	}
	for _, item := range Items(r.Spec, result.Datacheck).Slices {
		if got := find(t, result, item.ID); got.Status != StatusOK || got.By != item.By || got.Group != item.Group {
			t.Errorf("%s: got %+v", item.ID, got)
		}
	}
	if got := find(t, result, "recall{region*sex=north*f}"); got.N == 0 {
		t.Errorf("got %+v", got)
	}
}

func TestSplitRefuses(t *testing.T) {
	wide := func(n int) string {
		var b strings.Builder
		b.WriteString("a,b,d\n")
		for i := range n {
			fmt.Fprintf(&b, "a%d,b%d,2026-01-01T%02d:00:00Z\n", i%150, i%7, i%24)
		}
		return b.String()
	}
	var hours strings.Builder
	hours.WriteString("d,x\n")
	for i := range maxGroups + 1 {
		fmt.Fprintf(&hours, "2026-01-%02dT%02d:00:00Z,1\n", 1+i/24, i%24)
	}
	for _, c := range []struct{ name, csv, by, want string }{
		{"no date", "d,x\n2026-01-01,1\n01/02/2026,1\n", "d:month", "test.csv: line 3, column d: \"01/02/2026\" is no date\nhint: write dates as 2026-03-14, and times as 2026-03-14T15:04:05Z"},
		{"a day that does not exist", "d,x\n2026-02-30,1\n", "d:month", "test.csv: line 2, column d: \"2026-02-30\" is no date\nhint: write dates as 2026-03-14, and times as 2026-03-14T15:04:05Z"},
		{"a day by hours", "d,x\n2026-01-01,1\n", "d:hour", "test.csv: line 2, column d: \"2026-01-01\" is no time\nhint: write dates as 2026-03-14, and times as 2026-03-14T15:04:05Z"},
		{"numbers by months", "d,x\n2025,1\n2026,1\n", "d:month", "test.csv: column d: slicing by \"d:month\": the column holds values of kind number, not dates\nhint: write dates as 2026-03-14, or 2026-03-14T15:04:05Z; a column of years is named alone"},
		{"too many hours", hours.String(), "d:hour", "test.csv: column d: more than 200 periods to slice by\nhint: slice by a longer period"},
		{"too many crossings", wide(1051), "a*b", "slicing by \"a*b\": more than 1000 groups to slice by\nhint: cross columns of fewer values, or in wider bins"},
		{"two crossings of one name", "a,b\nx*y,z\nx,y*z\n", "a*b", "slicing by \"a*b\": two groups are called \"x*y*z\"\nhint: write the values of these columns without *"},
		{"bins of equal count of texts", "d,x\nold,1\n", "d:q4", "slicing by \"d:q4\": test.csv: line 2, column d: \"old\" is not a number\nhint: edges cut a column of numbers; a column of texts is named alone, as in d"},
		{"an unknown column in a crossing", "a,b\nx,y\n", "a*c", "test.csv: no column \"c\"; the columns are a, b"},
		{"an unknown stratum", "a,b\nx,y\n", "a|c", "test.csv: no column \"c\"; the columns are a, b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := split(tableOf(t, c.csv), c.by)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
}

func TestGapToBest(t *testing.T) {
	var rows []string
	for group, found := range map[string]int{"a": 40, "b": 25, "c": 35} {
		rows = append(rows, repeat(group+",1,.9", found)...)
		rows = append(rows, repeat(group+",1,.2", 50-found)...)
		rows = append(rows, repeat(group+",0,.2", 20)...)
	}
	rows = append(rows, repeat("d,1,.9", 5)...) // the best, and too small to be
	rows = append(rows, repeat("e,0,.1", 20)...)
	rows = append(rows, repeat("e,0,.2", 10)...)
	slices.Sort(rows)
	r := request(t, firstOf(scored(rows...)), secondOf(scored(rows...)))
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 20, Metrics: map[string]project.SliceLimit{
		"recall":  {MaxGapBest: ptr(0.2)},
		"brier":   {MaxGapBest: ptr(0.2)},
		"roc_auc": {MaxGapBest: ptr(0.2)},
	}}
	result := run(t, r)
	for item, want := range map[string]struct {
		value  float64
		status string
		detail string
	}{
		"recall gap to best{g=a}":  {0, StatusOK, "best of 3 slices; the best is a"},
		"recall gap to best{g=b}":  {0.3, StatusOK, "best of 3 slices; the best is a"},
		"recall gap to best{g=c}":  {0.1, StatusOK, "best of 3 slices; the best is a"},
		"recall gap to best{g=d}":  {0, StatusTooFew, "20 are asked for"},
		"recall gap to best{g=e}":  {0, StatusTooFew, "20 are asked for"},
		"roc_auc gap to best{g=e}": {0, StatusUndefined, "none of 30 rows is positive"},
		"brier gap to best{g=e}":   {0, StatusOK, "best of 4 slices; the best is e"},
		"brier gap to best{g=b}":   {(25*.01+25*.64+20*.04)/70 - .02, StatusOK, "best of 4 slices; the best is e"},
	} {
		got := find(t, result, item)
		if got.Kind != KindGapBest || got.Status != want.status || got.Detail != want.detail {
			t.Errorf("%s: got %+v; want %+v", item, got, want)
			continue
		}
		if want.status != StatusOK {
			if got.Value != nil {
				t.Errorf("%s: got a value of %g; want none", item, *got.Value)
			}
			continue
		}
		if math.Abs(*got.Value-want.value) > 1e-9 {
			t.Errorf("%s: got %+v; want %g", item, got.Measure, want.value)
		}
	}
	r.Spec.Slices.MinRows = 45
	r.Spec.Slices.By = []string{"g"}
	r.Spec.Slices.Metrics = map[string]project.SliceLimit{"selection_rate": {MaxGapBest: ptr(0.2)}}
	if got := find(t, run(t, r), "selection_rate gap to best{g=a}"); got.Status != StatusError {
		t.Errorf("best of what is no better: got %+v; want an error", got.Measure)
	}
	r.Spec.Slices.Metrics = map[string]project.SliceLimit{"recall": {MaxGapBest: ptr(0.2)}}
	r.Spec.Slices.By = []string{"y"}
	if got := find(t, run(t, r), "recall gap to best{y=1}"); got.Status != StatusUndefined || got.Detail != "there is no other slice to compare with" {
		t.Errorf("one slice: got %+v; want undefined", got.Measure)
	}
}
