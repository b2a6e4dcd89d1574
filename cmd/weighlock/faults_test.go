//go:build faults

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/sync/errgroup"

	"github.com/weighlock/weighlock/internal/cli"
	"github.com/weighlock/weighlock/internal/oci"
)

var quiet = log.New(io.Discard, "", 0)

// leastCells is how many operations under a fault make a matrix that proves
// something.
const leastCells = 300

// registries are those that stand behind the fault.
var registries = []struct {
	name  string
	lists bool // of referrers, which clients keep
	make  func() http.Handler
}{
	{"with the referrers API", false, func() http.Handler { return ociserver.New(ocimem.New(), nil) }},
	{"with fallback lists", true, func() http.Handler { return registry.New(registry.Logger(quiet)) }},
}

// yard is where faults are tried: a registry with 1.0.0 and 1.1.0 allowed and
// a third model denied, and folders from which more can be published. The
// clock stands, so that what is judged twice comes out the same.
type yard struct {
	t       *testing.T
	dir     string
	make    func() http.Handler
	env     map[string]string
	was, is stored // after 1.0.0, and after all three
	allowed string // digest of 1.1.0
	denied  string // digest of what was denied
	layout  string // all of it, on disk
	foreign listed // a statement about 1.0.0
	lists   bool   // referrers are kept in fallback lists
	n       int

	mu sync.Mutex
}

func (b *yard) folder(name string) string { return filepath.Join(b.dir, name, "small") }

var began = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newYard(t *testing.T, make func() http.Handler) *yard {
	t.Helper()
	dir := t.TempDir()
	b := &yard{t: t, dir: dir, make: make, env: map[string]string{"WEIGHLOCK_CONFIG": filepath.Join(dir, "config"), "WEIGHLOCK_PASSWORD": "-"}}
	b.keys()
	c := b.cell("base", stored{}, stored{})
	defer c.close()
	c.proxy.kept = &stored{}
	for i, m := range []struct {
		folder, weight, version string
		want                    int
	}{
		{"first", "1.0", "1.0.0", 0}, {"second", "1.5", "1.1.0", 0}, {"refused", "-1.0", "1.2.0", 3},
		{"better", "2.0", "", 0}, {"worse", "-2.0", "", 0},
	} {
		c.now = began.Add(time.Duration(i) * time.Minute)
		b.train(c, m.folder, m.weight)
		if m.version != "" {
			c.must(m.want, "publish", "--dir", b.folder(m.folder), c.ref(m.version))
		}
		if m.version == "1.0.0" {
			b.was = c.proxy.kept.clone()
		}
	}
	b.is = c.proxy.kept.clone()
	c.proxy.kept = nil
	b.foreign = b.is.statement("evaluation", b.is.tags()["1.0.0"])
	b.allowed = strings.TrimSpace(c.must(0, "pack", b.folder("second")))
	b.denied = strings.TrimSpace(c.must(0, "pack", b.folder("refused")))
	b.layout = filepath.Join(dir, "kept", "small")
	c.must(0, "copy", c.repo(), "oci:"+b.layout)
	return b
}

// keys makes a key without a password: deriving one takes longer than all the
// rest of a cell.
func (b *yard) keys() {
	b.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		b.t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		b.t.Fatal(err)
	}
	file, err := json.Marshal(map[string]any{
		"schema": "https://weighlock.dev/verifier/v1", "name": "team", "level": "release", "claimed_time": true,
		"keys": []any{map[string]any{
			"name": "team", "public": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
			"roles": []string{"builder", "evaluator", "gate"},
		}},
		"channels": map[string]any{"production": map[string]any{"champion": "none"}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	config := b.env["WEIGHLOCK_CONFIG"]
	if err := os.Mkdir(config, 0o700); err != nil {
		b.t.Fatal(err)
	}
	write(b.t, filepath.Join(config, "weighlock.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	write(b.t, filepath.Join(config, "id.key"), []byte(strings.Repeat("0123456789abcdef", 4)))
	for _, name := range []string{"weighlock.key", "id.key"} {
		if err := os.Chmod(filepath.Join(config, name), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	write(b.t, filepath.Join(config, "verifier.yaml"), file)
}

func (b *yard) train(c *cell, name, weight string) {
	b.t.Helper()
	dir := b.folder(name)
	if err := os.CopyFS(dir, os.DirFS("testdata/small-release")); err != nil {
		b.t.Fatal(err)
	}
	write(b.t, filepath.Join(dir, "trained.json"), []byte(`{"weight": `+weight+`, "bias": 0.0}`+"\n"))
	(&world{t: b.t, dir: dir}).shell("git init -q && git add -A && git -c user.name=t -c user.email=t@example.com commit -q -m first")
	c.must(0, "run", "--dir", dir, "--", "cp", "trained.json", "model.json")
}

// cell is one operation under one fault, with a repository of its own.
type cell struct {
	*yard
	behind   http.Handler
	proxy    *proxy
	name     string // first path element of its repositories
	tmp      string
	now      time.Time
	patience time.Duration
	failed   []string
}

func (b *yard) cell(name string, is, was stored) *cell {
	b.t.Helper()
	c := &cell{yard: b, behind: b.make(), name: name, tmp: filepath.Join(b.dir, "cells", name), now: began.Add(time.Hour), patience: time.Minute}
	for path, s := range map[string]stored{name + "/small": is, name + "-was/small": was} {
		if err := fill(c.behind, path, s); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := os.MkdirAll(c.tmp, 0o755); err != nil {
		b.t.Fatal(err)
	}
	c.proxy = newProxy(c.behind)
	c.proxy.foreign = b.foreign
	return c
}

func (c *cell) close() {
	c.proxy.close()
	os.RemoveAll(c.tmp)
}

func (c *cell) repo() string { return c.proxy.url + "/" + c.name + "/small" }

func (c *cell) ref(version string) string {
	if strings.HasPrefix(version, "sha256:") {
		return c.repo() + "@" + version
	}
	return c.repo() + ":" + version
}

// weighlock runs the program in this process.
func (c *cell) weighlock(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := cli.OS()
	env.In, env.Out, env.Err, env.Terminal, env.ErrTerminal = strings.NewReader(""), &out, &errs, false, false
	env.Now = func() time.Time { return c.now }
	env.Patience, env.Settle = c.patience, 10*time.Millisecond
	env.Wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	env.Getenv = func(name string) string {
		if v, ok := c.env[name]; ok {
			return v
		}
		if strings.HasPrefix(name, "WEIGHLOCK_") {
			return ""
		}
		return os.Getenv(name)
	}
	status = cli.Run(context.Background(), env, args)
	return status, out.String(), errs.String()
}

func (c *cell) must(want int, args ...string) string {
	c.t.Helper()
	status, stdout, stderr := c.weighlock(args...)
	if status != want {
		c.t.Fatalf("weighlock %s ended with %d, want %d\n%s\n%s", strings.Join(args, " "), status, want, stdout, stderr)
	}
	return stdout
}

// same is what was printed, without what differs from cell to cell.
func (c *cell) same(stdout string) string {
	return strings.NewReplacer(c.repo(), "REPO", c.proxy.url+"/"+c.name, "HOST", c.tmp, "TMP").Replace(stdout)
}

// operation is something that a person does with a registry.
type operation struct {
	name   string
	want   int  // exit status without a fault
	writes bool // into the registry
	empty  bool // the registry holds nothing before
	args   func(c *cell) []string
	// version is the tag that it sets in the registry, and refused one that it
	// must not set.
	version, refused string
	// copied is where it takes 1.1.0 to.
	copied func(c *cell) string
	// gist is what of its output must not depend on faults; nil: all of it.
	gist func(stdout string) string
	// after looks at what there is where it ended well.
	after func(c *cell) error
}

var gist = regexp.MustCompile(`"(outcome|digest)": ?"[a-z]*(:[0-9a-f]{64})?"`)

// outcome is the verdict and the image that it is about.
func outcome(stdout string) string {
	return strings.Join(gist.FindAllString(stdout, 2), " ")
}

func operations() []operation {
	layout := func(c *cell) string { return filepath.Join(c.tmp, "copied", "small") }
	pulled := func(c *cell) string { return filepath.Join(c.tmp, "pulled") }
	onDisk := func(c *cell) string { return "oci:" + layout(c) + ":1.1.0" }
	beside := func(c *cell) string { return c.proxy.url + "/" + c.name + "/to/small:1.1.0" }
	there := func(c *cell) error {
		got, err := os.ReadFile(filepath.Join(pulled(c), "model.json"))
		want := read(c.t, filepath.Join(c.folder("second"), "model.json"))
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("model.json is %q, %v", got, err)
		}
		return nil
	}
	return []operation{
		{name: "publish, allowed", writes: true, version: "2.0.0", gist: outcome, args: func(c *cell) []string {
			return []string{"publish", "--output", "json", "--dir", c.folder("better"), c.ref("2.0.0")}
		}},
		{name: "publish, denied", want: 3, writes: true, refused: "2.1.0", gist: outcome, args: func(c *cell) []string {
			return []string{"publish", "--output", "json", "--dir", c.folder("worse"), c.ref("2.1.0")}
		}},
		{name: "publish again", writes: true, version: "1.1.0", gist: outcome, args: func(c *cell) []string {
			return []string{"publish", "--output", "json", "--dir", c.folder("second"), c.ref("1.1.0")}
		}},
		{name: "publish, the first", writes: true, empty: true, version: "2.0.0", gist: outcome, args: func(c *cell) []string {
			return []string{"publish", "--output", "json", "--dir", c.folder("better"), c.ref("2.0.0")}
		}},
		{name: "gate REF", args: func(c *cell) []string { return []string{"gate", "--output", "json", c.ref("1.1.0")} }},
		{name: "gate REF, denied", want: 3, args: func(c *cell) []string { return []string{"gate", "--output", "json", c.ref(c.denied)} }},
		{name: "gate --replay", args: func(c *cell) []string { return []string{"gate", "--output", "json", "--replay", c.ref("1.1.0")} }},
		{name: "gate FOLDER", args: func(c *cell) []string {
			return []string{"gate", "--output", "json", c.folder("better"), "--repository", c.repo()}
		}},
		{name: "verify", args: func(c *cell) []string { return []string{"verify", c.ref("1.1.0")} }},
		{name: "show", args: func(c *cell) []string { return []string{"show", c.ref("1.1.0")} }},
		{name: "ls", args: func(c *cell) []string { return []string{"ls", c.repo()} }},
		{name: "push", writes: true, args: func(c *cell) []string { return []string{"push", "--dir", c.folder("better"), c.repo()} }},
		{name: "sign", writes: true, args: func(c *cell) []string { return []string{"sign", c.ref("1.1.0")} }},
		{name: "pull", after: there, args: func(c *cell) []string { return []string{"pull", "--dir", pulled(c), c.ref("1.1.0")} }},
		{name: "pull FILE", after: there, args: func(c *cell) []string {
			return []string{"pull", "--dir", pulled(c), "--only", "model.json", c.ref("1.1.0")}
		}},
		{name: "copy to a layout", copied: onDisk, args: func(c *cell) []string { return []string{"copy", c.repo(), "oci:" + layout(c)} }},
		{name: "copy one version", copied: onDisk, args: func(c *cell) []string {
			return []string{"copy", c.ref("1.1.0"), "oci:" + layout(c)}
		}},
		{name: "copy from a layout", writes: true, empty: true, version: "1.1.0", args: func(c *cell) []string {
			return []string{"copy", "oci:" + c.layout, c.repo()}
		}},
		{name: "copy in the registry", writes: true, copied: beside, args: func(c *cell) []string {
			return []string{"copy", c.repo(), c.proxy.url + "/" + c.name + "/to/small"}
		}},
		{name: "doctor", args: func(c *cell) []string {
			return []string{"doctor", "--dir", c.folder("second"), c.ref("1.1.0")}
		}},
	}
}

// trial is what an operation did.
type trial struct {
	status         int
	stdout, stderr string
	calls          []call
	struck         int
}

func (c *cell) try(o operation, f *fault, total int) trial {
	c.proxy.set(f, total)
	var r trial
	r.status, r.stdout, r.stderr = c.weighlock(o.args(c)...)
	r.stdout = c.same(r.stdout)
	r.calls, r.struck = c.proxy.seen()
	c.proxy.set(nil, 0)
	return r
}

func (c *cell) wrong(format string, v ...any) { c.failed = append(c.failed, fmt.Sprintf(format, v...)) }

// hold runs an operation under a fault, and holds what comes of it against
// the rules.
func (c *cell) hold(o operation, f *fault, clean trial) trial {
	total := 0
	for _, made := range clean.calls {
		if f.on(made) {
			total++
		}
	}
	c.patience = cmp.Or(f.patience, c.patience)
	r := c.try(o, f, total)
	c.patience = time.Minute
	if r.struck == 0 {
		return r
	}
	rule := ruleFor(o, f)
	c.judge(o, rule, r, clean)
	if rule.loses && c.lists {
		return r
	}
	c.keeps(o)
	c.stands(o, r.status == 0)
	// Reading what was not changed, with nothing kept from before, is what was
	// done without a fault.
	if rule.final || !o.writes && o.after == nil && o.copied == nil {
		return r
	}
	c.again(o, clean)
	return r
}

// judge looks at how an operation ended, and at what it said.
func (c *cell) judge(o operation, rule rule, r, clean trial) {
	if want := rule.exits(o); !slices.Contains(want, r.status) {
		c.wrong("exit %d; want one of %v, since %s", r.status, want, rule.why)
	}
	if r.status == o.want && !rule.other && o.says(r) != o.says(clean) {
		c.wrong("it ended as without the fault, and says something else:\n%s\nnot\n%s", r.stdout, clean.stdout)
	}
	if r.status != 0 && allow.MatchString(r.stdout) {
		c.wrong("it ended with %d, and says that the model is allowed:\n%s", r.status, r.stdout)
	}
	if !rule.other {
		c.ended(o, r.status == 0, "after the fault")
	}
	if i := slices.IndexFunc(r.calls, call.writes); i >= 0 && !o.writes {
		c.wrong("it only reads, and sent a %s", r.calls[i])
	}
}

var allow = regexp.MustCompile(`ALLOWED|"outcome": ?"allow"`)

// says is the part of an output that must not depend on faults.
func (o operation) says(r trial) string {
	if o.gist == nil {
		return r.stdout
	}
	return o.gist(r.stdout)
}

// again does the same without the fault: it must end as if there had been none.
func (c *cell) again(o operation, clean trial) {
	r := c.try(o, nil, 0)
	if r.status != o.want || o.says(r) != o.says(clean) {
		c.wrong("a second run ended with %d: %s\n%s\nnot with %d\n%s", r.status, r.stderr, r.stdout, o.want, clean.stdout)
	}
	c.ended(o, r.status == 0, "after the second run")
	c.stands(o, r.status == 0)
	if !o.writes || o.empty {
		return
	}
	c.keeps(o)
	if o.version != "" {
		return // stands has read the chain
	}
	if status, _, errs := c.weighlock("gate", c.ref("1.0.0")); status != 0 {
		c.wrong("1.0.0 is not allowed any more: %d %s", status, errs)
	}
}

// keeps looks behind the fault for all that was published before.
func (c *cell) keeps(o operation) {
	if o.empty {
		return
	}
	if gone := missing(c.behind, c.name+"/small", c.is); len(gone) > 0 {
		c.wrong("of what was published is lost: %v", gone)
	}
}

// ended looks at what an operation left on disk or in another repository: all
// of it where it is done, and else no version that does not stand.
func (c *cell) ended(o operation, done bool, when string) {
	if o.after != nil && done {
		if err := o.after(c); err != nil {
			c.wrong("%s: %v", when, err)
		}
	}
	if o.copied == nil {
		return
	}
	repo, ref, err := oci.Open(o.copied(c), oci.Options{})
	if err == nil {
		_, err = repo.Resolve(context.Background(), ref.Tag)
	}
	if errors.Is(err, oci.ErrNotFound) && !done {
		return
	}
	if status, _, errs := c.weighlock("gate", o.copied(c)); status != 0 || err != nil {
		c.wrong("%s: the copy is not allowed: %d %s%v", when, status, errs, err)
	}
}

// stands looks behind the fault: where a version's tag is, all that it rests
// on must be, chain of attempts included; and where the operation says that
// it is done, the tag must be.
func (c *cell) stands(o operation, done bool) {
	if o.refused != "" && c.has(o.refused) {
		c.wrong("%s was refused, and has its tag", o.refused)
	}
	if o.version == "" {
		return
	}
	if !c.has(o.version) {
		if done {
			c.wrong("it is done, and there is no %s", o.version)
		}
		return
	}
	if status, out, errs := c.weighlock("gate", c.ref(o.version)); status != 0 {
		c.wrong("%s has its tag, and does not stand: %d %s\n%s", o.version, status, errs, out)
	}
}

func (c *cell) has(version string) bool {
	rec := httptest.NewRecorder()
	c.behind.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v2/"+c.name+"/small/manifests/"+version, nil))
	return rec.Code == http.StatusOK
}

// TestFaults tries every operation under every fault, on every registry.
// WEIGHLOCK_FAULTS is a regular expression for some of them only.
func TestFaults(t *testing.T) {
	some := regexp.MustCompile(os.Getenv("WEIGHLOCK_FAULTS"))
	cells, wrong := 0, 0
	for _, kind := range registries {
		t.Run(kind.name, func(t *testing.T) {
			b := newYard(t, kind.make)
			b.lists = kind.lists
			n, bad := b.matrix(kind.name, func(o operation, f fault) bool {
				return some.MatchString(o.name+", "+f.name) && (!kind.lists || !atTheDoor.MatchString(f.name))
			})
			cells, wrong = cells+n, wrong+bad
		})
	}
	fmt.Printf("%d cells, %d of them wrong\n", cells, wrong)
	if cells < leastCells {
		t.Errorf("got %d cells; want %d at least", cells, leastCells)
	}
}

// matrix tries what is wanted, prints how each ended, and counts.
func (b *yard) matrix(registry string, wanted func(operation, fault) bool) (cells, wrong int) {
	ops, faults := operations(), faults()
	matrix, before := make([][]string, len(ops)), make([]trial, len(ops))
	for i, o := range ops {
		matrix[i], before[i] = make([]string, len(faults)), b.clean(o)
	}
	g := errgroup.Group{}
	g.SetLimit(4)
	for i, o := range ops {
		clean := before[i]
		for j, f := range faults {
			matrix[i][j] = "·"
			if !slices.ContainsFunc(clean.calls, f.on) || !wanted(o, f) {
				continue
			}
			g.Go(func() error {
				c := b.fresh(o)
				defer c.close()
				r := c.hold(o, &f, clean)
				b.mu.Lock()
				defer b.mu.Unlock()
				if r.struck == 0 {
					return nil
				}
				cells++
				matrix[i][j] = fmt.Sprint(r.status)
				if len(c.failed) > 0 {
					wrong++
					matrix[i][j] += "!"
					b.t.Errorf("%s, %s, on a registry %s: %s\n%s\n\n", o.name, f.name, registry, strings.Join(c.failed, "\n"), c.same(r.stderr))
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		b.t.Error(err)
	}
	show(registry, ops, faults, matrix)
	return cells, wrong
}

// clean is what an operation does without a fault.
func (b *yard) clean(o operation) trial {
	b.t.Helper()
	c := b.fresh(o)
	defer c.close()
	r := c.try(o, nil, 0)
	if r.status != o.want {
		b.t.Fatalf("%s ends with %d without a fault; want %d\n%s%s", o.name, r.status, o.want, r.stdout, r.stderr)
	}
	return r
}

// fresh is a cell of its own for an operation.
func (b *yard) fresh(o operation) *cell {
	b.mu.Lock()
	b.n++
	name := fmt.Sprintf("c%d", b.n)
	b.mu.Unlock()
	if o.empty {
		return b.cell(name, stored{}, stored{})
	}
	return b.cell(name, b.is, b.was)
}

// show prints the matrix, as many columns at a time as a screen has room for.
func show(name string, ops []operation, faults []fault, matrix [][]string) {
	const columns = 22
	fmt.Printf("\nExit status of each operation under each fault, on a registry %s\n(· where the operation does not meet the fault)\n", name)
	for from := 0; from < len(faults); from += columns {
		to := min(from+columns, len(faults))
		fmt.Println()
		for j := from; j < to; j++ {
			fmt.Printf("%24s%s┌ %s\n", "", strings.Repeat("│  ", j-from), faults[j].name)
		}
		for i, o := range ops {
			fmt.Printf("%-23s", o.name)
			for j := from; j < to; j++ {
				fmt.Printf(" %-2s", matrix[i][j])
			}
			fmt.Println()
		}
	}
}
