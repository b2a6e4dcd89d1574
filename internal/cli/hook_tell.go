package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/prepush"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/internal/verdict"
)

// hookTell says what came of each model, the calm ones in a line, and sets
// the exit status to the worst.
func (a *app) hookTell(models []prepush.Model, limit time.Duration) error {
	var blocked []string
	look := ""
	for _, m := range models {
		if err := a.hookModel(&m, limit); err != nil {
			return err
		}
		a.hookCaveats(&m)
		if m.Blocks() {
			blocked = append(blocked, m.Dir)
			if look == "" && m.File != "" {
				look = fmt.Sprintf("`weighlock gate %s` shows everything; ", m.Dir)
			}
			a.exit = worse(a.exit, hookStatus(&m))
		}
	}
	if len(blocked) > 0 {
		fmt.Fprintf(a.env.Err, "weighlock: not pushed because of %s\n", strings.Join(blocked, ", "))
		fmt.Fprintf(a.env.Err, "hint: %shooks are advice, which git push --no-verify passes by; CI is the gate\n", look)
	}
	return nil
}

func (a *app) hookModel(m *prepush.Model, limit time.Duration) error {
	name := report.Plain(m.Name())
	switch {
	case m.Kept != nil:
		fmt.Fprintf(a.env.Out, "ALLOWED  %s  at level %s, as before: %s, nothing that it rests on has changed\n", name, m.Kept.Level, m.Dir)
	case m.Report != nil && m.Report.Outcome == verdict.Allow:
		fmt.Fprintf(a.env.Out, "ALLOWED  %s  at level %s: %s\n", name, m.Report.Level, m.Dir)
	case m.Report != nil:
		return report.Concise(a.env.Out, m.Report, report.Options{Color: a.color(), File: m.File})
	case errors.Is(m.Err, prepush.ErrDeadline):
		fmt.Fprintf(a.env.Err, "%sNOT JUDGED  %s: %s: %v\n%s\n", observing(m), name, m.Dir, m.Err, moreTime(limit))
	case errors.Is(m.Err, prepush.ErrAbsent):
		fmt.Fprintf(a.env.Err, "%sUNDECIDED  %s: %s is pushed and %v\nhint: check out the branch that is pushed, and push from there\n", observing(m), name, m.Dir, m.Err)
	default:
		fmt.Fprintf(a.env.Err, "NOT JUDGED  %s: %s: %s\n", name, m.Dir, told(m.Err))
	}
	return nil
}

// observing is said in front where mode observe lets a model through.
func observing(m *prepush.Model) string {
	if m.Observe {
		return "would be "
	}
	return ""
}

const someFiles = 5

// hookCaveats says for what a model's verdict does not speak, and why it may
// lack what CI has.
func (a *app) hookCaveats(m *prepush.Model) {
	if len(m.Differ) > 0 {
		fmt.Fprintf(a.env.Err, "warning: %s was judged as it lies in the work tree, which is not what is pushed: %s\nhint: commit or stash what differs, or check out what is pushed; CI judges the commit\n", m.Dir, some(m.Differ))
	}
	if len(m.Unpushed) > 0 {
		fmt.Fprintf(a.env.Err, "note: %s was judged with files that the pushed commit does not hold: %s\n", m.Dir, some(m.Unpushed))
	}
	for _, why := range m.Beyond {
		fmt.Fprintf(a.env.Err, "note: %s\n", why)
	}
	if m.Unkept != nil {
		fmt.Fprintf(a.env.Err, "note: the verdict on %s is not kept, so the next push judges it again: %v\n", m.Dir, m.Unkept)
	}
}

func some(paths []string) string {
	shown := make([]string, 0, someFiles)
	for _, p := range paths[:min(someFiles, len(paths))] {
		shown = append(shown, report.Plain(p))
	}
	if more := len(paths) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(shown, ", ")
}

// hookStatus is the exit status that a model which stops the push stands for.
func hookStatus(m *prepush.Model) int {
	switch {
	case m.Report != nil:
		return m.Report.ExitCode()
	case errors.Is(m.Err, prepush.ErrAbsent):
		return verdict.ExitUndecided
	}
	return exitStatus(m.Err)
}

// severity orders the statuses of several models: what is broken hides more
// than what is decided.
var severity = []int{
	verdict.ExitOK, verdict.ExitUndecided, verdict.ExitDenied, verdict.ExitUsage, verdict.ExitNetwork, verdict.ExitBroken, verdict.ExitIntegrity,
}

func worse(a, b int) int {
	if slices.Index(severity, b) > slices.Index(severity, a) {
		return b
	}
	return a
}
