package scorer

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// direct starts the command with nothing between it and the shell.
func (c Command) direct(folder string) *exec.Cmd {
	return &exec.Cmd{
		Path: c.Shell, Args: []string{"sh", "-c", c.Text}, Dir: c.Dir, Env: c.environ(folder),
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
}

// wait runs what was prepared to its end, and ends it, with its process group,
// by stop when ctx does. started is called once it runs.
func (c Command) wait(ctx context.Context, cmd *exec.Cmd, in *os.File, out io.Writer, stop func(pid int), started func()) (int, error) {
	// The kernel ends a child whose parent's thread has ended, where it is asked
	// to, so that thread must not change while it runs.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Something that left the group may hold the pipes open for ever.
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = in, out, c.Stderr, time.Second
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	started()
	done := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			stop(cmd.Process.Pid)
			select {
			case <-time.After(2 * patience):
				end(cmd.Process.Pid)
			case <-done:
			}
		case <-done:
		}
	}()
	err := cmd.Wait()
	close(done)
	end(cmd.Process.Pid) // what it left behind in its group
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) && !errors.Is(err, exec.ErrWaitDelay) {
		return 0, err
	}
	return status(cmd.ProcessState), nil
}

// patience is how long whatever ends a command goes on ending its processes,
// of which each may start others before it ends.
const patience = 10 * time.Second

// end kills a process group, which may have ended already.
func end(group int) { _ = syscall.Kill(-group, syscall.SIGKILL) }

// status is a process's exit status as a shell tells it.
func status(p *os.ProcessState) int {
	if w, ok := p.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return p.ExitCode()
}
