// Package tree lists the files that a project names, so that those who digest,
// pack and inspect them agree on what they are. It never leaves the project's
// folder, and refuses what has no content of its own or whose name could mean
// something else in an image; the content it leaves unread.
package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weighlock/weighlock/internal/artifact"
)

// File is one file on disk.
type File struct {
	Path string // in the project, relative, with forward slashes
	Abs  string // where it is read from
	Role string // model, config, tokenizer, code or doc
}

// Roles that List gives.
const (
	RoleModel     = "model"
	RoleConfig    = "config"
	RoleTokenizer = "tokenizer"
	RoleCode      = "code"
	RoleDoc       = "doc"
)

// skipped are folders that are never part of a model.
var skipped = map[string]bool{artifact.LocalDir: true, ".git": true, ".hg": true, ".svn": true, ".jj": true, ".bzr": true}

// MaxFiles bounds a list, and so a model.
const MaxFiles = 100_000

// List are the files under paths, which are files or folders relative to
// dir; folders are walked in order of names. A link to a file inside dir is
// followed. A link that leaves dir, a linked folder below the one named, a
// device, pipe or socket, and a folder without files are refused. The folders
// of version control and .weighlock are passed over.
func List(dir string, paths []string) ([]File, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("listing files: %w", err)
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, fmt.Errorf("listing files: %w", err)
	}
	l := lister{root: root, seen: map[string]bool{}}
	for _, p := range paths {
		if err := l.top(filepath.ToSlash(p)); err != nil {
			return nil, fmt.Errorf("listing files: %w", err)
		}
	}
	if len(l.files) == 0 {
		return nil, errors.New("listing files: none is named")
	}
	slices.SortFunc(l.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	giveRoles(l.files)
	return l.files, nil
}

type lister struct {
	root  string
	files []File
	seen  map[string]bool
}

func (l *lister) top(p string) error {
	if p != "." {
		if err := checked(path.Clean(p)); err != nil {
			return err
		}
	}
	abs, info, err := l.resolve(path.Clean(p))
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return l.add(path.Clean(p), abs, info)
	}
	before := len(l.files)
	if err := l.walk(path.Clean(p), abs); err != nil {
		return err
	}
	if len(l.files) == before {
		return fmt.Errorf("%s: the folder holds no file\nhint: train the model first, or name another file in the project", p)
	}
	return nil
}

// resolve follows links, and refuses to leave the tree.
func (l *lister) resolve(rel string) (string, fs.FileInfo, error) {
	abs, err := filepath.EvalSymlinks(filepath.Join(l.root, filepath.FromSlash(rel)))
	if err != nil {
		return "", nil, err
	}
	if in, err := filepath.Rel(l.root, abs); err != nil || !filepath.IsLocal(in) {
		return "", nil, fmt.Errorf("%s: the link leaves the project\nhint: copy the file into the project", rel)
	}
	info, err := os.Stat(abs)
	return abs, info, err
}

func (l *lister) walk(rel, abs string) error {
	entries, err := os.ReadDir(abs)
	if err != nil {
		return err
	}
	for _, e := range entries {
		p := path.Join(rel, e.Name())
		if e.IsDir() && skipped[e.Name()] {
			continue
		}
		below, info, err := l.resolve(p)
		if err != nil {
			return err
		}
		switch {
		case info.IsDir() && !e.IsDir():
			return fmt.Errorf("%s: a linked folder\nhint: copy the folder into the project, or name it in the project file", p)
		case info.IsDir():
			err = l.walk(p, below)
		default:
			err = l.add(p, below, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) add(p, abs string, info fs.FileInfo) error {
	if err := checked(p); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is a device, pipe or socket\nhint: name files and folders only", p)
	}
	if l.seen[p] {
		return nil
	}
	if len(l.files) == MaxFiles {
		return fmt.Errorf("%s is beyond the %d files that a model can have\nhint: name a folder that holds the model alone", p, MaxFiles)
	}
	l.seen[p] = true
	l.files = append(l.files, File{Path: p, Abs: abs})
	return nil
}

// Check refuses a path that would leave models/, be read differently by
// another system, or mean the deletion of a file in an image layer (.wh.).
func Check(p string) error {
	_, err := fault(p)
	return err
}

// checked is Check, for who can name the file otherwise.
func checked(p string) error {
	todo, err := fault(p)
	if err != nil {
		return fmt.Errorf("%w\nhint: %s", err, todo)
	}
	return nil
}

func fault(p string) (todo string, err error) {
	const rename = "give the file another name"
	switch {
	case p == "" || p == "." || path.Clean(p) != p || !filepath.IsLocal(filepath.FromSlash(p)) || path.IsAbs(p):
		return "name files and folders inside the project", fmt.Errorf("%q is no path inside the project", p)
	case strings.Contains(p, `\`) || !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl):
		return rename, fmt.Errorf("%q: a file name with a backslash, a control character or broken UTF-8", p)
	}
	for _, part := range strings.Split(p, "/") {
		if strings.HasPrefix(part, ".wh.") {
			return rename, fmt.Errorf("%q: a name with .wh. in front deletes files in an image", p)
		}
		if part == artifact.LocalDir {
			return "name the model's own files", fmt.Errorf("%q: %s is Weighlock's own folder", p, part)
		}
	}
	return "", nil
}

// giveRoles tells files apart by name. Where none looks like a model, all are.
func giveRoles(files []File) {
	found := false
	for i := range files {
		files[i].Role = roleOf(path.Base(files[i].Path))
		found = found || files[i].Role == RoleModel
	}
	for i := range files {
		if !found {
			files[i].Role = RoleModel
		}
	}
}

func roleOf(name string) string {
	name = strings.ToLower(name)
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	switch ext {
	case ".py", ".r", ".jl", ".go", ".sh", ".ipynb":
		return RoleCode
	case ".md", ".rst", ".pdf", ".html":
		return RoleDoc
	case ".yaml", ".yml", ".toml", ".cfg", ".ini":
		return RoleConfig
	case ".json", ".txt", ".model", ".jinja", "":
		return textRole(stem)
	}
	return RoleModel
}

// textRole tells apart files whose suffix says little.
func textRole(stem string) string {
	for _, word := range []string{"tokenizer", "vocab", "merges", "special_tokens", "added_tokens", "spiece", "chat_template"} {
		if strings.HasPrefix(stem, word) {
			return RoleTokenizer
		}
	}
	switch {
	case strings.Contains(stem, "config") || strings.HasPrefix(stem, ".git"):
		return RoleConfig
	case strings.HasPrefix(stem, "readme") || strings.HasPrefix(stem, "license") || strings.HasPrefix(stem, "licence") || strings.HasPrefix(stem, "notice"):
		return RoleDoc
	}
	return RoleModel
}
