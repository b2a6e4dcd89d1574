package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/internal/verifier"
)

// finding is the result of one of doctor's checks, and its JSON.
type finding struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // pass, fail or skip
	Message string `json:"message"`
	Fix     string `json:"fix"`     // what to run; empty where it passed, or nothing can be run
	Network bool   `json:"network"` // it failed because nobody answered, which says nothing of the rest
}

const (
	wellStatus    = "pass"
	illStatus     = "fail"
	skippedStatus = "skip"
)

func (a *app) doctorCommand() *cobra.Command {
	var (
		dir string
		ask *asking
	)
	c := &cobra.Command{
		Use: "doctor [REF]", Short: "Check this machine, its keys and this project, and say what repairs each",
		Long: `Check what the other commands need, one thing after another, and say by which command each is
repaired: git, the key and its password, the id key, the verifier file and whom it believes, the
project file and the files that it pins, what run has recorded, the timestamp authority and the
clock, the pre-push hook, and, where a REF is given, its registry.

What is not configured is skipped, and so is what cannot be looked at before something else is
repaired. Nothing is written, nobody is asked for a password, and a fault of the network is said
to be one.`,
		Args: args(0, 1, "one reference"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			if ref := first(given, ""); isFolder(ref) {
				return usagef("doctor takes a reference, and %s is a folder\nhint: weighlock doctor --dir %s", ref, shell(ref))
			}
			d := &doctor{app: a, dir: dir, ref: first(given, "")}
			d.examine(c.Context())
			if c.Context().Err() != nil {
				return c.Context().Err()
			}
			a.exit = d.exit()
			if q != nil {
				return a.answer(c.Context(), q, d.findings)
			}
			return a.findings(d.findings)
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the model's folder")
	a.keyFlags(c)
	a.verifierFlag(c)
	a.idKeyFlag(c)
	ask = askFlags(c, query.Fields[finding]())
	return c
}

// doctor is one examination. What an earlier check has read, later ones look
// into; what is nil could not be read.
type doctor struct {
	*app
	dir, ref string
	findings []finding

	git      bool
	key      *sign.Key
	verifier *verifier.File
	trust    *sign.Trust
	project  *project.Project
	spec     string // digest
	token    *answered
}

func (d *doctor) examine(ctx context.Context) {
	d.say("version", "weighlock %s", Version())
	for _, check := range []func(context.Context){
		d.gitProgram, d.keyFile, d.idKey, d.verifierFile, d.roles, d.order, d.projectFile, d.outside,
		d.data, d.files, d.measures, d.statements, d.timestamp, d.clock, d.hook, d.registry,
	} {
		if ctx.Err() == nil {
			check(ctx)
		}
	}
}

func (d *doctor) say(name, format string, v ...any) {
	d.findings = append(d.findings, finding{Name: name, Status: wellStatus, Message: fmt.Sprintf(format, v...)})
}

func (d *doctor) skip(name, fix, format string, v ...any) {
	d.findings = append(d.findings, finding{Name: name, Status: skippedStatus, Message: fmt.Sprintf(format, v...), Fix: fix})
}

// ill is a check that failed. Where no fix is given, the error's hint is one.
func (d *doctor) ill(name, fix string, err error) {
	message, hint, _ := strings.Cut(told(err), "\nhint: ")
	if hint == "" {
		hint = certificateHint(err)
	}
	network := exitStatus(err) == verdict.ExitNetwork && !errors.Is(err, oci.ErrDenied)
	if network && hint == "" {
		hint = advice[verdict.ExitNetwork]
	}
	if fix == "" {
		fix = hint
	}
	if network {
		message = "the network, or who should answer, is at fault, and nothing is known of the rest: " + message
	}
	d.findings = append(d.findings, finding{name, illStatus, message, fix, network})
}

// exit is 0 where nothing failed, and 5 where nothing but the network did.
func (d *doctor) exit() int {
	failed, network := 0, 0
	for _, f := range d.findings {
		if f.Status == illStatus {
			failed++
		}
		if f.Network {
			network++
		}
	}
	switch failed {
	case 0:
		return verdict.ExitOK
	case network:
		return verdict.ExitNetwork
	}
	return verdict.ExitBroken
}

// findings prints a line for each check, and below it what repairs it.
func (a *app) findings(list []finding) error {
	marks := map[string]string{wellStatus: "✓ pass", illStatus: "✗ FAIL", skippedStatus: "– skip"}
	before := map[string]string{illStatus: "fix: ", skippedStatus: "to have it: "}
	count := map[string]int{}
	for _, f := range list {
		count[f.Status]++
		lines := strings.Split(f.Message, "\n")
		fmt.Fprintf(a.env.Out, "%s  %-10s  %s\n", marks[f.Status], f.Name, report.Plain(lines[0]))
		for _, line := range lines[1:] {
			fmt.Fprintf(a.env.Out, "%20s%s\n", "", report.Plain(line))
		}
		for i, line := range strings.Split(f.Fix, "\n") {
			if line == "" {
				continue
			}
			lead := before[f.Status]
			if i > 0 {
				lead = strings.Repeat(" ", len(lead))
			}
			fmt.Fprintf(a.env.Out, "%20s%s%s\n", "", lead, report.Plain(line))
		}
	}
	_, err := fmt.Fprintf(a.env.Out, "\n%d passed, %d failed, %d skipped\n", count[wellStatus], count[illStatus], count[skippedStatus])
	return err
}

// shell is a word as a shell reads it back.
func shell(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=", r)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
