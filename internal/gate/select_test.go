package gate

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/verifier"
)

// Digests of things that the tests speak of.
var (
	modelA, modelB = artifact.Digest([]byte("model a")), artifact.Digest([]byte("model b"))
	predsA, predsB = artifact.Digest([]byte("predictions a")), artifact.Digest([]byte("predictions b"))
	testSet, other = artifact.Digest([]byte("test")), artifact.Digest([]byte("another test"))
	noon           = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

// said is a statement with only the fields that selecting reads; at is when a
// trusted authority saw it, in minutes after noon.
func said(t *testing.T, name string, at int, predicate any, about ...string) Evidence {
	t.Helper()
	text, err := json.Marshal(predicate)
	if err != nil {
		t.Fatal(err)
	}
	s := &attest.Statement{PredicateType: artifact.PredicateType(name), Predicate: text}
	for _, d := range about {
		s.Subject = append(s.Subject, attest.Of("", d))
	}
	return Evidence{
		Name: name, Digest: artifact.Digest(append(text, byte(at))), Statement: s,
		Signer: "team", Roles: []string{"builder"}, Time: noon.Add(time.Duration(at) * time.Minute), Trusted: true,
	}
}

func predicted(t *testing.T, at int, model, data, predictions string) Evidence {
	return said(t, "predictions", at, map[string]any{
		"files": []any{map[string]any{"digest": model}}, "data": map[string]any{"digest": data},
		"predictions": map[string]any{"digest": predictions},
	}, model, data, predictions)
}

func question(evidence ...Evidence) *Question {
	return &Question{
		Model:       Model{Files: []ModelFile{{ID: "model.bin", Digest: modelA}}},
		Spec:        &project.Spec{Test: project.TestSet{Digest: testSet}},
		Predictions: predsA, Evidence: evidence,
	}
}

// Predictions count for the model, the data and the file that one statement
// names together; the latest statement about model and data is the one that
// binds.
func TestPredictions(t *testing.T) {
	for _, c := range []struct {
		name  string
		said  []Evidence
		bound bool
		kinds []string
	}{
		{"nobody saw them being made", nil, false, nil},
		{"this model, this data, this file", []Evidence{predicted(t, 1, modelA, testSet, predsA)}, true, nil},
		{"the model made other predictions", []Evidence{predicted(t, 1, modelA, testSet, predsB)}, false, []string{"other_predictions"}},
		{"another model made them", []Evidence{predicted(t, 1, modelB, testSet, predsA)}, false, []string{"other_model"}},
		{"they were made from other data", []Evidence{predicted(t, 1, modelA, other, predsA)}, false, []string{"other_data"}},
		{"made again since, with another result", []Evidence{predicted(t, 1, modelA, testSet, predsA), predicted(t, 2, modelA, testSet, predsB)}, false, []string{"other_predictions"}},
		{"made again since, with this result", []Evidence{predicted(t, 1, modelA, testSet, predsB), predicted(t, 2, modelA, testSet, predsA)}, true, nil},
		{"another model happens to predict the same", []Evidence{predicted(t, 1, modelA, testSet, predsA), predicted(t, 2, modelB, testSet, predsA)}, true, nil},
		{"the champion's, for a model that made its own", []Evidence{predicted(t, 1, modelB, testSet, predsA), predicted(t, 2, modelA, testSet, predsB)}, false, []string{"other_predictions", "other_model"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := question(c.said...).predictions()
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, x := range got.Contrary {
				kinds = append(kinds, x.Kind)
			}
			if (got.Bound != nil) != c.bound || !cmp.Equal(kinds, c.kinds) {
				t.Errorf("bound %v, contrary %v; want %v, %v", got.Bound != nil, kinds, c.bound, c.kinds)
			}
		})
	}
}

func ran(t *testing.T, at int, id, spec string, about ...string) Evidence {
	return said(t, "run", at, map[string]any{
		"start": map[string]any{"id": id, "spec": spec, "bundle": spec, "time": "2026-11-20T12:00:00Z"},
		"ended": noon.Add(time.Duration(at) * time.Minute).Format(time.RFC3339), "exit": 0,
	}, about...)
}

func TestRun(t *testing.T) {
	specA, specB := artifact.Digest([]byte("spec a")), artifact.Digest([]byte("spec b"))
	for _, c := range []struct {
		name string
		runs []Evidence
		want string
	}{
		{"none", nil, ""},
		{"a run that made other files", []Evidence{ran(t, 1, "r1", specA, modelB)}, ""},
		{"a run that failed is about no file", []Evidence{ran(t, 1, "r1", specA)}, ""},
		{"the run that made them", []Evidence{ran(t, 1, "r1", specA, modelA)}, "r1"},
		{"the latest of two under the spec", []Evidence{ran(t, 2, "r2", specA, modelA), ran(t, 1, "r1", specA, modelA)}, "r2"},
		{"one under the spec before a later one under another", []Evidence{ran(t, 1, "r1", specA, modelA), ran(t, 2, "r2", specB, modelA)}, "r1"},
		{"the latest by the builder's clock, where no authority says when", []Evidence{untimed(ran(t, 3, "r3", specA, modelA)), untimed(ran(t, 1, "r1", specA, modelA)), untimed(ran(t, 2, "r2", specA, modelA))}, "r3"},
		{"only under another spec, so that the rule can say so", []Evidence{ran(t, 1, "r1", specB, modelA)}, "r1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := question(c.runs...)
			q.SpecDigest = specA
			got, err := q.run()
			if err != nil {
				t.Fatal(err)
			}
			id := ""
			if got != nil {
				id = got.ID
			}
			if id != c.want {
				t.Errorf("selected %q; want %q", id, c.want)
			}
			if got != nil && got.Started.Trusted {
				t.Error("a start without a token is called trusted")
			}
		})
	}
}

// untimed is a statement that no authority has seen.
func untimed(e Evidence) Evidence {
	e.Time, e.Trusted = time.Time{}, false
	return e
}

func measured(t *testing.T, at int, image, spec string, value float64) Evidence {
	return said(t, "evaluation", at, map[string]any{"spec": spec, "value": value}, image)
}

func TestCurrentMeasures(t *testing.T) {
	image, spec := artifact.Digest([]byte("image")), artifact.Digest([]byte("spec"))
	for _, c := range []struct {
		name string
		said []Evidence
		want float64 // -1: none
		err  error
	}{
		{"none", nil, -1, nil},
		{"of another image", []Evidence{measured(t, 1, other, spec, 1)}, -1, nil},
		{"under another spec", []Evidence{measured(t, 1, image, other, 1)}, -1, nil},
		{"the latest", []Evidence{measured(t, 2, image, spec, 2), measured(t, 1, image, spec, 1)}, 2, nil},
		{"two of one moment that agree", []Evidence{measured(t, 1, image, spec, 1), measured(t, 1, image, spec, 1)}, 1, nil},
		{"two of one moment that disagree", []Evidence{measured(t, 1, image, spec, 1), measured(t, 1, image, spec, 2)}, -1, ErrIntegrity},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := question(c.said...)
			q.Model.Digest, q.SpecDigest = image, spec
			e, err := q.current("evaluation")
			if !errors.Is(err, c.err) {
				t.Fatalf("got %v; want %v", err, c.err)
			}
			got := -1.0
			if e != nil {
				var p struct{ Value float64 }
				if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
					t.Fatal(err)
				}
				got = p.Value
			}
			if got != c.want {
				t.Errorf("selected the measure %v; want %v", got, c.want)
			}
		})
	}
}

func TestResultsAreUnique(t *testing.T) {
	for _, bad := range []string{`[{"item":"roc_auc"},{"item":"roc_auc"}]`, `[{"item":""}]`, `[{}]`} {
		var results []json.RawMessage
		if err := json.Unmarshal([]byte(bad), &results); err != nil {
			t.Fatal(err)
		}
		if _, err := byItem(results); !errors.Is(err, ErrIntegrity) {
			t.Errorf("%s: got %v; want an integrity error", bad, err)
		}
	}
}

// The strictest level that anybody asks for is the one that is judged at, and
// only the verifier file may say observe.
func TestLevelAndMode(t *testing.T) {
	for _, c := range []struct {
		name                  string
		flag, spec, verifier  string
		mode, verifierMode    string
		wantLevel, wantedMode string
	}{
		{"nobody asks", "", "start", "", "", "", "start", "enforce"},
		{"the project asks for more", "", "release", "start", "", "enforce", "release", "enforce"},
		{"the project asks for less", "", "start", "release", "", "enforce", "release", "enforce"},
		{"the flag raises", "regulated", "start", "release", "", "enforce", "regulated", "enforce"},
		{"the flag cannot lower", "start", "release", "release", "", "enforce", "release", "enforce"},
		{"observe by the project alone", "", "start", "", "observe", "", "start", "observe"},
		{"observe by the project, against the verifier file", "", "start", "start", "observe", "enforce", "start", "enforce"},
		{"observe by the verifier file", "", "start", "start", "", "observe", "start", "observe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := &Question{Spec: &project.Spec{Level: c.spec}, Level: c.flag, Mode: c.mode}
			if c.verifier != "" {
				q.Verifier = &verifier.File{Level: c.verifier, Mode: c.verifierMode}
			}
			if got := q.level(); got != c.wantLevel {
				t.Errorf("level %s; want %s", got, c.wantLevel)
			}
			if got := q.mode(); got != c.wantedMode {
				t.Errorf("mode %s; want %s", got, c.wantedMode)
			}
		})
	}
}

// A project must not bring the verifier file that it is judged by.
func TestVerifierFileInsideTheProject(t *testing.T) {
	root := t.TempDir()
	inside, outsideDir := filepath.Join(root, "project"), filepath.Join(root, "config")
	for _, dir := range []string{inside, outsideDir, filepath.Join(inside, "deep")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{filepath.Join(inside, "deep", "verifier.yaml"), filepath.Join(outsideDir, "verifier.yaml")} {
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(outsideDir, "link.yaml")
	if err := os.Symlink(filepath.Join(inside, "deep", "verifier.yaml"), link); err != nil {
		t.Fatal(err)
	}
	for path, refused := range map[string]bool{
		filepath.Join(inside, "deep", "verifier.yaml"): true,
		link: true,
		filepath.Join(outsideDir, "verifier.yaml"): false,
	} {
		err := outside(&verifier.File{Path: path}, inside)
		if errors.Is(err, ErrIntegrity) != refused {
			t.Errorf("%s: got %v; refused should be %v", strings.TrimPrefix(path, root), err, refused)
		}
	}
}

func TestDecideRefusesHalfAQuestion(t *testing.T) {
	whole := Question{
		Model: Model{Name: "m", Digest: modelA, Files: []ModelFile{{ID: "f"}}}, Spec: &project.Spec{}, SpecDigest: modelB, Now: noon,
		Policy: &policy.Bundle{},
	}
	for _, c := range []struct {
		name  string
		spoil func(*Question)
		want  string
	}{
		{"no model", func(q *Question) { q.Model.Digest = "" }, "no model to judge: name or digest"},
		{"no files", func(q *Question) { q.Model.Files = nil }, "no model to judge: it has no files"},
		{"no spec", func(q *Question) { q.Spec = nil }, "no spec to judge by"},
		{"no policy", func(q *Question) { q.Policy = nil }, "no policy to judge with"},
		{"no moment", func(q *Question) { q.Now = time.Time{} }, "no moment to judge at"},
		{"a level that nobody knows", func(q *Question) { q.Level = "strict" }, `level "strict" is not known`},
		{"a verifier file's level that nobody knows", func(q *Question) { q.Verifier = &verifier.File{Level: "strict"} }, `level "strict" is not known`},
	} {
		q := whole
		c.spoil(&q)
		d, err := Decide(t.Context(), q)
		if d != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v; want no decision, and %q", c.name, d, err, c.want)
		}
	}
	if err := whole.check(); err != nil {
		t.Errorf("nothing spoilt: %v", err)
	}
}
