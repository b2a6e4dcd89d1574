package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
)

// severalOf makes rows of a task of three classes or labels, and two models'
// scores of them. right says of each row whether each model decides it so.
func severalOf(t *testing.T, task string, n int) (r Request, right [2][]bool, changed int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	var test strings.Builder
	var said [2]strings.Builder
	test.WriteString(map[string]string{"multiclass": "id,g,w,u,y\n", "multilabel": "id,g,w,u,a,b,c\n"}[task])
	for m := range said {
		said[m].WriteString("id,p_a,p_b,p_c\n")
	}
	for i := range n {
		is := [3]int{rng.IntN(2), rng.IntN(2), rng.IntN(2)}
		class := rng.IntN(3)
		fmt.Fprintf(&test, "%d,%c,%d,%d,", i, "gh"[rng.IntN(2)], 1+rng.IntN(3), i/4)
		if task == "multiclass" {
			fmt.Fprintf(&test, "%c\n", "abc"[class])
		} else {
			fmt.Fprintf(&test, "%d,%d,%d\n", is[0], is[1], is[2])
		}
		var decided [2][3]int
		for m := range said {
			best, score := rng.IntN(3), [3]float64{.1, .1, .1}
			if rng.IntN(3) > 0 {
				best = class
			}
			score[best] = .8
			decided[m] = [3]int{best}
			if task == "multilabel" {
				for k := range score {
					d := is[k]
					if rng.IntN(5) == 0 {
						d = 1 - d
					}
					decided[m][k], score[k] = d, .2+.6*float64(d)
				}
			}
			right[m] = append(right[m], task == "multiclass" && best == class || task == "multilabel" && decided[m] == is)
			fmt.Fprintf(&said[m], "%d,%v,%v,%v\n", i, score[0], score[1], score[2])
		}
		if decided[0] != decided[1] {
			changed++
		}
	}
	make := func(scores string) Request {
		r := request(t, test.String(), scores)
		s := r.Spec
		s.Task, s.Test.Label, s.Test.Positive, r.IDKey = task, "y", "", []byte("key")
		s.Predictions = project.SpecPredictions{ID: "id", Prefix: "p_"}
		if task == "multilabel" {
			s.Test.Label, s.Test.Labels, s.Test.Positive, s.Predictions.Threshold = "", []string{"a", "b", "c"}, "1", ptr(0.5)
		}
		return r
	}
	old := run(t, make(said[0].String())).Stored
	r = make(said[1].String())
	r.Champion = &Champion{Channel: "production", Digest: artifact.Digest([]byte("champion")), Predictions: file(t, "champion.csv", string(old))}
	metric := map[string]string{"multiclass": "accuracy", "multilabel": "subset_accuracy"}[task]
	r.Spec.Champion = &project.ChampionLimit{Channel: "production", Metric: metric, Margin: 0.5, NegativeFlips: &project.Limit{Max: ptr(0.4)}}
	r.Spec.Slices = &project.Slices{By: []string{"g"}, MinRows: 5, TooSmall: "warn", Metrics: map[string]project.SliceLimit{metric: {Min: ptr(0)}}}
	return r, right, changed
}

func TestFlipsOfSeveralClassesAndLabels(t *testing.T) {
	for task, classes := range map[string][]string{"multiclass": {"a", "b", "c"}, "multilabel": {"a", "b", "c"}} {
		r, right, changed := severalOf(t, task, 200)
		result := run(t, r)
		metric := r.Spec.Champion.Metric
		flips := find(t, result, metric+" vs production").Flips
		var negative, positive int
		for i := range right[0] {
			if right[0][i] && !right[1][i] {
				negative++
			}
			if right[1][i] && !right[0][i] {
				positive++
			}
		}
		want := flips.FlipCounts
		want.Rows, want.Changed, want.Negative, want.Positive, want.ToPositive, want.ToNegative = 200, changed, negative, positive, nil, nil
		if diff := cmp.Diff(want, flips.FlipCounts); diff != "" || negative == 0 || positive == 0 || changed <= negative+positive {
			t.Errorf("%s (-want +got):\n%s", task, diff)
		}
		limited := find(t, result, "negative_flip_rate vs production")
		if limited.Kind != KindFlips || *limited.Value != *flips.NegativeRate.Value || *limited.Low != *flips.NegativeRate.Low || *limited.High != *flips.NegativeRate.High {
			t.Errorf("%s: got %+v; want %+v", task, limited.Measure, flips.NegativeRate)
		}
		var names []string
		rows, byGroup := 0, 0
		for _, c := range flips.Classes {
			names = append(names, c.Name)
			rows += c.Rows
			if two := c.ToPositive != nil; two != (task == "multilabel") {
				t.Errorf("%s: class %s has sides: %v", task, c.Name, two)
			}
		}
		for _, g := range flips.Groups {
			byGroup += g.Negative
		}
		if !slices.Equal(names, classes) || rows != map[string]int{"multiclass": 200, "multilabel": 600}[task] || byGroup != negative {
			t.Errorf("%s: got classes %v of %d rows, and %d flips by group; want %v, and %d", task, names, rows, byGroup, classes, negative)
		}
		if needs := limited.Threshold != nil; needs != (task == "multilabel") {
			t.Errorf("%s: threshold %v", task, limited.Threshold)
		}
	}
}

// TestContrastFlipsOfSeveral: two models side by side flip the same decisions
// as a model and its champion, and labels that are missing leave the count.
func TestContrastFlipsOfSeveral(t *testing.T) {
	for _, task := range []string{"multiclass", "multilabel"} {
		r, right, changed := severalOf(t, task, 200)
		r.Spec.Champion.NegativeFlips = nil
		champion := find(t, run(t, r), r.Spec.Champion.Metric+" vs production").Flips
		other := r
		other.Predictions, other.Champion = r.Champion.Predictions, nil
		b := Side{Name: "b", Rows: &Rows{Request: r}}
		c := compare(t, Side{Name: "a", Rows: &Rows{Request: other, Hidden: true}}, b)
		want := &Turned{Rows: 200, Changed: changed, ThresholdA: r.Spec.Predictions.Threshold, ThresholdB: r.Spec.Predictions.Threshold, Labelled: champion}
		champion.Groups = nil
		without := func(f *FlipCounts) { f.NegativeRate.Threshold, f.PositiveRate.Threshold = nil, nil }
		without(&champion.FlipCounts)
		for k := range champion.Classes {
			without(&champion.Classes[k].FlipCounts)
		}
		if diff := cmp.Diff(want, c.Flips); diff != "" {
			t.Errorf("%s (-champion +side by side):\n%s", task, diff)
		}
		negative := 0
		for i := range right[0] {
			negative += int(indicator(right[0][i] && !right[1][i]))
		}
		if got := c.Flips.Labelled.Negative; got != negative || negative == 0 {
			t.Errorf("%s: got %d rows turned wrong; want %d", task, got, negative)
		}
	}
}

// TestContrastFlipsNeedDecisions: each side decides at its own threshold, and
// where one has none, nothing flips.
func TestContrastFlipsNeedDecisions(t *testing.T) {
	r, _, _ := severalOf(t, "multilabel", 200)
	r.Champion, r.Spec.Champion, r.Spec.Slices = nil, nil, nil
	of := func(threshold *float64) Side {
		other, spec := r, *r.Spec
		spec.Predictions.Threshold, other.Spec = threshold, &spec
		return Side{Name: "a", Rows: &Rows{Request: other}}
	}
	// Scores are 0.2 and 0.8: below both, every label of every row is decided.
	got := compare(t, of(ptr(0.5)), of(ptr(0.1))).Flips
	if got == nil || *got.ThresholdA != 0.5 || *got.ThresholdB != 0.1 || got.Labelled.Classes[0].ToNegative == nil {
		t.Fatalf("got %+v; want flips of each label", got)
	}
	for _, c := range got.Labelled.Classes {
		if *c.ToNegative != 0 || *c.ToPositive != c.Changed || c.Changed == 0 {
			t.Errorf("%s: got %+v; want all to the positive side", c.Name, c.FlipCounts)
		}
	}
	if got := compare(t, of(ptr(0.5)), of(nil)).Flips; got != nil {
		t.Errorf("without a threshold: got %+v; want none", got)
	}
}

// TestNegativeFlipsCountRowsAsTheyCount: a row that counts twice is two rows,
// and rows of one unit widen the interval.
func TestNegativeFlipsCountRowsAsTheyCount(t *testing.T) {
	r, right, _ := severalOf(t, "multiclass", 200)
	plain := find(t, run(t, r), "negative_flip_rate vs production")
	if plain.Method != "wilson" || plain.N != 200 {
		t.Errorf("got %+v; want Wilson's interval", plain.Measure)
	}
	r.Spec.Test.Unit = "u"
	units := find(t, run(t, r), "negative_flip_rate vs production")
	if *units.Value != *plain.Value || units.Method != "cluster_bootstrap" || units.Seed == "" {
		t.Errorf("by units: got %+v; want the same share, drawn", units.Measure)
	}
	r.Spec.Test.Unit, r.Spec.Test.Weight = "", "w"
	weighted := find(t, run(t, r), "negative_flip_rate vs production")
	test, size, err := r.Test.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer test.Close()
	text := make([]byte, size)
	if _, err := test.ReadAt(text, 0); err != nil {
		t.Fatal(err)
	}
	var flipped, all float64
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		w := float64(strings.Split(line, ",")[2][0] - '0')
		all += w
		if right[0][i] && !right[1][i] {
			flipped += w
		}
	}
	if got := *weighted.Value; got-flipped/all > 1e-12 || flipped/all-got > 1e-12 {
		t.Errorf("by weights: got %v; want %v", got, flipped/all)
	}
}

func TestNegativeFlipsWithoutAnAnswer(t *testing.T) {
	limited := func(t *testing.T) Request {
		r := flipping(t)
		r.Spec.Champion.NegativeFlips = &project.Limit{Max: ptr(0.1)}
		return r
	}
	r := limited(t)
	got := find(t, run(t, r), "negative_flip_rate vs production")
	if got.Status != StatusOK || *got.Value != 0.2 || *got.Threshold != 0.5 || got.Needed != 0 {
		t.Errorf("got %+v; want 2 of 10 rows", got.Measure)
	}
	if ids := Items(r.Spec, nil).Champion; len(ids) != 2 || ids[1].ID != got.Item || *ids[1].Limit.Max != 0.1 || ids[1].Path != "spec.champion.negative_flips" {
		t.Errorf("got items %+v", ids)
	}
	r = limited(t)
	r.Spec.Predictions.Threshold = nil
	if got := find(t, run(t, r), "negative_flip_rate vs production"); got.Status != StatusError || got.Detail != "there are no decisions that could flip" {
		t.Errorf("without a threshold: got %+v", got.Measure)
	}
	r = limited(t)
	r.IDKey = nil
	if got := find(t, run(t, r), "negative_flip_rate vs production"); got.Status != StatusError || got.Value != nil {
		t.Errorf("without a key: got %+v", got.Measure)
	}
	r = limited(t)
	r.Champion = nil
	for _, one := range run(t, r).Evaluation.Results {
		if one.Item == "negative_flip_rate vs production" {
			t.Errorf("without a champion: got %+v; want no result", one)
		}
	}
}
