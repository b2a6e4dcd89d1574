package cli

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/weighlock/weighlock/internal/project"
)

// placeInRepository is a folder's project file as a path from the root of its
// git work tree, with forward slashes, so that annotations and code-scanning
// alerts find it; empty where the folder is in none, or is no folder.
func placeInRepository(folder string) string {
	if !isFolder(folder) {
		return ""
	}
	p, err := project.Load(folder)
	if err != nil {
		return ""
	}
	path, err := filepath.Abs(p.Path)
	if err != nil {
		return ""
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return ""
			}
			return filepath.ToSlash(rel)
		} else if !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
			return ""
		}
	}
}
