package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/publish"
)

func (a *app) publishCommand() *cobra.Command {
	var (
		dir     string
		outputs []string
		all     bool
		rescore string
	)
	c := &cobra.Command{
		Use:   "publish REF",
		Short: "Evaluate, judge, pack, sign and push a model under a version",
		Long: `Publish the model in a folder as REF, such as ghcr.io/acme/card-default:1.0.0, or
oci:models/card-default:1.0.0 for an OCI image layout on disk.

The image is staged first, measured and judged. Only on an allow is it signed, and gets its
version tag. A refused model leaves its image, evidence and verdict by digest, and an entry
in the repository's chain of attempts.`,
		Args: args(1, 1, "one reference with a version"),
		RunE: func(c *cobra.Command, given []string) error {
			forms, err := parseOutputs(outputs)
			if err != nil {
				return err
			}
			r, err := a.publish(c.Context(), dir, given[0], rescore)
			if err != nil {
				return err
			}
			err = a.render(r.Report, forms, all, dir)
			a.said(r)
			return err
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the model's folder")
	a.keyFlags(c)
	a.verifierFlag(c)
	a.idKeyFlag(c)
	a.levelFlag(c)
	rescoreFlag(c, &rescore)
	outputFlags(c, &outputs, &all)
	return c
}

func (a *app) publish(ctx context.Context, dir, ref, rescore string) (*publish.Result, error) {
	rules, err := a.rules()
	if err != nil {
		return nil, err
	}
	if rules.Rescore, err = parseRescore(rescore); err != nil {
		return nil, err
	}
	d := publish.Deps{
		Rules: rules, Open: a.open, Scorer: a.scorer(),
		Getenv: a.env.Getenv, Now: a.env.Now, Progress: a.progress(),
	}
	if d.TSA, err = a.authority(); err != nil {
		return nil, err
	}
	if d.Key, err = a.loadKey(); err != nil {
		return nil, err
	}
	if d.IDKey, err = a.loadIDKey(); err != nil {
		return nil, err
	}
	if len(d.IDKey) == 0 {
		return nil, usagef("publishing stores predictions with their row ids hidden, and there is no id key\nhint: `weighlock keygen` makes one; or name one with --id-key")
	}
	return publish.Run(ctx, d, publish.Options{Dir: dir, Ref: ref})
}

// said tells, beside the report, what lies where now.
func (a *app) said(r *publish.Result) {
	w := a.env.Err
	if r.Tagged {
		fmt.Fprintf(w, "published %s:%s\n  %s@%s\n", r.Repository, r.Version, r.Repository, r.Digest)
	} else {
		fmt.Fprintf(w, "not published: there is no tag %s; the image, its evidence and the verdict are at\n  %s@%s\n", r.Version, r.Repository, r.Digest)
	}
	fmt.Fprintf(w, "  attempt %d of this repository\n", r.Attempt)
}
