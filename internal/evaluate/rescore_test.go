package evaluate

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/scorer"
)

const image = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func inMemory(name, text string) Source {
	return Source{Name: name, Path: name + ".csv", Digest: artifact.Digest([]byte(text)), Open: func() (ReaderAtCloser, int64, error) {
		return nopCloser{bytes.NewReader([]byte(text))}, int64(len(text)), nil
	}}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// rescoringOf is a request about n rows, whose scores are 1/id, with some of them
// changed.
func rescoringOf(n int, changed map[int]string) Request {
	test, preds := "id,x,y\n", "id,p\n"
	for i := 1; i <= n; i++ {
		test += fmt.Sprintf("%d,%d,%d\n", i, i, i%2)
		p, ok := changed[i]
		if !ok {
			p = fmt.Sprint(1 / float64(i))
		}
		preds = strings.Replace(preds, "id,p\n", fmt.Sprintf("id,p\n%d,%s\n", i, p), 1) // in another order
	}
	t := inMemory("test", test)
	spec := &project.Spec{Task: "binary", Test: project.TestSet{Digest: t.Digest, ID: "id", Label: "y", Positive: "1"}, Predictions: project.SpecPredictions{Column: "p"}}
	return Request{Spec: spec, Test: t, Predictions: inMemory("preds", preds), IDKey: []byte("key")}
}

// honest scores the rows that it is given, and keeps what it saw.
func honest(seen *string) func(context.Context, func(io.Writer) error, io.Writer) (*scorer.Confinement, error) {
	return func(_ context.Context, rows func(io.Writer) error, out io.Writer) (*scorer.Confinement, error) {
		var in bytes.Buffer
		if err := rows(&in); err != nil {
			return nil, err
		}
		*seen = in.String()
		fmt.Fprintln(out, "id,p")
		for _, line := range slices.Backward(strings.Split(strings.TrimSpace(*seen), "\n")[1:]) {
			id, _, _ := strings.Cut(line, ",")
			var n float64
			fmt.Sscan(id, &n)
			fmt.Fprintf(out, "%s,%v\n", id, 1/n)
		}
		return &scorer.Confinement{Network: "none"}, nil
	}
}

func rescoring(asked RescoreRows, seen *string) Rescoring {
	return Rescoring{Asked: asked, Tolerance: Tolerance{Relative: 1e-9}, Model: image, Command: "sh s.sh", Score: honest(seen)}
}

func mustRescore(t *testing.T, request Request, r Rescoring) *Rescored {
	t.Helper()
	out, err := Rescore(t.Context(), request, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRescoringAllRows(t *testing.T) {
	var seen string
	got := mustRescore(t, rescoringOf(3, nil), rescoring(AllRows, &seen))
	zero := 0.0
	want := &Rescored{
		Status: "compared", Model: image, Command: "sh s.sh", Asked: AllRows, Rows: 3, Of: 3, Tolerance: Tolerance{Relative: 1e-9},
		Columns: []string{"p"}, Largest: &zero, Disagreements: []Disagreement{}, Limits: scorer.Defaults, Confinement: &scorer.Confinement{Network: "none"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if want := "id,x\n1,1\n2,2\n3,3\n"; seen != want {
		t.Errorf("the scorer saw %q; want %q", seen, want)
	}
	if !got.Agreed(0) {
		t.Error("it does not count as agreed")
	}
}

func TestRescoringFindsWhatWasEdited(t *testing.T) {
	var seen string
	request := rescoringOf(60, map[int]string{2: "0.9", 7: "0.1428571429", 50: "0.021"})
	got := mustRescore(t, request, rescoring(AllRows, &seen))
	id := func(id string) string { return pseudonym([]byte("key"), id) }
	want := []Disagreement{{ID: id("2"), Submitted: 0.9, Rescored: 0.5}, {ID: id("50"), Submitted: 0.021, Rescored: 0.02}}
	if diff := cmp.Diff(want, got.Disagreements); diff != "" { // 7 is within 1e-9
		t.Errorf("disagreements (-want +got)\n%s", diff)
	}
	if got.Disagreed != 2 || *got.Largest != 0.4 || got.Unseen != nil || got.Agreed(0) || !got.Agreed(2.0/60) || got.Agreed(1.0/60) {
		t.Errorf("got %+v", got)
	}
	request.IDKey = nil
	got = mustRescore(t, request, rescoring(AllRows, &seen))
	want = []Disagreement{{Row: 2, Submitted: 0.9, Rescored: 0.5}, {Row: 50, Submitted: 0.021, Rescored: 0.02}}
	if diff := cmp.Diff(want, got.Disagreements); diff != "" {
		t.Errorf("without an id key (-want +got)\n%s", diff)
	}
	r := rescoring(AllRows, &seen)
	r.Unlisted = true
	if got := mustRescore(t, request, r); got.Disagreed != 2 || len(got.Disagreements) != 0 {
		t.Errorf("single rows must not be told: got %+v", got)
	}
}

func TestNoMoreThanSomeAreListed(t *testing.T) {
	changed := map[int]string{}
	for i := 1; i <= 50; i++ {
		changed[i] = "0.123"
	}
	var seen string
	got := mustRescore(t, rescoringOf(50, changed), rescoring(AllRows, &seen))
	if got.Disagreed != 50 || len(got.Disagreements) != listed {
		t.Errorf("got %d, of which %d are listed; want 50 and %d", got.Disagreed, len(got.Disagreements), listed)
	}
}

// The rows of a sample can be found again from its seed, as the predicate's
// documentation says, and depend on all that is judged and on the id key.
func TestSample(t *testing.T) {
	var seen string
	request := rescoringOf(200, nil)
	first := mustRescore(t, request, rescoring(20, &seen))
	if first.Rows != 20 || first.Of != 200 || first.Sample.Drawn != "id_key" || math.Abs(*first.Unseen-0.13911) > 1e-5 {
		t.Errorf("got %+v, %+v, unseen %v", first, first.Sample, *first.Unseen)
	}
	seed, err := hex.DecodeString(first.Sample.Seed)
	if err != nil {
		t.Fatal(err)
	}
	places := make([]int, 200)
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { // by the whole hash in hexadecimal, the slow way
		h := func(i int) string {
			return artifact.Digest(append(slices.Clone(seed), 0, 0, 0, 0, 0, 0, byte(i>>8), byte(i)))
		}
		return strings.Compare(h(a), h(b))
	})
	places = places[:20]
	slices.Sort(places)
	want := "id,x\n"
	for _, i := range places {
		want += fmt.Sprintf("%d,%d\n", i+1, i+1)
	}
	if seen != want {
		t.Errorf("the scorer saw %q; want %q", seen, want)
	}
	if again := mustRescore(t, request, rescoring(20, &seen)); !cmp.Equal(first, again) {
		t.Errorf("again: %s", cmp.Diff(first, again))
	}
	seeds := map[string]bool{first.Sample.Seed: true}
	otherModel := rescoring(20, &seen)
	otherModel.Model = "sha256:" + strings.Repeat("b", 64)
	seeds[mustRescore(t, request, otherModel).Sample.Seed] = true
	seeds[mustRescore(t, rescoringOf(200, map[int]string{9: "0.5"}), rescoring(20, &seen)).Sample.Seed] = true
	request.IDKey = []byte("another")
	seeds[mustRescore(t, request, rescoring(20, &seen)).Sample.Seed] = true
	if len(seeds) != 4 {
		t.Errorf("model, predictions and key gave %d seeds; want 4", len(seeds))
	}
	request.IDKey = nil
	r := rescoring(20, &seen)
	r.Rand = strings.NewReader(strings.Repeat("r", 32))
	got := mustRescore(t, request, r)
	if want := (Sample{Seed: hex.EncodeToString(bytes.Repeat([]byte("r"), 32)), Drawn: "random"}); *got.Sample != want {
		t.Errorf("without a key: got %+v; want %+v", *got.Sample, want)
	}
	r.Rand = strings.NewReader("short")
	if _, err := Rescore(t.Context(), request, r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("no randomness: got %v", err)
	}
}

// Every row is drawn about as often as every other.
func TestSampleIsEven(t *testing.T) {
	const rows, draws, n = 40, 2000, 10
	j := &joined{rows: make([]int32, rows), said: &predicted{score: make([]float64, rows)}, Join: Join{Matched: rows}}
	for i := range j.rows {
		j.rows[i] = int32(i)
	}
	count := make([]int, rows)
	for d := range draws {
		taken, err := Rescoring{Asked: n, Model: image}.draw(&Rescored{}, j, Request{Spec: &project.Spec{Task: "binary"}, IDKey: fmt.Append(nil, d)}, nil, "")
		if err != nil || len(taken) != n || !slices.IsSorted(taken) || len(slices.Compact(taken)) != n {
			t.Fatalf("got %v, %v", taken, err)
		}
		for _, k := range taken {
			count[k]++
		}
	}
	// Each is binomial, mean 500, standard deviation 19.4: five of them on
	// either side.
	if low, high := slices.Min(count), slices.Max(count); low < 403 || high > 597 {
		t.Errorf("the rows were drawn between %d and %d times; want about 500", low, high)
	}
}

func TestScorerWithoutAnAnswer(t *testing.T) {
	says := func(text string) func(context.Context, func(io.Writer) error, io.Writer) (*scorer.Confinement, error) {
		return func(_ context.Context, _ func(io.Writer) error, out io.Writer) (*scorer.Confinement, error) {
			_, err := io.WriteString(out, text)
			return nil, err
		}
	}
	for name, c := range map[string]struct {
		score          func(context.Context, func(io.Writer) error, io.Writer) (*scorer.Confinement, error)
		reason, detail string
	}{
		"it dies": {func(context.Context, func(io.Writer) error, io.Writer) (*scorer.Confinement, error) {
			return nil, &scorer.Failure{Reason: scorer.ReasonEnded, Text: "it ended\nhint: no"}
		}, "ended", "it ended"},
		"nothing":          {says(""), "answer", "the answer is empty"},
		"fewer rows":       {says("id,p\n1,1\n2,0.5\n"), "answer", "the answer has 2 rows for 3"},
		"another id":       {says("id,p\n1,1\n2,0.5\n4,0.25\n"), "answer", "the answer names an id that was not asked for"},
		"an id twice":      {says("id,p\n1,1\n2,0.5\n2,0.5\n"), "answer", "the answer names an id twice"},
		"not finite":       {says("id,p\n1,1\n2,inf\n3,0.3\n"), "answer", "a score of the answer is missing or not a finite number"},
		"no number":        {says("id,p\n1,1\n2,high\n3,0.3\n"), "answer", "the answer is no table with a number for each row"},
		"another column":   {says("id,q\n1,1\n2,1\n3,1\n"), "answer", "the answer is no table with a number for each row"},
		"no table, no CSV": {says("\"\n"), "answer", "the answer is no table with a number for each row"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rescoring(AllRows, new(string))
			r.Score = c.score
			var told error
			r.Tell = func(err error) { told = err }
			got := mustRescore(t, rescoringOf(3, nil), r)
			if got.Status != "failed" || got.Reason != c.reason || got.Detail != c.detail || got.Agreed(0.9) {
				t.Errorf("got %s, %s: %s; want failed, %s: %s", got.Status, got.Reason, got.Detail, c.reason, c.detail)
			}
			if (told != nil) != (c.reason == "answer") {
				t.Errorf("told %v", told)
			}
		})
	}
}

func TestRescoringRowsWithoutIDs(t *testing.T) {
	request := rescoringOf(3, map[int]string{2: "0.7"})
	request.Predictions = inMemory("preds", "p\n1\n0.7\n0.3\n")
	request.Spec.Test.ID = ""
	r := rescoring(AllRows, new(string))
	r.Score = func(_ context.Context, _ func(io.Writer) error, out io.Writer) (*scorer.Confinement, error) {
		_, err := io.WriteString(out, "p\n1\n0.5\n0.3\n")
		return nil, err
	}
	got := mustRescore(t, request, r)
	if diff := cmp.Diff([]Disagreement{{Row: 2, Submitted: 0.7, Rescored: 0.5}}, got.Disagreements); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r.Score = func(_ context.Context, _ func(io.Writer) error, out io.Writer) (*scorer.Confinement, error) {
		_, err := io.WriteString(out, "p\n1\n0.5\n")
		return nil, err
	}
	if got := mustRescore(t, request, r); got.Detail != "the answer has 2 rows for 3" {
		t.Errorf("got %q", got.Detail)
	}
}

func TestRescoringOfOtherFiles(t *testing.T) {
	request := rescoringOf(3, nil)
	request.Test.Digest = image
	if _, err := Rescore(t.Context(), request, rescoring(AllRows, new(string))); !errors.Is(err, ErrPinned) {
		t.Errorf("another test set: got %v; want ErrPinned", err)
	}
	request = rescoringOf(3, nil)
	request.Predictions.Digest = image
	if _, err := Rescore(t.Context(), request, rescoring(AllRows, new(string))); !errors.Is(err, ErrPinned) {
		t.Errorf("other predictions: got %v; want ErrPinned", err)
	}
	broken := errors.New("broken")
	r := rescoring(AllRows, new(string))
	r.Score = func(context.Context, func(io.Writer) error, io.Writer) (*scorer.Confinement, error) {
		return nil, broken
	}
	if _, err := Rescore(t.Context(), rescoringOf(3, nil), r); !errors.Is(err, broken) {
		t.Errorf("a fault of ours: got %v; want it", err)
	}
}

// several is a request about three rows with what a task has beside one score.
func several(task, preds string, named project.SpecPredictions, metrics ...string) Request {
	t := inMemory("test", "id,x,y,z\n1,1,a,0\n2,2,b,1\n3,3,a,1\n")
	spec := &project.Spec{
		Task: task, Test: project.TestSet{Digest: t.Digest, ID: "id", Label: "y"}, Predictions: named, Metrics: map[string]project.Limit{},
	}
	if task == "multilabel" {
		spec.Test.Label, spec.Test.Labels = "", []string{"y", "z"}
	}
	for _, m := range metrics {
		spec.Metrics[m] = project.Limit{}
	}
	return Request{Spec: spec, Test: t, Predictions: inMemory("preds", preds)}
}

// Every column that the evaluation measures by is held against the answer's.
func TestRescoringSeveralColumns(t *testing.T) {
	const preds = "id,p_a,p_b,said,ok,ms\n1,0.9,0.1,a,true,7\n2,0.2,0.8,b,false,8\n3,0.6,0.4,a,true,9\n"
	byPrefix := project.SpecPredictions{Prefix: "p_", Decision: "said"}
	for name, c := range map[string]struct {
		request   Request
		old, anew string // what the scorer says otherwise
		columns   []string
		largest   *float64
		disagreed []Disagreement
	}{
		"nothing edited":            {several("multiclass", preds, byPrefix), "", "", []string{"p_a", "p_b", "said"}, number(0), []Disagreement{}},
		"a class's score":           {several("multiclass", preds, byPrefix), "0.2,0.8", "0.2,0.3", []string{"p_a", "p_b", "said"}, number(0.5), []Disagreement{{Row: 2, Column: "p_b", Submitted: 0.8, Rescored: 0.3}}},
		"two of one row":            {several("multiclass", preds, byPrefix), "0.2,0.8", "0.7,0.7", []string{"p_a", "p_b", "said"}, number(0.49999999999999994), []Disagreement{{Row: 2, Column: "p_a", Submitted: 0.2, Rescored: 0.7}}},
		"a decision comes first":    {several("multiclass", preds, byPrefix), "0.6,0.4,a", "0.1,0.4,b", []string{"p_a", "p_b", "said"}, number(0.5), []Disagreement{{Row: 3, Column: "said", Submitted: "a", Rescored: "b"}}},
		"decisions alone":           {several("multiclass", preds, project.SpecPredictions{Decision: "said"}), "0.4,a", "0.4,", []string{"said"}, nil, []Disagreement{{Row: 3, Submitted: "a", Rescored: ""}}},
		"columns of labels":         {several("multilabel", preds, project.SpecPredictions{Columns: map[string]string{"y": "p_b", "z": "p_a"}}), "0.9,0.1", "0.4,0.1", []string{"p_a", "p_b"}, number(0.5), []Disagreement{{Row: 1, Column: "p_a", Submitted: 0.9, Rescored: 0.4}}},
		"a column that is not read": {several("multilabel", preds, project.SpecPredictions{Columns: map[string]string{"y": "p_b", "z": "p_a"}}), "true,7", "false,1", []string{"p_a", "p_b"}, number(0), []Disagreement{}},
		"columns of metrics":        {several("generative", preds, project.SpecPredictions{}, "rate(ok)", "quantile(ms,0.9)"), "true,9", "false,9", []string{"ms", "ok"}, number(1), []Disagreement{{Row: 3, Column: "ok", Submitted: 1.0, Rescored: 0.0}}},
	} {
		t.Run(name, func(t *testing.T) {
			var seen string
			r := rescoring(AllRows, new(string))
			r.Score = func(_ context.Context, rows func(io.Writer) error, out io.Writer) (*scorer.Confinement, error) {
				var in bytes.Buffer
				err := rows(&in)
				seen, _, _ = strings.Cut(in.String(), "\n")
				_, err2 := io.WriteString(out, strings.Replace(preds, c.old, c.anew, 1))
				return nil, errors.Join(err, err2)
			}
			got := mustRescore(t, c.request, r)
			want := &Rescored{
				Status: "compared", Model: image, Command: "sh s.sh", Asked: AllRows, Rows: 3, Of: 3, Columns: c.columns, Tolerance: r.Tolerance,
				Disagreed: len(c.disagreed), Largest: c.largest, Disagreements: c.disagreed, Limits: scorer.Defaults,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if want := "id,x,z"; c.request.Spec.Task != "multilabel" && seen != want || c.request.Spec.Task == "multilabel" && seen != "id,x" {
				t.Errorf("the scorer saw %s; want %s", seen, want)
			}
		})
	}
}

// What cannot be held against an answer is not agreed.
func TestRescoringThatDoesNotFit(t *testing.T) {
	r := rescoring(AllRows, new(string))
	r.Score = nil // which is not asked
	got := mustRescore(t, several("generative", "id\n1\n2\n3\n", project.SpecPredictions{}), r)
	want := &Rescored{
		Status: "failed", Reason: "unfit", Detail: "neither predictions nor a metric names a column of scores, so nothing can be held against the scorer's answer",
		Model: image, Command: "sh s.sh", Asked: AllRows, Of: 3, Tolerance: r.Tolerance, Disagreements: []Disagreement{}, Limits: scorer.Defaults,
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Agreed(1) {
		t.Errorf("agreed %v (-want +got)\n%s", got.Agreed(1), diff)
	}
}

// Rows that a scorer may see together are rescored together: whole queries,
// whole series, and all rows of one series.
func TestRescoringRowsThatBelongTogether(t *testing.T) {
	for name, c := range map[string]struct {
		task      string
		set       func(*project.Spec)
		least     int
		most      int
		of        string
		unitWidth int
	}{
		"queries":    {"ranking", func(s *project.Spec) { s.Test.Group = "q" }, 7, 11, "query", 5},
		"series":     {"forecasting", func(s *project.Spec) { s.Test.Series = "q" }, 7, 11, "series", 5},
		"one series": {"forecasting", func(*project.Spec) {}, 60, 60, "", 60},
		"rows":       {"regression", func(*project.Spec) {}, 7, 7, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			test, preds := "id,q,y\n", "id,p\n"
			for i := 1; i <= 60; i++ {
				test += fmt.Sprintf("%d,q%d,%d\n", i, i%12, i%2) // 12 of five rows each
				preds += fmt.Sprintf("%d,%v\n", i, 1/float64(i))
			}
			source := inMemory("test", test)
			spec := &project.Spec{Task: c.task, Test: project.TestSet{Digest: source.Digest, ID: "id", Label: "y", Positive: "1"}, Predictions: project.SpecPredictions{Column: "p"}}
			c.set(spec)
			request := Request{Spec: spec, Test: source, Predictions: inMemory("preds", preds), IDKey: []byte("key")}
			var seen, again string
			got := mustRescore(t, request, rescoring(7, &seen))
			if got.Rows < c.least || got.Rows > c.most || strings.Count(seen, "\n") != got.Rows+1 || got.Disagreed > 0 {
				t.Fatalf("got %d rows, disagreed %d; want %d to %d", got.Rows, got.Disagreed, c.least, c.most)
			}
			met := map[string]int{}
			for _, line := range strings.Split(strings.TrimSpace(seen), "\n")[1:] {
				met[strings.Split(line, ",")[1]]++
			}
			if c.of != "" {
				want := Sample{Seed: got.Sample.Seed, Drawn: "id_key", Of: c.of, Groups: len(met)}
				if *got.Sample != want || *got.Unseen != *number(unseen(len(met))) {
					t.Errorf("got %+v, unseen %v; want %+v", *got.Sample, *got.Unseen, want)
				}
				for q, n := range met {
					if n != c.unitWidth {
						t.Errorf("%d rows of %s; want %d", n, q, c.unitWidth)
					}
				}
			}
			if mustRescore(t, request, rescoring(7, &again)); again != seen {
				t.Error("the same was drawn otherwise the second time")
			}
		})
	}
}

// Every query is drawn as often as another, over many seeds.
func TestQueriesAreDrawnEvenly(t *testing.T) {
	rows, code := make([]int32, 40), make([]int32, 40)
	for i := range rows {
		rows[i], code[i] = int32(i), int32(i%8)
	}
	times := make([]int, 8)
	for seed := range 4000 {
		for _, k := range drawn(fmt.Appendf(nil, "seed %d", seed), rows, code, 10) {
			times[code[k]]++
		}
	}
	for q, n := range times { // 2 of 8, of five rows each
		if math.Abs(float64(n)/5-1000) > 5*math.Sqrt(4000*.25*.75) {
			t.Errorf("query %d was drawn %d times; want about 1000", q, n/5)
		}
	}
}

func TestTolerance(t *testing.T) {
	for name, c := range map[string]struct {
		t    Tolerance
		a, b float64
		want bool
	}{
		"the same":                 {Tolerance{}, 0.1, 0.1, true},
		"a bit off":                {Tolerance{}, 0.1, math.Nextafter(0.1, 1), false},
		"zero and minus zero":      {Tolerance{}, 0, math.Copysign(0, -1), true},
		"within relative":          {Tolerance{Relative: 1e-9}, 1e6, 1e6 + 5e-4, true},
		"beyond relative":          {Tolerance{Relative: 1e-9}, 1e6, 1e6 + 2e-3, false},
		"relative is none at zero": {Tolerance{Relative: 1e-9}, 0, 1e-300, false},
		"within absolute":          {Tolerance{Absolute: 0.5}, 1, 1.5, true},
		"beyond absolute":          {Tolerance{Absolute: 0.5}, 1, 1.75, false},
		"other signs":              {Tolerance{Relative: 0.1}, 1, -1, false},
		"as far as can be":         {Tolerance{Relative: 1e-9}, math.MaxFloat64, -math.MaxFloat64, false},
	} {
		if got := c.t.agree(c.a, c.b); got != c.want {
			t.Errorf("%s: got %v; want %v", name, got, c.want)
		}
	}
	symmetric := func(a, b, absolute, relative float64) bool {
		t := Tolerance{math.Abs(absolute), math.Abs(relative)}
		return t.agree(a, b) == t.agree(b, a) && t.agree(a, a)
	}
	if err := quick.Check(symmetric, nil); err != nil {
		t.Error(err)
	}
}

func TestRows(t *testing.T) {
	for text, want := range map[string]RescoreRows{"1": 1, "1000": 1000, "all": AllRows} {
		got, err := ParseRows(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
		b, err := json.Marshal(got)
		var back RescoreRows
		if err != nil || json.Unmarshal(b, &back) != nil || back != want {
			t.Errorf("%s: its JSON is %s, %v, and gives %v", text, b, err, back)
		}
	}
	for _, text := range []string{"0", "-1", "", "some", "1.5", "99999999999"} {
		if got, err := ParseRows(text); err == nil || !strings.Contains(err.Error(), "is neither a number of rows nor all") {
			t.Errorf("%q: got %v, %v; want a refusal", text, got, err)
		}
	}
	for _, c := range [][3]RescoreRows{{0, 5, 5}, {7, 5, 7}, {AllRows, 5, AllRows}, {5, AllRows, AllRows}, {0, 0, 0}} {
		if got := c[0].More(c[1]); got != c[2] {
			t.Errorf("the greater of %v and %v: got %v; want %v", c[0], c[1], got, c[2])
		}
	}
	for text, want := range map[string]RescoreRows{`{"rescored":{"asked":7}}`: 7, `{"rescored":{"asked":"all"}}`: AllRows, `{}`: 0} {
		if got := Asked([]byte(text)); got != want {
			t.Errorf("%s: got %v; want %v", text, got, want)
		}
	}
}
