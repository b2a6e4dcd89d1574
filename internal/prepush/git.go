package prepush

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrGit says that git is missing or that there is no repository.
var ErrGit = errors.New("git")

// Repository is a git checkout, asked through git itself and never over a
// network.
type Repository struct {
	Top    string // the work tree, absolute; empty in a bare repository
	GitDir string // absolute; a linked work tree has its own
	dir    string // where git runs
	env    []string
	listed map[string][]string // paths of commits and trees, each asked for once
}

// offline keeps git from fetching what a partial clone lacks, from writing
// the index, and from asking a person.
var offline = []string{
	"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0",
	"GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C",
}

// OpenRepository finds the repository that dir lies in, as git does: GIT_DIR
// in environ counts. There being none is ErrGit.
func OpenRepository(ctx context.Context, dir string, environ []string) (*Repository, error) {
	r := &Repository{dir: dir, listed: map[string][]string{}, env: append(append([]string{}, environ...), offline...)}
	out, err := r.git(ctx, nil, "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--show-toplevel")
	lines := strings.SplitN(strings.TrimSuffix(string(out), "\n"), "\n", 3)
	if len(lines) > 1 && lines[0] == "true" { // then the work tree is what git misses
		r.GitDir, r.dir = lines[1], lines[1]
		return r, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	if len(lines) < 3 || !filepath.IsAbs(lines[1]) || !filepath.IsAbs(lines[2]) {
		return nil, fmt.Errorf("%w: it does not say where the repository is, but %q\nhint: rename a folder that has a line break in its name, or update git", ErrGit, out)
	}
	r.GitDir, r.Top = lines[1], lines[2]
	r.dir = r.Top
	r.env = append(r.env, "GIT_DIR="+r.GitDir, "GIT_WORK_TREE="+r.Top)
	return r, nil
}

// git runs git and returns what it says on standard output, also where it
// then fails.
func (r *Repository) git(ctx context.Context, in []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = r.dir, r.env, bytes.NewReader(in), &out, &said
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("%w is not on PATH\nhint: the hook asks git which files a push changes", ErrGit)
	case errors.As(err, &ended):
		return out.Bytes(), &gitError{args[0], ended.ExitCode(), strings.TrimSpace(said.String())}
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: there is no folder %s", ErrGit, r.dir)
	}
	return nil, fmt.Errorf("running git %s: %w", args[0], err)
}

// gitError is git's own refusal.
type gitError struct {
	command string
	status  int
	said    string
}

func (e *gitError) Error() string {
	return fmt.Sprintf("git %s ended with status %d: %s", e.command, e.status, strings.TrimPrefix(e.said, "fatal: "))
}

func (*gitError) Is(target error) bool { return target == ErrGit }

// fields are NUL-ended pieces of git's output.
func fields(out []byte) []string {
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// paths are those of all files in a commit or tree.
func (r *Repository) paths(ctx context.Context, object string) ([]string, error) {
	if paths, ok := r.listed[object]; ok {
		return paths, nil
	}
	out, err := r.git(ctx, nil, "ls-tree", "-r", "-z", "--name-only", "--full-tree", object)
	if err != nil {
		return nil, err
	}
	r.listed[object] = fields(out)
	return r.listed[object], nil
}
