// Package floors says on which floor of the house each package lives. A
// package imports only from lower floors; the package's test reads every Go
// file of the module and names the one that breaks this.
package floors

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the path under which the module's own packages are imported.
const Module = "github.com/weighlock/weighlock"

// table holds the floor of each package, by folder. A folder that ends in /
// stands for all below it.
var table = map[string]int{
	// Words: embedded trees, checks and reports, spellings, formulas.
	"internal/stats": 0, "policies": 0, "schema": 0, "internal/verdict": 0, "internal/artifact": 0, "internal/canonical": 0,

	// Room: rows set aside on disk, for readers.
	"internal/spill": 0,

	// Readers: bytes in, values out.
	"internal/project": 1, "internal/lineage": 1, "internal/evidence": 1, "internal/attest": 1, "internal/policy": 1,
	"internal/table": 1, "internal/verifier": 1, "internal/modelfile": 1, "internal/tree": 1,

	// Hands: touch the world, or render.
	"internal/oci": 2, "internal/sign": 2, "internal/tsa": 2, "internal/traffic": 2, "internal/metrics": 2,
	"internal/report": 2, "internal/audit": 2, "internal/query": 2, "internal/scorer": 2,

	// Work: one job each.
	"internal/pack": 3, "internal/evaluate": 3, "internal/catalog": 3, "internal/capture": 3, "internal/ledger": 3,
	"internal/starter": 3,

	"internal/gate": 4,

	// Use cases: an options struct and Run.
	"internal/publish": 5, "internal/rollout": 5, "internal/monitor": 5, "internal/export": 5,
	"internal/prepush": 5, "internal/transfer": 5,

	"internal/cli": 6, "internal/web": 6,

	// Programs, and this package, which nothing imports.
	"cmd/": 7, "examples/": 7, "internal/floors": 7,
}

// Floor is the floor of the package in a folder of the module.
func Floor(dir string) (int, bool) {
	if floor, ok := table[dir]; ok {
		return floor, true
	}
	for up := path.Dir(dir); up != "."; up = path.Dir(up) {
		if floor, ok := table[up+"/"]; ok {
			return floor, true
		}
	}
	return 0, false
}

// Check reads every Go file of a module's tree, its tests left out, and says
// which ones import from their own floor or from above, and which folders
// have no floor.
func Check(tree fs.FS) ([]string, error) {
	var broken []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && apart(tree, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		found, err := checkFile(tree, name)
		broken = append(broken, found...)
		return err
	})
	slices.Sort(broken)
	return slices.Compact(broken), err
}

// apart says whether the go command leaves a folder out of the module.
func apart(tree fs.FS, dir string) bool {
	base := path.Base(dir)
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil || base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_'
}

func checkFile(tree fs.FS, name string) (broken []string, err error) {
	dir := path.Dir(name)
	floor, ok := Floor(dir)
	if !ok {
		return []string{fmt.Sprintf("%s has no floor; give it one in internal/floors", dir)}, nil
	}
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		other, ours := strings.CutPrefix(imported, Module+"/")
		if !ours {
			continue
		}
		switch below, ok := Floor(other); {
		case !ok:
			broken = append(broken, fmt.Sprintf("%s imports %s, which has no floor", name, other))
		case below >= floor:
			broken = append(broken, fmt.Sprintf("%s (floor %d) imports %s (floor %d)", name, floor, other, below))
		}
	}
	return broken, nil
}
