package gate

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/project"
)

func TestTrainingDataOfTheChampion(t *testing.T) {
	lineage := func(at int, train, about string) Evidence {
		return said(t, "lineage", at, map[string]any{"inputs": []any{map[string]any{"name": "test", "digest": testSet}, map[string]any{"name": "train", "digest": train}}}, about)
	}
	a, b := artifact.Digest([]byte("train a")), artifact.Digest([]byte("train b"))
	for _, c := range []struct {
		name      string
		evidence  []Evidence
		evaluated *evaluate.TrainingData
		want      evaluate.Training
	}{
		{"nobody says", nil, nil, evaluate.Training{Why: "neither its lineage nor its evaluation names its training data"}},
		{"the lineage alone", []Evidence{lineage(1, a, modelA)}, nil, evaluate.Training{Digest: a}},
		{"the same from two runs", []Evidence{lineage(2, a, modelA), lineage(1, a, modelA)}, nil, evaluate.Training{Digest: a}},
		{"one of two runs", []Evidence{lineage(2, b, modelA), lineage(1, a, modelA)}, &evaluate.TrainingData{Digest: a}, evaluate.Training{Digest: a}},
		{"two runs alone", []Evidence{lineage(2, b, modelA), lineage(1, a, modelA)}, nil,
			evaluate.Training{Why: "its lineages name several sets of training data: " + sorted(artifact.Short(a), artifact.Short(b))}},
		{"another model's lineage", []Evidence{lineage(1, a, modelB)}, nil, evaluate.Training{Why: "neither its lineage nor its evaluation names its training data"}},
		{"a lineage without training data", []Evidence{said(t, "lineage", 1, map[string]any{"inputs": []any{}}, modelA)}, &evaluate.TrainingData{Digest: a}, evaluate.Training{Digest: a}},
		{"both", []Evidence{lineage(1, a, modelA)}, &evaluate.TrainingData{Digest: a}, evaluate.Training{Digest: a}},
		{"another file", []Evidence{lineage(1, a, modelA)}, &evaluate.TrainingData{Digest: b},
			evaluate.Training{Why: "its lineage names training data " + artifact.Short(a) + ", and its evaluation " + artifact.Short(b)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			digest, err := lineageData([]string{modelA}, c.evidence)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, agreed(digest, c.evaluated)); diff != "" {
				t.Errorf("training (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := lineageData([]string{modelA}, []Evidence{said(t, "lineage", 1, "none", modelA)}); err == nil || !strings.HasPrefix(err.Error(), "its lineage: ") {
		t.Errorf("a lineage that is none: got %v", err)
	}
}

func sorted(texts ...string) string {
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func TestTrainingDataIsFoundByItsDigest(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"data/train.csv": "id\n1\n", "data/old.csv": "id\n2\n", "data/old.txt": "id\n3\n", "tests/test.csv": "id\n4\n", "tests/older.csv": "id\n5\n", "other.csv": "id\n6\n"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &project.Project{Dir: dir, Data: project.Data{Train: &project.Table{File: "data/train.csv"}, Test: &project.Table{File: "tests/test.csv"}}}
	for text, want := range map[string]string{"id\n2\n": "data/old.csv", "id\n3\n": "", "id\n5\n": "tests/older.csv", "id\n6\n": ""} {
		training := &evaluate.Training{Digest: artifact.Digest([]byte(text))}
		if err := findTraining(p, training); err != nil {
			t.Fatal(err)
		}
		got := ""
		if training.File != nil {
			got = filepath.ToSlash(training.File.Path)
		}
		if got != want {
			t.Errorf("%q: got %q; want %q", text, got, want)
		}
	}
	known := &evaluate.Training{Digest: artifact.Digest([]byte("id\n2\n")), IDs: &evaluate.Source{}}
	if err := findTraining(p, known); err != nil || known.File != nil {
		t.Errorf("ids that were kept: got %+v, %v; want that nothing is looked for", known.File, err)
	}
	p.Data.Train = nil
	gone := &evaluate.Training{Digest: artifact.Digest([]byte("id\n2\n"))}
	if err := findTraining(p, gone); err != nil || gone.File != nil {
		t.Errorf("without data.train: got %+v, %v; want nothing", gone.File, err)
	}
	p.Data.Train = &project.Table{File: "data/train.csv/train.csv"}
	if err := findTraining(p, gone); err == nil || !strings.HasPrefix(err.Error(), "looking for the champion's training data: ") {
		t.Errorf("a folder that is a file: got %v", err)
	}
}
