package starter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
)

// TestFirstLimitOfEveryTask loads what is said to write where nothing is
// guessed.
func TestFirstLimitOfEveryTask(t *testing.T) {
	fields := map[string][2]string{
		"multiclass":  {"label: y", "columns: {cat: p_cat, dog: p_dog}"},
		"multilabel":  {"labels: [spam, rude]", "columns: {spam: p_spam, rude: p_rude}, threshold: 0.5"},
		"forecasting": {"label: y, time: t", "column: p"},
		"ranking":     {"label: y, group: q", "column: p"},
		"generative":  {"unit: prompt", "id: id"},
	}
	for task, part := range parts {
		err := CheckTask(task)
		if err == nil || !strings.HasSuffix(err.Error(), "a first limit is spec.metrics: {"+part[1]+"}") {
			t.Errorf("task %s: got %v; want its first limit, %s", task, err, part[1])
		}
		text := "name: m\ntask: " + task + "\nfile: m.bin\ndata: {test: {file: t.csv, id: id, " + fields[task][0] + "}}\n" +
			"predictions: {file: p.csv, " + fields[task][1] + "}\nspec: {metrics: {" + part[1] + "}}\n"
		path := filepath.Join(t.TempDir(), "weighlock.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := project.Load(path); err != nil {
			t.Errorf("task %s: %v", task, err)
		}
	}
	if want := len(project.Tasks()) - 2; len(parts) != want {
		t.Errorf("got %d tasks that are not guessed; want %d", len(parts), want)
	}
}
