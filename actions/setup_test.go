package actions

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestSetup installs from a server of its own with a table of its own; a
// release is played by a shell script.
func TestSetup(t *testing.T) {
	binary := "#!/bin/sh\necho weighlock v9.0.0\n"
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(binary)))
	other := strings.Repeat("0", 64)
	here := runtime.GOOS + "/" + runtime.GOARCH
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := "weighlock-" + runtime.GOOS + "-" + runtime.GOARCH; !strings.HasSuffix(r.URL.Path, "/"+name) || strings.Contains(r.URL.Path, "v9.9.9") {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, binary)
	}))
	t.Cleanup(server.Close)
	table := strings.Join([]string{"# a comment", "9.0.0 " + here + " " + sum, "9.1.0 " + here + " " + other, "9.9.9 " + here + " " + sum, "9.2.0 plan9/arm " + sum, "9.3.0 " + here + " " + sum[:10]}, "\n") + "\n"
	cases := []struct {
		name   string
		inputs []string
		status int
		want   string
	}{
		{"a release that is known", []string{"IN_VERSION", "9.0.0"}, 0, "weighlock v9.0.0 is at"},
		{"a release that is known, with a v", []string{"IN_VERSION", "v9.0.0"}, 0, "weighlock v9.0.0 is at"},
		{"a release whose digest the workflow gives", []string{"IN_VERSION", "8.0.0", "IN_SHA256", sum}, 0, "weighlock v9.0.0 is at"},
		{"a release that both know", []string{"IN_VERSION", "9.0.0", "IN_SHA256", sum}, 0, "weighlock v9.0.0 is at"},
		{"other bytes", []string{"IN_VERSION", "9.1.0"}, 6, "has digest " + sum},
		{"other bytes than the workflow says", []string{"IN_VERSION", "8.0.0", "IN_SHA256", other}, 6, "has digest " + sum},
		{"a digest that is not the table's", []string{"IN_VERSION", "9.0.0", "IN_SHA256", other}, 6, "is not the digest of weighlock 9.0.0"},
		{"a digest that is none", []string{"IN_VERSION", "8.0.0", "IN_SHA256", "abc"}, 2, "is no SHA-256"},
		{"a table that is damaged", []string{"IN_VERSION", "9.3.0"}, 2, "is no SHA-256"},
		{"an unknown version", []string{"IN_VERSION", "8.0.0"}, 2, "weighlock 8.0.0 for " + here + " is not in the table"},
		{"a version for other platforms", []string{"IN_VERSION", "9.2.0"}, 2, "is not in the table"},
		{"latest", []string{"IN_VERSION", "latest"}, 2, "one exact version"},
		{"a version that climbs", []string{"IN_VERSION", "9.0.0/../../x"}, 2, "one exact version"},
		{"a release that is gone", []string{"IN_VERSION", "9.9.9"}, 5, "could not be fetched"},
		{"a mirror in the clear", []string{"IN_VERSION", "9.0.0", "IN_MIRROR", "http://example.com"}, 2, "begins with https://"},
		{"nothing asked for", nil, 2, "only one"},
		{"two things asked for", []string{"IN_VERSION", "9.0.0", "IN_BUILD_FROM", "action"}, 2, "only one"},
		{"use-path is perhaps", []string{"IN_USE_PATH", "perhaps"}, 2, "none of: true false"},
		{"nothing on the PATH", []string{"IN_USE_PATH", "true"}, 2, "no weighlock on the PATH"},
		{"no source", []string{"IN_BUILD_FROM", "."}, 2, "Weighlock's source is not"},
		{"an input of two lines", []string{"IN_VERSION", "9.0.0\nx"}, 2, "holds a line break"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRunner(t)
			r.bare()
			check(t, r.bash(setupInputs(server.URL, c.inputs...), r.setup(table)), c.status, c.want)
			installed(t, r, c.status == 0)
		})
	}
	t.Run("a platform without releases", func(t *testing.T) {
		r := newRunner(t)
		r.bare()
		r.tool("uname", "echo Plan9\n")
		check(t, r.bash(setupInputs(server.URL, "IN_VERSION", "9.0.0"), r.setup(table)), 2, "there is no weighlock for Plan9")
		installed(t, r, false)
	})
	t.Run("the one on the PATH", func(t *testing.T) {
		r := newRunner(t)
		r.bare()
		r.tool("weighlock", "echo weighlock v9.0.0\n")
		check(t, r.bash(setupInputs("", "IN_USE_PATH", "true"), r.setup(table)), 0, "weighlock v9.0.0 is at "+r.at("tools/weighlock"))
		installed(t, r, true)
	})
	t.Run("one that the change brought", func(t *testing.T) {
		r := newRunner(t)
		r.bare()
		r.tool("weighlock", "echo weighlock v9.0.0\n")
		r.env["GITHUB_WORKSPACE"] = r.dir
		check(t, r.bash(setupInputs("", "IN_USE_PATH", "true"), r.setup(table)), 6, "lies in the workspace")
		installed(t, r, false)
	})
	t.Run("another program of that name", func(t *testing.T) {
		r := newRunner(t)
		r.bare()
		r.tool("weighlock", "echo scales 1.0\n")
		check(t, r.bash(setupInputs("", "IN_USE_PATH", "true"), r.setup(table)), 1, "is no weighlock")
		installed(t, r, false)
	})
}

func setupInputs(mirror string, changes ...string) map[string]string {
	in := map[string]string{"IN_VERSION": "", "IN_SHA256": "", "IN_MIRROR": mirror, "IN_BUILD_FROM": "", "IN_USE_PATH": "false"}
	for i := 0; i < len(changes); i += 2 {
		in[changes[i]] = changes[i+1]
	}
	return in
}

// setup copies the action beside a table of releases.
func (r *runner) setup(table string) string {
	r.t.Helper()
	if err := os.MkdirAll(r.at("actions/setup"), 0o755); err != nil {
		r.t.Fatal(err)
	}
	for name, from := range map[string]string{"common.sh": text(r.t, "common.sh"), "setup/setup.sh": text(r.t, "setup/setup.sh"), "setup/releases.txt": table} {
		if err := os.WriteFile(r.at(filepath.Join("actions", name)), []byte(from), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.at("actions/setup/setup.sh")
}

// installed says whether the steps that follow would find a weighlock.
func installed(t *testing.T, r *runner, want bool) {
	t.Helper()
	dir, out := strings.TrimSuffix(r.read("path"), "\n"), r.outputs()
	switch {
	case !want && (dir != "" || len(out) != 0):
		t.Errorf("got %q on the PATH and outputs %v; want nothing", dir, out)
	case want && (out["path"] != dir+"/weighlock" || out["version"] != "v9.0.0"):
		t.Errorf("got %q on the PATH and outputs %v", dir, out)
	}
	left, err := filepath.Glob(r.at("temp/*/*"))
	if err != nil || !want && len(left) != 0 {
		t.Errorf("got %v, %v; want nothing left behind", left, err)
	}
}

// TestReleases holds the table's lines to their form.
func TestReleases(t *testing.T) {
	line := regexp.MustCompile(`^(#.*|\d+\.\d+\.\d+(-[0-9A-Za-z.]+)? (linux|darwin)/(amd64|arm64) [0-9a-f]{64})\n$`)
	seen := map[string]bool{}
	for l := range strings.Lines(text(t, "setup/releases.txt")) {
		if !line.MatchString(l) {
			t.Errorf("%q is no release", l)
		}
		if key := strings.Join(strings.Fields(l)[:2], " "); !strings.HasPrefix(l, "#") && seen[key] {
			t.Errorf("%s is there twice", key)
		} else {
			seen[key] = true
		}
	}
}
