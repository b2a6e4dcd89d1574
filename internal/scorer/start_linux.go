package scorer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// inside is the argument with which the program starts itself to become the
// command.
const inside = "become-the-scorer"

// Inside says whether the program was started to become a command, and gives
// Enter its argument.
func Inside(args []string) (string, bool) {
	if len(args) != 2 || args[0] != inside {
		return "", false
	}
	return args[1], true
}

// reportFile is the descriptor at which the program tells how it is confined.
const reportFile = 3

// plan is what the program does to itself before it becomes the command.
type plan struct {
	Shell, Text, Dir, Folder string
	Hidden                   []string
	Memory                   uint64 // bytes
	Spaces                   bool   // it has namespaces of its own
	Guard                    int    // the process that ends what it leaves behind, where it has none
}

// start runs the command in namespaces of its own: of users, so that nobody
// need be root for the others; of the network, in which there is none; of
// processes, of which the command is the first, so that all end with it; and of
// mounts, in which the hidden files are covered up. Where the system refuses
// them, the command runs under a guard, which ends what it leaves behind, and
// under a filter by which it makes no socket; the Confinement says why.
func (c Command) start(ctx context.Context, folder string, in *os.File, out io.Writer) (*Confinement, int, error) {
	if c.Self == "" {
		confined := open("this program was not asked to confine the command")
		exit, err := c.wait(ctx, c.direct(folder), in, out, end, func() {})
		return &confined, exit, err
	}
	confined, exit, err := c.confined(ctx, folder, in, out, true)
	var refused *os.SyscallError
	if err == nil || confined != nil || ctx.Err() != nil || !errors.As(err, &refused) && !refusal(err) {
		return confined, exit, err
	}
	why := fmt.Sprintf("the system gives an ordinary user no namespaces: %v", err)
	confined, exit, err = c.confined(ctx, folder, in, out, false)
	if confined != nil {
		confined.Why = append([]string{why}, confined.Why...)
	}
	return confined, exit, err
}

// refusal says whether a start failed for want of namespaces.
func refusal(err error) bool {
	for _, e := range []error{unix.EPERM, unix.EACCES, unix.EINVAL, unix.ENOSPC, unix.ENOSYS, unix.EUSERS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (c Command) confined(ctx context.Context, folder string, in *os.File, out io.Writer, spaces bool) (*Confinement, int, error) {
	p, err := c.plan(folder, spaces)
	if err != nil {
		return nil, 0, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, 0, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	defer w.Close()
	cmd := &exec.Cmd{
		Path: c.Self, Args: []string{"weighlock", inside, string(text)}, Dir: c.Dir, Env: c.environ(folder),
		ExtraFiles: []*os.File{w}, SysProcAttr: attributes(spaces),
	}
	var confined *Confinement
	stop := end
	if !spaces {
		stop = dismiss
	}
	exit, err := c.wait(ctx, cmd, in, out, stop, func() {
		w.Close()
		confined = readReport(r)
	})
	if err == nil && confined == nil {
		return nil, exit, fmt.Errorf("the command could not be confined, and was not run (status %d)", exit)
	}
	return confined, exit, err
}

// plan resolves the paths here: inside, they may lead elsewhere.
func (c Command) plan(folder string, spaces bool) (*plan, error) {
	p := &plan{Shell: c.Shell, Text: c.Text, Memory: uint64(c.Limits.MemoryMiB) << 20, Spaces: spaces}
	var err error
	if p.Dir, err = resolved(c.Dir); err != nil {
		return nil, err
	}
	if p.Folder, err = resolved(folder); err != nil {
		return nil, err
	}
	for _, path := range c.Hidden {
		switch real, err := resolved(path); {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			p.Hidden = append(p.Hidden, real)
		}
	}
	return p, nil
}

func resolved(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// attributes ask for the namespaces. The user stays who he is; the two
// capabilities are over the new namespaces only, and Enter gives them up.
func attributes(spaces bool) *syscall.SysProcAttr {
	// A guard that is told to go takes the command with it.
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if spaces {
		a.Pdeathsig = syscall.SIGKILL
		uid, gid := os.Getuid(), os.Getgid()
		a.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP}
	}
	return a
}

// readReport is what Enter says before the program becomes the command; nil
// where it never came to that.
func readReport(r io.Reader) *Confinement {
	text, err := io.ReadAll(io.LimitReader(r, 1<<16))
	if err != nil || len(text) == 0 {
		return nil
	}
	var c Confinement
	if json.Unmarshal(text, &c) != nil {
		return nil
	}
	return &c
}

// Enter confines this very process by a plan, reports on it, and becomes the
// command. It returns only where that failed, and then nothing was run.
func Enter(text string) error {
	// Privileges are a thread's own.
	runtime.LockOSThread()
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return fmt.Errorf("reading what to run: %w", err)
	}
	unix.CloseOnExec(reportFile)
	if !p.Spaces && p.Guard == 0 {
		status, err := guard(p)
		if err != nil {
			return err
		}
		os.Exit(status)
	}
	confined, err := p.confine()
	if err != nil {
		return err
	}
	said, err := json.Marshal(confined)
	if err != nil {
		return err
	}
	if _, err := os.NewFile(reportFile, "report").Write(said); err != nil {
		return err
	}
	err = syscall.Exec(p.Shell, []string{"sh", "-c", bound, p.Shell, strconv.FormatUint(p.Memory>>10, 10), p.Text}, os.Environ())
	return &os.PathError{Op: "exec", Path: p.Shell, Err: err}
}

// bound lowers the limits on memory, in KiB, and on core files before the
// command begins. A Go program could not do it to itself: its runtime dies
// where it gets no memory any more. Where the shell cannot either, nothing is
// run.
const bound = `ulimit -c 0 && ulimit -v "$1" && exec "$0" -c "$2"`

func (p *plan) confine() (*Confinement, error) {
	c := open()
	if p.Spaces {
		c.Network, c.Processes = NetworkNone, ProcessesAll
		if err := p.cover(&c); err != nil {
			c.Why = append(c.Why, fmt.Sprintf("the system lets an ordinary user mount nothing: %v", err))
		}
		// Where it is now may lie under what was mounted since.
		if err := os.Chdir(p.Dir); err != nil {
			return nil, err
		}
		if err := giveUp(); err != nil {
			return nil, err
		}
	}
	// What whoever started this program left open, such as a connection, is not
	// the command's.
	closeOthers()
	// No program that belongs to somebody else gets that one's rights.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, err
	}
	var is unix.Rlimit // one that is lower already stays
	if err := unix.Getrlimit(unix.RLIMIT_AS, &is); err != nil {
		return nil, err
	}
	p.Memory = min(p.Memory, is.Max)
	c.Memory = MemoryLimited
	if p.Spaces {
		return &c, nil
	}
	c.Processes = ProcessesAll
	if err := noSockets(p.Guard); err != nil {
		c.Why = append(c.Why, fmt.Sprintf("the system takes no filter of system calls: %v", err))
		return &c, nil
	}
	c.Network = NetworkNone
	return &c, nil
}

// closeOthers keeps every descriptor but the streams and the report from the
// command; systems before Linux 5.11 are asked for each.
func closeOthers() {
	const beyond = 1 << 16 // more than a system gives a process unless it is told to
	if unix.CloseRange(reportFile+1, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	for fd := reportFile + 1; fd < beyond; fd++ {
		unix.CloseOnExec(fd)
	}
}

// cover makes the project read-only and puts nothing in place of the hidden
// files. Processes outside, through which the files could be reached all the
// same, are taken out of sight.
func (p *plan) cover(c *Confinement) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return mounting("/", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return mounting("/proc", err)
	}
	if err := p.readOnly(); err != nil {
		return err
	}
	c.Project = ProjectReadOnly
	for _, path := range p.Hidden {
		if err := unix.Mount(filepath.Join(p.Folder, emptyFile), path, "", unix.MS_BIND, ""); err != nil {
			return mounting(path, err)
		}
	}
	c.Labels = LabelsHidden
	return nil
}

func (p *plan) readOnly() error {
	if err := unix.Mount(p.Dir, p.Dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return mounting(p.Dir, err)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(p.Dir, &s); err != nil {
		return err
	}
	// A mount keeps the bounds that it has; to leave one out is refused. The
	// flags of statfs are those of mount.
	const kept = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME
	flags := uintptr(s.Flags) & kept
	if s.Flags&unix.ST_RELATIME != 0 {
		flags |= unix.MS_RELATIME
	}
	if err := unix.Mount("", p.Dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|flags, ""); err != nil {
		return mounting(p.Dir, err)
	}
	return nil
}

func mounting(path string, err error) error { return &os.PathError{Op: "mount", Path: path, Err: err} }

// giveUp lets go of every capability, for good: also root, without them,
// could not take away what covers the files.
func giveUp() error {
	for n := uintptr(0); n <= unix.CAP_LAST_CAP; n++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, n, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return err // EINVAL: a capability that this kernel does not have
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	none := [2]unix.CapUserData{}
	return unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
}
