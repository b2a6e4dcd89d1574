package starter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/schema"
)

var update = flag.Bool("update", false, "rewrite the golden project files")

func read(t testing.TB, text []byte) *table.Table {
	t.Helper()
	tab, err := table.Read(context.Background(), "preds.csv", bytes.NewReader(text), int64(len(text)), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func infer(t testing.TB, o Options, text []byte) (*Guess, error) {
	t.Helper()
	tab := read(t, text)
	sum := sha256.Sum256(text)
	o.Predictions, o.SHA256 = "preds.csv", hex.EncodeToString(sum[:])
	if o.Model == "" {
		o.Model, o.Folder = "model.joblib", "/home/ada/churn"
	}
	return Infer(o, tab)
}

func TestProjectFile(t *testing.T) {
	cancer, err := os.ReadFile("../../examples/breast-cancer/preds.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		options Options
		csv     string
	}{
		{
			name:    "the breast-cancer example",
			options: Options{Folder: "/home/ada/breast-cancer", Model: "model.joblib"},
			csv:     string(cancer),
		},
		{
			name: "no ids",
			csv:  "y_true,y_prob\n0,0.1\n1,0.8\n0,0.3\n1,0.9\n",
		},
		{
			name:    "numbers to predict",
			options: Options{Folder: "/srv", Model: "out/House Prices v2.onnx"},
			csv:     "house_id,price,predicted_price,rooms\n7,100.5,110,3\n8,210,190.5,4\n9,330,333,4\n",
		},
		{
			name: "words for labels",
			csv:  "id,diagnosis,p_benign,p_malignant\n1,malignant,0.1,0.9\n2,benign,0.7,0.3\n3,benign,0.8,0.2\n",
			options: Options{
				Score: "p_malignant", Label: "diagnosis",
			},
		},
		{
			name:    "names that YAML would misread",
			csv:     "\"id: #1\",no,\"p\nno\"\na,yes,0.7\nb,no,0.2\nc,no,0.1\n",
			options: Options{Model: "42.bin", ID: "id: #1"},
		},
		{
			name: "scores upside down",
			csv:  "row_id,label,score\na,true,0.1\nb,false,0.9\nc,true,0.2\nd,false,0.8\n",
		},
		{
			name:    "a table that the run has read",
			options: Options{Train: "data/train set.csv", ID: "id"},
			csv:     "id,y,p\na,1,0.75\nb,0,0.25\n",
		},
		{
			name: "decisions instead of probabilities",
			csv:  "uid,is_fraud,fraud_pred\na,1,1\nb,0,0\nc,1,0\nd,0,0\n",
		},
		{
			name:    "everything said",
			options: Options{Name: "tea", Task: "binary", ID: ByRow, Label: "a", Positive: "2", Score: "b", Folder: "/", Model: "m"},
			csv:     "a,b\n1,0.5\n2,0.6\n1,0.1\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := infer(t, tt.options, []byte(tt.csv))
			if err != nil {
				t.Fatal(err)
			}
			got := g.YAML()
			if _, err := schema.Decode("project", "weighlock.yaml", got); err != nil {
				t.Errorf("the project's schema refuses it: %v", err)
			}
			golden := filepath.Join("testdata", strings.ReplaceAll(tt.name, " ", "-")+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("want -, got +; go test -update rewrites it\n%s", d)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	g, err := infer(t, Options{Score: "p_late"}, []byte("late,p_late\n0,0.1\n1,0.8\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"name: churn (the folder's name)",
		"task: binary (late has the two values 0 and 1)",
		"id: none (no column has a name and values that identify rows, so they are matched by order)",
		"label: late (p_late is named after it)",
		"positive: 1 (of 0 and 1, it is the one that is usually meant)",
	}
	if d := cmp.Diff(want, g.Notes()); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
}

// FuzzInfer hands in any table: it is refused, or becomes a project file that
// the schema accepts and that says what was guessed.
func FuzzInfer(f *testing.F) {
	for _, seed := range []string{
		"id,y,p\na,1,0.5\nb,0,0.25\n",
		"\"# x: [\",\"p\n\ry\"\nyes,0.5\nno,1\n",
		"y,p\n\u0085,0.5\n\u2028,1\n",
		"pred,actual\n1.5,2\n3,4\n",
		"\ufeffid,label,score\n1,1,NaN\n",
	} {
		f.Add([]byte(seed), "model.joblib", "/a/b")
	}
	f.Fuzz(func(t *testing.T, text []byte, model, folder string) {
		tab, err := table.Read(context.Background(), "preds.csv", bytes.NewReader(text), int64(len(text)), table.Options{})
		if err != nil {
			return
		}
		g, err := Infer(Options{Folder: folder, Model: model, Predictions: "preds.csv", SHA256: strings.Repeat("0", 64)}, tab)
		if err != nil {
			return
		}
		out := g.YAML()
		if _, err := schema.Decode("project", "weighlock.yaml", out); err != nil {
			t.Fatalf("the schema refuses it: %v\n%s", err, out)
		}
		var got struct {
			File string
			Data struct {
				Test struct{ ID, Label, Positive string }
			}
			Predictions struct{ Column string }
		}
		if err := yaml.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		read := []string{got.File, got.Data.Test.ID, got.Data.Test.Label, got.Data.Test.Positive, got.Predictions.Column}
		want := []string{model, g.ID.Value, g.Label.Value, g.Positive.Value, g.Score.Value}
		if d := cmp.Diff(want, read); d != "" {
			t.Fatalf("want -, got +\n%s\n%s", d, out)
		}
	})
}
