package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/lineage"
)

var update = flag.Bool("update", false, "rewrite the golden claims")

// fixtures say what is imported of testdata/<importer>, whose files are
// written by hand in the tools' documented forms. What a real server writes
// has not been tried.
var fixtures = map[string]struct{ from, model, predictions string }{
	"mlflow-files": {
		"mlruns/1/0123456789abcdef0123456789abcdef",
		"mlruns/1/0123456789abcdef0123456789abcdef/artifacts/model/model.pkl", "",
	},
	"mlflow-sqlite": {
		"mlflow.db",
		"mlruns/1/fedcba9876543210fedcba9876543210/artifacts/model.joblib",
		"mlruns/1/fedcba9876543210fedcba9876543210/artifacts/test_predictions.csv",
	},
	"dvc": {"dvc.lock", "model.joblib", "preds.csv"},
}

// workdir is a copy of an importer's fixture.
func workdir(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestConformance holds every importer to the same promises.
func TestConformance(t *testing.T) {
	for _, i := range importers {
		t.Run(i.name, func(t *testing.T) {
			f, ok := fixtures[i.name]
			if !ok {
				t.Fatalf("importer %s has no fixture", i.name)
			}
			dir := workdir(t, i.name)
			before := content(t, dir)
			c, err := Import(context.Background(), Options{Root: dir, From: filepath.Join(dir, f.from)})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(before, content(t, dir)); d != "" {
				t.Errorf("importing has written: %s", d)
			}
			if c.Importer != i.name || c.Model != f.model || c.Predictions != f.predictions {
				t.Errorf("got %s, model %q, predictions %q; want %s, %q, %q", c.Importer, c.Model, c.Predictions, i.name, f.model, f.predictions)
			}
			text, err := c.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", i.name+".json"), text)
			if read, err := ParseClaim(text); err != nil || read.Lineage.Run != c.Lineage.Run {
				t.Errorf("read back: %v, %v", read, err)
			}
			promises(t, c, dir)
			again, err := Import(context.Background(), Options{Root: dir, From: filepath.Join(dir, f.from)})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c, again); d != "" {
				t.Errorf("the same run gives another claim: %s", d)
			}
		})
	}
	if len(fixtures) != len(importers) {
		t.Errorf("%d fixtures for %d importers", len(fixtures), len(importers))
	}
}

// promises are what holds for the claim of every tool.
func promises(t *testing.T, c *Claim, dir string) {
	t.Helper()
	if c.Lineage.Grade != "claimed" {
		t.Errorf("grade is %q", c.Lineage.Grade)
	}
	for _, path := range []string{"environment", "signature"} {
		found := false
		for _, g := range c.Missing {
			found = found || g.Path == path && g.Why != ""
		}
		if !found {
			t.Errorf("%s is not named as missing", path)
		}
	}
	files := append([]File{}, c.Lineage.Outputs...)
	for _, in := range c.Lineage.Inputs {
		files = append(files, File{Path: in.Path, Digest: in.Digest, Size: in.Size})
		if in.URI != "" {
			if err := lineage.Pinned(in.URI); err != nil {
				t.Error(err)
			}
		}
	}
	for _, f := range append(files, c.Read...) {
		digest, size, err := hash(filepath.Join(dir, f.Path))
		if err != nil || digest != f.Digest || size != f.Size {
			t.Errorf("%s: got %s, %d bytes; the file has %s, %d (%v)", f.Path, f.Digest, f.Size, digest, size, err)
		}
	}
	text, err := c.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret", "X-Amz", "/home/", dir} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the claim holds %q", secret)
		}
	}
	completed(t, c)
}

// completed proves that a claim's fields are those of schema/lineage/v1: with
// what is missing filled in, it is a whole lineage.
func completed(t *testing.T, c *Claim) {
	t.Helper()
	text, err := canonical.Marshal(c.Lineage)
	if err != nil {
		t.Fatal(err)
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]any{
		"model": map[string]any{"name": "churn"}, "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:01Z",
		"command": []string{"python", "train.py"}, "code": map[string]any{"status": "unknown"}, "inputs": []any{},
		"packages":    map[string]any{"status": "unknown", "list": []any{}},
		"environment": map[string]any{"os": "linux", "arch": "amd64", "cores": 2, "gpus": []any{}},
	} {
		if _, said := whole[key]; !said {
			whole[key] = value
		}
	}
	if text, err = canonical.Marshal(whole); err != nil {
		t.Fatal(err)
	}
	if _, err := lineage.Parse(text); err != nil {
		t.Error(err)
	}
}

func golden(t *testing.T, name string, text []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := os.WriteFile(name, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), pretty.String()); d != "" {
		t.Errorf("%s (rewrite with -update): %s", name, d)
	}
}

func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		out[p] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRefused spoils one thing of a fixture at a time.
func TestRefused(t *testing.T) {
	const run = "mlruns/1/0123456789abcdef0123456789abcdef/"
	const inRun, inDB, inLock = "DIR/mlruns/1/0123456789abcdef0123456789abcdef: ", "DIR/mlflow.db: ", "DIR/dvc.lock: "
	for name, c := range map[string]struct {
		importer, file, old, new string // an empty old replaces the whole file
		run, model, want         string
	}{
		"a run that failed":                {importer: "mlflow-files", file: run + "meta.yaml", old: "status: 3", new: "status: 4", want: inRun + "run 0123456789abcdef0123456789abcdef is FAILED in MLflow, not FINISHED\nhint: import a run that ended well"},
		"a state that MLflow has not":      {importer: "mlflow-files", file: run + "meta.yaml", old: "status: 3", new: "status: 9", want: inRun + "meta.yaml: status 9 is none of MLflow's 1 to 5"},
		"a state in words":                 {importer: "mlflow-files", file: run + "meta.yaml", old: "status: 3", new: "status: FINISHED", want: inRun + "meta.yaml: status FINISHED is none of MLflow's 1 to 5"},
		"a run that was deleted":           {importer: "mlflow-files", file: run + "meta.yaml", old: "lifecycle_stage: active", new: "lifecycle_stage: deleted", want: inRun + "run 0123456789abcdef0123456789abcdef is deleted in MLflow\nhint: import another run, or restore this one: mlflow runs restore --run-id 0123456789abcdef0123456789abcdef"},
		"an end before the start":          {importer: "mlflow-files", file: run + "meta.yaml", old: "end_time: 1763650061999", new: "end_time: 1", want: inRun + "run 0123456789abcdef0123456789abcdef ended before it started"},
		"a time that is none":              {importer: "mlflow-files", file: run + "meta.yaml", old: "start_time: 1763650000123", new: "start_time: -5", want: inRun + "run 0123456789abcdef0123456789abcdef: start_time -5 is not a time"},
		"two ids":                          {importer: "mlflow-files", file: run + "meta.yaml", old: "run_uuid: 0", new: "run_uuid: 1", want: `DIR/mlruns/1/0123456789abcdef0123456789abcdef/meta.yaml: run_id is "0123456789abcdef0123456789abcdef" and run_uuid "1123456789abcdef0123456789abcdef", which are two names of one thing`},
		"another run than asked for":       {importer: "mlflow-files", run: "r2", want: inRun + "this is run 0123456789abcdef0123456789abcdef, not r2\nhint: leave --run out, or name the folder of the run that you mean"},
		"a metric that is no number":       {importer: "mlflow-files", file: run + "metrics/f1", new: "1 high 0\n", want: inRun + `metrics/f1: line 1: "high" is no number`},
		"a metric line of an unknown form": {importer: "mlflow-files", file: run + "metrics/f1", new: "1 2 3 4\n", want: inRun + "metrics/f1: line 1 has 4 words; known are 2, 3 and 5"},
		"a metric without its time":        {importer: "mlflow-files", file: run + "metrics/f1", new: "1 0.5 0\nsoon 0.5 1\n", want: inRun + `metrics/f1: line 2: "soon" is no timestamp`},
		"a metric without its step":        {importer: "mlflow-files", file: run + "metrics/f1", new: "1 0.5 last\n", want: inRun + `metrics/f1: line 1: "last" is no step`},
		"a dataset without a digest":       {importer: "mlflow-files", file: "mlruns/1/datasets/d1/meta.yaml", new: "name: churn\n", want: inRun + "inputs/i1: dataset d1 has no name or no digest"},
		"an input that says nothing":       {importer: "mlflow-files", file: run + "inputs/i2/other", new: "x", want: inRun + "inputs/i2 has no meta.yaml"},
		"an empty metric":                  {importer: "mlflow-files", file: run + "metrics/f1", new: "\n", want: inRun + "metrics/f1: it holds no value"},
		"a model of another run":           {importer: "mlflow-files", file: run + "artifacts/model/MLmodel", old: "run_id: 0", new: "run_id: 1", want: inRun + "mlruns/1/0123456789abcdef0123456789abcdef/artifacts/model/MLmodel is of run 1123456789abcdef0123456789abcdef, not of 0123456789abcdef0123456789abcdef"},
		"an MLmodel without flavors":       {importer: "mlflow-files", file: run + "artifacts/model/MLmodel", new: "a: 1\n", want: inRun + "mlruns/1/0123456789abcdef0123456789abcdef/artifacts/model/MLmodel: it names no flavors, so it is no MLmodel file of a known form"},
		"a dataset outside the store":      {importer: "mlflow-files", file: run + "inputs/i1/meta.yaml", old: "source_id: d1", new: "source_id: ../../x", want: inRun + `inputs/i1: source_id "../../x" is no dataset's id`},
		"a model that is not there":        {importer: "mlflow-files", model: "gone.pkl", want: "stat DIR/gone.pkl: no such file or directory"},

		"an unknown run":              {importer: "mlflow-sqlite", run: "r2", want: inDB + "there is no run r2\nhint: without --run the latest are told"},
		"a failed run of several":     {importer: "mlflow-sqlite", run: "00000000000000000000000000000bad", want: inDB + "run 00000000000000000000000000000bad is FAILED in MLflow, not FINISHED\nhint: import a run that ended well"},
		"a file that is cut off":      {importer: "mlflow-sqlite", file: "mlflow.db", new: "SQLite format 3\x00", want: inDB + "reading it: file is not a database (26)"},
		"a file with unwritten pages": {importer: "mlflow-sqlite", file: "mlflow.db-wal", new: "x", want: inDB + "mlflow.db-wal is not empty: MLflow is writing, or was stopped while it wrote\nhint: stop MLflow, and run: sqlite3 mlflow.db 'PRAGMA wal_checkpoint(TRUNCATE)'"},

		"an unknown lock":           {importer: "dvc", file: "dvc.lock", old: "schema: '2.0'", new: "schema: '3.0'", want: inLock + "dvc.lock: schema \"3.0\" is unknown; known is 2.0\nhint: `dvc repro` of DVC 2 or later writes it"},
		"a lock without schema":     {importer: "dvc", file: "dvc.lock", old: "schema: '2.0'", new: "x: 1", want: inLock + "dvc.lock: schema \"\" is unknown; known is 2.0\nhint: `dvc repro` of DVC 2 or later writes it"},
		"a lock without stages":     {importer: "dvc", file: "dvc.lock", new: "schema: '2.0'\n", want: inLock + "dvc.lock names no stage\nhint: run `dvc repro` first"},
		"a stage that is not there": {importer: "dvc", run: "fit", want: inLock + "dvc.lock has no stage \"fit\"\nhint: its stages are prepare, score, train"},
		"a hash that is unknown":    {importer: "dvc", file: "dvc.lock", old: "hash: md5", new: "hash: blake3", want: inLock + `dvc.lock: data/train.csv: hash "blake3" is unknown; known is md5`},
		"a model that was changed":  {importer: "dvc", file: "model.joblib", new: "another", want: inLock + "model.joblib is not the file that dvc.lock names: it has changed since\nhint: `dvc checkout` brings it back; `dvc repro` makes it anew"},
		"a command that is no text": {importer: "dvc", file: "dvc.lock", old: "cmd: python train.py", new: "cmd: {a: b}", want: inLock + "stage train: cmd is neither a command nor a list of them"},
		"a command of no word":      {importer: "dvc", file: "dvc.lock", old: "cmd: python train.py", new: "cmd: []", want: inLock + "stage train: cmd is neither a command nor a list of them"},
		"a parameter of two values": {importer: "dvc", file: "dvc.lock", old: "params.yaml:\n", new: "params.yaml:\n        z.y: 1\n        z: {y: 2}\n", want: inLock + "stage train: parameter z.y stands twice, as 2 and 1"},
		"metrics that are no JSON":  {importer: "dvc", file: "metrics.json", new: "{", want: inLock + "metrics.json: unexpected end of JSON input"},
		"a lock that is no YAML":    {importer: "dvc", file: "dvc.lock", new: "a: [", want: inLock + "dvc.lock: yaml: line 1: did not find expected node content"},
		"a key that stands twice":   {importer: "dvc", file: "dvc.lock", old: "schema: '2.0'", new: "schema: '2.0'\nschema: '2.0'", want: inLock + "dvc.lock: yaml: unmarshal errors:\n  line 2: mapping key \"schema\" already defined at line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := workdir(t, c.importer)
			if c.file != "" {
				spoil(t, filepath.Join(dir, c.file), c.old, c.new)
			}
			_, err := Import(context.Background(), Options{Root: dir, From: filepath.Join(dir, fixtures[c.importer].from), Run: c.run, Model: c.model})
			if !errors.Is(err, ErrUnfit) {
				t.Fatalf("got %v; want a refusal", err)
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != c.want {
				t.Errorf("got %q; want %q", got, c.want)
			}
		})
	}
}

func spoil(t *testing.T, name, old, with string) {
	t.Helper()
	if old != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(old)) {
			t.Fatalf("%s does not hold %q", name, old)
		}
		with = strings.ReplaceAll(string(text), old, with)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(with), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownFormat(t *testing.T) {
	dir := t.TempDir()
	spoil(t, filepath.Join(dir, "x"), "", "SQLite format 4")
	for _, from := range []string{dir, filepath.Join(dir, "x"), filepath.Join(dir, "none")} {
		if _, err := Import(context.Background(), Options{Root: dir, From: from}); !errors.Is(err, ErrUnfit) {
			t.Errorf("%s: got %v; want a refusal", from, err)
		}
	}
}

// TestChangedInput: data that is no longer what DVC saw is not pinned.
func TestChangedInput(t *testing.T) {
	dir := workdir(t, "dvc")
	spoil(t, filepath.Join(dir, "data/train.csv"), "", "c,d\n")
	c, err := Import(context.Background(), Options{Root: dir, From: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Lineage.Inputs) != 0 {
		t.Errorf("got inputs %v; want none", c.Lineage.Inputs)
	}
	want := Gap{"inputs", "not pinned: data/train.csv has changed since; images is a folder, whose MD5 is of a list; train.py has changed since"}
	for _, g := range c.Missing {
		if g.Path == "inputs" && g != want {
			t.Errorf("got %v; want %v", g, want)
		}
	}
}
