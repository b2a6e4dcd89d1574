package prepush

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/tree"
)

// basis is what a verdict on a folder rests on: the project file, the data,
// the predictions, the model's files and the statements in .weighlock, each
// as it was, and the folders in which a further one would count.
type basis struct {
	Files   []stamp   `json:"files"`
	Folders []listing `json:"folders"`
	Sets    []listing `json:"sets,omitempty"` // by pattern, and what matches it
}

// stamp tells one file's content from any other that it may have: by what
// the file system says where that is sure to change with the content, else by
// digest.
type stamp struct {
	Path      string `json:"path"` // from the model's folder, with forward slashes
	Identity  string `json:"identity,omitempty"`
	Digest    string `json:"digest,omitempty"`
	Statement bool   `json:"statement,omitempty"` // lies in .weighlock
}

// listing is the digest of the names in one folder; in the project's own,
// only of those that can matter.
type listing struct {
	Path  string `json:"path"`
	Names string `json:"names"`
}

// maxBasis bounds the files of a basis, and so a cache entry.
const maxBasis = 20_000

var errLarge = fmt.Errorf("it rests on more than %d files", maxBasis)

// take reads a project's basis, at a moment of the file system's own clock.
func take(p *project.Project, now time.Time) (*basis, error) {
	b := &gatherer{dir: p.Dir, now: now, seen: map[string]bool{}}
	b.list(".")
	for _, s := range p.Sources {
		b.file(filepath.Base(s.Name))
	}
	for _, t := range []*project.Table{p.Data.Train, p.Data.Test} {
		if t != nil {
			b.data(t.File)
		}
	}
	if p.Predictions != nil {
		b.data(p.Predictions.File)
		if e := p.Predictions.Explanations; e != nil {
			b.data(e.File)
		}
	}
	for _, f := range p.Files {
		b.walk(f)
	}
	if _, err := os.Lstat(filepath.Join(p.Dir, artifact.LocalDir)); !errors.Is(err, fs.ErrNotExist) {
		b.walk(artifact.LocalDir)
	}
	return &b.basis, b.err
}

// gatherer gathers a basis; the first fault ends it.
type gatherer struct {
	basis
	dir  string
	now  time.Time
	seen map[string]bool
	err  error
}

func (b *gatherer) walk(rel string) {
	rel = path.Clean(rel)
	info, err := os.Stat(filepath.Join(b.dir, filepath.FromSlash(rel)))
	switch {
	case b.err != nil:
	case err != nil:
		b.err = err
	case !info.IsDir():
		b.file(rel)
	default:
		for _, name := range b.list(rel) {
			b.walk(path.Join(rel, name))
		}
	}
}

func (b *gatherer) list(rel string) []string {
	if b.err != nil {
		return nil
	}
	names, err := namesIn(b.dir, rel)
	if err != nil {
		b.err = err
		return nil
	}
	b.Folders = append(b.Folders, listing{rel, digestNames(names)})
	return names
}

// data is a file, or a set of files that a pattern matches.
func (b *gatherer) data(name string) {
	name = path.Clean(filepath.ToSlash(name))
	if !tree.IsPattern(name) {
		b.file(name)
		return
	}
	if b.err != nil {
		return
	}
	var names []string
	if names, b.err = matched(b.dir, name); b.err != nil {
		return
	}
	b.Sets = append(b.Sets, listing{name, digestNames(names)})
	for _, rel := range names {
		b.file(rel)
	}
}

func matched(dir, pattern string) (names []string, err error) {
	files, err := tree.Match(dir, pattern)
	for _, f := range files {
		names = append(names, f.Path)
	}
	return names, err
}

func (b *gatherer) file(rel string) {
	rel = path.Clean(filepath.ToSlash(rel))
	if b.err != nil || b.seen[rel] {
		return
	}
	b.seen[rel] = true
	if len(b.Files) == maxBasis {
		b.err = errLarge
		return
	}
	s := stamp{Path: rel, Statement: within(artifact.LocalDir, rel)}
	if b.err = s.set(b.dir, b.now); b.err == nil {
		b.Files = append(b.Files, s)
	}
}

// set stamps the file as it is. Where its last change is so recent that
// another one might leave the same times, the digest tells them apart.
func (s *stamp) set(dir string, now time.Time) error {
	name := filepath.Join(dir, filepath.FromSlash(s.Path))
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	id, changed, known := identity(info)
	s.Identity, s.Digest = id, ""
	if known && settled(changed, now) {
		return nil
	}
	s.Digest, err = digest(name)
	return err
}

// settled says whether a file changed long enough ago that a later change is
// bound to have a later time. File systems count in steps: the kernel's
// clock tick, or two seconds where a time has no fraction.
func settled(changed, now time.Time) bool {
	step := 100 * time.Millisecond
	if changed.Nanosecond() == 0 {
		step = 2 * time.Second
	}
	return now.Sub(changed) > step
}

func digest(name string) (string, error) {
	f, err := tree.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	d, _, err := artifact.DigestReader(f)
	return d, err
}

// holds says whether everything is as it was, and whether some file needed
// its digest for that.
func (b *basis) holds(dir string) (holds, digests bool) {
	for _, s := range b.Files {
		known, same := s.same(dir)
		if !same {
			return false, false
		}
		if known && s.Digest == "" {
			continue
		}
		d, err := digest(filepath.Join(dir, filepath.FromSlash(s.Path)))
		if err != nil || s.Digest == "" || d != s.Digest {
			return false, false
		}
		digests = true
	}
	return b.listed(dir), digests
}

// untouched says whether nothing was changed since the basis was taken, a
// moment ago: it is holds without reading files again where times are known.
func (b *basis) untouched(dir string) bool {
	for _, s := range b.Files {
		known, same := s.same(dir)
		if !known && same {
			d, err := digest(filepath.Join(dir, filepath.FromSlash(s.Path)))
			same = err == nil && d == s.Digest
		}
		if !same {
			return false
		}
	}
	return b.listed(dir)
}

// same compares identities, where the file system has them.
func (s *stamp) same(dir string) (known, same bool) {
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(s.Path)))
	if err != nil {
		return true, false
	}
	id, _, known := identity(info)
	return known, id == s.Identity
}

func (b *basis) listed(dir string) bool {
	for _, l := range b.Folders {
		if names, err := namesIn(dir, l.Path); err != nil || digestNames(names) != l.Names {
			return false
		}
	}
	for _, l := range b.Sets {
		if names, err := matched(dir, l.Path); err != nil || digestNames(names) != l.Names {
			return false
		}
	}
	return true
}

// concerns says whether a path in the folder is part of the basis, or would
// be if it were there.
func (b *basis) concerns(rel string) bool {
	if path.Dir(rel) == "." && ofProject(rel) {
		return true
	}
	return slices.ContainsFunc(b.Files, func(s stamp) bool { return s.Path == rel && !s.Statement }) ||
		slices.ContainsFunc(b.Sets, func(l listing) bool { return tree.Matches(l.Path, rel) }) ||
		slices.ContainsFunc(b.Folders, func(l listing) bool {
			return l.Path != "." && !within(artifact.LocalDir, l.Path+"/") && within(l.Path, rel)
		})
}

// ofProject says whether a name in the project's own folder can make a
// difference to what the project is.
func ofProject(name string) bool {
	return slices.Contains(project.FileNames(), name) || path.Ext(name) == ".cue" || name == artifact.LocalDir
}

// namesIn are the names in a folder, sorted.
func namesIn(dir, rel string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(rel)))
	var names []string
	for _, e := range entries {
		if rel != "." || ofProject(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func digestNames(names []string) string {
	return artifact.Digest([]byte(strings.Join(names, "\x00")))
}
