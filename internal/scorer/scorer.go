// Package scorer runs the command by which a project makes predictions: rows
// without labels go in, scores come out. The command is the work of the
// model's author, so it gets a folder of its own for what it writes, an
// environment of what was declared, and limits on time, memory and output; at
// the deadline it is ended with all that it started. Where the platform can, it
// has no network, cannot write into the project, and finds nothing at the paths
// of the test set and of the predictions that were handed in; on Linux without
// namespaces it can at least make no socket. What the platform
// could not do is told in the Confinement, never left out. The package refuses
// to take half an answer for one; whether the scores are right is for others.
package scorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Contract is what a command must do, in one sentence for hints.
const Contract = "it gets the rows without labels as CSV on standard input, and writes predictions as CSV to standard output"

// RowsVariable names the environment variable that holds the path of a file
// with the same rows as standard input.
const RowsVariable = "WEIGHLOCK_ROWS"

// given are the variables that every command gets, where they are set.
var given = []string{"PATH", "HOME", "LANG", "LC_ALL", "TZ"}

// Secrets are the variables that no command gets, also where they are declared.
var Secrets = []string{"WEIGHLOCK_PASSWORD", "WEIGHLOCK_PASSWORD_FILE", "COSIGN_PASSWORD", "WEIGHLOCK_KEY", "WEIGHLOCK_ID_KEY"}

// Limits bound a command. A zero is the default.
type Limits struct {
	Seconds   int `json:"seconds"`    // of the clock on the wall
	MemoryMiB int `json:"memory_mib"` // of address space, of each process that it starts
	OutputMiB int `json:"output_mib"` // on standard output
}

// Defaults are the limits that hold where a project declares none.
var Defaults = Limits{Seconds: 600, MemoryMiB: 4096, OutputMiB: 1024}

// Filled are the limits with defaults in place of zeros.
func (l Limits) Filled() Limits {
	return Limits{
		Seconds:   cmp.Or(l.Seconds, Defaults.Seconds),
		MemoryMiB: cmp.Or(l.MemoryMiB, Defaults.MemoryMiB),
		OutputMiB: cmp.Or(l.OutputMiB, Defaults.OutputMiB),
	}
}

// Confinement is what a command was kept from, and what it could not be.
type Confinement struct {
	Network   string `json:"network"`   // none or open
	Labels    string `json:"labels"`    // hidden or in_reach: the files of Command.Hidden, at their paths
	Project   string `json:"project"`   // read_only or writable
	Memory    string `json:"memory"`    // limited or unlimited
	Processes string `json:"processes"` // all or group: what is ended with the command
	// Why says, where something is not as it should be, what the platform said.
	Why []string `json:"why,omitempty"`
}

// Words of a Confinement: first the one that is as it should be.
const (
	NetworkNone     = "none"
	NetworkOpen     = "open"
	LabelsHidden    = "hidden"
	LabelsInReach   = "in_reach"
	ProjectReadOnly = "read_only"
	ProjectOpen     = "writable"
	MemoryLimited   = "limited"
	MemoryUnlimited = "unlimited"
	ProcessesAll    = "all"
	ProcessesGroup  = "group"
)

// Files of one run, in its temporary folder.
const rowsFile, emptyFile = "rows.csv", "nothing"

func open(why ...string) Confinement {
	return Confinement{
		Network: NetworkOpen, Labels: LabelsInReach, Project: ProjectOpen,
		Memory: MemoryUnlimited, Processes: ProcessesGroup, Why: why,
	}
}

// Command is what is to be run.
type Command struct {
	Text    string   // for sh -c
	Shell   string   // path of sh
	Dir     string   // in which it runs: the project's
	Environ []string // of this process
	Declare []string // names of further variables that it gets
	Limits  Limits
	Hidden  []string  // paths of files that it must not read; they need not exist
	Stderr  io.Writer // for what it says; may be nil
	// Self is how this very program is started, so that it can confine itself
	// before it becomes the command: Run calls it with Enter's argument. Empty
	// leaves the command unconfined, and the Confinement says so.
	Self string
}

// Reasons of a Failure.
const (
	ReasonStart  = "not_started"
	ReasonEnded  = "ended"
	ReasonTime   = "timeout"
	ReasonOutput = "output"
)

// Failure is a command that gave no answer, in its own words.
type Failure struct {
	Reason string
	Text   string
}

func (f *Failure) Error() string { return f.Text }

func failed(reason, format string, args ...any) *Failure {
	return &Failure{reason, fmt.Sprintf(format, args...)}
}

// Run hands the rows that write writes to the command, and collects what it
// says in out. A *Failure is the command's own; out then holds no answer. The
// Confinement is that of a command that was started.
func (c Command) Run(ctx context.Context, write func(io.Writer) error, out io.Writer) (*Confinement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.Limits = c.Limits.Filled()
	folder, err := c.folder(write)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // what is left of it is of no use
	rows, err := os.Open(filepath.Join(folder, rowsFile))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	limit := time.Duration(c.Limits.Seconds) * time.Second
	within, stop := context.WithTimeout(ctx, limit)
	defer stop()
	within, enough := context.WithCancelCause(within)
	defer enough(nil)
	answer := &bounded{w: out, left: int64(c.Limits.OutputMiB) << 20, stop: enough}
	confined, exit, err := c.start(within, folder, rows, answer)
	switch {
	case ctx.Err() != nil:
		return confined, ctx.Err()
	case answer.full:
		return confined, failed(ReasonOutput, "%q wrote more than %d MiB, and was ended\nhint: %s; predictions.limits.output_mib bounds it", c.Text, c.Limits.OutputMiB, Contract)
	case answer.err != nil:
		return confined, fmt.Errorf("keeping what %q wrote: %w", c.Text, answer.err)
	case within.Err() != nil:
		return confined, failed(ReasonTime, "%q did not end within %d seconds, and was ended with all that it started\nhint: predictions.limits.seconds bounds it", c.Text, c.Limits.Seconds)
	case err != nil:
		return confined, failed(ReasonStart, "running %q: %v", c.Text, err)
	case exit != 0:
		return confined, failed(ReasonEnded, "%q ended with status %d\nhint: %s", c.Text, exit, Contract)
	}
	return confined, nil
}

// folder makes the temporary folder of one run, with the rows in it.
func (c Command) folder(write func(io.Writer) error) (string, error) {
	folder, err := os.MkdirTemp("", "weighlock-scorer-")
	if err != nil {
		return "", err
	}
	err = os.WriteFile(filepath.Join(folder, emptyFile), nil, 0o400)
	if err == nil {
		err = toFile(filepath.Join(folder, rowsFile), write)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("writing the rows without labels: %w", err), os.RemoveAll(folder))
	}
	return folder, nil
}

func toFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// environ is what the command gets to see of the environment.
func (c Command) environ(folder string) []string {
	var list []string
	for _, entry := range c.Environ {
		name, _, _ := strings.Cut(entry, "=")
		if (slices.Contains(given, name) || slices.Contains(c.Declare, name)) && !slices.Contains(Secrets, name) {
			list = append(list, entry)
		}
	}
	return append(list, "TMPDIR="+folder, RowsVariable+"="+filepath.Join(folder, rowsFile))
}

// bounded takes no more than left bytes, and then stops the command.
type bounded struct {
	w    io.Writer
	left int64
	full bool
	err  error // of w
	stop context.CancelCauseFunc
}

var errFull = errors.New("too much output")

func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		b.full = true
		b.stop(errFull)
		return 0, errFull
	}
	b.left -= int64(len(p))
	n, err := b.w.Write(p)
	if err != nil {
		b.err = err
		b.stop(err)
	}
	return n, err
}
