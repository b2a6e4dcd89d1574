package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/internal/verdict"
)

func (a *app) verifyCommand() *cobra.Command {
	var ask *asking
	c := &cobra.Command{
		Use: "verify REF", Short: "Check signatures and integrity of an image and of all that is attached to it",
		Long: `Check that an image is signed by somebody who may sign for the gate, that every byte of it is
what its digest says, and that every statement attached to it holds. No rule is judged; gate does that.`,
		Args: args(1, 1, "one reference"),
		RunE: func(c *cobra.Command, given []string) error {
			q, err := ask.query(c)
			if err != nil {
				return err
			}
			return a.verify(c.Context(), given[0], q)
		},
	}
	a.verifierFlag(c)
	ask = askFlags(c, query.Fields[verified]())
	return c
}

// verified is the JSON of verify. Where it ends with 6, it says by gone and
// signed why.
type verified struct {
	Repository string            `json:"repository"`
	Digest     string            `json:"digest"`
	Version    string            `json:"version"`
	Signed     bool              `json:"signed"`
	Statements []verdict.Source  `json:"statements"`
	Ignored    []verdict.Ignored `json:"ignored"`
	Gone       []string          `json:"gone"`
}

func (a *app) verify(ctx context.Context, ref string, q *query.Query) error {
	rules, err := a.beliefs()
	if err != nil {
		return err
	}
	p, err := a.openPublished(ctx, ref, rules)
	if err != nil {
		return err
	}
	defer p.Close()
	if !p.Believes() {
		return usagef("there is no verifier file, so there is nobody to believe\nhint: name one with --verifier; `weighlock keygen` writes a first one")
	}
	if err := p.Verify(ctx); err != nil {
		return err
	}
	v := verified{
		Repository: p.Repo.String(), Digest: p.Image.Digest, Version: p.Tag,
		Statements: gate.Sources(p.All()), Ignored: append([]verdict.Ignored{}, p.Ignored...), Gone: []string{},
	}
	for _, e := range p.All() {
		v.Signed = v.Signed || e.Name == "sign" && e.Statement.About(p.Image.Digest)
	}
	for _, g := range p.Gone {
		v.Gone = append(v.Gone, g.Manifest)
	}
	if q != nil {
		err = a.answer(ctx, q, v)
	} else {
		err = a.listStatements(p)
	}
	if err != nil {
		return err
	}
	if len(v.Gone) > 0 {
		return fmt.Errorf("%w: %d statements are listed and cannot be read, first %s\nhint: whoever keeps the registry may bring them back; `weighlock show %s` lists them", gate.ErrIntegrity, len(v.Gone), short(v.Gone[0]), ref)
	}
	if !v.Signed {
		return fmt.Errorf("%w: the image is not signed by anybody who may sign for the gate\nhint: only an allowed publish signs an image; see `weighlock show %s`", gate.ErrIntegrity, ref)
	}
	if q == nil {
		a.cosignHint(p)
	}
	return nil
}

func (a *app) listStatements(p *gate.Published) error {
	fmt.Fprintf(a.env.Out, "%s@%s\n", p.Repo, p.Image.Digest)
	t := tabwriter.NewWriter(a.env.Out, 0, 4, 2, ' ', 0)
	for _, e := range p.All() {
		fmt.Fprintf(t, "  ok\t%s\tby %s\t%s\t%s\n", e.Name, report.Plain(e.Signer), signedAt(e), short(e.Digest))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, i := range p.Ignored {
		fmt.Fprintf(a.env.Out, "  ignored  %s  %s\n", short(i.Digest), report.Plain(i.Reason))
	}
	return nil
}

// cosignHint prints the command by which cosign accepts the verdict, for
// registries; cosign cannot read the tags of a layout.
func (a *app) cosignHint(p *gate.Published) {
	if strings.HasPrefix(p.Repo.String(), "oci:") {
		return
	}
	fmt.Fprintf(a.env.Out, "\nThe same with cosign:\n  cosign verify-attestation --key %s --insecure-ignore-tlog=true --type %s %s@%s\n",
		publicFile, artifact.PredicateType("verdict"), p.Repo, p.Image.Digest)
}

func (a *app) signCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "sign REF", Short: "Sign an image that has an allow verdict which still holds",
		Long: `Sign an image as the gate, as cosign does. It is refused unless the image's latest verdict is an
allow that has not expired: publish signs what it allows, so this is for adding another key's signature.`,
		Args: args(1, 1, "one reference"),
		RunE: func(c *cobra.Command, given []string) error { return a.sign(c.Context(), given[0]) },
	}
	a.verifierFlag(c)
	a.keyFlags(c)
	return c
}

func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
