package prepush

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/internal/verifier"
	"github.com/weighlock/weighlock/policies"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

var library = sync.OnceValues(func() (*policy.Bundle, error) { return policy.Load(policies.FS) })

func rules() (gate.Rules, error) {
	b, err := library()
	return gate.Rules{Policy: b, Now: noon, Engine: verdict.Engine{Name: "weighlock", Version: "test"}}, err
}

func deps() Deps {
	return Deps{
		Rules: rules, Getenv: func(string) string { return "" }, Environ: environ(), Workers: 2,
		Key: Key{Program: "test", Policy: "rules", Verifier: "none", Day: "2026-06-01"},
	}
}

// unasked are deps of a run that must judge nothing.
func unasked(t *testing.T) Deps {
	d := deps()
	d.Rules = func() (gate.Rules, error) {
		t.Error("the rules were read although nothing had changed")
		return rules()
	}
	return d
}

// small copies the small project of the scripts into a folder of a checkout.
func (c *checkout) small(dir string) {
	c.t.Helper()
	from := filepath.Join("..", "..", "cmd", "weighlock", "testdata", "small")
	if err := os.CopyFS(filepath.Join(c.dir, filepath.FromSlash(dir)), os.DirFS(from)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *checkout) edit(name, was, is string) {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(name)))
	if err != nil || !strings.Contains(string(text), was) {
		c.t.Fatalf("%s does not hold %q: %v", name, was, err)
	}
	c.write(name, strings.ReplaceAll(string(text), was, is))
}

// all is a push of everything that is checked out to a new remote.
func (c *checkout) all() Options {
	return Options{Dir: c.dir, Remote: "origin", Updates: []Update{push(c.git("rev-parse", "HEAD"), "")}}
}

func (c *checkout) run(d Deps) []Model {
	c.t.Helper()
	models, err := Run(c.t.Context(), d, c.all())
	if err != nil {
		c.t.Fatal(err)
	}
	return models
}

// gist is what came of each model, in short.
func gist(models []Model) (list []string) {
	for _, m := range models {
		what := ""
		switch {
		case m.Kept != nil:
			what = "kept"
		case m.Report != nil:
			what = string(m.Report.Outcome)
		default:
			what, _, _ = strings.Cut(m.Err.Error(), "\n")
		}
		if m.Blocks() {
			what += ", blocks"
		}
		list = append(list, m.Dir+": "+what)
	}
	return list
}

func expect(t *testing.T, models []Model, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, gist(models)); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
}

func TestRun(t *testing.T) {
	c := newCheckout(t)
	c.small("models/good")
	c.small("models/bad")
	c.edit("models/bad/weighlock.yaml", "recall: {min: 0.60}", "recall: {min: 0.95}")
	c.small("models/few")
	c.edit("models/few/weighlock.yaml", "min_rows: 30", "min_rows: 300")
	c.small("models/broken")
	c.edit("models/broken/weighlock.yaml", "task: binary", "task: guess")
	c.commit()
	models := c.run(deps())
	if len(models) != 4 || models[1].Err == nil || !strings.Contains(models[1].Err.Error(), "guess") {
		t.Fatalf("got %v; want models/broken to say what is wrong", gist(models))
	}
	models[1].Err = errors.New("broken")
	expect(t, models, "models/bad: deny, blocks", "models/broken: broken, blocks", "models/few: undecided, blocks", "models/good: allow")

	// Only what was allowed is kept.
	models = c.run(deps())
	models[1].Err = errors.New("broken")
	expect(t, models, "models/bad: deny, blocks", "models/broken: broken, blocks", "models/few: undecided, blocks", "models/good: kept")
}

func TestNothingToJudge(t *testing.T) {
	c := newCheckout(t)
	c.commit("README", "1")
	expect(t, c.run(unasked(t)))
	models, err := Run(t.Context(), unasked(t), Options{Dir: "/nowhere", Updates: []Update{{"(delete)", none, "refs/heads/x", one}}})
	if len(models) > 0 || err != nil {
		t.Errorf("a deletion gave %v, %v", models, err)
	}
	if _, err := Run(t.Context(), unasked(t), Options{Dir: t.TempDir(), Updates: []Update{push(one, "")}}); !errors.Is(err, ErrGit) {
		t.Errorf("outside a repository: got %v; want %v", err, ErrGit)
	}
}

func TestModeObserve(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.edit("m/weighlock.yaml", "recall: {min: 0.60}", "recall: {min: 0.95}")
	c.edit("m/weighlock.yaml", "level: start", "level: start\nmode: observe")
	c.commit()
	expect(t, c.run(deps()), "m: deny")
	enforcing := deps()
	enforcing.Rules = func() (gate.Rules, error) {
		r, err := rules()
		r.Verifier = &verifier.File{Mode: verdict.ModeEnforce}
		return r, err
	}
	if err := os.RemoveAll(filepath.Join(c.dir, "m")); err != nil {
		t.Fatal(err)
	}
	expect(t, c.run(deps()), "m: not in the work tree")
	expect(t, c.run(enforcing), "m: not in the work tree, blocks")
}

// expiring is a context whose deadline passes when it is told to.
type expiring struct {
	context.Context
	done chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.done }

func (e expiring) Err() error {
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestDeadline(t *testing.T) {
	c := newCheckout(t)
	c.small("m/known")
	c.commit()
	expect(t, c.run(deps()), "m/known: allow")
	c.small("m/a")
	c.small("m/b")
	c.edit("m/b/weighlock.yaml", "level: start", "level: start\nmode: observe")
	c.commit()
	ctx := expiring{t.Context(), make(chan struct{})}
	d := deps()
	d.Rules = func() (gate.Rules, error) {
		close(ctx.done)
		return rules()
	}
	models, err := Run(ctx, d, c.all())
	if err != nil {
		t.Fatal(err)
	}
	expect(t, models, "m/a: no verdict before the deadline, blocks", "m/b: no verdict before the deadline", "m/known: kept")

	// Before git has said what changes, nobody knows whose mode to ask for.
	ctx = expiring{t.Context(), make(chan struct{})}
	close(ctx.done)
	want := "no verdict before the deadline: git had not yet said what the push changes"
	if _, err := Run(ctx, deps(), c.all()); !errors.Is(err, ErrDeadline) || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestInterrupted(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.commit()
	ctx, cancel := context.WithCancel(t.Context())
	d := deps()
	d.Rules = func() (gate.Rules, error) {
		cancel()
		return rules()
	}
	if models, err := Run(ctx, d, c.all()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v; want %v", gist(models), err, context.Canceled)
	}
}

func TestWorkTreeThatIsNotWhatIsPushed(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.write(".gitignore", "*.json\n")
	c.commit()
	c.edit("m/preds.csv", "r000,0.815", "r000,0.816")
	c.write("m/README", "not judged")
	for _, want := range []string{"m: allow", "m: kept"} {
		models := c.run(deps())
		expect(t, models, want)
		got := [][]string{models[0].Differ, models[0].Unpushed}
		if diff := cmp.Diff([][]string{{"m/preds.csv"}, {"m/model.json"}}, got); diff != "" {
			t.Errorf("%s: differing and unpushed files (-want +got):\n%s", want, diff)
		}
	}
}

func TestLinkedWorkTree(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.commit()
	linked := &checkout{t, filepath.Join(t.TempDir(), "linked")}
	c.git("worktree", "add", "-q", "-b", "other", linked.dir)
	linked.edit("m/weighlock.yaml", "recall: {min: 0.60}", "recall: {min: 0.95}")
	linked.commit()
	expect(t, c.run(deps()), "m: allow")
	expect(t, linked.run(deps()), "m: deny, blocks")
	expect(t, c.run(unasked(t)), "m: kept")
}

func TestBareRepository(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.commit()
	bare := &checkout{t, filepath.Join(t.TempDir(), "bare.git")}
	c.git("clone", "-q", "--bare", ".", bare.dir)
	expect(t, bare.run(deps()), "m: not in the work tree, blocks")
}

// TestKeptVerdicts changes one thing after another that a verdict rests on,
// without changing size or time where it is a file.
func TestKeptVerdicts(t *testing.T) {
	touchless := func(c *checkout, name, was, is string) {
		path := filepath.Join(c.dir, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		c.edit(name, was, is)
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	changes := map[string]func(c *checkout, d *Deps){
		"predictions":           func(c *checkout, _ *Deps) { touchless(c, "m/preds.csv", "r000,0.815", "r000,0.816") },
		"the model":             func(c *checkout, _ *Deps) { touchless(c, "m/model.json", "}", "\n") },
		"test data":             func(c *checkout, _ *Deps) { touchless(c, "m/test.csv", "r000,north", "r000,south") },
		"the project file":      func(c *checkout, _ *Deps) { touchless(c, "m/weighlock.yaml", "min: 0.60", "min: 0.61") },
		"a second project file": func(c *checkout, _ *Deps) { c.write("m/weighlock.json", "{}") },
		"statements":            func(c *checkout, _ *Deps) { c.write("m/.weighlock/index.json", "{}") },
		"a key that is not all known": func(_ *checkout, d *Deps) {
			d.Key.Program = ""
		},
	}
	for i := range reflect.TypeFor[Key]().NumField() {
		changes["key: "+reflect.TypeFor[Key]().Field(i).Name] = func(_ *checkout, d *Deps) {
			reflect.ValueOf(&d.Key).Elem().Field(i).SetString("another")
		}
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.small("m")
			c.commit()
			expect(t, c.run(deps()), "m: allow")
			expect(t, c.run(unasked(t)), "m: kept")
			d := deps()
			change(c, &d)
			if models := c.run(d); models[0].Kept != nil {
				t.Error("the verdict was kept")
			}
		})
	}
}

func TestAFileMoreInAModelFolder(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.edit("m/weighlock.yaml", "file: model.json", "file: weights")
	c.write("m/weights/deep/a.json", "{}")
	c.commit()
	expect(t, c.run(deps()), "m: allow")
	expect(t, c.run(unasked(t)), "m: kept")
	c.write("m/weights/deep/b.json", "{}")
	models := c.run(deps())
	expect(t, models, "m: allow")
	if diff := cmp.Diff([]string{"m/weights/deep/b.json"}, models[0].Unpushed); diff != "" {
		t.Errorf("unpushed files (-want +got):\n%s", diff)
	}
}

// TestAFileMoreInASet: a verdict on a set holds while the set is the same.
func TestAFileMoreInASet(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.edit("m/weighlock.yaml", "file: test.csv", `file: "test*.csv"`)
	c.edit("m/weighlock.yaml", "file: preds.csv", `file: "pred[s].csv"`)
	c.commit()
	expect(t, c.run(deps()), "m: allow")
	expect(t, c.run(unasked(t)), "m: kept")
	c.write("m/other.csv", "id\n")
	expect(t, c.run(unasked(t)), "m: kept")
	c.write("m/test2.csv", "id,region,label\nnew,north,1\n")
	models := c.run(deps())
	if models[0].Kept != nil || models[0].Report == nil {
		t.Errorf("got %v; want it judged anew", gist(models))
	}
	if diff := cmp.Diff([]string{"m/test2.csv"}, models[0].Unpushed); diff != "" {
		t.Errorf("unpushed files (-want +got):\n%s", diff)
	}
	c.commit()
	if err := os.Remove(filepath.Join(c.dir, "m/test2.csv")); err != nil {
		t.Fatal(err)
	}
	if models := c.run(deps()); !slices.Equal(models[0].Differ, []string{"m/test2.csv"}) {
		t.Errorf("a file of the set that only the push has: %v", models[0].Differ)
	}
	if err := os.Remove(filepath.Join(c.dir, "m/test.csv")); err != nil {
		t.Fatal(err)
	}
	if models := c.run(deps()); models[0].Err == nil || !strings.Contains(models[0].Err.Error(), "no file matches test*.csv") {
		t.Errorf("none left: got %v", gist(models))
	}
}

func TestCorruptEntriesAreIgnored(t *testing.T) {
	c := newCheckout(t)
	c.small("m")
	c.commit()
	expect(t, c.run(deps()), "m: allow")
	path := openCache(filepath.Join(c.dir, ".git")).path(filepath.Join(c.dir, "m"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":           "",
		"cut":             string(whole[:len(whole)/2]),
		"a bit flipped":   strings.Replace(string(whole), `"level":"start"`, `"level":"statt"`, 1),
		"without a sum":   strings.SplitAfterN(string(whole), "\n", 2)[1],
		"of a later form": strings.Replace(string(whole), `"format":1`, `"format":2`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			expect(t, c.run(deps()), "m: allow")
			if got, err := os.ReadFile(path); err != nil || len(got) < 100 {
				t.Errorf("the entry was not written anew: %q, %v", got, err)
			}
		})
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
		t.Fatal(err)
	}
	models := c.run(deps())
	expect(t, models, "m: allow")
	if models[0].Unkept == nil {
		t.Error("nobody is told that the verdict is not kept")
	}
}

func TestUnsettledFilesAreCompared(t *testing.T) {
	at := time.Unix(100, 500)
	for name, test := range map[string]struct {
		changed, now time.Time
		want         bool
	}{
		"just now":                  {at, at.Add(time.Millisecond), false},
		"some ticks ago":            {at, at.Add(150 * time.Millisecond), true},
		"a second ago, whole times": {time.Unix(100, 0), time.Unix(101, 0), false},
		"long ago, whole times":     {time.Unix(100, 0), time.Unix(103, 0), true},
		"in the future":             {at.Add(time.Hour), at, false},
	} {
		if got := settled(test.changed, test.now); got != test.want {
			t.Errorf("%s: got %v; want %v", name, got, test.want)
		}
	}
}

func TestEvidenceOutOfReachIsExplained(t *testing.T) {
	b, err := library()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range b.Rules() {
		known[r.ID] = true
	}
	for rule := range outOfReach {
		if !known[rule] {
			t.Errorf("there is no rule %s", rule)
		}
	}
	r := &verdict.Report{Signing: "single-signer", Checks: []verdict.Check{
		{Rule: "trust/single_signer", Status: verdict.Fail},
		{Rule: "lineage/pinned", Status: verdict.Undecided}, {Rule: "lineage/pinned", Status: verdict.Undecided},
		{Rule: "predictions/bound", Status: verdict.Undecided}, {Rule: "spec/before_training", Status: verdict.Pass}, {Rule: "evaluation/metrics", Status: verdict.Undecided},
	}}
	if diff := cmp.Diff([]string{"lineage/pinned, predictions/bound: " + signed}, beyond(r)); diff != "" {
		t.Errorf("explained (-want +got):\n%s", diff)
	}
}

func TestRegistriesAreNotAsked(t *testing.T) {
	if repo, err := layoutsOnly("ghcr.io/acme/card"); repo != nil || err != nil {
		t.Errorf("a registry: got %v, %v; want nothing", repo, err)
	}
	if repo, err := layoutsOnly("oci:" + t.TempDir() + "/card"); repo == nil || err != nil {
		t.Errorf("a folder: got %v, %v", repo, err)
	}
	repo, _, err := oci.Open("127.0.0.1:1/card", oci.Options{Transport: noNetwork{}, Wait: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Tags(t.Context()); err == nil || !strings.Contains(err.Error(), "asks nobody over the network") {
		t.Errorf("got %v; want a refusal", err)
	}
}

func FuzzParseEntry(f *testing.F) {
	c := openCache(f.TempDir())
	e := entry{Dir: "/m", Key: deps().Key, Kept: Kept{Name: "m", Image: "sha256:" + long}}
	e.Basis = basis{Files: []stamp{{Path: "a"}}, Folders: []listing{{".", "x"}}}
	if err := c.save(e); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(c.path("/m"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("sha256:\n{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parseEntry(text)
		if err == nil && (e.Kept.Name == "" || len(e.Basis.Files) == 0) {
			t.Error("an entry that says nothing was taken")
		}
	})
}
