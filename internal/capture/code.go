package capture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/tree"
)

// code is the commit that is checked out, and whether the work tree differs
// from it. Files that the run itself declares do not count as a difference:
// they are in the lineage by digest.
func (r *run) code(ctx context.Context) lineage.Code {
	unknown := lineage.Code{Status: lineage.Unknown}
	commit, err := r.git(ctx, "rev-parse", "--verify", "HEAD^{commit}")
	if err != nil || !objectID.MatchString(commit) {
		return unknown
	}
	changed, err := r.changed(ctx)
	if err != nil {
		return unknown
	}
	dirty := changed != ""
	r.result.Changed = changed
	c := lineage.Code{Status: lineage.Known, Commit: commit, Dirty: &dirty}
	if remote, err := r.git(ctx, "config", "--get", "remote.origin.url"); err == nil {
		c.Repository = withoutCredentials(remote)
	}
	if !dirty {
		return c
	}
	h := sha256.New()
	if err := r.pipe(ctx, h, "git", "diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "HEAD"); err != nil {
		return unknown
	}
	c.Changes = "sha256:" + hex.EncodeToString(h.Sum(nil))
	return c
}

var objectID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func (r *run) git(ctx context.Context, args ...string) (string, error) {
	out, err := r.tool(ctx, "git", args...)
	return strings.TrimSpace(string(out)), err
}

// changed is a path by which the work tree differs from its commit; empty where
// it does not.
func (r *run) changed(ctx context.Context) (string, error) {
	top, err := r.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	out, err := r.tool(ctx, "git", "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
	if err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(r.project.Dir)
	if err != nil {
		return "", err
	}
	for _, entry := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if len(entry) < 4 {
			continue
		}
		rel, err := filepath.Rel(dir, filepath.Join(top, entry[3:]))
		if err != nil || !r.declared(filepath.ToSlash(rel), entry[:2] == "??") {
			return entry[3:], nil //nolint:nilerr // what cannot be told apart counts as a change
		}
	}
	return "", nil
}

// declared says whether a path is one that the run writes, or an input that
// is not under version control.
func (r *run) declared(p string, untracked bool) bool {
	under := func(dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }
	if slices.ContainsFunc(r.outputPaths(), under) || tree.Matches(r.predictions(), p) {
		return true
	}
	return untracked && slices.ContainsFunc(r.inputs, func(in input) bool {
		return under(in.Path) || slices.ContainsFunc(in.files, func(f read) bool { return f.Path == p })
	})
}

// withoutCredentials is a remote's address without what is secret in it. For
// HTTP the user may be a token, so it goes too.
func withoutCredentials(remote string) string {
	if !strings.Contains(remote, "://") {
		return remote // git@host:path, or a folder: neither has a password
	}
	u, err := url.Parse(remote)
	if err != nil {
		return ""
	}
	switch {
	case u.User == nil:
	case u.Scheme == "ssh" || u.Scheme == "git+ssh":
		u.User = url.User(u.User.Username())
	default:
		u.User = nil
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}
