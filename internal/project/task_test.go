package project

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhichTasks shows what is said of a task that cannot be evaluated, or is
// none.
func TestWhichTasks(t *testing.T) {
	for task, want := range map[string]string{
		"bin": "PATH:2:7: task: found text \"bin\", expected one of binary, multiclass, multilabel, regression, ranking, forecasting, generative; nearest is binary" +
			"\nhint: this version evaluates binary and regression; the other tasks are names for later ones",
		"multiclass": "PATH:6:18: spec.metrics.accuracy: found metric accuracy, expected no metric yet, for task multiclass" +
			"\nhint: tasks binary and regression have metrics; judge each class against the rest, with a label that is 1 for it and 0 for every other, as task binary",
	} {
		text := strings.Replace(minimal, "binary", task, 1) + "predictions: {file: p.csv, column: p, threshold: 0.5}\nspec: {metrics: {accuracy: {min: 0.5}}}\n"
		dir := folder(t, map[string]string{"weighlock.yaml": text})
		_, err := Load(dir)
		if got := strings.ReplaceAll(fmt.Sprint(err), filepath.Join(dir, "weighlock.yaml"), "PATH"); got != want {
			t.Errorf("task %s: got %s; want %s", task, got, want)
		}
	}
}
