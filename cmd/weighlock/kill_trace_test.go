//go:build kill && linux && amd64

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// change is a system call that changes something in a folder.
type change struct {
	call, path string
	bytes      uint64 // of a write
}

func (c change) String() string { return c.call + " " + c.path }

// changing are the calls that change files, and which of their arguments is a
// path or an open file. Calls that only bring what was written to the disk are
// not among them: a kill before one leaves what a kill after it leaves.
var changing = map[uint64]struct {
	name string
	path int // argument, or -1
	file int // argument, or -1
}{
	unix.SYS_OPENAT: {"openat", 1, -1}, unix.SYS_OPEN: {"open", 0, -1}, unix.SYS_CREAT: {"creat", 0, -1},
	unix.SYS_WRITE: {"write", -1, 0}, unix.SYS_PWRITE64: {"pwrite64", -1, 0},
	unix.SYS_WRITEV: {"writev", -1, 0}, unix.SYS_PWRITEV: {"pwritev", -1, 0},
	unix.SYS_COPY_FILE_RANGE: {"copy_file_range", -1, 2}, unix.SYS_SENDFILE: {"sendfile", -1, 0}, unix.SYS_SPLICE: {"splice", -1, 2},
	unix.SYS_FTRUNCATE: {"ftruncate", -1, 0}, unix.SYS_TRUNCATE: {"truncate", 0, -1}, unix.SYS_FALLOCATE: {"fallocate", -1, 0},
	unix.SYS_RENAME: {"rename", 1, -1}, unix.SYS_RENAMEAT: {"renameat", 3, -1}, unix.SYS_RENAMEAT2: {"renameat2", 3, -1},
	unix.SYS_UNLINK: {"unlink", 0, -1}, unix.SYS_UNLINKAT: {"unlinkat", 1, -1}, unix.SYS_RMDIR: {"rmdir", 0, -1},
	unix.SYS_LINK: {"link", 1, -1}, unix.SYS_LINKAT: {"linkat", 3, -1}, unix.SYS_SYMLINKAT: {"symlinkat", 2, -1},
	unix.SYS_MKDIR: {"mkdir", 0, -1}, unix.SYS_MKDIRAT: {"mkdirat", 1, -1},
	unix.SYS_FCHMOD: {"fchmod", -1, 0}, unix.SYS_FCHMODAT: {"fchmodat", 1, -1}, unix.SYS_CHMOD: {"chmod", 0, -1},
}

// tracer runs a program under ptrace and counts the calls, of all its threads,
// that change something in a folder. It kills the program instead of letting
// it make the one with the number at, or, where half is set and the call is a
// write, when that has written half of its bytes.
type tracer struct {
	dir  string
	at   int
	half bool

	changes []change
	killed  bool
	halved  int // thread whose write was cut short
}

// run starts the program and stays with it until it ends.
func (t *tracer) run(cmd *exec.Cmd) (unix.WaitStatus, error) {
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &unix.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pid := cmd.Process.Pid
	defer cmd.Process.Release()
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, unix.WALL, nil); err != nil || !status.Stopped() {
		return status, fmt.Errorf("the program did not stop at its beginning: %v, %v", status, err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(pid, options); err != nil {
		return status, err
	}
	known := map[int]bool{pid: true}
	goOn := func(thread, signal int) { unix.PtraceSyscall(thread, signal) } // it may be gone
	goOn(pid, 0)
	for {
		thread, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return status, err
		case thread == pid && (status.Exited() || status.Signaled()):
			return status, nil
		case !status.Stopped():
			continue
		}
		stop := status.StopSignal()
		switch {
		case stop == unix.SIGTRAP|0x80:
			if err := t.call(thread); err != nil {
				return status, err
			}
			if t.killed && t.halved == 0 {
				unix.Kill(pid, unix.SIGKILL)
			}
			goOn(thread, 0)
		case stop == unix.SIGTRAP && status.TrapCause() > 0:
			goOn(thread, 0) // a new thread
		case stop == unix.SIGSTOP && !known[thread]:
			known[thread] = true
			goOn(thread, 0)
		default:
			goOn(thread, int(stop))
		}
	}
}

// syscallInfo is struct ptrace_syscall_info of linux/ptrace.h.
type syscallInfo struct {
	Op     uint8
	_      [3]uint8
	Arch   uint32
	IP, SP uint64
	Number uint64
	Args   [6]uint64
	_      uint64
}

const (
	getSyscallInfo = 0x420e // PTRACE_GET_SYSCALL_INFO
	entering       = 1
)

// call looks at the system call at which a thread stands.
func (t *tracer) call(thread int) error {
	var info syscallInfo
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, getSyscallInfo, uintptr(thread), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno == unix.ESRCH {
		return nil
	}
	if errno != 0 {
		return fmt.Errorf("asking which call a thread makes: %w", errno)
	}
	if info.Op != entering {
		if thread == t.halved {
			t.halved = 0 // the half is written: now it dies
		}
		return nil
	}
	c, ok := t.change(thread, &info)
	if !ok || t.killed {
		return nil
	}
	t.changes = append(t.changes, c)
	if len(t.changes) != t.at {
		return nil
	}
	t.killed = true
	if !t.half || c.bytes < 2 {
		return nil
	}
	var r unix.PtraceRegs
	if err := unix.PtraceGetRegs(thread, &r); err != nil {
		return err
	}
	r.Rdx = c.bytes / 2
	t.halved = thread
	return unix.PtraceSetRegs(thread, &r)
}

// change says what a call would change in the folder.
func (t *tracer) change(thread int, info *syscallInfo) (change, bool) {
	kind, ok := changing[info.Number]
	if !ok {
		return change{}, false
	}
	var path string
	if kind.file >= 0 {
		path, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", thread, int32(info.Args[kind.file])))
	} else {
		path = text(thread, info.Args[kind.path])
	}
	rel, inside := strings.CutPrefix(path, t.dir)
	if !inside || rel != "" && rel[0] != '/' {
		return change{}, false
	}
	c := change{call: kind.name, path: filepath.Clean("." + rel)}
	switch kind.name {
	case "openat", "open":
		if info.Args[kind.path+1]&(unix.O_CREAT|unix.O_TRUNC) == 0 {
			return c, false
		}
		if _, err := os.Lstat(path); err == nil && info.Args[kind.path+1]&unix.O_TRUNC == 0 {
			return c, false // it is there
		}
	case "write":
		c.bytes = info.Args[2]
	}
	return c, true
}

// text reads a string of the program.
func text(thread int, at uint64) string {
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", thread))
	if err != nil {
		return ""
	}
	defer mem.Close()
	buf := make([]byte, unix.PathMax)
	n, _ := mem.ReadAt(buf, int64(at))
	s, _, _ := bytes.Cut(buf[:n], []byte{0})
	return string(s)
}
