package scorer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// Where the system gives no namespaces the command runs all the same, within
// its limits, and what it could not be kept from is told.
func TestWithoutNamespaces(t *testing.T) {
	c := command(t, "ulimit -v; cat").in(t)
	c.Limits.MemoryMiB = 512
	text, got, exit, err := c.without(t.Context(), t)
	if err != nil || exit != 0 {
		t.Fatalf("status %d, %v", exit, err)
	}
	want := &Confinement{Network: "none", Labels: "in_reach", Project: "writable", Memory: "limited", Processes: "all"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("confinement (-want +got):\n%s", diff)
	}
	if want := strconv.Itoa(512*1024) + "\n" + rows; text != want {
		t.Errorf("got %q; want %q", text, want)
	}
}

// in is the command with its defaults filled in, as Run has it.
func (c Command) in(*testing.T) Command {
	c.Limits = c.Limits.Filled()
	return c
}

// without runs the command as where the system gives no namespaces.
func (c Command) without(ctx context.Context, t *testing.T) (string, *Confinement, int, error) {
	t.Helper()
	c = c.in(t)
	folder, err := c.folder(func(w io.Writer) error { _, err := io.WriteString(w, rows); return err })
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	in, err := os.Open(filepath.Join(folder, rowsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out bytes.Buffer
	confined, exit, err := c.confined(ctx, folder, in, &out, false)
	return out.String(), confined, exit, err
}

// TestNoSockets: without namespaces the command reaches no address of this
// machine either, no socket file and no abstract name, whatever program it is
// written in; and it cannot end the process that would end it.
func TestNoSockets(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	file := filepath.Join(t.TempDir(), "daemon.sock")
	unixSocket, err := net.Listen("unix", file)
	if err != nil {
		t.Fatal(err)
	}
	defer unixSocket.Close()
	c := command(t, "")
	for name, tt := range map[string]struct {
		text, want string
		tool       string
	}{
		"a connection by a Go program": {fmt.Sprintf("%s dial %s", c.Self, tcp.Addr()), "no connection\n", c.Self},
		"a connection by Python": {
			fmt.Sprintf(`python3 -c 'import socket; socket.create_connection(("127.0.0.1", %d))' 2>&1 | tail -n 1`, tcp.Addr().(*net.TCPAddr).Port),
			"PermissionError: [Errno 13] Permission denied\n", "python3",
		},
		"a socket file": {
			fmt.Sprintf(`python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("%s")' 2>&1 | tail -n 1`, file),
			"PermissionError: [Errno 13] Permission denied\n", "python3",
		},
		"a raw one of another kind": {
			`python3 -c 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)' 2>&1 | tail -n 1`,
			"PermissionError: [Errno 13] Permission denied\n", "python3",
		},
		"io_uring": {
			`python3 -c 'import ctypes; l = ctypes.CDLL(None, use_errno=True); print(l.syscall(425, 1, ctypes.create_string_buffer(120)), ctypes.get_errno())'`,
			"-1 38\n", "python3",
		},
		"a program that works with its own children": {
			`python3 -c 'import socket, multiprocessing as m; a, b = socket.socketpair(); a.send(b"x"); print(b.recv(1), m.get_context("fork").Pool(2).map(abs, [-1, -2]))'`,
			"b'x' [1, 2]\n", "python3",
		},
		"the guard": {`kill -9 $PPID 2>/dev/null; echo $?; kill -9 -$PPID 2>/dev/null; echo $?; kill -9 -1 2>/dev/null; echo $?`, "1\n1\n1\n", "sh"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(tt.tool); err != nil {
				t.Logf("there is no %s here", tt.tool)
				return
			}
			c := c
			c.Text = tt.text
			got, confined, exit, err := c.without(t.Context(), t)
			if err != nil || exit != 0 || confined.Network != NetworkNone || got != tt.want {
				t.Errorf("got %q, status %d, %v, %+v; want %q", got, exit, err, confined, tt.want)
			}
		})
	}
}

// TestFilter reads the filter as the kernel does, for calls that no test can
// make: of another platform, of x32, and on a platform that is not this one.
func TestFilter(t *testing.T) {
	const guard = 4711
	f := filter(unix.AUDIT_ARCH_X86_64, guard)
	for name, c := range map[string]struct {
		platform, number uint32
		argument         uint64
		want             uint32
	}{
		"a file is read":                  {unix.AUDIT_ARCH_X86_64, unix.SYS_READ, 0, allow},
		"another platform":                {0x40000003, unix.SYS_READ, 0, kill},
		"x32":                             {unix.AUDIT_ARCH_X86_64, unix.SYS_SOCKET | otherABI, unix.AF_INET, refuse(unix.ENOSYS)},
		"a socket":                        {unix.AUDIT_ARCH_X86_64, unix.SYS_SOCKET, unix.AF_INET, refuse(unix.EACCES)},
		"a socket file":                   {unix.AUDIT_ARCH_X86_64, unix.SYS_SOCKET, unix.AF_UNIX, refuse(unix.EACCES)},
		"a pair":                          {unix.AUDIT_ARCH_X86_64, unix.SYS_SOCKETPAIR, unix.AF_UNIX, allow},
		"a pair, with more above":         {unix.AUDIT_ARCH_X86_64, unix.SYS_SOCKETPAIR, 7<<32 | unix.AF_UNIX, allow},
		"a pair of another kind":          {unix.AUDIT_ARCH_X86_64, unix.SYS_SOCKETPAIR, unix.AF_INET, refuse(unix.EACCES)},
		"io_uring":                        {unix.AUDIT_ARCH_X86_64, unix.SYS_IO_URING_SETUP, 1, refuse(unix.ENOSYS)},
		"into another process":            {unix.AUDIT_ARCH_X86_64, unix.SYS_PROCESS_VM_WRITEV, 1, refuse(unix.EPERM)},
		"its descriptors":                 {unix.AUDIT_ARCH_X86_64, unix.SYS_PIDFD_GETFD, 1, refuse(unix.EPERM)},
		"tracing":                         {unix.AUDIT_ARCH_X86_64, unix.SYS_PTRACE, 16, refuse(unix.EPERM)},
		"a signal to a child":             {unix.AUDIT_ARCH_X86_64, unix.SYS_KILL, guard + 1, allow},
		"a signal to the guard":           {unix.AUDIT_ARCH_X86_64, unix.SYS_KILL, guard, refuse(unix.EPERM)},
		"a signal to its group":           {unix.AUDIT_ARCH_X86_64, unix.SYS_KILL, 1<<32 - guard, refuse(unix.EPERM)},
		"a signal to everybody":           {unix.AUDIT_ARCH_X86_64, unix.SYS_KILL, 1<<64 - 1, refuse(unix.EPERM)},
		"a signal to a thread of it":      {unix.AUDIT_ARCH_X86_64, unix.SYS_TGKILL, guard, refuse(unix.EPERM)},
		"a signal to one's own thread":    {unix.AUDIT_ARCH_X86_64, unix.SYS_TGKILL, guard + 9, allow},
		"bounding the guard":              {unix.AUDIT_ARCH_X86_64, unix.SYS_PRLIMIT64, guard, refuse(unix.EPERM)},
		"bounding itself":                 {unix.AUDIT_ARCH_X86_64, unix.SYS_PRLIMIT64, 0, allow},
		"a signal by a thread's number":   {unix.AUDIT_ARCH_X86_64, unix.SYS_TKILL, 1, refuse(unix.EPERM)},
		"a signal by a descriptor":        {unix.AUDIT_ARCH_X86_64, unix.SYS_PIDFD_SEND_SIGNAL, 1, refuse(unix.ENOSYS)},
		"a signal with a value, to guard": {unix.AUDIT_ARCH_X86_64, unix.SYS_RT_SIGQUEUEINFO, guard, refuse(unix.EPERM)},
	} {
		if got := judge(t, f, c.platform, c.number, c.argument); got != c.want {
			t.Errorf("%s: got %#x; want %#x", name, got, c.want)
		}
	}
	if err := noFilter(); err == nil || !strings.Contains(err.Error(), "no filter of system calls is known for") {
		t.Errorf("an unknown platform: got %v", err)
	}
}

// noFilter is what noSockets says on a platform that is not known.
func noFilter() error {
	known := filtered[runtime.GOARCH]
	delete(filtered, runtime.GOARCH)
	defer func() { filtered[runtime.GOARCH] = known }()
	return noSockets(1)
}

// judge runs a filter over one call.
func judge(t *testing.T, f []unix.SockFilter, platform, number uint32, argument uint64) uint32 {
	t.Helper()
	var a uint32
	for pc := 0; pc < len(f); pc++ {
		switch op := f[pc]; op.Code {
		case load:
			a = map[uint32]uint32{atNumber: number, atPlatform: platform, atArgument: uint32(argument)}[op.K]
		case equal, atLeast:
			if op.Code == equal && a == op.K || op.Code == atLeast && a >= op.K {
				pc += int(op.Jt)
			} else {
				pc += int(op.Jf)
			}
		case answer:
			return op.K
		default:
			t.Fatalf("the filter has an instruction %#x", op.Code)
		}
	}
	t.Fatal("the filter gives no answer")
	return 0
}

// TestNothingIsLeftWithoutNamespaces: what forks twice, into a session of its
// own, ends with the command all the same, at the deadline and when it is done.
func TestNothingIsLeftWithoutNamespaces(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		late bool
	}{
		"at the deadline":  {"(setsid sh -c 'sleep 46.125 & sleep 46.25' &) ; sleep 50", true},
		"when it has done": {"(setsid sh -c 'sleep 46.125 & sleep 46.25' >/dev/null 2>&1 &) ; sleep 0.3; echo", false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
			defer stop()
			begun := time.Now()
			_, confined, exit, err := command(t, tt.text).without(ctx, t)
			if err != nil || confined.Processes != ProcessesAll || (exit == 0) == tt.late || (ctx.Err() != nil) != tt.late {
				t.Fatalf("got status %d, %v, %+v", exit, err, confined)
			}
			if took := time.Since(begun); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			for _, line := range []string{"sleep\x0046.125\x00", "sleep\x0046.25\x00"} {
				if running(line) {
					t.Errorf("%q is left running", line)
				}
			}
		})
	}
}
