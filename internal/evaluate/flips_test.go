package evaluate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/project"
)

// flipping is ten rows of two regions on which model and champion differ.
func flipping(t *testing.T) Request {
	t.Helper()
	truth := []string{"1", "1", "1", "1", "0", "0", "0", "0", "0", "1"}
	ours := []string{".9", ".8", ".2", ".7", ".1", ".2", ".6", ".4", ".1", ".5"}
	theirs := []string{".9", ".3", ".7", ".4", ".1", ".2", ".1", ".8", ".5", ".2"}
	var test, predictions, stored strings.Builder
	test.WriteString("id,region,sex,y\n")
	predictions.WriteString("id,p\n")
	stored.WriteString("id,score\n")
	for i, y := range truth {
		id, region := string(rune('a'+i)), "north"
		if i >= 7 {
			region = "south"
		}
		test.WriteString(id + "," + region + "," + []string{"f", "m"}[i%2] + "," + y + "\n")
		predictions.WriteString(id + "," + ours[i] + "\n")
		stored.WriteString(pseudonym([]byte("key"), id) + "," + theirs[i] + "\n")
	}
	r := request(t, test.String(), predictions.String())
	r.IDKey = []byte("key")
	r.Champion = &Champion{Channel: "production", Digest: r.Test.Digest, Predictions: file(t, "champion.csv", stored.String())}
	r.Spec.Champion = &project.ChampionLimit{Channel: "production", Metric: "brier"}
	r.Spec.Slices = &project.Slices{By: []string{"region"}, MinRows: 5, TooSmall: "warn", Metrics: map[string]project.SliceLimit{"brier": {Max: ptr(1)}}}
	return r
}

func rate(value, low, high float64, method string, n int) Measure {
	return Measure{Status: StatusOK, Value: &value, Low: number(low), High: number(high), Method: method, Level: 0.95, N: n, Rows: n, Threshold: ptr(0.5)}
}

func count(n int) *int { return &n }

func TestFlipsOfTheChampion(t *testing.T) {
	few := Measure{Status: StatusTooFew, N: 3, Rows: 3, Threshold: ptr(0.5), Needed: 5, Detail: "5 are asked for"}
	want := &Flips{
		FlipCounts: FlipCounts{
			Rows: 10, Changed: 7, ToPositive: count(4), ToNegative: count(3), Negative: 2, Positive: 5,
			NegativeRate: rate(0.2, 0.0566821514544, 0.509837528463, "wilson", 10),
			PositiveRate: rate(0.5, 0.236593090513, 0.763406909487, "wilson", 10),
		},
		McNemar: McNemar{P: 0.453125, MidP: 0.2890625},
		Groups: []GroupFlips{
			{By: "region", Group: "north", FlipCounts: FlipCounts{
				Rows: 7, Changed: 4, ToPositive: count(3), ToNegative: count(1), Negative: 2, Positive: 2,
				NegativeRate: rate(0.285714285714, 0.0822189240041, 0.641065548167, "wilson", 7),
				PositiveRate: rate(0.285714285714, 0.0822189240041, 0.641065548167, "wilson", 7),
			}},
			{By: "region", Group: "south", FlipCounts: FlipCounts{
				Rows: 3, Changed: 3, ToPositive: count(1), ToNegative: count(2), Positive: 3, NegativeRate: few, PositiveRate: few,
			}},
		},
	}
	got := find(t, run(t, flipping(t)), "brier vs production")
	if diff := cmp.Diff(want, got.Flips); diff != "" {
		t.Errorf("flips (-want +got):\n%s", diff)
	}
}

func TestNoFlipIsBoundedExactly(t *testing.T) {
	r := flipping(t)
	stored := run(t, r).Stored
	r.Champion.Predictions = file(t, "champion.csv", string(stored))
	got := find(t, run(t, r), "brier vs production").Flips
	want := FlipCounts{
		Rows: 10, ToPositive: count(0), ToNegative: count(0),
		NegativeRate: rate(0, 0, 0.308497107819, "clopper_pearson", 10),
		PositiveRate: rate(0, 0, 0.308497107819, "clopper_pearson", 10),
	}
	if diff := cmp.Diff(want, got.FlipCounts); diff != "" || got.McNemar != (McNemar{P: 1, MidP: 1}) {
		t.Errorf("its own decisions: McNemar %+v, flips (-want +got):\n%s", got.McNemar, diff)
	}
}

// TestFlipsAddUp over every column of slices and groups, each of which is
// reported once.
func TestFlipsAddUp(t *testing.T) {
	r := full(t, newWorld(800))
	r.Spec.Fairness.By = []string{"sex", "region"}
	flips := find(t, run(t, r), "log_loss vs production").Flips
	sums := map[string]FlipCounts{}
	for _, g := range flips.Groups {
		s, known := sums[g.By]
		if !known {
			s.ToPositive, s.ToNegative = count(0), count(0)
		}
		sums[g.By] = FlipCounts{
			Rows: s.Rows + g.Rows, Changed: s.Changed + g.Changed, ToPositive: count(*s.ToPositive + *g.ToPositive), ToNegative: count(*s.ToNegative + *g.ToNegative),
			Negative: s.Negative + g.Negative, Positive: s.Positive + g.Positive,
		}
	}
	whole := flips.FlipCounts
	whole.NegativeRate, whole.PositiveRate = Measure{}, Measure{}
	if whole.Rows != 800 || whole.Negative == 0 || whole.Negative+whole.Positive != *whole.ToPositive+*whole.ToNegative || whole.Changed != whole.Negative+whole.Positive {
		t.Errorf("got %+v; want 800 rows, and each change for better or worse", whole)
	}
	if diff := cmp.Diff(map[string]FlipCounts{"region": whole, "age:25,40,60": whole, "sex": whole}, sums); diff != "" {
		t.Errorf("sums by column (-want +got):\n%s", diff)
	}
}

// TestFlipsChangeNoMeasure: with and without a threshold, so with and without
// flips, the comparison that is judged is the same.
func TestFlipsChangeNoMeasure(t *testing.T) {
	r := flipping(t)
	with := find(t, run(t, r), "brier vs production")
	r.Spec.Predictions.Threshold = nil
	without := find(t, run(t, r), "brier vs production")
	if without.Flips != nil || with.Flips == nil {
		t.Errorf("got flips %+v without a threshold and %+v with one", without.Flips, with.Flips)
	}
	if diff := cmp.Diff(without.Measure, with.Measure); diff != "" {
		t.Errorf("measure (-without +with):\n%s", diff)
	}
}

func TestNoFlipsWithoutGround(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, r *Request)
		status string
	}{
		{"a row without a label", func(t *testing.T, r *Request) {
			text := "id,region,sex,y\na,north,f,\nb,north,m,1\n"
			r.Test = file(t, "test.csv", text)
			r.Spec.Test.Digest = r.Test.Digest
			r.Predictions = file(t, "preds.csv", "id,p\na,.9\nb,.8\n")
		}, StatusNoLabels},
		{"a row without a label, by a metric that needs none", func(t *testing.T, r *Request) {
			text := "id,region,sex,y\na,north,f,\nb,north,m,1\n"
			r.Test = file(t, "test.csv", text)
			r.Spec.Test.Digest = r.Test.Digest
			r.Predictions = file(t, "preds.csv", "id,p\na,.9\nb,.8\n")
			r.Spec.Champion.Metric = "selection_rate"
		}, StatusError},
		{"rows that the champion did not score", func(t *testing.T, r *Request) {
			r.Champion.Predictions = file(t, "champion.csv", "id,score\n"+pseudonym([]byte("key"), "a")+",.9\n")
		}, StatusError},
		{"no key to join by", func(_ *testing.T, r *Request) { r.IDKey = nil }, StatusError},
		{"predicted numbers", func(_ *testing.T, r *Request) {
			r.Spec.Task, r.Spec.Test.Positive, r.Spec.Champion.Metric, r.Spec.Slices = "regression", "", "mae", nil
		}, StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := flipping(t)
			c.change(t, &r)
			got := find(t, run(t, r), r.Spec.Champion.Metric+" vs production")
			if got.Status != c.status || got.Flips != nil {
				t.Errorf("got %s with flips %+v; want %s without", got.Status, got.Flips, c.status)
			}
		})
	}
}
