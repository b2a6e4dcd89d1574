//go:build kill && linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"cuelabs.dev/go/oci/ociregistry"
	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/verdict"
)

// builder makes the program once, as it is released, and projects for it.
type builder struct {
	*world
	bin string
}

func newBuilder(t *testing.T) *builder {
	t.Helper()
	b := &builder{smallWorld(t), filepath.Join(t.TempDir(), "weighlock")}
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", b.bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}

// project trains the small model with a weight, and returns a folder of its
// own with it, and the digest of its image.
func (b *builder) project(weight float64) (dir, digest string) {
	b.t.Helper()
	write(b.t, filepath.Join(b.dir, "trained.json"), fmt.Appendf(nil, "{\"weight\": %.2f, \"bias\": 0.0}\n", weight))
	b.train()
	dir = filepath.Join(b.t.TempDir(), "small")
	if err := os.CopyFS(dir, os.DirFS(b.dir)); err != nil {
		b.t.Fatal(err)
	}
	return dir, strings.TrimSpace(b.must(0, "pack", dir))
}

// command is the program as a process.
func (b *builder) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.bin, args...)
	for _, line := range os.Environ() {
		if !strings.HasPrefix(line, "WEIGHLOCK_") {
			cmd.Env = append(cmd.Env, line)
		}
	}
	for name, value := range b.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// ends runs the program within the test, and wants an exit status.
func (b *builder) ends(want int, args ...string) (string, error) {
	status, out, errs := b.weighlock(args...)
	if status != want {
		return out, fmt.Errorf("%s ended with %d, want %d\n%s%s", strings.Join(args, " "), status, want, out, errs)
	}
	return out, nil
}

// victim is a publish that is killed, over and over, in a repository that
// holds version 1.0.0.
type victim struct {
	*builder
	dir     string // of the project
	version string
	digest  string // of its image
	first   string // digest of 1.0.0

	mu     sync.Mutex
	points int
	seen   map[string]int // how often the staged image was judged how
	faults int
}

// maxFaults end a test in which everything fails for one reason.
const maxFaults = 10

func (v *victim) fault(point string, err error) {
	if err == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.faults++; v.faults <= maxFaults {
		v.t.Errorf("killed at %s: %v", point, err)
	}
}

// kill calls do for each point, as many at once as there are processors.
func (v *victim) kill(points []string, do func(i int) error) {
	v.t.Helper()
	start := time.Now()
	step, err := strconv.Atoi(os.Getenv("WEIGHLOCK_KILL_STEP"))
	if err != nil {
		step = 1
	}
	queue := make(chan int)
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for i := range queue {
				v.fault(fmt.Sprintf("%d: %s", i+1, points[i]), do(i))
			}
		})
	}
	for i := 0; i < len(points); i += step {
		v.mu.Lock()
		enough := v.faults >= maxFaults
		v.mu.Unlock()
		if enough {
			break
		}
		queue <- i
	}
	close(queue)
	wg.Wait()
	if step == 1 && v.points < 40 {
		v.t.Errorf("only %d of %d points were reached; want 40 at least", v.points, len(points))
	}
	v.t.Logf("killed at %d points, in %s", v.points, time.Since(start).Round(time.Second))
	for _, how := range slices.Sorted(maps.Keys(v.seen)) {
		v.t.Logf("%4d times, gate of the staged digest then %s", v.seen[how], how)
	}
}

// killed counts a point at which the program was killed.
func (v *victim) killed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.points++
}

// state is what people see of version 1.0.0.
type state struct{ List, Show, Verify string }

var spaces = regexp.MustCompile(` +`)

func (b *builder) look(repo string) (state, error) {
	var s state
	var err error
	if s.List, err = b.ends(0, "ls", repo); err != nil {
		return s, err
	}
	// How wide a column is says only what else is listed.
	s.List = spaces.ReplaceAllString(s.List, " ")
	if s.Show, err = b.ends(0, "show", repo+":1.0.0"); err != nil {
		return s, err
	}
	s.Show, _, _ = strings.Cut(s.Show, "\nAttempts in this repository\n") // these grow
	s.Verify, err = b.ends(0, "verify", repo+":1.0.0")
	s.Verify = strings.ReplaceAll(s.Verify, repo, "REPO")
	return s, err
}

// without takes an allowed version out of the list, also one in parentheses:
// its attempt is recorded, and it was not given yet.
func (s state) without(version string) state {
	var kept strings.Builder
	for line := range strings.Lines(s.List) {
		if words := strings.Fields(line); strings.Trim(words[0], "()") != version || words[1] != "allow" && words[1] != "unfinished" {
			kept.WriteString(line)
		}
	}
	s.List = kept.String()
	return s
}

// after holds a repository in which a publish was killed against what it was,
// and publishes again. Where the kill changed nothing that anybody sees, fewer
// questions are asked.
func (v *victim) after(repo string, was state, seen bool, again *exec.Cmd) error {
	if err := v.whole(repo, was, seen); err != nil {
		return fmt.Errorf("then: %w", err)
	}
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), v.digest) {
		return fmt.Errorf("publishing again: %v; want 0 and %s\n%s", err, v.digest, out)
	}
	if err := v.finished(repo, was, seen); err != nil {
		return fmt.Errorf("after publishing again: %w", err)
	}
	return nil
}

// whole wants nothing half-visible: version 1.0.0 as it was, the new one whole
// or not there, and no allow without what it rests on.
func (v *victim) whole(repo string, was state, full bool) error {
	if full && v.first != "" {
		is, err := v.look(repo)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(was, is.without(v.version)); v.version != "1.0.0" && diff != "" {
			return fmt.Errorf("of 1.0.0 is seen (-want +got):\n%s", diff)
		}
	}
	if v.first != "" {
		if err := v.holds(repo+":1.0.0", full); err != nil {
			return err
		}
	}
	if v.version == "1.0.0" && v.first != "" {
		return nil
	}
	status, out, errs := v.weighlock("gate", repo+":"+v.version)
	switch {
	case status == 1 && strings.Contains(errs, "not found"):
	case status == 0:
		if err := v.holds(repo+":"+v.version, full); err != nil {
			return err
		}
	default:
		return fmt.Errorf("gate of the version ended with %d\n%s%s", status, out, errs)
	}
	status, out, errs = v.weighlock("gate", repo+"@"+v.digest)
	how := fmt.Sprintf("ends with %d", status)
	switch {
	case status == 1 && strings.Contains(errs, "not found"):
		how = "says that it is not there"
	case status == 0:
		if err := v.holds(repo+"@"+v.digest, full); err != nil {
			return fmt.Errorf("allowed by its digest: %w", err)
		}
	case status != 3 && status != 4 && status != 6:
		return fmt.Errorf("gate of the staged digest ended with %d\n%s%s", status, out, errs)
	}
	v.mu.Lock()
	v.seen[how]++
	v.mu.Unlock()
	return nil
}

// holds wants an allow that stands: judged anew, with all signatures, and the
// recorded verdict made again, byte for byte.
func (v *victim) holds(ref string, full bool) error {
	commands := [][]string{{"gate"}, {"verify"}, {"gate", "--replay"}}
	if !full {
		commands = commands[:1]
	}
	for _, args := range commands {
		if _, err := v.ends(0, append(args, ref)...); err != nil {
			return err
		}
	}
	return nil
}

// finished wants what a publish leaves that nobody killed, but for one more
// attempt, or two.
func (v *victim) finished(repo string, was state, full bool) error {
	if full && v.version != "1.0.0" {
		is, err := v.look(repo)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(was, is.without(v.version)); diff != "" {
			return fmt.Errorf("of 1.0.0 is seen (-want +got):\n%s", diff)
		}
		if err := v.holds(repo+":1.0.0", full); err != nil {
			return err
		}
	}
	if err := v.holds(repo+":"+v.version, full); err != nil {
		return err
	}
	r, _, err := oci.Open(repo, oci.Options{})
	if err != nil {
		return err
	}
	want, before := map[string]string{v.version: v.digest}, 0
	if v.first != "" {
		want["1.0.0"], before = v.first, 1
	}
	for version, digest := range want {
		if d, err := r.Resolve(context.Background(), version); err != nil || d.Digest != digest {
			return fmt.Errorf("%s is %s, %v; want %s", version, d.Digest, err, digest)
		}
	}
	tags, err := r.Tags(context.Background())
	if err != nil {
		return err
	}
	specs, attempts := 0, 0
	for _, tag := range tags {
		switch {
		case strings.HasPrefix(tag, "spec-"):
			specs++
		case strings.HasPrefix(tag, artifact.AttemptsPrefix):
			attempts++
		case tag != "1.0.0" && tag != v.version && !artifact.Internal(tag):
			return fmt.Errorf("there is a tag %s", tag)
		}
	}
	if attempts -= before; specs != 1 || attempts != 1 && attempts != 2 {
		return fmt.Errorf("got %d specs and %d new attempts; want 1 and 1, or 2: %q", specs, attempts, tags)
	}
	return nil
}

// TestKillLayout kills publish at everything that it changes in a layout, and
// in the middle of everything that it writes.
func TestKillLayout(t *testing.T) {
	b := newBuilder(t)
	one, first := b.project(1)
	base := filepath.Join(t.TempDir(), "small")
	b.must(0, "publish", "--dir", one, "oci:"+base+":1.0.0")
	two, second := b.project(1.5)
	t.Run("new version", func(t *testing.T) {
		layoutVictim(t, b, base, &victim{dir: two, version: "1.1.0", digest: second, first: first})
	})
	t.Run("version that is there", func(t *testing.T) {
		layoutVictim(t, b, base, &victim{dir: one, version: "1.0.0", digest: first, first: first})
	})
	t.Run("first version", func(t *testing.T) {
		layoutVictim(t, b, filepath.Join(t.TempDir(), "none"), &victim{dir: one, version: "1.0.0", digest: first})
	})
}

// beginning is how many points of a first publish are killed at: those at
// which the layout is made, and some more.
const beginning = 60

func layoutVictim(t *testing.T, b *builder, base string, v *victim) {
	v.from(t, b)
	var was state
	if v.first != "" {
		var err error
		if was, err = v.look("oci:" + base); err != nil {
			t.Fatal(err)
		}
	}
	free := &tracer{dir: v.copied(base)}
	if status, err := free.run(v.command("publish", "--dir", v.dir, "oci:"+free.dir+":"+v.version)); err != nil || status.ExitStatus() != 0 {
		t.Fatalf("nobody killed it: %v, %v", status, err)
	}
	type point struct {
		tracer
		seen bool // the change before it was one that others see
	}
	var points []point
	var names []string
	seen := true
	for i, c := range free.changes {
		names, points = append(names, "before "+c.String()), append(points, point{tracer{at: i + 1}, seen})
		if c.call == "write" && c.bytes > 1 {
			names, points = append(names, "in the middle of "+c.String()), append(points, point{tracer{at: i + 1, half: true}, false})
		}
		seen = !strings.HasPrefix(c.path, ".weighlock/tmp/")
	}
	if v.first == "" {
		names = names[:beginning]
	}
	v.kill(names, func(i int) error {
		p := points[i] // a copy
		p.dir = v.copied(base)
		defer os.RemoveAll(filepath.Dir(p.dir))
		ref := "oci:" + p.dir + ":" + v.version
		status, err := p.run(v.command("publish", "--dir", v.dir, ref))
		if err != nil || !p.killed || !status.Signaled() {
			return fmt.Errorf("it was not killed: %v, %v", status, err)
		}
		v.killed()
		old := i%2 == 0
		left, err := leftovers(p.dir, old)
		if err != nil {
			return err
		}
		if err := v.after("oci:"+p.dir, was, p.seen, v.command("publish", "--dir", v.dir, ref)); err != nil {
			return err
		}
		if old {
			left = nil // swept
		}
		if is, err := leftovers(p.dir, false); err != nil || !slices.Equal(is, left) {
			return fmt.Errorf("in the folder for files on their way lie %q, %v; want %q", is, err, left)
		}
		return sound(p.dir)
	})
}

// from gives the victim a builder that complains to a test of its own.
func (v *victim) from(t *testing.T, b *builder) {
	w := *b.world
	w.t = t
	v.builder, v.seen = &builder{&w, b.bin}, map[string]int{}
}

// leftovers are the files that a killed publish had not put in their place.
// Old ones are made to look as if they had lain for ten minutes, after which
// the next publish sweeps them.
func leftovers(dir string, old bool) ([]string, error) {
	left, err := filepath.Glob(filepath.Join(dir, ".weighlock", "tmp", "*"))
	for _, name := range left {
		if then := time.Now().Add(-11 * time.Minute); old && err == nil {
			err = os.Chtimes(name, then, then)
		}
	}
	return left, err
}

// copied is a layout to kill in.
func (v *victim) copied(base string) string {
	dir := filepath.Join(v.t.TempDir(), "small")
	if _, err := os.Stat(base); err == nil {
		if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
			v.fault("no point", err)
		}
	}
	return dir
}

// sound holds every blob of a layout against its name.
func sound(dir string) error {
	return filepath.WalkDir(filepath.Join(dir, "blobs", "sha256"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && artifact.Digest(text) != "sha256:"+d.Name() {
			err = fmt.Errorf("blob %s has the digest %s", d.Name(), artifact.Digest(text))
		}
		return err
	})
}

// wire stands before a registry in memory. It keeps what is written, so that
// another registry can be given the same, and kills the writer at one of its
// requests.
type wire struct {
	registry http.Handler
	kill     func() // returns when the writer is dead
	at       int
	how      string // before, middle, after

	mu     sync.Mutex
	writes []string
	kept   []func(*ocimem.Registry) error
	killed bool
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		w.registry.ServeHTTP(out, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.mu.Lock()
	w.writes = append(w.writes, r.Method+" "+r.URL.Path)
	mine := len(w.writes) == w.at
	w.killed = w.killed || mine
	w.keep(r, body)
	w.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case !mine:
		w.registry.ServeHTTP(out, r)
		return
	case w.how == "after":
		w.registry.ServeHTTP(httptest.NewRecorder(), r)
	case w.how == "middle":
		cut := errors.New("the connection was cut")
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), iotest.ErrReader(cut)))
		w.registry.ServeHTTP(httptest.NewRecorder(), r)
	}
	w.kill()
	panic(http.ErrAbortHandler)
}

func (w *wire) keep(r *http.Request, body []byte) {
	digest, tag, mediaType := r.URL.Query().Get("digest"), path.Base(r.URL.Path), r.Header.Get("Content-Type")
	switch {
	case r.Method != http.MethodPut:
	case digest != "":
		w.kept = append(w.kept, func(to *ocimem.Registry) error {
			_, err := to.PushBlob(context.Background(), registryPath, ociregistry.Descriptor{MediaType: "application/octet-stream", Digest: ociregistry.Digest(digest), Size: int64(len(body))}, bytes.NewReader(body))
			return err
		})
	default:
		if artifact.ValidDigest(tag) {
			tag = ""
		}
		w.kept = append(w.kept, func(to *ocimem.Registry) error {
			_, err := to.PushManifest(context.Background(), registryPath, tag, body, mediaType)
			return err
		})
	}
}

const registryPath = "models/small"

// TestKillRegistry kills publish at everything that it sends to a registry,
// with the referrers API and without: before the registry hears of it, when it
// has half of the body, and when the registry has it and has not answered.
func TestKillRegistry(t *testing.T) {
	b := newBuilder(t)
	one, first := b.project(1)
	two, second := b.project(1.5)
	for name, options := range map[string]*ociserver.Options{
		"referrers API": nil, "no referrers API": {DisableReferrersAPI: true},
	} {
		t.Run(name, func(t *testing.T) {
			v := &victim{dir: two, version: "1.1.0", digest: second, first: first}
			v.from(t, b)
			registryVictim(v, one, options)
		})
	}
}

func registryVictim(v *victim, one string, options *ociserver.Options) {
	store := ocimem.New()
	base := &wire{registry: ociserver.New(store, options)}
	repo, stop := serve(base)
	defer stop()
	v.must(0, "publish", "--dir", one, repo+":1.0.0")
	kept, before := base.kept, len(base.writes)
	was, err := v.look(repo)
	if err != nil {
		v.t.Fatal(err)
	}
	v.must(0, "publish", "--dir", v.dir, repo+":"+v.version)
	type point struct {
		at   int
		how  string
		seen bool
	}
	var points []point
	var names []string
	for i, write := range base.writes[before:] {
		for _, how := range []string{"before", "middle", "after"} {
			if method, _, _ := strings.Cut(write, " "); how == "middle" && method == http.MethodPost {
				continue // it has no body
			}
			points = append(points, point{i + 1, how, how == "after" && strings.Contains(write, "/manifests/")})
			names = append(names, how+" "+write)
		}
	}
	v.kill(names, func(i int) error {
		store := ocimem.New()
		for _, push := range kept {
			if err := push(store); err != nil {
				return err
			}
		}
		w := &wire{registry: ociserver.New(store, options), at: points[i].at, how: points[i].how}
		repo, stop := serve(w)
		defer stop()
		cmd := v.command("publish", "--dir", v.dir, repo+":"+v.version)
		started, dead := make(chan struct{}), make(chan struct{})
		w.kill = func() {
			<-started
			cmd.Process.Kill()
			<-dead
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		close(started)
		cmd.Wait()
		close(dead)
		if !w.killed || cmd.ProcessState.Exited() {
			return fmt.Errorf("it was not killed: %s", cmd.ProcessState)
		}
		v.killed()
		return v.after(repo, was, points[i].seen, v.command("publish", "--dir", v.dir, repo+":"+v.version))
	})
}

func serve(h http.Handler) (repo string, stop func()) {
	server := httptest.NewServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	return strings.TrimPrefix(server.URL, "http://") + "/" + registryPath, server.Close
}

// crowd is how many publish at once.
const crowd = 50

// TestKillCrowd lets fifty processes publish at once: fifty versions of one
// model into a layout, and into a registry, and fifty models into one folder.
func TestKillCrowd(t *testing.T) {
	b := newBuilder(t)
	dirs := make([]string, crowd)
	digests := make([]string, crowd)
	for i := range crowd {
		dirs[i], digests[i] = b.project(1 + float64(i)/100)
	}
	version := func(i int) string { return fmt.Sprintf("1.0.%d", i+1) }
	versions := func(t *testing.T, repo string) {
		w := *b.world
		w.t = t
		b := &builder{&w, b.bin}
		b.rush(func(i int) *exec.Cmd { return b.command("publish", "--dir", dirs[i], repo+":"+version(i)) })
		for i := range crowd {
			ref := repo + ":" + version(i)
			b.must(0, "gate", ref)
			if out := b.must(0, "verify", ref); !strings.Contains(out, digests[i]) {
				t.Errorf("%s is not %s: %s", ref, digests[i], out)
			}
		}
		if list := b.must(0, "ls", repo); strings.Count(list, "\n") != crowd+1 {
			t.Errorf("got %d lines; want one for each of %d versions:\n%s", strings.Count(list, "\n"), crowd, list)
		}
		b.chain(repo)
	}
	t.Run("versions in a layout", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "small")
		versions(t, "oci:"+dir)
		if left, err := leftovers(dir, false); len(left) != 0 || err != nil {
			t.Errorf("left behind: %q, %v", left, err)
		}
		if err := sound(dir); err != nil {
			t.Error(err)
		}
	})
	t.Run("versions in a registry", func(t *testing.T) {
		repo, stop := serve(ociserver.New(ocimem.New(), nil))
		defer stop()
		versions(t, repo)
	})
	t.Run("models in a folder", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "models")
		named := make([]string, crowd)
		for i := range crowd {
			named[i] = fmt.Sprintf("m%02d", i+1)
		}
		b := b.models(t, named)
		b.rush(func(i int) *exec.Cmd {
			return b.command("publish", "--dir", filepath.Join(b.dir, named[i]), "oci:"+filepath.Join(folder, named[i])+":1.0.0")
		})
		for _, name := range named {
			b.must(0, "gate", "oci:"+filepath.Join(folder, name)+":1.0.0")
		}
	})
}

// models makes projects of those names at level start, which need no training.
func (b *builder) models(t *testing.T, names []string) *builder {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, dir: dir, env: map[string]string{"WEIGHLOCK_CONFIG": filepath.Join(dir, "config"), "WEIGHLOCK_PASSWORD": "pw"}}
	w.must(0, "keygen", "--level", "start", "--claimed-time")
	for _, name := range names {
		to := filepath.Join(dir, name)
		if err := os.CopyFS(to, os.DirFS("testdata/small")); err != nil {
			t.Fatal(err)
		}
		project := filepath.Join(to, "weighlock.yaml")
		write(t, project, bytes.Replace(read(t, project), []byte("name: small"), []byte("name: "+name), 1))
	}
	return &builder{w, b.bin}
}

// rush starts all at once. Who says that others were faster is run again.
func (b *builder) rush(publish func(i int) *exec.Cmd) {
	b.t.Helper()
	start := time.Now()
	var mu sync.Mutex
	var times []time.Duration
	raced := 0
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			began := time.Now()
			out, err := publish(i).CombinedOutput()
			took := time.Since(began)
			again := 0
			for ended := (&exec.ExitError{}); errors.As(err, &ended) && ended.ExitCode() == verdict.ExitNetwork && again < crowd; again++ {
				out, err = publish(i).CombinedOutput()
			}
			mu.Lock()
			defer mu.Unlock()
			times, raced = append(times, took), raced+again
			if err != nil {
				b.t.Errorf("%d: %v\n%s", i+1, err, out)
			}
		})
	}
	wg.Wait()
	slices.Sort(times)
	b.t.Logf("%d at once took %s; one took %s to %s, half of them less than %s; %d were raced and ran again",
		crowd, time.Since(start).Round(time.Millisecond), times[0].Round(time.Millisecond), times[crowd-1].Round(time.Millisecond), times[crowd/2].Round(time.Millisecond), raced)
	began := time.Now()
	if out, err := publish(0).CombinedOutput(); err != nil {
		b.t.Errorf("once more: %v\n%s", err, out)
	}
	b.t.Logf("one of them again, alone: %s", time.Since(began).Round(time.Millisecond))
}

// chain wants an attempt for each that published, numbered without a gap.
func (b *builder) chain(repo string) {
	b.t.Helper()
	r, _, err := oci.Open(repo, oci.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	tags, err := r.Tags(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	for _, tag := range tags {
		if sequence, ok := artifact.EntrySeq(artifact.AttemptsPrefix, tag); ok {
			if n++; sequence != n {
				b.t.Errorf("attempt %d is followed by %d", n-1, sequence)
			}
		}
	}
	if n < crowd+1 {
		b.t.Errorf("got %d attempts; want one for each of %d, and one more", n, crowd)
	}
}
