package tree

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// patterned are the characters that make a name a pattern; a backslash takes
// their meaning from them, where a name may hold one.
const patterned = `*?[`

// IsPattern says whether a name stands for a set of files rather than for one.
// The name alone decides, never what lies on the disk: else whoever adds a file
// could turn one into the other.
func IsPattern(name string) bool { return strings.ContainsAny(name, patterned) }

// Noun is what a name stands for, in words.
func Noun(name string) string {
	if IsPattern(name) {
		return "set of files"
	}
	return "file"
}

// NoMatch is a pattern that no file matches. It is fs.ErrNotExist.
type NoMatch string

func (n NoMatch) Error() string {
	return "no file matches " + string(n) + "\nhint: a pattern has *, ? and [a-z], and * stands for no slash"
}

// Is makes it a kind of fs.ErrNotExist.
func (n NoMatch) Is(err error) bool { return err == fs.ErrNotExist }

// Match are the files that a pattern in the syntax of path.Match stands for,
// relative to dir, in byte order of their paths: the order of a set's rows. It
// refuses a match that is no file, a name that Check refuses, and a folder that
// cannot be read, of which nobody knows what it holds; no file at all is a
// NoMatch.
func Match(dir, pattern string) ([]File, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("%s: %w\nhint: close the brackets of the pattern", pattern, err)
	}
	fixed, rest := cut(pattern)
	m := matcher{dir: dir, fixed: fixed, most: MaxFiles}
	if err := m.below(fixed, rest); err != nil {
		return nil, fmt.Errorf("matching %s: %w", pattern, err)
	}
	if len(m.files) == 0 {
		return nil, NoMatch(pattern)
	}
	slices.SortFunc(m.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return m.files, nil
}

// Named are the files that a name stands for, relative to dir: the one that is
// called so, which need not be there, or where IsPattern says so its matches.
func Named(dir, name string) ([]File, error) {
	if IsPattern(name) {
		return Match(dir, name)
	}
	return []File{{Path: name, Abs: filepath.Join(dir, filepath.FromSlash(name))}}, nil
}

// Paths are where the files lie that names stand for.
func Paths(dir string, names ...string) (paths []string, err error) {
	for _, name := range names {
		files, err := Named(dir, name)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			paths = append(paths, f.Abs)
		}
	}
	return paths, nil
}

// Matches says whether a pattern stands for a file of that path.
func Matches(pattern, file string) bool {
	is, _ := path.Match(pattern, file)
	return is
}

// Within is a matched file's path below the folder that its pattern fixes: what
// it is called wherever that folder lies.
func Within(pattern, file string) string {
	fixed, _ := cut(pattern)
	return strings.TrimPrefix(file, fixed)
}

// cut parts a pattern before the first element that is one. What comes before
// ends in a slash, or is empty.
func cut(pattern string) (fixed string, rest []string) {
	at := 0
	for {
		next := strings.IndexByte(pattern[at:], '/')
		if next < 0 || strings.ContainsAny(pattern[at:at+next], patterned+`\`) {
			return pattern[:at], strings.Split(pattern[at:], "/")
		}
		at += next + 1
	}
}

type matcher struct {
	dir, fixed string
	most       int
	files      []File
}

// below adds what the elements of a pattern match in the folder named by a
// prefix.
func (m *matcher) below(prefix string, elements []string) error {
	if len(elements) == 0 {
		return m.add(strings.TrimSuffix(prefix, "/"))
	}
	names, err := m.names(prefix, elements[0])
	if err != nil {
		return err
	}
	for _, name := range names {
		next := prefix + name
		if len(elements) > 1 {
			info, err := os.Stat(m.abs(next))
			if err != nil {
				return err
			}
			if !info.IsDir() {
				continue
			}
			next += "/"
		}
		if err := m.below(next, elements[1:]); err != nil {
			return err
		}
	}
	return nil
}

// names are those in a folder that an element matches.
func (m *matcher) names(prefix, element string) (names []string, err error) {
	entries, err := os.ReadDir(m.abs(prefix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if is, _ := path.Match(element, e.Name()); is {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (m *matcher) abs(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(cmp.Or(m.dir, "."), name)
}

func (m *matcher) add(name string) error {
	if err := checked(strings.TrimPrefix(name, m.fixed)); err != nil {
		return err
	}
	info, err := os.Stat(m.abs(name))
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is %s, %w\nhint: let the pattern name files only", name, what(info), ErrNoFile)
	}
	if len(m.files) == m.most {
		return fmt.Errorf("%s is beyond the %d files that a set can have\nhint: put the rows into fewer files", name, m.most)
	}
	m.files = append(m.files, File{Path: name, Abs: m.abs(name)})
	return nil
}
