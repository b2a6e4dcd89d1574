//go:build bench

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
)

// TestBench prints what the program costs beside others that do the same, each
// as a process, in turn, in one run: so that a busy machine slows both. It
// passes whatever the figures are: they are for people (make bench).
//
// WEIGHLOCK_BENCH_PEERS names the folder of conftest, opa and oras;
// WEIGHLOCK_BENCH_MIB bounds the largest file, in MiB (2048 unless given).
func TestBench(t *testing.T) {
	b := newBench(t)
	b.t.Logf("%s, %d cores, load %s", runtime.Version(), runtime.NumCPU(), load())
	b.starting()
	b.judging()
	b.packing()
	b.pushing()
	b.growing()
	t.Log("\n" + b.table())
}

type bench struct {
	t      *testing.T
	bin    string
	runner string
	peers  string
	rows   [][]string
	base   int64  // memory of a process that does nothing, in KiB
	said   string // what the last command wrote
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, bin: filepath.Join(t.TempDir(), "weighlock"), peers: os.Getenv("WEIGHLOCK_BENCH_PEERS")}
	b.runner = filepath.Join(filepath.Dir(b.bin), "runner")
	for out, from := range map[string]string{b.bin: ".", b.runner: "./testdata/runner"} {
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", out, from)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return b
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}

// work is one command of a comparison. before makes what each run needs anew.
type work struct {
	name   string
	before func()
	cmd    func() *exec.Cmd
	exit   int
}

// cost is what one process took, by the operating system's accounting.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // KiB, at most
}

func (b *bench) run(w work) cost {
	b.t.Helper()
	if w.before != nil {
		w.before()
	}
	cmd := w.cmd()
	cmd.Args = append([]string{b.runner, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = b.runner
	costs, err := os.CreateTemp(b.t.TempDir(), "costs")
	if err != nil {
		b.t.Fatal(err)
	}
	defer costs.Close()
	cmd.ExtraFiles = []*os.File{costs}
	out, err := cmd.CombinedOutput()
	b.said = string(out)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != w.exit {
		b.t.Fatalf("%s: %v\n%s", w.name, err, out)
	}
	var c cost
	if _, err := costs.Seek(0, io.SeekStart); err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fscan(costs, &c.wall, &c.cpu, &c.memory); err != nil {
		b.t.Fatalf("%s: what it took: %v", w.name, err)
	}
	return c
}

// compare runs ours and the peers in turn, and returns the median of each.
func (b *bench) compare(rounds int, all ...work) []cost {
	b.t.Helper()
	costs := make([][]cost, len(all))
	for _, w := range all {
		b.run(w) // the page cache is warm for all
	}
	for range rounds {
		for i, w := range all {
			costs[i] = append(costs[i], b.run(w))
		}
	}
	var medians []cost
	for _, list := range costs {
		medians = append(medians, median(list))
	}
	return medians
}

func median(list []cost) cost {
	by := func(get func(cost) int64) int64 {
		var values []int64
		for _, c := range list {
			values = append(values, get(c))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return cost{
		time.Duration(by(func(c cost) int64 { return int64(c.wall) })),
		time.Duration(by(func(c cost) int64 { return int64(c.cpu) })),
		by(func(c cost) int64 { return c.memory }),
	}
}

// bar is what a figure is held against: at most this many times the peer, or
// less than so many MiB above a process that does nothing. The zero bar holds
// nothing.
type bar struct {
	ratio float64
	above float64
}

func (l bar) String() string {
	switch {
	case l.ratio > 0:
		return fmt.Sprintf("≤ %.1f ×", l.ratio)
	case l.above > 0:
		return fmt.Sprintf("< %.0f MiB above start", l.above)
	}
	return ""
}

// row adds a line: what was measured, beside what, the bar, and whether it is
// met.
func (b *bench) row(what string, ours cost, peer string, theirs cost, limit bar) {
	above := float64(ours.memory-b.base) / 1024
	cells := []string{what, ms(ours.wall), ms(ours.cpu), "-", peer, "", "", "", limit.String(), ""}
	if b.base > 0 {
		cells[3] = fmt.Sprintf("%.0f", above)
	}
	met := above < limit.above
	if peer != "" {
		ratio := float64(ours.wall) / float64(theirs.wall)
		cells[5], cells[6], cells[7] = ms(theirs.wall), ms(theirs.cpu), fmt.Sprintf("%.2f", ratio)
		met = ratio <= limit.ratio
	}
	if limit != (bar{}) {
		cells[9] = judgement(met)
	}
	b.add(cells)
}

func judgement(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}

func (b *bench) add(cells []string) {
	b.rows = append(b.rows, cells)
	b.t.Log(strings.Join(cells, " | "))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func (b *bench) table() string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "work\tms\tCPU ms\tMiB above start\tpeer\tms\tCPU ms\tratio\tbar\t")
	for _, r := range b.rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
	return out.String()
}

func (b *bench) peer(name string) string {
	path := filepath.Join(b.peers, name)
	if _, err := os.Stat(path); err != nil {
		b.t.Fatalf("%s is not there: %v\nmake bench installs it", name, err)
	}
	return path
}

func command(dir string, name string, args ...string) func() *exec.Cmd {
	return func() *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		return cmd
	}
}

func (b *bench) starting() {
	dir := b.t.TempDir()
	c := b.compare(11,
		work{name: "weighlock", cmd: command(dir, b.bin, "version")},
		work{name: "conftest", cmd: command(dir, b.peer("conftest"), "--version")},
		work{name: "opa", cmd: command(dir, b.peer("opa"), "version")},
		work{name: "oras", cmd: command(dir, b.peer("oras"), "version")},
	)
	b.base = c[0].memory
	b.row("start-up", c[0], "conftest", c[1], bar{})
	b.row("start-up", c[0], "opa", c[2], bar{})
	b.row("start-up", c[0], "oras", c[3], bar{})
}

// project is a model that was trained under run, in a git checkout, with keys
// and a verifier file: what release asks for, so that signatures are checked.
func (b *bench) project() (dir string, env []string) {
	root := b.t.TempDir()
	dir = filepath.Join(root, "small")
	if err := os.CopyFS(dir, os.DirFS("testdata/small-release")); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "score.sh"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	env = append(os.Environ(), "HOME="+root, "WEIGHLOCK_CONFIG="+filepath.Join(root, "config"), "WEIGHLOCK_PASSWORD=correct horse")
	for _, args := range [][]string{
		{"git", "init", "-q"}, {"git", "add", "-A"}, {"git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "c"},
		{b.bin, "keygen"},
		{"sh", "-c", "echo 'claimed_time: true' >> \"$WEIGHLOCK_CONFIG/verifier.yaml\""},
		{b.bin, "run", "--", "cp", "trained.json", "model.json"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, env
		if out, err := cmd.CombinedOutput(); err != nil {
			b.t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return dir, env
}

// judging compares the gate on a folder, cold, with conftest and opa eval on
// the very input and policy bundle that the verdict names.
func (b *bench) judging() {
	dir, env := b.project()
	in := func(args ...string) func() *exec.Cmd {
		return func() *exec.Cmd {
			cmd := exec.Command(b.bin, args...)
			cmd.Dir, cmd.Env = dir, env
			return cmd
		}
	}
	b.run(work{name: "publish", cmd: in("publish", "oci:../models/small:1.0.0")})
	policy, input := b.judged(dir, in)
	peers := b.t.TempDir()
	c := b.compare(9,
		work{name: "weighlock gate", cmd: in("gate")},
		work{name: "conftest test", cmd: command(peers, b.peer("conftest"), "test", "--policy", policy, "--data", filepath.Join(policy, "data.json"), input)},
		work{name: "opa eval", cmd: command(peers, b.peer("opa"), "eval", "--bundle", policy+".tar.gz", "--input", input, "data.main.deny")},
	)
	b.row("gate FOLDER, release, 400 rows", c[0], "conftest test", c[1], bar{ratio: 1})
	b.row("gate FOLDER, release, 400 rows", c[0], "opa eval", c[2], bar{})
}

// judged lays out the policy bundle and the input of the published verdict.
func (b *bench) judged(dir string, in func(...string) func() *exec.Cmd) (policy, input string) {
	out, err := in("show", "oci:../models/small:1.0.0", "--json", "verdict", "--jq", `.verdict | .policy + " " + .input`)().Output()
	if err != nil {
		b.t.Fatal(err)
	}
	digests := strings.Fields(string(out))
	blob := func(digest string) string {
		return filepath.Join(dir, "../models/small/blobs/sha256", artifact.Hex(digest))
	}
	policy = filepath.Join(b.t.TempDir(), "policy")
	if err := errors.Join(os.Mkdir(policy, 0o755), os.Symlink(blob(digests[0]), policy+".tar.gz")); err != nil {
		b.t.Fatal(err)
	}
	if out, err := exec.Command("tar", "-xzf", blob(digests[0]), "-C", policy).CombinedOutput(); err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(blob(digests[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	input = filepath.Join(b.t.TempDir(), "input.json")
	if err := os.WriteFile(input, text, 0o644); err != nil {
		b.t.Fatal(err)
	}
	return policy, input
}

// weights writes a file of random bytes.
func (b *bench) weights(path string, size int64) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{byte(size)}), size); err != nil {
		b.t.Fatal(err)
	}
}

// model is a project of plain weights, as level start judges it.
func (b *bench) model(size int64, more int) string {
	b.t.Helper()
	dir := filepath.Join(b.t.TempDir(), "big")
	if err := os.CopyFS(dir, os.DirFS("testdata/small")); err != nil {
		b.t.Fatal(err)
	}
	files := []string{"big.bin"}
	b.weights(filepath.Join(dir, "big.bin"), size)
	for i := range more {
		name := fmt.Sprintf("part%04d.json", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strconv.Itoa(i)), 0o644); err != nil {
			b.t.Fatal(err)
		}
		files = append(files, name)
	}
	path := filepath.Join(dir, "weighlock.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("name: small"), []byte("name: big"), 1)
	text = bytes.Replace(text, []byte("file: model.json"), []byte("file: ["+strings.Join(files, ", ")+"]"), 1)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		b.t.Fatal(err)
	}
	return dir
}

func (b *bench) largest() int64 {
	if n, err := strconv.ParseInt(os.Getenv("WEIGHLOCK_BENCH_MIB"), 10, 64); err == nil {
		return n << 20
	}
	return 2 << 30
}

// packing compares packing of a large file into a layout with one digest of
// it, and with oras.
func (b *bench) packing() {
	size := min(b.largest(), 2<<30)
	dir := b.model(size, 0)
	b.warm()
	gone := func(name string) func() {
		return func() {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	c := b.compare(5,
		work{name: "weighlock push", before: gone("../out"), cmd: command(dir, b.bin, "push", "oci:../out/big")},
		work{name: "openssl dgst", cmd: command(dir, "openssl", "dgst", "-sha256", "big.bin")},
		work{name: "oras push", before: gone("../oras"), cmd: command(dir, b.peer("oras"), "push", "--oci-layout", "../oras:1", "big.bin:application/octet-stream")},
		work{name: "cp", before: gone("../copy"), cmd: command(dir, "cp", "big.bin", "../copy")},
	)
	what := fmt.Sprintf("push of %d MiB into a layout", size>>20)
	b.row(what, c[0], "openssl dgst -sha256", c[1], bar{ratio: 1.8})
	b.row(what, c[0], "oras push", c[2], bar{ratio: 0.7})
	b.row(what, c[0], "cp", c[3], bar{})
}

// warm touches the memory that is free, once. A virtual machine gets a page
// from its host at the first touch, which can cost more than the work that is
// to be measured; openssl, that writes nothing, is spared it. Hosts take pages
// back after seconds, so the row of cp says what writing costs in this run.
func (b *bench) warm() {
	b.t.Helper()
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		b.t.Log(err)
		return
	}
	free := regexp.MustCompile(`MemAvailable: *([0-9]+) kB`).FindSubmatch(text)
	if free == nil {
		b.t.Log("/proc/meminfo does not say how much memory is available")
		return
	}
	kib, err := strconv.ParseInt(string(free[1]), 10, 64)
	if err != nil {
		b.t.Fatal(err)
	}
	pages, err := syscall.Mmap(-1, 0, int(kib<<10)*3/4, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(pages); i += os.Getpagesize() {
		pages[i] = 1
	}
	if err := syscall.Munmap(pages); err != nil {
		b.t.Fatal(err)
	}
}

// pushing counts what goes over the line for an unchanged model with one small
// new file.
func (b *bench) pushing() {
	var sent atomic.Int64
	inner := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(b.t.TempDir())), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut || r.Method == http.MethodPatch {
			r.Body = &counted{r.Body, &sent}
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	dir := b.model(256<<20, 0)
	ref := strings.TrimPrefix(server.URL, "http://") + "/acme/big"
	first := b.run(work{name: "push", cmd: command(dir, b.bin, "push", ref)})
	all := sent.Swap(0)
	b.row(fmt.Sprintf("push of 256 MiB to a registry: %d bytes sent", all), first, "", cost{}, bar{above: 64})
	if err := os.WriteFile(filepath.Join(dir, "model.json"), []byte(`{"new":"file"}`), 0o644); err != nil {
		b.t.Fatal(err)
	}
	path := filepath.Join(dir, "weighlock.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("file: [big.bin]"), []byte("file: [big.bin, model.json]"), 1), 0o644); err != nil {
		b.t.Fatal(err)
	}
	second := b.run(work{name: "push", cmd: command(dir, b.bin, "push", ref)})
	// The new file, its layer's tar header, config and manifest.
	const small = 16 << 10
	b.add([]string{
		fmt.Sprintf("again, with one small new file: %d bytes sent", sent.Load()), ms(second.wall), ms(second.cpu),
		fmt.Sprintf("%.0f", float64(second.memory-b.base)/1024), "", "", "", "", "only the small file", judgement(sent.Load() < small),
	})
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

var anyDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// sizes go up by eight, to the largest.
func (b *bench) sizes() []int64 {
	var sizes []int64
	for size := int64(1 << 20); size < b.largest(); size *= 8 {
		sizes = append(sizes, size)
	}
	return append(sizes, b.largest())
}

// distribution starts CNCF's registry on a folder.
func (b *bench) distribution(store string) (host string, stop func()) {
	b.t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	host = socket.Addr().String()
	socket.Close()
	config := filepath.Join(b.t.TempDir(), "registry.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", store, host)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.Command(b.peer("registry"), "serve", config)
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	b.t.Cleanup(stop)
	for range 100 {
		answer, err := http.Get("http://" + host + "/v2/")
		if err == nil {
			answer.Body.Close()
			return host, stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatal("nothing answers at " + host)
	return "", nil
}

// growing shows how cost grows with the size of a file, the number of files,
// and the number of statements attached.
func (b *bench) growing() {
	for _, size := range b.sizes() {
		dir := b.model(size, 0)
		c := b.run(work{name: "push", cmd: command(dir, b.bin, "push", "oci:../out/big")})
		b.row(fmt.Sprintf("push of one file of %d MiB into a layout", size>>20), c, "", cost{}, bar{above: 64})
		store := filepath.Join(filepath.Dir(dir), "store")
		host, stop := b.distribution(store)
		c = b.run(work{name: "push", cmd: command(dir, b.bin, "push", host+"/acme/big")})
		b.row(fmt.Sprintf("push of one file of %d MiB to a registry", size>>20), c, "", cost{}, bar{above: 64})
		digest := anyDigest.FindString(b.said)
		c = b.run(work{name: "pull", cmd: command(dir, b.bin, "pull", "--dir", "../pulled", host+"/acme/big@"+digest)})
		b.row(fmt.Sprintf("pull of one file of %d MiB from a registry", size>>20), c, "", cost{}, bar{above: 64})
		stop()
		os.RemoveAll(filepath.Dir(dir))
	}
	for _, files := range []int{1, 10, 100, 1000} {
		dir := b.model(1<<20, files)
		c := b.run(work{name: "push", cmd: command(dir, b.bin, "push", "oci:../out/big")})
		b.row(fmt.Sprintf("push of %d files into a layout", files+1), c, "", cost{}, bar{above: 64})
	}
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		b.attached(n)
	}
}

// attached measures show of a model with many statements by others attached.
func (b *bench) attached(n int) {
	dir, env := b.project()
	in := func(args ...string) func() *exec.Cmd {
		return func() *exec.Cmd {
			cmd := exec.Command(b.bin, args...)
			cmd.Dir, cmd.Env = dir, env
			return cmd
		}
	}
	b.run(work{name: "publish", cmd: in("publish", "oci:../models/small:1.0.0")})
	repo, _, err := oci.Open("oci:"+filepath.Join(dir, "..", "models", "small"), oci.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx := context.Background()
	image, err := repo.Resolve(ctx, "1.0.0")
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range n {
		_, err := repo.PushArtifact(ctx, oci.Artifact{
			Type: "application/vnd.other", Subject: &image,
			Layers: []oci.Layer{{MediaType: "text/plain", Bytes: []byte(strconv.Itoa(i))}},
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
	c := b.compare(3, work{name: "show", cmd: in("show", "oci:../models/small:1.0.0")})
	b.row(fmt.Sprintf("show, with %d artifacts by others attached", n), c[0], "", cost{}, bar{})
}
