package evaluate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
)

// keptIDs is what the registry keeps of a model that was trained on rows with
// these ids.
func keptIDs(t *testing.T, ids ...string) *Source {
	t.Helper()
	r := request(t, "id,y\na,1\nb,0\n", "id,p\na,.9\nb,.1\n")
	train := file(t, "train.csv", "account,y\n"+strings.Join(ids, ",1\n")+",0\n")
	r.Train, r.IDKey = &train, []byte("key")
	r.Spec.Train = &project.TrainSet{File: "train.csv", ID: "account"}
	result := run(t, r)
	if got, want := result.Evaluation.Training.Stored, artifact.Digest(result.TrainingIDs); got != want || result.Evaluation.Training.Digest != train.Digest {
		t.Fatalf("got %+v; want it to name %s", result.Evaluation.Training, want)
	}
	kept := file(t, "training-ids.txt", string(result.TrainingIDs))
	return &kept
}

// TestTrainingRowsOfTheChampion: ten rows, of which the champion was trained
// on b and d; on them the model in the test is wrong or the champion right.
func TestTrainingRowsOfTheChampion(t *testing.T) {
	data := file(t, "old.csv", "account,y\nb,1\nx,0\nd,1\nb,1\n")
	for _, c := range []struct {
		name     string
		training func(*Request) *Training
		want     Known
		n        int
	}{
		{"kept ids", func(*Request) *Training {
			return &Training{Digest: data.Digest, IDs: keptIDs(t, "b", "x", "d", "b")}
		}, Known{Status: TrainingKnown, By: "ids", Digest: data.Digest, IDs: 3, Excluded: 2}, 8},
		{"its data at hand", func(*Request) *Training {
			return &Training{Digest: data.Digest, Column: "account", File: &data}
		}, Known{Status: TrainingKnown, By: "data", Digest: data.Digest, IDs: 3, Excluded: 2}, 8},
		{"the same training data", func(r *Request) *Training {
			r.Train, r.Spec.Train = &data, &project.TrainSet{File: "old.csv", ID: "account"}
			return &Training{Digest: data.Digest}
		}, Known{Status: TrainingKnown, By: "data", Digest: data.Digest, IDs: 3, Excluded: 2}, 8},
		{"the same training data, by another column", func(r *Request) *Training {
			r.Train, r.Spec.Train = &data, &project.TrainSet{File: "old.csv"}
			return &Training{Digest: data.Digest, Column: "account"}
		}, Known{Status: TrainingKnown, By: "data", Digest: data.Digest, IDs: 3, Excluded: 2}, 8},
		{"other rows", func(*Request) *Training {
			return &Training{Digest: data.Digest, IDs: keptIDs(t, "y", "x")}
		}, Known{Status: TrainingKnown, By: "ids", Digest: data.Digest, IDs: 2}, 10},
		{"every row", func(*Request) *Training {
			return &Training{Digest: data.Digest, IDs: keptIDs(t, strings.Split("abcdefghij", "")...)}
		}, Known{Status: TrainingKnown, By: "ids", Digest: data.Digest, IDs: 10, Excluded: 10}, 0},
		{"nothing", func(*Request) *Training { return nil },
			Known{Status: TrainingUnknown, Detail: "nothing says what it was trained on"}, 10},
		{"two who disagree", func(*Request) *Training { return &Training{Why: "they disagree"} },
			Known{Status: TrainingUnknown, Detail: "they disagree"}, 10},
		{"data that is gone", func(*Request) *Training { return &Training{Digest: data.Digest, Column: "account"} },
			Known{Status: TrainingUnknown, Digest: data.Digest, Detail: "its training ids were not kept, and its training data is not at hand"}, 10},
		{"data without a column of ids", func(*Request) *Training { return &Training{Digest: data.Digest, File: &data} },
			Known{Status: TrainingUnknown, Digest: data.Digest, Detail: "its training data names no column of ids"}, 10},
		{"data without this column", func(*Request) *Training { return &Training{Digest: data.Digest, Column: "id", File: &data} },
			Known{Status: TrainingUnknown, Digest: data.Digest, Detail: "its training data has no column id"}, 10},
		{"a training row without an id", func(*Request) *Training {
			gap := file(t, "gap.csv", "account,y\nb,1\n,0\n")
			return &Training{Digest: gap.Digest, Column: "account", File: &gap}
		}, Known{Status: TrainingUnknown, Digest: artifact.Digest([]byte("account,y\nb,1\n,0\n")), Detail: "a row of gap.csv has no id"}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := flipping(t)
			r.Spec.Slices = nil
			r.Champion.Training = c.training(&r)
			result := run(t, r)
			if diff := cmp.Diff(&c.want, result.Evaluation.Champion.Training); diff != "" {
				t.Errorf("training (-want +got):\n%s", diff)
			}
			got := find(t, result, "brier vs production")
			if got.N != c.n || result.Evaluation.Champion.Rows != 10 {
				t.Errorf("got %d of %d rows; want %d of 10: %+v", got.N, result.Evaluation.Champion.Rows, c.n, got.Measure)
			}
			if c.n == 0 && (got.Status != StatusUndefined || got.Detail != "the champion was trained on all 10 rows that it scored") {
				t.Errorf("got %+v; want it undefined", got.Measure)
			}
			if c.n == 8 && (got.Flips.Rows != 8 || got.Flips.Positive != 3) {
				t.Errorf("got flips %+v; want those of eight rows, without two for the better", got.Flips)
			}
		})
	}
}

// TestTrainedRowsAreAsIfNeverScored: leaving rows out gives the same number as
// a test set that never had them.
func TestTrainedRowsAreAsIfNeverScored(t *testing.T) {
	w := newWorld(400)
	rng := rand.New(rand.NewPCG(7, 7))
	var trained []string
	keep := func(text string, id func(line string) string) string {
		lines := strings.SplitAfter(text, "\n")
		return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return slices.Contains(trained, id(line)) }), "")
	}
	for range 60 {
		trained = append(trained, fmt.Sprintf("%05d", rng.IntN(400)))
	}
	plain := func(line string) string { id, _, _ := strings.Cut(line, ","); return id }
	r := full(t, w)
	r.Champion.Training = &Training{Digest: r.Test.Digest, IDs: keptIDs(t, trained...)}
	got := find(t, run(t, r), "log_loss vs production")
	w.test, w.predictions = keep(w.test, plain), keep(w.predictions, plain)
	want := find(t, run(t, full(t, w)), "log_loss vs production")
	if *got.Value != *want.Value || *got.Reference != *want.Reference || got.N != want.N || got.N == 400 {
		t.Errorf("got %v of %v on %d rows; want %v of %v on %d", *got.Value, *got.Reference, got.N, *want.Value, *want.Reference, want.N)
	}
	if got.Flips.Negative != want.Flips.Negative || got.Flips.McNemar != want.Flips.McNemar {
		t.Errorf("got flips %+v; want %+v", got.Flips.FlipCounts, want.Flips.FlipCounts)
	}
}

func TestPreviousModelIsNotJudgedOnItsTrainingRows(t *testing.T) {
	r := flipping(t)
	r.Spec.Baseline = &project.Baseline{Kind: "previous", Metric: "brier"}
	r.Champion.Training = &Training{Digest: r.Test.Digest, IDs: keptIDs(t, "b", "d")}
	if got := find(t, run(t, r), "brier vs previous"); got.N != 8 || !strings.Contains(got.Detail, "on 8 rows that it scored too and was not trained on, as far as is known (known)") {
		t.Errorf("got %+v; want it on eight rows", got.Measure)
	}
	r.Champion.Training.IDs = keptIDs(t, strings.Split("abcdefghij", "")...)
	if got := find(t, run(t, r), "brier vs previous"); got.Status != StatusUndefined || got.Detail != "the previous model was trained on every row" {
		t.Errorf("got %+v; want it undefined", got.Measure)
	}
}

func TestWhatIsKeptOfTrainingRows(t *testing.T) {
	ids := keptIDs(t, "b", "a", "b")
	r, size, err := ids.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text := make([]byte, size)
	if _, err := r.ReadAt(text, 0); err != nil {
		t.Fatal(err)
	}
	want := []string{pseudonym([]byte("key"), "a")[:16], pseudonym([]byte("key"), "b")[:16]}
	slices.Sort(want)
	if got := strings.Fields(string(text)); !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
	for name, change := range map[string]func(*Request){
		"no key":              func(r *Request) { r.IDKey = nil },
		"no column of ids":    func(r *Request) { r.Spec.Train.ID = "" },
		"a row without an id": func(r *Request) { train := file(t, "train.csv", "account\na\n\"\"\n"); r.Train = &train },
		"no training data":    func(r *Request) { r.Train, r.Spec.Train = nil, nil },
	} {
		r := request(t, "id,y\na,1\nb,0\n", "id,p\na,.9\nb,.1\n")
		train := file(t, "train.csv", "account\na\nb\n")
		r.Train, r.IDKey, r.Spec.Train = &train, []byte("key"), &project.TrainSet{File: "train.csv", ID: "account"}
		change(&r)
		got := run(t, r)
		if got.TrainingIDs != nil || got.Evaluation.Training != nil && got.Evaluation.Training.Stored != "" {
			t.Errorf("%s: got %q, %+v; want nothing kept", name, got.TrainingIDs, got.Evaluation.Training)
		}
	}
}

func TestTrainingIDsThatCannotBeRead(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "the training ids are cut off after 0 lines"},
		{"half a line", "0123456789abcdef\n01234567", "line 2 of the training ids is not sixteen hexadecimal digits"},
		{"no last line break", "0123456789abcdef", "the training ids are cut off after 1 lines"},
		{"other line breaks", "0123456789abcdef\r\n", "the training ids are cut off after 1 lines"},
		{"a word", "0123456789abcdeg\n", "line 1 of the training ids is not sixteen hexadecimal digits"},
		{"a longer line", "0123456789abcdef0123456789abcdef\n", "line 1 of the training ids is not sixteen hexadecimal digits"},
		{"the same twice", "0123456789abcdef\n0123456789abcdef\n", "line 2 of the training ids is not after the one before it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := readTags([]byte(c.text)); err == nil || err.Error() != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
	r := flipping(t)
	spoilt := file(t, "training-ids.txt", "nothing\n")
	other := spoilt
	other.Digest = r.Test.Digest
	r.Champion.Training = &Training{Digest: r.Test.Digest, IDs: &other}
	if _, err := Run(t.Context(), r); !errors.Is(err, ErrPinned) || !strings.Contains(err.Error(), "training-ids.txt is sha256:") {
		t.Errorf("got %v; want that the ids are others", err)
	}
	r.Champion.Training = &Training{Digest: r.Test.Digest, IDs: &spoilt}
	if _, err := Run(t.Context(), r); err == nil || !strings.HasPrefix(err.Error(), "reading the training ids of champion sha256:") {
		t.Errorf("got %v; want that the ids cannot be read", err)
	}
	r.Champion.Training = &Training{Digest: artifact.Digest(nil), Column: "id", File: &spoilt}
	if _, err := Run(t.Context(), r); err == nil || !strings.HasPrefix(err.Error(), "reading the training data of champion sha256:") {
		t.Errorf("got %v; want that the data cannot be read", err)
	}
}

func FuzzReadTags(f *testing.F) {
	f.Add([]byte("0123456789abcdef\n0123456789abcdf0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		tags, err := readTags(text)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, tag := range tags {
			fmt.Fprintf(&again, "%016x\n", uint64(tag))
		}
		if !strings.EqualFold(again.String(), string(text)) || !slices.IsSorted(tags) {
			t.Errorf("got %x; want what was read, in order", tags)
		}
	})
}
