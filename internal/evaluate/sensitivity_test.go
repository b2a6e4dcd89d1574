package evaluate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/scorer"
)

// sensing is a request about n rows of id, x = id, part (a, b or c in turn) and
// label, whose score is x/100, less a half for part b.
func sensing(n int, entries ...project.Sensitivity) Request {
	test, preds := "id,x,part,y\n", "id,p\n"
	for i := 1; i <= n; i++ {
		part := string("abc"[i%3])
		test += fmt.Sprintf("%d,%d,%s,%d\n", i, i, part, i%2)
		preds += fmt.Sprintf("%d,%v\n", i, scoreOf(strconv.Itoa(i), part))
	}
	source, half := inMemory("test", test), 0.5
	spec := &project.Spec{
		Task: "binary", Confidence: 0.95, Draws: 500, Sensitivity: entries,
		Test:        project.TestSet{Digest: source.Digest, ID: "id", Label: "y", Positive: "1"},
		Predictions: project.SpecPredictions{Column: "p", Threshold: &half},
	}
	return Request{Spec: spec, Test: source, Predictions: inMemory("preds", preds), IDKey: []byte("key")}
}

func scoreOf(x, part string) float64 {
	v, err := strconv.ParseFloat(x, 64)
	if err != nil {
		v = 50 // of a missing value
	}
	if part == "b" {
		v -= 50
	}
	return v / 100
}

// linear scores the rows by scoreOf, and keeps what it saw of each run.
func linear(seen *[][][]string) func(context.Context, func(io.Writer) error, io.Writer) (*scorer.Confinement, error) {
	return func(_ context.Context, rows func(io.Writer) error, out io.Writer) (*scorer.Confinement, error) {
		var in bytes.Buffer
		if err := rows(&in); err != nil {
			return nil, err
		}
		table, err := csv.NewReader(&in).ReadAll()
		if err != nil {
			return nil, err
		}
		*seen = append(*seen, table[1:])
		fmt.Fprintln(out, "id,p")
		for _, row := range table[1:] {
			fmt.Fprintf(out, "%s,%v\n", row[0], scoreOf(row[1], row[2]))
		}
		return &scorer.Confinement{Network: "none"}, nil
	}
}

func sensed(t *testing.T, request Request) (*Rescored, [][][]string) {
	t.Helper()
	var seen [][][]string
	out := mustRescore(t, request, Rescoring{Asked: AllRows, Tolerance: Tolerance{Relative: 1e-9}, Model: image, Command: "sh s.sh", Score: linear(&seen)})
	return out, seen
}

func columnAt(rows [][]string, k int) (values []string) {
	for _, row := range rows {
		values = append(values, row[k])
	}
	return values
}

func most(v float64) *project.Limit { return &project.Limit{Max: &v} }

// Each kind of change, as the scorer sees it.
func TestChangesOfAColumn(t *testing.T) {
	for change, want := range map[string]struct {
		column string
		values []string
	}{
		"*2":      {"x", []string{"2", "4", "6", "8"}},
		"-1.5":    {"x", []string{"-0.5", "0.5", "1.5", "2.5"}},
		"missing": {"x", []string{"", "", "", ""}},
		"=c":      {"part", []string{"c", "c", "c", "c"}},
		"swap":    {"part", []string{"c", "a", "b", "c"}}, // of b, c, a, b
	} {
		_, seen := sensed(t, sensing(4, project.Sensitivity{Column: want.column, Change: change, Flips: most(0.5)}))
		k := map[string]int{"x": 1, "part": 2}[want.column]
		if got := columnAt(seen[1], k); !slices.Equal(got, want.values) {
			t.Errorf("%s: the scorer saw %q; want %q", change, got, want.values)
		}
		for other := range 3 {
			if other != k && !slices.Equal(columnAt(seen[0], other), columnAt(seen[1], other)) {
				t.Errorf("%s: column %d is %q; want it as it was, %q", change, other, columnAt(seen[1], other), columnAt(seen[0], other))
			}
		}
	}
}

// A permutation can be made again from the seed that is recorded.
func TestPermutation(t *testing.T) {
	out, seen := sensed(t, sensing(30, project.Sensitivity{Column: "x", Change: "permute", Shift: most(1)}))
	seed, err := hex.DecodeString(out.Sensitivity[0].Seed)
	if err != nil {
		t.Fatal(err)
	}
	places := make([]int, 30)
	for i := range places {
		places[i] = i
	}
	digest := func(i int) string {
		return artifact.Digest(append(append(slices.Clone(seed), "x"...), 0, 0, 0, 0, 0, 0, 0, byte(i)))
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(digest(a), digest(b)) })
	var want []string
	for _, i := range places {
		want = append(want, strconv.Itoa(i+1))
	}
	if got := columnAt(seen[1], 1); !slices.Equal(got, want) || slices.Equal(got, columnAt(seen[0], 1)) {
		t.Errorf("the scorer saw %q; want %q", got, want)
	}
	again, _ := sensed(t, sensing(30, project.Sensitivity{Column: "x", Change: "permute", Shift: most(1)}))
	if diff := gocmp.Diff(out, again); diff != "" {
		t.Errorf("again (-first +second)\n%s", diff)
	}
}

// Shares and means are over the rows whose value changes: here counted and
// added up the slow way.
func TestWhatComesOfAChange(t *testing.T) {
	out, seen := sensed(t, sensing(99,
		project.Sensitivity{Column: "part", Change: "=a", Flips: most(0.5), Shift: most(1), Direction: "up", Against: most(0.1)},
		project.Sensitivity{Column: "x", Change: "*0.9", Direction: "up", Against: most(0.1)},
	))
	changed, flips, sum := 0, 0, 0.0
	for i, was := range seen[0] {
		if was[2] == "a" {
			continue
		}
		before, after := scoreOf(was[1], was[2]), scoreOf(seen[1][i][1], "a")
		changed++
		sum += math.Abs(after - before)
		if (before >= 0.5) != (after >= 0.5) {
			flips++
		}
	}
	want := map[string]struct {
		value float64
		n     int
	}{
		"flips{part =a}":      {float64(flips) / float64(changed), changed},
		"shift{part =a}":      {sum / float64(changed), changed},
		"against up{part =a}": {0, changed},
		"against up{x *0.9}":  {1, 99},
	}
	if len(out.Results) != len(want) || changed != 66 || flips != 16 {
		t.Fatalf("got %d results, %d rows changed and %d flips; want %d, 66 and 16", len(out.Results), changed, flips, len(want))
	}
	for _, r := range out.Results {
		w := want[r.Item]
		if r.Kind != "sensitivity" || r.Status != StatusOK || math.Abs(*r.Value-w.value) > 1e-12 || r.N != w.n || r.Rows != 99 || r.Low == nil || r.Level != 0.95 {
			t.Errorf("%s: got %+v; want %v of %d rows", r.Item, r.Measure, w.value, w.n)
		}
	}
	if got := out.Results[0]; got.Threshold == nil || *got.Threshold != 0.5 || got.Method != "wilson" {
		t.Errorf("got %+v; want Wilson's interval at threshold 0.5", got.Measure)
	}
	if got := out.Sensitivity[0]; got != (Perturbed{Column: "part", Change: "=a", Status: "compared", Changed: 66}) {
		t.Errorf("got %+v", got)
	}
}

// A score that moves down is against up, and the other way round; one that
// moves within the tolerance is against nothing.
func TestAgainst(t *testing.T) {
	for direction, want := range map[string]float64{"up": 0, "down": 1} {
		out, _ := sensed(t, sensing(20, project.Sensitivity{Column: "x", Change: "+3", Direction: direction, Against: most(0.1)}))
		if got := *out.Results[0].Value; got != want {
			t.Errorf("+3 with direction %s: got %v; want %v", direction, got, want)
		}
		out, _ = sensed(t, sensing(20, project.Sensitivity{Column: "x", Change: "*1.0000000000001", Direction: direction, Against: most(0.1)}))
		if got := *out.Results[0].Value; got != 0 {
			t.Errorf("within the tolerance, direction %s: got %v; want 0", direction, got)
		}
	}
}

func TestAChangeThatChangesNothing(t *testing.T) {
	out, _ := sensed(t, sensing(20, project.Sensitivity{Column: "x", Change: "*1", Flips: most(0.1)}))
	want := Measure{Status: StatusUndefined, Detail: "the change leaves the value of every row as it is", Rows: 20}
	if diff := gocmp.Diff(want, out.Results[0].Measure); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The decision of several classes is the one that is handed in, or that of the
// greatest score.
func TestDecisionsOfSeveralScores(t *testing.T) {
	half := 0.5
	said := &scorer.Said{Numbers: map[string][]float64{"p_a": {0.2, 0.5}, "p_b": {0.8, 0.5}}, Texts: map[string][]string{"d": {"a", "b"}}}
	for name, tc := range map[string]struct {
		task, decision string
		want           []string
	}{
		"classes by their scores": {"multiclass", "", []string{"p_b", "p_a"}},
		"classes as decided":      {"multiclass", "d", []string{"a", "b"}},
		"labels":                  {"multilabel", "", []string{"falsetrue", "truetrue"}},
	} {
		c := &contrasted{judge: &judge{spec: &project.Spec{Task: tc.task, Predictions: project.SpecPredictions{Threshold: &half}}}, scores: []string{"p_a", "p_b"}, decision: tc.decision}
		if got := []string{c.decide(said, 0), c.decide(said, 1)}; !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q; want %q", name, got, tc.want)
		}
	}
}

// A scorer that fails, or says something of fewer rows, gives errors and no
// number; on the plain rows for every item, else for those of the change.
func TestAScorerThatFailsOnChangedRows(t *testing.T) {
	entries := []project.Sensitivity{{Column: "x", Change: "missing", Flips: most(0.1)}, {Column: "x", Change: "+1", Flips: most(0.1)}}
	for name, tc := range map[string]struct {
		at   int // of the runs, from 0
		fail func(out io.Writer) error
		want []string
	}{
		"ends": {1, func(io.Writer) error { return &scorer.Failure{Reason: "ended", Text: "it ended\nhint: do"} },
			[]string{"error: the scorer gave no answer on rows with another x: it ended", "ok: "}},
		"skips rows": {2, func(out io.Writer) error { fmt.Fprint(out, "id,p\n1,0.5\n"); return nil },
			[]string{"ok: ", "error: the scorer gave no answer on rows with another x: the answer has 1 rows for 20"}},
		"ends at once": {0, func(io.Writer) error { return &scorer.Failure{Reason: "ended", Text: "it ended"} },
			[]string{"error: the scorer gave no answer on the unchanged rows: it ended", "error: the scorer gave no answer on the unchanged rows: it ended"}},
	} {
		var seen [][][]string
		runs, good := 0, linear(&seen)
		r := Rescoring{Asked: AllRows, Tolerance: Tolerance{Relative: 1e-9}, Model: image, Command: "sh s.sh"}
		r.Score = func(ctx context.Context, rows func(io.Writer) error, out io.Writer) (*scorer.Confinement, error) {
			if runs++; runs-1 == tc.at {
				return nil, tc.fail(out)
			}
			return good(ctx, rows, out)
		}
		out := mustRescore(t, sensing(20, entries...), r)
		var got []string
		for _, r := range out.Results {
			got = append(got, r.Status+": "+r.Detail)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q; want %q", name, got, tc.want)
		}
	}
}

func TestChangesThatCannotBeMade(t *testing.T) {
	many := "id,x,part,y\n"
	for i := range 60 {
		many += fmt.Sprintf("%d,%d,a,%d\n", i+1, i, i%2)
	}
	for name, tc := range map[string]struct {
		column, change, test, want string
	}{
		"unknown column":    {"part_", "missing", "", `test.csv: no column "part_"; the columns are`},
		"text to scale":     {"part", "*2", "", `spec.sensitivity: test.csv: line 2, column part: "b" is no number, so *2 cannot change it`},
		"beyond numbers":    {"x", "*1e308", "id,x,part,y\n1,1e9,a,1\n2,2,b,0\n3,3,c,1\n", "line 2, column x: *1e308 of 1e9 is no finite number"},
		"no change at all":  {"x", "twice", "", `spec.sensitivity: "twice" is no change of a column`},
		"swap of one value": {"part", "swap", "id,x,part,y\n1,1,a,1\n2,2,a,0\n3,3,a,1\n", "column part of test.csv has one value, and swap is for a column of 2 to 50"},
		"swap of none":      {"part", "swap", "id,x,part,y\n1,1,,1\n2,2,,0\n3,3,,1\n", "column part of test.csv has no value, and"},
		"swap of many":      {"x", "swap", many, "column x of test.csv has more than 50 values, and"},
	} {
		request := sensing(3, project.Sensitivity{Column: tc.column, Change: tc.change, Flips: most(0.1)})
		if tc.test != "" {
			request.Test = inMemory("test", tc.test)
		}
		var seen [][][]string
		_, err := Rescore(t.Context(), request, Rescoring{Asked: AllRows, Model: image, Command: "sh s.sh", Score: linear(&seen)})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v; want %q", name, err, tc.want)
		}
		if len(seen) > 0 {
			t.Errorf("%s: the scorer was run, and the change can be refused before", name)
		}
	}
}
