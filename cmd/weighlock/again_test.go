package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/catalog"
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

// TestRefusalWhoseAttemptIsGone refuses a version that is there, by a stricter
// verifier file, and takes away the attempt that recorded it: the refusal is
// not forgotten for that.
func TestRefusalWhoseAttemptIsGone(t *testing.T) {
	w := smallWorld(t)
	w.train()
	ref := "oci:" + w.layout + ":1.0.0"
	w.must(0, "publish", "--dir", w.dir, ref)
	file := filepath.Join(w.env["WEIGHLOCK_CONFIG"], "verifier.yaml")
	held := read(t, file)
	write(t, file, append(bytes.Clone(held), "least: {metrics: {roc_auc: {min: 0.999}}}\n"...))
	w.must(3, "publish", "--dir", w.dir, ref)
	write(t, file, held)
	w.must(0, "gate", ref) // by the rules of before, with the refusal on record
	repo, _, err := oci.Open(ref, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := repo.Resolve(context.Background(), "at-000002")
	if err == nil {
		err = repo.Delete(context.Background(), d.Digest)
	}
	if err != nil {
		t.Fatal(err)
	}
	if status, out, errs := w.weighlock("gate", ref); status != 6 || !strings.Contains(errs, "it ends at 1, and 2 entries are known") {
		t.Errorf("gate ended with %d: %s%s", status, out, errs)
	}

	// Another model takes the place that is free, and the chain looks whole.
	other := filepath.Join(t.TempDir(), "small")
	if err := os.CopyFS(other, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	trained := filepath.Join(other, "trained.json")
	write(t, trained, append(read(t, trained), '\n'))
	w.must(0, "run", "--dir", other, "--", "cp", "trained.json", "model.json")
	w.must(0, "publish", "--dir", other, "oci:"+w.layout+":1.1.0")
	w.must(0, "gate", "oci:"+w.layout+":1.1.0")
	if status, out, errs := w.weighlock("gate", ref); status != 6 || !strings.Contains(errs, `is "deny", and no attempt in`) {
		t.Errorf("gate ended with %d: %s%s", status, out, errs)
	}
	w.must(0, "publish", "--dir", w.dir, ref)
	w.must(0, "gate", ref)
	if got := w.must(0, "show", "--json", "attempts", "--jq", ".attempts | length", ref); strings.TrimSpace(got) != "4" {
		t.Errorf("the chain counts %s attempts; want 4: two publishes, what was lost, and another model", got)
	}
}

// TestPublishBesideAVerdictThatIsGone refuses a version that is there, and
// takes the verdict's bytes away: what it said cannot be recorded any more, so
// the version is not published again over it.
func TestPublishBesideAVerdictThatIsGone(t *testing.T) {
	w := smallWorld(t)
	w.train()
	ref := "oci:" + w.layout + ":1.0.0"
	w.must(0, "publish", "--dir", w.dir, ref)
	repo, _, err := oci.Open(ref, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	image, err := repo.Resolve(t.Context(), "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	attached, _, err := catalog.Bundles(t.Context(), repo, image.Digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attached {
		if a.Claim == artifact.PredicateType("verdict") {
			if err := os.Remove(filepath.Join(w.layout, "blobs", "sha256", artifact.Hex(a.Digest))); err != nil {
				t.Fatal(err)
			}
		}
	}
	status, out, errs := w.weighlock("publish", "--dir", w.dir, ref)
	if status != 6 || !strings.Contains(errs, "is listed in oci:"+w.layout+" and cannot be read") {
		t.Errorf("publish ended with %d: %s%s", status, out, errs)
	}
}
