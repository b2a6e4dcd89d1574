package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/prepush"
	"github.com/weighlock/weighlock/policies"
)

// hookDeadline is how long a push waits for its models, unless told otherwise.
const hookDeadline = 2 * time.Second

func (a *app) hookCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "hook", Short: "Judge changed models before git pushes them",
		Args: known, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.hookInstallCommand(), a.hookPrintCommand(), a.hookRunCommand())
	return c
}

func (a *app) hookInstallCommand() *cobra.Command {
	var deadline time.Duration
	c := &cobra.Command{
		Use: "install", Short: "Write the pre-push hook of this repository",
		Long: `Write the pre-push hook to where git looks for it; core.hooksPath and linked work trees
are honoured. A hook that is there already stays as it is, and what to add to it is printed.`,
		Args: args(0, 0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("deadline") && deadline <= 0 {
				return usagef("--deadline is %s\nhint: a time above zero, such as 5s", deadline)
			}
			return a.hookInstall(c.Context(), deadline)
		},
	}
	c.Flags().DurationVar(&deadline, "deadline", 0, "how long a push may wait (else WEIGHLOCK_HOOK_DEADLINE when it runs, else 2s)")
	return c
}

func (a *app) hookInstall(ctx context.Context, deadline time.Duration) error {
	in, err := prepush.Install(ctx, ".", a.env.Environ, deadline)
	switch {
	case errors.Is(err, prepush.ErrExists):
		if err := a.printForms("existing", "pre-commit", "lefthook", "husky"); err != nil {
			return err
		}
		return usagef("%w; it was left as it is\nhint: add the lines above that fit what runs it", err)
	case errors.Is(err, prepush.ErrGit):
		return usagef("%w", inCheckout(err))
	case err != nil:
		return err
	case in.Already:
		fmt.Fprintf(a.env.Out, "%s is there already\n", in.Path)
	default:
		fmt.Fprintf(a.env.Out, "wrote %s\n", in.Path)
	}
	if in.Scope != "" {
		fmt.Fprintf(a.env.Err, "warning: core.hooksPath comes from the %s configuration, so this hook runs in every repository that uses it; where a push changes no model it does nothing\n", in.Scope)
	}
	return nil
}

// inCheckout adds what to do about a refusal of git's, where it does not say.
func inCheckout(err error) error {
	if strings.Contains(err.Error(), "\nhint: ") {
		return err
	}
	return fmt.Errorf("%w\nhint: run it in a git checkout", err)
}

func (a *app) hookPrintCommand() *cobra.Command {
	return &cobra.Command{
		Use: "print [FORM...]", Short: "Print how git, pre-commit, lefthook or husky run the hook",
		ValidArgs: prepush.FormNames(),
		RunE:      func(_ *cobra.Command, given []string) error { return a.printForms(given...) },
	}
}

func (a *app) printForms(names ...string) error {
	forms, err := prepush.Forms(names...)
	if err != nil {
		return usagef("%w", err)
	}
	for i, f := range forms {
		if len(forms) == 1 {
			fmt.Fprint(a.env.Out, f.Text)
			continue
		}
		if i > 0 {
			fmt.Fprintln(a.env.Out)
		}
		fmt.Fprintf(a.env.Out, "# %s\n%s", f.Title, f.Text)
	}
	return nil
}

func (a *app) hookRunCommand() *cobra.Command {
	var deadline time.Duration
	c := &cobra.Command{
		Use: "run pre-push [REMOTE [URL]]", Short: "Be the hook: judge the models that a push changes",
		Long: `Be git's pre-push hook: read from standard input which refs are pushed, and judge the
models (folders with a project file) of which a file differs from what the remote has.
Nothing is asked over the network, and what was allowed before on the same files, under the
same rules and on the same day, is not judged again.

A model is judged as it lies in the work tree, where its weights and data are. Files that
are others in the pushed commit are named, and the verdict is then about the work tree.
A model that is pushed and is not in the work tree is undecided; one that the push deletes
is no matter.

A model that is denied or undecided stops the push, and so does the deadline, unless the
model is in mode observe. Hooks are advice, which git push --no-verify passes by; CI is the
gate.`,
		Args: args(1, 3, "the hook's name, pre-push, and what git gives it"),
		RunE: func(c *cobra.Command, given []string) error {
			if given[0] != "pre-push" {
				return usagef("there is no hook %q\nhint: pre-push is the one", given[0])
			}
			limit, err := a.hookLimit(deadline, c.Flags().Changed("deadline"))
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), limit)
			defer cancel()
			err = a.hookRun(ctx, first(given[1:], ""), limit)
			if errors.Is(err, prepush.ErrDeadline) && !strings.Contains(err.Error(), "\nhint: ") {
				return fmt.Errorf("%w\n%s", err, moreTime(limit))
			}
			return err
		},
	}
	a.verifierFlag(c)
	a.levelFlag(c)
	c.Flags().DurationVar(&deadline, "deadline", hookDeadline, "how long the push may wait (else WEIGHLOCK_HOOK_DEADLINE)")
	return c
}

// hookLimit is the deadline that the flag, or else the variable, gives.
func (a *app) hookLimit(flag time.Duration, given bool) (time.Duration, error) {
	if text := a.env.Getenv("WEIGHLOCK_HOOK_DEADLINE"); text != "" && !given {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return 0, usagef("WEIGHLOCK_HOOK_DEADLINE is %q\nhint: a time above zero, such as 5s", text)
		}
		return d, nil
	}
	if flag <= 0 {
		return 0, usagef("--deadline is %s\nhint: a time above zero, such as 5s", flag)
	}
	return flag, nil
}

func moreTime(limit time.Duration) string {
	return fmt.Sprintf("hint: push again, since what was allowed is kept, or give it more than %s: WEIGHLOCK_HOOK_DEADLINE=30s git push", limit)
}

func (a *app) hookRun(ctx context.Context, remote string, limit time.Duration) error {
	updates, err := a.updates(ctx)
	if err != nil {
		return err
	}
	if u, name, ok := prepush.Framework(a.env.Getenv); ok && len(updates) == 0 {
		updates, remote = []prepush.Update{u}, name
	}
	models, err := prepush.Run(ctx, prepush.Deps{
		Rules: a.rules, Getenv: a.env.Getenv, Environ: a.env.Environ,
		Key: a.hookKey(), Workers: runtime.GOMAXPROCS(0),
	}, prepush.Options{Dir: ".", Remote: remote, Updates: updates})
	if errors.Is(err, prepush.ErrGit) {
		return usagef("%w", inCheckout(err))
	}
	if err != nil {
		return err
	}
	return a.hookTell(models, limit)
}

// updates reads git's lines, for no longer than ctx allows: who runs the
// hook without them may leave standard input open.
func (a *app) updates(ctx context.Context) ([]prepush.Update, error) {
	type read struct {
		updates []prepush.Update
		err     error
	}
	done := make(chan read, 1)
	go func() {
		updates, err := prepush.ParseUpdates(a.env.In)
		done <- read{updates, err}
	}()
	select {
	case r := <-done:
		if errors.Is(r.err, prepush.ErrProtocol) {
			return nil, usagef("%w\nhint: git gives it to .git/hooks/pre-push; `weighlock hook print` shows how to pass it on", r.err)
		}
		return r.updates, r.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: git's list of refs did not come on standard input\nhint: what runs the hook must pass it on (use_stdin in lefthook); `weighlock hook print` shows how", prepush.ErrDeadline)
	}
}

// hookKey is what kept verdicts rest on beside the models' files. It is made
// without reading rules or verifier file as such, which takes longer than a
// push without changes may.
func (a *app) hookKey() prepush.Key {
	k := prepush.Key{
		Level: a.flags.level, Epoch: a.env.Getenv("SOURCE_DATE_EPOCH"), Day: prepush.Day(a.env.Now()),
		Program: program(), Verifier: a.verifierKey(),
	}
	if files, err := prepush.DigestTree(policies.FS); err == nil {
		k.Policy = files
	}
	return k
}

// program is this very program: two builds of one version are two programs.
// It is empty where it cannot be told.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	id, err := prepush.Identity(path)
	if err != nil {
		return ""
	}
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs.") {
				revision += " " + s.Value
			}
		}
	}
	return Version() + revision + " " + id
}

// verifierKey is the verifier file's path and digest, "none" where there is
// none, and empty where it cannot be told: then nothing is kept, and judging
// says what is wrong.
func (a *app) verifierKey() string {
	if a.flags.verifier == "" && slices.Contains(a.env.Environ, "WEIGHLOCK_VERIFIER=") {
		return ""
	}
	path, err := a.configured(a.flags.verifier, "WEIGHLOCK_VERIFIER", verifierFile)
	if err != nil {
		return ""
	}
	if path == "" {
		return "none"
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return path + " " + artifact.Digest(text)
}
