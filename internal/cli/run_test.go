package cli

import (
	"testing"

	"github.com/weighlock/weighlock/internal/scorer"
)

// TestWhatAScorerCouldReachIsSaid covers systems that the scripts do not run on.
func TestWhatAScorerCouldReachIsSaid(t *testing.T) {
	hint := "\nhint: weighlock help scorer says what it is kept from, and where\n"
	for name, c := range map[string]struct {
		confined *scorer.Confinement
		want     string
	}{
		"nothing":     {&scorer.Confinement{Network: "none", Labels: "hidden"}, ""},
		"the network": {&scorer.Confinement{Network: "open", Labels: "hidden", Why: []string{"a", "b"}}, "warning: the scorer could have reached the network, and the statement says so: a; b" + hint},
		"both":        {&scorer.Confinement{Network: "open", Labels: "in_reach", Why: []string{"a"}}, "warning: the scorer could have reached the network and the labels in the test set, and the statement says so: a" + hint},
		"unknown":     {&scorer.Confinement{}, "warning: the scorer could have reached the network and the labels in the test set, and the statement says so: " + hint},
		"no word":     {nil, "warning: nothing says what the scorer was kept from\n"},
	} {
		if got := inReach(c.confined); got != c.want {
			t.Errorf("%s: got %q; want %q", name, got, c.want)
		}
	}
}
