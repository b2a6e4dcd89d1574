package prepush

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func TestInstall(t *testing.T) {
	tests := map[string]struct {
		want string // from the checkout's top
		make func(c *checkout) string
	}{
		"a checkout":          {".git/hooks/pre-push", func(c *checkout) string { return c.dir }},
		"a folder below":      {".git/hooks/pre-push", func(c *checkout) string { c.write("a/b/c", ""); return filepath.Join(c.dir, "a", "b") }},
		"no folder for hooks": {".git/hooks/pre-push", func(c *checkout) string { os.RemoveAll(filepath.Join(c.dir, ".git", "hooks")); return c.dir }},
		"core.hooksPath":      {"my hooks/pre-push", func(c *checkout) string { c.git("config", "core.hooksPath", "my hooks"); return c.dir }},
		"core.hooksPath, from below": {"my/pre-push", func(c *checkout) string {
			c.git("config", "core.hooksPath", "my")
			c.write("a/b", "")
			return filepath.Join(c.dir, "a")
		}},
		"a linked work tree": {".git/hooks/pre-push", func(c *checkout) string {
			c.commit()
			dir := filepath.Join(t.TempDir(), "linked")
			c.git("worktree", "add", "-q", dir)
			return dir
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			dir := test.make(c)
			in, err := Install(t.Context(), dir, environ(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(c.dir, test.want); in.Path != want || in.Already || in.Scope != "" {
				t.Fatalf("got %+v; want %s", in, want)
			}
			info, err := os.Stat(in.Path)
			if err != nil || info.Mode().Perm()&0o111 == 0 {
				t.Errorf("the hook cannot run: %v, %v", info, err)
			}
			if in, err = Install(t.Context(), dir, environ(), 0); err != nil || !in.Already {
				t.Errorf("a second time: got %+v, %v", in, err)
			}
			if in, err = Install(t.Context(), dir, environ(), time.Minute); !errors.Is(err, ErrExists) {
				t.Errorf("with another deadline: got %+v, %v; want %v", in, err, ErrExists)
			}
		})
	}
}

func TestInstallLeavesAnotherHook(t *testing.T) {
	c := newCheckout(t)
	path := filepath.Join(c.dir, ".git", "hooks", "pre-push")
	for name, prepare := range map[string]func() error{
		"a hook":             func() error { return os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755) },
		"ours, switched off": func() error { return errors.Join(os.WriteFile(path, Script(0), 0o644), os.Chmod(path, 0o644)) },
		"a dangling link":    func() error { return os.Symlink("/nowhere", path) },
		"a folder":           func() error { return os.Mkdir(path, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o755), prepare()); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			in, err := Install(t.Context(), c.dir, environ(), 0)
			if !errors.Is(err, ErrExists) || in.Path != path {
				t.Errorf("got %+v, %v; want %v", in, err, ErrExists)
			}
			if after, err := os.Lstat(path); err != nil || after.Size() != before.Size() || after.Mode() != before.Mode() {
				t.Errorf("it was changed: %v, %v", after, err)
			}
		})
	}
}

func TestInstallRefuses(t *testing.T) {
	if _, err := Install(t.Context(), t.TempDir(), environ(), 0); !errors.Is(err, ErrGit) {
		t.Errorf("outside a repository: got %v; want %v", err, ErrGit)
	}
	c := newCheckout(t)
	c.commit()
	bare := filepath.Join(t.TempDir(), "bare.git")
	c.git("clone", "-q", "--bare", ".", bare)
	want := "git: " + bare + " is a bare repository, which has no work tree to judge"
	if _, err := Install(t.Context(), bare, environ(), 0); !errors.Is(err, ErrGit) || err.Error() != want {
		t.Errorf("a bare repository: got %v; want %s", err, want)
	}
}

func TestGlobalHooksPathIsSaid(t *testing.T) {
	c := newCheckout(t)
	hooks := filepath.Join(t.TempDir(), "hooks")
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("[core]\n\thooksPath = "+hooks+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := Install(t.Context(), c.dir, append(environ(), "GIT_CONFIG_GLOBAL="+config), 0)
	if err != nil || in.Path != filepath.Join(hooks, "pre-push") || in.Scope != "global" {
		t.Errorf("got %+v, %v", in, err)
	}
}

// TestForms reads what is printed for YAML files as YAML, and holds the file
// that the pre-commit framework reads against what is printed for it.
func TestForms(t *testing.T) {
	all, err := Forms()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if !strings.Contains(f.Text, "weighlock hook run pre-push") {
			t.Errorf("%s does not run the hook:\n%s", f.Name, f.Text)
		}
	}
	type hook map[string]any
	var printed struct{ Repos []struct{ Hooks []hook } }
	f, err := Forms("pre-commit")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(f[0].Text), &printed); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var offered []hook
	if err := yaml.Unmarshal(text, &offered); err != nil {
		t.Fatal(err)
	}
	for _, h := range offered {
		for key, want := range printed.Repos[0].Hooks[0] {
			if key == "id" || key == "language" || key == "stages" {
				continue
			}
			if h[key] != want {
				t.Errorf("%v: %s is %v; want %v", h["id"], key, h[key], want)
			}
		}
	}
	if len(offered) != 2 {
		t.Errorf("got %d hooks; want 2", len(offered))
	}
	if _, err := Forms("svn"); err == nil || !strings.Contains(err.Error(), "lefthook") {
		t.Errorf("got %v; want the known forms", err)
	}
}

func TestFramework(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		want Update
		ok   bool
	}{
		"not the framework": {map[string]string{"PRE_COMMIT_TO_REF": "x"}, Update{}, false},
		"a range": {
			map[string]string{"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": one, "PRE_COMMIT_TO_REF": two, "PRE_COMMIT_LOCAL_BRANCH": "a", "PRE_COMMIT_REMOTE_BRANCH": "b"},
			Update{"a", two, "b", one}, true,
		},
		"a history of its own": {map[string]string{"PRE_COMMIT": "1", "PRE_COMMIT_LOCAL_BRANCH": "a", "PRE_COMMIT_REMOTE_BRANCH": "b"}, Update{"a", "a", "b", ""}, true},
		"by hand":              {map[string]string{"PRE_COMMIT": "1"}, Update{"", "HEAD", "", ""}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, ok := Framework(func(v string) string { return test.env[v] })
			if got != test.want || ok != test.ok {
				t.Errorf("got %+v, %v; want %+v, %v", got, ok, test.want, test.ok)
			}
		})
	}
	c := newCheckout(t)
	c.small("m")
	c.commit()
	u, remote, _ := Framework(func(v string) string { return map[string]string{"PRE_COMMIT": "1"}[v] })
	models, err := Run(t.Context(), deps(), Options{Dir: c.dir, Remote: remote, Updates: []Update{u}})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, models, "m: allow")
}
