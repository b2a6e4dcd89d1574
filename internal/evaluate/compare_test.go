package evaluate

import (
	"testing"

	"github.com/weighlock/weighlock/internal/stats"
)

// TestCalibrationIsComparedWithItsBias: the difference of two calibration
// errors is biased, and BCa alone would be too sure of it.
func TestCalibrationIsComparedWithItsBias(t *testing.T) {
	r := full(t, newWorld(500))
	r.Spec.Champion.Metric = "ece"
	got := find(t, run(t, r), "ece vs production")
	if got.Status != StatusOK || got.Method != "bootstrap_centred" || got.Draws != 200 || got.Low == nil || *got.Low > *got.Value || *got.High < *got.Value {
		t.Errorf("got %+v; want an interval by bootstrap_centred", got.Measure)
	}
}

// TestNeededForAPairedRate says how many rows would bring the paired interval
// of these shares within the margin; those of the least n are in stats.
func TestNeededForAPairedRate(t *testing.T) {
	for _, metric := range []string{"accuracy", "recall", "fpr"} {
		r := full(t, newWorld(300))
		r.Spec.Champion.Metric, r.Spec.Champion.Margin = metric, 0.5
		wide := find(t, run(t, r), metric+" vs production")
		if wide.Needed != 0 {
			t.Errorf("%s: %d rows are needed for what is decided", metric, wide.Needed)
		}
		// A margin between value and low end leaves it undecided.
		r.Spec.Champion.Margin = -(*wide.Value + *wide.Low) / 2
		got := find(t, run(t, r), metric+" vs production")
		// Twice as near takes four times the rows by the root of n, and fewer
		// here, since the correction for continuity falls off as well.
		if most := 4 * got.N; got.Needed < most*6/10 || got.Needed > most {
			t.Errorf("%s: %d of %d rows are needed; want somewhat less than %d", metric, got.Needed, got.N, most)
		}
	}
	// Where no row is decided otherwise, the ends close in with n itself.
	p := stats.Pairs{Both: 90, Neither: 10}
	i := p.Interval(0.95)
	n, ok := p.Needed(i.Low/4, 0.95)
	if root := 100 * 16; !ok || n >= root {
		t.Errorf("no row decided otherwise: got %d, %v; want fewer than %d", n, ok, root)
	}
}
