package scorer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets commands start this program: to confine itself, as weighlock
// does, and to do what a shell cannot.
func TestMain(m *testing.M) {
	if text, ok := Inside(os.Args[1:]); ok {
		fmt.Fprintln(os.Stderr, Enter(text))
		os.Exit(1)
	}
	if len(os.Args) == 3 && os.Args[1] == "dial" {
		c, err := net.DialTimeout("tcp", os.Args[2], 2*time.Second)
		if err != nil {
			fmt.Println("no connection")
			os.Exit(0)
		}
		c.Close()
		fmt.Println("connected")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const rows = "id,x\n1,a\n2,b\n"

// command is one in a folder of its own, confined.
func command(t *testing.T, text string) Command {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Command{Text: text, Shell: shell, Dir: t.TempDir(), Environ: os.Environ(), Self: self, Limits: Limits{Seconds: 60}}
}

func (c Command) run(t *testing.T) (string, *Confinement, error) {
	t.Helper()
	var out bytes.Buffer
	confined, err := c.Run(t.Context(), func(w io.Writer) error {
		_, err := io.WriteString(w, rows)
		return err
	}, &out)
	return out.String(), confined, err
}

func (c Command) mustRun(t *testing.T) (string, *Confinement) {
	t.Helper()
	out, confined, err := c.run(t)
	if err != nil {
		t.Fatalf("%s: %v", c.Text, err)
	}
	return out, confined
}

func TestRowsComeOnStandardInputAndInAFile(t *testing.T) {
	if got, _ := command(t, "cat").mustRun(t); got != rows {
		t.Errorf("standard input: got %q; want %q", got, rows)
	}
	if got, _ := command(t, `cat "$WEIGHLOCK_ROWS"`).mustRun(t); got != rows {
		t.Errorf("the file: got %q; want %q", got, rows)
	}
}

func TestEnvironmentIsWhatWasDeclared(t *testing.T) {
	path := "PATH=" + os.Getenv("PATH")
	c := command(t, "env")
	c.Environ = []string{path, "HOME=/h", "LANG=C", "TOKEN=secret", "CACHE=/c", "WEIGHLOCK_PASSWORD=p", "LD_PRELOAD="}
	c.Declare = []string{"CACHE", "ABSENT", "WEIGHLOCK_PASSWORD"}
	out, _ := c.mustRun(t)
	var got []string
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		name, _, _ := strings.Cut(line, "=")
		if slices.Contains([]string{"TMPDIR", RowsVariable}, name) {
			line = name
		} else if slices.Contains([]string{"PWD", "OLDPWD", "SHLVL", "_"}, name) {
			continue // the shell's own
		}
		got = append(got, line)
	}
	slices.Sort(got)
	want := []string{"CACHE=/c", "HOME=/h", "LANG=C", path, "TMPDIR", RowsVariable}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestTemporaryFolderIsItsOwnAndGoes(t *testing.T) {
	out, _ := command(t, `echo x > "$TMPDIR/scratch" && cat "$TMPDIR/scratch" && echo "$TMPDIR"`).mustRun(t)
	lines := strings.Fields(out)
	if len(lines) != 2 || lines[0] != "x" {
		t.Fatalf("got %q; want x and a folder", out)
	}
	if _, err := os.Stat(lines[1]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder %s is left behind: %v", lines[1], err)
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		limits Limits
		reason string
		want   string
	}{
		"it ends with a status": {"exit 3", Limits{}, ReasonEnded, `"exit 3" ended with status 3`},
		"it is killed":          {"sh -c 'kill -9 $$'", Limits{}, ReasonEnded, "ended with status 137"},
		"it is not there":       {"no-such-program", Limits{}, ReasonEnded, "ended with status 127"},
		"it sleeps":             {"sleep 60", Limits{Seconds: 1}, ReasonTime, `"sleep 60" did not end within 1 seconds, and was ended with all that it started`},
		"it eats memory":        {"head -c 400000000 /dev/zero | tail", Limits{MemoryMiB: 128}, ReasonEnded, "ended with status"},
		"it writes for ever":    {"yes", Limits{OutputMiB: 2}, ReasonOutput, `"yes" wrote more than 2 MiB, and was ended`},
	} {
		t.Run(name, func(t *testing.T) {
			command := command(t, c.text)
			command.Limits = c.limits
			_, confined, err := command.run(t)
			var f *Failure
			if !errors.As(err, &f) || f.Reason != c.reason || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want a failure %q with %q", err, c.reason, c.want)
			}
			if confined == nil {
				t.Error("it does not say how the command was confined")
			}
		})
	}
}

func TestNotStarted(t *testing.T) {
	c := command(t, "cat")
	c.Dir = filepath.Join(c.Dir, "none")
	_, _, err := c.run(t)
	var f *Failure
	if !errors.As(err, &f) || f.Reason != ReasonStart || !strings.Contains(err.Error(), `running "cat": `) {
		t.Errorf("got %v; want a failure to start", err)
	}
	c = command(t, "cat")
	c.Self, _ = exec.LookPath("true") // which does not confine itself
	if _, _, err := c.run(t); err == nil || !strings.Contains(err.Error(), "the command could not be confined, and was not run (status 0)") {
		t.Errorf("got %v; want that it could not be confined", err)
	}
}

// What a command started goes with it, also what left its process group.
func TestChildrenEndWithIt(t *testing.T) {
	for name, text := range map[string]string{
		"at the deadline":  `sleep 45.125 & %s sleep 45.25 & sleep 50`,
		"when it has done": `sleep 45.125 >/dev/null & %s sleep 45.25 >/dev/null & echo`,
	} {
		t.Run(name, func(t *testing.T) {
			c := command(t, fmt.Sprintf(text, "setsid"))
			c.Limits = Limits{Seconds: 2}
			_, confined, _ := c.run(t)
			gone := []string{"sleep\x0045.125\x00"}
			if confined.Processes == ProcessesAll {
				gone = append(gone, "sleep\x0045.25\x00")
			} else if len(confined.Why) == 0 {
				t.Error("processes may be left over, and nothing says why")
			}
			deadline := time.Now().Add(5 * time.Second)
			for _, line := range gone {
				for running(line) {
					if time.Now().After(deadline) {
						t.Fatalf("%q is left running", line)
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
}

func running(line string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	return slices.ContainsFunc(files, func(file string) bool {
		text, _ := os.ReadFile(file)
		return string(text) == line
	})
}

func TestNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := command(t, "")
	c.Text = fmt.Sprintf("%s dial %s", c.Self, l.Addr())
	got, confined := c.mustRun(t)
	want := map[string]string{NetworkNone: "no connection\n", NetworkOpen: "connected\n"}[confined.Network]
	if got != want || confined.Network == NetworkOpen && len(confined.Why) == 0 {
		t.Errorf("it says network %s, because of %q; got %q", confined.Network, confined.Why, got)
	}
	c.Self = ""
	if got, confined := c.mustRun(t); got != "connected\n" || confined.Network != NetworkOpen {
		t.Errorf("unconfined: got %q, network %s", got, confined.Network)
	}
}

// The hidden files cannot be read by their path, nor through a process outside,
// nor after taking away what covers them.
func TestHiddenFiles(t *testing.T) {
	c := command(t, "")
	secret, link := filepath.Join(c.Dir, "test.csv"), filepath.Join(c.Dir, "link.csv")
	for _, err := range []error{os.WriteFile(secret, []byte("the labels\n"), 0o644), os.Symlink("test.csv", link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Hidden = []string{link, filepath.Join(c.Dir, "absent.csv")}
	c.Text = fmt.Sprintf("cat test.csv %s /proc/%d/root%s /proc/%d/cwd/../%s; umount test.csv; cat test.csv; true",
		secret, os.Getpid(), secret, os.Getpid(), filepath.Base(c.Dir))
	got, confined := c.mustRun(t)
	switch {
	case confined.Labels == LabelsHidden && got != "":
		t.Errorf("hidden, and it read %q", got)
	case confined.Labels == LabelsInReach && len(confined.Why) == 0:
		t.Error("the labels are in reach, and nothing says why")
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "the labels\n" {
		t.Errorf("afterwards the file is %q, %v", text, err)
	}
}

func TestProjectIsReadOnly(t *testing.T) {
	c := command(t, "echo changed > model.json && echo wrote; true")
	model := filepath.Join(c.Dir, "model.json")
	if err := os.WriteFile(model, []byte("model"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, confined := c.mustRun(t)
	text, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	if wrote := got == "wrote\n"; wrote != (confined.Project == ProjectOpen) || wrote == (string(text) == "model") {
		t.Errorf("it says the project is %s; got %q, and the model is %q", confined.Project, got, text)
	}
}

// A command that nobody confined says so in every part.
func TestUnconfined(t *testing.T) {
	c := command(t, "cat")
	c.Self = ""
	_, got := c.mustRun(t)
	want := &Confinement{
		Network: "open", Labels: "in_reach", Project: "writable", Memory: "unlimited", Processes: "group",
		Why: []string{"this program was not asked to confine the command"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("confinement (-want +got):\n%s", diff)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	c := command(t, "echo started; sleep 60")
	begun := time.Now()
	_, err := c.Run(ctx, func(io.Writer) error { return nil }, writer(func(b []byte) { stop() }))
	if !errors.Is(err, context.Canceled) || time.Since(begun) > 20*time.Second {
		t.Errorf("got %v after %v; want that it was cancelled", err, time.Since(begun))
	}
	if _, err := c.Run(ctx, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("already cancelled: got %v", err)
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

var errBroken = errors.New("broken")

func TestOwnFaultsAreNotTheCommands(t *testing.T) {
	c := command(t, "cat")
	var f *Failure
	_, err := c.Run(t.Context(), func(io.Writer) error { return errBroken }, io.Discard)
	if !errors.Is(err, errBroken) || errors.As(err, &f) || !strings.Contains(err.Error(), "writing the rows without labels: ") {
		t.Errorf("rows that cannot be written: got %v", err)
	}
	_, err = c.Run(t.Context(), func(w io.Writer) error { _, err := io.WriteString(w, rows); return err }, full{})
	if !errors.Is(err, errBroken) || errors.As(err, &f) || !strings.Contains(err.Error(), `keeping what "cat" wrote: `) {
		t.Errorf("output that cannot be kept: got %v", err)
	}
}

func TestBoundedOutput(t *testing.T) {
	var kept bytes.Buffer
	var cause error
	b := &bounded{w: &kept, left: 5, stop: func(err error) { cause = err }}
	_, first := b.Write([]byte("12345"))
	_, second := b.Write([]byte("6"))
	if first != nil || second == nil || second.Error() != "too much output" || !errors.Is(cause, second) || kept.String() != "12345" || !b.full {
		t.Errorf("got %v, then %v because of %v, and %q", first, second, cause, kept.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errBroken }

func TestEnterRefuses(t *testing.T) {
	if err := Enter("{"); err == nil || !strings.Contains(err.Error(), "reading what to run: ") {
		t.Errorf("got %v; want that the plan cannot be read", err)
	}
}

func TestLimitsFilled(t *testing.T) {
	got := []Limits{Limits{}.Filled(), Limits{Seconds: 5, MemoryMiB: 6, OutputMiB: 7}.Filled()}
	want := []Limits{{600, 4096, 1024}, {5, 6, 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}
