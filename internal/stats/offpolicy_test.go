package stats

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOffPolicyByHand spells the three sums out.
func TestOffPolicyByHand(t *testing.T) {
	l := logs(generator(51, 1), 300)
	var ips, weight, dr float64
	for i, reward := range l.Reward {
		w := l.Target[i] / l.Propensity[i]
		ips, weight = ips+w*reward/300, weight+w/300
		dr += (l.Expected[i] + w*(reward-l.Predicted[i])) / 300
	}
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	for name, c := range map[string]struct {
		got  Estimate
		want float64
	}{"ips": {r.IPS(l), ips}, "snips": {r.SNIPS(l), ips / weight}, "doubly robust": {r.DoublyRobust(l), dr}} {
		near(t, name, c.got.Value, c.want)
		i := c.got.Interval
		if i.Method != "bca" || i.Draws != 200 || i.Degenerate || !(i.Low < c.want && c.want < i.High) {
			t.Errorf("%s: got %+v around %g", name, i, c.want)
		}
		near(t, name+", mean weight", c.got.Overlap.MeanWeight, weight)
	}
}

// TestTheLoggingPolicyEarnsWhatWasEarned: judged by its own logs, with any
// model of the reward that is the same for all decisions.
func TestTheLoggingPolicyEarnsWhatWasEarned(t *testing.T) {
	l := logs(generator(52, 1), 200)
	l.Target = l.Propensity
	for i := range l.Expected {
		l.Expected[i] = l.Predicted[i]
	}
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	want := mean(l.Reward)
	for name, got := range map[string]Estimate{"ips": r.IPS(l), "snips": r.SNIPS(l), "doubly robust": r.DoublyRobust(l)} {
		near(t, name, got.Value, want)
		o := Overlap{Rows: 200, Largest: 1, LargestShare: 1.0 / 200, MeanWeight: 1, Effective: 200}
		if diff := cmp.Diff(o, got.Overlap); diff != "" {
			t.Errorf("%s: overlap (-want +got):\n%s", name, diff)
		}
	}
}

// TestUnitsOfReward: SNIPS moves with the reward's zero, and all scale with it.
func TestUnitsOfReward(t *testing.T) {
	l := logs(generator(53, 1), 250)
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	other := l
	other.Reward, other.Predicted, other.Expected = scaled(l.Reward, 100, 0), scaled(l.Predicted, 100, 0), scaled(l.Expected, 100, 0)
	for name, by := range map[string]func(Resampling, Logged) Estimate{"ips": Resampling.IPS, "snips": Resampling.SNIPS, "doubly robust": Resampling.DoublyRobust} {
		was, is := by(r, l), by(r, other)
		near(t, name, is.Value, 100*was.Value)
		near(t, name+", low", is.Interval.Low, 100*was.Interval.Low)
	}
	other.Reward = scaled(l.Reward, 1, -3)
	near(t, "snips moved", r.SNIPS(other).Value, r.SNIPS(l).Value-3)
}

func scaled(x []float64, by, plus float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = by*v + plus
	}
	return out
}

func TestOverlapFails(t *testing.T) {
	nan := math.NaN()
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	for _, c := range []struct {
		name   string
		change func(l *Logged)
		want   string
	}{
		{"no rows", func(l *Logged) { *l = Logged{} }, "no rows"},
		{"a row too few", func(l *Logged) { l.Target = l.Target[1:] }, "rewards, propensities and targets are not of the same rows"},
		{"a propensity of 0", func(l *Logged) { l.Propensity[0] = 0 }, "1 of 400 rows have no propensity above 0 and at most 1"},
		{"no propensity, and one above 1", func(l *Logged) { l.Propensity[0], l.Propensity[1] = nan, 1.5 }, "2 of 400 rows have no propensity above 0 and at most 1"},
		{"a target above 1", func(l *Logged) { l.Target[3] = 2 }, "1 of 400 rows have a target that is no probability"},
		{"a target that is no number", func(l *Logged) { l.Target[3] = nan }, "1 of 400 rows have a target that is no probability"},
		{"a reward that is missing", func(l *Logged) { l.Reward[3] = nan }, "1 of 400 rows that count have no reward"},
		{"an infinite reward", func(l *Logged) { l.Reward[3] = math.Inf(1) }, "1 of 400 rows that count have no reward"},
		{"none of its decisions", func(l *Logged) { clear(l.Target) }, "the policy takes none of the logged decisions"},
		{"few of its decisions", func(l *Logged) {
			for i := range l.Target[40:] {
				l.Target[40+i] = 0
			}
		}, "the effective sample size is 32.27 of 400 rows: at least 50 are needed"},
		{"one row has much of the weight", func(l *Logged) { l.Propensity[0] = 0.006 }, "one row has 0.12 of all weight: at most 0.1 may be"},
		{"decisions that are never logged", func(l *Logged) { // half of what the policy does
			for i := range l.Target {
				l.Target[i] /= 2
			}
		}, "the mean weight is 0.5088 instead of 1: the propensities are wrong, or the policy takes decisions that are never logged"},
	} {
		l := logs(generator(54, 1), 400)
		c.change(&l)
		for name, got := range map[string]Estimate{"ips": r.IPS(l), "snips": r.SNIPS(l), "doubly robust": r.DoublyRobust(l)} {
			if got.Overlap.Problem != c.want || !math.IsNaN(got.Value) || got.Interval.Usable() || got.Interval.Detail != c.want {
				t.Errorf("%s, %s: got %+v; want no value: %s", c.name, name, got, c.want)
			}
		}
	}
	l := logs(generator(54, 1), 400)
	l.Predicted[7] = nan
	if got := r.DoublyRobust(l); got.Overlap.Problem != "the reward model has rows without a finite number" || !math.IsNaN(got.Value) {
		t.Errorf("a hole in the model: got %+v", got)
	}
	l.Expected = nil
	if got := r.DoublyRobust(Logged{l.Reward, l.Propensity, l.Target, nil, nil}); got.Overlap.Problem != "the reward model is not of the same rows" || !math.IsNaN(got.Value) {
		t.Errorf("no model: got %+v", got)
	}
	if got := r.IPS(l); got.Overlap.Problem != "" || math.IsNaN(got.Value) {
		t.Errorf("ips needs no model: got %+v", got)
	}
}

func TestOverlapCounts(t *testing.T) {
	l := Logged{
		Reward:     []float64{1, math.NaN(), 0, 1},
		Propensity: []float64{0.5, 0.005, 0, 0.25},
		Target:     []float64{1, 0, 1, 0.5},
	}
	if diff := cmp.Diff(Overlap{Rows: 4, Zero: 0.25, Low: 0.25, Problem: "1 of 4 rows have no propensity above 0 and at most 1"}, l.Overlap()); diff != "" {
		t.Errorf("with a propensity of 0 (-want +got):\n%s", diff)
	}
	l.Propensity[2] = 1
	want := Overlap{
		Rows: 4, Low: 0.25, Largest: 2, LargestShare: 0.4, MeanWeight: 1.25, Effective: 25.0 / 9,
		Problem: "the effective sample size is 2.778 of 4 rows: at least 50 are needed",
	}
	if diff := cmp.Diff(want, l.Overlap()); diff != "" {
		t.Errorf("without (-want +got):\n%s", diff)
	}
}

// TestUnsupportedDecisionsAreSeen: a fifth of the rows can only be logged one
// way, and the policy goes the other; that shows in the mean weight.
func TestUnsupportedDecisionsAreSeen(t *testing.T) {
	found, alarms := 0, 0
	for seed := range 100 {
		rng := generator(uint64(seed), 55)
		var l Logged
		for range 1000 {
			switch {
			case rng.Float64() < 0.2: // always declined, the policy accepts
				l.Target, l.Propensity = append(l.Target, 0), append(l.Propensity, 1)
			case rng.Float64() < 0.5:
				l.Target, l.Propensity = append(l.Target, 1), append(l.Propensity, 0.5)
			default:
				l.Target, l.Propensity = append(l.Target, 0), append(l.Propensity, 0.5)
			}
			l.Reward = append(l.Reward, 1)
		}
		if l.Overlap().Problem != "" {
			found++
		}
		if logs(rng, 1000).Overlap().Problem != "" {
			alarms++
		}
	}
	if found < 95 || alarms > 5 {
		t.Errorf("found %d of 100 and raised %d false alarms of 100; want at least 95 and at most 5", found, alarms)
	}
}

func TestAllRewardsAlikeDecideNothing(t *testing.T) {
	l := logs(generator(56, 1), 300)
	clear(l.Reward)
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	for name, got := range map[string]Estimate{"ips": r.IPS(l), "snips": r.SNIPS(l)} {
		if got.Value != 0 || got.Interval.Usable() || !got.Interval.Degenerate {
			t.Errorf("%s: got %+v; want 0 without an interval", name, got)
		}
	}
}

func TestLargeLogsAreScaled(t *testing.T) {
	l := logs(generator(57, 1), 2*maxRows)
	r := Resampling{Draws: 200, Seed: 1, Confidence: 0.95}
	half := z(0.95) * math.Sqrt(variance(l.weighed(l.Reward))/(2*maxRows))
	got := r.IPS(l).Interval
	if h := (got.High - got.Low) / 2; math.Abs(h-half) > 0.2*half {
		t.Errorf("half width %g; want about %g", h, half)
	}
	if want := "each draw resamples 100000 of 200000 rows, scaled by the root of their ratio"; got.Detail != want {
		t.Errorf("got %q; want %q", got.Detail, want)
	}
}
