package scorer

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guard is what the program becomes where there are no namespaces, between
// weighlock and the command: whatever the command leaves behind, also in
// another session, becomes the guard's child when its own parent ends, and is
// ended with it. It returns the command's exit status as a shell tells it.
func guard(p plan) (int, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	// The command is of the same user, and could reach into the memory of this
	// process, by which it would get out of its filter.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return 0, err
	}
	p.Guard = os.Getpid()
	text, err := json.Marshal(p)
	if err != nil {
		return 0, err
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{"weighlock", inside, string(text)}, Env: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: []*os.File{os.NewFile(reportFile, "report")},
		// In a session of its own it cannot join this process's group.
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	cmd.ExtraFiles[0].Close() // so that the report ends when the command begins
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its state
		close(ended)
	}()
	select {
	case <-ended:
	case <-told:
		end(cmd.Process.Pid)
		<-ended
	}
	clear(time.Now().Add(patience))
	return status(cmd.ProcessState), nil
}

// dismiss tells a guard to end the command with all that it started.
func dismiss(pid int) { _ = syscall.Kill(pid, syscall.SIGTERM) }

// clear ends all children until there are none: those of one that ends become
// this process's. What is left at the deadline is stopped by no means known
// here.
func clear(deadline time.Time) {
	for time.Now().Before(deadline) {
		for _, pid := range children() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended already
		}
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if err == syscall.EINTR {
				continue
			}
			if err != nil { // ECHILD: there are none
				return
			}
			if pid == 0 {
				break
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// children are the processes whose parent is this one, by proc(5).
func children() (pids []int) {
	self := []byte(strconv.Itoa(os.Getpid()))
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is a good one
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The name, in parentheses, may hold anything; state and parent follow it.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(fields) < 2 || !bytes.Equal(fields[1], self) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
