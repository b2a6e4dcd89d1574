package evaluate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/project"
)

// noisier is predictions with every score moved a little, and some rows left
// out, in another order.
func noisier(predictions string, by float64, without int) string {
	rng := rand.New(rand.NewPCG(7, 7))
	lines := strings.Split(strings.TrimSpace(predictions), "\n")
	out := []string{}
	for i, line := range lines[1:] {
		id, text, _ := strings.Cut(line, ",")
		p, _ := strconv.ParseFloat(text, 64)
		p = min(max(p+by*rng.NormFloat64(), 0), 1)
		if without == 0 || i%without > 0 {
			out = append(out, fmt.Sprintf("%s,%.6f", id, p))
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return lines[0] + "\n" + strings.Join(out, "\n") + "\n"
}

// side is an evaluation whose rows are at hand.
func side(t *testing.T, name string, r Request) Side {
	t.Helper()
	return Side{Name: name, Evaluation: run(t, r).Evaluation, Rows: &Rows{Request: r}}
}

func compare(t *testing.T, a, b Side) *Contrast {
	t.Helper()
	c, err := Compare(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func differenceOf(t *testing.T, c *Contrast, item string) Difference {
	t.Helper()
	for _, d := range c.Differences {
		if d.Item == item {
			return d
		}
	}
	t.Fatalf("there is no difference of %q", item)
	return Difference{}
}

// asking is a request that asks of all rows and of slices.
func asking(t *testing.T, test, predictions string, threshold float64) Request {
	t.Helper()
	r := request(t, test, predictions)
	r.Spec.Predictions.Threshold = ptr(threshold)
	for _, name := range []string{"roc_auc", "log_loss", "recall", "f1", "selection_rate"} {
		r.Spec.Metrics[name] = project.Limit{Min: ptr(-9)}
	}
	r.Spec.Slices = &project.Slices{By: []string{"sex"}, MinRows: 30, TooSmall: "report", Metrics: map[string]project.SliceLimit{"recall": {Min: ptr(-9)}}}
	return r
}

// TestContrastByHand compares on the rows that both scored, each at its own
// threshold, and holds every value and flip against a count over a map.
func TestContrastByHand(t *testing.T) {
	w := newWorld(900)
	other := noisier(w.predictions, 0.2, 5)
	first, second := asking(t, w.test, w.predictions, 0.5), asking(t, w.test, other, 0.3)
	c := compare(t, side(t, "a", first), side(t, "b", second))

	score := func(text string) map[string]float64 {
		all := map[string]float64{}
		for line := range strings.Lines(text) {
			id, p, _ := strings.Cut(strings.TrimSpace(line), ",")
			if v, err := strconv.ParseFloat(p, 64); err == nil {
				all[id] = v
			}
		}
		return all
	}
	a, b := score(w.predictions), score(other)
	var want Turned
	want.ThresholdA, want.ThresholdB, want.ToPositive, want.ToNegative = ptr(0.5), ptr(0.3), new(int), new(int)
	mended, broken, positives := 0, 0, 0
	var hits, women [2]int
	for line := range strings.Lines(w.test) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		q, ok := b[cells[0]]
		if !ok || cells[0] == "id" {
			continue
		}
		want.Rows++
		was, is, truth := a[cells[0]] >= 0.5, q >= 0.3, cells[5] == "1"
		if truth {
			positives++
			for k, yes := range []bool{was, is} {
				if yes {
					hits[k]++
				}
			}
		}
		if truth && cells[3] == "f" {
			women[0]++
			if is {
				women[1]++
			}
		}
		switch {
		case !was && is:
			*want.ToPositive++
		case was && !is:
			*want.ToNegative++
		}
		if was != is && is == truth {
			mended++
		} else if was != is {
			broken++
		}
	}
	labelled := c.Flips.Labelled
	if labelled == nil || labelled.Positive != mended || labelled.Negative != broken || *labelled.NegativeRate.Value != *number(float64(broken) / float64(want.Rows)) {
		t.Errorf("got %+v; want %d mended, %d broken of %d", labelled, mended, broken, want.Rows)
	}
	want.Labelled, want.Changed = labelled, mended+broken
	if diff := cmp.Diff(&want, c.Flips); diff != "" {
		t.Errorf("flips (-by hand +got):\n%s", diff)
	}
	if diff := cmp.Diff(&Paired{By: "id", Both: 720, OnlyA: 180}, c.Paired); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	recall := differenceOf(t, c, "recall")
	x, y := float64(hits[0])/float64(positives), float64(hits[1])/float64(positives)
	for _, v := range [][2]*float64{{recall.A.Value, number(x)}, {recall.B.Value, number(y)}, {recall.Difference.Value, number(y - x)}} {
		if diff := cmp.Diff(*v[1], *v[0], near); diff != "" {
			t.Errorf("recall (-by hand +got):\n%s", diff)
		}
	}
	if recall.Outcome != OutcomeBetter || recall.Words != "B is better, beyond chance" || recall.Difference.N != positives {
		t.Errorf("got %s, %q on %d; want a recall that a lower threshold makes better, on %d", recall.Outcome, recall.Words, recall.Difference.N, positives)
	}
	if got, want := *differenceOf(t, c, "recall{sex=f}").B.Value, *number(float64(women[1]) / float64(women[0])); got != want {
		t.Errorf("recall of women: got %v; want %v", got, want)
	}
	if got := differenceOf(t, c, "selection_rate"); got.Outcome != OutcomeDifferent || got.Better != "neither" {
		t.Errorf("selection rate: got %s, better %s; want different, and neither better", got.Outcome, got.Better)
	}
	if got := differenceOf(t, c, "log_loss"); got.Outcome != OutcomeWorse || *got.Difference.Value <= 0 || *got.Difference.Low <= 0 {
		t.Errorf("log_loss: got %+v; want more of it, which is worse", got)
	}
	notes := []string{
		"180 rows that only one of them scored are left out",
		"each is decided at its own threshold: A at 0.5, B at 0.3",
		"2 differences on slices were looked at: about 0.1 of so many lie beyond chance by chance alone, at 95 %",
	}
	if diff := cmp.Diff(notes, c.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if !c.Complete || c.A.Name != "a" || *c.B.Threshold != 0.3 || c.Data.Rows != 900 {
		t.Errorf("got complete %t, %+v, %+v, %+v", c.Complete, c.A, c.B, c.Data)
	}
}

var near = cmp.Comparer(func(a, b float64) bool { return a == b || max(a-b, b-a) < 1e-11 })

// TestContrastTurnedRound: whoever is called A, the same is found.
func TestContrastTurnedRound(t *testing.T) {
	w := newWorld(600)
	a := side(t, "a", asking(t, w.test, w.predictions, 0.5))
	b := side(t, "b", asking(t, w.test, noisier(w.predictions, 0.3, 0), 0.5))
	c, back := compare(t, a, b), compare(t, b, a)
	if len(c.Differences) != 7 || len(back.Differences) != 7 {
		t.Fatalf("got %d and %d differences; want 5 metrics and recall on 2 slices", len(c.Differences), len(back.Differences))
	}
	turned := map[string]string{OutcomeBetter: OutcomeWorse, OutcomeWorse: OutcomeBetter, OutcomeNone: OutcomeNone, OutcomeDifferent: OutcomeDifferent}
	seen := map[string]bool{}
	for _, d := range c.Differences {
		o := differenceOf(t, back, d.Item)
		seen[d.Outcome] = true
		if o.Outcome != turned[d.Outcome] || *o.Difference.Value != *number(-*d.Difference.Value) || !cmp.Equal(d.A, o.B) || !cmp.Equal(d.B, o.A) {
			t.Errorf("%s: got %+v; turned round %+v", d.Item, d, o)
		}
	}
	if !seen[OutcomeWorse] || !seen[OutcomeNone] {
		t.Errorf("the case shows too little: %v", seen)
	}
	if c.Flips.Labelled.Positive != back.Flips.Labelled.Negative || *c.Flips.ToPositive != *back.Flips.ToNegative || *c.Flips.ToPositive == 0 {
		t.Errorf("got %+v; turned round %+v", c.Flips, back.Flips)
	}
}

// TestContrastWithItself finds nothing, and says so.
func TestContrastWithItself(t *testing.T) {
	w := newWorld(300)
	a := side(t, "a", asking(t, w.test, w.predictions, 0.5))
	c := compare(t, a, a)
	for _, d := range c.Differences {
		if *d.Difference.Value != 0 || d.Outcome != OutcomeNone || !strings.HasPrefix(d.Words, "the same on all ") {
			t.Errorf("%s: got %v, %s (%s); want 0 and none", d.Item, *d.Difference.Value, d.Outcome, d.Words)
		}
	}
	if f := c.Flips; *f.ToPositive+*f.ToNegative+f.Changed+f.Labelled.Positive+f.Labelled.Negative != 0 {
		t.Errorf("got %+v; want no flip", f)
	}
}

// TestContrastOfHiddenRows: predictions that a registry keeps give what the
// files gave.
func TestContrastOfHiddenRows(t *testing.T) {
	w := newWorld(400)
	plain := asking(t, w.test, w.predictions, 0.5)
	a := side(t, "a", plain)
	r := asking(t, w.test, noisier(w.predictions, 0.2, 4), 0.5)
	r.IDKey = []byte("key")
	result := run(t, r)
	b := Side{Name: "b", Evaluation: result.Evaluation, Rows: &Rows{Request: r}}
	want := compare(t, a, b)

	kept := r
	kept.Predictions = file(t, "predictions.csv", string(result.Stored))
	b.Rows = &Rows{Request: kept, Hidden: true}
	if diff := cmp.Diff(want, compare(t, a, b)); diff != "" {
		t.Errorf("-plain +hidden:\n%s", diff)
	}
	kept.IDKey = []byte("another")
	b.Rows = &Rows{Request: kept, Hidden: true}
	_, err := Compare(t.Context(), a, b)
	if want := "reading the rows of b: usage: no row of test.csv is among the stored predictions under this id key\nhint: name the id key that they were stored under with --id-key"; err == nil || err.Error() != want {
		t.Errorf("another key: got %v; want %s", err, want)
	}
}

// TestContrastOfNumbersAlone has no interval, and names what one side lacks.
func TestContrastOfNumbersAlone(t *testing.T) {
	m := func(v float64) Measure {
		return Measure{Status: StatusOK, Value: ptr(v), Low: ptr(v - 0.1), High: ptr(v + 0.1), N: 50, Rows: 90}
	}
	evaluation := func(spec string, results ...ItemResult) *Evaluation {
		return &Evaluation{Model: Model{Name: "m"}, Spec: artifact.Digest([]byte(spec)), Grade: "computed", Data: DataSet{"test", artifact.Digest(nil), 90}, Results: results}
	}
	result := func(kind, item, metric string, m Measure) ItemResult {
		return ItemResult{Kind: kind, Item: item, Metric: metric, Measure: m}
	}
	a := evaluation("1",
		result(KindMetric, "bias", "bias", m(-0.5)), result(KindMetric, "recall", "recall", m(0.5)), result(KindGap, "recall gap{sex=f}", "recall", m(0.1)),
		result(KindSlice, "recall{sex=f}", "recall", m(0.4)), result(KindSlice, "recall{sex=m}", "recall", m(0.6)),
		result(KindFairness, "tpr_difference{sex}", "tpr_difference", m(0.2)), result(KindFairness, "selection_rate_ratio{sex}", "selection_rate_ratio", m(0.9)),
		result(KindBaseline, "recall vs prior", "recall", m(0.1)), result(KindMetric, "mae", "mae", m(1)),
	)
	b := evaluation("2",
		result(KindMetric, "bias", "bias", m(0.25)), result(KindMetric, "recall", "recall", m(0.75)), result(KindGap, "recall gap{sex=f}", "recall", m(0.3)),
		result(KindSlice, "recall{sex=f}", "recall", m(0.45)), result(KindSlice, "recall{sex=m}", "recall", Measure{Status: StatusTooFew, Detail: "30 are asked for", N: 3, Rows: 4}),
		result(KindFairness, "tpr_difference{sex}", "tpr_difference", m(0.1)), result(KindFairness, "selection_rate_ratio{sex}", "selection_rate_ratio", m(1)),
		result(KindBaseline, "recall vs prior", "recall", m(0.2)), result(KindMetric, "of_my_own", "of_my_own", m(1)),
	)
	c := compare(t, Side{Name: "a", Evaluation: a}, Side{Name: "b", Evaluation: b})
	var got []string
	for _, d := range c.Differences {
		line := fmt.Sprintf("%s (%s is better): ", d.Item, d.Better)
		if d.Difference.Value != nil {
			line += fmt.Sprintf("%g, ", *d.Difference.Value)
		}
		got = append(got, line+d.Outcome+", "+d.Words)
	}
	chance := "unknown, chance is not ruled out: no interval: the rows of both are not at hand"
	want := []string{
		"bias (zero is better): -0.25, " + chance,
		"recall (more is better): 0.25, " + chance,
		"recall{sex=f} (more is better): 0.05, " + chance,
		"recall{sex=m} (more is better): unknown, cannot be compared: of B: 30 are asked for",
		"recall gap{sex=f} (less is better): 0.2, " + chance,
		"selection_rate_ratio{sex} (more is better): 0.1, " + chance,
		"tpr_difference{sex} (less is better): -0.1, " + chance,
		"recall vs prior (more is better): 0.1, " + chance,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"mae"}, {"of_my_own"}}, [][]string{c.OnlyA, c.OnlyB}); diff != "" {
		t.Errorf("only on one side (-want +got):\n%s", diff)
	}
	if c.Complete || c.Paired != nil || c.Flips != nil {
		t.Errorf("got complete %t, rows %v, flips %v; want none of them", c.Complete, c.Paired, c.Flips)
	}
	note := fmt.Sprintf("the specs differ (%s and %s): weighlock spec shows one", artifact.Short(a.Spec), artifact.Short(b.Spec))
	if diff := cmp.Diff([]string{note}, c.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if same := compare(t, Side{Name: "a", Evaluation: a}, Side{Name: "b", Evaluation: a}); !same.Complete || len(same.Notes) > 0 {
		t.Errorf("with itself: got complete %t, notes %q", same.Complete, same.Notes)
	}
}

// TestContrastWithoutANumber: a metric that one side cannot have is told, and
// the comparison is not complete.
func TestContrastWithoutANumber(t *testing.T) {
	w := newWorld(200)
	a, b := asking(t, w.test, w.predictions, 0.5), asking(t, w.test, w.predictions, 0.5)
	b.Spec.Predictions.Threshold = nil
	delete(b.Spec.Metrics, "recall")
	c := compare(t, Side{Name: "a", Rows: &Rows{Request: a}}, Side{Name: "b", Rows: &Rows{Request: b}})
	got := differenceOf(t, c, "recall")
	if got.Difference.Status != StatusError || got.Words != "cannot be compared: of B: recall needs predictions.threshold" || c.Complete || c.Flips != nil {
		t.Errorf("got %+v, complete %t, flips %v", got, c.Complete, c.Flips)
	}
	// Labels that are missing leave no metric, but decisions flip all the same.
	unlabelled := strings.Replace(w.test, ",1\n", ",\n", 1)
	a, b = asking(t, unlabelled, w.predictions, 0.5), asking(t, unlabelled, noisier(w.predictions, 0.3, 0), 0.5)
	c = compare(t, Side{Name: "a", Rows: &Rows{Request: a}}, Side{Name: "b", Rows: &Rows{Request: b}})
	if got := differenceOf(t, c, "roc_auc"); got.Difference.Status != StatusNoLabels || c.Complete {
		t.Errorf("without a label: got %+v, complete %t", got, c.Complete)
	}
	if got := differenceOf(t, c, "selection_rate"); got.Difference.Status != StatusOK {
		t.Errorf("selection rate without a label: got %+v", got)
	}
	if f := c.Flips; f == nil || *f.ToPositive == 0 || f.Labelled != nil {
		t.Errorf("flips without a label: got %+v", f)
	}
}

func TestContrastRefuses(t *testing.T) {
	w, other := newWorld(200), newWorld(150)
	rows := func(r Request) Side { return Side{Name: "b.csv", Rows: &Rows{Request: r}} }
	a := asking(t, w.test, w.predictions, 0.5)
	changed := func(change func(*project.Spec)) Side {
		r := asking(t, w.test, w.predictions, 0.5)
		change(r.Spec)
		return rows(r)
	}
	beyond := asking(t, w.test, strings.Replace(w.predictions, "0.", "3.", 1), 0.5)
	delete(beyond.Spec.Metrics, "log_loss")
	none := "id,p\n" + strings.Join(strings.Split(w.predictions, "\n")[1:3], "\n") + "\n"
	rest := "id,p\n" + strings.Join(strings.Split(w.predictions, "\n")[3:6], "\n") + "\n"
	tests := map[string]struct {
		a, b Side
		want string
	}{
		"other test data": {rows(a), rows(asking(t, other.test, other.predictions, 0.5)),
			"numbers of different test data do not compare\nhint: evaluate both on the same file"},
		"another label":          {rows(a), changed(func(s *project.Spec) { s.Test.Label = "x" }), `usage: the label of b.csv is "y", that of b.csv "x": they answer different questions`},
		"another positive label": {rows(a), changed(func(s *project.Spec) { s.Test.Positive = "0" }), `usage: the positive label of b.csv is "1", that of b.csv "0"`},
		"another weight":         {rows(a), changed(func(s *project.Spec) { s.Test.Weight = "x" }), `usage: the column of the weights of b.csv is "", that of b.csv "x"`},
		"other classes": {rows(classesRequest(t, "accuracy")), func() Side {
			r := classesRequest(t, "accuracy")
			r.Spec.Test.Classes = []string{"a", "b", "c", "d"}
			r.Spec.Predictions = project.SpecPredictions{ID: "id", Columns: map[string]string{"a": "p_a", "b": "p_b", "c": "p_c", "d": "ms"}}
			delete(r.Spec.Metrics, "log_loss")
			return rows(r)
		}(), "usage: b.csv knows a, b, c, and b.csv a, b, c, d: they answer different questions\nhint: let both name the same classes or labels"},
		"another task":     {rows(a), changed(func(s *project.Spec) { s.Task = "regression" }), `usage: the task of b.csv is "binary", that of b.csv "regression"`},
		"no row in common": {rows(asking(t, w.test, none, 0.5)), rows(asking(t, w.test, rest, 0.5)), "usage: there is no row that both b.csv and b.csv scored\nhint: let both score the same rows"},
		"scores that do not suit what the other asks": {rows(a), rows(beyond), "is not a probability, and log_loss needs one"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Compare(t.Context(), tt.a, tt.b); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

// TestPairOfPredictions: labels beside the scores give what a file of their own
// gives, and two files whose labels differ are refused.
func TestPairOfPredictions(t *testing.T) {
	w := newWorld(300)
	second := noisier(w.predictions, 0.2, 0)
	sorted := map[string]string{}
	for line := range strings.Lines(second) {
		id, _, _ := strings.Cut(line, ",")
		sorted[id] = line
	}
	var ordered strings.Builder
	for line := range strings.Lines(w.predictions) {
		id, _, _ := strings.Cut(line, ",")
		ordered.WriteString(sorted[id])
	}
	one, two := beside(w.test, w.predictions), beside(w.test, ordered.String())
	wrong := strings.Replace(two, ",1,", ",0,", 1)
	at := onDisk(t, map[string]string{"a.csv": w.predictions, "b.csv": second, "test.csv": w.test, "one.csv": one, "two.csv": two, "wrong.csv": wrong})
	ask := AdHoc{ID: "id", Label: []string{"y"}, Score: []string{"p"}, Metrics: []string{"roc_auc", "recall"}, Slices: []string{"sex"}, MinRows: "20"}
	pair := func(change func(*AdHoc), a, b string) (*Contrast, []Assumption, error) {
		o := ask
		change(&o)
		first, second, assumed, err := o.Pair(t.Context(), a, b)
		if err != nil {
			return nil, nil, err
		}
		c, err := Compare(t.Context(), first, second)
		return c, assumed, err
	}
	want, assumed, err := pair(func(o *AdHoc) { o.Data = at("test.csv") }, at("a.csv"), at("b.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Assumption{{"task", "binary"}, {"positive", "1"}, {"threshold", "0.5"}, {"confidence", "0.95"}, {"draws", "2000"}}, assumed); diff != "" {
		t.Errorf("assumed (-want +got):\n%s", diff)
	}
	got, _, err := pair(func(*AdHoc) {}, at("one.csv"), at("two.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range want.Differences {
		other := differenceOf(t, got, d.Item)
		// Another file of labels is another seed, so resampled ends may differ.
		if diff := cmp.Diff([]*float64{d.A.Value, d.B.Value, d.Difference.Value}, []*float64{other.A.Value, other.B.Value, other.Difference.Value}); diff != "" {
			t.Errorf("%s (-labels apart +labels beside):\n%s", d.Item, diff)
		}
	}
	if diff := cmp.Diff(want.Flips, got.Flips); diff != "" {
		t.Errorf("flips (-labels apart +labels beside):\n%s", diff)
	}
	for name, tt := range map[string]struct {
		change func(*AdHoc)
		a, b   string
		want   string
	}{
		"labels that differ":      {func(*AdHoc) {}, "one.csv", "wrong.csv", `is labelled "0", and "1" in ` + at("one.csv") + ": the two are not of the same test data\nhint: --data names one file with the labels of both"},
		"no label beside":         {func(*AdHoc) {}, "one.csv", "b.csv", "--label: " + at("b.csv") + `: no column "y"`},
		"no id":                   {func(o *AdHoc) { o.ID = "" }, "one.csv", "two.csv", "usage: --id is missing\nhint: it names the column by which the rows of "},
		"no such score":           {func(o *AdHoc) { o.Data, o.Score = at("test.csv"), []string{"q"} }, "a.csv", "b.csv", "--score: " + at("a.csv") + `: no column "q"`},
		"no such file":            {func(o *AdHoc) { o.Data = at("test.csv") }, "a.csv", "none.csv", "there is no file " + at("none.csv")},
		"standard input for both": {func(o *AdHoc) { o.Data = at("test.csv") }, "-", "-", "usage: standard input cannot be compared with itself\nhint: name a file for one of them"},
	} {
		t.Run(name, func(t *testing.T) {
			path := func(name string) string {
				if name == StandardInput {
					return name
				}
				return at(name)
			}
			if _, _, err := pair(tt.change, path(tt.a), path(tt.b)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

func TestParseEvaluation(t *testing.T) {
	w := newWorld(60)
	result := run(t, asking(t, w.test, w.predictions, 0.5))
	want := result.Evaluation
	bare, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	about := []attest.Subject{{Name: "m", Digest: map[string]string{"sha256": strings.Repeat("ab", 32)}}}
	statement, err := attest.New("evaluation", about, want)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"the predicate":               string(bare),
		"a statement":                 string(statement.Bytes()),
		"what evaluate --json writes": `{"assumed": [], "evaluation": ` + string(bare) + `, "spec": {}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadEvaluation(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	other, err := attest.New("datacheck", about, result.Datacheck)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]struct{ text, want string }{
		"no JSON":              {"id,score\n", "it is no JSON that can be read: "},
		"a list":               {"[1]", "it is no evaluation: "},
		"another object":       {`{"name": "x"}`, "it is no evaluation by its schema: "},
		"a key that is twice":  {`{"model": {}, "model": {}}`, "it is no JSON that can be read: "},
		"too much":             {strings.Repeat(" ", MaxEvaluation+1), "so it is hardly an evaluation\nhint: "},
		"a number for a grade": {strings.Replace(string(bare), `"computed"`, `3`, 1), "it is no evaluation by its schema: grade: "},
		"a broken statement":   {`{"_type": "x"}`, "statement: "},
		"another statement":    {string(other.Bytes()), "it is a statement of type https://weighlock.dev/datacheck/v1, and no evaluation\nhint: "},
	}
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadEvaluation(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

// FuzzParseEvaluation: whatever is read conforms to the schema.
func FuzzParseEvaluation(f *testing.F) {
	f.Add([]byte(`{"evaluation": {"grade": "computed"}}`))
	f.Add([]byte(`{"_type": "https://in-toto.io/Statement/v1", "predicate": {}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseEvaluation(text)
		if err != nil {
			return
		}
		conforms(t, "predicate/evaluation", e)
	})
}

// TestContrastOfClassesThatAreHidden: what a registry keeps of several classes
// gives what the files gave, but for columns that it does not keep.
func TestContrastOfClassesThatAreHidden(t *testing.T) {
	ask := func() Request {
		r := classesRequest(t, "accuracy", "log_loss", "roc_auc(a)", "mean(ms)")
		r.IDKey = []byte("key")
		return r
	}
	a, b := ask(), ask()
	b.Predictions = file(t, "preds.csv", rowsOf("p_c,p_a,p_b,ms", 40, "0.1,0.1,0.8,5", "0.1,0.2,0.7,10", "0.1,0.3,0.6,20", "0.2,0.4,0.4,30", "0.1,0.7,0.2,40"))
	want := compare(t, side(t, "a", a), side(t, "b", b))
	if got := differenceOf(t, want, "accuracy"); got.Outcome != OutcomeWorse || *got.Difference.Value != -0.2 {
		t.Errorf("accuracy: got %+v; want worse by a fifth", got)
	}
	if got := differenceOf(t, want, "mean(ms)"); got.Outcome != OutcomeNone || *got.Difference.Value != 0 || got.Better != "neither" {
		t.Errorf("mean(ms): got %+v; want no difference", got)
	}
	result := run(t, a)
	r := a
	r.Predictions = file(t, "stored.csv", string(result.Stored))
	got := compare(t, Side{Name: "a", Evaluation: result.Evaluation, Rows: &Rows{Request: r, Hidden: true}}, side(t, "b", b))
	for _, name := range []string{"accuracy", "log_loss", "roc_auc(a)"} {
		x, y := differenceOf(t, want, name), differenceOf(t, got, name)
		if diff := cmp.Diff(x, y); diff != "" {
			t.Errorf("%s (-files +stored):\n%s", name, diff)
		}
	}
	if d := differenceOf(t, got, "mean(ms)"); d.Outcome != OutcomeUnknown || d.Difference.Low != nil || *d.Difference.Value != 0 {
		t.Errorf("mean(ms), which is not kept: got %+v; want the numbers alone", d)
	}
}

// TestContrastOfScoresAndDecisions: a metric of scores that one side does not
// have is told.
func TestContrastOfScoresAndDecisions(t *testing.T) {
	a, b := classesRequest(t, "accuracy", "roc_auc(a)"), classesRequest(t, "accuracy")
	b.Predictions = file(t, "preds.csv", rowsOf("d", 40, "a", "b", "b", "a", "a"))
	b.Spec.Predictions = project.SpecPredictions{ID: "id", Decision: "d"}
	c := compare(t, side(t, "a", a), side(t, "b", b))
	if d := differenceOf(t, c, "roc_auc(a)"); d.B.Status != StatusError || d.Outcome != OutcomeUnknown || c.Complete {
		t.Errorf("roc_auc(a): got %+v, complete %t", d, c.Complete)
	}
	if d := differenceOf(t, c, "accuracy"); d.Outcome != OutcomeNone || d.Words != "the same on all 200 rows" {
		t.Errorf("accuracy: got %+v; want the same decisions", d)
	}
}
