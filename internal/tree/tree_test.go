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
	inside := "\nhint: name files and folders inside the project"
	rename := "\nhint: give the file another name"
	for name, c := range map[string]struct{ path, want string }{
		"a link out of the tree":   {"out", "out: the link leaves the project\nhint: copy the file into the project"},
		"a link to the parent":     {"up", "up: the link leaves the project\nhint: copy the file into the project"},
		"a path to the parent":     {"../x", `"../x" is no path inside the project` + inside},
		"an absolute path":         {"/etc/hostname", `"/etc/hostname" is no path inside the project` + inside},
		"nothing named":            {"", `"." is no path inside the project` + inside},
		"a link to nothing":        {"dangling", "lstat ROOT/none: no such file or directory"},
		"nothing":                  {"none", "lstat ROOT/none: no such file or directory"},
		"a linked folder below":    {"sub", "sub/again: a linked folder\nhint: copy the folder into the project, or name it in the project file"},
		"an empty folder":          {"empty", "empty: the folder holds no file\nhint: train the model first, or name another file in the project"},
		"a socket":                 {"sockets", "sockets/s is a device, pipe or socket\nhint: name files and folders only"},
		"a pipe":                   {"pipes/p", "pipes/p is a device, pipe or socket\nhint: name files and folders only"},
		"a name with a line break": {"bad", `"bad/a\nb": a file name with a backslash, a control character or broken UTF-8` + rename},
		"a name with a backslash":  {`back\slash`, `"back\\slash": a file name with a backslash, a control character or broken UTF-8` + rename},
		"a name in Latin-1":        {"caf\xe9", `"caf\xe9": a file name with a backslash, a control character or broken UTF-8` + rename},
		"a name that deletes":      {"gone", `"gone/.wh.x": a name with .wh. in front deletes files in an image` + rename},
		"Weighlock's own folder":   {".weighlock/x", `".weighlock/x": .weighlock is Weighlock's own folder` + "\nhint: name the model's own files"},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := List(dir, []string{c.path})
			want := "listing files: " + strings.ReplaceAll(c.want, "ROOT", dir)
			if files != nil || err == nil || err.Error() != want {
				t.Errorf("got %v, %v; want %s", files, err, want)
			}
		})
	}
}

func TestListOfNothing(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		dir  string
		want string
	}{
		"no path":   {dir, "listing files: none is named"},
		"no folder": {filepath.Join(dir, "gone"), "listing files: lstat " + filepath.Join(dir, "gone") + ": no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			if files, err := List(c.dir, nil); files != nil || err == nil || err.Error() != c.want {
				t.Errorf("got %v, %v; want %s", files, err, c.want)
			}
		})
	}
}

func TestListHasAnEnd(t *testing.T) {
	dir := write(t, map[string][]byte{"net/a.bin": nil})
	l := lister{root: dir, files: make([]File, MaxFiles), seen: map[string]bool{}}
	want := "net/a.bin is beyond the 100000 files that a model can have\nhint: name a folder that holds the model alone"
	if err := l.top("net"); err == nil || err.Error() != want || len(l.files) != MaxFiles {
		t.Errorf("got %v, %d files; want %s", err, len(l.files), want)
	}
}
