package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/publish"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/schema"
)

// smallWorld is a team's folder with the small project trained at level
// release, under claimed time.
func smallWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, dir: filepath.Join(dir, "small"), layout: filepath.Join(dir, "models", "small"), env: map[string]string{
		"WEIGHLOCK_CONFIG": filepath.Join(dir, "config"), "WEIGHLOCK_PASSWORD": "pw",
	}}
	if err := os.CopyFS(w.dir, os.DirFS("testdata/small-release")); err != nil {
		t.Fatal(err)
	}
	w.must(0, "keygen", "--claimed-time")
	return w
}

// train commits what is in the folder, and trains.
func (w *world) train() {
	w.t.Helper()
	w.shell("git init -q && git add -A && git -c user.name=t -c user.email=t@example.com commit -q -m x")
	w.must(0, "run", "--dir", w.dir, "--", "cp", "trained.json", "model.json")
}

// TestReplayOfWhatWasAltered changes, in the repository, each file that a
// verdict is replayed from, and then the verdict itself by the gate's own key:
// no replay ends well.
func TestReplayOfWhatWasAltered(t *testing.T) {
	w := smallWorld(t)
	project := filepath.Join(w.dir, "weighlock.yaml")
	write(t, project, bytes.Replace(read(t, project), []byte("recall: {min: 0.60}"), []byte("recall: {min: 0.95}"), 1))
	w.train()
	w.must(3, "publish", "--dir", w.dir, "oci:"+w.layout+":1.0.0")
	ref := "oci:" + w.layout + "@" + strings.TrimSpace(w.must(0, "pack", w.dir))
	w.must(3, "gate", ref)
	w.must(3, "gate", "--replay", ref)

	repo, r, err := oci.Open(ref, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	files, err := catalog.Files(ctx, repo, r.Digest)
	if err != nil {
		t.Fatal(err)
	}
	altered := 0
	for _, f := range files {
		if slices.Contains([]string{"predictions", "parameters", "training"}, f.Role) {
			continue // the evaluation or the verdict names their digests; a replay computes the parameters anew, and training is for the next comparison
		}
		t.Run("altered "+f.Role, func(t *testing.T) {
			altered++
			path := w.blob(f.Descriptor.Digest)
			text := read(t, path)
			defer write(t, path, text)
			write(t, path, append(bytes.Clone(text[:len(text)-1]), text[len(text)-1]^1))
			w.must(6, "gate", "--replay", ref)
		})
	}
	if altered != 3 {
		t.Errorf("%d files were altered; want input, policy and verifier", altered)
	}

	t.Run("verdict rewritten by the gate's own key", func(t *testing.T) {
		forgeAllow(t, w, repo, r.Digest)
		status, out, errs := w.weighlock("gate", "--replay", ref)
		if status != 6 || !strings.Contains(errs, "give another verdict (deny; recorded is allow)") {
			t.Errorf("replay ended with %d: %s%s", status, out, errs)
		}
		w.must(3, "gate", ref) // which judges anew, and believes no verdict
	})
}

// forgeAllow puts, in place of the verdict that says deny, one that says allow
// of the same input.
func forgeAllow(t *testing.T, w *world, repo *oci.Repository, digest string) {
	t.Helper()
	ctx := context.Background()
	bundles, _, err := catalog.Bundles(ctx, repo, digest)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sign.LoadKey(filepath.Join(w.env["WEIGHLOCK_CONFIG"], "weighlock.key"), func() ([]byte, error) { return []byte("pw"), nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bundles {
		if b.Claim != artifact.PredicateType("verdict") {
			continue
		}
		was, err := opened(b.Bundle)
		if err != nil {
			t.Fatal(err)
		}
		var report verdict.Report
		if err := was.Decode(&report); err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse(time.RFC3339, report.Now)
		if err != nil {
			t.Fatal(err)
		}
		report.Outcome, report.Expires = verdict.Allow, now.AddDate(0, 1, 0).Format(time.RFC3339)
		for i := range report.Checks {
			if report.Checks[i].Status == verdict.Fail {
				report.Checks[i].Status = verdict.Pass
			}
		}
		is, err := attest.New("verdict", was.Subject, &report)
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := key.Sign(ctx, is, nil)
		if err != nil {
			t.Fatal(err)
		}
		image, err := repo.Resolve(ctx, digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := repo.Delete(ctx, b.Manifest); err != nil {
			t.Fatal(err)
		}
		if _, err := publish.Attach(ctx, repo, image, is.PredicateType, bundle, now); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("there is no verdict to rewrite")
}

// TestJSONHoldsToItsSchema: what the program prints as JSON is what the
// schemas say, for an allowed and for a refused model, and for the measures.
func TestJSONHoldsToItsSchema(t *testing.T) {
	w := smallWorld(t)
	w.train()
	holds := func(name, text string) {
		t.Helper()
		if err := schema.CheckJSON(name, []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	holds("predicate/verdict", w.must(0, "gate", w.dir, "--output", "json"))
	holds("predicate/verdict", w.must(0, "publish", "--dir", w.dir, "--output", "json", "oci:"+w.layout+":1.0.0"))
	holds("predicate/verdict", w.must(0, "gate", "--output", "json", "oci:"+w.layout+":1.0.0"))
	holds("spec", w.must(0, "spec", w.dir))
	var measures map[string]json.RawMessage
	if err := json.Unmarshal([]byte(w.must(0, "evaluate", "--json", "all", w.dir)), &measures); err != nil {
		t.Fatal(err)
	}
	holds("predicate/evaluation", string(measures["evaluation"]))
	holds("predicate/datacheck", string(measures["datacheck"]))
	var shown struct{ Verdict json.RawMessage }
	if err := json.Unmarshal([]byte(w.must(0, "show", "--json", "all", "oci:"+w.layout+":1.0.0")), &shown); err != nil {
		t.Fatal(err)
	}
	holds("predicate/verdict", string(shown.Verdict))

	write(t, filepath.Join(w.dir, "model.json"), []byte(`{"weight": 2.0, "bias": 0.0}`))
	holds("predicate/verdict", w.must(3, "gate", w.dir, "--output", "json"))
}
