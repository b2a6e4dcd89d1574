package prepush

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/weighlock/weighlock/internal/project"
)

// maxPathspec bounds the folders that git is given by name.
const maxPathspec = 200

// contrast holds the work tree against what is pushed: the paths that differ
// between the two, and all paths that are pushed. What git does not track is
// in neither.
type contrast struct {
	differ  []string
	tracked map[string]bool
}

func (r *Repository) contrast(ctx context.Context, tip string, dirs []string) (*contrast, error) {
	args := []string{
		"--literal-pathspecs", "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-relative",
		"--ignore-submodules=all", tip, "--",
	}
	if len(dirs) <= maxPathspec {
		args = append(args, dirs...)
	}
	differ, err := r.git(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	tracked, err := r.paths(ctx, tip)
	if err != nil {
		return nil, err
	}
	c := &contrast{differ: fields(differ), tracked: map[string]bool{}}
	for _, p := range tracked {
		c.tracked[p] = true
	}
	return c, nil
}

// contrasts holds the work tree against every pushed tip once.
func (r *Repository) contrasts(ctx context.Context, folders []folder) (map[string]*contrast, error) {
	dirs := map[string][]string{}
	for _, f := range folders {
		for _, tip := range f.tips {
			dirs[tip] = append(dirs[tip], f.dir)
		}
	}
	all := map[string]*contrast{}
	for tip, dirs := range dirs {
		c, err := r.contrast(ctx, tip, dirs)
		if err != nil {
			return nil, err
		}
		all[tip] = c
	}
	return all, nil
}

// apart says in what the judged files of a folder are not the pushed ones:
// those that git has otherwise, and those that it does not have at all.
// Statements in .weighlock are evidence about files, and left out.
func apart(f folder, b *basis, contrasts map[string]*contrast) (differ, unpushed []string) {
	for _, tip := range f.tips {
		c := contrasts[tip]
		for _, p := range c.differ {
			if within(f.dir, p) && b.concerns(inFolder(f.dir, p)) {
				differ = append(differ, p)
			}
		}
		for _, s := range b.Files {
			if p := path.Join(f.dir, s.Path); !s.Statement && !c.tracked[p] {
				unpushed = append(unpushed, p)
			}
		}
	}
	slices.Sort(differ)
	slices.Sort(unpushed)
	return slices.Compact(differ), slices.Compact(unpushed)
}

// inFolder is a path of the repository as seen from a model's folder.
func inFolder(dir, p string) string {
	if dir == "." {
		return p
	}
	return p[len(dir)+1:]
}

// projectFile is the project file in a folder of the work tree, as a path of
// the repository; empty where there is none.
func (r *Repository) projectFile(dir string) string {
	if r.Top == "" {
		return ""
	}
	for _, name := range project.FileNames() {
		if _, err := os.Lstat(filepath.Join(r.Top, filepath.FromSlash(dir), name)); err == nil {
			return path.Join(dir, name)
		}
	}
	return ""
}
