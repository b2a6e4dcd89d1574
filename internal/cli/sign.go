package cli

import (
	"context"
	"fmt"

	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/publish"
	"github.com/weighlock/weighlock/internal/verdict"
)

func (a *app) sign(ctx context.Context, ref string) error {
	key, err := a.loadKey()
	if err != nil {
		return err
	}
	if key == nil {
		return usagef("there is no key to sign with\nhint: make one with `weighlock keygen`, or name one with --key")
	}
	rules, err := a.rules()
	if err != nil {
		return err
	}
	p, err := a.openPublished(ctx, ref, rules)
	if err != nil {
		return err
	}
	defer p.Close()
	d, err := p.Judge(ctx)
	if err != nil {
		return err
	}
	if why := refusal(p.Verdicts, d.Report, stamp(a.env.Now())); why != "" {
		fmt.Fprintln(a.env.Err, "not signed: "+why)
		a.exit = max(d.Report.Outcome.ExitCode(), verdict.ExitDenied)
		return nil
	}
	s, err := attest.NewSignature(attest.Of(publish.Location(p.Repo), p.Image.Digest))
	if err != nil {
		return err
	}
	authority, err := a.authority()
	if err != nil {
		return err
	}
	bundle, err := key.Sign(ctx, s, authority)
	if err != nil {
		return err
	}
	if _, err := publish.Attach(ctx, p.Repo, p.Image, s.PredicateType, bundle, a.env.Now()); err != nil {
		return err
	}
	fmt.Fprintf(a.env.Out, "%s@%s\n", p.Repo, p.Image.Digest)
	return nil
}

// refusal says why an image may not be signed: its latest verdict must be an
// allow that holds, and judged now, nothing may stand against it but the very
// signature that is missing.
func refusal(verdicts []gate.Verdict, fresh *verdict.Report, now string) string {
	if len(verdicts) == 0 {
		return "no verdict that counts is attached to the image"
	}
	last := verdicts[len(verdicts)-1].Report
	switch {
	case last.Outcome != verdict.Allow:
		return fmt.Sprintf("its latest verdict is %s", last.Outcome)
	case last.Expires < now:
		return fmt.Sprintf("its latest verdict expired on %s", last.Expires)
	}
	for _, c := range fresh.Checks {
		switch c.Status {
		case verdict.Pass, verdict.Warn, verdict.Waived, verdict.NotApplicable:
		default:
			if c.Rule != "trust/image_signed" {
				return fmt.Sprintf("judged now, %s is %s: %s", c.Rule, c.Status, c.Message)
			}
		}
	}
	return ""
}
