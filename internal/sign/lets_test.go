package sign_test

import (
	"errors"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

func TestLetsSayWhetherASignatureWouldCount(t *testing.T) {
	k := newKey(t)
	tests := map[string]struct {
		listed func() verifier.Key
		now    time.Time
		want   string // empty: it counts
	}{
		"both roles":         {func() verifier.Key { return trusting("ci", k, "gate", "evaluator") }, noon, ""},
		"one role of two":    {func() verifier.Key { return trusting("ci", k, "gate") }, noon, `key "ci" has the roles ["gate"], and "evaluator" is needed`},
		"the builder's role": {func() verifier.Key { return trusting("author", k, "builder") }, noon, `key "author" has the roles ["builder"], and "evaluator" is needed`},
		"another model": {func() verifier.Key {
			l := trusting("ci", k, "gate", "evaluator")
			l.Models = []string{"fraud-*"}
			return l
		}, noon, `key "ci" may sign for models ["fraud-*"], and this one is "card-default"`},
		"not any more": {func() verifier.Key {
			l := trusting("ci", k, "gate", "evaluator")
			l.Until = "2026-11-20T11:59:59Z"
			return l
		}, noon, `key "ci" may not sign now (until 2026-11-20T11:59:59Z)`},
		"no clock": {func() verifier.Key {
			l := trusting("ci", k, "gate", "evaluator")
			l.Since = "2026-11-20T11:59:59Z"
			return l
		}, time.Time{}, `key "ci" may not sign now (since 2026-11-20T11:59:59Z)`},
		"an unlisted key": {func() verifier.Key { return trusting("ci", newKey(t), "gate", "evaluator") }, noon, "signed by nobody whom the verifier file lists: the key \"" + k.Hint() + `"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := newTrust(t, keys(tt.listed()), sign.At(tt.now)).Lets(k, "card-default", "evaluator", "gate")
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v; want no error", err)
				}
				return
			}
			if !errors.Is(err, sign.ErrUntrusted) || err.Error() != tt.want {
				t.Errorf("got %v; want ErrUntrusted that says %s", err, tt.want)
			}
		})
	}
}
