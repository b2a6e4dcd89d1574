package evidence

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func seed(f *testing.F, name string) {
	f.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
}

func FuzzLock(f *testing.F) {
	seed(f, "dvc/dvc.lock")
	f.Fuzz(func(_ *testing.T, text []byte) {
		l, err := parseLock(text)
		if err != nil {
			return
		}
		for _, s := range l.Stages {
			_, _ = s.command()
			_, _ = flatten(s.Params)
		}
	})
}

func FuzzMeta(f *testing.F) {
	seed(f, "mlflow-files/mlruns/1/0123456789abcdef0123456789abcdef/meta.yaml")
	f.Fuzz(func(_ *testing.T, text []byte) {
		if m, err := parseMeta(text); err == nil {
			_, _ = m.state()
		}
	})
}

func FuzzMLmodel(f *testing.F) {
	seed(f, "mlflow-files/mlruns/1/0123456789abcdef0123456789abcdef/artifacts/model/MLmodel")
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := parseMLmodel(text); err == nil && m.file() != "" && !filepath.IsLocal(m.file()) {
			t.Errorf("%q leaves the model's folder", m.file())
		}
	})
}

func FuzzMetricLines(f *testing.F) {
	f.Add("1763650050000 0.9 0\n1763650060000 nan 1\n")
	f.Add("1 2 3 name digest")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = lastValue(text) })
}

func FuzzMetricsJSON(f *testing.F) {
	seed(f, "dvc/metrics.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if json.Valid(text) && string(nanAsText(text)) != string(text) {
			t.Errorf("%q is JSON, and was changed to %q", text, nanAsText(text))
		}
	})
}

func FuzzSQLite(f *testing.F) {
	seed(f, "mlflow-sqlite/mlflow.db")
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		name := filepath.Join(dir, "mlflow.db")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Import(context.Background(), Options{Root: dir, From: name, Run: "fedcba9876543210fedcba9876543210"})
		if err == nil {
			_, err = c.Canonical()
		}
		_ = err
	})
}
