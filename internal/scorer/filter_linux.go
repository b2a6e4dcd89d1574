package scorer

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// filtered are the platforms whose system calls the filter knows, by their
// number in the kernel.
var filtered = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// Places in what the kernel hands a filter: struct seccomp_data of
// seccomp(2). Both platforms are little-endian, so that the lower half of an
// argument, which is all that the kernel looks at here, comes first.
const (
	atNumber   = 0
	atPlatform = 4
	atArgument = 16 // the first of six, of eight bytes each
)

// Opcodes of bpf(4), in the classic form that seccomp takes.
const (
	load    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	equal   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	atLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	answer  = unix.BPF_RET | unix.BPF_K
)

// answers of a filter.
const (
	allow = unix.SECCOMP_RET_ALLOW
	kill  = unix.SECCOMP_RET_KILL_PROCESS
)

func refuse(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }

// otherABI is the bit that marks the calls of x32, which have numbers of their
// own and arguments elsewhere.
const otherABI = 0x40000000

// filter lets a process and all that it starts make no socket: no address of
// any network, and no socket file or abstract name behind which a service would
// speak for it. Pairs of unnamed sockets stay, by which a program talks with
// its own children. io_uring, which makes sockets without these calls, and what
// reaches into other processes, is refused. guard is the process that ends the
// command with all that it started; it cannot be signalled, nor bounded to
// death. Calls of another platform than the program's, such as those of 32 bits,
// end the process: they have other numbers.
func filter(platform, guard uint32) []unix.SockFilter {
	f := []unix.SockFilter{
		{Code: load, K: atPlatform},
		{Code: equal, K: platform, Jt: 1},
		{Code: answer, K: kill},
		{Code: load, K: atNumber},
		{Code: atLeast, K: otherABI, Jf: 1},
		{Code: answer, K: refuse(unix.ENOSYS)},
	}
	for _, call := range []struct {
		number uint32
		answer uint32
	}{
		{unix.SYS_SOCKET, refuse(unix.EACCES)},
		{unix.SYS_IO_URING_SETUP, refuse(unix.ENOSYS)},
		{unix.SYS_PTRACE, refuse(unix.EPERM)},
		{unix.SYS_PROCESS_VM_WRITEV, refuse(unix.EPERM)},
		{unix.SYS_PIDFD_GETFD, refuse(unix.EPERM)},
		{unix.SYS_PIDFD_SEND_SIGNAL, refuse(unix.ENOSYS)}, // programs that meet this use kill
		{unix.SYS_TKILL, refuse(unix.EPERM)},
	} {
		f = append(f, unix.SockFilter{Code: equal, K: call.number, Jf: 1}, unix.SockFilter{Code: answer, K: call.answer})
	}
	f = append(f, only(unix.SYS_SOCKETPAIR, unix.AF_UNIX, refuse(unix.EACCES))...)
	const everybody = ^uint32(0)
	f = append(f, but(unix.SYS_KILL, refuse(unix.EPERM), guard, -guard, everybody)...)
	for _, number := range []uint32{unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PRLIMIT64} {
		f = append(f, but(number, refuse(unix.EPERM), guard)...)
	}
	return append(f, unix.SockFilter{Code: answer, K: allow})
}

// only allows a call where its first argument is the given one.
func only(number, argument, otherwise uint32) []unix.SockFilter {
	return []unix.SockFilter{
		{Code: equal, K: number, Jf: 4},
		{Code: load, K: atArgument},
		{Code: equal, K: argument, Jt: 1},
		{Code: answer, K: otherwise},
		{Code: answer, K: allow},
	}
}

// but allows a call unless its first argument is one of the given.
func but(number, otherwise uint32, arguments ...uint32) []unix.SockFilter {
	f := []unix.SockFilter{{Code: equal, K: number, Jf: uint8(2*len(arguments) + 2)}, {Code: load, K: atArgument}}
	for _, argument := range arguments {
		f = append(f, unix.SockFilter{Code: equal, K: argument, Jf: 1}, unix.SockFilter{Code: answer, K: otherwise})
	}
	return append(f, unix.SockFilter{Code: answer, K: allow})
}

// noSockets puts this thread, and what it becomes, under the filter, for good.
// PR_SET_NO_NEW_PRIVS must be set.
func noSockets(guard int) error {
	platform, known := filtered[runtime.GOARCH]
	if !known {
		return fmt.Errorf("no filter of system calls is known for %s", runtime.GOARCH)
	}
	f := filter(platform, uint32(guard))
	p := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, e := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&p)))
	runtime.KeepAlive(f)
	if e != 0 {
		return e
	}
	return nil
}
