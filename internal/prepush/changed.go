package prepush

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
)

// folder is a model's folder as a push carries it.
type folder struct {
	dir  string   // in the repository, with forward slashes; "." is its top
	tips []string // the pushed commits (or trees) that hold it changed
}

// tip is what a ref is to point at, and what of it the remote has.
type tip struct {
	object string
	commit bool
	remote string // commit that the ref has at the remote; empty where new or unknown here
}

// changed finds the models that a push changes: the folders with a project
// file in a pushed tip of which some file differs from what the remote has.
// A folder that is gone from the tip is none, and neither is one that is the
// same as in any of the commits that the remote is known to have and that the
// new ones are built on. Where it cannot be known what the remote has, more
// models count as changed, never fewer.
func (r *Repository) changed(ctx context.Context, remote string, updates []Update) ([]folder, error) {
	tips, known, err := r.tips(ctx, updates)
	if err != nil {
		return nil, err
	}
	remotes := func() ([]string, error) { return r.tracking(ctx, remote) }
	found := map[string]*folder{}
	for _, t := range tips {
		models, err := r.changedIn(ctx, t, known, remotes)
		if err != nil {
			return nil, fmt.Errorf("finding the models that %s changes: %w", t.object[:12], err)
		}
		for _, dir := range models {
			f := found[dir]
			if f == nil {
				f = &folder{dir: dir}
				found[dir] = f
			}
			if !slices.Contains(f.tips, t.object) {
				f.tips = append(f.tips, t.object)
			}
		}
	}
	list := make([]folder, 0, len(found))
	for _, f := range found {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b folder) int { return strings.Compare(a.dir, b.dir) })
	return list, nil
}

// tips looks up what is pushed, tags peeled, each pair once, and the commits
// that are here of those that the remote said it has. A ref to a single file
// holds no model.
func (r *Repository) tips(ctx context.Context, updates []Update) (tips []tip, known []string, err error) {
	var ask []string
	for _, u := range updates {
		if !u.Deletes() {
			ask = append(ask, u.Local+"^{commit}", u.Local+"^{tree}", u.Local)
		}
		if !zero(u.Remote) {
			ask = append(ask, u.Remote+"^{commit}")
		}
	}
	objects, err := r.lookUp(ctx, ask)
	if err != nil {
		return nil, nil, err
	}
	for _, u := range updates {
		remote := objects[u.Remote+"^{commit}"]
		if remote != "" {
			known = append(known, remote)
		}
		t := tip{object: objects[u.Local+"^{commit}"], commit: true, remote: remote}
		if t.object == "" {
			t = tip{object: objects[u.Local+"^{tree}"]}
		}
		switch {
		case u.Deletes():
		case objects[u.Local] == "":
			return nil, nil, fmt.Errorf("%w: the pushed object %s is not in this repository\nhint: push from the repository that holds it", ErrGit, u.Local)
		case t.object != "" && !slices.Contains(tips, t):
			tips = append(tips, t)
		}
	}
	return tips, known, nil
}

// lookUp gives the names of objects that are here; others are left out.
func (r *Repository) lookUp(ctx context.Context, names []string) (map[string]string, error) {
	found := map[string]string{}
	if len(names) == 0 {
		return found, nil
	}
	out, err := r.git(ctx, []byte(strings.Join(names, "\n")+"\n"), "cat-file", "--batch-check=%(objectname) %(objecttype)")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(names) {
		return nil, fmt.Errorf("%w: asked for %d objects, it answered for %d\nhint: an object name with a line break in it is none; look at what runs the hook", ErrGit, len(names), len(lines))
	}
	for i, line := range lines {
		if name, kind, ok := strings.Cut(line, " "); ok && objectName.MatchString(name) && kind != "missing" {
			found[names[i]] = name
		}
	}
	return found, nil
}

// tracking are the commits that this repository last saw at a remote.
func (r *Repository) tracking(ctx context.Context, remote string) ([]string, error) {
	if remote == "" || strings.ContainsAny(remote, `*?[\:`) {
		return nil, nil // an address, which has no refs of its own here
	}
	out, err := r.git(ctx, nil, "for-each-ref", "--format=%(objectname)", "refs/remotes/"+remote+"/")
	return strings.Fields(string(out)), err
}

func (r *Repository) changedIn(ctx context.Context, t tip, known []string, remotes func() ([]string, error)) ([]string, error) {
	models, err := r.models(ctx, t.object)
	if err != nil || len(models) == 0 || !t.commit {
		return models, err
	}
	bases := []string{t.remote}
	if t.remote == "" {
		seen, err := remotes()
		if err != nil {
			return nil, err
		}
		var anything bool
		if bases, anything, err = r.bases(ctx, t.object, slices.Concat(seen, known)); err != nil {
			return nil, err
		}
		if !anything {
			return nil, nil // the remote has these commits under another name
		}
	}
	for _, base := range bases {
		paths, err := r.differing(ctx, base, t.object)
		if err != nil {
			return nil, err
		}
		models = slices.DeleteFunc(models, func(dir string) bool { return !touched(dir, paths) })
	}
	return models, nil
}

// models are the folders of a commit or tree that hold a project file.
func (r *Repository) models(ctx context.Context, object string) ([]string, error) {
	paths, err := r.paths(ctx, object)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, p := range paths {
		if slices.Contains(project.FileNames(), path.Base(p)) {
			dirs = append(dirs, path.Dir(p))
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), nil
}

// maxBases bounds with how many commits a tip is compared. With fewer, more
// models count as changed.
const maxBases = 16

// bases are the commits at the remote on which new ones are built; there are
// none where the push brings a history of its own. anything says whether
// there are new commits at all.
func (r *Repository) bases(ctx context.Context, local string, there []string) (bases []string, anything bool, err error) {
	if len(there) == 0 {
		return nil, true, nil
	}
	in := local + "\n^" + strings.Join(there, "\n^") + "\n"
	out, err := r.git(ctx, []byte(in), "rev-list", "--boundary", "--stdin")
	if err != nil {
		return nil, false, err
	}
	for _, line := range strings.Fields(string(out)) {
		boundary, ok := strings.CutPrefix(line, "-")
		switch {
		case !ok:
			anything = true
		case len(bases) < maxBases:
			bases = append(bases, boundary)
		}
	}
	return bases, anything, nil
}

// differing are the paths that are not the same in two commits.
func (r *Repository) differing(ctx context.Context, a, b string) ([]string, error) {
	out, err := r.git(ctx, nil, "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", a, b)
	return fields(out), err
}

// touched says whether one of some paths lies in a folder.
func touched(dir string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return within(dir, p) })
}

func within(dir, p string) bool { return dir == "." || strings.HasPrefix(p, dir+"/") }
