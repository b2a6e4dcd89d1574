package capture

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNoLabelReachesTheScorer: of several labels the scorer gets none, and
// where a task does without, every column.
func TestNoLabelReachesTheScorer(t *testing.T) {
	const test = "account,zip,spam,rude\n7,1,0,1\n8,2,1,0\n9,3,1,1\n"
	for name, tt := range map[string]struct {
		task, label, column, metric, scorer string
		seen                                string
		withheld                            []string
		scores                              Scores
	}{
		"several labels": {
			"multilabel", "labels: [spam, rude]", "columns: {spam: p_s, rude: p_r}", "roc_auc_macro: {min: 0.7}", "id,p_s,p_r", "account,zip\n7,1\n8,2\n9,3\n",
			[]string{"spam", "rude"}, Scores{Columns: map[string]string{"spam": "p_s", "rude": "p_r"}},
		},
		"a decided class": {
			"multiclass", "label: zip", "decision: p_r", "accuracy: {min: 0.7}", "id,x,p_r", "account,spam,rude\n7,0,1\n8,1,0\n9,1,1\n",
			[]string{"zip"}, Scores{Decision: "p_r"},
		},
		"a prefix": {
			"multiclass", "label: zip", "prefix: p_", "accuracy: {min: 0.7}", "id,x,p_1", "account,spam,rude\n7,0,1\n8,1,0\n9,1,1\n",
			[]string{"zip"}, Scores{Prefix: "p_"},
		},
		"no label": {"generative", "unit: zip", "id: id", "mean(p_r): {min: 0.7}", "id,x,p_r", test, nil, Scores{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.write(t, "test.csv", test)
			column := "  " + tt.column + "\n  id: id\n"
			if tt.column == "id: id" {
				column = "  id: id\n"
			}
			s.write(t, "weighlock.yaml", strings.NewReplacer("task: binary", "task: "+tt.task, "label: defaulted", tt.label, "  column: p\n", column, "roc_auc: {min: 0.7}", tt.metric).Replace(projectFile))
			s.write(t, "score.sh", "tee seen.csv | awk -F, 'NR==1{print \""+tt.scorer+"\";next}{print $1\",0.5,0.\"NR}'\n")
			if _, err := s.run(t.Context(), "sh", "train.sh"); err != nil {
				t.Fatal(err)
			}
			if got := s.read(t, "seen.csv"); got != tt.seen {
				t.Errorf("the scorer saw %q; want %q", got, tt.seen)
			}
			var p Predictions
			decode(t, s.statements(t)["predictions"], &p)
			if d := cmp.Diff(tt.withheld, p.Data.Withheld); d != "" {
				t.Errorf("withheld (-want +got):\n%s", d)
			}
			tt.scores.Path, tt.scores.Rows, tt.scores.Digest = "preds.csv", 3, p.Predictions.Digest
			if d := cmp.Diff(tt.scores, p.Predictions); d != "" {
				t.Errorf("predictions (-want +got):\n%s", d)
			}
		})
	}
}
