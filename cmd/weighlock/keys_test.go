package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

const keysProject = `name: keys
task: binary
file: model.json
level: start
data:
  train: {file: train.csv, id: id, label: y, time: day}
  test: {file: test.csv, id: id, label: y, time: day}
  near_duplicates: {max: 0.5}
predictions: {file: preds.csv, column: p, threshold: 0.5}
spec:
  judge: bound
  confidence: 0.95
  draws: 400
  metrics: {roc_auc: {min: 0.6}, recall: {min: 0.4}, log_loss: {max: 0.7}}
  baseline: {metric: roc_auc, gain: 0.02}
  champion: {channel: production, metric: log_loss, margin: 0.05}
  slices: {by: [region, "age:40"], recall: {min: 0.2, max_gap: 0.4}, min_rows: 20, too_small: undecided}
  fairness: {by: [sex], tpr_difference: {max: 0.5}, min_rows: 20}
  drift: {method: psi, max: 0.5, columns: [x, age]}
`

// keysWorld is a small project that uses every key of the spec. Its first
// version is the champion of production; the one in the folder is a bit worse.
func keysWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, dir: filepath.Join(dir, "keys"), layout: filepath.Join(dir, "models", "keys"), env: map[string]string{
		"WEIGHLOCK_CONFIG": filepath.Join(dir, "config"), "WEIGHLOCK_PASSWORD": "pw",
	}}
	if err := os.Mkdir(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(w.dir, "model.json"), []byte("{}\n"))
	var candidate string
	r := rand.New(rand.NewPCG(1, 2))
	for _, set := range []struct {
		name string
		rows int
	}{{"train", 600}, {"test", 800}} {
		rows, preds, worse := "id,day,region,sex,age,x,y\n", "id,p\n", "id,p\n"
		for i := range set.rows {
			x, age := r.NormFloat64(), 20+r.IntN(50)
			y, p := 0, 1/(1+math.Exp(-1.5*x))
			if r.Float64() < p {
				y = 1
			}
			id := fmt.Sprintf("%s%d", set.name, i)
			rows += fmt.Sprintf("%s,2026-01-%02d,%s,%s,%d,%.4f,%d\n", id, 1+i%28, []string{"south", "north"}[min(1, r.IntN(8))], []string{"f", "m"}[r.IntN(2)], age, x, y)
			preds += fmt.Sprintf("%s,%.6f\n", id, p)
			worse += fmt.Sprintf("%s,%.6f\n", id, 0.5+0.7*(p-0.5))
		}
		write(t, filepath.Join(w.dir, set.name+".csv"), []byte(rows))
		write(t, filepath.Join(w.dir, "preds.csv"), []byte(preds))
		candidate = worse
	}
	write(t, filepath.Join(w.dir, "weighlock.yaml"), []byte(keysProject))
	w.must(0, "keygen", "--level", "start", "--claimed-time")
	w.must(0, "publish", "--dir", w.dir, "oci:"+w.layout+":1.0.0")
	digest := strings.TrimSpace(w.must(0, "pack", w.dir))
	path := filepath.Join(w.env["WEIGHLOCK_CONFIG"], "verifier.yaml")
	write(t, path, []byte(strings.Replace(string(read(t, path)), "champion: none", "champion: "+digest, 1)))
	write(t, filepath.Join(w.dir, "model.json"), []byte("{ }\n"))
	write(t, filepath.Join(w.dir, "preds.csv"), []byte(candidate))
	return w
}

// checks judges the folder under a project file, and returns the checks by
// rule and item.
func (w *world) checks(project string) map[string]verdict.Check {
	w.t.Helper()
	write(w.t, filepath.Join(w.dir, "weighlock.yaml"), []byte(project))
	_, out, errs := w.weighlock("gate", w.dir, "--repository", "oci:"+w.layout, "--output", "json")
	var r verdict.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		w.t.Fatalf("%v\n%s%s", err, out, errs)
	}
	found := map[string]verdict.Check{}
	for _, c := range r.Checks {
		found[c.Rule+" "+c.Item] = c
	}
	return found
}

// TestSpecKeys changes one key of the project file at a time, and sees the
// check change that the key is about: no key is read and then forgotten.
func TestSpecKeys(t *testing.T) {
	w := keysWorld(t)
	base := w.checks(keysProject)
	for name, c := range base {
		if c.Status != verdict.Pass && c.Status != verdict.NotApplicable && c.Rule != "trust/single_signer" && c.Rule != "evidence/attempts" {
			t.Errorf("%s is %s before anything is changed: %s", name, c.Status, c.Message)
		}
	}
	auc := base["evaluation/metrics roc_auc"]
	if auc.Observed == nil || auc.Observed.Value == nil || auc.Observed.Low == nil {
		t.Fatalf("roc_auc has no interval: %+v", auc)
	}
	between := fmt.Sprintf("roc_auc: {min: %.6f}", (*auc.Observed.Value+*auc.Observed.Low)/2)

	for name, test := range map[string]struct{ was, is, check, status string }{
		"metrics min":            {"roc_auc: {min: 0.6}", "roc_auc: {min: 0.99}", "evaluation/metrics roc_auc", "fail"},
		"metrics max":            {"log_loss: {max: 0.7}", "log_loss: {max: 0.1}", "evaluation/metrics log_loss", "fail"},
		"judge bound":            {"roc_auc: {min: 0.6}", between, "evaluation/metrics roc_auc", "fail"},
		"judge point":            {"judge: bound|roc_auc: {min: 0.6}", "judge: point|" + between, "evaluation/metrics roc_auc", "pass"},
		"threshold":              {"threshold: 0.5", "threshold: 0.9", "evaluation/metrics recall", "fail"},
		"positive":               {"test: {file: test.csv, id: id, label: y, time: day}", "test: {file: test.csv, id: id, label: y, time: day, positive: 0}", "evaluation/metrics roc_auc", "fail"},
		"baseline gain":          {"gain: 0.02", "gain: 0.49", "evaluation/baseline roc_auc vs prior", "fail"},
		"baseline metric":        {"baseline: {metric: roc_auc", "baseline: {metric: log_loss", "evaluation/baseline log_loss vs prior", "pass"},
		"champion margin":        {"margin: 0.05", "margin: 0", "evaluation/champion log_loss vs production", "fail"},
		"champion metric":        {"production, metric: log_loss", "production, metric: brier", "evaluation/champion brier vs production", "pass"},
		"champion of no channel": {"channel: production", "channel: staging", "evaluation/champion log_loss vs staging", "undecided"},
		"slices by":              {"by: [region, ", "by: [sex, ", "evaluation/slices recall{sex=f}", "pass"},
		"slices edges":           {"age:40", "age:30,60", "evaluation/slices recall{age=[30,60)}", "pass"},
		"slices min":             {"recall: {min: 0.2", "recall: {min: 0.95", "evaluation/slices recall{region=north}", "fail"},
		"slices max_gap":         {"max_gap: 0.4", "max_gap: 0.001", "evaluation/slices recall gap{region=south}", "fail"},
		"slices min_rows":        {"max_gap: 0.4}, min_rows: 20", "max_gap: 0.4}, min_rows: 120", "evaluation/slices recall{region=south}", "undecided"},
		"slices too_small":       {"min_rows: 20, too_small: undecided", "min_rows: 120, too_small: report", "evaluation/slices recall{region=south}", "warn"},
		"fairness by":            {"fairness: {by: [sex]", "fairness: {by: [region]", "evaluation/fairness tpr_difference{region}", "pass"},
		"fairness min_rows":      {"max: 0.5}, min_rows: 20}", "max: 0.5}, min_rows: 700}", "evaluation/fairness tpr_difference{sex}", "undecided"},
		"drift columns":          {"columns: [x, age]", "columns: [x, age, region]", "drift/training_data region", "pass"},
		"drift of all columns":   {", columns: [x, age]", "", "drift/training_data sex", "pass"},
		"level":                  {"level: start", "level: release", "spec/before_training keys", "undecided"},
	} {
		t.Run(name, func(t *testing.T) {
			project := keysProject
			was, is := strings.Split(test.was, "|"), strings.Split(test.is, "|")
			for i := range was {
				if !strings.Contains(project, was[i]) {
					t.Fatalf("the project file does not hold %q", was[i])
				}
				project = strings.Replace(project, was[i], is[i], 1)
			}
			got, ok := w.checks(project)[test.check]
			if !ok || string(got.Status) != test.status {
				t.Errorf("%s: got %s (%s); want %s", test.check, got.Status, got.Message, test.status)
			}
			if before, ok := base[test.check]; ok && before.Status == got.Status && before.Message == got.Message {
				t.Errorf("%s is as before: %s", test.check, got.Message)
			}
		})
	}
	for name, test := range map[string]struct{ was, is, check string }{
		"confidence": {"confidence: 0.95", "confidence: 0.5", "evaluation/metrics roc_auc"},
		"draws":      {"draws: 400", "draws: 5000", "evaluation/metrics log_loss"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.checks(strings.Replace(keysProject, test.was, test.is, 1))[test.check]
			before := base[test.check]
			if got.Observed == nil || got.Observed.Low == nil || *got.Observed.Low == *before.Observed.Low {
				t.Errorf("%s has the same interval: %+v", test.check, got.Observed)
			}
		})
	}
	t.Run("time", func(t *testing.T) {
		all := strings.Replace(keysProject, ", columns: [x, age]", "", 1)
		if _, ok := w.checks(all)["drift/training_data day"]; ok {
			t.Error("the column that dates a row is compared for drift")
		}
		if _, ok := w.checks(strings.ReplaceAll(all, ", time: day", ""))["drift/training_data day"]; !ok {
			t.Error("a column that is not said to date a row is not compared")
		}
	})
}
