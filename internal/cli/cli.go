// Package cli is the weighlock command: flags in, a use case's value out, that
// value rendered, and an exit status. It decides nothing about models.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/weighlock/weighlock/internal/scorer"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Env is what the program knows of the world. It is made once, in Main.
type Env struct {
	In        io.Reader
	Out, Err  io.Writer
	Now       func() time.Time
	Getenv    func(string) string
	Environ   []string
	Transport http.RoundTripper
	// Patience, Settle and Wait are the registry's, as oci.Options have them:
	// how long an answer may take, how long others may take who want the same
	// turn, and what is done between two attempts. Main leaves them to
	// internal/oci.
	Patience, Settle time.Duration
	Wait             func(context.Context, time.Duration) error
	// Width is Out's, in columns, where it is a terminal; else 0.
	Width int
	// Self is this program's own file, which starts itself anew to confine a
	// scorer; empty where it is not known.
	Self string
	// Terminal and ErrTerminal say whether Out and Err are terminals.
	Terminal, ErrTerminal bool
}

// Main runs the program with the process's own arguments, streams and clock,
// and returns its exit status.
func Main() int {
	collectLater()
	ctx, stop := Signals(context.Background())
	defer stop()
	return Run(ctx, OS(), os.Args[1:])
}

// collectLater keeps the collector away until the process holds a little
// memory: a third of a short run was spent on collecting from a heap of a few
// megabytes. From then on it leaves room for as much again, but for no more
// than slack: what evaluations hold is large columns of numbers, which cost
// nothing to look through and much to have twice. Whoever sets GOGC or
// GOMEMLIMIT decides alone.
func collectLater() {
	const little, slack = 48 << 20, 32 << 20 // bytes
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(little)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	restored := false
	eachCollection(func() {
		if !restored {
			debug.SetMemoryLimit(limit)
			restored = true
		}
		if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
			debug.SetGCPercent(percent)
			return
		}
		metrics.Read(live)
		held := max(live[0].Value.Uint64(), 1)
		debug.SetGCPercent(int(min(max(slack*100/held, 8), 100)))
	})
}

// eachCollection calls after every run of the collector.
func eachCollection(after func()) {
	type probe struct{ _ [16]byte }
	var again func(*probe)
	again = func(p *probe) {
		after()
		runtime.SetFinalizer(p, again)
	}
	runtime.SetFinalizer(new(probe), again)
}

// Signals is a context that ends when the process is told to stop.
func Signals(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// OS is the process's own environment.
func OS() Env {
	env := Env{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Now: time.Now, Getenv: os.Getenv, Environ: os.Environ(), Self: self(),
		Terminal: term.IsTerminal(int(os.Stdout.Fd())), ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		env.Width = width
	}
	return env
}

// self is this program where it can start itself anew: also where its folder
// is closed to this user, or another version has taken its place. Elsewhere a
// scorer is said to run unconfined.
func self() string {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	return ""
}

// Run runs the program in an environment and returns its exit status.
func Run(ctx context.Context, env Env, args []string) int {
	if plan, ok := scorer.Inside(args); ok {
		fmt.Fprintf(env.Err, "weighlock: predictions.command was not run: %v\n", scorer.Enter(plan))
		return verdict.ExitBroken
	}
	out := &watched{w: env.Out}
	a := &app{env: env, stdout: env.Out, stopped: ctx.Done()}
	a.env.Out = out
	root := a.root()
	root.SetArgs(args)
	root.SetIn(env.In)
	root.SetOut(out)
	root.SetErr(env.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err // what could not be written was not said
	}
	if err == nil {
		return a.exit
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(env.Err, "weighlock: interrupted; nothing half-done is visible, run it again")
		return verdict.ExitInterrupt
	}
	fmt.Fprintln(env.Err, "weighlock: "+advised(err))
	return exitStatus(err)
}

// told is an error as a person reads it. That it is about usage goes without
// saying, so that a place in a file stands first.
func told(err error) string {
	return strings.TrimPrefix(strings.TrimSpace(err.Error()), errUsage.Error()+": ")
}

// advice is what to do about an error that does not say so itself, by what
// its exit status stands for.
var advice = map[int]string{
	verdict.ExitBroken:    "nothing was decided, and nothing may pass by it; `weighlock doctor` looks for the cause",
	verdict.ExitUsage:     "`weighlock doctor` checks the project, the keys and the registry; --help shows what a command takes",
	verdict.ExitNetwork:   "nothing counts until it is done; run it again once the address answers",
	verdict.ExitIntegrity: "it is not what was signed or pinned: fetch or make it anew, and find out who changed it; never sign over it",
}

// advised is an error with what to do about it on its last line.
func advised(err error) string {
	text := told(err)
	if strings.Contains(text, "hint: ") {
		return text
	}
	if hint := certificateHint(err); hint != "" {
		return text + "\nhint: " + hint
	}
	return text + "\nhint: " + advice[exitStatus(err)]
}

// watched remembers the first write that failed, so that a full disk or a
// closed pipe never ends in status 0.
type watched struct {
	w   io.Writer
	err error
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("writing the output: %w", err)
	}
	return n, err
}

// app is one run of the program. exit is set by commands whose result is a
// verdict or another program's status rather than an error.
type app struct {
	env    Env
	stdout io.Writer // env.Out as the process has it, for commands that are run
	exit   int
	flags  trustFlags

	stopped <-chan struct{} // closed when the process is told to stop
}

const long = `Weighlock weighs a machine-learning model before it reaches its users: it packs the
model as a signed OCI image, measures it on pinned data, judges it by rules, and
writes every verdict beside the image in the registry.`

const exitTable = `
Exit status:
  0    allowed, done
  1    broken: could not decide (fault, unreadable input, empty policy, a rule in error)
  2    usage or configuration
  3    denied
  4    undecided: evidence missing or not enough
  5    registry or network, worth a retry
  6    integrity, signature or trust
  8    waiting: step not due, approval pending
  130  interrupted
`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "weighlock", Short: "The gate between a trained model and its users", Long: long,
		SilenceErrors: true, SilenceUsage: true,
		Args: known, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return given(c) }
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddGroup(&cobra.Group{ID: "main", Title: "Start here:"}, &cobra.Group{ID: "more", Title: "Also:"})
	cobra.EnableCommandSorting = false
	for _, make := range []func() *cobra.Command{a.initCommand, a.runCommand, a.gateCommand, a.publishCommand, a.showCommand} {
		c := make()
		c.GroupID = "main"
		root.AddCommand(c)
	}
	more := []func() *cobra.Command{
		a.keygenCommand, a.pinCommand, a.specCommand, a.evaluateCommand, a.diffCommand, a.verifyCommand, a.lsCommand,
		a.packCommand, a.pushCommand, a.signCommand, a.copyCommand, a.pullCommand, a.hookCommand, a.explainCommand, a.doctorCommand, a.versionCommand, a.manCommand,
	}
	for _, make := range more {
		c := make()
		c.GroupID = "more"
		root.AddCommand(c)
	}
	root.AddCommand(a.topicCommands()...)
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	completion(root)
	completeValues(root)
	helped(root)
	root.SetUsageTemplate(root.UsageTemplate() + exitTable)
	root.SetFlagErrorFunc(flagError)
	return root
}

// given refuses a flag that is named and says nothing, as --verifier "$FILE"
// does where FILE is not set: what it should have named would not be asked.
func given(c *cobra.Command) error {
	for _, name := range []string{"verifier", "level", "key", "id-key", "tsa", "tsa-chain", "repository", "dir", "rescore"} {
		if f := c.Flags().Lookup(name); f != nil && f.Changed && f.Value.String() == "" {
			return usagef("--%s is given, and empty\nhint: give it a value, or leave it out", name)
		}
	}
	return nil
}

// completion makes cobra's own command refuse, as the others do, a shell that
// it does not know.
func completion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic(err) // it has just been added
	}
	c.Args = args(0, 0, "one shell: bash, zsh, fish or powershell")
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	for _, shell := range c.Commands() {
		shell.Args = args(0, 0, "no argument")
	}
}

// helped makes cobra's help command refuse what it has no page for.
func helped(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	c, _, err := root.Find([]string{"help"})
	if err != nil {
		panic(err) // it has just been added
	}
	c.Args = func(_ *cobra.Command, given []string) error {
		if found, rest, err := root.Find(given); err != nil || len(rest) > 0 && found == root {
			return known(root, given)
		}
		return nil
	}
}

// known refuses what is no command, with the one that was perhaps meant.
func known(root *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	hint := "weighlock --help lists all commands"
	if near := root.SuggestionsFor(given[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	return usagef("there is no command %q\nhint: %s", given[0], hint)
}

// args checks a command's number of arguments, in words.
func args(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if len(given) >= least && (most < 0 || len(given) <= most) {
			return nil
		}
		return usagef("%s takes %s\nhint: %s --help", c.CommandPath(), what, c.CommandPath())
	}
}
