package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// offer is a logged decision: what was offered by chance, what it brought, and
// how often the judged policy offers the same.
type offer struct{ x, propensity, target, reward, predicted, other float64 }

// offers are n of them. The logging policy offers A with probability grant(x);
// A brings x on average and B a half, and the judged policy offers A above 0.5.
func offers(n int, grant func(x float64) float64) (all []offer, truth float64) {
	rng := rand.New(rand.NewPCG(11, uint64(n)))
	for range n {
		o := offer{x: rng.Float64()}
		isA := rng.Float64() < grant(o.x)
		o.propensity = grant(o.x)
		o.target, o.predicted, o.other = indicator(o.x > 0.5), o.x, 0.4
		if !isA {
			o.propensity, o.target, o.predicted, o.other = 1-o.propensity, 1-o.target, o.other, o.predicted
		}
		mean := 0.5
		if isA {
			mean = o.x
		}
		o.reward = mean + 0.2*rng.NormFloat64()
		all, truth = append(all, o), truth+max(o.x, 0.5)/float64(n)
	}
	return all, truth
}

func offered(t *testing.T, all []offer, change func(*project.Spec)) Request {
	t.Helper()
	var test, predictions strings.Builder
	test.WriteString("id,g,r,p,q,o,y\n")
	predictions.WriteString("id,t\n")
	for i, o := range all {
		reward := fmt.Sprint(o.reward)
		if o.target == 0 {
			reward = "" // does not matter
		}
		fmt.Fprintf(&test, "%d,%s,%s,%v,%v,%v,%d\n", i, []string{"u", "v"}[i%2], reward, o.propensity, o.predicted, o.other, i%2)
		fmt.Fprintf(&predictions, "%d,%v\n", i, o.target)
	}
	r := request(t, test.String(), predictions.String())
	r.Spec.Task, r.Spec.Test.Label, r.Spec.Predictions = "generative", "", project.SpecPredictions{ID: "id"}
	r.Spec.Metrics = map[string]project.Limit{}
	for _, name := range values {
		r.Spec.Metrics[name] = project.Limit{Min: ptr(0.5)}
	}
	if change != nil {
		change(r.Spec)
	}
	return r
}

var values = []string{"value_ips(r,p,t)", "value_snips(r,p,t)", "value_dr(r,p,t,q,o)"}

// TestWhatAPolicyBrings compares with the sums by hand, and with what the
// policy brings in truth.
func TestWhatAPolicyBrings(t *testing.T) {
	all, truth := offers(2000, byScore)
	got := run(t, offered(t, all, func(s *project.Spec) {
		s.Slices = &project.Slices{By: []string{"g"}, MinRows: 100, Metrics: map[string]project.SliceLimit{"value_ips(r,p,t)": {Min: ptr(0.4), MaxGap: ptr(0.2), MaxGapBest: ptr(0.2)}}}
	}))
	var ips, weight, dr, u, rows float64
	for i, o := range all {
		w := o.target / o.propensity
		ips, weight = ips+w*o.reward, weight+w
		dr += w*(o.reward-o.predicted) + o.target*o.predicted + (1-o.target)*o.other
		if i%2 == 0 {
			u, rows = u+w*o.reward, rows+1
		}
	}
	n := float64(len(all))
	for item, want := range map[string]float64{
		values[0]: ips / n, values[1]: ips / weight, values[2]: dr / n,
		"value_ips(r,p,t){g=u}": u / rows, "value_ips(r,p,t) gap{g=u}": ips/n - u/rows,
	} {
		m := find(t, got, item)
		if m.Status != StatusOK || math.Abs(*m.Value-want) > 1e-9 || m.Low == nil || m.Method != "bca" {
			t.Errorf("%s: got %+v; want %v", item, m.Measure, want)
			continue
		}
		if !strings.Contains(item, "gap") && (m.Overlap == nil || m.Overlap.Effective < 100 || math.Abs(m.Overlap.MeanWeight-1) > 0.1 || !strings.HasPrefix(m.Detail, "effective sample size ")) {
			t.Errorf("%s: got overlap %+v, %s", item, m.Overlap, m.Detail)
		}
	}
	for _, item := range values {
		if m := find(t, got, item); !(*m.Low < truth && truth < *m.High) {
			t.Errorf("%s: got [%v, %v]; want it around %v", item, *m.Low, *m.High, truth)
		}
	}
	if m := find(t, got, "value_ips(r,p,t) gap to best{g=u}"); m.Status != StatusOK {
		t.Errorf("gap to best: got %s: %s", m.Status, m.Detail)
	}
	if got.Datacheck.Sets.Test.Labels != nil {
		t.Errorf("got labels %+v", got.Datacheck.Sets.Test.Labels)
	}
}

func TestPolicyThatCannotBeJudged(t *testing.T) {
	good, _ := offers(400, byScore)
	changed := func(change func(i int, o *offer)) []offer {
		out := append([]offer{}, good...)
		for i := range out {
			change(i, &out[i])
		}
		return out
	}
	rare, _ := offers(60, byScore)
	for name, tc := range map[string]struct {
		all    []offer
		change func(*project.Spec)
		want   string
	}{
		"no propensity":              {changed(func(i int, o *offer) { o.propensity *= indicator(i != 3) }), nil, "undefined: 1 of 400 rows have no propensity above 0 and at most 1"},
		"a propensity that is none":  {changed(func(i int, o *offer) { o.propensity += 2 * indicator(i == 3) }), nil, "undefined: 1 of 400 rows have no propensity above 0 and at most 1"},
		"a target that is none":      {changed(func(i int, o *offer) { o.target += 2 * indicator(i == 3) }), nil, "undefined: 1 of 400 rows have a target that is no probability"},
		"decisions that nobody took": {changed(func(_ int, o *offer) { o.target = 0 }), nil, "undefined: the policy takes none of the logged decisions"},
		"wrong propensities":         {changed(func(_ int, o *offer) { o.propensity = 0.9 }), nil, "undefined: the mean weight is "},
		"one row that is all": {changed(func(i int, o *offer) {
			o.propensity = map[bool]float64{true: 0.004, false: o.propensity}[i == 2]
			o.target = max(o.target, indicator(i == 2))
		}), nil, "too_few: the effective sample size is "},
		"few rows": {rare, nil, "too_few: the effective sample size is "},
		"weights beside them": {good, func(s *project.Spec) { s.Test.Weight = "p" },
			"error: rows have weights, and every row would count once"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, offered(t, tc.all, tc.change))
			for _, item := range values {
				m := find(t, got, item)
				if text := m.Status + ": " + m.Detail; !strings.HasPrefix(text, tc.want) || m.Value != nil || m.Low != nil {
					t.Errorf("%s: got %s; want %s and no number", item, text, tc.want)
				}
				if m.Status == StatusTooFew && m.Needed <= len(tc.all) {
					t.Errorf("%s: got %d rows that would do; want more than %d", item, m.Needed, len(tc.all))
				}
			}
		})
	}
}

// TestAPolicyIsJudgedByPinnedRewards: the author's file says only how often
// the policy takes a decision, whatever else stands in it.
func TestAPolicyIsJudgedByPinnedRewards(t *testing.T) {
	all, _ := offers(400, byScore)
	r := offered(t, all, nil)
	want := find(t, run(t, r), values[0])
	var rich strings.Builder
	rich.WriteString("id,t,r,p\n")
	for i, o := range all {
		fmt.Fprintf(&rich, "%d,%v,1000,1\n", i, o.target)
	}
	r.Predictions = file(t, "preds.csv", rich.String())
	if got := find(t, run(t, r), values[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v; want %+v", got.Measure, want.Measure)
	}
	if got, want := r.Spec.Outcomes(), []string{"r"}; !reflect.DeepEqual(got, want) {
		t.Errorf("kept from the scorer: got %q; want %q", got, want)
	}
	for _, m := range []string{"value_ips(r,p,p)", "value_ips(r,r,t)", "value_ips(r,p)", "value_dr(r,p,t)"} {
		if _, ok := stats.Lookup(m); ok {
			t.Errorf("%s is taken for a metric", m)
		}
	}
}

// TestRewardsThatAreNotMature: a reward that was read too early is none, as a
// label is.
func TestRewardsThatAreNotMature(t *testing.T) {
	all, _ := offers(400, byScore)
	r := offered(t, all, nil)
	text := strings.ReplaceAll(strings.ReplaceAll("id,g,r,p,q,o,y\n", "y\n", "day\n"), "\n", "\n")
	for i, o := range all {
		text += fmt.Sprintf("%d,u,%v,%v,%v,%v,2026-03-0%d\n", i, o.reward, o.propensity, o.predicted, o.other, 1+i%2)
	}
	r.Test = file(t, "test.csv", text)
	r.Spec.Test.Digest, r.Spec.Test.Time, r.Spec.Test.Matures, r.Spec.Test.Labelled = r.Test.Digest, "day", "1w", "2026-03-08"
	m := find(t, run(t, r), values[0])
	if want := "200 of 400 rows of test.csv were too young when the labels were read on 2026-03-08: a label takes 1w from day, and they are from 2026-03-02 on (line 3)"; m.Status != StatusNoLabels || m.Detail != want {
		t.Errorf("got %s: %s; want no_labels: %s", m.Status, m.Detail, want)
	}
	r.Spec.Test.Labelled = "2026-03-09"
	if m := find(t, run(t, r), values[0]); m.Status != StatusOK {
		t.Errorf("a day later: got %s: %s", m.Status, m.Detail)
	}
}
