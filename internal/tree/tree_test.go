package tree

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes files below a new folder and returns it.
func write(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestListedFiles(t *testing.T) {
	dir := write(t, map[string][]byte{
		"model.joblib": nil, "readme.md": nil, "net/b.bin": nil, "net/a/config.json": nil, "net/vocab.txt": nil,
		"net/load.py": nil, "net/.git/HEAD": nil, "net/.weighlock/x": nil, "json/model.json": nil, "docs/a.md": nil,
	})
	for name, link := range map[string]string{"linked.bin": "net/b.bin", "net/in.bin": "../model.joblib", "same": "net/a"} {
		if err := os.Symlink(link, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := func(p, from, role string) File { return File{Path: p, Abs: filepath.Join(root, from), Role: role} }
	for name, c := range map[string]struct {
		paths []string
		want  []File
	}{
		"one file":             {[]string{"model.joblib"}, []File{at("model.joblib", "model.joblib", RoleModel)}},
		"a file twice":         {[]string{"model.joblib", "./model.joblib"}, []File{at("model.joblib", "model.joblib", RoleModel)}},
		"a link to a file":     {[]string{"linked.bin"}, []File{at("linked.bin", "net/b.bin", RoleModel)}},
		"a link to a folder":   {[]string{"same"}, []File{at("same/config.json", "net/a/config.json", RoleModel)}},
		"JSON that is a model": {[]string{"json"}, []File{at("json/model.json", "json/model.json", RoleModel)}},
		"nothing like a model": {[]string{"docs"}, []File{at("docs/a.md", "docs/a.md", RoleModel)}},
		"a folder, with a file": {[]string{"net", "readme.md"}, []File{
			at("net/a/config.json", "net/a/config.json", RoleConfig),
			at("net/b.bin", "net/b.bin", RoleModel),
			at("net/in.bin", "model.joblib", RoleModel),
			at("net/load.py", "net/load.py", RoleCode),
			at("net/vocab.txt", "net/vocab.txt", RoleTokenizer),
			at("readme.md", "readme.md", RoleDoc),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := List(dir, c.paths)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRefusedFiles(t *testing.T) {
	dir := write(t, map[string][]byte{"net/a.bin": nil, "sub/deep/b.bin": nil, "bad/a\nb": nil, "gone/.wh.x": nil})
	for name, link := range map[string]string{"out": "/etc/hostname", "up": "..", "net2": "net", "dangling": "none"} {
		if err := os.Symlink(link, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("deep", filepath.Join(dir, "sub/again")); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"empty/.git", "sockets", "pipes"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipes/p"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "sockets"))
	l, err := net.Listen("unix", "s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range map[string]struct{ path, want string }{
		"a link out of the tree":   {"out", "leaves the project"},
		"a link to the parent":     {"up", "leaves the project"},
		"a path to the parent":     {"../x", "no path inside"},
		"an absolute path":         {"/etc/hostname", "no path inside"},
		"a link to nothing":        {"dangling", "no such file"},
		"nothing":                  {"none", "no such file"},
		"a linked folder below":    {"sub", "a linked folder"},
		"an empty folder":          {"empty", "holds no file"},
		"a socket":                 {"sockets", "device, pipe or socket"},
		"a pipe":                   {"pipes/p", "device, pipe or socket"},
		"a name with a line break": {"bad", "control character"},
		"a name that deletes":      {"gone", "deletes files"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := List(dir, []string{c.path})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want an error with %q", err, c.want)
			}
		})
	}
	if _, err := List(dir, nil); err == nil {
		t.Error("no path: no error")
	}
}
