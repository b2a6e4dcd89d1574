//go:build registries

package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/tsa"
)

// These tests run the program as a process against real registries, which
// `make registries` fetches into .cache.

// door is how a registry lets clients in.
type door struct {
	basic  bool         // user and password, as an htpasswd file has them
	tokens *tokenServer // bearer tokens
	pair   *pair        // TLS
}

// htpasswd has one user, ci, whose password is correct horse (bcrypt, cost 4).
const (
	user     = "ci"
	password = "correct horse"
	htpasswd = user + ":$2a$04$4HfrO5h0ddKW3tFkoIdLye0mpPMWWs/63.nHEe2b3CBgnQJJoKcBy\n"
)

// stock is every registry that is tried.
var stock = []struct {
	name  string
	start func(t *testing.T, d door) (addr string)
}{
	{"distribution v3", func(t *testing.T, d door) string { return startProcess(t, "WEIGHLOCK_DISTRIBUTION", d) }},
	{"docker-registry 2.8", func(t *testing.T, d door) string { return startProcess(t, "WEIGHLOCK_DOCKER_REGISTRY", d) }},
	{"ociregistry", startInProcess},
}

// startProcess serves one of the two programs that grew from one root, with
// its files in a folder of the test's own.
func startProcess(t *testing.T, variable string, d door) string {
	t.Helper()
	program := os.Getenv(variable)
	if program == "" {
		t.Fatalf("%s does not name the registry; use make registries", variable)
	}
	dir, addr := t.TempDir(), freeAddress(t)
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		write(t, path, text)
		return path
	}
	config := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s/data}, delete: {enabled: true}}\nhttp:\n  addr: %s\n  secret: test\n", dir, addr)
	if d.pair != nil {
		config += fmt.Sprintf("  tls: {certificate: %s, key: %s}\n", file("cert.pem", d.pair.cert), file("key.pem", d.pair.key))
	}
	if d.basic {
		config += fmt.Sprintf("auth: {htpasswd: {realm: test, path: %s}}\n", file("htpasswd", []byte(htpasswd)))
	}
	if d.tokens != nil {
		config += fmt.Sprintf("auth: {token: {realm: %q, service: test, issuer: test, rootcertbundle: %s}}\n", d.tokens.realm, file("root.pem", d.tokens.ca.pem()))
	}
	var said bytes.Buffer
	c := exec.Command(program, "serve", file("config.yml", []byte(config)))
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "OTEL_TRACES_EXPORTER=none"}
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("the registry said: %s", last(said.String(), 2000))
		}
	})
	awaitDial(t, addr)
	return addr
}

// startInProcess serves ociregistry, whose doors the test makes itself.
func startInProcess(t *testing.T, d door) string {
	t.Helper()
	h := ociserver.New(ocimem.New(), nil)
	switch {
	case d.basic:
		h = basicDoor(h)
	case d.tokens != nil:
		h = d.tokens.door(h)
	}
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet
	if d.pair != nil {
		cert, err := tls.X509KeyPair(d.pair.cert, d.pair.key)
		if err != nil {
			t.Fatal(err)
		}
		s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func basicDoor(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			unauthorized(w)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

func unauthorized(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
}

// ways are the ways to get in, each with what a client needs for it.
var ways = []struct {
	name string
	make func(t *testing.T) (door, func(registry string) []string)
}{
	{"in the open", func(*testing.T) (door, func(string) []string) {
		return door{}, func(string) []string { return nil }
	}},
	{"with a password", func(t *testing.T) (door, func(string) []string) {
		return door{basic: true}, func(registry string) []string {
			home := t.TempDir()
			write(t, makeFile(t, home, ".docker/config.json"), []byte(auths(registry, user, password)))
			return []string{"HOME=" + home}
		}
	}},
	{"with a token", func(t *testing.T) (door, func(string) []string) {
		return door{tokens: newTokenServer(t)}, func(registry string) []string {
			return []string{"DOCKER_AUTH_CONFIG=" + auths(registry, user, password)}
		}
	}},
	{"by TLS with a private CA", func(t *testing.T) (door, func(string) []string) {
		ca := newCA(t)
		return door{pair: ca.server()}, func(string) []string { return []string{"WEIGHLOCK_CA=" + ca.file()} }
	}},
}

// weights is more than is sent in one piece, extra a small file beside it, and
// overhead what statements, and requests with a token in each, may come to.
const (
	weights  = 36 << 20
	extra    = 300 << 10
	overhead = 2 << 20
)

// fleet is a team with three versions of a model: one that is allowed, the same
// with one more file, and one that is refused; and the first two in a layout.
type fleet struct {
	program, dir string
	env          []string
	layout       string // oci:…/small
	refused      string // digest
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{dir: t.TempDir()}
	f.program = filepath.Join(f.dir, "weighlock")
	if out, err := exec.Command("go", "build", "-o", f.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	authority, err := tsa.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(authority)
	t.Cleanup(server.Close)
	f.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.dir + "/home", "WEIGHLOCK_CONFIG=" + f.dir + "/config",
		"WEIGHLOCK_PASSWORD=pw", "WEIGHLOCK_TSA=" + server.URL, "NO_COLOR=1"}
	chain := filepath.Join(f.dir, "tsa.pem")
	write(t, chain, authority.CertificatesPEM())
	f.must(t, 0, nil, "keygen", "--tsa-chain", chain)

	f.project(t, "allowed", `{"weight": 1.0, "bias": 0.0}`)
	f.project(t, "more", `{"weight": 1.0, "bias": 0.0}`, "notes.safetensors")
	f.project(t, "refused", `{"weight": -1.0, "bias": 0.0}`)
	f.layout = "oci:" + f.dir + "/models/small"
	f.publish(t, nil, f.layout)
	return f
}

// project lays out the small project with large weights beside it, and trains.
func (f *fleet) project(t *testing.T, name, model string, more ...string) {
	t.Helper()
	dir := filepath.Join(f.dir, name)
	if err := os.CopyFS(dir, os.DirFS("testdata/small-release")); err != nil {
		t.Fatal(err)
	}
	files := append([]string{"model.json", "weights.safetensors"}, more...)
	project := filepath.Join(dir, "weighlock.yaml")
	write(t, project, bytes.Replace(read(t, project), []byte("file: model.json"), []byte("file: ["+strings.Join(files, ", ")+"]"), 1))
	write(t, filepath.Join(dir, "trained.json"), []byte(model+"\n"))
	write(t, filepath.Join(dir, "w"), safetensors(weights))
	script := "set -e; cp trained.json model.json; cp w weights.safetensors"
	if len(more) > 0 {
		write(t, filepath.Join(dir, "n"), safetensors(extra))
		script += "; cp n " + more[0]
	}
	for _, line := range []string{"init -q", "add -A", "-c user.name=t -c user.email=t@example.com commit -q -m first"} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, strings.Fields(line)...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", line, err, out)
		}
	}
	f.must(t, 0, nil, "run", "--dir", dir, "--", "sh", "-c", script)
}

// safetensors is one tensor of so many bytes that do not compress, always the
// same.
func safetensors(n int) []byte {
	header := fmt.Sprintf(`{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}`, n, n)
	b := append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...)
	body := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(body)
	return append(b, body...)
}

// publish publishes all three versions into a repository.
func (f *fleet) publish(t *testing.T, env []string, repository string) {
	t.Helper()
	f.must(t, 0, env, "publish", "--dir", f.dir+"/allowed", repository+":1.0.0")
	f.must(t, 0, env, "publish", "--dir", f.dir+"/more", repository+":1.1.0")
	_, said := f.must(t, 3, env, "publish", "--dir", f.dir+"/refused", repository+":1.2.0")
	m := regexp.MustCompile(`\n  (\S+)@(sha256:[0-9a-f]{64})\n`).FindStringSubmatch(said)
	if m == nil || m[1] != repository {
		t.Fatalf("publish does not say where the refused image lies:\n%s", said)
	}
	if f.refused != "" && f.refused != m[2] {
		t.Errorf("the refused image is %s in %s, and %s elsewhere", m[2], repository, f.refused)
	}
	f.refused = m[2]
}

// weighlock runs the program as a process.
func (f *fleet) weighlock(env []string, args ...string) (status int, out, said string) {
	var stdout, stderr bytes.Buffer
	c := exec.Command(f.program, args...)
	c.Env = append(append([]string{}, f.env...), env...)
	c.Dir, c.Stdout, c.Stderr = f.dir, &stdout, &stderr
	err := c.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return -1, "", err.Error()
	}
	return c.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func (f *fleet) must(t *testing.T, want int, env []string, args ...string) (out, said string) {
	t.Helper()
	status, out, said := f.weighlock(env, args...)
	if status != want {
		t.Fatalf("weighlock %s ended with %d, want %d\n%s\n%s", strings.Join(args, " "), status, want, out, said)
	}
	return out, said
}

// verdicts are the bytes of every verdict that is attached to an image of a
// layout.
func verdicts(t *testing.T, layout, target string) []string {
	t.Helper()
	repo, _, err := oci.Open(layout, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := repo.Resolve(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := catalog.Bundles(t.Context(), repo, d.Digest)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, a := range all {
		if strings.Contains(a.Claim, "/verdict/") {
			list = append(list, string(a.Bundle))
		}
	}
	if len(list) == 0 {
		t.Fatalf("no verdict of %s in %s", target, layout)
	}
	return list
}

// TestRegistries is all of it, with one team.
func TestRegistries(t *testing.T) {
	f := newFleet(t)
	t.Run("story", f.stories)
	t.Run("refused", f.refuse)
	t.Run("logins", f.logins)
	t.Run("cut line", f.cutLine)
	t.Run("short tokens", f.shortTokens)
}

// refuse shows who is not let in, and what they are told.
func (f *fleet) refuse(t *testing.T) {
	const (
		account = "hint: log in with docker login HOST, with an account that may do this"
		nobody  = account + "; no login for it was found (weighlock help environment says where they are looked for)"
		ca      = "hint: where a CA of your own signed the server's certificate, let WEIGHLOCK_CA name that CA's certificate, a PEM file"
	)
	type refusal struct {
		name   string
		env    func(registry string) []string
		args   string
		status int
		want   string // how the last line begins
	}
	login := func(user, password string) func(string) []string {
		return func(registry string) []string {
			return []string{"DOCKER_AUTH_CONFIG=" + auths(registry, user, password)}
		}
	}
	none := func(string) []string { return nil }
	denied := `(?s)^weighlock: .*access denied: .*401 Unauthorized|^weighlock: .*access denied: .*UNAUTHORIZED: authentication required`
	for _, s := range stock {
		t.Run(s.name, func(t *testing.T) {
			authority := newCA(t)
			tokens := newTokenServer(t)
			doors := []struct {
				d        door
				right    func(string) []string
				refusals []refusal
			}{
				{door{basic: true}, login(user, password), []refusal{
					{"wrong password", login(user, "guess"), "gate HOST/team/small:1.0.0", 5, account},
					{"wrong password", login(user, "guess"), "publish --dir refused HOST/team/small:1.0.0", 5, account},
					{"no login", none, "gate HOST/team/small:1.0.0", 5, nobody},
					{"no login", none, "ls HOST/team/small", 5, nobody},
					{"another registry's", func(string) []string { return login(user, password)("127.0.0.1:1") }, "verify HOST/team/small:1.0.0", 5, nobody},
					{"malformed", func(string) []string { return []string{"DOCKER_AUTH_CONFIG={"} }, "gate HOST/team/small:1.0.0", 2, "hint: it is JSON as docker login writes it: "},
				}},
				{door{tokens: tokens}, login(user, password), []refusal{
					{"wrong password", login(user, "guess"), "gate HOST/team/small:1.0.0", 5, account},
					{"no login", none, "gate HOST/team/small:1.0.0", 5, nobody},
					{"no right to push", login("reader", password), "publish --dir refused HOST/team/small:2.0.0", 5, account},
					{"no right to push", login("reader", password), "copy LAYOUT HOST/reader/small", 5, account},
					{"expired token", func(registry string) []string {
						tokens.lives(-10*time.Minute, 0)
						return login(user, password)(registry)
					}, "gate HOST/team/small:1.0.0", 5, account},
				}},
				{door{pair: authority.server()}, func(string) []string { return []string{"SSL_CERT_FILE=" + authority.file()} }, []refusal{
					{"unknown CA", none, "gate HOST/team/small:1.0.0", 5, ca},
					{"another CA", func(string) []string { return []string{"WEIGHLOCK_CA=" + newCA(t).file()} }, "publish --dir refused HOST/team/small:2.0.0", 5, ca},
					{"no CA in the file", func(string) []string { return []string{"WEIGHLOCK_CA=" + f.dir + "/allowed/weighlock.yaml"} }, "gate HOST/team/small:1.0.0", 2, "hint: let it name a PEM file, which has a line -----BEGIN CERTIFICATE-----"},
				}},
			}
			for _, d := range doors {
				wire := newWire(t, s.start(t, d.d))
				// Who has the right to is let in, and one who may only read reads.
				f.must(t, 0, d.right(wire.addr), "copy", f.layout+":1.0.0", wire.addr+"/team/small")
				if d.d.tokens != nil {
					f.must(t, 0, login("reader", password)(wire.addr), "gate", wire.addr+"/team/small:1.0.0")
				}
				for _, r := range d.refusals {
					t.Run(r.name+" "+strings.Fields(r.args)[0], func(t *testing.T) {
						args := strings.Fields(strings.NewReplacer("HOST", wire.addr, "LAYOUT", f.layout).Replace(r.args))
						status, out, said := f.weighlock(r.env(wire.addr), args...)
						lines := strings.Split(strings.TrimSpace(said), "\n")
						hint := lines[len(lines)-1]
						if want := strings.ReplaceAll(r.want, "HOST", wire.addr); status != r.status || !strings.HasPrefix(hint, want) || out != "" {
							t.Errorf("%s ended with %d, want %d\n%s%s\nwant %s", r.args, status, r.status, out, said, want)
						}
						if strings.HasPrefix(r.want, account) && !regexp.MustCompile(denied).MatchString(said) {
							t.Errorf("got %s; want it denied", said)
						}
						t.Log(strings.TrimSpace(said))
					})
				}
			}
		})
	}
}

// logins gives the one login of a registry in every way.
func (f *fleet) logins(t *testing.T) {
	wire := newWire(t, stock[0].start(t, door{basic: true}))
	config := auths(wire.addr, user, password)
	file := func(name, text string) string {
		path := makeFile(t, t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(path, "/"+name)
	}
	helper := file("docker-credential-test", fmt.Sprintf("#!/bin/sh\n[ \"$1\" = get ] && [ \"$(cat)\" = %s ] && [ -z \"$WEIGHLOCK_PASSWORD\" ] && echo '{\"Username\":%q,\"Secret\":%q}'\n", wire.addr, user, password))
	path := "PATH=" + helper + ":" + os.Getenv("PATH")
	ways := map[string][]string{
		"config.json in HOME":       {"HOME=" + file(".docker/config.json", config)},
		"DOCKER_CONFIG":             {"DOCKER_CONFIG=" + file("config.json", config)},
		"REGISTRY_AUTH_FILE":        {"REGISTRY_AUTH_FILE=" + file("logins", config) + "/logins"},
		"podman's in the session":   {"XDG_RUNTIME_DIR=" + file("containers/auth.json", config)},
		"podman's in HOME":          {"HOME=" + file(".config/containers/auth.json", config)},
		"DOCKER_AUTH_CONFIG":        {"DOCKER_AUTH_CONFIG=" + config},
		"a helper for all":          {path, "DOCKER_CONFIG=" + file("config.json", `{"credsStore":"test"}`)},
		"a helper for the registry": {path, "DOCKER_AUTH_CONFIG=" + fmt.Sprintf(`{"credHelpers":{%q:"test"}}`, wire.addr)},
	}
	f.must(t, 0, ways["DOCKER_AUTH_CONFIG"], "copy", f.layout+":1.0.0", wire.addr+"/team/small")
	for name, env := range ways {
		t.Run(name, func(t *testing.T) {
			f.must(t, 0, env, "verify", wire.addr+"/team/small:1.0.0")
		})
	}
	t.Run("none of them", func(t *testing.T) {
		f.must(t, 5, nil, "verify", wire.addr+"/team/small:1.0.0")
	})
}

// cutLine breaks the line in the middle of the weights, more than
// once, on the way there and back: what arrives is whole.
func (f *fleet) cutLine(t *testing.T) {
	for _, s := range stock {
		t.Run(s.name, func(t *testing.T) {
			wire := newWire(t, s.start(t, door{}))
			wire.cutAt([]int64{10 << 20, 20 << 20, 34 << 20}, nil)
			_, said := f.must(t, 0, nil, "copy", f.layout, wire.addr+"/team/small")
			if n := wire.broken(); n != 3 {
				t.Errorf("the line was cut %d times; want 3\n%s", n, said)
			}
			t.Logf("sent %d bytes for %d of weights", wire.sent(), weights)
			f.must(t, 0, nil, "gate", "--replay", wire.addr+"/team/small:1.1.0")

			stick := "oci:" + t.TempDir() + "/small"
			wire.cutAt(nil, []int64{10 << 20, 20 << 20})
			f.must(t, 0, nil, "copy", wire.addr+"/team/small", stick)
			if n := wire.broken(); n != 2 {
				t.Errorf("the line was cut %d times on the way back; want 2", n)
			}
			f.must(t, 0, nil, "gate", "--replay", stick+":1.1.0")
			for _, version := range []string{"1.0.0", "1.1.0"} {
				if diff := cmp.Diff(blobs(t, f.layout, version), blobs(t, stick, version)); diff != "" {
					t.Errorf("%s (-layout +stick):\n%s", version, diff)
				}
			}
		})
	}
}

// blobs reads all of an image, against its digests, and returns these.
func blobs(t *testing.T, layout, version string) (digests []string) {
	t.Helper()
	repo, _, err := oci.Open(layout, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := repo.Resolve(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := repo.Manifest(t.Context(), d.Digest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := oci.ParseManifest(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range append([]oci.Descriptor{m.Config}, m.Layers...) {
		if _, err := repo.ReadBlob(t.Context(), l, 2*weights); err != nil {
			t.Error(err)
		}
		digests = append(digests, l.Digest)
	}
	return digests
}

// shortTokens publishes with tokens that are over after twenty requests: they
// are asked for again in the middle of the work.
func (f *fleet) shortTokens(t *testing.T) {
	tokens := newTokenServer(t)
	wire := newWire(t, startInProcess(t, door{tokens: tokens}))
	env := []string{"DOCKER_AUTH_CONFIG=" + auths(wire.addr, user, password)}
	tokens.lives(time.Minute, 20)
	f.must(t, 0, env, "publish", "--dir", f.dir+"/allowed", wire.addr+"/team/small:1.0.0")
	t.Logf("%d tokens for one publish", tokens.given)
	if tokens.given < 5 {
		t.Errorf("only %d tokens were given; want them to run out", tokens.given)
	}
	tokens.lives(time.Minute, 0)
	f.must(t, 0, env, "verify", wire.addr+"/team/small:1.0.0")
	f.must(t, 0, env, "gate", "--replay", wire.addr+"/team/small:1.0.0")
}

// stories tells one story on each registry, by each way in.
func (f *fleet) stories(t *testing.T) {
	for _, s := range stock {
		for _, w := range ways {
			t.Run(s.name+" "+w.name, func(t *testing.T) {
				d, client := w.make(t)
				wire := newWire(t, s.start(t, d))
				began := time.Now()
				f.story(t, wire, client(wire.addr))
				t.Logf("%.1f s", time.Since(began).Seconds())
			})
		}
	}
}

func (f *fleet) story(t *testing.T, wire *wire, env []string) {
	repository := wire.addr + "/team/small"
	is := func(part, text string) {
		t.Helper()
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}

	// Three versions; what is there already is not sent again.
	f.must(t, 0, env, "publish", "--dir", f.dir+"/allowed", repository+":1.0.0")
	first := wire.sent()
	if first < weights {
		t.Errorf("the first publish sent %d bytes; want the weights' %d and more", first, weights)
	}
	f.must(t, 0, env, "publish", "--dir", f.dir+"/more", repository+":1.1.0")
	second := wire.sent()
	if second < extra || second > extra+overhead {
		t.Errorf("the second publish sent %d bytes; want the small file's %d, and some statements", second, extra)
	}
	_, said := f.must(t, 3, env, "publish", "--dir", f.dir+"/refused", repository+":1.2.0")
	is("not published: there is no tag 1.2.0; ", said)
	is(repository+"@"+f.refused, said)

	// Judged again, verified, and listed, from the registry.
	out, _ := f.must(t, 0, env, "gate", repository+":1.0.0")
	is("ALLOWED  small 1.0.0", out)
	out, _ = f.must(t, 3, env, "gate", repository+"@"+f.refused)
	is("DENIED  small", out)
	_, said = f.must(t, 0, env, "gate", "--replay", repository+":1.1.0")
	is("the same verdict byte for byte", said)
	_, said = f.must(t, 3, env, "gate", "--replay", repository+"@"+f.refused)
	is("the same verdict byte for byte", said)
	f.must(t, 0, env, "verify", repository+":1.0.0")
	f.must(t, 6, env, "verify", repository+"@"+f.refused)
	out, _ = f.must(t, 0, env, "ls", repository, "--json", "version,verdict", "--jq", `map(.version + " " + .verdict) | join(", ")`)
	if want := "1.0.0 allow, 1.1.0 allow, 1.2.0 deny\n"; out != want {
		t.Errorf("ls: got %q; want %q", out, want)
	}
	out, _ = f.must(t, 0, env, "show", repository+":1.1.0")
	is("ALLOWED  small 1.1.0", out)

	// From a layout to this registry and to a stick: the same verdict.
	copied, stick := wire.addr+"/copied/small", "oci:"+t.TempDir()+"/small"
	wire.sent()
	f.must(t, 0, env, "copy", f.layout, copied)
	f.must(t, 0, env, "copy", f.layout+"@"+f.refused, copied)
	f.must(t, 0, env, "copy", copied, stick)
	f.must(t, 0, env, "copy", copied+"@"+f.refused, stick)
	for target, want := range map[string]int{":1.0.0": 0, ":1.1.0": 0, "@" + f.refused: 3} {
		here, _ := f.must(t, want, nil, "gate", "--replay", "--output", "json", f.layout+target)
		there, _ := f.must(t, want, env, "gate", "--replay", "--output", "json", copied+target)
		back, _ := f.must(t, want, nil, "gate", "--replay", "--output", "json", stick+target)
		if !json.Valid([]byte(here)) || here != there || here != back {
			t.Errorf("%s: the replayed verdict is not the same:\n%s", target, cmp.Diff(here, there)+cmp.Diff(here, back))
		}
		if diff := cmp.Diff(verdicts(t, f.layout, target[1:]), verdicts(t, stick, target[1:])); diff != "" {
			t.Errorf("%s: the verdict's bytes (-layout +stick):\n%s", target, diff)
		}
	}

	// From one repository to another inside the registry no blob is sent.
	wire.sent()
	_, said = f.must(t, 0, env, "copy", copied, wire.addr+"/mirror/small")
	mounted := wire.sent()
	if !regexp.MustCompile(`(?m)^0 blobs sent \(0\.0 MB\), \d+ were there, [1-9]\d* taken over inside the registry$`).MatchString(said) || mounted > overhead {
		t.Errorf("the copy inside the registry sent %d bytes:\n%s", mounted, said)
	}
	f.must(t, 0, env, "gate", "--replay", wire.addr+"/mirror/small:1.1.0")
	t.Logf("sent: first publish %d bytes, second %d, copy inside the registry %d", first, second, mounted)
}
