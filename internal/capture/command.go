package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/weighlock/weighlock/internal/scorer"
)

// environ is the environment of the training command and of tools: this
// process's, without the signing secrets. Such a command can still read files
// that this user can read, so keep the key away from training machines where
// that matters.
func (d Deps) environ() []string {
	return slices.DeleteFunc(slices.Clone(d.Environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(scorer.Secrets, name)
	})
}

// getenv is the last value of a variable, as the system reads it.
func (d Deps) getenv(name string) string {
	for _, entry := range slices.Backward(d.Environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// find resolves a program as a shell in dir would.
func (d Deps) find(dir, name string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name, runnable(name)
	}
	for _, folder := range filepath.SplitList(d.getenv("PATH")) {
		if !filepath.IsAbs(folder) {
			continue // not from wherever one happens to be
		}
		if p := filepath.Join(folder, name); runnable(p) == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("%w: %s: command not found\nhint: install it, or give its path", ErrUsage, name)
}

func runnable(p string) error {
	info, err := os.Stat(p)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%w: %s is not a program\nhint: chmod +x it, or name what runs it: weighlock run -- sh train.sh", ErrUsage, p)
	}
	return nil
}

// execute runs the training command, and notes how and when it ended.
func (r *run) execute(ctx context.Context) error {
	cmd := &exec.Cmd{
		Path: r.program, Args: r.command, Dir: r.project.Dir, Env: r.d.environ(),
		Stdin: r.d.In, Stdout: r.d.Out, Stderr: r.d.Err,
	}
	exit, err := r.d.wait(ctx, cmd)
	if err != nil {
		return fmt.Errorf("running %s: %w", r.command[0], err)
	}
	if ctx.Err() != nil {
		r.result.Interrupted = true
		if exit == 0 {
			// It was told to stop and did so politely; that is no finished run.
			exit = 128 + int(wanted(ctx))
		}
	}
	ended := stamp(r.d.now())
	r.record.Ended, r.record.Exit, r.result.Exit = max(ended, r.record.Start.Time), exit, exit
	return nil
}

// wait runs a command to its end. At a terminal it stays in our process group,
// to which the terminal sends Ctrl-C; else it leads one of its own, so that a
// signal to us can be passed on to all that it started. When ctx ends the
// command is asked to stop, and ended if it has not stopped after d.Grace.
func (d Deps) wait(ctx context.Context, cmd *exec.Cmd) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	terminal := isTerminal(d.In)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !terminal}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	send := func(sig syscall.Signal) { // to who may have ended already
		if terminal {
			_ = cmd.Process.Signal(sig)
		} else {
			_ = syscall.Kill(-cmd.Process.Pid, sig)
		}
	}
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		if sig := wanted(ctx); !terminal || sig != syscall.SIGINT { // else the terminal has sent it
			send(sig)
		}
		select {
		case err = <-done:
		case <-time.After(d.grace()):
			send(syscall.SIGKILL)
			err = <-done
		}
	}
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return 0, err
	}
	return status(cmd.ProcessState), nil
}

func (d Deps) grace() time.Duration {
	if d.Grace == 0 {
		return 30 * time.Second
	}
	return d.Grace
}

// wanted is the signal by which ctx ended: signal.NotifyContext says it in the
// cause.
func wanted(ctx context.Context) syscall.Signal {
	if cause := context.Cause(ctx); cause != nil && strings.HasPrefix(cause.Error(), "interrupt") {
		return syscall.SIGINT
	}
	return syscall.SIGTERM
}

// status is a process's exit status as a shell tells it.
func status(p *os.ProcessState) int {
	if w, ok := p.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return p.ExitCode()
}

func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Bounds on the tools that are asked about code, packages and machine.
const (
	toolTime   = 60 * time.Second
	toolOutput = 32 << 20
)

// tool runs a tool that looks at the project, and gives its output.
func (r *run) tool(ctx context.Context, name string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := r.pipe(ctx, &limited{w: &out, left: toolOutput}, name, args...)
	return out.Bytes(), err
}

// pipe is tool with its output streamed to w.
func (r *run) pipe(ctx context.Context, w io.Writer, name string, args ...string) error {
	program, err := r.d.find(r.project.Dir, name)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, toolTime)
	defer stop()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Args[0] = name
	cmd.Dir, cmd.Stdout, cmd.WaitDelay = r.project.Dir, w, time.Second
	// Nothing may be fetched, locked or asked for on behalf of a look.
	cmd.Env = append(r.d.environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0",
		"GOFLAGS=-mod=readonly", "GOPROXY=off", "GOTOOLCHAIN=local", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1")
	return cmd.Run()
}

type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.left {
		return 0, fmt.Errorf("more than %d bytes of output", toolOutput)
	}
	l.left -= len(b)
	return l.w.Write(b)
}
