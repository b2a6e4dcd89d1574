package sign_test

import (
	"errors"
	"strings"
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
		"one role of two":    {func() verifier.Key { return trusting("ci", k, "gate") }, noon, `"evaluator" is needed`},
		"the builder's role": {func() verifier.Key { return trusting("author", k, "builder") }, noon, `key "author" has the roles ["builder"]`},
		"another model": {func() verifier.Key {
			l := trusting("ci", k, "gate", "evaluator")
			l.Models = []string{"fraud-*"}
			return l
		}, noon, `this one is "card-default"`},
		"not any more": {func() verifier.Key {
			l := trusting("ci", k, "gate", "evaluator")
			l.Until = "2026-11-20T11:59:59Z"
			return l
		}, noon, "may not sign now"},
		"no clock": {func() verifier.Key {
			l := trusting("ci", k, "gate", "evaluator")
			l.Since = "2026-11-20T11:59:59Z"
			return l
		}, time.Time{}, "may not sign now"},
		"an unlisted key": {func() verifier.Key { return trusting("ci", newKey(t), "gate", "evaluator") }, noon, "signed by nobody"},
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
			if !errors.Is(err, sign.ErrUntrusted) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want ErrUntrusted with %q", err, tt.want)
			}
		})
	}
}
