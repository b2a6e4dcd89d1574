package gate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/verdict"
)

// A check stands where its limit does, unless its rule says that it is about
// another place.
func TestLocate(t *testing.T) {
	var asked []string
	q := &Question{Locate: func(path string) *verdict.Location {
		asked = append(asked, path)
		return &verdict.Location{File: "weighlock.yaml", Line: len(asked)}
	}}
	checks := []verdict.Check{{Item: "roc_auc"}, {Item: "roc_auc", Place: "data.test.positive"}, {Item: "card"}, {Item: "card", Place: "data"}}
	q.locate(checks, &Input{Spec: InputSpec{Items: SpecItems{Metrics: []evaluate.Item{{ID: "roc_auc", Path: "spec.metrics.roc_auc"}}}}})
	if d := cmp.Diff([]string{"spec.metrics.roc_auc", "data.test.positive", "data"}, asked); d != "" {
		t.Errorf("paths (-want +got):\n%s", d)
	}
	if checks[1].Location.Line != 2 || checks[2].Location != nil || checks[3].Location.Line != 3 {
		t.Errorf("got %+v", checks)
	}
}
