package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
)

// TestEveryErrorSaysWhatToDo shows that an error that brings no advice of its
// own gets that of its exit status, and that one that does keeps its own.
func TestEveryErrorSaysWhatToDo(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"its own":   {fmt.Errorf("%w: no key\nhint: make one", gate.ErrUsage), "no key\nhint: make one"},
		"usage":     {fmt.Errorf("%w: no key", gate.ErrUsage), "no key\nhint: `weighlock doctor` checks the project, the keys and the registry; --help shows what a command takes"},
		"integrity": {fmt.Errorf("%w: altered", gate.ErrIntegrity), "integrity: altered\nhint: it is not what was signed or pinned: fetch or make it anew, and find out who changed it; never sign over it"},
		"network":   {fmt.Errorf("%w: down", oci.ErrNetwork), oci.ErrNetwork.Error() + ": down\nhint: nothing counts until it is done; run it again once the address answers"},
		"too late":  {context.DeadlineExceeded, "context deadline exceeded\nhint: nothing counts until it is done; run it again once the address answers"},
		"a fault":   {errors.New("disk on fire"), "disk on fire\nhint: nothing was decided, and nothing may pass by it; `weighlock doctor` looks for the cause"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := advised(tt.err); got != tt.want {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
	for _, s := range statuses {
		if s.exit != 130 && advice[s.exit] == "" {
			t.Errorf("nothing is advised at exit status %d", s.exit)
		}
	}
}
