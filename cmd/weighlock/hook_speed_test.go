//go:build hookbench

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// The repository of the figures in the README.
const (
	speedModels  = 20
	speedWeights = 100 << 20 // bytes of each model: two gigabytes in all
	speedRows    = 10_000    // of each test set
	speedRuns    = 20
)

// TestHookSpeed prints how long the pre-push hook takes, as a process with
// the git processes that it starts, in a repository of its own: models of
// random weights in safetensors form, committed to git. It passes whatever
// the figures are: they are for people (make bench-hook).
func TestHookSpeed(t *testing.T) {
	s := &speed{t: t, dir: t.TempDir(), random: rand.NewChaCha8([32]byte{1})}
	s.bin = filepath.Join(t.TempDir(), "weighlock")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", s.bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.git("init", "-q", "-b", "main")
	for i := range speedModels {
		s.project(i)
	}
	s.commit()
	none := strings.Repeat("0", 40)
	first := s.hook(none, "1m")
	var changed, unchanged, alone []time.Duration
	for run := range speedRuns {
		before := s.git("rev-parse", "HEAD")
		s.weights(run % speedModels)
		s.predictions(run % speedModels)
		s.commit()
		changed = append(changed, s.hook(before, "1m"))
		unchanged = append(unchanged, s.hook(none, "1m"))
	}
	for range speedRuns {
		start := time.Now()
		if err := exec.Command(s.bin, "version").Run(); err != nil {
			t.Fatal(err)
		}
		alone = append(alone, time.Since(start))
	}
	t.Logf("%d models of %d MB, %d rows each; %s, %d cores; %d runs each; the page cache is warm",
		speedModels, speedWeights>>20, speedRows, runtime.Version(), runtime.NumCPU(), speedRuns)
	t.Logf("first push, all %d models judged: %s", speedModels, first.Round(time.Millisecond))
	report(t, "after a change to one model's weights and predictions", changed)
	report(t, "without a change, all models in the push", unchanged)
	report(t, "the program alone (weighlock version)", alone)
}

func report(t *testing.T, what string, times []time.Duration) {
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1)+0.5)].Round(time.Millisecond) }
	t.Logf("%s: p50 %s, p95 %s, longest %s", what, at(0.5), at(0.95), at(1))
}

type speed struct {
	t        *testing.T
	dir, bin string
	random   *rand.ChaCha8
}

func (s *speed) git(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", s.dir, "-c", "core.compression=0", "-c", "gc.auto=0", "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *speed) commit() {
	s.git("add", "-A")
	s.git("commit", "-q", "-m", "c")
}

func (s *speed) write(i int, name string, text []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, fmt.Sprintf("models/m%02d", i), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *speed) project(i int) {
	s.write(i, "weighlock.yaml", fmt.Appendf(nil, `name: m%02d
task: binary
file: model.safetensors
data:
  test: {file: test.csv, id: id, label: label}
predictions: {file: preds.csv, column: score, threshold: 0.5}
spec:
  metrics:
    roc_auc: {min: 0.70}
    recall: {min: 0.60}
  slices: {by: [region], recall: {min: 0.50}, min_rows: 100}
`, i))
	var test bytes.Buffer
	test.WriteString("id,region,label\n")
	for row := range speedRows {
		fmt.Fprintf(&test, "r%05d,%s,%d\n", row, []string{"north", "south", "west"}[row%3], row%2)
	}
	s.write(i, "test.csv", test.Bytes())
	s.weights(i)
	s.predictions(i)
}

func (s *speed) weights(i int) {
	header := fmt.Sprintf(`{"w":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, speedWeights/4, speedWeights)
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	b = append(b, make([]byte, speedWeights)...)
	s.random.Read(b[8+len(header):])
	s.write(i, "model.safetensors", b)
}

func (s *speed) predictions(i int) {
	var preds bytes.Buffer
	preds.WriteString("id,score\n")
	r := rand.New(s.random)
	for row := range speedRows {
		fmt.Fprintf(&preds, "r%05d,%.4f\n", row, min(1, max(0, 0.25+0.5*float64(row%2)+r.NormFloat64()*0.2)))
	}
	s.write(i, "preds.csv", preds.Bytes())
}

// hook runs the hook as git does for one ref, and says how long it took.
func (s *speed) hook(remote, deadline string) time.Duration {
	s.t.Helper()
	cmd := exec.Command(s.bin, "hook", "run", "--deadline", deadline, "pre-push", "origin", "https://git.invalid/x")
	cmd.Dir = s.dir
	cmd.Stdin = strings.NewReader("refs/heads/main " + s.git("rev-parse", "HEAD") + " refs/heads/main " + remote + "\n")
	cmd.Env = append(os.Environ(), "WEIGHLOCK_CONFIG="+s.dir+"/.git/none")
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		s.t.Fatalf("the hook: %v\n%s", err, out)
	}
	return took
}
