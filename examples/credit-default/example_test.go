// Package credit proves what the README of this example says of its data and
// its two models, by running the three programs as a person would.
package credit

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/schema"
)

// trainDigest pins the training rows here; weighlock.yaml pins the test rows.
const trainDigest = "b33b9f252683753575557a846e1378e489c5d612c75410d43927168eff80a841"

func TestExample(t *testing.T) {
	bin, data := t.TempDir(), t.TempDir()
	run(t, nil, "go", "build", "-o", bin+"/", "./generate", "./train", "./score")
	run(t, nil, filepath.Join(bin, "generate"), "-out", data)

	t.Run("the generator makes the pinned data", func(t *testing.T) {
		if got := digest(t, filepath.Join(data, "train.csv")); got != trainDigest {
			t.Errorf("train.csv: got %s; want %s", got, trainDigest)
		}
		project, err := os.ReadFile("weighlock.yaml")
		if err != nil {
			t.Fatal(err)
		}
		got := digest(t, filepath.Join(data, "test.csv"))
		if !strings.Contains(string(project), "sha256: "+got+"\n") {
			t.Errorf("test.csv: got %s, which weighlock.yaml does not pin", got)
		}
	})
	t.Run("the project file keeps to the schema", func(t *testing.T) {
		project, err := os.ReadFile("weighlock.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := schema.Decode("project", "weighlock.yaml", project); err != nil {
			t.Error(err)
		}
	})
	t.Run("another seed makes other data", func(t *testing.T) {
		other := t.TempDir()
		run(t, nil, filepath.Join(bin, "generate"), "-out", other, "-seed", "2")
		if digest(t, filepath.Join(other, "test.csv")) == digest(t, filepath.Join(data, "test.csv")) {
			t.Error("seeds 1 and 2 give the same test.csv")
		}
	})

	test := read(t, filepath.Join(data, "test.csv"))
	t.Run("no test row repeats a training row", func(t *testing.T) {
		ids, features := map[string]bool{}, map[string]bool{}
		for _, row := range read(t, filepath.Join(data, "train.csv")) {
			ids[row[0]] = true
			features[strings.Join(row[2:14], ",")] = true
		}
		for _, row := range test {
			if ids[row[0]] || features[strings.Join(row[2:14], ",")] {
				t.Errorf("%s is in both", row[0])
			}
		}
	})

	first := trained(t, bin, data, "params.json")
	t.Run("training again gives the same model", func(t *testing.T) {
		if again := trained(t, bin, data, "params.json"); again.digest != first.digest {
			t.Errorf("got %s; want %s", again.digest, first.digest)
		}
	})
	t.Run("scoring sees each row as training did", func(t *testing.T) {
		// The loss that train reports and that of score's output agree,
		// so the two readers of a feature have not drifted apart.
		rows := read(t, filepath.Join(data, "train.csv"))
		for _, params := range []string{"params.json", "params-1.1.json"} {
			m := trained(t, bin, data, params)
			want := fmt.Sprintf("log loss on them %.4f\n", logLoss(rows, m.score(t, rows)))
			if !strings.HasSuffix(m.output, want) {
				t.Errorf("%s: got %q; want it to end in %q", params, m.output, want)
			}
		}
	})
	t.Run("the second model ranks better and overlooks the young", func(t *testing.T) {
		second := trained(t, bin, data, "params-1.1.json")
		was, is := first.score(t, test), second.score(t, test)
		if before, after := auc(test, was), auc(test, is); after < before+0.01 {
			t.Errorf("ROC AUC: got %.4f; want above %.4f by 0.01", after, before)
		}
		if got := recallUnder25(test, was); got < 0.70 {
			t.Errorf("1.0.0, recall under 25: got %.3f; want 0.70 or more", got)
		}
		if got := recallUnder25(test, is); got < 0.35 || got > 0.42 {
			t.Errorf("1.1.0, recall under 25: got %.3f; want 0.35 to 0.42", got)
		}
	})
	t.Run("an empty cell that nobody explained is refused", func(t *testing.T) {
		row := slices.Clone(test[0])
		row[5] = "" // income
		message := first.fails(t, text([][]string{row[:14]}))
		if want := "line 2: column income: \"\" is not a number"; !strings.Contains(message, want) {
			t.Errorf("got %q; want %q in it", message, want)
		}
	})
}

// scorer is a trained model and the program that applies it.
type scorer struct{ program, model, digest, output string }

func trained(t *testing.T, bin, data, params string) scorer {
	t.Helper()
	model := filepath.Join(t.TempDir(), "model.json")
	output := run(t, nil, filepath.Join(bin, "train"),
		"-params", params, "-train", filepath.Join(data, "train.csv"), "-model", model)
	return scorer{filepath.Join(bin, "score"), model, digest(t, model), string(output)}
}

// score gives the probability for each row, without showing the labels.
func (s scorer) score(t *testing.T, rows [][]string) []float64 {
	t.Helper()
	var hidden [][]string
	for _, row := range rows {
		hidden = append(hidden, row[:14])
	}
	lines := parse(t, run(t, text(hidden), s.program, "-model", s.model))
	if len(lines) != len(rows) {
		t.Fatalf("got %d predictions; want %d", len(lines), len(rows))
	}
	var p []float64
	for i, line := range lines {
		if line[0] != rows[i][0] {
			t.Fatalf("prediction %d is for %s; want %s", i, line[0], rows[i][0])
		}
		x, err := strconv.ParseFloat(line[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		p = append(p, x)
	}
	return p
}

func (s scorer) fails(t *testing.T, in []byte) string {
	t.Helper()
	c := exec.Command(s.program, "-model", s.model)
	c.Stdin = bytes.NewReader(in)
	out, err := c.CombinedOutput()
	if err == nil {
		t.Fatalf("%v succeeded; want it to fail", c.Args)
	}
	return string(out)
}

const columns = "account,as_of,sex,age,region,income,debt_ratio,utilisation,late_payments,months_on_book," +
	"savings_months,bureau_late,bureau_enquiries,bureau_debt\n"

// text renders rows without labels as CSV.
func text(rows [][]string) []byte {
	var b bytes.Buffer
	b.WriteString(columns)
	for _, row := range rows {
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.Bytes()
}

func run(t *testing.T, in []byte, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	c.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.Bytes())
	}
	return out
}

func digest(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func read(t *testing.T, file string) [][]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, b)
}

// parse reads CSV and leaves the header out.
func parse(t *testing.T, b []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}
