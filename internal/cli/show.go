package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/internal/verdict"
)

func (a *app) showCommand() *cobra.Command {
	var ask *asking
	c := &cobra.Command{
		Use: "show REF", Short: "Show what is known about a published model: its verdict first, signatures checked now",
		Args: args(1, 1, "one reference"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			rules, err := a.beliefs()
			if err != nil {
				return err
			}
			p, err := a.openPublished(c.Context(), given[0], rules)
			if err != nil {
				return err
			}
			defer p.Close()
			if q != nil {
				return a.answer(c.Context(), q, a.shown(p))
			}
			return a.show(p)
		},
	}
	a.verifierFlag(c)
	ask = askFlags(c, query.Fields[shown]())
	return c
}

func (a *app) show(p *gate.Published) error {
	w := a.env.Out
	if len(p.Verdicts) == 0 {
		fmt.Fprintf(w, "NO VERDICT that counts  %s  %s\n", report.Plain(p.Spec.Name), short(p.Image.Digest))
		if !p.Believes() {
			fmt.Fprintln(w, "  there is no verifier file, so no signature counts\n  hint: name one with --verifier")
		}
	} else {
		last := p.Verdicts[len(p.Verdicts)-1]
		if err := report.Terminal(w, last.Report, report.Options{Color: a.color(), Plain: a.plain()}); err != nil {
			return err
		}
		fmt.Fprintf(w, "  this verdict was given %s, and signed by %s\n", last.Report.Now, report.Plain(last.Signer))
		if last.Report.Expires != "" && last.Report.Expires < stamp(a.env.Now()) {
			fmt.Fprintf(w, "  it EXPIRED on %s\n", last.Report.Expires)
		}
	}
	fmt.Fprintln(w, "\nFiles")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range p.Content.Files {
		fmt.Fprintf(t, "  %s\t%s\t%d bytes\t%s\n", report.Plain(f.Path), f.Role, f.Size, short(f.Digest))
	}
	t.Flush()
	fmt.Fprintln(w, "\nEvidence (signatures checked now)")
	for _, e := range p.All() {
		fmt.Fprintf(t, "  %s\tby %s\t%s\t%s\n", e.Name, report.Plain(e.Signer), signedAt(e), short(e.Digest))
	}
	t.Flush()
	for _, i := range p.Ignored {
		fmt.Fprintf(w, "  ignored: %s: %s\n", short(i.Digest), report.Plain(i.Reason))
	}
	for _, g := range p.Gone {
		fmt.Fprintf(w, "  GONE: %s is listed and cannot be read\n", short(g.Manifest))
	}
	return a.showChain(w, p)
}

func signedAt(e gate.Evidence) string {
	switch {
	case e.Time.IsZero():
		return "no trusted time"
	case e.Trusted:
		return stamp(e.Time) + " (trusted)"
	}
	return stamp(e.Time) + " (claimed)"
}

// showChain lists the attempts of the repository, this image's marked.
func (a *app) showChain(w io.Writer, p *gate.Published) error {
	if p.Chain.Empty() {
		return nil
	}
	fmt.Fprintln(w, "\nAttempts in this repository")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, e := range p.Chain.Entries {
		at, err := gate.ReadAttempt(e)
		if err != nil {
			continue
		}
		mark := " "
		if at.Model.Digest == p.Image.Digest {
			mark = "*"
		}
		fmt.Fprintf(t, "%s %s\t%s\t%s\t%s\t%s\t%s\n", mark, artifact.EntryTag(artifact.AttemptsPrefix, at.Sequence), at.Time,
			report.Plain(at.Model.Version), at.Outcome, short(at.Model.Digest), report.Plain(strings.Join(at.Reasons, ", ")))
	}
	return t.Flush()
}

// shown is the JSON of show.
type shown struct {
	Model    verdict.Model     `json:"model"`
	Verdict  *verdict.Report   `json:"verdict"`
	Files    []pack.FileInfo   `json:"files"`
	Evidence []verdict.Source  `json:"evidence"`
	Ignored  []verdict.Ignored `json:"ignored"`
	Attempts []gate.Attempt    `json:"attempts"`
}

func (a *app) shown(p *gate.Published) shown {
	out := shown{
		Model:    verdict.Model{Name: p.Spec.Name, Digest: p.Image.Digest, Version: p.Tag},
		Files:    p.Content.Files,
		Evidence: gate.Sources(p.All()),
		Ignored:  append([]verdict.Ignored{}, p.Ignored...),
		Attempts: []gate.Attempt{},
	}
	if n := len(p.Verdicts); n > 0 {
		out.Verdict = p.Verdicts[n-1].Report
	}
	for _, e := range p.Chain.Entries {
		if at, err := gate.ReadAttempt(e); err == nil {
			out.Attempts = append(out.Attempts, *at)
		}
	}
	return out
}

func (a *app) lsCommand() *cobra.Command {
	var ask *asking
	c := &cobra.Command{
		Use: "ls REPOSITORY", Short: "List a repository's versions with their verdicts",
		Args: args(1, 1, "one repository"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			list, err := a.ls(c.Context(), given[0])
			if err != nil {
				return err
			}
			if q != nil {
				return a.answer(c.Context(), q, list)
			}
			return a.listVersions(given[0], list)
		},
	}
	a.verifierFlag(c)
	ask = askFlags(c, query.Fields[listed]())
	return c
}

// listed is one line of ls, and its JSON. Verdict is empty where none counts.
type listed struct {
	Version string `json:"version"`
	Digest  string `json:"digest"`
	Verdict string `json:"verdict"`
	Level   string `json:"level"`
	Given   string `json:"given"`
	Expires string `json:"expires"`
	Expired bool   `json:"expired"`
	// Untagged is true of a model that was refused: it was to have the version,
	// and lies there by its digest only.
	Untagged bool `json:"untagged"`
}

func (a *app) ls(ctx context.Context, ref string) ([]listed, error) {
	repo, r, err := a.open(ref)
	if err != nil {
		return nil, err
	}
	if r.Tag != "" || r.Digest != "" {
		return nil, usagef("ls takes a repository, without version\nhint: weighlock show %s", ref)
	}
	rules, err := a.beliefs()
	if err != nil {
		return nil, err
	}
	tags, err := catalog.Versions(ctx, repo)
	if err != nil {
		return nil, err
	}
	list := []listed{}
	for _, tag := range tags {
		r.Tag = tag
		p, err := gate.OpenPublished(ctx, repo, r, rules)
		if err != nil {
			return nil, fmt.Errorf("version %s: %w", tag, err)
		}
		l := listed{Version: tag, Digest: p.Image.Digest}
		if n := len(p.Verdicts); n > 0 {
			last := p.Verdicts[n-1].Report
			l.Verdict, l.Level, l.Given, l.Expires = string(last.Outcome), last.Level, last.Now, last.Expires
			l.Expired = last.Expires != "" && last.Expires < stamp(a.env.Now())
		}
		p.Close()
		list = append(list, l)
	}
	return a.refused(ctx, repo, rules, list)
}

// refused adds what was tried to publish and got no version: it lies there by
// its digest, and its last verdict says why.
func (a *app) refused(ctx context.Context, repo *oci.Repository, rules gate.Rules, list []listed) ([]listed, error) {
	versions := map[string]bool{}
	for _, l := range list {
		versions[l.Version] = true
	}
	attempts, err := gate.Refused(ctx, repo, rules, versions)
	if err != nil {
		return nil, err
	}
	last := map[string]int{} // by digest: the same model may be refused several times
	for _, at := range attempts {
		l := listed{Version: at.Model.Version, Digest: at.Model.Digest, Verdict: string(at.Outcome), Given: at.Time, Untagged: true}
		if i, ok := last[at.Model.Digest]; ok {
			list[i] = l
			continue
		}
		last[at.Model.Digest] = len(list)
		list = append(list, l)
	}
	return list, nil
}

func (a *app) listVersions(repo string, list []listed) error {
	refused := 0
	t := tabwriter.NewWriter(a.env.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "VERSION\tVERDICT\tLEVEL\tGIVEN\tDIGEST")
	for _, l := range list {
		outcome := cmp.Or(l.Verdict, "none that counts")
		if l.Expired {
			outcome = "expired"
		}
		if l.Untagged {
			refused++
			if l.Verdict == string(verdict.Allow) {
				outcome = "unfinished" // publish died before the tag
			}
			fmt.Fprintf(t, "(%s)\t%s\t-\t%s\t%s\n", report.Plain(l.Version), outcome, cmp.Or(l.Given, "-"), l.Digest)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", report.Plain(l.Version), outcome, cmp.Or(l.Level, "-"), cmp.Or(l.Given, "-"), short(l.Digest))
	}
	if err := t.Flush(); err != nil || refused == 0 {
		return err
	}
	_, err := fmt.Fprintf(a.env.Err, "versions in parentheses were not given: weighlock show %s@DIGEST says why\n", repo)
	return err
}
