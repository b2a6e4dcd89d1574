package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/weighlock/weighlock/schema"
)

// ErrNone says that a folder holds no project file; ErrTwo that it holds more
// than one.
var (
	ErrNone = errors.New("no project file")
	ErrTwo  = errors.New("more than one project file")
)

// FileNames are the names under which a project file is found in a folder.
func FileNames() []string {
	return []string{"weighlock.yaml", "weighlock.yml", "weighlock.json", "weighlock.cue"}
}

// nameHint is for who named, or left, something else where a project file
// belongs.
const nameHint = "\nhint: name the project file, or the folder that holds it"

// maxSize bounds a project file, in bytes.
const maxSize = 1 << 20

// Load reads the project file at path, or the one in the folder at path.
// What is wrong with its content comes back as schema.Errors, with ErrNone
// and ErrTwo for a folder.
func Load(path string) (*Project, error) {
	file, err := find(path)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	sources, err := readSources(file)
	if err != nil {
		return nil, err
	}
	document, err := schema.DecodeFiles("project", sources)
	if err != nil {
		return nil, err
	}
	p := &Project{Dir: filepath.Dir(abs), Path: abs, Text: sources[0].Text, Sources: sources, document: document}
	if err := p.decode(document.JSON()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

// find gives the project file at or in path.
func find(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: there is no folder or file %s\nhint: name the folder that holds weighlock.yaml", ErrNone, path)
	}
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return path, nil
	}
	var found []string
	for _, name := range FileNames() {
		if _, err := os.Lstat(filepath.Join(path, name)); err == nil {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 1:
		return filepath.Join(path, found[0]), nil
	case 0:
		return "", fmt.Errorf("%w in %s: looked for %s\nhint: weighlock init writes one", ErrNone, path, strings.Join(FileNames(), ", "))
	}
	return "", fmt.Errorf("%w in %s: %s\nhint: keep one of them", ErrTwo, path, strings.Join(found, " and "))
}

// readSources reads a project file, for CUE with the other files of its
// package.
func readSources(file string) ([]schema.File, error) {
	switch filepath.Ext(file) {
	case ".yaml", ".yml", ".json", ".cue":
	default:
		return nil, fmt.Errorf("%s: a project file ends in .yaml, .json or .cue"+nameHint, file)
	}
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	sources := []schema.File{{Name: file, Text: text}}
	name := ""
	if filepath.Ext(file) == ".cue" {
		name = schema.PackageName(text)
	}
	if name == "" {
		return sources, nil
	}
	others, err := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(file)), "*.cue"))
	if err != nil {
		return nil, err
	}
	for _, other := range others {
		if filepath.Base(other) == filepath.Base(file) {
			continue
		}
		text, err := readFile(other)
		if err != nil {
			return nil, err
		}
		if schema.PackageName(text) == name {
			sources = append(sources, schema.File{Name: other, Text: text})
		}
	}
	return sources, nil
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

func readFile(name string) ([]byte, error) {
	// A pipe is opened without waiting for somebody to write to it, and refused.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is a folder, device, pipe or socket, and no project file"+nameHint, name)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("%s is larger than %d bytes, so it is hardly a project file"+nameHint, name, maxSize)
	}
	return text, nil
}
