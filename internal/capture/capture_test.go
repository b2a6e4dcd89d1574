package capture

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/scorer"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/tsa"
	"github.com/weighlock/weighlock/internal/verifier"
)

const projectFile = `name: card-default
task: binary
file: model.txt
data:
  train: {file: train.csv, id: account}
  test: {file: test.csv, id: account, label: defaulted}
predictions:
  file: preds.csv
  column: p
  command: sh score.sh
spec:
  metrics:
    roc_auc: {min: 0.7}
run:
  inputs: [train.sh, "conf/*.json", code]
  outputs: [log.txt]
  parameters: params.yaml
  seeds: {split: 7}
`

var projectFiles = map[string]string{
	"weighlock.yaml": projectFile,
	"train.csv":      "account,x\n1,2\n",
	"test.csv":       "account,zip,defaulted\n007,01234,1\n8,\"a,b\",0\n9,1.50,1\n",
	"train.sh":       "cksum train.csv > model.txt\necho trained > log.txt\necho out\necho err >&2\n",
	"score.sh":       "tee seen.csv | awk -F, 'NR==1{print \"account,p\";next}{print $1\",0.\"NR}'\n",
	"conf/a.json":    "{}",
	"conf/b.json":    "[]",
	"code/main.go":   "package main",
	"code/x/y.go":    "package x",
	"params.yaml":    "depth: 3\nopt: {lr: 0.10, random_state: 42}\nlayers: [8, 4]\n",
}

// stage is a project in a folder, with a key, an authority and a clock.
type stage struct {
	dir      string
	deps     Deps
	trust    *sign.Trust
	out, err bytes.Buffer
	now      time.Time
}

// builder is one key for all tests: opening one takes long, on purpose.
var builder = sync.OnceValue(func() *sign.Key {
	private, _, err := sign.Generate([]byte("secret"))
	if err != nil {
		panic(err)
	}
	key, err := sign.ParseKey(private, func() ([]byte, error) { return []byte("secret"), nil })
	if err != nil {
		panic(err)
	}
	return key
})

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{dir: t.TempDir(), now: time.Date(2028, 11, 20, 12, 0, 0, 0, time.UTC)}
	for name, text := range projectFiles {
		s.write(t, name, text)
	}
	key := builder()
	clock := func() time.Time { return s.now }
	authority, err := tsa.New(clock)
	if err != nil {
		t.Fatal(err)
	}
	s.trust, err = sign.NewTrust(&verifier.File{
		Keys:      []verifier.Key{{Name: "builder", Public: string(key.Public()), Roles: []string{"builder"}}},
		Timestamp: []verifier.Authority{{Name: "local", Certificates: string(authority.CertificatesPEM())}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.deps = Deps{
		Key: key, TSA: authority, Now: clock, Rand: bytes.NewReader(bytes.Repeat([]byte("0123456789abcdef"), 9)),
		In: strings.NewReader("from stdin\n"), Out: &s.out, Err: &s.err,
		Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "WEIGHLOCK_PASSWORD=secret", "COSIGN_PASSWORD=secret", "WEIGHLOCK_KEY=k", "OTHER=kept"},
		Grace:   10 * time.Second,
	}
	return s
}

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	p := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (s *stage) run(ctx context.Context, command ...string) (*Result, error) {
	return Run(ctx, s.deps, Options{Dir: s.dir, Command: command})
}

// statements are the verified statements of the local layout, by predicate.
func (s *stage) statements(t *testing.T) map[string][]*sign.Verified {
	t.Helper()
	local, err := OpenLocal(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := Statements(t.Context(), local)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]*sign.Verified{}
	for _, b := range stored {
		v, err := s.trust.Verify(b.Bundle)
		if err != nil {
			t.Fatal(err)
		}
		if !v.May(b.Predicate) || !v.Trusted || v.Digest != b.Digest || !b.Time.Equal(s.now) {
			t.Errorf("%s: %+v", b.Predicate, v)
		}
		all[b.Predicate] = append(all[b.Predicate], v)
	}
	return all
}

func (s *stage) file(t *testing.T, name, role string) lineage.File {
	text := s.read(t, name)
	return lineage.File{Path: name, Digest: artifact.Digest([]byte(text)), Size: int64(len(text)), Role: role}
}

func TestARunIsRecorded(t *testing.T) {
	s := newStage(t)
	result, err := s.run(t.Context(), "sh", "train.sh")
	if err != nil {
		t.Fatal(err)
	}
	if s.out.String() != "out\n" || s.err.String() != "err\n" || result.Exit != 0 {
		t.Errorf("got %q, %q, %d", s.out.String(), s.err.String(), result.Exit)
	}
	if got := s.read(t, ".weighlock/.gitignore"); got != "*\n" {
		t.Errorf(".gitignore holds %q", got)
	}
	const id = "30313233343536373839616263646566"
	model, log := s.file(t, "model.txt", "model"), s.file(t, "log.txt", "output")
	all := s.statements(t)

	var spec struct {
		Model    lineage.Model
		Document project.Spec
	}
	decode(t, all["spec"], &spec)
	digest, err := spec.Document.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if !all["spec"][0].Statement.About(digest) || spec.Document.Test.Digest != s.file(t, "test.csv", "").Digest {
		t.Errorf("spec %s: %+v", digest, spec)
	}

	var record Record
	decode(t, all["run"], &record)
	token, err := base64.StdEncoding.DecodeString(record.StartToken)
	if err != nil {
		t.Fatal(err)
	}
	message, err := canonical.Marshal(record.Start)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := s.trust.VerifyToken(token, message); err != nil || !at.Equal(s.now) {
		t.Errorf("start token: %v, %v", at, err)
	}
	record.StartToken = ""
	want := Record{
		Model: lineage.Model{Name: "card-default"},
		Start: Start{ID: id, Spec: digest, Bundle: all["spec"][0].Digest, Command: []string{"sh", "train.sh"}, Time: "2028-11-20T12:00:00Z"},
		Ended: "2028-11-20T12:00:00Z", Outputs: []lineage.File{model, log},
	}
	if d := cmp.Diff(want, record); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]attest.Subject{attest.Of("model.txt", model.Digest)}, all["run"][0].Statement.Subject); d != "" {
		t.Error(d)
	}

	var l lineage.Lineage
	decode(t, all["lineage"], &l)
	if l.Environment.Cores == 0 || l.Environment.OS != runtime.GOOS {
		t.Errorf("environment: %+v", l.Environment)
	}
	l.Environment = lineage.Environment{}
	two, code := 2, artifact.Digest([]byte(
		artifact.Hex(s.file(t, "code/main.go", "").Digest)+"  main.go\n"+artifact.Hex(s.file(t, "code/x/y.go", "").Digest)+"  x/y.go\n"))
	in := func(name string) lineage.Input {
		f := s.file(t, name, "")
		return lineage.Input{Name: name, Path: name, Digest: f.Digest, Size: f.Size}
	}
	train, test := in("train.csv"), in("test.csv")
	train.Name, test.Name = "train", "test"
	wantLineage := lineage.Lineage{
		Model: want.Model, Run: id, Grade: "computed", Started: want.Start.Time, Ended: want.Ended, Command: want.Start.Command,
		Code:     lineage.Code{Status: "unknown"},
		Inputs:   []lineage.Input{train, test, {Name: "code/", Path: "code", Digest: code, Size: 21, Files: &two}, in("conf/a.json"), in("conf/b.json"), in("params.yaml"), in("train.sh")},
		Outputs:  want.Outputs,
		Packages: lineage.Packages{Status: "unknown", List: []lineage.Package{}},
		Seeds:    map[string]string{"split": "7", "opt.random_state": "42"},
		Parameters: map[string]string{
			"depth": "3", "opt.lr": "0.10", "opt.random_state": "42", "layers[0]": "8", "layers[1]": "4",
		},
		Trigger: &lineage.Trigger{Kind: "manual"},
	}
	if d := cmp.Diff(wantLineage, l); d != "" {
		t.Error(d)
	}

	var p Predictions
	decode(t, all["predictions"], &p)
	preds := s.file(t, "preds.csv", "")
	wantPredictions := Predictions{
		Model: want.Model, Run: id, Grade: "computed", Files: []lineage.File{model}, Command: "sh score.sh",
		Data:        Rows{Name: "test", Digest: test.Digest, Rows: 3, Withheld: []string{"defaulted"}},
		Predictions: Scores{Path: "preds.csv", Digest: preds.Digest, Rows: 3, Column: "p"},
		Limits:      &scorer.Limits{Seconds: 600, MemoryMiB: 4096, OutputMiB: 1024},
		Confinement: &scorer.Confinement{ // there is no program here that could confine it
			Network: "open", Labels: "in_reach", Project: "writable", Memory: "unlimited", Processes: "group",
			Why: []string{"this program was not asked to confine the command"},
		},
	}
	if d := cmp.Diff(wantPredictions, p); d != "" {
		t.Error(d)
	}
	subjects := []attest.Subject{attest.Of("model.txt", model.Digest), attest.Of("test.csv", test.Digest), attest.Of("preds.csv", preds.Digest)}
	if d := cmp.Diff(subjects, all["predictions"][0].Statement.Subject); d != "" {
		t.Error(d)
	}
	if got, want := s.read(t, "seen.csv"), "account,zip\n007,01234\n8,\"a,b\"\n9,1.50\n"; got != want {
		t.Errorf("the scorer saw %q; want %q", got, want)
	}
	if d := cmp.Diff(&l.Inputs, &result.Lineage.Inputs); d != "" {
		t.Error(d)
	}
}

// decode reads the predicate of the only statement.
func decode(t *testing.T, all []*sign.Verified, v any) {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%d statements; want 1", len(all))
	}
	if err := all[0].Statement.Decode(v); err != nil {
		t.Fatal(err)
	}
}

func TestTheCommandSeesNoSecretAndItsStreamsAreUntouched(t *testing.T) {
	s := newStage(t)
	s.write(t, "train.sh", "cat; env > env.txt; echo m > model.txt; echo l > log.txt")
	if _, err := s.run(t.Context(), "sh", "train.sh"); err != nil {
		t.Fatal(err)
	}
	if s.out.String() != "from stdin\n" {
		t.Errorf("got %q", s.out.String())
	}
	env := s.read(t, "env.txt")
	if strings.Contains(env, "secret") || strings.Contains(env, "WEIGHLOCK") || !strings.Contains(env, "OTHER=kept") {
		t.Errorf("the command's environment:\n%s", env)
	}
}

func TestAFailedCommandLeavesARecordThatIsAboutNoFile(t *testing.T) {
	s := newStage(t)
	result, err := s.run(t.Context(), "sh", "-c", "echo m > model.txt; exit 42")
	if err != nil {
		t.Fatal(err)
	}
	if result.Exit != 42 || result.Interrupted || result.Lineage != nil {
		t.Errorf("got %+v", result)
	}
	all := s.statements(t)
	var record Record
	decode(t, all["run"], &record)
	if record.Exit != 42 || len(record.Outputs) != 0 || len(all) != 2 {
		t.Errorf("got %+v among %d kinds", record, len(all))
	}
	if d := cmp.Diff([]attest.Subject{attest.Of("spec", record.Start.Spec)}, all["run"][0].Statement.Subject); d != "" {
		t.Error(d)
	}
	if _, err := s.run(t.Context(), "sh", "train.sh"); err != nil {
		t.Errorf("the next run: %v", err)
	}
	if all := s.statements(t); len(all["run"]) != 2 || len(all["spec"]) != 1 || len(all["lineage"]) != 1 {
		t.Errorf("after the next run: %d runs, %d specs", len(all["run"]), len(all["spec"]))
	}
}

func TestAnInterruptedCommandGetsTheSignalAndIsRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		exit   int
	}{
		"it dies of the signal":   {"echo ready; exec sleep 600", 143},
		"it stops in its own way": {"trap 'kill $!; exit 7' TERM; echo ready; sleep 600 & wait", 7},
		"it stops politely":       {"trap 'kill $!; exit 0' TERM; echo ready; sleep 600 & wait", 143},
		"its children are told":   {"sh -c 'trap \"exit 9\" TERM; echo ready; while :; do sleep 600 & wait; done'; exit $?", 143},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ctx, cancel := context.WithCancel(t.Context())
			s.deps.Out = writerFunc(func(b []byte) { cancel() }) // "ready"
			result, err := s.run(ctx, "sh", "-c", c.script)
			if err != nil {
				t.Fatal(err)
			}
			if result.Exit != c.exit || !result.Interrupted {
				t.Errorf("got %+v; want exit %d", result, c.exit)
			}
			var record Record
			decode(t, s.statements(t)["run"], &record)
			if record.Exit != c.exit {
				t.Errorf("recorded exit %d", record.Exit)
			}
		})
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func TestRefusedRuns(t *testing.T) {
	ok := []string{"sh", "train.sh"}
	was, is := artifact.Digest([]byte(projectFiles["train.csv"])), artifact.Digest([]byte(projectFiles["train.csv"]+"\n"))
	for name, c := range map[string]struct {
		spoil   func(t *testing.T, s *stage)
		command []string
		is      error
		want    string
	}{
		"no key":          {func(t *testing.T, s *stage) { s.deps.Key = nil }, ok, ErrUsage, "hint: make one with weighlock keygen"},
		"no command":      {nil, nil, ErrUsage, "no command"},
		"unknown command": {nil, []string{"no-such-program"}, ErrUsage, "cannot run: no-such-program: command not found\nhint: install it, or give its path"},
		"no program":      {nil, []string{"./train.sh"}, ErrUsage, "/train.sh is not a program\nhint: chmod +x it, or name what runs it: weighlock run -- sh train.sh"},
		"no project":      {remove("weighlock.yaml"), ok, project.ErrNone, ""},
		"another test set than the pinned one": {func(t *testing.T, s *stage) {
			s.write(t, "weighlock.yaml", strings.Replace(projectFile, "label: defaulted", "label: defaulted, sha256: "+strings.Repeat("ab", 32), 1))
		}, ok, oci.ErrIntegrity, "the test set is not the pinned file"},
		"a missing input":             {remove("train.csv"), ok, fs.ErrNotExist, "train.csv"},
		"a glob that matches nothing": {remove("conf"), ok, nil, "matches nothing"},
		"an input folder with the model in it": {func(t *testing.T, s *stage) {
			s.write(t, "weighlock.yaml", strings.Replace(projectFile, "code]", ".]", 1))
		}, ok, nil, "which the command writes"},
		"an image by tag": {func(t *testing.T, s *stage) {
			s.deps.Environ = append(s.deps.Environ, "WEIGHLOCK_IMAGE=acme/train:latest")
		}, ok, lineage.ErrMutable, "WEIGHLOCK_IMAGE"},
		"parameters given twice": {func(t *testing.T, s *stage) { s.write(t, "params.yaml", "a: 1\na: 2\n") }, ok, nil, "a is given twice"},
		"predictions to Parquet": {func(t *testing.T, s *stage) {
			s.write(t, "weighlock.yaml", strings.Replace(projectFile, "preds.csv", "preds.parquet", 1))
		}, ok, ErrUsage, "cannot run: predictions.command writes CSV, and predictions.file is preds.parquet\nhint: name a file that ends in .csv"},
		"an input that changes":            {nil, []string{"sh", "-c", "echo m > model.txt; echo >> train.csv"}, ErrChanged, "an input changed while the command ran: train.csv was " + was + " and is " + is + "\nhint: let the command write elsewhere, and run it again"},
		"a file that is added to an input": {nil, []string{"sh", "-c", "echo m > model.txt; echo > code/new.go"}, ErrChanged, "\nhint: let the command write elsewhere, and run it again"},
		"an input that goes":               {nil, []string{"sh", "-c", "echo m > model.txt; rm conf/a.json"}, ErrChanged, "no such file or directory\nhint: let the command leave its inputs as they are, and run it again"},
		"no model":                         {nil, []string{"true"}, ErrOutput, "let the command write it"},
		"an old model":                     {func(t *testing.T, s *stage) { s.write(t, "model.txt", "old") }, []string{"true"}, ErrOutput, "the command did not write model.txt"},
		"a missing output":                 {nil, []string{"sh", "-c", "echo m > model.txt"}, ErrOutput, "log.txt"},
		"a scorer that fails":              {func(t *testing.T, s *stage) { s.write(t, "score.sh", "exit 3") }, ok, ErrScorer, "ended with status 3"},
		"a scorer that fails at once": {func(t *testing.T, s *stage) {
			s.write(t, "test.csv", "account,zip,defaulted\n"+strings.Repeat("1,"+strings.Repeat("z", 1000)+",0\n", 1000))
			s.write(t, "score.sh", "exit 3")
		}, ok, ErrScorer, "ended with status 3"},
		"no output":            {func(t *testing.T, s *stage) { s.write(t, "score.sh", "cat >/dev/null") }, ok, ErrScorer, "the output of"},
		"no score column":      {func(t *testing.T, s *stage) { s.write(t, "score.sh", "cat") }, ok, ErrScorer, `"p"`},
		"a score that is NaN":  {scores("007,nan\n8,0.1\n9,0.1\n"), ok, ErrScorer, "not a finite number"},
		"a score that is text": {scores("007,high\n8,0.1\n9,0.1\n"), ok, ErrScorer, "not a number"},
		"an empty score":       {scores("007,\n8,0.1\n9,0.1\n"), ok, ErrScorer, "not a finite number"},
		"an id twice":          {scores("007,0.1\n007,0.1\n9,0.1\n"), ok, ErrScorer, `the id "007" is given twice`},
		"an id without zeros":  {scores("7,0.1\n8,0.1\n9,0.1\n"), ok, ErrScorer, `the id "7" is not in test.csv`},
		"too few rows":         {scores("007,0.1\n8,0.1\n"), ok, ErrScorer, `no prediction for id "9" (test.csv, line 4)` + "\nhint: it gets the rows without labels"},
		"too few rows without ids": {func(t *testing.T, s *stage) {
			s.write(t, "weighlock.yaml", strings.NewReplacer("test.csv, id: account", "test.csv", "command: sh", "id: account\n  command: sh").Replace(projectFile))
			scores("007,0.1\n8,0.1\n")(t, s)
		}, ok, ErrScorer, "has 2 rows, test.csv has 3\nhint: it gets the rows without labels"},
		"a scorer that writes the model": {func(t *testing.T, s *stage) {
			s.write(t, "score.sh", projectFiles["score.sh"]+"echo other > model.txt")
		}, ok, ErrScorer, "which is the model"},
		"a scorer that writes the test set": {func(t *testing.T, s *stage) {
			s.write(t, "score.sh", projectFiles["score.sh"]+"echo other >> test.csv")
		}, ok, ErrChanged, "test.csv"},
		"an id twice in the test set": {func(t *testing.T, s *stage) { s.write(t, "test.csv", "account,defaulted\n1,1\n1,0\n") }, ok, ErrScorer, `test.csv: line 3, column account: the id "1" is missing or given twice`},
		"no label in the test set":    {func(t *testing.T, s *stage) { s.write(t, "test.csv", "account,x\n1,1\n") }, ok, ErrScorer, "has no column defaulted"},
		"an empty test set":           {func(t *testing.T, s *stage) { s.write(t, "test.csv", "account,defaulted\n") }, ok, ErrScorer, "has no rows"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.write(t, "preds.csv", "old")
			if c.spoil != nil {
				c.spoil(t, s)
			}
			_, err := s.run(t.Context(), c.command...)
			if err == nil || !strings.Contains(err.Error(), c.want) || (c.is != nil && !errors.Is(err, c.is)) {
				t.Errorf("got %v; want %v with %q", err, c.is, c.want)
			}
			if got := s.read(t, "preds.csv"); got != "old" {
				t.Errorf("preds.csv became %q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, ".preds*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// remove takes a file or folder out of a project.
func remove(name string) func(t *testing.T, s *stage) {
	return func(t *testing.T, s *stage) {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// scores is a scorer with a fixed answer.
func scores(rows string) func(t *testing.T, s *stage) {
	return func(t *testing.T, s *stage) {
		s.write(t, "answer.csv", "account,p\n"+rows)
		s.write(t, "score.sh", "cat > /dev/null; cat answer.csv")
	}
}

// tired is an authority that answers so many times and no more.
type tired struct {
	sign.Authority
	left int
}

func (a *tired) Timestamp(ctx context.Context, digest []byte) ([]byte, error) {
	if a.left--; a.left < 0 {
		return nil, sign.ErrTSA
	}
	return a.Authority.Timestamp(ctx, digest)
}

func TestARunThatBreaksOffAnywhereLeavesWhatWasThere(t *testing.T) {
	for left := range 5 { // spec, start, run, lineage, predictions
		s := newStage(t)
		s.now = s.now.Add(time.Minute)
		authority := s.deps.TSA
		s.deps.TSA = &tired{authority, left}
		if _, err := s.run(t.Context(), "sh", "train.sh"); !errors.Is(err, sign.ErrTSA) {
			t.Errorf("after %d answers: got %v; want ErrTSA", left, err)
		}
		before := s.statements(t)
		s.deps.TSA = authority
		if _, err := s.run(t.Context(), "sh", "train.sh"); err != nil {
			t.Errorf("after %d answers: the next run: %v", left, err)
		}
		after := s.statements(t)
		for predicate, all := range before {
			for _, was := range all {
				if !slices.ContainsFunc(after[predicate], func(is *sign.Verified) bool { return is.Digest == was.Digest }) {
					t.Errorf("after %d answers: a %s statement is gone", left, predicate)
				}
			}
		}
	}
}

func TestARunThatRewritesTheSameBytesIsFresh(t *testing.T) {
	s := newStage(t)
	for range 2 {
		if _, err := s.run(t.Context(), "sh", "train.sh"); err != nil {
			t.Fatal(err)
		}
	}
	if all := s.statements(t); len(all["run"]) != 2 || len(all["spec"]) != 1 {
		t.Errorf("%d runs, %d specs; want 2 and 1", len(all["run"]), len(all["spec"]))
	}
}

func TestCodeIsTheCommitWithoutWhatTheRunDeclares(t *testing.T) {
	s := newStage(t)
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"}, args...)...)
		cmd.Dir = s.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	git("remote", "add", "origin", "https://user:token@git.example/acme/card.git?x=1")
	git("add", "weighlock.yaml", "train.sh", "score.sh", "code")
	git("commit", "-q", "-m", "one")
	commit := git("rev-parse", "HEAD")
	var changed string
	code := func() lineage.Code {
		t.Helper()
		result, err := s.run(t.Context(), "sh", "train.sh")
		if err != nil {
			t.Fatal(err)
		}
		changed = result.Changed
		return result.Lineage.Code
	}
	clean, dirty := false, true
	s.write(t, ".git/info/exclude", "seen.csv\n")
	want := lineage.Code{Status: "known", Repository: "https://git.example/acme/card.git", Commit: commit, Dirty: &clean}
	if d := cmp.Diff(want, code()); d != "" {
		t.Errorf("inputs and outputs untracked:\n%s", d)
	}
	s.write(t, "helper.py", "x")
	want.Dirty, want.Changes = &dirty, artifact.Digest(nil)
	if d := cmp.Diff(want, code()); d != "" {
		t.Errorf("an untracked source file:\n%s", d)
	}
	if changed != "helper.py" {
		t.Errorf("changed by %q; want helper.py", changed)
	}
	s.write(t, "train.sh", projectFiles["train.sh"]+"# changed\n")
	want.Changes = artifact.Digest([]byte(git("diff", "HEAD") + "\n"))
	if d := cmp.Diff(want, code()); d != "" {
		t.Errorf("a changed source file:\n%s", d)
	}
}
