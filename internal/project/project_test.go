package project

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/schema"
)

const pin = "9f2c5a0d4f6e1b3c8d7a9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"

// ergonomic is the project file that every key of the design is shown in.
const ergonomic = `name: card-default
task: binary                # binary multiclass multilabel regression ranking forecasting generative
owner: credit-risk@acme.example
use: Rank accounts by 90-day default risk
file: model.joblib
level: release
mode: observe
data:
  train: {file: train.parquet, id: account, time: as_of}
  test:  {file: test.parquet, id: account, label: defaulted, sha256: ` + pin + `}   # labels come from here only
predictions:
  file: preds.csv           # account, p_default
  column: p_default
  command: python score.py  # rows without labels in, predictions out; lets the gate rescore
  threshold: 0.32
spec:
  judge: bound              # the interval's bad end must meet the limit; or: point
  metrics:
    roc_auc: {min: 0.76}
    recall: {min: 0.55}
    log_loss: {max: 0.45}
  baseline: {metric: roc_auc, gain: 0.02}
  champion: {channel: production, metric: log_loss, margin: 0.005}
  slices: {by: [region, "age:25,40,60"], recall: {min: 0.50, max_gap: 0.10}, min_rows: 300, too_small: report}
  fairness: {by: [sex], tpr_difference: {max: 0.08}}
  drift: {method: psi, max: 0.2}
`

const minimal = "name: m\ntask: binary\nfile: model.onnx\ndata: {test: {file: test.csv, label: y}}\n"

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, text string) *Project {
	t.Helper()
	p, err := Load(folder(t, map[string]string{"weighlock.yaml": text}))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func f(v float64) *float64 { return &v }

func TestLoadErgonomic(t *testing.T) {
	p := load(t, ergonomic)
	want := &Project{
		Dir: p.Dir, Path: filepath.Join(p.Dir, "weighlock.yaml"), Text: []byte(ergonomic),
		Name: "card-default", Task: "binary", Owner: "credit-risk@acme.example", Use: "Rank accounts by 90-day default risk",
		Level: "release", Mode: "observe", Files: []string{"model.joblib"},
		Data: Data{
			Train:          &Table{File: "train.parquet", ID: "account", Time: "as_of", Positive: "1"},
			Test:           &Table{File: "test.parquet", ID: "account", Label: "defaulted", Positive: "1", SHA256: pin},
			NearDuplicates: 0.01,
		},
		Predictions: &Predictions{File: "preds.csv", Column: "p_default", ID: "account", Command: "python score.py", Threshold: f(0.32)},
		SpecPart: &SpecPart{
			Judge:    "bound",
			Metrics:  map[string]Limit{"roc_auc": {Min: f(0.76)}, "recall": {Min: f(0.55)}, "log_loss": {Max: f(0.45)}},
			Baseline: &Baseline{Metric: "roc_auc", Gain: 0.02},
			Champion: &ChampionLimit{Channel: "production", Metric: "log_loss", Margin: 0.005},
			Slices:   &SlicesPart{By: []string{"region", "age:25,40,60"}, MinRows: 300, TooSmall: "report", Limits: map[string]SliceLimit{"recall": {Min: f(0.5), MaxGap: f(0.1)}}},
			Fairness: &FairnessPart{By: []string{"sex"}, Limits: map[string]Limit{"tpr_difference": {Max: f(0.08)}}},
			Drift:    &Drift{Method: "psi", Max: 0.2},
		},
	}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreUnexported(Project{}), cmpopts.IgnoreFields(Project{}, "Sources")); diff != "" {
		t.Errorf("project (-want +got):\n%s", diff)
	}
	for path, want := range map[string]verdict.Location{
		"spec.metrics.recall":  {File: "weighlock.yaml", Line: 20, Col: 5},
		"spec.slices.by[1]":    {File: "weighlock.yaml", Line: 24, Col: 25},
		"spec.metrics.ece.min": {File: "weighlock.yaml", Line: 18, Col: 3}, // its nearest parent
	} {
		if diff := cmp.Diff(&want, p.Location(path)); diff != "" {
			t.Errorf("location of %s (-want +got):\n%s", path, diff)
		}
	}
	if got, want := p.Abs("a/b.csv"), filepath.Join(p.Dir, "a", "b.csv"); got != want {
		t.Errorf("Abs: got %s; want %s", got, want)
	}
}

func TestSpecOfErgonomic(t *testing.T) {
	s, err := load(t, ergonomic).Spec("")
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"baseline":{"gain":0.02,"kind":"prior","metric":"roc_auc"},` +
		`"champion":{"channel":"production","margin":0.005,"metric":"log_loss"},"confidence":0.95,"draws":2000,` +
		`"drift":{"max":0.2,"method":"psi"},"fairness":{"by":["sex"],"metrics":{"tpr_difference":{"max":0.08}},"min_rows":100},` +
		`"judge":"bound","level":"release","metrics":{"log_loss":{"max":0.45},"recall":{"min":0.55},"roc_auc":{"min":0.76}},` +
		`"name":"card-default","near_duplicates":{"max":0.01},"predictions":{"column":"p_default","id":"account","threshold":0.32},` +
		`"schema":"https://weighlock.dev/spec/v1",` +
		`"slices":{"by":["region","age:25,40,60"],"metrics":{"recall":{"max_gap":0.1,"min":0.5}},"min_rows":300,"too_small":"report"},` +
		`"task":"binary","test":{"digest":"sha256:` + pin + `","file":"test.parquet","id":"account","label":"defaulted","positive":"1"},` +
		`"train":{"file":"train.parquet","id":"account","time":"as_of"}}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("canonical spec (-want +got):\n%s", diff)
	}
	back, err := ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestSpecAndTestSet(t *testing.T) {
	withPredictions := minimal + "predictions: {file: p.csv, column: p}\n"
	other := "sha256:" + strings.Repeat("a", 64)
	tests := map[string]struct {
		text, digest, want, err string
	}{
		"digest of the file where nothing is pinned": {withPredictions, other, other, ""},
		"pin where nothing was read":                 {ergonomic, "", "sha256:" + pin, ""},
		"pin and file agree":                         {ergonomic, "sha256:" + pin, "sha256:" + pin, ""},
		"another file than the pinned one":           {ergonomic, other, "", "the test set is not the pinned file: test.parquet is " + other + ", data.test.sha256 says sha256:" + pin},
		"neither pin nor file":                       {withPredictions, "", "", "FILE: data.test.sha256 is not given, and no test set was read\nhint: write the SHA-256 of the test set into data.test.sha256"},
		"not a digest":                               {withPredictions, "sha256:9f2c", "", `digest of test.csv: "sha256:9f2c" is not sha256: and 64 hexadecimal digits`},
		"no predictions":                             {minimal, other, "", "FILE: no predictions to commit to\nhint: add predictions with file and column"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := load(t, tt.text)
			s, err := p.Spec(tt.digest)
			if tt.err != "" {
				if want := strings.ReplaceAll(tt.err, "FILE", p.Path); err == nil || err.Error() != want {
					t.Fatalf("got %v; want %s", err, want)
				}
				if got, want := errors.Is(err, ErrPinned), strings.HasPrefix(tt.err, "the test set is not the pinned"); got != want {
					t.Errorf("is ErrPinned: got %v; want %v", got, want)
				}
				return
			}
			if err != nil || s.Test.Digest != tt.want {
				t.Errorf("got %v, %v; want %s", s, err, tt.want)
			}
		})
	}
}

func TestLoadMinimal(t *testing.T) {
	p := load(t, minimal)
	if p.Level != "start" || p.Mode != "enforce" || p.Data.Test.Positive != "1" || p.Data.NearDuplicates != 0.01 {
		t.Errorf("got %+v; want the defaults", p)
	}
}

func TestPositiveAsText(t *testing.T) {
	for text, want := range map[string]string{"yes": "yes", "1": "1", "1.0": "1.0", "true": "true", `"01"`: "01"} {
		p := load(t, strings.Replace(minimal, "label: y", "label: y, positive: "+text, 1))
		if p.Data.Test.Positive != want {
			t.Errorf("positive: %s: got %q; want %q", text, p.Data.Test.Positive, want)
		}
	}
}

func TestFindProjectFile(t *testing.T) {
	file := func(name, text string) string { return filepath.Join(folder(t, map[string]string{name: text}), name) }
	const hint = "\nhint: name the project file, or the folder that holds it"
	tests := map[string]struct {
		path string
		kind error
		want string // DIR is the folder
	}{
		"empty folder":       {t.TempDir(), ErrNone, "no project file in DIR: looked for weighlock.yaml, weighlock.yml, weighlock.json, weighlock.cue\nhint: weighlock init writes one"},
		"two files":          {folder(t, map[string]string{"weighlock.yaml": minimal, "weighlock.json": "{}"}), ErrTwo, "more than one project file in DIR: weighlock.yaml and weighlock.json\nhint: keep one of them"},
		"missing file":       {filepath.Join(t.TempDir(), "none.yaml"), ErrNone, "no project file: there is no folder or file DIR/none.yaml\nhint: name the folder that holds weighlock.yaml"},
		"huge file":          {file("weighlock.yaml", minimal+strings.Repeat("#", maxSize)), nil, "DIR/weighlock.yaml is larger than 1048576 bytes, so it is hardly a project file" + hint},
		"other suffix":       {file("project.toml", ""), nil, "DIR/project.toml: a project file ends in .yaml, .json or .cue" + hint},
		"folder of its name": {filepath.Dir(filepath.Dir(file("weighlock.yaml/x", ""))), nil, "DIR/weighlock.yaml is a folder, device, pipe or socket, and no project file" + hint},
		"device":             {linked(t, "/dev/zero"), nil, "DIR/weighlock.yaml is a folder, device, pipe or socket, and no project file" + hint},
		"dangling link":      {linked(t, "nowhere"), nil, "open DIR/weighlock.yaml: no such file or directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tt.path
			if filepath.Ext(dir) != "" {
				dir = filepath.Dir(dir)
			}
			want := strings.ReplaceAll(tt.want, "DIR", dir)
			p, err := Load(tt.path)
			if p != nil || err == nil || err.Error() != want {
				t.Fatalf("got %v, %v; want %s", p, err, want)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of the kind %v", err, tt.kind)
			}
		})
	}
}

// linked is a folder whose project file is a link.
func linked(t *testing.T, to string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(to, filepath.Join(dir, "weighlock.yaml")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLoadCUEPackage(t *testing.T) {
	dir := folder(t, map[string]string{
		"weighlock.cue": "package card\n\nname: \"card\"\ntask: \"binary\"\nfile: [\"weights\", \"tokenizer.json\"]\ndata: test: {file: \"t.csv\", label: \"y\"}\n",
		"limits.cue":    "package card\n\n_floor: 0.7\npredictions: {file: \"p.csv\", column: \"p\"}\nspec: metrics: roc_auc: min: _floor + 0.05\n",
		"other.cue":     "package other\n\nname: \"not this one\"\n",
	})
	p, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"weights", "tokenizer.json"}, p.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Limit{"roc_auc": {Min: f(0.75)}}, p.SpecPart.Metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if got := p.Location("spec.metrics.roc_auc"); got.File != "limits.cue" || got.Line != 5 {
		t.Errorf("location: got %+v; want limits.cue:5", got)
	}
	if len(p.Sources) != 2 {
		t.Errorf("sources: got %d; want 2", len(p.Sources))
	}
}

func TestRefuses(t *testing.T) {
	with := "predictions: {file: p.csv, column: p, threshold: 0.5}\n"
	without := "predictions: {file: p.csv, column: p}\n"
	regression := strings.Replace(minimal, "binary", "regression", 1) + without
	tests := map[string]struct{ text, want string }{
		"metric for another task":                      {regression + "spec: {metrics: {log_loss: {max: 1}}}\n", "6:18: spec.metrics.log_loss: found metric log_loss, expected one for task regression: mae, mse, rmse, mape, smape, r2, bias, median_ae, pinball(q), interval_coverage(low,high), interval_width(low,high), mean(column), rate(column), quantile(column,q)"},
		"baseline metric for another task":             {regression + "spec: {baseline: {metric: recall, gain: 0}}\n", "6:19: spec.baseline.metric: found metric recall, expected one for task regression"},
		"champion metric for another task":             {regression + "spec: {champion: {channel: p, metric: recall, margin: 0}}\n", "6:31: spec.champion.metric: found metric recall, expected one for task regression"},
		"baseline kind for another task":               {minimal + with + "spec: {baseline: {kind: linear, metric: roc_auc, gain: 0}}\n", `6:19: spec.baseline.kind: found "linear", expected prior, constant, previous, for task binary`},
		"last value without time":                      {regression + "spec: {baseline: {kind: last_value, metric: rmse, gain: 0}}\n", "6:19: spec.baseline.kind: found no data.test.time, expected the column by which rows follow each other"},
		"linear without training data":                 {regression + "spec: {baseline: {kind: linear, metric: rmse, gain: 0}}\n", "6:19: spec.baseline.kind: found no data.train.label, expected training data with its labels"},
		"previous without a champion":                  {regression + "spec: {baseline: {kind: previous, metric: rmse, gain: 0}}\n", "6:19: spec.baseline.kind: found no spec.champion, expected the channel whose champion is the previous model"},
		"fairness for another task":                    {regression + "spec: {fairness: {by: [a], tpr_difference: {max: 0.1}}}\n", "6:28: spec.fairness.tpr_difference: found metric tpr_difference, expected no metric of fairness, for task regression"},
		"metric without its threshold":                 {minimal + without + "spec: {metrics: {recall: {min: 0.5}}}\n", "6:18: spec.metrics.recall: found no predictions.threshold, expected the score from which recall counts a row as positive"},
		"slice metric without its threshold":           {minimal + without + "spec: {slices: {by: [a], recall: {min: 0.5}}}\n", "6:26: spec.slices.recall: found no predictions.threshold"},
		"fairness without its threshold":               {minimal + without + "spec: {fairness: {by: [a], ppv_difference: {max: 0.5}}}\n", "6:28: spec.fairness.ppv_difference: found no predictions.threshold"},
		"baseline without its threshold":               {minimal + without + "spec: {baseline: {metric: f1, gain: 0.5}}\n", "6:19: spec.baseline.metric: found no predictions.threshold"},
		"spec without predictions":                     {minimal + "spec: {metrics: {roc_auc: {min: 0.5}}}\n", "1:1: predictions: found nothing, expected file and column"},
		"limit that judges nothing":                    {minimal + with + "spec: {metrics: {roc_auc: {}}}\n", "6:18: spec.metrics.roc_auc: found no limit, expected min or max"},
		"limit that every model meets":                 {minimal + with + "spec: {metrics: {roc_auc: {min: 0}}}\n", "6:28: spec.metrics.roc_auc.min: found a limit that every model meets, expected one that roc_auc can miss"},
		"upper limit that every model meets":           {minimal + with + "spec: {metrics: {fpr: {min: 0, max: 1}}}\n", "spec.metrics.fpr.min: found a limit that every model meets"},
		"limit beyond all numbers":                     {minimal + with + "spec: {metrics: {log_loss: {max: 1e308}}}\n", "spec.metrics.log_loss.max: found a limit that every model meets, expected one that log_loss can miss"},
		"slice limit that every model meets":           {minimal + with + "spec: {slices: {by: [a], recall: {min: 0, max_gap: 1}}}\n", "spec.slices.recall.min: found a limit that every model meets"},
		"gap that every model meets":                   {minimal + with + "spec: {slices: {by: [a], recall: {max_gap: 1}}}\n", "spec.slices.recall.max_gap: found a limit that every model meets"},
		"difference that every model meets":            {minimal + with + "spec: {fairness: {by: [a], tpr_difference: {max: 1}}}\n", "spec.fairness.tpr_difference.max: found a limit that every model meets"},
		"explanations of two kinds":                    {minimal + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, codes: [r], catalogue: [a], importances: {prefix: s_}}}\n", "predictions.explanations.importances: found predictions.explanations.codes beside it, expected one of the two"},
		"explanations of no kind":                      {minimal + "predictions: {file: p.csv, column: p, explanations: {file: r.csv}}\n", "predictions.explanations: found neither codes nor importances, expected the columns of reason codes, or what stands before a feature in the name of its importance"},
		"a catalogue of importances":                   {minimal + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, importances: {prefix: s_}, catalogue: [a]}}\n", "predictions.explanations.catalogue: found predictions.explanations.importances beside it, expected a catalogue for codes only"},
		"codes without a catalogue":                    {minimal + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, codes: [r]}}\n", "predictions.explanations.catalogue: found nothing, expected the reason codes that exist: any other one explains nothing"},
		"a column of codes twice":                      {minimal + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, codes: [r, r], catalogue: [a]}}\n", "predictions.explanations.codes[1]: found \"r\" a second time, expected each once"},
		"ids for codes":                                {strings.Replace(minimal, "label: y", "id: k, label: y", 1) + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, codes: [k], catalogue: [a]}}\n", "predictions.explanations.codes[0]: found column \"k\", which is the id, expected a column of reason codes"},
		"ids of explanations alone":                    {minimal + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, id: k, codes: [r], catalogue: [a]}}\n", "predictions.explanations.id: found no data.test.id, expected the test data's own ids, which it is joined to"},
		"explanations for decisions that are not made": {minimal + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, codes: [r], catalogue: [a], for: negative}}\n", "predictions.explanations.for: found no predictions.threshold, expected the score from which a row is decided positive"},
		"explanations for a pattern that cannot be":    {minimal + "predictions: {file: p.csv, column: p, explanations: {file: 'r[.csv', codes: [r], catalogue: [a]}}\n", "predictions.explanations.file: found text \"r[.csv\", expected a pattern whose brackets close"},
		"explanations for negative numbers":            {strings.Replace(minimal, "binary", "regression", 1) + "predictions: {file: p.csv, column: p, explanations: {file: r.csv, importances: {prefix: s_}, for: positive}}\n", "predictions.explanations.for: found task regression, expected all, or task binary, whose rows are decided positive or negative"},
		"flips of numbers":                             {regression + "spec: {champion: {channel: p, metric: rmse, margin: 0, negative_flips: {max: 0.1}}}\n", "spec.champion.negative_flips: found task regression, expected a task with decisions: binary, multiclass or multilabel"},
		"flips without a threshold":                    {minimal + "predictions: {file: p.csv, column: p}\nspec: {champion: {channel: p, metric: roc_auc, margin: 0, negative_flips: {max: 0.1}}}\n", "spec.champion.negative_flips: found no predictions.threshold, expected the score from which a row is decided positive"},
		"margin that every model meets":                {minimal + with + "spec: {champion: {channel: p, metric: recall, margin: 1}}\n", "spec.champion.margin: found a limit that every model meets"},
		"every test row may be known":                  {strings.Replace(minimal, "data: {", "data: {near_duplicates: {max: 1}, ", 1), "data.near_duplicates.max: found a limit that every model meets, expected one that a share of rows can miss"},
		"limit that nothing can meet":                  {minimal + with + "spec: {metrics: {roc_auc: {min: 0.9, max: 0.8}}}\n", "found min 0.9 above max 0.8, expected min to be at most max"},
		"per cent for a share":                         {minimal + with + "spec: {metrics: {recall: {min: 55}}}\n", "6:27: spec.metrics.recall.min: found number 55, expected a value that recall can take, 0 to 1"},
		"negative loss":                                {minimal + with + "spec: {metrics: {log_loss: {max: -1}}}\n", "expected a value that log_loss can take, 0 or more"},
		"slices without a limit":                       {minimal + with + "spec: {slices: {by: [a]}}\n", "6:8: spec.slices: found no limit, expected at least one metric with min, max or max_gap"},
		"fairness without a limit":                     {minimal + with + "spec: {fairness: {by: [a]}}\n", "6:8: spec.fairness: found no limit"},
		"column twice":                                 {minimal + with + "spec: {slices: {by: [a, \"a:1,2\"], recall: {min: 0.1}}}\n", "6:25: spec.slices.by[1]: found column a a second time, expected each column once"},
		"edges that do not ascend":                     {minimal + with + "spec: {slices: {by: [\"a:2,1\"], recall: {min: 0.1}}}\n", "6:22: spec.slices.by[0]: found bin edges 2,1, expected numbers that ascend"},
		"edge that is no number":                       {minimal + with + "spec: {slices: {by: [\"a:1..2\"], recall: {min: 0.1}}}\n", "found bin edges 1..2, expected numbers that ascend"},
		"drift without training data":                  {minimal + with + "spec: {drift: {max: 0.2}}\n", "6:8: spec.drift: found no data.train, expected training data to compare with"},
		"model outside the project":                    {strings.Replace(minimal, "model.onnx", "../model.onnx", 1), `3:7: file: found text "../model.onnx", expected a relative path inside the project`},
		"absolute data path":                           {strings.Replace(minimal, "test.csv", "/etc/passwd", 1), `data.test.file: found text "/etc/passwd", expected a relative path inside the project`},
		"whole project as the model":                   {strings.Replace(minimal, "model.onnx", "./", 1), "3:1: file: found the whole project folder, expected the model's own files or folders"},
		"model file twice":                             {strings.Replace(minimal, "model.onnx", "[a, ./a]", 1), `3:11: file[1]: found text "a" a second time, expected each path once`},
		"data by a pattern without an end":             {strings.Replace(minimal, "test.csv", `"test[.csv"`, 1), `data.test.file: found text "test[.csv", expected a pattern whose brackets close`},
		"training data by such a pattern":              {strings.Replace(minimal, "data: {", `data: {train: {file: "a[.csv"}, `, 1), `data.train.file: found text "a[.csv", expected a pattern whose brackets close`},
		"predictions by such a pattern":                {minimal + "predictions: {file: \"p[.csv\", column: p}\n", `predictions.file: found text "p[.csv", expected a pattern whose brackets close`},
		"a command that is to write a set":             {minimal + "predictions: {file: \"p*.csv\", column: p, command: score}\n", `predictions.file: found pattern "p*.csv", expected the one file that predictions.command makes`},
		"input outside the project":                    {minimal + "run: {inputs: [ok/*.csv, ../x]}\n", `5:26: run.inputs[1]: found text "../x", expected a relative path or glob inside the project`},
		"glob that does not close":                     {minimal + "run: {outputs: [\"a[\"]}\n", "run.outputs[0]: found text \"a[\", expected a glob whose brackets close"},
		"sensitivity of a forecast":                    {strings.NewReplacer("task: regression", "task: forecasting", "label: y", "label: y, time: t").Replace(regression) + "spec: {sensitivity: [{column: a, change: missing, shift: {max: 0.1}}]}\n", "spec.sensitivity: found task forecasting, expected a task whose rows are scored each by itself"},
		"sensitivity with weights":                     {strings.Replace(minimal, "label: y", "label: y, weight: w", 1) + with + "spec: {sensitivity: [{column: a, change: missing, shift: {max: 0.1}}]}\n", "spec.sensitivity: found data.test.weight, expected no weights: sensitivity counts rows"},
		"sensitivity over units":                       {strings.Replace(minimal, "label: y", "label: y, unit: u", 1) + with + "spec: {sensitivity: [{column: a, change: missing, shift: {max: 0.1}}]}\n", "spec.sensitivity: found data.test.unit, expected no units"},
		"change of the id":                             {strings.Replace(minimal, "label: y", "label: y, id: i", 1) + with + "spec: {sensitivity: [{column: i, change: missing, shift: {max: 0.1}}]}\n", "spec.sensitivity[0].column: found the id column i, expected a feature, which the scorer reads: rows are found again by their id"},
		"change of the label":                          {minimal + with + "spec: {sensitivity: [{column: y, change: missing, shift: {max: 0.1}}]}\n", "spec.sensitivity[0].column: found the label y, expected a feature, which the scorer reads: it gets no labels"},
		"unknown change":                               {minimal + with + "spec: {sensitivity: [{column: a, change: permut, shift: {max: 0.1}}]}\n", "spec.sensitivity[0].change: found text \"permut\", expected \"*1.1\" to scale"},
		"the same change twice":                        {minimal + with + "spec: {sensitivity: [{column: a, change: missing, shift: {max: 0.1}}, {column: a, change: missing, flips: {max: 0.1}}]}\n", "spec.sensitivity[1]: found column a with change missing a second time"},
		"change without a limit":                       {minimal + with + "spec: {sensitivity: [{column: a, change: missing}]}\n", "spec.sensitivity[0]: found no limit, expected flips, shift, or direction and against"},
		"flipped numbers":                              {regression + "spec: {sensitivity: [{column: a, change: missing, flips: {max: 0.1}}]}\n", "spec.sensitivity[0].flips: found task regression"},
		"flips at no threshold":                        {minimal + "predictions: {file: p.csv, column: p}\nspec: {sensitivity: [{column: a, change: missing, flips: {max: 0.1}}]}\n", "spec.sensitivity[0].flips: found no predictions.threshold"},
		"shift of decisions":                           {strings.Replace(minimal, "task: binary", "task: multiclass", 1) + "predictions: {file: p.csv, decision: d}\nspec: {sensitivity: [{column: a, change: missing, shift: {max: 0.1}}]}\n", "spec.sensitivity[0].shift: found decisions only, expected a column of scores"},
		"shift that no score makes":                    {minimal + with + "spec: {sensitivity: [{column: a, change: missing, shift: {max: 1e31}}]}\n", "spec.sensitivity[0].shift.max: found a limit that every model meets"},
		"direction alone":                              {minimal + with + "spec: {sensitivity: [{column: a, change: missing, shift: {max: 0.1}, direction: up}]}\n", "spec.sensitivity[0]: found one of direction and against, expected both"},
		"direction of several":                         {strings.Replace(minimal, "task: binary", "task: multiclass", 1) + "predictions: {file: p.csv, prefix: p_}\nspec: {sensitivity: [{column: a, change: missing, direction: up, against: {max: 0.1}}]}\n", "spec.sensitivity[0].direction: found several scores of a row"},
		"limit that no rows show":                      {minimal + with + "spec: {sensitivity: [{column: a, change: missing, flips: {max: 0}}]}\n", "spec.sensitivity[0].flips.max: found number 0 with judge bound, expected more than 0: no number of rows shows"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Load(folder(t, map[string]string{"weighlock.yaml": tt.text}))
			var found schema.Errors
			if !errors.As(err, &found) {
				t.Fatalf("got %v; want schema.Errors", err)
			}
			if !strings.Contains(err.Error(), tt.want) || len(found) != 1 {
				t.Errorf("got\n%v\nwant just\n%s", err, tt.want)
			}
			if got := found[0].File; filepath.Base(got) != "weighlock.yaml" || found[0].Line == 0 {
				t.Errorf("place: got %s:%d", got, found[0].Line)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	was, err := load(t, ergonomic).Spec("")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("recall: {min: 0.55}", "recall: {min: 0.45}", "  fairness: {by: [sex], tpr_difference: {max: 0.08}}\n", "", "[region, ", "[", "level: release", "level: start").Replace(ergonomic)
	is, err := load(t, changed).Spec("")
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{"fairness.by", `["sex"]`, "absent"},
		{"fairness.metrics.tpr_difference.max", "0.08", "absent"},
		{"fairness.min_rows", "100", "absent"},
		{"level", "release", "start"},
		{"metrics.recall.min", "0.55", "0.45"},
		{"slices.by", `["region","age:25,40,60"]`, `["age:25,40,60"]`},
	}
	if diff := cmp.Diff(want, Diff(was, is)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Change{}, Diff(was, was)); diff != "" {
		t.Errorf("no changes (-want +got):\n%s", diff)
	}
}

func TestParseSpecRefuses(t *testing.T) {
	s, err := load(t, ergonomic).Spec("")
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, new, want string }{
		"unknown field":          {`"judge":`, `"jugde":`, "jugde: found an unknown field"},
		"missing field":          {`"draws":2000,`, ``, "draws: found nothing"},
		"metric of other task":   {`"task":"binary"`, `"task":"regression"`, "found metric roc_auc"},
		"threshold taken away":   {`,"threshold":0.32`, ``, "found no predictions.threshold"},
		"duplicate key":          {`"judge":"bound"`, `"judge":"point","judge":"bound"`, "duplicate key"},
		"digest of another kind": {`"sha256:` + pin, `"sha512:` + pin, "test.digest: found text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(string(text), tt.old, tt.new, 1)
			if _, err := ParseSpec([]byte(broken)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

func TestMetricsMatchSchema(t *testing.T) {
	for _, task := range []string{"binary", "regression"} {
		for _, m := range Metrics(task) {
			limit := "{min: 0.5}"
			text := strings.Replace(minimal, "binary", task, 1) + "predictions: {file: p.csv, column: p, threshold: 0.5}\nspec: {metrics: {" + m.Name + ": " + limit + "}}\n"
			load(t, text)
		}
	}
	for _, m := range FairnessMetrics("binary") {
		load(t, minimal+"predictions: {file: p.csv, column: p, threshold: 0.5}\nspec: {fairness: {by: [a], "+m.Name+": {max: 0.5}}}\n")
	}
	if got := Metrics("generative"); got != nil {
		t.Errorf("generative: got %v; want none but those of columns", got)
	}
	if !Thresholded("binary", "recall") || Thresholded("binary", "roc_auc") || !Thresholded("binary", "tpr_difference") || Thresholded("binary", "unheard") || Thresholded("multiclass", "accuracy") || !Thresholded("multilabel", "recall(a)") {
		t.Error("Thresholded is wrong for recall, roc_auc, tpr_difference or an unknown name")
	}
}

func FuzzParseSpec(f *testing.F) {
	f.Add([]byte(`{"schema":"https://weighlock.dev/spec/v1","name":"m","task":"binary"}`))
	f.Add([]byte(`{"slices":{"by":[],"metrics":{}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSpec(text)
		if (s == nil) == (err == nil) {
			t.Fatalf("got %v and %v; want one of them", s, err)
		}
	})
}
