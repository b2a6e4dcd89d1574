package evaluate

import "testing"

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
