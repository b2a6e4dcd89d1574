package evidence

import (
	"bytes"
	"context"
	"database/sql"
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
		"another run than asked for":       {importer: "mlflow-files", run: "r2", want: inRun + "this is run bold-wren-12 (0123456789abcdef0123456789abcdef), not r2\nhint: leave --run out, or name the folder of the run that you mean"},
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

		"an unknown run":              {importer: "mlflow-sqlite", run: "r2", want: inDB + "there is no run r2\nhint: the latest are fedcba9876543210fedcba9876543210"},
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

// TestWhichRun chooses among the runs of a file store, and of an SQLite file,
// which holds those of the fixture under names of their own.
func TestWhichRun(t *testing.T) {
	const good, other, bad = "0123456789abcdef0123456789abcdef", "11111111111111111111111111111111", "22222222222222222222222222222222"
	files := workdir(t, "mlflow-files")
	run := filepath.Join(files, "mlruns/1", good)
	for id, edit := range map[string]*strings.Replacer{
		other: strings.NewReplacer(good, other, "bold-wren-12", "calm-owl-3", "end_time: 1763650061999", "end_time: 1763650061000"),
		bad:   strings.NewReplacer(good, bad, "bold-wren-12", "sad-crow-9", "status: 3", "status: 4"),
	} {
		text, err := os.ReadFile(filepath.Join(run, "meta.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		spoil(t, filepath.Join(files, "mlruns/2", id, "meta.yaml"), "", edit.Replace(string(text)))
	}
	spoil(t, filepath.Join(files, "mlruns/1/meta.yaml"), "", "experiment_id: '1'\nname: churn\n")
	spoil(t, filepath.Join(files, "mlruns/0/meta.yaml"), "", "experiment_id: '0'\nname: Default\n")
	spoil(t, filepath.Join(files, "recipe/meta.yaml"), "", "{% set version = 1 %}")
	base := workdir(t, "mlflow-sqlite")
	name := func(t *testing.T, id, name string) {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(base, "mlflow.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)", name, id); err != nil {
			t.Fatal(err)
		}
	}
	const inDB, failed = "fedcba9876543210fedcba9876543210", "00000000000000000000000000000bad"
	name(t, inDB, "bold-crow")
	name(t, failed, "sad-crow")

	tests := map[string]struct{ root, from, run, want string }{ // an id, or a refusal
		"by its id in mlruns":           {files, "mlruns", good, good},
		"by its name in mlruns":         {files, "mlruns", "calm-owl-3", other},
		"by its name in an experiment":  {files, "mlruns/2", "calm-owl-3", other},
		"by its name in its own folder": {files, "mlruns/1/" + good, "bold-wren-12", good},
		"the only one of an experiment": {files, "mlruns/1", "", good},
		"the only one that finished":    {files, "mlruns/2", "", other},
		"one of two":                    {files, "mlruns", "", "it holds several runs\nhint: say which with --run; the latest are bold-wren-12 (" + good + "), calm-owl-3 (" + other + ")"},
		"none":                          {files, "mlruns/0", "", "it holds no run that has finished"},
		"none of that name":             {files, "mlruns/0", "r", "there is no run r, nor any other that has finished"},
		"an unknown one":                {files, "mlruns", "shy-ant-1", "there is no run shy-ant-1\nhint: the latest are bold-wren-12 (" + good + "), calm-owl-3 (" + other + ")"},
		"one that failed, by its name":  {files, "mlruns", "sad-crow-9", "run " + bad + " is FAILED in MLflow, not FINISHED\nhint: import a run that ended well"},
		"by its name in SQLite":         {base, "mlflow.db", "bold-crow", inDB},
		"an unknown one in SQLite":      {base, "mlflow.db", "shy-ant-1", "there is no run shy-ant-1\nhint: the latest are bold-crow (" + inDB + ")"},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			c, err := Import(t.Context(), Options{Root: tt.root, From: filepath.Join(tt.root, tt.from), Run: tt.run})
			var got string
			if err == nil {
				got = c.Lineage.Run
			} else {
				got = strings.TrimPrefix(err.Error(), filepath.Join(tt.root, tt.from)+": ")
			}
			if got != tt.want {
				t.Errorf("got %s; want %s", got, tt.want)
			}
		})
	}
	name(t, failed, "twin")
	name(t, inDB, "twin")
	want := filepath.Join(base, "mlflow.db") + ": 2 runs are named twin\nhint: say which by its id: --run " + inDB + ", or --run " + failed
	if _, err := Import(t.Context(), Options{Root: base, From: filepath.Join(base, "mlflow.db"), Run: "twin"}); err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

// TestElsewhere: files that lie in a bucket are not here, and it is said where
// they are, without what opens it.
func TestElsewhere(t *testing.T) {
	dir := workdir(t, "mlflow-files")
	run := filepath.Join(dir, fixtures["mlflow-files"].from)
	if err := os.RemoveAll(filepath.Join(run, "artifacts")); err != nil {
		t.Fatal(err)
	}
	spoil(t, filepath.Join(run, "meta.yaml"), "file:///home/ada/churn/mlruns/", "s3://key:secret@bucket/churn/")
	c, err := Import(t.Context(), Options{Root: dir, From: run})
	if err != nil {
		t.Fatal(err)
	}
	if want := "s3://bucket/churn/1/0123456789abcdef0123456789abcdef/artifacts"; c.Model != "" || c.Elsewhere != want {
		t.Errorf("got model %q, elsewhere %q; want none, and %s", c.Model, c.Elsewhere, want)
	}
}

// TestChangedPredictions: predictions that dvc.lock names by other bytes may be
// another model's, which is said.
func TestChangedPredictions(t *testing.T) {
	dir := workdir(t, "dvc")
	for said, want := range map[string][]string{"": nil, "other.csv": nil} {
		c, err := Import(t.Context(), Options{Root: dir, From: dir, Predictions: said})
		if err != nil || !cmp.Equal(c.Notes, want) || c.Train != "data/train.csv" {
			t.Errorf("%q: got %q, train %q, %v; want %q", said, c.Notes, c.Train, err, want)
		}
	}
	spoil(t, filepath.Join(dir, "preds.csv"), "", "id,p\n")
	for said, want := range map[string][]string{
		"":          {"preds.csv is not the file that dvc.lock names: it has changed since, so it may be of another model"},
		"preds.csv": {"preds.csv is not the file that dvc.lock names: it has changed since, so it may be of another model"},
		"other.csv": nil,
	} {
		c, err := Import(t.Context(), Options{Root: dir, From: dir, Predictions: said})
		if err != nil || !cmp.Equal(c.Notes, want) {
			t.Errorf("%q: got %q, %v; want %q", said, c.Notes, err, want)
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
