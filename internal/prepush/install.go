package prepush

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrExists says that there is another pre-push hook already.
var ErrExists = errors.New("there is a pre-push hook already")

// Installed is where a hook was put.
type Installed struct {
	Path    string
	Already bool // it was there, just so
	// Scope is the configuration from which core.hooksPath came where it is
	// not the repository's own: global or system. The hook then runs in
	// other repositories too.
	Scope string
}

// Script is the hook that Install writes, with a deadline of its own where it
// is not 0.
func Script(deadline time.Duration) []byte {
	flag := ""
	if deadline > 0 {
		flag = " --deadline " + deadline.String()
	}
	return []byte(`#!/bin/sh
# Judges the models that this push changes, offline. Written by
# "weighlock hook install"; delete this file to be rid of it.
# Hooks are advice, which "git push --no-verify" passes by; CI is the gate.
command -v weighlock >/dev/null 2>&1 || {
	echo "weighlock is not on PATH, so nothing was judged and nothing pushed" >&2
	echo "hint: install it, delete $0, or push with --no-verify" >&2
	exit 1
}
exec weighlock hook run` + flag + ` pre-push "$@"
`)
}

// Install writes the pre-push hook to where git looks for it: core.hooksPath
// counts, and linked work trees share one. Another hook that is there already
// stays as it is: ErrExists, with its path in Installed.
func Install(ctx context.Context, dir string, environ []string, deadline time.Duration) (Installed, error) {
	r, err := OpenRepository(ctx, dir, environ)
	if err != nil {
		return Installed{}, err
	}
	if r.Top == "" {
		return Installed{}, fmt.Errorf("%w: %s is a bare repository, which has no work tree to judge", ErrGit, r.GitDir)
	}
	path, err := r.hookPath(ctx)
	if err != nil {
		return Installed{}, err
	}
	in := Installed{Path: path, Scope: r.hooksScope(ctx)}
	script := Script(deadline)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return in, fmt.Errorf("making the folder for hooks: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return in.compare(script)
	}
	if err != nil {
		return in, fmt.Errorf("writing the hook: %w", err)
	}
	_, err = f.Write(script)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return in, fmt.Errorf("writing the hook: %w", err)
	}
	return in, nil
}

// compare looks at the hook that is there. One that is ours and can run is
// as good as installed.
func (in Installed) compare(script []byte) (Installed, error) {
	info, err := os.Stat(in.Path)
	if err != nil || !info.Mode().IsRegular() {
		return in, fmt.Errorf("%w: %s", ErrExists, in.Path)
	}
	was, err := os.ReadFile(in.Path)
	if err != nil || !bytes.Equal(was, script) || info.Mode().Perm()&0o100 == 0 {
		return in, fmt.Errorf("%w: %s", ErrExists, in.Path)
	}
	in.Already = true
	return in, nil
}

// hookPath is where git looks for the hook; git itself knows of
// core.hooksPath and linked work trees. A relative one counts from the top
// of the work tree, where git runs hooks.
func (r *Repository) hookPath(ctx context.Context) (string, error) {
	out, err := r.git(ctx, nil, "rev-parse", "--git-path", "hooks/pre-push")
	if err != nil {
		return "", err
	}
	path := filepath.FromSlash(strings.TrimSuffix(string(out), "\n"))
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.Top, path)
	}
	return path, nil
}

// hooksScope is whose core.hooksPath it is, where it is not this repository's.
func (r *Repository) hooksScope(ctx context.Context) string {
	out, err := r.git(ctx, nil, "config", "--show-scope", "--get", "core.hooksPath")
	if err != nil {
		return "" // it is not set
	}
	scope, _, _ := strings.Cut(string(out), "\t")
	if scope == "global" || scope == "system" {
		return scope
	}
	return ""
}
