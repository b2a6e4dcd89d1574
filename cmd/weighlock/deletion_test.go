package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/cli"
	"github.com/weighlock/weighlock/internal/tsa"
	"github.com/weighlock/weighlock/internal/verdict"
)

// world is a team's folder with both versions of credit-default published
// into a layout: 1.0.0 allowed, 1.1.0 refused.
type world struct {
	t       *testing.T
	dir     string
	layout  string
	refused string // digest of 1.1.0
	env     map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	authority, err := tsa.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(authority)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	w := &world{t: t, dir: filepath.Join(dir, "credit-default"), layout: filepath.Join(dir, "models", "credit-default"), env: map[string]string{
		"WEIGHLOCK_CONFIG": filepath.Join(dir, "config"), "WEIGHLOCK_PASSWORD": "pw", "WEIGHLOCK_TSA": server.URL,
	}}
	chain := filepath.Join(dir, "tsa.pem")
	write(t, chain, authority.CertificatesPEM())
	if err := os.CopyFS(w.dir, os.DirFS("../../examples/credit-default")); err != nil {
		t.Fatal(err)
	}
	tests, err := filepath.Glob(filepath.Join(w.dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tests {
		remove(t, name)
	}
	write(t, filepath.Join(w.dir, "go.mod"), []byte("module example.com/credit-default\n\ngo 1.26\n"))
	w.shell("go run ./generate && git init -q && git add -A && git -c user.name=t -c user.email=t@example.com commit -q -m first")
	w.must(0, "keygen", "--tsa-chain", chain)
	w.must(0, "run", "--dir", w.dir, "--", "go", "run", "./train")
	w.must(0, "publish", "--dir", w.dir, "oci:"+w.layout+":1.0.0")
	w.shell("cp params-1.1.json params.json")
	w.must(0, "run", "--dir", w.dir, "--", "go", "run", "./train")
	w.must(3, "publish", "--dir", w.dir, "oci:"+w.layout+":1.1.0")
	w.refused = strings.TrimSpace(w.must(0, "pack", w.dir))
	return w
}

func (w *world) shell(line string) {
	w.t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = w.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

// weighlock runs the program in this process.
func (w *world) weighlock(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := cli.OS()
	env.In, env.Out, env.Err, env.Terminal = strings.NewReader(""), &out, &errs, false
	env.Getenv = func(name string) string {
		if v, ok := w.env[name]; ok {
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

func (w *world) must(want int, args ...string) string {
	w.t.Helper()
	status, stdout, stderr := w.weighlock(args...)
	if status != want {
		w.t.Fatalf("weighlock %s ended with %d, want %d\n%s\n%s", strings.Join(args, " "), status, want, stdout, stderr)
	}
	return stdout
}

// TestDeletedEvidence takes away, one at a time, every piece that lies in the
// repository, and judges again. Nothing that is missing may help: the allowed
// version is not allowed without it, and the refused one stays refused.
func TestDeletedEvidence(t *testing.T) {
	w := newWorld(t)
	allowed, refused := "oci:"+w.layout+":1.0.0", "oci:"+w.layout+"@"+w.refused
	w.must(0, "gate", allowed)
	w.must(3, "gate", refused)

	pieces := w.pieces()
	if len(pieces) < 30 {
		t.Fatalf("only %d pieces in the repository; the walk would prove little", len(pieces))
	}
	mine := w.reach("1.0.0")
	for _, p := range pieces {
		t.Run(p.name, func(t *testing.T) {
			p.take(t)
			defer p.giveBack(t)
			status, out, errs := w.weighlock("gate", allowed)
			// An entry of the chain is found by its tag; that it is also listed as
			// a referrer serves to see forks.
			listed := p.line && strings.HasSuffix(p.name, artifact.PredicateType("attempt"))
			if mine[p.digest] && !listed && status == verdict.ExitOK {
				t.Errorf("1.0.0 is still allowed without %s\n%s%s", p.name, out, errs)
			}
			if status, out, errs := w.weighlock("gate", refused); status == verdict.ExitOK {
				t.Errorf("1.1.0 is allowed without %s\n%s%s", p.name, out, errs)
			}
		})
	}
	w.must(0, "gate", allowed)
	w.must(3, "gate", refused)
}

// piece is a file of the layout, or a line of one, that can be taken away.
type piece struct {
	name, path, digest string
	whole, without     []byte
	line               bool // only a line of the file is taken away
}

func (p *piece) take(t *testing.T) {
	if !p.line {
		remove(t, p.path)
		return
	}
	write(t, p.path, p.without)
}

func (p *piece) giveBack(t *testing.T) { write(t, p.path, p.whole) }

// pieces are all blobs, and all lines of the lists of referrers.
func (w *world) pieces() []*piece {
	var all []*piece
	err := filepath.WalkDir(w.layout, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text := read(w.t, path)
		rel, err := filepath.Rel(w.layout, path)
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(rel, "blobs/"):
			digest := "sha256:" + filepath.Base(path)
			all = append(all, &piece{name: "blob " + artifact.Short(digest) + " " + kind(text), path: path, digest: digest, whole: text})
		case strings.Contains(rel, "referrers/"):
			lines := bytes.SplitAfter(text, []byte("\n"))
			for i, line := range lines {
				var d struct{ Digest string }
				if json.Unmarshal(line, &d) != nil {
					continue
				}
				rest := bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil)
				all = append(all, &piece{name: "listing of " + artifact.Short(d.Digest) + " " + kind(read(w.t, w.blob(d.Digest))), path: path, digest: d.Digest, whole: text, without: rest, line: true})
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// kind says in words what a blob is, for the name of its subtest.
func kind(text []byte) string {
	var m struct {
		ArtifactType, PredicateType string
		Annotations                 map[string]string
	}
	if json.Unmarshal(text, &m) != nil {
		return "bytes"
	}
	if p := m.Annotations[artifact.AnnotationPredicateType]; p != "" {
		return p
	}
	if m.ArtifactType != "" {
		return m.ArtifactType
	}
	return string(text[:min(len(text), 300)])
}

// reach is every digest on which the allow of a version rests: the image, what
// is attached to it, and the chain of attempts; the SLSA summary is made of
// the verdict and nothing rests on it.
func (w *world) reach(version string) map[string]bool {
	found := map[string]bool{}
	var follow func(digest string)
	follow = func(digest string) {
		if digest == "" || found[digest] {
			return
		}
		text, err := os.ReadFile(w.blob(digest))
		if err != nil {
			return
		}
		found[digest] = true
		var m struct {
			Config  struct{ Digest string }
			Layers  []struct{ Digest string }
			Subject struct{ Digest string }
		}
		if json.Unmarshal(text, &m) == nil {
			follow(m.Config.Digest)
			for _, l := range m.Layers {
				follow(l.Digest)
			}
		}
		for _, d := range w.referrers(digest) {
			if kind(read(w.t, w.blob(d))) != artifact.PredicateVSA {
				follow(d)
			}
		}
	}
	var index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	if err := json.Unmarshal(read(w.t, filepath.Join(w.layout, "index.json")), &index); err != nil {
		w.t.Fatal(err)
	}
	for _, m := range index.Manifests {
		tag := m.Annotations[artifact.AnnotationRefName]
		if tag == version || strings.HasPrefix(tag, "at-") || strings.HasPrefix(tag, "spec-") {
			follow(m.Digest)
		}
	}
	return found
}

func (w *world) referrers(digest string) []string {
	text, err := os.ReadFile(filepath.Join(w.layout, ".weighlock", "referrers", "sha256", artifact.Hex(digest)))
	if err != nil {
		return nil
	}
	var out []string
	for _, line := range bytes.Split(text, []byte("\n")) {
		var d struct{ Digest string }
		if json.Unmarshal(line, &d) == nil && d.Digest != "" {
			out = append(out, d.Digest)
		}
	}
	return out
}

func (w *world) blob(digest string) string {
	return filepath.Join(w.layout, "blobs", "sha256", artifact.Hex(digest))
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
