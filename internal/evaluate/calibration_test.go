package evaluate

import (
	"testing"

	"github.com/weighlock/weighlock/internal/project"
)

// TestCalibrationKnowsItsNoise: every calibration metric is biased upwards by
// chance, and says how far chance alone reaches, so that a limit inside of that
// is undecided.
func TestCalibrationKnowsItsNoise(t *testing.T) {
	w := newWorld(400)
	r := request(t, w.test, w.predictions)
	for _, name := range []string{"ece", "ece_count", "mce", "brier_reliability"} {
		r.Spec.Metrics[name] = project.Limit{Max: ptr(0.001)}
	}
	got := run(t, r)
	for name := range r.Spec.Metrics {
		m := find(t, got, name).Measure
		if m.Status != StatusOK || m.Null95 == nil || *m.Null95 <= 0.0001 || m.Low == nil || *m.Low > *m.Value || m.Needed <= m.N {
			t.Errorf("%s of a calibrated model: got %+v; want the reach of chance, and more rows needed than there are", name, m)
		}
	}
}
