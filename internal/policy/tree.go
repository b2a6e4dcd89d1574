package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// tree holds the files of one policy folder that decide something, by path.
type tree map[string][]byte

// maxFile is the greatest size of one policy file, in bytes.
const maxFile = 1 << 20

// readTree reads rules/**, lib/**, levels/*.yaml and parameters.yaml. Tests
// and other files are left out; Rego that stands elsewhere is refused, for it
// would be thought to count.
func readTree(from fs.FS) (tree, error) {
	t := tree{}
	var problems []error
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		counts, err := decides(name)
		if err != nil {
			problems = append(problems, err)
		}
		if !counts {
			return nil
		}
		text, err := fs.ReadFile(from, name)
		if err == nil && len(text) > maxFile {
			err = fmt.Errorf("%s: is larger than %d bytes", name, maxFile)
		}
		t[name] = text
		return err
	})
	return t, errors.Join(append(problems, err)...)
}

// decides says whether a file counts, by its path.
func decides(name string) (bool, error) {
	folder, _, _ := strings.Cut(name, "/")
	switch {
	case strings.HasSuffix(name, "_test.rego"):
		return false, nil
	case path.Ext(name) == ".rego" && folder != "rules" && folder != "lib":
		return false, fmt.Errorf("%s: stands outside rules/ and lib/, where it would not count", name)
	case path.Ext(name) == ".rego", name == parametersFile:
		return true, nil
	}
	return path.Dir(name) == "levels" && path.Ext(name) == ".yaml", nil
}

// names are the tree's paths, sorted.
func (t tree) names() []string { return slices.Sorted(maps.Keys(t)) }
