package main

import (
	"context"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/oci"
)

// TestPublishAgainThatDied publishes a version that is there once more, and
// takes away the attempt, which is what a publish leaves that dies before it
// records one: the version stays what it was for everybody, and a third
// publish ends well. A chain that lost more than that is still a cut one.
func TestPublishAgainThatDied(t *testing.T) {
	w := smallWorld(t)
	w.train()
	ref := "oci:" + w.layout + ":1.0.0"
	publish := func() { t.Helper(); w.must(0, "publish", "--dir", w.dir, ref) }
	lose := func(tag string) {
		t.Helper()
		repo, _, err := oci.Open(ref, oci.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := repo.Resolve(context.Background(), tag)
		if err == nil {
			err = repo.Delete(context.Background(), d.Digest)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	publish()
	first := w.must(0, "show", "--jq", ".verdict", ref)
	publish()
	lose("at-000002")
	if got := w.must(0, "show", "--jq", ".verdict", ref); got != first {
		t.Errorf("got\n%s; want\n%s", got, first)
	}
	for _, args := range [][]string{{"gate"}, {"gate", "--replay"}, {"sign"}, {"verify"}} {
		w.must(0, append(args, ref)...)
	}
	if out := w.must(0, "verify", ref); strings.Count(out, "no attempt in the chain names it") != 1 {
		t.Errorf("the verdict that was not recorded is not listed as ignored:\n%s", out)
	}
	publish()
	w.must(0, "gate", ref)
	w.must(0, "gate", "--replay", ref)

	publish()
	lose("at-000003")
	lose("at-000002")
	if status, _, errs := w.weighlock("gate", ref); status != 6 || !strings.Contains(errs, "it ends at 1, and 2 entries are known") {
		t.Errorf("gate of a chain that lost two entries ended with %d: %s", status, errs)
	}
}
