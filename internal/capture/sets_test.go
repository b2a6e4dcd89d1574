package capture

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/lineage"
)

// sets makes the stage's data two files each, and lets the command write the
// predictions, in two files as well.
func (s *stage) sets(t *testing.T) {
	t.Helper()
	s.write(t, "test/a.csv", "account,zip,defaulted\n007,01234,1\n")
	s.write(t, "test/b.csv", "account,zip,defaulted\n8,1.50,0\n")
	s.write(t, "train/a.csv", "account,x\n1,2\n")
	s.write(t, "preds/a.csv", "account,p\n007,0.5\n")
	s.write(t, "train.sh", "echo m > model.txt\necho l > log.txt\nmkdir -p preds\nprintf 'account,p\\n007,0.9\\n' > preds/a.csv\nprintf 'account,p\\n8,0.1\\n' > preds/b.csv\n")
	s.write(t, "weighlock.yaml", strings.NewReplacer(
		"train: {file: train.csv", `train: {file: "train/*.csv"`, "test: {file: test.csv", `test: {file: "test/?.csv"`,
		"  file: preds.csv\n", "  file: preds/*.csv\n", "  command: sh score.sh\n", "", `"conf/*.json"`, `"preds/a*"`).Replace(projectFile))
}

func setDigest(t *testing.T, files ...lineage.File) string {
	t.Helper()
	for i, f := range files {
		_, files[i].Path, _ = strings.Cut(f.Path, "/")
	}
	digest, err := lineage.SetDigest(files)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// TestSetsAreRecordedByDigest: a data set of several files is one input, and
// predictions of several files one output, each by the digest of the set.
func TestSetsAreRecordedByDigest(t *testing.T) {
	s := newStage(t)
	s.sets(t)
	if _, err := s.run(t.Context(), "sh", "train.sh"); err != nil {
		t.Fatal(err, s.err.String())
	}
	l, err := lineage.Parse(s.statements(t)["lineage"][0].Statement.Predicate)
	if err != nil {
		t.Fatal(err)
	}
	one, two := 1, 2
	want := []lineage.Input{
		{Name: "train", Path: "train/*.csv", Digest: setDigest(t, s.file(t, "train/a.csv", "")), Size: 14, Files: &one},
		{Name: "test", Path: "test/?.csv", Digest: setDigest(t, s.file(t, "test/a.csv", ""), s.file(t, "test/b.csv", "")), Size: 65, Files: &two},
	}
	if d := cmp.Diff(want, l.Inputs[:2]); d != "" {
		t.Errorf("inputs (-want +got):\n%s", d)
	}
	for _, in := range l.Inputs {
		if strings.HasPrefix(in.Path, "preds") {
			t.Errorf("%s, which the command writes, is an input", in.Path)
		}
	}
	predictions := lineage.File{Path: "preds/*.csv", Digest: setDigest(t, s.file(t, "preds/a.csv", ""), s.file(t, "preds/b.csv", "")), Size: 34, Role: "predictions"}
	if !slices.Contains(l.Outputs, predictions) {
		t.Errorf("outputs: got %+v; want %+v among them", l.Outputs, predictions)
	}
}

// TestPredictionsOfAnEarlierRunAreNoOutput: one old file in the set, and nobody
// says that the set is this run's.
func TestPredictionsOfAnEarlierRunAreNoOutput(t *testing.T) {
	s := newStage(t)
	s.sets(t)
	s.write(t, "preds/c.csv", "account,p\n9,0.5\n")
	if _, err := s.run(t.Context(), "sh", "train.sh"); err != nil {
		t.Fatal(err, s.err.String())
	}
	l, err := lineage.Parse(s.statements(t)["lineage"][0].Statement.Predicate)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range l.Outputs {
		if out.Role == "predictions" {
			t.Errorf("got %+v; want no predictions", out)
		}
	}
}

func TestSetsThatChangeWhileTheCommandRuns(t *testing.T) {
	for name, c := range map[string]struct{ command, want string }{
		"a file that comes":        {"cp test/a.csv test/c.csv", "test/?.csv was sha256:"},
		"a file that goes":         {"rm test/a.csv", "test/?.csv was sha256:"},
		"a file written to":        {"echo 9,9,1 >> test/b.csv", "test/?.csv was sha256:"},
		"all of them":              {"rm test/*.csv", "test/?.csv: no file matches test/?.csv"},
		"one taken for another":    {"mv test/b.csv test/c.csv", "test/?.csv was sha256:"},
		"the data it trains from":  {"rm -r train", "train/*.csv: no file matches train/*.csv"},
		"rows of its own training": {"echo account,x > train/b.csv", "train/*.csv was sha256:"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.sets(t)
			_, err := s.run(t.Context(), "sh", "-c", "sh train.sh; "+c.command)
			if err == nil || !strings.Contains(err.Error(), ErrChanged.Error()+": "+c.want) {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
}

// TestScorerOfSeveralFilesOfRows: it gets the rows of all, in the order of the
// files.
func TestScorerOfSeveralFilesOfRows(t *testing.T) {
	s := newStage(t)
	s.sets(t)
	s.write(t, "weighlock.yaml", strings.Replace(projectFile, "test: {file: test.csv", `test: {file: "test/?.csv"`, 1))
	s.write(t, "train.sh", projectFiles["train.sh"])
	result, err := s.run(t.Context(), "sh", "train.sh")
	if err != nil {
		t.Fatal(err, s.err.String())
	}
	if got, want := s.read(t, "preds.csv"), "account,p\n007,0.2\n8,0.3\n"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	if want := setDigest(t, s.file(t, "test/a.csv", ""), s.file(t, "test/b.csv", "")); result.Predictions.Data.Digest != want || result.Predictions.Data.Rows != 2 {
		t.Errorf("got %+v; want %s", result.Predictions.Data, want)
	}
}
